//! The summary: what is mailed when an incident has ended.
//!
//! Owns its words. The subject fits SNS: one line of printable ASCII, at most 100 characters.

use crate::shape::{DecisionKind, DriftNote, OutcomeKind, Proposal, RecordRequest, Summary};

/// Sums an incident up.
pub(super) fn of(request: &RecordRequest, drift: Option<&DriftNote>, seconds: u64) -> Summary {
    let incident = &request.incident;
    let head = match request.outcome.kind {
        OutcomeKind::Unknown if incident.request.is_some() => "Executed as requested",
        kind => headline(kind),
    };
    let mut lines = vec![
        format!("{head}: {}", request.outcome.reason),
        String::new(),
        match &incident.request {
            None => format!("Alarm:     {} ({}, {})", incident.alarm.name, incident.account, incident.region),
            Some(_) => format!("Request:   {} ({}, {})", incident.occasion(), incident.account, incident.region),
        },
        format!("Incident:  {}", incident.id),
        format!("Execution: {}", incident.execution),
        format!("Took:      {seconds} s from the {}", if incident.request.is_some() { "request" } else { "alarm" }),
    ];
    if let Some(proposal) = &request.proposal {
        lines.extend(proposed(request, proposal));
    } else if let Some(finding) = &request.finding {
        lines.extend(finding.cause.iter().map(|cause| format!("Cause:     {}", cause.statement)));
        lines.extend(finding.reasoner.iter().map(|reasoner| format!("Reasoned:  {}", reasoner.label())));
        lines.extend(finding.problems.iter().map(|problem| format!("           - {problem}")));
    }
    lines.push(format!(
        "Cost:      ${:.4} ({} tokens in, {} out)",
        request.usage.cost_usd, request.usage.input_tokens, request.usage.output_tokens
    ));
    if let Some(drift) = drift {
        lines.push(String::new());
        lines.push(format!("Terraform differs from AWS now. {}", drift.advice));
    }
    Summary { subject: subject(&format!("[SAO] {head}: {}", incident.alarm.name)), text: lines.join("\n") + "\n" }
}

fn proposed(request: &RecordRequest, proposal: &Proposal) -> Vec<String> {
    let parameters = serde_json::Value::Object(proposal.parameters.clone());
    let before = serde_json::Value::Object(proposal.before.clone());
    let mut lines = vec![
        format!("Cause:     {}", proposal.cause.statement),
        format!("Reasoned:  {}", proposal.reasoner.label()),
        format!("Proposed:  {} on {} with {parameters}, before {before}", proposal.action, proposal.target.node),
    ];
    for decision in &request.decisions {
        let word = match decision.kind {
            DecisionKind::Approve => "approved",
            DecisionKind::Reject => "rejected",
            DecisionKind::Adjust => "adjusted",
            DecisionKind::Recovered => "recovered by itself",
            DecisionKind::Policy => "approved by the policy",
        };
        let remark = decision.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        lines.push(format!("Decision:  {word}: {} at {}{remark}", decision.subject, decision.at));
    }
    lines.extend(request.act.iter().map(|act| format!("Executed:  {}", act.detail)));
    if let Some(verification) = &request.verification {
        lines.extend(verification.reasons.iter().map(|reason| format!("Verified:  {reason}")));
    }
    lines
}

/// The kind of end in the words of a mail.
fn headline(kind: OutcomeKind) -> &'static str {
    match kind {
        OutcomeKind::Recovered => "Recovered",
        OutcomeKind::Unchanged => "Executed, but nothing changed",
        OutcomeKind::Worse => "Executed, and it got WORSE",
        OutcomeKind::Unknown => "Executed, effect unknown",
        OutcomeKind::Undone => "Executed and undone",
        OutcomeKind::Failed => "The action FAILED",
        OutcomeKind::Expired => "Nobody decided in time",
        OutcomeKind::Rejected => "Rejected",
        OutcomeKind::RecoveredItself => "Recovered by itself",
        OutcomeKind::Invalid => "Not executed",
        OutcomeKind::Locked => "Not executed, locked",
        OutcomeKind::Shadow => "Proposed only (shadow)",
        OutcomeKind::None => "No action needed",
        OutcomeKind::Undetermined => "Needs a human",
        OutcomeKind::Broken => "The platform FAILED",
    }
}

/// At most 100 characters of printable ASCII.
fn subject(text: &str) -> String {
    let ascii: String =
        text.chars().map(|letter| if letter == ' ' || letter.is_ascii_graphic() { letter } else { '?' }).collect();
    if ascii.len() <= LONGEST_SUBJECT { ascii } else { format!("{}...", &ascii[..LONGEST_SUBJECT - 3]) }
}

const LONGEST_SUBJECT: usize = 100;
