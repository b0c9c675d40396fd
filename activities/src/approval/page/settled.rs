//! The pages on which nothing is left to decide: decided, came second, expired, unknown, not found, refused.
//!
//! Owns their words. None of them repeats what the visitor sent, but as escaped data.

use maud::{Markup, html};

use super::super::authorise::{risk_word, role_word};
use super::{Page, frame, moment, shown, value_text};
use crate::shape::{Decision, DecisionKind, Proposal};

/// A decision and the proposal that it is about.
#[derive(Clone, Copy, Debug)]
pub struct SettledView<'a> {
    /// The proposal.
    pub proposal: &'a Proposal,
    /// The decision.
    pub decision: &'a Decision,
    /// How the incident ended, once it has.
    pub ending: Option<&'a str>,
}

/// The decision was taken, and was yours.
pub fn decided_page(view: &SettledView<'_>) -> Page {
    let (title, words) = match view.decision.kind {
        DecisionKind::Approve => ("Approved", "It is executed now, exactly as it was shown, and verified afterwards."),
        DecisionKind::Reject => ("Rejected", "Nothing is executed. The rejection is remembered for the next incident."),
        DecisionKind::Adjust => ("New values proposed", "They are checked and asked again in a new mail."),
        DecisionKind::Recovered => ("Over by itself", "The alarm ended before a decision. Nothing is executed."),
        DecisionKind::Policy => ("Decided by policy", "The policy decided; no answer was needed."),
    };
    settled(200, title, "good", words, view)
}

/// Somebody else decided first, or you did already.
pub fn second_page(view: &SettledView<'_>) -> Page {
    settled(409, "This was decided already", "plain", "Your answer came second and changed nothing.", view)
}

/// The time is over; no answer was a no.
pub fn expired_page(proposal: Option<&Proposal>, ending: Option<&str>) -> Page {
    let body = html! {
        (top())
        section.notice {
            h1 { "This approval expired" }
            p { "Nobody decided in time. Nothing was executed on account of it, and nothing will be." }
            @if let Some(ending) = ending { p { (shown(ending)) } }
        }
        @if let Some(proposal) = proposal { (about(proposal)) }
    };
    frame(410, "Expired", &body)
}

/// The link is whole and ours, but nothing here knows its approval.
pub fn unknown_page() -> Page {
    plain(404, "Unknown approval", "This link opens, but no approval is kept for it here. Nothing was changed.")
}

/// The address is not an approval link.
pub fn not_found_page(problem: &str) -> Page {
    let body = html! {
        (top())
        section.notice { h1 { "No approval here" } p { (shown(problem)) } p.soft { "Nothing was changed." } }
    };
    frame(404, "No approval here", &body)
}

/// The request was not one that decides: an unknown verb, a foreign form, a missing field.
pub fn refused_page(status: u16, problem: &str) -> Page {
    let body = html! {
        (top())
        section.notice.bad role="alert" { h1 { "Nothing was decided" } p { (shown(problem)) } }
    };
    frame(status, "Nothing was decided", &body)
}

fn plain(status: u16, title: &str, words: &str) -> Page {
    frame(status, title, &html! { (top()) section.notice { h1 { (title) } p { (words) } } })
}

fn settled(status: u16, title: &str, tone: &str, words: &str, view: &SettledView<'_>) -> Page {
    let decision = view.decision;
    let body = html! {
        (top())
        section class={ "notice " (tone) } role="status" { h1 { (title) } p { (words) } }
        section {
            h2 { "The decision" }
            dl {
                dt { "Decision" } dd { (kind_word(decision.kind)) }
                dt { "By" } dd { (shown(&decision.subject)) @if let Some(role) = decision.role { ", " (role_word(role)) } }
                dt { "On" } dd { (moment(&decision.at)) }
                @if let Some(reason) = &decision.reason { dt { "Reason" } dd { (shown(reason)) } }
                @if let Some(parameters) = &decision.parameters {
                    @for (name, value) in parameters { dt { code { (shown(name)) } } dd.data { (value_text(value)) } }
                }
                dt { "Round" } dd { (decision.round) }
                dt { "Digest" } dd.data { (decision.digest) }
            }
        }
        @if let Some(ending) = view.ending { section { h2 { "How it ended" } p { (shown(ending)) } } }
        (about(view.proposal))
    };
    frame(status, title, &body)
}

fn about(proposal: &Proposal) -> Markup {
    html! {
        section {
            h2 { "The proposal" }
            dl {
                dt { "Action" } dd.data { (proposal.action) }
                dt { "Target" } dd.data { (shown(&proposal.target.name)) }
                @for (name, value) in &proposal.parameters { dt { code { (shown(name)) } } dd.data { (value_text(value)) } }
                dt { "Risk" } dd { (risk_word(proposal.risk.level)) }
                dt { "Execution" } dd.data { (proposal.execution) }
            }
        }
    }
}

fn top() -> Markup {
    html! { header.top { span { "Incident approval" } } }
}

fn kind_word(kind: DecisionKind) -> &'static str {
    match kind {
        DecisionKind::Approve => "approved",
        DecisionKind::Reject => "rejected",
        DecisionKind::Adjust => "other values proposed",
        DecisionKind::Recovered => "recovered by itself",
        DecisionKind::Policy => "decided by policy",
    }
}
