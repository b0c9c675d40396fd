//! Map runs and their children, member by member.

use super::*;

/// A machine of one distributed Map over `[1, 2]`.
fn mapping(child: &Value) -> Value {
    let processor = json!({ "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
        "StartAt": "C", "States": { "C": child } });
    let map = json!({ "Type": "Map", "Label": "L", "End": true, "MaxConcurrency": 5,
        "ToleratedFailurePercentage": 12.5, "ItemProcessor": processor });
    json!({ "StartAt": "I", "States": { "I": { "Type": "Pass", "Result": [1, 2], "Next": "M" }, "M": map } })
}

fn asking_child() -> Value {
    asking()["States"]["Ask"].clone()
}

async fn only_run(bench: &Bench) -> String {
    let runs = bench.call("ListMapRuns", json!({ "executionArn": EXECUTION })).await;
    runs["mapRuns"][0]["mapRunArn"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_map_run_is_listed_described_and_updated() {
    let mut bench = Bench::new().await;
    bench.create("m", &mapping(&asking_child())).await;
    bench.start(MACHINE, "e").await;
    let tokens = [bench.tokens.recv().await.unwrap(), bench.tokens.recv().await.unwrap()];
    let run = only_run(&bench).await;
    assert!(run.starts_with("arn:aws:states:us-east-1:123456789012:mapRun:m/L:"), "{run}");
    let item = json!({
        "executionArn": EXECUTION, "mapRunArn": run, "stateMachineArn": format!("{MACHINE}/L"),
        "startDate": 1_767_355_200.5
    });
    let runs = bench.call("ListMapRuns", json!({ "executionArn": EXECUTION })).await;
    assert_eq!(runs, json!({ "mapRuns": [item] }));

    let counts = |running: u64, succeeded: u64| {
        json!({ "pending": 0, "running": running, "succeeded": succeeded, "failed": 0, "timedOut": 0, "aborted": 0,
            "total": 2, "resultsWritten": 0, "failuresNotRedrivable": 0, "pendingRedrive": 0 })
    };
    let mut described = json!({
        "mapRunArn": run, "executionArn": EXECUTION, "status": "RUNNING", "startDate": 1_767_355_200.5,
        "maxConcurrency": 5, "toleratedFailurePercentage": 12.5, "toleratedFailureCount": 0,
        "itemCounts": counts(2, 0), "executionCounts": counts(2, 0), "redriveCount": 0
    });
    assert_eq!(bench.call("DescribeMapRun", json!({ "mapRunArn": run })).await, described);

    let change =
        json!({ "mapRunArn": run, "maxConcurrency": 7, "toleratedFailureCount": 1, "toleratedFailurePercentage": 50 });
    assert_eq!(bench.call("UpdateMapRun", change.clone()).await, json!({}));
    for token in tokens {
        bench.call("SendTaskSuccess", json!({ "taskToken": token, "output": "1" })).await;
    }
    bench.api.engine.wait_until_ended(EXECUTION).await.unwrap();
    described["status"] = json!("SUCCEEDED");
    described["stopDate"] = json!(1_767_355_200.5);
    (described["maxConcurrency"], described["toleratedFailureCount"]) = (json!(7), json!(1));
    described["toleratedFailurePercentage"] = json!(50.0);
    (described["itemCounts"], described["executionCounts"]) = (counts(0, 2), counts(0, 2));
    assert_eq!(bench.call("DescribeMapRun", json!({ "mapRunArn": run })).await, described);
    assert_eq!(bench.refused("UpdateMapRun", change).await.0, "ValidationException");
}

#[tokio::test]
async fn the_children_of_a_map_run_are_listed_and_described() {
    let bench = Bench::new().await;
    bench.create("m", &mapping(&quick()["States"]["Only"])).await;
    bench.start(MACHINE, "e").await;
    bench.api.engine.wait_until_ended(EXECUTION).await.unwrap();
    let run = only_run(&bench).await;
    let first = bench.call("ListExecutions", json!({ "mapRunArn": run, "maxResults": 1 })).await;
    let next = json!({ "mapRunArn": run, "maxResults": 1, "nextToken": first["nextToken"] });
    let second = bench.call("ListExecutions", next).await;
    assert_eq!(second.get("nextToken"), None);
    assert_ne!(first["executions"], second["executions"]);
    let name = second["executions"][0]["name"].as_str().unwrap();
    let child = format!("arn:aws:states:us-east-1:123456789012:execution:m/L:{name}");
    let machine = format!("{MACHINE}/L");
    let item = json!({
        "executionArn": child, "stateMachineArn": machine, "name": name, "status": "SUCCEEDED", "mapRunArn": run,
        "startDate": 1_767_355_200.5, "stopDate": 1_767_355_200.5, "itemCount": 1, "redriveCount": 0
    });
    assert_eq!(second["executions"], json!([item]));
    for filter in [
        json!({ "statusFilter": "PENDING_REDRIVE" }),
        json!({ "statusFilter": "FAILED" }),
        json!({ "redriveFilter": "REDRIVEN" }),
    ] {
        let mut ask = filter.clone();
        ask["mapRunArn"] = json!(run);
        assert_eq!(bench.call("ListExecutions", ask).await, json!({ "executions": [] }), "{filter}");
    }
    let described = bench.call("DescribeExecution", json!({ "executionArn": child })).await;
    assert_eq!((&described["mapRunArn"], &described["stateMachineArn"]), (&json!(run), &json!(machine)));
    let of_child = bench.call("DescribeStateMachineForExecution", json!({ "executionArn": child })).await;
    assert_eq!(
        (&of_child["mapRunArn"], &of_child["label"], &of_child["stateMachineArn"]),
        (&json!(run), &json!("L"), &json!(machine))
    );
    let pinned = bench.call("DescribeStateMachineForExecution", json!({ "executionArn": EXECUTION })).await;
    assert_eq!((pinned.get("mapRunArn"), pinned.get("label")), (None, None));
    let history = bench.call("GetExecutionHistory", json!({ "executionArn": child })).await;
    assert_eq!(history["events"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_map_run_is_redriven_with_its_execution() {
    let mut bench = Bench::new().await;
    bench.create("m", &mapping(&asking_child())).await;
    bench.start(MACHINE, "e").await;
    for _ in 0..2 {
        bench.tokens.recv().await.unwrap();
    }
    bench.call("StopExecution", json!({ "executionArn": EXECUTION })).await;
    let run = json!({ "mapRunArn": only_run(&bench).await });
    assert_eq!(bench.call("DescribeMapRun", run.clone()).await["status"], "ABORTED");
    let mut aborted = run.clone();
    aborted["statusFilter"] = json!("ABORTED");
    bench.clock.advance(1000);
    bench.call("RedriveExecution", json!({ "executionArn": EXECUTION })).await;
    let described = bench.call("DescribeMapRun", run.clone()).await;
    assert_eq!((&described["status"], described.get("stopDate")), (&json!("RUNNING"), None));
    assert_eq!((&described["redriveCount"], &described["redriveDate"]), (&json!(1), &json!(1_767_355_201.5)));
    for _ in 0..2 {
        let token = bench.tokens.recv().await.unwrap();
        bench.call("SendTaskSuccess", json!({ "taskToken": token, "output": "1" })).await;
    }
    bench.api.engine.wait_until_ended(EXECUTION).await.unwrap();
    let mut redriven = run.clone();
    redriven["redriveFilter"] = json!("REDRIVEN");
    let listed = bench.call("ListExecutions", redriven).await;
    for child in listed["executions"].as_array().unwrap() {
        let shown = (&child["status"], &child["redriveCount"], &child["redriveDate"]);
        assert_eq!(shown, (&json!("SUCCEEDED"), &json!(1), &json!(1_767_355_201.5)));
    }
    assert_eq!(listed["executions"].as_array().unwrap().len(), 2);
    assert_eq!(bench.call("ListExecutions", aborted).await, json!({ "executions": [] }));
    let described = bench.call("DescribeMapRun", run).await;
    assert_eq!((&described["status"], &described["itemCounts"]["succeeded"]), (&json!("SUCCEEDED"), &json!(2)));
}

#[tokio::test]
async fn what_is_no_map_run_is_refused() {
    let bench = Bench::new().await;
    let check = async |action: &str, body: Value, code: &str, message: &str| {
        assert_eq!(bench.refused(action, body).await, (code.to_owned(), message.to_owned()), "{action}");
    };
    let unknown = "arn:aws:states:us-east-1:123456789012:mapRun:m/L:u";
    let not_found = format!("Resource not found: '{unknown}'");
    for action in ["DescribeMapRun", "UpdateMapRun", "ListExecutions"] {
        check(action, json!({ "mapRunArn": unknown }), "ResourceNotFound", &not_found).await;
        let wrong = "Invalid Arn: 'Resource type not valid in this context: execution'";
        check(action, json!({ "mapRunArn": EXECUTION }), "InvalidArn", wrong).await;
    }
    let missing =
        "1 validation error detected: Value null at 'mapRunArn' failed to satisfy constraint: Member must not be null";
    check("DescribeMapRun", json!({}), "ValidationException", missing).await;
    let negative = "2 validation errors detected: \
        Value '-1' at 'maxConcurrency' failed to satisfy constraint: Member must have value greater than or equal to 0; \
        Value '100.5' at 'toleratedFailurePercentage' failed to satisfy constraint: Member must have value less than or equal to 100";
    let change = json!({ "mapRunArn": unknown, "maxConcurrency": -1, "toleratedFailurePercentage": 100.5 });
    check("UpdateMapRun", change, "ValidationException", negative).await;
    let gone = format!("Execution Does Not Exist: '{EXECUTION}'");
    check("ListMapRuns", json!({ "executionArn": EXECUTION }), "ExecutionDoesNotExist", &gone).await;
}
