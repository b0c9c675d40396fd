//! What governance and constraints permit, deny and refuse to read.

use serde_json::{Value, json};

use super::*;
use crate::twin::only_node;

fn node(resource_type: &str, name: &str, attributes: Value) -> Node {
    let file = json!({"version": 4, "serial": 1, "lineage": "l", "resources": [
        {"mode": "managed", "type": resource_type, "name": name, "instances": [{"attributes": attributes}]}]});
    only_node(&file)
}

fn function() -> Node {
    node(
        "aws_lambda_function",
        "orders",
        json!({"function_name": "shop-prod-orders", "tags": {"Environment": "production", "Owner": "team-shop"}}),
    )
}

fn policy(governance: &Value, constraints: &Value) -> Policy {
    let (governance, constraints) = (governance.to_string(), constraints.to_string());
    Policy::read(&[Document { name: "g.json", text: &governance }], &[Document { name: "c.json", text: &constraints }])
}

/// Checks which rule, if any, stands against a change of the function's timeout at an instant.
#[track_caller]
fn check(governance: Value, constraints: Value, now: &str, expect: Option<&str>) {
    let verdict =
        policy(&governance, &constraints).permit(ActionName::LambdaUpdateTimeout, &function(), now.parse().unwrap());
    assert_eq!((verdict.allowed, verdict.rule.as_deref()), (expect.is_none(), expect), "{}", verdict.reason);
}

#[track_caller]
fn check_denied(rule: Value, expect: bool) {
    check(json!({"denied_actions": [rule]}), json!({}), NOW, expect.then_some("governance.denied_actions[0]"));
}

#[track_caller]
fn check_weekly(weekly: Value, now: &str, open: bool) {
    let window = json!({"name": "w", "weekly": weekly});
    check(
        json!({}),
        json!({"maintenance_windows": [window]}),
        now,
        open.then_some("constraints.maintenance_windows `w`"),
    );
}

#[track_caller]
fn check_broken(governance: &str, constraints: &str, expect: &str) {
    let policy = Policy::read(
        &[Document { name: "g.json", text: governance }],
        &[Document { name: "c.json", text: constraints }],
    );
    let verdict = policy.permit(ActionName::LambdaUpdateTimeout, &function(), NOW.parse().unwrap());
    assert!(!verdict.allowed);
    assert!(verdict.reason.contains(expect), "{}", verdict.reason);
}

const NOW: &str = "2026-11-23T09:15:32Z";

#[test]
fn empty_layers_permit() {
    check(json!({}), json!({}), NOW, None);
}

#[test]
fn a_rule_denies_what_it_names() {
    check_denied(json!({"action": "lambda_update_timeout", "target": "aws_lambda_function.orders"}), true);
    check_denied(json!({"tool": "lambda", "action": "update_*", "target": "shop-prod-*"}), true);
    check_denied(json!({"tool": "ecs", "action": "*", "target": "*"}), false);
    check_denied(json!({"action": "*", "target": "*payments*"}), false);
}

#[test]
fn a_condition_on_a_tag_is_evaluated() {
    let rule =
        |tag: &str, value: &str| json!({"action": "*", "target": "*", "condition": {"tag": tag, "equals": value}});
    check_denied(rule("Environment", "prod*"), true);
    check_denied(rule("Environment", "dev"), false);
    // What is not known is not permitted.
    check_denied(rule("Criticality", "high"), true);
}

#[test]
fn a_condition_that_nobody_can_evaluate_applies_always() {
    check_denied(json!({"action": "*", "target": "*", "condition": "during business hours"}), true);
}

#[test]
fn mandatory_tags_are_checked() {
    check(json!({"mandatory_tags": {"Environment": ["production"], "Owner": ""}}), json!({}), NOW, None);
    check(
        json!({"mandatory_tags": ["Owner", "CostCentre"]}),
        json!({}),
        NOW,
        Some("governance.mandatory_tags.CostCentre"),
    );
    check(json!({"mandatory_tags": {"Owner": "team-data"}}), json!({}), NOW, Some("governance.mandatory_tags.Owner"));
}

#[test]
fn a_window_is_open_from_start_until_end() {
    let window = json!({"maintenance_windows": [{"name": "w", "start": "2026-11-23T09:00:00Z", "end": "2026-11-23T10:00:00+00:00"}]});
    let rule = Some("constraints.maintenance_windows `w`");
    check(json!({}), window.clone(), "2026-11-23T08:59:59Z", None);
    check(json!({}), window.clone(), "2026-11-23T09:00:00Z", rule);
    check(json!({}), window, "2026-11-23T10:00:00Z", None);
}

#[test]
fn a_window_is_about_its_targets_and_actions() {
    let window = |targets: Value, actions: Value| json!({"maintenance_windows": [{"name": "w", "targets": targets, "actions": actions, "start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"}]});
    check(json!({}), window(json!(["module.database.*"]), json!(["*"])), NOW, None);
    check(json!({}), window(json!(["*"]), json!(["rds_*"])), NOW, None);
    check(json!({}), window(json!(["*orders"]), json!(["lambda_*"])), NOW, Some("constraints.maintenance_windows `w`"));
}

#[test]
fn a_weekly_window_follows_the_clock_of_its_zone() {
    let weekly = json!({"days": ["mon"], "from": "09:00", "to": "11:00", "time_zone": "Europe/Stockholm"});
    // Stockholm is an hour ahead in winter and two in summer.
    check_weekly(weekly.clone(), "2026-11-23T08:00:00Z", true);
    check_weekly(weekly.clone(), "2026-11-23T10:00:00Z", false);
    check_weekly(weekly.clone(), "2026-07-06T07:00:00Z", true);
    check_weekly(weekly, "2026-11-24T08:30:00Z", false);
}

#[test]
fn a_weekly_window_may_pass_midnight() {
    let weekly = json!({"days": ["sun"], "from": "22:00", "to": "06:00", "time_zone": "UTC"});
    check_weekly(weekly.clone(), "2026-11-22T23:00:00Z", true);
    check_weekly(weekly.clone(), "2026-11-23T05:59:00Z", true);
    check_weekly(weekly.clone(), "2026-11-23T06:00:00Z", false);
    check_weekly(weekly, "2026-11-23T22:30:00Z", false);
    check_weekly(
        json!({"days": ["mon"], "from": "00:00", "to": "24:00", "time_zone": "UTC"}),
        "2026-11-23T23:59:00Z",
        true,
    );
}

#[test]
fn a_forbidden_operation_is_never_permitted() {
    check(
        json!({}),
        json!({"forbidden_operations": [{"action": "lambda_*", "target": "*orders"}]}),
        NOW,
        Some("constraints.forbidden_operations[0]"),
    );
    check(
        json!({}),
        json!({"forbidden_ops": ["rds_reboot_instance", "update_timeout"]}),
        NOW,
        Some("constraints.forbidden_operations[1]"),
    );
}

#[test]
fn a_missing_layer_denies() {
    let verdict = Policy::read(&[], &[]).permit(ActionName::LambdaUpdateTimeout, &function(), NOW.parse().unwrap());
    assert_eq!(verdict.rule.as_deref(), Some("governance"));
    let empty = Document { name: "g.json", text: "{}" };
    let verdict =
        Policy::read(&[empty], &[]).permit(ActionName::LambdaUpdateTimeout, &function(), NOW.parse().unwrap());
    assert_eq!(verdict.rule.as_deref(), Some("constraints"));
}

#[test]
fn changing_nothing_is_always_permitted() {
    assert!(Policy::read(&[], &[]).permit(ActionName::None, &function(), NOW.parse().unwrap()).allowed);
}

#[test]
fn a_broken_layer_denies_and_names_the_field() {
    check_broken(r#"{"denied_action": []}"#, "{}", "unknown field `denied_action`");
    check_broken(
        r#"{"denied_actions": [{"action": "*", "target": "*", "node_id": "x"}]}"#,
        "{}",
        "unknown field `node_id`",
    );
    check_broken(
        r#"{"denied_actions": [{"action": "*", "target": "*", "condition": {"tag": "a", "is": "b"}}]}"#,
        "{}",
        "unknown field `is`",
    );
    check_broken(r#"{"mandatory_tags": 3}"#, "{}", "`mandatory_tags` must be a list of tags");
    check_broken("{}", "not json", "`c.json`");
    let window = |fields: &str| format!(r#"{{"maintenance_windows": [{{"name": "w", {fields}}}]}}"#);
    check_broken("{}", &window(r#""start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z""#), "never opens");
    check_broken(
        "{}",
        &window(r#""start": "2026-01-02T00:00:00Z""#),
        "needs either `start` and `end`, or `weekly`, or `cron`",
    );
    let weekly = |days: &str, from: &str, zone: &str| {
        window(&format!(r#""weekly": {{"days": {days}, "from": "{from}", "to": "06:00", "time_zone": "{zone}"}}"#))
    };
    check_broken("{}", &weekly(r#"["sat"]"#, "22:00", "Mars/Olympus"), "`Mars/Olympus` is no time zone");
    check_broken("{}", &weekly(r#"["someday"]"#, "22:00", "UTC"), "`someday` is no day");
    check_broken("{}", &weekly(r#"["sat"]"#, "9 pm", "UTC"), "`9 pm` is no time of day");
    check_broken("{}", &weekly("[]", "22:00", "UTC"), "never opens");
}

#[test]
fn several_files_make_one_layer() {
    let first = Document { name: "a.json", text: r#"{"frameworks": ["SOC2"]}"# };
    let second = Document { name: "b.json", text: r#"{"denied_actions": [{"action": "*", "target": "*"}]}"# };
    let policy = Policy::read(&[first, second], &[Document { name: "c.json", text: "{}" }]);
    assert!(!policy.permit(ActionName::LambdaUpdateTimeout, &function(), NOW.parse().unwrap()).allowed);
}

#[test]
fn the_version_changes_with_the_text() {
    let one = policy(&json!({}), &json!({}));
    let other = policy(&json!({"frameworks": ["SOC2"]}), &json!({}));
    assert_eq!(one.version(), policy(&json!({}), &json!({})).version());
    assert_ne!(one.version(), other.version());
    assert_eq!(one.version().len(), "sha256:".len() + 64);
}

#[test]
fn a_rule_that_can_never_apply_is_reported() {
    let text = r#"{"denied_actions": [{"tool": "ecs", "action": "stop_service", "target": "*"}, {"action": "*", "target": "*"}]}"#;
    let policy = Policy::read(&[Document { name: "g.json", text }], &[Document { name: "c.json", text: "{}" }]);
    let warnings: Vec<String> = policy.warnings(NOW.parse().unwrap()).iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        ["`g.json`: `governance.denied_actions[0]` never applies: it is about none of the catalogue's actions"]
    );
}

#[test]
fn every_rule_is_explained() {
    let policy = policy(
        &json!({"denied_actions": [{"tool": "rds", "action": "*", "target": "*"}], "mandatory_tags": ["Owner"]}),
        &json!({"forbidden_ops": ["none_such"]}),
    );
    let findings = policy.explain(ActionName::LambdaUpdateTimeout, &function(), NOW.parse().unwrap());
    let told = |finding: &Finding| format!("{}: {}", finding.rule, finding.reason);
    assert_eq!(
        findings.iter().map(told).collect::<Vec<_>>(),
        [
            r#"governance.denied_actions[0]: does not apply: `action == Action::"rds_reboot_instance"` does not hold"#,
            r#"governance.mandatory_tags.Owner: does not apply: `unless { resource.hasTag("Owner") && (resource.getTag("Owner") like "*") }` does not hold"#,
            "governance.permit: permits what no rule forbids, as the JSON form means it",
            "constraints.forbidden_operations[0]: never applies: it is about none of the catalogue's actions",
        ]
    );
    assert!(findings.iter().all(|finding| !finding.denies));
}

#[test]
fn a_verdict_names_the_policies_that_decided() {
    let rules = policy(
        &json!({"denied_actions": [{"action": "*", "target": "*"}, {"action": "*", "target": "*orders"}], "mandatory_tags": ["CostCentre"]}),
        &json!({}),
    );
    let now = NOW.parse().unwrap();
    assert_eq!(
        rules.permit(ActionName::LambdaUpdateTimeout, &function(), now).policies,
        ["governance.denied_actions[0]", "governance.denied_actions[1]", "governance.mandatory_tags.CostCentre"]
    );
    let open = policy(&json!({}), &json!({}));
    assert_eq!(open.permit(ActionName::LambdaUpdateTimeout, &function(), now).policies, ["governance.permit"]);
}

#[test]
fn the_order_of_files_does_not_matter() {
    let one = Document { name: "governance.json", text: "{}" };
    let other = Document { name: "governance/a.cedar", text: "// nothing" };
    let constraints = [Document { name: "c.json", text: "{}" }];
    assert_eq!(
        Policy::read(&[one, other], &constraints).version(),
        Policy::read(&[other, one], &constraints).version()
    );
}

#[test]
fn a_document_in_the_other_layer_is_another_policy() {
    let text = Document { name: "a.json", text: "{}" };
    assert_ne!(Policy::read(&[text], &[]).version(), Policy::read(&[], &[text]).version());
}
