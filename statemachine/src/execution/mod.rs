//! An execution: the fold of its records, and the decisions that make the next ones.
//!
//! Three verbs. [`Execution::apply`] is the only thing that changes an execution and never evaluates an expression;
//! recovery is applying records that were read back. Deciding evaluates, and yields records; time and chance arrive
//! as arguments. [`Execution::advance`] takes a signal from outside and decides until nothing more can happen
//! without the world:
//!
//! ```text
//!   signal ──► records ──► apply ──► decide ──► records ──► apply ──► ... ──► Advance { records, commands }
//! ```
//!
//! The caller makes the records durable, then performs the commands, then comes back with signals.

mod activity;
mod apply;
mod commands;
mod decide;
mod draft;
mod map_run;
mod path;
mod payload;
mod redrive;
mod signal;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;

pub use activity::{Assignment, Offer};
pub(crate) use draft::Draft;
pub(crate) use map_run::{Entry, MapRun, STATE_DATA, Stage, map_run_arn, named_uuid, not_started};
pub use map_run::{MapRunCounts, MapRunReport, MapRunStatus};
pub(crate) use path::{Item, Join, Path, Phase, TaskRun, Visit};
use payload::Payloads;
pub(crate) use redrive::Fallen;
pub use redrive::Redrive;

use crate::{
    command::{Command, Part, Refused, Signal},
    data::Chance,
    definition::{BlockId, Definition, Pattern, ResourceKind},
    record::{Event, EventId, Failure, Millis, PathId, PayloadId, Record},
};

/// Who an execution is; what the context object says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The engine's number of the execution, which its task tokens carry.
    pub number: u64,
    /// The execution's ARN.
    pub execution_arn: String,
    /// The execution's name.
    pub name: String,
    /// The ARN of its state machine, as it was started.
    pub state_machine_arn: String,
    /// The name of its state machine.
    pub state_machine_name: String,
    /// The role that the state machine names.
    pub role_arn: String,
}

/// How an execution is.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// It runs or waits.
    Running,
    /// It ended well, with this output.
    Succeeded {
        /// A JSON text.
        output: String,
    },
    /// It ended badly.
    Failed {
        /// The error name.
        error: Option<String>,
        /// The cause.
        cause: Option<String>,
    },
    /// Its `TimeoutSeconds` passed.
    TimedOut {
        /// `States.Timeout`.
        error: Option<String>,
        /// Nothing, as AWS shows it.
        cause: Option<String>,
    },
    /// It was stopped.
    Aborted {
        /// What the caller of StopExecution gave.
        error: Option<String>,
        /// What the caller of StopExecution gave.
        cause: Option<String>,
    },
}

/// What came of a signal or of the passing of time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Advance {
    /// What happened, already applied; to be made durable before anything else.
    pub records: Vec<Record>,
    /// What to do once the records are durable.
    pub commands: Vec<Command>,
}

/// A running, waiting or ended execution.
#[derive(Debug, Clone)]
pub struct Execution {
    pub(crate) definition: Arc<Definition>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) payloads: Payloads,
    pub(crate) events: EventId,
    pub(crate) started_at: Millis,
    pub(crate) input: Option<PayloadId>,
    status: Status,
    ended_at: Option<Millis>,
    pub(crate) paths: BTreeMap<PathId, Path>,
    next_path: u32,
    runnable: BTreeSet<PathId>,
    timers: BTreeSet<(Millis, PathId)>,
    latest: Millis,
    /// By the id of their `MapRunStarted` event.
    pub(crate) map_runs: BTreeMap<EventId, MapRun>,
    /// What it runs when it is a child of a map run; else the whole definition.
    part: Option<Part>,
    /// The paths as they stood when it ended badly.
    halted: BTreeMap<PathId, Path>,
    redrives: Vec<Redrive>,
}

impl Execution {
    /// An execution before its first record.
    #[must_use]
    pub fn new(definition: Arc<Definition>, identity: Arc<Identity>) -> Self {
        Self {
            definition,
            identity,
            payloads: Payloads::default(),
            events: 0,
            started_at: 0,
            input: None,
            status: Status::Running,
            ended_at: None,
            paths: BTreeMap::new(),
            next_path: 0,
            runnable: BTreeSet::new(),
            timers: BTreeSet::new(),
            latest: 0,
            map_runs: BTreeMap::new(),
            part: None,
            halted: BTreeMap::new(),
            redrives: Vec::new(),
        }
    }

    /// A child execution of a map run before its first record: it runs one part of its parent's definition, knows
    /// none of its parent's variables, and has an identity of its own.
    #[must_use]
    pub fn child(definition: Arc<Definition>, identity: Arc<Identity>, part: Part) -> Self {
        Self { part: Some(part), ..Self::new(definition, identity) }
    }

    /// An execution of an Express machine before its first record: it has five minutes.
    #[must_use]
    pub fn express(definition: Arc<Definition>, identity: Arc<Identity>) -> Self {
        Self { part: Some(Part { block: BlockId(0), express: true }), ..Self::new(definition, identity) }
    }

    /// Starts with an input, verbatim JSON text, and goes as far as it can.
    pub fn start(&mut self, input: &str, now: Millis, chance: &mut dyn Chance) -> Advance {
        let mut draft = Draft::new(self, now, chance);
        let input = draft.payload(input);
        draft.event(ROOT, 0, Event::ExecutionStarted { input });
        let records = draft.into_records();
        self.run(records, now, chance)
    }

    /// Takes what the world says, or the passing of time, and goes as far as it can.
    ///
    /// Time never runs backwards: a `now` before the last record's time counts as that time, see
    /// [`Execution::latest`].
    ///
    /// # Errors
    /// A signal that does not fit changes nothing and says why.
    pub fn advance(
        &mut self,
        signal: Option<Signal>,
        now: Millis,
        chance: &mut dyn Chance,
    ) -> Result<Advance, Refused> {
        let now = now.max(self.latest);
        let records = match signal {
            Some(signal) => self.accept(signal, now, chance)?,
            None => Vec::new(),
        };
        Ok(self.run(records, now, chance))
    }

    /// Applies, then decides and applies until nothing can happen without the world.
    fn run(&mut self, mut records: Vec<Record>, now: Millis, chance: &mut dyn Chance) -> Advance {
        let given_up: BTreeSet<EventId> = self.given_up().map(|run| run.id.started).collect();
        records.iter().for_each(|record| self.apply(now, record));
        while records.len() < self.longest_turn()
            && let Some(decided) = self.decide(now, chance)
        {
            decided.iter().for_each(|record| self.apply(now, record));
            records.extend(decided);
        }
        let newly = self.given_up().filter(|run| !given_up.contains(&run.id.started));
        let mut asked: Vec<Command> = newly.map(commands::abort).collect();
        asked.extend(records.iter().filter_map(|record| self.command(record)));
        Advance { records, commands: asked }
    }

    /// How many records one turn makes, about. A Standard execution goes as far as it can: its history is bounded.
    fn longest_turn(&self) -> usize {
        if self.is_express() { LONGEST_EXPRESS_TURN } else { usize::MAX }
    }

    /// Whether it would go on at once: the last turn of an Express execution may have been cut.
    #[must_use]
    pub fn can_go_on(&self) -> bool {
        self.is_running() && !self.runnable.is_empty()
    }

    fn is_express(&self) -> bool {
        self.part.is_some_and(|part| part.express)
    }

    /// How it is.
    #[must_use]
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// Whether it runs or waits.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.status == Status::Running
    }

    /// Whether it waits for a callback or a clock alone, so that it need not be kept in memory.
    ///
    /// An execution whose map run is not over is not parked: its children report to it all the time.
    #[must_use]
    pub fn is_parked(&self) -> bool {
        self.is_running()
            && self.runnable.is_empty()
            && self.open_map_runs().next().is_none()
            && self.tasks().all(|(path, run)| self.in_flight(path, run).is_none())
    }

    /// Its input, verbatim.
    #[must_use]
    pub fn input(&self) -> &str {
        self.input.map_or("", |id| self.payloads.get(id))
    }

    /// When it started.
    #[must_use]
    pub fn started_at(&self) -> Millis {
        self.started_at
    }

    /// When it ended.
    #[must_use]
    pub fn ended_at(&self) -> Option<Millis> {
        self.ended_at
    }

    /// The time of its last record.
    #[must_use]
    pub fn latest(&self) -> Millis {
        self.latest
    }

    /// How many history events there are so far.
    #[must_use]
    pub fn events(&self) -> EventId {
        self.events
    }

    /// Its definition.
    #[must_use]
    pub fn definition(&self) -> &Arc<Definition> {
        &self.definition
    }

    /// What it runs when it is a child of a map run; else it runs the whole definition.
    #[must_use]
    pub fn part(&self) -> Option<Part> {
        self.part
    }

    /// Who it is.
    #[must_use]
    pub fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// The earliest time at which something happens by itself: a Wait, a retry, a timeout, a heartbeat.
    #[must_use]
    pub fn next_due(&self) -> Option<Millis> {
        if !self.is_running() {
            return None;
        }
        [self.timers.first().map(|(due, _)| *due), self.deadline()].into_iter().flatten().min()
    }

    /// The tokens that somebody may still return.
    #[must_use]
    pub fn open_tokens(&self) -> Vec<String> {
        self.tasks().filter_map(|(_, run)| run.token.clone()).collect()
    }

    /// When the whole execution times out.
    ///
    /// The definition's own timeout is its parent's, not a child's; what is Express has at most what any Express workflow has.
    fn deadline(&self) -> Option<Millis> {
        let own = self.part.is_none_or(|part| part.block == BlockId(0)).then_some(self.definition.timeout_seconds);
        let express = self.is_express().then_some(LONGEST_EXPRESS_SECONDS);
        let seconds = [own.flatten(), express].into_iter().flatten().min()?;
        // A redrive begins the time anew.
        let since = self.redrives.last().map_or(self.started_at, |redrive| redrive.at);
        Some(since.saturating_add(seconds_to_millis(seconds)))
    }

    fn tasks(&self) -> impl Iterator<Item = (PathId, &TaskRun)> {
        self.paths.iter().filter_map(|(id, path)| match &path.phase {
            Phase::InTask(run) => Some((*id, run)),
            _ => None,
        })
    }

    /// The map runs that are not over.
    fn open_map_runs(&self) -> impl Iterator<Item = &MapRun> {
        self.map_runs.values().filter(|run| run.stage != Stage::Over)
    }

    /// The map runs that left children running.
    fn given_up(&self) -> impl Iterator<Item = &MapRun> {
        self.map_runs.values().filter(|run| !run.given_up.is_empty())
    }

    /// The map run that a path is in.
    pub(crate) fn map_run_at(&self, path: PathId) -> Option<&MapRun> {
        match self.paths.get(&path)?.phase {
            Phase::InMapRun { started } => self.map_runs.get(&started),
            _ => None,
        }
    }

    /// The number of the path that will be opened next.
    pub(crate) fn next_path(&self) -> u32 {
        self.next_path
    }

    /// The value of a payload.
    pub(crate) fn value(&self, id: PayloadId) -> Value {
        // INVARIANT: a payload is JSON: inputs and results are checked before they are recorded.
        serde_json::from_str(self.payloads.get(id)).unwrap_or_default()
    }

    /// Error and cause of a failure as texts.
    pub(crate) fn describe(&self, failure: &Failure) -> (Option<String>, Option<String>) {
        (failure.error.clone(), failure.cause.map(|id| self.payloads.get(id).to_owned()))
    }
}

/// Whether a task is completed by a token rather than by its call's answer.
pub(crate) fn completed_by_token(kind: &ResourceKind, pattern: Pattern) -> bool {
    *kind == ResourceKind::Activity || pattern == Pattern::WaitForTaskToken
}

/// Seconds as a time span that cannot overflow when added to a time.
pub(crate) fn seconds_to_millis(seconds: u64) -> Millis {
    Millis::try_from(seconds.saturating_mul(1000)).unwrap_or(Millis::MAX / 4).min(Millis::MAX / 4)
}

/// After so many records the clock of an Express execution is looked at again.
const LONGEST_EXPRESS_TURN: usize = 10_000;

/// How long an Express workflow may run.
const LONGEST_EXPRESS_SECONDS: u64 = 300;

/// The execution's own path.
pub(crate) const ROOT: PathId = PathId(0);

/// What an execution's end follows when it comes from outside, by StopExecution or by its own deadline: nothing.
pub(crate) const FROM_OUTSIDE: EventId = 0;
