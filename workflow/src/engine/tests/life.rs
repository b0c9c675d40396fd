//! From the start to the end: passes, tasks, waits, tokens, names, listeners.

use futures::StreamExt;

use super::*;
use crate::engine::{ApiError, StateMachineChange};

#[tokio::test]
async fn a_run_of_passes_has_ended_when_its_start_answers() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "passes", passes()).await;
    let arn = start(&engine, &machine, "one", &json!({"a": 1})).await;
    assert_eq!(arn, "arn:aws:states:us-east-1:123456789012:execution:passes:one");
    let ended = engine.describe_execution(&arn).await.unwrap();
    assert_eq!((ended.item.status, ended.output.as_deref()), (ExecutionStatus::Succeeded, Some(r#"{"a":1}"#)));
    assert_eq!((ended.input.as_str(), ended.item.stop_date), (r#"{"a":1}"#, Some(NOON)));
    assert_eq!(types(&engine, &arn).await.len(), 16);
    assert_eq!(engine.running(), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_machine_that_took_long_once_holds_nobody_up() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let long = json!({"QueryLanguage": "JSONata", "StartAt": "Long", "States": {"Long": {
        "Type": "Pass", "End": true, "Output": "{% $sum([1..5].$count($filter([1..300000], function($n) { $n % 7 = 0 }))) %}",
    }}});
    let (long, short) = (create(&engine, "long", long.to_string()).await, create(&engine, "short", passes()).await);
    start(&engine, &long, "first", &json!({})).await;
    let thinking = tokio::spawn({
        let engine = engine.clone();
        async move { start(&engine, &long, "one", &json!({})).await }
    });
    let mut beside = 0;
    while !thinking.is_finished() {
        start(&engine, &short, &format!("n{beside}"), &json!({})).await;
        beside += 1;
    }
    // One may have come before it, and one would have come after it.
    assert!(beside > 2, "{beside}");
    let ended = engine.describe_execution(&thinking.await.unwrap()).await.unwrap();
    assert_eq!(ended.output.as_deref(), Some("214285"));
}

#[tokio::test]
async fn a_task_calls_its_function_and_goes_on() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "errand", errand()).await;
    let arn = start(&engine, &machine, "one", &json!({"n": 3})).await;
    engine.send_task_success(&bench.token().await, "\"yes\"".into()).await.unwrap();
    bench.clock.advance(10_000);
    let ended = engine.wait_until_ended(&arn).await.unwrap();
    assert_eq!(ended.output.as_deref(), Some(r#"{"n":12,"answer":"yes"}"#));
    let calls = bench.calls.lock().unwrap().clone();
    assert_eq!(calls.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["double", "ask", "double"]);
    assert_ne!(calls[0].1, calls[2].1);
}

#[tokio::test]
async fn a_function_that_fails_fails_its_task() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "errand", errand()).await;
    let arn = start(&engine, &machine, "one", &json!({"n": "three"})).await;
    let ended = engine.wait_until_ended(&arn).await.unwrap();
    assert_eq!((ended.item.status, ended.error.as_deref()), (ExecutionStatus::Failed, Some("NotANumber")));
    assert_eq!(ended.cause.as_deref(), Some(r#"{"errorMessage":"\"three\"","errorType":"NotANumber"}"#));
}

#[tokio::test]
async fn a_resource_without_an_integration_is_refused_with_its_definition() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let refused = |resource: &str| {
        let task = json!({"Type": "Task", "Resource": resource, "End": true, "Parameters": {"Name": "j"}});
        definition("Run", &json!({"Run": task}))
    };
    let resource = "arn:aws:states:::databrew:startJobRun";
    let new = NewStateMachine { name: "job".into(), definition: refused(resource), ..NewStateMachine::default() };
    let ApiError::InvalidDefinition(why) = engine.create_state_machine(new).await.unwrap_err() else { panic!() };
    assert_eq!(
        why.aws_message(),
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::databrew:startJobRun is not supported by this engine at /States/Run/Resource'"
    );
    let machine = create(&engine, "nap", nap()).await;
    let change = StateMachineChange { definition: Some(refused(resource)), ..StateMachineChange::default() };
    let why = engine.update_state_machine(&machine, change).await.unwrap_err();
    assert_eq!(why.code(), "InvalidDefinition");
}

#[tokio::test]
async fn a_waiting_execution_is_parked_and_woken_by_the_clock() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "nap", nap()).await;
    let arn = start(&engine, &machine, "one", &json!({})).await;
    assert_eq!(engine.running(), (1, 0));
    bench.clock.advance(9_999);
    assert_eq!(status(&engine, &arn).await, ExecutionStatus::Running);
    bench.clock.advance(1);
    let ended = engine.wait_until_ended(&arn).await.unwrap();
    assert_eq!((ended.item.status, ended.item.stop_date), (ExecutionStatus::Succeeded, Some(NOON + 10_000)));
    assert_eq!(engine.running(), (0, 0));
}

#[tokio::test]
async fn a_token_completes_once() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "question", question()).await;
    let arn = start(&engine, &machine, "one", &json!({})).await;
    let token = bench.token().await;
    let not_json = engine.send_task_success(&token, "{".into()).await;
    assert!(matches!(not_json, Err(ApiError::InvalidOutput(_))), "{not_json:?}");
    let tries = (0..8).map(|n| engine.send_task_success(&token, n.to_string()));
    let outcomes = futures::future::join_all(tries).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    for refused in outcomes.into_iter().filter_map(Result::err) {
        assert_eq!(refused, ApiError::TaskTimedOut("Provided task does not exist anymore".into()));
    }
    assert_eq!(engine.wait_until_ended(&arn).await.unwrap().item.status, ExecutionStatus::Succeeded);
    let late = engine.send_task_failure(&token, None, None).await.unwrap_err();
    assert_eq!(late.code(), "TaskTimedOut");
}

#[tokio::test]
async fn tokens_that_were_not_given_out_are_refused() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "question", question()).await;
    start(&engine, &machine, "one", &json!({})).await;
    let token = bench.token().await;
    for (forged, code) in [
        ("not a token".to_owned(), "InvalidToken"),
        ("AAAA".to_owned(), "InvalidToken"),
        // Another secret.
        (format!("{}AAAA", &token[..token.len() - 4]), "TaskDoesNotExist"),
        // Another execution.
        (format!("Af______{}", &token[8..]), "TaskDoesNotExist"),
    ] {
        assert_eq!(engine.send_task_success(&forged, "1".into()).await.unwrap_err().code(), code, "{forged}");
        assert_eq!(engine.send_task_heartbeat(&forged).await.unwrap_err().code(), code, "{forged}");
    }
    engine.send_task_heartbeat(&token).await.unwrap();
    engine.send_task_failure(&token, Some("No".into()), Some("not today".into())).await.unwrap();
}

#[tokio::test]
async fn a_name_in_use_answers_the_same_execution_or_refuses() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "nap", nap()).await;
    let begin = |input: &str| {
        let start = StartExecution { name: Some("one".into()), input: Some(input.into()), ..of(&machine) };
        let engine = engine.clone();
        async move { engine.start_execution(start).await }
    };
    let all = futures::future::join_all((0..10).map(|_| begin("{}"))).await;
    let first = all[0].clone().unwrap();
    assert!(all.iter().all(|started| started.as_ref() == Ok(&first)), "{all:?}");
    assert_eq!(engine.running().0, 1);
    let taken = ApiError::ExecutionAlreadyExists(first.execution_arn.clone());
    assert_eq!(begin("[]").await, Err(taken.clone()));

    bench.clock.advance(10_000);
    engine.wait_until_ended(&first.execution_arn).await.unwrap();
    assert_eq!(begin("{}").await, Err(taken.clone()));
    bench.clock.advance(90 * 24 * 3_600_000 - 1);
    assert_eq!(begin("{}").await, Err(taken));
    bench.clock.advance(1);
    let again = begin("{}").await.unwrap();
    assert!(again.start_date > first.start_date);
    assert_eq!(status(&engine, &again.execution_arn).await, ExecutionStatus::Running);
}

#[tokio::test]
async fn a_subscriber_is_told_every_event_once_and_in_order() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "errand", errand()).await;
    let other = create(&engine, "passes", passes()).await;
    let mut all = engine.subscribe(None);
    let arn = start(&engine, &machine, "one", &json!({"n": 1})).await;
    let mut late = engine.subscribe(Some(&arn));
    start(&engine, &other, "noise", &json!({})).await;
    engine.send_task_success(&bench.token().await, "1".into()).await.unwrap();
    bench.clock.advance(10_000);
    engine.wait_until_ended(&arn).await.unwrap();
    engine.shutdown().await;

    let (mut told, mut ends) = (Vec::new(), 0);
    while let Some(progress) = all.next().await {
        if progress.execution_arn == arn {
            told.extend(progress.events);
            ends += usize::from(progress.status == ExecutionStatus::Succeeded);
        }
    }
    let history = engine.get_execution_history(&arn).await;
    assert!(history.is_err(), "a closed engine answers nothing");
    let engine = bench.open().await;
    let history = engine.get_execution_history(&arn).await.unwrap();
    assert_eq!((told, ends), (history.clone(), 1));
    let mut later = Vec::new();
    while let Some(progress) = late.next().await {
        later.extend(progress.events);
    }
    assert!(!later.is_empty() && later == history[history.len() - later.len()..], "{later:?}");
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_stop_half_way() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "question", question()).await;
    let arn = start(&engine, &machine, "one", &json!({})).await;
    let token = bench.token().await;
    // Polled once, then dropped: the signal is on its way.
    let send = engine.send_task_success(&token, "1".into());
    assert!(send.now_or_never().is_none());
    assert_eq!(engine.wait_until_ended(&arn).await.unwrap().output.as_deref(), Some("1"));
}

#[tokio::test]
async fn an_engine_that_cannot_write_refuses_work_and_keeps_what_it_had() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "question", question()).await;
    let arn = start(&engine, &machine, "one", &json!({})).await;
    let token = bench.token().await;
    engine.inner.journal.close();
    let refused = engine.send_task_success(&token, "1".into()).await.unwrap_err();
    assert_eq!(refused.code(), "ServiceUnavailable");
    assert_eq!(engine.start_execution(of(&machine)).await.unwrap_err().code(), "ServiceUnavailable");
    assert_eq!(status(&engine, &arn).await, ExecutionStatus::Running);

    let engine = bench.killed().open().await;
    engine.send_task_success(&token, "1".into()).await.unwrap();
    assert_eq!(engine.wait_until_ended(&arn).await.unwrap().output.as_deref(), Some("1"));
}
