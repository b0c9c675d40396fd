//! The actions of activities.

use super::*;

const ACTIVITY: &str = "arn:aws:states:us-east-1:123456789012:activity:a";

fn working() -> Value {
    json!({ "StartAt": "Work", "States": { "Work": { "Type": "Task", "Resource": ACTIVITY, "End": true } } })
}

#[tokio::test]
async fn an_activity_is_created_described_listed_and_deleted() {
    let bench = Bench::new().await;
    let created = bench.call("CreateActivity", json!({ "name": "a" })).await;
    assert_eq!(created, json!({ "activityArn": ACTIVITY, "creationDate": 1_767_355_200.5 }));
    let again = json!({ "name": "a", "tags": [{ "key": "k", "value": "v" }] });
    assert_eq!(bench.call("CreateActivity", again).await, created);
    let arn = json!({ "activityArn": ACTIVITY });
    let described = json!({
        "activityArn": ACTIVITY, "name": "a", "creationDate": 1_767_355_200.5,
        "encryptionConfiguration": { "type": "AWS_OWNED_KEY" }
    });
    assert_eq!(bench.call("DescribeActivity", arn.clone()).await, described);
    bench.call("CreateActivity", json!({ "name": "b" })).await;
    let first = bench.call("ListActivities", json!({ "maxResults": 1 })).await;
    let item = json!({ "activityArn": ACTIVITY, "name": "a", "creationDate": 1_767_355_200.5 });
    assert_eq!(first["activities"], json!([item]));
    let second = bench.call("ListActivities", json!({ "nextToken": first["nextToken"] })).await;
    assert_eq!((&second["activities"][0]["name"], second.get("nextToken")), (&json!("b"), None));
    assert_eq!(bench.call("DeleteActivity", arn.clone()).await, json!({}));
    assert_eq!(bench.call("DeleteActivity", arn).await, json!({}));
}

#[tokio::test]
async fn a_task_goes_to_a_worker_and_back() {
    let bench = Bench::new().await;
    bench.call("CreateActivity", json!({ "name": "a" })).await;
    let machine = bench.create("m", &working()).await;
    let execution = bench.start(&machine, "e").await;
    let task = bench.call("GetActivityTask", json!({ "activityArn": ACTIVITY, "workerName": "w" })).await;
    assert_eq!(task["input"], r#"{"a": 1}"#);
    bench.call("SendTaskHeartbeat", json!({ "taskToken": task["taskToken"] })).await;
    bench.call("SendTaskSuccess", json!({ "taskToken": task["taskToken"], "output": "2" })).await;
    let ended = bench.call("DescribeExecution", json!({ "executionArn": execution })).await;
    assert_eq!((&ended["status"], &ended["output"]), (&json!("SUCCEEDED"), &json!("2")));
}

#[tokio::test]
async fn a_poll_that_finds_nothing_answers_nothing() {
    let bench = Bench::new().await;
    bench.call("CreateActivity", json!({ "name": "a" })).await;
    let poll = bench.call("GetActivityTask", json!({ "activityArn": ACTIVITY }));
    let later = async {
        tokio::task::yield_now().await;
        bench.clock.advance(60_000);
    };
    assert_eq!(futures::join!(poll, later).0, json!({}));
}

#[tokio::test]
async fn what_is_no_activity_is_refused() {
    let bench = Bench::new().await;
    let gone = (String::from("ActivityDoesNotExist"), format!("Activity Does Not Exist: '{ACTIVITY}'"));
    for action in ["DescribeActivity", "GetActivityTask"] {
        assert_eq!(bench.refused(action, json!({ "activityArn": ACTIVITY })).await, gone, "{action}");
        let (code, message) = bench.refused(action, json!({ "activityArn": MACHINE })).await;
        assert_eq!(code, "InvalidArn");
        assert_eq!(message, "Invalid Arn: 'Resource type not valid in this context: stateMachine'");
    }
    assert_eq!(bench.refused("CreateActivity", json!({ "name": "a b" })).await.1, "Invalid Name: 'a b'");
    let long = json!({ "activityArn": ACTIVITY, "workerName": "w".repeat(81) });
    assert_eq!(bench.refused("GetActivityTask", long).await.0, "ValidationException");
}
