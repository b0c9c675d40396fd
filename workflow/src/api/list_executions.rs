//! ListExecutions of a state machine, of what was started with a version or an alias, or of a map run.

use serde::{Deserialize, Serialize};

use super::{
    Api, arn,
    constraint::Constraints,
    page::{self, LARGEST_PAGE, Pager},
    refusal::Refusal,
    wire::Timestamp,
};
use crate::engine::{ChildItem, ExecutionItem, ExecutionStatus, WantedChildren};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_arn: Option<String>,
    status_filter: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
    map_run_arn: Option<String>,
    redrive_filter: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    executions: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    execution_arn: String,
    state_machine_arn: String,
    name: String,
    status: &'static str,
    start_date: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_alias_arn: Option<String>,
    redrive_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_date: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    map_run_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_count: Option<u64>,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let max_results = constrain(&request)?;
    if let (None, Some(map_run)) = (&request.state_machine_arn, &request.map_run_arn) {
        return of_map_run(&api, &request, map_run, max_results).await;
    }
    let machine = machine_of(&request)?;
    arn::target(&api.config, machine)?;
    let status = request.status_filter.as_deref().and_then(status_of);
    let pager = Pager::new("ListExecutions", &[machine, status.map_or("", ExecutionStatus::name)], api.now());
    let paging = pager.paging(max_results, request.next_token.as_deref())?;
    let found = api.engine.list_executions(machine, status, paging).await?;
    Ok(Answer {
        executions: found.items.into_iter().map(show).collect(),
        next_token: found.next_token.map(|place| pager.seal(&place)),
    })
}

/// The children of a map run.
async fn of_map_run(api: &Api, request: &Request, map_run: &str, max_results: usize) -> Result<Answer, Refusal> {
    arn::map_run(&api.config, map_run)?;
    let (filter, redriven) = (request.status_filter.as_deref(), request.redrive_filter.as_deref());
    let pager =
        Pager::new("ListExecutions", &[map_run, filter.unwrap_or_default(), redriven.unwrap_or_default()], api.now());
    let paging = pager.paging(max_results, request.next_token.as_deref())?;
    let wanted = WantedChildren {
        status: filter.and_then(status_of),
        pending_redrive: filter == Some(PENDING_REDRIVE),
        redriven: redriven.map(|filter| filter == "REDRIVEN"),
    };
    let found = api.engine.list_child_executions(map_run, wanted, paging).await?;
    let shown = |child: ChildItem| {
        let item = show(child.item);
        let status = if child.pending_redrive { PENDING_REDRIVE } else { item.status };
        Item { status, map_run_arn: Some(map_run.to_owned()), item_count: Some(child.item_count), ..item }
    };
    Ok(Answer {
        executions: found.items.into_iter().map(shown).collect(),
        next_token: found.next_token.map(|place| pager.seal(&place)),
    })
}

fn constrain(request: &Request) -> Result<usize, Refusal> {
    let mut check = Constraints::default();
    check.optional("stateMachineArn", request.state_machine_arn.as_deref(), 1, 256);
    check.optional("mapRunArn", request.map_run_arn.as_deref(), 1, 2000);
    let statuses = STATUSES.map(ExecutionStatus::name);
    let statuses = [&statuses[..], &[PENDING_REDRIVE]].concat();
    check.one_of("statusFilter", request.status_filter.as_deref(), &statuses);
    check.one_of("redriveFilter", request.redrive_filter.as_deref(), &["REDRIVEN", "NOT_REDRIVEN"]);
    let max_results = check.max_results(request.max_results, LARGEST_PAGE);
    page::constrain(&mut check, request.next_token.as_deref(), LONGEST_TOKEN);
    check.done()?;
    Ok(max_results)
}

/// The machine whose executions are wanted.
fn machine_of(request: &Request) -> Result<&str, Refusal> {
    match (&request.state_machine_arn, &request.map_run_arn) {
        (Some(_), Some(_)) | (None, _) => {
            Err(Refusal::validation("Must specify exactly one of the following: State machine ARN, Map Run ARN"))
        }
        (Some(_), None) if request.status_filter.as_deref() == Some(PENDING_REDRIVE) => {
            Err(Refusal::validation("The PENDING_REDRIVE status filter can only be used with a Map Run ARN"))
        }
        (Some(_), None) if request.redrive_filter.is_some() => {
            Err(Refusal::validation("The redrive filter can only be used with a Map Run ARN"))
        }
        (Some(machine), None) => Ok(machine),
    }
}

fn status_of(name: &str) -> Option<ExecutionStatus> {
    STATUSES.into_iter().find(|status| status.name() == name)
}

fn show(item: ExecutionItem) -> Item {
    Item {
        execution_arn: item.execution_arn,
        state_machine_arn: item.state_machine_arn,
        name: item.name,
        status: item.status.name(),
        start_date: Timestamp(item.start_date),
        stop_date: item.stop_date.map(Timestamp),
        state_machine_version_arn: item.version_arn,
        state_machine_alias_arn: item.alias_arn,
        redrive_count: item.redrive_count,
        redrive_date: item.redrive_date.map(Timestamp),
        map_run_arn: None,
        item_count: None,
    }
}

const STATUSES: [ExecutionStatus; 5] = [
    ExecutionStatus::Running,
    ExecutionStatus::Succeeded,
    ExecutionStatus::Failed,
    ExecutionStatus::TimedOut,
    ExecutionStatus::Aborted,
];
const PENDING_REDRIVE: &str = "PENDING_REDRIVE";
/// Tokens of this list may be longer than others.
const LONGEST_TOKEN: usize = 3096;
