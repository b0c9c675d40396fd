//! Warnings: what is allowed, but likely not meant, because a path stands where only text is read.

use serde_json::Value;

use super::place::{Ledger, Place};
use super::reader::Reader;
use crate::definition::Code;

/// Warns of fields in a JSONPath template that look like a path but are not named `....$`.
pub(super) fn template(ledger: &Ledger, place: &Place, value: &Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let here = place.key(name);
                if !name.ends_with(".$") && value.as_str().is_some_and(is_dynamic) {
                    let message = format!(
                        "The value of the field '{name}' looks like a JSONPath or an intrinsic function call; it is read only in a field named '{name}.$'"
                    );
                    ledger.warning(&here, Code::NoDollar, message);
                }
                template(ledger, &here, value);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                template(ledger, &place.index(index), item);
            }
        }
        _ => {}
    }
}

/// Warns of a JSONPath state's field that looks like a path but whose name does not end in `Path`.
pub(super) fn path(reader: &Reader<'_>, field: &str) {
    let looks = reader.get(field).and_then(Value::as_str).is_some_and(is_dynamic);
    if looks && !reader.is_jsonata() {
        let message =
            format!("The value of the field '{field}' looks like a path; it is read only in the field '{field}Path'");
        reader.ledger.warning(&reader.at(field), Code::NoPath, message);
    }
}

/// Warns of a path in a Pass state's `Result`.
pub(super) fn result(reader: &Reader<'_>) {
    if reader.get("Result").is_some_and(holds_path) {
        let message = "The 'Result' of a Pass state is static: a path in it is not read. Use 'Parameters' instead";
        reader.ledger.warning(&reader.at("Result"), Code::PassResultIsStatic, message);
    }
}

fn holds_path(value: &Value) -> bool {
    match value {
        Value::String(text) => is_dynamic(text),
        Value::Array(items) => items.iter().any(holds_path),
        Value::Object(fields) => fields.values().any(holds_path),
        _ => false,
    }
}

fn is_dynamic(text: &str) -> bool {
    text == "$"
        || ["$.", "$[", "$$."].iter().any(|start| text.starts_with(start))
        || (text.starts_with("States.") && text.ends_with(')'))
}
