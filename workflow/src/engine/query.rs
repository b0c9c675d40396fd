//! Questions about executions: describe, list, history, and waiting for the end.
//!
//! Owns nothing: everything comes from the index and the journal, and shows what is durable.

use std::ops::Range;

use serde_json::Value;
use statemachine::Status;

use super::{
    Engine, Inner,
    arn::{Qualifier, execution_of, target_of},
    error::ApiError,
    page::{self, Page, Paging},
    table::Loaded,
    types::{ExecutionDescription, ExecutionItem, ExecutionStatus},
};
use crate::{
    index::ExecutionRow,
    journal::entry::{ExecutionId, Origin},
};

impl Engine {
    /// DescribeExecution.
    ///
    /// # Errors
    /// InvalidArn, ExecutionDoesNotExist.
    pub async fn describe_execution(&self, arn: &str) -> Result<ExecutionDescription, ApiError> {
        self.inner.describe_execution(arn)
    }

    /// ListExecutions of a machine, or of what was started with one of its versions or aliases, the latest start first.
    ///
    /// # Errors
    /// InvalidArn, StateMachineDoesNotExist, StateMachineTypeNotSupported, InvalidPage.
    pub async fn list_executions(
        &self,
        state_machine_arn: &str,
        status: Option<ExecutionStatus>,
        paging: Paging,
    ) -> Result<Page<ExecutionItem>, ApiError> {
        let inner = &self.inner;
        let (machine, qualifier) = target_of(state_machine_arn)?;
        let saved = inner.target(state_machine_arn)?.saved;
        if saved.machine.express {
            return Err(ApiError::StateMachineTypeNotSupported);
        }
        let meant = |origin: Option<&Origin>| match qualifier {
            None => true,
            Some(Qualifier::Version(number)) => origin.is_some_and(|origin| origin.version() == number),
            Some(Qualifier::Alias(name)) => origin.and_then(Origin::alias) == Some(name),
        };
        let list = format!("executions {state_machine_arn} {}", status.map_or("", ExecutionStatus::name));
        let before = match paging.after(&list)? {
            Some(key) => key.parse().map_err(|_| ApiError::InvalidPage)?,
            None => ExecutionId::MAX,
        };
        // A machine of this name may have been deleted; what it ran does not belong to this one.
        let wanted = |row: &ExecutionRow| {
            let fits = status.is_none_or(|status| status == row.status) && meant(row.origin.as_ref());
            (row.started >= saved.machine.created).then_some(fits)
        };
        let limit = paging.limit();
        let mut rows = inner
            .index
            .list(machine, before, limit + 1, &wanted)
            .map_err(|error| ApiError::Unavailable(error.to_string()))?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_token = rows.last().filter(|_| more).map(|(number, _)| page::token(&list, &number.to_string()));
        let items = rows.into_iter().map(|(_, row)| inner.item(machine, row)).collect();
        Ok(Page { items, next_token })
    }

    /// GetExecutionHistory: all events in order, each in the API's shape. Paging and reversal are the caller's.
    ///
    /// # Errors
    /// InvalidArn, ExecutionDoesNotExist.
    pub async fn get_execution_history(&self, arn: &str) -> Result<Vec<Value>, ApiError> {
        let (number, row) = self.inner.find(arn)?;
        let (_, events) = self.inner.history(number, row.head).map_err(ApiError::Unavailable)?;
        Ok(events)
    }

    /// GetExecutionHistory, a part of it: `window` is told how many events there are and says which are wanted, counted from 0.
    ///
    /// # Errors
    /// InvalidArn, ExecutionDoesNotExist.
    pub async fn execution_events(
        &self,
        arn: &str,
        window: impl FnOnce(u64) -> Range<u64>,
    ) -> Result<Vec<Value>, ApiError> {
        let (number, row) = self.inner.find(arn)?;
        self.inner.events(number, row.head, window).map_err(ApiError::Unavailable)
    }

    /// Completes when the execution has ended, and answers how.
    ///
    /// # Errors
    /// InvalidArn, ExecutionDoesNotExist; Unavailable when the engine stops first.
    pub async fn wait_until_ended(&self, arn: &str) -> Result<ExecutionDescription, ApiError> {
        let (number, _) = self.inner.find(arn)?;
        self.inner.until_ended(number).await?;
        self.inner.describe_execution(arn)
    }
}

impl Inner {
    /// The execution of this ARN, with its last durable batch.
    pub(super) fn find(&self, arn: &str) -> Result<(ExecutionId, ExecutionRow), ApiError> {
        let (machine, name) = execution_of(arn)?;
        let found = self.index.find(machine, name).map_err(|error| ApiError::Unavailable(error.to_string()))?;
        let (number, row) = found.ok_or_else(|| ApiError::ExecutionDoesNotExist(arn.to_owned()))?;
        Ok((number, self.latest(number, row)))
    }

    /// The index need not know the last batch of an execution that runs; the table does, after the first one.
    fn latest(&self, number: ExecutionId, row: ExecutionRow) -> ExecutionRow {
        match self.table.head(number) {
            Some(head) if row.stopped.is_none() && head > row.head => ExecutionRow { head, ..row },
            _ => row,
        }
    }

    fn describe_execution(&self, arn: &str) -> Result<ExecutionDescription, ApiError> {
        let (number, row) = self.find(arn)?;
        let (machine, _) = execution_of(arn)?;
        let loaded = self.load(number, row.head).map_err(ApiError::Unavailable)?;
        let not_redrivable = self.not_redrivable(&loaded);
        let Loaded { execution, trace_header, kin, .. } = loaded;
        let status = status_of(execution.status());
        // What was read may be newer than the row.
        let item = ExecutionItem {
            status,
            stop_date: execution.ended_at(),
            redrive_count: execution.redrives().len() as u32,
            redrive_date: execution.redrives().last().map(|redrive| redrive.at),
            ..self.item(machine, row)
        };
        let input = execution.input().to_owned();
        let role_arn = execution.identity().role_arn.clone();
        let (output, error, cause) = match execution.status().clone() {
            Status::Running => (None, None, None),
            Status::Succeeded { output } => (Some(output), None, None),
            // That it was too late is the status; only the history repeats it as an error.
            Status::TimedOut { .. } => (None, None, None),
            Status::Failed { error, cause } | Status::Aborted { error, cause } => (None, error, cause),
        };
        let map_run_arn = kin.map(|kin| kin.map_run_arn.clone());
        Ok(ExecutionDescription {
            item,
            input,
            output,
            error,
            cause,
            role_arn,
            trace_header,
            map_run_arn,
            not_redrivable,
        })
    }

    pub(super) fn item(&self, machine: &str, row: ExecutionRow) -> ExecutionItem {
        ExecutionItem {
            execution_arn: self.naming.execution(machine, &row.name),
            state_machine_arn: self.naming.state_machine(machine),
            name: row.name,
            status: row.status,
            start_date: row.started,
            stop_date: row.stopped,
            version_arn: row.origin.as_ref().map(|origin| self.naming.version(machine, origin.version())),
            alias_arn: row.origin.as_ref().and_then(Origin::alias).map(|alias| self.naming.alias(machine, alias)),
            redrive_count: row.redrives,
            redrive_date: row.redriven,
        }
    }
}

/// The name of a status.
pub(super) fn status_of(status: &Status) -> ExecutionStatus {
    match status {
        Status::Running => ExecutionStatus::Running,
        Status::Succeeded { .. } => ExecutionStatus::Succeeded,
        Status::Failed { .. } => ExecutionStatus::Failed,
        Status::TimedOut { .. } => ExecutionStatus::TimedOut,
        Status::Aborted { .. } => ExecutionStatus::Aborted,
    }
}
