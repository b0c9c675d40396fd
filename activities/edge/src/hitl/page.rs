//! Which page answers a visit: the proposal, what was decided, or why there is nothing to decide.
//!
//! Owns the choice. What a page shows is `activities::approval`'s. Nothing here writes.

use activities::approval::{
    Link, LinkError, Page, ProposalView, SettledView, decided_page, expired_page, not_found_page, proposal_page,
    refused_page, second_page, unknown_page,
};
use jiff::Timestamp;

use super::take::{current, opened};
use super::{DecideError, Form, form};
use crate::approvals::{DecisionRecord, Delivery, RoundRecord};
use crate::embedded::World;
use crate::error::EdgeError;
use crate::time::written;

/// The page of a link, by what is open now.
pub(super) fn show(world: &World, text: &str) -> Page {
    match opened(world, text).and_then(|link| Ok((current(world, &link.execution)?, link))) {
        Ok((round, link)) => shown(world, &round, &link, None, ""),
        Err(error) => settled_page(world, text, &error, Visit::Get),
    }
}

/// How a page is asked for: whoever posts a second decision is told that it came second.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    Get,
    Post,
}

/// The approval page of an open round.
fn shown(world: &World, round: &RoundRecord, link: &Link, problem: Option<&str>, name: &str) -> Page {
    let ends_at = written(round.ends_at);
    let form_token = form::token(world.keys.sealing(), &round.incident.execution, &round.digest);
    proposal_page(&ProposalView {
        form_token: &form_token,
        ends_at: &ends_at,
        earlier_link: link.round != round.number || link.digest != round.digest,
        problem,
        name,
        ..view(round, world.now())
    })
}

pub(super) fn view(round: &RoundRecord, now: Timestamp) -> ProposalView<'_> {
    ProposalView {
        incident: &round.incident,
        proposal: &round.proposal,
        digest: &round.digest,
        context: &round.context,
        number: round.number,
        round: &round.round,
        ends_at: "",
        approvals: &round.approvals,
        form_token: "",
        earlier_link: false,
        problem: None,
        name: "",
        now,
    }
}

/// The page that says why nothing can be decided.
fn settled_page(world: &World, text: &str, error: &DecideError, visit: Visit) -> Page {
    match error {
        DecideError::Link(LinkError::Expired { link }) => ended_page(world, &link.execution, visit),
        DecideError::Link(problem) => not_found_page(&problem.to_string()),
        DecideError::Unknown => unknown_page(),
        DecideError::Expired | DecideError::Second(_) => match opened(world, text) {
            Ok(link) => ended_page(world, &link.execution, visit),
            Err(_) => expired_page(None, None),
        },
        DecideError::Refused { status, problem } => refused_page(*status, problem),
        DecideError::Unauthorised(problem) => refused_page(403, problem),
        DecideError::Failed(error) => broken(error),
    }
}

/// The page of an execution that waits for nothing any more: decided, or expired.
fn ended_page(world: &World, execution: &str, visit: Visit) -> Page {
    let found = world.approvals.latest(execution).ok().flatten();
    let Some(round) = found else { return expired_page(None, None) };
    let closing = world.approvals.closing(execution).ok().flatten();
    let ending = closing.as_ref().map(|closing| closing.told.as_str());
    match world.approvals.decision(&round) {
        Ok(Some(DecisionRecord { decision, delivery })) if delivery != Delivery::Late => {
            let view = SettledView { proposal: &round.proposal, decision: &decision, ending };
            if visit == Visit::Post { second_page(&view) } else { decided_page(&view) }
        }
        Ok(_) => expired_page(Some(&round.proposal), ending),
        Err(error) => broken(&error.into()),
    }
}

/// The page after a form that was not taken.
pub(super) fn page_of(world: &World, text: &str, form: &Form, error: &DecideError) -> Page {
    let problem = match error {
        DecideError::Unauthorised(problem) => problem,
        other => return settled_page(world, text, other, Visit::Post),
    };
    match opened(world, text).and_then(|link| Ok((current(world, &link.execution)?, link))) {
        Ok((round, link)) => shown(world, &round, &link, Some(problem), &form.name),
        Err(error) => settled_page(world, text, &error, Visit::Post),
    }
}

pub(super) fn broken(error: &EdgeError) -> Page {
    tracing::error!(%error, "an approval page failed");
    refused_page(503, "The approval cannot be read now. Try again; if it stays so, look at the log of the platform.")
}
