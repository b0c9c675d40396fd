//! The checks before a change: all of them, in one place, and each refuses.
//!
//! Owns what must hold at the moment of the change: the approval (by the same pure code as embedded), the lock, the kill switch,
//! the execution, the alarm, the policy, the target as it was shown. Trusts no request about the mode, and holds public keys only.

use activities::action::{Action, Configuration};
use activities::approval::{Authorisation, authorise, authorise_undo};
use activities::detect::News;
use activities::shape::{AlarmEvent, LayerAnswer, Proposal};
use activities::twin::{Budget, Document, Policy, Question};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::describe::{Described, describe};
use super::super::failure::failed;
use super::super::store::When;
use super::super::{Aws, intake, keys, observe, twin};
use super::ledger::{self, Entry, Kind, Stage};
use super::{Leave, lock};
use crate::error::EdgeError;

/// A change that may be made.
pub(super) struct Cleared {
    /// The action, within the catalogue's bounds.
    pub(super) action: Action,
    /// The target as it is.
    pub(super) now: Described,
    /// Who approved it.
    pub(super) by: Vec<String>,
}

/// Whether the target is in the account and region that this function changes.
pub(super) fn target(aws: &Aws, proposal: &Proposal) -> Result<(), EdgeError> {
    let (account, region) = (aws.settings().account()?, aws.settings().region()?);
    let target = &proposal.target;
    if target.account == account && target.region == region && is_in(&target.arn, account, region) {
        return Ok(());
    }
    Err(EdgeError::refused(format!(
        "`{}` is in `{}` `{}`, this function changes `{account}` `{region}`",
        target.arn, target.account, target.region
    )))
}

/// Whether a request is the one that made a change: the same key on behalf of the same execution.
pub(super) fn same_request(leave: &Leave<'_>, entry: &Entry) -> Result<(), EdgeError> {
    if entry.execution != leave.proposal.execution {
        return Err(EdgeError::refused("this proposal was begun by another execution"));
    }
    if entry.key != leave.key {
        return Err(EdgeError::refused("this proposal was begun already, by a request of another idempotency key"));
    }
    Ok(())
}

/// All checks of an action.
pub(super) async fn begin(aws: &Aws, leave: &Leave<'_>) -> Result<Cleared, EdgeError> {
    let (proposal, now) = (leave.proposal, aws.now());
    check_time(leave, now)?;
    let verifier = keys::verifier(&aws.keys()?).await?;
    let by = authorise(&verifier, &authorisation(aws, leave, now)?).map_err(EdgeError::refused)?;
    check_lock(aws, proposal, now).await?;
    check_kill_switch(aws).await?;
    check_alarm(aws, proposal).await?;
    if leave.is_automatic() {
        check_limit(aws, now, 0).await?;
    }
    let target = describe(aws, &proposal.target.kind, &proposal.target.name).await?;
    check_arn(&target, proposal)?;
    let action =
        validated(aws, &proposal.action, &Value::Object(proposal.parameters.clone()), &target, proposal).await?;
    check_policy(aws, proposal, (&action, &target.configuration), now).await?;
    check_pre_state(&action, &target, proposal)?;
    Ok(Cleared { action, now: target, by })
}

/// All checks of an undo, which was approved with its action.
pub(super) async fn undo(aws: &Aws, leave: &Leave<'_>) -> Result<Cleared, EdgeError> {
    let (proposal, now) = (leave.proposal, aws.now());
    check_key(leave)?;
    let verifier = keys::verifier(&aws.keys()?).await?;
    let by = authorise_undo(&verifier, &authorisation(aws, leave, now)?).map_err(EdgeError::refused)?;
    check_lock(aws, proposal, now).await?;
    check_kill_switch(aws).await?;
    let inverse = proposal
        .inverse
        .as_ref()
        .ok_or_else(|| EdgeError::refused("the proposal has no inverse: nothing can be undone"))?;
    let done = ledger::find(aws, leave.digest, Kind::Begin).await?.map(|entry| entry.value);
    let done = done.filter(|entry| entry.stage == Stage::Begun);
    let done = done.ok_or_else(|| EdgeError::refused("the action was not begun: there is nothing to undo"))?;
    let target = describe(aws, &proposal.target.kind, &proposal.target.name).await?;
    check_arn(&target, proposal)?;
    check_still_ours(&done, &target)?;
    // The catalogue's bounds hold for what is proposed; an inverse may go where no proposal can, as to take a reservation away.
    let action: Action = serde_json::from_value(json!({"name": inverse.action, "parameters": inverse.parameters}))
        .map_err(|problem| {
            EdgeError::refused(format!("`{}` with these parameters is not in the catalogue: {problem}", inverse.action))
        })?;
    if action.apply(&target.configuration).is_none() {
        return Err(EdgeError::refused(format!("`{}` does not change `{}`", inverse.action, proposal.target.node)));
    }
    Ok(Cleared { action, now: target, by })
}

/// Notes that the policy decided an action, and refuses where that makes one too many.
pub(super) async fn note_automatic(aws: &Aws, digest: &str) -> Result<(), EdgeError> {
    let (store, now) = (aws.twin()?, aws.now());
    let key = twin::automatic_key(now, digest);
    store.put(&key, Vec::new(), When::Always).await?;
    // Two that come at once both note first and count then, so that they cannot both be the last one allowed.
    if let Err(error) = check_limit(aws, now, 1).await {
        store.remove(&key).await?;
        return Err(error);
    }
    Ok(())
}

fn authorisation<'a>(aws: &Aws, leave: &Leave<'a>, now: Timestamp) -> Result<Authorisation<'a>, EdgeError> {
    let mode = aws.settings().mode()?;
    Ok(Authorisation { proposal: leave.proposal, digest: leave.digest, decisions: leave.decisions, mode, now })
}

/// The request's own time must not lie after the expiry either: an engine that was asleep is late, too.
fn check_time(leave: &Leave<'_>, now: Timestamp) -> Result<(), EdgeError> {
    check_key(leave)?;
    let at: Timestamp =
        leave.at.parse().map_err(|_| EdgeError::refused(format!("`at` is `{}`, which is no instant", leave.at)))?;
    let expires: Timestamp = leave.proposal.expires_at.parse().map_err(EdgeError::refused)?;
    if at.max(now) < expires { Ok(()) } else { Err(EdgeError::refused(format!("the proposal expired at `{expires}`"))) }
}

fn check_key(leave: &Leave<'_>) -> Result<(), EdgeError> {
    if leave.key.is_empty() { Err(EdgeError::refused("the request has no idempotency key")) } else { Ok(()) }
}

async fn check_lock(aws: &Aws, proposal: &Proposal, now: Timestamp) -> Result<(), EdgeError> {
    let node = &proposal.target.node;
    match lock::held(aws, node).await? {
        Some(lock) if lock.is_held_by(&proposal.execution, now) => Ok(()),
        Some(lock) => Err(EdgeError::refused(format!(
            "the lock of `{node}` is not this incident's: `{}` until {}",
            lock.owner, lock.until
        ))),
        None => Err(EdgeError::refused(format!("the lock of `{node}` is not held"))),
    }
}

async fn check_kill_switch(aws: &Aws) -> Result<(), EdgeError> {
    let switch = twin::kill_switch(&aws.twin()?).await;
    if !switch.engaged {
        return Ok(());
    }
    Err(EdgeError::refused(format!(
        "the kill switch is engaged: {}",
        switch.reason.as_deref().unwrap_or("no reason is given")
    )))
}

/// The execution must be a running one of our own machine, about this very incident, and its alarm, where it has one, must still
/// fire.
async fn check_alarm(aws: &Aws, proposal: &Proposal) -> Result<(), EdgeError> {
    let machine = aws.settings().state_machine()?;
    let execution = &proposal.execution;
    if !intake::is_of_machine(execution, machine) {
        return Err(EdgeError::refused(format!("`{execution}` is no execution of `{machine}`")));
    }
    let found = aws.sfn().describe_execution().execution_arn(execution).send().await;
    let found = found.map_err(|error| failed("states:DescribeExecution", &error))?;
    if found.status().as_str() != "RUNNING" {
        return Err(EdgeError::refused(format!("the execution `{execution}` is {}", found.status().as_str())));
    }
    let input: Value = serde_json::from_str(found.input().unwrap_or_default()).map_err(EdgeError::refused)?;
    let intake = activities::detect::intake(&input).map_err(EdgeError::refused)?;
    if intake.name != proposal.incident {
        return Err(EdgeError::refused(format!(
            "the execution is about `{}`, the proposal about `{}`",
            intake.name, proposal.incident
        )));
    }
    if matches!(intake.news, News::Request(_)) {
        return Ok(());
    }
    let event: AlarmEvent = serde_json::from_value(input).map_err(EdgeError::refused)?;
    let alarm = observe::alarm(aws, &event.detail.alarm_name).await?;
    if alarm.state == "ALARM" {
        return Ok(());
    }
    Err(EdgeError::refused(format!(
        "the alarm `{}` is {} since {}: it does not fire any more",
        alarm.name, alarm.state, alarm.updated_at
    )))
}

/// The policy must be the one under which it was approved, and permit it at this moment.
async fn check_policy(
    aws: &Aws,
    proposal: &Proposal,
    (action, current): (&Action, &Configuration),
    now: Timestamp,
) -> Result<(), EdgeError> {
    let store = aws.twin()?;
    let (governance, constraints) = futures::join!(twin::governance(&store), twin::constraints(&store));
    let (governance, constraints) = (refusing(governance)?, refusing(constraints)?);
    let policy = Policy::read(&documents(&governance), &documents(&constraints));
    if policy.version() != proposal.policy_version {
        let (now, then) = (policy.version(), &proposal.policy_version);
        return Err(EdgeError::refused(format!(
            "governance or constraints changed since the approval: `{now}` and not `{then}`"
        )));
    }
    let topology = twin::topology(aws).await?;
    let node = topology.node(&proposal.target.node);
    let node = node.ok_or_else(|| EdgeError::refused(format!("the twin holds no `{}`", proposal.target.node)))?;
    let node = node.read()?;
    let budget = Budget {
        automatic_last_hour: twin::automatic_since(&store, now, 3_600).await?,
        automatic_per_hour: aws.settings().automatic_per_hour()?,
    };
    let question = Question { budget: Some(budget), ..Question::new(action.name(), &node, now) };
    let radius = topology.blast_radius(node.id.as_str()).len();
    let verdict = policy.judge(&question.proposed(proposal, radius).changing(action, current));
    if verdict.allowed {
        return Ok(());
    }
    let rule = verdict.rule.as_deref().unwrap_or("a missing layer");
    Err(EdgeError::refused(format!("`{rule}` denies `{}` now: {}", proposal.action, verdict.reason)))
}

/// A layer that cannot be read for now is tried again; one that is missing or broken refuses.
fn refusing(layer: Result<LayerAnswer, EdgeError>) -> Result<LayerAnswer, EdgeError> {
    layer.map_err(|error| if error.error == crate::error::TRANSIENT { error } else { EdgeError::refused(error) })
}

fn documents(layer: &LayerAnswer) -> Vec<Document<'_>> {
    layer.documents.iter().map(|document| Document { name: &document.name, text: &document.text }).collect()
}

/// The hourly limit of the policy; `own` of what is counted is this very action.
async fn check_limit(aws: &Aws, now: Timestamp, own: u32) -> Result<(), EdgeError> {
    let (done, limit) = (twin::automatic_since(&aws.twin()?, now, 3_600).await?, aws.settings().automatic_per_hour()?);
    if done.saturating_sub(own) < limit {
        return Ok(());
    }
    Err(EdgeError::refused(format!("the policy executed {done} actions in the last hour, its limit is {limit}")))
}

/// What is described must be what the credentials will be for.
fn check_arn(target: &Described, proposal: &Proposal) -> Result<(), EdgeError> {
    match &target.answer.arn {
        Some(arn) if *arn == proposal.target.arn => Ok(()),
        Some(arn) => {
            Err(EdgeError::refused(format!("`{}` is `{arn}` and not `{}`", proposal.target.name, proposal.target.arn)))
        }
        None => Err(EdgeError::refused(format!("`{}` has no ARN", proposal.target.name))),
    }
}

/// The action as the catalogue reads it: within its bounds, for this very target as it is.
async fn validated(
    aws: &Aws,
    name: &str,
    parameters: &Value,
    target: &Described,
    proposal: &Proposal,
) -> Result<Action, EdgeError> {
    let topology = twin::topology(aws).await?;
    let node = topology.node(&proposal.target.node);
    let node = node.ok_or_else(|| EdgeError::refused(format!("the twin holds no `{}`", proposal.target.node)))?;
    let node = node.read()?;
    Action::validate(name, parameters, &node, &target.configuration).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        EdgeError::refused(problems.join("; "))
    })
}

/// What the action changes must be what the approver saw.
fn check_pre_state(action: &Action, target: &Described, proposal: &Proposal) -> Result<(), EdgeError> {
    let found = action.before(&target.configuration).unwrap_or_default();
    let shown = Value::Object(proposal.before.clone());
    if found == shown {
        return Ok(());
    }
    Err(EdgeError::refused(format!("the target is `{found}` now, but `{shown}` was shown when it was approved")))
}

/// What is undone must be what the action set, or was before it took effect.
fn check_still_ours(done: &Entry, target: &Described) -> Result<(), EdgeError> {
    let action = done.action()?;
    let now = action.before(&target.configuration);
    if now == action.before(&done.after) || now == action.before(&done.before) {
        return Ok(());
    }
    let (now, set) = (now.unwrap_or_default(), action.before(&done.after).unwrap_or_default());
    Err(EdgeError::refused(format!("the target is `{now}` and not `{set}` any more: somebody else changed it since")))
}

/// Whether an ARN names this account and region.
fn is_in(arn: &str, account: &str, region: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    parts.len() == 6 && parts[0] == "arn" && parts[3] == region && parts[4] == account
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_tells_its_account_and_region() {
        assert!(is_in("arn:aws:lambda:eu-central-1:123456789012:function:f", "123456789012", "eu-central-1"));
        assert!(!is_in("arn:aws:lambda:eu-central-1:999999999999:function:f", "123456789012", "eu-central-1"));
        assert!(!is_in("arn:aws:s3:::bucket", "123456789012", "eu-central-1"));
        assert!(!is_in("*", "123456789012", "eu-central-1"));
    }
}
