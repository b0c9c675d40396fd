//! ListTagsForResource.

use serde::{Deserialize, Serialize};

use super::{
    Api, arn,
    constraint::Constraints,
    refusal::Refusal,
    tag::{self, Tag},
};
use crate::engine::ApiError;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    resource_arn: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Answer {
    tags: Vec<Tag>,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let resource = check.arn("resourceArn", request.resource_arn);
    check.done()?;
    arn::tagged(&resource)?;
    if !arn::is_ours(&api.config, &resource) {
        return Err(not_found(&resource));
    }
    Ok(Answer { tags: tag::show(api.engine.list_tags_for_resource(&resource).await?) })
}

/// What is said of an ARN that leads to nothing with tags.
pub(super) fn not_found(resource: &str) -> Refusal {
    ApiError::ResourceNotFound(resource.to_owned()).into()
}
