//! The four requests of a worker.
//!
//! Owns paths, headers and answers as the Lambda Runtime API has them, and who may ask: programs of this machine. A page in a
//! browser, which could reach a loopback address too, is refused.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, FromRequestParts, Path, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, Uri, header, request::Parts},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

use super::{Function, Pending, Workers, failed};

/// The routes of the Runtime API, one tree for each function: a worker of `FUNCTION` is told
/// `AWS_LAMBDA_RUNTIME_API=HOST:PORT/FUNCTION`. When one function alone was declared, `HOST:PORT` names it too. To be served on a
/// loopback address.
///
/// ```no_run
/// # async fn serve() -> std::io::Result<()> {
/// use workflow::task::runtime_api::{Workers, router};
///
/// let workers = Workers::default();
/// workers.declare("orders");
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:9001").await?;
/// axum::serve(listener, router(workers)).await
/// # }
/// ```
pub fn router(workers: Workers) -> Router {
    let routes = |root: &str| {
        let at = |path: &str| format!("{root}/2018-06-01/runtime/{path}");
        Router::new()
            .route(&at("invocation/next"), get(next))
            .route(&at("invocation/{id}/response"), post(respond))
            .route(&at("invocation/{id}/error"), post(refuse))
            .route(&at("init/error"), post(fail_to_start))
    };
    routes("/{function}")
        .merge(routes(""))
        .layer(DefaultBodyLimit::max(LARGEST_ANSWER))
        .layer(middleware::from_fn(programs_only))
        .with_state(workers)
}

/// What the path of a request names.
struct Named {
    function: Arc<Function>,
    /// The request id of an invocation, or nothing.
    id: String,
}

impl FromRequestParts<Workers> for Named {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, workers: &Workers) -> Result<Self, Response> {
        let names = Path::<HashMap<String, String>>::from_request_parts(parts, workers).await;
        let Path(mut names) = names.map_err(IntoResponse::into_response)?;
        let id = names.remove("id").unwrap_or_default();
        match names.remove("function").or_else(|| workers.sole()) {
            Some(function) => Ok(Self { function: workers.function(&function), id }),
            None => {
                let said = "no function is named: AWS_LAMBDA_RUNTIME_API must be HOST:PORT/FUNCTION";
                Err((StatusCode::NOT_FOUND, failed("FunctionNotNamed", said)).into_response())
            }
        }
    }
}

async fn next(Named { function, .. }: Named) -> Response {
    let Pending { request_id, function_arn, payload, deadline, trace_id } = function.next().await;
    let headers = [
        ("lambda-runtime-aws-request-id", request_id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", function_arn),
        ("lambda-runtime-trace-id", trace_id),
        ("content-type", "application/json".to_owned()),
    ];
    let response =
        headers.into_iter().fold(Response::builder(), |response, (name, value)| response.header(name, value));
    response.body(Body::from(payload)).unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

async fn respond(Named { function, id }: Named, body: Result<Bytes, BytesRejection>) -> Response {
    let Ok(body) = body else {
        let said = format!("Response payload size exceeded maximum allowed payload size ({LARGEST_ANSWER} bytes).");
        let refusal = failed("Function.ResponseSizeTooLarge", &said);
        function.answer(&id, Err(refusal.clone()));
        return (StatusCode::PAYLOAD_TOO_LARGE, [(header::CONTENT_TYPE, "application/json")], refusal).into_response();
    };
    let text = String::from_utf8_lossy(&body).into_owned();
    let payload = match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
        Ok(_) => text,
        Err(_) if text.is_empty() => "null".to_owned(),
        Err(_) => Value::String(text).to_string(),
    };
    taken(function.answer(&id, Ok(payload)))
}

async fn refuse(Named { function, id }: Named, headers: HeaderMap, body: Bytes) -> Response {
    taken(function.answer(&id, Err(document(&headers, &body))))
}

async fn fail_to_start(Named { function, .. }: Named, headers: HeaderMap, body: Bytes) -> Response {
    function.fail_to_start(document(&headers, &body));
    taken(true)
}

/// The document of an error; one that is not JSON becomes the message of one that is.
fn document(headers: &HeaderMap, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body).into_owned();
    match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(_)) => text,
        _ => {
            let kind = headers.get("lambda-runtime-function-error-type").and_then(|kind| kind.to_str().ok());
            failed(kind.unwrap_or("Unhandled"), &text)
        }
    }
}

/// Accepted, or that nobody waits for this answer: its time was over.
fn taken(is_awaited: bool) -> Response {
    if is_awaited {
        return (StatusCode::ACCEPTED, Json(json!({"status": "OK"}))).into_response();
    }
    let refusal = json!({"errorMessage": "Invalid request ID", "errorType": "InvalidRequestID"});
    (StatusCode::BAD_REQUEST, Json(refusal)).into_response()
}

/// Refuses what a browser sends, and a host name that somebody else could have pointed here.
async fn programs_only(uri: Uri, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let browser = [header::ORIGIN.as_str(), "sec-fetch-site", "sec-fetch-mode"];
    if browser.iter().any(|name| headers.contains_key(*name)) || !is_local(headers, &uri) {
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(request).await
}

/// Whether the request's host is an address or `localhost`, which no name server answers for.
fn is_local(headers: &HeaderMap, uri: &Uri) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| uri.authority().map(|authority| authority.as_str())).unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok()
}

/// What Lambda takes as a response, in bytes.
const LARGEST_ANSWER: usize = (6 << 20) + 100;
