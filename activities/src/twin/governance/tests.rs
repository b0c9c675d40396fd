//! What Cedar policies permit, forbid and refuse to be.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::action::{Action, ActionName, Configuration, Risk};
use crate::twin::*;

const STATE: &[u8] = include_bytes!("../../../../replay-tests/fixtures/shop/terraform.tfstate");
const IN_CEDAR: &str = include_str!("../../../../replay-tests/fixtures/shop/governance/shop.cedar");
const IN_JSON: &str = include_str!("../../../../replay-tests/fixtures/shop/governance.json");
const NOW: &str = "2026-11-23T09:15:32Z";
const CATALOGUE: &str = "permit (principal, action, resource);\n";

fn policy(text: &str) -> Policy {
    Policy::read(&[Document { name: "a.cedar", text }], &[Document { name: "c.json", text: "{}" }])
}

fn node(kind: &str, attributes: Value) -> Node {
    let file = json!({"version": 4, "serial": 1, "lineage": "l", "resources": [
        {"mode": "managed", "type": kind, "name": "a", "instances": [{"attributes": attributes}]}]});
    only_node(&file)
}

fn function(tags: Value) -> Node {
    let attributes = json!({"function_name": "orders", "timeout": 10, "memory_size": 512, "tags": tags,
        "arn": "arn:aws:lambda:eu-west-1:123456789012:function:orders"});
    node("aws_lambda_function", attributes)
}

/// A change of the timeout from 10 to 25 seconds, about which everything is known.
fn question(node: &Node) -> Question<'_> {
    let current = Configuration::of(node).unwrap();
    let action = ActionName::LambdaUpdateTimeout.validate(&json!({"timeout": 25}), node, &current).unwrap();
    Question {
        principal: Some(Principal::Model { id: "nova".to_owned() }),
        risk: Some(Risk::Low),
        radius: Some(3),
        budget: Some(Budget { automatic_last_hour: 2, automatic_per_hour: 5 }),
        ..Question::new(action.name(), node, NOW.parse().unwrap()).changing(&action, &current)
    }
}

/// Checks whether a condition holds, by forbidding under it.
#[track_caller]
fn check(condition: &str, holds: bool) {
    let policy = policy(&format!(
        "{CATALOGUE}@id(\"it\") forbid (principal, action == Action::\"lambda_update_timeout\", resource) when {{ {condition} }};"
    ));
    assert_eq!(policy.problems(), []);
    let node = function(json!({"Environment": "production", "Owner": "team-shop"}));
    let verdict = policy.judge(&question(&node));
    assert_eq!(verdict.rule.as_deref(), holds.then_some("it"), "{}", verdict.reason);
}

/// Checks everything that is said of a file that cannot be read.
#[track_caller]
fn check_broken(text: &str, expect: &[&str]) {
    let policy = policy(text);
    let problems: Vec<String> = policy.problems().iter().map(ToString::to_string).collect();
    assert_eq!(problems, expect);
    let node = function(json!({}));
    let verdict = policy.permit(ActionName::LambdaUpdateTimeout, &node, NOW.parse().unwrap());
    assert_eq!((verdict.allowed, verdict.rule.as_deref()), (false, Some("governance")));
}

#[test]
fn what_no_policy_permits_is_denied() {
    let node = function(json!({}));
    let verdict = policy("// Nobody wrote anything.").judge(&question(&node));
    assert_eq!(verdict.rule.as_deref(), Some("governance.no_permit"));
    let verdict =
        policy("@id(\"ecs\") permit (principal, action in Action::\"ecs\", resource);").judge(&question(&node));
    assert_eq!(verdict.rule.as_deref(), Some("governance.no_permit"));
    let verdict =
        policy("@id(\"lambda\") permit (principal, action in Action::\"lambda\", resource);").judge(&question(&node));
    assert_eq!((verdict.allowed, verdict.policies), (true, vec!["lambda".to_owned()]));
}

#[test]
fn a_forbid_wins_over_every_permit() {
    let text = format!(
        "{CATALOGUE}@id(\"never\") @reason(\"not on a monday\") forbid (principal, action, resource);\n@id(\"always\") permit (principal, action, resource);"
    );
    let verdict = policy(&text).judge(&question(&function(json!({}))));
    assert_eq!((verdict.allowed, verdict.reason.as_str()), (false, "not on a monday"));
    assert_eq!(verdict.policies, ["never"]);
}

#[test]
fn a_condition_may_ask_for_the_resource() {
    check("resource is aws_lambda_function", true);
    check(r#"resource.address == "aws_lambda_function.a" && resource.name == "orders""#, true);
    check(r#"resource.names.contains("orders") && resource.arn like "arn:aws:lambda:*:orders""#, true);
    check(r#"resource.account == "123456789012" && resource.region == "eu-west-1""#, true);
    check("resource.production && !resource.tainted && resource.radius == 3", true);
    check(r#"resource.hasTag("Owner") && resource.getTag("Owner") like "team-*""#, true);
    check(r#"resource.hasTag("Owner") && resource.getTag("Owner") == "team-data""#, false);
}

#[test]
fn a_condition_may_ask_for_groups() {
    check(r#"resource in Pattern::"ord?rs""#, true);
    check(r#"resource in Pattern::"aws_lambda_function.[a-c]""#, true);
    check(r#"resource in Pattern::"arn:aws:ecs:*""#, false);
    check(r#"resource in [Pattern::"nothing", Pattern::"orders"]"#, true);
    check(r#"resource in Tagged::"Owner=team-sho?""#, true);
    check(r#"resource in Tagged::"Owner=team-dat?""#, false);
    check(r#"resource in Tagged::"Owner""#, false);
}

#[test]
fn a_condition_may_ask_for_the_change() {
    check("context.after.timeout > 2 * context.before.timeout", true);
    check("context.after.timeout > 3 * context.before.timeout", false);
    check(r#"context.risk == "LOW" && context.radius < 5"#, true);
    check("context.budget.automatic_last_hour >= context.budget.automatic_per_hour", false);
}

#[test]
fn a_condition_may_ask_for_the_time() {
    check(r#"context.hour == 9 && context.weekday == "mon""#, true);
    check(r#"context.now > datetime("2026-11-23T09:15:31Z") && context.now < datetime("2026-11-23T09:15:33Z")"#, true);
    check(r#"context.windows.frozen || context.windows.admitted || context.windows.open.contains("release")"#, false);
}

#[test]
fn a_condition_may_ask_who_asks() {
    check(r#"principal is Model && principal == Model::"nova""#, true);
    check("principal is Rules", false);
    let managers = "@id(\"m\") permit (principal is Human, action, resource) when { principal.role == \"manager\" };";
    let node = function(json!({}));
    let by = |role: Option<&str>| {
        let role = role.map(ToOwned::to_owned);
        let principal = Some(Principal::Human { name: "ana".to_owned(), role });
        policy(managers).judge(&Question { principal, ..question(&node) }).allowed
    };
    assert_eq!((by(Some("manager")), by(Some("on-call")), by(None)), (true, false, false));
}

#[test]
fn what_is_not_known_forbids() {
    let node = function(json!({}));
    let unknown = |condition: &str, expect: &str| {
        let text = format!(
            "{CATALOGUE}@id(\"it\") forbid (principal, action == Action::\"lambda_update_timeout\", resource) when {{ {condition} }};"
        );
        let verdict = policy(&text).permit(ActionName::LambdaUpdateTimeout, &node, NOW.parse().unwrap());
        assert_eq!((verdict.allowed, verdict.rule.as_deref()), (false, Some("it")), "{condition}");
        assert!(verdict.reason.contains(expect), "{}", verdict.reason);
    };
    unknown(r#"context.risk == "HIGH""#, "`it` cannot be evaluated: record does not have the attribute `risk`");
    unknown("context.after.timeout > 900", "not known here: principal");
    unknown("context.radius > 100", "`radius`");
    unknown("resource.radius > 100", "`radius`");
    unknown("context.budget.automatic_last_hour > 3", "`budget`");
    unknown("principal is Rules", "it is not known who asks, and Rules may not");
    unknown(r#"principal == Human::"bo""#, "it is not known who asks, and Human (on-call) may not");
    unknown(r#"principal is Human && principal.role == "manager""#, "Human (manager) may not");
    // Of a resource without an ARN neither account nor region is known.
    let nowhere = node_without_arn();
    let text =
        format!("{CATALOGUE}@id(\"it\") forbid (principal, action, resource) when {{ resource.account == \"1\" }};");
    assert!(!policy(&text).permit(ActionName::LambdaUpdateTimeout, &nowhere, NOW.parse().unwrap()).allowed);
}

fn node_without_arn() -> Node {
    node("aws_lambda_function", json!({"function_name": "orders"}))
}

#[test]
fn a_permission_that_turns_on_what_is_not_known_permits_nothing() {
    let text = "permit (principal, action, resource) when { context.risk == \"LOW\" };";
    let node = function(json!({}));
    let verdict = policy(text).permit(ActionName::LambdaUpdateTimeout, &node, NOW.parse().unwrap());
    assert_eq!(verdict.rule.as_deref(), Some("governance.no_permit"));
    assert!(verdict.reason.contains("`a.cedar:1` cannot be evaluated"), "{}", verdict.reason);
    assert!(policy(text).judge(&question(&node)).allowed);
}

#[test]
fn a_forbid_whose_evaluation_fails_forbids() {
    let node = function(json!({}));
    let text = format!(
        "{CATALOGUE}@id(\"it\") forbid (principal, action, resource) when {{ context.hour * 9223372036854775807 > 1 }};"
    );
    let verdict = policy(&text).judge(&question(&node));
    assert_eq!(verdict.rule.as_deref(), Some("it"));
    assert!(verdict.reason.contains("overflow"), "{}", verdict.reason);
}

#[test]
fn all_problems_of_a_file_are_found_at_once_with_their_lines() {
    check_broken(
        "permit (principal, action, resource);\n\nforbid (princ\nipal, action, resource);\n\npermit (principal, action, resource) whe {\n  true\n};",
        &[
            "`a.cedar` line 4: unexpected token `ipal`; expected `!=`, `)`, `,`, `:`, `<`, `<=`, `==`, `>`, `>=`, `in`, or `is`",
            "`a.cedar` line 6: invalid policy condition: whe",
        ],
    );
    check_broken(
        "forbid (principal is Rulez, action, resource);\nforbid (principal, action == Action::\"lambda_delete\", resource);\nforbid (principal, action, resource) when {\n  context.risk == 3 &&\n  context.rizk\n};",
        &[
            "`a.cedar` line 1: unrecognized entity type `Rulez`",
            "`a.cedar` line 2: unrecognized action `Action::\"lambda_delete\"`",
            "`a.cedar` line 4: the types Long and String are not compatible",
            "`a.cedar` line 5: attribute `rizk` in context not found",
        ],
    );
}

#[test]
fn problems_of_several_files_are_found_at_once() {
    let files = [
        Document { name: "b.cedar", text: "permit (principal, action, resource)" },
        Document { name: "a.cedar", text: "permit (principal, action, resource) when { context.rizk };" },
        Document { name: "g.json", text: "{\n  \"denied_action\": []}" },
    ];
    let policy = Policy::read(&files, &[Document { name: "c.cedar", text: CATALOGUE }]);
    let problems: Vec<String> = policy.problems().iter().map(ToString::to_string).collect();
    let begins = [
        "`b.cedar` line 1: unexpected end",
        "`g.json` line 2: unknown field `denied_action`",
        "`a.cedar` line 1: attribute `rizk`",
        "`c.cedar`: constraints are written in JSON",
    ];
    assert_eq!(problems.len(), begins.len(), "{problems:?}");
    for (problem, begin) in problems.iter().zip(begins) {
        assert!(problem.starts_with(begin), "{problem}");
    }
    assert_eq!(policy.problems()[2].help.as_deref(), Some("did you mean `risk`?"));
}

#[test]
fn names_are_given_once() {
    let twice = "@id(\"a\") permit (principal, action, resource);\n@id(\"a\") forbid (principal, action, resource);";
    check_broken(twice, &["`a.cedar` line 2: the name `a` is used twice"]);
    let hidden = "@id(\"a\\u{200b}\") permit (principal, action, resource);";
    check_broken(hidden, &["`a.cedar` line 1: `@id(\"a\\u{200b}\")` must have 1 to 100 visible characters"]);
    let taken = "@id(\"constraints.forbidden_operations[0]\") permit (principal, action, resource);";
    let constraints = Document { name: "c.json", text: r#"{"forbidden_ops": ["ecs_restart_service"]}"# };
    let policy = Policy::read(&[Document { name: "a.cedar", text: taken }], &[constraints]);
    assert!(policy.problems()[0].what.starts_with("a name of the constraints is taken"), "{:?}", policy.problems());
    assert!(!policy.judge(&question(&function(json!({})))).allowed);
}

#[test]
fn templates_and_idle_questions_are_refused() {
    check_broken(
        "forbid (principal == ?principal, action, resource);",
        &["`a.cedar` line 1: expected a static policy, got a template containing the slot ?principal"],
    );
    check_broken(
        "forbid (principal, action, resource) when { context has risk && context.risk == \"HIGH\" };",
        &[
            "`a.cedar` line 1: `has risk` is not to be asked: `risk` is always there, and where it is not known the rule forbids",
        ],
    );
}

#[test]
fn a_policy_that_can_never_apply_is_reported() {
    let policy = policy(&format!("{CATALOGUE}forbid (principal, action, resource is aws_s3_bucket);"));
    let warnings: Vec<String> = policy.warnings(NOW.parse().unwrap()).iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[1].ends_with("line 2: unable to find an applicable action given the policy scope constraints"));
}

#[test]
fn the_shops_policies_say_in_cedar_what_they_say_in_json() {
    let constraints = [Document { name: "c.json", text: "{}" }];
    let in_json = Policy::read(&[Document { name: "governance.json", text: IN_JSON }], &constraints);
    let in_cedar = Policy::read(&[Document { name: "governance/shop.cedar", text: IN_CEDAR }], &constraints);
    assert_eq!((in_json.problems(), in_cedar.problems()), (Vec::new(), Vec::new()));
    let shop = Topology::merge(vec![TopologyObject::of(State::parse(STATE).unwrap(), "shop")]).unwrap();
    let mut denied = 0;
    for node in shop.nodes().map(|node| node.read().unwrap()) {
        for action in ActionName::ALL {
            let verdict = in_json.permit(action, &node, NOW.parse().unwrap());
            assert_eq!(
                in_cedar.permit(action, &node, NOW.parse().unwrap()).allowed,
                verdict.allowed,
                "{action} {}",
                node.id
            );
            denied += usize::from(!verdict.allowed);
        }
    }
    assert!(denied > 100, "{denied}");
}

#[test]
fn the_default_policies_permit_the_catalogue_and_protect_what_is_marked() {
    let policy = policy(DEFAULT_POLICIES);
    assert_eq!(policy.problems(), []);
    let now = NOW.parse().unwrap();
    assert_eq!(policy.warnings(now), []);
    let check = |node: &Node, action: ActionName, expect: Option<&str>| {
        assert_eq!(policy.permit(action, node, now).rule.as_deref(), expect);
    };
    let change = ActionName::LambdaUpdateTimeout;
    check(&function(json!({})), change, None);
    check(&function(json!({"Environment": "production"})), change, None);
    check(&function(json!({"sao:protected": "true"})), change, Some("protected"));
    check(&function(json!({"sao:protected": "no"})), change, None);
    check(&function(json!({"DataClassification": "pci"})), change, Some("regulated"));
    check(&Node { tainted: true, ..function(json!({})) }, change, Some("being-replaced"));
    let database =
        |environment: &str| node("aws_db_instance", json!({"identifier": "d", "tags": {"Environment": environment}}));
    check(&database("production"), ActionName::RdsRebootInstance, Some("production-reboot"));
    check(&database("dev"), ActionName::RdsRebootInstance, None);
}

#[test]
fn every_condition_is_explained() {
    let text = format!(
        "{CATALOGUE}@id(\"it\") forbid (principal is Model, action == Action::\"lambda_update_timeout\", resource)\nwhen {{ context.after.timeout > 20 }}\nunless {{ resource.hasTag(\"Owner\") && resource.getTag(\"Owner\") == \"team-data\" }};"
    );
    let policy = policy(&text);
    let node = function(json!({"Owner": "team-shop"}));
    let steps = policy.steps(&question(&node));
    let told: Vec<String> =
        steps[1].1.iter().map(|step| format!("{} {:?} {}", step.condition, step.holds, json!(step.facts))).collect();
    assert_eq!(
        told,
        [
            r#"principal is Model Some(true) []"#,
            r#"action == Action::"lambda_update_timeout" Some(true) []"#,
            r#"when { context.after.timeout > 20 } Some(true) [["context.after.timeout",25]]"#,
            r#"unless { resource.hasTag("Owner") && (resource.getTag("Owner") == "team-data") } Some(true) [["resource.tags.Owner","team-shop"]]"#,
        ]
    );
}

#[test]
fn the_change_of_an_action_is_what_policies_see() {
    let node = function(json!({}));
    let asked = question(&node);
    assert_eq!((json!(asked.before), json!(asked.after)), (json!({"timeout": 10}), json!({"timeout": 25})));
    // A reservation that is not there is no number.
    let current = Configuration::of(&node).unwrap();
    let parameters = json!({"reserved_concurrent_executions": 5});
    let action = ActionName::LambdaUpdateReservedConcurrency.validate(&parameters, &node, &current).unwrap();
    let text = format!(
        "{CATALOGUE}@id(\"first\") forbid (principal, action == Action::\"lambda_update_reserved_concurrency\", resource) unless {{ context.before has reserved_concurrent_executions }};"
    );
    let asked = Question::new(action.name(), &node, NOW.parse().unwrap()).changing(&action, &current);
    assert_eq!(policy(&text).judge(&asked).rule.as_deref(), Some("first"));
}

/// Every parameter of the catalogue, and no other, is in the schema's contexts.
#[test]
fn the_schema_and_the_catalogue_agree() {
    let nodes = [
        function(json!({})),
        node("aws_ecs_service", json!({"name": "web", "cluster": "shop", "desired_count": 2})),
        node("aws_db_instance", json!({"identifier": "d"})),
    ];
    for action in ActionName::ALL.into_iter().filter(|action| *action != ActionName::None) {
        let node = nodes.iter().find(|node| action.target_type() == Some(&node.resource_type)).unwrap();
        let current = Configuration::of(node).unwrap();
        let parameters = match action {
            ActionName::LambdaUpdateTimeout => json!({"timeout": 25}),
            ActionName::LambdaUpdateMemory => json!({"memory_size": 1024}),
            ActionName::LambdaUpdateReservedConcurrency => json!({"reserved_concurrent_executions": 5}),
            ActionName::EcsUpdateDesiredCount => json!({"desired_count": 3}),
            _ => json!({}),
        };
        let parsed: Action = action.validate(&parameters, node, &current).unwrap();
        let asked = Question::new(action, node, NOW.parse().unwrap()).changing(&parsed, &current);
        for name in parameters.as_object().unwrap().keys() {
            assert_eq!(asked.after.as_ref().unwrap()[name], parameters[name]);
            let text = format!(
                "{CATALOGUE}forbid (principal, action == Action::\"{action}\", resource) when {{ context.after has {name} && context.after.{name} > 0 }};"
            );
            assert!(!policy(&text).judge(&asked).allowed, "{action}");
            assert_eq!(policy(&text).problems(), []);
        }
    }
}

/// Pieces of which texts are made that look like policies.
const PIECES: &[&str] = &[
    "permit",
    "forbid",
    "(",
    ")",
    "principal",
    "action",
    "resource",
    ",",
    ";",
    "when",
    "unless",
    "{",
    "}",
    "==",
    "in",
    "is",
    "Action::\"lambda\"",
    "Pattern::\"*\"",
    "Model",
    "context.risk",
    "context",
    ".",
    "has",
    "like",
    "\"a\"",
    "\"",
    "@id(\"x\")",
    "@reason",
    "[",
    "]",
    "&&",
    "||",
    "!",
    "-",
    "9223372036854775808",
    "if",
    "then",
    "else",
    "//",
    "\n",
    "\r",
    "?principal",
    "datetime(\"x\")",
    "ip(\"::1\")",
    "\\",
    "\u{202e}",
    "é",
    "resource.getTag(\"a\")",
    "__cedar",
    "permit(principal,action,resource);",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_text_is_survived(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40), gap in " ?") {
        let policy = policy(&pieces.join(&gap));
        let node = function(json!({}));
        let verdict = policy.judge(&question(&node));
        prop_assert!(!verdict.allowed || policy.problems().is_empty());
        let findings = policy.findings(&question(&node));
        prop_assert_eq!(verdict.allowed, !findings.iter().any(|finding| finding.denies));
        let _ = policy.steps(&question(&node));
    }

    #[test]
    fn any_bytes_are_survived(text in "\\PC{0,200}") {
        let policy = policy(&text);
        let node = function(json!({}));
        prop_assert!(!policy.judge(&question(&node)).allowed);
    }

    #[test]
    fn any_change_of_one_letter_is_survived(at in 0..IN_CEDAR.len(), letter in any::<char>()) {
        let mut text: Vec<char> = IN_CEDAR.chars().collect();
        let at = at % text.len();
        text[at] = letter;
        let _ = policy(&text.into_iter().collect::<String>()).judge(&question(&function(json!({}))));
    }
}

#[test]
fn towers_are_refused_and_not_climbed() {
    let node = function(json!({}));
    let under = |condition: String| policy(&format!("permit (principal, action, resource) when {{ {condition} }};"));
    for tower in ["(", "[", "{a:", "!", "-", "if true then ", "true && ", "1 + ", "context."] {
        let policy = under(tower.repeat(50_000));
        assert!(policy.problems()[0].what.contains("nest") || policy.problems()[0].what.contains("bytes"), "{tower}");
    }
    // What is read is evaluated, on however small a stack.
    let highest = [
        vec!["true"; 145].join(" && "),
        format!("{}true{}", "(".repeat(290), ")".repeat(290)),
        format!("{}true", "if true then true else ".repeat(95)),
    ];
    let small = std::thread::Builder::new().stack_size(256 * 1024).spawn(move || {
        for condition in highest {
            let policy = under(condition);
            assert!(policy.judge(&question(&node)).allowed, "{:?}", policy.problems());
            assert_eq!(policy.findings(&question(&node)).len(), 1);
            assert_eq!(policy.steps(&question(&node))[0].1.len(), 1);
        }
    });
    small.unwrap().join().unwrap();
}
