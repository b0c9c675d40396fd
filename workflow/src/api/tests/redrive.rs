//! RedriveExecution on the wire.

use super::*;

#[tokio::test]
async fn an_execution_is_redriven() {
    let mut bench = Bench::new().await;
    let machine = bench.create("m", &asking()).await;
    let execution = bench.start(&machine, "e").await;
    let arn = json!({ "executionArn": execution });
    let token = bench.tokens.recv().await.unwrap();
    bench.call("SendTaskFailure", json!({ "taskToken": token, "error": "No" })).await;
    bench.clock.advance(1000);
    assert_eq!(bench.call("RedriveExecution", arn.clone()).await, json!({ "redriveDate": 1_767_355_201.5 }));
    let running = bench.call("DescribeExecution", arn.clone()).await;
    assert_eq!(
        (&running["status"], running.get("stopDate"), &running["redriveCount"], &running["redriveDate"]),
        (&json!("RUNNING"), None, &json!(1), &json!(1_767_355_201.5))
    );
    assert_eq!(running["redriveStatusReason"], "Execution is RUNNING and cannot be redriven");
    let again = bench.tokens.recv().await.unwrap();
    assert_ne!(again, token);
    bench.call("SendTaskSuccess", json!({ "taskToken": again, "output": "7" })).await;
    let ended = bench.call("DescribeExecution", arn.clone()).await;
    assert_eq!(
        (&ended["status"], &ended["output"], &ended["redriveStatus"]),
        (&json!("SUCCEEDED"), &json!("7"), &json!("NOT_REDRIVABLE"))
    );
    let listed = bench.call("ListExecutions", json!({ "stateMachineArn": machine })).await;
    assert_eq!(
        (&listed["executions"][0]["redriveCount"], &listed["executions"][0]["redriveDate"]),
        (&json!(1), &json!(1_767_355_201.5))
    );
    let refused = bench.refused("RedriveExecution", arn).await;
    let why = "Execution is SUCCEEDED and cannot be redriven";
    assert_eq!(refused, ("ExecutionNotRedrivable".into(), why.into()));
}

#[tokio::test]
async fn a_client_token_has_bounds() {
    let bench = Bench::new().await;
    for token in ["", "a b", "é", &"t".repeat(65)] {
        let body = json!({ "executionArn": EXECUTION, "clientToken": token });
        assert_eq!(bench.refused("RedriveExecution", body).await.0, "ValidationException", "{token}");
    }
}
