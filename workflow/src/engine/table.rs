//! The executions that run, and when each is due.
//!
//! Owns what stays in memory of an execution: its number, its last batch and its earliest timer; and the execution itself
//! only while it is at work. Shards keep different executions out of each other's way; one execution has one lock.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use statemachine::{Execution, Millis, history::History};
use tokio::sync::Notify;

use super::child::Pin;
use crate::{
    delivery::Logging,
    journal::entry::{ExecutionId, Kin, Offset, Origin},
};

/// The executions that run.
pub(super) struct Table {
    shards: [Mutex<HashMap<ExecutionId, Slot>>; SHARDS],
    timers: Mutex<BTreeSet<(Millis, ExecutionId)>>,
    /// Told when the earliest timer changed.
    pub(super) earlier: Notify,
}

/// An execution that runs.
struct Slot {
    head: Offset,
    due: Option<Millis>,
    live: Option<Arc<Live>>,
}

/// An execution at work; whoever holds the lock moves it.
#[derive(Default)]
pub(super) struct Live {
    /// `None` until somebody reads it back from the journal.
    pub(super) loaded: tokio::sync::Mutex<Option<Box<Loaded>>>,
}

/// An execution in memory.
pub(super) struct Loaded {
    pub(super) execution: Execution,
    pub(super) trace_header: Option<String>,
    /// What it was started with, if not with the machine itself.
    pub(super) origin: Option<Origin>,
    /// Its last durable batch; 0 before its first.
    pub(super) head: Offset,
    /// What was told to subscribers and logged so far; `None` while nobody listens.
    pub(super) history: Option<History>,
    /// Where its events go, if anywhere.
    pub(super) logging: Option<Arc<Logging>>,
    /// The definition that it is pinned to.
    pub(super) pin: Pin,
    /// Whose child it is, if it is one.
    pub(super) kin: Option<Arc<Kin>>,
}

impl Table {
    pub(super) fn new() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()), timers: Mutex::default(), earlier: Notify::new() }
    }

    /// Takes in an execution that runs, parked.
    pub(super) fn insert(&self, number: ExecutionId, head: Offset, due: Option<Millis>) {
        self.shard(number).insert(number, Slot { head, due, live: None });
        self.set_timer(number, None, due);
    }

    /// Takes in an execution that starts; nobody else moves it while its lock is held.
    pub(super) fn insert_live(&self, number: ExecutionId, live: Arc<Live>) {
        self.shard(number).insert(number, Slot { head: 0, due: None, live: Some(live) });
    }

    /// The execution's lock; `None` when no such execution runs.
    pub(super) fn live(&self, number: ExecutionId) -> Option<Arc<Live>> {
        self.shard(number).get_mut(&number).map(|slot| Arc::clone(slot.live.get_or_insert_default()))
    }

    /// The execution's lock, if it is at work; one that is parked stays parked.
    pub(super) fn at_work(&self, number: ExecutionId) -> Option<Arc<Live>> {
        self.shard(number).get(&number).and_then(|slot| slot.live.clone())
    }

    /// Its last durable batch; `None` when no such execution runs.
    pub(super) fn head(&self, number: ExecutionId) -> Option<Offset> {
        self.shard(number).get(&number).map(|slot| slot.head)
    }

    /// How many executions run, and how many of them are in memory.
    pub(super) fn count(&self) -> (usize, usize) {
        self.shards.iter().map(lock).fold((0, 0), |(all, live), shard| {
            (all + shard.len(), live + shard.values().filter(|slot| slot.live.is_some()).count())
        })
    }

    /// Notes where an execution stands; the caller holds its lock. With `park` it leaves the table's memory, unless somebody
    /// waits for the lock; answers whether it did.
    pub(super) fn settle(
        &self,
        number: ExecutionId,
        live: &Arc<Live>,
        head: Offset,
        due: Option<Millis>,
        park: bool,
    ) -> bool {
        let (before, parked) = {
            let mut shard = self.shard(number);
            let Some(slot) = shard.get_mut(&number) else { return true };
            slot.head = head;
            // One count is the slot's, one the caller's.
            let parked = park && Arc::strong_count(live) == 2;
            if parked {
                slot.live = None;
            }
            (std::mem::replace(&mut slot.due, due), parked)
        };
        self.set_timer(number, before, due);
        parked
    }

    /// Forgets an execution that has ended.
    pub(super) fn remove(&self, number: ExecutionId) {
        let removed = self.shard(number).remove(&number);
        if let Some(slot) = removed {
            self.set_timer(number, slot.due, None);
        }
    }

    /// Takes out the timers that are due, at most so many.
    pub(super) fn take_due(&self, now: Millis, most: usize) -> Vec<ExecutionId> {
        let mut timers = lock(&self.timers);
        let mut due = Vec::new();
        while due.len() < most
            && let Some(first) = timers.first().copied()
            && first.0 <= now
        {
            timers.pop_first();
            due.push(first.1);
        }
        due
    }

    /// The earliest timer.
    pub(super) fn next_due(&self) -> Option<Millis> {
        lock(&self.timers).first().map(|(due, _)| *due)
    }

    /// A timer that was taken out comes back even when it did not change.
    fn set_timer(&self, number: ExecutionId, before: Option<Millis>, after: Option<Millis>) {
        if before.is_none() && after.is_none() {
            return;
        }
        let mut timers = lock(&self.timers);
        if before != after
            && let Some(before) = before
        {
            timers.remove(&(before, number));
        }
        if let Some(after) = after
            && timers.insert((after, number))
            && timers.first() == Some(&(after, number))
        {
            self.earlier.notify_one();
        }
    }

    fn shard(&self, number: ExecutionId) -> MutexGuard<'_, HashMap<ExecutionId, Slot>> {
        lock(&self.shards[number as usize % SHARDS])
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const SHARDS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_come_out_in_order_and_once() {
        let table = Table::new();
        for (number, due) in [(1, Some(30)), (2, Some(10)), (3, None), (4, Some(20))] {
            table.insert(number, 100, due);
        }
        assert_eq!(table.next_due(), Some(10));
        assert_eq!(table.take_due(20, 10), [2, 4]);
        assert!(table.take_due(20, 10).is_empty());
        assert_eq!(table.next_due(), Some(30));
    }

    #[test]
    fn a_timer_that_moved_is_due_once() {
        let table = Table::new();
        table.insert(1, 100, Some(10));
        let live = table.live(1).unwrap();
        table.settle(1, &live, 200, Some(50), true);
        assert!(table.take_due(40, 10).is_empty());
        assert_eq!(table.take_due(50, 10), [1]);
        table.settle(1, &live, 200, Some(50), true);
        assert_eq!(table.take_due(50, 10), [1]);
    }

    #[test]
    fn a_parked_execution_leaves_memory_unless_somebody_waits_for_it() {
        let table = Table::new();
        table.insert(1, 100, None);
        let (mine, theirs) = (table.live(1).unwrap(), table.live(1).unwrap());
        assert!(!table.settle(1, &mine, 200, None, true));
        assert_eq!(table.count(), (1, 1));
        drop(theirs);
        assert!(table.settle(1, &mine, 200, None, true));
        assert_eq!((table.count(), table.head(1)), ((1, 0), Some(200)));
        table.remove(1);
        assert!(table.live(1).is_none());
    }
}
