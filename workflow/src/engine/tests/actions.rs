//! State machines, lists and refusals, as the API has them.

use super::*;
use crate::engine::{ApiError, Paging, StateMachineChange, StateMachineType};

#[tokio::test]
async fn the_same_machine_again_is_the_same_and_another_is_refused() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let new = |definition: String| NewStateMachine { name: "m".into(), definition, ..NewStateMachine::default() };
    let first = engine.create_state_machine(new(passes())).await.unwrap();
    bench.clock.advance(5);
    assert_eq!(engine.create_state_machine(new(passes())).await.unwrap(), first);
    let other_role = NewStateMachine { role_arn: "another".into(), ..new(passes()) };
    assert_eq!(engine.create_state_machine(other_role).await.unwrap(), first);
    let taken = Err(ApiError::StateMachineAlreadyExists(first.0.clone()));
    assert_eq!(engine.create_state_machine(new(nap())).await, taken);
    let express = NewStateMachine { kind: StateMachineType::Express, ..new(passes()) };
    assert_eq!(engine.create_state_machine(express).await, taken);
    let logging = NewStateMachine { logging: Some(json!({"level": "ALL"})), ..new(passes()) };
    assert_eq!(engine.create_state_machine(logging).await, taken);
}

#[tokio::test]
async fn what_is_not_a_machine_is_refused() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let new = |name: &str, definition: &str| NewStateMachine {
        name: name.into(),
        definition: definition.into(),
        ..NewStateMachine::default()
    };
    for (name, definition, code) in [
        ("a b", passes().as_str(), "InvalidName"),
        ("m", "{", "InvalidDefinition"),
        ("m", r#"{"StartAt":"Nowhere","States":{"A":{"Type":"Succeed"}}}"#, "InvalidDefinition"),
        ("m", &" ".repeat((1 << 20) + 1), "ValidationException"),
    ] {
        assert_eq!(engine.create_state_machine(new(name, definition)).await.unwrap_err().code(), code);
    }
    assert_eq!(engine.list_state_machines(Paging::default()).await.unwrap().items, []);
}

#[tokio::test]
async fn what_runs_keeps_the_definition_that_it_started_with() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "m", question()).await;
    let arn = start(&engine, &machine, "one", &json!({})).await;
    let token = bench.token().await;
    bench.clock.advance(7);
    let change = StateMachineChange { definition: Some(passes()), ..StateMachineChange::default() };
    let updated = engine.update_state_machine(&machine, change).await.unwrap();
    assert_eq!(updated.update_date, NOON + 7);
    let shown = engine.describe_state_machine(&machine).await.unwrap();
    assert_eq!((shown.definition, shown.creation_date, shown.revision_id), (passes(), NOON, updated.revision_id));
    assert_eq!(engine.describe_state_machine_for_execution(&arn).await.unwrap().definition, question());

    let engine = bench.killed().open().await;
    engine.send_task_success(&token, "1".into()).await.unwrap();
    assert!(types(&engine, &arn).await.contains(&"SucceedStateEntered".to_owned()));
    let arn = start(&engine, &machine, "two", &json!({})).await;
    assert_eq!(status(&engine, &arn).await, ExecutionStatus::Succeeded);
    let nothing = engine.update_state_machine(&machine, StateMachineChange::default()).await.unwrap_err();
    assert_eq!(nothing.code(), "MissingRequiredParameter");
}

#[tokio::test]
async fn a_deleted_machine_is_gone_and_what_it_ran_is_aborted() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "m", nap()).await;
    let arn = start(&engine, &machine, "one", &json!({})).await;
    engine.delete_state_machine(&machine).await.unwrap();
    engine.delete_state_machine(&machine).await.unwrap();
    let refused = engine.start_execution(of(&machine)).await.unwrap_err();
    assert!(
        matches!(refused, ApiError::StateMachineDeleting(_) | ApiError::StateMachineDoesNotExist(_)),
        "{refused:?}"
    );
    assert_eq!(engine.wait_until_ended(&arn).await.unwrap().item.status, ExecutionStatus::Aborted);
    engine.shutdown().await;

    let engine = bench.open().await;
    assert_eq!(engine.describe_state_machine(&machine).await.unwrap_err().code(), "StateMachineDoesNotExist");
    bench.clock.advance(1);
    create(&engine, "m", nap()).await;
    assert_eq!(engine.list_executions(&machine, None, Paging::default()).await.unwrap().items, []);
}

#[tokio::test]
async fn a_deletion_goes_on_after_a_crash() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "m", nap()).await;
    let arn = start(&engine, &machine, "one", &json!({})).await;
    // Durable, and then the process ends before anything was aborted.
    engine.inner.append(crate::journal::entry::Head::MachineDeleted { name: "m".into(), at: NOON }, &[]).await.unwrap();
    let engine = bench.killed().open().await;
    assert_eq!(engine.wait_until_ended(&arn).await.unwrap().item.status, ExecutionStatus::Aborted);
}

#[tokio::test]
async fn lists_come_in_pages() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let naps = create(&engine, "naps", nap()).await;
    create(&engine, "passes", passes()).await;
    let mut names: Vec<String> = (0..7).map(|n| format!("e{n}")).collect();
    for name in &names {
        start(&engine, &naps, name, &json!({})).await;
    }
    names.reverse();
    let (mut found, mut paging) = (Vec::new(), Paging { max_results: 3, next_token: None });
    loop {
        let page = engine.list_executions(&naps, Some(ExecutionStatus::Running), paging.clone()).await.unwrap();
        found.extend(page.items.into_iter().map(|item| item.name));
        match page.next_token {
            Some(token) => paging.next_token = Some(token),
            None => break,
        }
    }
    assert_eq!(found, names);
    assert_eq!(
        engine.list_executions(&naps, Some(ExecutionStatus::Failed), Paging::default()).await.unwrap().items,
        []
    );
    paging.next_token = Some("nonsense".into());
    assert_eq!(engine.list_executions(&naps, None, paging).await, Err(ApiError::InvalidPage));

    let first = engine.list_state_machines(Paging { max_results: 1, next_token: None }).await.unwrap();
    let second = engine.list_state_machines(Paging { max_results: 1, next_token: first.next_token }).await.unwrap();
    assert_eq!((first.items[0].name.as_str(), second.items[0].name.as_str()), ("naps", "passes"));
    assert_eq!(second.next_token, None);
}

#[tokio::test]
async fn a_stopped_execution_is_aborted_and_stays_so() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "nap", nap()).await;
    let arn = start(&engine, &machine, "one", &json!({})).await;
    bench.clock.advance(3);
    let stopped = engine.stop_execution(&arn, Some("Enough".into()), Some("of this".into())).await.unwrap();
    assert_eq!(stopped, NOON + 3);
    bench.clock.advance(60_000);
    assert_eq!(engine.stop_execution(&arn, None, None).await.unwrap(), NOON + 3);
    let ended = engine.describe_execution(&arn).await.unwrap();
    assert_eq!(
        (ended.item.status, ended.error.as_deref(), ended.cause.as_deref()),
        (ExecutionStatus::Aborted, Some("Enough"), Some("of this"))
    );
}

#[tokio::test]
async fn what_is_not_there_is_refused_by_name() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let machine = create(&engine, "m", passes()).await;
    let nobody = "arn:aws:states:us-east-1:123456789012:execution:m:nobody";
    assert_eq!(engine.describe_execution(nobody).await.unwrap_err().code(), "ExecutionDoesNotExist");
    assert_eq!(engine.get_execution_history(nobody).await.unwrap_err().code(), "ExecutionDoesNotExist");
    assert_eq!(engine.stop_execution(nobody, None, None).await.unwrap_err().code(), "ExecutionDoesNotExist");
    assert_eq!(engine.wait_until_ended(nobody).await.unwrap_err().code(), "ExecutionDoesNotExist");
    assert_eq!(engine.describe_execution(&machine).await.unwrap_err().code(), "InvalidArn");
    assert_eq!(
        engine.describe_state_machine(&format!("{machine}x")).await.unwrap_err().code(),
        "StateMachineDoesNotExist"
    );
    for (start, code) in [
        (StartExecution { input: Some("{".into()), ..of(&machine) }, "InvalidExecutionInput"),
        (StartExecution { input: Some("[".repeat(100_000)), ..of(&machine) }, "InvalidExecutionInput"),
        (
            StartExecution { input: Some(format!("\"{}\"", "x".repeat(256 << 10))), ..of(&machine) },
            "ValidationException",
        ),
        (StartExecution { name: Some("a b".into()), ..of(&machine) }, "InvalidName"),
        (of(&format!("{machine}x")), "StateMachineDoesNotExist"),
        (of("m"), "InvalidArn"),
    ] {
        assert_eq!(engine.start_execution(start).await.unwrap_err().code(), code);
    }
    assert_eq!(engine.list_executions(&machine, None, Paging::default()).await.unwrap().items, []);
}
