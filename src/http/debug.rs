//! `GET /debug/context/NODE` and `POST /debug/prompt`: what a model would be told and asked.
//!
//! Owns the shape of the answers. Nothing is started, and nothing is sent to a model.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::Value;

use super::{Shared, problem};
use crate::{command, error::CommandError, think};

/// What may stand behind the question mark.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// The budget of the context in tokens.
    budget: Option<u32>,
}

pub(super) async fn context(
    State(shared): State<Shared>,
    Path(node): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> (StatusCode, Json<Value>) {
    let asked = match asked {
        Ok(Query(asked)) => asked,
        Err(error) => return problem(StatusCode::BAD_REQUEST, "BadQuery", &error.body_text()),
    };
    let settings = shared.platform.setup.settings();
    match settings.and_then(|settings| command::context::within(settings, asked.budget)) {
        Ok(settings) => answer(command::context::of(&shared.platform.edge, &settings, &node).await),
        Err(error) => answer(Err(error)),
    }
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
                CommandError::BadEvent(_) | CommandError::Usage(_) => StatusCode::BAD_REQUEST,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            problem(status, error.kind(), &error.to_string())
        }
    }
}
