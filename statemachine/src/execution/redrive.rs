//! Redriving: an execution that ended badly goes on from where it failed.
//!
//! Owns what is kept of an execution for that (the paths as they stood when it ended, and of a Parallel or Map that failed the
//! children that it took down) and how these go on. What succeeded is not run again; a state that failed or was stopped
//! begins again, without being entered again and with all its retries; a map run goes on with the children that did not succeed.

use std::collections::BTreeMap;

use crate::{
    command::Refused,
    definition::StateKind,
    execution::{Draft, Execution, Join, MapRunStatus, Path, Phase, ROOT, Status, decide::MOST_EVENTS},
    record::{Event, EventId, Failure, Millis, PathId},
};

/// One redrive of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// When.
    pub at: Millis,
    /// What tells the caller's request from another one.
    pub client_token: Option<String>,
}

/// What a Parallel or Map took down with it.
#[derive(Debug, Clone)]
pub(crate) struct Fallen {
    join: Join,
    /// Its children, and theirs.
    children: BTreeMap<PathId, Path>,
}

impl Execution {
    /// The redrives so far, the first one first.
    #[must_use]
    pub fn redrives(&self) -> &[Redrive] {
        &self.redrives
    }

    /// Why the execution cannot be redriven, in the words of DescribeExecution; `None` when it can.
    #[must_use]
    pub fn not_redrivable(&self, now: Millis) -> Option<&'static str> {
        match self.status {
            Status::Running => return Some("Execution is RUNNING and cannot be redriven"),
            Status::Succeeded { .. } => return Some("Execution is SUCCEEDED and cannot be redriven"),
            Status::Failed { .. } | Status::TimedOut { .. } | Status::Aborted { .. } => {}
        }
        let over = |since: Millis, period: Millis| now.saturating_sub(since) > period;
        if self.events >= MOST_EVENTS {
            Some("Execution history event limit exceeded")
        } else if over(self.started_at, LONGEST_EXECUTION) {
            Some("Execution has exceeded the max execution time")
        } else if over(self.ended_at.unwrap_or(self.latest), REDRIVABLE_PERIOD) {
            Some("Execution redrivable period exceeded")
        } else {
            None
        }
    }

    /// The records of a redrive.
    pub(super) fn redrive(&self, draft: &mut Draft<'_>, client_token: Option<String>) -> Result<(), Refused> {
        match self.not_redrivable(draft.now) {
            Some(why) => Err(Refused::NotRedrivable(why)),
            None => {
                let count = self.redrives.len() as u32 + 1;
                draft.event(ROOT, self.events, Event::ExecutionRedriven { count, client_token });
                Ok(())
            }
        }
    }

    /// A child took its Parallel or Map down.
    pub(super) fn fall(&mut self, path: PathId, last: EventId, failure: &Failure) {
        let join = match self.paths.get(&path).map(|path| &path.phase) {
            Some(Phase::Joining(join)) => Some(join.clone()),
            _ => None,
        };
        let children = self.take_children(path);
        self.set_last(path, last);
        self.set_phase(path, Phase::Failing(failure.clone()));
        if let Some(path) = self.paths.get_mut(&path) {
            path.fallen = join.map(|join| Box::new(Fallen { join, children }));
        }
    }

    /// The execution ended badly: what is left is kept.
    pub(super) fn halt(&mut self) {
        self.halted = std::mem::take(&mut self.paths);
    }

    /// The execution goes on.
    pub(super) fn revive(&mut self, at: Millis, client_token: Option<String>) {
        self.status = Status::Running;
        self.ended_at = None;
        self.redrives.push(Redrive { at, client_token });
        let halted = std::mem::take(&mut self.halted);
        self.resume(halted, self.events);
    }

    fn resume(&mut self, paths: BTreeMap<PathId, Path>, last: EventId) {
        for (id, mut path) in paths {
            let fallen = path.fallen.take();
            let map_run = match (&path.phase, &path.visit) {
                (Phase::Failing(_) | Phase::InMapRun { .. }, Some(visit)) => self.unsuccessful_map_run(id, visit),
                _ => None,
            };
            let phase = std::mem::replace(&mut path.phase, Phase::Entered);
            let (phase, children) = match (phase, fallen) {
                (Phase::Failing(_), Some(fallen)) => (Phase::Joining(fallen.join), fallen.children),
                (phase, _) => (self.resumed(&mut path, phase), BTreeMap::new()),
            };
            path.last = last;
            self.paths.insert(id, path);
            match map_run {
                Some(started) => self.return_to_map_run(id, started),
                None => self.set_phase(id, phase),
            }
            self.resume(children, last);
        }
    }

    /// How a path goes on.
    fn resumed(&self, path: &mut Path, phase: Phase) -> Phase {
        let Some(visit) = &mut path.visit else { return phase };
        match phase {
            Phase::Ready { .. } | Phase::Done { .. } | Phase::Ended { .. } | Phase::Joining(_) => phase,
            _ if matches!(self.definition.state(visit.state).kind, StateKind::Fail { .. }) => {
                Phase::Ready { state: visit.state, input: visit.input }
            }
            _ => {
                visit.attempts.clear();
                visit.retry_count = 0;
                Phase::Entered
            }
        }
    }

    /// Takes out the children of a path, and theirs.
    fn take_children(&mut self, parent: PathId) -> BTreeMap<PathId, Path> {
        let children: Vec<PathId> =
            self.paths.iter().filter(|(_, path)| path.parent == Some(parent)).map(|(id, _)| *id).collect();
        let mut taken = BTreeMap::new();
        for child in children {
            taken.extend(self.take_children(child));
            self.end_map_run(child, MapRunStatus::Aborted, None, self.latest);
            self.forget(child);
            taken.extend(self.paths.remove(&child).map(|path| (child, path)));
        }
        taken
    }
}

/// How long after its end an execution can be redriven: 14 days.
const REDRIVABLE_PERIOD: Millis = 14 * 24 * 60 * 60 * 1000;

/// How long an execution may be open: a year.
const LONGEST_EXECUTION: Millis = 365 * 24 * 60 * 60 * 1000;
