//! DeleteStateMachineAlias.

use serde::Deserialize;

use super::{Api, arn, constraint::Constraints, refusal::Refusal, wire::Nothing};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_alias_arn: Option<String>,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Nothing, Refusal> {
    let mut check = Constraints::default();
    let alias = check.arn("stateMachineAliasArn", request.state_machine_alias_arn);
    check.done()?;
    arn::alias(&alias)?;
    api.engine.delete_state_machine_alias(&alias).await?;
    Ok(Nothing {})
}
