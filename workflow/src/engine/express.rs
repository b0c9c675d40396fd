//! Express executions: in memory from the start to the end, within five minutes, without a history to read afterwards.
//!
//! Owns both ways to start one. A synchronous one runs at most once: what a crash cuts off is gone. Of an asynchronous one
//! the start is journalled: after a crash it runs again from the beginning, so that it runs at least once.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use futures::FutureExt;
use serde_json::Value;
use statemachine::{Advance, Command, Execution, Identity, Millis, Record, Signal, Status, history::History};
use tokio::{
    sync::mpsc::{UnboundedSender, unbounded_channel},
    task::JoinSet,
};

use super::{
    Engine, Inner,
    arn::{check_name, target_of},
    drive::{key_of, refusal_of},
    error::ApiError,
    machine::Pinned,
    query::status_of,
    start::check_input,
    types::{Progress, StartExecution, Started, SyncExecution},
};
use crate::{
    delivery::Logging,
    journal::entry::{Born, ExecutionId, Express, Head, Offset, Origin},
};

impl Engine {
    /// StartSyncExecution: answers when the execution has ended, well or badly.
    ///
    /// # Errors
    /// InvalidArn, InvalidName, InvalidExecutionInput, StateMachineDoesNotExist, StateMachineDeleting,
    /// StateMachineTypeNotSupported.
    pub async fn start_sync_execution(&self, start: StartExecution) -> Result<SyncExecution, ApiError> {
        self.detached(|inner| async move { inner.run_to_the_end(start).await }).await
    }
}

impl Inner {
    /// StartExecution of an Express machine; the start is durable when it answers.
    pub(super) async fn start_express(self: &Arc<Self>, start: StartExecution) -> Result<Started, ApiError> {
        let express = self.accept_express(start)?;
        self.append(Head::ExpressStarted(Box::new(express.clone())), &[]).await?;
        let execution_arn = self.naming.express(&express.machine, &express.born.name, &express.id);
        let start_date = express.at;
        tokio::spawn(Arc::clone(self).run_in_the_background(express));
        Ok(Started { execution_arn, start_date })
    }

    /// Runs again what a crash cut off.
    pub(super) fn resume_express(self: &Arc<Self>, runs: BTreeMap<ExecutionId, Offset>) {
        for (number, at) in runs {
            match self.journal.read(at).map(|entry| entry.head) {
                Ok(Head::ExpressStarted(express)) => {
                    tokio::spawn(Arc::clone(self).run_in_the_background(*express));
                }
                Ok(_) => tracing::error!(execution = number, "the journal holds no Express execution at offset {at}"),
                Err(error) => tracing::error!(execution = number, "an Express execution cannot be read back: {error}"),
            }
        }
    }

    /// Runs an execution in memory until it ends, or until the engine closes: then it is answered as it stands, running.
    pub(super) async fn run_in_memory(
        self: &Arc<Self>,
        mut execution: Execution,
        input: &str,
        pinned: &Pinned,
        origin: Option<&Origin>,
    ) -> Execution {
        let number = execution.identity().number;
        let (signals, mut inbox) = unbounded_channel();
        // What is still called when the execution ends is given up with the set.
        let mut calls = JoinSet::new();
        let logging = pinned.logging.as_deref();
        let mut told = (self.has_followers() || logging.is_some())
            .then(|| self.blank_history(pinned, &execution.identity().state_machine_name, origin));
        let mut advance = self.decide_first(&mut execution, input);
        loop {
            let Advance { records, commands } = advance;
            if let Some(history) = &mut told {
                self.tell_of(&execution, history, logging, &records);
            }
            if !execution.is_running() {
                return execution;
            }
            let arn = execution.identity().execution_arn.clone();
            commands.into_iter().for_each(|command| self.call_in_memory(&arn, command, &signals, &mut calls));
            advance = loop {
                let due = execution.next_due().unwrap_or(Millis::MAX);
                let closing = self.watchers.closing.notified();
                tokio::pin!(closing);
                closing.as_mut().enable();
                if self.is_closing() {
                    return execution;
                }
                let signal = if execution.can_go_on() {
                    tokio::task::yield_now().await;
                    None
                } else {
                    tokio::select! {
                        signal = inbox.recv() => signal,
                        () = self.clock.sleep_until(due) => None,
                        () = closing => None,
                    }
                };
                match self.decide(&mut execution, signal) {
                    Ok(advance) if !advance.records.is_empty() => break advance,
                    Ok(_) => {}
                    Err(why) => tracing::debug!(execution = number, "a late answer: {why}"),
                }
            };
        }
    }

    async fn run_to_the_end(self: Arc<Self>, start: StartExecution) -> Result<SyncExecution, ApiError> {
        let Express { machine, input, born, id, execution, origin, .. } = self.accept_express(start)?;
        let (execution, pinned) = self.express_execution(execution, &machine, &born, &id)?;
        let execution = self.run_in_memory(execution, &input, &pinned, origin.as_ref()).await;
        let (start_date, stop_date) = (execution.started_at(), execution.latest());
        let (output, error, cause) = match execution.status().clone() {
            Status::Running => return Err(ApiError::Unavailable("the engine is shutting down".into())),
            Status::Succeeded { output } => (Some(output), None, None),
            Status::Failed { error, cause } | Status::TimedOut { error, cause } | Status::Aborted { error, cause } => {
                (None, error, cause)
            }
        };
        Ok(SyncExecution {
            execution_arn: execution.identity().execution_arn.clone(),
            state_machine_arn: self.naming.state_machine(&machine),
            name: born.name,
            status: status_of(execution.status()),
            start_date,
            stop_date,
            input,
            output,
            error,
            cause,
            trace_header: born.trace_header,
            billed_millis: billed(stop_date - start_date),
            billed_megabytes: BILLED_MEGABYTES,
        })
    }

    async fn run_in_the_background(self: Arc<Self>, express: Express) {
        let Express { execution: number, machine, input, born, id, origin, .. } = express;
        match self.express_execution(number, &machine, &born, &id) {
            Ok((execution, pinned)) => {
                if self.run_in_memory(execution, &input, &pinned, origin.as_ref()).await.is_running() {
                    return;
                }
            }
            Err(error) => tracing::error!(execution = number, "an Express execution cannot run: {error}"),
        }
        let ended = Head::ExpressEnded { execution: number, at: self.clock.now() };
        if let Err(error) = self.append(ended, &[]).await {
            tracing::warn!(execution = number, "it runs again after a restart: {error}");
        }
    }

    /// Checks a start, and draws what is to be drawn for it.
    fn accept_express(&self, start: StartExecution) -> Result<Express, ApiError> {
        let StartExecution { state_machine_arn, name, input, trace_header } = start;
        let input = input.unwrap_or_else(|| "{}".to_owned());
        check_input(&input)?;
        name.as_deref().map(check_name).transpose()?;
        let machine = target_of(&state_machine_arn)?.0.to_owned();
        let target = self.target(&state_machine_arn)?;
        if target.saved.deleted.is_some() {
            return Err(ApiError::StateMachineDeleting(state_machine_arn));
        }
        if !target.saved.machine.express {
            return Err(ApiError::StateMachineTypeNotSupported);
        }
        let pinned = self.machines.pinned(&self.journal, target.saved_at).map_err(ApiError::Unavailable)?;
        let uuid = || uuid::Uuid::new_v4().to_string();
        let name = name.unwrap_or_else(uuid);
        Ok(Express {
            execution: self.next_execution.fetch_add(1, Ordering::Relaxed),
            machine,
            born: Born { name, definition: pinned.hash, saved_at: target.saved_at, trace_header },
            origin: target.origin,
            id: uuid(),
            input,
            at: self.clock.now(),
        })
    }

    fn express_execution(
        &self,
        number: ExecutionId,
        machine: &str,
        born: &Born,
        id: &str,
    ) -> Result<(Execution, Arc<Pinned>), ApiError> {
        let pinned = self.machines.pinned(&self.journal, born.saved_at).map_err(ApiError::Unavailable)?;
        let execution_arn = self.naming.express(machine, &born.name, id);
        let identity = Identity { execution_arn, ..self.identity(number, machine, &born.name, &pinned) };
        let execution = Execution::express(Arc::clone(&pinned.definition), Arc::new(identity));
        Ok((execution, pinned))
    }

    /// Does what an execution in memory wants done; what comes of it arrives as a signal.
    fn call_in_memory(
        self: &Arc<Self>,
        arn: &str,
        command: Command,
        signals: &UnboundedSender<Signal>,
        calls: &mut JoinSet<()>,
    ) {
        match command {
            Command::InvokeTask(invoke) => {
                let (inner, signals, arn) = (Arc::clone(self), signals.clone(), arn.to_owned());
                let key = key_of(&arn, &invoke);
                calls.spawn(async move {
                    // Nobody hears an answer after the end.
                    let tell = |signal| {
                        let _ = signals.send(signal);
                        async {}.boxed()
                    };
                    inner.call(&arn, invoke, key, None, &tell).await;
                });
            }
            other => {
                if let Some(signal) = refusal_of(other) {
                    let _ = signals.send(signal);
                }
            }
        }
    }

    fn tell_of(&self, execution: &Execution, history: &mut History, logging: Option<&Logging>, records: &[Record]) {
        let at = execution.latest();
        let events: Vec<Value> = records.iter().filter_map(|record| history.push(at, record)).collect();
        self.log(execution, logging, &events);
        let execution_arn = execution.identity().execution_arn.clone();
        self.publish(Progress { execution_arn, status: status_of(execution.status()), events });
    }
}

/// What is billed for a duration: whole tenths of a second, one at least.
fn billed(millis: Millis) -> u64 {
    millis.max(1).unsigned_abs().div_ceil(100) * 100
}

/// The least memory that is billed; what an execution takes here is not measured.
const BILLED_MEGABYTES: u64 = 64;
