//! ListStateMachineVersions. Nothing publishes a version here, so the list is empty; programs that look for versions, such
//! as Terraform, need to hear that.

use serde::{Deserialize, Serialize};

use super::{
    Api, arn,
    constraint::Constraints,
    page::{self, LARGEST_PAGE, LONGEST_TOKEN, Pager},
    refusal::Refusal,
};

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
    state_machine_versions: [(); 0],
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let machine = check.arn("stateMachineArn", request.state_machine_arn);
    check.max_results(request.max_results, LARGEST_PAGE);
    page::constrain(&mut check, request.next_token.as_deref(), LONGEST_TOKEN);
    check.done()?;
    match arn::state_machine(&api.config, &machine) {
        Err(refusal) if refusal.code == "InvalidArn" => return Err(refusal),
        _ => {}
    }
    if let Some(token) = &request.next_token {
        Pager::new("ListStateMachineVersions", &[&machine], api.now()).open(token)?;
    }
    Ok(Answer { state_machine_versions: [] })
}
