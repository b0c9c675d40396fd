//! Why a command failed, in words for the engineer who reads them at night.
//!
//! Owns the messages and the exit codes. Each message says what was wrong and what to do about it.

use std::{io, net::SocketAddr, path::PathBuf};

use statemachine::definition::Problem;
use workflow::engine::ApiError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// A file cannot be read.
    #[error("cannot read `{}`: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file or a directory cannot be written.
    #[error("cannot write `{}`: {source}; is the disk full or the directory not yours?", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not JSON.
    #[error("`{}` is not JSON: {source}", .path.display())]
    NotJson {
        /// The file.
        path: PathBuf,
        /// Where and what.
        source: serde_json::Error,
    },
    /// An event is not one that can be handled.
    #[error("the event is refused and nothing was started: {0}")]
    BadEvent(String),
    /// State files are refused; the twin is as it was.
    #[error("the twin was not changed: {0}")]
    BadState(String),
    /// An option has a value that cannot be used.
    #[error("{0}")]
    Usage(String),
    /// Another process listens there.
    #[error(
        "{address} is in use by another program: stop it, or choose another address with `{option} 127.0.0.1:PORT`"
    )]
    PortInUse {
        /// The address.
        address: SocketAddr,
        /// The option that chooses another.
        option: &'static str,
    },
    /// The system does not let us listen there.
    #[error("cannot listen on {address}: {source}; choose another address with `{option}`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The option that chooses another.
        option: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A listener is only for this machine.
    #[error(
        "{address} is not a loopback address: what listens there asks for no credentials and is for this machine only; use `{option} 127.0.0.1:PORT`"
    )]
    NotLoopback {
        /// The address.
        address: SocketAddr,
        /// The option that chooses another.
        option: &'static str,
    },
    /// Another process has the data directory.
    #[error(
        "the data directory `{}` is in use by another process: stop that `sao`, talk to it with `sao incident ...`, or name \
         another directory with `--data`", .0.display()
    )]
    DataInUse(PathBuf),
    /// The data directory cannot be opened.
    #[error("cannot open the data directory `{}`: {problem}", .path.display())]
    Data {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The data directory belongs to another account or region.
    #[error("the data directory `{}` belongs to {kept}, not to {asked}: leave the options out, or name another directory with `--data`", .path.display())]
    Home {
        /// The directory.
        path: PathBuf,
        /// Whose it is.
        kept: String,
        /// What was asked for.
        asked: String,
    },
    /// The incident workflow cannot be used as filled.
    #[error("the incident workflow is refused: {}", list(.0))]
    Definition(Vec<Problem>),
    /// The engine refused.
    #[error("the engine refused ({code}): {error}", code = .error.code())]
    Engine {
        /// The refusal.
        #[from]
        error: ApiError,
    },
    /// An activity or an edge function failed.
    #[error("{0}")]
    Function(String),
    /// No `sao up` answers.
    #[error(
        "no `sao up` answers at {endpoint}: start one with `sao up`, or name its address with `--endpoint` ({problem})"
    )]
    NobodyThere {
        /// The address.
        endpoint: String,
        /// What the connection said.
        problem: String,
    },
    /// A running `sao up` refused.
    #[error("{0}")]
    Refused(String),
    /// The secret that lets this machine's user decide is not there.
    #[error("cannot read the operator's secret `{}`: {problem}; `--data` must name the directory of the running `sao up`, and you must be its user", .path.display())]
    Secret {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Something is not there.
    #[error("{0}")]
    NotFound(String),
    /// A history is not one, or cannot be replayed.
    #[error("`{}` cannot be replayed: {problem}", .path.display())]
    Replay {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
}

impl CommandError {
    /// 2 for what was typed wrong, 1 for everything else.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::NotLoopback { .. } => 2,
            _ => 1,
        }
    }

    /// The kind of error, for `--json`.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Read { .. } => "Read",
            Self::Write { .. } => "Write",
            Self::NotJson { .. } => "NotJson",
            Self::BadEvent(_) => "BadEvent",
            Self::BadState(_) => "BadState",
            Self::Usage(_) | Self::NotLoopback { .. } => "Usage",
            Self::PortInUse { .. } => "PortInUse",
            Self::Listen { .. } => "Listen",
            Self::DataInUse(_) => "DataInUse",
            Self::Data { .. } => "Data",
            Self::Home { .. } => "Home",
            Self::Definition(_) => "InvalidDefinition",
            Self::Engine { error } => error.code(),
            Self::Function(_) => "Function",
            Self::NobodyThere { .. } => "NobodyThere",
            Self::Refused(_) => "Refused",
            Self::Secret { .. } => "Secret",
            Self::NotFound(_) => "NotFound",
            Self::Replay { .. } => "Replay",
        }
    }
}

fn list(problems: &[Problem]) -> String {
    let lines: Vec<String> =
        problems.iter().map(|problem| format!("{} at `{}`", problem.message, problem.pointer)).collect();
    lines.join("; ")
}
