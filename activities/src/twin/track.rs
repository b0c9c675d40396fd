//! Track records: what became of each action in similar incidents, and what that says about the present one.
//!
//! Owns the gates that a recalled action must pass: its incidents must be similar enough, clearly more similar than what
//! speaks for something else, and it must have helped more often than it failed. Similarity alone repeats mistakes: what
//! failed last time is just as similar. Owns no search.

use serde::{Deserialize, Serialize};

use crate::shape::{OutcomeKind, SimilarPrecedent};

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
pub fn track_records<'a>(found: impl IntoIterator<Item = &'a SimilarPrecedent>, gates: &Gates) -> Vec<TrackRecord> {
    let mut records: Vec<TrackRecord> = Vec::new();
    for similar in found.into_iter().filter(|similar| similar.similarity >= gates.similarity) {
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

    fn precedent(id: &str, action: &str, outcome: &str) -> crate::shape::PrecedentNote {
        let note = json!({"id": id, "at": "2026-11-01T00:00:00Z", "alarm": "a", "text": "t", "action": action, "outcome": outcome,
            "reason": "r", "execution": "e"});
        serde_json::from_value(note).unwrap()
    }

    /// Checks the standing of each action, given precedents of one incident as action and outcome.
    #[track_caller]
    fn check(past: &[(&str, &str)], expect: &[(&str, &str)]) {
        let past: Vec<SimilarPrecedent> = past
            .iter()
            .enumerate()
            .map(|(at, (action, outcome))| SimilarPrecedent {
                similarity: 0.9 - 0.01 * at as f64,
                precedent: precedent(&at.to_string(), action, outcome),
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
}
