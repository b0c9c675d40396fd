use serde_json::{Value, json};

use super::*;
use crate::context::context;
use crate::example::{self, observed_with};
use crate::shape::{ContextRequest, Observation};
use crate::tool::ToolUse;

const AT: &str = "2026-11-23T10:15:36.000Z";

/// An incident whose alarm watches another metric of another resource.
fn incident(namespace: &str, metric: &str, kind: &str, name: &str) -> Incident {
    let mut incident = example::incident();
    incident.alarm.metrics[0].namespace = namespace.to_owned();
    incident.alarm.metrics[0].name = metric.to_owned();
    incident.resource.kind = Some(kind.to_owned());
    incident.resource.name = Some(name.to_owned());
    incident
}

fn lambda(metric: &str) -> Incident {
    incident("AWS/Lambda", metric, "aws_lambda_function", "shop-orders")
}

fn decide(incident: Incident, observations: Vec<Observation>) -> ToolUse {
    let settings = example::settings();
    let made = context(ContextRequest {
        incident: incident.clone(),
        settings: settings.clone(),
        observations: observations.clone(),
        former: None,
        turn: 1,
        at: AT.to_owned(),
    });
    let request = ReasonRequest {
        incident,
        settings,
        context: made.unwrap(),
        observations,
        conversation: Vec::new(),
        turn: 1,
        usage: Usage::default(),
        at: AT.to_owned(),
    };
    let found = answer(&request);
    assert_eq!(found.reasoner.label(), "rules: playbook v1");
    assert_eq!(found, answer(&request), "the same evidence gives the same answer");
    tool::read(&found).unwrap()
}

/// Expects `action parameters` or `verdict: part of cause or reason`.
#[track_caller]
fn check(incident: Incident, observations: Vec<Observation>, expect: &str) {
    match decide(incident, observations).input {
        ToolInput::Propose(input) => {
            assert_eq!(format!("{} {}", input.action.name, input.action.parameters), expect, "{}", input.rationale);
            assert!(input.evidence.len() > 1, "a proposal cites more than the alarm");
            assert!(!input.cause.is_empty());
        }
        ToolInput::Undetermined(input) => {
            let verdict = if input.verdict == NoProposal::None { "none" } else { "undetermined" };
            let (kind, part) = expect.split_once(": ").unwrap_or((expect, ""));
            let text = format!("{} {}", input.cause, input.reason);
            assert!(verdict == kind && text.contains(part), "{verdict}: {text}");
        }
        ToolInput::Evidence(_) => panic!("the rules ask for no evidence"),
    }
}

fn report(used: u32) -> Value {
    json!({"group": "g", "lines": [{"at": "", "message": format!("REPORT RequestId: 1 Memory Size: 256 MB Max Memory Used: {used} MB")}]})
}

fn lines(message: &str, count: usize) -> Value {
    json!({"group": "g", "lines": vec![json!({"at": "2026-11-23T10:14:00Z", "message": message}); count]})
}

#[test]
fn a_duration_near_the_timeout_raises_it_by_half_of_what_was_measured() {
    check(lambda("Duration"), example::observed(), r#"lambda_update_timeout {"timeout":15}"#);
}

#[test]
fn invocations_that_were_cut_off_double_it() {
    check(
        lambda("Duration"),
        observed_with("logs", lines("Task timed out after 10.00 seconds", 2)),
        r#"lambda_update_timeout {"timeout":20}"#,
    );
}

#[test]
fn a_function_that_is_short_of_memory_gets_memory() {
    check(lambda("Duration"), observed_with("logs", report(250)), r#"lambda_update_memory {"memory_size":512}"#);
}

#[test]
fn a_function_that_waits_for_something_is_not_helped_by_a_longer_timeout() {
    check(
        lambda("Duration"),
        observed_with("logs", lines("connect ECONNREFUSED 10.0.1.5:5432", 5)),
        "undetermined: does not answer",
    );
}

#[test]
fn a_duration_far_from_the_timeout_is_undetermined() {
    let metrics = json!({"series": [{"id": "watched", "points": [{"at": "2026-11-23T10:14:00Z", "value": 3000.0}]}]});
    check(lambda("Duration"), observed_with("metrics", metrics), "undetermined: not what holds it back");
}

#[test]
fn no_measurement_is_no_proposal() {
    check(
        lambda("Duration"),
        observed_with("metrics", json!({"error": {"type": "AccessDenied", "message": "no"}})),
        "undetermined: no duration was measured",
    );
    check(
        lambda("Duration"),
        observed_with("configuration", json!({"error": {"type": "Throttling", "message": "slow"}})),
        "undetermined: could not be read",
    );
}

#[test]
fn what_failed_before_is_not_repeated() {
    let failed =
        json!({"precedents": [example::precedent("lambda_update_timeout", json!({"timeout": 15}), "unchanged")]});
    check(lambda("Duration"), observed_with("precedents", failed), r#"lambda_update_memory {"memory_size":512}"#);
}

#[test]
fn when_everything_failed_before_a_human_looks() {
    let failed = json!({"precedents": [
        example::precedent("lambda_update_timeout", json!({"timeout": 15}), "unchanged"),
        example::precedent("lambda_update_memory", json!({"memory_size": 512}), "undone")
    ]});
    check(lambda("Duration"), observed_with("precedents", failed), "undetermined: has failed before");
}

#[test]
fn what_worked_before_is_preferred_and_cited() {
    let worked =
        json!({"precedents": [example::precedent("lambda_update_memory", json!({"memory_size": 256}), "recovered")]});
    let ToolInput::Propose(input) = decide(lambda("Duration"), observed_with("precedents", worked)).input else {
        panic!("a proposal")
    };
    assert_eq!(input.action.name, "lambda_update_memory");
    assert!(input.rationale.contains("inc-former (91% similar)"), "{}", input.rationale);
}

#[test]
fn what_failed_elsewhere_is_tried_last() {
    let mut elsewhere = example::precedent("lambda_update_timeout", json!({"timeout": 15}), "undone");
    elsewhere["precedent"]["node"] = json!("aws_lambda_function.other");
    let past = json!({"precedents": [elsewhere]});
    check(lambda("Duration"), observed_with("precedents", past), r#"lambda_update_memory {"memory_size":512}"#);
}

#[test]
fn a_precedent_that_is_not_similar_teaches_nothing() {
    let mut far = example::precedent("lambda_update_timeout", json!({"timeout": 15}), "unchanged");
    far["similarity"] = json!(0.2);
    check(
        lambda("Duration"),
        observed_with("precedents", json!({"precedents": [far]})),
        r#"lambda_update_timeout {"timeout":15}"#,
    );
}

fn concurrency(reserved: Value, most: f64) -> Vec<Observation> {
    let mut observations = observed_with(
        "configuration",
        json!({"resource_type": "aws_lambda_function", "name": "shop-orders", "attributes": {
        "function_name": "shop-orders", "timeout": 10, "memory_size": 256, "reserved_concurrent_executions": reserved}}),
    );
    let series = json!({"series": [{"id": "concurrent_executions_maximum", "points": [{"at": "2026-11-23T10:14:00Z", "value": most}]}]});
    observations.retain(|one| one.id != "metrics");
    observations.push(example::observation("metrics", series));
    observations
}

#[test]
fn throttles_raise_a_reservation_that_is_used_up() {
    check(
        lambda("Throttles"),
        concurrency(json!(10), 10.0),
        r#"lambda_update_reserved_concurrency {"reserved_concurrent_executions":15}"#,
    );
}

#[test]
fn throttles_without_a_reservation_are_the_accounts() {
    check(lambda("Throttles"), concurrency(Value::Null, 900.0), "none: the account's limit");
    check(lambda("Throttles"), concurrency(json!(0), 0.0), "none: switched it off");
    check(lambda("Throttles"), concurrency(json!(100), 5.0), "undetermined: bursts");
}

#[test]
fn errors_after_a_release_are_for_a_human() {
    let changes = json!({"changes": [{"at": "2026-11-23T09:40:00Z", "action": "UpdateFunctionCode20150331v2", "by": "deployer"}]});
    check(
        lambda("Errors"),
        observed_with("changes", changes),
        "none: began after UpdateFunctionCode20150331v2 by deployer",
    );
}

#[test]
fn errors_for_lack_of_memory_get_memory() {
    check(
        lambda("Errors"),
        observed_with("logs", lines("Runtime exited with error: signal: killed", 3)),
        r#"lambda_update_memory {"memory_size":512}"#,
    );
}

#[test]
fn errors_that_nothing_explains_are_undetermined() {
    check(lambda("Errors"), example::observed(), "undetermined: read the log");
}

fn ecs(utilisation: f64) -> Vec<Observation> {
    let configuration = json!({"kind": "configuration", "resource_type": "aws_ecs_service", "name": "shop/cart"});
    let mut observations = observed_with(
        "topology",
        json!({"node": {"id": "aws_ecs_service.cart", "type": "aws_ecs_service",
        "names": ["cart", "shop/cart"], "attributes": {"name": "cart", "cluster": "shop"}}}),
    );
    observations.retain(|one| one.id != "configuration" && one.id != "metrics");
    let mut found = example::observation(
        "configuration",
        json!({"resource_type": "aws_ecs_service", "name": "shop/cart",
        "attributes": {"cluster": "shop", "service": "cart", "desired_count": 4, "running_count": 4}}),
    );
    found.read = serde_json::from_value(configuration).unwrap();
    observations.push(found);
    let series =
        json!({"series": [{"id": "watched", "points": [{"at": "2026-11-23T10:14:00Z", "value": utilisation}]}]});
    observations.push(example::observation("metrics", series));
    observations
}

#[test]
fn a_loaded_service_gets_tasks() {
    let incident = || incident("AWS/ECS", "CPUUtilization", "aws_ecs_service", "shop/cart");
    check(incident(), ecs(90.0), r#"ecs_update_desired_count {"desired_count":6}"#);
    check(incident(), ecs(40.0), "undetermined: not high any more");
}

#[test]
fn a_service_whose_tasks_do_not_run_is_restarted() {
    check(
        incident("ECS/ContainerInsights", "RunningTaskCount", "aws_ecs_service", "shop/cart"),
        ecs(10.0),
        "ecs_restart_service {}",
    );
}

#[test]
fn unhealthy_targets_restart_the_one_service_behind_them() {
    let mut topology = json!({
        "node": {"id": "aws_lb_target_group.cart", "type": "aws_lb_target_group", "names": ["cart"], "attributes": {}},
        "neighbours": [{"node": {"id": "aws_ecs_service.cart", "type": "aws_ecs_service", "names": ["shop/cart"], "attributes": {}},
            "relation": "exposes", "direction": "depends_on", "distance": 1}]
    });
    let incident = || incident("AWS/ApplicationELB", "UnHealthyHostCount", "aws_lb_target_group", "targetgroup/cart/1");
    check(incident(), observed_with("topology", topology.clone()), "ecs_restart_service {}");
    let second = topology["neighbours"][0].clone();
    topology["neighbours"].as_array_mut().unwrap().push(second);
    check(incident(), observed_with("topology", topology), "undetermined: cannot be told");
}

fn rds(values: &[f64], status: &str) -> Vec<Observation> {
    let mut observations = observed_with(
        "topology",
        json!({"node": {"id": "aws_db_instance.shop", "type": "aws_db_instance",
        "names": ["shop"], "attributes": {"identifier": "shop"}}}),
    );
    observations.retain(|one| one.id != "configuration" && one.id != "metrics");
    let mut found = example::observation(
        "configuration",
        json!({"resource_type": "aws_db_instance", "name": "shop",
        "attributes": {"db_instance_identifier": "shop", "db_instance_status": status}}),
    );
    found.read =
        serde_json::from_value(json!({"kind": "configuration", "resource_type": "aws_db_instance", "name": "shop"}))
            .unwrap();
    observations.push(found);
    let points: Vec<Value> = values.iter().map(|value| json!({"at": "2026-11-23T10:14:00Z", "value": value})).collect();
    observations.push(example::observation("metrics", json!({"series": [{"id": "watched", "points": points}]})));
    observations
}

#[test]
fn connections_that_are_not_given_back_reboot_the_database_at_high_risk() {
    let incident = || incident("AWS/RDS", "DatabaseConnections", "aws_db_instance", "shop");
    check(incident(), rds(&[20.0, 22.0, 21.0, 95.0], "available"), "rds_reboot_instance {}");
    let ToolInput::Propose(input) = decide(incident(), rds(&[20.0, 22.0, 21.0, 95.0], "available")).input else {
        panic!("a proposal")
    };
    assert_eq!(input.risk, RiskLevel::High);
    check(incident(), rds(&[20.0, 22.0, 21.0, 30.0], "available"), "undetermined: may be load");
    check(incident(), rds(&[20.0, 22.0, 21.0, 95.0], "modifying"), "none: AWS is working on it");
}

#[test]
fn a_resource_that_the_twin_does_not_hold_gets_no_proposal() {
    check(
        lambda("Duration"),
        observed_with("topology", json!({"problem": "unknown"})),
        "undetermined: not in the twin",
    );
    check(
        lambda("Duration"),
        observed_with("topology", json!({"error": {"type": "NotFound", "message": "no twin"}})),
        "undetermined: could not be read",
    );
}

#[test]
fn an_alarm_without_a_rule_gets_no_proposal() {
    check(lambda("Invocations"), example::observed(), "undetermined: no rule of the playbook");
}
