//! What carries messages and starts work: SQS, SNS, EventBridge, Kinesis, Step Functions, schedules, brokers.

use super::{Kind, boolean, document, integer, kept, kind, list, reference, text};

pub(super) const KINDS: &[Kind] = &[
    kind(
        "aws_cloudwatch_event_bus",
        ("events", "AWS::Events::EventBus"),
        "event bus",
        &["name"],
        &[text("name"), reference("dead_letter_config")],
    ),
    kind(
        "aws_cloudwatch_event_rule",
        ("events", "AWS::Events::Rule"),
        "event rule",
        &["name"],
        &[
            text("name"),
            text("schedule_expression"),
            document("event_pattern"),
            text("state"),
            reference("event_bus_name"),
        ],
    ),
    kind(
        "aws_cloudwatch_event_target",
        ("events", ""),
        "event target",
        &[],
        &[reference("rule"), reference("arn"), document("retry_policy"), document("dead_letter_config")],
    )
    .arn_in(""),
    kind(
        "aws_kinesis_firehose_delivery_stream",
        ("firehose", "AWS::KinesisFirehose::DeliveryStream"),
        "delivery stream",
        &["name"],
        &[text("name"), text("destination"), document("kinesis_source_configuration")],
    ),
    kind(
        "aws_kinesis_stream",
        ("kinesis", "AWS::Kinesis::Stream"),
        "stream",
        &["name"],
        &[text("name"), integer("shard_count"), integer("retention_period"), document("stream_mode_details")],
    ),
    kind(
        "aws_kinesis_stream_consumer",
        ("kinesis", "AWS::Kinesis::StreamConsumer"),
        "stream consumer",
        &["name"],
        &[text("name"), reference("stream_arn")],
    ),
    kind(
        "aws_mq_broker",
        ("mq", "AWS::AmazonMQ::Broker"),
        "broker",
        &["broker_name"],
        &[text("broker_name"), text("engine_type"), text("host_instance_type"), text("deployment_mode")],
    ),
    kind(
        "aws_msk_cluster",
        ("kafka", "AWS::MSK::Cluster"),
        "Kafka cluster",
        &["cluster_name"],
        &[
            text("cluster_name"),
            text("kafka_version"),
            integer("number_of_broker_nodes"),
            document("broker_node_group_info"),
            kept(text("bootstrap_brokers")),
        ],
    ),
    kind(
        "aws_pipes_pipe",
        ("pipes", "AWS::Pipes::Pipe"),
        "pipe",
        &["name"],
        &[text("name"), reference("source"), reference("enrichment"), reference("target"), text("desired_state")],
    ),
    kind(
        "aws_scheduler_schedule",
        ("scheduler", "AWS::Scheduler::Schedule"),
        "schedule",
        &["name"],
        &[text("name"), text("schedule_expression"), text("state"), document("target")],
    ),
    kind(
        "aws_sfn_activity",
        ("states", "AWS::StepFunctions::Activity"),
        "Step Functions activity",
        &["name"],
        &[text("name"), text("creation_date")],
    )
    .arn_in("id"),
    kind(
        "aws_sfn_state_machine",
        ("states", "AWS::StepFunctions::StateMachine"),
        "state machine",
        &["name"],
        &[text("name"), text("type"), text("status"), reference("role_arn"), kept(document("definition"))],
    ),
    kind(
        "aws_sns_topic",
        ("sns", "AWS::SNS::Topic"),
        "topic",
        &["name"],
        &[text("name"), boolean("fifo_topic"), document("delivery_policy")],
    ),
    kind(
        "aws_sns_topic_data_protection_policy",
        ("sns", ""),
        "topic data protection",
        &[],
        &[reference("arn"), kept(document("policy"))],
    )
    .arn_in(""),
    kind(
        "aws_sns_topic_policy",
        ("sns", "AWS::SNS::TopicPolicy"),
        "topic policy",
        &[],
        &[reference("arn"), kept(document("policy"))],
    )
    .arn_in(""),
    kind(
        "aws_sns_topic_subscription",
        ("sns", "AWS::SNS::Subscription"),
        "topic subscription",
        &[],
        &[
            reference("topic_arn"),
            text("protocol"),
            kept(reference("endpoint")),
            document("filter_policy"),
            boolean("raw_message_delivery"),
            document("redrive_policy"),
        ],
    ),
    kind(
        "aws_sqs_queue",
        ("sqs", "AWS::SQS::Queue"),
        "queue",
        &["name", "url"],
        &[
            text("name"),
            integer("visibility_timeout_seconds"),
            integer("message_retention_seconds"),
            integer("max_message_size"),
            document("redrive_policy"),
            integer("delay_seconds"),
            boolean("fifo_queue"),
        ],
    ),
    kind(
        "aws_sqs_queue_policy",
        ("sqs", "AWS::SQS::QueuePolicy"),
        "queue policy",
        &[],
        &[reference("queue_url"), kept(document("policy")), kept(list("statement"))],
    ),
];
