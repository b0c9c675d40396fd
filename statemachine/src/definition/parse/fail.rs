//! Fail: ends the execution with an error and a cause, each written down or found by a path.

use serde_json::Value;

use super::reader::Reader;
use super::{flow, suspect};
use crate::definition::{Source, StateKind};

pub(super) fn fail(reader: &Reader<'_>) -> StateKind {
    StateKind::Fail { error: text(reader, "Error", "ErrorPath"), cause: text(reader, "Cause", "CausePath") }
}

fn text(reader: &Reader<'_>, field: &'static str, path_field: &'static str) -> Option<Source> {
    if reader.at_most_one(&[field, path_field])? == path_field {
        return flow::path_source(reader, path_field, flow::path_or_call);
    }
    suspect::path(reader, field);
    flow::evaluated(reader, field, || reader.text(field).map(Value::from))
}
