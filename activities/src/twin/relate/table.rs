//! Attributes that name another resource: one row for each.
//!
//! Owns the table. A path's steps are separated by dots; each step enters lists and blocks by itself. A row with
//! [`Way::Back`] makes the edge from the named resource to the one that names it.

use super::Found;
use super::names::{Nodes, Scene};
use crate::twin::attributes::Attributes;
use crate::twin::edge::Relation::{self, *};

/// Adds the edges to what the attributes of one node name.
pub(super) fn relate<N: Nodes>(scene: &Scene<'_, N>, at: u32, attributes: &Attributes<'_>, found: &mut Found) {
    for (slot, Row(_, path, way, relation, types)) in &attributes.plan.rows {
        let Some(value) = attributes.at(*slot) else { continue };
        let rest = path.split_once('.').map_or("", |(_, rest)| rest);
        value.each_text(rest, &mut |value| match (scene.find(at, &value, types), way) {
            (Some(other), Way::Out) => found.add(at, *relation, other),
            (Some(other), Way::Back) => found.add(other, *relation, at),
            (None, _) => found.miss(at),
        });
    }
}

/// The rows of one type.
pub(in crate::twin) fn rows_of(resource_type: &str) -> &'static [Row] {
    let start = ROWS.partition_point(|row| row.0 < resource_type);
    let end = start + ROWS[start..].partition_point(|row| row.0 == resource_type);
    &ROWS[start..end]
}

/// One row: type, path, way, relation, and the types that the named resource can be of.
#[derive(Debug)]
pub(in crate::twin) struct Row(&'static str, &'static str, Way, Relation, &'static [&'static str]);

impl Row {
    /// The attribute that the path begins with.
    pub(in crate::twin) fn attribute(&self) -> &'static str {
        self.1.split_once('.').map_or(self.1, |(first, _)| first)
    }
}

/// Which of the two resources is the subject of the edge.
#[derive(Clone, Copy, Debug)]
pub(in crate::twin) enum Way {
    /// The one that has the attribute.
    Out,
    /// The one that the attribute names.
    Back,
}

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
    Row("aws_api_gateway_deployment", "rest_api_id", Way::Out, Exposes, REST_API),
    Row("aws_api_gateway_integration", "rest_api_id", Way::Back, Exposes, REST_API),
    Row("aws_api_gateway_integration", "uri", Way::Out, Exposes, ANY),
    Row("aws_api_gateway_stage", "deployment_id", Way::Out, Uses, &["aws_api_gateway_deployment"]),
    Row("aws_api_gateway_stage", "rest_api_id", Way::Out, Exposes, REST_API),
    Row("aws_apigatewayv2_integration", "api_id", Way::Back, Exposes, API),
    Row("aws_apigatewayv2_integration", "integration_uri", Way::Out, Exposes, ANY),
    Row("aws_apigatewayv2_route", "api_id", Way::Back, Exposes, API),
    Row("aws_apigatewayv2_stage", "api_id", Way::Out, Exposes, API),
    Row("aws_autoscaling_group", "launch_template.id", Way::Out, Uses, &["aws_launch_template"]),
    Row("aws_autoscaling_group", "target_group_arns", Way::Back, Exposes, TARGET_GROUP),
    Row("aws_autoscaling_group", "vpc_zone_identifier", Way::Out, RunsIn, SUBNET),
    Row("aws_cloudfront_distribution", "origin.domain_name", Way::Out, Exposes, ANY),
    Row("aws_cloudfront_distribution", "viewer_certificate.acm_certificate_arn", Way::Out, SecuredBy, ANY),
    Row("aws_cloudfront_distribution", "web_acl_id", Way::Out, SecuredBy, ANY),
    Row("aws_cloudwatch_composite_alarm", "alarm_actions", Way::Out, Notifies, ANY),
    Row("aws_cloudwatch_composite_alarm", "ok_actions", Way::Out, Notifies, ANY),
    Row("aws_cloudwatch_event_rule", "event_bus_name", Way::Back, Triggers, &["aws_cloudwatch_event_bus"]),
    Row("aws_cloudwatch_event_target", "arn", Way::Out, Triggers, ANY),
    Row("aws_cloudwatch_event_target", "dead_letter_config.arn", Way::Out, DeadLettersTo, ANY),
    Row("aws_cloudwatch_event_target", "role_arn", Way::Out, SecuredBy, ROLE),
    Row("aws_cloudwatch_event_target", "rule", Way::Back, Triggers, &["aws_cloudwatch_event_rule"]),
    Row("aws_cloudwatch_log_group", "kms_key_id", Way::Out, SecuredBy, KEY),
    Row("aws_cloudwatch_log_subscription_filter", "destination_arn", Way::Out, Triggers, ANY),
    Row("aws_cloudwatch_log_subscription_filter", "log_group_name", Way::Back, Triggers, LOG_GROUP),
    Row("aws_cloudwatch_log_subscription_filter", "role_arn", Way::Out, SecuredBy, ROLE),
    Row("aws_cloudwatch_metric_alarm", "alarm_actions", Way::Out, Notifies, ANY),
    Row("aws_cloudwatch_metric_alarm", "ok_actions", Way::Out, Notifies, ANY),
    Row("aws_db_instance", "db_subnet_group_name", Way::Out, RunsIn, &["aws_db_subnet_group"]),
    Row("aws_db_instance", "kms_key_id", Way::Out, SecuredBy, KEY),
    Row("aws_db_instance", "monitoring_role_arn", Way::Out, SecuredBy, ROLE),
    Row("aws_db_instance", "parameter_group_name", Way::Out, Uses, &["aws_db_parameter_group"]),
    Row("aws_db_instance", "replicate_source_db", Way::Out, Reads, &["aws_db_instance"]),
    Row("aws_db_instance", "vpc_security_group_ids", Way::Out, SecuredBy, GROUP),
    Row("aws_db_proxy", "auth.secret_arn", Way::Out, Reads, ANY),
    Row("aws_db_proxy", "role_arn", Way::Out, SecuredBy, ROLE),
    Row("aws_db_proxy", "vpc_security_group_ids", Way::Out, SecuredBy, GROUP),
    Row("aws_db_proxy", "vpc_subnet_ids", Way::Out, RunsIn, SUBNET),
    Row("aws_db_proxy_target", "db_instance_identifier", Way::Out, Exposes, &["aws_db_instance"]),
    Row("aws_db_proxy_target", "db_proxy_name", Way::Back, Exposes, &["aws_db_proxy"]),
    Row("aws_db_subnet_group", "subnet_ids", Way::Out, RunsIn, SUBNET),
    Row("aws_dynamodb_table", "server_side_encryption.kms_key_arn", Way::Out, SecuredBy, KEY),
    Row(
        "aws_ecs_capacity_provider",
        "auto_scaling_group_provider.auto_scaling_group_arn",
        Way::Out,
        RunsIn,
        &["aws_autoscaling_group"],
    ),
    Row("aws_ecs_service", "cluster", Way::Out, RunsIn, CLUSTER),
    Row("aws_ecs_service", "iam_role", Way::Out, SecuredBy, ROLE),
    Row("aws_ecs_service", "load_balancer.target_group_arn", Way::Back, Exposes, TARGET_GROUP),
    Row("aws_ecs_service", "network_configuration.security_groups", Way::Out, SecuredBy, GROUP),
    Row("aws_ecs_service", "network_configuration.subnets", Way::Out, RunsIn, SUBNET),
    Row("aws_ecs_service", "task_definition", Way::Out, Uses, &["aws_ecs_task_definition"]),
    Row("aws_ecs_task_definition", "execution_role_arn", Way::Out, SecuredBy, ROLE),
    Row("aws_ecs_task_definition", "task_role_arn", Way::Out, SecuredBy, ROLE),
    Row("aws_ecs_task_definition", "volume.efs_volume_configuration.file_system_id", Way::Out, Reads, ANY),
    Row("aws_efs_access_point", "file_system_id", Way::Out, Exposes, &["aws_efs_file_system"]),
    Row("aws_efs_mount_target", "file_system_id", Way::Back, Exposes, &["aws_efs_file_system"]),
    Row("aws_efs_mount_target", "security_groups", Way::Out, SecuredBy, GROUP),
    Row("aws_efs_mount_target", "subnet_id", Way::Out, RunsIn, SUBNET),
    Row("aws_eks_cluster", "role_arn", Way::Out, SecuredBy, ROLE),
    Row("aws_eks_cluster", "vpc_config.security_group_ids", Way::Out, SecuredBy, GROUP),
    Row("aws_eks_cluster", "vpc_config.subnet_ids", Way::Out, RunsIn, SUBNET),
    Row("aws_eks_node_group", "cluster_name", Way::Out, RunsIn, &["aws_eks_cluster"]),
    Row("aws_eks_node_group", "node_role_arn", Way::Out, SecuredBy, ROLE),
    Row("aws_eks_node_group", "subnet_ids", Way::Out, RunsIn, SUBNET),
    Row("aws_elasticache_cluster", "security_group_ids", Way::Out, SecuredBy, GROUP),
    Row("aws_elasticache_cluster", "subnet_group_name", Way::Out, RunsIn, &["aws_elasticache_subnet_group"]),
    Row("aws_elasticache_replication_group", "security_group_ids", Way::Out, SecuredBy, GROUP),
    Row("aws_elasticache_replication_group", "subnet_group_name", Way::Out, RunsIn, &["aws_elasticache_subnet_group"]),
    Row("aws_elasticache_subnet_group", "subnet_ids", Way::Out, RunsIn, SUBNET),
    Row("aws_elb", "instances", Way::Out, Exposes, &["aws_instance"]),
    Row("aws_elb", "security_groups", Way::Out, SecuredBy, GROUP),
    Row("aws_elb", "subnets", Way::Out, RunsIn, SUBNET),
    Row("aws_iam_instance_profile", "role", Way::Out, SecuredBy, ROLE),
    Row("aws_iam_role_policy", "role", Way::Back, SecuredBy, ROLE),
    Row("aws_iam_role_policy_attachment", "policy_arn", Way::Out, Uses, &["aws_iam_policy"]),
    Row("aws_iam_role_policy_attachment", "role", Way::Back, SecuredBy, ROLE),
    Row("aws_instance", "iam_instance_profile", Way::Out, SecuredBy, &["aws_iam_instance_profile"]),
    Row("aws_instance", "subnet_id", Way::Out, RunsIn, SUBNET),
    Row("aws_instance", "vpc_security_group_ids", Way::Out, SecuredBy, GROUP),
    Row("aws_internet_gateway", "vpc_id", Way::Out, RunsIn, VPC),
    Row("aws_kinesis_firehose_delivery_stream", "extended_s3_configuration.bucket_arn", Way::Out, Writes, ANY),
    Row("aws_kinesis_firehose_delivery_stream", "extended_s3_configuration.role_arn", Way::Out, SecuredBy, ROLE),
    Row(
        "aws_kinesis_firehose_delivery_stream",
        "kinesis_source_configuration.kinesis_stream_arn",
        Way::Out,
        Reads,
        ANY,
    ),
    Row("aws_kinesis_firehose_delivery_stream", "kinesis_source_configuration.role_arn", Way::Out, SecuredBy, ROLE),
    Row("aws_kinesis_stream", "kms_key_id", Way::Out, SecuredBy, KEY),
    Row("aws_kinesis_stream_consumer", "stream_arn", Way::Out, Reads, ANY),
    Row("aws_kms_alias", "target_key_id", Way::Out, Exposes, KEY),
    Row("aws_lambda_alias", "function_name", Way::Out, Exposes, FUNCTION),
    Row(
        "aws_lambda_event_source_mapping",
        "destination_config.on_failure.destination_arn",
        Way::Out,
        DeadLettersTo,
        ANY,
    ),
    Row("aws_lambda_event_source_mapping", "event_source_arn", Way::Out, Reads, ANY),
    Row("aws_lambda_event_source_mapping", "function_arn", Way::Out, Triggers, FUNCTION),
    Row("aws_lambda_event_source_mapping", "function_name", Way::Out, Triggers, FUNCTION),
    Row("aws_lambda_function", "dead_letter_config.target_arn", Way::Out, DeadLettersTo, ANY),
    Row("aws_lambda_function", "file_system_config.arn", Way::Out, Reads, ANY),
    Row("aws_lambda_function", "kms_key_arn", Way::Out, SecuredBy, KEY),
    Row("aws_lambda_function", "layers", Way::Out, Uses, ANY),
    Row("aws_lambda_function", "logging_config.log_group", Way::Out, LogsTo, LOG_GROUP),
    Row("aws_lambda_function", "role", Way::Out, SecuredBy, ROLE),
    Row("aws_lambda_function", "vpc_config.security_group_ids", Way::Out, SecuredBy, GROUP),
    Row("aws_lambda_function", "vpc_config.subnet_ids", Way::Out, RunsIn, SUBNET),
    Row("aws_lambda_permission", "function_name", Way::Back, SecuredBy, FUNCTION),
    Row("aws_lambda_provisioned_concurrency_config", "function_name", Way::Back, Uses, FUNCTION),
    Row("aws_lb", "security_groups", Way::Out, SecuredBy, GROUP),
    Row("aws_lb", "subnets", Way::Out, RunsIn, SUBNET),
    Row("aws_lb_listener", "certificate_arn", Way::Out, SecuredBy, ANY),
    Row("aws_lb_listener", "default_action.forward.target_group.arn", Way::Out, Exposes, TARGET_GROUP),
    Row("aws_lb_listener", "default_action.target_group_arn", Way::Out, Exposes, TARGET_GROUP),
    Row("aws_lb_listener", "load_balancer_arn", Way::Back, Exposes, LOAD_BALANCER),
    Row("aws_lb_listener_rule", "action.forward.target_group.arn", Way::Out, Exposes, TARGET_GROUP),
    Row("aws_lb_listener_rule", "action.target_group_arn", Way::Out, Exposes, TARGET_GROUP),
    Row("aws_lb_listener_rule", "listener_arn", Way::Back, Exposes, &["aws_lb_listener"]),
    Row("aws_lb_target_group", "vpc_id", Way::Out, RunsIn, VPC),
    Row("aws_lb_target_group_attachment", "target_group_arn", Way::Back, Exposes, TARGET_GROUP),
    Row("aws_lb_target_group_attachment", "target_id", Way::Out, Exposes, ANY),
    Row("aws_mq_broker", "security_groups", Way::Out, SecuredBy, GROUP),
    Row("aws_mq_broker", "subnet_ids", Way::Out, RunsIn, SUBNET),
    Row("aws_msk_cluster", "broker_node_group_info.client_subnets", Way::Out, RunsIn, SUBNET),
    Row("aws_msk_cluster", "broker_node_group_info.security_groups", Way::Out, SecuredBy, GROUP),
    Row("aws_nat_gateway", "allocation_id", Way::Out, Uses, &["aws_eip"]),
    Row("aws_nat_gateway", "subnet_id", Way::Out, RunsIn, SUBNET),
    Row("aws_opensearch_domain", "vpc_options.security_group_ids", Way::Out, SecuredBy, GROUP),
    Row("aws_opensearch_domain", "vpc_options.subnet_ids", Way::Out, RunsIn, SUBNET),
    Row("aws_pipes_pipe", "enrichment", Way::Out, Calls, ANY),
    Row("aws_pipes_pipe", "role_arn", Way::Out, SecuredBy, ROLE),
    Row("aws_pipes_pipe", "source", Way::Out, Reads, ANY),
    Row("aws_pipes_pipe", "target", Way::Out, Triggers, ANY),
    Row("aws_rds_cluster", "db_cluster_parameter_group_name", Way::Out, Uses, &["aws_rds_cluster_parameter_group"]),
    Row("aws_rds_cluster", "db_subnet_group_name", Way::Out, RunsIn, &["aws_db_subnet_group"]),
    Row("aws_rds_cluster", "kms_key_id", Way::Out, SecuredBy, KEY),
    Row("aws_rds_cluster", "vpc_security_group_ids", Way::Out, SecuredBy, GROUP),
    Row("aws_rds_cluster_instance", "cluster_identifier", Way::Back, Exposes, &["aws_rds_cluster"]),
    Row("aws_rds_cluster_instance", "db_parameter_group_name", Way::Out, Uses, &["aws_db_parameter_group"]),
    Row("aws_route", "nat_gateway_id", Way::Out, Uses, &["aws_nat_gateway"]),
    Row("aws_route", "route_table_id", Way::Back, Uses, &["aws_route_table"]),
    Row("aws_route53_record", "alias.name", Way::Out, Exposes, ANY),
    Row("aws_route53_record", "records", Way::Out, Exposes, ANY),
    Row("aws_route53_record", "zone_id", Way::Out, RunsIn, &["aws_route53_zone"]),
    Row("aws_route_table", "route.gateway_id", Way::Out, Uses, &["aws_internet_gateway"]),
    Row("aws_route_table", "route.nat_gateway_id", Way::Out, Uses, &["aws_nat_gateway"]),
    Row("aws_route_table", "vpc_id", Way::Out, RunsIn, VPC),
    Row("aws_route_table_association", "route_table_id", Way::Out, Uses, &["aws_route_table"]),
    Row("aws_route_table_association", "subnet_id", Way::Back, Uses, SUBNET),
    Row("aws_s3_bucket_policy", "bucket", Way::Back, SecuredBy, &["aws_s3_bucket"]),
    Row("aws_s3_bucket_public_access_block", "bucket", Way::Back, SecuredBy, &["aws_s3_bucket"]),
    Row("aws_scheduler_schedule", "target.arn", Way::Out, Triggers, ANY),
    Row("aws_scheduler_schedule", "target.dead_letter_config.arn", Way::Out, DeadLettersTo, ANY),
    Row("aws_scheduler_schedule", "target.role_arn", Way::Out, SecuredBy, ROLE),
    Row("aws_secretsmanager_secret", "kms_key_id", Way::Out, SecuredBy, KEY),
    Row("aws_secretsmanager_secret_rotation", "rotation_lambda_arn", Way::Out, Calls, FUNCTION),
    Row("aws_secretsmanager_secret_rotation", "secret_id", Way::Out, Writes, &["aws_secretsmanager_secret"]),
    Row("aws_secretsmanager_secret_version", "secret_id", Way::Back, Uses, &["aws_secretsmanager_secret"]),
    Row("aws_security_group", "ingress.security_groups", Way::Out, Admits, GROUP),
    Row("aws_security_group", "vpc_id", Way::Out, RunsIn, VPC),
    Row("aws_security_group_rule", "security_group_id", Way::Back, Uses, GROUP),
    Row("aws_security_group_rule", "source_security_group_id", Way::Out, Admits, GROUP),
    Row("aws_sfn_state_machine", "role_arn", Way::Out, SecuredBy, ROLE),
    Row("aws_sns_topic", "kms_master_key_id", Way::Out, SecuredBy, KEY),
    Row("aws_sns_topic_policy", "arn", Way::Back, SecuredBy, &["aws_sns_topic"]),
    Row("aws_sns_topic_subscription", "endpoint", Way::Out, Triggers, ANY),
    Row("aws_sns_topic_subscription", "topic_arn", Way::Back, Triggers, &["aws_sns_topic"]),
    Row("aws_sqs_queue", "kms_master_key_id", Way::Out, SecuredBy, KEY),
    Row("aws_sqs_queue_policy", "queue_url", Way::Back, SecuredBy, &["aws_sqs_queue"]),
    Row("aws_subnet", "vpc_id", Way::Out, RunsIn, VPC),
    Row("aws_volume_attachment", "instance_id", Way::Back, Uses, &["aws_instance"]),
    Row("aws_volume_attachment", "volume_id", Way::Out, Uses, &["aws_ebs_volume"]),
    Row("aws_vpc_endpoint", "route_table_ids", Way::Out, Uses, &["aws_route_table"]),
    Row("aws_vpc_endpoint", "security_group_ids", Way::Out, SecuredBy, GROUP),
    Row("aws_vpc_endpoint", "subnet_ids", Way::Out, RunsIn, SUBNET),
    Row("aws_vpc_endpoint", "vpc_id", Way::Out, RunsIn, VPC),
    Row("aws_vpc_security_group_egress_rule", "security_group_id", Way::Back, Uses, GROUP),
    Row("aws_vpc_security_group_ingress_rule", "referenced_security_group_id", Way::Out, Admits, GROUP),
    Row("aws_vpc_security_group_ingress_rule", "security_group_id", Way::Back, Uses, GROUP),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_by_type() {
        assert!(ROWS.windows(2).all(|two| (two[0].0, two[0].1) < (two[1].0, two[1].1)));
    }
}
