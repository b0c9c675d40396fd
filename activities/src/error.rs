//! The error that a function raises.

use crate::shape::errors;

/// An error that a function raises: a type that the machine's Retry and Catch can name, and a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct ActivityError {
    kind: String,
    message: String,
}

impl ActivityError {
    /// Makes an error of a type, for example `Sao.BadInput`.
    pub fn new(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: kind.into(), message: message.into() }
    }

    /// Makes an error for a request that cannot be read.
    pub fn bad_input(message: impl Into<String>) -> Self {
        Self::new(errors::BAD_INPUT, message)
    }

    /// The error's type, as the machine sees it in `Error`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The message, as the machine sees it in `Cause`.
    pub fn message(&self) -> &str {
        &self.message
    }
}
