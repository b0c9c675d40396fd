//! DeleteActivity.

use serde::Deserialize;

use super::{Api, arn, constraint::Constraints, refusal::Refusal, wire::Nothing};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    activity_arn: Option<String>,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Nothing, Refusal> {
    let mut check = Constraints::default();
    let activity = check.arn("activityArn", request.activity_arn);
    check.done()?;
    match arn::activity(&api.config, &activity) {
        Ok(()) => api.engine.delete_activity(&activity).await?,
        // What is not there has been deleted already.
        Err(refusal) if refusal.code == "ActivityDoesNotExist" => {}
        Err(refusal) => return Err(refusal),
    }
    Ok(Nothing {})
}
