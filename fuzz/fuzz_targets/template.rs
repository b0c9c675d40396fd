//! A payload template, in both query languages: the first line is the template, the rest the input.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use statemachine::data::{Env, jsonata, template};

fuzz_target!(|text: &str| {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let Ok(document) = serde_json::from_str::<Value>(first) else { return };
    let input = serde_json::from_str(rest).unwrap_or_else(|_| json!({ "a": [1, { "b": "c" }], "n": 2 }));
    let (context, variables) = (json!({ "State": { "Name": "S" } }), Map::from_iter([("v".to_owned(), json!(7))]));
    let env = Env { input: &input, context: &context, variables: &variables };
    let problems = template::check(&document);
    let _ = template::variables(&document);
    let value = template::evaluate(&document, &env, &mut || 0);
    if !problems.is_empty() && rest.is_empty() && value.is_ok() {
        // A template that has problems whatever its input fails, unless nothing of it is evaluated.
        assert!(!document.is_object(), "{problems:?}");
    }
    let bindings = Map::from_iter([("states".to_owned(), json!({ "input": input }))]);
    let _ = jsonata::evaluate_template(&document, "Output", &bindings, 0, &mut || 0);
});
