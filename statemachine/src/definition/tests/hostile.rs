//! Text that means no good: it gets an answer, soon and of bounded size.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::lines;
use crate::definition::Definition;

#[test]
fn what_is_no_json_is_refused_as_such() {
    for text in ["", "  \n", "{", "{\"StartAt\":}", "nonsense", "{} {}", "\u{0}"] {
        let problems = Definition::diagnose(text);
        let code = if text.trim().is_empty() { "MISSING_DESCRIPTION" } else { "INVALID_JSON_DESCRIPTION" };
        assert_eq!(problems.iter().map(|p| p.code.as_str()).collect::<Vec<_>>(), [code], "{text:?}");
    }
}

#[test]
fn nesting_is_bounded() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let text = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        assert_eq!(lines(&Definition::diagnose(&text)), ["TOO_DEEPLY_NESTED / The states are too deeply nested"]);
    }
}

#[test]
fn length_is_bounded() {
    let machine = |comment: usize| {
        format!(r#"{{"Comment":"{}","StartAt":"A","States":{{"A":{{"Type":"Succeed"}}}}}}"#, "c".repeat(comment))
    };
    assert!(Definition::parse(&machine(1_000_000)).is_ok());
    assert_eq!(
        lines(&Definition::diagnose(&machine(1_048_576))),
        ["SCHEMA_VALIDATION_FAILED / The definition has more than 1048576 characters"]
    );
}

#[test]
fn many_mistakes_below_a_long_name_are_told_in_bounded_space() {
    let name = "n".repeat(400_000);
    let retry = vec![json!({ "Nope": 1 }); 20_000];
    let text = json!({ "StartAt": name, "States": { (name.clone()): { "Type": "Map", "Retry": retry } } }).to_string();
    let problems = Definition::diagnose(&text);
    let size: usize =
        problems.iter().map(|p| p.message.len() + p.pointer.len() + p.location.as_ref().map_or(0, String::len)).sum();
    assert!(!problems.is_empty() && size < 8 << 20, "{} problems, {size} bytes", problems.len());
    assert!(Definition::parse(&text).is_err());
}

#[test]
fn a_pointer_escapes_and_a_location_does_not() {
    let problems =
        Definition::diagnose(r#"{"StartAt":"a/b~c","States":{"a/b~c":{"Type":"Wait","Seconds":-1,"End":true}}}"#);
    assert_eq!(problems[0].pointer, "/States/a~1b~0c/Seconds");
    assert_eq!(problems[0].location.as_deref(), Some("/States/a/b~c/Seconds"));
}

/// A definition that uses most of the language, to be broken at random.
fn sound() -> Value {
    json!({
        "Comment": "all", "Version": "1.0", "TimeoutSeconds": 60, "StartAt": "Task",
        "States": {
            "Task": {
                "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "TimeoutSeconds": 9, "HeartbeatSecondsPath": "$.h",
                "Parameters": { "QueueUrl": "q", "MessageBody": { "token.$": "$$.Task.Token" } }, "ResultSelector": { "a.$": "$.b" }, "ResultPath": "$.r",
                "Retry": [{ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "BackoffRate": 1.5, "MaxDelaySeconds": 10 }],
                "Catch": [{ "ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Assign": { "x.$": "$.y" }, "Next": "Fail" }],
                "Assign": { "v.$": "$.w" }, "Next": "Choice"
            },
            "Choice": {
                "Type": "Choice", "Default": "Wait",
                "Choices": [
                    { "And": [{ "Variable": "$.a", "StringEquals": "b" }, { "Not": { "Variable": "$.c", "NumericLessThanPath": "$.d" } }], "Next": "Parallel" },
                    { "Variable": "$v", "TimestampGreaterThan": "2026-01-01T00:00:00Z", "Next": "Map" }
                ]
            },
            "Wait": { "Type": "Wait", "Timestamp": "2026-01-01T00:00:00Z", "Next": "Pass" },
            "Pass": { "Type": "Pass", "QueryLanguage": "JSONata", "Output": { "a": "{% $states.input %}" }, "End": true },
            "Parallel": { "Type": "Parallel", "Branches": [{ "StartAt": "In", "States": { "In": { "Type": "Succeed" } } }], "End": true },
            "Map": {
                "Type": "Map", "ItemsPath": "$.i", "ItemSelector": { "v.$": "$$.Map.Item.Value" }, "MaxConcurrency": 3, "Label": "L", "End": true,
                "ItemReader": { "Resource": "arn:aws:states:::s3:getObject", "Parameters": { "Bucket": "b" }, "ReaderConfig": { "InputType": "JSON" } },
                "ItemProcessor": {
                    "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
                    "StartAt": "Each", "States": { "Each": { "Type": "Pass", "Result": 1, "End": true } }
                }
            },
            "Fail": { "Type": "Fail", "Error": "E", "CausePath": "States.Format('{}', $.e)" }
        }
    })
}

#[test]
fn the_definition_to_be_broken_is_sound() {
    assert_eq!(lines(&Definition::diagnose(&sound().to_string())), Vec::<String>::new());
}

/// Every place in a value, as JSON pointers.
fn places(value: &Value, here: String, all: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            places(value, format!("{here}/{}", name.replace('~', "~0").replace('/', "~1")), all)
        }),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| places(value, format!("{here}/{index}"), all))
        }
        _ => {}
    }
    all.push(here);
}

fn any_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "Type",
        "Pass",
        "Task",
        "Choice",
        "Map",
        "States",
        "StartAt",
        "Next",
        "End",
        "A",
        "Choices",
        "Variable",
        "And",
        "Catch",
        "Retry",
        "ErrorEquals",
        "Branches",
        "ItemProcessor",
        "QueryLanguage",
        "JSONata",
        "{% 1 %}",
        "$.a",
        "$$.b",
        "Assign",
        "Result",
        "Wait",
        "Seconds",
        "Parallel",
        "Fail",
        "Resource",
        "",
    ]);
    let word = words.prop_map(str::to_owned).boxed();
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..6)
                .prop_map(|fields| Value::from(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// What must hold of any text: an answer, the same both ways.
fn holds(text: &str) -> Result<(), TestCaseError> {
    let problems = Definition::diagnose(text);
    let refused = problems.iter().any(|p| p.severity == crate::definition::Severity::Error);
    match Definition::parse(text) {
        Ok(definition) => {
            prop_assert!(!refused);
            // Everything that a sound definition names is there.
            for state in &definition.states {
                for target in state.targets() {
                    prop_assert_eq!(definition.state(target).block, state.block);
                }
            }
            let _ = definition.graph();
        }
        Err(error) => {
            prop_assert!(refused);
            prop_assert_eq!(error.problems, problems);
        }
    }
    let _ = Definition::parse_state("A", text);
    Ok(())
}

proptest! {
    #[test]
    fn any_text_gets_an_answer(text in ".{0,200}") {
        holds(&text)?;
    }

    #[test]
    fn any_json_gets_an_answer(value in any_json()) {
        holds(&value.to_string())?;
    }

    #[test]
    fn a_broken_definition_gets_an_answer(breaks in prop::collection::vec((any::<prop::sample::Index>(), any_json()), 1..4)) {
        let mut value = sound();
        for (place, replacement) in breaks {
            let mut all = Vec::new();
            places(&value, String::new(), &mut all);
            if let Some(there) = value.pointer_mut(&all[place.index(all.len())]) {
                *there = replacement;
            }
        }
        holds(&value.to_string())?;
    }

    #[test]
    fn a_cut_definition_gets_an_answer(at in any::<prop::sample::Index>()) {
        let text = sound().to_string();
        holds(&text[..at.index(text.len())])?;
    }
}
