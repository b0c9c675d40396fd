//! The condition in `[?(...)]`.
//!
//! Owns the operators and how two operands compare. Values of different types are never equal and never ordered; a missing
//! operand equals nothing, not even null. Numbers compare by value, so 1 equals 1.0.

use std::cmp::Ordering;

use regex::Regex;
use serde_json::Value;

use super::{Path, Step, walk};
use crate::data::Env;

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    /// `a || b`.
    Any(Vec<Self>),
    /// `a && b`.
    All(Vec<Self>),
    /// `!a`.
    Not(Box<Self>),
    /// `@.x` alone: it is there, whatever its value.
    Exists(Operand),
    /// `a == b` and the other operators.
    Compare(Operand, Operator, Operand),
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    /// `@.x`, from the item that is looked at.
    Item(Vec<Step>),
    /// `$.x`, `$$.x`, `$variable.x`.
    Path(Box<Path>),
    /// A string, number, boolean, null, array or object.
    Literal(Value),
    /// `/expression/flags`.
    Pattern(Pattern),
}

/// A regular expression, compared by its text.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub(super) text: String,
    pub(super) regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// An operator between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
    In,
    NotIn,
    Contains,
    AllOf,
    SubsetOf,
    AnyOf,
    NoneOf,
    Size,
    Empty,
}

/// The operators as they are written, longer ones before those they begin with.
pub(super) const OPERATORS: [(&str, Operator); 17] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<>", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("=~", Operator::Matches),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("in", Operator::In),
    ("nin", Operator::NotIn),
    ("contains", Operator::Contains),
    ("all", Operator::AllOf),
    ("subsetof", Operator::SubsetOf),
    ("anyof", Operator::AnyOf),
    ("noneof", Operator::NoneOf),
    ("size", Operator::Size),
    ("empty", Operator::Empty),
];

/// Whether the condition holds for an item; for one that is a text, a number or the like, none does.
pub(super) fn accepts(filter: &Filter, item: &Value, env: &Env<'_>) -> bool {
    (item.is_object() || item.is_array()) && meets(filter, item, env)
}

fn meets(filter: &Filter, item: &Value, env: &Env<'_>) -> bool {
    match filter {
        Filter::Any(conditions) => conditions.iter().any(|condition| meets(condition, item, env)),
        Filter::All(conditions) => conditions.iter().all(|condition| meets(condition, item, env)),
        Filter::Not(condition) => !meets(condition, item, env),
        Filter::Exists(operand) => resolve(operand, item, env).is_some(),
        Filter::Compare(left, Operator::Matches, right) => matches(left, right, item, env),
        Filter::Compare(left, operator, right) => {
            holds(resolve(left, item, env).as_ref(), *operator, resolve(right, item, env).as_ref())
        }
    }
}

fn holds(left: Option<&Value>, operator: Operator, right: Option<&Value>) -> bool {
    use Operator as O;
    match (operator, left, right) {
        (O::NotEqual, left, right) => !holds(left, O::Equal, right),
        (O::Equal, Some(left), Some(right)) => equal(left, right),
        (O::Less, Some(left), Some(right)) => order(left, right) == Some(Ordering::Less),
        (O::LessOrEqual, Some(left), Some(right)) => order(left, right).is_some_and(Ordering::is_le),
        (O::Greater, Some(left), Some(right)) => order(left, right) == Some(Ordering::Greater),
        (O::GreaterOrEqual, Some(left), Some(right)) => order(left, right).is_some_and(Ordering::is_ge),
        (O::In, Some(left), Some(Value::Array(right))) => has(right, left),
        (O::NotIn, left, right) => !holds(left, O::In, right),
        (O::Contains, Some(Value::Array(left)), Some(right)) => has(left, right),
        (O::Contains, Some(Value::String(left)), Some(Value::String(right))) => left.contains(right),
        (O::AllOf, Some(Value::Array(left)), Some(Value::Array(right))) => right.iter().all(|item| has(left, item)),
        (O::SubsetOf, Some(Value::Array(left)), Some(Value::Array(right))) => left.iter().all(|item| has(right, item)),
        (O::AnyOf, Some(Value::Array(left)), Some(Value::Array(right))) => left.iter().any(|item| has(right, item)),
        (O::NoneOf, Some(Value::Array(left)), Some(Value::Array(right))) => !left.iter().any(|item| has(right, item)),
        (O::Size, Some(left), Some(right)) => size(left).is_some() && size(left) == right.as_u64(),
        (O::Empty, Some(left), Some(Value::Bool(right))) => size(left).is_some_and(|size| (size == 0) == *right),
        _ => false,
    }
}

fn resolve(operand: &Operand, item: &Value, env: &Env<'_>) -> Option<Value> {
    match operand {
        Operand::Item(steps) if steps.iter().all(Step::is_definite) => {
            walk::walk(steps, item, env).ok()?.into_iter().next().map(walk::Found::into_owned)
        }
        Operand::Item(steps) => {
            let found = walk::walk(steps, item, env).ok()?;
            let values: Vec<Value> = found.into_iter().map(walk::Found::into_owned).collect();
            (!values.is_empty()).then_some(Value::Array(values))
        }
        Operand::Path(path) => super::select(path, env).ok(),
        Operand::Literal(value) => Some(value.clone()),
        Operand::Pattern(_) => None,
    }
}

/// A pattern must match the whole text.
fn matches(left: &Operand, right: &Operand, item: &Value, env: &Env<'_>) -> bool {
    let (pattern, other) = match (left, right) {
        (_, Operand::Pattern(pattern)) => (pattern, left),
        (Operand::Pattern(pattern), _) => (pattern, right),
        _ => return false,
    };
    match resolve(other, item, env) {
        Some(Value::String(text)) => pattern.regex.is_match(&text),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => pattern.regex.is_match(&value.to_string()),
        Some(Value::Array(items)) => {
            items.iter().any(|item| item.as_str().is_some_and(|text| pattern.regex.is_match(text)))
        }
        _ => false,
    }
}

fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => order(left, right) == Some(Ordering::Equal),
        _ => left == right,
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
        },
        // Texts are ordered by their UTF-16 units.
        (Value::String(left), Value::String(right)) => Some(left.encode_utf16().cmp(right.encode_utf16())),
        _ => None,
    }
}

fn has(items: &[Value], item: &Value) -> bool {
    items.iter().any(|other| equal(other, item))
}

fn size(value: &Value) -> Option<u64> {
    match value {
        Value::Array(items) => Some(items.len() as u64),
        Value::Object(members) => Some(members.len() as u64),
        Value::String(text) => Some(text.encode_utf16().count() as u64),
        _ => None,
    }
}
