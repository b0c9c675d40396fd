//! UpdateStateMachine.

use serde::{Deserialize, Serialize};

use super::{
    Api, arn, configuration::Configurations, constraint::Constraints, publish_state_machine_version::asked_for,
    refusal::Refusal, wire::Timestamp,
};
use crate::engine::StateMachineChange;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_arn: Option<String>,
    definition: Option<String>,
    role_arn: Option<String>,
    publish: Option<bool>,
    version_description: Option<String>,
    #[serde(flatten)]
    configurations: Configurations,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    update_date: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let machine = check.arn("stateMachineArn", request.state_machine_arn);
    check.definition(request.definition.as_deref());
    check.optional("roleArn", request.role_arn.as_deref(), 1, 256);
    check.description("versionDescription", request.version_description.as_deref());
    request.configurations.constrain(&mut check);
    check.done()?;
    let publish = asked_for(request.publish, request.version_description)?;
    arn::state_machine(&api.config, &machine)?;
    request.role_arn.as_deref().map(arn::role).transpose()?;
    let kept = request.configurations.read()?;
    kept.check_logging(&api.engine).await?;

    let change = StateMachineChange {
        definition: request.definition,
        role_arn: request.role_arn,
        logging: kept.logging,
        tracing: kept.tracing,
        encryption: kept.encryption,
        publish,
    };
    let updated = api.engine.update_state_machine(&machine, change).await?;
    Ok(Answer {
        update_date: Timestamp(updated.update_date),
        revision_id: updated.revision_id,
        state_machine_version_arn: updated.version_arn,
    })
}
