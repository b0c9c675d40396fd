//! What a program is told to talk to: the variables of functions and containers, and where containers log.
//!
//! Owns which variable values are believed to name a resource: an ARN, a URL or a host name always; a bare name only
//! when it is distinctive or the variable's own name says what it is (`ORDERS_TABLE`).

use serde_json::Value;

use super::Found;
use super::names::{Nodes, Scene};
use crate::twin::edge::Relation;
use crate::twin::json::Json;

/// Adds what one function or task definition is told to talk to.
pub(super) fn relate<N: Nodes>(scene: &Scene<'_, N>, at: u32, found: &mut Found) {
    match scene.nodes.resource_type(at) {
        "aws_lambda_function" => {
            let attributes = scene.nodes.attributes(at);
            let variables = attributes.blocks("environment").filter_map(|block| block.get("variables"));
            for (name, value) in variables.flat_map(Json::fields) {
                if let (Ok(name), Some(value)) = (name.text(), value.text()) {
                    variable(scene, at, &name, &value, found);
                }
            }
        }
        "aws_ecs_task_definition" => {
            let text = scene.nodes.attributes(at).text("container_definitions").map(|text| text.into_owned());
            if let Ok(Value::Array(containers)) = serde_json::from_str(&text.unwrap_or_default()) {
                containers.iter().for_each(|definition| container(scene, at, definition, found));
            }
        }
        _ => {}
    }
}

fn container<N: Nodes>(scene: &Scene<'_, N>, at: u32, definition: &Value, found: &mut Found) {
    let items = |field: &str| definition.get(field).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let pair = |item: &Value, field: &str| {
        Some((item.get("name")?.as_str()?.to_owned(), item.get(field)?.as_str()?.to_owned()))
    };
    for (name, value) in items("environment").iter().filter_map(|item| pair(item, "value")) {
        variable(scene, at, &name, &value, found);
    }
    let mut link = |relation: Relation, to: Option<u32>| match to {
        Some(to) => found.add(at, relation, to),
        None => found.miss(at),
    };
    for (_, source) in items("secrets").iter().filter_map(|item| pair(item, "valueFrom")) {
        link(Relation::Reads, scene.find(at, &source, &["aws_secretsmanager_secret", "aws_ssm_parameter"]));
    }
    if let Some(group) = definition.pointer("/logConfiguration/options/awslogs-group").and_then(Value::as_str) {
        link(Relation::LogsTo, scene.by_name(at, group, &["aws_cloudwatch_log_group"]));
    }
    if let Some(image) = definition.get("image").and_then(Value::as_str) {
        let repository =
            image.split(['@']).next().and_then(|image| image.rsplit_once(':').map(|(name, _)| name)).unwrap_or(image);
        link(Relation::Uses, scene.by_name(at, repository, &["aws_ecr_repository"]));
    }
}

fn variable<N: Nodes>(scene: &Scene<'_, N>, at: u32, variable: &str, value: &str, found: &mut Found) {
    let clues = Clues::of(variable, value);
    if !clues.any() {
        return;
    }
    let Some(to) = named(scene, at, &clues, value) else { return found.miss(at) };
    let reads = ["aws_secretsmanager_secret", "aws_ssm_parameter"].contains(&scene.nodes.resource_type(to));
    let relation = if reads { Relation::Reads } else { Relation::Calls };
    // What the policies say is closer than that the program talks to it.
    if ![Relation::Reads, Relation::Writes, Relation::DeadLettersTo].iter().any(|closer| found.has(at, *closer, to)) {
        found.add(at, relation, to);
    }
}

/// What speaks for that a variable's value names a resource.
struct Clues<'a> {
    /// The value alone says so.
    distinctive: bool,
    /// The value holds a host.
    host: Option<&'a str>,
    /// The types that the variable's own name speaks of.
    hinted: Vec<&'static str>,
}

impl<'a> Clues<'a> {
    fn of(variable: &str, value: &'a str) -> Self {
        let hints = HINTS.iter().filter(|(_, words)| words.iter().any(|word| holds_word(variable, word)));
        Self {
            distinctive: value.starts_with("arn:") || value.contains("://") || is_distinctive(value),
            host: host_of(value),
            hinted: hints.map(|(kind, _)| *kind).collect(),
        }
    }

    fn any(&self) -> bool {
        self.distinctive || self.host.is_some() || !self.hinted.is_empty()
    }
}

/// The node that a variable's value names.
fn named<N: Nodes>(scene: &Scene<'_, N>, from: u32, clues: &Clues<'_>, value: &str) -> Option<u32> {
    if value.starts_with("arn:") {
        return scene.by_arn(value).filter(|at| CALLABLE.contains(&scene.nodes.resource_type(*at)));
    }
    // A table, a topic and a bus of one name are told apart by what the variable is called.
    if let Some(at) = clues.hinted.iter().find_map(|kind| scene.by_name(from, value, &[*kind])) {
        return Some(at);
    }
    if let Some(at) = scene.by_name(from, value, CALLABLE) {
        return clues.distinctive.then_some(at);
    }
    // A database's endpoint carries its port; its address does not.
    let host = clues.host?;
    scene.by_name(from, host, CALLABLE).or_else(|| scene.by_name(from, host.split(':').next()?, CALLABLE))
}

/// The host and port of `scheme://user:password@host:port/path`, or of `host:port`.
fn host_of(value: &str) -> Option<&str> {
    if !value.as_bytes().contains(&b'.') {
        return None;
    }
    let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next()?;
    let host = authority.rsplit('@').next()?;
    host.contains('.').then_some(host)
}

/// A name that nobody writes by accident.
fn is_distinctive(value: &str) -> bool {
    value.len() >= 8 && value.contains(['-', '_', '.', '/'])
}

/// Whether a variable's name holds a word, in letters of either case.
fn holds_word(variable: &str, word: &str) -> bool {
    variable.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// Types that a program talks to.
const CALLABLE: &[&str] = &[
    "aws_api_gateway_rest_api",
    "aws_apigatewayv2_api",
    "aws_cloudwatch_event_bus",
    "aws_db_instance",
    "aws_db_proxy",
    "aws_docdb_cluster",
    "aws_dynamodb_table",
    "aws_elasticache_cluster",
    "aws_elasticache_replication_group",
    "aws_kinesis_firehose_delivery_stream",
    "aws_kinesis_stream",
    "aws_lambda_function",
    "aws_lb",
    "aws_mq_broker",
    "aws_msk_cluster",
    "aws_opensearch_domain",
    "aws_rds_cluster",
    "aws_redshift_cluster",
    "aws_s3_bucket",
    "aws_secretsmanager_secret",
    "aws_sfn_state_machine",
    "aws_sns_topic",
    "aws_sqs_queue",
    "aws_ssm_parameter",
];

const HINTS: &[(&str, &[&str])] = &[
    ("aws_cloudwatch_event_bus", &["BUS"]),
    ("aws_dynamodb_table", &["TABLE", "DYNAMO", "DDB"]),
    ("aws_kinesis_firehose_delivery_stream", &["FIREHOSE", "DELIVERY"]),
    ("aws_kinesis_stream", &["STREAM", "KINESIS"]),
    ("aws_lambda_function", &["FUNCTION", "LAMBDA"]),
    ("aws_s3_bucket", &["BUCKET", "S3"]),
    ("aws_secretsmanager_secret", &["SECRET"]),
    ("aws_sfn_state_machine", &["STATE_MACHINE", "WORKFLOW"]),
    ("aws_sns_topic", &["TOPIC", "SNS"]),
    ("aws_sqs_queue", &["QUEUE", "SQS"]),
    ("aws_ssm_parameter", &["PARAM", "SSM"]),
];
