//! A map run inside its parent: which items there are, which children run, and what became of the others.
//!
//! The children are executions of their own; what their parent keeps of them is their input, their outcome and
//! counts. When the run is over only the counts stay, unless it ended badly: then it may be redriven until its state exits.

mod apply;
mod names;
mod report;

use std::collections::BTreeSet;

use serde_json::Value;

pub(crate) use names::{map_run_arn, named_uuid};
pub(crate) use report::not_started;
pub use report::{MapRunCounts, MapRunReport, MapRunStatus};

use crate::{
    command::{MapRunId, Part},
    definition::StateId,
    execution::Execution,
    record::{Failure, MapRunSettings, Millis, Outcome, PayloadId},
};

/// A map run.
#[derive(Debug, Clone)]
pub(crate) struct MapRun {
    pub(crate) id: MapRunId,
    pub(crate) state: StateId,
    pub(crate) arn: String,
    pub(crate) settings: MapRunSettings,
    pub(crate) part: Part,
    pub(crate) status: MapRunStatus,
    pub(crate) started_at: Millis,
    pub(crate) ended_at: Option<Millis>,
    pub(crate) stage: Stage,
    pub(crate) entries: Vec<Entry>,
    /// From which item on the items come from which place; empty for the state's own data.
    pub(crate) sources: Vec<(u64, String)>,
    /// The first item that no child has.
    pub(crate) next_item: u64,
    pub(crate) children: Vec<Child>,
    pub(crate) running: BTreeSet<u64>,
    /// The children that were running when it ended badly.
    pub(crate) given_up: Vec<u64>,
    /// The children that a redrive has not come to yet.
    pub(crate) pending_redrive: BTreeSet<u64>,
    redrives: u32,
    redriven_at: Option<Millis>,
    items: MapRunCounts,
    executions: MapRunCounts,
}

/// How far a map run is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Stage {
    /// Its data set is being read.
    Reading,
    /// Its children run.
    Running,
    /// Its results are being written.
    Writing { failure: Option<Failure> },
    /// It has ended.
    Over,
    /// Its execution goes on, and so will it.
    Redriving,
}

/// One item of a data set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// Its name, in a data set that is an object.
    pub(crate) key: Option<String>,
    pub(crate) value: Value,
}

/// A child execution.
#[derive(Debug, Clone)]
pub(crate) struct Child {
    /// How many items it has.
    pub(crate) items: u64,
    pub(crate) input: PayloadId,
    /// When it was started, or redriven the last time.
    pub(crate) started_at: Millis,
    pub(crate) ended: Option<(Millis, Outcome)>,
    pub(crate) redrives: u32,
}

impl MapRun {
    pub(crate) fn new(
        id: MapRunId,
        state: StateId,
        arn: &str,
        settings: MapRunSettings,
        part: Part,
        at: Millis,
    ) -> Self {
        Self {
            id,
            state,
            arn: arn.to_owned(),
            settings,
            part,
            status: MapRunStatus::Running,
            started_at: at,
            ended_at: None,
            stage: Stage::Reading,
            entries: Vec::new(),
            sources: Vec::new(),
            next_item: 0,
            children: Vec::new(),
            running: BTreeSet::new(),
            given_up: Vec::new(),
            pending_redrive: BTreeSet::new(),
            redrives: 0,
            redriven_at: None,
            items: MapRunCounts::default(),
            executions: MapRunCounts::default(),
        }
    }

    /// Takes in the data set.
    pub(crate) fn load(&mut self, data: Value, sources: Vec<(u64, String)>) {
        self.entries = match data {
            Value::Array(items) => items.into_iter().map(|value| Entry { key: None, value }).collect(),
            Value::Object(fields) => fields.into_iter().map(|(key, value)| Entry { key: Some(key), value }).collect(),
            _ => Vec::new(),
        };
        self.sources = sources;
        self.items.total = self.entries.len() as u64;
        self.stage = Stage::Running;
    }

    pub(crate) fn start_child(&mut self, index: u64, items: u64, input: PayloadId, at: Millis) {
        self.children.push(Child { items, input, started_at: at, ended: None, redrives: 0 });
        self.running.insert(index);
        self.next_item += items;
        self.items.running += items;
        self.executions.running += 1;
        self.executions.total += 1;
    }

    pub(crate) fn end_child(&mut self, index: u64, outcome: &Outcome, at: Millis) {
        let Some(child) = self.children.get_mut(index as usize) else { return };
        let items = child.items;
        child.ended = Some((at, outcome.clone()));
        self.running.remove(&index);
        self.count(index_of(outcome), items);
        self.stop_running(items);
    }

    /// Goes on after it ended badly: what did not succeed is due again, and what was not started yet.
    pub(crate) fn redrive(&mut self, count: u32, at: Millis) {
        (self.redrives, self.redriven_at) = (count, Some(at));
        (self.status, self.ended_at, self.stage) = (MapRunStatus::Running, None, Stage::Running);
        self.given_up.clear();
        self.pending_redrive = self.unsuccessful().collect();
        for counts in [&mut self.items, &mut self.executions] {
            (counts.failed, counts.timed_out, counts.aborted, counts.results_written) = (0, 0, 0, 0);
        }
    }

    /// Starts a child again.
    pub(crate) fn redrive_child(&mut self, index: u64, at: Millis) {
        let Some(child) = self.children.get_mut(index as usize) else { return };
        (child.started_at, child.ended) = (at, None);
        child.redrives += 1;
        let items = child.items;
        self.pending_redrive.remove(&index);
        self.running.insert(index);
        self.items.running += items;
        self.executions.running += 1;
    }

    /// How often it was redriven.
    pub(crate) fn redrives(&self) -> u32 {
        self.redrives
    }

    fn unsuccessful(&self) -> impl Iterator<Item = u64> {
        let badly = |child: &Child| !matches!(child.ended, None | Some((_, Outcome::Succeeded { .. })));
        self.children.iter().enumerate().filter(move |(_, child)| badly(child)).map(|(index, _)| index as u64)
    }

    /// Gives up what still runs; its items count as aborted.
    pub(crate) fn give_up(&mut self, at: Millis) {
        for index in std::mem::take(&mut self.running) {
            let Some(child) = self.children.get_mut(index as usize) else { continue };
            let items = child.items;
            child.ended = Some((at, Outcome::Aborted(Failure::new(None, None))));
            self.given_up.push(index);
            self.count(Ended::Aborted, items);
            self.stop_running(items);
        }
        // What a redrive did not come to is as it was.
        for index in std::mem::take(&mut self.pending_redrive) {
            if let Some(Child { items, ended: Some((_, outcome)), .. }) = self.children.get(index as usize) {
                self.count(index_of(outcome), *items);
            }
        }
    }

    /// Ends the run; what is kept are the counts, and of one that ended badly what a redrive needs.
    pub(crate) fn end(&mut self, status: MapRunStatus, at: Millis) {
        if self.stage == Stage::Over {
            return;
        }
        if status != MapRunStatus::Succeeded {
            self.give_up(at);
        }
        self.items.pending = self.items.total.saturating_sub(self.next_item);
        self.executions.pending = self.pending_executions();
        self.status = status;
        self.ended_at = Some(at);
        self.stage = Stage::Over;
        if status == MapRunStatus::Succeeded {
            self.release();
        }
    }

    /// Forgets everything but the counts of a run that is over.
    pub(crate) fn release(&mut self) {
        self.entries = Vec::new();
        self.sources = Vec::new();
        self.children = Vec::new();
    }

    /// Whether children are known that it started.
    pub(crate) fn has_begun(&self) -> bool {
        !self.children.is_empty()
    }

    /// Counts all results as written.
    pub(crate) fn written(&mut self) {
        let ended = |counts: &MapRunCounts| counts.succeeded + counts.failed + counts.timed_out + counts.aborted;
        self.items.results_written = ended(&self.items);
        self.executions.results_written = ended(&self.executions);
    }

    /// Whether it can go on by itself.
    pub(crate) fn is_runnable(&self) -> bool {
        match self.stage {
            Stage::Redriving => true,
            Stage::Running => self.has_failed() || self.can_start() || self.is_complete(),
            Stage::Reading | Stage::Writing { .. } | Stage::Over => false,
        }
    }

    /// Whether the next child may start now.
    pub(crate) fn can_start(&self) -> bool {
        let limit = match self.settings.concurrency {
            0 => MOST_AT_ONCE,
            limit => limit.min(MOST_AT_ONCE),
        };
        let more = self.next_item < self.items.total || !self.pending_redrive.is_empty();
        more && (self.running.len() as u64) < limit
    }

    /// Whether every item has been processed.
    pub(crate) fn is_complete(&self) -> bool {
        self.next_item == self.items.total && self.running.is_empty() && self.pending_redrive.is_empty()
    }

    /// Whether more items failed than may.
    pub(crate) fn has_failed(&self) -> bool {
        let failed = self.items.failed + self.items.timed_out + self.items.aborted;
        exceeds(failed, self.items.total, self.settings.tolerated_count, self.settings.tolerated_percentage)
    }

    /// Where an item comes from, as the context object names it.
    pub(crate) fn source(&self, item: u64) -> &str {
        let from = self.sources.iter().rev().find(|(first, _)| *first <= item);
        from.map_or(STATE_DATA, |(_, source)| source)
    }

    fn pending_executions(&self) -> u64 {
        let pending = self.items.total.saturating_sub(self.next_item);
        let batch = self.settings.batcher.as_ref().map_or(Some(1), |batcher| batcher.max_items);
        batch.map_or(0, |batch| pending.div_ceil(batch.max(1)))
    }

    fn stop_running(&mut self, items: u64) {
        self.items.running -= items;
        self.executions.running -= 1;
    }

    fn count(&mut self, ended: Ended, items: u64) {
        for (counts, by) in [(&mut self.items, items), (&mut self.executions, 1)] {
            *match ended {
                Ended::Succeeded => &mut counts.succeeded,
                Ended::Failed => &mut counts.failed,
                Ended::TimedOut => &mut counts.timed_out,
                Ended::Aborted => &mut counts.aborted,
            } += by;
        }
    }
}

impl Execution {
    /// The map run that a path is in, if it runs.
    pub(crate) fn map_run(&self, id: MapRunId) -> Option<&MapRun> {
        self.map_runs.get(&id.started).filter(|run| run.id == id && run.stage != Stage::Over)
    }
}

/// Whether more failed than may; a limit that is not given does not limit, and none at all tolerates nothing.
fn exceeds(failed: u64, total: u64, count: Option<u64>, percentage: Option<f64>) -> bool {
    let too_many = count.is_some_and(|count| failed > count);
    let too_large = percentage.is_some_and(|percentage| failed as f64 * 100.0 > percentage * total as f64);
    too_many || too_large || (count.is_none() && percentage.is_none() && failed > 0)
}

enum Ended {
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
}

fn index_of(outcome: &Outcome) -> Ended {
    match outcome {
        Outcome::Succeeded { .. } => Ended::Succeeded,
        Outcome::Failed(_) => Ended::Failed,
        Outcome::TimedOut(_) => Ended::TimedOut,
        Outcome::Aborted(_) => Ended::Aborted,
    }
}

/// The most children that run at once.
const MOST_AT_ONCE: u64 = 10_000;
/// `Map.Item.Source` of items that are the state's own data.
pub(crate) const STATE_DATA: &str = "STATE_DATA";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(failed: u64, total: u64, count: Option<u64>, percentage: Option<f64>, expect: bool) {
        assert_eq!(exceeds(failed, total, count, percentage), expect);
    }

    #[test]
    fn without_a_tolerance_nothing_may_fail() {
        check(0, 10, None, None, false);
        check(1, 10, None, None, true);
    }

    #[test]
    fn as_many_may_fail_as_the_count_says() {
        check(2, 10, Some(2), None, false);
        check(3, 10, Some(2), None, true);
        check(1, 10, Some(0), None, true);
    }

    #[test]
    fn as_many_may_fail_as_the_percentage_says() {
        check(1, 10, None, Some(10.0), false);
        check(2, 10, None, Some(19.9), true);
        check(10, 10, None, Some(100.0), false);
        check(1, 10, None, Some(0.0), true);
        check(0, 0, None, Some(0.0), false);
    }

    #[test]
    fn either_limit_counts() {
        check(2, 10, Some(5), Some(10.0), true);
        check(2, 10, Some(1), Some(50.0), true);
        check(2, 10, Some(2), Some(20.0), false);
    }
}
