//! Children of map runs: executions of their own, whose ends their parents are told.
//!
//! Owns that a child starts once however often it is asked for, that its end reaches its parent, also when a crash comes in
//! between, and that children stop with their map run. What a child does is `statemachine`'s; Express children run in
//! [`super::express_child`].
//!
//! ```text
//!   parent: ChildStarted ── commit ──> StartChild ──> child: ExecutionStarted ── commit ── ... ── end ── commit ──┐
//!      ^                                                                                                        |
//!      └── ChildEnded, one batch for all that have gathered <── ends <──────────────────────────────────────────┘
//! ```
//!
//! INVARIANT: a child's end is durable before its parent is told. After a crash the parent asks for each child again whose
//! end it has not recorded; one that has ended is then told again.
//!
//! INVARIANT: a map run is redriven only after all that it gave up has come to rest, so that no end of a former attempt is
//! taken for one of the new attempt.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::Duration,
};

use statemachine::{AbortChildren, Execution, MapRunId, Signal, StartChild, Status};
use tokio::task::AbortHandle;

use super::{
    Inner,
    drive::DriveError,
    error::ApiError,
    table::{Live, Loaded},
};
use crate::{
    index::{ExecutionRow, KinRow},
    journal::entry::{Born, DefinitionHash, ExecutionId, Kin, Offset},
};

/// The definition that an execution is pinned to, and its children with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pin {
    pub(super) definition: DefinitionHash,
    /// Where the entry that holds it begins.
    pub(super) saved_at: Offset,
}

/// A map run of an execution.
type RunKey = (ExecutionId, MapRunId);

/// What is going on between parents and children.
#[derive(Default)]
pub(super) struct Family {
    at_work: Mutex<HashMap<RunKey, AtWork>>,
    /// Ends that parents are still to be told; a parent has an entry while somebody tells it.
    ends: Mutex<HashMap<ExecutionId, VecDeque<Signal>>>,
}

/// Children of one map run that are being started, or that run in memory alone.
#[derive(Default)]
struct AtWork {
    given_up: bool,
    children: HashMap<u64, Option<AbortHandle>>,
}

impl Family {
    /// Notes that a child is being started; answers whether nobody else is at it.
    fn begin(&self, run: RunKey, index: u64) -> bool {
        match lock(&self.at_work).entry(run).or_default().children.entry(index) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(None);
                true
            }
        }
    }

    /// Notes what stops a child that runs in memory; answers whether it is still wanted.
    pub(super) fn stoppable(&self, run: RunKey, index: u64, handle: AbortHandle) {
        let mut at_work = lock(&self.at_work);
        let Some(work) = at_work.get_mut(&run) else { return };
        match work.children.get_mut(&index) {
            Some(place) if !work.given_up => *place = Some(handle),
            Some(_) => handle.abort(),
            // It has ended already.
            None => {}
        }
    }

    /// Notes that a child is in the journal, or has ended.
    pub(super) fn done(&self, run: RunKey, index: u64) {
        let mut at_work = lock(&self.at_work);
        if let Entry::Occupied(mut entry) = at_work.entry(run) {
            entry.get_mut().children.remove(&index);
            if entry.get().children.is_empty() {
                entry.remove();
            }
        }
    }

    /// Whether nothing is going on with the children of an execution.
    fn is_quiet(&self, parent: ExecutionId) -> bool {
        !lock(&self.at_work).keys().any(|(of, _)| *of == parent) && !lock(&self.ends).contains_key(&parent)
    }

    /// Whether nothing is going on.
    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        lock(&self.at_work).is_empty() && lock(&self.ends).is_empty()
    }

    fn is_given_up(&self, run: RunKey) -> bool {
        lock(&self.at_work).get(&run).is_some_and(|work| work.given_up)
    }

    /// Lets nothing of a map run start any more, and ends what runs in memory.
    fn give_up(&self, run: RunKey) {
        let mut at_work = lock(&self.at_work);
        let Some(work) = at_work.get_mut(&run) else { return };
        work.given_up = true;
        work.children.retain(|_, handle| match handle {
            Some(handle) => {
                handle.abort();
                false
            }
            None => true,
        });
        if work.children.is_empty() {
            at_work.remove(&run);
        }
    }
}

impl Inner {
    /// Starts children of an execution, many at once.
    pub(super) fn start_children(self: &Arc<Self>, parent: ExecutionId, pin: Pin, starts: Vec<StartChild>) {
        // Noted before anything else can happen to the map run, so that giving it up finds them.
        let (express, standard): (Vec<_>, Vec<_>) = starts
            .into_iter()
            .filter(|start| self.family.begin((parent, start.run), start.index))
            .partition(|start| start.part.express);
        for start in express {
            self.start_express_child(parent, pin, start);
        }
        let workers = standard.len().min(STARTED_AT_ONCE);
        let queue = Arc::new(Mutex::new(VecDeque::from(standard)));
        for _ in 0..workers {
            let (inner, queue) = (Arc::clone(self), Arc::clone(&queue));
            tokio::spawn(async move {
                loop {
                    let Some(start) = lock(&queue).pop_front() else { return };
                    let (run, index) = ((parent, start.run), start.index);
                    if let Err(error) = inner.start_child(parent, pin, start).await {
                        tracing::error!(execution = parent, index, "a child is started after a restart: {error}");
                    }
                    inner.family.done(run, index);
                }
            });
        }
    }

    /// Starts a child, or redrives it, unless that was done before a crash; one that has ended since is told again.
    async fn start_child(self: &Arc<Self>, parent: ExecutionId, pin: Pin, start: StartChild) -> Result<(), ApiError> {
        let run = (parent, start.run);
        if self.family.is_given_up(run) {
            return Ok(());
        }
        let found = self.index.find(&start.state_machine_name, &start.name);
        if let Some((number, row)) = found.map_err(|error| ApiError::Unavailable(error.to_string()))? {
            // One that was given up before it was born is born by the redrive.
            if row.redrives < start.redrives && row.started <= start.since && self.revive(number, &row).await? {
                return self.stop_if_given_up(run, number).await;
            }
            if row.stopped.is_some() {
                let ended = self.load(number, row.head).map_err(ApiError::Unavailable)?;
                self.tell_parent(parent, start.run, start.index, ended.execution.status().clone());
            }
            return Ok(());
        }
        let number = self.bear(parent, pin, start).await?;
        self.stop_if_given_up(run, number).await
    }

    /// Stops a child that was given up in the meantime, and perhaps too early to be found.
    async fn stop_if_given_up(self: &Arc<Self>, run: RunKey, number: ExecutionId) -> Result<(), ApiError> {
        if self.family.is_given_up(run) {
            self.stop_child(number).await;
        }
        Ok(())
    }

    /// Redrives a child; answers whether it could be: if not, it stays as it ended.
    async fn revive(self: &Arc<Self>, number: ExecutionId, row: &ExecutionRow) -> Result<bool, ApiError> {
        let loaded = Box::new(self.load(number, row.head).map_err(ApiError::Unavailable)?);
        match self.go_on(number, loaded, None).await {
            Ok(_) => Ok(true),
            Err(ApiError::ExecutionNotRedrivable(why)) => {
                tracing::debug!(execution = number, "a child is not redriven: {why}");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Waits until what the map runs of an ended execution gave up has come to rest.
    pub(super) async fn settle_children(self: &Arc<Self>, parent: ExecutionId, execution: &Execution) {
        for (run, arns) in execution.left_running() {
            self.family.give_up((parent, run));
            self.stop_children(&arns).await;
        }
        while !self.family.is_quiet(parent) && !self.is_closing() {
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// The first turn of a child.
    async fn bear(self: &Arc<Self>, parent: ExecutionId, pin: Pin, start: StartChild) -> Result<ExecutionId, ApiError> {
        let pinned = self.machines.pinned(&self.journal, pin.saved_at).map_err(ApiError::Unavailable)?;
        let number = self.next_execution.fetch_add(1, Ordering::Relaxed);
        let identity = self.identity(number, &start.state_machine_name, &start.name, &pinned);
        let mut execution = Execution::child(Arc::clone(&pinned.definition), Arc::new(identity), start.part);
        let advance = self.decide_first(&mut execution, &start.input);
        let (history, logging) = self.logged(&pinned, &start.state_machine_name, None);
        let StartChild { run, index, map_run_arn, name, part, items, .. } = start;
        let kin = Arc::new(Kin { parent, run, index, items, map_run_arn, part });
        let born = Born { name, definition: pin.definition, saved_at: pin.saved_at, trace_header: None };
        let mut loaded = Box::new(Loaded {
            execution,
            trace_header: None,
            origin: None,
            head: 0,
            history,
            logging,
            pin,
            kin: Some(kin),
        });

        // As with any start: in the table before it is durable, and locked.
        let live = Arc::new(Live::default());
        let mut guard = live.loaded.lock().await;
        self.table.insert_live(number, Arc::clone(&live));
        if let Err(error) = self.commit(number, &mut loaded, Some(Box::new(born)), &advance.records).await {
            self.table.remove(number);
            return Err(error);
        }
        let arn = self.put_back(number, &live, &mut guard, loaded);
        self.perform(number, &arn, pin, advance.commands);
        drop(guard);
        Ok(number)
    }

    /// Sees to it that a parent is told of a child's end, which is durable.
    pub(super) fn tell_parent(self: &Arc<Self>, parent: ExecutionId, run: MapRunId, index: u64, status: Status) {
        let signal = Signal::ChildEnded { run, index, status };
        match lock(&self.family.ends).entry(parent) {
            Entry::Occupied(mut waiting) => waiting.get_mut().push_back(signal),
            Entry::Vacant(place) => {
                place.insert(VecDeque::from([signal]));
                let inner = Arc::clone(self);
                tokio::spawn(async move { inner.tell_all(parent).await });
            }
        }
    }

    /// Tells a parent the ends of its children until there are no more: what gathers during one turn is the next one.
    async fn tell_all(self: &Arc<Self>, parent: ExecutionId) {
        loop {
            let told = {
                let mut ends = lock(&self.family.ends);
                let Some(waiting) = ends.get_mut(&parent) else { return };
                if waiting.is_empty() {
                    ends.remove(&parent);
                    return;
                }
                take_some(waiting)
            };
            match self.drive_all(parent, told).await {
                Ok(()) => {}
                Err(DriveError::NotRunning) => tracing::debug!(execution = parent, "children ended after their parent"),
                Err(error) => {
                    tracing::error!(execution = parent, "ends of children are told again after a restart: {error}");
                    lock(&self.family.ends).remove(&parent);
                    return;
                }
            }
        }
    }

    /// Takes several signals in one turn, as [`Inner::drive`] takes one; those that do not fit change nothing.
    async fn drive_all(self: &Arc<Self>, number: ExecutionId, signals: Vec<Signal>) -> Result<(), DriveError> {
        let live = self.table.live(number).ok_or(DriveError::NotRunning)?;
        let mut guard = live.loaded.lock().await;
        let head = self.table.head(number).ok_or(DriveError::NotRunning)?;
        let mut loaded = match guard.take() {
            Some(loaded) => loaded,
            None => Box::new(self.load(number, head).map_err(DriveError::Unavailable)?),
        };
        let (mut records, mut commands) = (Vec::new(), Vec::new());
        for signal in signals {
            match self.decide(&mut loaded.execution, Some(signal)) {
                Ok(advance) => {
                    records.extend(advance.records);
                    commands.extend(advance.commands);
                }
                Err(why) => tracing::debug!(execution = number, "the end of a child comes too late: {why}"),
            }
        }
        if !records.is_empty() {
            let committed = self.commit(number, &mut loaded, None, &records).await;
            committed.map_err(|error| DriveError::Unavailable(error.to_string()))?;
        }
        let pin = loaded.pin;
        let arn = self.put_back(number, &live, &mut guard, loaded);
        self.perform(number, &arn, pin, commands);
        Ok(())
    }

    /// Stops the children of a map run that it left running.
    pub(super) fn abort_children(self: &Arc<Self>, parent: ExecutionId, abort: AbortChildren) {
        self.family.give_up((parent, abort.run));
        let inner = Arc::clone(self);
        tokio::spawn(async move { inner.stop_children(&abort.execution_arns).await });
    }

    async fn stop_children(self: &Arc<Self>, arns: &[String]) {
        for arns in arns.chunks(STARTED_AT_ONCE) {
            // Those of Express children lead nowhere; one that is not found will see that it is given up. One that has just ended
            // is asked too: its turn is over, and its parent is being told, when the answer comes.
            let found = arns.iter().filter_map(|arn| self.find(arn).ok());
            futures::future::join_all(found.map(|(number, _)| self.stop_child(number))).await;
        }
    }

    async fn stop_child(self: &Arc<Self>, number: ExecutionId) {
        match self.drive(number, Some(Signal::Stop { error: None, cause: None })).await {
            Ok(()) | Err(DriveError::NotRunning | DriveError::Refused(_)) => {}
            Err(error) => tracing::error!(execution = number, "a child is stopped after a restart: {error}"),
        }
    }

    /// After a crash: stops the children whose map run has ended without them.
    pub(super) async fn stop_orphans(self: &Arc<Self>, children: Vec<(ExecutionId, KinRow)>) {
        let mut runs: HashMap<RunKey, Vec<ExecutionId>> = HashMap::new();
        for (number, kin) in children {
            runs.entry((kin.parent, kin.run)).or_default().push(number);
        }
        for ((parent, run), children) in runs {
            if !self.has_children(parent, run).await {
                for some in children.chunks(STARTED_AT_ONCE) {
                    futures::future::join_all(some.iter().map(|number| self.stop_child(*number))).await;
                }
            }
        }
    }

    /// Whether children of a map run may run. When in doubt they may.
    async fn has_children(self: &Arc<Self>, parent: ExecutionId, run: MapRunId) -> bool {
        let Some(head) = self.table.head(parent) else { return false };
        let reports = self.map_runs(parent, head).await;
        reports.map_or(true, |runs| runs.iter().any(|report| report.id == run && report.executions.running > 0))
    }
}

/// As many ends as make one batch: bounded in number and, roughly, in bytes.
fn take_some(waiting: &mut VecDeque<Signal>) -> Vec<Signal> {
    let (mut taken, mut bytes) = (Vec::new(), 0);
    while taken.len() < TOLD_AT_ONCE
        && bytes < LARGEST_TELLING
        && let Some(signal) = waiting.pop_front()
    {
        if let Signal::ChildEnded { status: Status::Succeeded { output }, .. } = &signal {
            bytes += output.len();
        }
        taken.push(signal);
    }
    taken
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many children of one command are started at once; what waits for the disk together costs one write.
const STARTED_AT_ONCE: usize = 256;

/// How often it is looked whether children have come to rest.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// How many ends one turn of a parent takes.
const TOLD_AT_ONCE: usize = 1024;

/// How many bytes of outputs one turn of a parent takes, give or take one.
const LARGEST_TELLING: usize = 8 << 20;
