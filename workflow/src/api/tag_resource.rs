//! TagResource: adds tags to a state machine or an activity.

use serde::Deserialize;

use super::{
    Api, arn,
    constraint::Constraints,
    list_tags_for_resource::not_found,
    refusal::Refusal,
    tag::{self, Tag},
    wire::{Nothing, Structure},
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    resource_arn: Option<String>,
    tags: Option<Vec<Structure<Tag>>>,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Nothing, Refusal> {
    let mut check = Constraints::default();
    let resource = check.arn("resourceArn", request.resource_arn);
    let given = check.present("tags", request.tags);
    let tags = tag::read(&mut check, Some(given));
    check.done()?;
    arn::tagged(&resource)?;
    tag::check(&tags)?;
    if !arn::is_ours(&api.config, &resource) {
        return Err(not_found(&resource));
    }
    api.engine.tag_resource(&resource, tags).await?;
    Ok(Nothing {})
}
