//! Precedents in a bucket: one record for each incident, and the vectors by which records are found.
//!
//! ```text
//! precedents/<key>.json                 one record for each incident: the truth
//! precedents/vectors/<kind>/<n>.vec     the vectors of one model and dimension, at most a thousand in each, made from the records
//! ```
//!
//! Owns both, and the memory of the vectors that did not change since the function's last call: an incident reads the vectors that
//! are new and the few records that it finds. A part of the vectors is added to by a conditional write, so that two incidents at
//! once lose nothing. While there are no vectors at all, the newest records are read instead.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use activities::twin::{Precedent, Recall, RecallError, Recalled, Vector, VectorError, VectorIndex, VectorKind};

use super::Aws;
use super::store::{Listed, Store, When};
use crate::error::EdgeError;
use crate::files::name_for;

/// The parts of the vectors by key, each with its entity tag.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<BTreeMap<String, (String, Arc<VectorIndex>)>>);

/// All that is known of precedents, ready to be searched.
#[derive(Debug, Default)]
pub(super) struct Known {
    recall: Recall,
    /// The records that were read in place of vectors.
    records: BTreeMap<String, Precedent>,
    /// One sentence on each object that could not be read.
    pub(super) skipped: Vec<String>,
}

/// Writes a record; one that exists under its id is left as it is. Answers how many its model has embedded.
///
/// `embed` is asked only when there is no record yet. A record whose vector was not added, because the function ended between the
/// two, is completed when it is called again.
pub(super) async fn put(
    aws: &Aws,
    note: activities::shape::PrecedentNote,
    embed: impl AsyncFnOnce(&str) -> Result<Vector, EdgeError>,
) -> Result<(Precedent, u64), EdgeError> {
    let store = aws.twin()?;
    let key = name_for(&note.id);
    let object = format!("{PRECEDENTS}{key}.json");
    let precedent = match store.get_json::<Precedent>(&object).await? {
        Some(known) => known.value,
        None => {
            let vector = embed(&note.text).await?;
            let precedent = Precedent { note, vector };
            store.put_json(&object, &precedent, When::Absent).await?;
            precedent
        }
    };
    let total = add_vector(&store, &key, &precedent).await?;
    Ok((precedent, total))
}

/// What there is to be searched.
pub(super) async fn known(aws: &Aws) -> Result<Known, EdgeError> {
    let store = aws.twin()?;
    let listed = store.list(VECTORS, None, MOST_PARTS).await?;
    if listed.is_empty() {
        return from_records(&store).await;
    }
    let memory = &aws.cache().vectors;
    let unknown: Vec<String> = {
        let held = memory.guard();
        let is_held = |object: &&Listed| held.get(&object.key).is_some_and(|(tag, _)| *tag == object.tag);
        listed.iter().filter(|object| !is_held(object)).map(|object| object.key.clone()).collect()
    };
    let read = store.get_all(unknown).await?;
    let tags: BTreeMap<&str, &str> = listed.iter().map(|object| (object.key.as_str(), object.tag.as_str())).collect();
    let mut known = Known::default();
    let mut held = memory.guard();
    for (key, bytes) in read {
        match VectorIndex::decode(&bytes) {
            Ok(index) => {
                let tag = tags.get(key.as_str()).copied().unwrap_or_default().to_owned();
                held.insert(key, (tag, Arc::new(index)));
            }
            Err(problem) => known.passed_over(&key, &problem),
        }
    }
    held.retain(|key, _| tags.contains_key(key.as_str()));
    held.values().for_each(|(_, index)| known.recall.insert(Arc::clone(index)));
    Ok(known)
}

impl Known {
    /// How many vectors there are.
    pub(super) fn total(&self) -> u64 {
        u64::try_from(self.recall.len()).unwrap_or(u64::MAX)
    }

    /// The keys of the records that are most like a vector; more than asked, because a record may be gone.
    pub(super) fn nearest(
        &self,
        query: &Vector,
        resource_type: Option<&str>,
        most: usize,
    ) -> Result<Vec<Recalled>, RecallError> {
        self.recall.nearest(query, resource_type, most.saturating_mul(2), |_| true)
    }

    /// The records of what was found, at most `most`.
    pub(super) async fn records(
        &mut self,
        aws: &Aws,
        found: Vec<Recalled>,
        most: usize,
    ) -> Result<Vec<(Precedent, f64)>, EdgeError> {
        let store = aws.twin()?;
        let object = |key: &str| format!("{PRECEDENTS}{key}.json");
        let keys = found.iter().filter(|one| !self.records.contains_key(&one.key)).map(|one| object(&one.key));
        let read: BTreeMap<String, Vec<u8>> = store.get_all(keys.collect()).await?.into_iter().collect();
        let mut records = Vec::new();
        for one in found {
            if records.len() == most {
                break;
            }
            let record = match (self.records.remove(&one.key), read.get(&object(&one.key))) {
                (Some(record), _) => Some(record),
                (None, Some(bytes)) => self.parsed(&one.key, bytes),
                (None, None) => None,
            };
            records.extend(record.map(|record| (record, one.similarity)));
        }
        Ok(records)
    }

    /// The vectors of the records that were embedded by one model.
    fn of_kind(&self, kind: &VectorKind) -> VectorIndex {
        let index = self.recall.indexes().find(|index| index.kind() == kind).cloned();
        index.unwrap_or_else(|| VectorIndex::new(kind.clone()))
    }

    fn parsed(&mut self, key: &str, bytes: &[u8]) -> Option<Precedent> {
        serde_json::from_slice(bytes).inspect_err(|problem| self.passed_over(key, problem)).ok()
    }

    fn passed_over(&mut self, key: &str, problem: &impl std::fmt::Display) {
        tracing::warn!(key, %problem, "a precedent is passed over");
        self.skipped.push(format!("precedent `{key}` was passed over: {problem}"));
    }
}

impl Memory {
    fn guard(&self) -> MutexGuard<'_, BTreeMap<String, (String, Arc<VectorIndex>)>> {
        // What is remembered is whole at any moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The newest records, where there are no vectors to search.
async fn from_records(store: &Store) -> Result<Known, EdgeError> {
    let mut listed = store.list(PRECEDENTS, None, usize::MAX).await?;
    listed.retain(|object| object.key.ends_with(".json"));
    listed.sort_by_key(|object| std::cmp::Reverse(object.modified));
    listed.truncate(MOST_RECORDS);
    let mut known = Known::default();
    for (object, bytes) in store.get_all(listed.into_iter().map(|object| object.key).collect()).await? {
        let key = object[PRECEDENTS.len()..].trim_end_matches(".json").to_owned();
        let Some(record) = known.parsed(&key, &bytes) else { continue };
        if let Err(problem) = known.recall.add(&key, &record) {
            known.passed_over(&key, &problem);
        }
        known.records.insert(key, record);
    }
    Ok(known)
}

/// Adds the vector of a record to the last part of its kind, unless it is there; answers how many there are of the kind.
async fn add_vector(store: &Store, key: &str, precedent: &Precedent) -> Result<u64, EdgeError> {
    let kind = precedent.vector.kind();
    let prefix = format!("{VECTORS}{}/", name_for(&kind.to_string()));
    for _ in 0..TRIES {
        let (number, held) = last_part(store, &prefix, &kind).await?;
        let (mut index, tag) = match held {
            Some((index, tag)) => (index, Some(tag)),
            // The first part takes in the records that there are: vectors that were lost must not hide them.
            None if number == 0 => (from_records(store).await?.of_kind(&kind), None),
            None => (VectorIndex::new(kind.clone()), None),
        };
        let before = u64::from(number) * ROWS as u64;
        let there = index.labels().iter().any(|label| label.key == key);
        if there && tag.is_some() {
            return Ok(before + index.len() as u64);
        }
        if !there {
            let refused = |problem: VectorError| EdgeError::new("Sao.BadInput", problem.to_string());
            index.push(precedent.label(key), &precedent.vector).map_err(refused)?;
        }
        let when = tag.as_deref().map_or(When::Absent, When::Unchanged);
        if store.put(&format!("{prefix}{number:06}.vec"), index.encode(), when).await?.is_some() {
            return Ok(before + index.len() as u64);
        }
    }
    Err(EdgeError::transient("the vectors of the precedents are being written by others"))
}

/// The number of the part that takes the next vector, and what it holds.
async fn last_part(
    store: &Store,
    prefix: &str,
    kind: &VectorKind,
) -> Result<(u32, Option<(VectorIndex, String)>), EdgeError> {
    let listed = store.list(prefix, None, MOST_PARTS).await?;
    let Some(last) = listed.last() else { return Ok((0, None)) };
    let number = last.key[prefix.len()..].trim_end_matches(".vec").parse().unwrap_or(0_u32);
    let Some(held) = store.get(&last.key).await? else { return Ok((number, None)) };
    match VectorIndex::decode(&held.value) {
        Ok(index) if index.kind() == kind && index.len() < ROWS => Ok((number, Some((index, held.tag)))),
        Ok(_) => Ok((number + 1, None)),
        Err(problem) => {
            tracing::warn!(key = last.key, %problem, "a part of the vectors is not added to");
            Ok((number + 1, None))
        }
    }
}

const PRECEDENTS: &str = "precedents/";
const VECTORS: &str = "precedents/vectors/";
/// The most rows of a part: of 1,536 dimensions, six megabytes that are written for each incident at most.
const ROWS: usize = 1_000;
const MOST_PARTS: usize = 10_000;
/// How many records are searched where there are no vectors; the newest say most about the present infrastructure.
const MOST_RECORDS: usize = ROWS - 1;
const TRIES: u32 = 8;
