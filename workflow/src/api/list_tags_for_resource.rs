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
    let not_found = || Refusal::new("ResourceNotFound", format!("Resource not found: '{resource}'"));
    // Whatever else may have tags is not here.
    arn::state_machine(&api.config, &resource).map_err(|_| not_found())?;
    match api.engine.describe_state_machine(&resource).await {
        Ok(machine) => Ok(Answer { tags: tag::show(machine.tags) }),
        Err(ApiError::StateMachineDoesNotExist(_)) => Err(not_found()),
        Err(other) => Err(other.into()),
    }
}
