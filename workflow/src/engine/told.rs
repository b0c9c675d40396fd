//! What the records of an execution tell of the children of one of its map runs.
//!
//! Owns this reading, which is all that is known of Express children. What is shown of it is [`super::map_run`]'s.

use std::collections::BTreeMap;

use statemachine::{
    MapRunId, Millis, Record,
    record::{Event, Outcome},
};

use super::{chain::Chain, types::ExecutionStatus};

/// The children of one map run, by their index.
pub(super) struct Told {
    pub(super) children: BTreeMap<u64, ToldChild>,
}

/// How one child stands.
pub(super) struct ToldChild {
    pub(super) items: u64,
    pub(super) status: ExecutionStatus,
    pub(super) started: Millis,
    pub(super) stopped: Option<Millis>,
    pub(super) redrives: u32,
    /// Whether it waits to be redriven.
    pub(super) pending: bool,
}

impl Told {
    pub(super) fn of(chain: &Chain, run: MapRunId) -> Self {
        let mut told = Self { children: BTreeMap::new() };
        let (mut events, mut latest, mut within) = (0, 0, false);
        for (at, record) in chain.batches.iter().flat_map(|(at, records)| records.iter().map(move |r| (*at, r))) {
            match record {
                Record::Event { path, event, .. } => {
                    events += 1;
                    match event {
                        Event::MapRunStarted { .. } if *path == run.path => {
                            latest = events;
                            within = events == run.started;
                        }
                        Event::MapRunRedriven { .. } if *path == run.path && latest == run.started => {
                            told.children.values_mut().for_each(ToldChild::await_redrive);
                            within = true;
                        }
                        Event::MapRunSucceeded | Event::MapRunFailed { .. } | Event::MapRunAborted
                            if within && *path == run.path =>
                        {
                            told.give_up(at);
                            within = false;
                        }
                        _ => {}
                    }
                }
                Record::ChildStarted { path, index, items, .. } if within && *path == run.path => {
                    let status = ExecutionStatus::Running;
                    let (started, stopped, redrives, pending) = (at, None, 0, false);
                    told.children
                        .insert(*index, ToldChild { items: *items, status, started, stopped, redrives, pending });
                }
                Record::ChildEnded { path, index, outcome } if within && *path == run.path => {
                    if let Some(child) = told.children.get_mut(index) {
                        (child.status, child.stopped) = (status_of(outcome), Some(at));
                    }
                }
                Record::ChildRedriven { path, index } if within && *path == run.path => told.redrive(*index, at),
                Record::ResultsDue { path, .. } if within && *path == run.path => told.give_up(at),
                _ => {}
            }
        }
        told
    }

    /// A child goes on.
    fn redrive(&mut self, index: u64, at: Millis) {
        if let Some(child) = self.children.get_mut(&index) {
            (child.status, child.started, child.stopped) = (ExecutionStatus::Running, at, None);
            (child.pending, child.redrives) = (false, child.redrives + 1);
        }
    }

    /// What still runs is stopped, and nothing waits to be redriven any more.
    pub(super) fn give_up(&mut self, at: Millis) {
        self.children.values_mut().for_each(|child| child.pending = false);
        for child in self.children.values_mut().filter(|child| child.stopped.is_none()) {
            (child.status, child.stopped) = (ExecutionStatus::Aborted, Some(at));
        }
    }
}

impl ToldChild {
    fn await_redrive(&mut self) {
        self.pending = self.status != ExecutionStatus::Succeeded;
    }
}

fn status_of(outcome: &Outcome) -> ExecutionStatus {
    match outcome {
        Outcome::Succeeded { .. } => ExecutionStatus::Succeeded,
        Outcome::Failed(_) => ExecutionStatus::Failed,
        Outcome::TimedOut(_) => ExecutionStatus::TimedOut,
        Outcome::Aborted(_) => ExecutionStatus::Aborted,
    }
}
