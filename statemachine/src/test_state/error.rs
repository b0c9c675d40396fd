//! Why a state was not tested.

/// A request that TestState refuses; the messages are those of the service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TestStateError {
    /// The request contradicts itself, the definition, or the shape of what it mocks.
    #[error("{0}")]
    Validation(String),
    /// The definition is not one, or TestState cannot run the state that it holds.
    #[error("{0}")]
    InvalidDefinition(String),
    /// The input is not JSON.
    #[error("{0}")]
    InvalidExecutionInput(String),
}

impl TestStateError {
    /// The exception's name on the wire.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Validation(_) => "ValidationException",
            Self::InvalidDefinition(_) => "InvalidDefinition",
            Self::InvalidExecutionInput(_) => "InvalidExecutionInput",
        }
    }

    /// The exception's message on the wire.
    #[must_use]
    pub fn message(&self) -> String {
        self.to_string()
    }
}

/// Refuses a request with a `ValidationException`.
pub(super) fn refuse<T>(message: impl Into<String>) -> Result<T, TestStateError> {
    Err(TestStateError::Validation(message.into()))
}
