//! Taking a decision: every check first, then one write.
//!
//! Owns the way from a link to the round that is open, and the signature. Who may decide what is `authority`'s. A check that fails changes
//! nothing; of several decisions at once, one is made.

use activities::approval::{Link, open};
use activities::shape::Decision;
use jiff::Timestamp;

use super::authority::decide;
use super::{Browser, DecideError, Form};
use crate::approvers::Approver;
use crate::embedded::World;
use crate::error::EdgeError;
use crate::round::{DecisionRecord, Delivery, RoundRecord, Verdict};

/// Who decides, by which proof.
pub(super) enum Proof<'a> {
    /// A name with a one-time code.
    Code { name: &'a str, code: &'a str },
    /// The approver at the terminal of the process that owns the data directory.
    Terminal { name: &'a str },
}

/// What a link carries, if it is ours and not expired.
pub(super) fn opened(world: &World, text: &str) -> Result<Link, DecideError> {
    Ok(open(world.keys.opening(), text, world.now().as_second())?)
}

/// The round of an execution that waits for a decision now.
pub(super) fn current(world: &World, execution: &str) -> Result<RoundRecord, DecideError> {
    let round = world.approvals.latest(execution).map_err(EdgeError::from)?.ok_or(DecideError::Unknown)?;
    if let Some(record) = world.approvals.decision(&round).map_err(EdgeError::from)? {
        return Err(record.into());
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
    let verdict = form.verdict(kind, &round.proposal)?;
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
    let decision = decide(round, &approver, verdict, now)?;
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
        Proof::Code { name, code } => {
            let (approver, step) = world.approvers.check(name, code, now)?;
            Ok((approver, Some(step)))
        }
        Proof::Terminal { name } => {
            let found = world.approvers.find(name)?;
            let approver =
                found.ok_or_else(|| DecideError::Unauthorised(format!("`{name}` is not an enrolled approver")))?;
            Ok((approver, None))
        }
    }
}
