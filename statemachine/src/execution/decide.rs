//! Deciding: what happens next in an execution that could go on by itself.
//!
//! One decision is one step of one path. Which step follows from the path's phase; what it means for a state is said
//! in `state/`, one file per type.

use crate::{
    data::Chance,
    definition::StateKind,
    execution::{Draft, Execution, FROM_OUTSIDE, Path, Phase, ROOT},
    record::{Event, EventId, Failure, Millis, PathId, Record},
    retry, state,
    state::View,
};

impl Execution {
    /// The records of the next step, or `None` when only the world or the clock can move the execution.
    #[must_use]
    pub fn decide(&self, now: Millis, chance: &mut dyn Chance) -> Option<Vec<Record>> {
        if !self.is_running() {
            return None;
        }
        let mut draft = Draft::new(self, now, chance);
        if self.deadline().is_some_and(|due| due <= now) {
            draft.event(ROOT, FROM_OUTSIDE, Event::ExecutionTimedOut);
            return Some(draft.into_records());
        }
        let id = self.timers.first().filter(|(due, _)| *due <= now).map(|(_, path)| *path);
        let id = id.or_else(|| self.runnable.first().copied())?;
        let path = self.paths.get(&id)?;
        if self.events >= self.most_events() {
            self.break_off(&mut draft, path);
        } else {
            self.step(&mut draft, id, path);
        }
        Some(draft.into_records())
    }

    fn step(&self, draft: &mut Draft<'_>, id: PathId, path: &Path) {
        match &path.phase {
            Phase::Ready { state, input } => {
                draft.event(id, path.last, Event::StateEntered { state: *state, input: *input });
            }
            Phase::Ended { output } => match path.parent {
                None => {
                    draft.event(id, path.last, Event::ExecutionSucceeded { output: *output });
                }
                Some(_) => {
                    draft.event(id, path.last, Event::IterationSucceeded { index: path.index });
                }
            },
            phase => {
                let Some(visit) = &path.visit else { return };
                let view = View { execution: self, id, path, visit, state: self.definition.state(visit.state) };
                match phase {
                    Phase::Entered | Phase::BackingOff { .. } => state::begin(&view, draft),
                    Phase::Sleeping { .. } => state::wait::wake(&view, draft),
                    Phase::InTask(run) => state::task::time_out(&view, run, draft),
                    Phase::Joining(join) => state::map::go_on(&view, join, draft),
                    Phase::InMapRun { started } => {
                        if let Some(run) = self.map_runs.get(started) {
                            state::map::run::go_on(&view, run, draft);
                        }
                    }
                    Phase::Done { result } => state::finish(&view, *result, draft),
                    Phase::Failing(failure) => retry::handle(&view, failure, draft),
                    Phase::Ready { .. } | Phase::Ended { .. } => {}
                }
            }
        }
    }

    /// How many events there may be before the one that says that there are too many.
    fn most_events(&self) -> EventId {
        if self.is_express() { MOST_EXPRESS_EVENTS } else { MOST_EVENTS }
    }

    fn break_off(&self, draft: &mut Draft<'_>, path: &Path) {
        let most = self.most_events() + 1;
        let cause = draft.payload(&format!("The execution reached the maximum number of history events ({most})."));
        let failure = Failure { error: Some("States.Runtime".to_owned()), cause: Some(cause), fatal: true };
        draft.event(ROOT, path.last, Event::ExecutionFailed { failure });
    }
}

impl View<'_> {
    /// Whether the state is a Map or a Parallel, whose failure the history shows as an event of its own.
    pub(crate) fn failed_event(&self) -> Option<Event> {
        match self.state.kind {
            StateKind::Map(_) => Some(Event::MapFailed),
            StateKind::Parallel { .. } => Some(Event::ParallelFailed),
            _ => None,
        }
    }
}

/// An execution's history holds at most 25,000 events; the last one says so.
pub(super) const MOST_EVENTS: EventId = 24_999;

/// An Express execution has no such limit in Step Functions, and five minutes; here what it may take of memory is bounded.
const MOST_EXPRESS_EVENTS: EventId = 249_999;
