//! The tasks that wait for the workers of activities, in the order in which they were scheduled.
//!
//! Owns nothing durable: an execution that was brought back after a restart says again what it offers. It does not take a
//! task; whoever gets a ticket asks the execution, which may have moved on.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use statemachine::{Millis, Offer, TaskId};
use tokio::sync::{Notify, futures::Notified};

use crate::journal::entry::ExecutionId;

/// The queues of all activities.
#[derive(Default)]
pub(super) struct Queues {
    all: Arc<Mutex<All>>,
}

#[derive(Default)]
struct All {
    /// By the activity's ARN.
    queues: HashMap<String, Queue>,
    offered: HashMap<ExecutionId, Vec<Offer>>,
}

#[derive(Default)]
struct Queue {
    tickets: BTreeSet<Ticket>,
    arrived: Arc<Notify>,
    polls: usize,
}

/// The right to ask an execution for a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket {
    scheduled_at: Millis,
    pub(super) execution: ExecutionId,
    pub(super) task: TaskId,
}

impl Queues {
    /// Notes all that an execution offers; answers what is new.
    pub(super) fn set(&self, execution: ExecutionId, offers: Vec<Offer>) -> Vec<Offer> {
        let mut all = lock(&self.all);
        let before = if offers.is_empty() {
            all.offered.remove(&execution)
        } else {
            all.offered.insert(execution, offers.clone())
        };
        let before = before.unwrap_or_default();
        for gone in before.iter().filter(|offer| !offers.contains(offer)) {
            all.change(&gone.activity, |queue| {
                queue.tickets.remove(&Ticket::of(execution, gone));
            });
        }
        // A ticket that was drawn is put back when the execution offers its task again.
        for offer in &offers {
            all.change(&offer.activity, |queue| {
                if queue.tickets.insert(Ticket::of(execution, offer)) {
                    queue.arrived.notify_one();
                }
            });
        }
        offers.into_iter().filter(|offer| !before.contains(offer)).collect()
    }

    /// Begins to poll an activity; `None` when too many do.
    pub(super) fn poll(&self, activity: &str) -> Option<Poll> {
        let mut all = lock(&self.all);
        let queue = all.queues.entry(activity.to_owned()).or_default();
        if queue.polls >= MOST_POLLS {
            return None;
        }
        queue.polls += 1;
        Some(Poll { all: Arc::clone(&self.all), activity: activity.to_owned(), arrived: Arc::clone(&queue.arrived) })
    }

    /// How many tasks wait.
    #[cfg(test)]
    pub(super) fn waiting(&self, activity: &str) -> usize {
        lock(&self.all).queues.get(activity).map_or(0, |queue| queue.tickets.len())
    }

    /// Lets everybody who polls look up.
    pub(super) fn dismiss(&self) {
        lock(&self.all).queues.values().for_each(|queue| queue.arrived.notify_waiters());
    }
}

impl All {
    fn change(&mut self, activity: &str, change: impl FnOnce(&mut Queue)) {
        change(self.queues.entry(activity.to_owned()).or_default());
        self.forget(activity);
    }

    fn forget(&mut self, activity: &str) {
        if self.queues.get(activity).is_some_and(|queue| queue.polls == 0 && queue.tickets.is_empty()) {
            self.queues.remove(activity);
        }
    }
}

impl Ticket {
    fn of(execution: ExecutionId, offer: &Offer) -> Self {
        Self { scheduled_at: offer.scheduled_at, execution, task: offer.task }
    }
}

/// A worker that polls; it counts until it is dropped.
pub(super) struct Poll {
    all: Arc<Mutex<All>>,
    activity: String,
    arrived: Arc<Notify>,
}

impl Poll {
    /// Draws the ticket of the task that has waited longest.
    pub(super) fn next(&self) -> Option<Ticket> {
        lock(&self.all).queues.get_mut(&self.activity)?.tickets.pop_first()
    }

    /// Completes when a task arrived.
    pub(super) fn arrived(&self) -> Notified<'_> {
        self.arrived.notified()
    }
}

impl Drop for Poll {
    fn drop(&mut self) {
        let mut all = lock(&self.all);
        if let Some(queue) = all.queues.get_mut(&self.activity) {
            queue.polls -= 1;
        }
        all.forget(&self.activity);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many workers may poll one activity at once.
const MOST_POLLS: usize = 1000;

#[cfg(test)]
mod tests {
    use statemachine::record::PathId;

    use super::*;

    fn offer(activity: &str, scheduled: u64, scheduled_at: Millis) -> Offer {
        Offer { task: TaskId { path: PathId(0), scheduled }, activity: activity.into(), scheduled_at }
    }

    fn drawn(queues: &Queues, activity: &str) -> Vec<(ExecutionId, u64)> {
        let poll = queues.poll(activity).unwrap();
        std::iter::from_fn(|| poll.next()).map(|ticket| (ticket.execution, ticket.task.scheduled)).collect()
    }

    #[test]
    fn tasks_are_drawn_in_the_order_of_their_scheduling() {
        let queues = Queues::default();
        queues.set(1, vec![offer("a", 3, 30), offer("b", 4, 5)]);
        queues.set(2, vec![offer("a", 3, 10)]);
        assert_eq!(drawn(&queues, "a"), [(2, 3), (1, 3)]);
        assert_eq!(drawn(&queues, "a"), []);
        assert_eq!(drawn(&queues, "b"), [(1, 4)]);
    }

    #[test]
    fn what_an_execution_offers_no_more_is_not_drawn() {
        let queues = Queues::default();
        assert_eq!(queues.set(1, vec![offer("a", 3, 30)]).len(), 1);
        assert_eq!(queues.set(1, vec![offer("a", 9, 40)]).len(), 1);
        assert_eq!(drawn(&queues, "a"), [(1, 9)]);
        queues.set(1, vec![]);
        assert_eq!(drawn(&queues, "a"), []);
        assert!(lock(&queues.all).queues.is_empty() && lock(&queues.all).offered.is_empty());
    }

    #[test]
    fn a_drawn_ticket_comes_back_with_an_execution_that_still_offers_its_task() {
        let queues = Queues::default();
        queues.set(1, vec![offer("a", 3, 30)]);
        assert_eq!(drawn(&queues, "a"), [(1, 3)]);
        assert_eq!(queues.set(1, vec![offer("a", 3, 30)]), []);
        assert_eq!(drawn(&queues, "a"), [(1, 3)]);
    }

    #[test]
    fn no_more_than_a_thousand_poll_at_once() {
        let queues = Queues::default();
        let polls: Vec<Poll> = (0..MOST_POLLS).map(|_| queues.poll("a").unwrap()).collect();
        assert!(queues.poll("a").is_none() && queues.poll("b").is_some());
        drop(polls);
        assert!(queues.poll("a").is_some());
        assert!(lock(&queues.all).queues.is_empty());
    }

    #[tokio::test]
    async fn a_poll_that_waits_is_told() {
        let queues = Queues::default();
        let poll = queues.poll("a").unwrap();
        let arrived = poll.arrived();
        tokio::pin!(arrived);
        arrived.as_mut().enable();
        queues.set(1, vec![offer("a", 3, 30)]);
        arrived.await;
        assert!(poll.next().is_some());
    }
}
