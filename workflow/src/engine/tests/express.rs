//! Express executions: in memory, at most once when somebody waits for them, at least once when nobody does.

use futures::StreamExt;

use super::*;
use crate::engine::{ApiError, Paging, StateMachineType, SyncExecution};

async fn express(engine: &Engine, definition: String) -> String {
    let new =
        NewStateMachine { name: "x".into(), definition, kind: StateMachineType::Express, ..NewStateMachine::default() };
    engine.create_state_machine(new).await.unwrap().0
}

fn doubling() -> String {
    let resource = "arn:aws:lambda:us-east-1:123456789012:function:double";
    let retry = json!([{"ErrorEquals": ["NotANumber"], "IntervalSeconds": 1, "MaxAttempts": 1}]);
    definition("Double", &json!({"Double": {"Type": "Task", "Resource": resource, "Retry": retry, "End": true}}))
}

fn with(machine: &str, input: &str) -> StartExecution {
    StartExecution { input: Some(input.into()), name: Some("n".into()), ..of(machine) }
}

/// Runs one to its end while the clock moves whenever everything waits.
async fn run(bench: &Bench, engine: &Engine, start: StartExecution) -> SyncExecution {
    let running = engine.start_sync_execution(start);
    tokio::pin!(running);
    loop {
        tokio::select! {
            biased;
            ended = &mut running => return ended.unwrap(),
            () = async { for _ in 0..50 { tokio::task::yield_now().await } } => bench.clock.advance(1000),
        }
    }
}

#[tokio::test]
async fn a_synchronous_execution_answers_with_its_end() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = express(&engine, doubling()).await;
    let ended = engine.start_sync_execution(with(&machine, "4")).await.unwrap();
    assert_eq!((ended.status, ended.output.as_deref()), (ExecutionStatus::Succeeded, Some("8")));
    assert_eq!((ended.name.as_str(), ended.input.as_str()), ("n", "4"));
    assert_eq!((ended.billed_millis, ended.billed_megabytes), (100, 64));
    let prefix = "arn:aws:states:us-east-1:123456789012:express:x:n:";
    assert_eq!(ended.execution_arn.strip_prefix(prefix).unwrap().len(), 36);
    let again = engine.start_sync_execution(with(&machine, "5")).await.unwrap();
    assert_eq!(again.output.as_deref(), Some("10"));
    assert_ne!(again.execution_arn, ended.execution_arn);
    assert_eq!(engine.running(), (0, 0));

    let failed = run(&bench, &engine, with(&machine, "\"four\"")).await;
    assert_eq!((failed.status, failed.error.as_deref()), (ExecutionStatus::Failed, Some("NotANumber")));
    assert_eq!((failed.output, failed.stop_date > failed.start_date), (None, true));
    assert_eq!(failed.billed_millis % 100, 0);
    assert_eq!(bench.calls.lock().unwrap().len(), 4, "two that succeed, one that is retried once");
}

#[tokio::test]
async fn a_synchronous_execution_leaves_nothing_behind() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = express(&engine, doubling()).await;
    let before = journal_of(bench.data.path()).1.len();
    let ended = engine.start_sync_execution(with(&machine, "4")).await.unwrap();
    assert_eq!(journal_of(bench.data.path()).1.len(), before);
    for refused in [
        engine.describe_execution(&ended.execution_arn).await.map(drop),
        engine.get_execution_history(&ended.execution_arn).await.map(drop),
        engine.stop_execution(&ended.execution_arn, None, None).await.map(drop),
    ] {
        assert_eq!(refused.unwrap_err().code(), "InvalidArn");
    }
    let listed = engine.list_executions(&machine, None, Paging::default()).await;
    assert_eq!(listed, Err(ApiError::StateMachineTypeNotSupported));
    let standard = create(&engine, "s", passes()).await;
    let refused = engine.start_sync_execution(of(&standard)).await;
    assert_eq!(refused, Err(ApiError::StateMachineTypeNotSupported));
}

#[tokio::test]
async fn an_execution_ends_after_five_minutes() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = express(&engine, definition("W", &json!({"W": {"Type": "Wait", "Seconds": 299, "Next": "V"}, "V": {"Type": "Wait", "Seconds": 2, "End": true}}))).await;
    let ended = run(&bench, &engine, with(&machine, "{}")).await;
    assert_eq!((ended.status, ended.error.as_deref()), (ExecutionStatus::TimedOut, Some("States.Timeout")));
    assert_eq!(ended.stop_date - ended.start_date, 300_000);
}

#[tokio::test]
async fn an_execution_that_turns_in_circles_ends_after_five_minutes_too() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let leave = json!([{"Variable": "$.enough", "IsPresent": true, "Next": "C"}]);
    let circle = json!({"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Choice", "Choices": leave, "Default": "A"}, "C": {"Type": "Succeed"}});
    let machine = express(&engine, definition("A", &circle)).await;
    let running = tokio::spawn({
        let (engine, start) = (engine.clone(), with(&machine, "{}"));
        async move { engine.start_sync_execution(start).await.unwrap() }
    });
    // It lets others have their turn.
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
    bench.clock.advance(300_000);
    let ended = running.await.unwrap();
    assert_eq!((ended.status, ended.error.as_deref()), (ExecutionStatus::TimedOut, Some("States.Timeout")));
}

#[tokio::test]
async fn an_own_timeout_that_is_shorter_counts() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let states = json!({"W": {"Type": "Wait", "Seconds": 100, "End": true}});
    let machine = express(&engine, json!({"StartAt": "W", "TimeoutSeconds": 7, "States": states}).to_string()).await;
    let ended = run(&bench, &engine, with(&machine, "{}")).await;
    assert_eq!((ended.status, ended.stop_date - ended.start_date), (ExecutionStatus::TimedOut, 7_000));
}

#[tokio::test]
async fn what_an_express_machine_must_not_have_is_refused() {
    let bench = Bench::new();
    let engine = bench.open().await;
    for resource in [
        "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "arn:aws:states:::states:startExecution.sync",
        "arn:aws:states:us-east-1:123456789012:activity:a",
    ] {
        let task = json!({"Type": "Task", "Resource": resource, "End": true, "Parameters": {"FunctionName": "f", "StateMachineArn": "m", "t.$": "$$.Task.Token"}});
        let new = NewStateMachine {
            name: "x".into(),
            definition: definition("T", &json!({"T": task})),
            kind: StateMachineType::Express,
            ..NewStateMachine::default()
        };
        assert_eq!(engine.create_state_machine(new).await.unwrap_err().code(), "InvalidDefinition", "{resource}");
    }
}

/// The outputs of the Express executions that end, in order.
async fn outputs(mut told: futures::stream::BoxStream<'static, super::super::Progress>, count: usize) -> Vec<String> {
    let mut outputs = Vec::new();
    while outputs.len() < count {
        let progress = told.next().await.unwrap();
        let ended = progress.events.iter().find(|event| event["type"] == "ExecutionSucceeded");
        outputs
            .extend(ended.map(|event| event["executionSucceededEventDetails"]["output"].as_str().unwrap().to_owned()));
    }
    outputs
}

#[tokio::test]
async fn an_asynchronous_execution_runs_by_itself_and_its_name_may_repeat() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let told = engine.subscribe(None);
    let machine = express(&engine, doubling()).await;
    let one = engine.start_execution(with(&machine, "4")).await.unwrap();
    let two = engine.start_execution(with(&machine, "5")).await.unwrap();
    assert_ne!(one.execution_arn, two.execution_arn);
    let mut ended = outputs(told, 2).await;
    ended.sort();
    assert_eq!(ended, ["10", "8"]);
}

#[tokio::test]
async fn an_asynchronous_execution_that_a_crash_cuts_off_runs_again() {
    let mut bench = Bench::new();
    let (reached, mut calls) = mpsc::unbounded_channel();
    bench.functions.insert("double", move |call: Invocation| {
        reached.send(call.payload).unwrap();
        futures::future::pending().boxed()
    });
    let engine = bench.open().await;
    let machine = express(&engine, doubling()).await;
    engine.start_execution(with(&machine, "4")).await.unwrap();
    engine.start_execution(with(&machine, "5")).await.unwrap();
    calls.recv().await.unwrap();
    calls.recv().await.unwrap();
    let killed = bench.killed();
    let engine = killed.open().await;
    let mut ended = outputs(engine.subscribe(None), 2).await;
    ended.sort();
    assert_eq!(ended, ["10", "8"]);
    // What has ended does not run again.
    while !engine.inner.index.express().is_empty() {
        tokio::task::yield_now().await;
    }
    engine.shutdown().await;
    let engine = killed.open().await;
    assert!(engine.inner.index.express().is_empty());
    assert_eq!(killed.calls.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn an_execution_runs_the_version_that_it_was_started_with() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = express(&engine, doubling()).await;
    let version = engine.publish_state_machine_version(&machine, None, Default::default()).await.unwrap().arn;
    let change = crate::engine::StateMachineChange { definition: Some(passes()), ..Default::default() };
    engine.update_state_machine(&machine, change).await.unwrap();
    let output = |arn: String| {
        let engine = engine.clone();
        async move { engine.start_sync_execution(with(&arn, "4")).await.unwrap().output.unwrap() }
    };
    assert_eq!((output(version).await, output(machine).await), ("8".to_owned(), "4".to_owned()));
}

#[tokio::test]
async fn an_engine_that_closes_does_not_pretend_an_end() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = express(&engine, nap()).await;
    let waiting = tokio::spawn({
        let (engine, start) = (engine.clone(), with(&machine, "{}"));
        async move { engine.start_sync_execution(start).await }
    });
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    engine.shutdown().await;
    assert_eq!(waiting.await.unwrap().unwrap_err().code(), "ServiceUnavailable");
}
