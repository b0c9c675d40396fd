//! Whole requests and their answers.

use serde_json::{Value, json};

use super::*;
use crate::definition::ResourceKind;

/// The answer as the wire has it, its texts parsed; a refusal as its code and message.
fn ask(request: Value) -> Value {
    let request = read(request);
    match test_state(&request, 1_700_000_000_000, &mut || 7) {
        Ok(answer) => shown(&answer),
        Err(error) => json!(format!("{}: {error}", error.code())),
    }
}

fn read(mut request: Value) -> Request {
    for member in ["definition", "input", "variables", "context"] {
        if let Some(value) = request.get_mut(member).filter(|value| !value.is_string()) {
            *value = json!(value.to_string());
        }
    }
    if let Some(result) = request.pointer_mut("/mock/result").filter(|result| !result.is_string()) {
        *result = json!(result.to_string());
    }
    serde_json::from_value(request).unwrap()
}

fn shown(answer: &Answer) -> Value {
    let mut answer = json!(answer);
    parse_texts(&mut answer);
    if let Some(inspection) = answer.get_mut("inspectionData") {
        parse_texts(inspection);
    }
    answer
}

fn parse_texts(object: &mut Value) {
    for (_, value) in object.as_object_mut().unwrap() {
        if let Some(parsed) = value.as_str().filter(|text| text.starts_with('{')).map(serde_json::from_str) {
            *value = parsed.unwrap();
        }
    }
}

#[track_caller]
fn check(request: Value, expect: Value) {
    assert_eq!(ask(request.clone()), expect, "{request}");
}

#[track_caller]
fn check_refused(request: Value, expect: &str) {
    check(request, json!(expect));
}

fn invoke(more: Value) -> Value {
    let mut task = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}, "End": true
    });
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    task
}

fn map(more: Value) -> Value {
    let mut map = json!({
        "Type": "Map", "ItemsPath": "$.items", "End": true,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Inner", "States": {"Inner": {"Type": "Pass", "End": true}},
        },
    });
    map.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    map
}

#[test]
fn the_level_decides_what_is_told() {
    let ask =
        |level: &str| json!({"definition": {"Type": "Pass", "Next": "B"}, "input": {"a": 1}, "inspectionLevel": level});
    check(ask("INFO"), json!({"output": {"a": 1}, "nextState": "B", "status": "SUCCEEDED"}));
    let input = json!({"a": 1});
    let seen = json!({
        "input": input, "afterInputPath": input, "afterParameters": input, "afterResultSelector": input,
        "afterResultPath": input,
    });
    check(ask("DEBUG"), json!({"output": input, "nextState": "B", "status": "SUCCEEDED", "inspectionData": seen}));
    check(ask("TRACE"), json!({"output": input, "nextState": "B", "status": "SUCCEEDED", "inspectionData": seen}));
}

#[test]
fn every_stage_of_a_task_is_seen() {
    let definition = invoke(json!({
        "InputPath": "$.in", "Parameters": {"FunctionName": "f", "Payload.$": "$.x"},
        "ResultSelector": {"code.$": "$.StatusCode"}, "ResultPath": "$.out", "OutputPath": "$.out",
        "Assign": {"code.$": "$.code"},
    }));
    let request = json!({
        "definition": definition, "input": {"in": {"x": "5"}}, "variables": {"v": 1}, "inspectionLevel": "DEBUG",
        "mock": {"result": {"StatusCode": 200}},
    });
    check(
        request,
        json!({
            "output": {"code": 200}, "status": "SUCCEEDED",
            "inspectionData": {
                "input": {"in": {"x": "5"}}, "afterInputPath": {"x": "5"},
                "afterParameters": {"FunctionName": "f", "Payload": "5"}, "result": {"StatusCode": 200},
                "afterResultSelector": {"code": 200}, "afterResultPath": {"in": {"x": "5"}, "out": {"code": 200}},
                "variables": {"v": 1, "code": 200},
            },
        }),
    );
}

#[test]
fn jsonata_has_stages_of_its_own() {
    let definition = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "QueryLanguage": "JSONata",
        "Arguments": {"FunctionName": "{% $name %}"}, "Output": "{% $states.result.StatusCode %}", "End": true,
    });
    let request = json!({
        "definition": definition, "variables": {"name": "f"}, "inspectionLevel": "TRACE",
        "mock": {"result": {"StatusCode": 200}},
    });
    check(
        request,
        json!({
            "output": "200", "status": "SUCCEEDED",
            "inspectionData": {
                "input": {}, "afterArguments": {"FunctionName": "f"}, "result": {"StatusCode": 200},
                "variables": {"name": "f"},
            },
        }),
    );
}

#[test]
fn states_without_work_run_as_they_are() {
    let choice = json!({
        "Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "One"}], "Default": "Other"
    });
    let ask = |n: u64| json!({"definition": choice, "input": {"n": n}});
    check(ask(1), json!({"output": {"n": 1}, "nextState": "One", "status": "SUCCEEDED"}));
    check(ask(2), json!({"output": {"n": 2}, "nextState": "Other", "status": "SUCCEEDED"}));
    let wait = json!({"Type": "Wait", "Seconds": 600, "Next": "N"});
    check(json!({"definition": wait}), json!({"output": {}, "nextState": "N", "status": "SUCCEEDED"}));
    let fail = json!({"Type": "Fail", "Error": "E", "CausePath": "$.why"});
    check(
        json!({"definition": fail, "input": {"why": "w"}, "inspectionLevel": "DEBUG"}),
        json!({"error": "E", "cause": "w", "status": "FAILED", "inspectionData": {"input": {"why": "w"}}}),
    );
}

#[test]
fn what_was_seen_before_a_failure_is_told() {
    let definition = json!({"Type": "Pass", "Parameters": {"a.$": "$.none"}, "End": true});
    check(
        json!({"definition": definition, "inspectionLevel": "DEBUG"}),
        json!({
            "error": "States.Runtime",
            "cause": "The JSONPath '$.none' specified for the field 'a.$' could not be found in the input '{}'",
            "status": "FAILED", "inspectionData": {"input": {}, "afterInputPath": {}},
        }),
    );
}

#[test]
fn retriers_and_catchers_take_a_mocked_error() {
    let definition = invoke(json!({
        "Retry": [
            {"ErrorEquals": ["Other"]},
            {"ErrorEquals": ["E"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 2},
        ],
        "Catch": [{"ErrorEquals": ["X"], "Next": "A"}, {"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "B"}],
    }));
    let ask = |error: &str, count: u64| {
        let mut answer = ask(json!({
            "definition": definition, "input": {"a": 1}, "inspectionLevel": "DEBUG",
            "mock": {"errorOutput": {"error": error, "cause": "c"}}, "stateConfiguration": {"retrierRetryCount": count},
        }));
        let details = answer["inspectionData"]["errorDetails"].take();
        answer.as_object_mut().unwrap().remove("inspectionData");
        (answer, details)
    };
    let retriable = json!({"error": "E", "cause": "c", "status": "RETRIABLE"});
    assert_eq!(ask("E", 0), (retriable.clone(), json!({"retryIndex": 1, "retryBackoffIntervalSeconds": 2})));
    assert_eq!(ask("E", 1), (retriable, json!({"retryIndex": 1, "retryBackoffIntervalSeconds": 6})));
    let caught = json!({
        "error": "E", "cause": "c", "status": "CAUGHT_ERROR", "nextState": "B",
        "output": {"a": 1, "e": {"Error": "E", "Cause": "c"}},
    });
    assert_eq!(ask("E", 2), (caught, json!({"catchIndex": 1})));
    let failed = json!({"error": "States.Runtime", "cause": "c", "status": "FAILED"});
    assert_eq!(ask("States.Runtime", 0), (failed, Value::Null));
}

#[test]
fn a_map_tells_what_its_iterations_would_get() {
    let definition = map(json!({
        "ItemSelector": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value"},
        "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"all": true}},
        "MaxConcurrency": 3, "ToleratedFailureCountPath": "$.tolerated",
    }));
    let request = json!({
        "definition": definition, "input": {"items": ["a", "b", "c"], "tolerated": 1}, "inspectionLevel": "DEBUG",
        "mock": {"result": "[0]"},
    });
    check(
        request,
        json!({
            "output": "[0]", "status": "SUCCEEDED",
            "inspectionData": {
                "input": {"items": ["a", "b", "c"], "tolerated": 1},
                "afterInputPath": {"items": ["a", "b", "c"], "tolerated": 1},
                "afterItemsPath": r#"["a", "b", "c"]"#,
                "afterItemSelector": r#"[{"v":"a","i":0}, {"v":"b","i":1}, {"v":"c","i":2}]"#,
                "afterItemBatcher": concat!(
                    r#"[{"BatchInput":{"all":true},"Items":[{"v":"a","i":0},{"v":"b","i":1}]}, "#,
                    r#"{"BatchInput":{"all":true},"Items":[{"v":"c","i":2}]}]"#
                ),
                "maxConcurrency": 3, "toleratedFailureCount": 1,
                "afterResultSelector": "[0]", "afterResultPath": "[0]",
            },
        }),
    );
}

#[test]
fn a_map_in_jsonata_selects_with_variables_and_context() {
    let definition = json!({
        "Type": "Map", "QueryLanguage": "JSONata", "Items": "{% $states.input.items %}", "End": true,
        "ItemSelector": {"v": "{% $states.context.Map.Item.Value * $factor %}"},
        "ItemProcessor": {"StartAt": "Inner", "States": {"Inner": {"Type": "Pass", "End": true}}},
    });
    let request = json!({
        "definition": definition, "input": {"items": [1, 2]}, "variables": {"factor": 10}, "inspectionLevel": "DEBUG",
        "mock": {"errorOutput": {"error": "E", "cause": "c"}},
    });
    check(
        request,
        json!({
            "error": "E", "cause": "c", "status": "FAILED",
            "inspectionData": {
                "input": {"items": [1, 2]}, "afterItemSelector": r#"[{"v":10}, {"v":20}]"#, "maxConcurrency": 0,
                "variables": {"factor": 10},
            },
        }),
    );
}

#[test]
fn an_object_is_a_list_of_fields_to_a_distributed_map() {
    let definition = map(json!({"ItemsPath": "$$.Execution.Input.items"}));
    let mock = json!({"result": "[]"});
    let ask = |items: Value| {
        let answer = ask(json!({
            "definition": definition, "input": {"items": items}, "inspectionLevel": "DEBUG", "mock": mock,
            "stateConfiguration": {"mapIterationFailureCount": 2},
        }));
        answer["cause"].as_str().or(answer.as_str()).unwrap().to_owned()
    };
    assert_eq!(ask(json!({"a": 1, "b": 2})), "The specified tolerated failure threshold was exceeded");
    assert_eq!(ask(json!(7)), "Reference path \"$.Execution.Input.items\" must point to array.");
}

#[test]
fn a_map_survives_as_many_failures_as_it_tolerates() {
    let ask = |tolerates: Value, failures: u64| {
        let request = json!({
            "definition": map(tolerates), "input": {"items": [1, 2, 3, 4]}, "mock": {"result": "[]"},
            "stateConfiguration": {"mapIterationFailureCount": failures},
        });
        let answer = ask(request);
        answer["error"].as_str().or(answer["status"].as_str()).or(answer.as_str()).unwrap().to_owned()
    };
    let exceeded = "States.ExceedToleratedFailureThreshold";
    assert_eq!(ask(json!({}), 0), "SUCCEEDED");
    assert_eq!(ask(json!({}), 1), exceeded);
    assert_eq!(ask(json!({"ToleratedFailureCount": 1}), 1), "SUCCEEDED");
    assert_eq!(ask(json!({"ToleratedFailureCount": 1}), 2), exceeded);
    assert_eq!(ask(json!({"ToleratedFailurePercentage": 50}), 2), "SUCCEEDED");
    assert_eq!(ask(json!({"ToleratedFailurePercentage": 50}), 3), exceeded);
    let more = "Map iteration failure count must be less than or equal to the number of Map iterations";
    assert_eq!(ask(json!({}), 5), format!("ValidationException: {more}"));
}

#[test]
fn a_map_reads_the_data_of_its_item_reader() {
    let ask = |config: Value, data: &str| {
        let reader = json!({
            "Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}, "ReaderConfig": config,
        });
        let mut definition = map(json!({"ItemReader": reader, "ItemSelector": {"v.$": "$$.Map.Item.Value"}}));
        definition.as_object_mut().unwrap().remove("ItemsPath");
        let answer = ask(json!({
            "definition": definition, "inspectionLevel": "DEBUG", "mock": {"result": "[]"},
            "stateConfiguration": {"mapItemReaderData": data},
        }));
        answer["error"].as_str().or(answer["inspectionData"]["afterItemSelector"].as_str()).unwrap().to_owned()
    };
    assert_eq!(ask(json!({"InputType": "JSON"}), "[1, 2]"), r#"[{"v":1}, {"v":2}]"#);
    assert_eq!(ask(json!({"InputType": "JSONL"}), "1\n2\n"), r#"[{"v":1}, {"v":2}]"#);
    assert_eq!(ask(json!({"InputType": "JSON", "ItemsPointer": "/a"}), r#"{"a": [1]}"#), r#"[{"v":1}]"#);
    let csv = json!({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "MaxItems": 1});
    assert_eq!(ask(csv, "a,b\n1,\"x,y\"\n2,z"), r#"[{"v":{"a":"1","b":"x,y"}}]"#);
    assert_eq!(ask(json!({"InputType": "JSON"}), "{"), "States.ItemReaderFailed");
}

#[test]
fn a_parallel_shows_nothing_before_its_results() {
    let branch = json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}});
    let definition = json!({
        "Type": "Parallel", "Branches": [branch], "InputPath": "$.x", "Parameters": {"p": 1}, "ResultPath": "$.r", "Next": "N"
    });
    check(
        json!({"definition": definition, "input": {"x": {}}, "inspectionLevel": "DEBUG", "mock": {"result": "[ 1 ]"}}),
        json!({
            "output": {"x": {}, "r": [1]}, "nextState": "N", "status": "SUCCEEDED",
            "inspectionData": {
                "input": {"x": {}}, "afterResultSelector": "[ 1 ]", "afterResultPath": {"x": {}, "r": [1]},
            },
        }),
    );
}

#[test]
fn the_context_object_is_the_given_one_or_one_of_its_own() {
    let definition = invoke(json!({"ResultSelector": {"context.$": "$$"}}));
    let context = json!({"Execution": {"Name": "n"}});
    let request = json!({"definition": definition, "context": context, "mock": {"result": "{}"}});
    check(request, json!({"output": {"context": context}, "status": "SUCCEEDED"}));
    let answer = ask(json!({"definition": definition, "input": {"a": 1}, "roleArn": "r", "mock": {"result": "{}"}}));
    let context = &answer["output"]["context"];
    let (machine, name) =
        (context["StateMachine"]["Name"].as_str().unwrap(), context["Execution"]["Name"].as_str().unwrap());
    let expect = json!({
        "Execution": {
            "Id": format!("arn:aws:states:us-east-1:000000000000:express:{machine}:{name}"), "Input": {"a": 1},
            "Name": name, "RoleArn": "r", "StartTime": "2023-11-14T22:13:20.000Z",
        },
        "StateMachine": {"Id": format!("arn:aws:states:us-east-1:000000000000:stateMachine:{machine}"), "Name": machine},
        "State": {"Name": "StateName", "EnteredTime": "2023-11-14T22:13:20.000Z", "RetryCount": 0},
    });
    assert_eq!(*context, expect);
}

#[test]
fn a_token_is_drawn_unless_the_context_brings_one() {
    let definition = json!({
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": true,
        "Parameters": {"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"},
    });
    let ask = |context: Value| {
        let mut request = json!({"definition": definition, "inspectionLevel": "DEBUG", "mock": {"result": "7"}});
        if !context.is_null() {
            request["context"] = context;
        }
        ask(request)["inspectionData"]["afterParameters"]["MessageBody"].clone()
    };
    assert_eq!(ask(json!({"Task": {"Token": "t"}})), "t");
    assert!(ask(Value::Null).as_str().unwrap().len() > 20);
}

#[test]
fn a_state_of_a_machine_is_found_at_any_depth() {
    let machine = json!({"StartAt": "M", "States": {"M": map(json!({}))}});
    let ask = |name: &str| json!({"definition": machine, "stateName": name, "input": "7"});
    check(ask("Inner"), json!({"output": "7", "status": "SUCCEEDED"}));
    check_refused(ask("Nowhere"), "ValidationException: State not found in definition");
}

#[test]
fn a_definition_must_be_one() {
    let pass = json!({"Type": "Pass"});
    let message = "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED";
    let refusals =
        [json!({"definition": pass}), json!({"definition": {"StartAt": "A", "States": {"A": pass}}, "stateName": "A"})];
    for request in refusals {
        let refusal = ask(request).as_str().unwrap().to_owned();
        assert!(refusal.starts_with(&format!("InvalidDefinition: {message}")), "{refusal}");
    }
}

#[test]
fn requests_must_fit_together() {
    let task = invoke(json!({}));
    let result = json!({"result": "{}"});
    let refused = |request: Value, message: &str| check_refused(request, &format!("ValidationException: {message}"));
    refused(json!({"definition": task}), "RoleArn must be specified when testing a Task state");
    refused(
        json!({"definition": {"Type": "Succeed"}, "mock": result}),
        "State type 'Succeed' is not supported when a mock is specified",
    );
    refused(
        json!({"definition": task, "mock": {"result": "{}", "errorOutput": {"error": "E"}}}),
        "A test mock should have only one of the following fields: [result, errorOutput].",
    );
    refused(json!({"definition": map(json!({})), "mock": result}), "Mocked result must be an array.");
    refused(json!({"definition": task, "mock": {"result": "{"}}), "Mocked result must be valid JSON.");
    refused(
        json!({"definition": task, "mock": {"result": {"StatusCode": "1"}}}),
        "Mock result schema validation error: Field 'StatusCode' must be a number",
    );
    refused(
        json!({"definition": map(json!({})), "stateConfiguration": {"mapIterationFailureCount": 0}}),
        "TestState does not support MapIterationFailureCount when a mock is not specified.",
    );
    refused(
        json!({"definition": task, "mock": result, "context": {"Task": {"Token": "t"}}}),
        "Invalid Context object provided: Context object contains 'Task' when state is not a Task state with a '.sync' \
         or '.waitForTaskToken' service integration pattern",
    );
    refused(json!({"definition": task, "mock": result, "variables": "[]"}), {
        "Invalid Variables provided: Variables must be a JSON object"
    });
    check_refused(
        json!({"definition": map(json!({}))}),
        "InvalidDefinition: TestState API does not support Map or Parallel states. Supported state types include: \
         [Task, Wait, Pass, Succeed, Fail, Choice]",
    );
    let refusal = ask(json!({"definition": {"Type": "Succeed"}, "input": "{"}));
    assert!(refusal.as_str().unwrap().starts_with("InvalidExecutionInput: "), "{refusal}");
}

#[test]
fn a_task_without_a_mock_is_called_by_the_caller() {
    let definition = invoke(json!({"Catch": [{"ErrorEquals": ["E"], "Next": "N"}]}));
    let request = read(json!({"definition": definition, "roleArn": "r", "inspectionLevel": "DEBUG"}));
    let pending = || match prepare(&request, 0, &mut || 7).unwrap() {
        Prepared::Call(pending) => *pending,
        Prepared::Done(answer) => panic!("{answer:?}"),
    };
    let call = pending().call().clone();
    assert!(matches!(&call.resource.kind, ResourceKind::Service { service, .. } if service == "lambda"));
    assert_eq!(call.arguments, r#"{"FunctionName":"f"}"#);
    let complete = |outcome: Outcome| shown(&pending().complete(outcome, 0, &mut || 7));
    let answer = complete(Outcome::Succeeded(r#"{"StatusCode": 200}"#.to_owned()));
    assert_eq!(
        (&answer["output"], &answer["inspectionData"]["result"]),
        (&json!({"StatusCode": 200}), &answer["output"])
    );
    let answer = complete(Outcome::Failed { error: Some("E".to_owned()), cause: None });
    assert_eq!((&answer["status"], &answer["nextState"]), (&json!("CAUGHT_ERROR"), &json!("N")));
    let answer = complete(Outcome::Succeeded(json!("x".repeat(300_000)).to_string()));
    assert_eq!(answer["error"], "States.DataLimitExceeded");
}
