//! DescribeExecution.

use serde::{Deserialize, Serialize};

use super::{
    Api, arn,
    constraint::Constraints,
    refusal::Refusal,
    wire::{Included, Timestamp},
};
use crate::engine::{ExecutionDescription, ExecutionItem, ExecutionStatus};

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
    redrive_status_reason: Option<&'static str>,
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
    let (redrive_status, redrive_status_reason) = redrive(&item, &execution.map_run_arn, execution.not_redrivable);
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

/// Whether Step Functions would redrive an execution, and if not, why.
fn redrive(
    item: &ExecutionItem,
    map_run: &Option<String>,
    why_not: Option<&'static str>,
) -> (&'static str, Option<&'static str>) {
    let badly = !matches!(item.status, ExecutionStatus::Running | ExecutionStatus::Succeeded);
    match why_not {
        _ if badly && map_run.is_some() => ("REDRIVABLE_BY_MAP_RUN", None),
        Some(why) => ("NOT_REDRIVABLE", Some(why)),
        None => ("REDRIVABLE", None),
    }
}
