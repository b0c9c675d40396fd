//! The JSON form means in Cedar what it says: a second reading of it, rule by rule and without Cedar, decides the same.

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::twin::governance::{Condition, GovernanceForm};
use crate::twin::{glob, only_node};

/// What the form denies, read word by word.
fn denies(form: &GovernanceForm, action: ActionName, node: &Node) -> bool {
    let about = |tool: &str, pattern: &str| {
        let named = |name: &&str| glob::matches(pattern, name);
        glob::matches(tool, action.service().unwrap())
            && (named(&action.word()) || action.other_names().iter().any(named))
    };
    let meant = |pattern: &str| {
        let names = node.names.iter().chain(&node.arn).map(String::as_str);
        names.chain([node.id.as_str()]).any(|name| glob::matches(pattern, name))
    };
    form.denied_actions.iter().any(|rule| {
        about(rule.tool.as_deref().unwrap_or("*"), &rule.action)
            && meant(&rule.target)
            && match &rule.condition {
                None | Some(Condition::Text(_)) => true,
                Some(Condition::Tag(condition)) => {
                    node.tags.get(&condition.tag).is_none_or(|value| glob::matches(&condition.equals, value))
                }
            }
    }) || form.mandatory_tags.iter().any(|(tag, values)| {
        !node.tags.get(tag).is_some_and(|value| values.iter().any(|pattern| glob::matches(pattern, value)))
    })
}

/// What the constraints deny, read word by word.
fn stands_against(constraints: &Constraints, action: ActionName, node: &Node, now: Timestamp) -> bool {
    let about = |pattern: &str| {
        glob::matches(pattern, action.word()) || action.other_names().iter().any(|name| glob::matches(pattern, name))
    };
    let meant = |pattern: &str| {
        let names = node.names.iter().chain(&node.arn).map(String::as_str);
        names.chain([node.id.as_str()]).any(|name| glob::matches(pattern, name))
    };
    let windows: Vec<_> = constraints
        .maintenance_windows
        .iter()
        .filter(|window| {
            window.actions.iter().any(|pattern| about(pattern)) && window.targets.iter().any(|pattern| meant(pattern))
        })
        .collect();
    let (freezes, others): (Vec<_>, Vec<_>) =
        windows.into_iter().partition(|window| window.kind == crate::twin::WindowKind::Freeze);
    freezes.iter().any(|window| window.is_open(now))
        || !others.is_empty() && !others.iter().any(|window| window.is_open(now))
        || constraints.forbidden_operations.iter().any(|rule| about(&rule.action) && meant(&rule.target))
}

fn words(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![proptest::sample::select(words).prop_map(ToOwned::to_owned), r#"[a-z*?"\\\[\]!=\n\u{e9}-]{0,6}"#]
}

fn action_pattern() -> impl Strategy<Value = String> {
    words(&["*", "update_*", "lambda_update_timeout", "update_timeout", "ecs_*", "reboot", "re?oot", "[lr]*", "stop"])
}

fn target() -> impl Strategy<Value = String> {
    words(&[
        "*",
        "*orders*",
        "aws_lambda_function.orders",
        "shop-?rod-*",
        "arn:aws:*",
        "aws_*.orders[0]",
        "[a-s]*",
        "db",
    ])
}

fn value() -> impl Strategy<Value = String> {
    words(&["*", "production", "prod*", "p?oduction", "[dp]*", "", "dev"])
}

fn tag() -> impl Strategy<Value = String> {
    words(&["Environment", "Owner", "a=b", "a\\=b", "\"", "sao:protected"])
}

fn governance() -> impl Strategy<Value = Value> {
    let condition = prop_oneof![
        Just(Value::Null),
        Just(json!("at night")),
        (tag(), value()).prop_map(|(tag, equals)| json!({"tag": tag, "equals": equals})),
    ];
    let tool = prop_oneof![Just(Value::Null), words(&["lambda", "rds", "e*", "*"]).prop_map(Value::from)];
    let denied = (tool, action_pattern(), target(), condition).prop_map(|(tool, action, target, condition)| {
        let mut rule = json!({"tool": tool, "action": action, "target": target, "condition": condition});
        rule.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        rule
    });
    let tags = proptest::collection::btree_map(tag(), proptest::collection::vec(value(), 0..12), 0..2);
    (proptest::collection::vec(denied, 0..4), tags)
        .prop_map(|(denied, tags)| json!({"denied_actions": denied, "mandatory_tags": tags}))
}

fn constraints() -> impl Strategy<Value = Value> {
    let times = prop_oneof![
        (0..48i64, 1..48i64).prop_map(|(from, hours)| {
            let at = |hours: i64| {
                (START.parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_hours(hours)).to_string()
            };
            json!({"start": at(from), "end": at(from + hours)})
        }),
        proptest::sample::select(vec![json!(["mon"]), json!(["sat", "sun"])]).prop_map(|days| {
            json!({"weekly": {"days": days, "from": "20:00", "to": "06:00", "time_zone": "Europe/Stockholm"}})
        }),
        proptest::sample::select(&["0 2 * * *", "*/30 1-3 * * SUN", "0 22 28 3 *"][..]).prop_map(|pattern| {
            json!({"cron": {"pattern": pattern, "duration": "90m", "time_zone": "Europe/Stockholm"}})
        }),
    ];
    let kind = proptest::sample::select(&["freeze", "allow_only"][..]);
    let name = proptest::sample::select(&["w", "v", "\"quoted\""][..]);
    let lists = (proptest::collection::vec(target(), 0..3), proptest::collection::vec(action_pattern(), 0..3));
    let window = (times, kind, name, lists).prop_map(|(mut window, kind, name, (targets, actions))| {
        window["name"] = name.into();
        window["kind"] = kind.into();
        window["targets"] = targets.into();
        window["actions"] = actions.into();
        window
    });
    let forbidden =
        (action_pattern(), target()).prop_map(|(action, target)| json!({"action": action, "target": target}));
    (proptest::collection::vec(window, 0..4), proptest::collection::vec(forbidden, 0..2))
        .prop_map(|(windows, forbidden)| json!({"maintenance_windows": windows, "forbidden_operations": forbidden}))
}

fn node() -> impl Strategy<Value = Node> {
    const TYPES: &[&str] =
        &["aws_lambda_function", "aws_ecs_service", "aws_db_instance", "aws_instance", "aws_unheard_of"];
    let tags = proptest::collection::btree_map(tag(), value(), 0..3);
    let name = words(&["shop-prod-orders", "db", "orders[0]"]);
    (proptest::sample::select(TYPES), name, tags).prop_map(|(kind, name, tags)| {
        let attributes = json!({
            "function_name": name, "identifier": name, "name": name, "tags": tags,
            "arn": format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}"),
        });
        let file = json!({"version": 4, "serial": 1, "lineage": "l", "resources": [
            {"mode": "managed", "type": kind, "name": "orders", "instances": [{"attributes": attributes}]}]});
        only_node(&file)
    })
}

fn action() -> impl Strategy<Value = ActionName> {
    proptest::sample::select(&ActionName::ALL[..6])
}

/// Shortly before the clocks of Stockholm are put forward.
const START: &str = "2026-03-28T00:00:00Z";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn the_json_form_decides_as_it_reads(
        governance in governance(), constraints in constraints(), node in node(), action in action(), hours in 0..72i64,
    ) {
        let now = START.parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_mins(30 * hours + 7);
        let (governance, constraints) = (governance.to_string(), constraints.to_string());
        let policy = Policy::read(
            &[Document { name: "g.json", text: &governance }],
            &[Document { name: "c.json", text: &constraints }],
        );
        prop_assert_eq!(policy.problems(), []);
        let form: GovernanceForm = serde_json::from_str(&governance).unwrap();
        let Layer::Present(read) = &policy.constraints else { unreachable!() };
        let expect = !denies(&form, action, &node) && !stands_against(read, action, &node, now);
        let verdict = policy.permit(action, &node, now);
        prop_assert_eq!(verdict.allowed, expect, "{:?}", verdict);
        let findings = policy.explain(action, &node, now);
        let first = findings.into_iter().find(|finding| finding.denies);
        prop_assert_eq!(first.map(|finding| (Some(finding.rule), finding.reason)), (!expect).then_some((verdict.rule, verdict.reason)));
    }

    #[test]
    fn a_layer_that_is_missing_or_broken_denies_everything(
        node in node(), action in action(), broken in 0..4usize, governance in governance(), constraints in constraints(),
    ) {
        let (governance, constraints) = (governance.to_string(), constraints.to_string());
        let governance = [Document { name: "g.json", text: &governance }];
        let constraints = [Document { name: "c.json", text: &constraints }];
        let cut = [Document { name: "g.json", text: "{\"denied_actions\": [" }];
        let slip = [governance[0], Document { name: "h.cedar", text: "permit (principal, action, resources);" }];
        let policy = match broken {
            0 => Policy::read(&[], &constraints),
            1 => Policy::read(&governance, &[]),
            2 => Policy::read(&cut, &constraints),
            _ => Policy::read(&slip, &constraints),
        };
        let now = START.parse().unwrap();
        prop_assert!(!policy.permit(action, &node, now).allowed);
        prop_assert!(policy.explain(action, &node, now).iter().any(|finding| finding.denies));
        prop_assert_eq!(policy.problems().len(), 1);
    }
}
