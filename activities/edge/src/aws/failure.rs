//! What an AWS service says when a call fails, in the errors that the state machine knows.
//!
//! Owns the border between what may pass (a throttle, a timeout, a server's error: `Sao.Transient`) and what stays. Everything
//! else carries the service's own code: `Sao.AccessDeniedException`.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::error::{EdgeError, TRANSIENT};

/// The error of a call that failed; `call` is named as IAM names it, for example `lambda:GetFunctionConfiguration`.
pub(super) fn failed<E>(call: &str, error: &SdkError<E, HttpResponse>) -> EdgeError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let message = match error.as_service_error().and_then(ProvideErrorMetadata::message) {
        Some(said) => format!("`{call}` failed with `{}`: {said}", code_of(error)),
        None => format!("`{call}` failed with `{}`: {}", code_of(error), DisplayErrorContext(error)),
    };
    let message: String = message.chars().take(LONGEST).collect();
    if is_transient(error) {
        EdgeError::new(TRANSIENT, message)
    } else {
        EdgeError::new(format!("Sao.{}", code_of(error)), message)
    }
}

/// The service's error code; for a call that got no answer, what kept it from getting one.
pub(super) fn code_of<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> &str {
    match error {
        SdkError::ServiceError(context) => context.err().code().unwrap_or("UnknownError"),
        SdkError::TimeoutError(_) => "TimedOut",
        SdkError::DispatchFailure(_) => "Unreachable",
        SdkError::ResponseError(_) => "BadResponse",
        _ => "BadRequest",
    }
}

/// The HTTP status of the answer, where there was one.
pub(super) fn status_of<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// Whether the same call may succeed later.
pub(super) fn is_transient<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    match error {
        SdkError::ServiceError(_) => {
            status_of(error).is_some_and(|status| status == 429 || status >= 500) || THROTTLES.contains(&code_of(error))
        }
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
        _ => false,
    }
}

/// Codes that some services send with a status of 400 and mean "later".
const THROTTLES: [&str; 12] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "LimitExceededException",
    "SlowDown",
    "RequestTimeout",
    "ServiceUnavailable",
    "ModelNotReadyException",
];
const LONGEST: usize = 1_000;
