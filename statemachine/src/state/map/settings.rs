//! What a map run goes by, evaluated before it starts: its limits, its reader, its batcher, its writer.

use std::str::FromStr;

use serde_json::{Value, json};

use crate::{
    data::DataError,
    definition::{Map, QueryLanguage, Source},
    execution::Draft,
    record::{Batcher, MapRunSettings, PayloadId},
    state::{Scope, View, evaluation, fail::unexpected, map::evaluate, negative, not_a, runtime},
};

/// The evaluated fields of a Map state, and of its reader the value too.
pub(super) fn settings(
    view: &View<'_>,
    map: &Map,
    concurrency: u64,
    input: &Value,
    scope: &Scope,
    draft: &mut Draft<'_>,
) -> Result<MapRunSettings, DataError> {
    let tolerated_count = match &map.tolerated_failure_count {
        None => None,
        Some(source) => {
            let value = view.source("ToleratedFailureCount", source, input, scope, draft)?;
            Some(whole("ToleratedFailureCount", source, &value)?)
        }
    };
    let tolerated_percentage = match &map.tolerated_failure_percentage {
        None => None,
        Some(source) => {
            let value = view.source("ToleratedFailurePercentage", source, input, scope, draft)?;
            Some(percentage(source, &value)?)
        }
    };
    let reader = match &map.item_reader {
        None => None,
        Some(reader) => Some(self::reader(view, reader, input, scope, draft)?),
    };
    let batcher = match &map.item_batcher {
        None => None,
        Some(batcher) => Some(self::batcher(view, batcher, input, scope, draft)?),
    };
    let writer = match &map.result_writer {
        None => None,
        Some(writer) => Some(shaped(view, "ResultWriter", writer, &["WriterConfig"], input, scope, draft)?),
    };
    Ok(MapRunSettings { concurrency, tolerated_count, tolerated_percentage, reader, batcher, writer })
}

/// A whole number that must not be negative, of the field at this place in the state.
pub(super) fn whole(place: &str, source: &Source, value: &Value) -> Result<u64, DataError> {
    let field = place.rsplit('/').next().unwrap_or(place);
    let value = &as_read::<i64>(source, value);
    match (value.as_u64(), source) {
        (Some(number), _) => Ok(number),
        (None, Source::Path(path)) if value.as_i64().is_none() => Err(not_a(field, "integer", path, value)),
        (None, Source::Jsonata(_)) if !value.is_number() => Err(unexpected(place, source, "number", value)),
        (None, Source::Jsonata(_)) if value.as_i64().is_none() => {
            Err(evaluation(place, format!("The value of the {field} field must be an integer but was: {value}")))
        }
        (None, _) => Err(out_of_range(place, source, negative(field))),
    }
}

/// What a path leads to is read as a text: one that is a number is that number.
fn as_read<N: FromStr + Into<Value>>(source: &Source, value: &Value) -> Value {
    let number = value.as_str().filter(|_| matches!(source, Source::Path(_))).and_then(|text| text.parse::<N>().ok());
    number.map_or_else(|| value.clone(), Into::into)
}

/// A number that a field does not take: an error of the evaluation in JSONata, of the state's in JSONPath.
fn out_of_range(field: &str, source: &Source, cause: String) -> DataError {
    match source {
        Source::Jsonata(_) => evaluation(field, cause),
        _ => runtime(cause),
    }
}

fn percentage(source: &Source, value: &Value) -> Result<f64, DataError> {
    let value = &as_read::<f64>(source, value);
    match (value.as_f64(), source) {
        (Some(number), _) if (0.0..=100.0).contains(&number) => Ok(number),
        (None, Source::Path(path)) => Err(not_a("ToleratedFailurePercentage", "float", path, value)),
        (None, Source::Jsonata(_)) => Err(unexpected("ToleratedFailurePercentage", source, "number", value)),
        _ => {
            let field = "ToleratedFailurePercentage";
            Err(out_of_range(field, source, format!("{field} must be between 0 and 100.")))
        }
    }
}

/// `ItemReader` with its arguments and `MaxItems` evaluated.
fn reader(
    view: &View<'_>,
    reader: &Value,
    input: &Value,
    scope: &Scope,
    draft: &mut Draft<'_>,
) -> Result<PayloadId, DataError> {
    let mut reader = reader.clone();
    if let Some(source) = given(&reader["ReaderConfig"], "MaxItems") {
        let place = "ItemReader/ReaderConfig/MaxItems";
        let value = as_read::<i64>(&source, &view.source(place, &source, input, scope, draft)?);
        // A negative number that a path leads to is for the reader to refuse.
        if matches!(source, Source::Jsonata(_)) || value.as_i64().is_none_or(|number| number >= 0) {
            whole(place, &source, &value)?;
        }
        if let Some(config) = reader["ReaderConfig"].as_object_mut() {
            config.shift_remove("MaxItemsPath");
        }
        reader["ReaderConfig"]["MaxItems"] = value;
    }
    shaped(view, "ItemReader", &reader, &["ReaderConfig"], input, scope, draft)
}

/// A reader or a writer as it is kept: the resource, the evaluated arguments, and its configuration.
fn shaped(
    view: &View<'_>,
    field: &str,
    written: &Value,
    configuration: &[&str],
    input: &Value,
    scope: &Scope,
    draft: &mut Draft<'_>,
) -> Result<PayloadId, DataError> {
    let arguments = match view.state.query_language {
        QueryLanguage::JsonPath => "Parameters",
        QueryLanguage::Jsonata => "Arguments",
    };
    let mut kept = json!({});
    if written["Resource"].is_string() {
        kept["Resource"] = written["Resource"].clone();
        let template = written.get(arguments).cloned().unwrap_or_else(|| json!({}));
        kept["Arguments"] = evaluate(view, &format!("{field}/{arguments}"), &template, input, scope, draft)?;
    }
    for name in configuration {
        let Some(config) = written.get(*name) else { continue };
        kept[*name] = match view.state.query_language {
            QueryLanguage::JsonPath => config.clone(),
            QueryLanguage::Jsonata => evaluate(view, &format!("{field}/{name}"), config, input, scope, draft)?,
        };
    }
    Ok(draft.payload(&kept.to_string()))
}

/// `ItemBatcher`, evaluated. 0 is no limit.
fn batcher(
    view: &View<'_>,
    batcher: &Value,
    input: &Value,
    scope: &Scope,
    draft: &mut Draft<'_>,
) -> Result<Batcher, DataError> {
    let mut limit = |field: &'static str| match given(batcher, field) {
        None => Ok(None),
        Some(source) => {
            let place = format!("ItemBatcher/{field}");
            let value = view.source(&place, &source, input, scope, draft)?;
            whole(&place, &source, &value).map(|limit| Some(limit).filter(|limit| *limit > 0))
        }
    };
    let max_items = limit("MaxItemsPerBatch")?;
    let max_bytes = limit("MaxInputBytesPerBatch")?;
    let input = match batcher.get("BatchInput") {
        None => None,
        Some(template) => {
            let value = evaluate(view, "ItemBatcher/BatchInput", template, input, scope, draft)?;
            Some(draft.payload(&value.to_string()))
        }
    };
    Ok(Batcher { max_items, max_bytes, input })
}

/// A field that may be given as a value, an expression or a path.
fn given(config: &Value, field: &str) -> Option<Source> {
    if let Some(path) = config[format!("{field}Path")].as_str() {
        return Some(Source::Path(path.to_owned()));
    }
    match config.get(field)? {
        expression @ Value::String(_) => Some(Source::Jsonata(expression.clone())),
        value => Some(Source::Literal(value.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(outcome: Result<String, DataError>, expect: &str) {
        assert_eq!(outcome.unwrap_or_else(|error| error.cause), expect);
    }

    fn path() -> Source {
        Source::Path("$.n".to_owned())
    }

    #[test]
    fn whole_numbers_are_checked() {
        let whole = |value: Value| whole("ToleratedFailureCount", &path(), &value).map(|number| number.to_string());
        check(whole(json!(3)), "3");
        check(whole(json!(-1)), "ToleratedFailureCount cannot be negative.");
        let not = |value: &str| {
            format!("The ToleratedFailureCountPath field refers to value \"{value}\" which is not a valid integer: $.n")
        };
        check(whole(json!("NoNumber")), &not("NoNumber"));
        check(whole(json!(1.5)), &not("1.5"));
        check(whole(json!({})), &not("{}"));
        check(whole(json!("2")), "2");
        check(whole(json!("2.0")), &not("2.0"));
    }

    #[test]
    fn percentages_are_checked() {
        let percentage = |value: Value| percentage(&path(), &value).map(|number| number.to_string());
        check(percentage(json!(1.1)), "1.1");
        check(percentage(json!(100)), "100");
        check(percentage(json!("2.5")), "2.5");
        check(percentage(json!(100.1)), "ToleratedFailurePercentage must be between 0 and 100.");
        check(percentage(json!(-1)), "ToleratedFailurePercentage must be between 0 and 100.");
        check(
            percentage(json!({})),
            "The ToleratedFailurePercentagePath field refers to value \"{}\" which is not a valid float: $.n",
        );
    }
}
