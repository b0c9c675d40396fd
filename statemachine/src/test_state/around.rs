//! The Map and Parallel states around the tested one: the item that it seems to have, and who takes its errors.

use serde_json::{Value, json};

use super::map::{EXCEEDED, TOO_MANY_FAILED};
use crate::{
    definition::{Definition, Map, MapMode, Source, StateId, StateKind},
    execution::STATE_DATA,
    retry,
};

/// The states around a state, the innermost first.
pub(super) fn around(definition: &Definition, state: StateId) -> impl Iterator<Item = StateId> {
    std::iter::successors(owner(definition, state), |outer| owner(definition, *outer))
}

/// `Map` of the context object, for a state inside a Map: the first iteration, whose item is the state's input.
pub(super) fn first_iteration(definition: &Definition, state: StateId, input: &Value) -> Option<Value> {
    let map = around(definition, state).find_map(|outer| match &definition.state(outer).kind {
        StateKind::Map(map) => Some(map),
        _ => None,
    })?;
    let mut item = json!({ "Index": 0, "Value": input });
    if map.mode != MapMode::Inline && map.item_reader.is_none() {
        item["Source"] = json!(STATE_DATA);
    }
    Some(json!({ "Item": item }))
}

/// A state whose rules take an error, and the error as that state sees it.
#[derive(Debug, PartialEq)]
pub(super) struct Taker {
    pub(super) state: StateId,
    pub(super) error: Option<String>,
    pub(super) cause: Option<String>,
}

/// Who takes an error of a state that was retried so often: the state itself, or one around it, as in an execution.
///
/// A distributed Map that bears no further failure, `failures` being those before, fails by an error of its own.
pub(super) fn taker(
    definition: &Definition,
    state: StateId,
    (error, cause): (Option<&str>, Option<&str>),
    retries: u64,
    failures: u64,
) -> Option<Taker> {
    let mut seen = (error.map(str::to_owned), cause.map(str::to_owned));
    for place in std::iter::once(state).chain(around(definition, state)) {
        let kind = &definition.state(place).kind;
        if let StateKind::Map(map) = kind
            && place != state
            && map.mode != MapMode::Inline
        {
            if tolerates(map, failures.saturating_add(1)) {
                return None;
            }
            seen = (Some(EXCEEDED.to_owned()), Some(TOO_MANY_FAILED.to_owned()));
        }
        if takes(kind, seen.0.as_deref(), retries) {
            return Some(Taker { state: place, error: seen.0, cause: seen.1 });
        }
    }
    None
}

fn takes(kind: &StateKind, error: Option<&str>, retries: u64) -> bool {
    let (retriers, catchers) = retry::rules(kind);
    let retrier = retriers.iter().find(|retrier| retry::matches(&retrier.error_equals, error));
    retrier.is_some_and(|retrier| retries < retrier.max_attempts)
        || catchers.iter().any(|catcher| retry::matches(&catcher.error_equals, error))
}

/// Whether a Map goes on after so many failed items; of a share it is known only that one item has failed.
fn tolerates(map: &Map, failures: u64) -> bool {
    let number = |source: &Option<Source>| match source {
        Some(Source::Literal(value)) => value.as_f64(),
        _ => None,
    };
    match (number(&map.tolerated_failure_count), number(&map.tolerated_failure_percentage)) {
        (None, None) => false,
        (count, share) => {
            count.is_none_or(|count| failures as f64 <= count) && share.is_none_or(|share| share >= 100.0)
        }
    }
}

fn owner(definition: &Definition, state: StateId) -> Option<StateId> {
    let block = definition.state(state).block;
    let holds = |kind: &StateKind| match kind {
        StateKind::Map(map) => map.processor == block,
        StateKind::Parallel { branches, .. } => branches.contains(&block),
        _ => false,
    };
    let place = definition.states.iter().position(|outer| holds(&outer.kind))?;
    u32::try_from(place).ok().map(StateId)
}

#[cfg(test)]
mod tests {
    use super::super::{Request, test_state};
    use super::*;

    /// A machine of a Map or a Parallel around the state `Inner`, and a test of that state.
    fn ask(outer: Value, inner: Value, more: Value) -> Value {
        let block = json!({ "StartAt": "Inner", "States": { "Inner": inner } });
        let mut state = outer;
        match state["Type"].as_str() {
            Some("Parallel") => state["Branches"] = json!([block]),
            _ => {
                state["ItemProcessor"]["StartAt"] = block["StartAt"].clone();
                state["ItemProcessor"]["States"] = block["States"].clone();
            }
        }
        let machine = json!({ "StartAt": "Outer", "States": { "Outer": state, "Next": { "Type": "Succeed" } } });
        let mut request =
            json!({ "definition": machine.to_string(), "stateName": "Inner", "inspectionLevel": "DEBUG" });
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let request: Request = serde_json::from_value(request).unwrap();
        json!(test_state(&request, 1_700_000_000_000, &mut || 7).unwrap())
    }

    fn check(outer: Value, more: Value, expect: Value) {
        let task = json!({
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": { "FunctionName": "f" },
            "Catch": [{ "ErrorEquals": ["Own"], "Next": "Inner" }], "End": true,
        });
        let answer = ask(outer.clone(), task, more);
        let details = &answer["inspectionData"]["errorDetails"];
        let shown = json!([answer["status"], answer["error"], answer["nextState"], answer["output"], details]);
        assert_eq!(shown, expect, "{outer}");
    }

    fn failing(error: &str) -> Value {
        json!({ "input": r#"{"a": 1}"#, "mock": { "errorOutput": { "error": error, "cause": "c" } } })
    }

    fn catching(error: &str) -> Value {
        json!([{ "ErrorEquals": [error], "ResultPath": "$.e", "Next": "Next" }])
    }

    #[test]
    fn an_error_goes_on_to_the_states_around() {
        let parallel = |rules: Value| {
            let mut parallel = json!({ "Type": "Parallel", "Next": "Next" });
            parallel.as_object_mut().unwrap().extend(rules.as_object().unwrap().clone());
            parallel
        };
        let caught = r#"{"a":1,"e":{"Error":"E","Cause":"c"}}"#;
        check(
            parallel(json!({ "Catch": catching("E") })),
            failing("E"),
            json!(["CAUGHT_ERROR", "E", "Next", caught, { "catchIndex": 0 }]),
        );
        check(
            parallel(json!({ "Retry": [{ "ErrorEquals": ["X"] }, { "ErrorEquals": ["E"], "IntervalSeconds": 7 }] })),
            failing("E"),
            json!(["RETRIABLE", "E", null, null, { "retryIndex": 1, "retryBackoffIntervalSeconds": 7 }]),
        );
        let retried = json!({ "Retry": [{ "ErrorEquals": ["E"], "MaxAttempts": 2 }], "Catch": catching("States.ALL") });
        let mut again = failing("E");
        again["stateConfiguration"] = json!({ "retrierRetryCount": 2 });
        check(parallel(retried), again, json!(["CAUGHT_ERROR", "E", "Next", caught, { "catchIndex": 0 }]));
        check(parallel(json!({ "Catch": catching("Own") })), failing("E"), json!(["FAILED", "E", null, null, null]));
        let own = r#"{"Error":"Own","Cause":"c"}"#;
        check(
            parallel(json!({ "Catch": catching("Own") })),
            failing("Own"),
            json!(["CAUGHT_ERROR", "Own", "Inner", own, { "catchIndex": 0 }]),
        );
        let all = parallel(json!({ "Catch": catching("States.ALL") }));
        check(all, failing("States.Runtime"), json!(["FAILED", "States.Runtime", null, null, null]));
    }

    #[test]
    fn a_distributed_map_fails_by_an_error_of_its_own() {
        let map = |tolerates: u64, catcher: &str| {
            let processor = json!({ "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" } });
            json!({
                "Type": "Map", "ItemProcessor": processor, "ToleratedFailureCount": tolerates,
                "Catch": catching(catcher), "Next": "Next",
            })
        };
        let caught = format!(r#"{{"a":1,"e":{{"Error":"{EXCEEDED}","Cause":"{TOO_MANY_FAILED}"}}}}"#);
        let exceeded = json!(["CAUGHT_ERROR", EXCEEDED, "Next", caught, { "catchIndex": 0 }]);
        let failed = json!(["FAILED", "E", null, null, null]);
        let mut second = failing("E");
        second["stateConfiguration"] = json!({ "mapIterationFailureCount": 1 });
        check(map(0, EXCEEDED), failing("E"), exceeded.clone());
        check(map(1, EXCEEDED), failing("E"), failed.clone());
        check(map(1, "States.ALL"), second, exceeded);
        check(map(0, "E"), failing("E"), failed);
    }

    #[test]
    fn a_state_inside_a_map_has_the_first_item() {
        let pass = json!({ "Type": "Pass", "Parameters": { "map.$": "$$.Map.Item" }, "End": true });
        let seen = |outer: Value| {
            let answer = ask(outer, pass.clone(), json!({ "input": "[1]" }));
            answer["output"].as_str().or(answer["error"].as_str()).unwrap().to_owned()
        };
        assert_eq!(seen(json!({ "Type": "Map", "Next": "Next" })), r#"{"map":{"Index":0,"Value":[1]}}"#);
        let processor = json!({ "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS" } });
        let distributed = json!({ "Type": "Map", "ItemProcessor": processor, "Next": "Next" });
        assert_eq!(seen(distributed), r#"{"map":{"Index":0,"Value":[1],"Source":"STATE_DATA"}}"#);
        assert_eq!(seen(json!({ "Type": "Parallel", "Next": "Next" })), "States.Runtime");
    }
}
