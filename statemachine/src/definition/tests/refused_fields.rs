//! What is wrong with single fields: unknown, missing, of the wrong type, out of range, of the other query language.

use super::{check, check_jsonata, check_state};

const LAMBDA: &str = r#""Resource":"arn:aws:lambda:us-east-1:123456789012:function:f""#;

/// A Task that calls a function, with some more fields.
fn task(fields: &str) -> String {
    format!(r#"{{"Type":"Task",{LAMBDA},"End":true,{fields}}}"#)
}

#[test]
fn a_machine_has_its_own_fields() {
    let a = r#""A":{"Type":"Succeed"}"#;
    check("{}", &["SCHEMA_VALIDATION_FAILED / These fields are required: [States, StartAt]"]);
    check(&format!(r#"{{"States":{{{a}}}}}"#), &["SCHEMA_VALIDATION_FAILED / These fields are required: [StartAt]"]);
    check(
        &format!(r#"{{"StartAt":"A","States":{{{a}}},"Version":"2.0"}}"#),
        &["SCHEMA_VALIDATION_FAILED /Version Value should be one of the following: [1.0]"],
    );
    check(
        &format!(r#"{{"StartAt":"A","States":{{{a}}},"comment":"c"}}"#),
        &["SCHEMA_VALIDATION_FAILED / Field 'comment' is not supported"],
    );
    check(
        &format!(r#"{{"StartAt":"A","States":{{{a}}},"Comment":1}}"#),
        &["SCHEMA_VALIDATION_FAILED /Comment Expected value of type String"],
    );
    check(
        &format!(r#"{{"StartAt":"A","States":{{{a}}},"TimeoutSeconds":100000000}}"#),
        &["SCHEMA_VALIDATION_FAILED /TimeoutSeconds Maximum value is 99999999"],
    );
    check(
        &format!(r#"{{"StartAt":1,"States":{{{a}}}}}"#),
        &["SCHEMA_VALIDATION_FAILED /StartAt Expected value of type String"],
    );
    check(
        r#"{"StartAt":"A","States":[]}"#,
        &[
            "SCHEMA_VALIDATION_FAILED /States Expected value of type Object",
            "MISSING_TRANSITION_TARGET /StartAt Missing 'Next' target: A",
        ],
    );
    check("[]", &["SCHEMA_VALIDATION_FAILED / Expected value of type Object"]);
}

#[test]
fn a_state_has_one_of_eight_types() {
    let types = "[Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]";
    check_state(
        r#"{"Type":"Pas","End":true}"#,
        &[&format!("SCHEMA_VALIDATION_FAILED /Type The field 'Type' should have one of these values: {types}")],
    );
    check_state(r#"{"End":true}"#, &["SCHEMA_VALIDATION_FAILED  These fields are required: [Type]"]);
    check_state(r#"{"Type":7}"#, &["SCHEMA_VALIDATION_FAILED /Type Expected value of type String"]);
    check_state("null", &["SCHEMA_VALIDATION_FAILED  Expected value of type Object"]);
}

#[test]
fn a_field_belongs_to_its_types() {
    for (kind, field) in [
        ("Pass", "Catch"),
        ("Wait", "Retry"),
        ("Map", "TimeoutSeconds"),
        ("Parallel", "Resource"),
        ("Succeed", "Next"),
        ("Fail", "End"),
    ] {
        let rest = match kind {
            "Pass" => r#""End":true"#,
            "Wait" => r#""Seconds":1,"End":true"#,
            "Map" => r#""ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Succeed"}}},"End":true"#,
            "Parallel" => r#""Branches":[{"StartAt":"I","States":{"I":{"Type":"Succeed"}}}],"End":true"#,
            _ => r#""Comment":"c""#,
        };
        check_state(
            &format!(r#"{{"Type":"{kind}","{field}":1,{rest}}}"#),
            &[&format!("SCHEMA_VALIDATION_FAILED  Field '{field}' is not supported")],
        );
    }
}

#[test]
fn a_field_belongs_to_its_query_language() {
    let other = |language: &str, field: &str, wanted: &str| {
        format!(
            "SCHEMA_VALIDATION_FAILED  The QueryLanguage is set to '{language}', but field '{field}' is only supported for the '{wanted}' QueryLanguage"
        )
    };
    check_state(r#"{"Type":"Pass","Output":1,"End":true}"#, &[&other("JSONPath", "Output", "JSONata")]);
    check_state(&task(r#""Arguments":{}"#), &[&other("JSONPath", "Arguments", "JSONata")]);
    for field in ["InputPath", "OutputPath", "ResultPath", "Parameters", "Result"] {
        check_jsonata(
            &format!(r#"{{"Type":"Pass","{field}":null,"End":true}}"#),
            &[&other("JSONata", field, "JSONPath")],
        );
    }
    check_jsonata(r#"{"Type":"Wait","SecondsPath":"$.a","End":true}"#, &[&other("JSONata", "SecondsPath", "JSONPath")]);
}

#[test]
fn a_jsonata_machine_has_no_jsonpath_states() {
    check_jsonata(
        r#"{"Type":"Pass","QueryLanguage":"JSONPath","End":true}"#,
        &[
            "SCHEMA_VALIDATION_FAILED  'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
        ],
    );
    check_state(
        r#"{"Type":"Pass","QueryLanguage":"XPath","End":true}"#,
        &["SCHEMA_VALIDATION_FAILED /QueryLanguage Value should be one of the following: [JSONPath, JSONata]"],
    );
}

#[test]
fn a_state_goes_on_or_ends() {
    check_state(
        r#"{"Type":"Pass"}"#,
        &["SCHEMA_VALIDATION_FAILED  This object should have only one of the following fields: [Next, End]"],
    );
    check_state(
        r#"{"Type":"Pass","Next":"A","End":true}"#,
        &[
            "SCHEMA_VALIDATION_FAILED  There should only be one of the following fields: [Next, End]",
            "MISSING_END_STATE / Workflow has no terminal state",
        ],
    );
    check_state(
        r#"{"Type":"Pass","End":"true"}"#,
        &[
            "SCHEMA_VALIDATION_FAILED /End Expected value of type Boolean",
            "SCHEMA_VALIDATION_FAILED  This object should have only one of the following fields: [Next, End]",
        ],
    );
}

#[test]
fn numbers_have_ranges() {
    check_state(&task(r#""TimeoutSeconds":0"#), &["SCHEMA_VALIDATION_FAILED /TimeoutSeconds Minimum value is 1"]);
    check_state(
        &task(r#""TimeoutSeconds":1.5"#),
        &["SCHEMA_VALIDATION_FAILED /TimeoutSeconds Expected value of type Integer"],
    );
    check_state(
        &task(r#""TimeoutSeconds":"5""#),
        &["SCHEMA_VALIDATION_FAILED /TimeoutSeconds Expected value of type Integer"],
    );
    check_state(
        &task(r#""TimeoutSeconds":5,"HeartbeatSeconds":5"#),
        &["SCHEMA_VALIDATION_FAILED /HeartbeatSeconds HeartbeatSeconds must be smaller than TimeoutSeconds"],
    );
    check_state(
        &task(r#""TimeoutSeconds":5,"TimeoutSecondsPath":"$.t""#),
        &[
            "SCHEMA_VALIDATION_FAILED  There should only be one of the following fields: [TimeoutSeconds, TimeoutSecondsPath]",
        ],
    );
    check_state(
        &task(r#""TimeoutSecondsPath":"$$.Execution.t""#),
        &["SCHEMA_VALIDATION_FAILED /TimeoutSecondsPath Value is not a Reference Path"],
    );
    check_state(
        &task(r#""TimeoutSecondsPath":"t""#),
        &["SCHEMA_VALIDATION_FAILED /TimeoutSecondsPath Value must be a valid JSONPath."],
    );
}

#[test]
fn a_resource_is_an_arn_that_can_be_called() {
    let said = |arn: &str| {
        format!(
            "SCHEMA_VALIDATION_FAILED /Resource The resource provided {arn} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region."
        )
    };
    check_state(r#"{"Type":"Task","End":true}"#, &["SCHEMA_VALIDATION_FAILED  These fields are required: [Resource]"]);
    check_state(
        r#"{"Type":"Task","Resource":"f","End":true}"#,
        &["SCHEMA_VALIDATION_FAILED /Resource Value is not a valid resource ARN"],
    );
    for arn in [
        "arn:aws:states:::unheardof:doIt",
        "arn:aws:states:::bedrock-agentcore:anyAction.sync",
        "arn:aws:states:::lambda:invoke.sync",
        "arn:aws:states:::dynamodb:putItem.waitForTaskToken",
        "arn:aws:states:::dynamodb:scan",
        "arn:aws:states:::glue:startJobRun.sync:2",
        "arn:aws:states:::aws-sdk:s3:getObject.sync",
        "arn:aws:states:::sqs:sendMessage.later",
        "arn:aws:states:::sqs",
        "arn:aws:lambda:us-east-1:123456789012:layer:f",
        "arn:aws:s3:::bucket",
        "arn:gcp:states:::sqs:sendMessage",
        "arn:aws:states:us-east-1:123456789012:activity:",
    ] {
        check_state(&format!(r#"{{"Type":"Task","Resource":"{arn}","Parameters":{{}},"End":true}}"#), &[&said(arn)]);
    }
}

#[test]
fn an_integration_has_arguments_that_it_needs() {
    check_state(
        r#"{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","End":true}"#,
        &["SCHEMA_VALIDATION_FAILED  Parameters field is required for resource ARN: arn:aws:states:::sqs:sendMessage"],
    );
    check_state(
        r#"{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","Parameters":{"QueueUrl.$":"$.q"},"End":true}"#,
        &["SCHEMA_VALIDATION_FAILED /Parameters The field 'MessageBody' is required but was missing"],
    );
    check_jsonata(
        r#"{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","End":true}"#,
        &["SCHEMA_VALIDATION_FAILED  Arguments field is required for resource ARN: arn:aws:states:::lambda:invoke"],
    );
    check_state(
        &task(r#""Credentials":{}"#),
        &["SCHEMA_VALIDATION_FAILED /Credentials The field 'RoleArn' is required but was missing"],
    );
    check_state(
        r#"{"Type":"Task","Resource":"arn:aws:states:us-east-1:123456789012:activity:a","Credentials":{"RoleArn":"r"},"End":true}"#,
        &["SCHEMA_VALIDATION_FAILED /Credentials The field 'Credentials' is not supported for activities"],
    );
}

#[test]
fn an_integration_has_no_other_arguments_than_its_own() {
    let refused = r#"SCHEMA_VALIDATION_FAILED /Parameters The field "Queue" is not supported by Step Functions"#;
    for field in [r#""Queue":1"#, r#""Queue.$":"$.q""#] {
        check_state(
            &format!(
                r#"{{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","Parameters":{{"QueueUrl":"q","MessageBody":"b",{field}}},"End":true}}"#
            ),
            &[refused],
        );
    }
    check_state(
        r#"{"Type":"Task","Resource":"arn:aws:states:::aws-sdk:sfn:describeExecution","Parameters":{"executionArn":"a"},"End":true}"#,
        &[r#"SCHEMA_VALIDATION_FAILED /Parameters The field "executionArn" is not supported by Step Functions"#],
    );
    check_jsonata(
        r#"{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f","payload":1},"End":true}"#,
        &[r#"SCHEMA_VALIDATION_FAILED /Arguments The field "payload" is not supported by Step Functions"#],
    );
}

#[test]
fn a_wait_waits_for_one_thing() {
    let fields = "[SecondsPath, Seconds, TimestampPath, Timestamp]";
    check_state(
        r#"{"Type":"Wait","End":true}"#,
        &[&format!("SCHEMA_VALIDATION_FAILED  This object should have only one of the following fields: {fields}")],
    );
    check_state(
        r#"{"Type":"Wait","Seconds":1,"SecondsPath":"$.s","End":true}"#,
        &[&format!("SCHEMA_VALIDATION_FAILED  There should only be one of the following fields: {fields}")],
    );
    check_state(
        r#"{"Type":"Wait","Seconds":-1,"End":true}"#,
        &["SCHEMA_VALIDATION_FAILED /Seconds Minimum value is 0"],
    );
    for moment in ["2026-01-02 03:04:05Z", "2026-01-02T03:04:05+01:00", "2026-13-02T03:04:05Z", "tomorrow"] {
        check_state(
            &format!(r#"{{"Type":"Wait","Timestamp":"{moment}","End":true}}"#),
            &["SCHEMA_VALIDATION_FAILED /Timestamp String does not match RFC3339 timestamp"],
        );
    }
}

#[test]
fn a_fail_has_one_error_and_one_cause() {
    check_state(
        r#"{"Type":"Fail","Error":"e","ErrorPath":"$.e"}"#,
        &["SCHEMA_VALIDATION_FAILED  There should only be one of the following fields: [Error, ErrorPath]"],
    );
    check_state(r#"{"Type":"Fail","Cause":1}"#, &["SCHEMA_VALIDATION_FAILED /Cause Expected value of type String"]);
    check_state(
        r#"{"Type":"Fail","CausePath":"c"}"#,
        &["SCHEMA_VALIDATION_FAILED /CausePath Value must be a valid JSONPath or a valid intrinsic function call"],
    );
    check_state(
        r#"{"Type":"Fail","Error":"$.e"}"#,
        &["NO_PATH /Error The value of the field 'Error' looks like a path; it is read only in the field 'ErrorPath'"],
    );
}

#[test]
fn a_map_has_one_processor_and_sound_settings() {
    let map = |fields: &str| {
        format!(
            r#"{{"Type":"Map","ItemProcessor":{{"StartAt":"I","States":{{"I":{{"Type":"Succeed"}}}}}},"End":true,{fields}}}"#
        )
    };
    check_state(
        r#"{"Type":"Map","End":true}"#,
        &[
            "SCHEMA_VALIDATION_FAILED  This object should have only one of the following fields: [ItemProcessor, Iterator]",
        ],
    );
    check_state(&map(r#""MaxConcurrency":-1"#), &["SCHEMA_VALIDATION_FAILED /MaxConcurrency Minimum value is 0"]);
    check_state(
        &map(r#""MaxConcurrencyPath":"$.a[*]""#),
        &["SCHEMA_VALIDATION_FAILED /MaxConcurrencyPath Value is not a Reference Path"],
    );
    check_state(
        &map(r#""ToleratedFailurePercentage":100.5"#),
        &["SCHEMA_VALIDATION_FAILED /ToleratedFailurePercentage Maximum value is 100.0"],
    );
    check_state(
        &map(r#""ToleratedFailurePercentage":-1"#),
        &["SCHEMA_VALIDATION_FAILED /ToleratedFailurePercentage Minimum value is 0.0"],
    );
    check_state(
        &map(r#""ItemSelector":{},"Parameters":{}"#),
        &["SCHEMA_VALIDATION_FAILED  There should only be one of the following fields: [ItemSelector, Parameters]"],
    );
    check_state(
        &map(r#""ItemBatcher":{}"#),
        &[
            "SCHEMA_VALIDATION_FAILED /ItemBatcher This object should have at least one of the following fields: [MaxItemsPerBatch, MaxInputBytesPerBatch]",
        ],
    );
    check_state(
        &map(r#""ItemReader":{"Resource":"arn:aws:states:::s3:putObject"}"#),
        &[
            "SCHEMA_VALIDATION_FAILED /ItemReader/Resource The field 'Resource' does not match any of the allowed values",
        ],
    );
    check_state(
        &map(
            r#""ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"CSV","MaxItems":100000001}}"#,
        ),
        &[
            "SCHEMA_VALIDATION_FAILED /ItemReader/ReaderConfig The field 'CSVHeaderLocation' is required",
            "SCHEMA_VALIDATION_FAILED /ItemReader/ReaderConfig/MaxItems Maximum value is 100000000",
        ],
    );
    check_state(
        &map(r#""Label":"a b""#),
        &["INVALID_LABEL_NAME /Label Invalid Label name: Label 'a b' contains invalid characters"],
    );
    let long = "l".repeat(41);
    check_state(
        &map(&format!(r#""Label":"{long}""#)),
        &[&format!(
            "INVALID_LABEL_NAME /Label Invalid Label name: Label '{long}' exceeds the 40-character limit allowed by the service"
        )],
    );
}

#[test]
fn a_processor_config_fits_its_mode() {
    let map = |config: &str| {
        format!(
            r#"{{"Type":"Map","End":true,"ItemProcessor":{{"ProcessorConfig":{config},"StartAt":"I","States":{{"I":{{"Type":"Succeed"}}}}}}}}"#
        )
    };
    let place = "SCHEMA_VALIDATION_FAILED /ItemProcessor/ProcessorConfig";
    check_state(&map(r#"{"Mode":"DISTRIBUTED"}"#), &[&format!("{place} These fields are required: [ExecutionType]")]);
    check_state(
        &map(r#"{"Mode":"INLINE","ExecutionType":"STANDARD"}"#),
        &[&format!("{place} Field 'ExecutionType' is not supported")],
    );
    check_state(
        &map(r#"{"Mode":"REMOTE"}"#),
        &[&format!("{place}/Mode Value should be one of the following: [INLINE, DISTRIBUTED]")],
    );
}

#[test]
fn a_block_is_whole() {
    check_state(
        r#"{"Type":"Parallel","End":true}"#,
        &["SCHEMA_VALIDATION_FAILED  These fields are required: [Branches]"],
    );
    check_state(
        r#"{"Type":"Parallel","Branches":[],"End":true}"#,
        &["SCHEMA_VALIDATION_FAILED /Branches Value cannot be empty"],
    );
    check_state(
        r#"{"Type":"Parallel","Branches":[{"QueryLanguage":"JSONata"},7],"End":true}"#,
        &[
            "SCHEMA_VALIDATION_FAILED /Branches/0 Field 'QueryLanguage' is not supported",
            "SCHEMA_VALIDATION_FAILED /Branches/0 These fields are required: [States, StartAt]",
            "SCHEMA_VALIDATION_FAILED /Branches/1 Expected value of type Object",
        ],
    );
}
