//! `POST /operator/decision`: the decision of whoever owns the data directory, from the command line.
//!
//! Owns the check of the operator's secret, and of the role that was asked for. The decision goes the way of the approval
//! page: `edge` looks at the round that is open, signs, and completes the task. The Step Functions API has no part in it.

use activities::{
    approval::{role_word, same_bytes},
    shape::{DecisionKind, Role},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use edge::{DecideError, Embedded};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Shared, problem};

/// What the command line asks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    execution_arn: String,
    decision: Verb,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default, rename = "as")]
    name: Option<String>,
    #[serde(default)]
    role: Option<Role>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verb {
    Approve,
    Reject,
}

pub(super) async fn decide(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, Json<Value>) {
    if !holds_secret(&headers, &shared.secret) {
        return problem(
            StatusCode::FORBIDDEN,
            "Forbidden",
            "the operator's secret is missing or is not the one of this data directory",
        );
    }
    let wanted: Wanted = match serde_json::from_str(&body) {
        Ok(wanted) => wanted,
        Err(error) => return problem(StatusCode::BAD_REQUEST, "BadRequest", &error.to_string()),
    };
    let edge = &shared.platform.edge;
    let approver = match approver(edge, wanted.name.as_deref(), wanted.role) {
        Ok(approver) => approver,
        Err(what) => return problem(StatusCode::FORBIDDEN, "Forbidden", &what),
    };
    let kind = match wanted.decision {
        Verb::Approve => DecisionKind::Approve,
        Verb::Reject => DecisionKind::Reject,
    };
    match edge.decide_at_terminal(&wanted.execution_arn, kind, &approver, wanted.reason, &shared.platform).await {
        Ok(decision) => {
            let word = if kind == DecisionKind::Approve { "approved" } else { "rejected" };
            let role = decision.role.map(role_word);
            let answer = json!({ "decision": word, "subject": decision.subject, "role": role, "digest": decision.digest, "at": decision.at, "key_id": decision.key_id });
            (StatusCode::OK, Json(answer))
        }
        Err(error) => problem(status(&error), "NotDecided", &error.to_string()),
    }
}

/// The name of the approver who decides: the one that was named, or the first that is enrolled.
fn approver(edge: &Embedded, name: Option<&str>, role: Option<Role>) -> Result<String, String> {
    let known = edge.approvers().list().map_err(|error| error.to_string())?;
    let found = match name {
        Some(name) => known.into_iter().find(|one| one.name.eq_ignore_ascii_case(name.trim())),
        None => known.into_iter().find(|one| role.is_none_or(|role| one.role == role)),
    };
    let found = found.ok_or_else(|| match (name, role) {
        (Some(name), _) => format!("`{name}` is not an enrolled approver: `sao approver list` shows who is"),
        (None, Some(role)) => {
            format!("no approver is enrolled as {}: `sao approver list` shows who is", role_word(role))
        }
        (None, None) => "no approver is enrolled: `sao approver enrol NAME` enrols one".to_owned(),
    })?;
    match role.filter(|role| *role != found.role) {
        Some(role) => {
            Err(format!("`{}` is enrolled as {}, not as {}", found.name, role_word(found.role), role_word(role)))
        }
        None => Ok(found.name),
    }
}

fn holds_secret(headers: &HeaderMap, secret: &str) -> bool {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.strip_prefix("Bearer "));
    given.is_some_and(|given| same_bytes(given.as_bytes(), secret.as_bytes()))
}

fn status(error: &DecideError) -> StatusCode {
    match error {
        DecideError::Unknown | DecideError::Link(_) => StatusCode::NOT_FOUND,
        DecideError::Expired | DecideError::Second(_) => StatusCode::CONFLICT,
        DecideError::Refused { status, .. } => StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_REQUEST),
        DecideError::Unauthorised(_) => StatusCode::FORBIDDEN,
        DecideError::Failed(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
