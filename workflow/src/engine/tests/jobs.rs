//! Executions that start other executions of the same engine, and wait for them across crashes.

use super::*;

/// Starts machine `child`, and waits for it as the suffix says.
fn parent(suffix: &str) -> String {
    let arguments =
        json!({"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:child", "Input": {"a": 1}});
    let resource = format!("arn:aws:states:::states:startExecution{suffix}");
    definition("Run", &json!({"Run": {"Type": "Task", "Resource": resource, "Parameters": arguments, "End": true}}))
}

#[tokio::test]
async fn a_started_execution_runs_by_itself() {
    let bench = Bench::new();
    let engine = bench.open().await;
    create(&engine, "child", passes()).await;
    let machine = create(&engine, "parent", parent("")).await;
    let ended = engine.wait_until_ended(&start(&engine, &machine, "one", &json!({})).await).await.unwrap();
    let output: Value = serde_json::from_str(&ended.output.unwrap()).unwrap();
    let child = engine.describe_execution(output["ExecutionArn"].as_str().unwrap()).await.unwrap();
    assert_eq!(child.input, r#"{"a":1}"#);
}

#[tokio::test]
async fn a_job_is_waited_for_across_a_crash() {
    let bench = Bench::new();
    let engine = bench.open().await;
    create(&engine, "child", question()).await;
    let machine = create(&engine, "parent", parent(".sync:2")).await;
    let arn = start(&engine, &machine, "one", &json!({})).await;
    let token = bench.token().await;
    while !types(&engine, &arn).await.contains(&"TaskSubmitted".to_owned()) {
        tokio::task::yield_now().await;
    }
    let killed = bench.killed();
    let engine = killed.open().await;
    engine.send_task_success(&token, r#"{"answer":42}"#.into()).await.unwrap();
    let ended = engine.wait_until_ended(&arn).await.unwrap();
    let output: Value = serde_json::from_str(&ended.output.unwrap()).unwrap();
    assert_eq!((&output["Output"], &output["Status"]), (&json!({"answer": 42}), &json!("SUCCEEDED")));
    let kinds = types(&engine, &arn).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "TaskSubmitted").count(), 1);
    assert_eq!(kinds[2..6], ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]);
    assert_eq!(killed.calls.lock().unwrap().len(), 0, "the child was not started again");
}

#[tokio::test]
async fn a_job_that_fails_fails_its_task() {
    let bench = Bench::new();
    let engine = bench.open().await;
    create(&engine, "child", definition("F", &json!({"F": {"Type": "Fail", "Error": "E", "Cause": "C"}}))).await;
    let machine = create(&engine, "parent", parent(".sync")).await;
    let ended = engine.wait_until_ended(&start(&engine, &machine, "one", &json!({})).await).await.unwrap();
    assert_eq!(ended.error.as_deref(), Some("States.TaskFailed"));
    let cause: Value = serde_json::from_str(&ended.cause.unwrap()).unwrap();
    assert_eq!((&cause["Status"], &cause["Error"], &cause["Cause"]), (&json!("FAILED"), &json!("E"), &json!("C")));
}
