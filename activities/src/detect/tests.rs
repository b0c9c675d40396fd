use serde_json::{Value, json};

use super::*;
use crate::example;
use crate::shape::ExecutionRef;

fn request(event: Value) -> DetectRequest {
    DetectRequest {
        event,
        settings: example::settings(),
        execution: ExecutionRef {
            arn: "arn:aws:states:eu-west-1:123456789012:execution:sao:x".to_owned(),
            started_at: "2026-11-23T10:15:31Z".to_owned(),
        },
        at: "2026-11-23T10:15:32.000Z".to_owned(),
    }
}

/// The usual event with the value at a pointer replaced.
fn with(pointer: &str, value: Value) -> Value {
    let mut event = example::event();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    event.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(name.to_owned(), value);
    event
}

/// Expects `incident`, `ignore: ` and a part of the reason, or `error: ` and a part of the message.
#[track_caller]
fn check(event: Value, expect: &str) {
    let found = match detect(request(event)) {
        Ok(DetectAnswer::Incident { .. }) => "incident".to_owned(),
        Ok(DetectAnswer::Ignore { reason }) => format!("ignore: {reason}"),
        Err(error) => format!("error: {}", error.message()),
    };
    let (kind, part) = expect.split_once(": ").unwrap_or((expect, ""));
    assert!(found.starts_with(kind) && found.contains(part), "found `{found}`, expected `{expect}`");
}

#[track_caller]
fn incident_of(event: Value) -> Incident {
    match detect(request(event)).unwrap() {
        DetectAnswer::Incident { incident, .. } => *incident,
        DetectAnswer::Ignore { reason } => panic!("ignored: {reason}"),
    }
}

#[test]
fn a_transition_to_alarm_is_an_incident() {
    let incident = incident_of(example::event());
    assert_eq!(incident.resource.kind.as_deref(), Some("aws_lambda_function"));
    assert_eq!(
        incident.resource.aliases,
        ["arn:aws:lambda:eu-west-1:123456789012:function:shop-orders", "shop-orders"]
    );
    assert_eq!(incident.started_at, "2026-11-23T10:15:30.123Z");
    assert_eq!(incident.alarm.kind, AlarmKind::Metric);
}

#[test]
fn other_transitions_are_ignored() {
    check(with("/detail/state/value", json!("OK")), "ignore: is OK");
    check(with("/detail/state/value", json!("INSUFFICIENT_DATA")), "ignore: only a transition to ALARM");
    check(with("/detail/previousState/value", json!("ALARM")), "ignore: was in ALARM before");
}

#[test]
fn a_suppressed_alarm_is_ignored() {
    check(with("/detail/state/actionsSuppressedBy", json!("WaitPeriod")), "ignore: suppressed by WaitPeriod");
}

#[test]
fn the_platforms_own_alarms_are_ignored() {
    check(with("/detail/alarmName", json!("sao-executions-failed")), "ignore: the platform's own");
}

#[test]
fn what_is_no_alarm_event_is_refused() {
    check(json!({}), "error: not a CloudWatch alarm event");
    check(json!([1]), "error: not a CloudWatch alarm event");
    check(with("/source", json!("aws.ec2")), "error: `aws.ec2`");
    check(with("/detail", json!({})), "error: alarmName");
    check(with("/detail/state/value", json!("FIRE")), "error: `FIRE`");
    check(with("/detail/state/timestamp", json!("yesterday")), "error: `yesterday`");
    check(with("/account", json!("12")), "error: twelve digits");
    check(with("/region", json!("eu west")), "error: `eu west`");
}

#[test]
fn an_alarm_of_another_account_than_its_event_is_refused() {
    check(
        with("/resources", json!(["arn:aws:cloudwatch:eu-west-1:999999999999:alarm:shop-orders-duration"])),
        "error: account and region",
    );
}

#[test]
fn fields_that_aws_adds_are_no_reason_to_lose_an_incident() {
    check(with("/detail/newField", json!({"a": 1})), "incident");
}

#[test]
fn a_second_delivery_has_the_same_identity() {
    let mut second = with("/id", json!("another-delivery"));
    second["time"] = json!("2026-11-23T10:16:00Z");
    assert_eq!(incident_of(second.clone()).id, incident_of(example::event()).id);
    assert_eq!(intake(&second).unwrap().name, incident_of(example::event()).id);
}

#[test]
fn another_transition_region_or_alarm_has_another_identity() {
    let id = incident_of(example::event()).id;
    assert!(id.len() <= 80);
    assert_ne!(incident_of(with("/detail/state/timestamp", json!("2026-11-23T10:15:30.124+0000"))).id, id);
    assert_ne!(
        incident_of(with("/resources", json!(["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:other"]))).id,
        id
    );
}

#[test]
fn the_canonical_input_does_not_depend_on_the_order_of_keys() {
    let text = r#"{"source":"aws.cloudwatch","b":1,"a":[{"y":1,"x":2}]}"#;
    let value: Value = serde_json::from_str(text).unwrap();
    assert_eq!(sorted(&value).to_string(), r#"{"a":[{"x":2,"y":1}],"b":1,"source":"aws.cloudwatch"}"#);
}

#[test]
fn metric_math_names_the_resource_that_most_metrics_name() {
    let metric = |id: &str, function: &str| {
        json!({"id": id, "returnData": false, "metricStat": {"period": 300, "stat": "Sum", "metric": {
            "namespace": "AWS/Lambda", "name": "Errors", "dimensions": {"FunctionName": function}}}})
    };
    let metrics = json!([
        {"id": "e1", "expression": "m1/m2", "label": "rate", "returnData": true},
        metric("m0", "shop-web"), metric("m1", "shop-orders"), metric("m2", "shop-orders")
    ]);
    let incident = incident_of(with("/detail/configuration/metrics", metrics));
    assert_eq!(incident.alarm.kind, AlarmKind::MetricMath);
    assert_eq!(incident.resource.name.as_deref(), Some("shop-orders"));
    assert_eq!(incident.alarm.metrics[0].period_seconds, 300);
}

#[test]
fn a_composite_alarm_names_its_children() {
    let configuration = json!({"alarmRule": "ALARM(\"shop a\") AND (ALARM(b) OR ALARM(\"shop a\"))"});
    let incident = incident_of(with("/detail/configuration", configuration));
    assert_eq!(incident.alarm.kind, AlarmKind::Composite);
    assert_eq!(incident.alarm.children, ["shop a", "b"]);
    assert_eq!(incident.resource.kind, None);
}

#[test]
fn each_namespace_has_its_own_rule() {
    #[track_caller]
    fn check(namespace: &str, dimensions: Value, expect: (&str, &str)) {
        let found = resource_of(namespace, dimensions.as_object().unwrap(), "123456789012", "eu-west-1");
        assert_eq!(
            (found.kind.as_deref(), found.aliases.first().map(String::as_str)),
            (Some(expect.0), Some(expect.1))
        );
    }
    check(
        "AWS/ECS",
        json!({"ServiceName": "web", "ClusterName": "shop"}),
        ("aws_ecs_service", "arn:aws:ecs:eu-west-1:123456789012:service/shop/web"),
    );
    check(
        "AWS/RDS",
        json!({"DBInstanceIdentifier": "shop"}),
        ("aws_db_instance", "arn:aws:rds:eu-west-1:123456789012:db:shop"),
    );
    check(
        "AWS/ApplicationELB",
        json!({"LoadBalancer": "app/shop/0123"}),
        ("aws_lb", "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/0123"),
    );
    check("AWS/SQS", json!({"QueueName": "orders"}), ("aws_sqs_queue", "arn:aws:sqs:eu-west-1:123456789012:orders"));
}

#[test]
fn an_unknown_namespace_leaves_its_dimensions_as_aliases() {
    let found = resource_of("Shop/Custom", json!({"Team": "orders"}).as_object().unwrap(), "123456789012", "eu-west-1");
    assert_eq!((found.kind, found.aliases), (None, vec!["orders".to_owned()]));
}

#[test]
fn the_first_reads_fit_into_a_state() {
    let DetectAnswer::Incident { reads, .. } = detect(request(example::event())).unwrap() else {
        panic!("an incident")
    };
    let total: u32 = reads.iter().map(|read| read.max_bytes).sum();
    assert!(total <= 130_000, "{total} bytes of answers leave no room for the context");
    let mut ids: Vec<&str> = reads.iter().map(|read| read.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), reads.len(), "the names of reads are unique");
    for kind in
        ["topology", "governance", "constraints", "kill_switch", "configuration", "logs", "metrics", "precedents"]
    {
        assert!(reads.iter().any(|read| read.read.kind() == kind), "{kind}");
    }
}

#[test]
fn settings_out_of_bounds_are_refused() {
    let mut bad = request(example::event());
    bad.settings.reminder_seconds = 7_200;
    assert!(detect(bad).unwrap_err().message().contains("must rise"));
}
