//! ListActivities.

use serde::{Deserialize, Serialize};

use super::{
    Api,
    constraint::Constraints,
    page::{self, LARGEST_PAGE, LONGEST_TOKEN, Pager},
    refusal::Refusal,
    wire::Timestamp,
};
use crate::engine::Activity;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    activities: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    activity_arn: String,
    name: String,
    creation_date: Timestamp,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let max_results = check.max_results(request.max_results, LARGEST_PAGE);
    page::constrain(&mut check, request.next_token.as_deref(), LONGEST_TOKEN);
    check.done()?;
    let pager = Pager::new("ListActivities", &[], api.now());
    let found = api.engine.list_activities(pager.paging(max_results, request.next_token.as_deref())?).await?;
    let item = |activity: Activity| Item {
        activity_arn: activity.arn,
        name: activity.name,
        creation_date: Timestamp(activity.creation_date),
    };
    Ok(Answer {
        activities: found.items.into_iter().map(item).collect(),
        next_token: found.next_token.map(|place| pager.seal(&place)),
    })
}
