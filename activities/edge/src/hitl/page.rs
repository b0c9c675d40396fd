//! Which page says what: the proposal, what was decided, or why there is nothing to decide.
//!
//! Owns the choice, for the embedded pages and for those over AWS, from what was read before. How a page looks is
//! `activities::approval`'s. Nothing here reads or writes.

use activities::approval::{
    Link, LinkError, Page, ProposalView, SealingKey, SettledView, decided_page, expired_page, not_found_page,
    proposal_page, refused_page, second_page, unknown_page,
};
use activities::shape::Decision;
use jiff::Timestamp;

use super::{DecideError, Form, form};
use crate::error::EdgeError;
use crate::round::{Closing, DecisionRecord, Delivery, RoundRecord};

/// How a page is asked for: whoever posts a second decision is told that it came second.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visit {
    Get,
    Post,
}

/// The approval page of an open round; after a form that was not taken, with the reason.
pub(crate) fn open(
    round: &RoundRecord,
    link: &Link,
    key: &SealingKey,
    now: Timestamp,
    refused: Option<(&Form, &str)>,
) -> Page {
    proposal_page(&ProposalView {
        asked: round.view(),
        form_token: &form::token(key, &round.incident.execution, &round.digest),
        earlier_link: link.round != round.number || link.digest != round.digest,
        problem: refused.map(|(_, problem)| problem),
        name: refused.map_or("", |(form, _)| &form.name),
        now,
    })
}

/// The execution whose end says why nothing can be decided; none where the error says it all.
pub(crate) fn over(error: &DecideError, link: impl FnOnce() -> Result<Link, DecideError>) -> Option<String> {
    match error {
        DecideError::Link(LinkError::Expired { link }) => Some(link.execution.clone()),
        DecideError::Expired | DecideError::Second(_) => link().ok().map(|link| link.execution),
        _ => None,
    }
}

/// The page of an execution that waits for nothing any more: decided, or expired.
pub(crate) fn ended(
    round: &RoundRecord,
    decision: Option<&DecisionRecord>,
    closing: Option<&Closing>,
    visit: Visit,
) -> Page {
    let ending = closing.map(|closing| closing.told.as_str());
    match decision.filter(|record| record.delivery != Delivery::Late) {
        Some(record) => {
            let view = SettledView { proposal: &round.proposal, decision: &record.decision, ending };
            if visit == Visit::Post { second_page(&view) } else { decided_page(&view) }
        }
        None => expired_page(Some(&round.proposal), ending),
    }
}

/// The page of an error that needs no round to be told.
pub(crate) fn refused(error: &DecideError) -> Page {
    match error {
        DecideError::Link(problem) => not_found_page(&problem.to_string()),
        DecideError::Unknown => unknown_page(),
        DecideError::Expired | DecideError::Second(_) => expired_page(None, None),
        DecideError::Refused { status, problem } => refused_page(*status, problem),
        DecideError::Unauthorised(problem) => refused_page(403, problem),
        DecideError::Failed(error) => broken(error),
    }
}

/// The page after a decision was made, by what became of sending it to the machine.
pub(crate) fn decided(round: &RoundRecord, decision: &Decision, sent: Result<(), DecideError>) -> Page {
    let ending = match sent {
        Ok(()) => None,
        Err(DecideError::Expired) => {
            return expired_page(Some(&round.proposal), Some("Your answer came after the round had ended."));
        }
        Err(error) => {
            tracing::warn!(%error, "a decision is recorded and could not be delivered yet");
            Some("It is recorded. The engine does not answer now and will get it as soon as it does.")
        }
    };
    decided_page(&SettledView { proposal: &round.proposal, decision, ending })
}

/// The page of what failed of ours.
pub(crate) fn broken(error: &EdgeError) -> Page {
    tracing::error!(%error, "an approval page failed");
    refused_page(503, "The approval cannot be read now. Try again; if it stays so, look at the log of the platform.")
}
