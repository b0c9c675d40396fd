//! Resources that only connect two others, and edges that hide inside of texts.
//!
//! Owns the direct edge that a reader expects: the queue `triggers` the function, and not only the mapping between
//! them. The connector keeps its own edges, which [`super::table`] makes.

use serde_json::{Map, Value};

use super::Found;
use super::names::{Nodes, Scene};
use crate::twin::attributes::Attributes;
use crate::twin::edge::Relation;
use crate::twin::json::Json;
use crate::twin::namespace::meanings;
use crate::twin::resolve::alarm_names;

/// Adds the edges that a connector makes between the two resources that it connects.
pub(super) fn relate<N: Nodes>(scene: &Scene<'_, N>, at: u32, attributes: &Attributes<'_>, found: &mut Found) {
    let connector = Connector { scene, at, attributes };
    match scene.nodes.resource_type(at) {
        "aws_lambda_event_source_mapping" => {
            connector.link("event_source_arn", "function_arn", Relation::Triggers, found)
        }
        "aws_lambda_permission" => connector.permission(found),
        "aws_sns_topic_subscription" => connector.link("topic_arn", "endpoint", Relation::Triggers, found),
        "aws_appautoscaling_policy" | "aws_appautoscaling_target" => connector.scaled(found),
        "aws_cloudwatch_composite_alarm" => connector.composite(found),
        "aws_cloudwatch_event_rule" => connector.pattern(found),
        "aws_cloudwatch_event_target" => connector.rule(found),
        "aws_cloudwatch_log_subscription_filter" => {
            connector.link("log_group_name", "destination_arn", Relation::Triggers, found)
        }
        "aws_lb_target_group_attachment" => connector.link("target_group_arn", "target_id", Relation::Exposes, found),
        "aws_pipes_pipe" => connector.link("source", "target", Relation::Triggers, found),
        "aws_security_group_rule" => {
            connector.link("security_group_id", "source_security_group_id", Relation::Admits, found)
        }
        "aws_vpc_security_group_ingress_rule" => {
            connector.link("security_group_id", "referenced_security_group_id", Relation::Admits, found)
        }
        "aws_apigatewayv2_integration" => connector.link("api_id", "integration_uri", Relation::Exposes, found),
        "aws_api_gateway_integration" => connector.link("rest_api_id", "uri", Relation::Exposes, found),
        "aws_apigatewayv2_route" => connector.route(found),
        "aws_lb_listener" => connector.balancer(connector.named("load_balancer_arn"), found),
        "aws_lb_listener_rule" => connector.balancer(connector.balancer_of_rule(), found),
        "aws_s3_bucket_notification" => connector.notification(found),
        "aws_sqs_queue" => connector.redrive(found),
        "aws_cloudwatch_metric_alarm" => connector.alarm(found),
        "aws_cloudwatch_log_group" => connector.log_group(found),
        "aws_sfn_state_machine" => connector.state_machine(found),
        _ => {}
    }
}

/// One connector, and the nodes around it.
struct Connector<'s, 'n, 'a, N> {
    scene: &'s Scene<'n, N>,
    at: u32,
    attributes: &'s Attributes<'a>,
}

impl<N: Nodes> Connector<'_, '_, '_, N> {
    /// The node that an attribute names.
    fn named(&self, attribute: &str) -> Option<u32> {
        self.scene.find(self.at, &self.attributes.text(attribute)?, &[])
    }

    fn link(&self, from: &str, to: &str, relation: Relation, found: &mut Found) {
        if self.attributes.text(from).is_none() || self.attributes.text(to).is_none() {
            return;
        }
        match (self.named(from), self.named(to)) {
            (Some(from), Some(to)) => found.add(from, relation, to),
            _ => found.miss(self.at),
        }
    }

    /// The rule and the target of an event target; the rule is known by its name.
    fn rule(&self, found: &mut Found) {
        let rule = self.attributes.text("rule");
        let rule = rule.and_then(|rule| self.scene.find(self.at, &rule, &["aws_cloudwatch_event_rule"]));
        let target = self.attributes.text("arn").and_then(|arn| self.scene.by_arn(&arn));
        match (rule, target) {
            (Some(rule), Some(target)) => found.add(rule, Relation::Triggers, target),
            _ => found.miss(self.at),
        }
    }

    /// The event source that a permission lets in. An API's execution ARN is not the API's ARN; its integration says it.
    fn permission(&self, found: &mut Found) {
        let source = self.attributes.text("source_arn").and_then(|arn| self.scene.by_arn(&arn));
        let function = self.attributes.text("function_name");
        let function = function.and_then(|name| self.scene.find(self.at, &name, &["aws_lambda_function"]));
        match (source, function) {
            (Some(source), Some(function)) => found.add(source, Relation::Triggers, function),
            _ => found.miss(self.at),
        }
    }

    /// `integrations/abc123`
    fn route(&self, found: &mut Found) {
        let target = self.attributes.text("target");
        let integration = target.as_deref().and_then(|target| target.strip_prefix("integrations/"));
        if let Some(id) = integration {
            match self.scene.by_name(self.at, id, &["aws_apigatewayv2_integration"]) {
                Some(to) => found.add(self.at, Relation::Exposes, to),
                None => found.miss(self.at),
            }
        }
    }

    fn balancer_of_rule(&self) -> Option<u32> {
        let listener = self.scene.by_arn(&self.attributes.text("listener_arn")?)?;
        let balancer = self.scene.nodes.attributes(listener).text("load_balancer_arn")?.into_owned();
        self.scene.find(listener, &balancer, &[])
    }

    /// Makes the load balancer expose the target groups that a listener or rule forwards to.
    fn balancer(&self, balancer: Option<u32>, found: &mut Found) {
        for action in ["default_action", "action"] {
            for path in ["target_group_arn", "forward.target_group.arn"] {
                let Some(value) = self.attributes.get(action) else { continue };
                value.each_text(path, &mut |arn| match (balancer, self.scene.by_arn(&arn)) {
                    (Some(balancer), Some(group)) => found.add(balancer, Relation::Exposes, group),
                    _ => found.miss(self.at),
                });
            }
        }
    }

    fn notification(&self, found: &mut Found) {
        let bucket = self.attributes.text("bucket");
        let bucket = bucket.and_then(|name| self.scene.find(self.at, &name, &["aws_s3_bucket"]));
        for (block, attribute) in
            [("lambda_function", "lambda_function_arn"), ("queue", "queue_arn"), ("topic", "topic_arn")]
        {
            for arn in self.attributes.blocks(block).filter_map(|fields| fields.filled_of(attribute)) {
                match (bucket, self.scene.by_arn(&arn)) {
                    (Some(bucket), Some(to)) => found.add(bucket, Relation::Triggers, to),
                    _ => found.miss(self.at),
                }
            }
        }
    }

    fn redrive(&self, found: &mut Found) {
        let policy = self.attributes.text("redrive_policy").and_then(|text| serde_json::from_str::<Value>(&text).ok());
        let arn = policy.as_ref().and_then(|policy| policy.get("deadLetterTargetArn")?.as_str());
        if let Some(arn) = arn {
            match self.scene.by_arn(arn) {
                Some(to) => found.add(self.at, Relation::DeadLettersTo, to),
                None => found.miss(self.at),
            }
        }
    }

    /// An alarm watches what its dimensions mean; an alarm of metric math watches what each of its metrics means.
    fn alarm(&self, found: &mut Found) {
        self.watches(self.attributes.get("namespace"), self.attributes.get("dimensions"), found);
        for metric in
            self.attributes.blocks("metric_query").filter_map(|query| query.get("metric")).flat_map(Json::blocks)
        {
            self.watches(metric.get("namespace"), metric.get("dimensions"), found);
        }
    }

    fn watches(&self, namespace: Option<Json<'_>>, dimensions: Option<Json<'_>>, found: &mut Found) {
        let (Some(namespace), Some(dimensions)) = (namespace.and_then(Json::text), dimensions) else { return };
        let pairs: Vec<_> =
            dimensions.fields().filter_map(|(name, value)| Some((name.text().ok()?, value.text()?))).collect();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
        let meanings = meanings(&namespace, &pairs);
        let found_one = meanings.iter().find_map(|meaning| self.scene.find(self.at, &meaning.name, meaning.types));
        match found_one {
            Some(to) => found.add(self.at, Relation::Watches, to),
            None if meanings.is_empty() => {}
            None => found.miss(self.at),
        }
    }

    /// A composite alarm watches the alarms that its rule names.
    fn composite(&self, found: &mut Found) {
        for name in self.attributes.text("alarm_rule").map(|rule| alarm_names(&rule)).unwrap_or_default() {
            self.add_or_miss(Relation::Watches, self.scene.by_name(self.at, &name, ALARMS), found);
        }
    }

    /// `service/shop/web`, `table/orders`, `function:orders:live`: what a scaling target or policy scales.
    fn scaled(&self, found: &mut Found) {
        let Some(resource) = self.attributes.text("resource_id") else { return };
        let Some((kind, name)) = resource.split_once(['/', ':']) else { return };
        let Some((_, types)) = SCALED.iter().find(|(known, _)| *known == kind) else { return };
        let name = if kind == "service" { name } else { name.split(['/', ':']).next().unwrap_or(name) };
        self.add_or_miss(Relation::Watches, self.scene.by_name(self.at, name, types), found);
    }

    /// What an event rule's pattern names by itself triggers the rule: buckets whose events it takes, and ARNs.
    fn pattern(&self, found: &mut Found) {
        let Some(pattern) = self.attributes.text("event_pattern") else { return };
        let Ok(pattern) = serde_json::from_str::<Value>(&pattern) else { return };
        let texts = |pointer: &str| {
            let items = pattern.pointer(pointer).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            items.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect::<Vec<String>>()
        };
        let buckets = texts("/detail/bucket/name");
        let buckets = buckets.iter().map(|name| self.scene.by_name(self.at, name, &["aws_s3_bucket"]));
        let resources = texts("/resources");
        let resources = resources.iter().map(|arn| self.scene.by_arn(arn));
        for from in buckets.chain(resources) {
            match from {
                Some(from) => found.add(from, Relation::Triggers, self.at),
                None => found.miss(self.at),
            }
        }
    }

    fn add_or_miss(&self, relation: Relation, to: Option<u32>, found: &mut Found) {
        match to {
            Some(to) => found.add(self.at, relation, to),
            None => found.miss(self.at),
        }
    }

    /// Lambda names a function's log group, unless the function says otherwise.
    fn log_group(&self, found: &mut Found) {
        let name = self.attributes.text("name");
        if let Some(function) = name.as_deref().and_then(|name| name.strip_prefix("/aws/lambda/")) {
            match self.scene.by_name(self.at, function, &["aws_lambda_function"]) {
                Some(from) => found.add(from, Relation::LogsTo, self.at),
                None => found.miss(self.at),
            }
        }
    }

    /// A state machine calls whatever its definition names: by ARN anywhere, by name or address in the arguments of a task.
    fn state_machine(&self, found: &mut Found) {
        let definition = self.attributes.text("definition").and_then(|text| serde_json::from_str::<Value>(&text).ok());
        let mut parts: Vec<&Value> = definition.iter().collect();
        while let Some(part) = parts.pop() {
            match part {
                Value::Object(fields) => {
                    self.task(fields, found);
                    parts.extend(fields.values());
                }
                Value::Array(items) => parts.extend(items),
                _ => {}
            }
        }
    }

    /// What one state does to what it names.
    fn task(&self, state: &Map<String, Value>, found: &mut Found) {
        let Some(resource) = state.get("Resource").and_then(Value::as_str) else { return };
        let integration = resource.split_once(":states:").and_then(|(_, rest)| rest.strip_prefix("::"));
        let Some(integration) = integration else {
            return self.add_or_miss(Relation::Calls, self.scene.by_arn(resource), found);
        };
        let action = integration.strip_prefix("aws-sdk:").unwrap_or(integration);
        let relation = relation_of(action.split('.').next().unwrap_or(action));
        let arguments = ["Parameters", "Arguments"].into_iter().filter_map(|field| state.get(field)?.as_object());
        for (name, value) in arguments.flatten() {
            let Some(value) = value.as_str().filter(|value| !value.starts_with(['$', '{'])) else { continue };
            if let Some((_, types)) = ARGUMENTS.iter().find(|(argument, _)| argument == name) {
                self.add_or_miss(relation, self.scene.find(self.at, value, types), found);
            } else if value.starts_with("arn:") {
                self.add_or_miss(relation, self.scene.by_arn(value), found);
            }
        }
    }
}

/// What an integration such as `dynamodb:getItem` does to the resource.
fn relation_of(action: &str) -> Relation {
    let (service, operation) = action.split_once(':').unwrap_or((action, ""));
    let reads = ["get", "query", "scan", "list", "describe", "receive", "batchGet"];
    match service {
        "lambda" | "states" | "sfn" | "apigateway" | "ecs" => Relation::Calls,
        _ if reads.iter().any(|verb| operation.starts_with(verb)) => Relation::Reads,
        _ => Relation::Writes,
    }
}

const ALARMS: &[&str] = &["aws_cloudwatch_composite_alarm", "aws_cloudwatch_metric_alarm"];

/// What application auto scaling calls the types that it scales.
const SCALED: &[(&str, &[&str])] = &[
    ("cluster", &["aws_rds_cluster"]),
    ("function", &["aws_lambda_function"]),
    ("service", &["aws_ecs_service"]),
    ("table", &["aws_dynamodb_table"]),
];

/// The arguments of integrations that name a resource without an ARN.
const ARGUMENTS: &[(&str, &[&str])] = &[
    ("Bucket", &["aws_s3_bucket"]),
    ("Cluster", &["aws_ecs_cluster"]),
    ("EventBusName", &["aws_cloudwatch_event_bus"]),
    ("FunctionName", &["aws_lambda_function"]),
    ("QueueUrl", &["aws_sqs_queue"]),
    ("StateMachineArn", &["aws_sfn_state_machine"]),
    ("StreamName", &["aws_kinesis_stream"]),
    ("TableName", &["aws_dynamodb_table"]),
    ("TaskDefinition", &["aws_ecs_task_definition"]),
    ("TopicArn", &["aws_sns_topic"]),
];
