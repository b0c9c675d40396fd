//! What is durable in the journal and not yet in sled.
//!
//! Owns the changes since the last flush, one for each execution however often it moved, so that sled is fed little. It is
//! fed by the journal's writer, in the journal's order, before an append is acknowledged: whoever was acknowledged finds
//! itself here or in sled.

use std::{collections::HashMap, sync::Arc};

use statemachine::record::Millis;

use super::{
    catalog::Catalog,
    family::MapRunRow,
    row::{ExecutionRow, Mark},
};
use crate::{
    engine::ExecutionStatus,
    journal::{
        Durable,
        entry::{BatchHead, ExecutionId, Head, Kin, Offset, Origin, Standing},
    },
};

/// The changes since the last flush.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    pub(crate) executions: HashMap<ExecutionId, Change>,
    pub(crate) names: HashMap<Box<str>, ExecutionId>,
    pub(crate) catalog: Catalog,
    /// The executions that map runs belong to.
    pub(crate) map_runs: HashMap<String, MapRunRow>,
    pub(crate) mark: Mark,
    /// While the journal is read again: a flush that a crash cut off may have put some of this into sled already.
    pub(crate) replaying: bool,
    /// The journal was read to its end; what comes is new.
    pub(crate) caught_up: bool,
}

/// How an execution changed.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) machine: String,
    /// Its name and when it started, if it started since the last flush.
    pub(crate) born: Option<(String, Millis)>,
    /// Whose child it is, if it started since the last flush.
    pub(crate) kin: Option<Arc<Kin>>,
    pub(crate) head: Offset,
    pub(crate) at: Millis,
    pub(crate) standing: Standing,
    /// What it was started with, if it started since the last flush.
    pub(crate) origin: Option<Origin>,
    /// How often and when it was redriven, if it was since the last flush.
    pub(crate) redriven: Option<(u32, Millis)>,
    /// Whether sled may show it as running.
    pub(crate) shown: bool,
}

impl Pending {
    pub(crate) fn from(mark: Mark, catalog: Catalog) -> Self {
        Self { mark, catalog, replaying: true, ..Self::default() }
    }

    /// Takes one entry, the next in the journal's order.
    pub(crate) fn observe(&mut self, entry: Durable) {
        let Durable { offset, end, checksum, head } = entry;
        (self.mark.applied, self.mark.last, self.mark.checksum) = (end, offset, checksum);
        match head {
            Head::Batch(batch) => self.observe_batch(offset, batch, None, None),
            Head::Begun { batch, origin } => self.observe_batch(offset, batch, Some(origin), None),
            Head::Redriven { batch, count } => self.observe_batch(offset, batch, None, Some(count)),
            Head::ChildBegun { batch, kin } => {
                let number = batch.execution;
                self.observe_batch(offset, batch, None, None);
                if let Some(change) = self.executions.get_mut(&number) {
                    change.kin = Some(Arc::new(*kin));
                }
            }
            Head::MapRunStarting { arn, execution, machine } => {
                self.map_runs.insert(arn, MapRunRow { execution, machine });
            }
            other => {
                if let Head::ExpressStarted(start) = &other {
                    self.mark.next_execution = self.mark.next_execution.max(start.execution + 1);
                }
                self.catalog.observe(offset, other);
            }
        }
    }

    fn observe_batch(&mut self, offset: Offset, batch: BatchHead, origin: Option<Origin>, redrives: Option<u32>) {
        let BatchHead { execution, machine, at, standing, born, .. } = batch;
        let redriven = redrives.map(|count| (count, at));
        if let Some(born) = born {
            self.mark.next_execution = self.mark.next_execution.max(execution + 1);
            self.names.insert(name_of(&machine, &born.name), execution);
            let born = Some((born.name, at));
            let shown = self.replaying;
            let change = Change { machine, born, kin: None, head: offset, at, standing, origin, redriven, shown };
            self.executions.insert(execution, change);
        } else {
            let fresh =
                Change { machine, born: None, kin: None, head: offset, at, standing, origin, redriven, shown: true };
            let change = self.executions.entry(execution).or_insert(fresh);
            (change.head, change.at, change.standing) = (offset, at, standing);
            change.redriven = redriven.or(change.redriven);
        }
    }

    /// The number of the execution of this name, if it started since the last flush.
    pub(crate) fn named(&self, machine: &str, name: &str) -> Option<ExecutionId> {
        self.names.get(&name_of(machine, name)).copied()
    }

    /// The changes of these executions.
    pub(crate) fn changes(&self, numbers: &[ExecutionId]) -> Vec<(ExecutionId, Change)> {
        numbers.iter().filter_map(|number| Some((*number, self.executions.get(number)?.clone()))).collect()
    }

    /// Forgets what was flushed: the changes as they were then.
    pub(crate) fn forget(&mut self, flushed: &[(ExecutionId, Change)]) {
        for (number, then) in flushed {
            let Some(change) = self.executions.get_mut(number) else { continue };
            if let Some((name, _)) = change.born.take() {
                let name = name_of(&change.machine, &name);
                if self.names.get(&name) == Some(number) {
                    self.names.remove(&name);
                }
            }
            change.kin = None;
            change.shown = true;
            if change.head == then.head {
                self.executions.remove(number);
            }
        }
    }
}

impl Change {
    /// The row after the change; `None` when there is none that it could change.
    pub(crate) fn over(&self, row: Option<ExecutionRow>) -> Option<ExecutionRow> {
        let row = match (&self.born, row) {
            (_, Some(row)) if row.head > self.head => return Some(row),
            (Some((name, started)), _) => ExecutionRow {
                name: name.clone(),
                status: self.standing.status(),
                started: *started,
                stopped: None,
                head: self.head,
                origin: self.origin.clone(),
                redrives: 0,
                redriven: None,
            },
            (None, Some(row)) => row,
            (None, None) => return None,
        };
        let status = self.standing.status();
        let stopped = (status != ExecutionStatus::Running).then_some(self.at);
        let (redrives, redriven) = self.redriven.map_or((row.redrives, row.redriven), |(count, at)| (count, Some(at)));
        Some(ExecutionRow { status, stopped, head: self.head, redrives, redriven, ..row })
    }
}

fn name_of(machine: &str, name: &str) -> Box<str> {
    [machine, "\0", name].concat().into()
}
