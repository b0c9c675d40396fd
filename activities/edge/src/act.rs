//! Act, embedded: the only function that changes the account, and only what was approved.
//!
//! Owns the order of the checks and the one effect of each request. Each operation can come twice: a lock that is held is held,
//! a change is found by its key, a lock that is gone is gone. Holds public keys only, and trusts no request about its mode.

use activities::action::{Action, Configuration};
use activities::approval::{Authorisation, authorise, authorise_undo};
use activities::shape::{
    ActAnswer, ActRequest, ActStatus, Decision, DecisionKind, Fields, Proposal, ReasonerKind, errors,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::account::{ChangeKind, ChangeRecord, LockRecord, ResourceRecord, difference};
use crate::embedded::World;
use crate::error::EdgeError;
use crate::{kill_switch, policy};

/// Performs one operation.
pub(crate) fn act(world: &World, request: ActRequest) -> Result<ActAnswer, EdgeError> {
    let _guard = world.guard();
    match request {
        ActRequest::Lock { node, owner, seconds, at: _ } => lock(world, &node, &owner, seconds),
        ActRequest::Begin { proposal, digest, decisions, idempotency_key, at } => {
            let leave =
                Leave { proposal: &proposal, digest: &digest, decisions: &decisions, key: &idempotency_key, at: &at };
            begin(world, &leave)
        }
        ActRequest::Poll { proposal, undo, handle, at: _ } => poll(world, &proposal, undo, &handle),
        ActRequest::Undo { proposal, digest, decisions, idempotency_key, at } => {
            let leave =
                Leave { proposal: &proposal, digest: &digest, decisions: &decisions, key: &idempotency_key, at: &at };
            undo(world, &leave)
        }
        ActRequest::Unlock { node, owner, at: _ } => unlock(world, &node, &owner),
    }
}

/// A change that is asked for, by whose leave.
struct Leave<'a> {
    proposal: &'a Proposal,
    digest: &'a str,
    decisions: &'a [Decision],
    key: &'a str,
    at: &'a str,
}

fn lock(world: &World, node: &str, owner: &str, seconds: u32) -> Result<ActAnswer, EdgeError> {
    let now = world.now();
    let held = world.account.lock(node)?;
    if let Some(lock) = held.as_ref().filter(|lock| lock.is_in_the_way_of(owner, now)) {
        let message = format!("`{node}` is locked by `{}` until {}", lock.owner, lock.until);
        return Err(EdgeError::new(errors::LOCKED, message));
    }
    let since = held.filter(|lock| lock.is_held_by(owner, now)).map_or(now, |lock| lock.since);
    let until = now.checked_add(SignedDuration::from_secs(i64::from(seconds))).map_err(EdgeError::refused)?;
    world.account.put_lock(&LockRecord { node: node.to_owned(), owner: owner.to_owned(), since, until })?;
    Ok(answer(ActStatus::Locked, Fields::new(), format!("`{node}` is locked for this incident")))
}

fn unlock(world: &World, node: &str, owner: &str) -> Result<ActAnswer, EdgeError> {
    let now = world.now();
    if let Some(lock) = world.account.lock(node)?
        && !lock.is_in_the_way_of(owner, now)
    {
        world.account.remove_lock(node)?;
    }
    Ok(answer(ActStatus::Unlocked, Fields::new(), format!("`{node}` is not locked by this incident")))
}

fn begin(world: &World, leave: &Leave<'_>) -> Result<ActAnswer, EdgeError> {
    let proposal = leave.proposal;
    let mut resource = target(world, proposal)?;
    if let Some(change) = known(&resource, leave)? {
        return begun(world, proposal, change);
    }
    let now = world.now();
    check_time(leave, now)?;
    let request = authorisation(world, leave, now);
    let approvers = authorise(&world.verifier, &request).map_err(EdgeError::refused)?;
    check_world(world, proposal, now)?;
    let automatic = leave.decisions.iter().any(|decision| decision.kind == DecisionKind::Policy);
    let before = settled(&resource, now)?;
    let action = typed(world, &proposal.action, &proposal.parameters, &before, proposal)?;
    policy::check(world, proposal, (&action, &before), automatic, now)?;
    check_pre_state(&action, &before, proposal)?;
    let after = action.apply(&before).ok_or_else(|| EdgeError::refused("the action does not apply to the target"))?;
    let kind = if automatic { ChangeKind::Automatic } else { ChangeKind::Action };
    let change = change(world, leave, kind, &proposal.action, approvers.join(", "), (&before, &after), now);
    resource.changes.push(change.clone());
    world.account.put_resource(&resource)?;
    tracing::info!(action = proposal.action, target = proposal.target.arn, by = change.by, "action begun");
    begun(world, proposal, &change)
}

fn undo(world: &World, leave: &Leave<'_>) -> Result<ActAnswer, EdgeError> {
    let proposal = leave.proposal;
    let mut resource = target(world, proposal)?;
    if let Some(change) = known(&resource, leave)? {
        return begun(world, proposal, change);
    }
    let now = world.now();
    let request = authorisation(world, leave, now);
    let approvers = authorise_undo(&world.verifier, &request).map_err(EdgeError::refused)?;
    check_lock(world, proposal, now)?;
    check_kill_switch(world)?;
    let inverse = proposal
        .inverse
        .as_ref()
        .ok_or_else(|| EdgeError::refused("the proposal has no inverse: nothing can be undone"))?;
    let done = resource
        .changes
        .iter()
        .rev()
        .find(|change| change.execution.as_deref() == Some(&proposal.execution) && change.kind != ChangeKind::Undo)
        .ok_or_else(|| EdgeError::refused("the action was not begun: there is nothing to undo"))?;
    let current = resource.intended();
    if let Some((name, set)) = done.after.iter().find(|(name, set)| current.get(*name) != Some(*set)) {
        let found = current.get(name).cloned().unwrap_or_default();
        return Err(EdgeError::refused(format!(
            "`{name}` is `{found}` and not `{set}` any more: somebody else changed it since"
        )));
    }
    let before =
        resource.typed(Timestamp::MAX).ok_or_else(|| EdgeError::refused("no action changes this type of resource"))?;
    let action = typed(world, &inverse.action, &inverse.parameters, &before, proposal)?;
    let after = action.apply(&before).ok_or_else(|| EdgeError::refused("the undo does not apply to the target"))?;
    let by = approvers.join(", ");
    let change = change(world, leave, ChangeKind::Undo, &inverse.action, by, (&before, &after), now);
    resource.changes.push(change.clone());
    world.account.put_resource(&resource)?;
    tracing::info!(action = inverse.action, target = proposal.target.arn, "undo begun");
    begun(world, proposal, &change)
}

fn poll(world: &World, proposal: &Proposal, undo: bool, handle: &Fields) -> Result<ActAnswer, EdgeError> {
    let resource = target(world, proposal)?;
    let key = handle.get(HANDLE).and_then(Value::as_str).unwrap_or_default();
    let Some(change) = resource.change(key) else {
        let word = if undo { "undo" } else { "action" };
        return Ok(answer(ActStatus::Failed, handle.clone(), format!("the account knows no such {word}")));
    };
    if change.effective_at > world.now() {
        return Ok(answer(
            ActStatus::Running,
            handle.clone(),
            format!("{} is taking effect", sentence(proposal, change)),
        ));
    }
    Ok(effective(proposal, change))
}

/// The resource that the proposal names, in this account and region and no other.
fn target(world: &World, proposal: &Proposal) -> Result<ResourceRecord, EdgeError> {
    let target = &proposal.target;
    if target.account != world.config.account || target.region != world.config.region {
        return Err(EdgeError::refused(format!(
            "the target is in `{}` `{}`, this account is `{}` `{}`",
            target.account, target.region, world.config.account, world.config.region
        )));
    }
    let record = world.account.resource(&target.arn)?;
    let record = record.ok_or_else(|| EdgeError::refused(format!("the account holds no `{}`", target.arn)))?;
    if record.resource_type != target.kind || record.node != target.node {
        return Err(EdgeError::refused(format!("`{}` is `{}` and not `{}`", target.arn, record.node, target.node)));
    }
    Ok(record)
}

/// The change that a request of this key made; a key of another proposal is refused.
fn known<'a>(resource: &'a ResourceRecord, leave: &Leave<'_>) -> Result<Option<&'a ChangeRecord>, EdgeError> {
    if leave.key.is_empty() {
        return Err(EdgeError::refused("the request has no idempotency key"));
    }
    match resource.change(leave.key) {
        Some(change) if change.execution.as_deref() == Some(&leave.proposal.execution) => Ok(Some(change)),
        Some(_) => Err(EdgeError::refused("the idempotency key was used by another execution")),
        None => Ok(None),
    }
}

fn authorisation<'a>(world: &World, leave: &Leave<'a>, now: Timestamp) -> Authorisation<'a> {
    Authorisation {
        proposal: leave.proposal,
        digest: leave.digest,
        decisions: leave.decisions,
        mode: world.config.mode,
        now,
    }
}

/// The request's own time must not lie after the expiry either: an engine that was asleep is late, too.
fn check_time(leave: &Leave<'_>, now: Timestamp) -> Result<(), EdgeError> {
    let at: Timestamp =
        leave.at.parse().map_err(|_| EdgeError::refused(format!("`at` is `{}`, which is no instant", leave.at)))?;
    let expires: Timestamp = leave.proposal.expires_at.parse().map_err(EdgeError::refused)?;
    if at.max(now) < expires { Ok(()) } else { Err(EdgeError::refused(format!("the proposal expired at `{expires}`"))) }
}

/// The lock, the kill switch and the alarm, as they are now; a requested action has no alarm.
fn check_world(world: &World, proposal: &Proposal, now: Timestamp) -> Result<(), EdgeError> {
    check_lock(world, proposal, now)?;
    check_kill_switch(world)?;
    // The approval's digest covers who reasoned, and no policy decides about a request: a human saw that there is no alarm.
    if proposal.reasoner.kind == ReasonerKind::Request {
        return Ok(());
    }
    let alarm = world.account.alarms(now)?.into_iter().find(|alarm| alarm.incident == proposal.incident);
    let alarm = alarm
        .ok_or_else(|| EdgeError::refused(format!("no alarm of the incident `{}` is known", proposal.incident)))?;
    if alarm.state == "ALARM" {
        return Ok(());
    }
    Err(EdgeError::refused(format!(
        "the alarm `{}` is {} since {}: it does not fire any more",
        alarm.name, alarm.state, alarm.updated_at
    )))
}

fn check_lock(world: &World, proposal: &Proposal, now: Timestamp) -> Result<(), EdgeError> {
    let node = &proposal.target.node;
    match world.account.lock(node)? {
        Some(lock) if lock.is_held_by(&proposal.execution, now) => Ok(()),
        Some(lock) => Err(EdgeError::refused(format!(
            "the lock of `{node}` is not this incident's: `{}` until {}",
            lock.owner, lock.until
        ))),
        None => Err(EdgeError::refused(format!("the lock of `{node}` is not held"))),
    }
}

fn check_kill_switch(world: &World) -> Result<(), EdgeError> {
    let switch = kill_switch::read(world);
    if !switch.engaged {
        return Ok(());
    }
    Err(EdgeError::refused(format!(
        "the kill switch is engaged: {}",
        switch.reason.as_deref().unwrap_or("no reason is given")
    )))
}

/// The configuration of a resource that no change is under way for.
fn settled(resource: &ResourceRecord, now: Timestamp) -> Result<Configuration, EdgeError> {
    if let Some(change) = resource.in_progress(now) {
        return Err(EdgeError::refused(format!(
            "another change of `{}` is under way: {} by {}",
            resource.name, change.action, change.by
        )));
    }
    resource.typed(now).ok_or_else(|| EdgeError::refused(format!("no action changes a `{}`", resource.resource_type)))
}

/// The action as the catalogue reads it: a name that it has, parameters within bounds, for this very target.
fn typed(
    world: &World,
    name: &str,
    parameters: &Fields,
    current: &Configuration,
    proposal: &Proposal,
) -> Result<Action, EdgeError> {
    let action: Action =
        serde_json::from_value(json!({"name": name, "parameters": parameters})).map_err(|problem| {
            EdgeError::refused(format!("`{name}` with these parameters is not in the catalogue: {problem}"))
        })?;
    let topology = world.twin.topology()?;
    let node = topology
        .node(&proposal.target.node)
        .ok_or_else(|| EdgeError::refused(format!("the twin holds no `{}`", proposal.target.node)))?
        .read()?;
    let applies = action.name().target_type() == Some(node.resource_type.as_str()) && current.is_of(&node);
    if applies && action.apply(current).is_some() {
        return Ok(action);
    }
    Err(EdgeError::refused(format!("`{name}` with these parameters does not change `{}`", proposal.target.node)))
}

/// What the action changes must be what the approver saw.
fn check_pre_state(action: &Action, current: &Configuration, proposal: &Proposal) -> Result<(), EdgeError> {
    let found = action.before(current).unwrap_or_default();
    let shown = Value::Object(proposal.before.clone());
    if found == shown {
        return Ok(());
    }
    Err(EdgeError::refused(format!("the target is `{found}` now, but `{shown}` was shown when it was approved")))
}

fn change(
    world: &World,
    leave: &Leave<'_>,
    kind: ChangeKind,
    action: &str,
    by: String,
    (before, after): (&Configuration, &Configuration),
    now: Timestamp,
) -> ChangeRecord {
    let seconds = SignedDuration::from_secs(i64::from(world.account.pace().effect_seconds));
    ChangeRecord {
        key: leave.key.to_owned(),
        kind,
        action: action.to_owned(),
        by,
        execution: Some(leave.proposal.execution.clone()),
        before: difference(after, before),
        after: difference(before, after),
        begun_at: now,
        effective_at: now.checked_add(seconds).unwrap_or(now),
    }
}

/// The answer to `begin` and `undo`: the same however often they come.
fn begun(world: &World, proposal: &Proposal, change: &ChangeRecord) -> Result<ActAnswer, EdgeError> {
    if world.account.pace().effect_seconds == 0 {
        return Ok(effective(proposal, change));
    }
    let handle = Fields::from_iter([(HANDLE.to_owned(), json!(change.key))]);
    Ok(answer(ActStatus::Running, handle, format!("{} was begun", sentence(proposal, change))))
}

fn effective(proposal: &Proposal, change: &ChangeRecord) -> ActAnswer {
    let handle = Fields::from_iter([(HANDLE.to_owned(), json!(change.key))]);
    let after = Some(change.after.clone());
    ActAnswer { after, ..answer(ActStatus::Effective, handle, format!("{} is in effect", sentence(proposal, change))) }
}

fn sentence(proposal: &Proposal, change: &ChangeRecord) -> String {
    let values: Vec<String> = change
        .after
        .iter()
        .map(|(name, after)| format!("{name} {} -> {after}", change.before.get(name).cloned().unwrap_or_default()))
        .collect();
    let values = if values.is_empty() { String::new() } else { format!(" ({})", values.join(", ")) };
    format!("{} of {}{values}", change.action, proposal.target.name)
}

fn answer(status: ActStatus, handle: Fields, detail: String) -> ActAnswer {
    ActAnswer { status, handle, detail, after: None }
}

/// The field of the handle that holds the change's key.
const HANDLE: &str = "change";
