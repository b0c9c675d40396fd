//! What the world is asked to do, and what it says back.
//!
//! A command follows from records and may be performed only after these are durable. A signal is the way in for
//! everything that an execution cannot know by itself: results, callbacks, heartbeats, a request to stop.

use serde::{Deserialize, Serialize};

use crate::{
    definition::Resource,
    record::{EventId, PathId},
};

/// One attempt of one Task state; a late answer to an earlier attempt does not fit it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskId {
    /// Where the task runs.
    pub path: PathId,
    /// The id of its scheduled event.
    pub scheduled: EventId,
}

/// What the world is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Call a resource and signal what it answers.
    InvokeTask(InvokeTask),
}

/// A call of a resource.
#[derive(Debug, Clone, PartialEq)]
pub struct InvokeTask {
    /// Names the attempt in the answering signal.
    pub task: TaskId,
    /// What to call.
    pub resource: Resource,
    /// The evaluated arguments, a JSON text.
    pub arguments: String,
    /// The evaluated `Credentials`, a JSON text.
    pub credentials: Option<String>,
    /// The token that completes it, for `.waitForTaskToken` and activities.
    pub token: Option<String>,
    /// How long it may take.
    pub timeout_seconds: Option<u64>,
}

/// What the world says to an execution.
#[derive(Debug, Clone, PartialEq)]
pub enum Signal {
    /// An activity's worker took the task.
    TaskStarted {
        /// Which attempt.
        task: TaskId,
        /// The worker's name.
        worker: Option<String>,
    },
    /// The service took the request; somebody will return the token, or the job will end.
    TaskSubmitted {
        /// Which attempt.
        task: TaskId,
        /// What the service answered, a JSON text.
        output: String,
    },
    /// The call answered.
    TaskSucceeded {
        /// Which attempt.
        task: TaskId,
        /// The result, a JSON text.
        output: String,
    },
    /// The call failed.
    TaskFailed {
        /// Which attempt.
        task: TaskId,
        /// The error name.
        error: Option<String>,
        /// The cause.
        cause: Option<String>,
    },
    /// SendTaskSuccess.
    TokenSucceeded {
        /// The token that was given out.
        token: String,
        /// The result, a JSON text.
        output: String,
    },
    /// SendTaskFailure.
    TokenFailed {
        /// The token that was given out.
        token: String,
        /// The error name.
        error: Option<String>,
        /// The cause.
        cause: Option<String>,
    },
    /// SendTaskHeartbeat.
    TokenHeartbeat {
        /// The token that was given out.
        token: String,
    },
    /// StopExecution.
    Stop {
        /// The error name that the caller gave.
        error: Option<String>,
        /// The cause that the caller gave.
        cause: Option<String>,
    },
}

/// Why a signal changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The execution has ended.
    #[error("the execution has already ended")]
    Ended,
    /// The attempt is not the one that runs: it was answered, timed out, or taken down with its state.
    #[error("no task in flight fits this answer")]
    TaskDoesNotExist,
    /// The token was given out, but nobody waits for it any more.
    #[error("the task of this token has ended or timed out")]
    TaskTimedOut,
    /// The output is not JSON.
    #[error("the output is not valid JSON: {0}")]
    InvalidOutput(String),
}
