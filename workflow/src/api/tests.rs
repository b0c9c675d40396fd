//! Requests against a whole engine: each action's answer, and what is refused.

mod actions;
mod activities;
mod constraints;
mod express;
mod map_runs;
mod redrive;
mod refusals;
mod tags;
mod versions;

use axum::{body::to_bytes, http::HeaderMap};
use futures::FutureExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::*;
use crate::{
    engine::{Config, ManualClock},
    task::{Invocation, Registry},
};

/// An engine on a directory of its own, behind the protocol; the function `ask` tells its task token to the test.
struct Bench {
    _data: TempDir,
    api: Api,
    clock: ManualClock,
    tokens: mpsc::UnboundedReceiver<String>,
}

/// An HTTP answer.
#[derive(Debug)]
struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Bench {
    async fn new() -> Self {
        Self::with(ApiConfig::default()).await
    }

    async fn with(config: ApiConfig) -> Self {
        let data = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(NOON);
        let (sender, tokens) = mpsc::unbounded_channel();
        let mut functions = Registry::default();
        functions.insert("ask", move |call: Invocation| {
            sender.send(call.payload["token"].as_str().unwrap().to_owned()).unwrap();
            async { Ok(json!("asked")) }.boxed()
        });
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let opened = Config { functions, clock: Arc::clone(&shared), ..Config::new(data.path()) };
        let engine = Engine::open(opened).await.unwrap();
        let api = Api::new(engine, ApiConfig { clock: shared, ..config });
        Self { _data: data, api, clock, tokens }
    }

    /// Sends a request as it is.
    async fn send(&self, request: Request) -> Reply {
        let response = answer(State(self.api.clone()), request).await;
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Reply { status: parts.status.as_u16(), headers: parts.headers, body: serde_json::from_slice(&bytes).unwrap() }
    }

    async fn ask(&self, action: &str, body: Value) -> Reply {
        self.send(request(action, body.to_string())).await
    }

    /// Calls an action that succeeds.
    async fn call(&self, action: &str, body: Value) -> Value {
        let reply = self.ask(action, body).await;
        assert_eq!(reply.status, 200, "{action}: {}", reply.body);
        reply.body
    }

    /// Calls an action that is refused; answers the exception and its message.
    async fn refused(&self, action: &str, body: Value) -> (String, String) {
        let reply = self.ask(action, body).await;
        assert_eq!(reply.status, 400, "{action}: {}", reply.body);
        let text = |name: &str| reply.body[name].as_str().unwrap().to_owned();
        assert_eq!(reply.headers["x-amzn-errortype"], text("__type"));
        (text("__type"), text("message"))
    }

    async fn create(&self, name: &str, definition: &Value) -> String {
        let body = json!({ "name": name, "definition": definition.to_string(), "roleArn": ROLE });
        self.call("CreateStateMachine", body).await["stateMachineArn"].as_str().unwrap().to_owned()
    }

    async fn start(&self, machine: &str, name: &str) -> String {
        let body = json!({ "stateMachineArn": machine, "name": name, "input": r#"{"a": 1}"# });
        self.call("StartExecution", body).await["executionArn"].as_str().unwrap().to_owned()
    }
}

fn request(action: &str, body: impl Into<Body>) -> Request {
    Request::post("/")
        .header("host", "127.0.0.1:8083")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("AWSStepFunctions.{action}"))
        .body(body.into())
        .unwrap()
}

/// A machine that ends at once.
fn quick() -> Value {
    json!({ "StartAt": "Only", "States": { "Only": { "Type": "Pass", "End": true } } })
}

/// A machine that waits for the answer to a question.
fn asking() -> Value {
    let parameters = json!({ "FunctionName": "ask", "Payload": { "token.$": "$$.Task.Token" } });
    let resource = "arn:aws:states:::lambda:invoke.waitForTaskToken";
    json!({ "StartAt": "Ask", "States": { "Ask": { "Type": "Task", "Resource": resource, "Parameters": parameters, "End": true } } })
}

/// 2026-01-02T12:00:00.5Z
const NOON: i64 = 1_767_355_200_500;
const ROLE: &str = "arn:aws:iam::123456789012:role/r";
const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:m";
const EXECUTION: &str = "arn:aws:states:us-east-1:123456789012:execution:m:e";
