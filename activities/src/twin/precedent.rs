//! Precedents: what became of former incidents, and what that says about the present one.
//!
//! Owns the stored record, the search for similar ones, and the gates that a recalled action must pass: it must be
//! similar enough, clearly more similar than what speaks for something else, and have helped more often than it failed.
//! Similarity alone repeats mistakes: what failed last time is just as similar.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::vector::{Vector, VectorError, VectorIndex, VectorKind};
use crate::shape::{OutcomeKind, PrecedentNote, SimilarPrecedent};

/// What is stored of one incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Precedent {
    /// What happened, was done and came of it.
    pub note: PrecedentNote,
    /// The vector of the note's text.
    pub vector: Vector,
}

/// Why precedents cannot be searched.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum RecallError {
    /// The query was made by a model of which no precedent is.
    #[error("no precedent was embedded by `{wanted}`; there are some of {held}")]
    NoneOfKind {
        /// The query's model and dimension.
        wanted: String,
        /// The models and dimensions that there are.
        held: String,
    },
    /// The query cannot be compared.
    #[error(transparent)]
    Vector(#[from] VectorError),
}

/// All precedents, searchable; those of each model apart from the others.
#[derive(Clone, Debug, Default)]
pub struct Recall {
    notes: Vec<PrecedentNote>,
    indexes: BTreeMap<VectorKind, (VectorIndex, Vec<usize>)>,
}

impl Recall {
    /// Takes precedents in; of two with the same incident id the later one counts.
    pub fn of(precedents: impl IntoIterator<Item = Precedent>) -> Self {
        let mut by_id: BTreeMap<String, Precedent> = BTreeMap::new();
        for precedent in precedents {
            by_id.insert(precedent.note.id.clone(), precedent);
        }
        let mut recall = Self::default();
        for (_, precedent) in by_id {
            recall.add(precedent);
        }
        recall
    }

    /// How many precedents there are.
    pub fn len(&self) -> usize {
        self.notes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }

    /// Finds the precedents that are most like a vector, best first.
    ///
    /// Only those of the vector's own model and dimension are compared. That there are others only is an error, because
    /// it would look like an incident that never happened before.
    pub fn nearest(&self, query: &Vector, most: usize) -> Result<Vec<SimilarPrecedent>, RecallError> {
        let Some((index, positions)) = self.indexes.get(&query.kind()) else {
            return if self.is_empty() { Ok(Vec::new()) } else { Err(self.none_of(query)) };
        };
        let hits = index.nearest(query, most)?;
        let similar = |similarity: f32, row: usize| SimilarPrecedent {
            similarity: f64::from(similarity.clamp(0.0, 1.0)),
            precedent: self.notes[positions[row]].clone(),
        };
        Ok(hits.into_iter().map(|hit| similar(hit.similarity, hit.row)).collect())
    }

    fn add(&mut self, precedent: Precedent) {
        let kind = precedent.vector.kind();
        let (index, positions) =
            self.indexes.entry(kind.clone()).or_insert_with(|| (VectorIndex::new(kind), Vec::new()));
        // The index is of the vector's own kind, so that it takes it.
        if index.push(&precedent.vector).is_ok() {
            positions.push(self.notes.len());
            self.notes.push(precedent.note);
        }
    }

    fn none_of(&self, query: &Vector) -> RecallError {
        let held: Vec<String> = self.indexes.keys().map(|kind| format!("`{kind}`")).collect();
        RecallError::NoneOfKind { wanted: query.kind().to_string(), held: held.join(", ") }
    }
}

/// What a recalled action must pass.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gates {
    /// The least similarity that counts.
    pub similarity: f64,
    /// How much more similar the best support must be than the best of any other action that helped.
    pub margin: f64,
    /// How many more times it must have helped than failed.
    pub surplus: u32,
}

impl Default for Gates {
    /// The values under which unrelated incidents of one account stay apart with the local embedding.
    fn default() -> Self {
        Self { similarity: 0.6, margin: 0.05, surplus: 1 }
    }
}

/// What became of one action in similar incidents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrackRecord {
    /// The action's name.
    pub action: String,
    /// How many times the alarm was over after it.
    pub helped: u32,
    /// How many times it failed, changed nothing, made it worse or was undone.
    pub failed: u32,
    /// How many times a human said no.
    pub rejected: u32,
    /// The similarity of the incident that is most like the present one.
    pub similarity: f64,
    /// The incidents, most similar first.
    pub incidents: Vec<String>,
    /// Whether it may be recalled, and if not, why.
    pub standing: Standing,
}

/// Whether a former action may be taken as a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    /// It helped, and nothing else is as close.
    Recommended,
    /// It may be right, but the past does not say so clearly.
    Undecided {
        /// Why.
        reason: String,
    },
    /// It failed or was refused under these circumstances.
    Discouraged {
        /// Why.
        reason: String,
    },
}

/// Weighs what was done in similar incidents: one record for each action, most similar first.
pub fn track_records(found: &[SimilarPrecedent], gates: &Gates) -> Vec<TrackRecord> {
    let mut records: Vec<TrackRecord> = Vec::new();
    for similar in found.iter().filter(|similar| similar.similarity >= gates.similarity) {
        let Some(action) = similar.precedent.action.as_deref().filter(|action| *action != "none") else { continue };
        let at = records.iter().position(|record| record.action == action).unwrap_or_else(|| {
            records.push(TrackRecord::new(action));
            records.len() - 1
        });
        records[at].count(similar);
    }
    records.sort_by(|a, b| b.similarity.total_cmp(&a.similarity).then_with(|| a.action.cmp(&b.action)));
    let standings: Vec<Standing> = records.iter().map(|record| record.judge(&records, gates)).collect();
    for (record, standing) in records.iter_mut().zip(standings) {
        record.standing = standing;
    }
    records
}

impl TrackRecord {
    fn new(action: &str) -> Self {
        let standing = Standing::Undecided { reason: String::new() };
        Self {
            action: action.to_owned(),
            helped: 0,
            failed: 0,
            rejected: 0,
            similarity: 0.0,
            incidents: Vec::new(),
            standing,
        }
    }

    fn count(&mut self, similar: &SimilarPrecedent) {
        match similar.precedent.outcome {
            OutcomeKind::Recovered => self.helped += 1,
            OutcomeKind::Unchanged | OutcomeKind::Worse | OutcomeKind::Undone | OutcomeKind::Failed => self.failed += 1,
            OutcomeKind::Rejected => self.rejected += 1,
            // Nobody knows whether it would have helped.
            _ => {}
        }
        self.similarity = self.similarity.max(similar.similarity);
        self.incidents.push(similar.precedent.id.clone());
    }

    fn judge(&self, all: &[Self], gates: &Gates) -> Standing {
        let (against, for_it) = (self.failed + self.rejected, self.helped);
        if against > 0 && against >= for_it {
            let reason = format!(
                "it helped {for_it} times, failed {} times and was refused {} times in similar incidents",
                self.failed, self.rejected
            );
            return Standing::Discouraged { reason };
        }
        if for_it < against + gates.surplus.max(1) {
            return Standing::Undecided { reason: "nobody knows whether it helped in a similar incident".to_owned() };
        }
        let rivals =
            all.iter().filter(|other| other.action != self.action && other.helped > other.failed + other.rejected);
        match rivals.max_by(|a, b| a.similarity.total_cmp(&b.similarity)) {
            Some(rival) if self.similarity < rival.similarity + gates.margin => {
                Standing::Undecided { reason: format!("`{}` helped in incidents that are as similar", rival.action) }
            }
            _ => Standing::Recommended,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::twin::embed_local;

    fn precedent(id: &str, text: &str, action: &str, outcome: &str) -> Precedent {
        let note = json!({"id": id, "at": "2026-11-01T00:00:00Z", "alarm": "a", "text": text, "action": action, "outcome": outcome,
            "reason": "r", "execution": "e"});
        Precedent { note: serde_json::from_value(note).unwrap(), vector: embed_local(text).unwrap() }
    }

    /// Checks the standing of each action, given precedents of one incident as action and outcome.
    #[track_caller]
    fn check(past: &[(&str, &str)], expect: &[(&str, &str)]) {
        let past: Vec<SimilarPrecedent> = past
            .iter()
            .enumerate()
            .map(|(at, (action, outcome))| SimilarPrecedent {
                similarity: 0.9 - 0.01 * at as f64,
                precedent: precedent(&at.to_string(), "orders duration", action, outcome).note,
            })
            .collect();
        let found = track_records(&past, &Gates::default());
        let found: Vec<(String, String)> = found
            .iter()
            .map(|record| {
                (
                    record.action.clone(),
                    serde_json::to_value(&record.standing).unwrap()["standing"].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        assert_eq!(
            found,
            expect.iter().map(|(action, standing)| (action.to_string(), standing.to_string())).collect::<Vec<_>>()
        );
    }

    const TIMEOUT: &str = "lambda_update_timeout";
    const MEMORY: &str = "lambda_update_memory";

    #[test]
    fn what_helped_is_recommended() {
        check(&[(TIMEOUT, "recovered")], &[(TIMEOUT, "recommended")]);
    }

    #[test]
    fn one_failure_does_not_repeat_itself() {
        check(&[(MEMORY, "unchanged")], &[(MEMORY, "discouraged")]);
        check(&[(MEMORY, "undone"), (MEMORY, "recovered")], &[(MEMORY, "discouraged")]);
    }

    #[test]
    fn a_human_no_counts_against() {
        check(&[(MEMORY, "rejected")], &[(MEMORY, "discouraged")]);
    }

    #[test]
    fn what_was_never_seen_through_says_nothing() {
        check(&[(TIMEOUT, "expired"), (TIMEOUT, "shadow")], &[(TIMEOUT, "undecided")]);
    }

    #[test]
    fn two_that_helped_as_similarly_decide_nothing() {
        check(&[(TIMEOUT, "recovered"), (MEMORY, "recovered")], &[(TIMEOUT, "undecided"), (MEMORY, "undecided")]);
    }

    #[test]
    fn a_rival_that_failed_is_none() {
        check(&[(MEMORY, "unchanged"), (TIMEOUT, "recovered")], &[(MEMORY, "discouraged"), (TIMEOUT, "recommended")]);
    }

    #[test]
    fn doing_nothing_is_no_action() {
        check(&[("none", "none")], &[]);
    }

    #[test]
    fn the_similar_incident_is_found_first() {
        let recall = Recall::of([
            precedent(
                "1",
                "alarm db-connections resource aws_db_instance db metric DatabaseConnections",
                "rds_reboot_instance",
                "recovered",
            ),
            precedent(
                "2",
                "alarm orders-duration resource aws_lambda_function orders metric Duration",
                TIMEOUT,
                "recovered",
            ),
        ]);
        let query = embed_local("alarm orders-duration resource aws_lambda_function orders metric Duration").unwrap();
        let found = recall.nearest(&query, 5).unwrap();
        assert_eq!(found.iter().map(|similar| similar.precedent.id.as_str()).collect::<Vec<_>>(), ["2", "1"]);
        assert!(found[0].similarity > 0.99 && found[1].similarity < 0.4);
        assert_eq!(track_records(&found, &Gates::default()).len(), 1);
    }

    #[test]
    fn precedents_of_another_model_are_not_compared() {
        let recall = Recall::of([precedent("1", "orders duration", TIMEOUT, "recovered")]);
        let other = Vector::new("amazon.titan-embed-text-v2:0", vec![1.0; 256]).unwrap();
        assert!(matches!(recall.nearest(&other, 5), Err(RecallError::NoneOfKind { .. })));
        assert_eq!(Recall::default().nearest(&other, 5), Ok(Vec::new()));
    }

    #[test]
    fn one_incident_counts_once() {
        let twice = [precedent("1", "orders", TIMEOUT, "failed"), precedent("1", "orders", TIMEOUT, "recovered")];
        let recall = Recall::of(twice);
        assert_eq!(recall.len(), 1);
        assert_eq!(
            recall.nearest(&embed_local("orders").unwrap(), 5).unwrap()[0].precedent.outcome,
            OutcomeKind::Recovered
        );
    }
}
