//! What an optimised integration adds to a result: the headers of the HTTP answer and the id of the request.
//!
//! Owns their shape and the spelling of headers, which the wire gives in small letters and a history shows as AWS sends them.

use serde_json::{Map, Value, json};

use crate::client::Response;

/// The headers of a response that a history shows, in its order.
pub(super) fn headers_of(response: &Response) -> Vec<(&'static str, String)> {
    let shown =
        SPELLED.iter().filter_map(|name| Some((*name, response.header(&name.to_ascii_lowercase())?.to_owned())));
    let mut shown: Vec<(&str, String)> = shown.collect();
    // SQS and SNS, which do not name their server, write this one small.
    if !shown.iter().any(|(name, _)| matches!(*name, "Server" | "X-Amz-Executed-Version")) {
        shown.iter_mut().filter(|(name, _)| *name == "Connection").for_each(|(name, _)| *name = "connection");
        shown.sort_by_key(|(name, _)| *name != "x-amzn-RequestId");
    }
    shown
}

/// `SdkHttpMetadata`
pub(super) fn http_metadata(headers: &[(&str, String)], status: u16) -> Value {
    let all: Map<String, Value> = headers.iter().map(|(name, value)| ((*name).to_owned(), json!([value]))).collect();
    let mut each: Vec<&(&str, String)> = headers.iter().collect();
    each.sort_by_key(|(name, _)| name.to_lowercase());
    let each: Map<String, Value> = each.into_iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    json!({"AllHttpHeaders": all, "HttpHeaders": each, "HttpStatusCode": status})
}

/// A result with its metadata, its members sorted.
pub(super) fn with_metadata(mut result: Map<String, Value>, response: &Response) -> String {
    result.insert("SdkHttpMetadata".to_owned(), http_metadata(&headers_of(response), response.status));
    result.insert("SdkResponseMetadata".to_owned(), json!({"RequestId": response.request_id()}));
    sorted(result).to_string()
}

/// An object whose members are sorted by their names.
pub(super) fn sorted(mut object: Map<String, Value>) -> Value {
    object.sort_keys();
    Value::Object(object)
}

const SPELLED: [&str; 11] = [
    "X-Amz-Log-Result",
    "X-Amz-Executed-Version",
    "x-amzn-Remapped-Content-Length",
    "Server",
    "Connection",
    "x-amzn-RequestId",
    "x-amz-crc32",
    "Content-Length",
    "Date",
    "X-Amzn-Trace-Id",
    "Content-Type",
];

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn headers_are_shown_as_aws_spells_them() {
        let given = [("content-length", "2"), ("x-amzn-requestid", "id"), ("server", "Server"), ("x-other", "1")];
        let headers: HeaderMap = given
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .into_iter()
            .collect();
        let text = with_metadata(Map::new(), &Response { status: 200, headers, body: Vec::new() });
        let expect = r#"{"SdkHttpMetadata":{"AllHttpHeaders":{"Server":["Server"],"x-amzn-RequestId":["id"],"Content-Length":["2"]},"HttpHeaders":{"Content-Length":"2","Server":"Server","x-amzn-RequestId":"id"},"HttpStatusCode":200},"SdkResponseMetadata":{"RequestId":"id"}}"#;
        assert_eq!(text, expect);
    }
}
