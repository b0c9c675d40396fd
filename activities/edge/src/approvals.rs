//! The rounds of asking and what was decided in them, in `DATA/approvals`.
//!
//! ```text
//! approvals/<execution>/0001.round.json      what was asked, and the sealed link of the round
//! approvals/<execution>/0001.decision.json   what was decided; made once, by whoever comes first
//! approvals/<execution>/closing.json         how the incident ended
//! ```
//!
//! Owns these files and the rule that a round is decided once. Task tokens are on disk only inside of sealed links.

use std::path::PathBuf;

use activities::shape::Decision;

use crate::error::FileError;
use crate::files;
use crate::round::{Closing, DecisionRecord, Delivery, RoundRecord};

/// The rounds of all executions.
#[derive(Debug)]
pub(crate) struct Approvals {
    root: PathBuf,
}

impl Approvals {
    /// The rounds in `root`.
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The rounds of an execution, in order.
    pub(crate) fn rounds(&self, execution: &str) -> Result<Vec<RoundRecord>, FileError> {
        self.rounds_in(&self.directory(execution))
    }

    /// The round of an execution that was opened last.
    pub(crate) fn latest(&self, execution: &str) -> Result<Option<RoundRecord>, FileError> {
        Ok(self.rounds(execution)?.pop())
    }

    /// The last round of every execution.
    pub(crate) fn all_latest(&self) -> Result<Vec<RoundRecord>, FileError> {
        let mut all = Vec::new();
        let entries = match std::fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(all),
            Err(source) => return Err(FileError::Io { action: "list", path: self.root.clone(), source }),
        };
        for entry in entries {
            let entry = entry.map_err(|source| FileError::Io { action: "list", path: self.root.clone(), source })?;
            if entry.path().is_dir() {
                all.extend(self.rounds_in(&entry.path())?.pop());
            }
        }
        all.sort_by(|left: &RoundRecord, right| (left.opened_at, &left.digest).cmp(&(right.opened_at, &right.digest)));
        Ok(all)
    }

    /// Writes a round.
    pub(crate) fn put_round(&self, record: &RoundRecord) -> Result<(), FileError> {
        files::replace_json(&self.file(&record.incident.execution, record.sequence, "round"), record)
    }

    /// What was decided in a round.
    pub(crate) fn decision(&self, record: &RoundRecord) -> Result<Option<DecisionRecord>, FileError> {
        files::read_json(&self.file(&record.incident.execution, record.sequence, "decision"))
    }

    /// Records a decision unless the round has one; says whether it was recorded. Of several callers one wins.
    pub(crate) fn decide_once(&self, record: &RoundRecord, decision: &DecisionRecord) -> Result<bool, FileError> {
        files::create_json(&self.file(&record.incident.execution, record.sequence, "decision"), decision)
    }

    /// Notes whether a decision reached the machine.
    pub(crate) fn note_delivery(
        &self,
        record: &RoundRecord,
        decision: &Decision,
        delivery: Delivery,
    ) -> Result<(), FileError> {
        let noted = DecisionRecord { decision: decision.clone(), delivery };
        files::replace_json(&self.file(&record.incident.execution, record.sequence, "decision"), &noted)
    }

    /// How an execution's incident ended, once it has.
    pub(crate) fn closing(&self, execution: &str) -> Result<Option<Closing>, FileError> {
        files::read_json(&self.directory(execution).join(CLOSING))
    }

    /// Notes how an execution's incident ended; nothing where nobody was asked.
    pub(crate) fn close(&self, execution: &str, closing: &Closing) -> Result<(), FileError> {
        if self.latest(execution)?.is_none() {
            return Ok(());
        }
        files::create_json(&self.directory(execution).join(CLOSING), closing).map(|_| ())
    }

    fn rounds_in(&self, directory: &std::path::Path) -> Result<Vec<RoundRecord>, FileError> {
        let mut rounds = Vec::new();
        for path in files::list(directory, "json")? {
            if path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".round.json")) {
                rounds.extend(files::read_json(&path)?);
            }
        }
        Ok(rounds)
    }

    fn file(&self, execution: &str, sequence: u32, kind: &str) -> PathBuf {
        self.directory(execution).join(format!("{sequence:04}.{kind}.json"))
    }

    fn directory(&self, execution: &str) -> PathBuf {
        self.root.join(files::name_for(execution))
    }
}

const CLOSING: &str = "closing.json";
