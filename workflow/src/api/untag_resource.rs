//! UntagResource: takes tags from a state machine or an activity.

use serde::Deserialize;

use super::{Api, arn, constraint::Constraints, list_tags_for_resource::not_found, refusal::Refusal, wire::Nothing};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    resource_arn: Option<String>,
    tag_keys: Option<Vec<String>>,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Nothing, Refusal> {
    let mut check = Constraints::default();
    let resource = check.arn("resourceArn", request.resource_arn);
    let keys = check.present("tagKeys", request.tag_keys);
    for (at, key) in keys.iter().enumerate() {
        check.optional(&format!("tagKeys.{}.member", at + 1), Some(key), 1, 128);
    }
    check.done()?;
    arn::tagged(&resource)?;
    if !arn::is_ours(&api.config, &resource) {
        return Err(not_found(&resource));
    }
    api.engine.untag_resource(&resource, keys).await?;
    Ok(Nothing {})
}
