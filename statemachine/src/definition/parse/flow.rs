//! The data fields that states share, and the checks of what stands in them: paths, templates, expressions.
//!
//! Owns where in a definition which kind of expression may stand. What an expression means, and whether its syntax is
//! right, is the business of `crate::data`.

use serde_json::Value;

use super::place::{Ledger, Place};
use super::reader::{Reader, expected};
use super::suspect;
use crate::data::{intrinsic, jsonata, jsonpath, reference, template};
use crate::definition::{Code, Flow, Reach, Source};

/// The data fields of a state.
pub(super) fn flow(reader: &Reader<'_>) -> Flow {
    Flow {
        input_path: reach(reader, "InputPath", path),
        parameters: parameters(reader),
        result_selector: payload(reader, "ResultSelector"),
        result_path: reach(reader, "ResultPath", result_path),
        output_path: reach(reader, "OutputPath", path),
        arguments: payload(reader, "Arguments"),
        output: any_template(reader, "Output"),
        assign: assign(reader),
    }
}

/// A path field that may be `null`.
pub(super) fn reach(reader: &Reader<'_>, field: &str, check: fn(&Reader<'_>, &str, &str)) -> Reach {
    match reader.get(field) {
        None => Reach::Whole,
        Some(Value::Null) => Reach::Nothing,
        Some(Value::String(text)) => {
            check(reader, field, text);
            Reach::Path(text.clone())
        }
        Some(_) => {
            reader.wrong_at(field, expected("String"));
            Reach::Whole
        }
    }
}

/// Reports a text that is not a JSONPath.
pub(super) fn path(reader: &Reader<'_>, field: &str, text: &str) {
    if jsonpath::Path::parse(text).is_err() {
        reader.wrong_at(field, "Value must be a valid JSONPath.");
    }
}

/// Reports a text that is not a Reference Path into the input: neither the context object nor a variable can be written.
pub(super) fn result_path(reader: &Reader<'_>, field: &str, text: &str) {
    if jsonpath::Path::parse(text).is_err() {
        reader.wrong_at(field, "Value must be a valid JSONPath.");
    } else if reference::ReferencePath::parse(text).is_err() {
        reader.wrong_at(field, "Value is not a Reference Path");
    }
}

/// Reports a text that names no single place of the input or of a variable.
pub(super) fn single_path(reader: &Reader<'_>, field: &str, text: &str) {
    match jsonpath::Path::parse(text) {
        Err(_) => reader.wrong_at(field, "Value must be a valid JSONPath."),
        Ok(path) if !path.is_definite() || text.starts_with("$$") => {
            reader.wrong_at(field, "Value is not a Reference Path")
        }
        Ok(_) => {}
    }
}

/// Reports a text that names no single place of the input, of the context object or of a variable.
pub(super) fn operand_path(reader: &Reader<'_>, field: &str, text: &str) {
    if !text.starts_with('$') {
        reader.wrong_at(field, "Value is not a Reference Path: Reference path didn't start with '$'");
        return;
    }
    match jsonpath::Path::parse(text) {
        Err(error) => reader.wrong_at(field, format!("Value is not a Reference Path: {error}")),
        Ok(path) if !path.is_definite() => reader.wrong_at(field, "Value is not a Reference Path"),
        Ok(_) => {}
    }
}

/// Reports a text that is neither a path nor an intrinsic function call.
pub(super) fn path_or_call(reader: &Reader<'_>, field: &str, text: &str) {
    let sound =
        if text.starts_with('$') { jsonpath::Path::parse(text).is_ok() } else { intrinsic::Call::parse(text).is_ok() };
    if !sound {
        reader.wrong_at(field, "Value must be a valid JSONPath or a valid intrinsic function call");
    }
}

/// `Parameters`: an object, or a list, which Step Functions takes too.
fn parameters(reader: &Reader<'_>) -> Option<Value> {
    match reader.get("Parameters")? {
        Value::Array(_) => any_template(reader, "Parameters"),
        _ => payload(reader, "Parameters"),
    }
}

/// A template that must be an object, or in JSONata an expression.
pub(super) fn payload(reader: &Reader<'_>, field: &str) -> Option<Value> {
    let value = reader.get(field)?;
    let fits = value.is_object() || (reader.is_jsonata() && expression(value).is_some());
    if !fits {
        reader.wrong_at(field, expected("Object"));
        return None;
    }
    any_template(reader, field)
}

/// A template of any shape.
pub(super) fn any_template(reader: &Reader<'_>, field: &str) -> Option<Value> {
    let value = reader.get(field)?;
    check_template(reader, &reader.at(field), value);
    Some(value.clone())
}

/// Reports what is wrong inside a template in the reader's language.
pub(super) fn check_template(reader: &Reader<'_>, place: &Place, value: &Value) {
    if reader.is_jsonata() {
        for problem in jsonata::problems(value) {
            let here = place.inside(value, &problem.pointer);
            reader.ledger.error(&here, jsonata_code(problem.code), problem.message);
        }
        open_delimiters(reader.ledger, place, value);
    } else {
        for (pointer, message) in template::check(value) {
            reader.ledger.schema(&place.inside(value, &pointer), message);
        }
        suspect::template(reader.ledger, place, value);
    }
}

/// `Assign`: variables and their values.
pub(super) fn assign(reader: &Reader<'_>) -> Option<Value> {
    let value = reader.get("Assign")?;
    let Value::Object(variables) = value else {
        reader.wrong_at("Assign", expected("Object"));
        return None;
    };
    for name in variables.keys() {
        check_variable(reader, name);
    }
    any_template(reader, "Assign")
}

fn check_variable(reader: &Reader<'_>, key: &str) {
    let name = if reader.is_jsonata() { key } else { key.strip_suffix(".$").unwrap_or(key) };
    let place = reader.at("Assign").key(key);
    if name == "states" {
        reader.ledger.error(&place, Code::ReservedVariableName, "Cannot assign to reserved variable '$states'.");
    } else if !is_variable_name(name) {
        let message = format!("Invalid variable name '{name}': the variable name contains invalid characters.");
        reader.ledger.error(&place, Code::InvalidVariableName, message);
    } else if name.chars().count() > LONGEST_VARIABLE {
        let message = format!(
            "Invalid variable name '{name}': the variable name exceeds the {LONGEST_VARIABLE}-character limit."
        );
        reader.ledger.error(&place, Code::InvalidVariableName, message);
    }
}

/// Whether a name can follow `$` in an expression: a letter first, then letters, digits and underscores.
fn is_variable_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(char::is_alphabetic) && letters.all(|c| c.is_alphanumeric() || c == '_')
}

/// A JSONata expression in its delimiters.
pub(super) fn expression(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| jsonata::is_expression(text))
}

/// A field that may be an expression in a JSONata state, else is read by `literal`.
pub(super) fn evaluated(reader: &Reader<'_>, field: &str, literal: impl FnOnce() -> Option<Value>) -> Option<Source> {
    let value = reader.get(field)?;
    if reader.is_jsonata() && expression(value).is_some() {
        check_template(reader, &reader.at(field), value);
        return Some(Source::Jsonata(value.clone()));
    }
    literal().map(Source::Literal)
}

/// A whole number, or the path to one in the field's `...Path` sibling, or an expression.
pub(super) fn whole(
    reader: &Reader<'_>,
    field: &'static str,
    path_field: &'static str,
    range: (u64, u64),
) -> Option<Source> {
    if reader.at_most_one(&[field, path_field])? == path_field {
        return path_source(reader, path_field, single_path);
    }
    evaluated(reader, field, || reader.whole(field, range.0, range.1).map(Value::from))
}

/// A number, or the path to one, or an expression.
pub(super) fn number(
    reader: &Reader<'_>,
    field: &'static str,
    path_field: &'static str,
    range: (f64, f64),
) -> Option<Source> {
    if reader.at_most_one(&[field, path_field])? == path_field {
        return path_source(reader, path_field, single_path);
    }
    evaluated(reader, field, || {
        reader.number(field, range.0, range.1)?;
        reader.get(field).cloned()
    })
}

/// A path that must be there as text.
pub(super) fn path_source(reader: &Reader<'_>, field: &str, check: fn(&Reader<'_>, &str, &str)) -> Option<Source> {
    let text = reader.text(field)?;
    check(reader, field, text);
    Some(Source::Path(text.to_owned()))
}

/// Reports a text that begins like an expression and does not end like one.
fn open_delimiters(ledger: &Ledger, place: &Place, value: &Value) {
    match value {
        Value::String(text) if text.starts_with("{%") && !jsonata::is_expression(text) => {
            ledger.schema(place, "JSONata string must start with {% and end with %}");
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| open_delimiters(ledger, &place.index(index), item));
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| open_delimiters(ledger, &place.key(name), value));
        }
        _ => {}
    }
}

fn jsonata_code(code: &str) -> Code {
    if code == Code::UnsupportedJsonataExpression.as_str() {
        Code::UnsupportedJsonataExpression
    } else {
        Code::InvalidJsonataExpression
    }
}

/// The longest name of a variable, in characters.
const LONGEST_VARIABLE: usize = 80;
