//! What a metric's dimensions name, and under which dimensions AWS measures a resource: one rule for each CloudWatch namespace.
//!
//! Owns the only table of namespaces. Finding the node is [`super::resolve`]'s. Nothing is guessed from the first dimension:
//! dimensions without a rule mean nothing.

use std::iter;

use super::kind::kind_of;
use super::node::Node;

/// What a metric's dimensions look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The alias by which the twin knows it; of several dimensions (`cluster/service`) joined by a slash.
    pub name: String,
    /// The Terraform types that it can be of, the usual one first.
    pub types: &'static [&'static str],
    arn: &'static str,
}

impl Meaning {
    /// What people call it.
    pub fn noun(&self) -> &'static str {
        self.types.first().map_or("resource", |kind| kind_of(kind).map_or(*kind, |kind| kind.noun))
    }

    /// Its ARN in an account and region, where the ARN follows from the name.
    pub fn arn(&self, account: &str, region: &str) -> Option<String> {
        // A Step Functions metric names its machine by ARN already.
        if self.name.starts_with("arn:") {
            return Some(self.name.clone());
        }
        let resource = self.arn.split_once(' ').map(|(service, resource)| match service {
            "s3" => format!("s3:::{resource}"),
            "cloudfront" => format!("cloudfront::{account}:{resource}"),
            "apigateway" => format!("apigateway:{region}::{resource}"),
            _ => format!("{service}:{region}:{account}:{resource}"),
        });
        resource.map(|resource| format!("arn:{}:{}", partition(region), resource.replace(NAME, &self.name)))
    }
}

/// Says what the dimensions of a metric can mean, the most telling meaning first; nothing when no rule knows them.
///
/// Dimensions in a namespace of one's own mean what they mean anywhere: `FunctionName` is a function wherever it stands.
pub fn meanings(namespace: &str, dimensions: &[(&str, &str)]) -> Vec<Meaning> {
    let own: Vec<Meaning> = if knows(namespace) {
        let rules = RULES.iter().filter(|rule| rule.is_of(namespace));
        let all: Vec<Meaning> = rules.filter_map(|rule| rule.apply(dimensions)).collect();
        // A service that the twin does not hold is not its cluster.
        let types = all.first().map(|meaning| meaning.types);
        all.into_iter().filter(|meaning| Some(meaning.types) == types).collect()
    } else {
        let telling = RULES.iter().filter(|rule| rule.qualifier.is_none());
        let mut all: Vec<(usize, Meaning)> =
            telling.filter_map(|rule| Some((rule.dimensions.len(), rule.apply(dimensions)?))).collect();
        let most = all.iter().map(|(length, _)| *length).max().unwrap_or_default();
        all.retain(|(length, _)| *length == most);
        let arns = dimensions.iter().filter(|(_, value)| value.starts_with("arn:"));
        let arns = arns.map(|(_, arn)| Meaning { name: (*arn).to_owned(), types: &[], arn: "" });
        all.into_iter().map(|(_, meaning)| meaning).chain(arns).collect()
    };
    let mut meanings: Vec<Meaning> = Vec::new();
    for meaning in own {
        if !meanings.iter().any(|known| known.name == meaning.name && known.types == meaning.types) {
            meanings.push(meaning);
        }
    }
    meanings
}

/// Whether a namespace has rules of its own.
pub fn knows(namespace: &str) -> bool {
    RULES.iter().any(|rule| rule.is_of(namespace))
}

/// The namespace and dimensions under which AWS measures a node, where its type has a rule.
pub fn metric_of(node: &Node) -> Option<(&'static str, Vec<(&'static str, String)>)> {
    let rule = RULES.iter().find(|rule| rule.types.contains(&node.resource_type.as_str()))?;
    rule.pairs(rule.name_in_arn(node.arn.as_deref()).or_else(|| rule.name_among(node))?)
}

/// The namespace and dimensions under which AWS measures what goes by this name, where its type has a rule.
pub fn metric_of_name(resource_type: &str, name: &str) -> Option<(&'static str, Vec<(&'static str, String)>)> {
    RULES.iter().find(|rule| rule.types.contains(&resource_type))?.pairs(name)
}

/// The AWS partition of a region.
pub fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

/// One way in which a namespace's dimensions name a resource.
struct Rule {
    namespaces: &'static [&'static str],
    /// The dimensions that must be there; their values, joined by a slash, are the name.
    dimensions: &'static [&'static str],
    types: &'static [&'static str],
    /// The service and the last part of the ARN, for example `lambda function:{name}`; empty where no ARN follows.
    arn: &'static str,
    /// Where the name ends and a qualifier begins: `orders:live`.
    qualifier: Option<char>,
}

impl Rule {
    /// The namespace, and its dimensions with what a name says of each.
    fn pairs(&self, name: &str) -> Option<(&'static str, Vec<(&'static str, String)>)> {
        // A name of several dimensions joins their values with a slash.
        let values: Vec<&str> = match self.dimensions {
            [_] => vec![name],
            several => name.splitn(several.len(), '/').collect(),
        };
        let pairs = self.dimensions.iter().copied().zip(values.iter().map(|value| (*value).to_owned())).collect();
        (values.len() == self.dimensions.len()).then_some((self.namespaces[0], pairs))
    }

    fn is_of(&self, namespace: &str) -> bool {
        self.namespaces.contains(&namespace)
    }

    fn apply(&self, dimensions: &[(&str, &str)]) -> Option<Meaning> {
        let value = |wanted: &&str| {
            let found = dimensions.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| *value).filter(|value| !value.is_empty())
        };
        let values: Option<Vec<&str>> = self.dimensions.iter().map(value).collect();
        let name = values?.join("/");
        let name =
            self.qualifier.and_then(|qualifier| name.split_once(qualifier)).map_or(name.as_str(), |(name, _)| name);
        Some(Meaning { name: name.to_owned(), types: self.types, arn: self.arn })
    }

    /// What stands in a node's ARN where the pattern has the name.
    fn name_in_arn<'a>(&self, arn: Option<&'a str>) -> Option<&'a str> {
        let (_, pattern) = self.arn.split_once(' ')?;
        if pattern == NAME && self.arn.starts_with("states ") {
            return arn;
        }
        let name = arn?.splitn(6, ':').nth(5)?.strip_prefix(pattern.strip_suffix(NAME)?)?;
        (name.split('/').count() >= self.dimensions.len()).then_some(name)
    }

    /// The name of a node whose ARN does not tell it.
    fn name_among<'a>(&self, node: &'a Node) -> Option<&'a str> {
        let fits = |name: &&str| {
            self.dimensions.len() == 1 || !name.starts_with("arn:") && name.split('/').count() == self.dimensions.len()
        };
        node.names.iter().map(String::as_str).chain(iter::once(node.name())).find(fits)
    }
}

const fn rule(
    namespaces: &'static [&'static str],
    dimensions: &'static [&'static str],
    types: &'static [&'static str],
    arn: &'static str,
) -> Rule {
    Rule { namespaces, dimensions, types, arn, qualifier: None }
}

const fn qualified(rule: Rule, qualifier: char) -> Rule {
    Rule { qualifier: Some(qualifier), ..rule }
}

const NAME: &str = "{name}";
const BALANCERS: &[&str] = &["AWS/ApplicationELB", "AWS/NetworkELB", "AWS/GatewayELB"];
const CONTAINERS: &[&str] = &["AWS/ECS", "ECS/ContainerInsights"];
const LAMBDA: &str = "lambda function:{name}";
const LAMBDAS: &[&str] = &["aws_lambda_function"];
const RULES_OF_EVENTS: &[&str] = &["aws_cloudwatch_event_rule"];

/// Within a namespace the rule that says more comes first: a target group before the load balancer in front of it.
///
/// What further dimensions say (an alias or version of a function, the role in a cluster, an index of a table, a stage of an
/// API) is a part of the same resource.
const RULES: &[Rule] = &[
    rule(&["AWS/Lambda", "LambdaInsights"], &["FunctionName"], LAMBDAS, LAMBDA),
    rule(&["LambdaInsights"], &["function_name"], LAMBDAS, LAMBDA),
    qualified(rule(&["AWS/Lambda"], &["Resource"], LAMBDAS, LAMBDA), ':'),
    rule(
        &["AWS/Lambda"],
        &["EventSourceMappingUUID"],
        &["aws_lambda_event_source_mapping"],
        "lambda event-source-mapping:{name}",
    ),
    rule(CONTAINERS, &["ClusterName", "ServiceName"], &["aws_ecs_service"], "ecs service/{name}"),
    rule(&["ECS/ContainerInsights"], &["TaskDefinitionFamily"], &["aws_ecs_task_definition"], ""),
    rule(&["AWS/ECS/ManagedScaling"], &["CapacityProviderName"], &["aws_ecs_capacity_provider"], ""),
    rule(CONTAINERS, &["ClusterName"], &["aws_ecs_cluster"], "ecs cluster/{name}"),
    rule(&["AWS/RDS"], &["DBInstanceIdentifier"], &["aws_db_instance", "aws_rds_cluster_instance"], "rds db:{name}"),
    rule(&["AWS/RDS"], &["DBClusterIdentifier"], &["aws_rds_cluster"], "rds cluster:{name}"),
    rule(&["AWS/RDS"], &["ProxyName"], &["aws_db_proxy"], ""),
    rule(&["AWS/DocDB"], &["DBInstanceIdentifier"], &["aws_docdb_cluster_instance"], "rds db:{name}"),
    rule(&["AWS/DocDB"], &["DBClusterIdentifier"], &["aws_docdb_cluster"], "rds cluster:{name}"),
    rule(&["AWS/Neptune"], &["DBClusterIdentifier"], &["aws_neptune_cluster"], "rds cluster:{name}"),
    rule(BALANCERS, &["TargetGroup"], &["aws_lb_target_group", "aws_alb_target_group"], "elasticloadbalancing {name}"),
    rule(BALANCERS, &["LoadBalancer"], &["aws_lb", "aws_alb"], "elasticloadbalancing loadbalancer/{name}"),
    rule(&["AWS/ELB"], &["LoadBalancerName"], &["aws_elb"], "elasticloadbalancing loadbalancer/{name}"),
    rule(&["AWS/EC2", "CWAgent"], &["InstanceId"], &["aws_instance"], "ec2 instance/{name}"),
    rule(&["AWS/EC2", "AWS/AutoScaling", "CWAgent"], &["AutoScalingGroupName"], &["aws_autoscaling_group"], ""),
    rule(&["AWS/EBS"], &["VolumeId"], &["aws_ebs_volume"], "ec2 volume/{name}"),
    rule(&["AWS/EFS"], &["FileSystemId"], &["aws_efs_file_system"], "elasticfilesystem file-system/{name}"),
    rule(&["AWS/SQS"], &["QueueName"], &["aws_sqs_queue"], "sqs {name}"),
    rule(&["AWS/SNS"], &["TopicName"], &["aws_sns_topic"], "sns {name}"),
    rule(&["AWS/DynamoDB"], &["TableName"], &["aws_dynamodb_table"], "dynamodb table/{name}"),
    rule(&["AWS/ApiGateway"], &["ApiId"], &["aws_apigatewayv2_api"], "apigateway /apis/{name}"),
    rule(&["AWS/ApiGateway"], &["ApiName"], &["aws_api_gateway_rest_api"], ""),
    rule(&["AWS/AppSync"], &["GraphQLAPIId"], &["aws_appsync_graphql_api"], "appsync apis/{name}"),
    rule(&["AWS/S3"], &["BucketName"], &["aws_s3_bucket"], "s3 {name}"),
    rule(&["AWS/Kinesis"], &["StreamName"], &["aws_kinesis_stream"], "kinesis stream/{name}"),
    rule(
        &["AWS/Firehose"],
        &["DeliveryStreamName"],
        &["aws_kinesis_firehose_delivery_stream"],
        "firehose deliverystream/{name}",
    ),
    rule(
        &["AWS/ElastiCache"],
        &["CacheClusterId"],
        &["aws_elasticache_cluster", "aws_elasticache_replication_group"],
        "elasticache cluster:{name}",
    ),
    rule(
        &["AWS/ElastiCache"],
        &["ReplicationGroupId"],
        &["aws_elasticache_replication_group"],
        "elasticache replicationgroup:{name}",
    ),
    rule(&["AWS/States"], &["StateMachineArn"], &["aws_sfn_state_machine"], "states {name}"),
    rule(&["AWS/States"], &["ActivityArn"], &["aws_sfn_activity"], "states {name}"),
    rule(&["AWS/States"], &["LambdaFunctionArn"], LAMBDAS, ""),
    rule(&["AWS/Events"], &["EventBusName", "RuleName"], RULES_OF_EVENTS, "events rule/{name}"),
    rule(&["AWS/Events"], &["RuleName"], RULES_OF_EVENTS, "events rule/{name}"),
    rule(&["AWS/Events"], &["EventBusName"], &["aws_cloudwatch_event_bus"], "events event-bus/{name}"),
    rule(&["AWS/Pipes"], &["PipeName"], &["aws_pipes_pipe"], "pipes pipe/{name}"),
    rule(&["AWS/EKS", "ContainerInsights"], &["ClusterName"], &["aws_eks_cluster"], "eks cluster/{name}"),
    rule(&["AWS/ES"], &["DomainName"], &["aws_opensearch_domain", "aws_elasticsearch_domain"], "es domain/{name}"),
    rule(&["AWS/Redshift"], &["ClusterIdentifier"], &["aws_redshift_cluster"], "redshift cluster:{name}"),
    rule(&["AWS/CloudFront"], &["DistributionId"], &["aws_cloudfront_distribution"], "cloudfront distribution/{name}"),
    rule(&["AWS/NATGateway"], &["NatGatewayId"], &["aws_nat_gateway"], "ec2 natgateway/{name}"),
    rule(&["AWS/TransitGateway"], &["TransitGateway"], &["aws_ec2_transit_gateway"], "ec2 transit-gateway/{name}"),
    rule(&["AWS/AmazonMQ"], &["Broker"], &["aws_mq_broker"], ""),
    rule(&["AWS/Kafka"], &["Cluster Name"], &["aws_msk_cluster"], ""),
    rule(&["AWS/Cognito"], &["UserPool"], &["aws_cognito_user_pool"], "cognito-idp userpool/{name}"),
    rule(&["AWS/CertificateManager"], &["CertificateArn"], &["aws_acm_certificate"], ""),
    rule(&["AWS/WAFV2"], &["WebACL"], &["aws_wafv2_web_acl"], ""),
    rule(&["AWS/AppRunner"], &["ServiceName"], &["aws_apprunner_service"], ""),
    rule(&["AWS/Logs"], &["LogGroupName"], &["aws_cloudwatch_log_group"], "logs log-group:{name}"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(namespace: &str, dimensions: &[(&str, &str)], expect: &[(&str, &str)]) {
        let found = meanings(namespace, dimensions);
        let found: Vec<_> =
            found.iter().map(|meaning| (*meaning.types.first().unwrap_or(&""), meaning.name.as_str())).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn each_namespace_has_its_own_rule() {
        type Pairs = &'static [(&'static str, &'static str)];
        let cases: [(&str, Pairs, Pairs); 14] = [
            (
                "AWS/Lambda",
                &[("Resource", "f:live"), ("FunctionName", "f"), ("ExecutedVersion", "3")],
                &[("aws_lambda_function", "f")],
            ),
            ("AWS/Lambda", &[("Resource", "f:live")], &[("aws_lambda_function", "f")]),
            ("AWS/ECS", &[("ServiceName", "web"), ("ClusterName", "shop")], &[("aws_ecs_service", "shop/web")]),
            ("AWS/ECS", &[("ClusterName", "shop")], &[("aws_ecs_cluster", "shop")]),
            ("AWS/RDS", &[("DBClusterIdentifier", "c"), ("Role", "WRITER")], &[("aws_rds_cluster", "c")]),
            ("AWS/RDS", &[("EngineName", "postgres")], &[]),
            (
                "AWS/NetworkELB",
                &[("LoadBalancer", "net/a/1"), ("TargetGroup", "targetgroup/b/2")],
                &[("aws_lb_target_group", "targetgroup/b/2")],
            ),
            (
                "AWS/DynamoDB",
                &[("TableName", "orders"), ("GlobalSecondaryIndexName", "by-status")],
                &[("aws_dynamodb_table", "orders")],
            ),
            ("AWS/ApiGateway", &[("ApiName", "shop"), ("Stage", "live")], &[("aws_api_gateway_rest_api", "shop")]),
            ("AWS/ApiGateway", &[("ApiId", "a1"), ("Stage", "$default")], &[("aws_apigatewayv2_api", "a1")]),
            (
                "AWS/Events",
                &[("RuleName", "r"), ("EventBusName", "b")],
                &[("aws_cloudwatch_event_rule", "b/r"), ("aws_cloudwatch_event_rule", "r")],
            ),
            ("ContainerInsights", &[("ClusterName", "k"), ("Namespace", "shop")], &[("aws_eks_cluster", "k")]),
            (
                "AWS/CloudFront",
                &[("DistributionId", "E1"), ("Region", "Global")],
                &[("aws_cloudfront_distribution", "E1")],
            ),
            ("AWS/EC2", &[("AutoScalingGroupName", "workers")], &[("aws_autoscaling_group", "workers")]),
        ];
        for (namespace, dimensions, expect) in cases {
            check(namespace, dimensions, expect);
        }
    }

    #[test]
    fn a_dimension_of_another_service_means_nothing() {
        check("AWS/Lambda", &[("QueueName", "q")], &[]);
        check("AWS/SQS", &[], &[]);
        check("AWS/SQS", &[("QueueName", "")], &[]);
    }

    #[test]
    fn a_namespace_of_ones_own_borrows_the_rules() {
        check("Shop/Orders", &[("FunctionName", "f")], &[("aws_lambda_function", "f")]);
        check("Shop/Orders", &[("ClusterName", "c"), ("ServiceName", "s")], &[("aws_ecs_service", "c/s")]);
        check("Shop/Orders", &[("ClusterName", "c")], &[("aws_ecs_cluster", "c"), ("aws_eks_cluster", "c")]);
        check("Shop/Orders", &[("Target", "arn:aws:sqs:r:1:q")], &[("", "arn:aws:sqs:r:1:q")]);
        check("Shop/Orders", &[("Team", "a"), ("Resource", "b")], &[]);
    }

    #[test]
    fn arns_follow_from_names() {
        for (namespace, dimension, expect) in [
            ("AWS/Lambda", ("FunctionName", "f"), Some("arn:aws:lambda:eu-west-1:1:function:f")),
            ("AWS/S3", ("BucketName", "b"), Some("arn:aws:s3:::b")),
            ("AWS/ApiGateway", ("ApiId", "a"), Some("arn:aws:apigateway:eu-west-1::/apis/a")),
            ("AWS/CloudFront", ("DistributionId", "E"), Some("arn:aws:cloudfront::1:distribution/E")),
            (
                "AWS/States",
                ("StateMachineArn", "arn:aws:states:r:1:stateMachine:m"),
                Some("arn:aws:states:r:1:stateMachine:m"),
            ),
            ("AWS/AutoScaling", ("AutoScalingGroupName", "g"), None),
        ] {
            let meaning = meanings(namespace, &[dimension]).remove(0);
            assert_eq!(meaning.arn("1", "eu-west-1").as_deref(), expect);
        }
        assert_eq!(partition("cn-north-1"), "aws-cn");
    }

    #[test]
    fn every_type_of_a_rule_is_known() {
        let unknown: Vec<_> = RULES.iter().flat_map(|rule| rule.types).filter(|kind| kind_of(kind).is_none()).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
