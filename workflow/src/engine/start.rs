//! StartExecution: names, idempotence, the first batch.
//!
//! Owns what a name in use means. An execution that needs nothing of the world has ended when this answers.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, PoisonError, Weak, atomic::Ordering},
};

use statemachine::{Advance, Execution, syntax};

use super::{
    Engine, Inner,
    arn::{check_name, target_of},
    child::Pin,
    error::ApiError,
    table::{Live, Loaded},
    target::Target,
    types::{StartExecution, Started},
};
use crate::journal::entry::{Born, Origin};

impl Engine {
    /// StartExecution: a name in use with the same input while it runs answers the same execution; a name stays taken for 90
    /// days after the end. Names of Express executions may repeat.
    ///
    /// # Errors
    /// InvalidArn, InvalidName, InvalidExecutionInput, StateMachineDoesNotExist, StateMachineDeleting,
    /// ExecutionAlreadyExists.
    pub async fn start_execution(&self, start: StartExecution) -> Result<Started, ApiError> {
        self.detached(|inner| async move { inner.start_execution(start).await }).await
    }
}

impl Inner {
    async fn start_execution(self: Arc<Self>, start: StartExecution) -> Result<Started, ApiError> {
        let machine = target_of(&start.state_machine_arn)?.0.to_owned();
        if self.machines.get(&machine).is_some_and(|saved| saved.machine.express) {
            return self.start_express(start).await;
        }
        let StartExecution { state_machine_arn, name, input, trace_header } = start;
        let input = input.unwrap_or_else(|| "{}".to_owned());
        check_input(&input)?;
        if let Some(name) = &name {
            check_name(name)?;
        }
        let Target { saved, saved_at, origin } = self.target(&state_machine_arn)?;
        if saved.deleted.is_some() {
            return Err(ApiError::StateMachineDeleting(state_machine_arn));
        }
        let definition = self.machines.pinned(&self.journal, saved_at).map_err(ApiError::Unavailable)?.hash;
        let born = |name| (Box::new(Born { name, definition, saved_at, trace_header }), origin);
        match name {
            // Nobody else draws the same UUID.
            None => self.begin(&machine, born(uuid::Uuid::new_v4().to_string()), &input).await,
            Some(name) => {
                let turn = self.names.turn(&self.naming.execution(&machine, &name));
                let _turn = turn.lock().await;
                match self.in_use(&machine, &name, &input)? {
                    Some(started) => Ok(started),
                    None => self.begin(&machine, born(name), &input).await,
                }
            }
        }
    }

    /// The execution that has the name, if the answer is that one.
    fn in_use(&self, machine: &str, name: &str, input: &str) -> Result<Option<Started>, ApiError> {
        let found = self.index.find(machine, name).map_err(|error| ApiError::Unavailable(error.to_string()))?;
        let Some((number, row)) = found else { return Ok(None) };
        let execution_arn = self.naming.execution(machine, name);
        match row.stopped {
            Some(stopped) if stopped.saturating_add(NAME_KEPT) <= self.clock.now() => Ok(None),
            None => {
                let there = self.load(number, row.head).map_err(ApiError::Unavailable)?;
                if there.execution.input() == input {
                    return Ok(Some(Started { execution_arn, start_date: row.started }));
                }
                Err(ApiError::ExecutionAlreadyExists(execution_arn))
            }
            Some(_) => Err(ApiError::ExecutionAlreadyExists(execution_arn)),
        }
    }

    async fn begin(
        self: &Arc<Self>,
        machine: &str,
        (born, origin): (Box<Born>, Option<Origin>),
        input: &str,
    ) -> Result<Started, ApiError> {
        let pinned = self.machines.pinned(&self.journal, born.saved_at).map_err(ApiError::Unavailable)?;
        let number = self.next_execution.fetch_add(1, Ordering::Relaxed);
        let identity = self.identity(number, machine, &born.name, &pinned);
        let mut execution = Execution::new(Arc::clone(&pinned.definition), Arc::new(identity));
        let Advance { records, commands } = self.decide_first(&mut execution, input);
        let start_date = execution.started_at();
        let trace_header = born.trace_header.clone();
        let pin = Pin { definition: born.definition, saved_at: born.saved_at };
        let (history, logging) = self.logged(&pinned, machine, origin.as_ref());
        let mut loaded =
            Box::new(Loaded { execution, trace_header, origin, head: 0, history, logging, pin, kin: None });

        // In the table before it is durable, and locked: whoever finds it in the index waits for its first turn to end.
        let live = Arc::new(Live::default());
        let mut guard = live.loaded.lock().await;
        self.table.insert_live(number, Arc::clone(&live));
        if let Err(error) = self.commit(number, &mut loaded, Some(born), &records).await {
            self.table.remove(number);
            return Err(error);
        }
        let execution_arn = self.put_back(number, &live, &mut guard, loaded);
        self.perform(number, &execution_arn, pin, commands);
        drop(guard);
        if self.machines.get(machine).is_none_or(|saved| saved.deleted.is_some()) {
            // Deleted in the meantime, and perhaps too late for the deletion to see this one.
            self.abort(number).await;
        }
        Ok(Started { execution_arn, start_date })
    }
}

/// Lets starts under one name go one after the other.
#[derive(Default)]
pub(super) struct Names {
    turns: Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>,
}

impl Names {
    pub(super) fn turn(&self, arn: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= SWEEP {
            turns.retain(|_, turn| turn.strong_count() > 0);
        }
        match turns.entry(arn.to_owned()) {
            Entry::Occupied(mut entry) => entry.get().upgrade().unwrap_or_else(|| {
                let turn = Arc::default();
                entry.insert(Arc::downgrade(&turn));
                turn
            }),
            Entry::Vacant(entry) => {
                let turn = Arc::default();
                entry.insert(Arc::downgrade(&turn));
                turn
            }
        }
    }
}

pub(super) fn check_input(input: &str) -> Result<(), ApiError> {
    if input.len() > LARGEST_PAYLOAD {
        let why = "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to 262144";
        return Err(ApiError::Validation(why.into()));
    }
    syntax::check(input).map_err(ApiError::InvalidExecutionInput)
}

/// The largest input, output or result, in bytes.
pub(super) const LARGEST_PAYLOAD: usize = 256 << 10;

/// How long a name stays taken after the end: 90 days.
const NAME_KEPT: i64 = 90 * 24 * 60 * 60 * 1000;

/// The number of names at which those that nobody starts are swept out.
const SWEEP: usize = 1024;
