//! Runs a pure function by its name: JSON in, JSON out.
//!
//! Owns the table of functions. What each function does is in its own file.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::ActivityError;

/// The functions that [`call`] runs: they hold no permission and touch nothing.
pub const PURE_FUNCTIONS: [&str; 6] = ["detect", "context", "reason", "propose", "verify", "record"];

/// The functions of the machine that touch the world; the package `edge` holds them.
pub const EDGE_FUNCTIONS: [&str; 5] = ["observe", "infer", "notify", "act", "remember"];

/// Runs the pure function `function` on `payload`.
///
/// # Errors
///
/// `Sao.BadInput` when the payload is not the function's request (see [`crate::shape`]), with the place where it
/// departs from it, and `Sao.UnknownFunction` for a name that is not in [`PURE_FUNCTIONS`].
///
/// ```
/// let error = activities::call("detect", serde_json::json!({"event": 1})).unwrap_err();
/// assert_eq!(error.kind(), "Sao.BadInput");
/// ```
pub fn call(function: &str, payload: Value) -> Result<Value, ActivityError> {
    match function {
        "detect" => run(function, payload, crate::detect::detect),
        "context" => run(function, payload, crate::context::context),
        "reason" => run(function, payload, crate::reason::reason),
        "propose" => run(function, payload, crate::propose::propose),
        "verify" => run(function, payload, crate::verify::verify),
        "record" => run(function, payload, crate::record::record),
        _ => Err(ActivityError::new(
            UNKNOWN_FUNCTION,
            format!("`{function}` is not one of {}", PURE_FUNCTIONS.join(", ")),
        )),
    }
}

fn run<Request: DeserializeOwned, Answer: Serialize>(
    name: &str,
    payload: Value,
    function: impl Fn(Request) -> Result<Answer, ActivityError>,
) -> Result<Value, ActivityError> {
    let request = serde_json::from_value(payload).map_err(|problem| {
        ActivityError::bad_input(format!("the payload of `{name}` is not its request: {problem}"))
    })?;
    let answer = function(request)?;
    serde_json::to_value(answer)
        .map_err(|problem| ActivityError::bad_input(format!("`{name}` cannot write its answer: {problem}")))
}

const UNKNOWN_FUNCTION: &str = "Sao.UnknownFunction";
