//! DescribeStateMachineForExecution: the machine as the execution pinned it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Api, arn, configuration, constraint::Constraints, describe_state_machine::shown_references, refusal::Refusal,
    wire::Timestamp,
};

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
    logging_configuration: Value,
    tracing_configuration: Value,
    encryption_configuration: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    map_run_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision_id: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    variable_references: BTreeMap<String, Vec<String>>,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let execution = check.arn("executionArn", request.execution_arn);
    let metadata_only = check.metadata_only(request.included_data.as_deref());
    check.done()?;
    arn::execution(&api.config, &execution)?;
    let machine = api.engine.describe_state_machine_for_execution(&execution).await?;
    Ok(Answer {
        label: machine.map_run_arn.as_ref().and(label_of(&machine.arn)),
        map_run_arn: machine.map_run_arn,
        variable_references: shown_references(machine.variable_references, metadata_only),
        state_machine_arn: machine.arn,
        name: machine.name,
        definition: if metadata_only { "{}".into() } else { machine.definition },
        role_arn: machine.role_arn,
        update_date: Timestamp(machine.update_date),
        logging_configuration: configuration::show_logging(machine.logging),
        tracing_configuration: configuration::show_tracing(machine.tracing),
        encryption_configuration: configuration::show_encryption(machine.encryption),
        revision_id: machine.revision_id,
    })
}

/// The label of the Map state in the ARN of what its children run.
fn label_of(arn: &str) -> Option<String> {
    arn.rsplit_once('/').map(|(_, label)| label.to_owned())
}
