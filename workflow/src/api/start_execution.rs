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
    let machine = constrain(&mut check, &request);
    check.done()?;
    arn::target(&api.config, &machine)?;
    let start = StartExecution { state_machine_arn: machine, ..request.into() };
    let started = api.engine.start_execution(start).await?;
    Ok(Answer { execution_arn: started.execution_arn, start_date: Timestamp(started.start_date) })
}

/// What holds for every start; answers the machine's ARN.
pub(super) fn constrain(check: &mut Constraints, request: &Request) -> String {
    let machine = check.arn("stateMachineArn", request.state_machine_arn.clone());
    check.optional("name", request.name.as_deref(), 1, 80);
    check.payload("input", request.input.as_deref());
    check.optional("traceHeader", request.trace_header.as_deref(), 0, 256);
    if let Some(header) = request.trace_header.as_deref().filter(|header| !header.is_ascii()) {
        let what = format!("Value '{header}' at 'traceHeader'");
        check.violate(&what, r"Member must satisfy regular expression pattern: \p{ASCII}*");
    }
    machine
}

impl From<Request> for StartExecution {
    fn from(request: Request) -> Self {
        let Request { state_machine_arn, name, input, trace_header } = request;
        Self { state_machine_arn: state_machine_arn.unwrap_or_default(), name, input, trace_header }
    }
}
