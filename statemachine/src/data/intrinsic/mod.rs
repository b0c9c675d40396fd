//! Intrinsic functions, such as `States.Format('{} is {}', $.name, $.state)`.
//!
//! Owns the parsed [`Call`], [`evaluate`] and the wording of what goes wrong. Text becomes a call in `parse`; what each of the
//! eighteen functions does is in `functions`.

use serde_json::Value;

use super::{
    Chance, DataError, Env, INTRINSIC_FAILURE, RUNTIME,
    jsonpath::{Path, PathError, PathSyntaxError, select},
};

mod functions;
mod parse;
#[cfg(test)]
mod tests;

/// A call of an intrinsic function, with everything nested in it.
///
/// ```
/// use statemachine::data::intrinsic::Call;
///
/// assert!(Call::parse("States.Format('{}', States.UUID())").is_ok());
/// assert!(Call::parse("States.NoSuchFunction()").is_err());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    text: String,
    function: Function,
    arguments: Vec<Argument>,
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq)]
enum Argument {
    /// `'text'`, with its escapes as they were written: `States.Format` reads them in its own way.
    Text(String),
    /// A number, a boolean or null.
    Literal(Value),
    /// `$.x`, `$$.x`, `$variable`.
    Path(Path),
    /// Another call.
    Call(Call),
}

/// The intrinsic functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Array,
    ArrayContains,
    ArrayGetItem,
    ArrayLength,
    ArrayPartition,
    ArrayRange,
    ArrayUnique,
    Base64Decode,
    Base64Encode,
    Format,
    Hash,
    JsonMerge,
    JsonToString,
    MathAdd,
    MathRandom,
    StringSplit,
    StringToJson,
    Uuid,
}

impl Call {
    /// Reads a call; refuses unknown names, wrong numbers of arguments, and more than ten levels of nesting.
    pub fn parse(text: &str) -> Result<Self, PathSyntaxError> {
        parse::call(text)
    }

    /// Whether a text is meant as a call: it starts with `States.`.
    pub fn is_call(text: &str) -> bool {
        text.trim_start().starts_with("States.")
    }

    /// The call as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The paths among the arguments, at every depth.
    pub fn paths(&self) -> Vec<&Path> {
        let mut paths = Vec::new();
        for argument in &self.arguments {
            match argument {
                Argument::Path(path) => paths.push(path),
                Argument::Call(call) => paths.extend(call.paths()),
                Argument::Text(_) | Argument::Literal(_) => {}
            }
        }
        paths
    }
}

/// Evaluates a call.
///
/// A path that finds nothing is `States.Runtime`, as on Step Functions; anything else that goes wrong is `States.IntrinsicFailure`.
pub fn evaluate(call: &Call, env: &Env<'_>, chance: &mut dyn Chance) -> Result<Value, DataError> {
    run(call, env, chance).map_err(|failure| {
        let (error, reason) = match failure {
            Failure::Path(reason) => (RUNTIME, reason),
            Failure::Function(reason) => (INTRINSIC_FAILURE, reason),
        };
        DataError::new(error, format!("The function '{}' had the following error: {reason}", call.text))
    })
}

/// What went wrong inside a call.
enum Failure {
    /// An argument's path.
    Path(String),
    /// A function.
    Function(String),
}

fn run(call: &Call, env: &Env<'_>, chance: &mut dyn Chance) -> Result<Value, Failure> {
    let mut values = Vec::with_capacity(call.arguments.len());
    for argument in &call.arguments {
        values.push(match argument {
            Argument::Text(raw) if call.function == Function::Format && values.is_empty() => Value::String(raw.clone()),
            Argument::Text(raw) => Value::String(parse::unescaped(raw).map_err(Failure::Function)?),
            Argument::Literal(value) => value.clone(),
            Argument::Path(path) => select(path, env).map_err(|error| path_failure(path, error, env))?,
            Argument::Call(call) => run(call, env, chance)?,
        });
    }
    let name = call.function.name();
    functions::apply(call.function, values, chance).map_err(|reason| match reason {
        Some(reason) => Failure::Function(format!("Invalid arguments in {name}: {reason}")),
        None => Failure::Function(format!("Invalid arguments in {name}")),
    })
}

/// The path is named as it is applied, from `$`, and the input shown is the state's, even for a path into the context object.
fn path_failure(path: &Path, error: PathError, env: &Env<'_>) -> Failure {
    let reason = error.to_string();
    if reason.starts_with("Filter: ") {
        return Failure::Path(reason);
    }
    let text = if path.is_context() { &path.text()[1..] } else { path.text() };
    Failure::Path(format!(
        "The JsonPath argument for the field '{text}' could not be found in the input '{}'",
        env.input
    ))
}
