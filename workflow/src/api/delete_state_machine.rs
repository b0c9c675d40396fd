//! DeleteStateMachine.

use serde::Deserialize;

use super::{Api, arn, constraint::Constraints, refusal::Refusal, wire::Nothing};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_arn: Option<String>,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Nothing, Refusal> {
    let mut check = Constraints::default();
    let machine = check.arn("stateMachineArn", request.state_machine_arn);
    check.done()?;
    match arn::state_machine(&api.config, &machine) {
        Ok(()) => api.engine.delete_state_machine(&machine).await?,
        // What is not there has been deleted already.
        Err(refusal) if refusal.code == "StateMachineDoesNotExist" => {}
        Err(refusal) => return Err(refusal),
    }
    Ok(Nothing {})
}
