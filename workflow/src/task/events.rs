//! `events:putEvents`.
//!
//! Owns its parameters (a detail that is not a string is sent as its JSON, and every entry names the execution and its machine
//! among its resources) and that an entry which is not taken fails the task.

use serde_json::{Map, Value, json};

use super::{
    Work,
    failure::{Failure, Optimised},
    metadata::{sorted, with_metadata},
    sdk::table,
    sqs::as_text,
};

pub(super) async fn put_events(work: &Work<'_>) -> Result<String, Failure> {
    let mut parameters = work.arguments()?;
    for entry in parameters.get_mut("Entries").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Value::Object(entry) = entry {
            as_text(entry, "Detail");
            name_resources(entry, &work.circumstances.execution_arn);
        }
    }
    let client = work.client().await?;
    let row = table::find("eventbridge").ok_or_else(|| work.unsupported())?;
    let request = Value::Object(row.members.to_wire(parameters)).to_string();
    let answer = client.call_json(&row.json, "PutEvents", request, work.bounds()).await;
    let answer = answer.map_err(|error| EVENTS.failure(error))?;
    let result: Map<String, Value> = serde_json::from_slice(&answer.body).unwrap_or_default();
    if result.get("FailedEntryCount").and_then(Value::as_u64).is_some_and(|count| count > 0) {
        return Err(Failure::new("EventBridge.FailedEntry", sorted(result).to_string()));
    }
    Ok(with_metadata(result, &answer))
}

/// Adds the execution and its machine to an entry's resources.
fn name_resources(entry: &mut Map<String, Value>, execution_arn: &str) {
    let Some((machine_arn, _)) = execution_arn.rsplit_once(':') else { return };
    let machine_arn = machine_arn.replacen(":execution:", ":stateMachine:", 1);
    let resources = entry.entry("Resources").or_insert_with(|| json!([]));
    if let Value::Array(resources) = resources {
        resources.extend([execution_arn.into(), machine_arn.into()]);
    }
}

const EVENTS: Optimised = Optimised {
    service: "events",
    prefix: "EventBridge",
    name: "AmazonEventBridge",
    general: "AmazonEventBridgeException",
    named: &[],
};
