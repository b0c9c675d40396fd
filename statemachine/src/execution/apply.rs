//! Applying records: the only place where an execution changes.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use crate::{
    definition::{BlockId, StateKind},
    execution::{Execution, Item, Join, MapRunStatus, Path, Phase, Status, TaskRun, Visit, seconds_to_millis},
    record::{Event, EventId, Failure, Millis, PathId, PayloadId, Record},
};

impl Execution {
    /// Changes the execution by one record that happened at a time. Never evaluates an expression.
    pub fn apply(&mut self, at: Millis, record: &Record) {
        self.latest = self.latest.max(at);
        match record {
            Record::Payload(text) => {
                self.payloads.push(text);
            }
            Record::Event { path, previous, event } => {
                self.events += 1;
                self.apply_event(at, *path, *previous, event);
            }
            Record::Slept { path, until } => self.set_phase(*path, Phase::Sleeping { until: *until }),
            Record::RetryPlanned { path, retrier, until } => {
                self.visit_mut(*path, |visit| {
                    *visit.attempts.entry(*retrier).or_default() += 1;
                    visit.retry_count += 1;
                });
                self.set_phase(*path, Phase::BackingOff { until: *until });
            }
            Record::Heartbeat { path, due } => self.update_task(*path, |run| run.heartbeat_due = Some(*due)),
            Record::Broke { path, failure } => self.set_phase(*path, Phase::Failing(failure.clone())),
            Record::Fell { path, last, failure } => self.fall(*path, *last, failure),
            Record::ItemsRead { .. }
            | Record::ChildStarted { .. }
            | Record::ChildEnded { .. }
            | Record::ChildRedriven { .. }
            | Record::ResultsDue { .. }
            | Record::MapRunChanged { .. } => self.apply_to_map_run(at, record),
        }
    }

    fn apply_event(&mut self, at: Millis, path: PathId, previous: EventId, event: &Event) {
        let id = self.events;
        match event {
            // The first state follows nothing, so the start leaves no trace in the path.
            Event::ExecutionStarted { input } => {
                self.started_at = at;
                self.input = Some(*input);
                let block = self.part.map_or(BlockId(0), |part| part.block);
                self.open(None, block, 0, None, *input, 0);
            }
            Event::StateEntered { state, input } => {
                let visit = Visit {
                    state: *state,
                    input: *input,
                    entered: id,
                    before: previous,
                    entered_at: at,
                    attempts: BTreeMap::new(),
                    retry_count: 0,
                    silent: false,
                };
                if let Some(path) = self.paths.get_mut(&path) {
                    path.visit = Some(visit);
                }
                self.set_last(path, id);
                self.set_phase(path, Phase::Entered);
            }
            Event::StateExited { output, assigned, next, .. } => {
                self.assign(path, assigned);
                self.release_map_runs(path);
                self.set_last(path, id);
                match next {
                    Some(state) => self.set_phase(path, Phase::Ready { state: *state, input: *output }),
                    None => self.end_block(path, *output, id),
                }
            }
            Event::TaskScheduled { arguments, timeout_seconds, heartbeat_seconds, credentials, token } => {
                let run = TaskRun {
                    scheduled: id,
                    arguments: *arguments,
                    credentials: *credentials,
                    token: token.clone(),
                    timeout_seconds: *timeout_seconds,
                    heartbeat_seconds: *heartbeat_seconds,
                    scheduled_at: at,
                    // Both count from the start, which for an activity is when a worker takes the task.
                    deadline: None,
                    heartbeat_due: None,
                    started: false,
                    submitted: false,
                };
                self.set_last(path, id);
                self.set_phase(path, Phase::InTask(run));
            }
            Event::TaskStarted { .. } => {
                self.update_task(path, |run| {
                    run.started = true;
                    run.deadline = run.timeout_seconds.map(|s| at.saturating_add(seconds_to_millis(s)));
                    run.heartbeat_due = run.heartbeat_seconds.map(|s| at.saturating_add(seconds_to_millis(s)));
                });
                self.set_last(path, id);
            }
            Event::TaskSubmitted { .. } => {
                self.update_task(path, |run| run.submitted = true);
                self.set_last(path, id);
            }
            Event::TaskSucceeded { output } => {
                self.set_last(path, id);
                self.set_phase(path, Phase::Done { result: *output });
            }
            Event::TaskFailed { failure, .. }
            | Event::TaskTimedOut { failure }
            | Event::EvaluationFailed { failure, .. } => {
                let silent = matches!(event, Event::TaskTimedOut { .. }) && self.is_silent(path, at);
                self.visit_mut(path, |visit| visit.silent = silent);
                self.set_last(path, id);
                self.set_phase(path, Phase::Failing(failure.clone()));
            }
            Event::ParallelStarted { input } => self.start_branches(path, *input, id),
            // The map run that follows takes the items.
            Event::MapStarted { .. } if self.is_distributed(path) => self.set_last(path, id),
            Event::MapStarted { items, length, concurrency } => {
                let items = match self.value(*items) {
                    Value::Array(items) => items,
                    _ => Vec::new(),
                };
                self.set_last(path, id);
                self.set_phase(path, Phase::Joining(Join::of_items(items, *length, *concurrency, id)));
            }
            Event::IterationStarted { parent, index, input } => self.start_iteration(*parent, *index, *input, id),
            Event::IterationSucceeded { index } => self.end_iteration(path, *index, id),
            // Siblings of the exited event: the next event follows the same one as they do.
            Event::ParallelSucceeded { output } | Event::MapSucceeded { output } => {
                self.set_phase(path, Phase::Done { result: *output });
            }
            Event::ParallelFailed | Event::MapFailed => self.set_last(path, id),
            Event::IterationFailed { .. } | Event::IterationAborted { .. } | Event::StateAborted { .. } => {}
            Event::ExecutionSucceeded { output } => {
                let output = self.payloads.get(*output).to_owned();
                self.end(at, Status::Succeeded { output });
            }
            Event::ExecutionFailed { failure } => {
                let (error, cause) = self.describe(failure);
                self.end(at, Status::Failed { error, cause });
            }
            Event::ExecutionTimedOut => {
                self.end(at, Status::TimedOut { error: Some("States.Timeout".to_owned()), cause: None });
            }
            Event::ExecutionAborted { failure } => {
                let (error, cause) = self.describe(failure);
                self.end(at, Status::Aborted { error, cause });
            }
            Event::MapRunStarted { .. }
            | Event::MapRunSucceeded
            | Event::MapRunFailed { .. }
            | Event::MapRunAborted
            | Event::MapRunRedriven { .. } => self.apply_map_run_event(at, path, event),
            Event::ExecutionRedriven { client_token, .. } => self.revive(at, client_token.clone()),
        }
    }

    /// Opens a path that is about to enter a block's first state.
    fn open(
        &mut self,
        parent: Option<PathId>,
        block: BlockId,
        index: u64,
        item: Option<Item>,
        input: PayloadId,
        last: EventId,
    ) -> PathId {
        let id = PathId(self.next_path);
        self.next_path += 1;
        let state = self.definition.block(block).start_at;
        let phase = Phase::Ready { state, input };
        let path = Path {
            parent,
            index,
            item,
            variables: BTreeMap::new(),
            last,
            visit: None,
            phase: phase.clone(),
            fallen: None,
        };
        self.paths.insert(id, path);
        self.set_phase(id, phase);
        id
    }

    fn assign(&mut self, path: PathId, assigned: &[(String, PayloadId)]) {
        for (name, value) in assigned {
            let value = Arc::new(self.value(*value));
            if let Some(path) = self.paths.get_mut(&path) {
                path.variables.insert(name.clone(), value);
            }
        }
    }

    /// A block's end: a branch hands its output to its Parallel at once; an iteration's and the execution's own end
    /// are events that are still to be decided.
    fn end_block(&mut self, path: PathId, output: PayloadId, last: EventId) {
        let child = self.paths.get(&path).and_then(|p| p.parent.map(|parent| (parent, p.index, p.item.is_some())));
        match child {
            Some((parent, index, false)) => {
                self.close(path);
                self.update_join(parent, |join| {
                    join.running.remove(&path);
                    join.results[index as usize] = Some(output);
                });
                self.set_last(parent, last);
            }
            _ => self.set_phase(path, Phase::Ended { output }),
        }
    }

    fn start_branches(&mut self, path: PathId, input: PayloadId, id: EventId) {
        self.set_last(path, id);
        let Some(visit) = self.paths.get(&path).and_then(|p| p.visit.as_ref()) else { return };
        let StateKind::Parallel { branches, .. } = &self.definition.state(visit.state).kind else { return };
        let branches = branches.clone();
        let mut join = Join::of_branches(branches.len() as u64, id);
        for (index, block) in branches.into_iter().enumerate() {
            join.running.insert(self.open(Some(path), block, index as u64, None, input, id));
        }
        self.set_phase(path, Phase::Joining(join));
    }

    fn start_iteration(&mut self, parent: PathId, index: u64, input: PayloadId, id: EventId) {
        let Some(Path { phase: Phase::Joining(join), visit: Some(visit), .. }) = self.paths.get(&parent) else {
            return;
        };
        let StateKind::Map(map) = &self.definition.state(visit.state).kind else { return };
        let value = join.items.as_ref().and_then(|items| items.get(index as usize)).cloned().unwrap_or_default();
        let (block, item) = (map.processor, Item { index, value: Arc::new(value) });
        let child = self.open(Some(parent), block, index, Some(item), input, id);
        self.update_join(parent, |join| {
            join.next = index + 1;
            join.running.insert(child);
        });
    }

    fn end_iteration(&mut self, child: PathId, index: u64, id: EventId) {
        let Some(Path { parent: Some(parent), last, phase: Phase::Ended { output }, .. }) = self.paths.get(&child)
        else {
            return;
        };
        let (parent, last, output) = (*parent, *last, *output);
        self.close(child);
        self.update_join(parent, |join| {
            join.running.remove(&child);
            join.results[index as usize] = Some(output);
            join.follows = last;
        });
        self.set_last(parent, id);
    }

    fn close(&mut self, path: PathId) {
        let at = self.latest;
        self.end_map_run(path, MapRunStatus::Aborted, None, at);
        self.forget(path);
        self.paths.remove(&path);
    }

    fn end(&mut self, at: Millis, status: Status) {
        self.status = status;
        self.ended_at = Some(at);
        self.map_runs.values_mut().for_each(|run| run.end(MapRunStatus::Aborted, at));
        match self.status {
            Status::Succeeded { .. } => self.paths.clear(),
            _ => self.halt(),
        }
        self.runnable.clear();
        self.timers.clear();
    }

    pub(super) fn set_last(&mut self, path: PathId, last: EventId) {
        if let Some(path) = self.paths.get_mut(&path) {
            path.last = last;
        }
    }

    fn visit_mut(&mut self, path: PathId, change: impl FnOnce(&mut Visit)) {
        if let Some(visit) = self.paths.get_mut(&path).and_then(|p| p.visit.as_mut()) {
            change(visit);
        }
    }

    /// Whether a running attempt's heartbeat is overdue, and not the attempt as a whole.
    fn is_silent(&self, path: PathId, at: Millis) -> bool {
        let Some(Phase::InTask(run)) = self.paths.get(&path).map(|p| &p.phase) else { return false };
        run.heartbeat_due.is_some_and(|due| due <= at) && run.deadline.is_none_or(|deadline| deadline > at)
    }

    fn update_task(&mut self, path: PathId, change: impl FnOnce(&mut TaskRun)) {
        if let Some(Phase::InTask(run)) = self.paths.get(&path).map(|p| &p.phase) {
            let mut run = run.clone();
            change(&mut run);
            self.set_phase(path, Phase::InTask(run));
        }
    }

    fn update_join(&mut self, path: PathId, change: impl FnOnce(&mut Join)) {
        if let Some(Phase::Joining(join)) = self.paths.get_mut(&path).map(|p| &mut p.phase) {
            change(join);
            if join.can_start() || join.is_complete() {
                self.runnable.insert(path);
            } else {
                self.runnable.remove(&path);
            }
        }
    }

    /// Takes a path out of the queue and the timers.
    pub(super) fn forget(&mut self, path: PathId) {
        self.runnable.remove(&path);
        if let Some(due) = self.paths.get(&path).and_then(|p| p.phase.due()) {
            self.timers.remove(&(due, path));
        }
    }

    /// INVARIANT: `runnable` and `timers` follow from the phases; only here, in `update_join` and in
    /// `update_map_run` are they changed.
    pub(super) fn set_phase(&mut self, id: PathId, phase: Phase) {
        self.forget(id);
        if phase.is_runnable() {
            self.runnable.insert(id);
        }
        if let Some(due) = phase.due() {
            self.timers.insert((due, id));
        }
        if let Some(path) = self.paths.get_mut(&id) {
            if !matches!(phase, Phase::Failing(_)) {
                path.fallen = None;
            }
            path.phase = phase;
        }
    }
}

impl Phase {
    fn is_runnable(&self) -> bool {
        match self {
            Self::Ready { .. } | Self::Entered | Self::Done { .. } | Self::Failing(_) | Self::Ended { .. } => true,
            Self::Sleeping { .. } | Self::BackingOff { .. } | Self::InTask(_) | Self::InMapRun { .. } => false,
            Self::Joining(join) => join.can_start() || join.is_complete(),
        }
    }

    fn due(&self) -> Option<Millis> {
        match self {
            Self::Sleeping { until } | Self::BackingOff { until } => Some(*until),
            Self::InTask(run) => run.due(),
            _ => None,
        }
    }
}

impl Join {
    fn of_branches(length: u64, id: EventId) -> Self {
        let results = vec![None; length as usize];
        Self {
            items: None,
            length,
            concurrency: length,
            next: length,
            running: Default::default(),
            results,
            follows: id,
        }
    }

    fn of_items(items: Vec<Value>, length: u64, concurrency: u64, id: EventId) -> Self {
        let results = vec![None; length as usize];
        let concurrency = if concurrency == 0 { u64::MAX } else { concurrency };
        Self {
            items: Some(Arc::new(items)),
            length,
            concurrency,
            next: 0,
            running: Default::default(),
            results,
            follows: id,
        }
    }
}

impl Failure {
    /// A failure that Retry and Catch may take.
    pub(crate) fn new(error: Option<String>, cause: Option<PayloadId>) -> Self {
        Self { error, cause, fatal: false }
    }
}
