//! One event as a log event: the JSON that AWS writes.
//!
//! Owns what is left out without execution data, and what is cut because a log event can hold only so much.

use serde_json::{Map, Value, json};
use statemachine::Millis;

/// A log event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LogEvent {
    pub(super) timestamp: Millis,
    pub(super) message: String,
}

impl LogEvent {
    /// What is written of a history event.
    pub(super) fn new(event: &Value, execution_arn: &str, redrives: usize, with_data: bool) -> Self {
        let timestamp = (event["timestamp"].as_f64().unwrap_or_default() * 1000.0).round() as Millis;
        let mut details = details_of(event).cloned().unwrap_or_default();
        if with_data {
            fit(&mut details);
        } else {
            redact(&mut details);
        }
        // Numbers are texts, all but those among the details.
        let message = json!({
            "details": details,
            "redrive_count": redrives.to_string(),
            "id": event["id"].to_string(),
            "type": event["type"],
            "previous_event_id": event["previousEventId"].to_string(),
            "event_timestamp": timestamp.to_string(),
            "execution_arn": execution_arn,
        });
        Self { timestamp, message: message.to_string() }
    }

    /// How much of a batch it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        self.message.len() + OVERHEAD
    }
}

/// Takes inputs, outputs and parameters out of an event's details.
pub(crate) fn without_data(event: &mut Value) {
    for details in event.as_object_mut().into_iter().flat_map(|event| event.values_mut()) {
        if let Some(details) = details.as_object_mut() {
            redact(details);
        }
    }
}

fn details_of(event: &Value) -> Option<&Map<String, Value>> {
    event.as_object()?.values().find_map(Value::as_object)
}

fn redact(details: &mut Map<String, Value>) {
    details.retain(|name, _| !DATA.contains(&name.as_str()));
}

/// Cuts what is too large.
fn fit(details: &mut Map<String, Value>) {
    for name in TEXTS {
        let Some(Value::String(text)) = details.get_mut(name) else { continue };
        if cut(text)
            && let Some(said) = details.get_mut(&format!("{name}Details"))
        {
            *said = json!({ "truncated": true });
        }
    }
    // An output and the variables beside it may be too large only together.
    if details.contains_key("assignedVariables") && json!(details).to_string().len() > LARGEST_TEXT {
        details.remove("assignedVariables");
        details.insert("assignedVariablesDetails".to_owned(), json!({ "truncated": true }));
    }
}

/// Cuts a text to what it may be when it is escaped; answers whether it had to.
fn cut(text: &mut String) -> bool {
    let mut escaped = 0;
    let end = text.char_indices().find_map(|(at, c)| {
        escaped += match c {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
            c if c < ' ' => 6,
            c => c.len_utf8(),
        };
        (escaped > LARGEST_TEXT).then_some(at)
    });
    if let Some(end) = end {
        text.truncate(end);
    }
    end.is_some()
}

/// What is execution data.
const DATA: [&str; 7] =
    ["input", "inputDetails", "output", "outputDetails", "parameters", "assignedVariables", "assignedVariablesDetails"];

/// The details that may be large.
const TEXTS: [&str; 4] = ["input", "output", "parameters", "cause"];

/// How large an input or output may be, escaped, in bytes: 248 KiB.
const LARGEST_TEXT: usize = 248 << 10;

/// What the service adds to each event when it measures a batch.
const OVERHEAD: usize = 26;

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:states:eu-west-1:123456789012:execution:m:e";

    #[track_caller]
    fn check(event: Value, with_data: bool, expect: &str) {
        assert_eq!(
            LogEvent::new(&event, ARN, 1, with_data),
            LogEvent { timestamp: 1_790_000_000_123, message: expect.replace("ARN", ARN) }
        );
    }

    fn entered() -> Value {
        json!({ "timestamp": 1_790_000_000.123, "type": "PassStateEntered", "id": 2, "previousEventId": 0,
            "stateEnteredEventDetails": { "input": "{\"a\":1}", "inputDetails": { "truncated": false }, "name": "A" } })
    }

    #[test]
    fn an_event_is_written_as_aws_writes_it() {
        check(
            entered(),
            true,
            r#"{"details":{"input":"{\"a\":1}","inputDetails":{"truncated":false},"name":"A"},"redrive_count":"1","id":"2","type":"PassStateEntered","previous_event_id":"0","event_timestamp":"1790000000123","execution_arn":"ARN"}"#,
        );
        check(
            json!({ "timestamp": 1_790_000_000.123, "type": "ParallelStateStarted", "id": 12, "previousEventId": 11 }),
            true,
            r#"{"details":{},"redrive_count":"1","id":"12","type":"ParallelStateStarted","previous_event_id":"11","event_timestamp":"1790000000123","execution_arn":"ARN"}"#,
        );
    }

    #[test]
    fn data_can_be_left_out() {
        check(
            entered(),
            false,
            r#"{"details":{"name":"A"},"redrive_count":"1","id":"2","type":"PassStateEntered","previous_event_id":"0","event_timestamp":"1790000000123","execution_arn":"ARN"}"#,
        );
        let mut event = json!({ "id": 3, "type": "TaskScheduled", "taskScheduledEventDetails": {
            "parameters": "{}", "region": "r", "resource": "invoke", "resourceType": "lambda" } });
        without_data(&mut event);
        let left = json!({ "region": "r", "resource": "invoke", "resourceType": "lambda" });
        assert_eq!(event, json!({ "id": 3, "type": "TaskScheduled", "taskScheduledEventDetails": left }));
    }

    #[test]
    fn what_does_not_fit_is_cut_and_says_so() {
        for (text, left) in [
            ("x".repeat(LARGEST_TEXT), LARGEST_TEXT),
            ("x".repeat(LARGEST_TEXT + 1), LARGEST_TEXT),
            ("\"".repeat(LARGEST_TEXT), LARGEST_TEXT / 2),
            ("é".repeat(LARGEST_TEXT), LARGEST_TEXT),
        ] {
            let mut event = entered();
            event["stateEnteredEventDetails"]["input"] = json!(text);
            let log = LogEvent::new(&event, ARN, 0, true);
            let read: Value = serde_json::from_str(&log.message).unwrap();
            assert_eq!(read["details"]["input"].as_str().unwrap().len(), left);
            assert_eq!(read["details"]["inputDetails"]["truncated"], json!(text.len() != left));
            assert!(log.size() <= 256 << 10);
        }
    }

    #[test]
    fn variables_that_do_not_fit_beside_an_output_go() {
        let mut event = entered();
        let large = "x".repeat(LARGEST_TEXT / 2);
        event["stateEnteredEventDetails"] = json!({ "name": "A", "output": large, "outputDetails": { "truncated": false },
            "assignedVariables": { "v": large }, "assignedVariablesDetails": { "truncated": false } });
        let read: Value = serde_json::from_str(&LogEvent::new(&event, ARN, 0, true).message).unwrap();
        assert_eq!(
            read["details"].as_object().unwrap().keys().collect::<Vec<_>>(),
            ["name", "output", "outputDetails", "assignedVariablesDetails"]
        );
        assert_eq!(read["details"]["assignedVariablesDetails"], json!({ "truncated": true }));
    }
}
