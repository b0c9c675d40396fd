//! DescribeActivity.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Api, arn, configuration, constraint::Constraints, refusal::Refusal, wire::Timestamp};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    activity_arn: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    activity_arn: String,
    name: String,
    creation_date: Timestamp,
    encryption_configuration: Value,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let activity = check.arn("activityArn", request.activity_arn);
    check.done()?;
    arn::activity(&api.config, &activity)?;
    let activity = api.engine.describe_activity(&activity).await?;
    Ok(Answer {
        activity_arn: activity.arn,
        name: activity.name,
        creation_date: Timestamp(activity.creation_date),
        encryption_configuration: configuration::show_encryption(activity.encryption),
    })
}
