//! Between JSON and the engine's values.
//!
//! Owns the number model: a whole number is written without a fraction, as long as 64 bits hold it, and what is not a finite number
//! is written as the text `Infinity`, `-Infinity` or `NaN`. The engine computes with doubles, so a whole number beyond 2^53 keeps
//! all its digits only where the expression merely looks it up.

use jsonata_core::value::JValue;
use serde_json::{Map, Number, Value};

use super::{JsonataError, MAX_BYTES, TOO_DEEP, TOO_LARGE};

/// The engine's value for a JSON value.
pub(super) fn from_json(value: &Value) -> JValue {
    JValue::from(value.clone())
}

/// Looks up names in the bindings, as a path of names does: `Some(None)` is nothing.
///
/// `None` leaves it to the engine: the path starts at a function, or maps over an array on its way.
pub(super) fn lookup<'b>(bindings: &'b Map<String, Value>, path: &[String]) -> Option<Option<&'b Value>> {
    let (first, rest) = path.split_first()?;
    let mut value = bindings.get(first)?;
    for name in rest {
        match value {
            Value::Object(members) => match members.get(name) {
                Some(member) => value = member,
                None => return Some(None),
            },
            Value::Array(_) => return None,
            _ => return Some(None),
        }
    }
    Some(Some(value))
}

/// A JSON value with its numbers as JSONata writes them.
pub(super) fn normal(value: &Value) -> Value {
    match value {
        Value::Number(number) => number_of(number),
        Value::Array(items) => items.iter().map(normal).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), normal(value))).collect())
        }
        other => other.clone(),
    }
}

fn number_of(number: &Number) -> Value {
    match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => Value::from(whole),
        (None, Some(double)) => from_double(double),
        (None, None) => Value::Number(number.clone()),
    }
}

fn from_double(double: f64) -> Value {
    if double.fract() == 0.0 && double.abs() < TWO_TO_63 {
        return Value::from(double as i64);
    }
    let name = if double.is_nan() {
        "NaN"
    } else if double > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    };
    Number::from_f64(double).map_or_else(|| Value::from(name), Value::Number)
}

/// The JSON value of a result; `None` is nothing.
pub(super) fn to_json(result: &JValue) -> Result<Option<Value>, JsonataError> {
    if result.is_undefined() {
        return Ok(None);
    }
    if is_too_large(result) {
        return Err(JsonataError::uncoded(TOO_LARGE));
    }
    convert(result, 0).map(Some)
}

fn convert(value: &JValue, depth: usize) -> Result<Value, JsonataError> {
    if depth > MAX_NESTING {
        return Err(JsonataError::uncoded(TOO_DEEP));
    }
    Ok(match value {
        JValue::Null | JValue::Undefined => Value::Null,
        JValue::Bool(bool) => Value::Bool(*bool),
        JValue::Number(number) => from_double(*number),
        JValue::String(text) => Value::String(text.to_string()),
        JValue::Array(items) => {
            let kept = items.iter().filter(|item| !item.is_undefined());
            Value::Array(kept.map(|item| convert(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        JValue::Object(members) => {
            let kept = members.iter().filter(|(_, value)| !value.is_undefined());
            let pairs = kept.map(|(name, value)| Ok((name.clone(), convert(value, depth + 1)?)));
            Value::Object(pairs.collect::<Result<Map<_, _>, JsonataError>>()?)
        }
        JValue::Lambda(_) | JValue::Builtin { .. } | JValue::Regex { .. } => return Err(JsonataError::Unsupported),
    })
}

/// Whether a value holds more than the limit, shared parts counted each time.
///
/// A character counts as one byte, an array or object as one besides what it holds, anything else as eight.
pub(super) fn is_too_large(value: &JValue) -> bool {
    let mut bytes = 0usize;
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            JValue::String(text) => bytes += text.len(),
            JValue::Array(items) => {
                bytes += 1;
                open.extend(items.iter());
            }
            JValue::Object(members) => {
                bytes += 1 + members.keys().map(String::len).sum::<usize>();
                open.extend(members.values());
            }
            _ => bytes += 8,
        }
        if bytes > MAX_BYTES + SLACK {
            return true;
        }
    }
    false
}

/// 2^63, the first double that a signed 64-bit number does not hold.
const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

/// What arrays and objects around the largest value may add.
const SLACK: usize = 1024;

/// How deep a result may nest; a reader of JSON refuses what is deeper.
const MAX_NESTING: usize = 120;
