//! CreateStateMachine.

use serde::{Deserialize, Serialize};

use super::{
    Api, arn,
    configuration::Configurations,
    constraint::Constraints,
    refusal::Refusal,
    tag::{self, Tag},
    wire::{Structure, Timestamp},
};
use crate::engine::NewStateMachine;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    name: Option<String>,
    definition: Option<String>,
    role_arn: Option<String>,
    r#type: Option<String>,
    tags: Option<Vec<Structure<Tag>>>,
    publish: Option<bool>,
    version_description: Option<String>,
    #[serde(flatten)]
    configurations: Configurations,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    state_machine_arn: String,
    creation_date: Timestamp,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let name = check.text("name", request.name, 1, 80);
    check.definition(request.definition.as_deref());
    let definition = check.present("definition", request.definition);
    let role_arn = check.arn("roleArn", request.role_arn);
    let kind = check.machine_type(request.r#type.as_deref());
    let tags = tag::read(&mut check, request.tags);
    request.configurations.constrain(&mut check);
    check.done()?;
    refuse_versions(request.publish, request.version_description.as_deref())?;
    arn::role(&role_arn)?;
    tag::check_count(&tags)?;
    let kept = request.configurations.read()?.without_defaults();

    let new = NewStateMachine {
        name,
        definition,
        role_arn,
        kind,
        logging: kept.logging,
        tracing: kept.tracing,
        encryption: kept.encryption,
        tags,
    };
    let (state_machine_arn, created) = api.engine.create_state_machine(new).await?;
    Ok(Answer { state_machine_arn, creation_date: Timestamp(created) })
}

/// Refuses to publish: a version that is not there must not look as if it were.
pub(super) fn refuse_versions(publish: Option<bool>, description: Option<&str>) -> Result<(), Refusal> {
    match (publish, description) {
        (Some(true), _) => Err(Refusal::not_supported("PublishStateMachineVersion, asked for with `publish`,")),
        (_, Some(_)) => Err(Refusal::validation("Version description can only be set when publish is true")),
        _ => Ok(()),
    }
}
