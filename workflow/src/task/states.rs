//! `states:startExecution`: another execution of this engine, waited for or not.
//!
//! Owns the input (what is not a string is its JSON), the name when none is given (the same for the same attempt, so that a call
//! made again after a crash finds its execution), what is shown of one that has ended, and that one is stopped with its task.

use std::time::Duration;

use serde_json::{Map, Value, json};
use statemachine::definition::Pattern;

use super::{
    Executions, Submitted, Work,
    failure::{Failure, Optimised},
    metadata::{http_metadata, sorted},
    sdk::{
        members::{Times, time},
        table,
    },
    sqs::as_text,
};
use crate::client::ServiceError;

pub(super) async fn start_execution(work: &Work<'_>, submitted: Submitted<'_>) -> Result<String, Failure> {
    let mut parameters = work.arguments()?;
    as_text(&mut parameters, "Input");
    let executions = work.services.executions().ok_or_else(|| {
        Failure::new("States.TaskFailed", "the engine that performs this task does not start executions")
    })?;
    let is_named = parameters.contains_key("Name");
    parameters.entry("Name").or_insert_with(|| work.derived_id().into());
    let started = match start(executions.as_ref(), &parameters).await {
        // The name is this attempt's own: the execution is the one that was started before a crash.
        Err(error) if error.code == "ExecutionAlreadyExists" && !is_named => known(&parameters),
        other => other.map_err(|error| STATES.failure(error.into()))?,
    };
    let arn = started.get("ExecutionArn").and_then(Value::as_str).unwrap_or_default().to_owned();
    let shown = with_local_metadata(started);
    match work.call.resource.pattern {
        pattern @ (Pattern::Sync | Pattern::Sync2) => {
            submitted(shown).await;
            tokio::select! {
                biased;
                () = work.circumstances.given_up.told() => {
                    let request = json!({"executionArn": arn}).to_string();
                    let stopped = executions.call("StopExecution", request).await;
                    stopped.map_err(|error| STATES.failure(error.into()))?;
                    Err(work.given_up())
                }
                described = followed(executions.as_ref(), &arn) => {
                    ended(described.map_err(|error| STATES.failure(error.into()))?, pattern)
                }
            }
        }
        _ => Ok(shown),
    }
}

async fn start(
    executions: &dyn Executions,
    parameters: &Map<String, Value>,
) -> Result<Map<String, Value>, ServiceError> {
    let members = table::find("sfn").map(|row| &row.members);
    let request = members.map(|members| members.to_wire(parameters.clone())).unwrap_or_default();
    let answer = executions.call("StartExecution", Value::Object(request).to_string()).await?;
    Ok(shown(&answer))
}

/// Waits for the end of an execution; answers its description.
async fn followed(executions: &dyn Executions, arn: &str) -> Result<Map<String, Value>, ServiceError> {
    loop {
        executions.ended(arn).await;
        let request = json!({"executionArn": arn}).to_string();
        let described = shown(&executions.call("DescribeExecution", request).await?);
        if described.get("Status").and_then(Value::as_str) != Some("RUNNING") {
            return Ok(described);
        }
        // It could not be followed to its end: the engine is shutting down.
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// An answer of the service as an optimised integration shows it.
fn shown(answer: &str) -> Map<String, Value> {
    let answer: Map<String, Value> = serde_json::from_str(answer).unwrap_or_default();
    let members = table::find("sfn").map(|row| &row.members);
    members.map(|members| members.to_state(answer, Times::Millis)).unwrap_or_default()
}

/// The execution whose name is already taken.
fn known(parameters: &Map<String, Value>) -> Map<String, Value> {
    let text = |name: &str| parameters.get(name).and_then(Value::as_str).unwrap_or_default();
    // A version or an alias of a machine is not part of an execution's ARN.
    let machine: Vec<&str> = text("StateMachineArn").split(':').take(7).collect();
    let machine = machine.join(":").replacen(":stateMachine:", ":execution:", 1);
    let now = time(jiff::Timestamp::now().as_millisecond(), Times::Millis);
    [("ExecutionArn".to_owned(), format!("{machine}:{}", text("Name")).into()), ("StartDate".to_owned(), now)]
        .into_iter()
        .collect()
}

/// A result with the metadata that an answer over HTTP would have had.
fn with_local_metadata(mut result: Map<String, Value>) -> String {
    let id = uuid::Uuid::new_v4().to_string();
    let date = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let headers = [
        ("x-amzn-RequestId", id.clone()),
        ("Content-Length", Value::Object(result.clone()).to_string().len().to_string()),
        ("Date", date),
        ("Content-Type", "application/x-amz-json-1.0".to_owned()),
    ];
    result.insert("SdkHttpMetadata".to_owned(), http_metadata(&headers, 200));
    result.insert("SdkResponseMetadata".to_owned(), json!({"RequestId": id}));
    sorted(result).to_string()
}

/// What is shown of an execution that has ended: a result, or the cause of a failure.
fn ended(mut described: Map<String, Value>, pattern: Pattern) -> Result<String, Failure> {
    described.retain(|name, _| SHOWN.contains(&name.as_str()));
    if pattern == Pattern::Sync2 {
        for name in ["Input", "Output"] {
            if let Some(value) = described.get_mut(name)
                && let Some(parsed) = value.as_str().and_then(|text| serde_json::from_str(text).ok())
            {
                *value = parsed;
            }
        }
    }
    let is_success = described.get("Status").and_then(Value::as_str) == Some("SUCCEEDED");
    let text = sorted(described).to_string();
    if is_success { Ok(text) } else { Err(Failure::new("States.TaskFailed", text)) }
}

const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

const SHOWN: [&str; 16] = [
    "Cause",
    "Error",
    "ExecutionArn",
    "Input",
    "InputDetails",
    "Name",
    "Output",
    "OutputDetails",
    "RedriveCount",
    "RedriveDate",
    "RedriveStatus",
    "RedriveStatusReason",
    "StartDate",
    "StateMachineArn",
    "Status",
    "StopDate",
];

const STATES: Optimised = Optimised {
    service: "states",
    prefix: "StepFunctions",
    name: "AWSStepFunctions",
    general: "AWSStepFunctionsException",
    named: &[],
};
