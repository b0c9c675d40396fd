//! Act over AWS: the only function that changes the account, and only what was approved.
//!
//! Owns the order: find what an earlier delivery of the request did, check everything, write down what is intended, assume the
//! executor role for this one action on this one ARN, call AWS once, write down that it was called. Each operation can come twice,
//! and after a crash at any of these points. `lock` owns the locks, `ledger` what was intended and done, `check` the checks,
//! `executor` the credentials and the call.
//!
//! ```text
//! begin --known?--> checks --> ledger: intended --> AssumeRole --> call --> ledger: begun --> running
//!          |  begun: answer again                     a crash in here: the account tells whether the call was made
//!          '- failed: fail again
//! ```

mod check;
mod executor;
mod ledger;
mod lock;

use activities::action::{Action, Effect};
use activities::approval::proposal_digest;
use activities::shape::{ActAnswer, ActRequest, ActStatus, Decision, DecisionKind, Fields, Proposal, errors};
use serde_json::{Value, json};

use self::check::Cleared;
use self::ledger::{Entry, Kind, Stage};
use super::Aws;
use super::describe::{Described, describe};
use crate::error::EdgeError;

/// Performs one operation.
pub(super) async fn act(aws: &Aws, request: ActRequest) -> Result<ActAnswer, EdgeError> {
    match request {
        ActRequest::Lock { node, owner, seconds, at: _ } => {
            lock::take(aws, &node, &owner, seconds).await?;
            Ok(answer(ActStatus::Locked, Fields::new(), format!("`{node}` is locked for this incident")))
        }
        ActRequest::Begin { proposal, digest, decisions, idempotency_key, at } => {
            let leave =
                Leave { proposal: &proposal, digest: &digest, decisions: &decisions, key: &idempotency_key, at: &at };
            change(aws, &leave, Kind::Begin).await
        }
        ActRequest::Poll { proposal, undo, handle: _, at: _ } => poll(aws, &proposal, undo).await,
        ActRequest::Undo { proposal, digest, decisions, idempotency_key, at } => {
            let leave =
                Leave { proposal: &proposal, digest: &digest, decisions: &decisions, key: &idempotency_key, at: &at };
            change(aws, &leave, Kind::Undo).await
        }
        ActRequest::Unlock { node, owner, at: _ } => {
            lock::release(aws, &node, &owner).await?;
            Ok(answer(ActStatus::Unlocked, Fields::new(), format!("`{node}` is not locked by this incident")))
        }
    }
}

/// Gives back every lock of an execution that ended; answers how many there were.
pub(super) async fn release(aws: &Aws, execution: &str) -> Result<Value, EdgeError> {
    let released = lock::release_all(aws, execution).await?;
    Ok(json!({"execution": execution, "released": released}))
}

/// A change that is asked for, by whose leave.
struct Leave<'a> {
    proposal: &'a Proposal,
    digest: &'a str,
    decisions: &'a [Decision],
    key: &'a str,
    at: &'a str,
}

impl Leave<'_> {
    /// Whether the policy decided and no human.
    fn is_automatic(&self) -> bool {
        self.decisions.iter().any(|decision| decision.kind == DecisionKind::Policy)
    }
}

/// Begins an action or its undo.
async fn change(aws: &Aws, leave: &Leave<'_>, kind: Kind) -> Result<ActAnswer, EdgeError> {
    check::target(aws, leave.proposal)?;
    let known = ledger::find(aws, leave.digest, kind).await?;
    if let Some(known) = &known {
        check::same_request(leave, &known.value)?;
        match &known.value.stage {
            Stage::Begun => return Ok(begun(&known.value)),
            Stage::Failed { error, message } => return Err(EdgeError::new(error, message)),
            Stage::Intended => {
                let now = describe(aws, &leave.proposal.target.kind, &leave.proposal.target.name).await?;
                if known.value.is_taken_up(&now.configuration) {
                    ledger::mark(aws, known, Stage::Begun).await?;
                    return Ok(begun(&known.value));
                }
            }
        }
    }
    let cleared = match kind {
        Kind::Begin => check::begin(aws, leave).await?,
        Kind::Undo => check::undo(aws, leave).await?,
    };
    if known.is_none() && leave.is_automatic() && kind == Kind::Begin {
        check::note_automatic(aws, leave.digest).await?;
    }
    let entry = ledger::intend(aws, known, &entry(leave, kind, &cleared)?).await?;
    let call = executor::Call {
        role_for: leave.proposal,
        by: &cleared.by,
        call: &entry.value.call,
        revision: cleared.now.revision.as_deref(),
    };
    match executor::execute(aws, &call).await {
        Ok(()) => {
            tracing::info!(
                action = entry.value.action,
                target = leave.proposal.target.arn,
                by = entry.value.by,
                "begun"
            );
            ledger::mark(aws, &entry, Stage::Begun).await?;
            Ok(begun(&entry.value))
        }
        // Whether the call was made is not known: the next delivery looks.
        Err(error) if error.error == errors::TRANSIENT => Err(error),
        Err(error) => {
            let stage = Stage::Failed { error: error.error.clone(), message: error.message.clone() };
            ledger::mark(aws, &entry, stage).await?;
            Err(error)
        }
    }
}

/// Looks what has become of an action or its undo.
async fn poll(aws: &Aws, proposal: &Proposal, undo: bool) -> Result<ActAnswer, EdgeError> {
    check::target(aws, proposal)?;
    let kind = if undo { Kind::Undo } else { Kind::Begin };
    let digest = proposal_digest(proposal).map_err(EdgeError::refused)?;
    let Some(entry) = ledger::find(aws, &digest, kind).await?.map(|entry| entry.value) else {
        return Ok(answer(ActStatus::Failed, Fields::new(), format!("no {} of this proposal was begun", kind.word())));
    };
    let action = entry.action()?;
    let Described { configuration: now, .. } = describe(aws, &proposal.target.kind, &proposal.target.name).await?;
    let sentence = sentence(&entry, &action);
    Ok(match action.effect(&entry.before, &now) {
        Effect::Effective => {
            let after = action.before(&now).and_then(|value| value.as_object().cloned());
            ActAnswer { after, ..answer(ActStatus::Effective, entry.handle(), format!("{sentence} is in effect")) }
        }
        Effect::InProgress { waits_for } => {
            answer(ActStatus::Running, entry.handle(), format!("{sentence} is taking effect: {waits_for}"))
        }
        Effect::Failed { reason } => answer(ActStatus::Failed, entry.handle(), format!("{sentence} failed: {reason}")),
    })
}

/// What is written down before anything is changed.
fn entry(leave: &Leave<'_>, kind: Kind, cleared: &Cleared) -> Result<Entry, EdgeError> {
    let call = cleared.action.aws_call().ok_or_else(|| EdgeError::refused("the action calls nothing"))?;
    let before = cleared.now.configuration.clone();
    let after =
        cleared.action.apply(&before).ok_or_else(|| EdgeError::refused("the action does not apply to the target"))?;
    Ok(Entry {
        kind,
        key: leave.key.to_owned(),
        digest: leave.digest.to_owned(),
        execution: leave.proposal.execution.clone(),
        action: cleared.action.name().to_string(),
        parameters: cleared.action.parameters(),
        by: cleared.by.join(", "),
        call,
        before,
        after,
        at: leave.at.to_owned(),
        stage: Stage::Intended,
        sequence: 1,
    })
}

/// The answer to `begin` and `undo`: the same however often they come.
fn begun(entry: &Entry) -> ActAnswer {
    let sentence = entry.action().map_or_else(|_| entry.action.clone(), |action| sentence(entry, &action));
    answer(ActStatus::Running, entry.handle(), format!("{sentence} was begun"))
}

/// The change in a few words, with the values before and after.
fn sentence(entry: &Entry, action: &Action) -> String {
    let fields = |value: Option<Value>| value.and_then(|value| value.as_object().cloned()).unwrap_or_default();
    let (before, after) = (fields(action.before(&entry.before)), fields(action.before(&entry.after)));
    let changed = after.iter().filter(|(name, value)| before.get(*name) != Some(*value) && entry.call_sets(value));
    let values: Vec<String> = changed
        .map(|(name, value)| format!("{name} {} -> {value}", before.get(name).cloned().unwrap_or_default()))
        .collect();
    let values = if values.is_empty() { String::new() } else { format!(" ({})", values.join(", ")) };
    format!("{} of {}{values}", entry.action, entry.before.name())
}

fn answer(status: ActStatus, handle: Fields, detail: String) -> ActAnswer {
    ActAnswer { status, handle, detail, after: None }
}

#[cfg(test)]
mod tests;
