//! StopExecution.

use serde::{Deserialize, Serialize};

use super::{Api, arn, constraint::Constraints, refusal::Refusal, wire::Timestamp};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    execution_arn: Option<String>,
    error: Option<String>,
    cause: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    stop_date: Timestamp,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let execution = check.arn("executionArn", request.execution_arn);
    check.failure(request.error.as_deref(), request.cause.as_deref());
    check.done()?;
    arn::execution(&api.config, &execution)?;
    let stopped = api.engine.stop_execution(&execution, request.error, request.cause).await?;
    Ok(Answer { stop_date: Timestamp(stopped) })
}
