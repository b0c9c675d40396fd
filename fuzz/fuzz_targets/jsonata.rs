//! A JSONata expression: checked, its variables listed, evaluated; time, depth and size are bounded.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, json};
use statemachine::data::jsonata::{check, evaluate, variables};

fuzz_target!(|text: &str| {
    let template = json!(format!("{{% {text} %}}"));
    let _ = check(&template);
    let _ = variables(&template);
    let states =
        json!({ "input": { "n": 3, "s": "abc", "l": [1, 2, 3], "o": [{ "k": "a", "v": 1 }, { "k": "b", "v": 2 }] } });
    let bindings = Map::from_iter([("states".to_owned(), states)]);
    if let Ok(Some(value)) = evaluate(text, &bindings, 0, &mut || 7) {
        assert!(serde_json::to_string(&value).is_ok());
    }
});
