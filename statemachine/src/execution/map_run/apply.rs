//! Applying what happens to a map run.

use super::{MapRun, MapRunStatus, Stage};
use crate::{
    command::{MapRunId, Part},
    definition::{MapMode, StateKind},
    execution::{Execution, Phase, Visit},
    record::{Event, EventId, Failure, MapRunSettings, Millis, PathId, PayloadId, Record},
};

impl Execution {
    /// Applies a record that concerns a map run; no other.
    pub(in crate::execution) fn apply_to_map_run(&mut self, at: Millis, record: &Record) {
        match record {
            Record::ItemsRead { path, items, sources } => {
                let data = self.value(*items);
                self.update_map_run(*path, |run| run.load(data, sources.clone()));
            }
            Record::ChildStarted { path, index, items, input } => {
                self.update_map_run(*path, |run| run.start_child(*index, *items, *input, at));
            }
            Record::ChildEnded { path, index, outcome } => {
                self.update_map_run(*path, |run| run.end_child(*index, outcome, at));
            }
            Record::ChildRedriven { path, index } => {
                self.update_map_run(*path, |run| run.redrive_child(*index, at));
            }
            Record::ResultsDue { path, failure } => self.update_map_run(*path, |run| {
                run.give_up(at);
                run.stage = Stage::Writing { failure: failure.clone() };
            }),
            Record::MapRunChanged { path, concurrency, tolerated_count, tolerated_percentage } => {
                self.update_map_run(*path, |run| {
                    run.settings.concurrency = *concurrency;
                    run.settings.tolerated_count = *tolerated_count;
                    run.settings.tolerated_percentage = *tolerated_percentage;
                });
            }
            _ => {}
        }
    }

    /// Applies an event of a map run; no other.
    pub(in crate::execution) fn apply_map_run_event(&mut self, at: Millis, path: PathId, event: &Event) {
        let id = self.events;
        match event {
            Event::MapRunStarted { map_run_arn, items, settings } => {
                self.start_map_run(at, MapRunId { path, started: id }, map_run_arn, *items, settings);
            }
            Event::MapRunSucceeded => {
                self.end_map_run(path, MapRunStatus::Succeeded, None, at);
                self.set_last(path, id);
            }
            Event::MapRunFailed { failure } => {
                self.end_map_run(path, MapRunStatus::Failed, Some(failure), at);
                self.set_last(path, id);
                self.set_phase(path, Phase::Failing(failure.clone()));
            }
            Event::MapRunAborted => {
                self.end_map_run(path, MapRunStatus::Aborted, None, at);
                self.set_last(path, id);
            }
            Event::MapRunRedriven { count, .. } => {
                self.update_map_run(path, |run| run.redrive(*count, at));
                self.set_last(path, id);
            }
            _ => {}
        }
    }

    /// The map run that failed or was stopped as a path was in this visit, if it had begun.
    pub(in crate::execution) fn unsuccessful_map_run(&self, path: PathId, visit: &Visit) -> Option<EventId> {
        let mut since = self.map_runs.range(visit.entered..).map(|(_, run)| run).filter(|run| run.id.path == path);
        let run = since.next_back()?;
        let badly = matches!(run.status, MapRunStatus::Failed | MapRunStatus::Aborted);
        (badly && run.has_begun()).then_some(run.id.started)
    }

    /// Puts a path back into its map run, which is about to be redriven.
    pub(in crate::execution) fn return_to_map_run(&mut self, path: PathId, started: EventId) {
        self.set_phase(path, Phase::InMapRun { started });
        self.update_map_run(path, |run| run.stage = Stage::Redriving);
    }

    /// Forgets what was kept for a redrive of a path's map runs.
    pub(in crate::execution) fn release_map_runs(&mut self, path: PathId) {
        self.map_runs.values_mut().filter(|run| run.id.path == path).for_each(MapRun::release);
    }

    fn start_map_run(&mut self, at: Millis, id: MapRunId, arn: &str, items: PayloadId, settings: &MapRunSettings) {
        let Some(visit) = self.paths.get(&id.path).and_then(|p| p.visit.as_ref()) else { return };
        let StateKind::Map(map) = &self.definition.state(visit.state).kind else { return };
        let part = Part { block: map.processor, express: map.mode == MapMode::Distributed { express: true } };
        let mut run = MapRun::new(id, visit.state, arn, settings.clone(), part, at);
        if settings.reader.is_none() {
            run.load(self.value(items), Vec::new());
        }
        self.release_map_runs(id.path);
        self.map_runs.insert(id.started, run);
        self.set_last(id.path, id.started);
        self.set_phase(id.path, Phase::InMapRun { started: id.started });
        self.update_map_run(id.path, |_| {});
    }

    /// Ends the map run that a path is in, if it is in one.
    pub(in crate::execution) fn end_map_run(
        &mut self,
        path: PathId,
        status: MapRunStatus,
        failure: Option<&Failure>,
        at: Millis,
    ) {
        self.update_map_run(path, |run| {
            // Results are due before the end, with the outcome; another outcome is that they could not be written.
            let due = matches!(&run.stage, Stage::Writing { failure: due } if due.as_ref() == failure);
            if due && status != MapRunStatus::Aborted {
                run.written();
            }
            run.end(status, at);
        });
    }

    /// Whether a path is in a Map state whose children are executions of their own.
    pub(in crate::execution) fn is_distributed(&self, path: PathId) -> bool {
        let visit = self.paths.get(&path).and_then(|p| p.visit.as_ref());
        visit.is_some_and(|visit| match &self.definition.state(visit.state).kind {
            StateKind::Map(map) => map.mode != MapMode::Inline,
            _ => false,
        })
    }

    fn update_map_run(&mut self, path: PathId, change: impl FnOnce(&mut MapRun)) {
        let Some(Phase::InMapRun { started }) = self.paths.get(&path).map(|p| &p.phase) else { return };
        let Some(run) = self.map_runs.get_mut(started) else { return };
        change(run);
        if run.is_runnable() {
            self.runnable.insert(path);
        } else {
            self.runnable.remove(&path);
        }
    }
}
