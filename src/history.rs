//! Histories as files, in the shape that `aws stepfunctions get-execution-history` writes.
//!
//! Owns that shape: instants as text, as the AWS command line prints them. The files and the chain over them are `edge`'s
//! archive; the events come from the engine as its API shows them.

use std::{collections::BTreeSet, path::Path};

use edge::ChainLine;
use serde_json::{Value, json};

/// The document: `{"events": [...]}` with instants as text.
pub(crate) fn document(events: &[Value]) -> Value {
    let shown: Vec<Value> = events
        .iter()
        .map(|event| {
            let mut event = event.clone();
            if let Some(text) = event.get("timestamp").and_then(Value::as_f64).and_then(instant) {
                event["timestamp"] = json!(text);
            }
            event
        })
        .collect();
    json!({ "events": shown })
}

/// The name of an execution: the last part of its ARN.
pub(crate) fn name_of(execution_arn: &str) -> &str {
    execution_arn.rsplit(':').next().unwrap_or(execution_arn)
}

/// The executions of a data directory whose histories are archived.
pub(crate) fn archived(data: &Path) -> BTreeSet<String> {
    // A chain that is missing or unreadable has nothing: archiving then says what is wrong with it.
    let text = std::fs::read(data.join("history").join("chain.json")).unwrap_or_default();
    let lines: Vec<ChainLine> = serde_json::from_slice(&text).unwrap_or_default();
    lines.into_iter().map(|line| line.execution).collect()
}

/// Unix seconds as the AWS command line prints them: `2026-11-23T10:15:30.123000+00:00`.
fn instant(seconds: f64) -> Option<String> {
    let at = jiff::Timestamp::from_millisecond((seconds * 1000.0).round() as i64).ok()?;
    let micros = at.as_microsecond().rem_euclid(1_000_000);
    let whole = at.strftime("%Y-%m-%dT%H:%M:%S");
    Some(if micros == 0 { format!("{whole}+00:00") } else { format!("{whole}.{micros:06}+00:00") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(seconds: f64, expect: &str) {
        let document = document(&[json!({"id": 1, "timestamp": seconds})]);
        assert_eq!(document["events"][0]["timestamp"], expect);
    }

    #[test]
    fn instants_are_written_as_the_aws_command_line_does() {
        check(1_795_428_930.123, "2026-11-23T10:15:30.123000+00:00");
        check(1_795_428_930.0, "2026-11-23T10:15:30+00:00");
    }

    #[test]
    fn the_name_is_the_last_part_of_the_arn() {
        assert_eq!(name_of("arn:aws:states:eu-west-1:123456789012:execution:incident:inc-1"), "inc-1");
    }
}
