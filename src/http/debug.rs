//! `GET /debug/context/NODE` and `POST /debug/prompt`: what a model would be told and asked.
//!
//! Owns the shape of the answers. Nothing is started, and nothing is sent to a model.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde_json::Value;

use super::{Shared, problem};
use crate::{command, error::CommandError, think};

pub(super) async fn context(State(shared): State<Shared>, Path(node): Path<String>) -> (StatusCode, Json<Value>) {
    answer(command::context::of(&shared.platform.edge, &shared.platform.setup, &node).await)
}

pub(super) async fn prompt(State(shared): State<Shared>, body: String) -> (StatusCode, Json<Value>) {
    let event: Value = match serde_json::from_str(&body) {
        Ok(event) => event,
        Err(error) => return problem(StatusCode::BAD_REQUEST, "NotJson", &format!("the body is not JSON: {error}")),
    };
    let settings = match shared.platform.setup.settings() {
        Ok(settings) => settings,
        Err(error) => return answer(Err(error)),
    };
    answer(think::prompt(&shared.platform.edge, &settings, &event).await.and_then(|thought| match thought {
        think::Thought::Request(request) => Ok(request.document()),
        think::Thought::Ignored(reason) => Err(CommandError::BadEvent(reason)),
    }))
}

fn answer(outcome: Result<Value, CommandError>) -> (StatusCode, Json<Value>) {
    match outcome {
        Ok(document) => (StatusCode::OK, Json(document)),
        Err(error) => {
            let status = match error {
                CommandError::NotFound(_) => StatusCode::NOT_FOUND,
                CommandError::BadEvent(_) => StatusCode::BAD_REQUEST,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            problem(status, error.kind(), &error.to_string())
        }
    }
}
