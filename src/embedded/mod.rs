//! The wiring: engine, activities and edge functions in one process, over one data directory.
//!
//! Owns the place where they meet: which handler a function name of the incident workflow has, with which values its
//! placeholders are filled, and how incidents start and tokens complete. Owns no behaviour of any of them.
//!
//! ```text
//!            ┌─ detect, context, reason, propose, verify, record ── activities::call
//!  engine ───┤
//!            └─ observe, infer, notify, act, remember ───────────── edge::Embedded
//!  edge ── Starter, Completer ── engine
//! ```

mod services;
mod setup;

use std::{
    fs::{OpenOptions, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
};

use activities::shape::errors;
use edge::{Answer, Collected, CompleteError, Completer, Embedded, Started, Starter, Taken};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use workflow::{
    engine::{
        ApiError, Config, Engine, ExecutionItem, ExecutionStatus, NewStateMachine, OpenError, Paging, StartExecution,
        StateMachineChange,
    },
    task::{FunctionError, Invocation, Registry, Services},
};

pub(crate) use self::{
    services::services,
    setup::{DEFINITION, Setup, fill},
};
use crate::{error::CommandError, history, home::Home};

/// The platform: an engine that runs incidents.
#[derive(Clone)]
pub(crate) struct Platform {
    /// The engine.
    pub(crate) engine: Engine,
    /// The edge functions.
    pub(crate) edge: Embedded,
    /// The ARN of the incident workflow.
    pub(crate) machine: String,
    /// With what it was opened.
    pub(crate) setup: Arc<Setup>,
}

impl Platform {
    /// Opens the data directory and goes on with what runs in it.
    pub(crate) async fn open(setup: Setup) -> Result<Self, CommandError> {
        check_free(&setup.data)?;
        let definition = setup.definition()?;
        setup.settings()?;
        let journal = setup.data.join(ENGINE);
        std::fs::create_dir_all(&journal).map_err(|source| CommandError::Write { path: journal.clone(), source })?;
        let edge = open_edge(&setup)?;
        let config = Config {
            region: setup.home.region.clone(),
            account: setup.home.account.clone(),
            functions: registry(&edge, setup.services.clone()),
            ..Config::new(journal)
        };
        let engine = Engine::open(config).await.map_err(|error| refused(&setup.data, error))?;
        setup.home.keep(&setup.data)?;
        let machine = ensure_machine(&engine, &setup.home, definition).await?;
        let platform = Self { engine, edge, machine, setup: Arc::new(setup) };
        // A decision that was recorded just before a crash reaches its execution now.
        let redelivered = platform.edge.redeliver(&platform).await;
        redelivered.map_err(|error| CommandError::Function(error.to_string()))?;
        Ok(platform)
    }

    /// The incidents that run.
    pub(crate) async fn running(&self) -> Result<Vec<ExecutionItem>, CommandError> {
        self.incidents(Some(ExecutionStatus::Running)).await
    }

    /// The ARN of an incident's execution.
    pub(crate) fn execution_arn(&self, name: &str) -> String {
        format!("{}:{name}", self.machine.replacen(":stateMachine:", ":execution:", 1))
    }

    /// Takes an alarm event in.
    pub(crate) async fn take_in(&self, event: Value) -> Result<Taken, CommandError> {
        let size = event.to_string().len();
        if size > LARGEST_INPUT {
            return Err(CommandError::BadEvent(format!(
                "it has {size} bytes, and an execution's input at most {LARGEST_INPUT}"
            )));
        }
        self.edge.intake(event, self, self).await.map_err(|error| match error.error.as_str() {
            errors::BAD_INPUT => CommandError::BadEvent(error.message),
            _ => CommandError::Function(error.to_string()),
        })
    }

    /// Reads state files into the twin and the embedded account.
    pub(crate) async fn collect(&self, states: Vec<PathBuf>) -> Result<Vec<Collected>, CommandError> {
        collect(&self.edge, &self.setup.data, states, false, |_| {}).await
    }

    /// Archives the history of an execution that has ended; answers the file.
    pub(crate) async fn archive(&self, execution_arn: &str) -> Result<PathBuf, CommandError> {
        let events = self.engine.get_execution_history(execution_arn).await?;
        let archived = self.edge.archive(execution_arn, history::document(&events)).await;
        archived.map_err(|error| CommandError::Function(error.to_string()))
    }

    /// Archives what has ended since the last time, and from now on whatever ends.
    pub(crate) async fn keep_archiving(&self) -> Result<JoinHandle<()>, CommandError> {
        // Listening comes first, so that nothing ends unnoticed in between.
        let mut progress = self.engine.subscribe(None);
        self.archive_ended().await?;
        let platform = self.clone();
        Ok(tokio::spawn(async move {
            loop {
                let mut told = false;
                while let Some(progress) = progress.next().await {
                    told = true;
                    if progress.status != ExecutionStatus::Running
                        && progress.execution_arn.starts_with(&platform.execution_arn(""))
                    {
                        report(platform.settle(&progress.execution_arn, progress.status).await);
                    }
                }
                // Cut off for being slow, or, with nothing told at all, the engine is gone.
                if !told {
                    return;
                }
                progress = platform.engine.subscribe(None);
                report(platform.archive_ended().await);
            }
        }))
    }

    /// What follows from an execution's end: locks that it still held are given back, its history is archived.
    async fn settle(&self, execution_arn: &str, status: ExecutionStatus) -> Result<(), CommandError> {
        if status != ExecutionStatus::Succeeded {
            let released = self.edge.release(execution_arn, status.name()).await;
            released.map_err(|error| CommandError::Function(error.to_string()))?;
        }
        self.archive(execution_arn).await.map(drop)
    }

    async fn archive_ended(&self) -> Result<(), CommandError> {
        let archived = history::archived(&self.setup.data);
        for item in self.incidents(None).await? {
            if item.status != ExecutionStatus::Running && !archived.contains(&item.execution_arn) {
                self.settle(&item.execution_arn, item.status).await?;
            }
        }
        Ok(())
    }

    /// Stops taking work and makes everything durable.
    pub(crate) async fn close(self) {
        self.engine.shutdown().await;
    }

    async fn incidents(&self, status: Option<ExecutionStatus>) -> Result<Vec<ExecutionItem>, CommandError> {
        let mut all = Vec::new();
        let mut paging = Paging { max_results: 1_000, next_token: None };
        loop {
            let page = self.engine.list_executions(&self.machine, status, paging.clone()).await?;
            all.extend(page.items);
            match page.next_token {
                Some(next) => paging.next_token = Some(next),
                None => return Ok(all),
            }
        }
    }
}

impl Starter for Platform {
    fn start<'a>(&'a self, name: &'a str, input: &'a Value) -> Answer<'a, Result<Started, String>> {
        Box::pin(async move {
            let execution_arn = self.execution_arn(name);
            if self.engine.describe_execution(&execution_arn).await.is_ok() {
                return Ok(Started { execution_arn, existed: true });
            }
            let start = StartExecution {
                state_machine_arn: self.machine.clone(),
                name: Some(name.to_owned()),
                input: Some(input.to_string()),
                ..StartExecution::default()
            };
            match self.engine.start_execution(start).await {
                Ok(started) => Ok(Started { execution_arn: started.execution_arn, existed: false }),
                Err(ApiError::ExecutionAlreadyExists(_)) => Ok(Started { execution_arn, existed: true }),
                Err(error) => Err(error.to_string()),
            }
        })
    }
}

impl Completer for Platform {
    fn succeed<'a>(&'a self, token: &'a str, output: &'a Value) -> Answer<'a, Result<(), CompleteError>> {
        Box::pin(async move {
            self.engine.send_task_success(token, output.to_string()).await.map_err(|error| match error {
                ApiError::TaskTimedOut(_) | ApiError::TaskDoesNotExist(_) | ApiError::InvalidToken(_) => {
                    CompleteError::Gone(error.to_string())
                }
                _ => CompleteError::Unreachable(error.to_string()),
            })
        })
    }
}

/// Refuses a data directory that another process has open, before anything in it is touched.
///
/// The engine takes the lock itself when it opens; this only asks, so that what comes before that finds out in time.
pub(crate) fn check_free(data: &Path) -> Result<(), CommandError> {
    let Ok(lock) = OpenOptions::new().write(true).open(data.join(ENGINE).join("lock")) else { return Ok(()) };
    match lock.try_lock() {
        Err(TryLockError::WouldBlock) => Err(CommandError::DataInUse(data.to_owned())),
        // The file is closed at the end of this, and with it the lock is given back.
        _ => Ok(()),
    }
}

fn open_edge(setup: &Setup) -> Result<Embedded, CommandError> {
    let failed = |error: edge::EdgeError| CommandError::Data { path: setup.data.clone(), problem: error.message };
    Embedded::open(setup.edge(), Arc::new(edge::SystemClock)).map_err(failed)
}

/// Reads state files into the twin and the embedded account; a file that is refused changes nothing.
pub(crate) async fn collect(
    edge: &Embedded,
    data: &Path,
    states: Vec<PathBuf>,
    anyway: bool,
    progress: impl Fn(edge::Progress<'_>) + Send + 'static,
) -> Result<Vec<Collected>, CommandError> {
    let failed = |error: edge::EdgeError| match error.error.as_str() {
        "Sao.BadState" => CommandError::BadState(error.message),
        _ => CommandError::Data { path: data.to_owned(), problem: error.message },
    };
    // The twin knows a state by its path: the same file is the same state wherever the command is run.
    let absolute = |path: PathBuf| match edge::is_remote(&path) {
        true => path,
        false => std::path::absolute(&path).unwrap_or(path),
    };
    let states = states.into_iter().map(absolute).collect();
    let collected = edge.collect_with(states, anyway, progress).await.map_err(failed)?;
    edge::twin_dir::initialise(data).map_err(failed)?;
    Ok(collected)
}

fn report(archived: Result<(), CommandError>) {
    if let Err(error) = archived {
        tracing::error!(%error, "a history could not be archived");
    }
}

/// A handler for each function name of the incident workflow.
fn registry(edge: &Embedded, services: Services) -> Registry {
    let mut functions = Registry::default();
    functions.reach(services);
    for name in activities::PURE_FUNCTIONS {
        functions.insert(name, move |call: Invocation| {
            Box::pin(async move {
                activities::call(name, call.payload).map_err(|error| FunctionError::new(error.kind(), error.message()))
            })
        });
    }
    for name in activities::EDGE_FUNCTIONS {
        let edge = edge.clone();
        functions.insert(name, move |call: Invocation| {
            let edge = edge.clone();
            Box::pin(async move {
                let answered = edge.call(name, call.payload, &call.idempotency_key).await;
                answered.map_err(|error| FunctionError::new(error.error, error.message))
            })
        });
    }
    functions
}

/// Makes the incident workflow, or changes it into today's; what runs keeps the definition that it started with.
async fn ensure_machine(engine: &Engine, home: &Home, definition: String) -> Result<String, CommandError> {
    let new = NewStateMachine {
        name: MACHINE.to_owned(),
        definition: definition.clone(),
        role_arn: format!("arn:aws:iam::{}:role/sao-incident", home.account),
        ..NewStateMachine::default()
    };
    let arn = format!("arn:aws:states:{}:{}:stateMachine:{MACHINE}", home.region, home.account);
    match engine.create_state_machine(new).await {
        Ok((arn, _)) => Ok(arn),
        Err(ApiError::StateMachineAlreadyExists(_)) => {
            engine
                .update_state_machine(
                    &arn,
                    StateMachineChange { definition: Some(definition), ..StateMachineChange::default() },
                )
                .await?;
            Ok(arn)
        }
        Err(error) => Err(error.into()),
    }
}

fn refused(data: &Path, error: OpenError) -> CommandError {
    match error {
        OpenError::InUse(_) => CommandError::DataInUse(data.to_owned()),
        other => CommandError::Data { path: data.to_owned(), problem: other.to_string() },
    }
}

/// The document that says where the platform is: for `GET /health` and for `up --json`.
pub(crate) fn health(platform: &Platform) -> Value {
    json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "state_machine_arn": platform.machine,
        "mode": platform.setup.mode.word(),
        "account": platform.setup.home.account,
        "region": platform.setup.home.region,
        "pages": platform.setup.public_url,
    })
}

/// Where the engine keeps its journal, inside the data directory.
const ENGINE: &str = "engine";

/// The largest input of an execution, in bytes, as Step Functions has it.
const LARGEST_INPUT: usize = 256 * 1024;

/// The name of the incident workflow.
const MACHINE: &str = "incident";
