//! Which mocks TestState takes.

use serde_json::Value;

use super::{
    error::{TestStateError, refuse},
    request::Mock,
    shape,
};
use crate::definition::{Map, StateKind};

/// What the state is told instead of doing its work.
pub(super) enum Mocked {
    /// A result, a JSON text.
    Result(String),
    /// An error.
    Error {
        /// The error name.
        error: Option<String>,
        /// The cause.
        cause: Option<String>,
    },
}

impl Mocked {
    /// How many results there are, where the result is a list of them.
    pub(super) fn items(&self) -> Option<u64> {
        match self {
            Self::Result(text) => serde_json::from_str::<Vec<Value>>(text).ok().map(|items| items.len() as u64),
            Self::Error { .. } => None,
        }
    }
}

pub(super) fn admit(mock: &Mock, kind: &StateKind, reveal_secrets: bool) -> Result<Mocked, TestStateError> {
    if let Some(name) = unmockable(kind) {
        return refuse(format!("State type '{name}' is not supported when a mock is specified"));
    }
    if reveal_secrets {
        return refuse("TestState does not support RevealSecrets when a mock is specified.");
    }
    match (&mock.result, &mock.error_output) {
        (Some(_), Some(_)) => {
            refuse("A test mock should have only one of the following fields: [result, errorOutput].")
        }
        (None, None) => refuse("A test mock should have one of the following fields: [result, errorOutput]."),
        (Some(result), None) => {
            check(result, mock, kind)?;
            Ok(Mocked::Result(result.clone()))
        }
        (None, Some(output)) => Ok(Mocked::Error { error: output.error.clone(), cause: output.cause.clone() }),
    }
}

fn check(result: &str, mock: &Mock, kind: &StateKind) -> Result<(), TestStateError> {
    let Ok(value) = serde_json::from_str::<Value>(result) else {
        return refuse("Mocked result must be valid JSON.");
    };
    match kind {
        StateKind::Task(task) => match shape::misfit(&task.resource, &value, mock.field_validation_mode) {
            Some(misfit) => refuse(format!("Mock result schema validation error: {misfit}")),
            None => Ok(()),
        },
        // What a ResultWriter leaves of the results says where they were written.
        StateKind::Map(map) if writes_results(map) => match value {
            Value::Object(_) => Ok(()),
            _ => refuse("Mocked result must be a JSON object."),
        },
        _ if value.is_array() => Ok(()),
        _ => refuse("Mocked result must be an array."),
    }
}

fn writes_results(map: &Map) -> bool {
    map.result_writer.as_ref().is_some_and(|writer| writer.get("Resource").is_some())
}

/// The type of a state whose work nobody can mock: it has none.
fn unmockable(kind: &StateKind) -> Option<&'static str> {
    match kind {
        StateKind::Task(_) | StateKind::Map(_) | StateKind::Parallel { .. } => None,
        StateKind::Pass { .. } => Some("Pass"),
        StateKind::Choice { .. } => Some("Choice"),
        StateKind::Wait { .. } => Some("Wait"),
        StateKind::Succeed => Some("Succeed"),
        StateKind::Fail { .. } => Some("Fail"),
    }
}
