//! Who listens: those that wait for an end, and those that follow the events.
//!
//! Owns the lists of listeners. They are told what is durable, in the order of each execution's events.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{StreamExt, stream::BoxStream};
use serde_json::Value;
use statemachine::Record;
use tokio::sync::{Notify, mpsc};

use super::{Engine, Inner, error::ApiError, query::status_of, table::Loaded, types::Progress};
use crate::journal::entry::ExecutionId;

/// The listeners.
#[derive(Default)]
pub(super) struct Watchers {
    ends: Mutex<HashMap<ExecutionId, Arc<Notify>>>,
    followers: Mutex<Vec<Follower>>,
    /// Told when the engine closes.
    pub(super) closing: Notify,
}

struct Follower {
    /// The execution's ARN; `None` follows all.
    only: Option<String>,
    progress: mpsc::Sender<Progress>,
}

impl Engine {
    /// New history events as they become durable, of one execution or of all. What was durable before the call is not told.
    ///
    /// A subscriber misses nothing: one that falls 1,024 tellings behind is cut off, its stream ends. It also ends with the
    /// engine.
    #[must_use]
    pub fn subscribe(&self, execution_arn: Option<&str>) -> BoxStream<'static, Progress> {
        let (progress, receiver) = mpsc::channel(FARTHEST_BEHIND);
        if !self.inner.is_closing() {
            lock(&self.inner.watchers.followers).push(Follower { only: execution_arn.map(str::to_owned), progress });
        }
        futures::stream::unfold(receiver, |mut receiver| async {
            receiver.recv().await.map(|progress| (progress, receiver))
        })
        .boxed()
    }
}

impl Inner {
    /// Tells the followers of a batch that is durable, and logs it.
    pub(super) fn tell(&self, number: ExecutionId, loaded: &mut Loaded, records: &[Record]) {
        let is_followed = self.is_followed(&loaded.execution.identity().execution_arn);
        if !is_followed && loaded.logging.is_none() {
            loaded.history = None;
            return;
        }
        let events = self.new_events(number, loaded, records);
        self.log(&loaded.execution, loaded.logging.as_deref(), &events);
        if is_followed {
            let execution_arn = loaded.execution.identity().execution_arn.clone();
            self.publish(Progress { execution_arn, status: status_of(loaded.execution.status()), events });
        }
    }

    /// Whether anybody follows an execution.
    fn is_followed(&self, arn: &str) -> bool {
        let mut followers = lock(&self.watchers.followers);
        followers.retain(|follower| !follower.progress.is_closed());
        followers.iter().any(|follower| follower.only.as_ref().is_none_or(|only| only == arn))
    }

    /// Whether anybody follows anything.
    pub(super) fn has_followers(&self) -> bool {
        !lock(&self.watchers.followers).is_empty()
    }

    /// Tells the followers of one execution, and those of all.
    pub(super) fn publish(&self, progress: Progress) {
        lock(&self.watchers.followers).retain(|follower| {
            follower.only.as_ref().is_some_and(|only| *only != progress.execution_arn)
                || follower.progress.try_send(progress.clone()).is_ok()
        });
    }

    /// The history events that a batch adds.
    fn new_events(&self, number: ExecutionId, loaded: &mut Loaded, records: &[Record]) -> Vec<Value> {
        let at = loaded.execution.latest();
        if let Some(history) = &mut loaded.history {
            return records.iter().filter_map(|record| history.push(at, record)).collect();
        }
        // Nobody listened so far: what came before is read back.
        match self.history(number, loaded.head) {
            Ok((history, mut events)) => {
                loaded.history = Some(history);
                let new = records.iter().filter(|record| matches!(record, Record::Event { .. })).count();
                events.split_off(events.len().saturating_sub(new))
            }
            Err(error) => {
                tracing::error!(execution = number, "cannot read back a history: {error}");
                Vec::new()
            }
        }
    }

    /// Tells those that wait for an execution's end; it has left the table.
    pub(super) fn ended(&self, number: ExecutionId) {
        if let Some(waiting) = lock(&self.watchers.ends).remove(&number) {
            waiting.notify_waiters();
        }
    }

    /// Completes when the execution does not run any more.
    pub(super) async fn until_ended(&self, number: ExecutionId) -> Result<(), ApiError> {
        loop {
            let waiting = Arc::clone(lock(&self.watchers.ends).entry(number).or_default());
            let told = waiting.notified();
            tokio::pin!(told);
            // From here on an end is not missed; one that came before has left the table.
            told.as_mut().enable();
            if self.table.head(number).is_none() {
                // Others may have begun to wait here as well.
                self.ended(number);
                return Ok(());
            }
            if self.is_closing() {
                return Err(ApiError::Unavailable("the engine is shutting down".into()));
            }
            told.await;
        }
    }

    /// Lets all listeners go.
    pub(super) fn dismiss(&self) {
        lock(&self.watchers.ends).drain().for_each(|(_, waiting)| waiting.notify_waiters());
        lock(&self.watchers.followers).clear();
        self.activities.queues.dismiss();
        self.watchers.closing.notify_waiters();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How far a subscriber may fall behind.
const FARTHEST_BEHIND: usize = 1024;
