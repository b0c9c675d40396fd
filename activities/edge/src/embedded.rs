//! The embedded edge functions: the same names and shapes as on AWS, over a directory.
//!
//! Owns the table of functions and what they share: configuration, clock, keys, and the one guard under which anything is
//! read in order to be changed. Each function is in its own file.
//!
//! ```text
//! engine --call(name, payload, key)--> observe | infer | notify | act | remember --> DATA
//! HTTP   --approval_page, decide-----> hitl --Completer--> engine
//! HTTP   --intake--------------------> alarm state, Starter --> engine
//! ```

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use activities::approval::Verifier;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::account::Account;
use crate::approvals::Approvals;
use crate::approvers::Approvers;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::EdgeError;
use crate::keys::{self, Keys};
use crate::precedents::Precedents;
use crate::twin_dir::TwinDir;
use crate::{act, infer, notify, observe, remember};

/// The embedded edge functions over one data directory; clones share everything.
#[derive(Clone, Debug)]
pub struct Embedded {
    pub(crate) world: Arc<World>,
}

/// What the functions share.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) keys: Keys,
    pub(crate) verifier: Verifier,
    pub(crate) approvers: Approvers,
    pub(crate) approvals: Approvals,
    pub(crate) account: Account,
    pub(crate) twin: TwinDir,
    pub(crate) precedents: Precedents,
    guard: Mutex<()>,
}

impl Embedded {
    /// Opens the functions over `config.data_dir`; keys and the first approver are made on first use.
    pub fn open(config: Config, clock: Arc<dyn Clock>) -> Result<Self, EdgeError> {
        let key_dir = config.path("keys");
        let keys = Keys::open(&key_dir)?;
        let world = World {
            verifier: keys::verifier(&key_dir)?,
            approvers: Approvers::open(&config.data_dir, &config.operator)?,
            approvals: Approvals::new(config.path("approvals")),
            account: Account::new(config.path("account"), config.observations.clone(), config.pace),
            twin: TwinDir::new(config.path("twin")),
            precedents: Precedents::new(config.path("twin/precedents")),
            guard: Mutex::new(()),
            keys,
            clock,
            config,
        };
        Ok(Self { world: Arc::new(world) })
    }

    /// Runs the edge function `function` on `payload`.
    ///
    /// `idempotency_key` names this dispatch of the task: the same key always gets the same answer and no second effect, also
    /// after the process was killed between effect and answer. Errors carry the names that the machine's Retry and Catch know.
    pub async fn call(&self, function: &str, payload: Value, idempotency_key: &str) -> Result<Value, EdgeError> {
        let world = Arc::clone(&self.world);
        let function = function.to_owned();
        tracing::debug!(function, idempotency_key, "edge function called");
        blocking(move || match function.as_str() {
            "observe" => answer("observe", payload, |request| observe::observe(&world, request)),
            "infer" => answer("infer", payload, infer::infer),
            "notify" => answer("notify", payload, |request| notify::notify(&world, request)),
            "act" => answer("act", payload, |request| act::act(&world, request)),
            "remember" => answer("remember", payload, |request| remember::remember(&world, request)),
            _ => Err(EdgeError::new(
                "Sao.UnknownFunction",
                format!("`{function}` is not an edge function of the machine"),
            )),
        })
        .await
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.world.config
    }

    /// The embedded account, to read.
    pub fn account(&self) -> &Account {
        &self.world.account
    }

    /// The twin's directory.
    pub fn twin(&self) -> &TwinDir {
        &self.world.twin
    }

    /// Who may approve.
    pub fn approvers(&self) -> &Approvers {
        &self.world.approvers
    }

    /// Sets every resource of the embedded account back to what Terraform declares; answers how many had drifted.
    pub async fn apply_declared(&self) -> Result<usize, EdgeError> {
        let world = Arc::clone(&self.world);
        blocking(move || {
            let _guard = world.guard();
            world.account.apply_declared(world.now())
        })
        .await
    }

    /// Stops all execution, or lets it go on when there is no reason given.
    pub async fn set_kill_switch(&self, reason: Option<String>) -> Result<(), EdgeError> {
        let world = Arc::clone(&self.world);
        blocking(move || crate::kill_switch::set(&world, reason.as_deref())).await
    }
}

impl World {
    /// The present moment.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Holds off every other reader-in-order-to-change of this process.
    pub(crate) fn guard(&self) -> MutexGuard<'_, ()> {
        // The guarded state is on disk and whole at any moment, so a panic elsewhere leaves nothing half done.
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts executions; the application gives it to [`Embedded::intake`].
pub trait Starter: Send + Sync {
    /// Starts the execution `name` of the incident machine with `input`; a name in use is no error.
    fn start<'a>(&'a self, name: &'a str, input: &'a Value) -> Answer<'a, Result<Started, String>>;
}

/// What became of a start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// The execution's ARN.
    pub execution_arn: String,
    /// True when an execution of this name existed before.
    pub existed: bool,
}

/// Completes task tokens; the application gives it to the approval pages.
pub trait Completer: Send + Sync {
    /// Completes the task of `token` with `output`, as SendTaskSuccess does.
    fn succeed<'a>(&'a self, token: &'a str, output: &'a Value) -> Answer<'a, Result<(), CompleteError>>;
}

/// Why a token was not completed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompleteError {
    /// The task timed out, was completed before, or does not exist (TaskTimedOut, TaskDoesNotExist, InvalidToken).
    #[error("the task does not wait any more: {0}")]
    Gone(String),
    /// The engine cannot be reached now.
    #[error("the engine does not answer: {0}")]
    Unreachable(String),
}

/// An answer that takes its time.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Runs file work where it blocks nobody.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EdgeError> + Send + 'static,
) -> Result<T, EdgeError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| EdgeError::transient(format!("the function broke off: {error}")))?
}

fn answer<Request: DeserializeOwned, Answered: Serialize>(
    name: &str,
    payload: Value,
    function: impl FnOnce(Request) -> Result<Answered, EdgeError>,
) -> Result<Value, EdgeError> {
    let request = serde_json::from_value(payload).map_err(|problem| EdgeError::bad_input(name, problem))?;
    serde_json::to_value(function(request)?).map_err(|problem| EdgeError::bad_input(name, problem))
}
