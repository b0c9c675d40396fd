//! GetActivityTask: a task for a worker, waited for up to 60 seconds; `{}` when none came.

use serde::{Deserialize, Serialize};

use super::{Api, arn, constraint::Constraints, refusal::Refusal};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    activity_arn: Option<String>,
    worker_name: Option<String>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    task_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<String>,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let activity = check.arn("activityArn", request.activity_arn);
    check.optional("workerName", request.worker_name.as_deref(), 1, 80);
    check.done()?;
    arn::activity(&api.config, &activity)?;
    let task = api.engine.get_activity_task(&activity, request.worker_name).await?;
    Ok(task.map_or_else(Answer::default, |task| Answer { task_token: Some(task.token), input: Some(task.input) }))
}
