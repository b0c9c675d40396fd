//! What is durable in the journal and not yet in sled.
//!
//! Owns the changes since the last flush, one for each execution however often it moved, so that sled is fed little. It is
//! fed by the journal's writer, in the journal's order, before an append is acknowledged: whoever was acknowledged finds
//! itself here or in sled.

use std::collections::HashMap;

use statemachine::record::Millis;

use super::row::{ExecutionRow, MachineRow, Mark};
use crate::journal::{
    Durable,
    entry::{BatchHead, ExecutionId, Head, Offset, Standing},
};

/// The changes since the last flush.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    pub(crate) executions: HashMap<ExecutionId, Change>,
    pub(crate) names: HashMap<Box<str>, ExecutionId>,
    pub(crate) machines: HashMap<String, MachineRow>,
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
    pub(crate) head: Offset,
    pub(crate) at: Millis,
    pub(crate) standing: Standing,
    /// Whether sled may show it as running.
    pub(crate) shown: bool,
}

impl Pending {
    pub(crate) fn from(mark: Mark) -> Self {
        Self { mark, replaying: true, ..Self::default() }
    }

    /// Takes one entry, the next in the journal's order.
    pub(crate) fn observe(&mut self, entry: Durable) {
        let Durable { offset, end, checksum, head } = entry;
        (self.mark.applied, self.mark.last, self.mark.checksum) = (end, offset, checksum);
        match head {
            Head::MachineSaved(machine) => {
                self.machines.insert(machine.name, MachineRow { saved_at: offset, deleted: None });
            }
            Head::MachineDeleted { name, at } => {
                self.machines.insert(name, MachineRow { saved_at: offset, deleted: Some(at) });
            }
            Head::Batch(batch) => self.observe_batch(offset, batch),
        }
    }

    fn observe_batch(&mut self, offset: Offset, batch: BatchHead) {
        let BatchHead { execution, machine, at, standing, born, .. } = batch;
        if let Some(born) = born {
            self.mark.next_execution = self.mark.next_execution.max(execution + 1);
            self.names.insert(name_of(&machine, &born.name), execution);
            let born = Some((born.name, at));
            let change = Change { machine, born, head: offset, at, standing, shown: self.replaying };
            self.executions.insert(execution, change);
        } else {
            let fresh = Change { machine, born: None, head: offset, at, standing, shown: true };
            let change = self.executions.entry(execution).or_insert(fresh);
            (change.head, change.at, change.standing) = (offset, at, standing);
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
            change.shown = true;
            if change.head == then.head {
                self.executions.remove(number);
            }
        }
    }

    /// Forgets the machines that were flushed, as they were then.
    pub(crate) fn forget_machines(&mut self, flushed: &[(String, MachineRow)]) {
        for (name, row) in flushed {
            if self.machines.get(name) == Some(row) {
                self.machines.remove(name);
            }
        }
    }
}

impl Change {
    /// The row after the change; `None` when there is none that it could change.
    pub(crate) fn over(&self, row: Option<ExecutionRow>) -> Option<ExecutionRow> {
        let (name, started) = match (&self.born, row) {
            (_, Some(row)) if row.head > self.head => return Some(row),
            (Some((name, started)), _) => (name.clone(), *started),
            (None, Some(row)) => (row.name, row.started),
            (None, None) => return None,
        };
        let stopped = (!matches!(self.standing, Standing::Running { .. })).then_some(self.at);
        Some(ExecutionRow { name, status: self.standing.status(), started, stopped, head: self.head })
    }
}

fn name_of(machine: &str, name: &str) -> Box<str> {
    [machine, "\0", name].concat().into()
}
