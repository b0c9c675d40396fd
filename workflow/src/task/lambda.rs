//! `lambda:invoke` and bare function ARNs: the functions of this process, then local workers, then the Lambda endpoint.
//!
//! Owns how a function is named, what its answer is wrapped in and what its error looks like, as Lambda and Step Functions
//! have it. `lambda:invoke` wraps (`Payload`, `StatusCode`, ...), a bare function ARN does not.

use std::time::Instant;

use axum::http::Method;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    FunctionError, Invocation, Work,
    failure::{Failure, Optimised},
    metadata::{headers_of, http_metadata},
    runtime_api::Invoked,
};
use crate::client::{self, CallError, Service, ServiceError, encode, json::refused};

/// Calls a function whose ARN is the resource itself; the result is the function's.
pub(super) async fn call_bare(work: &Work<'_>) -> Result<String, Failure> {
    let request =
        Request { name: work.call.resource.arn.clone(), payload: work.call.arguments.clone(), ..Request::default() };
    let answer = answer(work, request).await.map_err(|error| failure(error, &work.call.resource.arn))?;
    match answer.function_error {
        None => Ok(answer.payload),
        Some(_) => Err(failed(&answer.payload)),
    }
}

/// `lambda:invoke`
pub(super) async fn invoke(work: &Work<'_>) -> Result<String, Failure> {
    let request = Request::read(work.arguments()?)?;
    let answer = answer(work, request).await.map_err(|error| failure(error, "lambda"))?;
    match answer.function_error {
        None => Ok(answer.wrapped()),
        Some(_) => Err(failed(&answer.payload)),
    }
}

/// A call of a function.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Request {
    /// A name, a partial ARN or an ARN.
    name: String,
    qualifier: Option<String>,
    /// A JSON text.
    payload: String,
    /// Headers of the call and their values.
    options: Vec<(&'static str, String)>,
}

/// What a function answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answered {
    pub(super) version: String,
    /// A JSON text.
    pub(super) payload: String,
    pub(super) status: u16,
    /// How it failed, if it did: `Handled` or `Unhandled`.
    pub(super) function_error: Option<String>,
    /// The end of its log, in base64.
    pub(super) log_result: Option<String>,
    headers: Vec<(&'static str, String)>,
    request_id: String,
}

impl Request {
    /// Takes the parameters of an integration apart.
    pub(super) fn read(parameters: Map<String, Value>) -> Result<Self, Failure> {
        let mut request = Self { payload: "{}".to_owned(), ..Self::default() };
        for (name, value) in parameters {
            let text = || value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            match (name.as_str(), &value) {
                (_, Value::Null) => {}
                ("FunctionName", Value::String(name)) => request.name.clone_from(name),
                ("Qualifier", Value::String(qualifier)) => request.qualifier = Some(qualifier.clone()),
                // A text that is JSON is the payload; any other is a string of JSON.
                ("Payload", Value::String(text)) if is_json(text) => request.payload.clone_from(text),
                ("Payload", value) => request.payload = value.to_string(),
                ("InvocationType", _) => request.options.push(("x-amz-invocation-type", text())),
                ("LogType", _) => request.options.push(("x-amz-log-type", text())),
                ("ClientContext", _) => request.options.push(("x-amz-client-context", text())),
                (name, _) => return Err(Failure::unsupported_field(name)),
            }
        }
        if request.name.is_empty() {
            return Err(Failure::runtime("`FunctionName` must be given, a string"));
        }
        Ok(request)
    }

    fn is_plain(&self) -> bool {
        let option = self.options.iter().find(|(name, _)| *name == "x-amz-invocation-type");
        option.is_none_or(|(_, kind)| kind == "RequestResponse")
    }

    fn is_tailed(&self) -> bool {
        self.options.iter().any(|(name, kind)| *name == "x-amz-log-type" && kind == "Tail")
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Calls a function, wherever it is.
pub(super) async fn answer(work: &Work<'_>, request: Request) -> Result<Answered, CallError> {
    let function = function_of(&request.name).to_owned();
    let is_local = work.functions.contains(&function) || work.services.workers().knows(&function);
    if is_local && !request.is_plain() {
        let why = "a local function is only called with the `InvocationType` `RequestResponse`".to_owned();
        return Err(CallError::Unfit(why));
    }
    if is_local {
        let ran =
            Ran { request_id: uuid::Uuid::new_v4().to_string(), since: Instant::now(), is_tailed: request.is_tailed() };
        if work.functions.contains(&function) {
            let payload = serde_json::from_str(&request.payload).unwrap_or_default();
            let idempotency_key = work.call.idempotency_key.clone();
            let called = work.functions.call(Invocation { function: function.clone(), payload, idempotency_key }).await;
            if let Some(outcome) = called {
                let outcome = outcome.map(|result| result.to_string()).map_err(|error| error_payload(&error));
                return Ok(ran.answered(outcome));
            }
        }
        let arn = arn_of(work, &request.name, &function);
        let call = Invoked { function_arn: &arn, request_id: &ran.request_id, timeout: work.timeout() };
        let outcome = work.services.workers().invoke(&function, call, request.payload).await;
        return Ok(ran.answered(outcome));
    }
    if work.services.client().is_none() {
        return Err(not_found(work, &request, &function).into());
    }
    remote(work, &request).await
}

/// A function on this machine, from its call on.
struct Ran {
    request_id: String,
    since: Instant,
    /// Whether the end of the log is asked for.
    is_tailed: bool,
}

impl Ran {
    /// What it answered, as Lambda would have put it.
    fn answered(self, outcome: Result<String, String>) -> Answered {
        let (payload, function_error) = match outcome {
            Ok(payload) => (payload, None),
            Err(payload) => (payload, Some("Unhandled".to_owned())),
        };
        let log_result = self.is_tailed.then(|| BASE64.encode(self.log()));
        let now = Timestamp::now();
        let trace = uuid::Uuid::new_v4().simple().to_string();
        let logged = log_result.iter().map(|log| ("X-Amz-Log-Result", log.clone()));
        let always = [
            ("X-Amz-Executed-Version", LATEST.to_owned()),
            ("x-amzn-Remapped-Content-Length", "0".to_owned()),
            ("Connection", "keep-alive".to_owned()),
            ("x-amzn-RequestId", self.request_id.clone()),
            ("Content-Length", payload.len().to_string()),
            ("Date", now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()),
            ("X-Amzn-Trace-Id", format!("Root=1-{:08x}-{};Sampled=0", now.as_second(), &trace[..24])),
            ("Content-Type", "application/json".to_owned()),
        ];
        let headers = logged.chain(always).collect();
        let version = LATEST.to_owned();
        Answered { version, payload, status: 200, function_error, log_result, headers, request_id: self.request_id }
    }

    /// What Lambda itself writes into a log; what the function wrote is in the log of its process.
    fn log(&self) -> String {
        let (id, took) = (&self.request_id, self.since.elapsed());
        let millis = took.as_secs_f64() * 1000.0;
        format!(
            "START RequestId: {id} Version: {LATEST}\nEND RequestId: {id}\nREPORT RequestId: {id}\tDuration: {millis:.2} ms\tBilled Duration: {:.0} ms\t\n",
            millis.ceil()
        )
    }
}

async fn remote(work: &Work<'_>, request: &Request) -> Result<Answered, CallError> {
    let client = work.client().await.map_err(|failure| CallError::Unfit(failure.cause))?;
    let path = format!("/2015-03-31/functions/{}/invocations", encode(&request.name));
    let mut http = client::Request::new(Method::POST, path)
        .header("content-type", "application/json")
        .body(request.payload.as_str());
    if let Some(qualifier) = &request.qualifier {
        http = http.parameter("Qualifier", qualifier);
    }
    for (name, value) in &request.options {
        http = http.header(name, value);
    }
    let answer = client.send(&LAMBDA, &http, work.bounds()).await.and_then(refused)?;
    let header = |name: &str| answer.header(name).map(str::to_owned);
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    Ok(Answered {
        version: header("x-amz-executed-version").unwrap_or_else(|| LATEST.to_owned()),
        payload: if is_json(&text) { text } else { Value::String(text).to_string() },
        status: answer.status,
        function_error: header("x-amz-function-error"),
        log_result: header("x-amz-log-result"),
        headers: headers_of(&answer),
        request_id: answer.request_id(),
    })
}

impl Answered {
    /// The answer of the Lambda API around a function's result, which goes in as the text that it is.
    fn wrapped(&self) -> String {
        let log = self.log_result.as_ref().map(|log| format!("\"LogResult\":{},", json!(log))).unwrap_or_default();
        format!(
            r#"{{"ExecutedVersion":{},{log}"Payload":{},"SdkHttpMetadata":{},"SdkResponseMetadata":{},"StatusCode":{}}}"#,
            json!(self.version),
            self.payload,
            http_metadata(&self.headers, self.status),
            json!({"RequestId": self.request_id}),
            self.status
        )
    }
}

/// The name in a name, a partial ARN or an ARN, without a qualifier.
fn function_of(name: &str) -> &str {
    let parts: Vec<&str> = name.split(':').collect();
    match parts.iter().position(|part| *part == "function") {
        Some(place) => parts.get(place + 1).copied().unwrap_or(name),
        None => parts.first().copied().unwrap_or(name),
    }
}

fn arn_of(work: &Work<'_>, name: &str, function: &str) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    format!("arn:aws:lambda:{}:{}:function:{function}", work.call.region, work.call.account)
}

fn not_found(work: &Work<'_>, request: &Request, function: &str) -> ServiceError {
    let arn = arn_of(work, &request.name, function);
    let qualifier = request.qualifier.as_deref().unwrap_or(LATEST);
    let qualified = if arn.split(':').count() > 7 { arn } else { format!("{arn}:{qualifier}") };
    ServiceError {
        status: 404,
        code: "ResourceNotFoundException".to_owned(),
        query_code: None,
        message: format!("Function not found: {qualified}"),
        request_id: uuid::Uuid::new_v4().to_string(),
        extended_request_id: None,
    }
}

fn error_payload(error: &FunctionError) -> String {
    json!({"errorMessage": error.cause, "errorType": error.error}).to_string()
}

/// A function that failed: the error is the one that it names.
fn failed(payload: &str) -> Failure {
    let named: Value = serde_json::from_str(payload).unwrap_or_default();
    match named["errorType"].as_str().filter(|name| !name.is_empty()) {
        Some(error) => Failure::new(error, payload),
        None => Failure::new(
            "Lambda.Unknown",
            format!(
                "The cause could not be determined because Lambda did not return an error type. Returned payload: {payload}"
            ),
        ),
    }
}

fn failure(error: CallError, task: &str) -> Failure {
    match error {
        CallError::TooLarge(_) => Failure::too_large(task),
        CallError::Unfit(why) => Failure::runtime(why),
        other => FAILURES.failure(other),
    }
}

const LATEST: &str = "$LATEST";

const LAMBDA: Service<'_> = Service { id: "Lambda", endpoint: "lambda", signing: "lambda" };

const FAILURES: Optimised =
    Optimised { service: "lambda", prefix: "Lambda", name: "AWSLambda", general: "AWSLambdaException", named: &[] };
