//! `routingConfiguration`: which versions an alias leads to, and how many of a hundred starts each gets.
//!
//! Owns its shape and its constraints. Whether the versions are there is the engine's.

use serde::{Deserialize, Serialize};

use super::{constraint::Constraints, wire::Structure};

/// One member of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Route {
    state_machine_version_arn: Option<String>,
    weight: Option<i64>,
}

/// The versions and weights of a request.
pub(super) fn read(check: &mut Constraints, given: Vec<Structure<Route>>) -> Vec<(String, u32)> {
    check.counted("routingConfiguration", || shown_list(&given), given.len(), 1, 2);
    let mut routes = Vec::new();
    for (at, Structure(route)) in given.into_iter().enumerate() {
        let name = |member: &str| format!("routingConfiguration.{}.member.{member}", at + 1);
        let version = check.arn(&name("stateMachineVersionArn"), route.state_machine_version_arn);
        let weight = check.present(&name("weight"), route.weight);
        let weight = check.number(&name("weight"), weight, 0, 100);
        routes.push((version, u32::try_from(weight).unwrap_or(0)));
    }
    routes
}

/// A list as the service repeats it in a message.
fn shown_list(given: &[Structure<Route>]) -> String {
    let item = |Structure(route): &Structure<Route>| {
        let arn = route.state_machine_version_arn.as_deref().unwrap_or("null");
        let weight = route.weight.map_or_else(|| "null".to_owned(), |weight| weight.to_string());
        format!("RoutingConfigurationListItem(stateMachineVersionArn={arn}, weight={weight})")
    };
    format!("[{}]", given.iter().map(item).collect::<Vec<_>>().join(", "))
}

/// The configuration as an answer shows it.
pub(super) fn show(routes: Vec<(String, u32)>) -> Vec<Route> {
    let route = |(arn, weight)| Route { state_machine_version_arn: Some(arn), weight: Some(i64::from(weight)) };
    routes.into_iter().map(route).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(given: Value, expect: &str) {
        let mut check = Constraints::default();
        read(&mut check, serde_json::from_value(given).unwrap());
        let said = check.done().err().map(|refusal| refusal.message).unwrap_or_default();
        assert_eq!(said, expect);
    }

    #[test]
    fn a_configuration_has_one_or_two_weighted_versions() {
        let route = |weight: i64| json!({ "stateMachineVersionArn": "arn", "weight": weight });
        let one = |what: &str, constraint: &str| {
            format!("1 validation error detected: {what} failed to satisfy constraint: {constraint}")
        };
        check(json!([route(100)]), "");
        check(json!([route(1), route(99)]), "");
        check(
            json!([]),
            &one("Value '[]' at 'routingConfiguration'", "Member must have length greater than or equal to 1"),
        );
        let item = |weight: i64| format!("RoutingConfigurationListItem(stateMachineVersionArn=arn, weight={weight})");
        check(
            json!([route(1), route(1), route(98)]),
            &one(
                &format!("Value '[{}, {}, {}]' at 'routingConfiguration'", item(1), item(1), item(98)),
                "Member must have length less than or equal to 2",
            ),
        );
        check(
            json!([route(101)]),
            &one(
                "Value '101' at 'routingConfiguration.1.member.weight'",
                "Member must have value less than or equal to 100",
            ),
        );
        check(
            json!([{ "weight": 100 }]),
            &one("Value null at 'routingConfiguration.1.member.stateMachineVersionArn'", "Member must not be null"),
        );
    }
}
