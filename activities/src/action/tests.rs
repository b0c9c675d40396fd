//! The catalogue as a whole: what is refused, what it risks, and that what is undone is as before.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::twin::only_node;

/// A node with its configuration, as Terraform state gives them.
fn target(resource_type: &str, attributes: Value) -> (Node, Configuration) {
    let file = json!({"version": 4, "serial": 1, "lineage": "l", "resources": [
        {"mode": "managed", "type": resource_type, "name": "a", "instances": [{"attributes": attributes}]}]});
    let node = only_node(&file);
    let configuration = Configuration::of(&node).unwrap();
    (node, configuration)
}

fn function() -> (Node, Configuration) {
    target(
        "aws_lambda_function",
        json!({"function_name": "orders", "timeout": 10, "memory_size": 256, "reserved_concurrent_executions": -1,
        "tags": {"Environment": "production"}}),
    )
}

fn service(desired_count: u32) -> (Node, Configuration) {
    target(
        "aws_ecs_service",
        json!({"name": "web", "cluster": "arn:aws:ecs:r:1:cluster/shop", "desired_count": desired_count}),
    )
}

fn database() -> (Node, Configuration) {
    target("aws_db_instance", json!({"identifier": "db", "multi_az": false, "status": "available"}))
}

/// Checks that an action is taken, or which messages it is refused with.
#[track_caller]
fn check((node, current): &(Node, Configuration), name: &str, parameters: Value, expect: Result<Value, &[&str]>) {
    let found = Action::validate(name, &parameters, node, current);
    let found = found
        .map(|action| action.parameters())
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(found, expect.map_err(|messages| messages.iter().map(ToString::to_string).collect()));
}

#[track_caller]
fn check_risk((node, current): &(Node, Configuration), name: &str, parameters: Value, level: Risk, codes: &[&str]) {
    let risk = Action::validate(name, &parameters, node, current).unwrap().risk(current, node);
    let found: Vec<&str> = risk.reasons.iter().map(|reason| reason.code.as_str()).collect();
    assert_eq!((risk.level, found.as_slice()), (level, codes));
}

#[test]
fn a_timeout_within_bounds_is_taken() {
    check(
        &function(),
        "lambda_update_timeout",
        json!({"timeout": 20}),
        Ok(json!({"function_name": "orders", "timeout": 20})),
    );
    check(
        &function(),
        "lambda_update_timeout",
        json!({"timeout": 900, "function_name": "orders"}),
        Ok(json!({"function_name": "orders", "timeout": 900})),
    );
}

#[test]
fn a_number_out_of_bounds_is_refused() {
    check(
        &function(),
        "lambda_update_timeout",
        json!({"timeout": 901}),
        Err(&["`timeout` is `901` and must be 1 to 900"]),
    );
    check(
        &function(),
        "lambda_update_memory",
        json!({"memory_size": -5}),
        Err(&["`memory_size` is `-5` and must be 128 to 10240"]),
    );
    check(
        &function(),
        "lambda_update_reserved_concurrency",
        json!({"reserved_concurrent_executions": 0}),
        Err(&["`reserved_concurrent_executions` is `0` and must be 1 to 900"]),
    );
    check(
        &service(2),
        "ecs_update_desired_count",
        json!({"desired_count": 0}),
        Err(&["`desired_count` is `0` and must be 1 to 100"]),
    );
    check(
        &service(2),
        "ecs_update_desired_count",
        json!({"desired_count": 13}),
        Err(&["`desired_count` is `13` and must be 1 to 12, because it is 2 now"]),
    );
    check(
        &service(40),
        "ecs_update_desired_count",
        json!({"desired_count": 100}),
        Ok(json!({"cluster": "shop", "service": "web", "desired_count": 100})),
    );
}

#[test]
fn a_text_or_fraction_is_no_whole_number() {
    check(
        &function(),
        "lambda_update_timeout",
        json!({"timeout": "20"}),
        Err(&["`timeout` is `\"20\"` and must be a whole number"]),
    );
    check(
        &function(),
        "lambda_update_timeout",
        json!({"timeout": 20.5}),
        Err(&["`timeout` is `20.5` and must be a whole number"]),
    );
    check(
        &function(),
        "lambda_update_reserved_concurrency",
        json!({"reserved_concurrent_executions": null}),
        Err(&["`reserved_concurrent_executions` is `null` and must be a whole number"]),
    );
}

#[test]
fn all_problems_are_reported_at_once() {
    check(
        &function(),
        "lambda_update_timeout",
        json!({"function_name": "payments", "when": "now"}),
        Err(&[
            "`lambda_update_timeout` needs the parameter `timeout`",
            "`function_name` is `payments`, but the target is `orders`; an action changes its target only",
            "`lambda_update_timeout` has no parameter `when`; remove it",
        ]),
    );
}

#[test]
fn an_action_fits_its_target_only() {
    check(
        &database(),
        "lambda_update_timeout",
        json!({"timeout": 20}),
        Err(&["`lambda_update_timeout` changes `aws_lambda_function`, the target is `aws_db_instance`"]),
    );
    let mixed = (function().0, database().1);
    check(
        &mixed,
        "lambda_update_timeout",
        json!({"timeout": 20}),
        Err(&["the configuration read is that of `db`, the target is `orders`; read the configuration again"]),
    );
}

#[test]
fn what_is_not_in_the_catalogue_is_refused() {
    let problems = Action::validate("rm_rf", &json!({}), &function().0, &function().1).unwrap_err();
    assert!(
        problems[0].to_string().starts_with("`rm_rf` is no action of the catalogue; it has `lambda_update_timeout`, ")
    );
}

#[test]
fn what_changes_nothing_is_refused() {
    check(
        &function(),
        "lambda_update_timeout",
        json!({"timeout": 10}),
        Err(&["`timeout` is already `10`; propose another value or another action"]),
    );
}

#[test]
fn what_someone_switched_off_stays_off() {
    let off = "`shop/web` is switched off (`desired_count` is 0); switching it on is for a human to decide";
    check(&service(0), "ecs_update_desired_count", json!({"desired_count": 2}), Err(&[off]));
    check(&service(0), "ecs_restart_service", json!({}), Err(&[off]));
}

#[test]
fn what_is_being_changed_is_not_changed() {
    let (node, current) = database();
    let Configuration::RdsInstance(mut database) = current else { panic!() };
    database.db_instance_status = "modifying".into();
    let busy = (node, Configuration::RdsInstance(database));
    check(
        &busy,
        "rds_reboot_instance",
        json!({}),
        Err(&["`db` is `modifying`; it can be changed when it is `available`"]),
    );
}

#[test]
fn none_needs_a_reason() {
    check(
        &function(),
        "none",
        json!({"reason": "the alarm is a false one"}),
        Ok(json!({"reason": "the alarm is a false one"})),
    );
    check(
        &function(),
        "none",
        json!({"reason": " "}),
        Err(&["`reason` is `\" \"` and must be a text that is not empty"]),
    );
}

#[test]
fn risk_follows_magnitude_and_interruption() {
    check_risk(&function(), "lambda_update_timeout", json!({"timeout": 20}), Risk::Low, &["reversible"]);
    check_risk(&function(), "lambda_update_timeout", json!({"timeout": 5}), Risk::Medium, &["reversible", "shorter"]);
    check_risk(
        &function(),
        "lambda_update_timeout",
        json!({"timeout": 600}),
        Risk::Medium,
        &["reversible", "magnitude", "long"],
    );
    check_risk(&function(), "lambda_update_memory", json!({"memory_size": 512}), Risk::Low, &["reversible"]);
    check_risk(
        &function(),
        "lambda_update_reserved_concurrency",
        json!({"reserved_concurrent_executions": 10}),
        Risk::High,
        &["shared_limit", "new_limit", "production"],
    );
    check_risk(&service(2), "ecs_restart_service", json!({}), Risk::Medium, &["restart"]);
    check_risk(
        &service(4),
        "ecs_update_desired_count",
        json!({"desired_count": 2}),
        Risk::Medium,
        &["reversible", "less_capacity"],
    );
    check_risk(&database(), "rds_reboot_instance", json!({}), Risk::High, &["reboot", "single_az"]);
}

#[test]
fn a_tainted_target_raises_the_risk() {
    let (mut node, current) = function();
    node.tainted = true;
    check_risk(
        &(node, current),
        "lambda_update_timeout",
        json!({"timeout": 20}),
        Risk::Medium,
        &["reversible", "tainted"],
    );
}

#[test]
fn a_stored_action_out_of_bounds_does_not_parse() {
    let parse = |action: Value| serde_json::from_value::<Action>(action);
    assert!(
        parse(json!({"name": "lambda_update_timeout", "parameters": {"function_name": "f", "timeout": 20}})).is_ok()
    );
    for action in [
        json!({"name": "lambda_update_timeout", "parameters": {"function_name": "f", "timeout": 0}}),
        json!({"name": "lambda_update_timeout", "parameters": {"function_name": "f", "timeout": 20, "more": 1}}),
        json!({"name": "lambda_update_reserved_concurrency", "parameters": {"function_name": "f"}}),
        json!({"name": "lambda_delete", "parameters": {}}),
    ] {
        assert!(parse(action.clone()).is_err(), "{action}");
    }
}

#[test]
fn a_reservation_that_was_none_is_taken_away_again() {
    let (node, current) = function();
    let action = Action::validate(
        "lambda_update_reserved_concurrency",
        &json!({"reserved_concurrent_executions": 50}),
        &node,
        &current,
    )
    .unwrap();
    let call = action.inverse(&current).unwrap().aws_call().unwrap();
    assert_eq!(
        (call.operation.as_str(), call.iam_action.as_str()),
        ("DeleteFunctionConcurrency", "lambda:DeleteFunctionConcurrency")
    );
}

#[test]
fn each_call_is_in_the_words_of_aws() {
    let (node, current) = service(2);
    let action = Action::validate("ecs_restart_service", &json!({}), &node, &current).unwrap();
    let call = action.aws_call().unwrap();
    assert_eq!(call.iam_action, "ecs:UpdateService");
    assert_eq!(call.parameters, json!({"cluster": "shop", "service": "web", "forceNewDeployment": true}));
}

#[test]
fn an_effect_is_seen_only_when_it_is_there() {
    let (node, before) = service(2);
    let restart = Action::validate("ecs_restart_service", &json!({}), &node, &before).unwrap();
    assert!(matches!(restart.effect(&before, &before), Effect::InProgress { .. }));
    let now = restart.apply(&before).unwrap();
    assert_eq!(restart.effect(&before, &now), Effect::Effective);
    let Configuration::EcsService(mut rolling) = now else { panic!() };
    rolling.rollout_state = "FAILED".into();
    assert!(matches!(restart.effect(&before, &Configuration::EcsService(rolling)), Effect::Failed { .. }));
}

#[test]
fn every_schema_is_closed_and_names_what_validation_takes() {
    for name in ActionName::ALL {
        let schema = action_schema(name);
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["properties"]["parameters"]["additionalProperties"], false);
        assert_eq!(schema["properties"]["name"]["enum"], json!([name.word()]));
        assert_eq!(serde_json::to_value(name).unwrap(), name.word());
    }
    assert_eq!(
        ActionName::for_type("aws_ecs_service"),
        [ActionName::EcsRestartService, ActionName::EcsUpdateDesiredCount]
    );
}

fn any_target() -> impl Strategy<Value = (Node, Configuration)> {
    let function = (1u32..=900, 128u32..=10_240, proptest::option::of(1u32..=900)).prop_map(|(timeout, memory, reserved)| {
        let reserved = reserved.map_or(json!(-1), |reserved| json!(reserved));
        target("aws_lambda_function", json!({"function_name": "f", "timeout": timeout, "memory_size": memory, "reserved_concurrent_executions": reserved}))
    });
    prop_oneof![function, (1u32..=100).prop_map(service), Just(database())]
}

proptest! {
    #[test]
    fn what_is_undone_is_as_before((node, before) in any_target(), which in 0usize..7, number in 1u32..=1000) {
        let name = ActionName::ALL[which];
        let parameters = match action_schema(name)["properties"]["parameters"]["required"][0].as_str() {
            Some("reason") => json!({"reason": "r"}),
            Some(parameter) => json!({ parameter: number }),
            None => json!({}),
        };
        if let Ok(action) = name.validate(&parameters, &node, &before) {
            let after = action.apply(&before).unwrap();
            match action.inverse(&before) {
                Some(undo) => {
                    prop_assert_eq!(undo.apply(&after).unwrap(), before.clone());
                    prop_assert!(action.irreversible().is_none());
                }
                None => prop_assert!(action.irreversible().is_some()),
            }
            prop_assert_eq!(action.effect(&before, &after), Effect::Effective);
            let text = serde_json::to_string(&action).unwrap();
            prop_assert_eq!(serde_json::from_str::<Action>(&text).unwrap(), action);
        }
    }

    #[test]
    fn validation_never_panics(name in "[a-z_]{0,40}", text in ".{0,60}", number in any::<i64>()) {
        let (node, current) = function();
        for value in [json!(text), json!(number), json!({"timeout": number, "x": text}), json!([text])] {
            let _ = Action::validate(&name, &value, &node, &current);
            let _ = ActionName::LambdaUpdateTimeout.validate(&value, &node, &current);
        }
    }
}
