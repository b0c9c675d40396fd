//! One line of control inside an execution, and how far it is.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;

use crate::{
    definition::StateId,
    execution::Fallen,
    record::{EventId, Failure, Millis, PathId, PayloadId},
};

/// A line of control: the execution's own, a branch's or an iteration's.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    /// The path of the Parallel or Map state that it belongs to.
    pub(crate) parent: Option<PathId>,
    /// Its place among its siblings.
    pub(crate) index: u64,
    /// What a Map iteration works on.
    pub(crate) item: Option<Item>,
    /// The variables assigned here; outer ones are read through `parent`.
    pub(crate) variables: BTreeMap<String, Arc<Value>>,
    /// The event that the next one follows.
    pub(crate) last: EventId,
    /// The state that it is in.
    pub(crate) visit: Option<Visit>,
    /// How far it is.
    pub(crate) phase: Phase,
    /// What its Parallel or Map state took down when it failed, while it is failing.
    pub(crate) fallen: Option<Box<Fallen>>,
}

/// `Map.Item` of the context object.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) index: u64,
    pub(crate) value: Arc<Value>,
}

/// One stay in a state, over all its retries.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) state: StateId,
    /// The raw input.
    pub(crate) input: PayloadId,
    /// The id of the entered event.
    pub(crate) entered: EventId,
    /// The event before that one.
    pub(crate) before: EventId,
    pub(crate) entered_at: Millis,
    /// How often each retrier was used.
    pub(crate) attempts: BTreeMap<u32, u64>,
    /// How often the state was retried.
    pub(crate) retry_count: u64,
    /// Whether the last attempt timed out because its worker sent no heartbeat.
    pub(crate) silent: bool,
}

/// How far a path is.
#[derive(Debug, Clone)]
pub(crate) enum Phase {
    /// About to enter a state.
    Ready { state: StateId, input: PayloadId },
    /// In a state that has done nothing yet.
    Entered,
    /// In a Wait state.
    Sleeping { until: Millis },
    /// In a state that will begin again.
    BackingOff { until: Millis },
    /// In a Task state whose resource was called.
    InTask(TaskRun),
    /// In a Parallel or Map state whose children run.
    Joining(Join),
    /// In a distributed Map state whose map run is not over.
    InMapRun { started: EventId },
    /// In a state that has its result.
    Done { result: PayloadId },
    /// In a state that failed; Retry and Catch come next.
    Failing(Failure),
    /// Past the end of its block.
    Ended { output: PayloadId },
}

/// One attempt of a Task state.
#[derive(Debug, Clone)]
pub(crate) struct TaskRun {
    pub(crate) scheduled: EventId,
    pub(crate) scheduled_at: Millis,
    pub(crate) arguments: PayloadId,
    pub(crate) credentials: Option<PayloadId>,
    pub(crate) token: Option<String>,
    pub(crate) timeout_seconds: Option<u64>,
    pub(crate) heartbeat_seconds: Option<u64>,
    pub(crate) deadline: Option<Millis>,
    pub(crate) heartbeat_due: Option<Millis>,
    pub(crate) started: bool,
    pub(crate) submitted: bool,
}

impl TaskRun {
    /// When the attempt times out, for whichever reason comes first.
    pub(crate) fn due(&self) -> Option<Millis> {
        [self.deadline, self.heartbeat_due].into_iter().flatten().min()
    }
}

/// The children of a Parallel or Map state.
#[derive(Debug, Clone)]
pub(crate) struct Join {
    /// The items of a Map; `None` for a Parallel.
    pub(crate) items: Option<Arc<Vec<Value>>>,
    /// How many children there will be.
    pub(crate) length: u64,
    /// How many may run at once.
    pub(crate) concurrency: u64,
    /// The next child to start.
    pub(crate) next: u64,
    pub(crate) running: BTreeSet<PathId>,
    pub(crate) results: Vec<Option<PayloadId>>,
    /// The event that the next iteration follows.
    pub(crate) follows: EventId,
}

impl Join {
    /// Whether the next iteration may start now.
    pub(crate) fn can_start(&self) -> bool {
        self.next < self.length && (self.running.len() as u64) < self.concurrency
    }

    /// Whether every child has ended.
    pub(crate) fn is_complete(&self) -> bool {
        self.next == self.length && self.running.is_empty()
    }
}
