//! Records -> commands: what an execution asks the world for, as it happens and again after a crash.

use crate::{
    command::{AbortChildren, Command, InvokeTask, ReadItems, TaskId, WriteResults},
    definition::{Pattern, ResourceKind, StateKind},
    execution::{Execution, MapRun, Phase, Stage, TaskRun, not_started},
    items::{Reader, Writer},
    record::{Event, PathId, Record},
};

impl Execution {
    /// What is in flight and whose answer is not recorded: to be done again after a crash.
    #[must_use]
    pub fn outstanding(&self) -> Vec<Command> {
        let waiting = self.tasks().filter_map(|(path, run)| self.in_flight(path, run));
        let mut commands: Vec<Command> = waiting.map(Command::InvokeTask).collect();
        commands.extend(self.given_up().map(abort));
        for run in self.open_map_runs() {
            match run.stage {
                Stage::Reading => commands.extend(self.read_items(run)),
                Stage::Running => commands.extend(run.running.iter().filter_map(|index| self.start_child(run, *index))),
                Stage::Writing { .. } => commands.extend(self.write_results(run)),
                Stage::Redriving | Stage::Over => {}
            }
        }
        commands
    }

    /// Whether the end of a task that was called is still waited for.
    #[must_use]
    pub fn awaits(&self, task: TaskId) -> bool {
        self.is_running() && self.task(task).is_some()
    }

    /// The command that a record implies, if what it started still runs.
    pub(super) fn command(&self, record: &Record) -> Option<Command> {
        match record {
            Record::Event { path, event: Event::TaskScheduled { .. }, .. } => match &self.paths.get(path)?.phase {
                Phase::InTask(run) => self.invoke(*path, run).map(Command::InvokeTask),
                _ => None,
            },
            Record::Event { path, event: Event::MapRunStarted { .. }, .. } => self.read_items(self.map_run_at(*path)?),
            Record::ChildStarted { path, index, .. } | Record::ChildRedriven { path, index } => self
                .map_run_at(*path)
                .filter(|run| run.running.contains(index))
                .and_then(|run| self.start_child(run, *index)),
            Record::ResultsDue { path, .. } => self.write_results(self.map_run_at(*path)?),
            _ => None,
        }
    }

    /// The call of a task that is still awaited: a job's to its end, any other until it was submitted.
    pub(super) fn in_flight(&self, path: PathId, run: &TaskRun) -> Option<InvokeTask> {
        let invoke = self.invoke(path, run)?;
        let is_job = matches!(invoke.resource.pattern, Pattern::Sync | Pattern::Sync2);
        (is_job || !run.submitted).then_some(invoke)
    }

    fn invoke(&self, path: PathId, run: &TaskRun) -> Option<InvokeTask> {
        let visit = self.paths.get(&path)?.visit.as_ref()?;
        let StateKind::Task(task) = &self.definition.state(visit.state).kind else { return None };
        // An activity's worker comes for its task; nothing is called.
        (task.resource.kind != ResourceKind::Activity).then(|| InvokeTask {
            task: TaskId { path, scheduled: run.scheduled },
            resource: task.resource.clone(),
            arguments: self.payloads.get(run.arguments).to_owned(),
            credentials: run.credentials.map(|id| self.payloads.get(id).to_owned()),
            token: run.token.clone(),
            timeout_seconds: run.timeout_seconds,
        })
    }

    fn read_items(&self, run: &MapRun) -> Option<Command> {
        let reader = run.settings.reader.filter(|_| run.stage == Stage::Reading)?;
        // INVARIANT: a reader that cannot be parsed has failed its map run before this.
        let reader = Reader::parse(&self.value(reader)).ok()?;
        Some(Command::ReadItems(Box::new(ReadItems { run: run.id, reader })))
    }

    fn start_child(&self, run: &MapRun, index: u64) -> Option<Command> {
        let child = run.children.get(index as usize)?;
        Some(Command::StartChild(Box::new(run.start_of(index, self.payloads.get(child.input)))))
    }

    fn write_results(&self, run: &MapRun) -> Option<Command> {
        let writer = run.settings.writer.filter(|_| matches!(run.stage, Stage::Writing { .. }))?;
        let writer = Writer::parse(&self.value(writer)).ok()?;
        let bucket = writer.destination.as_ref()?.bucket.clone();
        let state_machine_arn = run.state_machine_arn();
        let pending: Vec<String> =
            run.entries.iter().skip(run.next_item as usize).map(|entry| entry.value.to_string()).collect();
        let mut children: Vec<_> = run
            .children
            .iter()
            .enumerate()
            .map(|(index, child)| self.child_result(run, index, child, &state_machine_arn))
            .collect();
        children.extend(pending.iter().map(|input| not_started(run, input, &state_machine_arn)));
        Some(Command::WriteResults(WriteResults { run: run.id, bucket, objects: writer.objects(&run.arn, children) }))
    }
}

/// The command that stops what a map run gave up.
pub(super) fn abort(run: &MapRun) -> Command {
    let execution_arns = run.given_up.iter().map(|index| run.child_arn(*index)).collect();
    Command::AbortChildren(AbortChildren { run: run.id, map_run_arn: run.arn.clone(), execution_arns })
}
