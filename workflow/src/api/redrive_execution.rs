//! RedriveExecution.

use serde::{Deserialize, Serialize};

use super::{Api, arn, constraint::Constraints, refusal::Refusal, wire::Timestamp};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    execution_arn: Option<String>,
    client_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    redrive_date: Timestamp,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let execution = check.arn("executionArn", request.execution_arn);
    check.optional("clientToken", request.client_token.as_deref(), 1, 64);
    if let Some(token) = request.client_token.as_deref().filter(|token| !token.chars().all(|c| c.is_ascii_graphic())) {
        let what = format!("Value '{token}' at 'clientToken'");
        check.violate(&what, "Member must satisfy regular expression pattern: [!-~]+");
    }
    check.done()?;
    arn::execution(&api.config, &execution)?;
    let redriven = api.engine.redrive_execution(&execution, request.client_token).await?;
    Ok(Answer { redrive_date: Timestamp(redriven) })
}
