//! Taking a decision: every check first, then one write.
//!
//! Owns the way from a link to the round that is open, who may decide what, and the signature. A check that fails changes
//! nothing; of several decisions at once, one is made.

use activities::approval::{Link, is_requester, open, required_role, role_word, same_person};
use activities::shape::{Decision, DecisionKind, Fields};
use jiff::Timestamp;

use super::page::view;
use super::{Browser, DecideError, Form};
use crate::approvals::{DecisionRecord, Delivery, RoundRecord};
use crate::approvers::{Approver, AuthenticationError};
use crate::embedded::World;
use crate::error::EdgeError;
use crate::time::written;

/// Who decides, by which proof.
pub(super) enum Proof<'a> {
    /// A name with a one-time code.
    Code { name: &'a str, code: &'a str },
    /// The approver at the terminal of the process that owns the data directory.
    Terminal { name: &'a str },
}

/// What is decided.
pub(super) struct Verdict {
    pub(super) kind: DecisionKind,
    pub(super) reason: Option<String>,
    pub(super) parameters: Option<Fields>,
}

/// What a link carries, if it is ours and not expired.
pub(super) fn opened(world: &World, text: &str) -> Result<Link, DecideError> {
    Ok(open(world.keys.opening(), text, world.now().as_second())?)
}

/// The round of an execution that waits for a decision now.
pub(super) fn current(world: &World, execution: &str) -> Result<RoundRecord, DecideError> {
    let round = world.approvals.latest(execution).map_err(EdgeError::from)?.ok_or(DecideError::Unknown)?;
    match world.approvals.decision(&round).map_err(EdgeError::from)? {
        Some(record) if record.delivery == Delivery::Late => return Err(DecideError::Expired),
        Some(record) => return Err(DecideError::Second(Box::new(record.decision))),
        None => {}
    }
    let over = world.approvals.closing(execution).map_err(EdgeError::from)?.is_some();
    if over || world.now() >= round.ends_at { Err(DecideError::Expired) } else { Ok(round) }
}

pub(super) fn take_form(
    world: &World,
    text: &str,
    form: &Form,
    browser: &Browser,
) -> Result<(RoundRecord, Decision), DecideError> {
    browser.check(&world.config.public_url)?;
    let kind = form.kind()?;
    let link = opened(world, text)?;
    let round = current(world, &link.execution)?;
    form.check(world.keys.sealing(), &round)?;
    let parameters = if kind == DecisionKind::Adjust { Some(form.adjusted(&round.proposal)?) } else { None };
    let verdict = Verdict { kind, reason: form.reason(), parameters };
    let decision = take(world, &round, &Proof::Code { name: &form.name, code: &form.code }, verdict)?;
    Ok((round, decision))
}

/// Takes a decision: the only place where one is made. All of its checks come before its one write.
pub(super) fn take(
    world: &World,
    round: &RoundRecord,
    proof: &Proof<'_>,
    verdict: Verdict,
) -> Result<Decision, DecideError> {
    let _guard = world.guard();
    let now = world.now();
    let (approver, step) = authenticate(world, proof, now)?;
    check_authority(round, &approver, verdict.kind)?;
    if verdict.kind != DecisionKind::Reject
        && let Some(missing) = view(round, now).incomplete()
    {
        return Err(DecideError::Unauthorised(format!("This can only be rejected. {missing}")));
    }
    let decision = Decision {
        kind: verdict.kind,
        execution: round.incident.execution.clone(),
        digest: round.digest.clone(),
        round: round.number,
        role: Some(approver.role),
        subject: approver.name.clone(),
        at: written(now),
        reason: verdict.reason,
        parameters: verdict.parameters,
        key_id: None,
        signature: None,
    };
    let signed = world.keys.signing().sign(decision).map_err(EdgeError::transient)?;
    if let Some(step) = step {
        world.approvers.use_up(&approver, step)?;
    }
    let record = DecisionRecord { decision: signed.clone(), delivery: Delivery::Pending };
    if world.approvals.decide_once(round, &record).map_err(EdgeError::from)? {
        tracing::info!(execution = signed.execution, subject = signed.subject, kind = ?signed.kind, "decided");
        return Ok(signed);
    }
    let first = world.approvals.decision(round).map_err(EdgeError::from)?;
    first.map_or(Err(DecideError::Unknown), |first| Err(DecideError::Second(Box::new(first.decision))))
}

fn authenticate(world: &World, proof: &Proof<'_>, now: Timestamp) -> Result<(Approver, Option<i64>), DecideError> {
    match proof {
        Proof::Code { name, code } => match world.approvers.check(name, code, now) {
            Ok((approver, step)) => Ok((approver, Some(step))),
            Err(AuthenticationError::Storage(error)) => Err(error.into()),
            Err(problem) => Err(DecideError::Unauthorised(problem.to_string())),
        },
        Proof::Terminal { name } => {
            let found = world.approvers.find(name)?;
            let approver =
                found.ok_or_else(|| DecideError::Unauthorised(format!("`{name}` is not an enrolled approver")))?;
            Ok((approver, None))
        }
    }
}

/// Whether this person may decide this. A no is always permitted to whoever may decide anything.
fn check_authority(round: &RoundRecord, approver: &Approver, kind: DecisionKind) -> Result<(), DecideError> {
    let refuse = |problem: String| Err(DecideError::Unauthorised(problem));
    if kind != DecisionKind::Approve {
        return Ok(());
    }
    let needed = required_role(&round.proposal, &round.approvals);
    if approver.role < needed {
        return refuse(format!(
            "This needs the role {}; {} has the role {}.",
            role_word(needed),
            approver.name,
            role_word(approver.role)
        ));
    }
    if is_requester(&round.proposal, &approver.name) {
        return refuse("Whoever proposed these values must not approve them.".to_owned());
    }
    if round.approvals.iter().any(|given| same_person(&given.subject, &approver.name)) {
        return refuse("You approved this already; another person must, too.".to_owned());
    }
    Ok(())
}
