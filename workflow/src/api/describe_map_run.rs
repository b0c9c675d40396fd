//! DescribeMapRun.

use serde::{Deserialize, Serialize};
use statemachine::{MapRunCounts, MapRunStatus};

use super::{Api, arn, constraint::Constraints, refusal::Refusal, wire::Timestamp};
use crate::engine::MapRunDescription;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    map_run_arn: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    map_run_arn: String,
    execution_arn: String,
    status: &'static str,
    start_date: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<Timestamp>,
    max_concurrency: u64,
    tolerated_failure_percentage: f64,
    tolerated_failure_count: u64,
    item_counts: Counts,
    execution_counts: Counts,
    redrive_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_date: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    pending: u64,
    running: u64,
    succeeded: u64,
    failed: u64,
    timed_out: u64,
    aborted: u64,
    total: u64,
    results_written: u64,
    failures_not_redrivable: u64,
    pending_redrive: u64,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let map_run = check.map_run_arn(request.map_run_arn);
    check.done()?;
    arn::map_run(&api.config, &map_run)?;
    Ok(show(api.engine.describe_map_run(&map_run).await?))
}

fn show(run: MapRunDescription) -> Answer {
    let MapRunDescription { execution_arn, report, .. } = run;
    Answer {
        map_run_arn: report.map_run_arn,
        execution_arn,
        status: name_of(report.status),
        start_date: Timestamp(report.started_at),
        stop_date: report.ended_at.map(Timestamp),
        max_concurrency: report.max_concurrency,
        tolerated_failure_percentage: report.tolerated_failure_percentage,
        tolerated_failure_count: report.tolerated_failure_count,
        item_counts: counts(report.items),
        execution_counts: counts(report.executions),
        redrive_count: report.redrives,
        redrive_date: report.redriven_at.map(Timestamp),
    }
}

/// A child that cannot be redriven is known only when its redrive is tried.
fn counts(counts: MapRunCounts) -> Counts {
    Counts {
        pending: counts.pending,
        running: counts.running,
        succeeded: counts.succeeded,
        failed: counts.failed,
        timed_out: counts.timed_out,
        aborted: counts.aborted,
        total: counts.total,
        results_written: counts.results_written,
        failures_not_redrivable: 0,
        pending_redrive: counts.pending_redrive,
    }
}

fn name_of(status: MapRunStatus) -> &'static str {
    match status {
        MapRunStatus::Running => "RUNNING",
        MapRunStatus::Succeeded => "SUCCEEDED",
        MapRunStatus::Failed => "FAILED",
        MapRunStatus::Aborted => "ABORTED",
    }
}
