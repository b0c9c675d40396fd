//! What each state type does: one file per type, and the steps that they share.
//!
//! A state begins when it is entered (and again at each retry), and finishes when it has a result. Both evaluate the
//! state's expressions against a [`View`] and write records to a draft; nothing here changes an execution.

pub(crate) mod choice;
pub(crate) mod fail;
mod flow;
pub(crate) mod map;
pub(crate) mod parallel;
pub(crate) mod pass;
mod scope;
pub(crate) mod succeed;
pub(crate) mod task;
pub(crate) mod wait;

pub(crate) use flow::{Doc, Fields, Shaped};
pub(crate) use scope::{OWN_CONTEXT, Scope, timestamp};

use serde_json::Value;

use crate::{
    data::{DataError, QUERY_EVALUATION_ERROR, RUNTIME},
    definition::{Next, State, StateId, StateKind},
    execution::{Draft, Execution, Path, Visit},
    record::{Event, EventId, Failure, PathId, PayloadId, Record},
};

/// A path in a state, as the state's code sees it.
pub(crate) struct View<'e> {
    pub(crate) execution: &'e Execution,
    pub(crate) id: PathId,
    pub(crate) path: &'e Path,
    pub(crate) visit: &'e Visit,
    pub(crate) state: &'e State,
}

/// A failure that nothing may catch.
pub(crate) fn runtime(cause: impl Into<String>) -> DataError {
    DataError::new(RUNTIME, cause)
}

/// A failed evaluation of a JSONata field.
pub(crate) fn evaluation(location: &str, cause: impl Into<String>) -> DataError {
    DataError::new(QUERY_EVALUATION_ERROR, cause).at(location)
}

/// The failure of a `...Path` field that leads to a value of the wrong kind.
pub(crate) fn not_a(field: &str, kind: &str, path: &str, value: &Value) -> DataError {
    let shown = shown(value);
    runtime(format!("The {field}Path field refers to value \"{shown}\" which is not a valid {kind}: {path}"))
}

/// A value as failures of paths show it: a text without its quotes.
pub(crate) fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The words for a number below zero in a field that takes none.
pub(crate) fn negative(field: &str) -> String {
    format!("{field} cannot be negative.")
}

/// Begins a state, or begins it again.
pub(crate) fn begin(view: &View<'_>, draft: &mut Draft<'_>) {
    let begun = attempt(view, draft);
    view.settle(begun, draft);
}

/// Begins a state; what goes wrong is the caller's to record.
pub(crate) fn attempt(view: &View<'_>, draft: &mut Draft<'_>) -> Result<(), DataError> {
    match &view.state.kind {
        StateKind::Pass { result, next } => pass::begin(view, result.as_ref(), *next, draft),
        StateKind::Succeed => succeed::begin(view, draft),
        StateKind::Fail { error, cause } => fail::begin(view, error.as_ref(), cause.as_ref(), draft),
        StateKind::Wait { until, .. } => wait::begin(view, until, draft),
        StateKind::Choice { rules, default } => choice::begin(view, rules, *default, draft),
        StateKind::Task(task) => task::begin(view, task, draft),
        StateKind::Parallel { .. } => parallel::begin(view, draft),
        StateKind::Map(map) => map::begin(view, map, draft),
    }
}

/// Finishes a state that has its result.
pub(crate) fn finish(view: &View<'_>, result: PayloadId, draft: &mut Draft<'_>) {
    let next = match &view.state.kind {
        StateKind::Task(task) => task.next,
        StateKind::Parallel { next, .. } => *next,
        StateKind::Map(map) => map.next,
        _ => return,
    };
    let shaped = view.shape(Some(Doc::Kept(result)), draft);
    view.settle(shaped.map(|shaped| view.leave(shaped, next, draft)), draft);
}

impl View<'_> {
    /// Leaves the state for its `Next`, or the block at its `End`.
    pub(crate) fn leave(&self, shaped: Shaped, next: Next, draft: &mut Draft<'_>) {
        let next = match next {
            Next::To(state) => Some(state),
            Next::End => None,
        };
        self.exit(shaped.output, shaped.assigned, next, self.path.last, draft);
    }

    /// Writes the exited event.
    pub(crate) fn exit(
        &self,
        output: PayloadId,
        assigned: Vec<(String, PayloadId)>,
        next: Option<StateId>,
        previous: EventId,
        draft: &mut Draft<'_>,
    ) {
        draft.event(self.id, previous, Event::StateExited { state: self.visit.state, output, assigned, next });
    }

    /// Records what came of a step that may have failed.
    fn settle(&self, outcome: Result<(), DataError>, draft: &mut Draft<'_>) {
        let Err(problem) = outcome else { return };
        let failure = self.failure(&problem, draft);
        if self.evaluation_failed(&problem, &failure, self.path.last, draft).is_none() {
            draft.record(Record::Broke { path: self.id, failure });
        }
    }

    /// A problem as a failure, with the words that name the state before its cause.
    pub(crate) fn failure(&self, problem: &DataError, draft: &mut Draft<'_>) -> Failure {
        let error = problem.error.to_string();
        let cause = if error == DATA_LIMIT_EXCEEDED {
            problem.cause.clone()
        } else {
            format!(
                "An error occurred while executing the state '{}' (entered at the event id #{}). {}",
                self.state.name, self.visit.entered, problem.cause
            )
        };
        let fatal = error == RUNTIME;
        Failure { error: Some(error), cause: Some(draft.payload(&cause)), fatal }
    }

    /// Writes `EvaluationFailed` where the history shows one, and answers its id.
    ///
    /// It follows the last event that stood before the step that failed. Entering a state and beginning it are one
    /// step, so that a failure there follows the event before the entering; but a Wait is entered in a step of its own.
    pub(crate) fn evaluation_failed(
        &self,
        problem: &DataError,
        failure: &Failure,
        last: EventId,
        draft: &mut Draft<'_>,
    ) -> Option<EventId> {
        if problem.error != QUERY_EVALUATION_ERROR {
            return None;
        }
        let begins = last == self.visit.entered && !matches!(self.state.kind, StateKind::Wait { .. });
        let previous = if begins { self.visit.before } else { last };
        let (state, location) = (self.visit.state, problem.location.clone());
        Some(draft.event(self.id, previous, Event::EvaluationFailed { state, location, failure: failure.clone() }))
    }
}

/// The words for a state's or a task's result that is too large.
pub(crate) fn too_large_a_result(name: &str) -> String {
    format!(
        "The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
    )
}

/// The error name of a payload that is too large.
pub(crate) const DATA_LIMIT_EXCEEDED: &str = "States.DataLimitExceeded";
/// The largest payload, in bytes of UTF-8.
pub(crate) const LARGEST_PAYLOAD: usize = 256 * 1024;
