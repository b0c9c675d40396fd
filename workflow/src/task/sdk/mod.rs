//! `aws-sdk:*`: any action of a service, in the SDK's spelling, without a word of HTTP in the result.
//!
//! Owns which services are reached and through which protocol. What speaks AWS JSON needs a line in `services.txt` and no code;
//! S3, SNS, Lambda and Bedrock's runtime speak other protocols.

pub(super) mod members;
mod rest;
mod s3;
pub(super) mod table;

use serde_json::{Map, Value};

use self::members::Times;
use super::{
    Work,
    failure::{Failure, Sdk},
    names, sns,
};

/// Whether an action of a service can be called.
pub(super) fn supports(service: &str, action: &str) -> bool {
    match service {
        "s3" => s3::supports(action),
        "sns" => true,
        "lambda" | "bedrockruntime" => rest::supports(service, action),
        _ => table::find(service).is_some(),
    }
}

/// Calls an action; the result is a JSON text.
pub(super) async fn call(work: &Work<'_>, service: &str, action: &str) -> Result<String, Failure> {
    let parameters = work.parameters()?;
    if let Some(name) = parameters.keys().find(|name| !work.call.resource.takes(name)) {
        return Err(Failure::unsupported_field(name));
    }
    match service {
        "s3" => s3::call(work, action, parameters).await,
        "sns" => sns::call_sdk(work, action, parameters).await,
        "lambda" | "bedrockruntime" => rest::call(work, service, action, parameters).await,
        _ => json(work, service, action, parameters).await,
    }
}

async fn json(work: &Work<'_>, service: &str, action: &str, parameters: Map<String, Value>) -> Result<String, Failure> {
    let row = table::find(service).ok_or_else(|| work.unsupported())?;
    let failure = Sdk { service, prefix: &row.prefix, named: row.errors };
    let request = Value::Object(row.members.to_wire(parameters)).to_string();
    let operation = names::capitalised(action);
    let body = match work.services.executions().filter(|_| service == "sfn") {
        Some(executions) => {
            let answer = executions.call(&operation, request).await;
            answer.map_err(|error| failure.failure(error.into()))?.into_bytes()
        }
        None => {
            let client = work.client().await?;
            let answer = client.call_json(&row.json, &operation, request, work.bounds()).await;
            answer.map_err(|error| failure.failure(error))?.body
        }
    };
    let answer: Map<String, Value> = serde_json::from_slice(&body).unwrap_or_default();
    Ok(Value::Object(row.members.to_state(answer, Times::Iso)).to_string())
}
