//! Context: observations become evidence for the model, ranked, redacted and within a token budget.
//!
//! Owns the choice of what is kept and the numbering of evidence. How each kind of observation is put into words stands in
//! `context/draft.rs`, what keeps untrusted text harmless in `context/fence.rs`. Deterministic: the same observations
//! give the same context, byte for byte.

mod draft;
mod fence;
mod metrics;

use draft::Draft;
pub(crate) use draft::REQUEST;
pub(crate) use fence::cut;
pub use fence::{clean_line, render, tokens_of};
pub(crate) use metrics::{digest as metric_digest, short as short_number};

use crate::ActivityError;
use crate::facts::Facts;
use crate::shape::{Context, ContextRequest, Dropped, Observation, Piece, Settings};

/// Makes the context of an incident, or adds a turn's evidence to it.
///
/// The pieces of the first context together stay within `context_tokens`, those of all further turns together within
/// three quarters of it, gaps and the list of what was dropped included.
///
/// # Errors
///
/// None of its own; a request that cannot be read is refused before.
pub fn context(request: ContextRequest) -> Result<Context, ActivityError> {
    let first = request.former.is_none();
    let mut context = request.former.unwrap_or_default();
    let new = new_observations(&request.observations, request.turn, first);
    let facts = Facts::new(&request.observations);
    if first {
        context.node = facts.topology().ok().and_then(|topology| topology.node).map(|node| node.id.to_string());
    }
    let mut drafts = Vec::new();
    let mut gaps = Vec::new();
    for observation in &new {
        match draft::of(observation, &request.incident, facts) {
            Ok(made) => drafts.extend(made),
            Err(gap) => gaps.push(fence::cut(&clean_line(&gap), LONGEST_GAP)),
        }
    }
    if first {
        drafts.push(match &request.incident.request {
            None => draft::alarm(&request.incident, facts),
            Some(asked) => draft::request(asked, &request.incident),
        });
        gaps.extend(draft::missing_node(&request.incident, facts));
    }
    // The sort is stable: within a topic the order of the reads holds.
    drafts.sort_by_key(|draft| draft.topic);
    gaps.truncate(MOST_NOTES);
    let budget = if first { request.settings.context_tokens } else { further_tokens(&request.settings) };
    add(&mut context, drafts, gaps, budget, request.turn);
    Ok(context)
}

/// The budget of a further turn: a quarter of the first, less when there may be more than three.
pub(crate) fn further_tokens(settings: &Settings) -> u32 {
    let turns = settings.max_turns.saturating_sub(1).max(3);
    settings.context_tokens * 3 / 4 / turns
}

/// The observations that belong to this turn: later turns carry their number in their name.
fn new_observations(observations: &[Observation], turn: u32, first: bool) -> Vec<&Observation> {
    let prefix = format!("turn{turn}.");
    observations
        .iter()
        .filter(|one| if first { !one.id.starts_with("turn") } else { one.id.starts_with(&prefix) })
        .collect()
}

/// Fits the drafts into the budget and gives them their numbers.
fn add(context: &mut Context, mut drafts: Vec<Draft>, gaps: Vec<String>, budget: u32, turn: u32) {
    let notes: u32 = gaps.iter().map(|gap| tokens_of(gap) + 2).sum();
    let budget = budget.saturating_sub(notes + FOR_DROPPED);
    for draft in &mut drafts {
        draft.cap(budget * draft.share() / 100);
    }
    let dropped = fit(&mut drafts, budget);
    for draft in drafts {
        let number = context.pieces.len() + 1;
        let piece = draft.piece(number, turn);
        context.tokens += piece.tokens;
        context.redactions += draft.redactions;
        context.pieces.push(piece);
    }
    context.tokens += notes + dropped.iter().map(|dropped| tokens_of(&dropped.title) + 8).sum::<u32>();
    context.gaps.extend(gaps);
    context.dropped.extend(dropped);
}

/// Drops lines of the least useful drafts until all fit; says what was dropped.
fn fit(drafts: &mut Vec<Draft>, budget: u32) -> Vec<Dropped> {
    let mut total: u32 = drafts.iter().map(Draft::tokens).sum();
    for at in (0..drafts.len()).rev() {
        if total <= budget {
            break;
        }
        let before = drafts[at].tokens();
        drafts[at].shorten(before.saturating_sub(total - budget));
        total = total - before + drafts[at].tokens();
    }
    let mut dropped: Vec<Dropped> = drafts.iter().filter_map(Draft::dropped).collect();
    drafts.retain(|draft| !draft.is_empty());
    dropped.truncate(MOST_NOTES);
    dropped
}

/// The pieces of one turn, in the words that the model reads.
pub(crate) fn render_turn(context: &Context, turn: u32) -> String {
    let pieces: Vec<String> = context.pieces.iter().filter(|piece| piece.turn == turn).map(render).collect();
    pieces.join("\n\n")
}

/// Says whether a piece of evidence of this id exists.
pub(crate) fn has_evidence(context: &Context, evidence: &str) -> bool {
    context.pieces.iter().any(|piece: &Piece| piece.evidence == evidence)
}

const LONGEST_GAP: usize = 160;
const MOST_NOTES: usize = 12;
/// Tokens that are kept free for the list of what was dropped.
const FOR_DROPPED: u32 = 240;

#[cfg(test)]
mod tests;
