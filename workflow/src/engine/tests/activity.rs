//! Activities: who gets a task, once, across crashes.

use super::*;
use crate::engine::{ApiError, Paging};

const ACTIVITY: &str = "arn:aws:states:us-east-1:123456789012:activity:a";

/// One task for a worker, with these fields besides.
fn work(more: &Value) -> String {
    let mut task = json!({"Type": "Task", "Resource": ACTIVITY, "InputPath": "$.n", "End": true});
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    definition("Work", &json!({"Work": task}))
}

/// An engine with the activity and a machine that needs it.
async fn prepared(bench: &Bench, more: &Value) -> (Engine, String) {
    let engine = bench.open().await;
    engine.create_activity("a".into(), vec![], None).await.unwrap();
    let machine = create(&engine, "m", work(more)).await;
    (engine, machine)
}

async fn polled(engine: &Engine) -> Option<(String, String)> {
    let poll = engine.get_activity_task(ACTIVITY, Some("worker 1".into()));
    poll.await.unwrap().map(|task| (task.token, task.input))
}

/// What a poll finds that does not wait.
async fn found(engine: &Engine) -> Option<(String, String)> {
    let poll = polled(engine);
    tokio::pin!(poll);
    for _ in 0..200 {
        tokio::select! {
            biased;
            found = &mut poll => return found,
            () = tokio::task::yield_now() => {}
        }
    }
    None
}

#[tokio::test]
async fn a_worker_takes_a_task_and_returns_it() {
    let bench = Bench::new();
    let (engine, machine) = prepared(&bench, &json!({})).await;
    let arn = start(&engine, &machine, "one", &json!({"n": [1, 2]})).await;
    assert_eq!(engine.running(), (1, 0), "an execution that waits for a worker is parked");
    let (token, input) = polled(&engine).await.unwrap();
    assert_eq!(input, "[1,2]");
    engine.send_task_success(&token, "7".into()).await.unwrap();
    assert_eq!(engine.wait_until_ended(&arn).await.unwrap().output.as_deref(), Some("7"));
    let events = engine.get_execution_history(&arn).await.unwrap();
    let types: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    let expected = [
        "ExecutionStarted",
        "TaskStateEntered",
        "ActivityScheduled",
        "ActivityStarted",
        "ActivitySucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ];
    assert_eq!(types, expected);
    assert_eq!(
        events[2]["activityScheduledEventDetails"],
        json!({"input": "[1,2]", "inputDetails": {"truncated": false}, "resource": ACTIVITY})
    );
    assert_eq!(events[3]["activityStartedEventDetails"], json!({"workerName": "worker 1"}));
}

#[tokio::test]
async fn a_poll_waits_for_a_task_or_60_seconds() {
    let bench = Bench::new();
    let (engine, machine) = prepared(&bench, &json!({})).await;
    let waiting = tokio::spawn({
        let engine = engine.clone();
        async move { polled(&engine).await }
    });
    tokio::task::yield_now().await;
    start(&engine, &machine, "one", &json!({"n": 1})).await;
    assert_eq!(waiting.await.unwrap().unwrap().1, "1");

    let waiting = tokio::spawn({
        let engine = engine.clone();
        async move { polled(&engine).await }
    });
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    bench.clock.advance(59_999);
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    bench.clock.advance(1);
    assert_eq!(waiting.await.unwrap(), None);
}

#[tokio::test]
async fn each_task_is_given_to_one_worker_the_oldest_first() {
    let bench = Bench::new();
    let (engine, machine) = prepared(&bench, &json!({})).await;
    for n in 0..20 {
        bench.clock.advance(1);
        start(&engine, &machine, &format!("e{n}"), &json!({"n": n})).await;
    }
    let mut given: Vec<String> = Vec::new();
    for _ in 0..5 {
        given.push(polled(&engine).await.unwrap().1);
    }
    assert_eq!(given, ["0", "1", "2", "3", "4"]);
    let polls = futures::future::join_all((0..15).map(|_| polled(&engine))).await;
    given.extend(polls.into_iter().map(|task| task.unwrap().1));
    given.sort_by_key(|input| input.parse::<u32>().unwrap());
    assert_eq!(given, (0..20).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(found(&engine).await, None);
}

#[tokio::test]
async fn a_run_that_is_cut_anywhere_gives_its_task_out_once() {
    let bench = Bench::new();
    let (engine, machine) = prepared(&bench, &json!({})).await;
    let arn = start(&engine, &machine, "one", &json!({"n": 1})).await;
    let token = polled(&engine).await.unwrap().0;
    engine.send_task_success(&token, "7".into()).await.unwrap();
    let whole = types(&engine, &arn).await;
    engine.shutdown().await;

    let (bytes, ends) = journal_of(bench.data.path());
    // The activity, the machine, the start, the worker, the result.
    assert_eq!(ends.len(), 6, "{ends:?}");
    for (entries, end) in ends.iter().enumerate().skip(3) {
        let again = Bench::at(data_of(&bytes[..*end]), NOON);
        let engine = again.open().await;
        if entries == 3 {
            let token = polled(&engine).await.unwrap().0;
            assert_eq!(found(&engine).await, None, "given out once");
            engine.send_task_success(&token, "7".into()).await.unwrap();
        } else {
            assert_eq!(found(&engine).await, None, "given out before the cut");
            let sent = engine.send_task_success(&token, "7".into()).await;
            assert_eq!(sent.is_ok(), entries == 4, "after {entries} entries");
        }
        assert_eq!(types(&engine, &arn).await, whole, "after {entries} entries");
    }
}

#[tokio::test]
async fn tasks_wait_for_their_workers_across_a_restart_in_order() {
    let bench = Bench::new();
    let (engine, machine) = prepared(&bench, &json!({})).await;
    for n in 0..9 {
        bench.clock.advance(1);
        start(&engine, &machine, &format!("e{n}"), &json!({"n": n})).await;
    }
    assert_eq!(polled(&engine).await.unwrap().1, "0");
    let killed = bench.killed();
    engine.shutdown().await;
    for engine in [bench.open().await, killed.open().await] {
        // What was parked comes back by itself.
        while engine.inner.activities.queues.waiting(ACTIVITY) < 8 {
            tokio::task::yield_now().await;
        }
        let mut given = Vec::new();
        for _ in 0..8 {
            given.push(polled(&engine).await.unwrap().1);
        }
        assert_eq!(given, ["1", "2", "3", "4", "5", "6", "7", "8"]);
    }
}

#[tokio::test]
async fn time_counts_from_when_a_worker_took_the_task() {
    let bench = Bench::new();
    let (engine, machine) = prepared(&bench, &json!({"TimeoutSeconds": 100, "HeartbeatSeconds": 10})).await;
    let arn = start(&engine, &machine, "one", &json!({"n": 1})).await;
    bench.clock.advance(1_000_000);
    let token = polled(&engine).await.unwrap().0;
    for _ in 0..3 {
        bench.clock.advance(9_000);
        engine.send_task_heartbeat(&token).await.unwrap();
    }
    assert_eq!(status(&engine, &arn).await, ExecutionStatus::Running);
    bench.clock.advance(10_000);
    let ended = engine.wait_until_ended(&arn).await.unwrap();
    assert_eq!((ended.item.status, ended.error.as_deref()), (ExecutionStatus::Failed, Some("States.Timeout")));
    assert_eq!(types(&engine, &arn).await[4], "ActivityTimedOut");
    assert_eq!(engine.send_task_success(&token, "1".into()).await.unwrap_err().code(), "TaskTimedOut");
}

#[tokio::test]
async fn a_task_that_went_down_with_its_execution_is_not_given_out() {
    let bench = Bench::new();
    let (engine, machine) = prepared(&bench, &json!({})).await;
    let arn = start(&engine, &machine, "one", &json!({"n": 1})).await;
    engine.stop_execution(&arn, None, None).await.unwrap();
    assert_eq!(found(&engine).await, None);
    assert_eq!(engine.inner.activities.queues.waiting(ACTIVITY), 0);
}

#[tokio::test]
async fn an_activity_that_is_not_there_fails_its_task_and_says_so() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "m", work(&json!({}))).await;
    let ended = engine.wait_until_ended(&start(&engine, &machine, "one", &json!({"n": 1})).await).await.unwrap();
    let cause = format!("Activity Does Not Exist: '{ACTIVITY}'");
    assert_eq!((ended.error.as_deref(), ended.cause), (Some("ActivityDoesNotExist"), Some(cause)));
    let history = types(&engine, &ended.item.execution_arn).await;
    assert_eq!(history[2..], ["ActivityScheduled", "ActivityScheduleFailed", "ExecutionFailed"]);
}

#[tokio::test]
async fn an_activity_is_made_once_and_deleted() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let make = |name: &str, encryption| engine.create_activity(name.into(), vec![], encryption);
    let first = make("a", None).await.unwrap();
    bench.clock.advance(5);
    assert_eq!(make("a", None).await.unwrap(), first);
    assert_eq!(first.arn, ACTIVITY);
    assert_eq!(make("a", Some(json!({"type": "other"}))).await.unwrap_err().code(), "ActivityAlreadyExists");
    assert_eq!(make("a b", None).await.unwrap_err(), ApiError::InvalidName("a b".into()));
    make("b", None).await.unwrap();
    let page = |next_token| engine.list_activities(Paging { max_results: 1, next_token });
    let one = page(None).await.unwrap();
    let two = page(one.next_token).await.unwrap();
    assert_eq!((one.items[0].name.as_str(), two.items[0].name.as_str(), two.next_token), ("a", "b", None));
    engine.delete_activity(ACTIVITY).await.unwrap();
    engine.delete_activity(ACTIVITY).await.unwrap();
    let gone = ApiError::ActivityDoesNotExist(ACTIVITY.into());
    assert_eq!(engine.describe_activity(ACTIVITY).await, Err(gone.clone()));
    assert_eq!(engine.get_activity_task(ACTIVITY, None).await, Err(gone));
}
