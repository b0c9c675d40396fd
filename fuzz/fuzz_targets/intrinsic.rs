//! A call of an intrinsic function: it is read or refused, and its value is JSON of bounded size or a failure.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, json};
use statemachine::data::{
    Env,
    intrinsic::{Call, evaluate},
};

fuzz_target!(|text: &str| {
    let Ok(call) = Call::parse(text) else { return };
    assert_eq!(Call::parse(call.text()).as_ref(), Ok(&call));
    let input = json!({ "n": 3, "s": "a,b", "l": [1, 2, 2], "o": { "a": 1 }, "t": "{\"x\":[1]}" });
    let (context, variables) = (json!({ "Execution": { "Id": "e" } }), Map::new());
    let mut draws = 0;
    let mut chance = || {
        draws += 1;
        draws
    };
    let _ = evaluate(&call, &Env { input: &input, context: &context, variables: &variables }, &mut chance);
});
