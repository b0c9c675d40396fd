//! Activities: created, deleted, described, listed; and the workers that poll them for tasks.
//!
//! Owns which activities there are, and the long poll. Which task is next is `queue`'s knowledge; that a worker took it is a
//! record of the execution, durable before the worker hears of it, so that a task is given out once.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;
use statemachine::{Assignment, Millis, Offer, Signal};

use super::{
    Engine, Inner,
    arn::{activity_of, check_name},
    drive::DriveError,
    error::ApiError,
    page::{self, Page, Paging},
    queue::{Queues, Ticket},
    types::Activity,
};
use crate::{
    index::Index,
    journal::{
        Journal,
        entry::{Activity as Saved, ExecutionId, Head},
    },
};

/// The activities that there are, and the tasks that wait for their workers.
pub(super) struct Activities {
    saved: Mutex<BTreeMap<String, Saved>>,
    pub(super) queues: Queues,
}

impl Activities {
    /// Reads the activities that the index knows.
    pub(super) fn read(index: &Index, journal: &Journal) -> Result<Self, String> {
        let mut saved = BTreeMap::new();
        for (name, row) in index.activities() {
            let entry = journal.read(row.saved_at).map_err(|error| error.to_string())?;
            let Head::ActivitySaved(mut activity) = entry.head else {
                return Err(format!("the journal holds no activity at offset {}", row.saved_at));
            };
            if let Some(at) = row.tagged_at {
                activity.tags = super::tags::read(journal, at)?;
            }
            saved.insert(name, *activity);
        }
        Ok(Self { saved: Mutex::new(saved), queues: Queues::default() })
    }

    pub(super) fn get(&self, name: &str) -> Option<Saved> {
        lock(&self.saved).get(name).cloned()
    }

    pub(super) fn retag(&self, name: &str, tags: Vec<(String, String)>) {
        if let Some(saved) = lock(&self.saved).get_mut(name) {
            saved.tags = tags;
        }
    }
}

impl Engine {
    /// CreateActivity: the same name again answers the same activity, whatever its tags.
    ///
    /// # Errors
    /// InvalidName, ActivityAlreadyExists.
    pub async fn create_activity(
        &self,
        name: String,
        tags: Vec<(String, String)>,
        encryption: Option<Value>,
    ) -> Result<Activity, ApiError> {
        check_name(&name)?;
        let encryption = encryption.map(|value| value.to_string());
        self.detached(|inner| async move { inner.create_activity(name, tags, encryption).await }).await
    }

    /// DescribeActivity.
    ///
    /// # Errors
    /// InvalidArn, ActivityDoesNotExist.
    pub async fn describe_activity(&self, arn: &str) -> Result<Activity, ApiError> {
        self.inner.activity(arn)
    }

    /// ListActivities, by name.
    ///
    /// # Errors
    /// InvalidPage.
    pub async fn list_activities(&self, paging: Paging) -> Result<Page<Activity>, ApiError> {
        let after = paging.after("activities")?;
        let from = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let saved = lock(&self.inner.activities.saved);
        let found = saved.range::<str, _>((from, Bound::Unbounded)).take(paging.limit() + 1);
        let mut items: Vec<Activity> = found.map(|(_, saved)| self.inner.shown_activity(saved)).collect();
        let more = items.len() > paging.limit();
        items.truncate(paging.limit());
        let next_token = items.last().filter(|_| more).map(|last| page::token("activities", &last.name));
        Ok(Page { items, next_token })
    }

    /// DeleteActivity: tasks that were given out go on, those that wait go on waiting; an unknown one is deleted already.
    ///
    /// # Errors
    /// InvalidArn.
    pub async fn delete_activity(&self, arn: &str) -> Result<(), ApiError> {
        let name = activity_of(arn)?.to_owned();
        self.detached(|inner| async move { inner.delete_activity(name).await }).await
    }

    /// GetActivityTask: the task that has waited longest, or the next one within 60 seconds, or none.
    ///
    /// A caller that goes away while it waits takes no task with it.
    ///
    /// # Errors
    /// InvalidArn, ActivityDoesNotExist, ActivityWorkerLimitExceeded.
    pub async fn get_activity_task(&self, arn: &str, worker: Option<String>) -> Result<Option<Assignment>, ApiError> {
        let inner = &self.inner;
        inner.activity(arn)?;
        let poll =
            inner.activities.queues.poll(arn).ok_or_else(|| ApiError::ActivityWorkerLimitExceeded(arn.into()))?;
        let until = inner.clock.now().saturating_add(LONGEST_POLL);
        loop {
            let arrived = poll.arrived();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            if let Some(why) = inner.stopped() {
                return Err(ApiError::Unavailable(why));
            }
            while let Some(ticket) = poll.next() {
                let worker = worker.clone();
                let taken = self.detached(move |inner| async move { inner.take(ticket, worker).await }).await?;
                if taken.is_some() {
                    return Ok(taken);
                }
            }
            if inner.clock.now() >= until {
                return Ok(None);
            }
            tokio::select! {
                () = arrived => {}
                () = inner.clock.sleep_until(until) => {}
            }
        }
    }
}

impl Inner {
    async fn create_activity(
        &self,
        name: String,
        tags: Vec<(String, String)>,
        encryption: Option<String>,
    ) -> Result<Activity, ApiError> {
        let _changing = self.machines.changing.lock().await;
        if let Some(there) = self.activities.get(&name) {
            let same = there.encryption == encryption;
            let taken = || ApiError::ActivityAlreadyExists(self.naming.activity(&name));
            return if same { Ok(self.shown_activity(&there)) } else { Err(taken()) };
        }
        let saved = Saved { name, created: self.clock.now(), tags, encryption };
        self.append(Head::ActivitySaved(Box::new(saved.clone())), &[]).await?;
        let shown = self.shown_activity(&saved);
        lock(&self.activities.saved).insert(saved.name.clone(), saved);
        Ok(shown)
    }

    async fn delete_activity(&self, name: String) -> Result<(), ApiError> {
        let _changing = self.machines.changing.lock().await;
        if self.activities.get(&name).is_none() {
            return Ok(());
        }
        self.append(Head::ActivityDeleted { name: name.clone(), at: self.clock.now() }, &[]).await?;
        lock(&self.activities.saved).remove(&name);
        Ok(())
    }

    /// Gives a task to a worker; `None` when it does not wait any more.
    async fn take(self: Arc<Self>, ticket: Ticket, worker: Option<String>) -> Result<Option<Assignment>, ApiError> {
        let signal = Signal::TaskStarted { task: ticket.task, worker };
        match self.drive_and(ticket.execution, Some(signal), |execution| execution.assignment(ticket.task)).await {
            Ok(assignment) => Ok(assignment),
            Err(DriveError::NotRunning | DriveError::Refused(_)) => Ok(None),
            Err(DriveError::Unavailable(why)) => Err(ApiError::Unavailable(why)),
        }
    }

    /// Sees to it that the workers are offered what an execution has for them after its turn.
    pub(super) fn offer(self: &Arc<Self>, number: ExecutionId, offers: Vec<Offer>) {
        for new in self.activities.queues.set(number, offers) {
            let known = activity_of(&new.activity).is_ok_and(|name| {
                self.naming.activity(name) == new.activity && lock(&self.activities.saved).contains_key(name)
            });
            if !known {
                let cause = Some(ApiError::ActivityDoesNotExist(new.activity).to_string());
                let signal = Signal::TaskFailed { task: new.task, error: Some(NO_ACTIVITY.to_owned()), cause };
                tokio::spawn(Arc::clone(self).answer(number, signal));
            }
        }
    }

    fn activity(&self, arn: &str) -> Result<Activity, ApiError> {
        let found = self.activities.get(activity_of(arn)?).map(|saved| self.shown_activity(&saved));
        found.filter(|found| found.arn == arn).ok_or_else(|| ApiError::ActivityDoesNotExist(arn.to_owned()))
    }

    fn shown_activity(&self, saved: &Saved) -> Activity {
        Activity {
            arn: self.naming.activity(&saved.name),
            name: saved.name.clone(),
            creation_date: saved.created,
            encryption: saved.encryption.as_deref().and_then(|text| serde_json::from_str(text).ok()),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long a poll waits for a task.
const LONGEST_POLL: Millis = 60_000;

/// The error of a task whose activity is not there.
const NO_ACTIVITY: &str = "ActivityDoesNotExist";
