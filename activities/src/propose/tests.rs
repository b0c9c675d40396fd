//! What becomes of an answer: a proposal, a question for more, or a refusal that says why.

mod hostile;
mod revalidate;

use serde_json::{Value, json};

use super::*;
use crate::approval::proposal_digest;
use crate::context::context;
use crate::example::{self, observed_with};
use crate::shape::{ContextRequest, Mode, RiskLevel, Role};

const AT: &str = "2026-11-23T10:15:40.000Z";

fn input() -> Value {
    json!({
        "cause": "Invocations come near the timeout.", "evidence": ["E1", "E4"], "rationale": "15 s is half as much again as 9870 ms.",
        "target": example::NODE, "action": {"name": "lambda_update_timeout", "parameters": {"timeout": 15}}, "risk": "LOW"
    })
}

fn answer(tool: &str, input: Value) -> Value {
    json!({
        "reasoner": {"kind": "model", "name": "claude"},
        "content": [{"text": "Because."}, {"toolUse": {"toolUseId": "t1", "name": tool, "input": input}}],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 2000, "output_tokens": 300, "cache_read_tokens": 0, "cache_write_tokens": 0},
        "cost_usd": 0.01
    })
}

fn request(answer: Value, observations: Vec<Observation>, settings: Settings, turn: u32) -> ProposeRequest {
    let made = context(ContextRequest {
        incident: example::incident(),
        settings: settings.clone(),
        observations: example::observed(),
        former: None,
        turn: 1,
        at: AT.to_owned(),
    });
    ProposeRequest::Answer {
        incident: Box::new(example::incident()),
        settings: Box::new(settings),
        context: Box::new(made.unwrap()),
        observations,
        answer: Box::new(serde_json::from_value(answer).unwrap()),
        turn,
        usage: Usage { cost_usd: 0.02, ..Usage::default() },
        at: AT.to_owned(),
    }
}

fn ask(answer: Value, observations: Vec<Observation>) -> ProposeAnswer {
    propose(request(answer, observations, example::settings(), 1)).unwrap()
}

/// Expects `proposal LEVEL`, `evidence`, `none`, or `undetermined: ` and a part of a problem.
#[track_caller]
fn check(answer: Value, observations: Vec<Observation>, expect: &str) {
    let found = match ask(answer, observations) {
        ProposeAnswer::Proposal { proposal, digest, .. } => {
            assert_eq!(proposal_digest(&proposal).unwrap(), digest);
            format!("proposal {:?}", proposal.risk.level)
        }
        ProposeAnswer::Evidence { reads, turn, .. } => format!("evidence: {} {}", json!(reads), json!(turn.refused)),
        ProposeAnswer::NoProposal { verdict, reason, problems, .. } => {
            format!("{verdict:?}: {reason}: {}", problems.join("; ")).to_lowercase()
        }
        other => panic!("{other:?}"),
    };
    let (kind, part) = expect.split_once(": ").unwrap_or((expect, ""));
    assert!(found.starts_with(kind) && found.contains(part), "found `{found}`, expected `{expect}`");
}

/// The usual input with the value at a pointer replaced.
fn with(pointer: &str, value: Value) -> Value {
    let mut input = input();
    *input.pointer_mut(pointer).unwrap() = value;
    answer("propose_action", input)
}

#[track_caller]
fn proposed(
    answer: Value,
    observations: Vec<Observation>,
    settings: Settings,
) -> (Proposal, crate::shape::Gate, crate::shape::Plan) {
    match propose(request(answer, observations, settings, 1)).unwrap() {
        ProposeAnswer::Proposal { proposal, gate, plan, .. } => (*proposal, gate, plan),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_admissible_answer_becomes_a_proposal() {
    let (proposal, gate, plan) = proposed(answer("propose_action", input()), example::observed(), example::settings());
    assert_eq!(json!(proposal.before), json!({"timeout": 10}));
    assert_eq!(proposal.inverse.as_ref().unwrap().parameters["timeout"], 10);
    assert_eq!(proposal.approval.role, Role::OnCall);
    assert_eq!(proposal.requester, "model: claude");
    assert_eq!(proposal.blast_radius.nodes, ["aws_lambda_function.web"]);
    assert!(proposal.policy_version.starts_with("sha256:"));
    let seconds: u32 = gate.rounds.iter().map(|round| round.seconds).sum();
    assert_eq!((seconds, gate.automatic), (3_600, false));
    assert_eq!(json!(plan.declared), json!({"timeout": 10}));
    assert!(plan.recheck.iter().any(|read| read.read.kind() == "kill_switch"));
}

#[test]
fn usage_adds_up() {
    let ProposeAnswer::Proposal { usage, .. } = ask(answer("propose_action", input()), example::observed()) else {
        panic!("a proposal")
    };
    assert!((usage.cost_usd - 0.03).abs() < 1e-9 && usage.input_tokens == 2000);
}

#[test]
fn every_turn_has_its_own_nonce() {
    let nonce = |turn| match propose(request(
        answer("propose_action", input()),
        example::observed(),
        example::settings(),
        turn,
    ))
    .unwrap()
    {
        ProposeAnswer::Proposal { proposal, .. } => proposal.nonce,
        other => panic!("{other:?}"),
    };
    assert_ne!(nonce(1), nonce(2));
    assert_eq!(nonce(1), nonce(1));
}

#[test]
fn parameters_out_of_bounds_are_refused() {
    for timeout in [json!(0), json!(901), json!(-5), json!("20"), json!(10), json!(20.5)] {
        check(
            with("/action/parameters", json!({"timeout": timeout})),
            example::observed(),
            "undetermined: not admissible",
        );
    }
    check(
        with("/action/parameters", json!({"timeout": 20, "function_name": "other"})),
        example::observed(),
        "undetermined: the target is",
    );
    check(
        with("/action/parameters", json!({"timeout": 20, "force": true})),
        example::observed(),
        "undetermined: no parameter `force`",
    );
}

#[test]
fn unknown_actions_are_refused() {
    check(
        with("/action/name", json!("lambda_delete")),
        example::observed(),
        "undetermined: no action of the catalogue",
    );
    check(
        with("/action", json!({"name": "none", "parameters": {"reason": "x"}})),
        example::observed(),
        "undetermined: `none`",
    );
}

#[test]
fn targets_elsewhere_are_refused() {
    check(
        with("/target", json!("aws_lambda_function.billing")),
        example::observed(),
        "undetermined: neither the alarmed resource nor near it",
    );
    check(with("/target", json!("*")), example::observed(), "undetermined: neither");
    check(with("/target", json!("aws_ecs_service.cart")), example::observed(), "evidence: shop/cart");
}

#[test]
fn a_target_in_another_account_is_refused() {
    let mut observations = example::observed();
    observations[1].answer.as_mut().unwrap()["node"]["arn"] =
        json!("arn:aws:lambda:eu-west-1:999999999999:function:shop-orders");
    check(answer("propose_action", input()), observations, "undetermined: account and region");
}

#[test]
fn a_cause_without_evidence_is_refused() {
    check(with("/evidence", json!([])), example::observed(), "undetermined: cites no evidence");
    check(with("/evidence", json!(["E1", "E99"])), example::observed(), "undetermined: no evidence `e99`");
    check(with("/cause", json!(" ")), example::observed(), "undetermined: no cause");
}

#[test]
fn a_missing_or_cut_layer_permits_nothing() {
    for layer in ["governance", "constraints"] {
        let missing = json!({"error": {"type": "NotFound", "message": "there is no such file"}});
        check(answer("propose_action", input()), observed_with(layer, missing), "undetermined: nothing may be changed");
        check(
            answer("propose_action", input()),
            observed_with(layer, json!({"documents": [], "version": ""})),
            "undetermined: missing",
        );
        check(
            answer("propose_action", input()),
            observed_with(layer, json!({"documents": [{"name": "a.json", "text": "{"}], "version": ""})),
            "undetermined: cannot be read",
        );
        let mut cut = example::observed();
        cut.iter_mut().filter(|one| one.id == layer).for_each(|one| one.truncated = true);
        check(answer("propose_action", input()), cut, "undetermined: was cut");
    }
}

#[test]
fn what_people_deny_is_refused() {
    let denied = json!({"documents": [{"name": "g.json", "text":
        r#"{"denied_actions": [{"tool": "lambda", "action": "update_timeout", "target": "module.api.*", "reason": "frozen"}]}"#}], "version": "v"});
    check(answer("propose_action", input()), observed_with("governance", denied), "undetermined: frozen");
    let window = json!({"documents": [{"name": "c.json", "text":
        r#"{"maintenance_windows": [{"name": "release", "start": "2026-11-23T10:00:00Z", "end": "2026-11-23T11:00:00Z"}]}"#}], "version": "v"});
    check(
        answer("propose_action", input()),
        observed_with("constraints", window),
        "undetermined: window `release` is open",
    );
}

fn governed(rule: &str) -> Vec<Observation> {
    let text = format!("permit (principal, action, resource);\n@id(\"it\") {rule}");
    observed_with("governance", json!({"documents": [{"name": "g.cedar", "text": text}], "version": "v"}))
}

#[test]
fn the_policies_are_told_everything_that_is_known() {
    let step = |factor: u32| {
        format!(
            "forbid (principal, action == Action::\"lambda_update_timeout\", resource) when {{ context.after.timeout > {factor} * context.before.timeout }};"
        )
    };
    check(answer("propose_action", input()), governed(&step(2)), "proposal");
    check(answer("propose_action", input()), governed(&step(1)), "undetermined: it:");
    let when = |who: &str, what: &str| format!("forbid ({who}, action, resource) when {{ {what} }};");
    for (rule, expect) in [
        (when("principal", "context.risk == \"HIGH\""), "proposal"),
        (when("principal", "context.risk == \"LOW\""), "undetermined: it:"),
        (when("principal is Model", "true"), "undetermined: it:"),
        (when("principal is Human", "true"), "proposal"),
        (when("principal", "context.budget.automatic_last_hour > 0"), "proposal"),
        (when("principal", "context.budget.automatic_per_hour > 0"), "undetermined: it:"),
    ] {
        check(answer("propose_action", input()), governed(&rule), expect);
    }
}

#[test]
fn a_radius_that_the_neighbourhood_does_not_show_forbids() {
    let rule = "forbid (principal, action, resource) when { context.radius > 1 };";
    check(answer("propose_action", input()), governed(rule), "undetermined: `radius`");
    let mut known = governed(rule);
    let topology = known.iter_mut().find(|one| one.id == "topology").unwrap().answer.as_mut().unwrap();
    topology["affected"] = json!(1);
    check(answer("propose_action", input()), known, "proposal");
}

#[test]
fn a_request_is_validated_like_a_models_answer_and_a_human_always_decides() {
    let settings = Settings { mode: Mode::Policy, model_id: "a-model".to_owned(), ..example::settings() };
    let execution = crate::shape::ExecutionRef { arn: "arn:e".to_owned(), started_at: AT.to_owned() };
    let detected = crate::detect::detect(crate::shape::DetectRequest {
        event: example::request(),
        settings: settings.clone(),
        execution,
        at: AT.to_owned(),
    });
    let crate::shape::DetectAnswer::Incident { incident, .. } = detected.unwrap() else { panic!("an incident") };
    let observations = example::observed();
    let made = ContextRequest {
        incident: (*incident).clone(),
        settings: settings.clone(),
        observations: observations.clone(),
        former: None,
        turn: 1,
        at: AT.to_owned(),
    };
    let context = context(made).unwrap();
    let asked = crate::reason::reason(crate::shape::ReasonRequest {
        incident: (*incident).clone(),
        settings: settings.clone(),
        context: context.clone(),
        observations: observations.clone(),
        conversation: Vec::new(),
        turn: 1,
        usage: Usage::default(),
        at: AT.to_owned(),
    });
    let asked = asked.unwrap();
    assert_eq!(asked.model_id, None, "no model is asked");
    let request = ProposeRequest::Answer {
        incident,
        settings: Box::new(settings),
        context: Box::new(context),
        observations,
        answer: Box::new(asked.rules),
        turn: 1,
        usage: Usage::default(),
        at: AT.to_owned(),
    };
    let ProposeAnswer::Proposal { proposal, gate, plan, .. } = propose(request).unwrap() else { panic!("a proposal") };
    assert_eq!((proposal.requester.as_str(), &proposal.parameters["timeout"]), ("request: agent claude", &json!(20)));
    assert_eq!(proposal.cause.evidence, ["E1"]);
    assert!(!gate.automatic && gate.reason.contains("a human decides"), "{}", gate.reason);
    assert!(plan.recheck.iter().all(|read| read.read.kind() != "alarm"));
}

#[test]
fn the_models_opinion_raises_the_risk_and_never_lowers_it() {
    check(with("/risk", json!("LOW")), example::observed(), "proposal Low");
    check(with("/risk", json!("HIGH")), example::observed(), "proposal High");
    check(with("/action/parameters", json!({"timeout": 400})), example::observed(), "proposal Medium");
}

#[test]
fn a_failed_precedent_raises_the_risk() {
    let failed =
        json!({"precedents": [example::precedent("lambda_update_timeout", json!({"timeout": 12}), "unchanged")]});
    check(answer("propose_action", input()), observed_with("precedents", failed), "proposal Medium");
}

#[test]
fn high_risk_needs_two_people_and_a_manager() {
    let (proposal, gate, _) = proposed(with("/risk", json!("HIGH")), example::observed(), example::settings());
    assert_eq!((proposal.approval.role, proposal.approval.approvals), (Role::Manager, 2));
    assert!(gate.rounds.iter().all(|round| round.role == Role::Manager) && gate.second.is_some());
}

#[test]
fn the_policy_decides_only_about_a_models_low_proposal_within_its_limit() {
    let policy = || Settings { mode: Mode::Policy, ..example::settings() };
    let automatic = |answer, observations, settings| proposed(answer, observations, settings).1.automatic;
    assert!(automatic(answer("propose_action", input()), example::observed(), policy()));
    assert!(!automatic(answer("propose_action", input()), example::observed(), example::settings()));
    assert!(!automatic(with("/risk", json!("MEDIUM")), example::observed(), policy()));
    assert!(!automatic(
        answer("propose_action", input()),
        observed_with("recent_actions", json!({"automatic": 3})),
        policy()
    ));
    let unread = json!({"error": {"type": "TimedOut", "message": "slow"}});
    assert!(!automatic(answer("propose_action", input()), observed_with("recent_actions", unread), policy()));
    let mut rules = answer("propose_action", input());
    rules["reasoner"] = json!({"kind": "rules", "name": "playbook v1"});
    assert!(!automatic(rules, example::observed(), policy()));
}

#[test]
fn evidence_is_bounded_to_the_neighbourhood() {
    let ask = |reads: Value| answer("request_evidence", json!({"why": "to decide", "reads": reads}));
    let logs = |node: &str, group: Value| json!([{"kind": "logs", "node": node, "group": group, "minutes": 100_000, "pattern": null}]);
    check(ask(logs(example::NODE, Value::Null)), example::observed(), "evidence: \"/aws/lambda/shop-orders\"");
    check(ask(logs(example::NODE, Value::Null)), example::observed(), "evidence: \"seconds\":86400");
    check(ask(logs(example::NODE, json!("/aws/lambda/payroll"))), example::observed(), "evidence: does not belong");
    check(
        ask(logs("aws_lambda_function.payroll", Value::Null)),
        example::observed(),
        "evidence: neither the alarmed resource",
    );
    check(
        ask(
            json!([{"kind": "metrics", "node": "aws_ecs_service.cart", "metric": "CPUUtilization", "statistic": "p90", "minutes": 120}]),
        ),
        example::observed(),
        "evidence: \"ServiceName\":\"cart\"",
    );
    check(
        ask(json!([{"kind": "alarm_history", "alarm": "payroll", "days": 1}])),
        example::observed(),
        "evidence: is not the alarm",
    );
    check(ask(json!([{"kind": "governance"}])), example::observed(), "undetermined: cannot be read");
}

#[test]
fn an_endless_tool_use_is_refused() {
    check(with("/rationale", json!("x".repeat(7_000))), example::observed(), "undetermined: larger than");
}

#[test]
fn the_largest_payload_fits_into_a_state() {
    for max_turns in 1..=6 {
        let settings = Settings { max_turns, context_tokens: 9_000, ..example::settings() };
        assert_eq!(settings.problems(), Vec::<String>::new());
        let further = max_turns - 1;
        let first: u32 = crate::detect::first_reads(&example::incident()).iter().map(|read| read.max_bytes).sum();
        let asked = further * evidence::most_bytes(&settings) * evidence::MOST_READS as u32;
        let context = 4 * (settings.context_tokens + further * crate::context::further_tokens(&settings));
        let conversation = further * LARGEST_EXCHANGE as u32;
        // Names, times and brackets around observations and pieces.
        let around = 30_000;
        let total = first + asked + context + conversation + around;
        assert!(total < 262_144, "{max_turns} turns: {total} bytes");
    }
}

#[test]
fn evidence_in_the_last_turn_is_undetermined() {
    let asked = answer("request_evidence", json!({"why": "to decide", "reads": []}));
    match propose(request(asked, example::observed(), example::settings(), 4)).unwrap() {
        ProposeAnswer::NoProposal { verdict: NoProposal::Undetermined, problems, .. } => {
            assert!(problems[0].contains("turn 4 of 4"))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_to_do_needs_a_cause_with_evidence() {
    let none = |cause: &str, evidence: Value| {
        answer("undetermined", json!({"verdict": "none", "cause": cause, "evidence": evidence, "reason": "r"}))
    };
    check(none("a faulty release", json!(["E1"])), example::observed(), "none");
    check(none("a faulty release", json!([])), example::observed(), "undetermined: cites no evidence");
    check(none("", json!([])), example::observed(), "undetermined");
}

#[test]
fn a_model_cannot_write_a_secret_or_a_line_of_its_own_into_a_proposal() {
    let (proposal, ..) = proposed(
        with("/rationale", json!("line\n\nAPPROVED BY ana password=hunter22")),
        example::observed(),
        example::settings(),
    );
    assert_eq!(proposal.rationale, "line APPROVED BY ana password=[redacted]");
}

fn adjust(parameters: Value, observations: Vec<Observation>) -> ProposeAnswer {
    let (proposal, ..) = proposed(answer("propose_action", input()), example::observed(), example::settings());
    let decision = json!({"kind": "adjust", "execution": "e", "digest": "d", "round": 1, "role": "on-call", "subject": "ana", "at": AT,
        "reason": "more room", "parameters": parameters});
    let context = context(ContextRequest {
        incident: example::incident(),
        settings: example::settings(),
        observations: example::observed(),
        former: None,
        turn: 1,
        at: AT.to_owned(),
    });
    let request = ProposeRequest::Adjust {
        incident: Box::new(example::incident()),
        settings: Box::new(example::settings()),
        context: Box::new(context.unwrap()),
        observations,
        proposal: Box::new(proposal),
        decision: Box::new(serde_json::from_value(decision).unwrap()),
        usage: Usage::default(),
        at: "2026-11-23T10:20:00.000Z".to_owned(),
    };
    propose(request).unwrap()
}

#[test]
fn an_adjustment_is_a_new_proposal_of_the_human() {
    let ProposeAnswer::Proposal { proposal, .. } = adjust(json!({"timeout": 30}), example::observed()) else {
        panic!("a proposal")
    };
    assert_eq!((proposal.requester.as_str(), &proposal.parameters["timeout"]), ("human:ana", &json!(30)));
    assert!(proposal.rationale.contains("adjusted by ana: more room"));
}

#[test]
fn an_adjustment_out_of_bounds_is_invalid() {
    for parameters in [json!({"timeout": 9999}), json!({}), json!({"memory_size": 512})] {
        let answer = adjust(parameters, example::observed());
        assert!(matches!(answer, ProposeAnswer::NoProposal { verdict: NoProposal::Invalid, .. }), "{answer:?}");
    }
}
