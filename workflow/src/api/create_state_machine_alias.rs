//! CreateStateMachineAlias.

use serde::{Deserialize, Serialize};

use super::{
    Api,
    constraint::Constraints,
    refusal::Refusal,
    routing::{self, Route},
    wire::{Structure, Timestamp},
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    name: Option<String>,
    description: Option<String>,
    routing_configuration: Option<Vec<Structure<Route>>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    state_machine_alias_arn: String,
    creation_date: Timestamp,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    check.description("description", request.description.as_deref());
    let name = alias_name(&mut check, request.name);
    let given = check.present("routingConfiguration", request.routing_configuration.map(Some));
    let routes = given.map(|given| routing::read(&mut check, given)).unwrap_or_default();
    check.done()?;
    let alias = api.engine.create_state_machine_alias(name, request.description, routes).await?;
    Ok(Answer { state_machine_alias_arn: alias.arn, creation_date: Timestamp(alias.creation_date) })
}

/// A name of letters, digits, `_`, `-` and `.`, that is not all digits.
fn alias_name(check: &mut Constraints, name: Option<String>) -> String {
    let present = name.is_some();
    let name = check.text("name", name, 1, 80);
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if present && (!name.chars().all(fits) || name.chars().all(|c| c.is_ascii_digit())) {
        let pattern = r"Member must satisfy regular expression pattern: ^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$";
        check.violate(&format!("Value '{name}' at 'name'"), pattern);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_name_cannot_be_taken_for_a_version() {
        for (name, good) in
            [("LIVE", true), ("v1", true), ("1.0", true), ("-", true), ("1", false), ("a b", false), ("é", false)]
        {
            let mut check = Constraints::default();
            alias_name(&mut check, Some(name.into()));
            assert_eq!(check.done().is_ok(), good, "{name}");
        }
    }
}
