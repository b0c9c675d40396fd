//! Distributed Maps: their children, what becomes of them, and that both can be cut anywhere.

use super::*;
use crate::{
    engine::{ApiError, ExecutionDescription, MapRunChange, Paging, WantedChildren},
    task::items::tests::Shelf,
};

/// A machine of one distributed Map named `M`, whose children run these states, with further fields.
fn mapping(execution_type: &str, states: Value, fields: Value) -> String {
    let start = states.as_object().unwrap().keys().next().unwrap().clone();
    let mut map = json!({ "Type": "Map", "Label": "L", "End": true, "ItemProcessor": {
        "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": execution_type },
        "StartAt": start, "States": states } });
    for (name, value) in fields.as_object().unwrap() {
        map[name] = value.clone();
    }
    definition("M", &json!({ "M": map }))
}

fn map_state(states: Value, fields: Value) -> Value {
    let mut machine: Value = serde_json::from_str(&mapping("STANDARD", states, fields)).unwrap();
    machine["States"]["M"].take()
}

fn double() -> Value {
    let resource = "arn:aws:lambda:us-east-1:123456789012:function:double";
    json!({ "D": { "Type": "Task", "Resource": resource, "End": true } })
}

fn pass() -> Value {
    json!({ "P": { "Type": "Pass", "End": true } })
}

fn question_of_each() -> Value {
    let mut ask = asking("X");
    let fields = ask.as_object_mut().unwrap();
    fields.remove("Next");
    fields.insert("End".into(), json!(true));
    json!({ "Ask": ask })
}

async fn run(bench: &Bench, definition: String, input: &Value) -> (Engine, ExecutionDescription) {
    let engine = bench.open().await;
    let machine = create(&engine, "m", definition).await;
    let arn = start(&engine, &machine, "e", input).await;
    let ended = engine.wait_until_ended(&arn).await.unwrap();
    (engine, ended)
}

#[track_caller]
fn check_output(ended: &ExecutionDescription, expect: &str) {
    assert_eq!((ended.output.as_deref(), &ended.error, &ended.cause), (Some(expect), &None, &None));
}

async fn only_run(engine: &Engine) -> super::super::MapRunDescription {
    let runs = engine.list_map_runs(PARENT, Paging::default()).await.unwrap();
    assert_eq!(runs.items.len(), 1);
    runs.items[0].clone()
}

async fn children(engine: &Engine, map_run: &str) -> Vec<super::super::ChildItem> {
    engine.list_child_executions(map_run, WantedChildren::default(), Paging::default()).await.unwrap().items
}

/// Waits until nothing runs any more.
async fn settled(engine: &Engine) {
    while engine.running().0 > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn children_are_executions_of_their_own() {
    let bench = Bench::new();
    let (engine, ended) = run(&bench, mapping("STANDARD", double(), json!({})), &json!([1, 2, 3])).await;
    check_output(&ended, "[2,4,6]");
    assert_eq!(engine.running(), (0, 0));
    let run = only_run(&engine).await;
    assert_eq!((run.execution_arn.as_str(), run.report.executions.succeeded), (PARENT, 3));
    assert_eq!(engine.describe_map_run(&run.report.map_run_arn).await.unwrap(), run);
    let children = children(&engine, &run.report.map_run_arn).await;
    assert_eq!(children.len(), 3);
    for child in &children {
        assert_eq!((child.item.status, child.item_count), (ExecutionStatus::Succeeded, 1));
        assert!(child.item.execution_arn.starts_with("arn:aws:states:us-east-1:123456789012:execution:m/L:"));
        let described = engine.describe_execution(&child.item.execution_arn).await.unwrap();
        assert_eq!(described.map_run_arn.as_deref(), Some(run.report.map_run_arn.as_str()));
        let types = types(&engine, &child.item.execution_arn).await;
        assert_eq!(types.first().unwrap(), "ExecutionStarted");
        assert_eq!(types.last().unwrap(), "ExecutionSucceeded");
    }
    // They are not executions of the machine.
    let machine = run.state_machine_arn.strip_suffix("/L").unwrap();
    let list = engine.list_executions(machine, None, Paging::default()).await.unwrap();
    assert_eq!(list.items.len(), 1);
}

#[tokio::test]
async fn express_children_leave_no_trace_but_in_their_parent() {
    let bench = Bench::new();
    let (engine, ended) = run(&bench, mapping("EXPRESS", double(), json!({})), &json!([1, 2])).await;
    check_output(&ended, "[2,4]");
    let run = only_run(&engine).await.report.map_run_arn;
    let children = children(&engine, &run).await;
    assert_eq!(children.iter().map(|child| child.item.status).collect::<Vec<_>>(), [ExecutionStatus::Succeeded; 2]);
    let arn = &children[0].item.execution_arn;
    assert!(arn.starts_with("arn:aws:states:us-east-1:123456789012:express:m/L:"), "{arn}");
    assert!(matches!(engine.get_execution_history(arn).await, Err(ApiError::InvalidArn(_))));
    let (bytes, _) = journal_of(bench.data.path());
    assert!(!String::from_utf8_lossy(&bytes).contains("LambdaFunction"));
}

#[tokio::test]
async fn items_come_from_objects_and_results_go_there() {
    let mut bench = Bench::new();
    let shelf = Shelf::with(&[("in/items.json", b"[5, 6]")]);
    bench.objects = Some(Arc::new(shelf.clone()));
    let reader = json!({ "Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": { "InputType": "JSON" },
        "Parameters": { "Bucket": "in", "Key": "items.json" } });
    let writer = |bucket: &str| json!({ "Resource": "arn:aws:states:::s3:putObject", "Parameters": { "Bucket": bucket, "Prefix": "p" } });
    let fields = json!({ "ItemReader": reader, "ResultWriter": writer("out") });
    let (engine, ended) = run(&bench, mapping("STANDARD", double(), fields), &json!({})).await;
    let output: Value = serde_json::from_str(ended.output.as_deref().unwrap()).unwrap();
    let key = output["ResultWriterDetails"]["Key"].as_str().unwrap();
    assert!(shelf.objects.lock().unwrap().contains_key(&format!("out/{key}")));
    let puts = shelf.puts.lock().unwrap().clone();
    assert!(puts[0].ends_with("SUCCEEDED_0.json") && puts[1].ends_with("manifest.json"), "{puts:?}");
    assert_eq!(only_run(&engine).await.report.items.results_written, 2);

    let machine =
        create(&engine, "broken", mapping("STANDARD", pass(), json!({ "ResultWriter": writer("broken") }))).await;
    let ended = engine.wait_until_ended(&start(&engine, &machine, "e", &json!([1])).await).await.unwrap();
    let why = (ended.error.as_deref(), ended.cause.as_deref());
    assert_eq!(why, (Some("States.ResultWriterFailed"), Some("Access Denied")));

    let mut missing = reader.clone();
    missing["Parameters"]["Key"] = json!("nothing");
    let machine = create(&engine, "missing", mapping("STANDARD", pass(), json!({ "ItemReader": missing }))).await;
    let ended = engine.wait_until_ended(&start(&engine, &machine, "e", &json!([1])).await).await.unwrap();
    let why = (ended.error.as_deref(), ended.cause.as_deref());
    assert_eq!(why, (Some("States.ItemReaderFailed"), Some("The specified key does not exist.")));
}

#[tokio::test]
async fn failures_are_tolerated_to_a_limit() {
    let items = json!([1, "two", 3]);
    let bench = Bench::new();
    let definition = mapping("STANDARD", double(), json!({ "ToleratedFailureCount": 1 }));
    let (engine, ended) = run(&bench, definition, &items).await;
    assert_eq!(ended.item.status, ExecutionStatus::Succeeded);
    let run_arn = only_run(&engine).await.report.map_run_arn;
    let failed = engine
        .list_child_executions(
            &run_arn,
            WantedChildren { status: Some(ExecutionStatus::Failed), ..WantedChildren::default() },
            Paging::default(),
        )
        .await
        .unwrap();
    assert_eq!(failed.items.len(), 1);

    let bench = Bench::new();
    let (engine, ended) = run(&bench, mapping("STANDARD", double(), json!({})), &items).await;
    assert_eq!(ended.error.as_deref(), Some("States.ExceedToleratedFailureThreshold"));
    settled(&engine).await;
}

#[tokio::test]
async fn the_end_of_a_parent_stops_its_children() {
    for execution_type in ["STANDARD", "EXPRESS"] {
        let mut bench = Bench::new();
        let (reached, mut calls) = mpsc::unbounded_channel();
        bench.functions.insert("double", move |_| {
            reached.send(()).unwrap();
            futures::future::pending().boxed()
        });
        let engine = bench.open().await;
        let machine = create(&engine, "m", mapping(execution_type, double(), json!({}))).await;
        let arn = start(&engine, &machine, "e", &json!([1, 2])).await;
        calls.recv().await.unwrap();
        calls.recv().await.unwrap();
        let run = only_run(&engine).await.report;
        assert_eq!(run.executions.running, 2);
        engine.stop_execution(&arn, Some("Enough".into()), None).await.unwrap();
        settled(&engine).await;
        let statuses: Vec<_> =
            children(&engine, &run.map_run_arn).await.iter().map(|child| child.item.status).collect();
        assert_eq!(statuses, [ExecutionStatus::Aborted; 2], "{execution_type}");
        assert_eq!(only_run(&engine).await.report.executions.aborted, 2);
        assert!(engine.inner.family.is_idle());
    }
}

#[tokio::test]
async fn a_map_run_is_changed_while_it_runs() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "m", mapping("STANDARD", question_of_each(), json!({ "MaxConcurrency": 1 }))).await;
    let arn = start(&engine, &machine, "e", &json!([1, 2, 3])).await;
    let first = bench.token().await;
    let run = only_run(&engine).await.report;
    assert_eq!((run.executions.running, run.executions.pending), (1, 2));
    let change = MapRunChange { max_concurrency: Some(2), ..MapRunChange::default() };
    engine.update_map_run(&run.map_run_arn, change).await.unwrap();
    let second = bench.token().await;
    assert_eq!(only_run(&engine).await.report.max_concurrency, 2);
    for token in [first, second] {
        engine.send_task_success(&token, "7".into()).await.unwrap();
    }
    engine.send_task_success(&bench.token().await, "8".into()).await.unwrap();
    check_output(&engine.wait_until_ended(&arn).await.unwrap(), "[7,7,8]");
    let refused = engine.update_map_run(&run.map_run_arn, change).await.unwrap_err();
    assert!(matches!(refused, ApiError::Invalid(..)), "{refused}");
    let unknown = engine.describe_map_run("arn:aws:states:us-east-1:123456789012:mapRun:m/L:x").await.unwrap_err();
    assert!(matches!(unknown, ApiError::ResourceNotFound(_)), "{unknown}");
}

#[tokio::test]
async fn map_runs_and_children_are_listed_page_by_page() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let mut first = map_state(pass(), json!({ "Next": "N" }));
    first.as_object_mut().unwrap().remove("End");
    let states = json!({ "M": first, "N": map_state(json!({ "Q": pass()["P"] }), json!({ "Label": "N" })) });
    let text = definition("M", &states);
    let machine = create(&engine, "m", text).await;
    let arn = start(&engine, &machine, "e", &json!([1, 2, 3])).await;
    check_output(&engine.wait_until_ended(&arn).await.unwrap(), "[1,2,3]");
    let page = |size, next_token| Paging { max_results: size, next_token };
    let first = engine.list_map_runs(&arn, page(1, None)).await.unwrap();
    let second = engine.list_map_runs(&arn, page(1, first.next_token.clone())).await.unwrap();
    assert_eq!((first.items.len(), second.items.len(), second.next_token), (1, 1, None));
    assert!(first.items[0].report.id.started > second.items[0].report.id.started);
    let run = &first.items[0].report.map_run_arn;
    let two = engine.list_child_executions(run, WantedChildren::default(), page(2, None)).await.unwrap();
    let rest =
        engine.list_child_executions(run, WantedChildren::default(), page(2, two.next_token.clone())).await.unwrap();
    assert_eq!((two.items.len(), rest.items.len(), rest.next_token), (2, 1, None));
    let other = engine
        .list_child_executions(&second.items[0].report.map_run_arn, WantedChildren::default(), page(2, two.next_token))
        .await;
    assert_eq!(other.unwrap_err(), ApiError::InvalidPage);
}

/// Runs a map of a wait and a task to its end in whatever state the directory is; answers its output and its events.
async fn finish(bench: &Bench, execution_type: &str) -> (String, Vec<String>) {
    let engine = bench.open().await;
    let states = json!({ "W": { "Type": "Wait", "Seconds": 10, "Next": "D" }, "D": double()["D"] });
    let text = mapping(execution_type, states, json!({ "MaxConcurrency": 2 }));
    let machine = create(&engine, "m", text).await;
    let new = StartExecution { name: Some("e".into()), input: Some("[1,2,3]".into()), ..of(&machine) };
    let arn = match engine.start_execution(new).await {
        Ok(started) => started.execution_arn,
        Err(ApiError::ExecutionAlreadyExists(arn)) => arn,
        Err(other) => panic!("{other}"),
    };
    let ticking = async {
        loop {
            bench.clock.advance(10_000);
            tokio::task::yield_now().await;
        }
    };
    let ended = tokio::select! {
        ended = engine.wait_until_ended(&arn) => ended.unwrap(),
        () = ticking => unreachable!(),
    };
    let types = types(&engine, &arn).await;
    let run = only_run(&engine).await.report;
    assert_eq!((run.executions.succeeded, run.executions.total), (3, 3));
    assert_eq!(children(&engine, &run.map_run_arn).await.len(), 3);
    settled(&engine).await;
    engine.shutdown().await;
    (ended.output.unwrap(), types)
}

#[tokio::test]
async fn a_map_run_that_is_cut_anywhere_goes_on_to_the_same_end() {
    for execution_type in ["STANDARD", "EXPRESS"] {
        let bench = Bench::new();
        let whole = finish(&bench, execution_type).await;
        assert_eq!(whole.0, "[2,4,6]");
        let (bytes, ends) = journal_of(bench.data.path());
        assert!(ends.len() >= 6, "{ends:?}");
        for cut in &ends {
            let again = Bench::at(cut_at(&bytes[..*cut]), NOON + 3_600_000);
            assert_eq!(finish(&again, execution_type).await, whole, "{execution_type} cut at {cut} of {}", bytes.len());
            assert_eq!(finish(&again, execution_type).await, whole, "{execution_type} cut at {cut}, once more");
        }
    }
}

fn cut_at(bytes: &[u8]) -> TempDir {
    let data = tempfile::tempdir().unwrap();
    fs::create_dir(data.path().join("journal")).unwrap();
    fs::write(data.path().join("journal").join("0000000000000000.log"), bytes).unwrap();
    data
}

/// The process was killed after a child's end was durable and before its parent was told.
#[tokio::test]
async fn an_end_that_the_parent_has_not_recorded_is_told_again() {
    let bench = Bench::new();
    let (engine, ended) = run(&bench, mapping("STANDARD", pass(), json!({})), &json!([1, 2])).await;
    engine.shutdown().await;
    let (bytes, ends) = journal_of(bench.data.path());
    // The machine, the map run, the parent's start, two children, and what the parent says to their ends.
    let both = ends[5];
    let again = Bench::at(cut_at(&bytes[..both]), NOON);
    let engine = again.open().await;
    let told = engine.wait_until_ended(PARENT).await.unwrap();
    assert_eq!(told.output, ended.output);
    let run = only_run(&engine).await.report.map_run_arn;
    assert_eq!(children(&engine, &run).await.len(), 2);
    engine.shutdown().await;
    let (after, _) = journal_of(again.data.path());
    assert_eq!(after[..both], bytes[..both]);
}

/// The process was killed after the parent had been stopped and before its children were.
#[tokio::test]
async fn orphans_are_stopped_after_a_kill() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "m", mapping("STANDARD", question_of_each(), json!({}))).await;
    let arn = start(&engine, &machine, "e", &json!([1, 2])).await;
    bench.token().await;
    bench.token().await;
    engine.stop_execution(&arn, None, None).await.unwrap();
    settled(&engine).await;
    let run = only_run(&engine).await.report.map_run_arn;
    engine.shutdown().await;
    let (bytes, ends) = journal_of(bench.data.path());
    let mut orphaned = 0;
    for cut in ends.into_iter().skip(5) {
        let again = Bench::at(cut_at(&bytes[..cut]), NOON);
        let engine = again.open().await;
        if status(&engine, &arn).await == ExecutionStatus::Aborted {
            orphaned += engine.running().0;
            settled(&engine).await;
            let statuses: Vec<_> = children(&engine, &run).await.iter().map(|child| child.item.status).collect();
            assert_eq!(statuses, [ExecutionStatus::Aborted; 2], "cut at {cut}");
        }
        engine.shutdown().await;
    }
    assert!(orphaned >= 2, "no cut came between the parent's end and its children's");
}

#[tokio::test]
async fn children_may_have_children() {
    let bench = Bench::new();
    let outer = mapping("STANDARD", json!({ "I": map_state(pass(), json!({ "Label": "I" })) }), json!({}));
    let (engine, ended) = run(&bench, outer, &json!([[1, 2], [3]])).await;
    check_output(&ended, "[[1,2],[3]]");
    let run = only_run(&engine).await.report.map_run_arn;
    for child in children(&engine, &run).await {
        let runs = engine.list_map_runs(&child.item.execution_arn, Paging::default()).await.unwrap().items;
        assert_eq!(engine.describe_map_run(&runs[0].report.map_run_arn).await.unwrap(), runs[0]);
        assert!(runs[0].report.map_run_arn.contains(":mapRun:m/I:"));
    }
}

#[tokio::test]
async fn thousands_of_children_leave_memory() {
    let bench = Bench::new();
    let items: Vec<usize> = (0..3000).collect();
    let (engine, ended) = run(&bench, mapping("STANDARD", pass(), json!({})), &json!(items)).await;
    check_output(&ended, &json!(items).to_string());
    assert_eq!(engine.running(), (0, 0));
    assert!(engine.inner.family.is_idle());
}

const PARENT: &str = "arn:aws:states:us-east-1:123456789012:execution:m:e";
