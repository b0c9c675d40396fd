//! Evaluates JSONata expressions, a request per line: `{"expression": "...", "input": {...}}` on standard input.
//!
//! Each answer is one line: `{"value": ...}`, `{}` for nothing, or `{"error": code, "message": ...}`; a failure without a code has
//! `uncoded`, a result that is a function `function`. The members of `input` are the variables, as in a state machine: there is no
//! context item. Owns only the lines; the language is [`statemachine::data::jsonata`].

use std::io::{BufRead, Error, Write};

use serde_json::{Map, Value, json};
use statemachine::data::jsonata::{JsonataError, evaluate};

fn main() -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        writeln!(out, "{}", answer(&request))?;
    }
    Ok(())
}

fn answer(request: &Value) -> Value {
    let none = Map::new();
    let bindings = request["input"].as_object().unwrap_or(&none);
    match evaluate(request["expression"].as_str().unwrap_or_default(), bindings, 0, &mut || 0) {
        Ok(Some(value)) => json!({ "value": value }),
        Ok(None) => json!({}),
        Err(error) => json!({ "error": code(&error), "message": error.to_string() }),
    }
}

fn code(error: &JsonataError) -> &str {
    match error {
        JsonataError::Coded { code, .. } => code,
        JsonataError::Uncoded { .. } => "uncoded",
        JsonataError::Unsupported => "function",
    }
}
