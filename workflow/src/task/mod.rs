//! How a Task command reaches the world: one file per integration.
//!
//! Owns the choice of the integration and the functions that run inside this process. It does not know executions:
//! it gets a call, and answers with what the caller signals.

mod lambda;
mod registry;

use statemachine::definition::{Pattern, Resource, ResourceKind};

pub use registry::{FunctionError, Handler, Invocation, Registry};

/// What a task asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) resource: Resource,
    /// The evaluated arguments, a JSON text.
    pub(crate) arguments: String,
    /// The same for the same attempt.
    pub(crate) idempotency_key: String,
    pub(crate) region: String,
    pub(crate) account: String,
}

/// What the world answers; results are JSON texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The task is done.
    Succeeded(String),
    /// The task was handed over; somebody will return its token.
    Submitted(String),
    /// It failed.
    Failed {
        /// The error name.
        error: String,
        /// The cause.
        cause: String,
    },
}

/// Calls the resource of a task.
pub(crate) async fn perform(functions: &Registry, call: Call) -> Answer {
    match (&call.resource.kind, call.resource.pattern) {
        (ResourceKind::Lambda, Pattern::RequestResponse) => lambda::invoke(functions, call).await,
        (ResourceKind::Service { service, action }, Pattern::RequestResponse | Pattern::WaitForTaskToken)
            if service == "lambda" && action == "invoke" =>
        {
            lambda::invoke(functions, call).await
        }
        _ => Answer::Failed {
            error: "States.TaskFailed".into(),
            cause: format!("the resource `{}` is not supported by this engine", call.resource.arn),
        },
    }
}
