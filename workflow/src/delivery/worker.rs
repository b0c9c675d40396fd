//! What sends to one log group: gathers, cuts into batches, creates streams, tries again.
//!
//! Owns the names of the streams and which failures pass. A group that is gone costs its events and nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use statemachine::Millis;
use tokio::sync::mpsc::Receiver;

use super::{
    Parcel,
    batch::{LARGEST_BATCH, batches},
    event::LogEvent,
    loss::Losses,
};
use crate::{
    client::{Bounds, CallError, Client, Service, ServiceError, json::JsonService},
    engine::Clock,
};

/// Sends what comes for one log group.
pub(super) struct Worker {
    pub(super) client: Client,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) group: String,
    pub(super) id: String,
    pub(super) losses: Arc<Losses>,
    pub(super) closing: Arc<AtomicBool>,
    /// In bytes, what was given and is not done with.
    pub(super) waiting: Arc<AtomicUsize>,
    /// The streams that are there.
    pub(super) streams: BTreeSet<String>,
}

impl Worker {
    /// Works until nobody can give it anything any more.
    pub(super) async fn run(mut self, mut inbox: Receiver<Parcel>) {
        while let Some(first) = inbox.recv().await {
            let mut bytes = first.bytes;
            let mut gathered = BTreeMap::from([(first.machine, first.events)]);
            let until = tokio::time::Instant::now() + LINGER;
            while bytes < LARGEST_BATCH
                && let Ok(Some(parcel)) = tokio::time::timeout_at(until, inbox.recv()).await
            {
                bytes += parcel.bytes;
                gathered.entry(parcel.machine).or_default().extend(parcel.events);
            }
            for (machine, events) in gathered {
                for batch in batches(events) {
                    self.send(&machine, batch).await;
                }
            }
            self.waiting.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// Sends a batch; what fails in passing is tried again.
    async fn send(&mut self, machine: &str, batch: Vec<LogEvent>) {
        let stream = stream_of(machine, &self.id, self.clock.now());
        let mut attempt = 0;
        loop {
            let was_there = self.streams.contains(&stream);
            let error = match self.put(&stream, &batch).await {
                Ok(0) => return,
                Ok(rejected) => return self.losses.count(rejected, &self.group, "their times are out of its bounds"),
                Err(error) => error,
            };
            // The stream was deleted, perhaps with its group: it is created again, or that fails.
            if was_there && code(&error) == Some(NOT_FOUND) {
                self.streams.remove(&stream);
                continue;
            }
            if matches!(error, CallError::NoCredentials) {
                return self.losses.nobody_to_ask(&error);
            }
            let pause = PAUSES_MILLIS.get(attempt).filter(|_| passes(&error) && !self.closing.load(Ordering::SeqCst));
            let Some(pause) = pause else {
                return self.losses.count(batch.len(), &self.group, &error.to_string());
            };
            tracing::debug!(group = self.group, "execution events are sent again: {error}");
            tokio::time::sleep(Duration::from_millis(*pause)).await;
            attempt += 1;
        }
    }

    /// Puts a batch into a stream that is made when it is missing; answers how many events were rejected.
    async fn put(&mut self, stream: &str, batch: &[LogEvent]) -> Result<usize, CallError> {
        if !self.streams.contains(stream) {
            create(&self.client, &self.group, stream).await?;
            if self.streams.len() >= MOST_STREAMS {
                self.streams.clear();
            }
            self.streams.insert(stream.to_owned());
        }
        let events: Vec<Value> =
            batch.iter().map(|event| json!({ "timestamp": event.timestamp, "message": event.message })).collect();
        let body = json!({ "logGroupName": self.group, "logStreamName": stream, "logEvents": events });
        let answer = self.client.call_json(&LOGS, "PutLogEvents", body.to_string(), BOUNDS).await?;
        Ok(rejected(&serde_json::from_slice(&answer.body).unwrap_or_default(), batch.len()))
    }
}

/// Whether a log group is there; what cannot be known now is taken for granted.
pub(super) async fn check(client: &Client, group: &str) -> Result<(), &'static str> {
    let asked = tokio::time::timeout(LONGEST_CHECK, create(client, group, CHECKED)).await;
    let Ok(Err(error)) = asked else { return Ok(()) };
    match code(&error) {
        Some(NOT_FOUND) => Err("Log Destination not found."),
        Some("AccessDeniedException") => {
            Err("The state machine IAM Role is not authorized to access the Log Destination")
        }
        _ => {
            tracing::warn!(group, "the log group cannot be checked: {error}");
            Ok(())
        }
    }
}

/// Creates a stream unless it is there.
async fn create(client: &Client, group: &str, stream: &str) -> Result<(), CallError> {
    let body = json!({ "logGroupName": group, "logStreamName": stream });
    match client.call_json(&LOGS, "CreateLogStream", body.to_string(), BOUNDS).await {
        Err(error) if code(&error) != Some("ResourceAlreadyExistsException") => Err(error),
        _ => Ok(()),
    }
}

/// The stream of a machine: one for each hour.
fn stream_of(machine: &str, id: &str, now: Millis) -> String {
    let hour = jiff::Timestamp::from_millisecond(now).unwrap_or_default().strftime("%Y-%m-%d-%H");
    format!("states/{machine}/{hour}/{id}")
}

fn code(error: &CallError) -> Option<&str> {
    match error {
        CallError::Service(service) => Some(&service.code),
        _ => None,
    }
}

/// Whether a later attempt may go better.
fn passes(error: &CallError) -> bool {
    match error {
        CallError::Service(service) => {
            let ServiceError { status, code, .. } = &**service;
            let named = ["ThrottlingException", "OperationAbortedException", "ServiceUnavailableException"];
            *status >= 500 || *status == 429 || named.contains(&code.as_str())
        }
        CallError::Unreachable { .. } | CallError::TimedOut(_) | CallError::Unreadable { .. } => true,
        CallError::NoCredentials | CallError::TooLarge(_) | CallError::Unfit(_) => false,
    }
}

/// How many events of a batch an answer rejects.
fn rejected(answer: &Value, all: usize) -> usize {
    let info = &answer["rejectedLogEventsInfo"];
    let place = |name: &str| info[name].as_u64().map(|place| place as usize);
    let old = place("tooOldLogEventEndIndex").max(place("expiredLogEventEndIndex")).unwrap_or(0);
    let new = place("tooNewLogEventStartIndex").unwrap_or(all);
    (old + all.saturating_sub(new)).min(all)
}

/// CloudWatch Logs.
const LOGS: JsonService<'static> = JsonService {
    service: Service { id: "CloudWatch Logs", endpoint: "logs", signing: "logs" },
    target: "Logs_20140328",
    version: "1.1",
};

const BOUNDS: Bounds = Bounds { timeout: Duration::from_secs(10), answer: 64 << 10 };

const NOT_FOUND: &str = "ResourceNotFoundException";

/// The stream that AWS creates too when it checks a log group.
const CHECKED: &str = "log_stream_created_by_aws_to_validate_log_delivery_subscriptions";

const LONGEST_CHECK: Duration = Duration::from_secs(3);

/// What comes within this time goes together.
const LINGER: Duration = Duration::from_millis(200);

/// Before a batch is sent again.
const PAUSES_MILLIS: [u64; 6] = [100, 300, 900, 2000, 4000, 8000];

/// Streams of former hours are forgotten then.
const MOST_STREAMS: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_named_by_machine_and_hour() {
        assert_eq!(stream_of("m", "0a1b2c3d", 1_790_000_000_000), "states/m/2026-09-21-14/0a1b2c3d");
    }

    #[test]
    fn rejected_events_are_counted() {
        for (info, expect) in [
            (json!({}), 0),
            (json!({ "rejectedLogEventsInfo": { "tooOldLogEventEndIndex": 2 } }), 2),
            (json!({ "rejectedLogEventsInfo": { "expiredLogEventEndIndex": 1, "tooOldLogEventEndIndex": 3 } }), 3),
            (json!({ "rejectedLogEventsInfo": { "tooNewLogEventStartIndex": 7 } }), 3),
            (json!({ "rejectedLogEventsInfo": { "tooNewLogEventStartIndex": 0 } }), 10),
        ] {
            assert_eq!(rejected(&info, 10), expect, "{info}");
        }
    }
}
