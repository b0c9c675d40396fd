//! The AWS call that performs an action, as data.
//!
//! Owns its shape. The executor makes exactly this call, the approver sees it, and the executor's session is allowed
//! this IAM action on this resource and nothing else.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One call to AWS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwsCall {
    /// The service as the SDKs call it, for example `lambda`.
    pub service: String,
    /// The operation, for example `UpdateFunctionConfiguration`.
    pub operation: String,
    /// The permission that the call needs, for example `lambda:UpdateFunctionConfiguration`.
    pub iam_action: String,
    /// The request's parameters in the words of the AWS API.
    pub parameters: Value,
}

impl AwsCall {
    /// Describes a call whose permission has the operation's own name.
    pub(super) fn new(service: &str, operation: &str, parameters: Value) -> Option<Self> {
        Some(Self {
            service: service.to_owned(),
            operation: operation.to_owned(),
            iam_action: format!("{service}:{operation}"),
            parameters,
        })
    }
}
