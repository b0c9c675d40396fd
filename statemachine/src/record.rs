//! What happened to an execution: the engine's own facts, as the journal keeps them.
//!
//! A record carries every evaluated result (output, chosen next state, drawn delay, deadline), so that applying it
//! never evaluates an expression again. A payload is its own record and is stored once; everything else names it by
//! number. An [`Event`] becomes exactly one event of the Step Functions history; its id is its place among the
//! events of the execution, and `previous` is the id that the history shows as `previousEventId`.
//!
//! INVARIANT: these types are written by bincode; a change of shape is a new journal format version.

use serde::{Deserialize, Serialize};

use crate::definition::StateId;

/// Unix time in milliseconds.
pub type Millis = i64;

/// The id of a history event, counted from 1; 0 is "none".
pub type EventId = u64;

/// The number of a payload of the execution, in the order of its [`Record::Payload`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PayloadId(pub u32);

/// One line of control: the execution itself (0), a Parallel branch, a Map iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PathId(pub u32);

/// One fact about an execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// A JSON text that later records name; the first is payload 0.
    Payload(String),
    /// Something that the history shows.
    Event {
        /// Where it happened.
        path: PathId,
        /// The event that it follows.
        previous: EventId,
        /// What happened.
        event: Event,
    },
    /// A Wait state sleeps.
    Slept {
        /// Which path.
        path: PathId,
        /// Until when.
        until: Millis,
    },
    /// A retrier took a failure; the state begins again when the delay is over.
    RetryPlanned {
        /// Which path.
        path: PathId,
        /// The place of the retrier in the state's `Retry`.
        retrier: u32,
        /// When the state begins again.
        until: Millis,
    },
    /// A worker reported that it is alive.
    Heartbeat {
        /// Which path.
        path: PathId,
        /// When the next heartbeat is due.
        due: Millis,
    },
    /// A state failed in a way that the history does not show by itself.
    Broke {
        /// Which path.
        path: PathId,
        /// How.
        failure: Failure,
    },
    /// A branch or an iteration failed and took its Parallel or Map state down; its siblings are gone.
    Fell {
        /// The path of the Parallel or Map state.
        path: PathId,
        /// The last event of the failed child.
        last: EventId,
        /// How.
        failure: Failure,
    },
    /// The items of a map run were read.
    ItemsRead {
        /// The path of the Map state.
        path: PathId,
        /// An array of items, or an object whose fields are the items.
        items: PayloadId,
        /// From which item on they come from which place.
        sources: Vec<(u64, String)>,
    },
    /// A map run starts a child execution, on the items that follow those of the child before.
    ChildStarted {
        /// The path of the Map state.
        path: PathId,
        /// Its place among the children.
        index: u64,
        /// How many items it takes.
        items: u64,
        /// Its input.
        input: PayloadId,
    },
    /// A child execution of a map run ended.
    ChildEnded {
        /// The path of the Map state.
        path: PathId,
        /// Its place among the children.
        index: u64,
        /// How.
        outcome: Outcome,
    },
    /// All children of a map run have ended, or are given up; what is left is to write the results.
    ResultsDue {
        /// The path of the Map state.
        path: PathId,
        /// Why the map run fails, if it does.
        failure: Option<Failure>,
    },
    /// UpdateMapRun changed the limits of a map run.
    MapRunChanged {
        /// The path of the Map state.
        path: PathId,
        /// How many children may run at once.
        concurrency: u64,
        /// How many items may fail.
        tolerated_count: Option<u64>,
        /// How many items of a hundred may fail.
        tolerated_percentage: Option<f64>,
    },
    /// A map run that is redriven starts a child again that had not succeeded.
    ChildRedriven {
        /// The path of the Map state.
        path: PathId,
        /// Its place among the children.
        index: u64,
    },
}

/// How a child execution ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// Well.
    Succeeded {
        /// Its output.
        output: PayloadId,
    },
    /// Badly.
    Failed(Failure),
    /// Too late.
    TimedOut(Failure),
    /// By StopExecution.
    Aborted(Failure),
}

/// What a map run was started with, evaluated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapRunSettings {
    /// How many children may run at once.
    pub concurrency: u64,
    /// How many items may fail.
    pub tolerated_count: Option<u64>,
    /// How many items of a hundred may fail.
    pub tolerated_percentage: Option<f64>,
    /// The evaluated `ItemReader`; without one the items are those of `MapStateStarted`.
    pub reader: Option<PayloadId>,
    /// The evaluated `ItemBatcher`.
    pub batcher: Option<Batcher>,
    /// The evaluated `ResultWriter`.
    pub writer: Option<PayloadId>,
}

/// How items are put together for one child execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batcher {
    /// At most so many items.
    pub max_items: Option<u64>,
    /// At most so many bytes of input.
    pub max_bytes: Option<u64>,
    /// What every batch gets besides its items.
    pub input: Option<PayloadId>,
}

/// Why a state failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The error name.
    pub error: Option<String>,
    /// The cause, a text.
    pub cause: Option<PayloadId>,
    /// `true` for a failure that neither Retry nor Catch may take (`States.Runtime`).
    pub fatal: bool,
}

/// A fact that the history shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// `ExecutionStarted`
    ExecutionStarted {
        /// The input, verbatim.
        input: PayloadId,
    },
    /// `...StateEntered`
    StateEntered {
        /// Which state.
        state: StateId,
        /// Its raw input.
        input: PayloadId,
    },
    /// `...StateExited`
    StateExited {
        /// Which state.
        state: StateId,
        /// Its output.
        output: PayloadId,
        /// The variables that it set, in order of name.
        assigned: Vec<(String, PayloadId)>,
        /// The next state, or the end of the block.
        next: Option<StateId>,
    },
    /// `TaskScheduled`, `LambdaFunctionScheduled` or `ActivityScheduled`
    TaskScheduled {
        /// The evaluated arguments.
        arguments: PayloadId,
        /// The evaluated `TimeoutSeconds`.
        timeout_seconds: Option<u64>,
        /// The evaluated `HeartbeatSeconds`.
        heartbeat_seconds: Option<u64>,
        /// The evaluated `Credentials`.
        credentials: Option<PayloadId>,
        /// The token that completes the task, where somebody else does.
        token: Option<String>,
    },
    /// `TaskStarted`, `LambdaFunctionStarted` or `ActivityStarted`
    TaskStarted {
        /// The name that the activity's worker gave.
        worker: Option<String>,
    },
    /// `TaskSubmitted`
    TaskSubmitted {
        /// What the service answered.
        output: PayloadId,
    },
    /// `TaskSucceeded`, `LambdaFunctionSucceeded` or `ActivitySucceeded`
    TaskSucceeded {
        /// The result.
        output: PayloadId,
    },
    /// `TaskFailed`, `LambdaFunctionFailed` or `ActivityFailed`; or the variant that `stage` names
    TaskFailed {
        /// How.
        failure: Failure,
        /// What could not be done.
        stage: Stage,
    },
    /// `TaskTimedOut`, `LambdaFunctionTimedOut` or `ActivityTimedOut`
    TaskTimedOut {
        /// How; `States.Timeout` or `States.HeartbeatTimeout`.
        failure: Failure,
    },
    /// `ParallelStateStarted`
    ParallelStarted {
        /// What every branch gets.
        input: PayloadId,
    },
    /// `ParallelStateSucceeded`
    ParallelSucceeded {
        /// The outputs of the branches, an array.
        output: PayloadId,
    },
    /// `ParallelStateFailed`
    ParallelFailed,
    /// `MapStateStarted`
    MapStarted {
        /// The items, an array.
        items: PayloadId,
        /// How many.
        length: u64,
        /// How many iterations may run at once; 0 is no limit.
        concurrency: u64,
    },
    /// `MapIterationStarted`; its path is the iteration's own
    IterationStarted {
        /// The path of the Map state.
        parent: PathId,
        /// Which item.
        index: u64,
        /// What the iteration gets.
        input: PayloadId,
    },
    /// `MapIterationSucceeded`
    IterationSucceeded {
        /// Which item.
        index: u64,
    },
    /// `MapIterationFailed`
    IterationFailed {
        /// Which item.
        index: u64,
    },
    /// `MapIterationAborted`
    IterationAborted {
        /// Which item.
        index: u64,
    },
    /// `MapStateSucceeded`
    MapSucceeded {
        /// The outputs of the iterations, an array.
        output: PayloadId,
    },
    /// `MapStateFailed`
    MapFailed,
    /// `TaskStateAborted`, `WaitStateAborted`, `MapStateAborted` or `ParallelStateAborted`
    StateAborted {
        /// Which state.
        state: StateId,
    },
    /// `EvaluationFailed`
    EvaluationFailed {
        /// Which state.
        state: StateId,
        /// The field, such as `Output/result`.
        location: Option<String>,
        /// How.
        failure: Failure,
    },
    /// `ExecutionSucceeded`
    ExecutionSucceeded {
        /// The output.
        output: PayloadId,
    },
    /// `ExecutionFailed`
    ExecutionFailed {
        /// How.
        failure: Failure,
    },
    /// `ExecutionTimedOut`
    ExecutionTimedOut,
    /// `ExecutionAborted`
    ExecutionAborted {
        /// What the caller of StopExecution said.
        failure: Failure,
    },
    /// `MapRunStarted`
    MapRunStarted {
        /// The map run's ARN.
        map_run_arn: String,
        /// The items; an empty array where a reader is to fetch them.
        items: PayloadId,
        /// Everything else that it goes by.
        settings: MapRunSettings,
    },
    /// `MapRunSucceeded`
    MapRunSucceeded,
    /// `MapRunFailed`
    MapRunFailed {
        /// How.
        failure: Failure,
    },
    /// `MapRunAborted`
    MapRunAborted,
    /// `ExecutionRedriven`
    ExecutionRedriven {
        /// How often it was redriven, this time included.
        count: u32,
        /// What tells the caller's request from another one.
        client_token: Option<String>,
    },
    /// `MapRunRedriven`
    MapRunRedriven {
        /// Which one.
        map_run_arn: String,
        /// How often it was redriven, this time included.
        count: u32,
    },
}

/// Which step of a task failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// It could not be scheduled (`LambdaFunctionScheduleFailed`, `ActivityScheduleFailed`).
    Schedule,
    /// It could not be started (`TaskStartFailed`, `LambdaFunctionStartFailed`).
    Start,
    /// It could not be submitted (`TaskSubmitFailed`).
    Submit,
    /// It ran and failed.
    Run,
}
