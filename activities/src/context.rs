//! Context: observations become evidence for the model, ranked, redacted and within a token budget.
//!
//! Owns the choice of what is kept and the numbering of evidence. Every piece has its number before anything is dropped, so
//! that what was dropped can be named. How each kind of observation is put into words stands in `context/words.rs`, what
//! keeps untrusted text harmless in `context/fence.rs`. Deterministic: the same observations give the same context, byte
//! for byte.

mod draft;
mod fence;
mod metrics;
mod past;
mod rules;
mod words;

use draft::Draft;
pub(crate) use fence::cut;
pub use fence::{clean_line, render, tokens_of};
pub(crate) use metrics::{digest as metric_digest, short as short_number};
pub(crate) use words::REQUEST;
use words::View;

use crate::ActivityError;
use crate::facts::Facts;
use crate::shape::{Context, ContextRequest, Dropped, Observation, Piece, Settings};

/// Makes the context of an incident, or adds a turn's evidence to it.
///
/// What the first context adds to a prompt, [`render_notes`] included, stays within `context_tokens`; what all further turns add
/// stays within three quarters of it together.
///
/// # Errors
///
/// None of its own; a request that cannot be read is refused before.
pub fn context(request: ContextRequest) -> Result<Context, ActivityError> {
    let first = request.former.is_none();
    let mut context = request.former.unwrap_or_default();
    let new = new_observations(&request.observations, request.turn, first);
    let facts = Facts::new(&request.observations);
    let view = View { incident: &request.incident, facts, topology: facts.topology().ok(), at: &request.at };
    let mut drafts = Vec::new();
    let mut gaps = Vec::new();
    if first {
        context.node = view.node().map(|node| node.id.to_string());
        drafts.push(match &request.incident.request {
            None => words::alarm(&view),
            Some(asked) => words::request(asked, &request.incident),
        });
        gaps.extend(words::missing_node(&view));
    }
    for observation in &new {
        match words::of(observation, &view) {
            Ok(words) => {
                drafts.extend(words.drafts);
                gaps.extend(words.gaps);
            }
            Err(gap) => gaps.push(gap),
        }
    }
    drafts.retain(|draft| !draft.is_empty());
    // The sort is stable: within a topic the order of the reads holds.
    drafts.sort_by_key(|draft| draft.topic);
    let budget = if first { request.settings.context_tokens } else { further_tokens(&request.settings) };
    add(&mut context, drafts, gaps, budget, request.turn);
    Ok(context)
}

/// The budget of a further turn: a quarter of the first, less when there may be more than three.
pub(crate) fn further_tokens(settings: &Settings) -> u32 {
    let turns = settings.max_turns.saturating_sub(1).max(3);
    settings.context_tokens * 3 / 4 / turns
}

/// What could not be observed and what was left out, in the words that the model reads; nothing where there is nothing to say.
pub fn render_notes(context: &Context) -> String {
    let mut parts = Vec::new();
    if !context.gaps.is_empty() {
        parts.push(format!("What could not be observed:\n- {}", context.gaps.join("\n- ")));
    }
    if !context.dropped.is_empty() {
        let dropped: Vec<String> = context.dropped.iter().map(render_dropped).collect();
        parts.push(format!("What was left out for length:\n- {}", dropped.join("\n- ")));
    }
    parts.join("\n\n")
}

/// What was left out of one piece, in the words that the model reads.
pub fn render_dropped(dropped: &Dropped) -> String {
    let Dropped { evidence, title, lines, of, tokens, .. } = dropped;
    let lines = if dropped.whole { format!("all {of} lines") } else { format!("{lines} of {of} lines") };
    format!("{evidence} {title}: {lines}, about {tokens} tokens")
}

/// The observations that belong to this turn: later turns carry their number in their name.
fn new_observations(observations: &[Observation], turn: u32, first: bool) -> Vec<&Observation> {
    let prefix = format!("turn{turn}.");
    observations
        .iter()
        .filter(|one| if first { !one.id.starts_with("turn") } else { one.id.starts_with(&prefix) })
        .collect()
}

/// Gives the drafts their numbers and fits them into the budget.
fn add(context: &mut Context, mut drafts: Vec<Draft>, gaps: Vec<String>, budget: u32, turn: u32) {
    let numbers = last_number(context);
    for (at, draft) in drafts.iter_mut().enumerate() {
        draft.numbered(numbers + at + 1);
    }
    // The notes of former turns were paid by those.
    let paid = tokens_of(&render_notes(context));
    context.gaps.extend(bounded_gaps(gaps, budget / 3));
    let cost = |dropped: &[Dropped]| {
        let noted = Context { gaps: context.gaps.clone(), dropped: dropped.to_vec(), ..Context::default() };
        tokens_of(&render_notes(&noted)).saturating_sub(paid) + BREAK
    };
    let mut reserved = cost(&context.dropped);
    loop {
        let mut kept = drafts.clone();
        let mut dropped = context.dropped.clone();
        dropped.extend(bounded_dropped(fit(&mut kept, budget.saturating_sub(reserved)), budget));
        let notes = cost(&dropped);
        // Each round reserves what the notes of the round before took; they are bounded, and so is this.
        if notes <= reserved || reserved >= budget {
            return keep(context, kept, dropped, turn);
        }
        reserved = notes;
    }
}

/// The greatest number that a piece has or had.
fn last_number(context: &Context) -> usize {
    let kept = context.pieces.iter().map(|piece| piece.evidence.as_str());
    let numbers = kept.chain(context.dropped.iter().map(|dropped| dropped.evidence.as_str()));
    numbers.filter_map(|evidence| evidence.rsplit('E').next()?.parse().ok()).max().unwrap_or(0)
}

/// Takes what was kept into the context.
fn keep(context: &mut Context, drafts: Vec<Draft>, dropped: Vec<Dropped>, turn: u32) {
    context.dropped = dropped;
    context.redactions += drafts.iter().map(Draft::redactions).sum::<u32>();
    context.pieces.extend(drafts.iter().map(|draft| draft.piece(turn)));
    let notes = tokens_of(&render_notes(context)) + BREAK;
    context.tokens = context.pieces.iter().map(|piece| piece.tokens).sum::<u32>() + notes;
}

/// The gaps that fit, and how many more there are.
fn bounded_gaps(gaps: Vec<String>, budget: u32) -> Vec<String> {
    let all = gaps.len();
    let mut kept: Vec<String> = Vec::new();
    let mut tokens = 0;
    for gap in gaps {
        let gap = cut(&clean_line(&gap), LONGEST_GAP);
        tokens += tokens_of(&gap) + 2;
        if tokens > budget || kept.len() == MOST_NOTES {
            break;
        }
        kept.push(gap);
    }
    if kept.len() < all {
        kept.push(format!("{} more could not be observed", all - kept.len()));
    }
    kept
}

/// Drops lines of the least useful drafts until all fit; says what was dropped.
///
/// At first every draft keeps its share, so that what is less useful is shortened before it is lost.
fn fit(drafts: &mut Vec<Draft>, budget: u32) -> Vec<Dropped> {
    let mut total: u32 = drafts.iter().map(Draft::tokens).sum();
    for keeps_share in [true, false] {
        for draft in drafts.iter_mut().rev() {
            if total <= budget {
                break;
            }
            let before = draft.tokens();
            let share = if keeps_share { budget * draft.share() / 100 } else { 0 };
            draft.cap(before.saturating_sub(total - budget).max(share.min(before)));
            total = total - before + draft.tokens();
        }
    }
    let dropped: Vec<Dropped> = drafts.iter().filter_map(Draft::dropped).collect();
    drafts.retain(|draft| !draft.is_empty());
    dropped
}

/// What was dropped, the last of a long list as one.
fn bounded_dropped(mut dropped: Vec<Dropped>, budget: u32) -> Vec<Dropped> {
    let most = usize::try_from(budget / (3 * TOKENS_OF_A_NOTE)).unwrap_or(MOST_NOTES).clamp(1, MOST_NOTES);
    if dropped.len() <= most {
        return dropped;
    }
    let rest = dropped.split_off(most - 1);
    let (Some(first), Some(last)) = (rest.first(), rest.last()) else { return dropped };
    dropped.push(Dropped {
        evidence: format!("{} to {}", first.evidence, last.evidence),
        topic: first.topic,
        title: format!("of {} further pieces", rest.len()),
        tokens: rest.iter().map(|one| one.tokens).sum(),
        whole: rest.iter().all(|one| one.whole),
        lines: rest.iter().map(|one| one.lines).sum(),
        of: rest.iter().map(|one| one.of).sum(),
    });
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
/// A note of what was dropped takes this or less.
const TOKENS_OF_A_NOTE: u32 = 60;
/// The blank line between the notes and what stands before them.
const BREAK: u32 = 1;

#[cfg(test)]
mod tests;
