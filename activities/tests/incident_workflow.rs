//! The incident workflow and this package agree: states, functions, placeholders, errors.
//!
//! Reads `statemachine/incident.asl.json` as a deployment would and checks what both sides lean on.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail loudly")]

use std::collections::{BTreeMap, BTreeSet};

use activities::{EDGE_FUNCTIONS, PURE_FUNCTIONS, PlaceholderKind, fill, placeholders};
use serde_json::Value;

const DEFINITION: &str = include_str!("../../statemachine/incident.asl.json");

fn states() -> BTreeMap<String, Value> {
    let definition: Value = serde_json::from_str(DEFINITION).expect("the unfilled definition is JSON");
    assert_eq!(definition["QueryLanguage"], "JSONata");
    definition["States"].as_object().unwrap().iter().map(|(name, state)| (name.clone(), state.clone())).collect()
}

fn functions() -> BTreeSet<&'static str> {
    PURE_FUNCTIONS.into_iter().chain(EDGE_FUNCTIONS).collect()
}

/// Every text of a value, keys left out.
fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, found)),
        _ => {}
    }
}

/// The names between `${` and `}`.
fn placeholders_in(text: &str) -> Vec<&str> {
    text.match_indices("${").map(|(at, _)| text[at + 2..].split('}').next().unwrap()).collect()
}

/// Every value of a key, at any depth.
fn values_of<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| values_of(item, key, found)),
        Value::Object(fields) => {
            found.extend(fields.get(key));
            fields.values().for_each(|field| values_of(field, key, found));
        }
        _ => {}
    }
}

fn filled() -> String {
    let arn = |name: &str| {
        name.strip_suffix("_function_arn")
            .map(|function| format!("arn:aws:lambda:eu-west-1:123456789012:function:sao-{function}"))
    };
    fill(DEFINITION, arn).unwrap()
}

#[test]
fn the_seven_names_are_states_in_their_order() {
    let states = states();
    for name in ["Detect", "Context", "Reason", "Propose", "WaitForTaskToken", "Execute", "Record"] {
        assert_eq!(states[name]["Type"], "Task", "{name}");
    }
    let definition: Value = serde_json::from_str(DEFINITION).unwrap();
    assert_eq!(definition["StartAt"], "Detect");
}

#[test]
fn every_next_state_exists_and_is_reachable() {
    let states = states();
    let mut reached = BTreeSet::from(["Detect".to_owned()]);
    for (name, state) in &states {
        let mut next = Vec::new();
        values_of(state, "Next", &mut next);
        values_of(state, "Default", &mut next);
        for target in next {
            let target = target.as_str().unwrap();
            assert!(states.contains_key(target), "`{name}` leads to `{target}`, which does not exist");
            reached.insert(target.to_owned());
        }
    }
    assert_eq!(reached, states.keys().cloned().collect(), "every state is reachable");
}

#[test]
fn every_function_of_the_machine_exists() {
    let mut used = BTreeSet::new();
    for (name, state) in states().iter().filter(|(_, state)| state["Type"] == "Task") {
        let function = state["Arguments"]["FunctionName"].as_str().unwrap();
        let function = function.strip_prefix("${").and_then(|rest| rest.strip_suffix("_function_arn}")).expect(name);
        assert!(functions().contains(function), "`{name}` calls `{function}`");
        let resource = state["Resource"].as_str().unwrap();
        let waits = if name == "WaitForTaskToken" { ".waitForTaskToken" } else { "" };
        assert_eq!(resource, format!("arn:aws:states:::lambda:invoke{waits}"), "{name}");
        used.insert(function.to_owned());
    }
    assert_eq!(used, functions().into_iter().map(ToOwned::to_owned).collect(), "every function is used");
}

#[test]
fn placeholders_are_exactly_the_documented_ones_and_stand_inside_texts() {
    let documented: BTreeSet<&str> = placeholders().iter().map(|placeholder| placeholder.name).collect();
    assert_eq!(documented.len(), placeholders().len(), "each is documented once");
    let used: BTreeSet<&str> = placeholders_in(DEFINITION).into_iter().collect();
    assert_eq!(used, documented);
    let definition: Value = serde_json::from_str(DEFINITION).unwrap();
    let mut found = Vec::new();
    texts(&definition, &mut found);
    let inside: usize = found.iter().map(|text| placeholders_in(text).len()).sum();
    assert_eq!(inside, placeholders_in(DEFINITION).len(), "none stands in a key");
    // Terraform's template language would take this for a directive.
    assert!(!DEFINITION.contains("%{"));
}

#[test]
fn settings_enter_in_one_place() {
    for placeholder in placeholders().iter().filter(|placeholder| placeholder.kind != PlaceholderKind::FunctionArn) {
        let times = placeholders_in(DEFINITION).into_iter().filter(|name| *name == placeholder.name).count();
        assert_eq!(times, 1, "{}", placeholder.name);
        let path = format!("/Arguments/Payload/settings/{}", placeholder.name);
        let text = states()["Detect"].pointer(&path).and_then(Value::as_str).map(ToOwned::to_owned);
        let expression = format!("{{% ${{{}}} %}}", placeholder.name);
        let word = format!("${{{}}}", placeholder.name);
        let expected = if placeholder.kind == PlaceholderKind::Word { word } else { expression };
        assert_eq!(text.as_deref(), Some(expected.as_str()));
    }
}

#[test]
fn the_embedded_defaults_are_settings_within_bounds() {
    let mut settings = serde_json::Map::new();
    for placeholder in placeholders() {
        let value = match placeholder.kind {
            PlaceholderKind::FunctionArn => continue,
            PlaceholderKind::Word => Value::from(placeholder.embedded),
            PlaceholderKind::Number | PlaceholderKind::Boolean => serde_json::from_str(placeholder.embedded).unwrap(),
        };
        settings.insert(placeholder.name.to_owned(), value);
    }
    let settings: activities::shape::Settings = serde_json::from_value(Value::Object(settings)).unwrap();
    assert_eq!(settings.problems(), Vec::<String>::new());
}

#[test]
fn a_filled_definition_has_no_placeholder_left_and_is_json() {
    let filled = filled();
    assert!(!filled.contains("${"));
    assert!(serde_json::from_str::<Value>(&filled).is_ok());
}

#[test]
fn values_that_do_not_fit_are_refused_by_name() {
    #[track_caller]
    fn check(name: &str, value: &str) {
        let found = fill(DEFINITION, |asked| {
            if asked == name {
                Some(value.to_owned())
            } else {
                asked.ends_with("_arn").then(|| "arn:aws:lambda:r:1:function:f".to_owned())
            }
        });
        let message = found.unwrap_err().message().to_owned();
        assert!(message.contains(name), "{message}");
    }
    check("mode", "ask\", \"x\": \"");
    check("settle_seconds", "$eval('1')");
    check("settle_seconds", "-1");
    check("undo_unchanged", "yes");
    check("act_function_arn", "act");
    let missing = fill(DEFINITION, |_| None).unwrap_err();
    assert!(missing.message().contains("detect_function_arn") && missing.message().contains("remember_function_arn"));
}

#[test]
fn every_failure_after_detect_leads_to_a_record() {
    for (name, state) in states().iter().filter(|(_, state)| state["Type"] == "Task") {
        let catches: Vec<&Value> =
            state["Catch"].as_array().map(|catches| catches.iter().collect()).unwrap_or_default();
        let all = catches.iter().find(|catch| catch["ErrorEquals"][0] == "States.ALL");
        let next = all.and_then(|catch| catch["Next"].as_str());
        let expected = match name.as_str() {
            // Nothing is known before it, and nothing was done: the execution fails and says why.
            "Detect" => None,
            // The rules answer in place of the model.
            "Infer" => Some("Rules Instead"),
            // The lock ends by itself.
            "Unlock" => Some("Record"),
            "Record" => Some("Broken"),
            "Remember" => Some("Tell The Outcome"),
            "Tell The Outcome" => Some("How It Ended"),
            _ => Some("Is A Lock Held"),
        };
        assert_eq!(next, expected, "{name}");
        assert!(state["TimeoutSeconds"].is_number() || name == "WaitForTaskToken", "{name}");
        assert!(state["Retry"].to_string().contains("Sao.Transient"), "{name}");
    }
}

#[test]
fn the_token_goes_to_notify_and_nowhere_else() {
    assert_eq!(DEFINITION.matches("Task.Token").count(), 1);
    assert_eq!(states()["WaitForTaskToken"]["Arguments"]["Payload"]["token"], "{% $states.context.Task.Token %}");
}

#[test]
fn every_variable_that_is_read_was_assigned() {
    let mut assigned = BTreeSet::new();
    for state in states().values() {
        let mut assigns = Vec::new();
        values_of(state, "Assign", &mut assigns);
        assigned.extend(
            assigns.into_iter().flat_map(|assign| assign.as_object().unwrap().keys().cloned().collect::<Vec<_>>()),
        );
    }
    // What JSONata and Step Functions bring along.
    let known = ["states", "append", "merge", "count", "exists", "join", "substring"];
    let definition: Value = serde_json::from_str(DEFINITION).unwrap();
    let mut found = Vec::new();
    texts(&definition, &mut found);
    for text in found.iter().filter(|text| text.starts_with("{%")) {
        for (at, _) in text.match_indices('$').filter(|(at, _)| !text[at + 1..].starts_with('{')) {
            let name: String = text[at + 1..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            assert!(assigned.contains(&name) || known.contains(&name.as_str()), "`${name}` in `{text}`");
        }
    }
    for function in known {
        assert!(!assigned.contains(function), "`{function}` would hide what JSONata brings along");
    }
}
