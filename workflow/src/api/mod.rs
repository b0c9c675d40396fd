//! The Step Functions wire protocol: AWS JSON 1.0 over `POST /`, one file per action.
//!
//! Owns what a request must look like (limits, constraints, ARNs), who may send one (`Host`, `Origin`, SigV4) and what an
//! answer looks like, in AWS's shapes and words. It holds no state: what an action does is [`Engine`]'s.
//!
//! ```text
//!   POST /  ── guard (Host, Origin) ── sigv4 ── X-Amz-Target ── constraints ── engine ── answer
//!                  │ 403                │ 403       │ 400           │ 400        │ 400, 503
//!                  └────────────────────┴───────────┴───────────────┴────────────┴──> {"__type", "message"}
//! ```

mod arn;
mod configuration;
mod constraint;
mod guard;
mod listen;
mod own;
mod page;
mod refusal;
mod routing;
mod sigv4;
mod tag;
mod wire;

mod create_activity;
mod create_state_machine;
mod create_state_machine_alias;
mod delete_activity;
mod delete_state_machine;
mod delete_state_machine_alias;
mod delete_state_machine_version;
mod describe_activity;
mod describe_execution;
mod describe_map_run;
mod describe_state_machine;
mod describe_state_machine_alias;
mod describe_state_machine_for_execution;
mod get_activity_task;
mod get_execution_history;
mod list_activities;
mod list_executions;
mod list_map_runs;
mod list_state_machine_aliases;
mod list_state_machine_versions;
mod list_state_machines;
mod list_tags_for_resource;
mod publish_state_machine_version;
mod redrive_execution;
mod send_task_failure;
mod send_task_heartbeat;
mod send_task_success;
mod start_execution;
mod start_sync_execution;
mod stop_execution;
mod tag_resource;
mod test_state;
mod untag_resource;
mod update_map_run;
mod update_state_machine;
mod update_state_machine_alias;
mod validate_state_machine_definition;

#[cfg(test)]
mod tests;

use std::{panic::AssertUnwindSafe, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::request::Parts,
    response::Response,
    routing::post,
};
use futures::FutureExt;
use serde::{Serialize, de::DeserializeOwned};
use statemachine::Millis;

use self::{guard::Hosts, refusal::Refusal};
use crate::engine::{Clock, Engine, SystemClock};

pub(crate) use self::own::OwnService;
pub use self::{
    listen::{ListenError, check_listen},
    sigv4::Credentials,
};

/// What the protocol needs to know besides the engine.
#[derive(Clone)]
pub struct ApiConfig {
    /// The region in the engine's ARNs, and the one that signatures are scoped to.
    pub region: String,
    /// The account in the engine's ARNs.
    pub account: String,
    /// Host names, without ports, under which the listener is reached besides the loopback ones.
    pub hosts: Vec<String>,
    /// When given, every request must be signed with these; see [`check_listen`].
    pub credentials: Option<Credentials>,
    /// The clock that signatures and paging tokens are held against.
    pub clock: Arc<dyn Clock>,
}

impl Default for ApiConfig {
    /// Region `us-east-1`, account `123456789012`, no further hosts, no credentials, the machine's clock.
    fn default() -> Self {
        Self {
            region: "us-east-1".into(),
            account: "123456789012".into(),
            hosts: Vec::new(),
            credentials: None,
            clock: Arc::new(SystemClock::default()),
        }
    }
}

/// The routes of the protocol: `POST /` and nothing else, so that it merges with another router.
///
/// ```no_run
/// # async fn serve(engine: workflow::engine::Engine) -> std::io::Result<()> {
/// use workflow::api::{ApiConfig, router};
///
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8083").await?;
/// axum::serve(listener, router(engine, ApiConfig::default())).await
/// # }
/// ```
pub fn router(engine: Engine, config: ApiConfig) -> Router {
    Router::new().route("/", post(answer)).with_state(Api::new(engine, config))
}

/// What every action is called with; clones are the same.
#[derive(Clone)]
struct Api {
    engine: Engine,
    config: Arc<ApiConfig>,
    hosts: Arc<Hosts>,
}

impl Api {
    fn new(engine: Engine, config: ApiConfig) -> Self {
        let hosts = Hosts::new(&config.hosts, config.credentials.is_some());
        Self { engine, config: Arc::new(config), hosts: Arc::new(hosts) }
    }

    /// As its tasks reach an engine: no host is checked, for nothing came over a wire.
    fn local(engine: Engine, config: Arc<ApiConfig>) -> Self {
        Self { engine, config, hosts: Arc::new(Hosts::new(&[], false)) }
    }

    fn now(&self) -> Millis {
        self.config.clock.now()
    }

    /// Takes one request apart, checks it and performs it; the answer is the JSON text.
    async fn perform(&self, parts: &Parts, body: Body) -> Result<String, Refusal> {
        self.hosts.admit(&parts.uri, &parts.headers)?;
        let body = wire::read(body).await?;
        if let Some(credentials) = &self.config.credentials {
            let verifier = sigv4::Verifier { credentials, region: &self.config.region, service: SERVICE };
            verifier.verify(parts, &body, self.now())?;
        }
        self.dispatch(wire::target(&parts.headers)?, &body).await
    }

    async fn dispatch(&self, action: &str, body: &[u8]) -> Result<String, Refusal> {
        match action {
            "CreateActivity" => self.run(body, create_activity::call).await,
            "CreateStateMachine" => self.run(body, create_state_machine::call).await,
            "CreateStateMachineAlias" => self.run(body, create_state_machine_alias::call).await,
            "DeleteActivity" => self.run(body, delete_activity::call).await,
            "DeleteStateMachine" => self.run(body, delete_state_machine::call).await,
            "DeleteStateMachineAlias" => self.run(body, delete_state_machine_alias::call).await,
            "DeleteStateMachineVersion" => self.run(body, delete_state_machine_version::call).await,
            "DescribeActivity" => self.run(body, describe_activity::call).await,
            "DescribeExecution" => self.run(body, describe_execution::call).await,
            "DescribeMapRun" => self.run(body, describe_map_run::call).await,
            "DescribeStateMachine" => self.run(body, describe_state_machine::call).await,
            "DescribeStateMachineAlias" => self.run(body, describe_state_machine_alias::call).await,
            "DescribeStateMachineForExecution" => self.run(body, describe_state_machine_for_execution::call).await,
            "GetActivityTask" => self.run(body, get_activity_task::call).await,
            "GetExecutionHistory" => self.run(body, get_execution_history::call).await,
            "ListActivities" => self.run(body, list_activities::call).await,
            "ListExecutions" => self.run(body, list_executions::call).await,
            "ListMapRuns" => self.run(body, list_map_runs::call).await,
            "ListStateMachineAliases" => self.run(body, list_state_machine_aliases::call).await,
            "ListStateMachineVersions" => self.run(body, list_state_machine_versions::call).await,
            "ListStateMachines" => self.run(body, list_state_machines::call).await,
            "ListTagsForResource" => self.run(body, list_tags_for_resource::call).await,
            "PublishStateMachineVersion" => self.run(body, publish_state_machine_version::call).await,
            "RedriveExecution" => self.run(body, redrive_execution::call).await,
            "SendTaskFailure" => self.run(body, send_task_failure::call).await,
            "SendTaskHeartbeat" => self.run(body, send_task_heartbeat::call).await,
            "SendTaskSuccess" => self.run(body, send_task_success::call).await,
            "StartExecution" => self.run(body, start_execution::call).await,
            "StartSyncExecution" => self.run(body, start_sync_execution::call).await,
            "StopExecution" => self.run(body, stop_execution::call).await,
            "TagResource" => self.run(body, tag_resource::call).await,
            "TestState" => self.run(body, test_state::call).await,
            "UntagResource" => self.run(body, untag_resource::call).await,
            "UpdateMapRun" => self.run(body, update_map_run::call).await,
            "UpdateStateMachine" => self.run(body, update_state_machine::call).await,
            "UpdateStateMachineAlias" => self.run(body, update_state_machine_alias::call).await,
            "ValidateStateMachineDefinition" => self.run(body, validate_state_machine_definition::call).await,
            unknown => Err(Refusal::unknown_operation(format!("Step Functions has no action `{unknown}`"))),
        }
    }

    async fn run<R, A, F>(&self, body: &[u8], call: impl FnOnce(Self, R) -> F) -> Result<String, Refusal>
    where
        R: DeserializeOwned,
        A: Serialize,
        F: Future<Output = Result<A, Refusal>>,
    {
        let request = wire::decode(body)?;
        let answer = call(self.clone(), request).await?;
        wire::encode(&answer)
    }
}

async fn answer(State(api): State<Api>, request: Request) -> Response {
    let id = uuid::Uuid::new_v4().to_string();
    let (parts, body) = request.into_parts();
    let outcome = unbroken(api.perform(&parts, body)).await;
    if let Err(refusal) = &outcome {
        refusal.log(&id);
    }
    wire::respond(&id, outcome)
}

/// Turns a panic into an internal failure, so that the caller gets an answer and the operator the words.
async fn unbroken(work: impl Future<Output = Result<String, Refusal>>) -> Result<String, Refusal> {
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    outcome.unwrap_or_else(|panic| Err(Refusal::internal(format!("an action panicked: {}", words(&*panic)))))
}

fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// The service's name in a signature's scope.
const SERVICE: &str = "states";
