//! CreateStateMachine.

use serde::{Deserialize, Serialize};

use super::{
    Api, arn,
    configuration::Configurations,
    constraint::Constraints,
    publish_state_machine_version::asked_for,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let name = check.text("name", request.name, 1, 80);
    check.definition(request.definition.as_deref());
    let definition = check.present("definition", request.definition);
    let role_arn = check.arn("roleArn", request.role_arn);
    let kind = check.machine_type(request.r#type.as_deref());
    let tags = tag::read(&mut check, request.tags);
    check.description("versionDescription", request.version_description.as_deref());
    request.configurations.constrain(&mut check);
    check.done()?;
    let publish = asked_for(request.publish, request.version_description)?;
    arn::role(&role_arn)?;
    tag::check(&tags)?;
    let kept = request.configurations.read()?.without_defaults();
    kept.check_logging(&api.engine).await?;

    let new = NewStateMachine {
        name,
        definition,
        role_arn,
        kind,
        logging: kept.logging,
        tracing: kept.tracing,
        encryption: kept.encryption,
        tags,
        publish,
    };
    let created = api.engine.create_published(new).await?;
    Ok(Answer {
        state_machine_arn: created.state_machine_arn,
        creation_date: Timestamp(created.creation_date),
        state_machine_version_arn: created.version_arn,
    })
}
