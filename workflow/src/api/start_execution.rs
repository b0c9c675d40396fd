//! StartExecution.

use serde::{Deserialize, Serialize};

use super::{Api, arn, constraint::Constraints, refusal::Refusal, wire::Timestamp};
use crate::engine::StartExecution;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_arn: Option<String>,
    name: Option<String>,
    input: Option<String>,
    trace_header: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    execution_arn: String,
    start_date: Timestamp,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let machine = check.arn("stateMachineArn", request.state_machine_arn);
    check.optional("name", request.name.as_deref(), 1, 80);
    check.payload("input", request.input.as_deref());
    check.optional("traceHeader", request.trace_header.as_deref(), 0, 256);
    if let Some(header) = request.trace_header.as_deref().filter(|header| !header.is_ascii()) {
        let what = format!("Value '{header}' at 'traceHeader'");
        check.violate(&what, r"Member must satisfy regular expression pattern: \p{ASCII}*");
    }
    check.done()?;
    arn::target(&api.config, &machine)?;
    let start = StartExecution {
        state_machine_arn: machine,
        name: request.name,
        input: request.input,
        trace_header: request.trace_header,
    };
    let started = api.engine.start_execution(start).await?;
    Ok(Answer { execution_arn: started.execution_arn, start_date: Timestamp(started.start_date) })
}
