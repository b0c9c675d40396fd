//! A request before it has an endpoint, and a response after its connection is done with.
//!
//! Owns percent-encoding as signatures want it, and how headers are read.

use axum::http::{HeaderMap, Method};

/// A request without host and signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Encoded, beginning with a slash.
    pub(crate) path: String,
    /// Not encoded.
    pub(crate) query: Vec<(String, String)>,
    /// In small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A request without anything.
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), query: Vec::new(), headers: Vec::new(), body: Vec::new() }
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a parameter to the query.
    pub(crate) fn parameter(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// Sets the body.
    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The query, encoded and sorted: as it is sent and as it is signed.
    pub(crate) fn canonical_query(&self) -> String {
        let mut pairs: Vec<String> =
            self.query.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        pairs.sort_unstable();
        pairs.join("&")
    }
}

/// What a service answered.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// A header's value, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The id that the service gave the request.
    pub(crate) fn request_id(&self) -> String {
        let id = self.header("x-amzn-requestid").or_else(|| self.header("x-amz-request-id"));
        id.unwrap_or_default().to_owned()
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Encodes all but the unreserved characters.
pub(crate) fn encode(text: &str) -> String {
    encode_but(text, "-._~")
}

/// Encodes a path: as [`encode`], and slashes stay.
pub(crate) fn encode_path(text: &str) -> String {
    encode_but(text, "-._~/")
}

fn encode_but(text: &str, kept: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(encode("aZ0-._~ /:é%"), "aZ0-._~%20%2F%3A%C3%A9%25");
        assert_eq!(encode_path("/a b/c+d"), "/a%20b/c%2Bd");
    }

    #[test]
    fn a_query_is_sorted_by_its_encoded_pairs() {
        let request = Request::new(Method::GET, "/").parameter("b", "1").parameter("a", "x y").parameter("a", "");
        assert_eq!(request.canonical_query(), "a=&a=x%20y&b=1");
    }
}
