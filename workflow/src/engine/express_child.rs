//! Express children of map runs: they run in memory, and only their parent remembers them.
//!
//! Owns that such a child starts once within a run of the engine, and that its end reaches its parent. One that a crash cuts
//! off is started again with its parent. How an execution runs in memory is [`super::express`]'s.

use std::sync::Arc;

use statemachine::{Execution, Identity, StartChild, Status};

use super::{Inner, child::Pin};
use crate::journal::entry::ExecutionId;

impl Inner {
    /// Starts an Express child; its end is told to its parent.
    pub(super) fn start_express_child(self: &Arc<Self>, parent: ExecutionId, pin: Pin, start: StartChild) {
        let (run, index) = (start.run, start.index);
        let inner = Arc::clone(self);
        let task = tokio::spawn(async move {
            let status = inner.run_express_child(pin, start).await;
            inner.family.done((parent, run), index);
            match status {
                // The engine is shutting down.
                Ok(Status::Running) => {}
                Ok(status) => inner.tell_parent(parent, run, index, status),
                Err(error) => tracing::error!(execution = parent, index, "a child is started after a restart: {error}"),
            }
        });
        self.family.stoppable((parent, run), index, task.abort_handle());
    }

    async fn run_express_child(self: &Arc<Self>, pin: Pin, start: StartChild) -> Result<Status, String> {
        let pinned = self.machines.pinned(&self.journal, pin.saved_at)?;
        let identity = Identity {
            // Nobody signals it by its number: it gives out no tokens.
            number: 0,
            execution_arn: start.execution_arn,
            name: start.name,
            state_machine_arn: start.state_machine_arn,
            state_machine_name: start.state_machine_name,
            role_arn: pinned.role_arn.clone(),
        };
        let execution = Execution::child(Arc::clone(&pinned.definition), Arc::new(identity), start.part);
        let ended = self.run_in_memory(execution, &start.input, &pinned, None).await;
        Ok(ended.status().clone())
    }
}
