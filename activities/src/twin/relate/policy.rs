//! What a program may talk to: the IAM policies of its role, read for the resources that they name.
//!
//! Owns the reading of policy documents as far as edges need it. A statement on everything (`*`) says nothing about what is
//! used and makes no edge; one on a pattern means what [`super::pattern`] finds. Owns no judgement of permissions.

use std::collections::HashMap;

use serde_json::Value;

use super::Found;
use super::names::{Nodes, Scene};
use super::pattern::Arns;
use crate::twin::edge::Relation;

/// Adds an edge from each function and task definition to what its role's policies name.
pub(super) fn relate<N: Nodes>(scene: &Scene<'_, N>, examined: &[u32], found: &mut Found) {
    let grants = grants_by_role(scene, examined, found);
    if grants.values().all(Vec::is_empty) {
        return;
    }
    for at in examined.iter().copied() {
        let Some(attribute) = role_attribute(scene.nodes.resource_type(at)) else { continue };
        let role = scene.nodes.attributes(at).text(attribute).and_then(|role| scene.find(at, &role, ROLE));
        for (relation, to) in role.and_then(|role| grants.get(&role)).into_iter().flatten() {
            // A dead-letter queue is written to by the service, not by the program.
            if !found.has(at, Relation::DeadLettersTo, *to) {
                found.add(at, *relation, *to);
            }
        }
    }
}

/// Whether a node of this type uses a role, or says what a role may do.
pub(in crate::twin) fn bears_on_roles(resource_type: &str) -> bool {
    role_attribute(resource_type).is_some()
        || ["aws_iam_policy", "aws_iam_role", "aws_iam_role_policy", "aws_iam_role_policy_attachment"]
            .contains(&resource_type)
}

/// The attribute by which a type names the role that it runs under.
fn role_attribute(resource_type: &str) -> Option<&'static str> {
    match resource_type {
        "aws_lambda_function" => Some("role"),
        "aws_ecs_task_definition" => Some("task_role_arn"),
        "aws_pipes_pipe" | "aws_sfn_state_machine" => Some("role_arn"),
        _ => None,
    }
}

type Grants = Vec<(Relation, u32)>;

fn grants_by_role<N: Nodes>(scene: &Scene<'_, N>, examined: &[u32], found: &mut Found) -> HashMap<u32, Grants> {
    let mut grants: HashMap<u32, Grants> = HashMap::new();
    let arns = Arns::default();
    for at in examined.iter().copied() {
        let attributes = || scene.nodes.attributes(at);
        let role_of = || attributes().text("role").and_then(|role| scene.find(at, &role, ROLE));
        match scene.nodes.resource_type(at) {
            "aws_iam_role_policy" => {
                let granted = grants_of(scene, &arns, at, attributes().text("policy").as_deref(), found);
                if let Some(role) = role_of() {
                    grants.entry(role).or_default().extend(granted);
                }
            }
            "aws_iam_role_policy_attachment" => {
                let policy = attributes().text("policy_arn").and_then(|arn| scene.by_arn(&arn));
                if let (Some(role), Some(policy)) = (role_of(), policy) {
                    let document = scene.nodes.attributes(policy).text("policy").map(|text| text.into_owned());
                    grants.entry(role).or_default().extend(grants_of(scene, &arns, policy, document.as_deref(), found));
                }
            }
            "aws_iam_role" => {
                let attached: Vec<String> = attributes()
                    .get("managed_policy_arns")
                    .map(|arns| arns.items().filter_map(|arn| Some(arn.filled()?.into_owned())).collect())
                    .unwrap_or_default();
                for policy in attached.iter().filter_map(|arn| scene.by_arn(arn)) {
                    let document = scene.nodes.attributes(policy).text("policy").map(|text| text.into_owned());
                    let granted = grants_of(scene, &arns, policy, document.as_deref(), found);
                    grants.entry(at).or_default().extend(granted);
                }
                for block in attributes().blocks("inline_policy") {
                    let granted = grants_of(scene, &arns, at, block.filled_of("policy").as_deref(), found);
                    grants.entry(at).or_default().extend(granted);
                }
            }
            _ => {}
        }
    }
    grants
}

/// What a policy document, which stands at a node, allows on resources that are nodes.
fn grants_of<'n, N: Nodes>(
    scene: &Scene<'n, N>,
    arns: &Arns<'n>,
    at: u32,
    document: Option<&str>,
    found: &mut Found,
) -> Grants {
    let Some(document) = document.and_then(|text| serde_json::from_str::<Value>(text).ok()) else { return Vec::new() };
    let mut grants = Vec::new();
    for statement in one_or_many(document.get("Statement")) {
        if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
            continue;
        }
        let mut relations: Vec<Relation> =
            one_or_many(statement.get("Action")).filter_map(Value::as_str).flat_map(relations_of).copied().collect();
        relations.sort_unstable();
        relations.dedup();
        for resource in one_or_many(statement.get("Resource")).filter_map(Value::as_str) {
            let meant: Vec<u32> = match exact_part(resource) {
                Some(exact) => scene.by_arn(exact).into_iter().collect(),
                None => arns.matching(scene, resource),
            };
            grants.extend(meant.iter().flat_map(|to| relations.iter().map(|relation| (*relation, *to))));
            // A pattern can mean resources of other states too.
            if meant.is_empty() || exact_part(resource).is_none() {
                found.miss(at);
            }
        }
    }
    grants
}

/// `arn:...:table/orders/index/*` and `arn:...:log-group:a:*` mean their resource; `arn:...:table/*` means none,
/// and what a pattern such as `arn:...:table/ord*` means is found by its letters.
fn exact_part(resource: &str) -> Option<&str> {
    let exact = resource.split_once('*').map_or(resource, |(before, _)| before);
    (exact.len() == resource.len() || exact.ends_with(['/', ':'])).then(|| exact.trim_end_matches(['/', ':']))
}

/// What it means to a resource that an action is used on it.
fn relations_of(action: &str) -> &'static [Relation] {
    let (service, operation) = action.split_once(':').unwrap_or(("", action));
    let starts = |verbs: &[&str]| verbs.iter().any(|verb| operation.starts_with(verb));
    match service {
        "logs" => &[Relation::LogsTo],
        "kms" => &[Relation::SecuredBy],
        "lambda" | "states" | "execute-api" => &[Relation::Calls],
        // Taking a message off a queue is how a queue is read.
        "sqs" if starts(&["DeleteMessage", "ChangeMessage"]) => &[Relation::Reads],
        _ if operation == "*" => &[Relation::Reads, Relation::Writes],
        _ if starts(&[
            "Get",
            "List",
            "Describe",
            "Query",
            "Scan",
            "BatchGet",
            "Receive",
            "Head",
            "Select",
            "Read",
            "ConditionCheck",
            "PartiQLSelect",
        ]) =>
        {
            &[Relation::Reads]
        }
        _ => &[Relation::Writes],
    }
}

const ROLE: &[&str] = &["aws_iam_role"];

fn one_or_many(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    match value {
        Some(Value::Array(items)) => items.iter(),
        Some(one) => std::slice::from_ref(one).iter(),
        None => [].iter(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_over_many_resources_name_none() {
        for (resource, expect) in [
            ("arn:aws:dynamodb:r:1:table/orders", Some("arn:aws:dynamodb:r:1:table/orders")),
            ("arn:aws:dynamodb:r:1:table/orders/index/*", Some("arn:aws:dynamodb:r:1:table/orders/index")),
            ("arn:aws:logs:r:1:log-group:a:*", Some("arn:aws:logs:r:1:log-group:a")),
            ("arn:aws:dynamodb:r:1:table/ord*", None),
            ("*", None),
        ] {
            assert_eq!(exact_part(resource), expect, "{resource}");
        }
    }

    #[test]
    fn actions_tell_reading_from_writing() {
        assert_eq!(relations_of("dynamodb:BatchGetItem"), [Relation::Reads]);
        assert_eq!(relations_of("dynamodb:PutItem"), [Relation::Writes]);
        assert_eq!(relations_of("sqs:DeleteMessage"), [Relation::Reads]);
        assert_eq!(relations_of("s3:*"), [Relation::Reads, Relation::Writes]);
    }
}
