//! Why a request was refused: an outside message for the caller, and an inside one for the log.
//!
//! Owns the HTTP status of each exception. The engine's refusals come in as [`ApiError`] with their names and words.

use std::borrow::Cow;

use axum::http::StatusCode;

use super::sigv4::SignatureError;
use crate::engine::ApiError;

/// An answer that is an exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// The exception's name, such as `InvalidArn`.
    pub(super) code: Cow<'static, str>,
    /// What the caller reads.
    pub(super) message: String,
    /// Why, where the exception names one of a set of reasons.
    pub(super) reason: Option<&'static str>,
    /// What the operator reads; it never leaves the machine.
    inside: Option<String>,
}

impl Refusal {
    /// A refusal of the caller's doing: HTTP 400.
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: code.into(), message: message.into(), reason: None, inside: None }
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    pub(super) fn serialization(message: impl Into<String>) -> Self {
        Self::new("SerializationException", message)
    }

    pub(super) fn invalid_arn(why: &str) -> Self {
        ApiError::InvalidArn(why.to_owned()).into()
    }

    pub(super) fn invalid_page() -> Self {
        ApiError::InvalidPage.into()
    }

    pub(super) fn unknown_operation(message: impl Into<String>) -> Self {
        Self::new("UnknownOperationException", message)
    }

    /// A caller that may not ask at all: HTTP 403.
    pub(super) fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::FORBIDDEN, ..Self::new(code, message) }
    }

    pub(super) fn too_large(limit: usize) -> Self {
        let message = format!("the request is larger than {limit} bytes");
        Self { status: StatusCode::PAYLOAD_TOO_LARGE, ..Self::new("RequestEntityTooLargeException", message) }
    }

    pub(super) fn too_slow() -> Self {
        let message = "the body of the request did not arrive in time";
        Self { status: StatusCode::REQUEST_TIMEOUT, ..Self::new("RequestTimeoutException", message) }
    }

    /// A fault of ours: HTTP 500, and the caller learns nothing of the inside.
    pub(super) fn internal(inside: impl Into<String>) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "InternalFailure".into(),
            message: "The request processing has failed because of an unknown error, exception or failure.".into(),
            reason: None,
            inside: Some(inside.into()),
        }
    }

    /// Tells the operator what the caller is not told.
    pub(super) fn log(&self, request_id: &str) {
        match &self.inside {
            Some(inside) => tracing::error!(request_id, code = %self.code, "{inside}"),
            None => tracing::debug!(request_id, code = %self.code, "{}", self.message),
        }
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::InvalidDefinition(definition) => Self::new("InvalidDefinition", definition.aws_message()),
            ApiError::Unavailable(why) => Self {
                status: StatusCode::SERVICE_UNAVAILABLE,
                code: "ServiceUnavailable".into(),
                message: "The request has failed due to a temporary failure of the server.".into(),
                reason: None,
                inside: Some(why),
            },
            ApiError::Invalid(reason, why) => Self { reason: Some(reason.name()), ..Self::validation(why) },
            other => Self::new(other.code(), other.to_string()),
        }
    }
}

impl From<SignatureError> for Refusal {
    fn from(error: SignatureError) -> Self {
        Self::forbidden(error.code(), error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engines_words_go_out_as_they_are() {
        let refusal = Refusal::from(ApiError::StateMachineDoesNotExist("arn".into()));
        assert_eq!((refusal.status, &*refusal.code), (StatusCode::BAD_REQUEST, "StateMachineDoesNotExist"));
        assert_eq!(refusal.message, "State Machine Does Not Exist: 'arn'");
    }

    #[test]
    fn what_went_wrong_inside_stays_inside() {
        for refusal in [Refusal::internal("/secret/path"), ApiError::Unavailable("/secret/path".into()).into()] {
            assert!(refusal.status.is_server_error());
            assert!(!refusal.message.contains("secret"));
            assert_eq!(refusal.inside.as_deref(), Some("/secret/path"));
        }
    }
}
