//! What the engine refuses, in the names and words of the Step Functions API.
//!
//! Owns [`ApiError`] and [`OpenError`]. Step Functions shares one set of exceptions among its actions, so the actions
//! share one enum here too; each method of `Engine` documents which ones it answers. HTTP statuses belong to the wire.

use std::path::PathBuf;

use statemachine::definition::InvalidDefinition;

/// Why an action was refused; the message is the one that goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The ARN is not one, or names another kind of thing.
    #[error("Invalid Arn: '{0}'")]
    InvalidArn(String),
    /// The name has characters or a length that names may not have.
    #[error("Invalid Name: '{0}'")]
    InvalidName(String),
    /// The input is not JSON, or too large.
    #[error("Invalid State Machine Execution Input: '{0}'")]
    InvalidExecutionInput(String),
    /// The result given to SendTaskSuccess is not JSON, or too large.
    #[error("Invalid Output: '{0}'")]
    InvalidOutput(String),
    /// The token is not one that this engine gave out.
    #[error("Invalid Token: '{0}'")]
    InvalidToken(String),
    /// A parameter that the action needs is missing.
    #[error("{0}")]
    MissingRequiredParameter(String),
    /// The paging token is not one that this engine gave out for this list.
    #[error("Invalid Token: 'Invalid token'")]
    InvalidPage,
    /// The definition has errors; all of them are listed.
    #[error("{}", .0.aws_message())]
    InvalidDefinition(InvalidDefinition),
    /// The `loggingConfiguration` does not lead to a log group.
    #[error("Invalid Logging Configuration: {0}")]
    InvalidLoggingConfiguration(String),
    /// No state machine has this ARN.
    #[error("State Machine Does Not Exist: '{0}'")]
    StateMachineDoesNotExist(String),
    /// A state machine has this name and another definition, role, type or configuration.
    #[error("State Machine Already Exists: '{0}'")]
    StateMachineAlreadyExists(String),
    /// The state machine is being deleted.
    #[error("State Machine is being deleted: '{0}'")]
    StateMachineDeleting(String),
    /// A version or an alias that a request names does not exist.
    #[error("Request references a resource that does not exist.")]
    ReferenceDoesNotExist,
    /// Nothing has this ARN that could have tags, or be a map run.
    #[error("Resource not found: '{0}'")]
    ResourceNotFound(String),
    /// More tags than a resource may have.
    #[error("{0}")]
    TooManyTags(String),
    /// The request contradicts what there is.
    #[error("{0}")]
    Conflict(String),
    /// There are as many of these as there may be.
    #[error("{0}")]
    QuotaExceeded(String),
    /// No activity has this ARN.
    #[error("Activity Does Not Exist: '{0}'")]
    ActivityDoesNotExist(String),
    /// An activity has this name and another encryption configuration.
    #[error("Activity Already Exists: '{0}'")]
    ActivityAlreadyExists(String),
    /// Too many workers poll this activity.
    #[error("The maximum number of workers concurrently polling for activity tasks has been reached: '{0}'")]
    ActivityWorkerLimitExceeded(String),
    /// The execution does not stand so that it could be redriven.
    #[error("{0}")]
    ExecutionNotRedrivable(String),
    /// The state machine's type does not take this action.
    #[error("This operation is not supported by this type of state machine")]
    StateMachineTypeNotSupported,
    /// No execution has this ARN.
    #[error("Execution Does Not Exist: '{0}'")]
    ExecutionDoesNotExist(String),
    /// An execution has this name, or had it within 90 days.
    #[error("Execution Already Exists: '{0}'")]
    ExecutionAlreadyExists(String),
    /// The token's task is unknown: its execution is not here.
    #[error("Task Does Not Exist: '{0}'")]
    TaskDoesNotExist(String),
    /// The token's task was answered already, timed out, or went down with its state.
    #[error("Task Timed Out: '{0}'")]
    TaskTimedOut(String),
    /// A parameter is out of its bounds or contradicts another.
    #[error("{0}")]
    Validation(String),
    /// What is asked cannot be; the wire names the reason besides the words.
    #[error("{1}")]
    Invalid(ValidationReason, String),
    /// The engine cannot make anything durable any more and has stopped; what it acknowledged is safe.
    #[error("the engine has stopped: {0}")]
    Unavailable(String),
}

impl ApiError {
    /// The exception's name on the wire, such as `ExecutionDoesNotExist`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidArn(_) => "InvalidArn",
            Self::InvalidName(_) => "InvalidName",
            Self::InvalidExecutionInput(_) => "InvalidExecutionInput",
            Self::InvalidOutput(_) => "InvalidOutput",
            Self::InvalidToken(_) | Self::InvalidPage => "InvalidToken",
            Self::InvalidDefinition(_) => "InvalidDefinition",
            Self::InvalidLoggingConfiguration(_) => "InvalidLoggingConfiguration",
            Self::StateMachineDoesNotExist(_) => "StateMachineDoesNotExist",
            Self::StateMachineAlreadyExists(_) => "StateMachineAlreadyExists",
            Self::StateMachineDeleting(_) => "StateMachineDeleting",
            Self::ReferenceDoesNotExist | Self::ResourceNotFound(_) => "ResourceNotFound",
            Self::TooManyTags(_) => "TooManyTags",
            Self::Conflict(_) => "ConflictException",
            Self::QuotaExceeded(_) => "ServiceQuotaExceededException",
            Self::ActivityDoesNotExist(_) => "ActivityDoesNotExist",
            Self::ActivityAlreadyExists(_) => "ActivityAlreadyExists",
            Self::ActivityWorkerLimitExceeded(_) => "ActivityWorkerLimitExceeded",
            Self::ExecutionNotRedrivable(_) => "ExecutionNotRedrivable",
            Self::StateMachineTypeNotSupported => "StateMachineTypeNotSupported",
            Self::ExecutionDoesNotExist(_) => "ExecutionDoesNotExist",
            Self::ExecutionAlreadyExists(_) => "ExecutionAlreadyExists",
            Self::TaskDoesNotExist(_) => "TaskDoesNotExist",
            Self::TaskTimedOut(_) => "TaskTimedOut",
            Self::MissingRequiredParameter(_) => "MissingRequiredParameter",
            Self::Validation(_) | Self::Invalid(..) => "ValidationException",
            Self::Unavailable(_) => "ServiceUnavailable",
        }
    }
}

/// The reasons that a `ValidationException` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValidationReason {
    /// The ARN is that of a distributed Map state.
    ApiDoesNotSupportLabeledArns,
    /// None of the members is there of which one must be.
    MissingRequiredParameter,
    /// The map run has ended.
    CannotUpdateCompletedMapRun,
    /// The routes of an alias do not fit together.
    InvalidRoutingConfiguration,
}

impl ValidationReason {
    /// The reason on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ApiDoesNotSupportLabeledArns => "API_DOES_NOT_SUPPORT_LABELED_ARNS",
            Self::MissingRequiredParameter => "MISSING_REQUIRED_PARAMETER",
            Self::CannotUpdateCompletedMapRun => "CANNOT_UPDATE_COMPLETED_MAP_RUN",
            Self::InvalidRoutingConfiguration => "INVALID_ROUTING_CONFIGURATION",
        }
    }
}

/// Why a data directory could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("the data directory `{}` is in use by another process; stop that one, or name another directory", .0.display())]
    InUse(PathBuf),
    /// The file system refused.
    #[error("cannot open the data directory `{}`: {source}", .path.display())]
    Io {
        /// What was opened.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The journal is damaged where it was durable; nothing was changed.
    #[error("{0}")]
    Damaged(String),
}
