//! SendTaskHeartbeat.

use serde::Deserialize;

use super::{Api, constraint::Constraints, refusal::Refusal, wire::Nothing};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    task_token: Option<String>,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Nothing, Refusal> {
    let mut check = Constraints::default();
    let token = check.task_token(request.task_token);
    check.done()?;
    api.engine.send_task_heartbeat(&token).await?;
    Ok(Nothing {})
}
