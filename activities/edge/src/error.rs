//! What an edge function answers when it cannot do its work.
//!
//! Owns the error that crosses into the state machine as `Error` and `Cause`. Types that start with `Sao.` are final; the
//! machine retries the others.

use std::path::PathBuf;

use activities::shape::errors;

/// An error as the state machine sees it: a name to match in Retry and Catch, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}: {message}")]
pub struct EdgeError {
    /// The error's name, for example `Sao.DigestMismatch`.
    pub error: String,
    /// What went wrong, with the offending input.
    pub message: String,
}

impl EdgeError {
    /// An error of the given name.
    pub fn new(error: impl Into<String>, message: impl Into<String>) -> Self {
        Self { error: error.into(), message: message.into() }
    }

    /// A payload that the function cannot read: asking again does not help.
    pub fn bad_input(function: &str, problem: impl std::fmt::Display) -> Self {
        Self::new(errors::BAD_INPUT, format!("`{function}` cannot read its payload: {problem}"))
    }

    /// A check that does not hold; nothing was changed.
    pub fn refused(problem: impl std::fmt::Display) -> Self {
        Self::new(errors::REFUSED, problem.to_string())
    }

    /// A failure that may be over at the next attempt.
    pub fn transient(problem: impl std::fmt::Display) -> Self {
        Self::new(TRANSIENT, problem.to_string())
    }
}

impl From<FileError> for EdgeError {
    fn from(error: FileError) -> Self {
        match error {
            // A file that cannot be read back is broken for every attempt.
            FileError::Broken { .. } => Self::new("Sao.BrokenFile", error.to_string()),
            FileError::Io { .. } => Self::transient(error),
        }
    }
}

impl From<activities::twin::ReadError> for EdgeError {
    fn from(error: activities::twin::ReadError) -> Self {
        Self::new("Sao.BrokenFile", error.to_string())
    }
}

/// The error that the machine's Retry names for failures that pass.
pub(crate) const TRANSIENT: &str = "Sao.Transient";

/// Why a file of the data directory cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file system refused.
    #[error("cannot {action} `{path}`: {source}", path = path.display())]
    Io {
        /// `read`, `write`, `list` or `remove`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is there and does not hold what it should.
    #[error("`{path}` is broken: {problem}", path = path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        problem: String,
    },
}
