//! What the index keeps, as keys and rows.
//!
//! Owns the layout of the one tree. The first byte of a key says what it leads to:
//!
//! ```text
//!   !2                    the mark: up to where the journal is applied; 2 is the layout's number
//!   a NAME                an activity
//!   c MAPRUN 0 NUMBER     a child of a map run
//!   e MACHINE 0 NUMBER    an execution
//!   k NUMBER              a child that runs, and whose it is
//!   m NAME                a state machine
//!   n MACHINE 0 NAME      the number of the execution that has this name
//!   p MAPRUN              the number of the execution that a map run belongs to
//!   r NUMBER              an execution that runs
//!   x                     the Express executions that run
//! ```
//!
//! A tree whose mark is under another key has another layout, and is rebuilt.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use statemachine::record::Millis;

use crate::{
    engine::ExecutionStatus,
    journal::entry::{ExecutionId, Offset, Origin, Standing},
};

/// Up to where the journal is applied, and how to see that it is still the same journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// The end of the last applied entry.
    pub(crate) applied: Offset,
    /// Where that entry begins.
    pub(crate) last: Offset,
    /// Its checksum.
    pub(crate) checksum: u32,
    /// The number of the next execution.
    pub(crate) next_execution: ExecutionId,
}

/// An execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExecutionRow {
    pub(crate) name: String,
    pub(crate) status: ExecutionStatus,
    pub(crate) started: Millis,
    pub(crate) stopped: Option<Millis>,
    /// Its last batch.
    pub(crate) head: Offset,
    /// What it was started with, if not with the machine itself.
    pub(crate) origin: Option<Origin>,
    /// How often it was redriven.
    pub(crate) redrives: u32,
    /// When it was last redriven.
    pub(crate) redriven: Option<Millis>,
}

/// An execution that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunningRow {
    pub(crate) head: Offset,
    pub(crate) due: Option<Millis>,
    /// Whether tasks are in flight.
    pub(crate) busy: bool,
    /// Whether tasks wait for an activity's worker.
    pub(crate) offers: bool,
}

/// A state machine; offsets are those of the entries that hold what is meant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct MachineRow {
    pub(crate) saved_at: Offset,
    pub(crate) deleted: Option<Millis>,
    /// Where its tags are, unless they are still those that it was saved with.
    pub(crate) tagged_at: Option<Offset>,
    /// The number of the version that was published last.
    pub(crate) last_version: u64,
    pub(crate) versions: BTreeMap<u64, Offset>,
    pub(crate) aliases: BTreeMap<String, Offset>,
}

/// An activity.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct ActivityRow {
    pub(crate) saved_at: Offset,
    /// As of a state machine.
    pub(crate) tagged_at: Option<Offset>,
}

impl Standing {
    /// How it is shown among what runs; `None` when it has ended.
    pub(crate) fn running(self, head: Offset) -> Option<RunningRow> {
        match self {
            Self::Running { due, busy } => Some(RunningRow { head, due, busy, offers: false }),
            Self::Offering { due, busy } => Some(RunningRow { head, due, busy, offers: true }),
            Self::Succeeded | Self::Failed | Self::TimedOut | Self::Aborted => None,
        }
    }

    /// The status that the API shows.
    pub(crate) fn status(self) -> ExecutionStatus {
        match self {
            Self::Running { .. } | Self::Offering { .. } => ExecutionStatus::Running,
            Self::Succeeded => ExecutionStatus::Succeeded,
            Self::Failed => ExecutionStatus::Failed,
            Self::TimedOut => ExecutionStatus::TimedOut,
            Self::Aborted => ExecutionStatus::Aborted,
        }
    }
}

pub(crate) const MARK: &[u8] = b"!2";
pub(crate) const EXPRESS: &[u8] = b"x";

pub(crate) fn execution_prefix(machine: &str) -> Vec<u8> {
    [b"e", machine.as_bytes(), b"\0"].concat()
}

pub(crate) fn execution_key(machine: &str, number: ExecutionId) -> Vec<u8> {
    [b"e", machine.as_bytes(), b"\0", &number.to_be_bytes()].concat()
}

pub(crate) fn activity_key(name: &str) -> Vec<u8> {
    [b"a", name.as_bytes()].concat()
}

pub(crate) fn machine_key(name: &str) -> Vec<u8> {
    [b"m", name.as_bytes()].concat()
}

pub(crate) fn name_key(machine: &str, name: &str) -> Vec<u8> {
    [b"n", machine.as_bytes(), b"\0", name.as_bytes()].concat()
}

pub(crate) fn running_key(number: ExecutionId) -> [u8; 9] {
    let mut key = [b'r'; 9];
    key[1..].copy_from_slice(&number.to_be_bytes());
    key
}

/// The number at the end of a key.
pub(crate) fn number_of(key: &[u8]) -> ExecutionId {
    key.last_chunk::<8>().map_or(0, |bytes| ExecutionId::from_be_bytes(*bytes))
}
