//! The last look before a change: is everything still as it was approved?
//!
//! Owns the checks that the state of the world decides. Digest, signatures and lock are looked at by `act`, which holds the
//! keys. A check that cannot be made counts as failed.

use jiff::Timestamp;

use super::{build, gate, policy};
use crate::action::{Action, ActionName};
use crate::facts::Facts;
use crate::shape::{Incident, Proposal, ProposeAnswer, Settings};
use crate::time::{instant_or_none, written};

/// Checks a proposal again.
pub(super) fn revalidate(
    incident: &Incident,
    settings: &Settings,
    proposal: &Proposal,
    facts: Facts<'_>,
    automatic: bool,
    now: Timestamp,
) -> ProposeAnswer {
    let mut look = Look { checks: Vec::new(), problems: Vec::new() };
    if incident.request.is_none()
        && let Some(state) = over(incident, facts)
    {
        let reason = format!("alarm `{}` is {state} again: nothing was executed", incident.alarm.name);
        return ProposeAnswer::Invalid { verdict: RECOVERED.to_owned(), problems: vec![reason.clone()], reason };
    }
    if incident.request.is_none() {
        look.at("the alarm is still in ALARM", firing(incident, facts));
    }
    look.at("the proposal has not expired", unexpired(proposal, now));
    look.at("the kill switch is not engaged", kill_switch(facts));
    for (check, result) in world(settings, proposal, facts, now) {
        look.at(&check, result);
    }
    if automatic {
        let result = gate::automatic_problem(settings, proposal, facts).map_or(Ok(()), Err);
        look.at("the policy may decide by itself", result);
    }
    look.answer()
}

struct Look {
    checks: Vec<String>,
    problems: Vec<String>,
}

impl Look {
    fn at(&mut self, check: &str, result: Result<(), String>) {
        match result {
            Ok(()) => self.checks.push(check.to_owned()),
            Err(problem) => self.problems.push(problem),
        }
    }

    fn answer(self) -> ProposeAnswer {
        if self.problems.is_empty() {
            return ProposeAnswer::Valid { checks: self.checks };
        }
        let reason = format!("the proposal no longer holds: {}", self.problems.join("; "));
        ProposeAnswer::Invalid { verdict: INVALID.to_owned(), reason, problems: self.problems }
    }
}

/// The alarm's state, when the incident is over.
fn over(incident: &Incident, facts: Facts<'_>) -> Option<String> {
    facts.alarm(&incident.alarm.name).ok().filter(|alarm| alarm.state == "OK").map(|alarm| alarm.state)
}

fn firing(incident: &Incident, facts: Facts<'_>) -> Result<(), String> {
    let alarm = facts.alarm(&incident.alarm.name)?;
    if alarm.state == "ALARM" { Ok(()) } else { Err(format!("alarm `{}` is {}", alarm.name, alarm.state)) }
}

fn unexpired(proposal: &Proposal, now: Timestamp) -> Result<(), String> {
    match instant_or_none(&proposal.expires_at) {
        Some(expires_at) if now < expires_at => Ok(()),
        Some(_) => Err(format!("the proposal expired at {}", proposal.expires_at)),
        None => Err(format!("`{}` is no instant: the proposal counts as expired", proposal.expires_at)),
    }
}

fn kill_switch(facts: Facts<'_>) -> Result<(), String> {
    let switch = facts.kill_switch()?;
    if switch.engaged {
        Err(format!("all execution is stopped: {}", switch.reason.as_deref().unwrap_or("without a reason")))
    } else {
        Ok(())
    }
}

/// Target, state as approved, bounds, policy and risk.
fn world(
    settings: &Settings,
    proposal: &Proposal,
    facts: Facts<'_>,
    now: Timestamp,
) -> Vec<(String, Result<(), String>)> {
    match observed(settings, proposal, facts, now) {
        Ok(()) => vec![("target, state before, bounds, policy and risk are as approved".to_owned(), Ok(()))],
        Err(problems) => problems.into_iter().map(|problem| (String::new(), Err(problem))).collect(),
    }
}

fn observed(settings: &Settings, proposal: &Proposal, facts: Facts<'_>, now: Timestamp) -> Result<(), Vec<String>> {
    let one = |problem: String| vec![problem];
    let topology = facts.topology().map_err(one)?;
    let target = build::find(&topology, &proposal.target.node).map_err(build::Refusal::problems)?;
    if target.resource_type != proposal.target.kind {
        return Err(one(format!("`{}` is now a `{}`", proposal.target.node, target.resource_type)));
    }
    let (current, _) = build::configuration(facts, target).map_err(build::Refusal::problems)?;
    let name: ActionName =
        proposal.action.parse().map_err(|problem: crate::action::ActionProblem| one(problem.to_string()))?;
    let parameters = serde_json::Value::Object(proposal.parameters.clone());
    let action: Action = name
        .validate(&parameters, target, &current)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let before = action.before(&current).and_then(|value| value.as_object().cloned());
    if before.as_ref() != Some(&proposal.before) {
        let now = serde_json::Value::Object(before.unwrap_or_default());
        return Err(one(format!(
            "{now} is the state now, {} was approved",
            serde_json::Value::Object(proposal.before.clone())
        )));
    }
    let asked = policy::Asked {
        action: &action,
        target,
        current: &current,
        risk: proposal.risk.level,
        reasoner: &proposal.reasoner,
        topology: &topology,
        settings,
        at: &written(now),
    };
    policy::permit(facts, &asked)?;
    let risk = build::catalogue_risk(&action, target, &current);
    if risk.level > proposal.risk.level {
        return Err(one(format!("the risk has risen since: {}", risk.reasons.join("; "))));
    }
    Ok(())
}

const RECOVERED: &str = "recovered_itself";
const INVALID: &str = "invalid";
