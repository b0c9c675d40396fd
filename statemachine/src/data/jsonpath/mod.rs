//! JSONPath as Step Functions takes it: the dialect of the Jayway library, with `$$` and `$variable` roots.
//!
//! Owns the parsed [`Path`], [`select`] and the wording of a path that finds nothing. Text becomes a path in `parse`, a path is
//! walked in `walk`, and `[?(...)]` lives in `filter`. It does not know the fields that paths stand in: [`PathError`] carries what
//! each field needs to word its own failure.
//!
//! It is an early version of that library that Step Functions shows: the last item is `[(@.length-1)]` and `[-1]` is nothing,
//! `.length()` is the only function, and a condition never holds for a scalar.
//!
//! ```
//! use serde_json::{Map, json};
//! use statemachine::data::{Env, jsonpath::{Path, select}};
//!
//! let (input, context, variables) = (json!({ "items": [{ "n": 1 }, { "n": 5 }] }), json!({}), Map::new());
//! let env = Env { input: &input, context: &context, variables: &variables };
//! let path = Path::parse("$.items[?(@.n > 3)].n").unwrap();
//! assert_eq!(select(&path, &env).unwrap(), json!([5]));
//! ```

use serde_json::Value;
use thiserror::Error;

use super::Env;

mod condition;
mod filter;
mod parse;
#[cfg(test)]
mod tests;
mod walk;

/// A JSONPath, parsed once and evaluated often.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    text: String,
    root: Root,
    steps: Vec<Step>,
    /// Whether it ends in `.length()`.
    counts: bool,
}

/// Where a path starts.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Root {
    /// `$`, the input.
    Input,
    /// `$$`, the context object.
    Context,
    /// `$name`, a variable.
    Variable(String),
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    /// `.name`, `['name']`, `['one','two']`.
    Names(Vec<String>),
    /// `.*`, `[*]`.
    Wildcard,
    /// `[0]`, `[0,2]`; below zero there is nothing.
    Indices(Vec<i64>),
    /// `[(@.length-1)]`, so many before the end.
    FromEnd(i64),
    /// `[1:3]`, `[1:]`, `[:3]`.
    Slice(Option<i64>, Option<i64>),
    /// `[?(...)]`.
    Filter(filter::Filter),
    /// `..`, before the step that it applies at every depth.
    Descend,
}

/// A text that is not a JSONPath, and why.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct PathSyntaxError {
    /// Why, with the offending text in backticks.
    pub reason: String,
}

/// Why a path gave no value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PathError {
    /// The path is well formed but leads nowhere in this value.
    #[error("{reason}")]
    Missing {
        /// Why, e.g. "No results for path: $['a']" or "Missing property in path $['a']".
        reason: String,
        /// Whether only the last step failed, and that step was an index outside its array.
        past_end: bool,
    },
    /// The path starts at a variable that is not assigned.
    #[error("the variable `{name}` is not assigned")]
    Unassigned {
        /// The variable's name, without `$`.
        name: String,
    },
    /// The path cannot be applied to any value, or not to this one.
    #[error("{reason}")]
    Invalid {
        /// Why, in the words of Step Functions.
        reason: String,
    },
}

impl PathError {
    /// Whether the path led nowhere, rather than failed.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. } | Self::Unassigned { .. })
    }

    /// "Invalid path '$.x' : No results for path: $['x']", as `InputPath`, `OutputPath` and their like word it.
    pub fn invalid_path(&self, path: &Path) -> String {
        match self {
            Self::Missing { reason, .. } if reason == NO_INPUT => reason.clone(),
            _ => format!("Invalid path '{}' : {self}", path.text),
        }
    }
}

impl Path {
    /// Reads a path.
    ///
    /// ```
    /// use statemachine::data::jsonpath::Path;
    ///
    /// assert!(Path::parse("$.store['book'][0:2]").is_ok());
    /// assert!(Path::parse("store.book").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, PathSyntaxError> {
        parse::path(text)
    }

    /// Whether the path leads to at most one place, and so gives that value rather than an array of values.
    pub fn is_definite(&self) -> bool {
        self.counts || self.steps.iter().all(Step::is_definite)
    }

    /// The path as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name of the variable that the path starts at, without `$`; `None` for `$` and `$$`.
    pub fn variable(&self) -> Option<&str> {
        match &self.root {
            Root::Variable(name) => Some(name),
            Root::Input | Root::Context => None,
        }
    }

    /// Whether the path starts at the input, `$`.
    pub fn is_input(&self) -> bool {
        self.root == Root::Input
    }

    /// Whether the path starts at the context object, `$$`.
    pub fn is_context(&self) -> bool {
        self.root == Root::Context
    }

    /// The value that the path starts at; `None` for a variable that is not assigned.
    pub(crate) fn root<'e>(&self, env: &Env<'e>) -> Option<&'e Value> {
        match &self.root {
            Root::Input => Some(env.input),
            Root::Context => Some(env.context),
            Root::Variable(name) => env.variables.get(name),
        }
    }

    /// The steps as names and indices, when the path is made of nothing else.
    pub(super) fn reference_steps(&self) -> Option<Vec<ReferenceStep>> {
        if self.counts || self.root != Root::Input {
            return None;
        }
        self.steps.iter().map(Step::as_reference).collect()
    }
}

/// A step that a Reference Path may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ReferenceStep {
    /// A member of an object.
    Name(String),
    /// An item of an array.
    Index(usize),
}

impl Step {
    fn is_definite(&self) -> bool {
        match self {
            Self::Names(_) => true,
            Self::Indices(indices) => indices.len() == 1,
            Self::FromEnd(_) => true,
            Self::Wildcard | Self::Slice(..) | Self::Filter(_) | Self::Descend => false,
        }
    }

    fn as_reference(&self) -> Option<ReferenceStep> {
        match self {
            Self::Names(names) if names.len() == 1 => Some(ReferenceStep::Name(names[0].clone())),
            Self::Indices(indices) if indices.len() == 1 => usize::try_from(indices[0]).ok().map(ReferenceStep::Index),
            _ => None,
        }
    }
}

/// Evaluates a path.
///
/// A definite path gives the one value it leads to, or [`PathError::Missing`]. A path with a wildcard, a slice, a filter, several
/// indices or `..` gives an array of what it found, possibly empty, also when a name before it is missing. `.length()` at the
/// end counts.
pub fn select(path: &Path, env: &Env<'_>) -> Result<Value, PathError> {
    let root =
        path.root(env).ok_or_else(|| PathError::Unassigned { name: path.variable().unwrap_or_default().to_owned() })?;
    let walked = match walk::walk(&path.steps, root, env) {
        Err(PathError::Missing { .. }) if !path.is_definite() => Ok(Vec::new()),
        walked => walked,
    };
    let definite = path.steps.iter().all(Step::is_definite);
    let found = if definite { one(walked?, &path.steps)? } else { Value::Array(owned(walked?)) };
    Ok(if path.counts { length(&found) } else { found })
}

fn length(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.len().into(),
        Value::Object(members) => members.len().into(),
        _ => Value::Null,
    }
}

fn one(found: Vec<walk::Found<'_>>, steps: &[Step]) -> Result<Value, PathError> {
    let missing = || PathError::Missing {
        reason: format!("No results for path: {}", walk::written(steps)),
        past_end: matches!(steps.last(), Some(Step::Indices(_) | Step::FromEnd(_))),
    };
    found.into_iter().next().map(walk::Found::into_owned).ok_or_else(missing)
}

fn owned(found: Vec<walk::Found<'_>>) -> Vec<Value> {
    found.into_iter().map(walk::Found::into_owned).collect()
}

/// Why a path finds nothing in an input that is null.
pub(super) const NO_INPUT: &str = "Unable to apply Path transformation to null or empty input.";
