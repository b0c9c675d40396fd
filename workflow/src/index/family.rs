//! What the index knows of map runs: whose they are, and which executions are their children.
//!
//! Owns the rows `c`, `k` and `p`. A child has a row `k` only while it runs, so that those whose map run has ended without
//! them are found after a crash.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use statemachine::MapRunId;

use super::{
    Index, IndexError, bytes, lock,
    pending::Change,
    row::{ExecutionRow, execution_key, number_of},
};
use crate::journal::{
    codec::decode,
    entry::{ExecutionId, Standing},
};

/// Whose a child is that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KinRow {
    /// The execution that the map run belongs to.
    pub(crate) parent: ExecutionId,
    pub(crate) run: MapRunId,
}

/// Whose a map run is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MapRunRow {
    pub(crate) execution: ExecutionId,
    /// The execution's machine.
    pub(crate) machine: String,
}

impl Index {
    /// The execution that a map run belongs to; it need not know of it, if a crash came first.
    pub(crate) fn map_run(&self, arn: &str) -> Result<Option<(MapRunRow, ExecutionRow)>, IndexError> {
        let pending = self.pending().map_runs.get(arn).cloned();
        let run = match pending {
            Some(run) => run,
            None => match self.read::<MapRunRow>(&map_run_key(arn))? {
                Some(run) => run,
                None => return Ok(None),
            },
        };
        // The change first, then the row: what was flushed in between is in the row.
        let change = self.pending().executions.get(&run.execution).cloned();
        let row = self.read::<ExecutionRow>(&execution_key(&run.machine, run.execution))?;
        let row = match change {
            Some(change) => change.over(row),
            None => row,
        };
        Ok(row.map(|row| (run, row)))
    }

    /// Children of a map run with the numbers of their items, the latest first: those before a number that are `wanted`.
    pub(crate) fn children(
        &self,
        map_run_arn: &str,
        machine: &str,
        before: ExecutionId,
        limit: usize,
        wanted: &dyn Fn(&ExecutionRow) -> bool,
    ) -> Result<Vec<(ExecutionId, ExecutionRow, u64)>, IndexError> {
        self.flush()?;
        let db = lock(&self.reader).clone().ok_or(IndexError::Closed)?;
        let mut found = Vec::new();
        for item in db.range(child_prefix(map_run_arn)..child_key(map_run_arn, before)).rev() {
            let (key, value) = item.map_err(|error| self.broken(error.to_string()))?;
            let items = decode::<u64>(&value).map_err(|error| self.broken(error.to_string()))?;
            let number = number_of(&key);
            let row = self.read::<ExecutionRow>(&execution_key(machine, number))?;
            found.extend(row.filter(wanted).map(|row| (number, row, items)));
            if found.len() == limit {
                break;
            }
        }
        Ok(found)
    }

    /// The children that run, and whose they are.
    pub(crate) fn running_children(&self) -> Result<Vec<(ExecutionId, KinRow)>, IndexError> {
        let db = lock(&self.reader).clone().ok_or(IndexError::Closed)?;
        let pending = self.pending();
        let mut found = Vec::new();
        for item in db.scan_prefix(b"k") {
            let (key, value) = item.map_err(|error| self.broken(error.to_string()))?;
            let number = number_of(&key);
            if pending.executions.get(&number).is_none_or(|change| runs(change.standing)) {
                found.push((number, decode(&value).map_err(|error| self.broken(error.to_string()))?));
            }
        }
        for (number, change) in pending.executions.iter().filter(|(_, change)| runs(change.standing)) {
            found.extend(change.kin.as_ref().map(|kin| (*number, KinRow { parent: kin.parent, run: kin.run })));
        }
        Ok(found)
    }
}

/// Adds what an execution's change means for the map run that it belongs to.
pub(super) fn add(batch: &mut sled::Batch, number: ExecutionId, change: &Change) {
    if let Some(kin) = &change.kin {
        batch.insert(child_key(&kin.map_run_arn, number), bytes(&kin.items));
        if runs(change.standing) {
            batch.insert(&kin_key(number), bytes(&KinRow { parent: kin.parent, run: kin.run }));
        }
    }
    if change.shown && change.machine.contains('/') && !runs(change.standing) {
        batch.remove(&kin_key(number));
    }
}

/// Adds the map runs that began.
pub(super) fn add_map_runs(batch: &mut sled::Batch, map_runs: &HashMap<String, MapRunRow>) {
    for (arn, run) in map_runs {
        batch.insert(map_run_key(arn), bytes(run));
    }
}

fn runs(standing: Standing) -> bool {
    standing.status() == crate::engine::ExecutionStatus::Running
}

fn map_run_key(arn: &str) -> Vec<u8> {
    [b"p", arn.as_bytes()].concat()
}

fn child_prefix(map_run_arn: &str) -> Vec<u8> {
    [b"c", map_run_arn.as_bytes(), b"\0"].concat()
}

fn child_key(map_run_arn: &str, number: ExecutionId) -> Vec<u8> {
    [b"c", map_run_arn.as_bytes(), b"\0", &number.to_be_bytes()].concat()
}

fn kin_key(number: ExecutionId) -> [u8; 9] {
    let mut key = [b'k'; 9];
    key[1..].copy_from_slice(&number.to_be_bytes());
    key
}
