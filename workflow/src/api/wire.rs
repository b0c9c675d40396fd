//! AWS JSON 1.0: what a body becomes, and what an answer looks like.
//!
//! Owns headers, the bound on bodies, numbers for timestamps, and the words for JSON of the wrong type. It knows no action.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CONTENT_TYPE, HeaderName},
    },
    response::Response,
};
use futures::StreamExt as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, de::Error as _};
use serde_json::{Map, Value, json};
use statemachine::Millis;

use super::refusal::Refusal;

/// A time on the wire: a number of seconds, with milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timestamp(pub(super) Millis);

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0 as f64 / 1000.0)
    }
}

/// A JSON object read as `T`; a derived struct alone would take an array too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Structure<T>(pub(super) T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Structure<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Map::deserialize(deserializer)?;
        serde_json::from_value(Value::Object(members)).map(Self).map_err(D::Error::custom)
    }
}

/// Whether an input or an output is in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Included {
    pub(super) included: bool,
}

/// The answer of an action that has nothing to say: `{}`.
#[derive(Debug, Serialize)]
pub(super) struct Nothing {}

/// Reads a body of at most [`LARGEST_REQUEST`] bytes.
pub(super) async fn read(body: Body) -> Result<Bytes, Refusal> {
    tokio::time::timeout(LONGEST_READ, gather(body)).await.unwrap_or_else(|_| Err(Refusal::too_slow()))
}

/// What is too large is read on and thrown away, within reason: most clients read no answer before they have sent everything.
async fn gather(body: Body) -> Result<Bytes, Refusal> {
    let (mut whole, mut seen) = (Vec::new(), 0);
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refusal::serialization("the body of the request broke off"))?;
        seen += chunk.len();
        if seen <= LARGEST_REQUEST {
            whole.extend_from_slice(&chunk);
        } else if seen > LARGEST_THROWN_AWAY {
            break;
        }
    }
    if seen > LARGEST_REQUEST { Err(Refusal::too_large(LARGEST_REQUEST)) } else { Ok(whole.into()) }
}

/// The action that the headers name.
pub(super) fn target(headers: &HeaderMap) -> Result<&str, Refusal> {
    let content_type = text(headers, &CONTENT_TYPE).unwrap_or_default();
    if content_type.split(';').next().is_none_or(|kind| !kind.trim().eq_ignore_ascii_case(JSON)) {
        return Err(Refusal::unknown_operation(format!("the content type must be {JSON}, not `{content_type}`")));
    }
    let target =
        text(headers, &TARGET).ok_or_else(|| Refusal::unknown_operation("the header X-Amz-Target is missing"))?;
    target.strip_prefix(PREFIX).ok_or_else(|| {
        Refusal::unknown_operation(format!("X-Amz-Target must begin with {PREFIX}, as in {PREFIX}StartExecution"))
    })
}

/// Reads a request; members that it does not know are ignored.
pub(super) fn decode<R: DeserializeOwned>(body: &[u8]) -> Result<R, Refusal> {
    let body = if body.is_empty() { b"{}" } else { body };
    match serde_json::from_slice::<Structure<R>>(body) {
        Ok(Structure(request)) => Ok(request),
        Err(error) if error.is_data() => Err(Refusal::serialization(mismatch(&error.to_string()))),
        Err(error) => Err(Refusal::serialization(format!("the body is not JSON: {error}"))),
    }
}

/// Writes an answer.
pub(super) fn encode<A: Serialize>(answer: &A) -> Result<String, Refusal> {
    serde_json::to_string(answer).map_err(|error| Refusal::internal(format!("an answer could not be written: {error}")))
}

/// Makes the HTTP answer.
pub(super) fn respond(request_id: &str, outcome: Result<String, Refusal>) -> Response {
    let mut response = match outcome {
        Ok(text) => Response::new(Body::from(text)),
        Err(refusal) => refuse(&refusal),
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

fn refuse(refusal: &Refusal) -> Response {
    let mut body = json!({ "__type": refusal.code, "message": refusal.message });
    if let Some(reason) = refusal.reason {
        body["reason"] = json!(reason);
    }
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = refusal.status;
    if let Ok(code) = HeaderValue::from_str(&refusal.code) {
        response.headers_mut().insert(ERROR_TYPE, code);
    }
    // A body that was not read to its end cannot be followed by another request.
    if refusal.status == StatusCode::PAYLOAD_TOO_LARGE || refusal.status == StatusCode::REQUEST_TIMEOUT {
        response.headers_mut().insert(axum::http::header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// serde's words for JSON of the wrong type, in AWS's.
fn mismatch(words: &str) -> String {
    let rest = words.strip_prefix("invalid type: ").or_else(|| words.strip_prefix("invalid value: "));
    // From the right: what was found may be the caller's text.
    let Some((found, wanted)) = rest.and_then(|rest| rest.rsplit_once(", expected ")) else {
        return "the body does not fit the action".into();
    };
    let found = match found.split([' ', '`']).next().unwrap_or_default() {
        "map" => return "Start of structure or map found where not expected.".into(),
        "sequence" => return "Start of list found where not expected.".into(),
        "string" => "STRING_VALUE",
        "boolean" if found.contains("true") => "TRUE_VALUE",
        "boolean" => "FALSE_VALUE",
        "null" => "NULL_VALUE",
        _ => "NUMBER_VALUE",
    };
    let wanted = match wanted.split(" at line").next().unwrap_or_default() {
        "a string" => "a String",
        "a boolean" => "a Boolean",
        "i64" => "an Integer",
        "a sequence" => return "Expected list or null".into(),
        _ => return "Expected structure or null".into(),
    };
    format!("{found} can not be converted to {wanted}")
}

/// The largest request: a definition of 1 MiB with everything around it does not fit, as with Step Functions.
pub(super) const LARGEST_REQUEST: usize = 1 << 20;

/// Of a request that is too large, so much is read before it is answered.
const LARGEST_THROWN_AWAY: usize = 32 << 20;
const LONGEST_READ: Duration = Duration::from_secs(30);
const JSON: &str = "application/x-amz-json-1.0";
const PREFIX: &str = "AWSStepFunctions.";
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, PartialEq, Default)]
    #[serde(rename_all = "camelCase")]
    struct Sample {
        name: Option<String>,
        max_results: Option<i64>,
        reverse_order: Option<bool>,
        tags: Option<Vec<Structure<Inner>>>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Inner {
        key: Option<String>,
    }

    fn refused(body: &str) -> String {
        let refusal = decode::<Sample>(body.as_bytes()).unwrap_err();
        assert_eq!(refusal.code, "SerializationException", "{body}");
        refusal.message
    }

    #[test]
    fn json_of_the_wrong_type_is_named_as_aws_does() {
        for (body, expect) in [
            (r#"{"name":5}"#, "NUMBER_VALUE can not be converted to a String"),
            (r#"{"name":true}"#, "TRUE_VALUE can not be converted to a String"),
            (r#"{"name":{}}"#, "Start of structure or map found where not expected."),
            (r#"{"name":[]}"#, "Start of list found where not expected."),
            (r#"{"maxResults":"5"}"#, "STRING_VALUE can not be converted to an Integer"),
            (r#"{"maxResults":1.5}"#, "NUMBER_VALUE can not be converted to an Integer"),
            (r#"{"maxResults":99999999999999999999}"#, "NUMBER_VALUE can not be converted to an Integer"),
            (r#"{"reverseOrder":"yes"}"#, "STRING_VALUE can not be converted to a Boolean"),
            (r#"{"tags":"a"}"#, "Expected list or null"),
            (r#"{"tags":["a"]}"#, "Expected structure or null"),
            (r#"{"tags":[["k"]]}"#, "Start of list found where not expected."),
            (r#"{"tags":[{"key":1}]}"#, "NUMBER_VALUE can not be converted to a String"),
            (r"[]", "Start of list found where not expected."),
            (r#""text""#, "Expected structure or null"),
        ] {
            assert_eq!(refused(body), expect, "{body}");
        }
        assert!(refused(r#"{"name":"#).starts_with("the body is not JSON"));
        assert!(refused(&format!("{{\"a\":{}", "[".repeat(100_000))).starts_with("the body is not JSON"));
    }

    #[test]
    fn null_is_absent_and_unknown_members_are_ignored() {
        assert_eq!(decode::<Sample>(br#"{"name":null,"new":{"a":[1]}}"#).unwrap(), Sample::default());
        assert_eq!(decode::<Sample>(b"").unwrap(), Sample::default());
    }

    #[test]
    fn a_timestamp_is_a_number_of_seconds() {
        assert_eq!(encode(&Timestamp(1_700_000_000_123)).unwrap(), "1700000000.123");
    }

    #[test]
    fn a_target_names_its_service_and_its_content_type() {
        let headers = |kind: &'static str, target: &'static str| {
            HeaderMap::from_iter([
                (CONTENT_TYPE, HeaderValue::from_static(kind)),
                (TARGET, HeaderValue::from_static(target)),
            ])
        };
        assert_eq!(target(&headers(JSON, "AWSStepFunctions.StartExecution")).unwrap(), "StartExecution");
        assert_eq!(target(&headers("application/x-amz-json-1.0; charset=utf-8", "AWSStepFunctions.A")).unwrap(), "A");
        for refused in [
            headers("text/plain", "AWSStepFunctions.StartExecution"),
            headers(JSON, "StartExecution"),
            headers(JSON, "DynamoDB_20120810.PutItem"),
            HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(JSON))]),
            HeaderMap::new(),
        ] {
            assert_eq!(target(&refused).unwrap_err().code, "UnknownOperationException");
        }
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_bound() {
        assert_eq!(read(Body::from(vec![b' '; LARGEST_REQUEST])).await.unwrap().len(), LARGEST_REQUEST);
        let chunk = || Ok::<_, std::io::Error>(Bytes::from(vec![b' '; LARGEST_REQUEST / 2 + 1]));
        let unannounced = Body::from_stream(futures::stream::iter([chunk(), chunk()]));
        let endless = Body::from_stream(futures::stream::repeat_with(chunk));
        for body in [Body::from(vec![b' '; LARGEST_REQUEST + 1]), unannounced, endless] {
            assert_eq!(read(body).await.unwrap_err().status, StatusCode::PAYLOAD_TOO_LARGE);
        }
    }
}
