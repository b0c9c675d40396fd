//! A history as `aws stepfunctions get-execution-history` writes it.

use std::path::Path;

use serde_json::Value;
use statemachine::Millis;

/// The events of one execution, in order of their ids.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The events; the one with id `n` is at place `n - 1`.
    pub events: Vec<Value>,
}

/// Why a text is no history.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The file cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The text is not JSON.
    #[error("the history is not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    /// The text is JSON, but not a history.
    #[error("{0}; expected the output of `aws stepfunctions get-execution-history` with all its pages")]
    NotAHistory(String),
}

impl History {
    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be read, or holds no whole history.
    pub fn read(path: &Path) -> Result<Self, HistoryError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| HistoryError::Unreadable { path: path.display().to_string(), source })?;
        Self::parse(&text)
    }

    /// Parses a text.
    ///
    /// # Errors
    /// A text that is not JSON, or holds no whole history.
    pub fn parse(text: &str) -> Result<Self, HistoryError> {
        let document: Value = serde_json::from_str(text)?;
        let Value::Array(mut events) = document["events"].clone() else {
            return Err(HistoryError::NotAHistory("there is no list of `events`".to_owned()));
        };
        events.sort_by_key(|event| event["id"].as_u64());
        let gap = events.iter().zip(1..).find(|(event, id)| event["id"].as_u64() != Some(*id));
        if let Some((_, id)) = gap {
            return Err(HistoryError::NotAHistory(format!("event {id} is missing")));
        }
        match events.first() {
            Some(first) if first["type"] == "ExecutionStarted" => Ok(Self { events }),
            _ => Err(HistoryError::NotAHistory("the first event is not `ExecutionStarted`".to_owned())),
        }
    }

    /// The input, verbatim.
    #[must_use]
    pub fn input(&self) -> &str {
        self.events[0]["executionStartedEventDetails"]["input"].as_str().unwrap_or("{}")
    }

    /// The role that the history names.
    #[must_use]
    pub fn role_arn(&self) -> &str {
        self.events[0]["executionStartedEventDetails"]["roleArn"].as_str().unwrap_or("")
    }

    /// The time of the event with this id; past the end, that of the last one.
    #[must_use]
    pub fn time_of(&self, id: u64) -> Millis {
        let place = usize::try_from(id).unwrap_or(usize::MAX).clamp(1, self.events.len()) - 1;
        time(&self.events[place]["timestamp"])
    }
}

/// A timestamp as seconds (the wire) or as text (the command line), in milliseconds.
#[must_use]
pub fn time(value: &Value) -> Millis {
    match value {
        Value::Number(seconds) => (seconds.as_f64().unwrap_or_default() * 1000.0).round() as Millis,
        Value::String(text) => text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_millisecond).unwrap_or_default(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, problem: &str) {
        let error = History::parse(text).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }

    #[test]
    fn what_is_no_history_is_refused() {
        check("{", "not JSON");
        check("{}", "no list of `events`");
        check(r#"{"events": [{"id": 2, "type": "ExecutionStarted"}]}"#, "event 1 is missing");
        check(r#"{"events": [{"id": 1, "type": "PassStateEntered"}]}"#, "not `ExecutionStarted`");
    }

    #[test]
    fn times_are_read_in_both_forms() {
        assert_eq!(time(&serde_json::json!(1_700_000_000.123)), 1_700_000_000_123);
        assert_eq!(time(&serde_json::json!("2023-11-14T22:13:20.123000+00:00")), 1_700_000_000_123);
    }
}
