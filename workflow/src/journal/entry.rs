//! What the journal's frames hold, format version 1.
//!
//! Owns the shapes of everything durable. A frame's payload is a [`Head`] and, for a batch, the records behind it: recovery
//! reads heads only. The meaning of records belongs to `statemachine`.
//!
//! INVARIANT: the shapes here, and `statemachine::record::Record`, are format version 1. Variants may be added at the end
//! of an enum; any other change is a new version with its own shapes beside these.

use serde::{Deserialize, Serialize};
use statemachine::{
    MapRunId, Part,
    record::{Millis, Record},
};

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
    /// An execution started, with a version of its machine.
    Begun {
        /// Its first batch.
        batch: BatchHead,
        /// What it was started with.
        origin: Origin,
    },
    /// An execution that had ended goes on.
    Redriven {
        /// The batch that says so.
        batch: BatchHead,
        /// How often it was redriven, this time included.
        count: u32,
    },
    /// The tags of something changed: these are all of them from now on.
    Tagged {
        /// Whose.
        resource: Tagged,
        /// Keys and values.
        tags: Vec<(String, String)>,
    },
    /// An activity was created.
    ActivitySaved(Box<Activity>),
    /// An activity was deleted.
    ActivityDeleted {
        /// Its name.
        name: String,
        /// When.
        at: Millis,
    },
    /// A state machine was created or updated, and published as it is now.
    MachinePublished {
        /// This is it from now on.
        machine: Box<Machine>,
        /// The version that it is.
        publication: Publication,
    },
    /// A state machine was published as it was.
    VersionPublished {
        /// Its name.
        machine: String,
        /// Where the entry that holds it begins.
        saved_at: Offset,
        /// The version that it is.
        publication: Publication,
    },
    /// A version was deleted.
    VersionDeleted {
        /// The machine's name.
        machine: String,
        /// The version's number.
        number: u64,
        /// When.
        at: Millis,
    },
    /// An alias was created or updated: this is it from now on.
    AliasSaved(Box<Alias>),
    /// An alias was deleted.
    AliasDeleted {
        /// The machine's name.
        machine: String,
        /// The alias's name.
        name: String,
        /// When.
        at: Millis,
    },
    /// An Express execution was accepted; it runs in memory until it ends, from the beginning after a crash.
    ExpressStarted(Box<Express>),
    /// An Express execution ended.
    ExpressEnded {
        /// Its number.
        execution: ExecutionId,
        /// When.
        at: Millis,
    },
    /// A child of a map run started.
    ChildBegun {
        /// Its first batch.
        batch: BatchHead,
        /// Whose child it is.
        kin: Box<Kin>,
    },
    /// A map run is about to start; whether it did, the batch that follows says.
    MapRunStarting {
        /// Its ARN.
        arn: String,
        /// The execution that it belongs to.
        execution: ExecutionId,
        /// That execution's machine.
        machine: String,
    },
}

/// What an execution was started with, if not with the machine itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Origin {
    /// The version of this number.
    Version(u64),
    /// An alias; the version was drawn.
    Alias {
        /// The alias's name.
        name: String,
        /// The version's number.
        version: u64,
    },
}

/// What has tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Tagged {
    /// The state machine of this name.
    Machine(String),
    /// The activity of this name.
    Activity(String),
}

/// An activity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Activity {
    pub(crate) name: String,
    pub(crate) created: Millis,
    pub(crate) tags: Vec<(String, String)>,
    /// A JSON text.
    pub(crate) encryption: Option<String>,
}

/// A version of a state machine, without the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Publication {
    pub(crate) number: u64,
    pub(crate) description: Option<String>,
    pub(crate) at: Millis,
}

/// An alias of one or two versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alias {
    /// The machine's name.
    pub(crate) machine: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) routes: Vec<Route>,
    pub(crate) created: Millis,
    pub(crate) updated: Millis,
}

/// One version that an alias leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Route {
    /// The version's number.
    pub(crate) version: u64,
    /// How many of a hundred starts it gets.
    pub(crate) weight: u32,
}

/// The start of an Express execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Express {
    pub(crate) execution: ExecutionId,
    /// The machine's name.
    pub(crate) machine: String,
    pub(crate) born: Born,
    pub(crate) origin: Option<Origin>,
    /// What tells it from others of its name.
    pub(crate) id: String,
    pub(crate) input: String,
    pub(crate) at: Millis,
}

/// Whose child an execution is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kin {
    /// The execution that the map run belongs to.
    pub(crate) parent: ExecutionId,
    pub(crate) run: MapRunId,
    /// Its place among its siblings.
    pub(crate) index: u64,
    /// How many items it has.
    pub(crate) items: u64,
    pub(crate) map_run_arn: String,
    /// What it runs of its parent's definition.
    pub(crate) part: Part,
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
    /// As `Running`, and tasks wait for an activity's worker, which a restart offers again.
    Offering {
        /// The earliest timer.
        due: Option<Millis>,
        /// Whether tasks are in flight, which a restart dispatches again.
        busy: bool,
    },
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

    /// The batch of an execution, if it is one.
    pub(crate) fn batch(&self) -> Option<&BatchHead> {
        match self {
            Self::Batch(batch)
            | Self::Begun { batch, .. }
            | Self::Redriven { batch, .. }
            | Self::ChildBegun { batch, .. } => Some(batch),
            _ => None,
        }
    }
}

impl Origin {
    /// The version's number.
    pub(crate) fn version(&self) -> u64 {
        match self {
            Self::Version(version) | Self::Alias { version, .. } => *version,
        }
    }

    /// The alias's name, if it was one.
    pub(crate) fn alias(&self) -> Option<&str> {
        match self {
            Self::Version(_) => None,
            Self::Alias { name, .. } => Some(name),
        }
    }
}

/// The payload of a frame.
pub(crate) fn encode(head: &Head, records: &[Record]) -> Result<Vec<u8>, CodecError> {
    let mut payload = Vec::with_capacity(256);
    encode_into(head, &mut payload)?;
    if head.batch().is_some() {
        encode_into(records, &mut payload)?;
    }
    Ok(payload)
}
