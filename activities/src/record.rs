//! Record: the whole incident becomes a precedent, its cost, a drift note and a summary.
//!
//! Owns what is remembered and told. Success, failure, rejection, correction and undo are remembered alike, each as what
//! it was: an incident without an action is none, and an action counts as a success only when the alarm was seen OK.

mod drift;
mod summary;

use crate::ActivityError;
use crate::detect::precedent_text;
use crate::shape::{DecisionKind, PrecedentNote, RecordAnswer, RecordRequest};
use crate::time::{instant, seconds_between};

/// Makes what is kept and told of an incident.
///
/// # Errors
///
/// `Sao.BadInput` when `at` or the incident's start is no instant.
pub fn record(mut request: RecordRequest) -> Result<RecordAnswer, ActivityError> {
    request.outcome.reason = readable(&request.outcome.reason);
    let at = instant("at", &request.at)?;
    let seconds = seconds_between(instant("started_at", &request.incident.started_at)?, at);
    let precedent = precedent(&request, seconds);
    let drift = drift::note(&request);
    let summary = summary::of(&request, drift.as_ref(), seconds);
    Ok(RecordAnswer { precedent, drift, summary, usage: request.usage, seconds })
}

fn precedent(request: &RecordRequest, seconds: u64) -> PrecedentNote {
    let proposal = request.proposal.as_ref();
    let finding = request.finding.as_ref();
    let cause = proposal
        .map(|proposal| &proposal.cause)
        .or_else(|| finding?.cause.as_ref())
        .map(|cause| cause.statement.clone());
    let approvals = request.decisions.iter().filter(|decision| decision.kind != DecisionKind::Recovered);
    PrecedentNote {
        id: request.incident.id.clone(),
        at: request.at.clone(),
        alarm: request.incident.alarm.name.clone(),
        // The same parts as the text by which the next incident asks: it does not know its cause yet.
        text: precedent_text(&request.incident),
        node: proposal.map(|proposal| proposal.target.node.clone()),
        resource_type: request.incident.resource.kind.clone(),
        cause,
        action: proposal.map(|proposal| proposal.action.clone()),
        parameters: proposal.map(|proposal| proposal.parameters.clone()).unwrap_or_default(),
        before: proposal.map(|proposal| proposal.before.clone()).unwrap_or_default(),
        corrected_from: request.adjusted_from.as_ref().map(|former| former.parameters.clone()),
        risk: proposal.map(|proposal| proposal.risk.level),
        outcome: request.outcome.kind,
        reason: request.outcome.reason.clone(),
        decided_by: approvals.map(|decision| decision.subject.clone()).collect(),
        remark: request
            .decisions
            .iter()
            .rev()
            .find_map(|decision| decision.reason.clone())
            .filter(|_| !is_automatic(request)),
        reasoner: proposal.map(|proposal| proposal.reasoner.clone()).or_else(|| finding?.reasoner.clone()),
        automatic: is_automatic(request) && request.act.is_some(),
        execution: request.incident.execution.clone(),
        cost_usd: request.usage.cost_usd,
        seconds,
    }
}

/// A reason for people: where a function's error was put in as Lambda writes it, only its message stays.
fn readable(reason: &str) -> String {
    const FIELD: &str = "\"errorMessage\":";
    let message = reason.find(FIELD).and_then(|at| {
        let mut values =
            serde_json::Deserializer::from_str(reason[at + FIELD.len()..].trim_start()).into_iter::<String>();
        values.next()?.ok()
    });
    match (reason.find('{'), message) {
        (Some(brace), Some(message)) => format!("{}{message}", &reason[..brace]),
        _ => reason.to_owned(),
    }
}

/// Whether the policy decided, and no human.
fn is_automatic(request: &RecordRequest) -> bool {
    request.decisions.iter().any(|decision| decision.kind == DecisionKind::Policy)
}

#[cfg(test)]
mod tests;
