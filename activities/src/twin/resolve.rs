//! From an alarm to the resource that it is about.
//!
//! Owns the rule of each CloudWatch namespace: which dimensions name a resource, and of which Terraform types it can be.
//! The answer is one node, or says clearly why there is none; nothing is guessed from the first dimension.

use std::collections::BTreeMap;
use std::fmt;

use super::node::NodeId;
use super::topology::{Lookup, NodeRef, Topology};

/// What an alarm's dimensions mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// This node.
    Node(NodeId),
    /// A resource that the twin does not hold.
    NotInTwin {
        /// What was looked for, for example "Lambda function `orders`".
        what: String,
    },
    /// Several nodes, of which none is more likely.
    Ambiguous {
        /// What was looked for.
        what: String,
        /// The nodes, in order.
        nodes: Vec<NodeId>,
    },
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(id) => write!(f, "`{id}`"),
            Self::NotInTwin { what } => {
                write!(f, "{what} is not in the twin; collect the Terraform state that manages it")
            }
            Self::Ambiguous { what, nodes } => {
                let nodes: Vec<String> = nodes.iter().map(|id| format!("`{id}`")).collect();
                write!(f, "{what} could be each of {}", nodes.join(", "))
            }
        }
    }
}

/// Where an alarm was raised; a node that is known to stand elsewhere is not what it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The twelve-digit account.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
}

impl Place {
    /// Whether the node may stand here: what is not known of it does not speak against it.
    pub fn holds(&self, node: NodeRef<'_>) -> bool {
        let agrees = |ours: &Option<String>, theirs: Option<&str>| {
            ours.is_none() || theirs.is_none() || ours.as_deref() == theirs
        };
        agrees(&self.account, node.account()) && agrees(&self.region, node.region())
    }
}

impl Topology {
    /// Finds the node that a metric's namespace and dimensions mean, anywhere.
    pub fn resolve(&self, namespace: &str, dimensions: &BTreeMap<String, String>) -> Resolution {
        self.resolve_at(namespace, dimensions, &Place::default())
    }

    /// Finds the node that a metric's namespace and dimensions mean in one account and region.
    pub fn resolve_at(&self, namespace: &str, dimensions: &BTreeMap<String, String>, place: &Place) -> Resolution {
        let pairs: Vec<(&str, &str)> = dimensions.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let Some(wanted) = wanted(namespace, &pairs) else {
            let shown: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
            return Resolution::NotInTwin {
                what: format!("what namespace `{namespace}` means with dimensions `{}`", shown.join(", ")),
            };
        };
        let what = format!("{} `{}`", wanted.noun, wanted.name);
        self.pick(what, self.candidates(&wanted.name), |node| {
            wanted.types.contains(&node.resource_type()) && place.holds(node)
        })
    }

    /// Finds what an alarm of this name watches, by the alarm's own node.
    pub fn resolve_alarm(&self, alarm_name: &str) -> Resolution {
        let what = format!("alarm `{alarm_name}`");
        match self.pick(what, self.candidates(alarm_name), |node| node.resource_type() == "aws_cloudwatch_metric_alarm")
        {
            Resolution::Node(alarm) => match self.watched_by(&alarm).as_slice() {
                [one] => Resolution::Node(one.clone()),
                [] => Resolution::NotInTwin { what: format!("what alarm `{alarm_name}` watches") },
                several => Resolution::Ambiguous {
                    what: format!("what alarm `{alarm_name}` watches"),
                    nodes: several.to_vec(),
                },
            },
            other => other,
        }
    }

    /// Finds what a composite alarm's rule is about, by the alarms that the rule names.
    pub fn resolve_rule(&self, rule: &str) -> Resolution {
        let mut nodes: Vec<NodeId> = Vec::new();
        for alarm in alarm_names(rule) {
            match self.resolve_alarm(&alarm) {
                Resolution::Node(id) if !nodes.contains(&id) => nodes.push(id),
                Resolution::Ambiguous { nodes: several, .. } => nodes.extend(several),
                Resolution::Node(_) | Resolution::NotInTwin { .. } => {}
            }
        }
        nodes.sort();
        nodes.dedup();
        let what = format!("what the rule `{rule}` is about");
        match nodes.as_slice() {
            [] => Resolution::NotInTwin { what },
            [one] => Resolution::Node(one.clone()),
            _ => Resolution::Ambiguous { what, nodes },
        }
    }

    fn pick(&self, what: String, candidates: Lookup, fits: impl Fn(NodeRef<'_>) -> bool) -> Resolution {
        let fits = |id: &NodeId| self.node(id.as_str()).is_some_and(&fits);
        let mut nodes = match candidates {
            Lookup::Unknown => Vec::new(),
            Lookup::Found(id) => vec![id],
            Lookup::Ambiguous(ids) => ids,
        };
        nodes.retain(fits);
        match nodes.len() {
            0 => Resolution::NotInTwin { what },
            1 => Resolution::Node(nodes.remove(0)),
            _ => Resolution::Ambiguous { what, nodes },
        }
    }
}

/// The names of the alarms in a composite alarm's rule: `ALARM("a") OR ALARM(b)`.
///
/// An alarm may be named by its ARN; its name is the last part.
pub fn alarm_names(rule: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in rule.match_indices('(') {
        let word = rule[..at]
            .trim_end()
            .rsplit(|letter: char| !(letter.is_ascii_alphabetic() || letter == '_'))
            .next()
            .unwrap_or_default();
        if !["ALARM", "OK", "INSUFFICIENT_DATA"].contains(&word) {
            continue;
        }
        let inner = rule[at + 1..].trim_start();
        let name = match inner.strip_prefix(['"', '\'']) {
            Some(rest) => rest.split(['"', '\'']).next(),
            None => inner.split(')').next().map(str::trim),
        };
        if let Some(name) =
            name.map(|name| name.rsplit_once(":alarm:").map_or(name, |(_, last)| last)).filter(|name| !name.is_empty())
        {
            names.push(name.to_owned());
        }
    }
    names.dedup();
    names
}

/// What a metric's dimensions look for.
pub(super) struct Wanted {
    /// The alias by which the twin knows it.
    pub(super) name: String,
    /// The types that it can be of.
    pub(super) types: &'static [&'static str],
    /// What people call it.
    pub(super) noun: &'static str,
}

/// Applies the first rule whose dimensions are all there: first the rules of the namespace, then, for a namespace without
/// rules (a custom one), the rules of any, because `FunctionName` means a function wherever it stands.
pub(super) fn wanted(namespace: &str, dimensions: &[(&str, &str)]) -> Option<Wanted> {
    let known = RULES.iter().any(|rule| rule.namespaces.contains(&namespace));
    let rules = RULES.iter().filter(|rule| !known || rule.namespaces.contains(&namespace));
    rules.filter_map(|rule| rule.apply(dimensions)).next()
}

struct Rule {
    namespaces: &'static [&'static str],
    /// The dimensions that must all be there; their values, joined by `/`, are the alias.
    dimensions: &'static [&'static str],
    noun: &'static str,
    types: &'static [&'static str],
}

impl Rule {
    fn apply(&self, dimensions: &[(&str, &str)]) -> Option<Wanted> {
        let value = |wanted: &&str| {
            dimensions
                .iter()
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| *value)
                .filter(|value| !value.is_empty())
        };
        let values: Option<Vec<&str>> = self.dimensions.iter().map(value).collect();
        Some(Wanted { name: values?.join("/"), types: self.types, noun: self.noun })
    }
}

const fn rule(
    namespaces: &'static [&'static str],
    dimensions: &'static [&'static str],
    noun: &'static str,
    types: &'static [&'static str],
) -> Rule {
    Rule { namespaces, dimensions, noun, types }
}

const BALANCERS: &[&str] = &["AWS/ApplicationELB", "AWS/NetworkELB", "AWS/GatewayELB"];

/// Within a namespace, the rule that says more comes first: a target group before the load balancer in front of it.
const RULES: &[Rule] = &[
    rule(&["AWS/Lambda"], &["FunctionName"], "Lambda function", &["aws_lambda_function"]),
    rule(&["LambdaInsights"], &["function_name"], "Lambda function", &["aws_lambda_function"]),
    rule(&["AWS/ECS", "ECS/ContainerInsights"], &["ClusterName", "ServiceName"], "ECS service", &["aws_ecs_service"]),
    rule(&["AWS/ECS", "ECS/ContainerInsights"], &["ClusterName"], "ECS cluster", &["aws_ecs_cluster"]),
    rule(
        &["AWS/RDS"],
        &["DBInstanceIdentifier"],
        "database instance",
        &["aws_db_instance", "aws_rds_cluster_instance"],
    ),
    rule(&["AWS/RDS"], &["DBClusterIdentifier"], "database cluster", &["aws_rds_cluster"]),
    rule(BALANCERS, &["TargetGroup"], "target group", &["aws_lb_target_group", "aws_alb_target_group"]),
    rule(BALANCERS, &["LoadBalancer"], "load balancer", &["aws_lb", "aws_alb"]),
    rule(&["AWS/EC2", "CWAgent"], &["InstanceId"], "EC2 instance", &["aws_instance"]),
    rule(
        &["AWS/EC2", "AWS/AutoScaling", "CWAgent"],
        &["AutoScalingGroupName"],
        "Auto Scaling group",
        &["aws_autoscaling_group"],
    ),
    rule(&["AWS/SQS"], &["QueueName"], "queue", &["aws_sqs_queue"]),
    rule(&["AWS/DynamoDB"], &["TableName"], "table", &["aws_dynamodb_table"]),
    rule(&["AWS/ApiGateway"], &["ApiId"], "HTTP API", &["aws_apigatewayv2_api"]),
    rule(&["AWS/ApiGateway"], &["ApiName"], "REST API", &["aws_api_gateway_rest_api"]),
    rule(&["AWS/SNS"], &["TopicName"], "topic", &["aws_sns_topic"]),
    rule(&["AWS/S3"], &["BucketName"], "bucket", &["aws_s3_bucket"]),
    rule(&["AWS/States"], &["StateMachineArn"], "state machine", &["aws_sfn_state_machine"]),
    rule(&["AWS/Events"], &["RuleName"], "event rule", &["aws_cloudwatch_event_rule"]),
    rule(&["AWS/Kinesis"], &["StreamName"], "stream", &["aws_kinesis_stream"]),
    rule(&["AWS/ElastiCache"], &["CacheClusterId"], "cache cluster", &["aws_elasticache_cluster"]),
    rule(
        &["AWS/ElastiCache"],
        &["ReplicationGroupId"],
        "cache replication group",
        &["aws_elasticache_replication_group"],
    ),
    rule(&["AWS/ES"], &["DomainName"], "search domain", &["aws_opensearch_domain", "aws_elasticsearch_domain"]),
    rule(&["AWS/CloudFront"], &["DistributionId"], "CloudFront distribution", &["aws_cloudfront_distribution"]),
    rule(&["AWS/NATGateway"], &["NatGatewayId"], "NAT gateway", &["aws_nat_gateway"]),
    rule(&["AWS/EBS"], &["VolumeId"], "volume", &["aws_ebs_volume"]),
    rule(&["AWS/EFS"], &["FileSystemId"], "file system", &["aws_efs_file_system"]),
    rule(&["AWS/AmazonMQ"], &["Broker"], "broker", &["aws_mq_broker"]),
    rule(&["AWS/Logs"], &["LogGroupName"], "log group", &["aws_cloudwatch_log_group"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(namespace: &str, dimensions: &[(&str, &str)], expect: Option<(&str, &str)>) {
        let found = wanted(namespace, dimensions).map(|wanted| (wanted.noun, wanted.name));
        assert_eq!(found, expect.map(|(noun, name)| (noun, name.to_owned())));
    }

    #[test]
    fn each_namespace_has_its_own_rule() {
        check("AWS/Lambda", &[("Resource", "f:live"), ("FunctionName", "f")], Some(("Lambda function", "f")));
        check("AWS/ECS", &[("ServiceName", "web"), ("ClusterName", "shop")], Some(("ECS service", "shop/web")));
        check("AWS/ECS", &[("ClusterName", "shop")], Some(("ECS cluster", "shop")));
        check(
            "AWS/ApplicationELB",
            &[("LoadBalancer", "app/a/1"), ("TargetGroup", "targetgroup/b/2")],
            Some(("target group", "targetgroup/b/2")),
        );
        check("AWS/ApiGateway", &[("ApiName", "shop"), ("Stage", "live")], Some(("REST API", "shop")));
    }

    #[test]
    fn a_dimension_of_another_service_means_nothing() {
        check("AWS/Lambda", &[("QueueName", "q")], None);
        check("AWS/SQS", &[], None);
    }

    #[test]
    fn a_custom_namespace_borrows_the_rules() {
        check("Shop/Orders", &[("FunctionName", "f")], Some(("Lambda function", "f")));
        check("Shop/Orders", &[("Team", "a")], None);
    }

    #[test]
    fn a_rule_names_its_alarms() {
        assert_eq!(
            alarm_names(r#"ALARM("a b") OR (ALARM(c) AND NOT OK(arn:aws:cloudwatch:r:1:alarm:d))"#),
            ["a b", "c", "d"]
        );
        assert!(alarm_names("TRUE").is_empty());
        assert!(alarm_names("ALARM(").is_empty());
    }
}
