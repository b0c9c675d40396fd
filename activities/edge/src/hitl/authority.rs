//! Who may decide what: every check of a decision that needs the person and the round, and nothing else.
//!
//! Owns these checks, for the embedded pages and for those over AWS. That it is this person, `approvers` has checked; that it is
//! the first decision, the write that makes it does.

use activities::approval::{is_requester, role_word, same_person};
use activities::shape::{Decision, DecisionKind};
use jiff::Timestamp;

use super::DecideError;
use crate::approvers::Approver;
use crate::round::{RoundRecord, Verdict};

/// What an approver decides, not yet signed; refused where they may not.
pub(crate) fn decide(
    round: &RoundRecord,
    approver: &Approver,
    verdict: Verdict,
    now: Timestamp,
) -> Result<Decision, DecideError> {
    check_authority(round, approver, verdict.kind)?;
    if verdict.kind != DecisionKind::Reject
        && let Some(missing) = round.view().incomplete()
    {
        return refuse(format!("This can only be rejected. {missing}"));
    }
    Ok(round.decision(verdict, Some(approver.role), &approver.name, now))
}

/// Whether this person may decide this. A no is always permitted to whoever may decide anything.
fn check_authority(round: &RoundRecord, approver: &Approver, kind: DecisionKind) -> Result<(), DecideError> {
    if kind != DecisionKind::Approve {
        return Ok(());
    }
    let needed = round.required_role();
    if approver.role < needed {
        let (needed, has) = (role_word(needed), role_word(approver.role));
        return refuse(format!("This needs the role {needed}; {} has the role {has}.", approver.name));
    }
    if is_requester(&round.proposal, &approver.name) {
        return refuse("Whoever proposed these values must not approve them.");
    }
    if round.approvals.iter().any(|given| same_person(&given.subject, &approver.name)) {
        return refuse("You approved this already; another person must, too.");
    }
    Ok(())
}

fn refuse<T>(problem: impl Into<String>) -> Result<T, DecideError> {
    Err(DecideError::Unauthorised(problem.into()))
}
