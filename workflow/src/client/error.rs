//! What can become of a call.
//!
//! Owns the two kinds of failure: the service answered with an exception, or there was no answer to read.

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The service answered with an exception.
    #[error("{0}")]
    Service(Box<ServiceError>),
    /// Nobody to ask as.
    #[error(
        "no AWS credentials are configured; set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, and for an emulator `AWS_ENDPOINT_URL`"
    )]
    NoCredentials,
    /// No connection could be made, or it broke.
    #[error("`{endpoint}` cannot be reached: {why}")]
    Unreachable {
        /// What was asked.
        endpoint: String,
        /// What the connection said.
        why: String,
    },
    /// The time that the task had is over.
    #[error("`{0}` did not answer in time")]
    TimedOut(String),
    /// The answer is larger than what can be taken.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The request cannot be made of what was given.
    #[error("{0}")]
    Unfit(String),
    /// The answer is not what the protocol says.
    #[error("the answer of `{endpoint}` cannot be read: {why}")]
    Unreadable {
        /// What was asked.
        endpoint: String,
        /// What is wrong with the answer.
        why: String,
    },
}

impl From<ServiceError> for CallError {
    fn from(error: ServiceError) -> Self {
        Self::Service(Box::new(error))
    }
}

/// An exception, as the service names it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ServiceError {
    /// The HTTP status.
    pub status: u16,
    /// Such as `ResourceNotFoundException`.
    pub code: String,
    /// The code of the service's former protocol, where it has one, such as `AWS.SimpleQueueService.NonExistentQueue`.
    pub query_code: Option<String>,
    /// What it says.
    pub message: String,
    /// `x-amzn-RequestId`
    pub request_id: String,
    /// S3's `x-amz-id-2`
    pub extended_request_id: Option<String>,
}
