//! Wait: until a number of seconds has passed or a moment has come.

use serde_json::Value;

use super::reader::Reader;
use super::{MOST_SECONDS, Scope, Walk, flow};
use crate::definition::{Source, StateKind, WaitUntil};

pub(super) fn wait<'t>(walk: &mut Walk<'t>, reader: &Reader<'t>, scope: &mut Scope<'t>) -> StateKind {
    let until = until(reader).unwrap_or(WaitUntil::Seconds(Source::Literal(Value::from(0))));
    StateKind::Wait { until, next: walk.next(reader, scope) }
}

fn until(reader: &Reader<'_>) -> Option<WaitUntil> {
    Some(match reader.exactly_one(&["SecondsPath", "Seconds", "TimestampPath", "Timestamp"])? {
        "Seconds" => WaitUntil::Seconds(flow::evaluated(reader, "Seconds", || {
            reader.whole("Seconds", 0, MOST_SECONDS).map(Value::from)
        })?),
        "SecondsPath" => WaitUntil::Seconds(flow::path_source(reader, "SecondsPath", flow::single_path)?),
        "Timestamp" => WaitUntil::Timestamp(flow::evaluated(reader, "Timestamp", || timestamp(reader))?),
        _ => WaitUntil::Timestamp(flow::path_source(reader, "TimestampPath", flow::single_path)?),
    })
}

fn timestamp(reader: &Reader<'_>) -> Option<Value> {
    let text = reader.text("Timestamp")?;
    if !is_timestamp(text) {
        reader.wrong_at("Timestamp", NOT_A_TIMESTAMP);
    }
    Some(Value::from(text))
}

/// Whether a text is a moment as the language writes it: RFC 3339 with a capital `T` and `Z`.
pub(super) fn is_timestamp(text: &str) -> bool {
    text.contains('T') && text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()
}

/// The words for a text that is no such moment.
pub(super) const NOT_A_TIMESTAMP: &str = "String does not match RFC3339 timestamp";
