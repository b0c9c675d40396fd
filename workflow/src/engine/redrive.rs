//! RedriveExecution: an execution that ended badly comes back and goes on.
//!
//! Owns who may come back and the idempotence of the request. Where it goes on is `statemachine`'s; that it runs again is a
//! batch like any other, durable before anything happens.

use std::sync::Arc;

use statemachine::{Execution, Millis, Refused, Signal, record::Event, record::Record};

use super::{
    Engine, Inner,
    arn::execution_of,
    error::ApiError,
    table::{Live, Loaded},
};
use crate::journal::entry::ExecutionId;

impl Engine {
    /// RedriveExecution: answers when it was redriven. The same client token within 15 minutes answers the same.
    ///
    /// # Errors
    /// InvalidArn, ExecutionDoesNotExist, ExecutionNotRedrivable.
    pub async fn redrive_execution(&self, arn: &str, client_token: Option<String>) -> Result<Millis, ApiError> {
        let arn = arn.to_owned();
        self.detached(|inner| async move { inner.redrive(&arn, client_token).await }).await
    }
}

impl Inner {
    async fn redrive(self: Arc<Self>, arn: &str, client_token: Option<String>) -> Result<Millis, ApiError> {
        let (machine, name) = execution_of(arn)?;
        // Starts and redrives under one name go one after the other.
        let turn = self.names.turn(&self.naming.execution(machine, name));
        let _turn = turn.lock().await;
        let (number, row) = self.find(arn)?;
        let loaded = Box::new(self.load(number, row.head).map_err(ApiError::Unavailable)?);
        if let Some(at) = already(&loaded.execution, client_token.as_deref(), self.clock.now()) {
            return Ok(at);
        }
        if let Some(why) = self.not_redrivable(&loaded) {
            return Err(ApiError::ExecutionNotRedrivable(why.to_owned()));
        }
        self.settle_children(number, &loaded.execution).await;
        self.go_on(number, loaded, client_token).await
    }

    /// Redrives an execution that has ended, whoever may ask for it; answers when.
    pub(super) async fn go_on(
        self: &Arc<Self>,
        number: ExecutionId,
        mut loaded: Box<Loaded>,
        client_token: Option<String>,
    ) -> Result<Millis, ApiError> {
        let now = self.clock.now();
        let advance = self.decide(&mut loaded.execution, Some(Signal::Redrive { client_token }));
        let advance = advance.map_err(|refused| match refused {
            Refused::NotRedrivable(why) => ApiError::ExecutionNotRedrivable(why.to_owned()),
            other => ApiError::Unavailable(other.to_string()),
        })?;
        let redriven = loaded.execution.redrives().last().map_or(now, |redrive| redrive.at);

        // As with a start: in the table before it is durable, and locked.
        let live = Arc::new(Live::default());
        let mut guard = live.loaded.lock().await;
        self.table.insert_live(number, Arc::clone(&live));
        if let Err(error) = self.commit(number, &mut loaded, None, &advance.records).await {
            self.table.remove(number);
            return Err(error);
        }
        let pin = loaded.pin;
        let arn = self.put_back(number, &live, &mut guard, loaded);
        drop(guard);
        self.perform(number, &arn, pin, advance.commands);
        Ok(redriven)
    }

    /// Why an execution cannot be redriven; `None` when it can.
    pub(super) fn not_redrivable(&self, loaded: &Loaded) -> Option<&'static str> {
        let execution = &loaded.execution;
        let machine = self.machines.get(&execution.identity().state_machine_name);
        match execution.not_redrivable(self.clock.now()) {
            Some(why) => Some(why),
            None if loaded.kin.is_some() => Some("Execution was started by a Map Run and can only be redriven by it"),
            None if machine.is_none_or(|saved| saved.deleted.is_some()) => Some("State machine is in DELETING status"),
            None => None,
        }
    }
}

/// How often an execution was redriven once these records are durable, if they say so.
pub(super) fn count_in(records: &[Record]) -> Option<u32> {
    records.iter().find_map(|record| match record {
        Record::Event { event: Event::ExecutionRedriven { count, .. }, .. } => Some(*count),
        _ => None,
    })
}

/// When a request with this token redrove the execution.
fn already(execution: &Execution, client_token: Option<&str>, now: Millis) -> Option<Millis> {
    let known = execution.redrives().iter().rev().take(TOKENS_KEPT);
    let mut recent = known.filter(|redrive| now.saturating_sub(redrive.at) < TOKEN_LIFE);
    recent.find(|redrive| client_token.is_some() && redrive.client_token.as_deref() == client_token).map(|it| it.at)
}

/// How many client tokens of an execution are remembered.
const TOKENS_KEPT: usize = 10;

/// How long a client token is remembered.
const TOKEN_LIFE: Millis = 15 * 60 * 1000;
