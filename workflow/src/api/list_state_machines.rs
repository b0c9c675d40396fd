//! ListStateMachines.

use serde::{Deserialize, Serialize};

use super::{
    Api,
    constraint::Constraints,
    describe_state_machine::type_name,
    page::{self, LARGEST_PAGE, LONGEST_TOKEN, Pager},
    refusal::Refusal,
    wire::Timestamp,
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    state_machines: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    state_machine_arn: String,
    name: String,
    r#type: &'static str,
    creation_date: Timestamp,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let max_results = check.max_results(request.max_results, LARGEST_PAGE);
    page::constrain(&mut check, request.next_token.as_deref(), LONGEST_TOKEN);
    check.done()?;
    let pager = Pager::new("ListStateMachines", &[], api.now());
    let found = api.engine.list_state_machines(pager.paging(max_results, request.next_token.as_deref())?).await?;
    let item = |machine: crate::engine::StateMachine| Item {
        state_machine_arn: machine.arn,
        name: machine.name,
        r#type: type_name(machine.kind),
        creation_date: Timestamp(machine.creation_date),
    };
    Ok(Answer {
        state_machines: found.items.into_iter().map(item).collect(),
        next_token: found.next_token.map(|place| pager.seal(&place)),
    })
}
