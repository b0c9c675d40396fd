//! What a program may talk to: the IAM policies of its role, read for the resources that they name.
//!
//! Owns the reading of policy documents as far as edges need it. A statement on everything (`*`) or on a pattern says
//! nothing about what is used and makes no edge. Owns no judgement of permissions.

use std::collections::HashMap;

use serde_json::Value;

use super::Found;
use super::names::Names;
use crate::twin::edge::Relation;
use crate::twin::node::Node;

/// Adds an edge from each function and task definition to what its role's policies name.
pub(super) fn relate(names: &Names<'_>, found: &mut Found) {
    let grants = grants_by_role(names);
    for (at, node) in names.nodes.iter().enumerate() {
        let role = match node.resource_type.as_str() {
            "aws_lambda_function" => node.text("role"),
            "aws_ecs_task_definition" => node.text("task_role_arn"),
            "aws_sfn_state_machine" => node.text("role_arn"),
            _ => None,
        };
        let role = role.and_then(|role| names.find(node, role, &["aws_iam_role"]));
        for (relation, to) in role.and_then(|role| grants.get(&role)).into_iter().flatten() {
            // A dead-letter queue is written to by the service, not by the program.
            if !found.has(at, Relation::DeadLettersTo, *to) {
                found.add(at, *relation, *to);
            }
        }
    }
}

type Grants = Vec<(Relation, usize)>;

fn grants_by_role(names: &Names<'_>) -> HashMap<usize, Grants> {
    let mut grants: HashMap<usize, Grants> = HashMap::new();
    for (at, node) in names.nodes.iter().enumerate() {
        let role_of = |attribute: &str| node.text(attribute).and_then(|role| names.find(node, role, &["aws_iam_role"]));
        match node.resource_type.as_str() {
            "aws_iam_role_policy" => {
                if let Some(role) = role_of("role") {
                    grants.entry(role).or_default().extend(grants_of(names, node.text("policy")));
                }
            }
            "aws_iam_role_policy_attachment" => {
                let policy = node.text("policy_arn").and_then(|arn| names.by_arn(arn)).map(|at| &names.nodes[at]);
                if let (Some(role), Some(policy)) = (role_of("role"), policy) {
                    grants.entry(role).or_default().extend(grants_of(names, policy.text("policy")));
                }
            }
            "aws_iam_role" => {
                let inline: Grants = inline_policies(node).flat_map(|policy| grants_of(names, Some(policy))).collect();
                grants.entry(at).or_default().extend(inline);
            }
            _ => {}
        }
    }
    grants
}

fn inline_policies(role: &Node) -> impl Iterator<Item = &str> {
    role.blocks("inline_policy").filter_map(|block| block.get("policy")?.as_str())
}

/// What a policy document allows on resources that are nodes.
fn grants_of(names: &Names<'_>, document: Option<&str>) -> Grants {
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
        let resources = one_or_many(statement.get("Resource")).filter_map(Value::as_str);
        for to in resources.filter_map(|resource| names.by_arn(exact_part(resource)?)) {
            grants.extend(relations.iter().map(|relation| (*relation, to)));
        }
    }
    grants
}

/// `arn:...:table/orders/index/*` and `arn:...:log-group:a:*` mean their resource; `arn:...:table/*` means none.
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
