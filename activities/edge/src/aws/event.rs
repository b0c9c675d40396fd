//! The events of EventBridge that call a function.
//!
//! Owns telling them apart by `source` and `detail-type`. An alarm's event is read by `activities::detect`.

use serde_json::Value;

/// An execution of our machine that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// The execution.
    pub(super) execution: String,
    /// The machine.
    pub(super) machine: String,
    /// `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub(super) status: String,
}

/// The end of an execution, where the event tells of one.
pub(super) fn ended(event: &Value) -> Option<Ended> {
    if !is(event, "aws.states", "Step Functions Execution Status Change") {
        return None;
    }
    let text = |name: &str| event.pointer(name).and_then(Value::as_str).map(str::to_owned);
    let status = text("/detail/status").filter(|status| ENDS.contains(&status.as_str()))?;
    Some(Ended { execution: text("/detail/executionArn")?, machine: text("/detail/stateMachineArn")?, status })
}

/// The object that was written, where the event tells of one: bucket and key.
pub(super) fn written_object(event: &Value) -> Option<(String, String)> {
    if !is(event, "aws.s3", "Object Created") {
        return None;
    }
    let text = |name: &str| event.pointer(name).and_then(Value::as_str).map(str::to_owned);
    Some((text("/detail/bucket/name")?, text("/detail/object/key")?))
}

/// Whether the event is a schedule's.
pub(super) fn is_schedule(event: &Value) -> bool {
    event.get("detail-type").and_then(Value::as_str) == Some("Scheduled Event")
}

/// Whether the event is an alarm's.
pub(super) fn is_alarm(event: &Value) -> bool {
    is(event, "aws.cloudwatch", "CloudWatch Alarm State Change")
}

fn is(event: &Value, source: &str, kind: &str) -> bool {
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    text("source") == Some(source) && text("detail-type") == Some(kind)
}

const ENDS: [&str; 4] = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(status: &str) -> Value {
        json!({"source": "aws.states", "detail-type": "Step Functions Execution Status Change",
            "detail": {"executionArn": "e", "stateMachineArn": "m", "status": status}})
    }

    #[test]
    fn an_execution_that_still_runs_has_not_ended() {
        assert_eq!(ended(&event("RUNNING")), None);
        assert_eq!(ended(&event("ABORTED")).unwrap().status, "ABORTED");
    }

    #[test]
    fn a_request_of_the_machine_is_no_event() {
        assert_eq!(ended(&json!({"operation": "lock", "detail": {"status": "FAILED"}})), None);
        assert!(!is_alarm(&json!({"operation": "lock"})) && !is_schedule(&json!({})));
    }
}
