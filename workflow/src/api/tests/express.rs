//! Express machines on the wire.

use super::*;

const EXPRESS: &str = "arn:aws:states:us-east-1:123456789012:express:m:e:";

async fn express() -> Bench {
    let bench = Bench::new().await;
    let new = json!({ "name": "m", "definition": quick().to_string(), "roleArn": ROLE, "type": "EXPRESS" });
    bench.call("CreateStateMachine", new).await;
    bench
}

#[tokio::test]
async fn a_synchronous_execution_answers_with_its_end() {
    let bench = express().await;
    let start = json!({ "stateMachineArn": MACHINE, "name": "e", "input": r#"{"a": 1}"#, "traceHeader": "Root=1-a-b" });
    let mut answer = bench.call("StartSyncExecution", start).await;
    let arn = answer["executionArn"].take();
    assert!(arn.as_str().unwrap().starts_with(EXPRESS), "{arn}");
    let expected = json!({
        "executionArn": null, "stateMachineArn": MACHINE, "name": "e", "status": "SUCCEEDED",
        "startDate": 1_767_355_200.5, "stopDate": 1_767_355_200.5,
        "input": r#"{"a": 1}"#, "inputDetails": { "included": true },
        "output": r#"{"a": 1}"#, "outputDetails": { "included": true }, "traceHeader": "Root=1-a-b",
        "billingDetails": { "billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 100 }
    });
    assert_eq!(answer, expected);
    let start = json!({ "stateMachineArn": MACHINE, "includedData": "METADATA_ONLY" });
    let answer = bench.call("StartSyncExecution", start).await;
    assert_eq!(
        (answer.get("input"), answer.get("output"), &answer["inputDetails"]),
        (None, None, &json!({ "included": false }))
    );
}

#[tokio::test]
async fn an_asynchronous_execution_is_not_to_be_seen() {
    let bench = express().await;
    let arn = bench.start(MACHINE, "e").await;
    assert!(arn.starts_with(EXPRESS), "{arn}");
    for action in ["DescribeExecution", "GetExecutionHistory", "StopExecution", "RedriveExecution"] {
        let kind = "Invalid Arn: 'Resource type not valid in this context: express'";
        assert_eq!(bench.refused(action, json!({ "executionArn": arn })).await, ("InvalidArn".into(), kind.into()));
    }
    let kind = (
        String::from("StateMachineTypeNotSupported"),
        String::from("This operation is not supported by this type of state machine"),
    );
    assert_eq!(bench.refused("ListExecutions", json!({ "stateMachineArn": MACHINE })).await, kind);
    let standard = bench.create("s", &quick()).await;
    assert_eq!(bench.refused("StartSyncExecution", json!({ "stateMachineArn": standard })).await, kind);
    let described = bench.call("DescribeStateMachine", json!({ "stateMachineArn": MACHINE })).await;
    assert_eq!(described["type"], "EXPRESS");
}

#[tokio::test]
async fn what_cannot_start_is_refused() {
    let bench = express().await;
    for (body, code) in [
        (json!({}), "ValidationException"),
        (json!({ "stateMachineArn": MACHINE, "input": "{" }), "InvalidExecutionInput"),
        (json!({ "stateMachineArn": MACHINE, "name": "a b" }), "InvalidName"),
        (json!({ "stateMachineArn": MACHINE, "name": 5 }), "SerializationException"),
        (json!({ "stateMachineArn": format!("{MACHINE}x") }), "StateMachineDoesNotExist"),
        (json!({ "stateMachineArn": MACHINE, "includedData": "SOME" }), "ValidationException"),
    ] {
        assert_eq!(bench.refused("StartSyncExecution", body.clone()).await.0, code, "{body}");
    }
}
