//! Fail: ends its block badly, with an error and a cause of its own.

use serde_json::Value;

use crate::{
    data::{DataError, jsonata, template},
    definition::Source,
    execution::Draft,
    record::{Failure, Record},
    state::{View, not_a},
};

pub(crate) fn begin(
    view: &View<'_>,
    error: Option<&Source>,
    cause: Option<&Source>,
    draft: &mut Draft<'_>,
) -> Result<(), DataError> {
    let error = text(view, "Error", error, draft)?;
    let cause = text(view, "Cause", cause, draft)?.map(|cause| draft.payload(&cause));
    draft.record(Record::Broke { path: view.id, failure: Failure::new(error, cause) });
    Ok(())
}

fn text(
    view: &View<'_>,
    field: &str,
    source: Option<&Source>,
    draft: &mut Draft<'_>,
) -> Result<Option<String>, DataError> {
    let Some(source) = source else { return Ok(None) };
    if let Source::Literal(Value::String(text)) = source {
        return Ok(Some(text.clone()));
    }
    let scope = view.scope();
    let input = view.input().value(draft);
    let value = match source {
        // Unlike other paths, these two may be calls of intrinsic functions, and are worded as a template's fields are.
        Source::Path(path) => template::evaluate_text(path, &format!("{field}Path"), &scope.env(&input), draft.chance)?,
        _ => view.source(field, source, &input, &scope, draft)?,
    };
    match value {
        Value::String(text) => Ok(Some(text)),
        other => Err(match source {
            Source::Path(path) => not_a(field, "string", path, &other),
            _ => unexpected(field, source, "string", &other),
        }),
    }
}

/// The failure of a JSONata expression whose result has the wrong type.
pub(crate) fn unexpected(field: &str, source: &Source, wanted: &str, found: &Value) -> DataError {
    let expression = match source {
        Source::Jsonata(Value::String(text)) => text.as_str(),
        _ => "",
    };
    jsonata::unexpected_type(expression, field, wanted, found)
}
