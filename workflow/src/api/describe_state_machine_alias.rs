//! DescribeStateMachineAlias.

use serde::{Deserialize, Serialize};

use super::{
    Api, arn,
    constraint::Constraints,
    refusal::Refusal,
    routing::{self, Route},
    wire::Timestamp,
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_alias_arn: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    state_machine_alias_arn: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    routing_configuration: Vec<Route>,
    creation_date: Timestamp,
    update_date: Timestamp,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let alias = check.arn("stateMachineAliasArn", request.state_machine_alias_arn);
    check.done()?;
    arn::alias(&alias)?;
    let alias = api.engine.describe_state_machine_alias(&alias).await?;
    Ok(Answer {
        state_machine_alias_arn: alias.arn,
        name: alias.name,
        description: alias.description,
        routing_configuration: routing::show(alias.routes),
        creation_date: Timestamp(alias.creation_date),
        update_date: Timestamp(alias.update_date),
    })
}
