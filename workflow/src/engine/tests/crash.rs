//! Every run can be cut anywhere: the journal is cut, the index deleted, the process killed, and the run goes on to the same end.

use futures::StreamExt;

use super::*;
use crate::engine::{OpenError, Paging};

/// Runs the errand to its end in whatever state the directory is, and answers its output and the types of its events.
async fn finish(bench: &Bench, token: Option<&str>) -> (String, Vec<String>) {
    let engine = bench.open().await;
    let mut events = engine.subscribe(None);
    let machine = create(&engine, "errand", errand()).await;
    let arn = start_unless_there(&engine, &machine).await;
    if let Some(token) = token {
        // It counts when the question that it answers is durable.
        let _ = engine.send_task_success(token, "\"yes\"".into()).await;
    }
    let done = async {
        loop {
            tokio::select! {
                // A question that is put again after it was answered has a token that does not count any more.
                token = bench.token() => drop(engine.send_task_success(&token, "\"yes\"".into()).await),
                Some(progress) = events.next() => {
                    if progress.events.iter().any(|event| event["type"] == "WaitStateEntered") {
                        bench.clock.advance(10_000);
                    }
                }
            }
        }
    };
    let ended = tokio::select! {
        ended = engine.wait_until_ended(&arn) => ended.unwrap(),
        () = done => unreachable!(),
    };
    let types = types(&engine, &arn).await;
    engine.shutdown().await;
    (ended.output.unwrap(), types)
}

/// A start that is told that it ended before is content.
async fn start_unless_there(engine: &Engine, machine: &str) -> String {
    let input = Some(json!({"n": 3}).to_string());
    let start = StartExecution { name: Some("one".into()), input, ..of(machine) };
    match engine.start_execution(start).await {
        Ok(started) => started.execution_arn,
        Err(crate::engine::ApiError::ExecutionAlreadyExists(arn)) => arn,
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_run_that_is_cut_anywhere_goes_on_to_the_same_end() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "errand", errand()).await;
    let arn = start_unless_there(&engine, &machine).await;
    let token = bench.token().await;
    engine.send_task_success(&token, "\"yes\"".into()).await.unwrap();
    bench.clock.advance(10_000);
    let output = engine.wait_until_ended(&arn).await.unwrap().output.unwrap();
    let events = types(&engine, &arn).await;
    engine.shutdown().await;

    let (bytes, ends) = journal_of(bench.data.path());
    assert!(ends.len() >= 7, "{ends:?}");
    let last_bytes = ends[ends.len() - 2]..*ends.last().unwrap();
    for cut in ends.iter().copied().chain(last_bytes.step_by(5)) {
        // An hour later: what was waiting is due.
        let again = Bench::at(data_of(&bytes[..cut]), NOON + 3_600_000);
        assert_eq!(
            finish(&again, Some(&token)).await,
            (output.clone(), events.clone()),
            "cut at {cut} of {}",
            bytes.len()
        );
        // And an ended run stays as it is.
        assert_eq!(finish(&again, None).await, (output.clone(), events.clone()), "cut at {cut}, once more");
    }
}

#[tokio::test]
async fn a_call_in_flight_is_made_again_with_the_same_key() {
    let bench = Bench::new();
    let (reached, mut calls) = mpsc::unbounded_channel();
    let mut bench = bench;
    bench.functions.insert("double", move |call: Invocation| {
        reached.send(call.idempotency_key).unwrap();
        futures::future::pending().boxed()
    });
    let engine = bench.open().await;
    let machine = create(&engine, "errand", errand()).await;
    start(&engine, &machine, "one", &json!({"n": 3})).await;
    let first = calls.recv().await.unwrap();
    let killed = bench.killed();
    assert_eq!(finish(&killed, None).await.0, r#"{"n":12,"answer":"yes"}"#);
    assert_eq!(killed.calls.lock().unwrap()[0], ("double".into(), first));
}

#[tokio::test]
async fn time_does_not_run_backwards_in_an_execution() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "question", question()).await;
    let arn = start(&engine, &machine, "one", &json!({})).await;
    let token = bench.token().await;
    let earlier = Bench::at(bench.killed().data, NOON - 5_000_000);
    let engine = earlier.open().await;
    engine.send_task_success(&token, "1".into()).await.unwrap();
    let times: Vec<f64> = engine
        .get_execution_history(&arn)
        .await
        .unwrap()
        .iter()
        .map(|event| event["timestamp"].as_f64().unwrap())
        .collect();
    assert!(times.is_sorted() && times[0] >= NOON as f64 / 1000.0, "{times:?}");
}

#[tokio::test]
async fn a_deleted_index_changes_no_answer() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "nap", nap()).await;
    for n in 0..5 {
        start(&engine, &machine, &format!("e{n}"), &json!({"n": n})).await;
    }
    bench.clock.advance(10_000);
    engine.wait_until_ended("arn:aws:states:us-east-1:123456789012:execution:nap:e4").await.unwrap();
    start(&engine, &machine, "late", &json!({})).await;
    let answers = |engine: Engine, machine: String| async move {
        let list = engine.list_executions(&machine, None, Paging::default()).await.unwrap();
        let mut described = Vec::new();
        for item in &list.items {
            described.push((
                engine.describe_execution(&item.execution_arn).await.unwrap(),
                engine.get_execution_history(&item.execution_arn).await.unwrap(),
            ));
        }
        (list, described, engine.list_state_machines(Paging::default()).await.unwrap())
    };
    for n in 0..5 {
        engine.wait_until_ended(&format!("arn:aws:states:us-east-1:123456789012:execution:nap:e{n}")).await.unwrap();
    }
    let before = answers(engine.clone(), machine.clone()).await;
    engine.shutdown().await;
    fs::remove_dir_all(bench.data.path().join("index")).unwrap();
    let engine = bench.open().await;
    assert_eq!(answers(engine.clone(), machine.clone()).await, before);
    assert_eq!(engine.running(), (1, 0));
    engine.shutdown().await;
    assert_eq!(answers(bench.open().await, machine).await, before);
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let refused = Engine::open(Config::new(bench.data.path())).await.unwrap_err();
    assert!(matches!(refused, OpenError::InUse(_)), "{refused}");
    assert!(refused.to_string().contains(&bench.data.path().display().to_string()), "{refused}");
    engine.shutdown().await;
    Engine::open(Config::new(bench.data.path())).await.unwrap();
}

#[tokio::test]
async fn a_damaged_journal_is_not_opened() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "passes", passes()).await;
    start(&engine, &machine, "one", &json!({})).await;
    engine.shutdown().await;
    let (mut bytes, _) = journal_of(bench.data.path());
    bytes[100] ^= 1;
    fs::write(bench.data.path().join("journal").join(FIRST), bytes).unwrap();
    fs::remove_dir_all(bench.data.path().join("index")).unwrap();
    let refused = Engine::open(Config::new(bench.data.path())).await.unwrap_err();
    assert!(matches!(refused, OpenError::Damaged(_)), "{refused}");
}

#[tokio::test]
async fn thousands_that_are_parked_survive_a_kill() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "question", question()).await;
    let starts = (0..MANY).map(|_| engine.start_execution(of(&machine)));
    let arns: Vec<String> =
        futures::future::join_all(starts).await.into_iter().map(|started| started.unwrap().execution_arn).collect();
    let mut tokens = Vec::new();
    while tokens.len() < MANY {
        tokens.push(bench.token().await);
    }
    let killed = bench.killed();
    let engine = killed.open().await;
    assert_eq!(engine.running().0, MANY);
    futures::future::join_all(tokens.iter().map(|token| engine.send_task_success(token, "1".into())))
        .await
        .into_iter()
        .for_each(Result::unwrap);
    for arn in &arns {
        assert_eq!(engine.wait_until_ended(arn).await.unwrap().output.as_deref(), Some("1"));
    }
    assert_eq!(engine.running(), (0, 0));
}

const MANY: usize = 2000;
