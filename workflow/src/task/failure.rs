//! How a call of a service fails, in the two forms that histories show.
//!
//! Owns both: an optimised integration names exceptions after the first AWS SDK for Java and an SDK integration after the
//! second, each with its own words around the message.

use std::fmt::Write as _;

use super::names;
use crate::client::{CallError, ServiceError};

/// The error name and the cause of a task that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) error: String,
    pub(super) cause: String,
}

impl Failure {
    pub(super) fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { error: error.into(), cause: cause.into() }
    }

    /// The arguments cannot be made a call.
    pub(super) fn runtime(cause: impl Into<String>) -> Self {
        Self::new("States.Runtime", cause)
    }

    /// A parameter that the integration does not have.
    pub(super) fn unsupported_field(name: &str) -> Self {
        Self::runtime(format!("The field \"{name}\" is not supported by Step Functions"))
    }

    /// The result is larger than a state takes; `task` is the service, or a function's ARN.
    pub(super) fn too_large(task: &str) -> Self {
        let cause = format!(
            "The state/task '{task}' returned a result with a size exceeding the maximum number of bytes service limit."
        );
        Self::new("States.DataLimitExceeded", cause)
    }
}

/// An optimised integration, as its failures name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Optimised {
    /// As the resource's ARN names it.
    pub(super) service: &'static str,
    /// Before the dot of an error name.
    pub(super) prefix: &'static str,
    /// After `Service:` in a cause.
    pub(super) name: &'static str,
    /// The class of what the service's model does not name.
    pub(super) general: &'static str,
    /// Errors that the model names although most services leave them out.
    pub(super) named: &'static [&'static str],
}

impl Optimised {
    pub(super) fn failure(&self, error: CallError) -> Failure {
        let Self { prefix, name, .. } = self;
        match error {
            CallError::Service(error) => {
                let class = self.class(&error.code);
                let ServiceError { status, code, query_code, request_id, .. } = &*error;
                let code = query_code.as_ref().unwrap_or(code);
                let cause = format!(
                    "{} (Service: {name}; Status Code: {status}; Error Code: {code}; Request ID: {request_id}; Proxy: null)",
                    message(&error)
                );
                Failure::new(format!("{prefix}.{class}"), cause)
            }
            other => without_answer(prefix, self.service, other),
        }
    }

    fn class(&self, code: &str) -> String {
        if is_general(code) && !self.named.contains(&code) {
            return self.general.to_owned();
        }
        match code {
            "ParameterValueInvalid" => "InvalidParameterValueException".to_owned(),
            code if code.ends_with("Exception") => code.to_owned(),
            code => format!("{code}Exception"),
        }
    }
}

/// An SDK integration, as its failures name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sdk<'a> {
    /// As the resource's ARN names it.
    pub(super) service: &'a str,
    /// The service as the SDK names its client.
    pub(super) prefix: &'a str,
    /// Whether the model names an error that most services leave out.
    pub(super) named: &'a str,
}

impl Sdk<'_> {
    pub(super) fn failure(&self, error: CallError) -> Failure {
        let prefix = self.prefix;
        let error = match error {
            CallError::Service(error) => error,
            other => return without_answer(prefix, self.service, other),
        };
        let named = self.named.split(' ').any(|name| name == error.code);
        let class = if is_general(&error.code) && !named {
            format!("{prefix}Exception")
        } else {
            names::exception(&error.code)
        };
        let mut cause = format!(
            "{} (Service: {prefix}, Status Code: {}, Request ID: {}",
            message(&error),
            error.status,
            error.request_id
        );
        if let Some(id) = &error.extended_request_id {
            let _ = write!(cause, ", Extended Request ID: {id}");
        }
        cause.push(')');
        if !WITHOUT_ATTEMPTS.contains(&prefix) {
            cause.push_str(" (SDK Attempt Count: 1)");
        }
        Failure::new(format!("{prefix}.{class}"), cause)
    }
}

fn message(error: &ServiceError) -> &str {
    if error.message.is_empty() { "null" } else { &error.message }
}

fn without_answer(prefix: &str, service: &str, error: CallError) -> Failure {
    match error {
        CallError::TooLarge(_) => Failure::too_large(service),
        other => Failure::new(format!("{prefix}.SdkClientException"), other.to_string()),
    }
}

/// Whether a code is one that services share and that their models mostly leave out.
fn is_general(code: &str) -> bool {
    GENERAL.contains(&code)
}

const GENERAL: [&str; 25] = [
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "Forbidden",
    "IncompleteSignature",
    "InternalFailure",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "MissingParameter",
    "NotModified",
    "PermanentRedirect",
    "PreconditionFailed",
    "RequestExpired",
    "SerializationException",
    "ServiceUnavailable",
    "SignatureDoesNotMatch",
    "ThrottlingException",
    "UnknownError",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "ValidationException",
];

/// The services whose recorded causes do not count the attempts.
const WITHOUT_ATTEMPTS: [&str; 2] = ["DynamoDb", "S3"];

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: &str, message: &str) -> CallError {
        ServiceError {
            status,
            code: code.into(),
            query_code: None,
            message: message.into(),
            request_id: "id".into(),
            extended_request_id: None,
        }
        .into()
    }

    const DYNAMODB: Optimised = Optimised {
        service: "dynamodb",
        prefix: "DynamoDB",
        name: "AmazonDynamoDBv2",
        general: "AmazonDynamoDBException",
        named: &[],
    };

    #[test]
    fn an_optimised_integration_fails_in_the_words_of_the_first_sdk() {
        let failure = DYNAMODB.failure(refused(400, "ResourceNotFoundException", "Requested resource not found"));
        let cause = "Requested resource not found (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ResourceNotFoundException; Request ID: id; Proxy: null)";
        assert_eq!(failure, Failure::new("DynamoDB.ResourceNotFoundException", cause));
        let failure = DYNAMODB.failure(refused(400, "ValidationException", "bad"));
        assert_eq!(failure.error, "DynamoDB.AmazonDynamoDBException");
    }

    #[test]
    fn a_code_of_the_former_protocol_is_the_one_in_the_cause() {
        let sqs =
            Optimised { service: "sqs", prefix: "SQS", name: "AmazonSQS", general: "AmazonSQSException", named: &[] };
        let CallError::Service(error) = refused(400, "QueueDoesNotExist", "gone") else { unreachable!() };
        let former = "AWS.SimpleQueueService.NonExistentQueue".to_owned();
        let failure = sqs.failure(ServiceError { query_code: Some(former), ..*error }.into());
        assert_eq!(failure.error, "SQS.QueueDoesNotExistException");
        assert!(failure.cause.contains("Error Code: AWS.SimpleQueueService.NonExistentQueue; "), "{}", failure.cause);
    }

    #[test]
    fn an_sdk_integration_fails_in_the_words_of_the_second_sdk() {
        let check = |prefix: &str, error: CallError, expect: (&str, &str)| {
            let failure = Sdk { service: "x", prefix, named: "ConflictException" }.failure(error);
            assert_eq!((failure.error.as_str(), failure.cause.as_str()), expect);
        };
        check(
            "DynamoDb",
            refused(400, "ResourceNotFoundException", "Requested resource not found"),
            (
                "DynamoDb.ResourceNotFoundException",
                "Requested resource not found (Service: DynamoDb, Status Code: 400, Request ID: id)",
            ),
        );
        check(
            "DynamoDb",
            refused(400, "ValidationException", "bad"),
            ("DynamoDb.DynamoDbException", "bad (Service: DynamoDb, Status Code: 400, Request ID: id)"),
        );
        check(
            "Sfn",
            refused(400, "InvalidToken", "Invalid Token: 'Invalid token'"),
            (
                "Sfn.InvalidTokenException",
                "Invalid Token: 'Invalid token' (Service: Sfn, Status Code: 400, Request ID: id) (SDK Attempt Count: 1)",
            ),
        );
        let CallError::Service(error) = refused(404, "NoSuchKey", "The specified key does not exist.") else {
            unreachable!()
        };
        check(
            "S3",
            ServiceError { extended_request_id: Some("ext".into()), ..*error }.into(),
            (
                "S3.NoSuchKeyException",
                "The specified key does not exist. (Service: S3, Status Code: 404, Request ID: id, Extended Request ID: ext)",
            ),
        );
    }

    #[test]
    fn no_answer_is_a_failure_of_the_client() {
        let failure = DYNAMODB.failure(CallError::NoCredentials);
        assert_eq!(failure.error, "DynamoDB.SdkClientException");
        assert!(failure.cause.contains("AWS_ACCESS_KEY_ID"), "{}", failure.cause);
        assert_eq!(DYNAMODB.failure(CallError::TooLarge(1)), Failure::too_large("dynamodb"));
    }
}
