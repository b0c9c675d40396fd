//! ListStateMachineVersions, the latest first.

use serde::{Deserialize, Serialize};

use super::{
    Api, arn,
    constraint::Constraints,
    page::{self, LARGEST_PAGE, LONGEST_TOKEN, Pager},
    refusal::Refusal,
    wire::Timestamp,
};
use crate::engine::Version;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_arn: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    state_machine_versions: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    state_machine_version_arn: String,
    creation_date: Timestamp,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let machine = check.arn("stateMachineArn", request.state_machine_arn);
    let max_results = check.max_results(request.max_results, LARGEST_PAGE);
    page::constrain(&mut check, request.next_token.as_deref(), LONGEST_TOKEN);
    check.done()?;
    let pager = Pager::new("ListStateMachineVersions", &[&machine], api.now());
    let paging = pager.paging(max_results, request.next_token.as_deref());
    match arn::state_machine(&api.config, &machine) {
        Ok(()) => {}
        // A machine that is not here has no versions.
        Err(refusal) if refusal.code == "StateMachineDoesNotExist" => return Ok(Answer::default()),
        Err(refusal) => return Err(refusal),
    }
    let found = api.engine.list_state_machine_versions(&machine, paging?).await?;
    let item = |version: Version| Item {
        state_machine_version_arn: version.arn,
        creation_date: Timestamp(version.creation_date),
    };
    Ok(Answer {
        state_machine_versions: found.items.into_iter().map(item).collect(),
        next_token: found.next_token.map(|place| pager.seal(&place)),
    })
}
