//! Precedents in a directory: one record for each incident, and the vectors by which records are found.
//!
//! ```text
//! twin/precedents/<key>.json           one record for each incident: the truth
//! twin/precedents/vectors/<kind>.vec   the vectors of one model and dimension, made from the records
//! ```
//!
//! Owns both. The vectors may be deleted or damaged at any time: what is missing in them is read from its record, and the
//! next record that is written completes them. A record that cannot be read is passed over with a note: one broken
//! precedent must not hide the others. A record that is gone is not found, whatever the vectors say. One process writes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use activities::shape::PrecedentNote;
use activities::twin::{IndexHeader, IndexReader, Precedent, Recall, Vector, VectorIndex, VectorKind};

use crate::error::{EdgeError, FileError};
use crate::files::{self, Privacy};

/// The records and vectors of one directory.
#[derive(Debug)]
pub(crate) struct Precedents {
    root: PathBuf,
    memory: Mutex<Memory>,
}

/// What was found, most similar first.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The records with their similarity.
    pub(crate) records: Vec<(Precedent, f64)>,
    /// How many records there are.
    pub(crate) total: usize,
    /// One sentence on each record that could not be read.
    pub(crate) skipped: Vec<String>,
}

/// The vectors of the records, as far as they were read.
#[derive(Debug, Default)]
struct Memory {
    recall: Recall,
    keys: BTreeSet<String>,
    /// How many rows of each kind stand in its file; of a kind without a sound file, none.
    written: BTreeMap<VectorKind, usize>,
    opened: bool,
}

/// The records that there are, and those of them that could not be read.
struct Listing {
    keys: BTreeSet<String>,
    skipped: Vec<String>,
}

impl Precedents {
    /// The precedents in `root`.
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root, memory: Mutex::default() }
    }

    /// Writes a record; one that exists under its id is left as it is. Answers how many there are.
    pub(crate) fn put(&self, precedent: &Precedent) -> Result<usize, EdgeError> {
        let key = files::name_for(&precedent.note.id);
        files::create_json(&self.record(&key), precedent)?;
        let mut memory = self.memory();
        let listing = self.refresh(&mut memory)?;
        if let Err(error) = self.write_vectors(&mut memory) {
            // The record is the truth; the vectors are completed with the next one.
            tracing::warn!(%error, "the vectors of the precedents were not written");
        }
        Ok(listing.keys.len())
    }

    /// Finds the records that are most like a vector, of the same type of resource where it is known.
    pub(crate) fn nearest(&self, query: &Vector, resource_type: Option<&str>, most: usize) -> Result<Found, EdgeError> {
        let mut memory = self.memory();
        let Listing { keys, mut skipped } = self.refresh(&mut memory)?;
        // One more for each that turns out to be unreadable.
        let recalled = memory
            .recall
            .nearest(query, resource_type, most.saturating_mul(2), |key| keys.contains(key))
            .map_err(|error| EdgeError::new("NotComparable", error.to_string()))?;
        drop(memory);
        let mut records = Vec::new();
        for found in recalled {
            if records.len() == most {
                break;
            }
            match files::read_json::<Precedent>(&self.record(&found.key)) {
                Ok(Some(precedent)) => records.push((precedent, found.similarity)),
                Ok(None) => {}
                Err(error) => skipped.push(passed_over(&found.key, &error)),
            }
        }
        Ok(Found { records, total: keys.len(), skipped })
    }

    /// What came of all incidents, without the vectors; a record that cannot be read is passed over.
    pub(crate) fn notes(&self) -> Result<Vec<PrecedentNote>, EdgeError> {
        let mut notes = Vec::new();
        for path in files::list(&self.root, "json")? {
            match files::read_json::<Precedent>(&path) {
                Ok(found) => notes.extend(found.map(|precedent| precedent.note)),
                Err(error) => tracing::warn!(%error, "a precedent is passed over"),
            }
        }
        Ok(notes)
    }

    /// Takes in the vectors of the records that are not known yet.
    fn refresh(&self, memory: &mut Memory) -> Result<Listing, EdgeError> {
        if !memory.opened {
            self.open(memory)?;
        }
        let mut listing = Listing { keys: BTreeSet::new(), skipped: Vec::new() };
        for path in files::list(&self.root, "json")? {
            let Some(key) = path.file_stem().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
            if !memory.keys.contains(&key) {
                match files::read_json::<Precedent>(&path) {
                    Ok(Some(precedent)) => match memory.recall.add(&key, &precedent) {
                        Ok(()) => _ = memory.keys.insert(key.clone()),
                        Err(error) => listing.skipped.push(passed_over(&key, &error)),
                    },
                    Ok(None) => continue,
                    Err(error) => listing.skipped.push(passed_over(&key, &error)),
                }
            }
            listing.keys.insert(key);
        }
        Ok(listing)
    }

    /// Reads the files of vectors; one that is not sound is made anew.
    fn open(&self, memory: &mut Memory) -> Result<(), EdgeError> {
        for path in files::list(&self.vectors(), "vec")? {
            match read_index(&path) {
                // A copy under another name would count its rows twice.
                Ok(index) if path != self.vectors_of(index.kind()) => {
                    tracing::warn!(path = %path.display(), "a file of vectors under another name is not read");
                }
                Ok(index) => {
                    memory.keys.extend(index.labels().iter().map(|label| label.key.clone()));
                    memory.written.insert(index.kind().clone(), index.len());
                    memory.recall.insert(Arc::new(index));
                }
                Err(problem) => {
                    tracing::warn!(path = %path.display(), %problem, "vectors are made anew from the records");
                }
            }
        }
        memory.opened = true;
        Ok(())
    }

    /// Adds to the files what is only in memory: first the rows, then the header that counts them.
    fn write_vectors(&self, memory: &mut Memory) -> Result<(), FileError> {
        let Memory { recall, written, .. } = memory;
        for index in recall.indexes() {
            let known = written.get(index.kind()).copied().unwrap_or(0);
            if known == index.len() {
                continue;
            }
            let path = self.vectors_of(index.kind());
            if known == 0 {
                files::replace(&path, &index.encode(), Privacy::Shared)?;
            } else {
                let header = index.header();
                files::write_at(&path, header.offset(known as u64), &index.encode_rows(known..index.len()))?;
                files::write_at(&path, 0, &header.encode())?;
            }
            written.insert(index.kind().clone(), index.len());
        }
        Ok(())
    }

    fn record(&self, key: &str) -> PathBuf {
        self.root.join(format!("{key}.json"))
    }

    fn vectors(&self) -> PathBuf {
        self.root.join("vectors")
    }

    fn vectors_of(&self, kind: &VectorKind) -> PathBuf {
        self.vectors().join(format!("{}.vec", files::name_for(&kind.to_string())))
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // What was taken in before a panic is whole; what was not is read again.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn passed_over(key: &str, problem: &impl std::fmt::Display) -> String {
    tracing::warn!(key, %problem, "a precedent is passed over");
    format!("precedent `{key}` was passed over: {problem}")
}

/// Reads a file of vectors piece by piece, so that it is in memory once.
fn read_index(path: &Path) -> Result<VectorIndex, String> {
    let said = |error: std::io::Error| error.to_string();
    let mut file = File::open(path).map_err(said)?;
    let length = file.metadata().map_err(said)?.len();
    let mut header = [0; IndexHeader::BYTES];
    file.read_exact(&mut header).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => "it is no index of vectors".to_owned(),
        _ => error.to_string(),
    })?;
    let header = IndexHeader::decode(&header).map_err(|error| error.to_string())?;
    let row = header.row_bytes();
    let mut reader = IndexReader::new(header, length - IndexHeader::BYTES as u64).map_err(|error| error.to_string())?;
    let mut piece = vec![0; row * (PIECE / row).max(1)];
    while reader.missing() > 0 {
        let rows = usize::try_from(reader.missing()).unwrap_or(usize::MAX).min(piece.len() / row);
        let piece = &mut piece[..rows * row];
        file.read_exact(piece).map_err(said)?;
        reader.take(piece).map_err(|error| error.to_string())?;
    }
    reader.finish().map_err(|error| error.to_string())
}

/// Bytes that are read at once; they stay in the processor's cache until they are taken in.
const PIECE: usize = 512 * 1_024;

#[cfg(test)]
mod tests {
    use std::fs;

    use activities::twin::embed_local;
    use serde_json::json;

    use super::*;

    fn precedent(id: &str, text: &str) -> Precedent {
        let note = json!({"id": id, "at": "2026-11-01T00:00:00Z", "alarm": "a", "text": text, "outcome": "recovered", "reason": "r",
            "execution": "e"});
        Precedent { note: serde_json::from_value(note).unwrap(), vector: embed_local(text).unwrap() }
    }

    fn store(texts: &[(&str, &str)]) -> (tempfile::TempDir, Precedents) {
        let directory = tempfile::tempdir().unwrap();
        let precedents = Precedents::new(directory.path().join("precedents"));
        for (at, (id, text)) in texts.iter().enumerate() {
            assert_eq!(precedents.put(&precedent(id, text)).unwrap(), at + 1);
        }
        (directory, precedents)
    }

    /// Checks the ids that are found, by the store and by one that is opened anew over the same directory.
    #[track_caller]
    fn check(store: &Precedents, expect: &[&str], skipped: usize) {
        for store in [store, &Precedents::new(store.root.clone())] {
            let found = store.nearest(&embed_local("orders duration").unwrap(), None, 2).unwrap();
            let ids: Vec<&str> = found.records.iter().map(|(found, _)| found.note.id.as_str()).collect();
            assert_eq!((ids.as_slice(), found.skipped.len()), (expect, skipped), "{:?}", found.skipped);
        }
    }

    fn file(store: &Precedents, extension: &str) -> PathBuf {
        let directory = if extension == "vec" { store.vectors() } else { store.root.clone() };
        files::list(&directory, extension).unwrap().remove(0)
    }

    const TWO: [(&str, &str); 2] = [("a", "orders duration"), ("b", "orders duration near timeout")];

    #[test]
    fn what_was_written_is_found_and_an_identical_text_is_entirely_similar() {
        let (_directory, store) = store(&TWO);
        check(&store, &["a", "b"], 0);
        let found = store.nearest(&embed_local("orders duration").unwrap(), None, 1).unwrap();
        assert!(found.records[0].1 > 0.9999 && found.total == 2);
    }

    #[test]
    fn one_incident_is_remembered_once() {
        let (_directory, store) = store(&TWO);
        assert_eq!(store.put(&precedent("a", "another text")).unwrap(), 2);
        check(&store, &["a", "b"], 0);
    }

    #[test]
    fn vectors_that_are_lost_cut_or_damaged_are_made_anew_from_the_records() {
        let damages: [fn(&Path); 4] = [
            |path| fs::remove_file(path).unwrap(),
            |path| fs::write(path, b"SAOVEC").unwrap(),
            |path| fs::write(path, &fs::read(path).unwrap()[..600]).unwrap(),
            |path| {
                let mut bytes = fs::read(path).unwrap();
                bytes[300] ^= 1;
                fs::write(path, bytes).unwrap();
            },
        ];
        for damage in damages {
            let (_directory, store) = store(&TWO);
            damage(&file(&store, "vec"));
            let store = Precedents::new(store.root.clone());
            check(&store, &["a", "b"], 0);
            store.put(&precedent("c", "database connections")).unwrap();
            assert_eq!(read_index(&file(&store, "vec")).unwrap().len(), 3);
        }
    }

    #[test]
    fn a_row_that_no_header_counts_is_written_over() {
        let (_directory, store) = store(&TWO[..1]);
        let path = file(&store, "vec");
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend([7; 1_000]);
        fs::write(&path, bytes).unwrap();
        store.put(&precedent("b", TWO[1].1)).unwrap();
        assert_eq!(read_index(&path).unwrap().len(), 2);
        check(&store, &["a", "b"], 0);
    }

    #[test]
    fn a_broken_record_is_noted_and_hides_no_other() {
        let (_directory, store) = store(&TWO);
        fs::write(store.record("odd"), "{").unwrap();
        fs::write(
            store.record("poisoned"),
            serde_json::to_string(&precedent("p", "p")).unwrap().replace("0.0,", "1e99,"),
        )
        .unwrap();
        check(&store, &["a", "b"], 2);
    }

    #[test]
    fn a_record_that_broke_after_it_was_taken_in_is_noted_too() {
        let (_directory, store) = store(&[TWO[0], TWO[1], ("c", "database connections")]);
        fs::write(store.record(&files::name_for("a")), "{}").unwrap();
        check(&store, &["b", "c"], 1);
    }

    #[test]
    fn a_record_that_is_gone_is_not_found() {
        let (_directory, store) = store(&TWO);
        fs::remove_file(store.record(&files::name_for("a"))).unwrap();
        check(&store, &["b"], 0);
    }

    #[test]
    fn models_have_their_own_files_and_are_not_mixed() {
        let (_directory, store) = store(&TWO);
        let vector = Vector::new("amazon.titan-embed-text-v1", vec![0.5; 1_536]).unwrap();
        store.put(&Precedent { note: precedent("t", "t").note, vector: vector.clone() }).unwrap();
        check(&store, &["a", "b"], 0);
        assert_eq!(files::list(&store.vectors(), "vec").unwrap().len(), 2);
        assert_eq!(store.nearest(&vector, None, 5).unwrap().records.len(), 1);
        let other = Vector::new("other", vec![0.5; 1_536]).unwrap();
        assert_eq!(store.nearest(&other, None, 5).unwrap_err().error, "NotComparable");
    }
}
