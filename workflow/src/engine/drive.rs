//! One turn of the loop: a signal or the clock moves an execution, the records are made durable, then things happen.
//!
//! Owns the order of append, apply, perform. It does not know where signals come from.

use std::sync::Arc;

use rand::{TryRngCore, rngs::OsRng};
use statemachine::{Advance, Command, Execution, InvokeTask, Record, Refused, Signal, Status};

use super::{
    Inner,
    error::ApiError,
    table::{Live, Loaded},
};
use crate::{
    journal::entry::{BatchHead, Born, ExecutionId, Head, Standing},
    task::{self, Answer, Call},
};

/// Why a signal did not move an execution.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum DriveError {
    /// No such execution runs: it has ended, or never was.
    #[error("no such execution runs")]
    NotRunning,
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Nothing can be made durable, or the journal cannot be read.
    #[error("{0}")]
    Unavailable(String),
}

impl Inner {
    /// Takes a signal, or the passing of time, to an execution that runs.
    ///
    /// Must run to its end: a caller that may be dropped half way runs it in a task of its own.
    pub(super) async fn drive(self: &Arc<Self>, number: ExecutionId, signal: Option<Signal>) -> Result<(), DriveError> {
        self.drive_and(number, signal, |_| ()).await
    }

    /// As [`Inner::drive`]; answers what `look` sees when the turn is durable.
    pub(super) async fn drive_and<T>(
        self: &Arc<Self>,
        number: ExecutionId,
        signal: Option<Signal>,
        look: impl FnOnce(&Execution) -> T,
    ) -> Result<T, DriveError> {
        let live = self.table.live(number).ok_or(DriveError::NotRunning)?;
        let mut guard = live.loaded.lock().await;
        // It may have ended while others held the lock.
        let head = self.table.head(number).ok_or(DriveError::NotRunning)?;
        let mut loaded = match guard.take() {
            Some(loaded) => loaded,
            None => Box::new(self.load(number, head).map_err(|error| {
                tracing::error!(execution = number, "an execution cannot be read back: {error}");
                DriveError::Unavailable(error)
            })?),
        };
        let outcome = loaded.execution.advance(signal, self.clock.now(), &mut chance);
        let commands = match outcome {
            Ok(Advance { records, commands }) if !records.is_empty() => {
                // On failure the execution in memory is ahead of the journal; it is dropped with `loaded`.
                self.commit(number, &mut loaded, None, &records)
                    .await
                    .map_err(|error| DriveError::Unavailable(error.to_string()))?;
                Ok(commands)
            }
            Ok(_) => Ok(Vec::new()),
            Err(refused) => Err(refused),
        };
        let seen = look(&loaded.execution);
        let arn = self.put_back(number, &live, &mut guard, loaded);
        drop(guard);
        self.perform(number, &arn, commands?);
        Ok(seen)
    }

    /// Makes a batch durable and tells who listens.
    pub(super) async fn commit(
        &self,
        number: ExecutionId,
        loaded: &mut Loaded,
        born: Option<Box<Born>>,
        records: &[Record],
    ) -> Result<(), ApiError> {
        let previous = born.is_none().then_some(loaded.head);
        let at = loaded.execution.latest();
        let machine = loaded.execution.identity().state_machine_name.clone();
        let standing = standing(&loaded.execution);
        let batch = BatchHead { execution: number, machine, previous, at, standing, born };
        let head = match loaded.origin.clone().filter(|_| previous.is_none()) {
            Some(origin) => Head::Begun { batch, origin },
            None => Head::Batch(batch),
        };
        loaded.head = self.append(head, records).await?;
        self.tell(number, loaded, records);
        Ok(())
    }

    /// Settles an execution after its turn: ended, parked, or kept in memory. Answers its ARN.
    pub(super) fn put_back(
        self: &Arc<Self>,
        number: ExecutionId,
        live: &Arc<Live>,
        place: &mut Option<Box<Loaded>>,
        loaded: Box<Loaded>,
    ) -> String {
        let execution = &loaded.execution;
        let arn = execution.identity().execution_arn.clone();
        self.offer(number, execution.offers().collect());
        if !execution.is_running() {
            self.table.remove(number);
            self.ended(number);
        } else if !self.table.settle(number, live, loaded.head, execution.next_due(), execution.is_parked()) {
            *place = Some(loaded);
        }
        arn
    }

    /// Does what an execution wants done; the records that say so are durable.
    pub(super) fn perform(self: &Arc<Self>, number: ExecutionId, arn: &str, commands: Vec<Command>) {
        for command in commands {
            let inner = Arc::clone(self);
            match command {
                Command::InvokeTask(invoke) => {
                    let idempotency_key = format!("{arn}:{}:{}", invoke.task.path.0, invoke.task.scheduled);
                    tracing::debug!(execution = arn, resource = invoke.resource.arn, "calling");
                    tokio::spawn(async move { inner.call(number, invoke, idempotency_key).await });
                }
                other => {
                    if let Some(signal) = refusal_of(other) {
                        tokio::spawn(async move { inner.answer(number, signal).await });
                    }
                }
            }
        }
    }

    /// Calls a resource and signals its answer.
    async fn call(self: Arc<Self>, number: ExecutionId, invoke: InvokeTask, idempotency_key: String) {
        let InvokeTask { task, resource, arguments, .. } = invoke;
        let call = Call {
            resource,
            arguments,
            idempotency_key,
            region: self.naming.region.clone(),
            account: self.naming.account.clone(),
        };
        let signal = match task::perform(&self.functions, call).await {
            Answer::Succeeded(output) => Signal::TaskSucceeded { task, output },
            Answer::Submitted(output) => Signal::TaskSubmitted { task, output },
            Answer::Failed { error, cause } => Signal::TaskFailed { task, error: Some(error), cause: Some(cause) },
        };
        self.answer(number, signal).await;
    }

    /// Signals what came of a command.
    pub(super) async fn answer(self: Arc<Self>, number: ExecutionId, signal: Signal) {
        match self.drive(number, Some(signal)).await {
            Ok(()) => {}
            // The state timed out, was taken down, or the token was faster than the call's answer.
            Err(DriveError::Refused(why)) => tracing::debug!(execution = number, "a late answer: {why}"),
            Err(DriveError::NotRunning) => tracing::debug!(execution = number, "an answer after the end"),
            Err(DriveError::Unavailable(why)) => {
                tracing::error!(execution = number, "an answer was lost, the call is made again after a restart: {why}")
            }
        }
    }
}

/// What is answered to a command that this engine cannot perform.
fn refusal_of(command: Command) -> Option<Signal> {
    let cause = "distributed maps are not supported by this engine".to_owned();
    match command {
        Command::ReadItems(read) => Some(Signal::ItemsFailed { run: read.run, cause }),
        Command::StartChild(child) => {
            let status = Status::Failed { error: Some("States.Runtime".to_owned()), cause: Some(cause) };
            Some(Signal::ChildEnded { run: child.run, index: child.index, status })
        }
        Command::WriteResults(write) => Some(Signal::ResultsFailed { run: write.run, cause }),
        Command::InvokeTask(_) | Command::AbortChildren(_) => None,
    }
}

/// How an execution stands.
fn standing(execution: &Execution) -> Standing {
    match execution.status() {
        Status::Running => {
            let (due, busy) = (execution.next_due(), !execution.is_parked());
            match execution.offers().next() {
                None => Standing::Running { due, busy },
                Some(_) => Standing::Offering { due, busy },
            }
        }
        Status::Succeeded { .. } => Standing::Succeeded,
        Status::Failed { .. } => Standing::Failed,
        Status::TimedOut { .. } => Standing::TimedOut,
        Status::Aborted { .. } => Standing::Aborted,
    }
}

/// Random bits of the operating system.
#[expect(clippy::expect_used, reason = "without random bits no token is safe to give out")]
pub(super) fn chance() -> u64 {
    OsRng.try_next_u64().expect("the operating system has random bits")
}
