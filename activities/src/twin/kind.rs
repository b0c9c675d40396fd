//! What is known of each Terraform type: by which names it goes, and which of its attributes matter in an incident.
//!
//! Owns one table, a row for each type. A type without a row is still a node: it has its ARN, its `id` and its `name`.

/// What is known of one Terraform type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The Terraform type.
    pub terraform: &'static str,
    /// What people call it.
    pub noun: &'static str,
    /// The attributes by whose values the resource is known in AWS, beside its ARN and `id`.
    pub names: &'static [&'static str],
    /// The attributes that matter in an incident, most telling first.
    pub facts: &'static [&'static str],
    /// Shared infrastructure: what stands around it has nothing else in common.
    pub shared: bool,
}

/// Looks a Terraform type up.
pub fn kind_of(terraform: &str) -> Option<&'static Kind> {
    // The table is sorted by type, which a test holds.
    KINDS.binary_search_by(|kind| kind.terraform.cmp(terraform)).ok().map(|at| &KINDS[at])
}

/// Every type that is known.
pub fn kinds() -> &'static [Kind] {
    KINDS
}

const fn own(
    terraform: &'static str,
    noun: &'static str,
    names: &'static [&'static str],
    facts: &'static [&'static str],
) -> Kind {
    Kind { terraform, noun, names, facts, shared: false }
}

const fn shared(
    terraform: &'static str,
    noun: &'static str,
    names: &'static [&'static str],
    facts: &'static [&'static str],
) -> Kind {
    Kind { terraform, noun, names, facts, shared: true }
}

const KINDS: &[Kind] = &[
    own("aws_api_gateway_rest_api", "REST API", &["name"], &["name", "endpoint_configuration"]),
    own("aws_api_gateway_stage", "REST API stage", &["stage_name"], &["stage_name", "rest_api_id", "deployment_id"]),
    own("aws_apigatewayv2_api", "HTTP API", &["name", "api_endpoint"], &["name", "protocol_type", "api_endpoint"]),
    own(
        "aws_apigatewayv2_integration",
        "HTTP API integration",
        &[],
        &["integration_type", "integration_uri", "timeout_milliseconds"],
    ),
    own("aws_apigatewayv2_route", "HTTP API route", &["route_key"], &["route_key", "target"]),
    own("aws_apigatewayv2_stage", "HTTP API stage", &["name"], &["name", "auto_deploy", "default_route_settings"]),
    own(
        "aws_appautoscaling_target",
        "scaling target",
        &["resource_id"],
        &["resource_id", "min_capacity", "max_capacity", "scalable_dimension"],
    ),
    own(
        "aws_autoscaling_group",
        "Auto Scaling group",
        &["name"],
        &["name", "min_size", "max_size", "desired_capacity", "health_check_type"],
    ),
    own(
        "aws_cloudfront_distribution",
        "CloudFront distribution",
        &["domain_name", "aliases"],
        &["domain_name", "aliases", "enabled"],
    ),
    own(
        "aws_cloudwatch_event_rule",
        "event rule",
        &["name"],
        &["name", "schedule_expression", "event_pattern", "state"],
    ),
    own("aws_cloudwatch_event_target", "event target", &["target_id"], &["rule", "arn"]),
    shared("aws_cloudwatch_log_group", "log group", &["name"], &["name", "retention_in_days"]),
    own(
        "aws_cloudwatch_metric_alarm",
        "alarm",
        &["alarm_name"],
        &[
            "alarm_name",
            "namespace",
            "metric_name",
            "dimensions",
            "statistic",
            "threshold",
            "comparison_operator",
            "period",
            "evaluation_periods",
        ],
    ),
    own(
        "aws_db_instance",
        "database instance",
        &["identifier", "address", "endpoint"],
        &[
            "identifier",
            "engine",
            "engine_version",
            "instance_class",
            "multi_az",
            "allocated_storage",
            "max_allocated_storage",
            "storage_type",
            "status",
        ],
    ),
    own("aws_db_parameter_group", "database parameter group", &["name"], &["name", "family", "parameter"]),
    own(
        "aws_db_proxy",
        "database proxy",
        &["name", "endpoint"],
        &["name", "engine_family", "endpoint", "idle_client_timeout"],
    ),
    shared("aws_db_subnet_group", "database subnet group", &["name"], &["name", "subnet_ids"]),
    own(
        "aws_dynamodb_table",
        "table",
        &["name"],
        &["name", "billing_mode", "read_capacity", "write_capacity", "hash_key", "range_key"],
    ),
    own("aws_ebs_volume", "volume", &[], &["size", "type", "iops", "throughput"]),
    shared("aws_ecr_repository", "image repository", &["name", "repository_url"], &["name", "repository_url"]),
    shared("aws_ecs_cluster", "ECS cluster", &["name"], &["name", "setting"]),
    own(
        "aws_ecs_service",
        "ECS service",
        &["name"],
        &[
            "name",
            "cluster",
            "desired_count",
            "launch_type",
            "task_definition",
            "deployment_minimum_healthy_percent",
            "deployment_maximum_percent",
        ],
    ),
    own(
        "aws_ecs_task_definition",
        "task definition",
        &["family", "arn_without_revision"],
        &["family", "revision", "cpu", "memory", "container_definitions"],
    ),
    own(
        "aws_efs_file_system",
        "file system",
        &["dns_name"],
        &["performance_mode", "throughput_mode", "provisioned_throughput_in_mibps"],
    ),
    own("aws_eks_cluster", "EKS cluster", &["name", "endpoint"], &["name", "version", "status"]),
    own(
        "aws_elasticache_cluster",
        "cache cluster",
        &["cluster_id", "cluster_address"],
        &["cluster_id", "engine", "node_type", "num_cache_nodes"],
    ),
    own(
        "aws_elasticache_replication_group",
        "cache replication group",
        &["replication_group_id", "primary_endpoint_address"],
        &["replication_group_id", "engine", "node_type", "num_cache_clusters", "automatic_failover_enabled"],
    ),
    shared("aws_iam_policy", "IAM policy", &["name"], &["name", "policy"]),
    shared("aws_iam_role", "IAM role", &["name"], &["name", "assume_role_policy"]),
    own("aws_iam_role_policy", "inline policy", &[], &["name", "role", "policy"]),
    own("aws_iam_role_policy_attachment", "policy attachment", &[], &["role", "policy_arn"]),
    own(
        "aws_instance",
        "EC2 instance",
        &["private_ip", "public_ip", "private_dns"],
        &["instance_type", "instance_state", "ami", "availability_zone"],
    ),
    shared("aws_internet_gateway", "internet gateway", &[], &["vpc_id"]),
    own("aws_kinesis_stream", "stream", &["name"], &["name", "shard_count", "retention_period", "stream_mode_details"]),
    shared("aws_kms_key", "key", &["key_id"], &["description", "key_usage", "enable_key_rotation"]),
    own("aws_lambda_alias", "function alias", &["name"], &["name", "function_name", "function_version"]),
    own(
        "aws_lambda_event_source_mapping",
        "event source mapping",
        &["uuid"],
        &[
            "event_source_arn",
            "function_arn",
            "batch_size",
            "maximum_batching_window_in_seconds",
            "state",
            "scaling_config",
        ],
    ),
    own(
        "aws_lambda_function",
        "Lambda function",
        &["function_name"],
        &[
            "function_name",
            "runtime",
            "timeout",
            "memory_size",
            "reserved_concurrent_executions",
            "architectures",
            "last_modified",
            "version",
            "environment",
        ],
    ),
    own("aws_lambda_permission", "function permission", &[], &["function_name", "principal", "source_arn"]),
    own(
        "aws_lb",
        "load balancer",
        &["name", "dns_name", "arn_suffix"],
        &["name", "load_balancer_type", "dns_name", "idle_timeout"],
    ),
    own("aws_lb_listener", "listener", &[], &["port", "protocol", "default_action"]),
    own("aws_lb_listener_rule", "listener rule", &[], &["priority", "condition", "action"]),
    own(
        "aws_lb_target_group",
        "target group",
        &["name", "arn_suffix"],
        &["name", "port", "protocol", "target_type", "health_check", "deregistration_delay"],
    ),
    own(
        "aws_mq_broker",
        "broker",
        &["broker_name"],
        &["broker_name", "engine_type", "host_instance_type", "deployment_mode"],
    ),
    shared("aws_nat_gateway", "NAT gateway", &["public_ip"], &["connectivity_type", "subnet_id"]),
    own(
        "aws_opensearch_domain",
        "search domain",
        &["domain_name", "endpoint"],
        &["domain_name", "engine_version", "cluster_config"],
    ),
    own(
        "aws_rds_cluster",
        "database cluster",
        &["cluster_identifier", "endpoint", "reader_endpoint"],
        &["cluster_identifier", "engine", "engine_version", "engine_mode", "serverlessv2_scaling_configuration"],
    ),
    own(
        "aws_rds_cluster_instance",
        "database cluster instance",
        &["identifier", "endpoint"],
        &["identifier", "cluster_identifier", "instance_class", "engine"],
    ),
    own("aws_route53_record", "DNS record", &["fqdn", "name"], &["name", "type", "records", "alias"]),
    shared("aws_route_table", "route table", &[], &["vpc_id", "route"]),
    shared("aws_route_table_association", "route table association", &[], &["subnet_id", "route_table_id"]),
    own("aws_s3_bucket", "bucket", &["bucket", "bucket_domain_name", "bucket_regional_domain_name"], &["bucket"]),
    own("aws_s3_bucket_notification", "bucket notification", &[], &["bucket", "lambda_function", "queue", "topic"]),
    own("aws_secretsmanager_secret", "secret", &["name"], &["name", "rotation_enabled"]),
    own("aws_secretsmanager_secret_version", "secret version", &[], &["secret_id", "version_stages"]),
    shared("aws_security_group", "security group", &["name"], &["name", "description", "ingress", "egress"]),
    own("aws_sfn_state_machine", "state machine", &["name"], &["name", "type", "status"]),
    own("aws_sns_topic", "topic", &["name"], &["name", "fifo_topic"]),
    own("aws_sns_topic_subscription", "topic subscription", &[], &["topic_arn", "protocol", "endpoint"]),
    own(
        "aws_sqs_queue",
        "queue",
        &["name", "url"],
        &[
            "name",
            "visibility_timeout_seconds",
            "message_retention_seconds",
            "redrive_policy",
            "delay_seconds",
            "fifo_queue",
        ],
    ),
    own("aws_ssm_parameter", "parameter", &["name"], &["name", "type", "version"]),
    shared("aws_subnet", "subnet", &[], &["availability_zone", "cidr_block", "map_public_ip_on_launch"]),
    shared("aws_vpc", "VPC", &[], &["cidr_block"]),
    shared("aws_vpc_endpoint", "VPC endpoint", &["service_name"], &["service_name", "vpc_endpoint_type", "state"]),
    own(
        "aws_vpc_security_group_egress_rule",
        "egress rule",
        &[],
        &["security_group_id", "cidr_ipv4", "ip_protocol", "from_port", "to_port"],
    ),
    own(
        "aws_vpc_security_group_ingress_rule",
        "ingress rule",
        &[],
        &["security_group_id", "cidr_ipv4", "ip_protocol", "from_port", "to_port"],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_each_row_is_found() {
        assert!(KINDS.windows(2).all(|two| two[0].terraform < two[1].terraform));
        assert!(KINDS.iter().all(|kind| kind_of(kind.terraform) == Some(kind)));
        assert_eq!(kind_of("aws_unknown"), None);
    }

    #[test]
    fn more_than_forty_types_are_known() {
        assert!(kinds().len() >= 40, "{}", kinds().len());
    }
}
