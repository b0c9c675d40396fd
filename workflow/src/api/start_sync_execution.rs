//! StartSyncExecution: an Express execution from its start to its end in one answer.
//!
//! The SDKs call it under a host that begins with `sync-`; see [`super::guard`].

use serde::{Deserialize, Serialize};

use super::{
    Api, arn,
    constraint::Constraints,
    refusal::Refusal,
    start_execution::constrain,
    wire::{Included, Timestamp},
};
use crate::engine::{StartExecution, SyncExecution};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    #[serde(flatten)]
    start: super::start_execution::Request,
    included_data: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    execution_arn: String,
    state_machine_arn: String,
    name: String,
    start_date: Timestamp,
    stop_date: Timestamp,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<String>,
    input_details: Included,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_details: Option<Included>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_header: Option<String>,
    billing_details: Billing,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Billing {
    #[serde(rename = "billedMemoryUsedInMB")]
    billed_memory_used_in_mb: u64,
    billed_duration_in_milliseconds: u64,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let machine = constrain(&mut check, &request.start);
    let metadata_only = check.metadata_only(request.included_data.as_deref());
    check.done()?;
    arn::target(&api.config, &machine)?;
    let start = StartExecution { state_machine_arn: machine, ..request.start.into() };
    Ok(show(api.engine.start_sync_execution(start).await?, metadata_only))
}

fn show(ended: SyncExecution, metadata_only: bool) -> Answer {
    let shown = |_: &String| !metadata_only;
    Answer {
        execution_arn: ended.execution_arn,
        state_machine_arn: ended.state_machine_arn,
        name: ended.name,
        start_date: Timestamp(ended.start_date),
        stop_date: Timestamp(ended.stop_date),
        status: ended.status.name(),
        error: ended.error,
        cause: ended.cause,
        input: Some(ended.input).filter(shown),
        input_details: Included { included: !metadata_only },
        output_details: ended.output.as_ref().map(|_| Included { included: !metadata_only }),
        output: ended.output.filter(shown),
        trace_header: ended.trace_header,
        billing_details: Billing {
            billed_memory_used_in_mb: ended.billed_megabytes,
            billed_duration_in_milliseconds: ended.billed_millis,
        },
    }
}
