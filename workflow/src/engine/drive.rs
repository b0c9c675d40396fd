//! One turn of the loop: a signal or the clock moves an execution, the records are made durable, then things happen.
//!
//! Owns the order of append, apply, perform. It does not know where signals come from.

use std::{sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use statemachine::{Advance, Command, Execution, InvokeTask, Record, Refused, Signal, StartChild, Status};

use super::{
    Inner,
    child::Pin,
    error::ApiError,
    jobs::Job,
    map_run, redrive,
    table::{Live, Loaded},
};
use crate::{
    journal::entry::{BatchHead, Born, ExecutionId, Head, Standing},
    task::{self, Answer, Call, Circumstances},
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
        let outcome = self.decide(&mut loaded.execution, signal);
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
        let pin = loaded.pin;
        let arn = self.put_back(number, &live, &mut guard, loaded);
        // Before anybody else has a turn, so that commands are performed in the order of what implies them.
        self.perform(number, &arn, pin, commands?);
        drop(guard);
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
        let mut kin = loaded.kin.as_deref().filter(|_| born.is_some()).cloned();
        let mut previous = born.is_none().then_some(loaded.head);
        let mut born = born;
        let at = loaded.execution.latest();
        let machine = loaded.execution.identity().state_machine_name.clone();
        self.announce_map_runs(number, &machine, records).await?;
        let mut parts = map_run::parts(records).peekable();
        while let Some(part) = parts.next() {
            let standing = match parts.peek() {
                None => standing(&loaded.execution),
                Some(_) => Standing::Running { due: None, busy: true },
            };
            let batch =
                BatchHead { execution: number, machine: machine.clone(), previous, at, standing, born: born.take() };
            let origin = loaded.origin.clone().filter(|_| batch.previous.is_none());
            let head = match (kin.take(), origin, redrive::count_in(part)) {
                (Some(kin), ..) => Head::ChildBegun { batch, kin: Box::new(kin) },
                (None, Some(origin), _) => Head::Begun { batch, origin },
                (None, None, Some(count)) => Head::Redriven { batch, count },
                (None, None, None) => Head::Batch(batch),
            };
            loaded.head = self.append(head, part).await?;
            previous = Some(loaded.head);
        }
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
        self.jobs.settle(number, execution);
        if !execution.is_running() {
            // Told first: who finds it gone can rely on its parent being told.
            if let Some(kin) = &loaded.kin {
                self.tell_parent(kin.parent, kin.run, kin.index, execution.status().clone());
            }
            self.table.remove(number);
            self.ended(number);
        } else if !self.table.settle(number, live, loaded.head, execution.next_due(), execution.is_parked()) {
            *place = Some(loaded);
        }
        arn
    }

    /// Does what an execution wants done; the records that say so are durable.
    pub(super) fn perform(self: &Arc<Self>, number: ExecutionId, arn: &str, pin: Pin, commands: Vec<Command>) {
        let mut children: Vec<StartChild> = Vec::new();
        for command in commands {
            let inner = Arc::clone(self);
            match command {
                Command::InvokeTask(invoke) => {
                    let idempotency_key = key_of(arn, &invoke);
                    tracing::debug!(execution = arn, resource = invoke.resource.arn, "calling");
                    let arn = arn.to_owned();
                    // Noted before anybody else has a turn, so that it can be given up from now on.
                    let job = self.jobs.begin(number, &invoke);
                    tokio::spawn(async move {
                        let answer = |signal| Arc::clone(&inner).answer(number, signal).boxed();
                        inner.call(&arn, invoke, idempotency_key, job.as_ref(), &answer).await;
                    });
                }
                Command::ReadItems(read) => drop(tokio::spawn(inner.read_items(number, *read))),
                Command::StartChild(child) => children.push(*child),
                Command::WriteResults(write) => drop(tokio::spawn(inner.write_results(number, write))),
                Command::AbortChildren(abort) => {
                    self.start_children(number, pin, std::mem::take(&mut children));
                    self.abort_children(number, abort);
                }
            }
        }
        self.start_children(number, pin, children);
    }

    /// Calls a resource and tells the execution what it answers; of a job, also that it runs.
    pub(super) async fn call<'a>(
        &'a self,
        execution_arn: &str,
        invoke: InvokeTask,
        idempotency_key: String,
        job: Option<&Job>,
        tell: &'a (dyn Fn(Signal) -> BoxFuture<'a, ()> + Send + Sync),
    ) {
        let InvokeTask { task, resource, arguments, credentials, timeout_seconds, .. } = invoke;
        let circumstances = Circumstances {
            execution_arn: execution_arn.to_owned(),
            timeout: timeout_seconds.map(Duration::from_secs),
            credentials,
            given_up: job.map(|job| job.given_up.clone()).unwrap_or_default(),
        };
        let call = Call {
            resource,
            arguments,
            idempotency_key,
            region: self.naming.region.clone(),
            account: self.naming.account.clone(),
        };
        let submitted = |output| tell(Signal::TaskSubmitted { task, output });
        let signal = match task::perform_with(&self.functions, call, &circumstances, &submitted).await {
            Answer::Succeeded(output) => Signal::TaskSucceeded { task, output },
            Answer::Submitted(output) => Signal::TaskSubmitted { task, output },
            Answer::Failed { error, cause } => Signal::TaskFailed { task, error: Some(error), cause: Some(cause) },
        };
        tell(signal).await;
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

/// The same text whenever the same attempt is dispatched.
pub(super) fn key_of(arn: &str, invoke: &InvokeTask) -> String {
    format!("{arn}:{}:{}", invoke.task.path.0, invoke.task.scheduled)
}

/// What is answered to a command of an execution in memory: Express workflows have no distributed maps.
pub(super) fn refusal_of(command: Command) -> Option<Signal> {
    let cause = "distributed maps are not supported in Express workflows".to_owned();
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
