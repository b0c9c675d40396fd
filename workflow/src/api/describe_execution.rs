//! DescribeExecution.

use serde::{Deserialize, Serialize};

use super::{Api, arn, constraint::Constraints, refusal::Refusal, wire::Timestamp};
use crate::engine::{ExecutionDescription, ExecutionStatus};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    execution_arn: Option<String>,
    included_data: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    execution_arn: String,
    state_machine_arn: String,
    name: String,
    status: &'static str,
    start_date: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<String>,
    input_details: Included,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_details: Option<Included>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_header: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    map_run_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_alias_arn: Option<String>,
    redrive_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_date: Option<Timestamp>,
    redrive_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_status_reason: Option<String>,
}

/// Whether an input or an output is in the answer.
#[derive(Debug, Serialize)]
struct Included {
    included: bool,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let execution = check.arn("executionArn", request.execution_arn);
    let metadata_only = check.metadata_only(request.included_data.as_deref());
    check.done()?;
    arn::execution(&api.config, &execution)?;
    Ok(show(api.engine.describe_execution(&execution).await?, metadata_only))
}

fn show(execution: ExecutionDescription, metadata_only: bool) -> Answer {
    let item = execution.item;
    let (redrive_status, redrive_status_reason) = redrive(item.status, execution.map_run_arn.is_some());
    let shown = |_: &String| !metadata_only;
    Answer {
        execution_arn: item.execution_arn,
        state_machine_arn: item.state_machine_arn,
        name: item.name,
        status: item.status.name(),
        start_date: Timestamp(item.start_date),
        stop_date: item.stop_date.map(Timestamp),
        input_details: Included { included: !metadata_only },
        input: Some(execution.input).filter(shown),
        output_details: execution.output.as_ref().map(|_| Included { included: !metadata_only }),
        output: execution.output.filter(shown),
        trace_header: execution.trace_header,
        map_run_arn: execution.map_run_arn,
        error: execution.error,
        cause: execution.cause,
        state_machine_version_arn: item.version_arn,
        state_machine_alias_arn: item.alias_arn,
        redrive_count: item.redrive_count,
        redrive_date: item.redrive_date.map(Timestamp),
        redrive_status,
        redrive_status_reason,
    }
}

/// Whether Step Functions would redrive an execution that stands like this, and if not, why.
fn redrive(status: ExecutionStatus, child: bool) -> (&'static str, Option<String>) {
    match status {
        ExecutionStatus::Running | ExecutionStatus::Succeeded => {
            ("NOT_REDRIVABLE", Some(format!("Execution is {} and cannot be redriven", status.name())))
        }
        ExecutionStatus::Failed | ExecutionStatus::TimedOut | ExecutionStatus::Aborted if child => {
            ("REDRIVABLE_BY_MAP_RUN", None)
        }
        ExecutionStatus::Failed | ExecutionStatus::TimedOut | ExecutionStatus::Aborted => ("REDRIVABLE", None),
    }
}
