//! What precedents teach about a candidate: do what worked, leave what failed.
//!
//! Owns which precedents count and how. Only those that are similar enough, on the same kind of resource, and whose
//! action was judged by what came of it: an approval or an API call that returned proves nothing.

use serde_json::Value;

use super::Candidate;
use crate::shape::{Fields, OutcomeKind, SimilarPrecedent};
use crate::twin::{Gates, Node, Standing, track_records};

/// The precedents that count for one target.
pub(super) struct Track<'a> {
    node: String,
    counted: Vec<&'a SimilarPrecedent>,
}

/// Selects the precedents that count.
pub(super) fn of<'a>(precedents: &'a [SimilarPrecedent], target: &Node) -> Track<'a> {
    let same_type = |found: &&SimilarPrecedent| found.precedent.resource_type.as_deref() == Some(&target.resource_type);
    let counted =
        precedents.iter().filter(|found| found.similarity >= Gates::default().similarity).filter(same_type).collect();
    Track { node: target.id.to_string(), counted }
}

impl<'a> Track<'a> {
    /// The candidate to propose, with the lesson to cite where a precedent teaches one.
    pub(super) fn choose(&self, candidates: Vec<Candidate>) -> Option<(Candidate, Option<String>)> {
        let mut left: Vec<Candidate> =
            candidates.into_iter().filter(|candidate| self.failure_of(candidate).is_none()).collect();
        if left.is_empty() {
            return None;
        }
        let records = track_records(self.counted.iter().copied(), &Gates::default());
        let standing = |candidate: &Candidate| {
            records.iter().find(|record| record.action == candidate.action.word()).map(|record| &record.standing)
        };
        if let Some(at) = left.iter().position(|candidate| standing(candidate) == Some(&Standing::Recommended)) {
            let candidate = left.remove(at);
            let lesson = self.success_of(&candidate).map(|found| sentence(found, "and the alarm recovered"));
            return Some((candidate, lesson));
        }
        // What failed in similar incidents elsewhere is tried last.
        let discouraged = |candidate: &Candidate| matches!(standing(candidate), Some(Standing::Discouraged { .. }));
        let at = left.iter().position(|candidate| !discouraged(candidate)).unwrap_or(0);
        let avoided = self.counted.iter().find(|found| failed(found.precedent.outcome)).map(|found| {
            let what = format!("with the outcome {}, which is why it is not repeated", found.precedent.outcome.name());
            sentence(found, &what)
        });
        Some((left.remove(at), avoided))
    }

    /// The failures, for the reason why nothing is proposed.
    pub(super) fn failures(&self) -> String {
        let failures = self.counted.iter().filter(|found| failed(found.precedent.outcome));
        failures
            .map(|found| sentence(found, &format!("with the outcome {}", found.precedent.outcome.name())))
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// A similar incident on this node in which the same action failed; the newest word on it counts.
    fn failure_of(&self, candidate: &Candidate) -> Option<&'a SimilarPrecedent> {
        let newest = self
            .same(candidate)
            .filter(|found| found.precedent.node.as_deref() == Some(&self.node))
            .max_by(|a, b| a.precedent.at.cmp(&b.precedent.at))?;
        let repeats = !goes_further(&candidate.parameters, &newest.precedent.parameters);
        (failed(newest.precedent.outcome) && repeats).then_some(newest)
    }

    /// The most similar incident in which the same action helped.
    fn success_of(&self, candidate: &Candidate) -> Option<&'a SimilarPrecedent> {
        self.same(candidate).find(|found| found.precedent.outcome == OutcomeKind::Recovered)
    }

    fn same<'b>(&'b self, candidate: &'b Candidate) -> impl Iterator<Item = &'a SimilarPrecedent> + use<'a, 'b> {
        self.counted.iter().copied().filter(|found| found.precedent.action.as_deref() == Some(candidate.action.word()))
    }
}

/// Outcomes that speak against doing the same again.
fn failed(outcome: OutcomeKind) -> bool {
    use OutcomeKind::{Failed, Rejected, Unchanged, Undone, Worse};
    matches!(outcome, Unchanged | Worse | Undone | Failed | Rejected)
}

/// Whether a number in the parameters is greater than what was tried.
fn goes_further(parameters: &Value, tried: &Fields) -> bool {
    let fields = parameters.as_object().into_iter().flatten();
    fields.filter_map(|(name, value)| Some((value.as_i64()?, tried.get(name)?.as_i64()?))).any(|(now, then)| now > then)
}

fn sentence(found: &SimilarPrecedent, what: &str) -> String {
    let past = &found.precedent;
    let action = past.action.as_deref().unwrap_or("nothing");
    let node = past.node.as_deref().unwrap_or("an unknown resource");
    format!("Incident {} ({}% similar) did {action} on {node} {what}.", past.id, (found.similarity * 100.0).round())
}
