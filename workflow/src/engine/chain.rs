//! An execution's batches, read back from the journal along their chain.
//!
//! Owns the way back into memory: recovery is applying records, nothing else. It does not move the execution.

use std::{ops::Range, sync::Arc};

use serde_json::Value;
use statemachine::{Execution, Identity, Millis, Record, history::History};

use super::{Inner, child::Pin, machine::Pinned, table::Loaded};
use crate::journal::entry::{Born, ExecutionId, Head, Kin, Offset, Origin};

/// All batches of an execution, the first one first.
pub(super) struct Chain {
    /// The machine's name.
    pub(super) machine: String,
    pub(super) born: Born,
    /// What it was started with, if not with the machine itself.
    pub(super) origin: Option<Origin>,
    /// Whose child it is, if it is one.
    pub(super) kin: Option<Kin>,
    pub(super) batches: Vec<(Millis, Vec<Record>)>,
}

impl Inner {
    /// Reads the batches up to the one at `head`.
    pub(super) fn chain(&self, number: ExecutionId, head: Offset) -> Result<Chain, String> {
        let mut batches = Vec::new();
        let mut next = head;
        loop {
            let entry = self.journal.read(next).map_err(|error| error.to_string())?;
            let (batch, origin, kin) = match entry.head {
                Head::Batch(batch) | Head::Redriven { batch, .. } => (batch, None, None),
                Head::Begun { batch, origin } => (batch, Some(origin), None),
                Head::ChildBegun { batch, kin } => (batch, None, Some(*kin)),
                _ => return Err(format!("the journal holds no batch of execution {number} at offset {next}")),
            };
            if batch.execution != number {
                return Err(format!(
                    "the batch at offset {next} belongs to execution {}, not {number}",
                    batch.execution
                ));
            }
            batches.push((batch.at, entry.records));
            match (batch.previous, batch.born) {
                (None, Some(born)) => {
                    batches.reverse();
                    return Ok(Chain { machine: batch.machine, born: *born, origin, kin, batches });
                }
                // A chain runs backwards, so that it ends.
                (Some(previous), None) if previous < next => next = previous,
                _ => return Err(format!("the batch of execution {number} at offset {next} has no proper former one")),
            }
        }
    }

    /// Brings an execution back into memory as it was after the batch at `head`.
    pub(super) fn load(&self, number: ExecutionId, head: Offset) -> Result<Loaded, String> {
        let chain = self.chain(number, head)?;
        let pinned = self.machines.pinned(&self.journal, chain.born.saved_at)?;
        let identity = Arc::new(self.identity(number, &chain.machine, &chain.born.name, &pinned));
        let definition = Arc::clone(&pinned.definition);
        let mut execution = match &chain.kin {
            Some(kin) => Execution::child(definition, identity, kin.part),
            None => Execution::new(definition, identity),
        };
        let (mut history, logging) = self.logged(&pinned, &chain.machine, chain.origin.as_ref());
        for (at, records) in &chain.batches {
            for record in records {
                execution.apply(*at, record);
                if let Some(history) = &mut history {
                    history.pass(record);
                }
            }
        }
        let pin = Pin { definition: chain.born.definition, saved_at: chain.born.saved_at };
        let kin = chain.kin.map(Arc::new);
        Ok(Loaded {
            execution,
            trace_header: chain.born.trace_header,
            origin: chain.origin,
            head,
            history,
            logging,
            pin,
            kin,
        })
    }

    /// Who an execution is.
    pub(super) fn identity(&self, number: ExecutionId, machine: &str, name: &str, pinned: &Pinned) -> Identity {
        Identity {
            number,
            execution_arn: self.naming.execution(machine, name),
            name: name.to_owned(),
            state_machine_arn: self.naming.state_machine(machine),
            state_machine_name: machine.to_owned(),
            role_arn: pinned.role_arn.clone(),
        }
    }

    /// A part of the history up to the batch at `head`: what is not wanted is read over.
    pub(super) fn events(
        &self,
        number: ExecutionId,
        head: Offset,
        window: impl FnOnce(u64) -> Range<u64>,
    ) -> Result<Vec<Value>, String> {
        let chain = self.chain(number, head)?;
        let pinned = self.machines.pinned(&self.journal, chain.born.saved_at)?;
        let mut history = self.blank_history(&pinned, &chain.machine, chain.origin.as_ref());
        let records = || chain.batches.iter().flat_map(|(at, records)| records.iter().map(move |record| (*at, record)));
        let window = window(records().filter(|(_, record)| matches!(record, Record::Event { .. })).count() as u64);
        let mut events = Vec::new();
        for (at, record) in records() {
            if history.events() >= window.end {
                break;
            }
            if history.events() < window.start {
                history.pass(record);
            } else {
                events.extend(history.push(at, record));
            }
        }
        Ok(events)
    }

    /// The history up to the batch at `head`, and the events in it.
    pub(super) fn history(&self, number: ExecutionId, head: Offset) -> Result<(History, Vec<Value>), String> {
        let chain = self.chain(number, head)?;
        let pinned = self.machines.pinned(&self.journal, chain.born.saved_at)?;
        let mut history = self.blank_history(&pinned, &chain.machine, chain.origin.as_ref());
        let events = chain.batches.iter().flat_map(|(at, records)| records.iter().map(move |record| (*at, record)));
        let events = events.filter_map(|(at, record)| history.push(at, record)).collect();
        Ok((history, events))
    }

    /// The history of an execution before its first event.
    pub(super) fn blank_history(&self, pinned: &Pinned, machine: &str, origin: Option<&Origin>) -> History {
        let history = History::new(Arc::clone(&pinned.definition), &pinned.role_arn, &self.naming.region);
        let Some(origin) = origin else { return history };
        let alias = origin.alias().map(|alias| self.naming.alias(machine, alias));
        history.published(self.naming.version(machine, origin.version()), alias)
    }
}
