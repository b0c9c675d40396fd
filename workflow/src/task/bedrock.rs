//! `bedrock:invokeModel`: one request to a model, one answer.
//!
//! Owns where the body comes from (the task, or an object), where the answer goes, and that one in JSON is shown as JSON.

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::{
    Work,
    failure::{Failure, Sdk},
};
use crate::client::{CallError, Request, Response, Service, encode, json::refused, s3};

pub(super) async fn invoke_model(work: &Work<'_>) -> Result<String, Failure> {
    let mut parameters = work.arguments()?;
    let output = parameters.shift_remove("Output");
    let failure = Sdk { service: "bedrock", prefix: "Bedrock", named: ERRORS };
    let answer = send(work, &parameters).await?.map_err(|error| failure.failure(error))?;
    let content_type = answer.header("content-type").unwrap_or(JSON).to_owned();
    let body = match output {
        None => {
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
        Some(output) => {
            let (bucket, key) = place(&output).ok_or_else(|| unplaced("Output"))?;
            let client = work.client().await?;
            let put = s3::put_object(&client, bucket, key, answer.body, &content_type).await;
            put.map_err(|error| failure.failure(error))?;
            output["S3Uri"].clone()
        }
    };
    Ok(json!({"Body": body, "ContentType": content_type}).to_string())
}

/// Sends the request that the parameters of either integration describe.
pub(super) async fn send(
    work: &Work<'_>,
    parameters: &Map<String, Value>,
) -> Result<Result<Response, CallError>, Failure> {
    let text = |name: &str| parameters.get(name).and_then(Value::as_str);
    let model = text("ModelId").ok_or_else(|| Failure::runtime("`ModelId` must be given, a string"))?;
    let client = work.client().await?;
    let body = match (parameters.get("Body"), parameters.get("Input")) {
        (Some(Value::String(text)), None) => text.clone().into_bytes(),
        (Some(body), None) => body.to_string().into_bytes(),
        (None, Some(input)) => {
            let (bucket, key) = place(input).ok_or_else(|| unplaced("Input"))?;
            match s3::get_object(&client, bucket, key, None, LARGEST_INPUT).await {
                Ok(object) => object.body,
                Err(error) => return Ok(Err(error)),
            }
        }
        _ => return Err(Failure::runtime("either `Body` or `Input` must be given")),
    };
    let mut request = Request::new(Method::POST, format!("/model/{}/invoke", encode(model))).body(body);
    for (name, header, default) in HEADERS {
        if let Some(value) = text(name).or(*default) {
            request = request.header(header, value);
        }
    }
    Ok(client.send(&RUNTIME, &request, work.bounds()).await.and_then(refused))
}

fn unplaced(name: &str) -> Failure {
    Failure::runtime(format!("`{name}` must have an `S3Uri`, such as s3://BUCKET/KEY"))
}

/// Bucket and key of an `S3Uri`.
fn place(input: &Value) -> Option<(&str, &str)> {
    input["S3Uri"].as_str()?.strip_prefix("s3://")?.split_once('/')
}

/// The errors that the model of the service names although most services leave them out.
pub(super) const ERRORS: &str = "AccessDeniedException ThrottlingException ValidationException";

const JSON: &str = "application/json";

/// In bytes.
const LARGEST_INPUT: usize = 25 << 20;

const HEADERS: &[(&str, &str, Option<&str>)] = &[
    ("Accept", "accept", Some(JSON)),
    ("ContentType", "content-type", Some(JSON)),
    ("GuardrailIdentifier", "x-amzn-bedrock-guardrailidentifier", None),
    ("GuardrailVersion", "x-amzn-bedrock-guardrailversion", None),
    ("PerformanceConfigLatency", "x-amzn-bedrock-performanceconfig-latency", None),
    ("Trace", "x-amzn-bedrock-trace", None),
];

const RUNTIME: Service<'_> = Service { id: "Bedrock Runtime", endpoint: "bedrock-runtime", signing: "bedrock" };
