//! A map run as DescribeMapRun and its results show it.

use super::{Child, MapRun, Stage};
use crate::{
    command::MapRunId,
    definition::StateId,
    execution::{Execution, Status},
    items::ChildResult,
    record::{Millis, Outcome},
};

/// How a map run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapRunStatus {
    /// It reads, runs or writes.
    Running,
    /// It ended well.
    Succeeded,
    /// It ended badly.
    Failed,
    /// Its execution ended before it did.
    Aborted,
}

/// How many items, or child executions, of a map run are how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MapRunCounts {
    /// Not started yet.
    pub pending: u64,
    /// In progress.
    pub running: u64,
    /// Ended well.
    pub succeeded: u64,
    /// Ended badly.
    pub failed: u64,
    /// Ended by their timeout.
    pub timed_out: u64,
    /// Stopped.
    pub aborted: u64,
    /// All of them.
    pub total: u64,
    /// Written to the result writer's destination.
    pub results_written: u64,
    /// Ended badly before a redrive that has not come to them yet.
    pub pending_redrive: u64,
}

/// A map run as DescribeMapRun shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct MapRunReport {
    /// Names it in signals.
    pub id: MapRunId,
    /// Its ARN.
    pub map_run_arn: String,
    /// The Map state.
    pub state: StateId,
    /// How it is.
    pub status: MapRunStatus,
    /// When it started.
    pub started_at: Millis,
    /// When it ended.
    pub ended_at: Option<Millis>,
    /// How many children may run at once; 0 is no limit.
    pub max_concurrency: u64,
    /// How many items may fail.
    pub tolerated_failure_count: u64,
    /// How many items of a hundred may fail.
    pub tolerated_failure_percentage: f64,
    /// Whether its children run as Express workflows.
    pub express: bool,
    /// How often it was redriven.
    pub redrives: u32,
    /// When it was last redriven.
    pub redriven_at: Option<Millis>,
    /// The items.
    pub items: MapRunCounts,
    /// The child executions; while batches are being made their total is what is known of it.
    pub executions: MapRunCounts,
}

impl MapRun {
    pub(crate) fn report(&self) -> MapRunReport {
        let mut items = self.items;
        let mut executions = self.executions;
        if self.stage != Stage::Over {
            items.pending = items.total.saturating_sub(self.next_item);
            executions.pending = self.pending_executions();
        }
        executions.total += executions.pending;
        executions.pending_redrive = self.pending_redrive.len() as u64;
        let waiting = self.pending_redrive.iter().filter_map(|index| self.children.get(*index as usize));
        items.pending_redrive = waiting.map(|child| child.items).sum();
        MapRunReport {
            id: self.id,
            map_run_arn: self.arn.clone(),
            state: self.state,
            status: self.status,
            started_at: self.started_at,
            ended_at: self.ended_at,
            max_concurrency: self.settings.concurrency,
            tolerated_failure_count: self.settings.tolerated_count.unwrap_or_default(),
            tolerated_failure_percentage: self.settings.tolerated_percentage.unwrap_or_default(),
            express: self.part.express,
            redrives: self.redrives,
            redriven_at: self.redriven_at,
            items,
            executions,
        }
    }
}

impl Execution {
    /// The map runs of the execution, in the order of their start.
    pub fn map_runs(&self) -> impl Iterator<Item = MapRunReport> {
        self.map_runs.values().map(MapRun::report)
    }

    /// The name and the ARN of a child, by its place among its siblings and how often it was redriven; a map run that is
    /// over still knows them.
    #[must_use]
    pub fn map_run_child(&self, run: MapRunId, index: u64, redrives: u32) -> Option<(String, String)> {
        let run = self.map_runs.get(&run.started).filter(|there| there.id == run)?;
        let name = run.child_name(index);
        let arn = run.redriven_arn(&name, redrives);
        Some((name, arn))
    }

    /// The names of the children that wait to be redriven.
    pub fn pending_redrive(&self, run: MapRunId) -> impl Iterator<Item = String> {
        let run = self.map_runs.get(&run.started).filter(|there| there.id == run);
        run.into_iter().flat_map(|run| run.pending_redrive.iter().map(|index| run.child_name(*index)))
    }

    /// The ARNs of the children that a map run left running when it ended, which may run still.
    pub fn left_running(&self) -> impl Iterator<Item = (MapRunId, Vec<String>)> {
        self.given_up().map(|run| (run.id, run.given_up.iter().map(|index| run.child_arn(*index)).collect()))
    }

    /// A child as the results show it.
    pub(crate) fn child_result<'e>(
        &'e self,
        run: &MapRun,
        index: usize,
        child: &Child,
        state_machine_arn: &'e str,
    ) -> ChildResult<'e> {
        let name = run.child_name(index as u64);
        let (ended_at, status) = match &child.ended {
            None => (child.started_at, Status::Running),
            Some((at, outcome)) => (*at, self.status_of(outcome)),
        };
        ChildResult {
            execution_arn: Some(run.child_arn(index as u64)),
            name: Some(name),
            state_machine_arn,
            input: self.payloads.get(child.input),
            status,
            started_at: child.started_at,
            ended_at,
            express: run.part.express,
            redrives: child.redrives,
        }
    }

    fn status_of(&self, outcome: &Outcome) -> Status {
        match outcome {
            Outcome::Succeeded { output } => Status::Succeeded { output: self.payloads.get(*output).to_owned() },
            Outcome::Failed(failure) => {
                let (error, cause) = self.describe(failure);
                Status::Failed { error, cause }
            }
            Outcome::TimedOut(failure) => {
                let (error, cause) = self.describe(failure);
                Status::TimedOut { error, cause }
            }
            Outcome::Aborted(failure) => {
                let (error, cause) = self.describe(failure);
                Status::Aborted { error, cause }
            }
        }
    }
}

/// An item that no child was started for, as the results show it.
pub(crate) fn not_started<'a>(run: &MapRun, input: &'a str, state_machine_arn: &'a str) -> ChildResult<'a> {
    ChildResult {
        name: None,
        execution_arn: None,
        state_machine_arn,
        input,
        status: Status::Running,
        started_at: run.started_at,
        ended_at: run.started_at,
        express: run.part.express,
        redrives: 0,
    }
}
