//! JSONata as Step Functions takes it: `{% ... %}`, the functions that Step Functions adds, and its limits.
//!
//! Owns the delimiters, the walk over a template, the wording of failures and the limits. The language itself is the
//! `jsonata-core` crate; `functions` replaces its clock and its chance by what the caller passes in and adds `$partition`, `$range`,
//! `$hash`, `$random(seed)`, `$uuid` and `$parse`; `guard` keeps one value from growing without end; `wording` gives failures the
//! sentences of Step Functions; `check` finds what is wrong with an expression before it runs.
//!
//! Evaluation is bounded as on Step Functions: nesting depth 100, a sequence of 873,782 items, a value of 6,990,256 bytes. An
//! expression that loops without nesting ends after [`TIMEOUT_MS`]; that watchdog inside the engine is the only clock here, and no
//! expression can read it. The engine moves to the heap when the stack runs low, so any thread may evaluate. Its values are not
//! `Send` and never leave this module.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use jsonata_core::{
    ast::AstNode,
    evaluator::{Context, Evaluator, EvaluatorOptions},
    value::JValue,
};
use serde_json::{Map, Value};
use thiserror::Error;

use super::{Chance, DataError, QUERY_EVALUATION_ERROR};

mod check;
mod expression;
mod functions;
mod guard;
#[cfg(test)]
mod tests;
mod tree;
mod value;
mod wording;

pub use check::{Problem, check, problems, states_members, variables};

/// A failure of a JSONata expression.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JsonataError {
    /// A failure that JSONata defines, in the words of the reference implementation.
    #[error("{code}: {message}")]
    Coded {
        /// The code, e.g. `T2001`.
        code: String,
        /// The message without its code.
        message: String,
    },
    /// A limit that was passed, or a failure without a code.
    #[error("{message}")]
    Uncoded {
        /// The message.
        message: String,
    },
    /// The result is a function, or holds one, and so is not JSON.
    #[error("the result is a function")]
    Unsupported,
}

impl JsonataError {
    /// The code of the failure, if JSONata defines one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Coded { code, .. } => Some(code),
            Self::Uncoded { .. } | Self::Unsupported => None,
        }
    }

    fn uncoded(message: impl Into<String>) -> Self {
        Self::Uncoded { message: message.into() }
    }
}

/// Whether a text is an expression: it starts with `{%` and ends with `%}`, without space around.
pub fn is_expression(text: &str) -> bool {
    text.len() >= 4 && text.starts_with("{%") && text.ends_with("%}")
}

/// The expression between the delimiters, without the space around it; a text without delimiters is taken as it is.
pub fn source(text: &str) -> &str {
    if is_expression(text) { text[2..text.len() - 2].trim() } else { text.trim() }
}

/// Evaluates one expression, with or without its delimiters; `None` is JSONata's "nothing".
///
/// `bindings` are the variables, `states` among them. `now_ms` is what `$now()` and `$millis()` tell, in milliseconds since 1970;
/// `chance` is what `$random()`, `$uuid()` and `$shuffle()` draw from.
///
/// ```
/// use serde_json::{Map, json};
/// use statemachine::data::jsonata::evaluate;
///
/// let bindings = Map::from_iter([("states".to_owned(), json!({ "input": { "items": [1, 2, 3] } }))]);
/// let total = evaluate("{% $sum($states.input.items) %}", &bindings, 0, &mut || 0).unwrap();
/// assert_eq!(total, Some(json!(6)));
/// ```
pub fn evaluate(
    expression: &str,
    bindings: &Map<String, Value>,
    now_ms: i64,
    chance: &mut dyn Chance,
) -> Result<Option<Value>, JsonataError> {
    Scope::new(bindings, now_ms).evaluate(source(expression), chance)
}

/// Evaluates every expression in a template (`Arguments`, `Output`, `Assign`, ...); everything else in it stands for itself.
///
/// `field` is the template's field; a failure names the field within it, `Output/totals[0]/sum`, and carries it as its location.
/// An expression that returns nothing is a failure.
pub fn evaluate_template(
    template: &Value,
    field: &str,
    bindings: &Map<String, Value>,
    now_ms: i64,
    chance: &mut dyn Chance,
) -> Result<Value, DataError> {
    template_in(&Scope::new(bindings, now_ms), template, field, chance)
}

/// The failure of an expression whose value has the wrong type for its field, e.g. a string in `Items`.
///
/// `expected` is the type in JSONata's words: `array`, `number`, `string`, `boolean`, `object`.
pub fn unexpected_type(expression: &str, field: &str, expected: &str, value: &Value) -> DataError {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let tail =
        format!("returned an unexpected result type. Expected '{expected}', but was '{kind}' for value: {value}");
    failure(source(expression), field, &tail)
}

fn template_in(scope: &Scope<'_>, template: &Value, field: &str, chance: &mut dyn Chance) -> Result<Value, DataError> {
    match template {
        Value::String(text) if is_expression(text) => field_in(scope, source(text), field, chance),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(at, item)| template_in(scope, item, &format!("{field}[{at}]"), chance))
            .collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| Ok((name.clone(), template_in(scope, value, &format!("{field}/{name}"), chance)?)))
            .collect::<Result<Map<_, _>, DataError>>()
            .map(Value::Object),
        plain => Ok(plain.clone()),
    }
}

fn field_in(scope: &Scope<'_>, source: &str, field: &str, chance: &mut dyn Chance) -> Result<Value, DataError> {
    let tail = match scope.evaluate(source, chance) {
        Ok(Some(value)) => return Ok(value),
        Ok(None) => String::from("returned nothing (undefined)."),
        Err(JsonataError::Unsupported) => String::from("returned an unsupported result type."),
        Err(error @ JsonataError::Coded { .. }) => format!("threw an error during evaluation. {error}"),
        Err(error @ JsonataError::Uncoded { .. }) => format!("threw an error during evaluation: {error}"),
    };
    Err(failure(source, field, &tail))
}

fn failure(source: &str, field: &str, tail: &str) -> DataError {
    let cause = format!("The JSONata expression '{source}' specified for the field '{field}' {tail}");
    DataError::new(QUERY_EVALUATION_ERROR, cause).at(field)
}

/// What the expressions of one template share: their bindings, each turned into the engine's values at most once.
struct Scope<'b> {
    bindings: &'b Map<String, Value>,
    converted: RefCell<HashMap<String, JValue>>,
    now_ms: i64,
    timeout_ms: u64,
}

impl<'b> Scope<'b> {
    fn new(bindings: &'b Map<String, Value>, now_ms: i64) -> Self {
        Self { bindings, converted: RefCell::new(HashMap::new()), now_ms, timeout_ms: TIMEOUT_MS }
    }

    fn evaluate(&self, source: &str, chance: &mut dyn Chance) -> Result<Option<Value>, JsonataError> {
        let expression = expression::parsed(source)?;
        if let Some(found) = expression.plain_path.as_ref().and_then(|path| value::lookup(self.bindings, path)) {
            return Ok(found.map(value::normal));
        }
        let draws = functions::Draws::for_names(&expression.names, chance);
        let guarded = functions::as_values(&expression.guarded, &expression.names, self.bindings);
        match self.run(&guarded, &expression, draws, None) {
            Ok(result) => value::to_json(&result),
            Err(error) => Err(wording::of_failure(error, || {
                // The engine does not say which function or which operands failed; a second run, which watches, does.
                let watch = guard::Watch::default();
                let watched = guard::watched(&expression.tree);
                let _ = self.run(&watched, &expression, draws, Some(&watch));
                watch
            })),
        }
    }

    fn run(
        &self,
        tree: &AstNode,
        expression: &expression::Expression,
        draws: functions::Draws,
        watch: Option<&guard::Watch>,
    ) -> Result<JValue, String> {
        let mut context = Context::new();
        for name in &expression.names {
            if let Some(value) = self.binding(name) {
                context.bind(name.clone(), value);
            }
        }
        let options = EvaluatorOptions {
            timeout_ms: Some(self.timeout_ms),
            max_stack_depth: Some(MAX_DEPTH + expression.extra_depth),
            max_sequence_length: Some(MAX_SEQUENCE),
            ..EvaluatorOptions::default()
        };
        let mut evaluator = Evaluator::with_options(context, options);
        let registered = functions::register(&mut evaluator, &expression.names, self.now_ms, draws)
            .and_then(|()| guard::register(&mut evaluator, watch.cloned()));
        registered
            .and_then(|()| evaluator.evaluate(tree, &JValue::Undefined))
            .map_err(|error| error.message().to_owned())
    }

    fn binding(&self, name: &str) -> Option<JValue> {
        if let Some(value) = self.converted.borrow().get(name) {
            return Some(value.clone());
        }
        let value = value::from_json(self.bindings.get(name)?);
        self.converted.borrow_mut().insert(name.to_owned(), value.clone());
        Some(value)
    }
}

/// How long an expression may run, in milliseconds.
pub const TIMEOUT_MS: u64 = 5_000;

/// How deep an evaluation may nest.
const MAX_DEPTH: usize = 100;

/// The longest sequence.
const MAX_SEQUENCE: usize = 873_782;

/// The largest value, counting a character as one byte and anything else as eight.
const MAX_BYTES: usize = MAX_SEQUENCE * 8;

/// What a value that is too large is called.
const TOO_LARGE: &str = "Expression evaluation memory limit exceeded: Check for excessive memory usage";

/// What an expression that runs too long is called.
const TOO_LONG: &str = "Expression evaluation timeout: Check for infinite loop";

/// What an expression that nests too deep is called.
const TOO_DEEP: &str =
    "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive";

thread_local! {
    /// The expressions read last, by their source.
    static PARSED: RefCell<HashMap<String, Rc<expression::Expression>>> = RefCell::new(HashMap::new());
}
