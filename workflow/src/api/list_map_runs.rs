//! ListMapRuns of an execution.

use serde::{Deserialize, Serialize};

use super::{
    Api, arn,
    constraint::Constraints,
    page::{self, LARGEST_PAGE, LONGEST_TOKEN, Pager},
    refusal::Refusal,
    wire::Timestamp,
};
use crate::engine::MapRunDescription;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    execution_arn: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    map_runs: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    execution_arn: String,
    map_run_arn: String,
    state_machine_arn: String,
    start_date: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<Timestamp>,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let execution = check.arn("executionArn", request.execution_arn);
    let max_results = check.max_results(request.max_results, LARGEST_PAGE);
    page::constrain(&mut check, request.next_token.as_deref(), LONGEST_TOKEN);
    check.done()?;
    arn::execution(&api.config, &execution)?;
    let pager = Pager::new("ListMapRuns", &[&execution], api.now());
    let paging = pager.paging(max_results, request.next_token.as_deref())?;
    let found = api.engine.list_map_runs(&execution, paging).await?;
    Ok(Answer {
        map_runs: found.items.into_iter().map(show).collect(),
        next_token: found.next_token.map(|place| pager.seal(&place)),
    })
}

fn show(run: MapRunDescription) -> Item {
    Item {
        execution_arn: run.execution_arn,
        map_run_arn: run.report.map_run_arn,
        state_machine_arn: run.state_machine_arn,
        start_date: Timestamp(run.report.started_at),
        stop_date: run.report.ended_at.map(Timestamp),
    }
}
