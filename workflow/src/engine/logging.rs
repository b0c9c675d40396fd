//! Where the events of executions are logged besides their history.
//!
//! Owns when an event is handed over: once it is durable, or in an Express execution at once. What is delivered and how is
//! `delivery`'s.

use std::sync::Arc;

use serde_json::Value;
use statemachine::{Execution, history::History};

use super::{Engine, Inner, error::ApiError, machine::Pinned};
use crate::{delivery::Logging, journal::entry::Origin};

impl Engine {
    /// Whether a `loggingConfiguration` leads to a log group, as far as that can be known now: only what CloudWatch Logs
    /// says does not exist or may not be written to is refused.
    ///
    /// # Errors
    /// InvalidLoggingConfiguration.
    pub async fn check_logging(&self, configuration: &Value) -> Result<(), ApiError> {
        match Logging::parse(configuration) {
            Some(logging) => {
                let checked = self.inner.delivery.check(&logging).await;
                checked.map_err(|why| ApiError::InvalidLoggingConfiguration(why.to_owned()))
            }
            None => Ok(()),
        }
    }
}

impl Inner {
    /// What an execution of this definition logs with: a history to write events from, if they go anywhere.
    pub(super) fn logged(
        &self,
        pinned: &Pinned,
        machine: &str,
        origin: Option<&Origin>,
    ) -> (Option<History>, Option<Arc<Logging>>) {
        let history = || self.blank_history(pinned, machine, origin);
        (pinned.logging.is_some().then(history), pinned.logging.clone())
    }

    /// Hands events over to be delivered.
    pub(super) fn log(&self, execution: &Execution, logging: Option<&Logging>, events: &[Value]) {
        if let Some(logging) = logging {
            let redrives = execution.redrives().len();
            self.delivery.offer(logging, &execution.identity().execution_arn, redrives, events);
        }
    }
}
