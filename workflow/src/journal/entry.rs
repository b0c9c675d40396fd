//! What the journal's frames hold, format version 1.
//!
//! Owns the shapes of everything durable. A frame's payload is a [`Head`] and, for a batch, the records behind it: recovery
//! reads heads only. The meaning of records belongs to `statemachine`.
//!
//! INVARIANT: the shapes here, and `statemachine::record::Record`, are format version 1. Variants may be added at the end
//! of an enum; any other change is a new version with its own shapes beside these.

use serde::{Deserialize, Serialize};
use statemachine::record::{Millis, Record};

use super::codec::{CodecError, decode, decode_front, encode_into};

/// The number of an execution in this data directory, in the order of starts; 0 is none.
pub(crate) type ExecutionId = u64;

/// Where a frame begins, counted over all segments.
pub(crate) type Offset = u64;

/// The SHA-256 of a definition's text.
pub(crate) type DefinitionHash = [u8; 32];

/// What happened, without the records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Head {
    /// A state machine was created or updated: this is it from now on.
    MachineSaved(Box<Machine>),
    /// A state machine was deleted; executions that still run are being aborted.
    MachineDeleted {
        /// Its name.
        name: String,
        /// When.
        at: Millis,
    },
    /// An execution went on.
    Batch(BatchHead),
}

/// A state machine; configurations are JSON texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) name: String,
    pub(crate) definition: String,
    pub(crate) hash: DefinitionHash,
    pub(crate) role_arn: String,
    pub(crate) express: bool,
    pub(crate) created: Millis,
    /// When it was last created or updated.
    pub(crate) saved: Millis,
    pub(crate) revision_id: Option<String>,
    pub(crate) logging: Option<String>,
    pub(crate) tracing: Option<String>,
    pub(crate) encryption: Option<String>,
    pub(crate) tags: Vec<(String, String)>,
}

/// What is found fast about a batch of records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct BatchHead {
    pub(crate) execution: ExecutionId,
    /// The machine's name.
    pub(crate) machine: String,
    /// The execution's former batch; `None` in its first.
    pub(crate) previous: Option<Offset>,
    pub(crate) at: Millis,
    pub(crate) standing: Standing,
    /// Who the execution is; in its first batch only.
    pub(crate) born: Option<Box<Born>>,
}

/// How an execution stands after a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Standing {
    Running {
        /// The earliest timer.
        due: Option<Millis>,
        /// Whether tasks are in flight, which a restart dispatches again.
        busy: bool,
    },
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
}

/// Who an execution is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Born {
    pub(crate) name: String,
    /// The definition that it is pinned to.
    pub(crate) definition: DefinitionHash,
    /// Where the entry that holds this definition begins.
    pub(crate) saved_at: Offset,
    pub(crate) trace_header: Option<String>,
}

/// One entry, whole.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) head: Head,
    /// Empty unless the head is a batch.
    pub(crate) records: Vec<Record>,
}

impl Entry {
    pub(crate) fn decode(payload: &[u8]) -> Result<Self, CodecError> {
        let (head, taken) = decode_front(payload)?;
        let rest = &payload[taken..];
        let records = if rest.is_empty() { Vec::new() } else { decode(rest)? };
        Ok(Self { head, records })
    }
}

impl Head {
    pub(crate) fn decode(payload: &[u8]) -> Result<Self, CodecError> {
        Ok(decode_front(payload)?.0)
    }
}

/// The payload of a frame.
pub(crate) fn encode(head: &Head, records: &[Record]) -> Result<Vec<u8>, CodecError> {
    let mut payload = Vec::with_capacity(256);
    encode_into(head, &mut payload)?;
    if matches!(head, Head::Batch(_)) {
        encode_into(records, &mut payload)?;
    }
    Ok(payload)
}
