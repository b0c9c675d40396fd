//! Requests and pages as an HTTP API of API Gateway writes them (payload format 2.0).
//!
//! Owns their reading: method, path, the browser's headers and the fields of a form. Owns no meaning of any of them.

use std::collections::BTreeMap;

use activities::approval::Page;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::Browser;
use crate::error::EdgeError;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) browser: Browser,
    /// The fields of a form, in their order.
    pub(super) fields: Vec<(String, String)>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// A page is opened.
    Get,
    /// A form is sent.
    Post,
    /// Something else.
    Other,
}

impl Request {
    /// Reads a request; nothing when the event is none.
    pub(super) fn of(event: &Value) -> Result<Option<Self>, EdgeError> {
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
        let Some(method) = text("/requestContext/http/method") else { return Ok(None) };
        let method = match method {
            "GET" | "HEAD" => Method::Get,
            "POST" => Method::Post,
            _ => Method::Other,
        };
        let header = |name: &str| text(&format!("/headers/{name}")).map(str::to_owned);
        let is_form = header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let body = text("/body").unwrap_or_default();
        let body = match event.get("isBase64Encoded").and_then(Value::as_bool) {
            Some(true) => STANDARD.decode(body).map_err(|error| EdgeError::bad_input("hitl", error))?,
            _ => body.as_bytes().to_vec(),
        };
        Ok(Some(Self {
            method,
            path: text("/rawPath").unwrap_or_default().to_owned(),
            browser: Browser { origin: header("origin"), fetch_site: header("sec-fetch-site") },
            fields: if is_form { fields(&body) } else { Vec::new() },
        }))
    }
}

/// A page as a response.
pub(super) fn response(page: &Page) -> Value {
    let headers: BTreeMap<&str, String> = Page::headers().into_iter().collect();
    json!({"statusCode": page.status, "headers": headers, "body": page.html, "isBase64Encoded": false})
}

/// The fields of `application/x-www-form-urlencoded`.
fn fields(body: &[u8]) -> Vec<(String, String)> {
    let pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).take(MOST_FIELDS);
    pairs
        .map(|pair| {
            let border = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            (decoded(&pair[..border]), decoded(pair.get(border + 1..).unwrap_or_default()))
        })
        .collect()
}

fn decoded(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut place = 0;
    while let Some(byte) = text.get(place) {
        let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (byte, digit(place + 1), digit(place + 2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high << 4 | low).unwrap_or_default());
                place += 2;
            }
            (b'+', ..) => bytes.push(b' '),
            _ => bytes.push(*byte),
        }
        place += 1;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

const MOST_FIELDS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expect: &[(&str, &str)]) {
        let found = fields(body.as_bytes());
        let found: Vec<(&str, &str)> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn a_form_is_read_as_browsers_write_it() {
        check("verb=approve&reason=it+is+%C3%A4ll%20right%21", &[("verb", "approve"), ("reason", "it is äll right!")]);
        check("parameter.timeout=20&x", &[("parameter.timeout", "20"), ("x", "")]);
        check("a=b=c&&%zz=%4", &[("a", "b=c"), ("%zz", "%4")]);
        check("", &[]);
    }

    #[test]
    fn a_request_is_told_from_an_event() {
        let event = json!({"version": "2.0", "rawPath": "/hitl/AAAA", "isBase64Encoded": true, "body": STANDARD.encode("verb=reject"),
            "headers": {"content-type": "application/x-www-form-urlencoded; charset=utf-8", "origin": "null"},
            "requestContext": {"http": {"method": "POST"}}});
        let request = Request::of(&event).unwrap().unwrap();
        assert_eq!((request.method, request.path.as_str()), (Method::Post, "/hitl/AAAA"));
        assert_eq!(request.browser.origin.as_deref(), Some("null"));
        assert_eq!(request.fields, [("verb".to_owned(), "reject".to_owned())]);
        assert_eq!(Request::of(&json!({"source": "aws.states"})), Ok(None));
    }

    #[test]
    fn only_a_form_has_fields() {
        let event = json!({"headers": {"content-type": "text/plain"}, "body": "verb=approve", "requestContext": {"http": {"method": "POST"}}});
        assert_eq!(Request::of(&event).unwrap().unwrap().fields, []);
    }
}
