//! Which resource a metric's dimensions mean: one rule for each namespace.
//!
//! Owns the rules. They name the resource by its ARN and physical name; the twin knows both as aliases.

use crate::observe::physical_name;
use crate::shape::{Fields, Resource};
use crate::twin::Node;

/// Says what resource the dimensions of a metric in `namespace` mean.
///
/// A namespace without a rule, or dimensions that name no resource, answer a resource without type whose aliases are
/// the dimensions' values.
pub fn resource_of(namespace: &str, dimensions: &Fields, account: &str, region: &str) -> Resource {
    let place = Place { account, region, partition: partition(region) };
    let found =
        RULES.iter().filter(|rule| rule.namespaces.contains(&namespace)).find_map(|rule| rule.apply(dimensions));
    let mut aliases = Vec::new();
    if let Some((rule, name)) = &found {
        aliases.extend(rule.arn.map(|pattern| place.arn(pattern, name)));
        aliases.push(name.clone());
    }
    for value in dimensions.values().filter_map(|value| value.as_str()) {
        if found.is_none() && !value.is_empty() && !aliases.iter().any(|known| known == value) {
            aliases.push(value.to_owned());
        }
    }
    Resource {
        namespace: namespace.to_owned(),
        kind: found.as_ref().map(|(rule, _)| rule.kind.to_owned()),
        name: found.map(|(_, name)| name),
        aliases,
        dimensions: dimensions.clone(),
    }
}

/// The namespace and dimensions under which AWS measures a node, where its type has a rule.
pub(crate) fn namespace_of(node: &Node) -> Option<(&'static str, Fields)> {
    measured_as(&node.resource_type, &physical_name(node))
}

/// The namespace and dimensions under which AWS measures what goes by this type and name.
pub(super) fn measured_as(kind: &str, name: &str) -> Option<(&'static str, Fields)> {
    let rule = RULES.iter().find(|rule| rule.kind == kind)?;
    // A name of several dimensions joins their values with a slash.
    let values: Vec<&str> = if rule.dimensions.len() == 1 { vec![name] } else { name.split('/').collect() };
    let dimensions = rule
        .dimensions
        .iter()
        .zip(&values)
        .map(|(dimension, value)| ((*dimension).to_owned(), (*value).into()))
        .collect();
    (values.len() == rule.dimensions.len()).then_some((rule.namespaces[0], dimensions))
}

/// The AWS partition of a region.
pub(super) fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

struct Place<'a> {
    account: &'a str,
    region: &'a str,
    partition: &'a str,
}

impl Place<'_> {
    fn arn(&self, pattern: &str, name: &str) -> String {
        // A Step Functions metric names its machine by ARN already.
        if name.starts_with("arn:") {
            return name.to_owned();
        }
        pattern
            .replace("{partition}", self.partition)
            .replace("{region}", self.region)
            .replace("{account}", self.account)
            .replace("{name}", name)
    }
}

/// One way in which a namespace's dimensions name a resource.
struct Rule {
    namespaces: &'static [&'static str],
    /// The dimensions that must be there; their values joined by `/` are the name.
    dimensions: &'static [&'static str],
    /// The Terraform type.
    kind: &'static str,
    arn: Option<&'static str>,
}

impl Rule {
    fn apply(&'static self, dimensions: &Fields) -> Option<(&'static Self, String)> {
        let values: Option<Vec<&str>> = self
            .dimensions
            .iter()
            .map(|name| dimensions.get(*name)?.as_str().filter(|value| !value.is_empty()))
            .collect();
        Some((self, values?.join("/")))
    }
}

const fn rule(
    namespaces: &'static [&'static str],
    dimensions: &'static [&'static str],
    kind: &'static str,
    arn: Option<&'static str>,
) -> Rule {
    Rule { namespaces, dimensions, kind, arn }
}

/// The rules; of one namespace the more telling first.
const RULES: &[Rule] = &[
    rule(
        &["AWS/Lambda", "LambdaInsights"],
        &["FunctionName"],
        "aws_lambda_function",
        Some("arn:{partition}:lambda:{region}:{account}:function:{name}"),
    ),
    rule(
        &["LambdaInsights"],
        &["function_name"],
        "aws_lambda_function",
        Some("arn:{partition}:lambda:{region}:{account}:function:{name}"),
    ),
    rule(
        &["AWS/ECS", "ECS/ContainerInsights"],
        &["ClusterName", "ServiceName"],
        "aws_ecs_service",
        Some("arn:{partition}:ecs:{region}:{account}:service/{name}"),
    ),
    rule(
        &["AWS/ECS", "ECS/ContainerInsights"],
        &["ClusterName"],
        "aws_ecs_cluster",
        Some("arn:{partition}:ecs:{region}:{account}:cluster/{name}"),
    ),
    rule(
        &["AWS/RDS"],
        &["DBInstanceIdentifier"],
        "aws_db_instance",
        Some("arn:{partition}:rds:{region}:{account}:db:{name}"),
    ),
    rule(
        &["AWS/RDS"],
        &["DBClusterIdentifier"],
        "aws_rds_cluster",
        Some("arn:{partition}:rds:{region}:{account}:cluster:{name}"),
    ),
    rule(
        &["AWS/ApplicationELB", "AWS/NetworkELB"],
        &["TargetGroup"],
        "aws_lb_target_group",
        Some("arn:{partition}:elasticloadbalancing:{region}:{account}:{name}"),
    ),
    rule(
        &["AWS/ApplicationELB", "AWS/NetworkELB"],
        &["LoadBalancer"],
        "aws_lb",
        Some("arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{name}"),
    ),
    rule(&["AWS/ELB"], &["LoadBalancerName"], "aws_elb", None),
    rule(
        &["AWS/EC2", "CWAgent"],
        &["InstanceId"],
        "aws_instance",
        Some("arn:{partition}:ec2:{region}:{account}:instance/{name}"),
    ),
    rule(&["AWS/EC2", "AWS/AutoScaling"], &["AutoScalingGroupName"], "aws_autoscaling_group", None),
    rule(&["AWS/EBS"], &["VolumeId"], "aws_ebs_volume", Some("arn:{partition}:ec2:{region}:{account}:volume/{name}")),
    rule(&["AWS/SQS"], &["QueueName"], "aws_sqs_queue", Some("arn:{partition}:sqs:{region}:{account}:{name}")),
    rule(&["AWS/SNS"], &["TopicName"], "aws_sns_topic", Some("arn:{partition}:sns:{region}:{account}:{name}")),
    rule(
        &["AWS/DynamoDB"],
        &["TableName"],
        "aws_dynamodb_table",
        Some("arn:{partition}:dynamodb:{region}:{account}:table/{name}"),
    ),
    rule(
        &["AWS/ApiGateway"],
        &["ApiId"],
        "aws_apigatewayv2_api",
        Some("arn:{partition}:apigateway:{region}::/apis/{name}"),
    ),
    rule(&["AWS/ApiGateway"], &["ApiName"], "aws_api_gateway_rest_api", None),
    rule(&["AWS/S3"], &["BucketName"], "aws_s3_bucket", Some("arn:{partition}:s3:::{name}")),
    rule(
        &["AWS/Kinesis"],
        &["StreamName"],
        "aws_kinesis_stream",
        Some("arn:{partition}:kinesis:{region}:{account}:stream/{name}"),
    ),
    rule(&["AWS/Firehose"], &["DeliveryStreamName"], "aws_kinesis_firehose_delivery_stream", None),
    rule(&["AWS/ElastiCache"], &["CacheClusterId"], "aws_elasticache_cluster", None),
    rule(&["AWS/ElastiCache"], &["ReplicationGroupId"], "aws_elasticache_replication_group", None),
    rule(&["AWS/States"], &["StateMachineArn"], "aws_sfn_state_machine", Some("{name}")),
    rule(
        &["AWS/Events"],
        &["RuleName"],
        "aws_cloudwatch_event_rule",
        Some("arn:{partition}:events:{region}:{account}:rule/{name}"),
    ),
    rule(
        &["AWS/EKS", "ContainerInsights"],
        &["ClusterName"],
        "aws_eks_cluster",
        Some("arn:{partition}:eks:{region}:{account}:cluster/{name}"),
    ),
    rule(&["AWS/NATGateway"], &["NatGatewayId"], "aws_nat_gateway", None),
    rule(&["AWS/CloudFront"], &["DistributionId"], "aws_cloudfront_distribution", None),
    rule(
        &["AWS/Logs"],
        &["LogGroupName"],
        "aws_cloudwatch_log_group",
        Some("arn:{partition}:logs:{region}:{account}:log-group:{name}"),
    ),
];
