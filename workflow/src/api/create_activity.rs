//! CreateActivity: the same name again answers the same activity.

use serde::{Deserialize, Serialize};

use super::{
    Api,
    configuration::Configurations,
    constraint::Constraints,
    refusal::Refusal,
    tag::{self, Tag},
    wire::{Structure, Timestamp},
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    name: Option<String>,
    tags: Option<Vec<Structure<Tag>>>,
    #[serde(flatten)]
    configurations: Configurations,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    activity_arn: String,
    creation_date: Timestamp,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let name = check.text("name", request.name, 1, 80);
    let tags = tag::read(&mut check, request.tags);
    let configurations = request.configurations.encryption_only();
    configurations.constrain(&mut check);
    check.done()?;
    tag::check(&tags)?;
    let kept = configurations.read()?.without_defaults();
    let activity = api.engine.create_activity(name, tags, kept.encryption).await?;
    Ok(Answer { activity_arn: activity.arn, creation_date: Timestamp(activity.creation_date) })
}
