//! Resources that only connect two others, and edges that hide inside of texts.
//!
//! Owns the direct edge that a reader expects: the queue `triggers` the function, and not only the mapping between
//! them. The connector keeps its own edges, which [`super::table`] makes.

use serde_json::Value;

use super::Found;
use super::names::Names;
use super::table::each_text;
use crate::twin::edge::Relation;
use crate::twin::node::Node;
use crate::twin::resolve::wanted;

/// Adds the edges that a connector makes between the two resources that it connects.
pub(super) fn relate(names: &Names<'_>, at: usize, node: &Node, found: &mut Found) {
    let ends =
        |from: &str, to: &str| Some((names.find(node, node.text(from)?, &[])?, names.find(node, node.text(to)?, &[])?));
    match node.resource_type.as_str() {
        "aws_lambda_event_source_mapping" => link(ends("event_source_arn", "function_arn"), Relation::Triggers, found),
        "aws_lambda_permission" => link(source_of(names, node), Relation::Triggers, found),
        "aws_sns_topic_subscription" => link(ends("topic_arn", "endpoint"), Relation::Triggers, found),
        "aws_cloudwatch_event_target" => link(rule_of(names, node), Relation::Triggers, found),
        "aws_apigatewayv2_integration" => link(ends("api_id", "integration_uri"), Relation::Exposes, found),
        "aws_api_gateway_integration" => link(ends("rest_api_id", "uri"), Relation::Exposes, found),
        "aws_apigatewayv2_route" => route(names, at, node, found),
        "aws_lb_listener" => {
            balancer(names, node, names.find(node, node.text("load_balancer_arn").unwrap_or_default(), &[]), found)
        }
        "aws_lb_listener_rule" => balancer(names, node, balancer_of_rule(names, node), found),
        "aws_s3_bucket_notification" => notification(names, node, found),
        "aws_sqs_queue" => redrive(names, at, node, found),
        "aws_cloudwatch_metric_alarm" => alarm(names, at, node, found),
        "aws_cloudwatch_log_group" => log_group(names, at, node, found),
        "aws_sfn_state_machine" => state_machine(names, at, node, found),
        _ => {}
    }
}

fn link(ends: Option<(usize, usize)>, relation: Relation, found: &mut Found) {
    if let Some((from, to)) = ends {
        found.add(from, relation, to);
    }
}

/// The rule and the target of an event target; the rule is known by its name.
fn rule_of(names: &Names<'_>, node: &Node) -> Option<(usize, usize)> {
    Some((names.find(node, node.text("rule")?, &["aws_cloudwatch_event_rule"])?, names.by_arn(node.text("arn")?)?))
}

/// The event source that a permission lets in. An API's execution ARN is not the API's ARN; its integration says it.
fn source_of(names: &Names<'_>, node: &Node) -> Option<(usize, usize)> {
    Some((
        names.by_arn(node.text("source_arn")?)?,
        names.find(node, node.text("function_name")?, &["aws_lambda_function"])?,
    ))
}

/// `integrations/abc123`
fn route(names: &Names<'_>, at: usize, node: &Node, found: &mut Found) {
    let integration = node.text("target").and_then(|target| target.strip_prefix("integrations/"));
    if let Some(to) = integration.and_then(|id| names.by_name(node, id, &["aws_apigatewayv2_integration"])) {
        found.add(at, Relation::Exposes, to);
    }
}

fn balancer_of_rule(names: &Names<'_>, node: &Node) -> Option<usize> {
    let listener = &names.nodes[names.by_arn(node.text("listener_arn")?)?];
    names.find(listener, listener.text("load_balancer_arn")?, &[])
}

/// Makes the load balancer expose the target groups that a listener or rule forwards to.
fn balancer(names: &Names<'_>, node: &Node, balancer: Option<usize>, found: &mut Found) {
    let Some(balancer) = balancer else { return };
    for action in ["default_action", "action"] {
        for path in ["target_group_arn", "forward.target_group.arn"] {
            if let Some(value) = node.attributes.get(action) {
                each_text(value, path, &mut |arn| {
                    if let Some(group) = names.by_arn(arn) {
                        found.add(balancer, Relation::Exposes, group);
                    }
                });
            }
        }
    }
}

fn notification(names: &Names<'_>, node: &Node, found: &mut Found) {
    let Some(bucket) = node.text("bucket").and_then(|name| names.find(node, name, &["aws_s3_bucket"])) else { return };
    for (block, attribute) in
        [("lambda_function", "lambda_function_arn"), ("queue", "queue_arn"), ("topic", "topic_arn")]
    {
        let arns = node.blocks(block).filter_map(|fields| fields.get(attribute)?.as_str());
        arns.filter_map(|arn| names.by_arn(arn)).for_each(|to| found.add(bucket, Relation::Triggers, to));
    }
}

fn redrive(names: &Names<'_>, at: usize, node: &Node, found: &mut Found) {
    let policy = node.text("redrive_policy").and_then(|text| serde_json::from_str::<Value>(text).ok());
    let arn = policy.as_ref().and_then(|policy| policy.get("deadLetterTargetArn")?.as_str());
    if let Some(to) = arn.and_then(|arn| names.by_arn(arn)) {
        found.add(at, Relation::DeadLettersTo, to);
    }
}

/// An alarm watches what its dimensions mean; an alarm of metric math watches what each of its metrics means.
fn alarm(names: &Names<'_>, at: usize, node: &Node, found: &mut Found) {
    let queries = node
        .blocks("metric_query")
        .filter_map(|query| query.get("metric")?.as_array())
        .flatten()
        .filter_map(Value::as_object);
    for metric in std::iter::once(&node.attributes).chain(queries) {
        let namespace = metric.get("namespace").and_then(Value::as_str);
        let dimensions = metric.get("dimensions").and_then(Value::as_object);
        if let (Some(namespace), Some(dimensions)) = (namespace, dimensions) {
            let pairs: Vec<(&str, &str)> =
                dimensions.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect();
            let watched = wanted(namespace, &pairs).and_then(|wanted| names.find(node, &wanted.name, wanted.types));
            watched.into_iter().for_each(|to| found.add(at, Relation::Watches, to));
        }
    }
}

/// Lambda names a function's log group, unless the function says otherwise.
fn log_group(names: &Names<'_>, at: usize, node: &Node, found: &mut Found) {
    let function = node.text("name").and_then(|name| name.strip_prefix("/aws/lambda/"));
    if let Some(from) = function.and_then(|name| names.by_name(node, name, &["aws_lambda_function"])) {
        found.add(from, Relation::LogsTo, at);
    }
}

/// A state machine calls whatever its definition names by ARN, as a resource or as an argument.
fn state_machine(names: &Names<'_>, at: usize, node: &Node, found: &mut Found) {
    let Some(definition) = node.text("definition").and_then(|text| serde_json::from_str::<Value>(text).ok()) else {
        return;
    };
    let mut parts = vec![&definition];
    while let Some(part) = parts.pop() {
        match part {
            Value::Object(fields) => parts.extend(fields.values()),
            Value::Array(items) => parts.extend(items),
            Value::String(text) if text.starts_with("arn:") => {
                names.by_arn(text).into_iter().for_each(|to| found.add(at, Relation::Calls, to));
            }
            _ => {}
        }
    }
}
