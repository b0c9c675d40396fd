//! The data room: how a state reads and shapes JSON.
//!
//! Owns JSONPath ([`jsonpath`]), Reference Paths ([`reference`](mod@reference)), payload templates ([`template`]), the eighteen
//! intrinsic functions ([`intrinsic`]) and JSONata with the functions that Step Functions adds ([`jsonata`]). Every function here is
//! pure: the time and the source of chance are arguments. It does not know states, scopes or the context object's contents: the
//! caller assembles the three values in [`Env`], and puts "An error occurred while executing the state ..." before a
//! [`DataError`]'s cause.

use std::borrow::Cow;

use serde_json::{Map, Value};
use thiserror::Error;

mod chance;
mod digest;
pub mod intrinsic;
pub mod jsonata;
pub mod jsonpath;
pub(crate) mod order;
pub mod reference;
pub mod template;

pub use chance::{Chance, shuffle, uniform, uniform_below, uuid_v4};

/// What a JSONPath expression may see.
#[derive(Debug, Clone, Copy)]
pub struct Env<'a> {
    /// The state's input, `$`.
    pub input: &'a Value,
    /// The context object, `$$`.
    pub context: &'a Value,
    /// The variables in scope, `$name`; inner scopes are already merged over outer ones.
    pub variables: &'a Map<String, Value>,
}

/// A failure while evaluating, in the words of Step Functions.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{error}: {cause}")]
pub struct DataError {
    /// The error name that a Catch or Retry matches, e.g. `States.QueryEvaluationError`.
    pub error: Cow<'static, str>,
    /// The cause as Step Functions words it, without the prefix that names the state and the event.
    pub cause: String,
    /// The field whose expression failed, e.g. `Output/total`; only JSONata failures know it.
    pub location: Option<String>,
}

impl DataError {
    /// Makes a failure from an error name and a cause.
    pub fn new(error: &'static str, cause: impl Into<String>) -> Self {
        Self { error: Cow::Borrowed(error), cause: cause.into(), location: None }
    }

    /// Adds the field whose expression failed.
    #[must_use]
    pub fn at(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }
}

/// The error name of a failure that no more specific name covers; neither Retry nor Catch sees it.
pub const RUNTIME: &str = "States.Runtime";
/// The error name of a failed intrinsic function.
pub const INTRINSIC_FAILURE: &str = "States.IntrinsicFailure";
/// The error name of a `ResultPath` that does not fit the input it is applied to.
pub const RESULT_PATH_MATCH_FAILURE: &str = "States.ResultPathMatchFailure";
/// The error name of a failed JSONata expression.
pub const QUERY_EVALUATION_ERROR: &str = "States.QueryEvaluationError";
