//! What comes from outside to an execution that runs: callbacks with a task token, and StopExecution.
//!
//! Owns what a token that does not fit is told. Whether it fits is the execution's word.

use std::sync::{Arc, atomic::Ordering};

use statemachine::{Millis, Refused, Signal, token::Token};

use super::{
    Engine, Inner, arn::execution_of, drive::DriveError, error::ApiError, start::LARGEST_PAYLOAD,
    types::ExecutionStatus,
};
use crate::journal::entry::ExecutionId;

impl Engine {
    /// SendTaskSuccess.
    ///
    /// # Errors
    /// InvalidToken, InvalidOutput, TaskDoesNotExist, TaskTimedOut.
    pub async fn send_task_success(&self, token: &str, output: String) -> Result<(), ApiError> {
        if output.len() > LARGEST_PAYLOAD {
            return Err(ApiError::InvalidOutput(format!(
                "the output has {} bytes, at most {LARGEST_PAYLOAD} are allowed",
                output.len()
            )));
        }
        self.send(token, Signal::TokenSucceeded { token: token.to_owned(), output }).await
    }

    /// SendTaskFailure.
    ///
    /// # Errors
    /// InvalidToken, TaskDoesNotExist, TaskTimedOut.
    pub async fn send_task_failure(
        &self,
        token: &str,
        error: Option<String>,
        cause: Option<String>,
    ) -> Result<(), ApiError> {
        self.send(token, Signal::TokenFailed { token: token.to_owned(), error, cause }).await
    }

    /// SendTaskHeartbeat.
    ///
    /// # Errors
    /// InvalidToken, TaskDoesNotExist, TaskTimedOut.
    pub async fn send_task_heartbeat(&self, token: &str) -> Result<(), ApiError> {
        self.send(token, Signal::TokenHeartbeat { token: token.to_owned() }).await
    }

    /// StopExecution: answers when it stopped; one that has ended stays as it is.
    ///
    /// # Errors
    /// InvalidArn, ExecutionDoesNotExist.
    pub async fn stop_execution(
        &self,
        arn: &str,
        error: Option<String>,
        cause: Option<String>,
    ) -> Result<Millis, ApiError> {
        execution_of(arn)?;
        let arn = arn.to_owned();
        self.detached(|inner| async move { inner.stop(&arn, error, cause).await }).await
    }

    async fn send(&self, token: &str, signal: Signal) -> Result<(), ApiError> {
        let number = self.inner.addressed(token)?;
        self.detached(move |inner| async move { inner.drive(number, Some(signal)).await.map_err(refusal) }).await
    }
}

impl Inner {
    /// The execution that a token names.
    fn addressed(&self, token: &str) -> Result<ExecutionId, ApiError> {
        let token = Token::parse(token).ok_or_else(|| ApiError::InvalidToken("Invalid token".into()))?;
        if token.execution == 0 || token.execution >= self.next_execution.load(Ordering::Relaxed) {
            return Err(ApiError::TaskDoesNotExist("no execution of this engine gave out this token".into()));
        }
        Ok(token.execution)
    }

    async fn stop(
        self: Arc<Self>,
        arn: &str,
        error: Option<String>,
        cause: Option<String>,
    ) -> Result<Millis, ApiError> {
        let (number, _) = self.find(arn)?;
        match self.drive(number, Some(Signal::Stop { error, cause })).await {
            Ok(()) | Err(DriveError::NotRunning | DriveError::Refused(Refused::Ended)) => {
                let (_, row) = self.find(arn)?;
                Ok(row.stopped.unwrap_or(row.started))
            }
            Err(other) => Err(refusal(other)),
        }
    }

    /// Aborts what runs of a machine that was deleted.
    pub(super) async fn abort_all(self: &Arc<Self>, machine: &str, created: Millis) {
        let mut before = ExecutionId::MAX;
        loop {
            let wanted = |row: &crate::index::ExecutionRow| {
                (row.started >= created).then_some(row.status == ExecutionStatus::Running)
            };
            let page = match self.index.list(machine, before, ABORTED_AT_ONCE, &wanted) {
                Ok(page) => page,
                Err(error) => {
                    tracing::error!(machine, "cannot find what runs of a deleted state machine: {error}");
                    return;
                }
            };
            let Some((last, _)) = page.last() else { return };
            before = *last;
            futures::future::join_all(page.iter().map(|(number, _)| self.abort(*number))).await;
        }
    }

    /// Aborts an execution because its machine was deleted; one that has ended stays as it is.
    pub(super) async fn abort(self: &Arc<Self>, number: ExecutionId) {
        let cause = Some("the state machine was deleted".to_owned());
        match self.drive(number, Some(Signal::Stop { error: None, cause })).await {
            Ok(()) | Err(DriveError::NotRunning | DriveError::Refused(_)) => {}
            Err(error) => tracing::error!(execution = number, "it is aborted after a restart: {error}"),
        }
    }
}

/// What a caller with a token is told.
fn refusal(error: DriveError) -> ApiError {
    match error {
        DriveError::NotRunning | DriveError::Refused(Refused::Ended | Refused::TaskTimedOut) => {
            ApiError::TaskTimedOut("Provided task does not exist anymore".into())
        }
        DriveError::Refused(Refused::TaskDoesNotExist | Refused::MapRunDoesNotExist) => {
            ApiError::TaskDoesNotExist("no task of this engine has this token".into())
        }
        DriveError::Refused(Refused::NotRedrivable(why)) => ApiError::ExecutionNotRedrivable(why.to_owned()),
        DriveError::Refused(Refused::InvalidOutput(why)) => ApiError::InvalidOutput(why),
        DriveError::Unavailable(why) => ApiError::Unavailable(why),
    }
}

const ABORTED_AT_ONCE: usize = 256;
