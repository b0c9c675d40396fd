//! PublishStateMachineVersion.

use serde::{Deserialize, Serialize};

use super::{Api, arn, constraint::Constraints, refusal::Refusal, wire::Timestamp};
use crate::engine::NewVersion;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_arn: Option<String>,
    revision_id: Option<String>,
    description: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    creation_date: Timestamp,
    state_machine_version_arn: String,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let machine = check.arn("stateMachineArn", request.state_machine_arn);
    check.description("description", request.description.as_deref());
    check.done()?;
    arn::state_machine(&api.config, &machine)?;
    let new = NewVersion { description: request.description };
    let version = api.engine.publish_state_machine_version(&machine, request.revision_id, new).await?;
    Ok(Answer { creation_date: Timestamp(version.creation_date), state_machine_version_arn: version.arn })
}

/// The version that CreateStateMachine and UpdateStateMachine are to publish.
pub(super) fn asked_for(publish: Option<bool>, description: Option<String>) -> Result<Option<NewVersion>, Refusal> {
    match (publish, description) {
        (Some(true), description) => Ok(Some(NewVersion { description })),
        (_, Some(_)) => Err(Refusal::validation("Version description can only be set when publish is true")),
        _ => Ok(None),
    }
}
