//! Delivery of execution events to CloudWatch Logs, as a machine's `loggingConfiguration` asks for it.
//!
//! Owns which events a level takes, what a log event looks like, the queues, the batches and what is tried again. It never
//! holds an execution up: what cannot be queued or sent is dropped, counted and told to the operator. It does not know how an
//! event comes about (that is `statemachine::history`) nor when (that is `engine`).
//!
//! ```text
//!   engine ── durable events ──> level, redaction ──> queue of the log group ──> batch ──> CreateLogStream, PutLogEvents
//!                                                      │ full: dropped            │ refused, or not heard for long: dropped
//! ```

mod batch;
mod event;
mod loss;
mod settings;
#[cfg(test)]
pub(crate) mod tests;
mod worker;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
use tokio::{sync::mpsc, task::JoinHandle};

use self::{event::LogEvent, loss::Losses, worker::Worker};
use crate::{
    client::{CallError, Client},
    engine::Clock,
};

pub(crate) use self::{
    event::without_data,
    settings::{Logging, group_of},
};

/// Takes events and sees to it that they are sent.
pub(crate) struct Delivery {
    client: Option<Client>,
    clock: Arc<dyn Clock>,
    /// What tells the streams of this engine from those of another one.
    id: String,
    /// By the log group's ARN; `None` once it is closed.
    queues: Mutex<Option<HashMap<String, Queue>>>,
    losses: Arc<Losses>,
    closing: Arc<AtomicBool>,
}

/// What waits to be sent to one log group.
struct Queue {
    parcels: mpsc::Sender<Parcel>,
    /// In bytes, what was given to the worker and is not done with.
    waiting: Arc<AtomicUsize>,
    worker: JoinHandle<()>,
}

/// Events of one machine, in order.
struct Parcel {
    machine: String,
    events: Vec<LogEvent>,
    bytes: usize,
}

impl Delivery {
    /// A delivery that reaches CloudWatch Logs with a client; without one everything is dropped, and it says so once.
    pub(crate) fn new(client: Option<Client>, clock: Arc<dyn Clock>) -> Self {
        let id = uuid::Uuid::new_v4().simple().to_string()[..8].to_owned();
        Self {
            client,
            clock,
            id,
            queues: Mutex::new(Some(HashMap::new())),
            losses: Arc::default(),
            closing: Arc::default(),
        }
    }

    /// Takes durable events of an execution, as the history shows them. Needs a tokio runtime; never waits.
    pub(crate) fn offer(&self, logging: &Logging, execution_arn: &str, redrives: usize, events: &[Value]) {
        let taken = events.iter().filter(|event| logging.takes(event["type"].as_str().unwrap_or_default()));
        let events: Vec<LogEvent> =
            taken.map(|event| LogEvent::new(event, execution_arn, redrives, logging.with_data)).collect();
        if events.is_empty() {
            return;
        }
        let Some(client) = &self.client else {
            return self.losses.nobody_to_ask(&CallError::NoCredentials);
        };
        // `MACHINE` or, of a map run's child, `MACHINE/LABEL`.
        let machine = execution_arn.split(':').nth(6).and_then(|machine| machine.split('/').next()).unwrap_or_default();
        let bytes = events.iter().map(LogEvent::size).sum();
        let parcel = Parcel { machine: machine.to_owned(), events, bytes };
        let mut queues = lock(&self.queues);
        let Some(queues) = queues.as_mut() else { return };
        let queue = queues.entry(logging.group_arn.clone()).or_insert_with(|| self.open(client, logging));
        let count = parcel.events.len();
        if queue.waiting.fetch_add(bytes, Ordering::Relaxed) + bytes > MOST_WAITING
            || queue.parcels.try_send(parcel).is_err()
        {
            queue.waiting.fetch_sub(bytes, Ordering::Relaxed);
            self.losses.count(count, &logging.group, "they come faster than they can be sent");
        }
    }

    /// Whether the log group is there, as far as that can be known now: `Err` says what is certainly wrong, in AWS's words.
    pub(crate) async fn check(&self, logging: &Logging) -> Result<(), &'static str> {
        let Some(client) = &self.client else { return Ok(()) };
        worker::check(&client.in_region(&logging.region), &logging.group).await
    }

    /// Sends what waits, for a short time, and stops.
    pub(crate) async fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        let queues = lock(&self.queues).take().unwrap_or_default();
        let workers: Vec<JoinHandle<()>> = queues.into_values().map(|queue| queue.worker).collect();
        let stops: Vec<_> = workers.iter().map(JoinHandle::abort_handle).collect();
        if tokio::time::timeout(LONGEST_CLOSE, futures::future::join_all(workers)).await.is_err() {
            tracing::warn!("execution events that could not be sent to CloudWatch Logs in time are dropped");
            stops.iter().for_each(tokio::task::AbortHandle::abort);
        }
        self.losses.tell_all();
    }

    /// How many events were dropped so far.
    #[cfg(test)]
    pub(crate) fn lost(&self) -> u64 {
        self.losses.total()
    }

    fn open(&self, client: &Client, logging: &Logging) -> Queue {
        let (parcels, inbox) = mpsc::channel(MOST_PARCELS);
        let waiting = Arc::new(AtomicUsize::new(0));
        let worker = Worker {
            client: client.in_region(&logging.region),
            clock: Arc::clone(&self.clock),
            group: logging.group.clone(),
            id: self.id.clone(),
            losses: Arc::clone(&self.losses),
            closing: Arc::clone(&self.closing),
            waiting: Arc::clone(&waiting),
            streams: std::collections::BTreeSet::new(),
        };
        Queue { parcels, waiting, worker: tokio::spawn(worker.run(inbox)) }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How much may wait for one log group, in bytes.
const MOST_WAITING: usize = 32 << 20;

/// How many parcels may wait for one log group.
const MOST_PARCELS: usize = 16 << 10;

/// How long an engine that shuts down waits for what is still to be sent.
const LONGEST_CLOSE: Duration = Duration::from_secs(2);
