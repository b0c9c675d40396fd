//! `POST /incident`: an alarm event, as EventBridge delivers it, becomes an execution.
//!
//! Owns the statuses: 202 for an incident, also for one that was handed over before; 200 for an event that starts none, such as
//! an alarm that is OK again; 400 for what is no alarm event, which changes nothing.

use axum::{Json, extract::State, http::StatusCode};
use edge::Taken;
use serde_json::{Value, json};

use super::{Shared, problem};
use crate::error::CommandError;

pub(super) async fn start(State(shared): State<Shared>, body: String) -> (StatusCode, Json<Value>) {
    let event: Value = match serde_json::from_str(&body) {
        Ok(event) => event,
        Err(error) => return problem(StatusCode::BAD_REQUEST, "NotJson", &format!("the body is not JSON: {error}")),
    };
    match shared.platform.take_in(event).await {
        Ok(Taken::Execution(answer)) => (StatusCode::ACCEPTED, Json(json!(answer))),
        Ok(Taken::Noted { state, ended_rounds }) => {
            let reason = format!("the alarm is {state}: only a transition to ALARM is an incident");
            (StatusCode::OK, Json(json!({ "ignored": true, "reason": reason, "ended_approvals": ended_rounds })))
        }
        Err(error @ CommandError::BadEvent(_)) => problem(StatusCode::BAD_REQUEST, "BadEvent", &error.to_string()),
        Err(error) => problem(StatusCode::SERVICE_UNAVAILABLE, error.kind(), &error.to_string()),
    }
}
