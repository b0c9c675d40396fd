//! SendTaskFailure.

use serde::Deserialize;

use super::{Api, constraint::Constraints, refusal::Refusal, wire::Nothing};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    task_token: Option<String>,
    error: Option<String>,
    cause: Option<String>,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Nothing, Refusal> {
    let mut check = Constraints::default();
    let token = check.task_token(request.task_token);
    check.failure(request.error.as_deref(), request.cause.as_deref());
    check.done()?;
    api.engine.send_task_failure(&token, request.error, request.cause).await?;
    Ok(Nothing {})
}
