//! The function that may end a path, as in `$.items.length()`.
//!
//! Owns the functions' names and results. Those over numbers take the numbers among the array that the path leads to and among
//! their arguments.

use serde_json::{Number, Value};

use super::{Path, PathError};
use crate::data::Env;

/// A function and its arguments.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Function {
    pub(super) kind: Kind,
    pub(super) arguments: Vec<Argument>,
}

/// An argument: a path or a JSON literal.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Argument {
    Path(Path),
    Literal(Value),
}

/// Which function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Length,
    Keys,
    Concat,
    Min,
    Max,
    Average,
    StandardDeviation,
    Sum,
}

/// The functions' names.
pub(super) const KINDS: [(&str, Kind); 9] = [
    ("length", Kind::Length),
    ("size", Kind::Length),
    ("keys", Kind::Keys),
    ("concat", Kind::Concat),
    ("min", Kind::Min),
    ("max", Kind::Max),
    ("avg", Kind::Average),
    ("stddev", Kind::StandardDeviation),
    ("sum", Kind::Sum),
];

/// Applies a function to the value that its path leads to.
pub(super) fn apply(function: &Function, value: &Value, env: &Env<'_>) -> Result<Value, PathError> {
    let arguments = function
        .arguments
        .iter()
        .map(|argument| match argument {
            Argument::Path(path) => super::select(path, env),
            Argument::Literal(value) => Ok(value.clone()),
        })
        .collect::<Result<Vec<Value>, PathError>>()?;
    match function.kind {
        Kind::Length => Ok(length(arguments.first().unwrap_or(value))),
        Kind::Keys => {
            Ok(value.as_object().map_or(Value::Null, |members| members.keys().cloned().map(Value::String).collect()))
        }
        Kind::Concat => {
            Ok(Value::String(items(value).chain(arguments.iter().flat_map(items)).filter_map(Value::as_str).collect()))
        }
        kind => {
            let numbers: Vec<f64> =
                items(value).chain(arguments.iter().flat_map(items)).filter_map(Value::as_f64).collect();
            aggregate(kind, &numbers)
        }
    }
}

fn length(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.len().into(),
        Value::Object(members) => members.len().into(),
        _ => Value::Null,
    }
}

fn items(value: &Value) -> std::slice::Iter<'_, Value> {
    match value {
        Value::Array(items) => items.iter(),
        other => std::slice::from_ref(other).iter(),
    }
}

fn aggregate(kind: Kind, numbers: &[f64]) -> Result<Value, PathError> {
    if numbers.is_empty() {
        let reason = String::from("Aggregation function attempted to calculate value using empty array");
        return Err(PathError::Invalid { reason });
    }
    let count = numbers.len() as f64;
    let sum: f64 = numbers.iter().sum();
    let result = match kind {
        Kind::Min => numbers.iter().copied().fold(f64::INFINITY, f64::min),
        Kind::Max => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Kind::Average => sum / count,
        Kind::StandardDeviation => {
            let mean = sum / count;
            (numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / count).sqrt()
        }
        _ => sum,
    };
    Ok(Number::from_f64(result).map_or(Value::Null, Value::Number))
}
