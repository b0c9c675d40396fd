//! What programs and people meet over HTTP: two listeners.
//!
//! ```text
//!  loopback   POST /                    the Step Functions API (package `workflow`)
//!             GET  /health              where this is, and that it lives
//!             POST /incident            an alarm event in, an execution out
//!             GET  /debug/context/NODE  what a model would be told about a resource
//!             POST /debug/prompt        the model request that an event would cause
//!             POST /operator/decision   a decision of this machine's operator, with the secret of the data directory
//!  public     GET, POST /hitl/...       the approval pages, and nothing else
//! ```
//!
//! Owns the routes. Each file owns the endpoints of its name. No endpoint thinks: they call the platform.

mod debug;
pub(crate) mod guard;
mod incident;
pub(crate) mod listen;
mod operator;
pub(crate) mod pages;
pub(crate) mod secret;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    middleware,
    routing::{get, post},
};
use serde_json::{Value, json};
use workflow::api::ApiConfig;

use crate::embedded::{self, Platform};

/// What the loopback endpoints share.
#[derive(Clone)]
struct Shared {
    platform: Platform,
    secret: Arc<str>,
}

/// The routes of the loopback listener.
pub(crate) fn api(platform: Platform, secret: String) -> Router {
    let home = &platform.setup.home;
    let config = ApiConfig { region: home.region.clone(), account: home.account.clone(), ..ApiConfig::default() };
    let protocol = workflow::api::router(platform.engine.clone(), config);
    let ours = Router::new()
        .route("/health", get(health))
        .route("/incident", post(incident::start))
        .route("/debug/context/{*node}", get(debug::context))
        .route("/debug/prompt", post(debug::prompt))
        .route("/operator/decision", post(operator::decide))
        .layer(middleware::from_fn(guard::admit))
        .with_state(Shared { platform, secret: secret.into() });
    ours.merge(protocol).fallback(nothing)
}

async fn health(State(shared): State<Shared>) -> Json<Value> {
    Json(embedded::health(&shared.platform))
}

async fn nothing() -> (StatusCode, Json<Value>) {
    problem(StatusCode::NOT_FOUND, "NotFound", "there is nothing here: see `sao up --help` for the endpoints")
}

/// An error as every endpoint of ours answers it.
fn problem(status: StatusCode, kind: &str, message: &str) -> (StatusCode, Json<Value>) {
    (status, Json(json!({ "error": kind, "message": message })))
}
