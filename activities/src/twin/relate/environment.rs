//! What a program is told to talk to: the variables of functions and containers, and where containers log.
//!
//! Owns which variable values are believed to name a resource: an ARN, a URL or a host name always; a bare name only
//! when it is distinctive or the variable's own name says what it is (`ORDERS_TABLE`).

use serde_json::Value;

use super::Found;
use super::names::Names;
use crate::twin::edge::Relation;
use crate::twin::node::Node;

/// Adds what one function or task definition is told to talk to.
pub(super) fn relate(names: &Names<'_>, at: usize, node: &Node, found: &mut Found) {
    match node.resource_type.as_str() {
        "aws_lambda_function" => {
            let variables =
                node.blocks("environment").filter_map(|block| block.get("variables")?.as_object()).flatten();
            variables
                .filter_map(|(name, value)| Some((name, value.as_str()?)))
                .for_each(|(name, value)| variable(names, at, name, value, found));
        }
        "aws_ecs_task_definition" => {
            let text = node.text("container_definitions").unwrap_or_default();
            if let Ok(Value::Array(containers)) = serde_json::from_str(text) {
                containers.iter().for_each(|definition| container(names, at, definition, found));
            }
        }
        _ => {}
    }
}

fn container(names: &Names<'_>, at: usize, definition: &Value, found: &mut Found) {
    let items = |field: &str| definition.get(field).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let pair = |item: &Value, field: &str| {
        Some((item.get("name")?.as_str()?.to_owned(), item.get(field)?.as_str()?.to_owned()))
    };
    for (name, value) in items("environment").iter().filter_map(|item| pair(item, "value")) {
        variable(names, at, &name, &value, found);
    }
    let node = &names.nodes[at];
    for (_, source) in items("secrets").iter().filter_map(|item| pair(item, "valueFrom")) {
        let types = ["aws_secretsmanager_secret", "aws_ssm_parameter"];
        names.find(node, &source, &types).into_iter().for_each(|to| found.add(at, Relation::Reads, to));
    }
    if let Some(group) = definition.pointer("/logConfiguration/options/awslogs-group").and_then(Value::as_str) {
        names
            .by_name(node, group, &["aws_cloudwatch_log_group"])
            .into_iter()
            .for_each(|to| found.add(at, Relation::LogsTo, to));
    }
    if let Some(image) = definition.get("image").and_then(Value::as_str) {
        let repository =
            image.split(['@']).next().and_then(|image| image.rsplit_once(':').map(|(name, _)| name)).unwrap_or(image);
        names
            .by_name(node, repository, &["aws_ecr_repository"])
            .into_iter()
            .for_each(|to| found.add(at, Relation::Uses, to));
    }
}

fn variable(names: &Names<'_>, at: usize, variable: &str, value: &str, found: &mut Found) {
    let Some(to) = named(names, &names.nodes[at], variable, value) else { return };
    let reads = ["aws_secretsmanager_secret", "aws_ssm_parameter"].contains(&names.nodes[to].resource_type.as_str());
    let relation = if reads { Relation::Reads } else { Relation::Calls };
    // What the policies say is closer than that the program talks to it.
    if ![Relation::Reads, Relation::Writes, Relation::DeadLettersTo].iter().any(|closer| found.has(at, *closer, to)) {
        found.add(at, relation, to);
    }
}

/// The node that a variable's value names.
fn named(names: &Names<'_>, node: &Node, variable: &str, value: &str) -> Option<usize> {
    if value.starts_with("arn:") {
        return names.by_arn(value).filter(|at| is_callable(&names.nodes[*at]));
    }
    if let Some(at) = names.by_name(node, value, CALLABLE) {
        let believed =
            value.contains("://") || is_distinctive(value) || is_hinted(variable, &names.nodes[at].resource_type);
        return believed.then_some(at);
    }
    let host = host_of(value)?;
    // A database's endpoint carries its port; its address does not.
    names.by_name(node, host, CALLABLE).or_else(|| names.by_name(node, host.split(':').next()?, CALLABLE))
}

/// The host and port of `scheme://user:password@host:port/path`, or of `host:port`.
fn host_of(value: &str) -> Option<&str> {
    let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next()?;
    let host = authority.rsplit('@').next()?;
    host.contains('.').then_some(host)
}

/// A name that nobody writes by accident.
fn is_distinctive(value: &str) -> bool {
    value.len() >= 8 && value.contains(['-', '_', '.', '/'])
}

/// Whether a variable's name says which type of resource it names.
fn is_hinted(variable: &str, resource_type: &str) -> bool {
    let variable = variable.to_ascii_uppercase();
    HINTS.iter().any(|(kind, words)| *kind == resource_type && words.iter().any(|word| variable.contains(word)))
}

fn is_callable(node: &Node) -> bool {
    CALLABLE.contains(&node.resource_type.as_str())
}

/// Types that a program talks to.
const CALLABLE: &[&str] = &[
    "aws_api_gateway_rest_api",
    "aws_apigatewayv2_api",
    "aws_db_instance",
    "aws_db_proxy",
    "aws_dynamodb_table",
    "aws_elasticache_cluster",
    "aws_elasticache_replication_group",
    "aws_kinesis_stream",
    "aws_lambda_function",
    "aws_lb",
    "aws_mq_broker",
    "aws_opensearch_domain",
    "aws_rds_cluster",
    "aws_s3_bucket",
    "aws_secretsmanager_secret",
    "aws_sfn_state_machine",
    "aws_sns_topic",
    "aws_sqs_queue",
    "aws_ssm_parameter",
];

const HINTS: &[(&str, &[&str])] = &[
    ("aws_dynamodb_table", &["TABLE", "DYNAMO", "DDB"]),
    ("aws_kinesis_stream", &["STREAM", "KINESIS"]),
    ("aws_lambda_function", &["FUNCTION", "LAMBDA"]),
    ("aws_s3_bucket", &["BUCKET", "S3"]),
    ("aws_secretsmanager_secret", &["SECRET"]),
    ("aws_sfn_state_machine", &["STATE_MACHINE", "WORKFLOW"]),
    ("aws_sns_topic", &["TOPIC", "SNS"]),
    ("aws_sqs_queue", &["QUEUE", "SQS"]),
    ("aws_ssm_parameter", &["PARAM", "SSM"]),
];
