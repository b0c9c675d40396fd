//! What is wrong with a definition as a whole, and how it is told.

use super::{check, check_express};
use crate::definition::Definition;

#[test]
fn a_transition_stays_in_its_block() {
    check(
        r#"{"StartAt":"P","States":{"P":{"Type":"Parallel","Next":"I","Branches":[{"StartAt":"I","States":{"I":{"Type":"Pass","Next":"P"}}}]},"Z":{"Type":"Succeed"}}}"#,
        &[
            "MISSING_TRANSITION_TARGET /States/P/Branches/0/States/I/Next Missing 'Next' target: P",
            "MISSING_TRANSITION_TARGET /States/P/Next Missing 'Next' target: I",
            "MISSING_TRANSITION_TARGET /States/Z State \"Z\" is not reachable.",
            "MISSING_END_STATE /States/P/Branches/0 Workflow has no terminal state",
        ],
    );
}

#[test]
fn a_start_must_be_there() {
    check(
        r#"{"StartAt":"B","States":{"A":{"Type":"Succeed"}}}"#,
        &[
            "MISSING_TRANSITION_TARGET /StartAt Missing 'Next' target: B",
            "MISSING_TRANSITION_TARGET /States/A State \"A\" is not reachable.",
        ],
    );
}

#[test]
fn a_workflow_ends_and_reaches_its_states() {
    let loops = r#""A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","Next":"A"}"#;
    check(
        &format!(r#"{{"StartAt":"A","States":{{{loops}}}}}"#),
        &["MISSING_END_STATE / Workflow has no terminal state"],
    );
    check(
        &format!(r#"{{"StartAt":"A","States":{{{loops},"C":{{"Type":"Pass","Next":"A"}}}}}}"#),
        &["MISSING_END_STATE / Workflow has no terminal state"],
    );
    check(
        &format!(r#"{{"StartAt":"A","States":{{{loops},"C":{{"Type":"Pass","End":true}}}}}}"#),
        &["MISSING_TRANSITION_TARGET /States/C State \"C\" is not reachable."],
    );
    check(
        r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"NOPE"}}}"#,
        &[
            "MISSING_TRANSITION_TARGET /States/A/Next Missing 'Next' target: NOPE",
            "MISSING_END_STATE / Workflow has no terminal state",
        ],
    );
}

#[test]
fn a_state_reached_by_every_kind_of_transition_is_reached() {
    check(
        r#"{"StartAt":"A","States":{
            "A":{"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true,"Next":"B"}],"Default":"C"},
            "B":{"Type":"Map","ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Succeed"}}},"Next":"D","Catch":[{"ErrorEquals":["States.ALL"],"Next":"E"}]},
            "C":{"Type":"Succeed"},"D":{"Type":"Succeed"},"E":{"Type":"Fail"}}}"#,
        &[],
    );
}

#[test]
fn what_is_not_known_is_not_held_against_the_rest() {
    check(
        r#"{"StartAt":"A","States":{"A":{"Type":"Nope","Next":"B"},"B":{"Type":"Succeed"}}}"#,
        &[
            "SCHEMA_VALIDATION_FAILED /States/A/Type The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]",
        ],
    );
}

#[test]
fn names_are_unique_in_the_machine_and_short() {
    check(
        r#"{"StartAt":"A","States":{"A":{"Type":"Parallel","Branches":[{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}],"End":true}}}"#,
        &["DUPLICATE_STATE_NAME /States/A/Branches/0/States/A Duplicate State name: A"],
    );
    let long = "ü".repeat(81);
    check(
        &format!(r#"{{"StartAt":"{long}","States":{{"{long}":{{"Type":"Succeed"}}}}}}"#),
        &[&format!(
            "INVALID_STATE_NAME /States/{long} Invalid State name: State '{long}' exceeds the 80-character limit allowed by the service"
        )],
    );
    let fits = "ü".repeat(80);
    check(&format!(r#"{{"StartAt":"{fits}","States":{{"{fits}":{{"Type":"Succeed"}}}}}}"#), &[]);
}

#[test]
fn labels_are_unique_in_the_machine() {
    let map = |name: &str, end: &str| {
        format!(
            r#""{name}":{{"Type":"Map","Label":"L",{end},"ItemProcessor":{{"ProcessorConfig":{{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"}},"StartAt":"{name}i","States":{{"{name}i":{{"Type":"Succeed"}}}}}}}}"#
        )
    };
    check(
        &format!(r#"{{"StartAt":"A","States":{{{},{}}}}}"#, map("A", r#""Next":"B""#), map("B", r#""End":true"#)),
        &["DUPLICATE_LABEL_NAME /States/B/Label Duplicate Label name: L"],
    );
}

#[test]
fn an_inner_block_does_not_assign_an_outer_variable() {
    let machine = |first: &str, own: &str| {
        format!(
            r#"{{"StartAt":"A","States":{{
                "A":{{"Type":"Pass",{first}"Next":"P"}},
                "P":{{"Type":"Parallel",{own}"Branches":[{{"StartAt":"I","States":{{"I":{{"Type":"Pass","Assign":{{"v.$":"$"}},"End":true}}}}}}],"End":true}}}}}}"#
        )
    };
    check(
        &machine(r#""Assign":{"v":1},"#, ""),
        &[
            "DUPLICATE_VARIABLE_NAME /States/P/Branches/0/States/I/Assign/v.$ The variable name 'v' was already defined in a parent scope.",
        ],
    );
    check(&machine("", r#""Assign":{"v":1},"#), &[]);
    check(&machine(r#""Assign":{"w":1},"#, ""), &[]);
}

#[test]
fn a_key_stands_once() {
    check(
        r#"{"StartAt":"A","StartAt":"A","States":{"A":{"Type":"Succeed","Comment":"a","Comment":"b"}}}"#,
        &[
            "INVALID_JSON_DESCRIPTION / Duplicate field 'StartAt'",
            "INVALID_JSON_DESCRIPTION /States/A Duplicate field 'Comment'",
        ],
    );
}

#[test]
fn an_express_machine_waits_for_nobody() {
    let task = |resource: &str| {
        let parameters = match resource.contains(":::states:") {
            true => r#"{"StateMachineArn":"s"}"#,
            false => r#"{"QueueUrl":"q","MessageBody":"b"}"#,
        };
        format!(
            r#"{{"StartAt":"A","States":{{"A":{{"Type":"Task","Resource":"{resource}","Parameters":{parameters},"End":true}}}}}}"#
        )
    };
    check_express(
        &task("arn:aws:states:::sqs:sendMessage.waitForTaskToken"),
        &[
            "SCHEMA_VALIDATION_FAILED /States/A/Resource Express state machine does not support '.waitForTaskToken' service integration ",
        ],
    );
    check_express(
        &task("arn:aws:states:::states:startExecution.sync:2"),
        &[
            "SCHEMA_VALIDATION_FAILED /States/A/Resource Express state machine does not support '.sync' service integration ",
        ],
    );
    check_express(
        &task("arn:aws:states:us-east-1:123456789012:activity:a"),
        &["SCHEMA_VALIDATION_FAILED /States/A/Resource Express state machine does not support Activity ARN"],
    );
    check_express(&task("arn:aws:states:::sqs:sendMessage"), &[]);
}

#[test]
fn express_children_wait_for_nobody_either() {
    let map = |execution: &str| {
        format!(
            r#"{{"StartAt":"M","States":{{"M":{{"Type":"Map","End":true,"ItemProcessor":{{"ProcessorConfig":{{"Mode":"DISTRIBUTED","ExecutionType":"{execution}"}},
                "StartAt":"P","States":{{"P":{{"Type":"Parallel","End":true,"Branches":[{{"StartAt":"I","States":{{
                "I":{{"Type":"Task","Resource":"arn:aws:states:us-east-1:123456789012:activity:a","End":true}}}}}}]}}}}}}}}}}}}"#
        )
    };
    check(&map("STANDARD"), &[]);
    let place = "/States/M/ItemProcessor/States/P/Branches/0/States/I/Resource";
    check(
        &map("EXPRESS"),
        &[&format!("SCHEMA_VALIDATION_FAILED {place} Express state machine does not support Activity ARN")],
    );
    check_express(
        &map("EXPRESS").replace(
            "arn:aws:states:us-east-1:123456789012:activity:a",
            "arn:aws:lambda:us-east-1:123456789012:function:f",
        ),
        &[
            "SCHEMA_VALIDATION_FAILED /States/M/ItemProcessor/ProcessorConfig/Mode The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines",
        ],
    );
}

#[test]
fn the_service_tells_it_in_one_line() {
    let text = r#"{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true,"Next":"Z"},{"Variable":"$.a","StringEquals":"$.b","Next":"A"}]}}}"#;
    let refused = Definition::parse(text).expect_err("no such state");
    assert_eq!(
        refused.aws_message(),
        "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: Z at /States/A/Choices[0]/Next, \
         MISSING_END_STATE: Workflow has no terminal state at null'"
    );
    assert_eq!(
        refused.to_string(),
        "invalid state machine definition: Missing 'Next' target: Z at `/States/A/Choices/0/Next`; Workflow has no terminal state at `/`"
    );
}

#[test]
fn warnings_alone_do_not_refuse() {
    let text = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Result":"$.a","End":true}}}"#;
    assert_eq!(Definition::diagnose(text).len(), 1);
    assert!(Definition::parse(text).is_ok());
}

#[test]
fn what_is_not_json_is_shown_where_it_breaks() {
    let problems = Definition::diagnose("{\"StartAt\": 'A'}");
    assert_eq!(
        problems[0].message,
        "Unexpected character (''' (code 39)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
    );
    let location = r#"[Source: (String)"{"StartAt": 'A'}"; line: 1, column: 14]"#;
    assert_eq!((problems.len(), problems[0].location.as_deref()), (1, Some(location)));
    let refused = Definition::parse("no").unwrap_err().aws_message();
    let start = "Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: Unrecognized token 'no': was expecting (";
    assert!(refused.starts_with(start), "{refused}");
    assert!(refused.ends_with(r#") at [Source: (String)"no"; line: 1, column: 3]'"#), "{refused}");
}
