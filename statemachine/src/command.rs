//! What the world is asked to do, and what it says back.
//!
//! A command follows from records and may be performed only after these are durable. A signal is the way in for
//! everything that an execution cannot know by itself: results, callbacks, heartbeats, a request to stop.

use serde::{Deserialize, Serialize};

use crate::{
    definition::{BlockId, Resource},
    execution::Status,
    items::{Items, Reader, ResultObject},
    record::{EventId, Millis, PathId},
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
    /// Read the data set of a map run; answered by [`Signal::ItemsRead`] or [`Signal::ItemsFailed`].
    ReadItems(Box<ReadItems>),
    /// Start a child execution; its end is told by [`Signal::ChildEnded`].
    StartChild(Box<StartChild>),
    /// Write the results of a map run; answered by [`Signal::ResultsWritten`] or [`Signal::ResultsFailed`].
    WriteResults(WriteResults),
    /// Stop the children of a map run that are still running; nothing answers.
    AbortChildren(AbortChildren),
}

/// One run of a distributed Map; a retry of the state is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MapRunId {
    /// The path of the Map state.
    pub path: PathId,
    /// The id of its `MapRunStarted` event.
    pub started: EventId,
}

/// Reading a data set, as [`crate::items::Reading`] goes about it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadItems {
    /// Names the map run in the answering signal.
    pub run: MapRunId,
    /// What to read.
    pub reader: Reader,
}

/// The start of a child execution of a map run.
///
/// The same child may be asked for again after a crash, with the same ARN: one that was started already is left to
/// itself, and its end is told again if it has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct StartChild {
    /// Names the map run in the signal that tells the child's end.
    pub run: MapRunId,
    /// The child's place among its siblings; names the child in that signal.
    pub index: u64,
    /// The ARN of the map run.
    pub map_run_arn: String,
    /// The child's ARN.
    pub execution_arn: String,
    /// The child's name.
    pub name: String,
    /// The ARN of the machine that the child runs, with the label of the Map state.
    pub state_machine_arn: String,
    /// The name of that machine, with the label.
    pub state_machine_name: String,
    /// The part of the parent's definition that the child runs.
    pub part: Part,
    /// How many items the child has.
    pub items: u64,
    /// The child's input, a JSON text.
    pub input: String,
    /// How often the map run has redriven it; a Standard child goes on from where it failed.
    pub redrives: u32,
    /// When it was started, or redriven the last time.
    pub since: Millis,
}

/// The part of a definition that a child execution runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Part {
    /// The processor of the Map state.
    pub block: BlockId,
    /// Whether it runs as an Express workflow.
    pub express: bool,
}

/// The export of a map run's results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteResults {
    /// Names the map run in the answering signal.
    pub run: MapRunId,
    /// The bucket.
    pub bucket: String,
    /// What to put there, in this order.
    pub objects: Vec<ResultObject>,
}

/// Children of a map run that has failed or was taken down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbortChildren {
    /// Which map run.
    pub run: MapRunId,
    /// Its ARN.
    pub map_run_arn: String,
    /// The ARNs of the children that were running.
    pub execution_arns: Vec<String>,
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
    /// The data set of a map run was read.
    ItemsRead {
        /// Which map run.
        run: MapRunId,
        /// What it holds.
        items: Items,
    },
    /// The data set of a map run could not be read.
    ItemsFailed {
        /// Which map run.
        run: MapRunId,
        /// Why.
        cause: String,
    },
    /// A child execution of a map run ended.
    ChildEnded {
        /// Which map run.
        run: MapRunId,
        /// Which child.
        index: u64,
        /// How it ended.
        status: Status,
    },
    /// The results of a map run were written.
    ResultsWritten {
        /// Which map run.
        run: MapRunId,
    },
    /// The results of a map run could not be written.
    ResultsFailed {
        /// Which map run.
        run: MapRunId,
        /// Why.
        cause: String,
    },
    /// UpdateMapRun; what is `None` stays as it is.
    UpdateMapRun {
        /// Which map run.
        run: MapRunId,
        /// How many children may run at once; 0 is no limit.
        concurrency: Option<u64>,
        /// How many items may fail.
        tolerated_count: Option<u64>,
        /// How many items of a hundred may fail.
        tolerated_percentage: Option<f64>,
    },
    /// RedriveExecution, of an execution that has ended.
    Redrive {
        /// What tells the caller's request from another one.
        client_token: Option<String>,
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
    /// The map run is not one that runs, or the child has already been accounted for.
    #[error("no map run or child in progress fits this answer")]
    MapRunDoesNotExist,
    /// The output is not JSON.
    #[error("the output is not valid JSON: {0}")]
    InvalidOutput(String),
    /// The execution does not stand so that it could be redriven.
    #[error("{0}")]
    NotRedrivable(&'static str),
}
