//! What each action answers, member by member.

use super::*;

#[tokio::test]
async fn a_machine_is_created_described_listed_updated_and_deleted() {
    let bench = Bench::new().await;
    let definition = quick().to_string();
    let new =
        json!({ "name": "m", "definition": definition, "roleArn": ROLE, "tags": [{ "key": "team", "value": "ops" }] });
    let created = bench.call("CreateStateMachine", new.clone()).await;
    assert_eq!(created, json!({ "stateMachineArn": MACHINE, "creationDate": 1_767_355_200.5 }));
    assert_eq!(bench.call("CreateStateMachine", new).await, created);

    let described = json!({
        "stateMachineArn": MACHINE, "name": "m", "status": "ACTIVE", "definition": definition, "roleArn": ROLE,
        "type": "STANDARD", "creationDate": 1_767_355_200.5,
        "loggingConfiguration": { "level": "OFF", "includeExecutionData": false },
        "tracingConfiguration": { "enabled": false },
        "encryptionConfiguration": { "type": "AWS_OWNED_KEY" }
    });
    let arn = json!({ "stateMachineArn": MACHINE });
    assert_eq!(bench.call("DescribeStateMachine", arn.clone()).await, described);
    let metadata = json!({ "stateMachineArn": MACHINE, "includedData": "METADATA_ONLY" });
    assert_eq!(bench.call("DescribeStateMachine", metadata).await["definition"], "{}");
    let item = json!({ "stateMachineArn": MACHINE, "name": "m", "type": "STANDARD", "creationDate": 1_767_355_200.5 });
    assert_eq!(bench.call("ListStateMachines", json!({})).await, json!({ "stateMachines": [item] }));
    assert_eq!(bench.call("ListStateMachineVersions", arn.clone()).await, json!({ "stateMachineVersions": [] }));
    let tags = bench.call("ListTagsForResource", json!({ "resourceArn": MACHINE })).await;
    assert_eq!(tags, json!({ "tags": [{ "key": "team", "value": "ops" }] }));

    bench.clock.advance(1000);
    let change = json!({ "stateMachineArn": MACHINE, "tracingConfiguration": { "enabled": true } });
    let updated = bench.call("UpdateStateMachine", change).await;
    assert_eq!(updated["updateDate"], 1_767_355_201.5);
    let now = bench.call("DescribeStateMachine", arn.clone()).await;
    assert_eq!(
        (&now["revisionId"], &now["tracingConfiguration"]),
        (&updated["revisionId"], &json!({ "enabled": true }))
    );
    assert_eq!(now["definition"], described["definition"]);

    assert_eq!(bench.call("DeleteStateMachine", arn.clone()).await, json!({}));
    assert_eq!(bench.call("DeleteStateMachine", arn).await, json!({}));
}

#[tokio::test]
async fn defaults_written_out_make_the_same_machine() {
    let bench = Bench::new().await;
    bench.create("m", &quick()).await;
    let same = json!({
        "name": "m", "definition": quick().to_string(), "roleArn": ROLE, "type": "STANDARD", "publish": false,
        "loggingConfiguration": { "level": "OFF" }, "tracingConfiguration": { "enabled": false }
    });
    assert_eq!(bench.call("CreateStateMachine", same).await["stateMachineArn"], MACHINE);
}

#[tokio::test]
async fn an_execution_is_started_and_described() {
    let bench = Bench::new().await;
    bench.create("m", &quick()).await;
    let start = json!({ "stateMachineArn": MACHINE, "name": "e", "input": r#"{"a": 1}"#, "traceHeader": "Root=1-a-b" });
    let started = bench.call("StartExecution", start).await;
    assert_eq!(started, json!({ "executionArn": EXECUTION, "startDate": 1_767_355_200.5 }));

    let described = bench.call("DescribeExecution", json!({ "executionArn": EXECUTION })).await;
    let expected = json!({
        "executionArn": EXECUTION, "stateMachineArn": MACHINE, "name": "e", "status": "SUCCEEDED",
        "startDate": 1_767_355_200.5, "stopDate": 1_767_355_200.5,
        "input": r#"{"a": 1}"#, "inputDetails": { "included": true },
        "output": r#"{"a": 1}"#, "outputDetails": { "included": true }, "traceHeader": "Root=1-a-b",
        "redriveCount": 0, "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven"
    });
    assert_eq!(described, expected);

    let metadata = json!({ "executionArn": EXECUTION, "includedData": "METADATA_ONLY" });
    let described = bench.call("DescribeExecution", metadata).await;
    assert_eq!((&described["input"], &described["output"]), (&Value::Null, &Value::Null));
    assert_eq!(described["inputDetails"], json!({ "included": false }));
}

#[tokio::test]
async fn an_execution_keeps_the_machine_that_it_started_with() {
    let bench = Bench::new().await;
    bench.create("m", &quick()).await;
    bench.start(MACHINE, "e").await;
    bench.call("UpdateStateMachine", json!({ "stateMachineArn": MACHINE, "definition": asking().to_string() })).await;
    let machine = bench.call("DescribeStateMachineForExecution", json!({ "executionArn": EXECUTION })).await;
    let expected = json!({
        "stateMachineArn": MACHINE, "name": "m", "definition": quick().to_string(), "roleArn": ROLE,
        "updateDate": 1_767_355_200.5,
        "loggingConfiguration": { "level": "OFF", "includeExecutionData": false },
        "tracingConfiguration": { "enabled": false },
        "encryptionConfiguration": { "type": "AWS_OWNED_KEY" }
    });
    assert_eq!(machine, expected);
}

#[tokio::test]
async fn a_history_is_read_in_pages_from_either_end() {
    let bench = Bench::new().await;
    bench.create("m", &quick()).await;
    bench.start(MACHINE, "e").await;
    let whole = bench.call("GetExecutionHistory", json!({ "executionArn": EXECUTION })).await;
    let types: Vec<&str> =
        whole["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]);
    assert_eq!(whole["events"][0]["timestamp"], 1_767_355_200.5);
    assert_eq!(whole.get("nextToken"), None);

    for (reverse, expected) in [(false, [1, 2, 3, 4]), (true, [4, 3, 2, 1])] {
        let mut ids = Vec::new();
        let mut body = json!({ "executionArn": EXECUTION, "maxResults": 3, "reverseOrder": reverse });
        loop {
            let page = bench.call("GetExecutionHistory", body.clone()).await;
            ids.extend(page["events"].as_array().unwrap().iter().map(|event| event["id"].as_u64().unwrap()));
            match page.get("nextToken") {
                Some(token) => body["nextToken"] = token.clone(),
                None => break,
            }
        }
        assert_eq!(ids, expected);
    }

    let bare =
        bench.call("GetExecutionHistory", json!({ "executionArn": EXECUTION, "includeExecutionData": false })).await;
    assert_eq!(bare["events"][0]["executionStartedEventDetails"], json!({ "roleArn": ROLE }));
}

#[tokio::test]
async fn executions_are_listed_by_status_in_pages() {
    let bench = Bench::new().await;
    bench.create("m", &quick()).await;
    bench.create("q", &asking()).await;
    for name in ["e1", "e2", "e3"] {
        bench.start(MACHINE, name).await;
        bench.clock.advance(1000);
    }
    let list = |status: &str, token: Value| json!({ "stateMachineArn": MACHINE, "statusFilter": status, "maxResults": 2, "nextToken": token });
    let first = bench.call("ListExecutions", list("SUCCEEDED", Value::Null)).await;
    let item = json!({
        "executionArn": format!("{}3", EXECUTION), "stateMachineArn": MACHINE, "name": "e3", "status": "SUCCEEDED",
        "startDate": 1_767_355_202.5, "stopDate": 1_767_355_202.5, "redriveCount": 0
    });
    assert_eq!(first["executions"][0], item);
    let second = bench.call("ListExecutions", list("SUCCEEDED", first["nextToken"].clone())).await;
    assert_eq!(second["executions"].as_array().unwrap().len(), 1);
    assert_eq!(second["executions"][0]["name"], "e1");
    assert_eq!(second.get("nextToken"), None);
    assert_eq!(bench.call("ListExecutions", list("RUNNING", Value::Null)).await, json!({ "executions": [] }));

    let (code, message) = bench.refused("ListExecutions", list("FAILED", first["nextToken"].clone())).await;
    assert_eq!((&*code, &*message), ("InvalidToken", "Invalid Token: 'Invalid token'"));
}

#[tokio::test]
async fn machines_are_listed_in_pages() {
    let bench = Bench::new().await;
    for name in ["a", "b", "c"] {
        bench.create(name, &quick()).await;
    }
    let first = bench.call("ListStateMachines", json!({ "maxResults": 2 })).await;
    let second = bench.call("ListStateMachines", json!({ "nextToken": first["nextToken"] })).await;
    assert_eq!(first["stateMachines"].as_array().unwrap().len(), 2);
    assert_eq!(second["stateMachines"][0]["name"], "c");
    bench.clock.advance(24 * 60 * 60 * 1000);
    assert_eq!(bench.refused("ListStateMachines", json!({ "nextToken": first["nextToken"] })).await.0, "InvalidToken");
}

#[tokio::test]
async fn a_question_is_answered_once() {
    let mut bench = Bench::new().await;
    let machine = bench.create("m", &asking()).await;
    let execution = bench.start(&machine, "e").await;
    let token = bench.tokens.recv().await.unwrap();
    assert_eq!(bench.call("SendTaskHeartbeat", json!({ "taskToken": token })).await, json!({}));
    let success = json!({ "taskToken": token, "output": r#"{"ok":true}"# });
    assert_eq!(bench.call("SendTaskSuccess", success.clone()).await, json!({}));
    assert_eq!(bench.refused("SendTaskSuccess", success).await.0, "TaskTimedOut");
    let ended = bench.call("DescribeExecution", json!({ "executionArn": execution })).await;
    assert_eq!((&ended["status"], &ended["output"]), (&json!("SUCCEEDED"), &json!(r#"{"ok":true}"#)));
}

#[tokio::test]
async fn a_question_can_fail() {
    let mut bench = Bench::new().await;
    let machine = bench.create("m", &asking()).await;
    let execution = bench.start(&machine, "e").await;
    let token = bench.tokens.recv().await.unwrap();
    let running = bench.call("DescribeExecution", json!({ "executionArn": execution })).await;
    assert_eq!(running["redriveStatusReason"], "Execution is RUNNING and cannot be redriven");
    assert_eq!((running.get("stopDate"), running.get("outputDetails")), (None, None));
    bench.call("SendTaskFailure", json!({ "taskToken": token, "error": "No", "cause": "not today" })).await;
    let ended = bench.call("DescribeExecution", json!({ "executionArn": execution })).await;
    assert_eq!(
        (&ended["status"], &ended["error"], &ended["cause"]),
        (&json!("FAILED"), &json!("No"), &json!("not today"))
    );
    assert_eq!((&ended["redriveStatus"], ended.get("redriveStatusReason")), (&json!("REDRIVABLE"), None));
}

#[tokio::test]
async fn an_execution_is_stopped() {
    let bench = Bench::new().await;
    let machine = bench.create("m", &asking()).await;
    let execution = bench.start(&machine, "e").await;
    let stop = json!({ "executionArn": execution, "error": "E", "cause": "C" });
    assert_eq!(bench.call("StopExecution", stop).await, json!({ "stopDate": 1_767_355_200.5 }));
    let ended = bench.call("DescribeExecution", json!({ "executionArn": execution })).await;
    assert_eq!((&ended["status"], &ended["error"], &ended["cause"]), (&json!("ABORTED"), &json!("E"), &json!("C")));
}

#[tokio::test]
async fn a_definition_is_diagnosed_without_creating_anything() {
    let bench = Bench::new().await;
    let good = bench.call("ValidateStateMachineDefinition", json!({ "definition": quick().to_string() })).await;
    assert_eq!(good, json!({ "result": "OK", "diagnostics": [], "truncated": false }));
    let bad = bench.call("ValidateStateMachineDefinition", json!({ "definition": "{}" })).await;
    let diagnostic = json!({
        "severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED",
        "message": "These fields are required: [States, StartAt]", "location": "/"
    });
    assert_eq!(bad, json!({ "result": "FAIL", "diagnostics": [diagnostic], "truncated": false }));

    let two = json!({ "StartAt": "A", "States": { "A": { "Type": "Pass" }, "B": { "Type": "Pass" } } }).to_string();
    let cut = bench.call("ValidateStateMachineDefinition", json!({ "definition": two, "maxResults": 1 })).await;
    assert_eq!((&cut["truncated"], cut["diagnostics"].as_array().unwrap().len()), (&json!(true), 1));
    assert_eq!(bench.call("ListStateMachines", json!({})).await, json!({ "stateMachines": [] }));
}

#[tokio::test]
async fn every_answer_has_an_id_and_a_content_type() {
    let bench = Bench::new().await;
    for reply in [bench.ask("ListStateMachines", json!({})).await, bench.ask("Nonsense", json!({})).await] {
        assert_eq!(reply.headers["content-type"], "application/x-amz-json-1.0");
        assert_eq!(reply.headers["x-amzn-requestid"].len(), 36);
    }
}

#[tokio::test]
async fn a_machine_says_which_variables_its_states_read() {
    let bench = Bench::new().await;
    let definition = json!({ "StartAt": "A", "States": {
        "A": { "Type": "Pass", "Assign": { "x": 1 }, "Next": "B" },
        "B": { "Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $x + 1 %}", "End": true } } });
    bench.create("m", &definition).await;
    bench.start(MACHINE, "e").await;
    bench.call("UpdateStateMachine", json!({ "stateMachineArn": MACHINE, "definition": quick().to_string() })).await;
    let read = json!({ "B": ["x"] });
    let execution = json!({ "executionArn": EXECUTION });
    let pinned = bench.call("DescribeStateMachineForExecution", execution).await;
    assert_eq!(pinned["variableReferences"], read);
    let metadata = json!({ "executionArn": EXECUTION, "includedData": "METADATA_ONLY" });
    assert_eq!(bench.call("DescribeStateMachineForExecution", metadata).await.get("variableReferences"), None);
    let now = bench.call("DescribeStateMachine", json!({ "stateMachineArn": MACHINE })).await;
    assert_eq!(now.get("variableReferences"), None);
}

#[tokio::test]
async fn a_state_is_tested_within_its_constraints() {
    let bench = Bench::new().await;
    let pass = json!({ "Type": "Pass", "Parameters": { "b.$": "$.a" }, "Next": "N" }).to_string();
    let test = json!({ "definition": pass, "input": r#"{"a": 1}"#, "inspectionLevel": "DEBUG", "mock": null });
    let answer = bench.call("TestState", test).await;
    assert_eq!(
        (&answer["status"], &answer["output"], &answer["nextState"], &answer["inspectionData"]["afterInputPath"]),
        (&json!("SUCCEEDED"), &json!(r#"{"b":1}"#), &json!("N"), &json!(r#"{"a": 1}"#))
    );
    let one = "1 validation error detected: ";
    let least = "failed to satisfy constraint: Member must have length greater than or equal to 1";
    for (body, message) in [
        (json!({}), format!("{one}Value null at 'definition' failed to satisfy constraint: Member must not be null")),
        (json!({ "definition": "" }), format!("{one}Value at 'definition' {least}")),
        (json!({ "definition": pass, "stateName": "" }), format!("{one}Value at 'stateName' {least}")),
        (
            json!({ "definition": pass, "inspectionLevel": "ALL" }),
            format!(
                "{one}Value 'ALL' at 'inspectionLevel' failed to satisfy constraint: Member must satisfy enum value set: [INFO, DEBUG, TRACE]"
            ),
        ),
        (
            json!({ "definition": pass, "mock": { "fieldValidationMode": "LAX" } }),
            format!(
                "{one}Value 'LAX' at 'mock.fieldValidationMode' failed to satisfy constraint: Member must satisfy enum value set: [STRICT, PRESENT, NONE]"
            ),
        ),
        (
            json!({ "definition": pass, "stateConfiguration": { "retrierRetryCount": -1 } }),
            format!(
                "{one}Value '-1' at 'stateConfiguration.retrierRetryCount' failed to satisfy constraint: Member must have value greater than or equal to 0"
            ),
        ),
    ] {
        assert_eq!(bench.refused("TestState", body).await, ("ValidationException".to_owned(), message));
    }
    let unroled = json!({ "definition": pass, "roleArn": "r" });
    assert_eq!(bench.refused("TestState", unroled).await.1, "Invalid Arn: 'Invalid ARN prefix: r'");
}
