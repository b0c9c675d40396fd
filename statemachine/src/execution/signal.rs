//! Signals: what the world says, as records.

use crate::{
    command::{MapRunId, Refused, Signal, TaskId},
    data::Chance,
    definition::{Resource, ResourceKind, StateKind},
    execution::{
        Draft, Execution, FROM_OUTSIDE, MapRun, Phase, ROOT, Stage, Status, TaskRun, completed_by_token,
        seconds_to_millis,
    },
    history::wire_names,
    items::{ITEM_READER_FAILED, Items, RESULT_WRITER_FAILED, ReadError},
    record::{Event, Failure, Millis, Outcome, PathId, Record, Stage as TaskStage},
    state::{DATA_LIMIT_EXCEEDED, LARGEST_PAYLOAD, map, too_large_a_result},
    syntax,
    token::Token,
};

impl Execution {
    /// The records that a signal makes.
    pub(super) fn accept(&self, signal: Signal, now: Millis, chance: &mut dyn Chance) -> Result<Vec<Record>, Refused> {
        let mut draft = Draft::new(self, now, chance);
        if !self.is_running() && !matches!(signal, Signal::Redrive { .. }) {
            return Err(Refused::Ended);
        }
        match signal {
            Signal::Redrive { client_token } => self.redrive(&mut draft, client_token)?,
            Signal::TaskStarted { task, worker } => {
                let run = self.task(task).filter(|run| !run.started).ok_or(Refused::TaskDoesNotExist)?;
                draft.event(task.path, run.scheduled, Event::TaskStarted { worker });
            }
            Signal::TaskSubmitted { task, output } => {
                self.task(task).filter(|run| !run.submitted).ok_or(Refused::TaskDoesNotExist)?;
                let output = draft.payload(&checked(output)?);
                draft.event(task.path, self.last(task.path), Event::TaskSubmitted { output });
            }
            Signal::TaskSucceeded { task, output } => {
                self.task(task).ok_or(Refused::TaskDoesNotExist)?;
                self.succeed(&mut draft, task.path, &checked(output)?);
            }
            Signal::TaskFailed { task, error, cause } => {
                let run = self.task(task).ok_or(Refused::TaskDoesNotExist)?;
                self.fail(&mut draft, task.path, run, error, cause);
            }
            Signal::TokenSucceeded { token, output } => {
                let output = checked(output)?;
                let (path, _) = self.waiting(&token)?;
                self.succeed(&mut draft, path, &output);
            }
            Signal::TokenFailed { token, error, cause } => {
                let (path, run) = self.waiting(&token)?;
                self.fail(&mut draft, path, run, error, cause);
            }
            Signal::TokenHeartbeat { token } => {
                let (path, run) = self.waiting(&token)?;
                if let Some(seconds) = run.heartbeat_seconds {
                    draft.record(Record::Heartbeat { path, due: now.saturating_add(seconds_to_millis(seconds)) });
                }
            }
            Signal::Stop { error, cause } => {
                let cause = cause.map(|cause| draft.payload(&cause));
                draft.event(ROOT, FROM_OUTSIDE, Event::ExecutionAborted { failure: Failure::new(error, cause) });
            }
            Signal::ItemsRead { run, items } => self.items_read(&mut draft, run, items)?,
            Signal::ItemsFailed { run, cause } => {
                let run = self.in_stage(run, |stage| *stage == Stage::Reading)?;
                map::run::fail(run, ITEM_READER_FAILED, &cause, &mut draft);
            }
            Signal::ChildEnded { run, index, status } => self.child_ended(&mut draft, run, index, status)?,
            Signal::ResultsWritten { run } => {
                let run = self.in_stage(run, |stage| matches!(stage, Stage::Writing { .. }))?;
                map::run::written(self, run, &mut draft);
            }
            Signal::ResultsFailed { run, cause } => {
                let run = self.in_stage(run, |stage| matches!(stage, Stage::Writing { .. }))?;
                map::run::fail(run, RESULT_WRITER_FAILED, &cause, &mut draft);
            }
            Signal::UpdateMapRun { run, concurrency, tolerated_count, tolerated_percentage } => {
                let run = self.in_stage(run, |_| true)?;
                draft.record(Record::MapRunChanged {
                    path: run.id.path,
                    concurrency: concurrency.unwrap_or(run.settings.concurrency),
                    tolerated_count: tolerated_count.or(run.settings.tolerated_count),
                    tolerated_percentage: tolerated_percentage.or(run.settings.tolerated_percentage),
                });
            }
        }
        Ok(draft.into_records())
    }

    fn items_read(&self, draft: &mut Draft<'_>, run: MapRunId, items: Items) -> Result<(), Refused> {
        let run = self.in_stage(run, |stage| *stage == Stage::Reading)?;
        let data = checked(items.data)?;
        if !data.trim_start().starts_with(['[', '{']) {
            map::run::fail(run, ITEM_READER_FAILED, &ReadError::NotIterable.to_string(), draft);
            return Ok(());
        }
        let data = draft.payload(&data);
        draft.record(Record::ItemsRead { path: run.id.path, items: data, sources: items.sources });
        Ok(())
    }

    fn child_ended(&self, draft: &mut Draft<'_>, run: MapRunId, index: u64, status: Status) -> Result<(), Refused> {
        let run = self.in_stage(run, |stage| *stage == Stage::Running)?;
        if !run.running.contains(&index) {
            return Err(Refused::MapRunDoesNotExist);
        }
        let mut failure = |error: Option<String>, cause: Option<String>| {
            Failure::new(error, cause.map(|cause| draft.payload(&cause)))
        };
        let outcome = match status {
            Status::Running => return Err(Refused::MapRunDoesNotExist),
            Status::Failed { error, cause } => Outcome::Failed(failure(error, cause)),
            Status::TimedOut { error, cause } => Outcome::TimedOut(failure(error, cause)),
            Status::Aborted { error, cause } => Outcome::Aborted(failure(error, cause)),
            Status::Succeeded { output } => Outcome::Succeeded { output: draft.payload(&checked(output)?) },
        };
        draft.record(Record::ChildEnded { path: run.id.path, index, outcome });
        Ok(())
    }

    /// The map run with this id, if it is that far.
    fn in_stage(&self, run: MapRunId, fits: impl Fn(&Stage) -> bool) -> Result<&MapRun, Refused> {
        self.map_run(run).filter(|run| fits(&run.stage)).ok_or(Refused::MapRunDoesNotExist)
    }

    /// The attempt that runs and has this id.
    pub(super) fn task(&self, task: TaskId) -> Option<&TaskRun> {
        match &self.paths.get(&task.path)?.phase {
            Phase::InTask(run) if run.scheduled == task.scheduled => Some(run),
            _ => None,
        }
    }

    /// The attempt that waits for this token.
    fn waiting(&self, token: &str) -> Result<(PathId, &TaskRun), Refused> {
        let task = Token::parse(token).ok_or(Refused::TaskDoesNotExist)?.task;
        match self.task(task) {
            Some(run) if run.token.as_deref() == Some(token) => Ok((task.path, run)),
            Some(_) => Err(Refused::TaskDoesNotExist),
            None => Err(Refused::TaskTimedOut),
        }
    }

    fn succeed(&self, draft: &mut Draft<'_>, path: PathId, output: &str) {
        let event = if output.len() <= LARGEST_PAYLOAD {
            Event::TaskSucceeded { output: draft.payload(output) }
        } else {
            let name = self.resource(path).map(wire_names).map(|(_, service)| service).unwrap_or_default();
            let cause = draft.payload(&too_large_a_result(&name));
            let failure = Failure::new(Some(DATA_LIMIT_EXCEEDED.to_owned()), Some(cause));
            Event::TaskFailed { failure, stage: TaskStage::Run }
        };
        draft.event(path, self.last(path), event);
    }

    /// A call whose task is completed by a token fails to be submitted; any other fails as it runs.
    fn fail(&self, draft: &mut Draft<'_>, path: PathId, run: &TaskRun, error: Option<String>, cause: Option<String>) {
        let cause = cause.map(|cause| draft.payload(&cause));
        let stage = if self.submits(path) && !run.submitted {
            TaskStage::Submit
        } else if !run.started {
            // Only an activity's task is not started at once: there was nobody to offer it to.
            TaskStage::Schedule
        } else {
            TaskStage::Run
        };
        draft.event(path, self.last(path), Event::TaskFailed { failure: Failure::new(error, cause), stage });
    }

    /// Whether the call only submits the task, which a token completes.
    fn submits(&self, path: PathId) -> bool {
        self.resource(path).is_some_and(|resource| {
            completed_by_token(&resource.kind, resource.pattern) && resource.kind != ResourceKind::Activity
        })
    }

    /// What the Task state of a path calls.
    fn resource(&self, path: PathId) -> Option<&Resource> {
        let visit = self.paths.get(&path)?.visit.as_ref()?;
        match &self.definition.state(visit.state).kind {
            StateKind::Task(task) => Some(&task.resource),
            _ => None,
        }
    }

    pub(crate) fn last(&self, path: PathId) -> u64 {
        self.paths.get(&path).map_or(0, |p| p.last)
    }
}

fn checked(output: String) -> Result<String, Refused> {
    match syntax::check(&output) {
        Ok(()) => Ok(output),
        Err(why) => Err(Refused::InvalidOutput(why)),
    }
}
