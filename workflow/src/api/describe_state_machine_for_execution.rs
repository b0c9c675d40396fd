//! DescribeStateMachineForExecution: the machine as the execution pinned it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Api, arn, configuration, constraint::Constraints, refusal::Refusal, wire::Timestamp};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    execution_arn: Option<String>,
    included_data: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    state_machine_arn: String,
    name: String,
    definition: String,
    role_arn: String,
    update_date: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    map_run_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    logging_configuration: Value,
    tracing_configuration: Value,
    encryption_configuration: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision_id: Option<String>,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let execution = check.arn("executionArn", request.execution_arn);
    let metadata_only = check.metadata_only(request.included_data.as_deref());
    check.done()?;
    arn::execution(&api.config, &execution)?;
    let (machine, map_run_arn) = api.engine.describe_state_machine_for_execution(&execution).await?;
    // Of a child, `arn:aws:states:REGION:ACCOUNT:mapRun:MACHINE/LABEL:NAME`.
    let label = map_run_arn.as_deref().and_then(|arn| arn.split([':', '/']).nth(7)).map(str::to_owned);
    Ok(Answer {
        state_machine_arn: machine.arn,
        name: machine.name,
        definition: if metadata_only { "{}".into() } else { machine.definition },
        role_arn: machine.role_arn,
        update_date: Timestamp(machine.update_date),
        map_run_arn,
        label,
        logging_configuration: configuration::show_logging(machine.logging),
        tracing_configuration: configuration::show_tracing(machine.tracing),
        encryption_configuration: configuration::show_encryption(machine.encryption),
        revision_id: machine.revision_id,
    })
}
