//! AWS JSON 1.0 and 1.1: an action in `X-Amz-Target`, a JSON object in and out.
//!
//! Owns the headers and how an exception is written. REST services that speak JSON write theirs the same way.

use axum::http::Method;
use serde_json::Value;

use super::{CallError, Client, Request, Response, Service, ServiceError, send::Bounds};

/// A service that speaks AWS JSON.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JsonService<'a> {
    pub(crate) service: Service<'a>,
    /// What stands before the action in `X-Amz-Target`.
    pub(crate) target: &'a str,
    /// `1.0` or `1.1`
    pub(crate) version: &'a str,
}

impl Client {
    /// Calls an action with a JSON text.
    pub(crate) async fn call_json(
        &self,
        service: &JsonService<'_>,
        action: &str,
        body: String,
        bounds: Bounds,
    ) -> Result<Response, CallError> {
        let request = Request::new(Method::POST, "/")
            .header("content-type", format!("application/x-amz-json-{}", service.version))
            .header("x-amz-target", format!("{}.{action}", service.target))
            .body(body);
        refused(self.send(&service.service, &request, bounds).await?)
    }
}

/// A response that is not an exception.
pub(crate) fn refused(response: Response) -> Result<Response, CallError> {
    if response.is_success() { Ok(response) } else { Err(exception(&response).into()) }
}

/// The exception in a response.
pub(crate) fn exception(response: &Response) -> ServiceError {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let text = |names: &[&str]| names.iter().find_map(|name| body[*name].as_str());
    let code = response.header("x-amzn-errortype").or_else(|| text(&["__type", "code", "Code"]));
    // `namespace#Code:address` is all that is ever written around it.
    let code = code.map(|code| code.split(':').next().unwrap_or(code)).unwrap_or_default();
    let code = code.rsplit_once('#').map_or(code, |(_, code)| code);
    let query = response.header("x-amzn-query-error").and_then(|code| code.split(';').next());
    ServiceError {
        status: response.status,
        code: if code.is_empty() { "UnknownError".to_owned() } else { code.to_owned() },
        query_code: query.map(str::to_owned),
        message: text(&["message", "Message", "errorMessage"]).unwrap_or_default().to_owned(),
        request_id: response.request_id(),
        extended_request_id: None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    fn check(headers: &[(&'static str, &'static str)], body: &str, expect: (&str, Option<&str>, &str)) {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        let error = exception(&Response { status: 400, headers, body: body.into() });
        assert_eq!((error.code.as_str(), error.query_code.as_deref(), error.message.as_str()), expect);
    }

    #[test]
    fn an_exception_is_named_in_the_body_or_a_header() {
        let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no"}"#;
        check(&[], body, ("ResourceNotFoundException", None, "no"));
        check(
            &[("x-amzn-errortype", "ValidationException:http://internal.amazon.com/coral/")],
            r#"{"Message":"bad"}"#,
            ("ValidationException", None, "bad"),
        );
        check(
            &[("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender")],
            r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"gone"}"#,
            ("QueueDoesNotExist", Some("AWS.SimpleQueueService.NonExistentQueue"), "gone"),
        );
        check(&[], "<html>", ("UnknownError", None, ""));
    }
}
