//! Redriving executions, cut anywhere.

use super::*;
use crate::engine::{ApiError, ChildItem, MapRunDescription, Paging, WantedChildren};

/// Doubles `$.n`, then `$.m`.
fn twice() -> String {
    let double = |from: &str| json!({"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:flaky", "InputPath": from, "ResultPath": from});
    let (mut first, mut second) = (double("$.n"), double("$.m"));
    first["Next"] = json!("Second");
    second["End"] = json!(true);
    definition("First", &json!({"First": first, "Second": second}))
}

/// A bench whose function fails until it is mended.
fn flaky(bench: &mut Bench) -> Arc<Mutex<bool>> {
    let mended = Arc::new(Mutex::new(false));
    let (well, calls) = (Arc::clone(&mended), Arc::clone(&bench.calls));
    bench.functions.insert("flaky", move |call: Invocation| {
        calls.lock().unwrap().push((call.payload.to_string(), call.idempotency_key));
        let well = *well.lock().unwrap() || call.payload == 1;
        async move {
            if well {
                Ok(json!(call.payload.as_i64().unwrap() * 2))
            } else {
                Err(FunctionError::new("Broken", "for now"))
            }
        }
        .boxed()
    });
    mended
}

#[tokio::test]
async fn an_execution_goes_on_from_where_it_failed() {
    let mut bench = Bench::new();
    let mended = flaky(&mut bench);
    let engine = bench.open().await;
    let machine = create(&engine, "m", twice()).await;
    let arn = start(&engine, &machine, "one", &json!({"n": 1, "m": 4})).await;
    let ended = engine.wait_until_ended(&arn).await.unwrap();
    assert_eq!((ended.item.status, ended.not_redrivable), (ExecutionStatus::Failed, None));
    *mended.lock().unwrap() = true;
    bench.clock.advance(1000);
    assert_eq!(engine.redrive_execution(&arn, Some("t".into())).await.unwrap(), NOON + 1000);
    let ended = engine.wait_until_ended(&arn).await.unwrap();
    assert_eq!(ended.output.as_deref(), Some(r#"{"n":2,"m":8}"#));
    assert_eq!((ended.item.redrive_count, ended.item.redrive_date), (1, Some(NOON + 1000)));
    assert_eq!(ended.not_redrivable, Some("Execution is SUCCEEDED and cannot be redriven"));
    let calls: Vec<String> = bench.calls.lock().unwrap().iter().map(|call| call.0.clone()).collect();
    assert_eq!(calls, ["1", "4", "4"]);
    let events = engine.get_execution_history(&arn).await.unwrap();
    let redriven = events.iter().find(|event| event["type"] == "ExecutionRedriven").unwrap();
    assert_eq!(redriven["executionRedrivenEventDetails"], json!({"redriveCount": 1}));
    let listed = engine.list_executions(&machine, None, Paging::default()).await.unwrap().items;
    assert_eq!((listed[0].redrive_count, listed[0].status), (1, ExecutionStatus::Succeeded));

    // The same request again, whatever became of the execution since.
    bench.clock.advance(60_000);
    assert_eq!(engine.redrive_execution(&arn, Some("t".into())).await.unwrap(), NOON + 1000);
    for token in [None, Some("u".to_owned())] {
        let refused = engine.redrive_execution(&arn, token).await;
        let why = "Execution is SUCCEEDED and cannot be redriven";
        assert_eq!(refused, Err(ApiError::ExecutionNotRedrivable(why.into())));
    }
    bench.clock.advance(15 * 60_000);
    let late = engine.redrive_execution(&arn, Some("t".into())).await.unwrap_err();
    assert_eq!(late.code(), "ExecutionNotRedrivable");
}

#[tokio::test]
async fn a_redrive_that_is_cut_anywhere_goes_on_to_the_same_end() {
    let mut bench = Bench::new();
    let mended = flaky(&mut bench);
    let engine = bench.open().await;
    let machine = create(&engine, "m", twice()).await;
    let arn = start(&engine, &machine, "one", &json!({"n": 1, "m": 4})).await;
    engine.wait_until_ended(&arn).await.unwrap();
    let before = journal_of(bench.data.path()).1.len();
    engine.redrive_execution(&arn, None).await.unwrap();
    engine.wait_until_ended(&arn).await.unwrap();
    *mended.lock().unwrap() = true;
    engine.redrive_execution(&arn, None).await.unwrap();
    let ended = engine.wait_until_ended(&arn).await.unwrap();
    let events = types(&engine, &arn).await;
    engine.shutdown().await;

    let (bytes, ends) = journal_of(bench.data.path());
    for end in &ends[before - 1..] {
        let mut again = Bench::at(data_of(&bytes[..*end]), NOON);
        *flaky(&mut again).lock().unwrap() = true;
        let engine = again.open().await;
        let mut described = engine.wait_until_ended(&arn).await.unwrap();
        if described.item.status == ExecutionStatus::Failed {
            engine.redrive_execution(&arn, None).await.unwrap();
            described = engine.wait_until_ended(&arn).await.unwrap();
        }
        assert_eq!(described.output, ended.output, "cut at {end}");
        let found = types(&engine, &arn).await;
        let redrives = found.iter().filter(|kind| *kind == "ExecutionRedriven").count();
        assert_eq!(described.item.redrive_count as usize, redrives, "cut at {end}");
        // A function that is well at the first redrive makes the second one needless.
        assert!(found == events || redrives == 1, "cut at {end}: {found:?}");
        engine.shutdown().await;
        let engine = again.open().await;
        assert_eq!(engine.describe_execution(&arn).await.unwrap(), described, "cut at {end}, once more");
        let listed = engine.list_executions(&machine, None, Paging::default()).await.unwrap().items;
        assert_eq!(listed[0].redrive_count as usize, redrives, "cut at {end}, once more");
    }
}

#[tokio::test]
async fn a_redriven_execution_is_parked_and_woken_like_any_other() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "nap", nap()).await;
    let arn = start(&engine, &machine, "one", &json!({})).await;
    engine.stop_execution(&arn, None, None).await.unwrap();
    assert_eq!(engine.running(), (0, 0));
    bench.clock.advance(14 * 24 * 3_600_000);
    engine.redrive_execution(&arn, None).await.unwrap();
    assert_eq!(engine.running(), (1, 0));
    assert_eq!(status(&engine, &arn).await, ExecutionStatus::Running);
    let why = "Execution is RUNNING and cannot be redriven";
    assert_eq!(engine.redrive_execution(&arn, None).await, Err(ApiError::ExecutionNotRedrivable(why.into())));
    let killed = bench.killed();
    killed.clock.advance(10_000);
    let ended = killed.open().await.wait_until_ended(&arn).await.unwrap();
    assert_eq!(ended.item.status, ExecutionStatus::Succeeded);
}

#[tokio::test]
async fn what_is_not_there_any_more_is_not_redriven() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "nap", nap()).await;
    let arn = start(&engine, &machine, "one", &json!({})).await;
    engine.stop_execution(&arn, None, None).await.unwrap();
    bench.clock.advance(14 * 24 * 3_600_000 + 1);
    let late = engine.redrive_execution(&arn, None).await.unwrap_err();
    assert_eq!(late, ApiError::ExecutionNotRedrivable("Execution redrivable period exceeded".into()));
    engine.delete_state_machine(&machine).await.unwrap();
    let unknown = engine.redrive_execution(&format!("{arn}x"), None).await.unwrap_err();
    assert_eq!(unknown.code(), "ExecutionDoesNotExist");
    let arn = arn.replace(":execution:nap:one", ":stateMachine:nap");
    assert_eq!(engine.redrive_execution(&arn, None).await.unwrap_err().code(), "InvalidArn");
}

#[tokio::test]
async fn one_redrive_of_many_at_once_wins() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "nap", nap()).await;
    let arn = start(&engine, &machine, "one", &json!({})).await;
    engine.stop_execution(&arn, None, None).await.unwrap();
    let all = futures::future::join_all((0..10).map(|_| engine.redrive_execution(&arn, None))).await;
    assert_eq!(all.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let same = futures::future::join_all((0..10).map(|_| engine.redrive_execution(&arn, Some("t".into())))).await;
    assert!(same.iter().all(Result::is_err), "{same:?}");
}

/// A distributed Map that calls the flaky function with each item.
fn each(execution_type: &str) -> String {
    let task = json!({"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:flaky", "End": true});
    let processor = json!({"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": execution_type}, "StartAt": "D", "States": {"D": task}});
    definition("M", &json!({"M": {"Type": "Map", "Label": "L", "ItemProcessor": processor, "End": true}}))
}

async fn run_of(engine: &Engine, arn: &str) -> MapRunDescription {
    let mut runs = engine.list_map_runs(arn, Paging::default()).await.unwrap().items;
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

async fn children(engine: &Engine, run: &MapRunDescription, wanted: WantedChildren) -> Vec<ChildItem> {
    engine.list_child_executions(&run.report.map_run_arn, wanted, Paging::default()).await.unwrap().items
}

#[tokio::test]
async fn a_map_run_goes_on_with_the_children_that_did_not_succeed() {
    for execution_type in ["STANDARD", "EXPRESS"] {
        let mut bench = Bench::new();
        let mended = flaky(&mut bench);
        let engine = bench.open().await;
        let machine = create(&engine, "m", each(execution_type)).await;
        let arn = start(&engine, &machine, "one", &json!([1, 4, 5])).await;
        assert_eq!(engine.wait_until_ended(&arn).await.unwrap().item.status, ExecutionStatus::Failed);
        let failed = run_of(&engine, &arn).await;
        let before = children(&engine, &failed, WantedChildren::default()).await;
        *mended.lock().unwrap() = true;
        bench.clock.advance(1000);
        engine.redrive_execution(&arn, None).await.unwrap();
        let ended = engine.wait_until_ended(&arn).await.unwrap();
        assert_eq!(ended.output.as_deref(), Some("[2,8,10]"), "{execution_type}");
        let run = run_of(&engine, &arn).await;
        let counts = run.report.executions;
        assert_eq!((run.report.redrives, run.report.redriven_at), (1, Some(NOON + 1000)));
        assert_eq!((counts.succeeded, counts.total, counts.pending_redrive), (3, 3, 0));
        assert!(types(&engine, &arn).await.contains(&"MapRunRedriven".to_owned()));
        let redriven = WantedChildren { redriven: Some(true), ..WantedChildren::default() };
        let after = children(&engine, &run, redriven).await;
        assert!(after.iter().all(|child| child.item.redrive_count == 1 && !child.pending_redrive));
        let untouched = WantedChildren { redriven: Some(false), ..WantedChildren::default() };
        assert_eq!(after.len() + children(&engine, &run, untouched).await.len(), 3);
        let known = |child: &ChildItem| before.iter().any(|other| other.item.execution_arn == child.item.execution_arn);
        assert_eq!(after.iter().all(known), execution_type == "STANDARD", "{after:?}");
        if execution_type == "STANDARD" {
            for child in &after {
                let kinds = types(&engine, &child.item.execution_arn).await;
                assert_eq!(kinds.last().map(String::as_str), Some("ExecutionSucceeded"));
            }
        }
        assert!(engine.inner.family.is_idle());
    }
}

#[tokio::test]
async fn a_redriven_map_run_that_is_cut_anywhere_comes_to_the_same_end() {
    let mut bench = Bench::new();
    let mended = flaky(&mut bench);
    let engine = bench.open().await;
    let machine = create(&engine, "m", each("STANDARD")).await;
    let arn = start(&engine, &machine, "one", &json!([1, 4, 5])).await;
    engine.wait_until_ended(&arn).await.unwrap();
    *mended.lock().unwrap() = true;
    while !engine.inner.family.is_idle() || engine.running().0 > 0 {
        tokio::task::yield_now().await;
    }
    let before = journal_of(bench.data.path()).1.len();
    engine.redrive_execution(&arn, None).await.unwrap();
    let ended = engine.wait_until_ended(&arn).await.unwrap();
    engine.shutdown().await;

    let (bytes, ends) = journal_of(bench.data.path());
    assert!(ends.len() > before + 3, "there is something to cut");
    for end in &ends[before - 1..] {
        let mut again = Bench::at(data_of(&bytes[..*end]), NOON);
        *flaky(&mut again).lock().unwrap() = true;
        let engine = again.open().await;
        let mut described = engine.wait_until_ended(&arn).await.unwrap();
        if described.item.status == ExecutionStatus::Failed {
            engine.redrive_execution(&arn, None).await.unwrap();
            described = engine.wait_until_ended(&arn).await.unwrap();
        }
        assert_eq!(described.output, ended.output, "cut at {end}");
        let run = run_of(&engine, &arn).await;
        assert_eq!((run.report.redrives, run.report.executions.succeeded), (1, 3), "cut at {end}");
        for child in children(&engine, &run, WantedChildren::default()).await {
            assert_eq!(child.item.status, ExecutionStatus::Succeeded, "cut at {end}");
            assert!(child.item.redrive_count <= 1, "cut at {end}");
        }
    }
}

#[tokio::test]
async fn what_waits_to_be_redriven_says_so() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let mut ask = asking("X");
    ask.as_object_mut().unwrap().remove("Next");
    ask["End"] = json!(true);
    let processor = json!({"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "A", "States": {"A": ask}});
    let map = json!({"Type": "Map", "Label": "L", "ItemProcessor": processor, "End": true});
    let machine = create(&engine, "m", definition("M", &json!({"M": map}))).await;
    let arn = start(&engine, &machine, "one", &json!([1, 2])).await;
    bench.token().await;
    bench.token().await;
    engine.stop_execution(&arn, None, None).await.unwrap();
    let run = run_of(&engine, &arn).await;
    // One at a time, from now on.
    engine.redrive_execution(&arn, None).await.unwrap();
    let change = crate::engine::MapRunChange { max_concurrency: Some(1), ..Default::default() };
    engine.update_map_run(&run.report.map_run_arn, change).await.unwrap();
    bench.token().await;
    bench.token().await;
    engine.stop_execution(&arn, None, None).await.unwrap();
    engine.redrive_execution(&arn, None).await.unwrap();
    let token = bench.token().await;
    let run = run_of(&engine, &arn).await;
    assert_eq!((run.report.executions.running, run.report.executions.pending_redrive), (1, 1));
    let pending = WantedChildren { pending_redrive: true, ..WantedChildren::default() };
    let waiting = children(&engine, &run, pending).await;
    assert_eq!((waiting.len(), waiting[0].pending_redrive), (1, true));
    engine.send_task_success(&token, "1".into()).await.unwrap();
    let token = bench.token().await;
    engine.send_task_success(&token, "2".into()).await.unwrap();
    assert_eq!(engine.wait_until_ended(&arn).await.unwrap().output.as_deref(), Some("[1,2]"));
}
