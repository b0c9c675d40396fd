//! UpdateStateMachineAlias.

use serde::{Deserialize, Serialize};

use super::{
    Api, arn,
    constraint::Constraints,
    refusal::Refusal,
    routing::{self, Route},
    wire::{Structure, Timestamp},
};
use crate::engine::{ApiError, ValidationReason};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_alias_arn: Option<String>,
    description: Option<String>,
    routing_configuration: Option<Vec<Structure<Route>>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    update_date: Timestamp,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let alias = check.arn("stateMachineAliasArn", request.state_machine_alias_arn);
    check.description("description", request.description.as_deref());
    let routes = request.routing_configuration.map(|given| routing::read(&mut check, given));
    check.done()?;
    if request.description.is_none() && routes.is_none() {
        let why = "Either the description or the RoutingConfiguration must be specified";
        return Err(ApiError::Invalid(ValidationReason::MissingRequiredParameter, why.to_owned()).into());
    }
    arn::alias(&alias)?;
    let alias = api.engine.update_state_machine_alias(&alias, request.description, routes).await?;
    Ok(Answer { update_date: Timestamp(alias.update_date) })
}
