//! SDK integrations of services that speak REST with JSON, as far as they are needed: `lambda:invoke` and
//! `bedrockruntime:invokeModel`.
//!
//! Owns how the SDK shows their results: a payload is a text there.

use serde_json::{Map, Value, json};

use crate::task::{
    Work, bedrock,
    failure::{Failure, Sdk},
    lambda,
};

pub(super) fn supports(service: &str, action: &str) -> bool {
    matches!((service, action), ("lambda", "invoke") | ("bedrockruntime", "invokeModel"))
}

pub(super) async fn call(
    work: &Work<'_>,
    service: &str,
    action: &str,
    parameters: Map<String, Value>,
) -> Result<String, Failure> {
    match (service, action) {
        ("lambda", "invoke") => invoke(work, parameters).await,
        ("bedrockruntime", "invokeModel") => invoke_model(work, parameters).await,
        _ => Err(work.unsupported()),
    }
}

async fn invoke(work: &Work<'_>, parameters: Map<String, Value>) -> Result<String, Failure> {
    let failure = Sdk { service: "lambda", prefix: "Lambda", named: "" };
    let call = lambda::Request::read(parameters)?;
    let answer = lambda::answer(work, call).await.map_err(|error| failure.failure(error))?;
    let mut result = json!({
        "ExecutedVersion": answer.version,
        "Payload": answer.payload,
        "StatusCode": answer.status,
    });
    if let Some(error) = answer.function_error {
        result["FunctionError"] = error.into();
    }
    if let Some(log) = answer.log_result {
        result["LogResult"] = log.into();
    }
    result.sort_all_objects();
    Ok(result.to_string())
}

async fn invoke_model(work: &Work<'_>, parameters: Map<String, Value>) -> Result<String, Failure> {
    let failure = Sdk { service: "bedrockruntime", prefix: "BedrockRuntime", named: bedrock::ERRORS };
    let answer = bedrock::send(work, &parameters).await?.map_err(|error| failure.failure(error))?;
    let body = String::from_utf8_lossy(&answer.body);
    Ok(json!({"Body": body, "ContentType": answer.header("content-type")}).to_string())
}
