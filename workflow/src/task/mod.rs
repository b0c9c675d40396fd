//! How a Task command reaches the world: one file per integration.
//!
//! Owns the choice of the integration, the functions that run inside this process and the way to the services outside. It does
//! not know executions: it gets a call, and answers with what the caller signals.
//!
//! ```text
//!   Call ──> lambda ──> Registry (this process), then Workers (local binaries), then Lambda
//!        ├─> sqs, sns, events, dynamodb, ecs, bedrock, aws-sdk:* ──> client ──> AWS
//!        └─> states, aws-sdk:sfn ──> Executions (this engine)
//! ```

mod assume;
mod bedrock;
mod dynamodb;
mod ecs;
mod events;
mod failure;
mod given_up;
pub(crate) mod items;
mod lambda;
mod metadata;
mod names;
mod registry;
pub mod runtime_api;
mod sdk;
mod services;
mod sns;
mod sqs;
mod states;
mod supported;
#[cfg(test)]
mod tests;
mod work;

use std::time::Duration;

use futures::future::BoxFuture;
use statemachine::definition::{Pattern, Resource, ResourceKind};

use self::{failure::Failure, work::Work};
pub(crate) use self::{given_up::GivenUp, supported::check};
pub use self::{
    items::{Listing, NoObjects, Objects, ObjectsError},
    registry::{FunctionError, Handler, Invocation, Registry},
    services::{Executions, Services},
    supported::supported,
};

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

/// What else is known of the task that calls.
#[derive(Debug, Clone, Default)]
pub(crate) struct Circumstances {
    /// The ARN of the execution.
    pub(crate) execution_arn: String,
    /// How long the task may take.
    pub(crate) timeout: Option<Duration>,
    /// The evaluated `Credentials`, a JSON text.
    pub(crate) credentials: Option<String>,
    /// Tells a job that nobody waits for it any more.
    pub(crate) given_up: GivenUp,
}

/// Told what a service answered to a job that now runs; the job's end is awaited when this is done.
pub(crate) type Submitted<'a> = &'a (dyn Fn(String) -> BoxFuture<'a, ()> + Send + Sync);

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

impl From<Failure> for Answer {
    fn from(Failure { error, cause }: Failure) -> Self {
        Self::Failed { error, cause }
    }
}

/// Calls the resource of a task.
pub(crate) async fn perform(functions: &Registry, call: Call) -> Answer {
    perform_with(functions, call, &Circumstances::default(), &|_| Box::pin(async {})).await
}

/// Calls the resource of a task; of a job (`.sync`), tells when it runs and answers when it has ended.
pub(crate) async fn perform_with(
    functions: &Registry,
    call: Call,
    circumstances: &Circumstances,
    submitted: Submitted<'_>,
) -> Answer {
    let services = functions.services();
    let work = Work { functions, services, call: &call, circumstances };
    let outcome = run(&work, submitted).await;
    let name = match &call.resource.kind {
        ResourceKind::Service { service, .. } | ResourceKind::Sdk { service, .. } => service.as_str(),
        ResourceKind::Lambda | ResourceKind::Activity => &call.resource.arn,
    };
    match outcome {
        Ok(result) if result.len() > LARGEST_RESULT => Failure::too_large(name).into(),
        Ok(result) if call.resource.pattern == Pattern::WaitForTaskToken => Answer::Submitted(result),
        Ok(result) => Answer::Succeeded(result),
        Err(failure) => failure.into(),
    }
}

async fn run(work: &Work<'_>, submitted: Submitted<'_>) -> Result<String, Failure> {
    if !supported(&work.call.resource) {
        return Err(work.unsupported());
    }
    match &work.call.resource.kind {
        ResourceKind::Lambda => lambda::call_bare(work).await,
        ResourceKind::Activity => Err(work.unsupported()),
        ResourceKind::Sdk { service, action } => sdk::call(work, service, action).await,
        ResourceKind::Service { service, action } => match service.as_str() {
            "lambda" => lambda::invoke(work).await,
            "sqs" => sqs::send_message(work).await,
            "sns" => sns::publish(work).await,
            "events" => events::put_events(work).await,
            "dynamodb" => dynamodb::call(work, action).await,
            "ecs" => ecs::run_task(work, submitted).await,
            "bedrock" => bedrock::invoke_model(work).await,
            "states" => states::start_execution(work, submitted).await,
            _ => Err(work.unsupported()),
        },
    }
}

/// The largest result that a state takes, in bytes.
const LARGEST_RESULT: usize = 256 << 10;
