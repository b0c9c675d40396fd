//! Delivery against a double of CloudWatch Logs in this process.

use std::collections::VecDeque;

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::*;
use crate::{client::tests::client, engine::ManualClock};

/// What the double is asked: the action and the body.
pub(crate) type Asked = (String, Value);

/// The double: it takes everything, unless it was told to refuse.
pub(crate) struct Logs {
    pub(crate) client: Client,
    asked: UnboundedReceiver<Asked>,
    refusals: Arc<Mutex<VecDeque<&'static str>>>,
}

#[derive(Clone)]
struct Double {
    asked: UnboundedSender<Asked>,
    refusals: Arc<Mutex<VecDeque<&'static str>>>,
}

impl Logs {
    /// Listens on a free port; the first requests are refused with these errors, `""` being none.
    pub(crate) async fn refusing(refusals: &[&'static str]) -> Self {
        let refusals = Arc::new(Mutex::new(refusals.iter().copied().collect()));
        let (sender, asked) = unbounded_channel();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router =
            Router::new().fallback(answer).with_state(Double { asked: sender, refusals: Arc::clone(&refusals) });
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { client: client(Some(endpoint)), asked, refusals }
    }

    pub(crate) async fn new() -> Self {
        Self::refusing(&[]).await
    }

    pub(crate) async fn next(&mut self) -> Asked {
        self.asked.recv().await.unwrap()
    }

    /// The next events that are put, with the stream that they are put to.
    pub(crate) async fn put(&mut self) -> (String, Vec<Value>) {
        loop {
            let (action, body) = self.next().await;
            if action == "PutLogEvents" {
                let message = |event: &Value| serde_json::from_str(event["message"].as_str().unwrap()).unwrap();
                let events = body["logEvents"].as_array().unwrap().iter().map(message).collect();
                return (body["logStreamName"].as_str().unwrap().to_owned(), events);
            }
        }
    }
}

async fn answer(State(double): State<Double>, headers: HeaderMap, body: String) -> (StatusCode, String) {
    let action = headers["x-amz-target"].to_str().unwrap().strip_prefix("Logs_20140328.").unwrap().to_owned();
    assert!(headers["authorization"].to_str().unwrap().contains("/logs/aws4_request"));
    let refusal = lock(&double.refusals).pop_front().filter(|code| !code.is_empty());
    // Whoever does not listen any more has seen enough.
    let _ = double.asked.send((action, serde_json::from_str(&body).unwrap()));
    match refusal {
        Some(code) => (StatusCode::BAD_REQUEST, json!({ "__type": code, "message": "no" }).to_string()),
        None => (StatusCode::OK, "{}".to_owned()),
    }
}

pub(crate) fn configuration(level: &str, with_data: bool) -> Value {
    let group = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/vendedlogs/g:*";
    json!({ "level": level, "includeExecutionData": with_data,
        "destinations": [{ "cloudWatchLogsLogGroup": { "logGroupArn": group } }] })
}

const ARN: &str = "arn:aws:states:eu-west-1:123456789012:execution:m:e";

fn event(id: u64) -> Value {
    json!({ "timestamp": 1_790_000_000.0, "type": "TaskSucceeded", "id": id, "previousEventId": id - 1 })
}

fn delivery(logs: &Logs) -> Delivery {
    Delivery::new(Some(logs.client.clone()), Arc::new(ManualClock::at(1_790_000_000_000)))
}

fn all() -> Logging {
    Logging::parse(&configuration("ALL", true)).unwrap()
}

/// Waits until nothing waits to be sent.
async fn idle(delivery: &Delivery) {
    let busy = || {
        let queues = lock(&delivery.queues);
        queues.as_ref().unwrap().values().any(|queue| queue.waiting.load(Ordering::Relaxed) > 0)
    };
    while busy() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn events_go_to_a_stream_that_is_made_once() {
    let mut logs = Logs::new().await;
    let delivery = delivery(&logs);
    delivery.offer(&all(), ARN, 0, &[event(1), event(2)]);
    delivery.offer(&all(), ARN, 0, &[event(3)]);
    let stream = format!("states/m/2026-09-21-14/{}", delivery.id);
    let made = json!({ "logGroupName": "/aws/vendedlogs/g", "logStreamName": stream });
    assert_eq!(logs.next().await, ("CreateLogStream".to_owned(), made));
    let (to, events) = logs.put().await;
    assert_eq!(to, stream);
    assert_eq!(events.iter().map(|event| event["id"].clone()).collect::<Vec<_>>(), ["1", "2", "3"]);
    delivery.offer(&all(), &ARN.replace(":m:", ":m/L:"), 0, &[event(4)]);
    assert_eq!(logs.next().await.0, "PutLogEvents", "the child of a map run logs where its parent does");
    idle(&delivery).await;
    assert_eq!(delivery.lost(), 0);
}

#[tokio::test]
async fn what_fails_in_passing_is_sent_again() {
    let mut logs = Logs::refusing(&["ResourceAlreadyExistsException", "ThrottlingException"]).await;
    let delivery = delivery(&logs);
    delivery.offer(&all(), ARN, 0, &[event(1)]);
    assert_eq!(logs.put().await, logs.put().await);
    idle(&delivery).await;
    assert_eq!(delivery.lost(), 0);
}

#[tokio::test]
async fn a_stream_that_was_deleted_is_made_again() {
    let mut logs = Logs::new().await;
    let delivery = delivery(&logs);
    delivery.offer(&all(), ARN, 0, &[event(1)]);
    logs.put().await;
    idle(&delivery).await;
    lock(&logs.refusals).push_back("ResourceNotFoundException");
    delivery.offer(&all(), ARN, 0, &[event(2)]);
    let mut actions = Vec::new();
    for _ in 0..3 {
        actions.push(logs.next().await.0);
    }
    assert_eq!(actions, ["PutLogEvents", "CreateLogStream", "PutLogEvents"]);
    idle(&delivery).await;
    assert_eq!(delivery.lost(), 0);
}

#[tokio::test]
async fn a_group_that_is_gone_costs_its_events_and_nothing_else() {
    let mut logs = Logs::refusing(&["ResourceNotFoundException"]).await;
    let delivery = delivery(&logs);
    delivery.offer(&all(), ARN, 0, &[event(1), event(2)]);
    logs.next().await;
    idle(&delivery).await;
    assert_eq!(delivery.lost(), 2);
    delivery.offer(&all(), ARN, 0, &[event(3)]);
    assert_eq!(logs.put().await.1.len(), 1, "it may have come back");
}

#[tokio::test]
async fn an_offer_never_waits() {
    let logs = Logs::new().await;
    let delivery = delivery(&logs);
    let mut large = event(1);
    large["taskSucceededEventDetails"] = json!({ "output": "x".repeat(200 << 10) });
    let count = MOST_WAITING / (200 << 10) + 10;
    // Nothing is sent in between: there is one thread, and it does not yield.
    for _ in 0..count {
        delivery.offer(&all(), ARN, 0, &[large.clone()]);
    }
    assert!((10..20).contains(&delivery.lost()), "{}", delivery.lost());
}

#[tokio::test]
async fn what_waits_is_sent_before_the_engine_is_gone() {
    let mut logs = Logs::new().await;
    let delivery = delivery(&logs);
    delivery.offer(&all(), ARN, 0, &[event(1)]);
    delivery.close().await;
    assert_eq!(logs.put().await.1.len(), 1);
    delivery.offer(&all(), ARN, 0, &[event(2)]);
    assert_eq!(delivery.lost(), 0, "an engine that has stopped has no events");
}

#[tokio::test]
async fn without_anybody_to_ask_everything_goes_on() {
    let delivery = Delivery::new(None, Arc::new(ManualClock::at(0)));
    delivery.offer(&all(), ARN, 0, &[event(1)]);
    assert_eq!(delivery.check(&all()).await, Ok(()));
    delivery.close().await;
}

#[tokio::test]
async fn a_group_that_is_not_there_is_known_before() {
    for (refusal, expect) in [
        ("", Ok(())),
        ("ResourceAlreadyExistsException", Ok(())),
        ("ThrottlingException", Ok(())),
        ("ResourceNotFoundException", Err("Log Destination not found.")),
        ("AccessDeniedException", Err("The state machine IAM Role is not authorized to access the Log Destination")),
    ] {
        let logs = Logs::refusing(&[refusal]).await;
        assert_eq!(delivery(&logs).check(&all()).await, expect, "{refusal}");
    }
}
