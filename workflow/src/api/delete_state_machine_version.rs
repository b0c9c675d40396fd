//! DeleteStateMachineVersion.

use serde::Deserialize;

use super::{Api, arn, constraint::Constraints, refusal::Refusal, wire::Nothing};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_version_arn: Option<String>,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Nothing, Refusal> {
    let mut check = Constraints::default();
    let version = check.text("stateMachineVersionArn", request.state_machine_version_arn, 1, 2000);
    check.done()?;
    arn::version(&version)?;
    // What is not here has been deleted already.
    if arn::is_ours(&api.config, &version) {
        api.engine.delete_state_machine_version(&version).await?;
    }
    Ok(Nothing {})
}
