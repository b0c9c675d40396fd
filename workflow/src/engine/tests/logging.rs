//! What executions log, and that logging costs them nothing.

use super::*;
use crate::{
    delivery::tests::{Logs, configuration},
    engine::{StateMachineChange, StateMachineType},
    task::{Services, runtime_api::Workers},
};

/// A bench whose engine reaches these logs.
fn logging(logs: &Logs) -> Bench {
    let mut bench = Bench::new();
    reach(&mut bench, logs);
    bench
}

fn reach(bench: &mut Bench, logs: &Logs) {
    bench.functions.reach(Services::new(Some(logs.client.clone()), Workers::default()));
}

async fn machine(engine: &Engine, definition: String, level: &str, with_data: bool, kind: StateMachineType) -> String {
    let logging = Some(configuration(level, with_data));
    let new = NewStateMachine { name: "m".into(), definition, logging, kind, ..NewStateMachine::default() };
    engine.create_state_machine(new).await.unwrap().0
}

/// As many events as are wanted, in whatever batches they come.
async fn logged(logs: &mut Logs, count: usize) -> Vec<Value> {
    let mut events = Vec::new();
    while events.len() < count {
        events.extend(logs.put().await.1);
    }
    events
}

/// The history, as it would be logged.
async fn as_logged(engine: &Engine, arn: &str) -> Vec<(String, String, String)> {
    let events = engine.get_execution_history(arn).await.unwrap();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    events.iter().map(|event| (text(&event["id"]), text(&event["previousEventId"]), text(&event["type"]))).collect()
}

fn places(logged: &[Value]) -> Vec<(String, String, String)> {
    let text = |event: &Value, name: &str| event[name].as_str().unwrap().to_owned();
    logged.iter().map(|event| (text(event, "id"), text(event, "previous_event_id"), text(event, "type"))).collect()
}

#[tokio::test]
async fn an_execution_logs_its_history_across_a_crash() {
    let mut logs = Logs::new().await;
    let bench = logging(&logs);
    let engine = bench.open().await;
    let machine = machine(&engine, nap(), "ALL", true, StateMachineType::Standard).await;
    let arn = start(&engine, &machine, "one", &json!({ "a": 1 })).await;
    let mut events = logged(&mut logs, 2).await;
    let mut killed = bench.killed();
    reach(&mut killed, &logs);
    killed.clock.advance(10_000);
    let engine = killed.open().await;
    engine.wait_until_ended(&arn).await.unwrap();
    events.extend(logged(&mut logs, 2).await);
    assert_eq!(places(&events), as_logged(&engine, &arn).await);
    assert_eq!(events[0]["details"]["input"], "{\"a\":1}");
    assert!(events.iter().all(|event| event["execution_arn"] == arn && event["redrive_count"] == "0"));
    assert_eq!(events[3]["event_timestamp"], (NOON + 10_000).to_string());
}

#[tokio::test]
async fn a_level_takes_what_it_says_and_a_redrive_counts() {
    let mut logs = Logs::new().await;
    let bench = logging(&logs);
    let engine = bench.open().await;
    let fails = definition("F", &json!({ "F": { "Type": "Fail", "Error": "E", "Cause": "C" } }));
    let machine = machine(&engine, fails, "ERROR", false, StateMachineType::Standard).await;
    let arn = start(&engine, &machine, "one", &json!({})).await;
    let events = logged(&mut logs, 2).await;
    let types: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["FailStateEntered", "ExecutionFailed"]);
    assert_eq!(events[1]["details"], json!({ "error": "E", "cause": "C" }));
    engine.redrive_execution(&arn, None).await.unwrap();
    let events = logged(&mut logs, 2).await;
    assert!(events.iter().all(|event| event["redrive_count"] == "1"), "{events:?}");
}

#[tokio::test]
async fn an_express_execution_logs_what_it_shows_nowhere_else() {
    let mut logs = Logs::new().await;
    let bench = logging(&logs);
    let engine = bench.open().await;
    let machine = machine(&engine, passes(), "ALL", true, StateMachineType::Express).await;
    let ended = engine.start_sync_execution(of(&machine)).await.unwrap();
    let events = logged(&mut logs, 16).await;
    assert_eq!((&events[0]["type"], &events[15]["type"]), (&json!("ExecutionStarted"), &json!("ExecutionSucceeded")));
    assert!(events.iter().all(|event| event["execution_arn"] == ended.execution_arn));
    let started = engine.start_execution(of(&machine)).await.unwrap();
    let events = logged(&mut logs, 16).await;
    assert!(events.iter().all(|event| event["execution_arn"] == started.execution_arn));
}

#[tokio::test]
async fn a_log_group_that_is_gone_does_not_hurt_the_execution() {
    let mut logs = Logs::refusing(&["ResourceNotFoundException", "AccessDeniedException"]).await;
    let bench = logging(&logs);
    let engine = bench.open().await;
    let machine = machine(&engine, passes(), "ALL", true, StateMachineType::Standard).await;
    let ended = engine.wait_until_ended(&start(&engine, &machine, "one", &json!({})).await).await.unwrap();
    assert_eq!(ended.item.status, ExecutionStatus::Succeeded);
    logs.next().await;
    while engine.inner.delivery.lost() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(engine.inner.delivery.lost(), 16);
}

#[tokio::test]
async fn an_execution_logs_as_its_machine_was_when_it_started() {
    let mut logs = Logs::new().await;
    let bench = logging(&logs);
    let engine = bench.open().await;
    let machine = machine(&engine, nap(), "FATAL", false, StateMachineType::Standard).await;
    let before = start(&engine, &machine, "before", &json!({})).await;
    let change = StateMachineChange { logging: Some(json!({ "level": "OFF" })), ..StateMachineChange::default() };
    engine.update_state_machine(&machine, change).await.unwrap();
    let after = start(&engine, &machine, "after", &json!({})).await;
    for arn in [&after, &before] {
        engine.stop_execution(arn, None, None).await.unwrap();
    }
    engine.shutdown().await;
    let events = logged(&mut logs, 1).await;
    assert_eq!((events.len(), events[0]["execution_arn"].as_str()), (1, Some(before.as_str())));
}

#[tokio::test]
async fn a_log_group_is_asked_for_when_a_machine_is_made() {
    let logs = Logs::refusing(&["ResourceNotFoundException"]).await;
    let engine = logging(&logs).open().await;
    let refused = engine.check_logging(&configuration("ALL", true)).await.unwrap_err();
    assert_eq!(refused.code(), "InvalidLoggingConfiguration");
    assert_eq!(refused.to_string(), "Invalid Logging Configuration: Log Destination not found.");
    assert_eq!(engine.check_logging(&json!({ "level": "OFF" })).await, Ok(()));
    assert_eq!(engine.check_logging(&configuration("ALL", true)).await, Ok(()));
}
