//! DescribeStateMachine: of a machine, a version, or the version that an alias leads to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Api, arn, configuration, constraint::Constraints, refusal::Refusal, wire::Timestamp};
use crate::engine::{StateMachine, StateMachineType};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_arn: Option<String>,
    included_data: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    state_machine_arn: String,
    name: String,
    status: &'static str,
    definition: String,
    role_arn: String,
    r#type: &'static str,
    creation_date: Timestamp,
    logging_configuration: Value,
    tracing_configuration: Value,
    encryption_configuration: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    variable_references: BTreeMap<String, Vec<String>>,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let machine = check.arn("stateMachineArn", request.state_machine_arn);
    let metadata_only = check.metadata_only(request.included_data.as_deref());
    check.done()?;
    arn::target(&api.config, &machine)?;
    let machine = api.engine.describe_state_machine(&machine).await?;
    Ok(show(machine, metadata_only))
}

fn show(machine: StateMachine, metadata_only: bool) -> Answer {
    Answer {
        state_machine_arn: machine.arn,
        name: machine.name,
        status: if machine.deleting { "DELETING" } else { "ACTIVE" },
        definition: if metadata_only { "{}".into() } else { machine.definition },
        role_arn: machine.role_arn,
        r#type: type_name(machine.kind),
        creation_date: Timestamp(machine.creation_date),
        logging_configuration: configuration::show_logging(machine.logging),
        tracing_configuration: configuration::show_tracing(machine.tracing),
        encryption_configuration: configuration::show_encryption(machine.encryption),
        revision_id: machine.revision_id,
        description: machine.description,
        variable_references: shown_references(machine.variable_references, metadata_only),
    }
}

/// `variableReferences`, which are data of the definition.
pub(super) fn shown_references(
    references: BTreeMap<String, Vec<String>>,
    metadata_only: bool,
) -> BTreeMap<String, Vec<String>> {
    if metadata_only { BTreeMap::new() } else { references }
}

/// A machine's type on the wire.
pub(super) fn type_name(kind: StateMachineType) -> &'static str {
    match kind {
        StateMachineType::Standard => "STANDARD",
        StateMachineType::Express => "EXPRESS",
    }
}
