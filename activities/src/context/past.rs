//! What was done about similar incidents, and what that says about each action.
//!
//! Owns the words, and that an incident which is not similar enough is not shown: it would be mistaken for experience.

use super::draft::Draft;
use super::words::{Words, fields};
use crate::shape::{PrecedentsAnswer, SimilarPrecedent, Topic};
use crate::twin::{Gates, Standing, TrackRecord, track_records};

/// The track record of each action, then the incidents, most similar first.
pub(super) fn precedents(source: &str, answer: PrecedentsAnswer) -> Words {
    let gates = Gates::default();
    let mut lines: Vec<String> = track_records(&answer.precedents, &gates).iter().map(record).collect();
    let similar = answer.precedents.iter().filter(|found| found.similarity >= gates.similarity);
    lines.extend(similar.clone().map(incident));
    let unlike = answer.precedents.len() - similar.count();
    if unlike > 0 {
        lines.push(format!("{unlike} others are less than {} % similar and say nothing", percent(gates.similarity)));
    }
    // Causes and remarks were written by models and people.
    let draft = Draft::new(Topic::Precedents, "What was done about similar incidents", source, lines).untrusted();
    Words { drafts: vec![draft], gaps: answer.skipped }
}

fn record(record: &TrackRecord) -> String {
    let standing = match &record.standing {
        Standing::Recommended => "it helped, and nothing else is as close".to_owned(),
        Standing::Undecided { reason } => format!("undecided: {reason}"),
        Standing::Discouraged { .. } => "it is not to be repeated as it was".to_owned(),
    };
    let (helped, failed, refused) = (record.helped, record.failed, record.rejected);
    format!("{}: helped {helped}, failed {failed}, refused {refused} times; {standing}", record.action)
}

fn incident(found: &SimilarPrecedent) -> String {
    let past = &found.precedent;
    let action = past.action.as_ref().map(|action| format!("{action} {}", fields(&past.parameters)));
    let did = action.unwrap_or_else(|| "no action".to_owned());
    let corrected = past.corrected_from.as_ref().map(|from| format!(" (a human corrected it from {})", fields(from)));
    let cause = past.cause.as_deref().map(|cause| format!("; cause: {cause}"));
    let remark = past.remark.as_deref().map(|remark| format!("; a human said: {remark}"));
    let node = past.node.as_deref().unwrap_or("an unknown resource");
    format!(
        "{} {}% similar, {}: alarm {} on {node}: {did}{}, outcome {}{}{}",
        past.id,
        percent(found.similarity),
        past.at,
        past.alarm,
        corrected.unwrap_or_default(),
        past.outcome.name(),
        cause.unwrap_or_default(),
        remark.unwrap_or_default(),
    )
}

fn percent(similarity: f64) -> i64 {
    (similarity.clamp(0.0, 1.0) * 100.0).round() as i64
}
