//! Workers that answer, fail, die and do not start.

use axum::http::HeaderMap;

use super::*;

/// A worker's connection to a server of its own.
struct Worker {
    base: String,
    http: reqwest::Client,
}

impl Worker {
    async fn start(workers: &Workers) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/echo/2018-06-01/runtime", listener.local_addr().unwrap());
        let router = router(workers.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { base, http: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    /// Headers and payload of the next invocation.
    async fn next(&self) -> (HeaderMap, String) {
        let answer = self.http.get(format!("{}/invocation/next", self.base)).send().await.unwrap();
        (answer.headers().clone(), answer.text().await.unwrap())
    }

    async fn post(&self, path: &str, body: &str) -> u16 {
        let request = self.http.post(format!("{}{path}", self.base)).body(body.to_owned());
        request.send().await.unwrap().status().as_u16()
    }
}

const ARN: &str = "arn:aws:lambda:eu-west-1:111111111111:function:echo";

async fn invoke(workers: &Workers, timeout: Option<Duration>) -> Outcome {
    let request_id = uuid::Uuid::new_v4().to_string();
    let call = Invoked { function_arn: ARN, request_id: &request_id, timeout };
    workers.invoke("echo", call, r#"{"a":0.0}"#.into()).await
}

#[tokio::test]
async fn a_worker_takes_an_invocation_and_answers_it() {
    let workers = Workers::default();
    let worker = Worker::start(&workers).await;
    let serve = async {
        let (headers, payload) = worker.next().await;
        assert_eq!(headers["lambda-runtime-invoked-function-arn"], ARN);
        assert!(headers["lambda-runtime-trace-id"].to_str().unwrap().starts_with("Root=1-"));
        let deadline: i64 = headers["lambda-runtime-deadline-ms"].to_str().unwrap().parse().unwrap();
        assert!(deadline > jiff::Timestamp::now().as_millisecond());
        let id = headers["lambda-runtime-aws-request-id"].to_str().unwrap();
        assert_eq!(worker.post(&format!("/invocation/{id}/response"), &payload).await, 202);
        assert_eq!(worker.post(&format!("/invocation/{id}/response"), &payload).await, 400, "once only");
    };
    let (outcome, ()) = tokio::join!(invoke(&workers, None), serve);
    assert_eq!(outcome, Ok(r#"{"a":0.0}"#.to_owned()));
    assert!(workers.knows("echo") && !workers.knows("other"));
}

#[tokio::test]
async fn an_error_is_the_document_that_the_worker_sends() {
    let workers = Workers::default();
    let worker = Worker::start(&workers).await;
    for (sent, expect) in [
        (r#"{"errorType":"Custom","errorMessage":"no"}"#, r#"{"errorType":"Custom","errorMessage":"no"}"#),
        ("oops", r#"{"errorType":"Unhandled","errorMessage":"oops"}"#),
    ] {
        let serve = async {
            let (headers, _) = worker.next().await;
            let id = headers["lambda-runtime-aws-request-id"].to_str().unwrap();
            assert_eq!(worker.post(&format!("/invocation/{id}/error"), sent).await, 202);
        };
        let (outcome, ()) = tokio::join!(invoke(&workers, None), serve);
        assert_eq!(outcome, Err(expect.to_owned()));
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_fails_the_function() {
    let workers = Workers::default();
    let worker = Worker::start(&workers).await;
    let serve = async {
        let (headers, _) = worker.next().await;
        let id = headers["lambda-runtime-aws-request-id"].to_str().unwrap();
        let large = "x".repeat((6 << 20) + 101);
        assert_eq!(worker.post(&format!("/invocation/{id}/response"), &large).await, 413);
    };
    let (outcome, ()) = tokio::join!(invoke(&workers, None), serve);
    let said = "Response payload size exceeded maximum allowed payload size (6291556 bytes).";
    assert_eq!(outcome, Err(failed("Function.ResponseSizeTooLarge", said)));
}

#[tokio::test]
async fn an_invocation_whose_worker_died_times_out() {
    let workers = Workers::default();
    let function = workers.function("echo");
    let dies = async { function.next().await };
    let (outcome, taken) = tokio::join!(invoke(&workers, Some(Duration::from_millis(20))), dies);
    let outcome = outcome.unwrap_err();
    assert!(outcome.contains("Sandbox.Timedout") && outcome.contains("timed out after 0.02 seconds"), "{outcome}");
    assert!(!function.answer(&taken.request_id, Ok("1".into())), "its answer comes too late");
    assert!(lock(&function.state).taken.is_empty());
}

#[tokio::test]
async fn a_worker_that_goes_away_while_it_waits_takes_nothing_with_it() {
    let workers = Workers::default();
    let function = workers.function("echo");
    let mut leaves = Box::pin(function.next());
    assert!(futures::poll!(&mut leaves).is_pending());
    let call = invoke(&workers, None);
    tokio::pin!(call);
    assert!(futures::poll!(&mut call).is_pending());
    drop(leaves);
    let taken = function.next().await;
    assert!(function.answer(&taken.request_id, Ok("1".into())));
    assert_eq!(call.await, Ok("1".to_owned()));
}

#[tokio::test]
async fn a_caller_that_goes_away_is_not_served() {
    let workers = Workers::default();
    let function = workers.function("echo");
    let mut call = Box::pin(invoke(&workers, None));
    assert!(futures::poll!(&mut call).is_pending());
    assert_eq!(lock(&function.state).waiting.len(), 1);
    drop(call);
    assert!(lock(&function.state).waiting.is_empty());
}

#[tokio::test]
async fn a_worker_that_cannot_start_fails_what_waits_until_one_starts() {
    let workers = Workers::default();
    let worker = Worker::start(&workers).await;
    let waiting = invoke(&workers, None);
    let why = r#"{"errorType":"Runtime.ImportModuleError","errorMessage":"no module"}"#;
    let (outcome, status) = tokio::join!(waiting, worker.post("/init/error", why));
    assert_eq!((outcome, status), (Err(why.to_owned()), 202));
    assert_eq!(invoke(&workers, None).await, Err(why.to_owned()));
    let function = workers.function("echo");
    let mut starts = Box::pin(function.next());
    assert!(futures::poll!(&mut starts).is_pending());
    assert!(lock(&function.state).broken.is_none());
}

#[tokio::test]
async fn a_worker_of_the_only_function_need_not_name_it() {
    let workers = Workers::default();
    workers.declare("echo");
    let mut worker = Worker::start(&workers).await;
    worker.base = worker.base.replace("/echo/", "/");
    let serve = async {
        let (headers, payload) = worker.next().await;
        let id = headers["lambda-runtime-aws-request-id"].to_str().unwrap();
        assert_eq!(worker.post(&format!("/invocation/{id}/response"), &payload).await, 202);
    };
    let (outcome, ()) = tokio::join!(invoke(&workers, None), serve);
    assert_eq!(outcome, Ok(r#"{"a":0.0}"#.to_owned()));
    workers.declare("other");
    assert_eq!(worker.post("/init/error", "{}").await, 404, "which of the two?");
}

#[tokio::test]
async fn a_browser_is_refused() {
    let worker = Worker::start(&Workers::default()).await;
    for (header, value, expect) in [
        ("x-other", "1", 202),
        ("origin", "https://example.com", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("host", "example.com", 403),
        ("host", "localhost:1", 202),
    ] {
        let request = worker.http.post(format!("{}/init/error", worker.base)).header(header, value);
        assert_eq!(request.send().await.unwrap().status(), expect, "{header}: {value}");
    }
}
