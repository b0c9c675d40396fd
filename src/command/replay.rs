//! `sao replay`: today's definition and functions against a recorded history.
//!
//! Owns the printing, and the filling of today's workflow with the history's own ARNs and settings. The comparison is
//! `replay`'s.

use std::collections::BTreeMap;

use replay::{Divergence, Functions, History};
use serde_json::{Value, json};
use statemachine::definition::Definition;

use crate::{
    cli::Replay,
    command::Ending,
    embedded,
    error::CommandError,
    show::{self, Screen},
};

pub(crate) fn run(options: &Replay) -> Result<Ending, CommandError> {
    let failed = |problem: String| CommandError::Replay { path: options.history.clone(), problem };
    let history = History::read(&options.history).map_err(|error| failed(error.to_string()))?;
    let definition = embedded::fill(embedded::DEFINITION, &substitutions(&history.events))
        .map_err(|error| failed(error.to_string()))?;
    let definition = Definition::parse(&definition).map_err(|error| failed(error.to_string()))?;
    let verdict = replay::check(&history, definition, &Today);
    let agrees = verdict.is_ok();
    if options.output.json {
        show::json(&match verdict {
            Ok(agreement) => {
                json!({ "agrees": true, "events": agreement.events, "calls": agreement.calls, "divergence": null })
            }
            Err(divergence) => json!({ "agrees": false, "divergence": document(&divergence) }),
        });
        return Ok(Ending::when(agrees));
    }
    let screen = Screen::new(false);
    let style = screen.style();
    match verdict {
        Ok(agreement) => screen.line(format!(
            "{} They agree: {} events compared, {} calls made to today's functions.",
            style.good("✓"),
            agreement.events,
            agreement.calls
        )),
        Err(divergence) => {
            screen.line(format!("{} {}", style.bad("✗"), show::clean(&divergence.to_string())));
            screen.line("  Up to there they agree. What follows in the history says nothing about today's code.");
        }
    }
    Ok(Ending::when(agrees))
}

/// Today's pure functions; what touches the world is taken from the history.
struct Today;

impl Functions for Today {
    fn call(&self, function: &str, payload: Value) -> Option<Result<Value, (String, String)>> {
        let name = activities::PURE_FUNCTIONS.into_iter().find(|name| function_is(function, name))?;
        Some(activities::call(name, payload).map_err(|error| (error.kind().to_owned(), error.message().to_owned())))
    }
}

/// Whether a function's name or ARN is that of an activity; deployments may put a prefix and a qualifier around it.
fn function_is(function: &str, name: &str) -> bool {
    let name_of =
        |part: &str| part == name || part.strip_suffix(name).is_some_and(|prefix| prefix.ends_with(['-', '_']));
    let mut parts = function.rsplit(':');
    parts.next().is_some_and(name_of) || (function.matches(':').count() >= 7 && parts.next().is_some_and(name_of))
}

/// What the history's own workflow was filled with: the functions' ARNs, and the settings that `Detect` was given.
fn substitutions(events: &[Value]) -> Vec<(String, String)> {
    let mut found = BTreeMap::new();
    for event in events {
        let Some(parameters) = event.pointer("/taskScheduledEventDetails/parameters").and_then(Value::as_str) else {
            continue;
        };
        let Ok(arguments) = serde_json::from_str::<Value>(parameters) else { continue };
        let Some(arn) = arguments["FunctionName"].as_str() else { continue };
        for name in activities::PURE_FUNCTIONS
            .into_iter()
            .chain(activities::EDGE_FUNCTIONS)
            .filter(|name| function_is(arn, name))
        {
            found.insert(format!("{name}_function_arn"), arn.to_owned());
        }
        for (name, value) in arguments.pointer("/Payload/settings").and_then(Value::as_object).into_iter().flatten() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            found.entry(name.clone()).or_insert(text);
        }
    }
    found.into_iter().collect()
}

fn document(divergence: &Divergence) -> Value {
    json!({ "event": divergence.id, "pointer": divergence.pointer, "history": divergence.history, "code": divergence.code })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_known_behind_prefix_and_qualifier() {
        let check = |arn, name, expect| assert_eq!(function_is(arn, name), expect, "{arn}");
        check("detect", "detect", true);
        check("arn:aws:lambda:eu-west-1:123456789012:function:detect", "detect", true);
        check("arn:aws:lambda:eu-west-1:123456789012:function:sao-prod-detect:live", "detect", true);
        check("arn:aws:lambda:eu-west-1:123456789012:function:redetect", "detect", false);
    }

    #[test]
    fn settings_and_functions_are_taken_from_the_history() {
        let arguments = json!({"FunctionName": "arn:aws:lambda:x:y:function:p-detect", "Payload": {"settings": {"mode": "ask", "poll_seconds": 9}}});
        let events = [json!({"taskScheduledEventDetails": {"parameters": arguments.to_string()}})];
        let expect =
            [("detect_function_arn", "arn:aws:lambda:x:y:function:p-detect"), ("mode", "ask"), ("poll_seconds", "9")];
        assert_eq!(substitutions(&events), expect.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
