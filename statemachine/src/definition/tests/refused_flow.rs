//! What is wrong with rules, handlers, paths, templates and variables.

use super::{check, check_jsonata, check_state};

/// A Task with some handlers; the state that they lead to is itself.
fn task(fields: &str) -> String {
    format!(r#"{{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:f","End":true,{fields}}}"#)
}

/// A machine whose first state is a Choice with one rule.
#[track_caller]
fn check_rule(rule: &str, expected: &[&str]) {
    let text = format!(
        r#"{{"StartAt":"C","States":{{"C":{{"Type":"Choice","Choices":[{rule}]}},"B":{{"Type":"Succeed"}}}}}}"#
    );
    let expected: Vec<String> = expected
        .iter()
        .map(|line| line.replacen(" /", " /States/C/Choices/0/", 1).replacen("/0/ ", "/0 ", 1))
        .collect();
    check(&text, &expected.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn a_rule_has_one_condition_and_a_target() {
    let one = "The object must have only one of the following fields, [And, Or, Not, Variable, Condition]";
    check_rule(r#"{"Next":"B"}"#, &[&format!("SCHEMA_VALIDATION_FAILED / {one}")]);
    check_rule(
        r#"{"Variable":"$.a","IsNull":true,"Not":{"Variable":"$.a","IsNull":true},"Next":"B"}"#,
        &[&format!("SCHEMA_VALIDATION_FAILED / {one}")],
    );
    check_rule(
        r#"{"Variable":"$.a","IsNull":true,"IsString":true,"Next":"B"}"#,
        &["SCHEMA_VALIDATION_FAILED / There should only be one of the following fields: [IsNull, IsString]"],
    );
    check_rule(
        r#"{"Variable":"$.a","Next":"B"}"#,
        &["SCHEMA_VALIDATION_FAILED / There should be one comparison operator for the field 'Variable'"],
    );
    check_rule(r#"{"IsNull":true,"Next":"B"}"#, &["SCHEMA_VALIDATION_FAILED / These fields are required: [Variable]"]);
    check_rule(
        r#"{"Variable":"$.a","IsNull":true}"#,
        &["SCHEMA_VALIDATION_FAILED / These fields are required: [Next]"],
    );
    check_rule(
        r#"{"Variable":"$.a","Equals":1,"Next":"B"}"#,
        &[
            "SCHEMA_VALIDATION_FAILED / Field 'Equals' is not supported",
            "SCHEMA_VALIDATION_FAILED / There should be one comparison operator for the field 'Variable'",
        ],
    );
    check_state(
        r#"{"Type":"Choice","Choices":[]}"#,
        &[
            "SCHEMA_VALIDATION_FAILED /Choices Value cannot be empty",
            "MISSING_END_STATE / Workflow has no terminal state",
        ],
    );
}

#[test]
fn a_rule_inside_a_rule_goes_nowhere() {
    check_rule(
        r#"{"And":[{"Variable":"$.a","IsNull":true,"Next":"B"}],"Next":"B"}"#,
        &["SCHEMA_VALIDATION_FAILED /And/0 Field 'Next' is not supported"],
    );
    check_rule(r#"{"Or":[],"Next":"B"}"#, &["SCHEMA_VALIDATION_FAILED /Or Value cannot be empty"]);
    check_rule(r#"{"Not":[],"Next":"B"}"#, &["SCHEMA_VALIDATION_FAILED /Not Expected value of type Object"]);
}

#[test]
fn an_operand_fits_its_operator() {
    let rule = |field: &str| format!(r#"{{"Variable":"$.a",{field},"Next":"B"}}"#);
    check_rule(&rule(r#""StringEquals":1"#), &["SCHEMA_VALIDATION_FAILED /StringEquals Expected value of type String"]);
    check_rule(
        &rule(r#""NumericEquals":"1""#),
        &["SCHEMA_VALIDATION_FAILED /NumericEquals Expected value of type Number"],
    );
    check_rule(
        &rule(r#""BooleanEquals":"true""#),
        &["SCHEMA_VALIDATION_FAILED /BooleanEquals Expected value of type Boolean"],
    );
    check_rule(
        &rule(r#""TimestampLessThan":"noon""#),
        &["SCHEMA_VALIDATION_FAILED /TimestampLessThan String does not match RFC3339 timestamp"],
    );
    check_rule(&rule(r#""IsPresent":1"#), &["SCHEMA_VALIDATION_FAILED /IsPresent Expected value of type Boolean"]);
    check_rule(
        &rule(r#""StringEqualsPath":"b""#),
        &[
            "SCHEMA_VALIDATION_FAILED /StringEqualsPath Value is not a Reference Path: Reference path didn't start with '$'",
        ],
    );
    check_rule(
        &rule(r#""StringEquals":"$.b""#),
        &[
            "NO_PATH /StringEquals The value of the field 'StringEquals' looks like a path; it is read only in the field 'StringEqualsPath'",
        ],
    );
    check_rule(
        r#"{"Variable":"$.a[*]","IsNull":true,"Next":"B"}"#,
        &["SCHEMA_VALIDATION_FAILED /Variable Value is not a Reference Path"],
    );
}

#[test]
fn a_jsonata_rule_has_a_condition() {
    let rule = |rule: &str| format!(r#"{{"Type":"Choice","Choices":[{rule}],"Default":"A"}}"#);
    let loops = "MISSING_END_STATE / Workflow has no terminal state";
    check_jsonata(
        &rule(r#"{"Next":"A"}"#),
        &["SCHEMA_VALIDATION_FAILED /Choices/0 These fields are required: [Condition]", loops],
    );
    check_jsonata(
        &rule(r#"{"Condition":"true","Next":"A"}"#),
        &["SCHEMA_VALIDATION_FAILED /Choices/0/Condition Value must be a boolean or a JSONata expression", loops],
    );
    check_jsonata(
        &rule(r#"{"Variable":"$.a","Condition":true,"Next":"A"}"#),
        &[
            "SCHEMA_VALIDATION_FAILED /Choices/0 The QueryLanguage is set to 'JSONata', but field 'Variable' is only supported for the 'JSONPath' QueryLanguage",
            loops,
        ],
    );
}

#[test]
fn a_retrier_has_errors_and_sound_delays() {
    let retry = |entry: &str| task(&format!(r#""Retry":[{entry}]"#));
    check_state(&retry("{}"), &["SCHEMA_VALIDATION_FAILED /Retry/0 These fields are required: [ErrorEquals]"]);
    check_state(
        &retry(r#"{"ErrorEquals":[]}"#),
        &["SCHEMA_VALIDATION_FAILED /Retry/0/ErrorEquals Value cannot be empty"],
    );
    check_state(
        &retry(r#"{"ErrorEquals":[1]}"#),
        &["SCHEMA_VALIDATION_FAILED /Retry/0/ErrorEquals/0 Expected value of type String"],
    );
    for (field, said) in [
        (r#""BackoffRate":0.9"#, "BackoffRate Minimum value is 1.0"),
        (r#""MaxAttempts":100000000"#, "MaxAttempts Maximum value is 99999999"),
        (r#""MaxAttempts":-1"#, "MaxAttempts Minimum value is 0"),
        (r#""MaxDelaySeconds":31622401"#, "MaxDelaySeconds Maximum value is 31622400"),
        (r#""MaxDelaySeconds":1"#, "MaxDelaySeconds MaxDelaySeconds must be greater than IntervalSeconds"),
        (r#""IntervalSeconds":-1"#, "IntervalSeconds Minimum value is 0"),
        (r#""JitterStrategy":"SOME""#, "JitterStrategy Value should be one of the following: [NONE, FULL]"),
    ] {
        check_state(
            &retry(&format!(r#"{{"ErrorEquals":["E"],{field}}}"#)),
            &[&format!("SCHEMA_VALIDATION_FAILED /Retry/0/{said}")],
        );
    }
}

#[test]
fn the_catch_all_stands_alone_and_last() {
    let all = "States.ALL must appear alone and at end of list";
    check_state(
        &task(r#""Retry":[{"ErrorEquals":["E","States.ALL"]}]"#),
        &[&format!("SCHEMA_VALIDATION_FAILED /Retry/0/ErrorEquals/1 {all}")],
    );
    check_state(
        &task(r#""Catch":[{"ErrorEquals":["States.ALL"],"Next":"A"},{"ErrorEquals":["E"],"Next":"A"}]"#),
        &[&format!("SCHEMA_VALIDATION_FAILED /Catch/0/ErrorEquals/0 {all}")],
    );
    check_state(&task(r#""Catch":[{"ErrorEquals":["States.DataLimitExceeded","States.Runtime"],"Next":"A"}]"#), &[]);
}

#[test]
fn a_catcher_leads_somewhere() {
    check_state(
        &task(r#""Catch":[{"ErrorEquals":["E"]}]"#),
        &["SCHEMA_VALIDATION_FAILED /Catch/0 These fields are required: [Next]"],
    );
    check_state(
        &task(r#""Catch":[{"ErrorEquals":["E"],"Next":"Z"}]"#),
        &["MISSING_TRANSITION_TARGET /Catch/0/Next Missing 'Next' target: Z"],
    );
    check_state(&task(r#""Catch":{}"#), &["SCHEMA_VALIDATION_FAILED /Catch Expected value of type Array"]);
}

#[test]
fn paths_are_paths() {
    let pass = |field: &str| format!(r#"{{"Type":"Pass",{field},"End":true}}"#);
    check_state(
        &pass(r#""OutputPath":"Test""#),
        &["SCHEMA_VALIDATION_FAILED /OutputPath Value must be a valid JSONPath."],
    );
    check_state(&pass(r#""InputPath":7"#), &["SCHEMA_VALIDATION_FAILED /InputPath Expected value of type String"]);
    check_state(
        &pass(r#""ResultPath":"$.a[*]""#),
        &["SCHEMA_VALIDATION_FAILED /ResultPath Value is not a Reference Path"],
    );
    check_state(
        &pass(r#""ResultPath":"$$.a""#),
        &["SCHEMA_VALIDATION_FAILED /ResultPath Value is not a Reference Path"],
    );
    check_state(&pass(r#""ResultPath":"$v""#), &["SCHEMA_VALIDATION_FAILED /ResultPath Value is not a Reference Path"]);
}

#[test]
fn templates_hold_paths_where_they_say_so() {
    let pass = |parameters: &str| format!(r#"{{"Type":"Pass","Parameters":{parameters},"End":true}}"#);
    let said = |place: &str, field: &str| {
        format!(
            "SCHEMA_VALIDATION_FAILED {place} The value for the field '{field}' must be a valid JSONPath or a valid intrinsic function call"
        )
    };
    check_state(&pass(r#"{"Date.$":"today"}"#), &[&said("/Parameters", "Date.$")]);
    check_state(&pass(r#"{"a":[{"b.$":"States.Nope()"}]}"#), &[&said("/Parameters/a/0", "b.$")]);
    check_state(&pass(r#""$.a""#), &["SCHEMA_VALIDATION_FAILED /Parameters Expected value of type Object"]);
    check_state(
        &pass(r#"{"a":"$.b"}"#),
        &[
            "NO_DOLLAR /Parameters/a The value of the field 'a' looks like a JSONPath or an intrinsic function call; it is read only in a field named 'a.$'",
        ],
    );
    check_state(
        r#"{"Type":"Pass","Result":{"a":"$.b"},"End":true}"#,
        &[
            "PASS_RESULT_IS_STATIC /Result The 'Result' of a Pass state is static: a path in it is not read. Use 'Parameters' instead",
        ],
    );
}

#[test]
fn variables_have_names() {
    let pass = |assign: &str| format!(r#"{{"Type":"Pass","Assign":{assign},"End":true}}"#);
    check_state(
        &pass(r#"{"states":1}"#),
        &["RESERVED_VARIABLE_NAME /Assign/states Cannot assign to reserved variable '$states'."],
    );
    check_state(
        &pass(r#"{"states.$":"$"}"#),
        &["RESERVED_VARIABLE_NAME /Assign/states.$ Cannot assign to reserved variable '$states'."],
    );
    check_state(
        &pass(r#"{"1a":1}"#),
        &[
            "INVALID_VARIABLE_NAME /Assign/1a Invalid variable name '1a': the variable name contains invalid characters.",
        ],
    );
    check_state(
        &pass(r#"{"a b":1}"#),
        &[
            "INVALID_VARIABLE_NAME /Assign/a b Invalid variable name 'a b': the variable name contains invalid characters.",
        ],
    );
    check_state(&pass(r#"{"größe_2":1,"x.$":"$.y"}"#), &[]);
    check_state(&pass("[]"), &["SCHEMA_VALIDATION_FAILED /Assign Expected value of type Object"]);
}

#[test]
fn expressions_can_be_read() {
    let pass = |output: &str| format!(r#"{{"Type":"Pass","Output":{output},"End":true}}"#);
    check_jsonata(
        &pass(r#"{"v":["{% phone %}"]}"#),
        &["UNSUPPORTED_JSONATA_EXPRESSION /Output/v/0 Reference to 'phone' at the top level is not supported."],
    );
    check_jsonata(&pass(r#""{% 1 + %}""#), &["INVALID_JSONATA_EXPRESSION /Output Unexpected end of expression"]);
    check_jsonata(
        &pass(r#"{"v":"{% 1"}"#),
        &["SCHEMA_VALIDATION_FAILED /Output/v JSONata string must start with {% and end with %}"],
    );
    check_jsonata(
        r#"{"Type":"Wait","Seconds":"{% 1 + %}","End":true}"#,
        &["INVALID_JSONATA_EXPRESSION /Seconds Unexpected end of expression"],
    );
    check_jsonata(
        r#"{"Type":"Wait","Seconds":"1","End":true}"#,
        &["SCHEMA_VALIDATION_FAILED /Seconds Expected value of type Integer"],
    );
}

#[test]
fn a_result_and_an_error_are_read_where_there_is_one() {
    let said = |place: &str, member: &str| {
        format!("UNSUPPORTED_JSONATA_EXPRESSION {place} Reference to '$states.{member}' is not supported.")
    };
    check_jsonata(
        r#"{"Type":"Pass","Output":{"a":["{% $states.result.b %}"]},"End":true}"#,
        &[&said("/Output/a/0", "result")],
    );
    check_jsonata(
        &task(r#""Arguments":{"p":"{% $states.result %}"},"Output":"{% $states.errorOutput.Cause %}""#),
        &[&said("/Arguments/p", "result"), &said("/Output", "errorOutput")],
    );
    check_jsonata(
        &task(
            r#""Catch":[{"ErrorEquals":["E"],"Output":"{% $states.errorOutput %}","Assign":{"x":"{% $states.result %}"},"Next":"A"}]"#,
        ),
        &[&said("/Catch/0/Assign/x", "result")],
    );
    check_jsonata(&task(r#""Output":"{% $states.result %}","Assign":{"x":"{% [$states.result.a, $states] %}"}"#), &[]);
}
