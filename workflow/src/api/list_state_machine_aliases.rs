//! ListStateMachineAliases of a machine or of one of its versions, the latest first.

use serde::{Deserialize, Serialize};

use super::{
    Api, arn,
    constraint::Constraints,
    page::{self, LARGEST_PAGE, LONGEST_TOKEN, Pager},
    refusal::Refusal,
    wire::Timestamp,
};
use crate::engine::Alias;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_arn: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    state_machine_aliases: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    state_machine_alias_arn: String,
    creation_date: Timestamp,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let machine = check.arn("stateMachineArn", request.state_machine_arn);
    let max_results = check.max_results(request.max_results, LARGEST_PAGE);
    page::constrain(&mut check, request.next_token.as_deref(), LONGEST_TOKEN);
    check.done()?;
    arn::target(&api.config, &machine)?;
    let pager = Pager::new("ListStateMachineAliases", &[&machine], api.now());
    let paging = pager.paging(max_results, request.next_token.as_deref())?;
    let found = api.engine.list_state_machine_aliases(&machine, paging).await?;
    let item =
        |alias: Alias| Item { state_machine_alias_arn: alias.arn, creation_date: Timestamp(alias.creation_date) };
    Ok(Answer {
        state_machine_aliases: found.items.into_iter().map(item).collect(),
        next_token: found.next_token.map(|place| pager.seal(&place)),
    })
}
