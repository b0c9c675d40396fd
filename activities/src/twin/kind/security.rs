//! What permits, keeps secrets and watches: IAM, KMS, Secrets Manager, parameters, CloudWatch, Cognito.

use super::{Kind, boolean, document, integer, kept, kind, list, number, reference, text};

pub(super) const KINDS: &[Kind] = &[
    kind(
        "aws_cloudwatch_composite_alarm",
        ("cloudwatch", "AWS::CloudWatch::CompositeAlarm"),
        "composite alarm",
        &["alarm_name"],
        &[text("alarm_name"), text("alarm_rule"), reference("alarm_actions")],
    ),
    kind(
        "aws_cloudwatch_log_group",
        ("logs", "AWS::Logs::LogGroup"),
        "log group",
        &["name"],
        &[text("name"), integer("retention_in_days"), text("log_group_class")],
    )
    .shared(),
    kind(
        "aws_cloudwatch_log_subscription_filter",
        ("logs", "AWS::Logs::SubscriptionFilter"),
        "log subscription",
        &[],
        &[text("name"), reference("log_group_name"), reference("destination_arn"), text("filter_pattern")],
    ),
    kind(
        "aws_cloudwatch_metric_alarm",
        ("cloudwatch", "AWS::CloudWatch::Alarm"),
        "alarm",
        &["alarm_name"],
        &[
            text("alarm_name"),
            text("namespace"),
            text("metric_name"),
            document("dimensions"),
            document("metric_query"),
            text("statistic"),
            number("threshold"),
            text("comparison_operator"),
            integer("period"),
            integer("evaluation_periods"),
            integer("datapoints_to_alarm"),
            text("treat_missing_data"),
        ],
    ),
    kind(
        "aws_cognito_user_pool",
        ("cognito-idp", "AWS::Cognito::UserPool"),
        "user pool",
        &["name", "endpoint"],
        &[text("name"), text("mfa_configuration"), document("lambda_config")],
    ),
    kind(
        "aws_iam_instance_profile",
        ("iam", "AWS::IAM::InstanceProfile"),
        "instance profile",
        &["name"],
        &[text("name"), reference("role")],
    )
    .shared(),
    kind(
        "aws_iam_policy",
        ("iam", "AWS::IAM::ManagedPolicy"),
        "IAM policy",
        &["name"],
        &[text("name"), integer("attachment_count"), kept(document("policy"))],
    )
    .shared(),
    kind(
        "aws_iam_role",
        ("iam", "AWS::IAM::Role"),
        "IAM role",
        &["name"],
        &[
            text("name"),
            integer("max_session_duration"),
            reference("permissions_boundary"),
            kept(document("assume_role_policy")),
            kept(document("inline_policy")),
        ],
    )
    .shared(),
    kind(
        "aws_iam_role_policy",
        ("iam", "AWS::IAM::RolePolicy"),
        "inline policy",
        &[],
        &[text("name"), reference("role"), kept(document("policy"))],
    ),
    kind(
        "aws_iam_role_policy_attachment",
        ("iam", ""),
        "policy attachment",
        &[],
        &[reference("role"), reference("policy_arn")],
    ),
    kind(
        "aws_kms_alias",
        ("kms", "AWS::KMS::Alias"),
        "key alias",
        &["name"],
        &[text("name"), reference("target_key_id")],
    )
    .shared(),
    kind(
        "aws_kms_key",
        ("kms", "AWS::KMS::Key"),
        "key",
        &["key_id"],
        &[
            text("description"),
            text("key_usage"),
            boolean("is_enabled"),
            boolean("enable_key_rotation"),
            kept(document("policy")),
        ],
    )
    .shared(),
    kind(
        "aws_secretsmanager_secret",
        ("secretsmanager", "AWS::SecretsManager::Secret"),
        "secret",
        &["name"],
        &[text("name"), boolean("rotation_enabled"), integer("recovery_window_in_days")],
    ),
    kind(
        "aws_secretsmanager_secret_rotation",
        ("secretsmanager", "AWS::SecretsManager::RotationSchedule"),
        "secret rotation",
        &[],
        &[
            reference("secret_id"),
            reference("rotation_lambda_arn"),
            boolean("rotation_enabled"),
            document("rotation_rules"),
        ],
    )
    .arn_in(""),
    kind(
        "aws_secretsmanager_secret_version",
        ("secretsmanager", ""),
        "secret version",
        &[],
        &[reference("secret_id"), list("version_stages")],
    )
    .arn_in(""),
    kind(
        "aws_ssm_parameter",
        ("ssm", "AWS::SSM::Parameter"),
        "parameter",
        &["name"],
        &[text("name"), text("type"), text("tier"), integer("version")],
    ),
];
