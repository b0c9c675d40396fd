//! A visit of the embedded pages: what is read to answer it.
//!
//! Owns what is read when. Which page then says what is `page`'s. Nothing here writes.

use activities::approval::{Link, Page, expired_page};

use super::page::{self, Visit};
use super::take::{current, opened};
use super::{DecideError, Form};
use crate::embedded::World;
use crate::round::RoundRecord;

/// The page of a link, by what is open now.
pub(super) fn show(world: &World, text: &str) -> Page {
    match round_of(world, text) {
        Ok((round, link)) => page::open(&round, &link, world.keys.sealing(), world.now(), None),
        Err(error) => settled(world, text, &error, Visit::Get),
    }
}

/// The page after a form that was not taken.
pub(super) fn after(world: &World, text: &str, form: &Form, error: &DecideError) -> Page {
    let problem = match error {
        DecideError::Unauthorised(problem) => problem,
        other => return settled(world, text, other, Visit::Post),
    };
    match round_of(world, text) {
        Ok((round, link)) => page::open(&round, &link, world.keys.sealing(), world.now(), Some((form, problem))),
        Err(error) => settled(world, text, &error, Visit::Post),
    }
}

fn round_of(world: &World, text: &str) -> Result<(RoundRecord, Link), DecideError> {
    let link = opened(world, text)?;
    Ok((current(world, &link.execution)?, link))
}

/// The page that says why nothing can be decided.
fn settled(world: &World, text: &str, error: &DecideError, visit: Visit) -> Page {
    let Some(execution) = page::over(error, || opened(world, text)) else { return page::refused(error) };
    let found = world.approvals.latest(&execution).ok().flatten();
    let Some(round) = found else { return expired_page(None, None) };
    let closing = world.approvals.closing(&execution).ok().flatten();
    match world.approvals.decision(&round) {
        Ok(decision) => page::ended(&round, decision.as_ref(), closing.as_ref(), visit),
        Err(error) => page::broken(&error.into()),
    }
}
