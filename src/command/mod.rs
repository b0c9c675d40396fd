//! What each command does: one file for each, by the command's name.
//!
//! Owns the choice among them and how a command can end. Commands read files and talk to the platform; they think nothing.

mod approver;
pub(crate) mod context;
mod demo;
mod doctor;
mod incident;
mod mcp;
mod prompt;
mod replay;
mod twin;
mod up;
mod validate;

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use serde_json::Value;
use workflow::task::Services;

use crate::{
    cli::{Command, Mode},
    embedded::Setup,
    error::CommandError,
    home::{Asked, Home},
    shop,
};

/// How a command ended that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// As wanted.
    Good,
    /// It was done, and what it found is not good.
    Bad,
}

impl Ending {
    /// The exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Bad => 1,
        }
    }

    /// Good when it is so.
    pub(crate) fn when(good: bool) -> Self {
        if good { Self::Good } else { Self::Bad }
    }
}

/// Runs a command.
pub(crate) async fn run(command: Command) -> Result<Ending, CommandError> {
    match command {
        Command::Demo(options) => demo::run(options).await,
        Command::Up(options) => up::run(options).await,
        Command::Incident(options) => incident::run(options).await,
        Command::Approver(options) => approver::run(options),
        Command::Twin(options) => twin::run(options).await,
        Command::Context(options) => context::run(options).await,
        Command::Prompt(options) => prompt::run(options).await,
        Command::Validate(options) => validate::run(&options),
        Command::Replay(options) => replay::run(&options),
        Command::Doctor(options) => doctor::run(&options).await,
        Command::Mcp(options) => mcp::run(options).await,
    }
}

/// The text of a file; `-` is standard input.
fn read_text(path: &Path) -> Result<String, CommandError> {
    let read = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    read.map_err(|source| CommandError::Read { path: path.to_owned(), source })
}

/// The JSON document in a file.
fn read_json(path: &Path) -> Result<Value, CommandError> {
    serde_json::from_str(&read_text(path)?).map_err(|source| CommandError::NotJson { path: path.to_owned(), source })
}

/// A path as text for people.
fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// A path that still means the same elsewhere.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// With what a data directory is looked at; it must be there.
fn look_at(data: &Path) -> Result<Setup, CommandError> {
    if !data.is_dir() {
        let problem = "it does not exist; `sao demo`, `sao up` and `sao twin collect` make one".to_owned();
        return Err(CommandError::Data { path: data.to_owned(), problem });
    }
    Ok(Setup { observations: shop::observations_of(data), ..setup(data)? })
}

/// With what a data directory is opened by default.
fn setup(data: &Path) -> Result<Setup, CommandError> {
    Ok(Setup {
        data: data.to_owned(),
        home: Home::find(data, &Asked::default())?,
        mode: Mode::Ask,
        settings: Vec::new(),
        public_url: "http://127.0.0.1:8084".to_owned(),
        observations: None,
        services: Services::default(),
    })
}
