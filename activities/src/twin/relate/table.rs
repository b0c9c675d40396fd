//! Attributes that name another resource: one row for each.
//!
//! Owns the table. A path's steps are separated by dots; each step enters lists and blocks by itself. A row with
//! [`Way::Back`] makes the edge from the named resource to the one that names it.

use serde_json::Value;

use super::Found;
use super::names::Names;
use crate::twin::edge::Relation::{self, *};
use crate::twin::node::Node;

/// Adds the edges that the table knows for one node.
pub(super) fn relate(names: &Names<'_>, at: usize, node: &Node, found: &mut Found) {
    let start = ROWS.partition_point(|row| row.0 < node.resource_type.as_str());
    for (_, path, way, relation, types) in ROWS[start..].iter().take_while(|row| row.0 == node.resource_type) {
        let mut link = |value: &str| {
            if let Some(other) = names.find(node, value, types) {
                match way {
                    Way::Out => found.add(at, *relation, other),
                    Way::Back => found.add(other, *relation, at),
                }
            }
        };
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        if let Some(value) = node.attributes.get(first) {
            each_text(value, rest, &mut link);
        }
    }
}

/// Calls `link` with every text that a path reaches.
pub(super) fn each_text(value: &Value, path: &str, link: &mut impl FnMut(&str)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| each_text(item, path, link)),
        Value::Object(fields) if !path.is_empty() => {
            let (first, rest) = path.split_once('.').unwrap_or((path, ""));
            if let Some(field) = fields.get(first) {
                each_text(field, rest, link);
            }
        }
        Value::String(text) if path.is_empty() && !text.is_empty() => link(text),
        _ => {}
    }
}

/// Which of the two resources is the subject of the edge.
#[derive(Clone, Copy)]
enum Way {
    /// The one that has the attribute.
    Out,
    /// The one that the attribute names.
    Back,
}

type Row = (&'static str, &'static str, Way, Relation, &'static [&'static str]);

const API: &[&str] = &["aws_apigatewayv2_api"];
const CLUSTER: &[&str] = &["aws_ecs_cluster"];
const FUNCTION: &[&str] = &["aws_lambda_function"];
const GROUP: &[&str] = &["aws_security_group"];
const KEY: &[&str] = &["aws_kms_key"];
const LOAD_BALANCER: &[&str] = &["aws_lb"];
const LOG_GROUP: &[&str] = &["aws_cloudwatch_log_group"];
const REST_API: &[&str] = &["aws_api_gateway_rest_api"];
const ROLE: &[&str] = &["aws_iam_role"];
const SUBNET: &[&str] = &["aws_subnet"];
const TARGET_GROUP: &[&str] = &["aws_lb_target_group"];
const VPC: &[&str] = &["aws_vpc"];
const ANY: &[&str] = &[];

/// Sorted by type, so that a node's rows are found by bisection; a test holds it.
const ROWS: &[Row] = &[
    ("aws_api_gateway_integration", "rest_api_id", Way::Back, Exposes, REST_API),
    ("aws_api_gateway_integration", "uri", Way::Out, Exposes, ANY),
    ("aws_api_gateway_stage", "rest_api_id", Way::Out, Exposes, REST_API),
    ("aws_apigatewayv2_integration", "api_id", Way::Back, Exposes, API),
    ("aws_apigatewayv2_integration", "integration_uri", Way::Out, Exposes, ANY),
    ("aws_apigatewayv2_route", "api_id", Way::Back, Exposes, API),
    ("aws_apigatewayv2_stage", "api_id", Way::Out, Exposes, API),
    ("aws_appautoscaling_target", "resource_id", Way::Out, Watches, ANY),
    ("aws_autoscaling_group", "target_group_arns", Way::Back, Exposes, TARGET_GROUP),
    ("aws_autoscaling_group", "vpc_zone_identifier", Way::Out, RunsIn, SUBNET),
    ("aws_cloudfront_distribution", "origin.domain_name", Way::Out, Exposes, ANY),
    ("aws_cloudwatch_event_target", "arn", Way::Out, Triggers, ANY),
    ("aws_cloudwatch_event_target", "dead_letter_config.arn", Way::Out, DeadLettersTo, ANY),
    ("aws_cloudwatch_event_target", "role_arn", Way::Out, SecuredBy, ROLE),
    ("aws_cloudwatch_event_target", "rule", Way::Back, Triggers, &["aws_cloudwatch_event_rule"]),
    ("aws_cloudwatch_log_group", "kms_key_id", Way::Out, SecuredBy, KEY),
    ("aws_cloudwatch_metric_alarm", "alarm_actions", Way::Out, Notifies, ANY),
    ("aws_cloudwatch_metric_alarm", "ok_actions", Way::Out, Notifies, ANY),
    ("aws_db_instance", "db_subnet_group_name", Way::Out, RunsIn, &["aws_db_subnet_group"]),
    ("aws_db_instance", "kms_key_id", Way::Out, SecuredBy, KEY),
    ("aws_db_instance", "monitoring_role_arn", Way::Out, SecuredBy, ROLE),
    ("aws_db_instance", "parameter_group_name", Way::Out, Uses, &["aws_db_parameter_group"]),
    ("aws_db_instance", "replicate_source_db", Way::Out, Reads, &["aws_db_instance"]),
    ("aws_db_instance", "vpc_security_group_ids", Way::Out, SecuredBy, GROUP),
    ("aws_db_proxy", "auth.secret_arn", Way::Out, Reads, ANY),
    ("aws_db_proxy", "role_arn", Way::Out, SecuredBy, ROLE),
    ("aws_db_proxy", "vpc_security_group_ids", Way::Out, SecuredBy, GROUP),
    ("aws_db_proxy", "vpc_subnet_ids", Way::Out, RunsIn, SUBNET),
    ("aws_db_proxy_target", "db_instance_identifier", Way::Out, Exposes, &["aws_db_instance"]),
    ("aws_db_proxy_target", "db_proxy_name", Way::Back, Exposes, &["aws_db_proxy"]),
    ("aws_db_subnet_group", "subnet_ids", Way::Out, RunsIn, SUBNET),
    ("aws_dynamodb_table", "server_side_encryption.kms_key_arn", Way::Out, SecuredBy, KEY),
    ("aws_ecs_service", "cluster", Way::Out, RunsIn, CLUSTER),
    ("aws_ecs_service", "iam_role", Way::Out, SecuredBy, ROLE),
    ("aws_ecs_service", "load_balancer.target_group_arn", Way::Back, Exposes, TARGET_GROUP),
    ("aws_ecs_service", "network_configuration.security_groups", Way::Out, SecuredBy, GROUP),
    ("aws_ecs_service", "network_configuration.subnets", Way::Out, RunsIn, SUBNET),
    ("aws_ecs_service", "task_definition", Way::Out, Uses, &["aws_ecs_task_definition"]),
    ("aws_ecs_task_definition", "execution_role_arn", Way::Out, SecuredBy, ROLE),
    ("aws_ecs_task_definition", "task_role_arn", Way::Out, SecuredBy, ROLE),
    ("aws_ecs_task_definition", "volume.efs_volume_configuration.file_system_id", Way::Out, Reads, ANY),
    ("aws_eks_cluster", "role_arn", Way::Out, SecuredBy, ROLE),
    ("aws_eks_cluster", "vpc_config.security_group_ids", Way::Out, SecuredBy, GROUP),
    ("aws_eks_cluster", "vpc_config.subnet_ids", Way::Out, RunsIn, SUBNET),
    ("aws_elasticache_cluster", "security_group_ids", Way::Out, SecuredBy, GROUP),
    ("aws_elasticache_cluster", "subnet_group_name", Way::Out, RunsIn, &["aws_elasticache_subnet_group"]),
    ("aws_elasticache_replication_group", "security_group_ids", Way::Out, SecuredBy, GROUP),
    ("aws_elasticache_replication_group", "subnet_group_name", Way::Out, RunsIn, &["aws_elasticache_subnet_group"]),
    ("aws_elasticache_subnet_group", "subnet_ids", Way::Out, RunsIn, SUBNET),
    ("aws_iam_role_policy", "role", Way::Back, SecuredBy, ROLE),
    ("aws_iam_role_policy_attachment", "policy_arn", Way::Out, Uses, &["aws_iam_policy"]),
    ("aws_iam_role_policy_attachment", "role", Way::Back, SecuredBy, ROLE),
    ("aws_instance", "iam_instance_profile", Way::Out, SecuredBy, &["aws_iam_instance_profile"]),
    ("aws_instance", "subnet_id", Way::Out, RunsIn, SUBNET),
    ("aws_instance", "vpc_security_group_ids", Way::Out, SecuredBy, GROUP),
    ("aws_internet_gateway", "vpc_id", Way::Out, RunsIn, VPC),
    ("aws_kinesis_stream", "kms_key_id", Way::Out, SecuredBy, KEY),
    ("aws_lambda_alias", "function_name", Way::Out, Exposes, FUNCTION),
    ("aws_lambda_event_source_mapping", "destination_config.on_failure.destination_arn", Way::Out, DeadLettersTo, ANY),
    ("aws_lambda_event_source_mapping", "event_source_arn", Way::Out, Reads, ANY),
    ("aws_lambda_event_source_mapping", "function_arn", Way::Out, Triggers, FUNCTION),
    ("aws_lambda_event_source_mapping", "function_name", Way::Out, Triggers, FUNCTION),
    ("aws_lambda_function", "dead_letter_config.target_arn", Way::Out, DeadLettersTo, ANY),
    ("aws_lambda_function", "file_system_config.arn", Way::Out, Reads, ANY),
    ("aws_lambda_function", "kms_key_arn", Way::Out, SecuredBy, KEY),
    ("aws_lambda_function", "layers", Way::Out, Uses, ANY),
    ("aws_lambda_function", "logging_config.log_group", Way::Out, LogsTo, LOG_GROUP),
    ("aws_lambda_function", "role", Way::Out, SecuredBy, ROLE),
    ("aws_lambda_function", "vpc_config.security_group_ids", Way::Out, SecuredBy, GROUP),
    ("aws_lambda_function", "vpc_config.subnet_ids", Way::Out, RunsIn, SUBNET),
    ("aws_lambda_permission", "function_name", Way::Back, SecuredBy, FUNCTION),
    ("aws_lb", "security_groups", Way::Out, SecuredBy, GROUP),
    ("aws_lb", "subnets", Way::Out, RunsIn, SUBNET),
    ("aws_lb_listener", "default_action.forward.target_group.arn", Way::Out, Exposes, TARGET_GROUP),
    ("aws_lb_listener", "default_action.target_group_arn", Way::Out, Exposes, TARGET_GROUP),
    ("aws_lb_listener", "load_balancer_arn", Way::Back, Exposes, LOAD_BALANCER),
    ("aws_lb_listener_rule", "action.forward.target_group.arn", Way::Out, Exposes, TARGET_GROUP),
    ("aws_lb_listener_rule", "action.target_group_arn", Way::Out, Exposes, TARGET_GROUP),
    ("aws_lb_listener_rule", "listener_arn", Way::Back, Exposes, &["aws_lb_listener"]),
    ("aws_lb_target_group", "vpc_id", Way::Out, RunsIn, VPC),
    ("aws_lb_target_group_attachment", "target_group_arn", Way::Back, Exposes, TARGET_GROUP),
    ("aws_lb_target_group_attachment", "target_id", Way::Out, Exposes, ANY),
    ("aws_nat_gateway", "subnet_id", Way::Out, RunsIn, SUBNET),
    ("aws_opensearch_domain", "vpc_options.security_group_ids", Way::Out, SecuredBy, GROUP),
    ("aws_opensearch_domain", "vpc_options.subnet_ids", Way::Out, RunsIn, SUBNET),
    ("aws_rds_cluster", "db_subnet_group_name", Way::Out, RunsIn, &["aws_db_subnet_group"]),
    ("aws_rds_cluster", "kms_key_id", Way::Out, SecuredBy, KEY),
    ("aws_rds_cluster", "vpc_security_group_ids", Way::Out, SecuredBy, GROUP),
    ("aws_rds_cluster_instance", "cluster_identifier", Way::Back, Exposes, &["aws_rds_cluster"]),
    ("aws_route53_record", "alias.name", Way::Out, Exposes, ANY),
    ("aws_route53_record", "records", Way::Out, Exposes, ANY),
    ("aws_route_table", "vpc_id", Way::Out, RunsIn, VPC),
    ("aws_route_table_association", "route_table_id", Way::Out, Uses, &["aws_route_table"]),
    ("aws_route_table_association", "subnet_id", Way::Back, Uses, SUBNET),
    ("aws_s3_bucket_policy", "bucket", Way::Back, SecuredBy, &["aws_s3_bucket"]),
    ("aws_s3_bucket_public_access_block", "bucket", Way::Back, SecuredBy, &["aws_s3_bucket"]),
    ("aws_secretsmanager_secret", "kms_key_id", Way::Out, SecuredBy, KEY),
    ("aws_secretsmanager_secret_version", "secret_id", Way::Back, Uses, &["aws_secretsmanager_secret"]),
    ("aws_security_group", "vpc_id", Way::Out, RunsIn, VPC),
    ("aws_sfn_state_machine", "role_arn", Way::Out, SecuredBy, ROLE),
    ("aws_sns_topic", "kms_master_key_id", Way::Out, SecuredBy, KEY),
    ("aws_sns_topic_subscription", "endpoint", Way::Out, Triggers, ANY),
    ("aws_sns_topic_subscription", "topic_arn", Way::Back, Triggers, &["aws_sns_topic"]),
    ("aws_sqs_queue", "kms_master_key_id", Way::Out, SecuredBy, KEY),
    ("aws_subnet", "vpc_id", Way::Out, RunsIn, VPC),
    ("aws_vpc_endpoint", "route_table_ids", Way::Out, Uses, &["aws_route_table"]),
    ("aws_vpc_endpoint", "security_group_ids", Way::Out, SecuredBy, GROUP),
    ("aws_vpc_endpoint", "subnet_ids", Way::Out, RunsIn, SUBNET),
    ("aws_vpc_endpoint", "vpc_id", Way::Out, RunsIn, VPC),
    ("aws_vpc_security_group_egress_rule", "security_group_id", Way::Back, Uses, GROUP),
    ("aws_vpc_security_group_ingress_rule", "security_group_id", Way::Back, Uses, GROUP),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_by_type() {
        assert!(ROWS.windows(2).all(|two| (two[0].0, two[0].1) < (two[1].0, two[1].1)));
    }
}
