//! What the pages show, and what they must never let happen.

use super::super::{RoundView, example, proposal_digest};
use super::*;
use crate::shape::{Decision, DecisionKind, Proposal, RiskLevel, Role};

fn show(proposal: &Proposal, change: impl FnOnce(&mut ProposalView<'_>)) -> Page {
    let digest = proposal_digest(proposal).unwrap();
    let (incident, context, round) = (example::incident(), example::context(), example::round());
    let asked = RoundView {
        incident: &incident,
        proposal,
        digest: &digest,
        context: &context,
        number: 1,
        round: &round,
        ends_at: "2026-11-23T10:30:00Z".parse().unwrap(),
        approvals: &[],
    };
    let mut view = ProposalView {
        asked,
        form_token: "ft",
        earlier_link: false,
        problem: None,
        name: "",
        now: "2026-11-23T10:16:00Z".parse().unwrap(),
    };
    change(&mut view);
    proposal_page(&view)
}

fn check(page: &Page, present: &[&str], absent: &[&str]) {
    for part in present {
        assert!(page.html.contains(part), "missing {part}");
    }
    for part in absent {
        assert!(!page.html.contains(part), "present {part}");
    }
}

#[test]
fn the_page_shows_everything_that_the_digest_covers() {
    let proposal = example::proposal();
    let page = show(&proposal, |_| {});
    assert_eq!(page.status, 200);
    let text = page.html.replace("&quot;", "\"").replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&");
    let canonical = super::super::canonical_proposal(&proposal).unwrap();
    assert!(text.contains(&canonical));
    assert!(text.contains(&proposal_digest(&proposal).unwrap()));
    for part in [
        "lambda_update_timeout",
        "arn:aws:lambda:eu-central-1:123456789012:function:shop-orders",
        "module.api.aws_lambda_function.this[\"orders\"]",
        "sha256:77",
        "2026-11-23T11:15:00Z",
        "the change is reversible and interrupts nothing",
        "aws_lb.shop",
        "Rules reasoned, not a model",
        "The function runs into its timeout of 10 s.",
        "Durations of the function",
    ] {
        assert!(text.contains(part), "missing {part}");
    }
}

#[test]
fn a_long_parameter_is_shown_untruncated() {
    let mut proposal = example::proposal();
    let long = "x1y2".repeat(2_000);
    proposal.parameters.insert("function_name".to_owned(), long.clone().into());
    check(&show(&proposal, |_| {}), &[&long], &[]);
}

#[test]
fn the_form_posts_a_name_a_code_and_the_token_of_this_page() {
    let page = show(&example::proposal(), |_| {});
    check(
        &page,
        &[
            "method=\"post\"",
            "name=\"form_token\" value=\"ft\"",
            "name=\"name\"",
            "name=\"code\"",
            "value=\"approve\"",
            "value=\"reject\"",
            "name=\"parameter.timeout\"",
        ],
        &["<script", "onclick", "method=\"get\"", "<img", "http-equiv"],
    );
}

#[test]
fn the_enter_key_decides_nothing() {
    let page = show(&example::proposal(), |_| {});
    let first = page.html.split("type=\"submit\"").nth(1).unwrap();
    assert!(first.starts_with(" disabled"), "{first}");
}

#[test]
fn text_of_a_reasoner_is_data() {
    let mut proposal = example::proposal();
    proposal.cause.statement = "</blockquote><script>alert(1)</script>".to_owned();
    proposal.rationale = "<form action=//evil><button>".to_owned();
    proposal.target.name = "\"><img src=x>\u{202e}".to_owned();
    proposal.risk.reasons = vec!["<b>none</b>".to_owned()];
    check(
        &show(&proposal, |_| {}),
        &["&lt;script&gt;", "[U+202E]"],
        &["<script", "<form action", "<img", "<b>", "\u{202e}"],
    );
}

#[test]
fn a_missing_piece_of_evidence_leaves_only_rejecting() {
    let mut proposal = example::proposal();
    proposal.cause.evidence.push("E9".to_owned());
    check(
        &show(&proposal, |_| {}),
        &["Evidence is missing: E9", "value=\"reject\""],
        &["value=\"approve\"", "value=\"adjust\""],
    );
}

#[test]
fn a_proposal_that_does_not_fit_its_digest_leaves_only_rejecting() {
    let page = show(&example::proposal(), |view| view.asked.digest = "00");
    check(&page, &["can only be rejected", "value=\"reject\""], &["value=\"approve\"", "value=\"adjust\""]);
}

#[test]
fn high_says_that_a_manager_is_needed() {
    let mut proposal = example::proposal();
    proposal.risk.level = RiskLevel::High;
    check(&show(&proposal, |_| {}), &["<strong>manager</strong>", "risk high"], &[]);
}

#[test]
fn what_cannot_be_undone_says_so() {
    let proposal =
        Proposal { inverse: None, irreversible: Some("A reboot cannot be undone.".to_owned()), ..example::proposal() };
    check(&show(&proposal, |_| {}), &["It cannot be undone", "A reboot cannot be undone."], &["How it is undone"]);
}

#[test]
fn a_problem_is_shown_with_the_form() {
    let page = show(&example::proposal(), |view| {
        view.problem = Some("The code is wrong.");
        view.name = "an\"a";
    });
    assert_eq!(page.status, 403);
    check(&page, &["The code is wrong.", "value=\"an&quot;a\"", "value=\"approve\""], &[]);
}

#[test]
fn settled_pages_say_who_decided_and_repeat_nothing_unescaped() {
    let proposal = example::proposal();
    let decision = Decision {
        subject: "ana <x>".to_owned(),
        role: Some(Role::OnCall),
        reason: Some("<i>fine</i>".to_owned()),
        ..example::decision()
    };
    let view = SettledView { proposal: &proposal, decision: &decision, ending: Some("The alarm is OK again.") };
    check(&decided_page(&view), &["Approved", "ana &lt;x&gt;", "The alarm is OK again."], &["<i>", "<form"]);
    let second = second_page(&view);
    assert_eq!(second.status, 409);
    check(&second, &["came second", "ana &lt;x&gt;"], &["<form"]);
    let rejected = Decision { kind: DecisionKind::Reject, ..decision.clone() };
    check(&decided_page(&SettledView { decision: &rejected, ..view }), &["Rejected", "Nothing is executed"], &[]);
}

#[test]
fn expiry_is_not_rejection() {
    let page = expired_page(Some(&example::proposal()), None);
    assert_eq!(page.status, 410);
    check(&page, &["expired", "Nobody decided in time"], &["Rejected", "<form"]);
    assert_eq!(unknown_page().status, 404);
    check(&not_found_page("<script>"), &["&lt;script&gt;"], &["<script"]);
    assert_eq!(refused_page(400, "unknown verb").status, 400);
}
