//! A path, and a document under it: the first line is the path, the rest the JSON it is applied to.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use statemachine::data::{
    Env,
    jsonpath::{Path, select},
    reference,
};

fuzz_target!(|text: &str| {
    let (path, document) = text.split_once('\n').unwrap_or((text, ""));
    let input = serde_json::from_str(document).unwrap_or_else(|_| sample());
    let (context, variables) = (json!({ "Task": { "Token": "t" } }), Map::from_iter([("v".to_owned(), json!([1, 2]))]));
    let env = Env { input: &input, context: &context, variables: &variables };
    if let Ok(path) = Path::parse(path) {
        let once = select(&path, &env);
        assert_eq!(once, select(&path, &env));
        assert_eq!(Path::parse(path.text()).as_ref(), Ok(&path));
    }
    if let Ok(path) = reference::ReferencePath::parse(path) {
        let _ = path.set(input.clone(), json!("x"));
    }
});

fn sample() -> Value {
    json!({ "a": { "b": [1, 2.5, "x", null, { "c": true }] }, "list": [{ "n": 1 }, { "n": 5, "m": [] }], "": { "x y": 0 } })
}
