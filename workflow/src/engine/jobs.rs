//! The jobs that tasks wait for (`.sync`), and who is told when nobody waits for one any more.
//!
//! Owns the list of those that run. What is done about a job that was given up (an execution is stopped, a container too) is its
//! integration's, and best effort: a crash in between leaves the job running, as with Step Functions.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use statemachine::{Execution, InvokeTask, TaskId, definition::Pattern};

use crate::{journal::entry::ExecutionId, task::GivenUp};

/// The jobs that are waited for.
#[derive(Default)]
pub(super) struct Jobs {
    running: Mutex<HashMap<ExecutionId, HashMap<TaskId, GivenUp>>>,
    /// Executions in `running`, so that all others pass by without a lock.
    count: AtomicUsize,
}

/// A job, from before its call until after its end.
pub(super) struct Job {
    jobs: Arc<Jobs>,
    execution: ExecutionId,
    task: TaskId,
    pub(super) given_up: GivenUp,
}

impl Jobs {
    /// Notes a job; `None` when the call is none.
    pub(super) fn begin(self: &Arc<Self>, execution: ExecutionId, invoke: &InvokeTask) -> Option<Job> {
        if !matches!(invoke.resource.pattern, Pattern::Sync | Pattern::Sync2) {
            return None;
        }
        let given_up = GivenUp::default();
        let mut running = self.lock();
        running.entry(execution).or_default().insert(invoke.task, given_up.clone());
        self.count.store(running.len(), Ordering::Release);
        Some(Job { jobs: Arc::clone(self), execution, task: invoke.task, given_up })
    }

    /// Gives up those jobs that an execution does not wait for after its turn.
    pub(super) fn settle(&self, number: ExecutionId, execution: &Execution) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        if let Some(tasks) = self.lock().get(&number) {
            tasks.iter().filter(|(task, _)| !execution.awaits(**task)).for_each(|(_, given_up)| given_up.give_up());
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ExecutionId, HashMap<TaskId, GivenUp>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let mut running = self.jobs.lock();
        if let Some(tasks) = running.get_mut(&self.execution) {
            tasks.remove(&self.task);
            if tasks.is_empty() {
                running.remove(&self.execution);
            }
        }
        self.jobs.count.store(running.len(), Ordering::Release);
    }
}
