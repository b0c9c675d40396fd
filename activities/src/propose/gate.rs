//! Who decides about a proposal, in which rounds, and what is read before and after it is executed.
//!
//! Owns the rule of roles and the plan of rounds. The machine only follows it.

use super::Case;
use crate::detect::first_reads;
use crate::facts::Facts;
use crate::shape::{
    ApprovalRule, Fields, Gate, Mode, Plan, Proposal, Read, ReadRequest, ReasonerKind, RiskLevel, Role, Round,
    RoundKind, Settings,
};
use crate::time::{instant_or_none, later, written};

/// Who must approve a proposal of this risk.
pub(super) fn rule(settings: &Settings, level: RiskLevel) -> ApprovalRule {
    match level {
        RiskLevel::Low | RiskLevel::Medium => ApprovalRule { role: Role::OnCall, approvals: 1 },
        RiskLevel::High => ApprovalRule { role: Role::Manager, approvals: settings.high_approvals },
    }
}

/// When a proposal expires: after its last round, with some time to execute what was approved in its last second.
pub(super) fn expires_at(settings: &Settings, at: &str) -> String {
    let seconds = settings.approval_seconds + second_seconds(settings) + TO_EXECUTE;
    instant_or_none(at).map_or_else(|| at.to_owned(), |at| written(later(at, seconds)))
}

/// The gate of a proposal.
pub(super) fn gate(settings: &Settings, proposal: &Proposal, facts: Facts<'_>) -> Gate {
    let against = automatic_problem(settings, proposal, facts);
    let asked = proposal.approval.role;
    let round = |kind, role, seconds| Round { kind, role, seconds };
    let rounds = vec![
        round(RoundKind::Ask, asked, settings.reminder_seconds),
        round(RoundKind::Reminder, asked, settings.escalation_seconds - settings.reminder_seconds),
        round(RoundKind::Escalation, Role::Manager, settings.approval_seconds - settings.escalation_seconds),
    ];
    let second = (proposal.approval.approvals > 1)
        .then(|| round(RoundKind::SecondApprover, Role::Manager, second_seconds(settings)));
    let reason =
        against.clone().unwrap_or_else(|| "mode policy lets a model's LOW proposal execute by itself".to_owned());
    Gate { automatic: against.is_none(), reason, rounds, second }
}

/// Why the policy may not decide by itself.
pub(super) fn automatic_problem(settings: &Settings, proposal: &Proposal, facts: Facts<'_>) -> Option<String> {
    if settings.mode != Mode::Policy {
        return Some("the mode is not policy: a human decides".to_owned());
    }
    if proposal.risk.level != RiskLevel::Low {
        return Some("the risk is not LOW: a human decides".to_owned());
    }
    if proposal.reasoner.kind != ReasonerKind::Model {
        return Some(format!("{}, and no model reasoned: a human decides", proposal.reasoner.label()));
    }
    match facts.recent_actions() {
        Ok(recent) if recent.automatic < settings.automatic_per_hour => None,
        Ok(recent) => Some(format!(
            "{} actions executed by themselves in the last hour, {} may: a human decides",
            recent.automatic, settings.automatic_per_hour
        )),
        Err(problem) => Some(format!("{problem}: a human decides")),
    }
}

/// What is read before and after execution.
pub(super) fn plan(case: &Case<'_>, proposal: &Proposal, declared: Fields) -> Plan {
    let first = first_reads(case.incident);
    let configuration = ReadRequest {
        id: "configuration".to_owned(),
        max_bytes: 4_000,
        read: Read::Configuration { resource_type: proposal.target.kind.clone(), name: proposal.target.name.clone() },
    };
    let select = |kinds: &[&str]| -> Vec<ReadRequest> {
        let mut reads: Vec<ReadRequest> =
            first.iter().filter(|read| kinds.contains(&read.read.kind())).cloned().collect();
        reads.push(configuration.clone());
        reads
    };
    let settings = case.settings;
    Plan {
        recheck: select(&[
            "alarm",
            "topology",
            "governance",
            "constraints",
            "kill_switch",
            "recent_actions",
            "active_alarms",
            "metrics",
        ]),
        verify: select(&["alarm", "active_alarms", "metrics"]),
        declared,
        // Execution and undo take at most `effect_seconds` each; retries and waiting in queues have the rest.
        lock_seconds: 2 * settings.effect_seconds
            + settings.verify_seconds
            + 2 * settings.settle_seconds
            + LOCK_RESERVE,
    }
}

/// The second approver has as long as the last of the first rounds.
fn second_seconds(settings: &Settings) -> u32 {
    settings.approval_seconds - settings.escalation_seconds
}

const TO_EXECUTE: u32 = 300;
const LOCK_RESERVE: u32 = 900;
