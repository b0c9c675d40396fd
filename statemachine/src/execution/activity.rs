//! The tasks that wait for an activity's worker, and what the worker is given.
//!
//! Owns no decision: a task is offered from its scheduling until [`crate::Signal::TaskStarted`] says that a worker took it. Nothing
//! is called for it, so no command speaks of it; the engine reads here, after each turn, what there is to offer.

use crate::{
    command::TaskId,
    definition::{ResourceKind, StateKind},
    execution::Execution,
    record::{Millis, PathId},
};

/// A task that waits for a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Names the attempt in the signal that a worker took it.
    pub task: TaskId,
    /// The activity's ARN, as the state names it.
    pub activity: String,
    /// Since when it waits.
    pub scheduled_at: Millis,
}

/// What a worker is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// What it returns the result with.
    pub token: String,
    /// The task's input, a JSON text.
    pub input: String,
}

impl Execution {
    /// The tasks that no worker has taken yet.
    pub fn offers(&self) -> impl Iterator<Item = Offer> {
        let waiting = self.tasks().filter(|(_, run)| !run.started);
        waiting.filter_map(|(path, run)| {
            let activity = self.activity_of(path)?.to_owned();
            let task = TaskId { path, scheduled: run.scheduled };
            Some(Offer { task, activity, scheduled_at: run.scheduled_at })
        })
    }

    /// What the worker that took a task is given; `None` when it is not in progress any more.
    #[must_use]
    pub fn assignment(&self, task: TaskId) -> Option<Assignment> {
        let run = self.task(task)?;
        Some(Assignment { token: run.token.clone()?, input: self.payloads.get(run.arguments).to_owned() })
    }

    /// The activity that a path's state names.
    fn activity_of(&self, path: PathId) -> Option<&str> {
        let visit = self.paths.get(&path)?.visit.as_ref()?;
        match &self.definition.state(visit.state).kind {
            StateKind::Task(task) if task.resource.kind == ResourceKind::Activity => Some(&task.resource.arn),
            _ => None,
        }
    }
}
