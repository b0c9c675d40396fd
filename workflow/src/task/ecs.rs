//! `ecs:runTask`, and `.sync`: until the task has stopped.
//!
//! Owns what counts as the success of a job (every container ended with 0) and that it is stopped with its task.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{
    Submitted, Work,
    failure::{Failure, Optimised},
    metadata::with_metadata,
    sdk::{
        members::Times,
        table::{self, Row},
    },
};
use statemachine::definition::Pattern;

pub(super) async fn run_task(work: &Work<'_>, submitted: Submitted<'_>) -> Result<String, Failure> {
    let parameters = work.arguments()?;
    let row = table::find("ecs").ok_or_else(|| work.unsupported())?;
    let mut request = row.members.to_wire(parameters);
    request.entry("startedBy").or_insert_with(|| "AWS Step Functions".into());
    // The same attempt made again after a crash runs no second task.
    request.insert("clientToken".to_owned(), work.derived_id().into());
    let cluster = request.get("cluster").cloned();
    let client = work.client().await?;
    let answer = client.call_json(&row.json, "RunTask", Value::Object(request).to_string(), work.bounds()).await;
    let answer = answer.map_err(|error| ECS.failure(error))?;
    let result: Map<String, Value> = serde_json::from_slice(&answer.body).unwrap_or_default();
    let shown = with_metadata(row.members.to_state(result.clone(), Times::Millis), &answer);
    let failures = result.get("failures").and_then(Value::as_array).is_some_and(|failures| !failures.is_empty());
    // A task that only asks is told of failures in its result; one that waits would wait for nothing.
    if failures && work.call.resource.pattern != Pattern::RequestResponse {
        return Err(Failure::new("AmazonECS.Unknown", shown));
    }
    if work.call.resource.pattern != Pattern::Sync {
        return Ok(shown);
    }
    let first = result.get("tasks").and_then(|tasks| tasks[0]["taskArn"].as_str());
    let task = first.ok_or_else(|| Failure::new("AmazonECS.Unknown", shown.clone()))?.to_owned();
    submitted(shown).await;
    tokio::select! {
        biased;
        () = work.circumstances.given_up.told() => {
            let mut request = json!({"task": task, "reason": "The AWS Step Functions task that ran it was aborted"});
            if let Some(cluster) = cluster {
                request["cluster"] = cluster;
            }
            let stop = client.call_json(&row.json, "StopTask", request.to_string(), work.bounds()).await;
            stop.map_err(|error| ECS.failure(error))?;
            Err(work.given_up())
        }
        outcome = stopped(work, row, cluster.clone(), &task) => outcome,
    }
}

/// Waits for a task to stop.
async fn stopped(work: &Work<'_>, row: &Row, cluster: Option<Value>, task: &str) -> Result<String, Failure> {
    let client = work.client().await?;
    let mut request = json!({"tasks": [task]});
    if let Some(cluster) = cluster {
        request["cluster"] = cluster;
    }
    loop {
        let answer = client.call_json(&row.json, "DescribeTasks", request.to_string(), work.bounds()).await;
        let answer = answer.map_err(|error| ECS.failure(error))?;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let Some(Value::Object(described)) = body["tasks"].get(0).cloned() else {
            return Err(Failure::new("States.TaskFailed", format!("the task `{task}` is not there any more")));
        };
        if described.get("lastStatus").and_then(Value::as_str) == Some("STOPPED") {
            let is_success = is_success(&described);
            let shown = Value::Object(row.members.to_state(described, Times::Millis)).to_string();
            return if is_success { Ok(shown) } else { Err(Failure::new("States.TaskFailed", shown)) };
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// A task that did not come to run its containers has failed, and so has one with a container that did not end with 0.
fn is_success(task: &Map<String, Value>) -> bool {
    let containers = task.get("containers").and_then(Value::as_array);
    containers.is_some_and(|all| !all.is_empty() && all.iter().all(|one| one["exitCode"].as_i64() == Some(0)))
}

const BETWEEN_LOOKS: Duration = Duration::from_secs(3);

const ECS: Optimised = Optimised {
    service: "ecs",
    prefix: "ECS",
    name: "AmazonECS",
    general: "AmazonECSException",
    named: &["AccessDeniedException", "ConflictException"],
};
