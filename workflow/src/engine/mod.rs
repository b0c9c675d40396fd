//! THE loop: append, make durable, apply, perform, feed back; and the handle that everything else holds.
//!
//! Owns the life of executions: start, signals, timers, recovery, parking, the end. It does not evaluate anything (that
//! is `statemachine`), does not know bytes on disk (`journal`, `index`) nor how a task is called (`task`).
//!
//! ```text
//!   start, signal, timer ──> drive: advance ──> commit (journal) ──> tell ──> perform (task) ──┐
//!                              ^                                                                |
//!                              └──────────────────────── the answer, a signal ──────────────────┘
//! ```
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use workflow::engine::{Config, Engine, NewStateMachine, StartExecution};
//!
//! let engine = Engine::open(Config::new("data")).await?;
//! let definition = r#"{"StartAt":"Done","States":{"Done":{"Type":"Succeed"}}}"#.to_owned();
//! let new = NewStateMachine { name: "quick".into(), definition, ..NewStateMachine::default() };
//! let (state_machine_arn, _) = engine.create_state_machine(new).await?;
//! let started = engine.start_execution(StartExecution { state_machine_arn, ..StartExecution::default() }).await?;
//! let ended = engine.wait_until_ended(&started.execution_arn).await?;
//! assert_eq!(ended.output.as_deref(), Some("{}"));
//! engine.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod activity;
mod alias;
mod arn;
mod chain;
mod child;
mod clock;
mod decide;
mod drive;
mod error;
mod express;
mod express_child;
mod jobs;
mod logging;
mod machine;
mod map_run;
mod open;
mod page;
mod query;
mod queue;
mod redrive;
mod signal;
mod start;
mod table;
mod tags;
mod target;
#[cfg(test)]
mod tests;
mod timer;
mod types;
mod version;
mod watch;

use std::{
    fmt,
    fs::File,
    future::Future,
    path::PathBuf,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, AtomicU64},
    },
};

use self::{activity::Activities, arn::Naming, machine::Machines, start::Names, table::Table, watch::Watchers};
use crate::{
    delivery::Delivery,
    index::Index,
    journal::Journal,
    task::{Objects, Registry},
};

pub use self::{
    clock::{Clock, ManualClock, SystemClock},
    error::{ApiError, OpenError, ValidationReason},
    map_run::{ChildItem, MapRunChange, MapRunDescription, WantedChildren},
    page::{Page, Paging},
    types::{
        Activity, Alias, Created, ExecutionDescription, ExecutionItem, ExecutionStatus, NewStateMachine, NewVersion,
        Progress, StartExecution, Started, StateMachine, StateMachineChange, StateMachineType, SyncExecution, Updated,
        Version,
    },
};

/// The durable engine; clones are the same engine.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

/// What an engine is opened with.
#[derive(Clone)]
pub struct Config {
    /// The directory that holds the journal and the index; it is made when it is missing.
    pub data_dir: PathBuf,
    /// The region in ARNs.
    pub region: String,
    /// The account in ARNs.
    pub account: String,
    /// The functions that run in this process.
    pub functions: Registry,
    /// What map runs read their items from and write their results to; `None` is Amazon S3, as the functions reach it.
    pub objects: Option<Arc<dyn Objects>>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

impl Config {
    /// Region `us-east-1`, account `123456789012`, no functions, the machine's clock.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            region: "us-east-1".into(),
            account: "123456789012".into(),
            functions: Registry::default(),
            objects: None,
            clock: Arc::new(SystemClock::default()),
        }
    }
}

impl Engine {
    /// The region in the engine's ARNs.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.inner.naming.region
    }

    /// The account in the engine's ARNs.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.inner.naming.account
    }

    /// A handle that does not keep the engine open.
    pub(crate) fn downgrade(&self) -> WeakEngine {
        WeakEngine { inner: Arc::downgrade(&self.inner) }
    }

    /// Runs what must not stop half way in a task of its own: the caller's future may be dropped at any moment.
    async fn detached<T, Work>(&self, work: impl FnOnce(Arc<Inner>) -> Work) -> Result<T, ApiError>
    where
        T: Send + 'static,
        Work: Future<Output = Result<T, ApiError>> + Send + 'static,
    {
        if let Some(why) = self.inner.stopped() {
            return Err(ApiError::Unavailable(why));
        }
        let done = tokio::spawn(work(Arc::clone(&self.inner))).await;
        done.unwrap_or_else(|panic| Err(ApiError::Unavailable(format!("the engine failed at this: {panic}"))))
    }
}

/// An engine that may be gone.
#[derive(Clone)]
pub(crate) struct WeakEngine {
    inner: Weak<Inner>,
}

impl WeakEngine {
    /// The engine, if somebody still holds it.
    pub(crate) fn upgrade(&self) -> Option<Engine> {
        self.inner.upgrade().map(|inner| Engine { inner })
    }
}

impl Engine {
    /// The functions that run in this process.
    pub(crate) fn functions(&self) -> Registry {
        self.inner.functions.clone()
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("running", &self.running().0).finish_non_exhaustive()
    }
}

/// The parts of an engine.
struct Inner {
    naming: Naming,
    functions: Registry,
    objects: Arc<dyn Objects>,
    delivery: Delivery,
    clock: Arc<dyn Clock>,
    journal: Journal,
    index: Arc<Index>,
    table: Arc<Table>,
    machines: Machines,
    activities: Activities,
    next_execution: AtomicU64,
    names: Names,
    family: child::Family,
    jobs: Arc<jobs::Jobs>,
    watchers: Watchers,
    slow: decide::Slow,
    closing: AtomicBool,
    /// Held by this process; `None` after a shutdown.
    lock: Mutex<Option<File>>,
}
