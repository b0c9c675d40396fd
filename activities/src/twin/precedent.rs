//! Precedents: what became of former incidents, and the search for similar ones.
//!
//! Owns the stored record and the vectors by which records are found. The vectors of each model stand apart from the
//! others. What the found ones say about an action stands in `twin/track.rs`. Reads and writes nothing: where records and
//! vectors are kept is the caller's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::vector::{Label, Vector, VectorError, VectorIndex, VectorKind, group_of};
use crate::shape::PrecedentNote;

/// What is stored of one incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Precedent {
    /// What happened, was done and came of it.
    pub note: PrecedentNote,
    /// The vector of the note's text.
    pub vector: Vector,
}

impl Precedent {
    /// The label of its vector in an index, under the key of its record.
    pub fn label(&self, key: impl Into<String>) -> Label {
        // An instant that cannot be read makes it the oldest of equally similar ones, and nothing else.
        let at = self.note.at.parse::<Timestamp>().map_or(i64::MIN, Timestamp::as_millisecond);
        Label { key: key.into(), at, group: group_of(self.note.resource_type.as_deref()) }
    }
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

/// The vectors of precedents, searchable; those of each model apart from the others.
#[derive(Clone, Debug, Default)]
pub struct Recall {
    /// Those of one kind may come in several parts.
    indexes: BTreeMap<VectorKind, Vec<Arc<VectorIndex>>>,
}

/// A precedent that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Recalled {
    /// The key of its record.
    pub key: String,
    /// Cosine similarity, 0 to 1.
    pub similarity: f64,
}

impl Recall {
    /// Takes in the vectors of an index.
    pub fn insert(&mut self, index: Arc<VectorIndex>) {
        self.indexes.entry(index.kind().clone()).or_default().push(index);
    }

    /// Takes in the vector of one record.
    ///
    /// # Errors
    ///
    /// When the key is empty or longer than 96 bytes.
    pub fn add(&mut self, key: &str, precedent: &Precedent) -> Result<(), VectorError> {
        let kind = precedent.vector.kind();
        let parts = self.indexes.entry(kind.clone()).or_default();
        if parts.is_empty() {
            parts.push(Arc::new(VectorIndex::new(kind)));
        }
        let part = parts.last_mut().map(Arc::make_mut);
        part.map_or(Ok(()), |part| part.push(precedent.label(key), &precedent.vector))
    }

    /// How many vectors there are.
    pub fn len(&self) -> usize {
        self.indexes().map(VectorIndex::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The indexes, those of each kind in the order in which they were taken in.
    pub fn indexes(&self) -> impl Iterator<Item = &VectorIndex> {
        self.indexes.values().flatten().map(Arc::as_ref)
    }

    /// Finds the records that are most like a vector, best first and of equally similar ones the newest first.
    ///
    /// Only those of the vector's own model and dimension are compared; that there are others only is an error, because it
    /// would look like an incident that never happened before. Where a type of resource is given, records of another type
    /// are left out. A record counts once, and only if its key is `wanted`.
    ///
    /// # Errors
    ///
    /// [`RecallError::NoneOfKind`] when all precedents were embedded by other models.
    pub fn nearest(
        &self,
        query: &Vector,
        resource_type: Option<&str>,
        most: usize,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<Recalled>, RecallError> {
        let Some(parts) = self.indexes.get(&query.kind()) else {
            return if self.is_empty() { Ok(Vec::new()) } else { Err(self.none_of(query)) };
        };
        let group = group_of(resource_type);
        let fits = |label: &Label| (group == 0 || label.group == 0 || label.group == group) && wanted(&label.key);
        let mut found = Vec::new();
        for part in parts {
            // Twice as many: a record that was written twice takes two places.
            for hit in part.nearest(query, most.saturating_mul(2), fits)? {
                found.push((hit.similarity, &part.labels()[hit.row]));
            }
        }
        found
            .sort_by(|(one, a), (other, b)| other.total_cmp(one).then(b.at.cmp(&a.at)).then_with(|| a.key.cmp(&b.key)));
        let mut seen = BTreeSet::new();
        found.retain(|(_, label)| seen.insert(&label.key));
        let recalled = |(similarity, label): (f32, &Label)| Recalled {
            key: label.key.clone(),
            similarity: f64::from(similarity.clamp(0.0, 1.0)),
        };
        Ok(found.into_iter().take(most).map(recalled).collect())
    }

    fn none_of(&self, query: &Vector) -> RecallError {
        let held: Vec<String> = self.indexes.keys().map(|kind| format!("`{kind}`")).collect();
        RecallError::NoneOfKind { wanted: query.kind().to_string(), held: held.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::twin::embed_local;

    const DURATION: &str = "alarm orders-duration resource aws_lambda_function orders metric Duration";

    fn precedent(at: &str, kind: Option<&str>, text: &str) -> Precedent {
        let note = json!({"id": "i", "at": at, "alarm": "a", "text": text, "resource_type": kind, "outcome": "recovered",
            "reason": "r", "execution": "e"});
        Precedent { note: serde_json::from_value(note).unwrap(), vector: embed_local(text).unwrap() }
    }

    fn recall(records: &[(&str, Precedent)]) -> Recall {
        let mut recall = Recall::default();
        records.iter().for_each(|(key, record)| recall.add(key, record).unwrap());
        recall
    }

    /// Checks the keys that are found for the orders' duration.
    #[track_caller]
    fn check(recall: &Recall, kind: Option<&str>, most: usize, expect: &[&str]) {
        let found = recall.nearest(&embed_local(DURATION).unwrap(), kind, most, |_| true).unwrap();
        assert_eq!(found.iter().map(|found| found.key.as_str()).collect::<Vec<_>>(), expect);
    }

    #[test]
    fn the_similar_incident_is_found_first_and_an_identical_one_is_entirely_similar() {
        let other = "alarm db-connections resource aws_db_instance db metric DatabaseConnections";
        let recall = recall(&[("db", precedent("", None, other)), ("orders", precedent("", None, DURATION))]);
        check(&recall, None, 5, &["orders", "db"]);
        let found = recall.nearest(&embed_local(DURATION).unwrap(), None, 5, |_| true).unwrap();
        assert!(found[0].similarity > 0.9999 && found[1].similarity < 0.4, "{found:?}");
    }

    #[test]
    fn another_type_of_resource_is_left_out_and_an_unknown_one_is_not() {
        let of = |kind| precedent("", kind, DURATION);
        let recall =
            recall(&[("a", of(Some("aws_lambda_function"))), ("b", of(Some("aws_db_instance"))), ("c", of(None))]);
        check(&recall, Some("aws_lambda_function"), 5, &["a", "c"]);
        check(&recall, None, 5, &["a", "b", "c"]);
    }

    #[test]
    fn the_newest_comes_first_over_all_parts() {
        let mut all = recall(&[
            ("b", precedent("2026-11-02T00:00:00Z", None, DURATION)),
            ("d", precedent("no time", None, DURATION)),
        ]);
        let part = recall(&[
            ("a", precedent("2026-11-01T00:00:00Z", None, DURATION)),
            ("c", precedent("2026-11-03T00:00:00Z", None, DURATION)),
        ]);
        part.indexes().for_each(|index| all.insert(Arc::new(index.clone())));
        check(&all, None, 9, &["c", "b", "a", "d"]);
        check(&all, None, 2, &["c", "b"]);
    }

    #[test]
    fn a_record_counts_once_and_only_when_it_is_wanted() {
        let one = || precedent("", None, DURATION);
        let recall = recall(&[("a", one()), ("a", one()), ("b", one()), ("b", one())]);
        check(&recall, None, 2, &["a", "b"]);
        let found = recall.nearest(&embed_local(DURATION).unwrap(), None, 2, |key| key != "a").unwrap();
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn precedents_of_another_model_are_not_compared() {
        let recall = recall(&[("1", precedent("", None, DURATION))]);
        let other = Vector::new("amazon.titan-embed-text-v2:0", vec![1.0; 256]).unwrap();
        assert!(matches!(recall.nearest(&other, None, 5, |_| true), Err(RecallError::NoneOfKind { .. })));
        assert_eq!(Recall::default().nearest(&other, None, 5, |_| true), Ok(Vec::new()));
    }
}
