//! The approval page: the whole proposal, and the form that decides it.
//!
//! Owns what is shown, in what order, and the names of the form's fields. Everything that the digest covers is on the page,
//! untruncated. Where something is missing, only rejecting is offered.

use jiff::Timestamp;
use maud::{Markup, html};
use serde_json::Value;

use super::super::authorise::{required_role, risk_word, role_word};
use super::super::digest::canonical_proposal;
use super::super::round::RoundView;
use super::{Page, frame, instant, moment, shown, value_text};
use crate::shape::{Fields, Incident, Piece, Proposal, ReasonerKind, RiskLevel, RoundKind};

/// What the approval page shows.
#[derive(Clone, Copy, Debug)]
pub struct ProposalView<'a> {
    /// What is asked.
    pub asked: RoundView<'a>,
    /// The token that ties the form to this page.
    pub form_token: &'a str,
    /// Whether the page was opened by the link of an earlier round.
    pub earlier_link: bool,
    /// What was wrong with the decision that was just tried.
    pub problem: Option<&'a str>,
    /// The name that was typed then.
    pub name: &'a str,
    /// The present moment.
    pub now: Timestamp,
}

/// The page on which a proposal is decided. Showing it changes nothing.
pub fn proposal_page(view: &ProposalView<'_>) -> Page {
    let proposal = view.asked.proposal;
    let incomplete = view.asked.incomplete();
    let body = html! {
        header.top { span { "Incident approval" } span { "Round " (view.asked.number) " · " (round_words(&view.asked)) } }
        (notices(view, incomplete.as_deref()))
        section.lead {
            p { (risk_mark(proposal.risk.level)) }
            h1 { (shown(&proposal.action)) " on " (shown(&proposal.target.name)) }
            p { "Because " (occasion(view.asked.incident)) " in " (shown(&view.asked.incident.region)) " on "
                (moment(&view.asked.incident.started_at)) "." }
            p { a href="#decide" { "To the decision" } }
        }
        (change(proposal))
        (why(&view.asked))
        (risk(proposal))
        (target(proposal))
        (decide(view, incomplete.is_none()))
        (whole(view))
        footer { p { "Opening this page decides nothing. What is executed is exactly what is shown here, or nothing." } }
    };
    let status = if view.problem.is_some() { 403 } else { 200 };
    frame(
        status,
        &format!("{}: {} on {}", risk_word(proposal.risk.level), proposal.action, proposal.target.name),
        &body,
    )
}

fn occasion(incident: &Incident) -> Markup {
    match &incident.request {
        None => html! { span.data { (shown(&incident.alarm.name)) } " went into ALARM" },
        Some(request) => html! {
            "what calls itself " span.data { (shown(&request.requester)) } " requested it"
        },
    }
}

fn notices(view: &ProposalView<'_>, incomplete: Option<&str>) -> Markup {
    html! {
        @if let Some(problem) = view.problem {
            section.notice.bad role="alert" { h2 { "Nothing was decided" } p { (problem) } }
        }
        @if let Some(incomplete) = incomplete {
            section.notice.bad role="alert" { h2 { "This can only be rejected" } p { (incomplete) } }
        }
        @if view.earlier_link {
            section.notice { p { "Your link is of an earlier round. This is the round that is open now." } }
        }
        @for decision in view.asked.approvals {
            section.notice.good { p { (shown(&decision.subject)) " approved on " (moment(&decision.at)) ". "
                (left_words(&view.asked)) } }
        }
    }
}

fn change(proposal: &Proposal) -> Markup {
    html! {
        section aria-labelledby="change" {
            h2 #change { "What changes" }
            (change_table(proposal))
            @match (&proposal.inverse, &proposal.irreversible) {
                (Some(inverse), _) => {
                    h2 { "How it is undone" }
                    p { "If it gets worse, this is undone by " code { (inverse.action) } " with:" }
                    (fields(&inverse.parameters))
                }
                (None, reason) => {
                    h2 { "It cannot be undone" }
                    p { (shown(reason.as_deref().unwrap_or("The catalogue knows no inverse of this action."))) }
                }
            }
        }
    }
}

/// Every attribute before and every parameter after; those of one name share a row.
fn change_table(proposal: &Proposal) -> Markup {
    let others = proposal.before.iter().filter(|(name, _)| !proposal.parameters.contains_key(*name));
    let mut parameters: Vec<(&String, &Value)> = proposal.parameters.iter().collect();
    // What changes comes first, what only names the target after it.
    parameters.sort_by_key(|(name, _)| !proposal.before.contains_key(*name));
    html! {
        table {
            thead { tr { th scope="col" { "Parameter" } th scope="col" { "Now" } th scope="col" { "After" } } }
            tbody {
                @for (name, after) in parameters {
                    tr {
                        th scope="row" { code { (shown(name)) } }
                        td.data data-name="Now" { @match proposal.before.get(name) {
                            Some(before) => (value_text(before)),
                            None => "–",
                        } }
                        td.data.after data-name="After" { (value_text(after)) }
                    }
                }
                @for (name, before) in others {
                    tr {
                        th scope="row" { code { (shown(name)) } }
                        td.data data-name="Now" { (value_text(before)) }
                        td.data data-name="After" { "not set by this action" }
                    }
                }
            }
        }
    }
}

fn why(asked: &RoundView<'_>) -> Markup {
    let proposal = asked.proposal;
    html! {
        section aria-labelledby="why" {
            h2 #why { "Why" }
            p { strong { (asked.who_reasoned())
                @if proposal.reasoner.kind == ReasonerKind::Model { " It can be wrong; read the evidence." } } }
            blockquote { (shown(&proposal.cause.statement)) }
            blockquote { (shown(&proposal.rationale)) }
            h2 { "Evidence" }
            @if proposal.cause.evidence.is_empty() { p { "None is cited." } }
            @for id in &proposal.cause.evidence {
                @match asked.piece(id) {
                    Some(piece) => (evidence(piece)),
                    None => p { (id) ": not available" },
                }
            }
            @if !asked.context.gaps.is_empty() {
                h2 { "What could not be observed" }
                ul { @for gap in &asked.context.gaps { li { (shown(gap)) } } }
            }
        }
    }
}

/// One piece of evidence, whole; a long one is folded, a tap away.
fn evidence(piece: &Piece) -> Markup {
    let short = piece.text.chars().count() <= SHORT;
    html! {
        details open[short] {
            summary { (shown(&piece.evidence)) " · " (shown(&piece.title)) }
            @if piece.untrusted { p.soft { "Text from outside, shown as it was written." } }
            pre { (shown(&piece.text)) }
        }
    }
}

fn risk(proposal: &Proposal) -> Markup {
    let listed = u32::try_from(proposal.blast_radius.nodes.len()).unwrap_or(u32::MAX);
    html! {
        section aria-labelledby="risk" {
            h2 #risk { "Risk " (risk_mark(proposal.risk.level)) }
            ul { @for reason in &proposal.risk.reasons { li { (shown(reason)) } } }
            h2 { "Blast radius" }
            @if proposal.blast_radius.total == 0 { p { "Nothing else depends on it." } }
            ul { @for node in &proposal.blast_radius.nodes { li { code { (shown(node)) } } } }
            @if proposal.blast_radius.total > listed { p { "and " (proposal.blast_radius.total - listed) " more" } }
        }
    }
}

fn target(proposal: &Proposal) -> Markup {
    let target = &proposal.target;
    html! {
        section aria-labelledby="target" {
            h2 #target { "Target" }
            dl {
                dt { "Resource" } dd.data { (shown(&target.name)) }
                dt { "Type" } dd.data { (shown(&target.kind)) }
                dt { "ARN" } dd.data { (shown(&target.arn)) }
                dt { "Account, region" } dd.data { (shown(&target.account)) ", " (shown(&target.region)) }
                dt { "Terraform address" } dd.data { (shown(&target.node)) }
            }
        }
    }
}

fn decide(view: &ProposalView<'_>, complete: bool) -> Markup {
    let adjustable: Vec<(&String, &Value)> =
        view.asked.proposal.parameters.iter().filter(|(_, value)| value.is_number()).collect();
    html! {
        form method="post" autocomplete="off" aria-labelledby="decide" {
            // The first button is what the Enter key presses: this one, so that only a deliberate press decides.
            button type="submit" disabled hidden {}
            h2 #decide { "Your decision" }
            p { "Asked: " (role_word(view.asked.round.role)) ". A yes needs the role " strong {
                (role_word(required_role(view.asked.proposal, view.asked.approvals))) } ". " (left_words(&view.asked)) }
            p.soft { "This round ends on " (instant(view.asked.ends_at)) "; the proposal expires on " (moment(&view.asked.proposal.expires_at)) ". No answer is a no." }
            input type="hidden" name="form_token" value=(view.form_token);
            input type="hidden" name="digest" value=(view.asked.digest);
            label for="name" { "Your name" }
            input #name name="name" required maxlength="100" autocomplete="username" autocapitalize="off" spellcheck="false" value=(view.name);
            label for="code" { "One-time code" }
            input.code #code name="code" required inputmode="numeric" maxlength="12" autocomplete="one-time-code";
            p.soft { "From your authenticator. The mail alone does not prove who you are." }
            label for="reason" { "Reason (optional)" }
            textarea #reason name="reason" rows="2" maxlength="1000" {}
            @if complete && !adjustable.is_empty() {
                details {
                    summary { "Other values instead" }
                    p.soft { "A changed value makes a new proposal, which is checked and asked again." }
                    @for (name, value) in adjustable {
                        label for={ "parameter." (name) } { (name) }
                        input id={ "parameter." (name) } name={ "parameter." (name) } inputmode="numeric" maxlength="20" value=(value_text(value));
                    }
                    div.choices { button.reject type="submit" name="verb" value="adjust" { "Propose these values" } }
                }
            }
            div.choices {
                @if complete { button.approve type="submit" name="verb" value="approve" { "Approve and execute" } }
                button.reject type="submit" name="verb" value="reject" { "Reject" }
            }
        }
    }
}

fn whole(view: &ProposalView<'_>) -> Markup {
    let proposal = view.asked.proposal;
    html! {
        section aria-labelledby="whole" {
            h2 #whole { "The whole proposal" }
            dl {
                dt { "Digest" } dd.data { (view.asked.digest) }
                dt { "Policy version" } dd.data { (shown(&proposal.policy_version)) }
                dt { "Requester" } dd.data { (shown(&proposal.requester)) }
                dt { "Made" } dd.data { (proposal.created_at) }
                dt { "Expires" } dd.data { (proposal.expires_at) }
                dt { "Page shown" } dd.data { (view.now) }
                dt { "Execution" } dd.data { (proposal.execution) }
                dt { "Incident" } dd.data { (proposal.incident) }
                dt { "Schema, nonce" } dd.data { (proposal.schema) ", " (proposal.nonce) }
            }
            details {
                summary { "Canonical text that the digest covers" }
                @match canonical_proposal(proposal) {
                    Ok(text) => pre { (shown(&text)) },
                    Err(error) => p { (error.to_string()) },
                }
            }
        }
    }
}

fn left_words(asked: &RoundView<'_>) -> String {
    let given = u32::try_from(asked.approvals.len()).unwrap_or(u32::MAX);
    match asked.proposal.approval.approvals.saturating_sub(given) {
        0 | 1 => "One approval is needed.".to_owned(),
        many => format!("{many} approvals by different people are needed."),
    }
}

fn round_words(asked: &RoundView<'_>) -> &'static str {
    match asked.round.kind {
        RoundKind::Ask => "first ask",
        RoundKind::Reminder => "reminder",
        RoundKind::Escalation => "escalated",
        RoundKind::SecondApprover => "second approver",
    }
}

fn risk_mark(level: RiskLevel) -> Markup {
    let class = match level {
        RiskLevel::Low => "risk low",
        RiskLevel::Medium => "risk medium",
        RiskLevel::High => "risk high",
    };
    html! { span class=(class) { (risk_word(level)) } }
}

fn fields(fields: &Fields) -> Markup {
    html! { dl { @for (name, value) in fields { dt { code { (shown(name)) } } dd.data { (value_text(value)) } } } }
}

/// The most characters of a piece of evidence that is shown unfolded.
const SHORT: usize = 600;
