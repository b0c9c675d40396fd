//! Signatures that botocore made, the first of AWS's published test suite, and what must not pass.

use axum::http::{HeaderName, HeaderValue, Request};
use serde_json::Value;

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// 2026-01-02T03:04:05Z, when the vectors were signed.
const NOW: Millis = 1_767_323_045_000;

/// A signed request, to be sent as it is or altered.
struct Vector {
    name: String,
    region: String,
    credentials: Credentials,
    parts: Parts,
    body: String,
}

fn vectors() -> Vec<Vector> {
    let all: Vec<Value> = serde_json::from_str(include_str!("vectors.json")).unwrap();
    all.iter().map(vector).collect()
}

fn vector(from: &Value) -> Vector {
    let text = |name: &str| from[name].as_str().unwrap().to_owned();
    let mut parts = Request::post("/").body(()).unwrap().into_parts().0;
    for (name, value) in from["headers"].as_object().unwrap() {
        parts
            .headers
            .insert(HeaderName::try_from(name).unwrap(), HeaderValue::from_str(value.as_str().unwrap()).unwrap());
    }
    let credentials = Credentials {
        session_token: from["token"].as_str().map(str::to_owned),
        ..Credentials::new("AKIDEXAMPLE", text("secret"))
    };
    Vector { name: text("name"), region: text("region"), credentials, parts, body: text("body") }
}

fn first() -> Vector {
    vectors().remove(0)
}

impl Vector {
    fn verify(&self) -> Result<(), SignatureError> {
        self.verify_at(NOW)
    }

    fn verify_at(&self, now: Millis) -> Result<(), SignatureError> {
        let verifier = Verifier { credentials: &self.credentials, region: &self.region, service: "states" };
        verifier.verify(&self.parts, self.body.as_bytes(), now)
    }

    fn set(&mut self, name: &'static str, value: &str) {
        self.parts.headers.insert(name, HeaderValue::from_str(value).unwrap());
    }

    fn edit_authorization(&mut self, from: &str, to: &str) {
        let text = self.parts.headers["authorization"].to_str().unwrap().replace(from, to);
        self.set("authorization", &text);
    }
}

#[test]
fn what_botocore_signs_is_accepted() {
    for vector in vectors() {
        assert_eq!(vector.verify(), Ok(()), "{}", vector.name);
    }
}

#[test]
fn the_published_example_is_accepted() {
    let mut request = Request::get("/").body(()).unwrap().into_parts().0;
    request.headers.insert("host", HeaderValue::from_static("example.amazonaws.com"));
    request.headers.insert("x-amz-date", HeaderValue::from_static("20150830T123600Z"));
    request.headers.insert(
        "authorization",
        HeaderValue::from_static(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, \
             Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
    );
    let credentials = Credentials::new("AKIDEXAMPLE", SECRET);
    let verifier = Verifier { credentials: &credentials, region: "us-east-1", service: "service" };
    assert_eq!(verifier.verify(&request, b"", 1_440_938_160_000), Ok(()));
}

#[test]
fn any_altered_signed_part_is_a_mismatch() {
    let alter = |change: &dyn Fn(&mut Vector)| {
        let mut vector = first();
        change(&mut vector);
        vector.verify()
    };
    for outcome in [
        alter(&|v| v.body.push(' ')),
        alter(&|v| v.set("x-amz-target", "AWSStepFunctions.DeleteStateMachine")),
        alter(&|v| v.set("host", "127.0.0.1:8084")),
        alter(&|v| v.set("content-type", "application/x-amz-json-1.1")),
        alter(&|v| v.set("x-amz-date", "20260102T030406Z")),
        alter(&|v| v.credentials.secret_access_key.push('x')),
        alter(&|v| v.edit_authorization("Signature=c", "Signature=d")),
        alter(&|v| v.edit_authorization("Signature=c7", "Signature=")),
        alter(&|v| drop(v.parts.headers.remove("content-type"))),
        alter(&|v| v.parts.method = axum::http::Method::PUT),
    ] {
        assert_eq!(outcome, Err(SignatureError::Mismatch));
    }
}

#[test]
fn unsigned_headers_may_change() {
    let mut vector = first();
    vector.set("user-agent", "another");
    vector.set("x-amz-user-agent", "another");
    assert_eq!(vector.verify(), Ok(()));
}

#[test]
fn a_request_counts_for_five_minutes() {
    for (now, good) in [(NOW + 300_000, true), (NOW + 301_000, false), (NOW - 300_000, true), (NOW - 301_000, false)] {
        assert_eq!(first().verify_at(now).is_ok(), good, "{now}");
    }
    let expired = first().verify_at(NOW + 600_000).unwrap_err().to_string();
    assert_eq!(
        expired,
        "Signature expired: 20260102T030405Z is now earlier than 20260102T030905Z (20260102T031405Z - 5 min.)"
    );
    let early = first().verify_at(NOW - 600_000).unwrap_err().to_string();
    assert_eq!(
        early,
        "Signature not yet current: 20260102T030405Z is still later than 20260102T025905Z (20260102T025405Z + 5 min.)"
    );
}

#[test]
fn other_ways_of_signing_are_refused_by_name() {
    let check = |change: &dyn Fn(&mut Vector), code: &str, part: &str| {
        let mut vector = first();
        change(&mut vector);
        let error = vector.verify().unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    };
    check(&|v| drop(v.parts.headers.remove("authorization")), "MissingAuthenticationTokenException", "missing");
    check(&|v| v.set("authorization", "Basic abc"), "IncompleteSignatureException", "AWS4-HMAC-SHA256");
    check(
        &|v| v.set("authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE"),
        "IncompleteSignatureException",
        "'SignedHeaders'",
    );
    check(&|v| v.edit_authorization("/aws4_request", ""), "IncompleteSignatureException", "KEY/DATE/REGION");
    check(&|v| v.edit_authorization("aws4_request", "aws3_request"), "InvalidSignatureException", "valid terminator");
    check(&|v| v.edit_authorization("us-east-1", "eu-west-1"), "InvalidSignatureException", "valid region");
    check(&|v| v.edit_authorization("/states/", "/sqs/"), "InvalidSignatureException", "correct service");
    check(&|v| v.edit_authorization("20260102", "20260103"), "InvalidSignatureException", "scope does not match");
    check(&|v| v.edit_authorization("AKIDEXAMPLE", "AKIDOTHER"), "UnrecognizedClientException", "security token");
    check(
        &|v| v.set("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        "IncompleteSignatureException",
        "x-amz-content-sha256",
    );
    check(&|v| drop(v.parts.headers.remove("x-amz-date")), "IncompleteSignatureException", "X-Amz-Date");
    check(&|v| v.parts.uri = "/?a=b".parse().unwrap(), "IncompleteSignatureException", "query");
    for date in [
        "20260102",
        "20260102T0304+5Z",
        "20260102T030405Zx",
        "20269902T030405Z",
        "2026-1-2T03:04:05",
        "\u{e9}2026010T03040",
    ] {
        let mut vector = first();
        vector.parts.headers.insert("x-amz-date", HeaderValue::from_bytes(date.as_bytes()).unwrap());
        assert!(vector.verify().is_err(), "{date}");
    }
}

#[test]
fn a_payload_digest_is_checked_against_the_body() {
    let at = vectors().iter().position(|vector| vector.name.starts_with("digest")).unwrap();
    let mut vector = vectors().remove(at);
    vector.set("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
    assert!(vector.verify().unwrap_err().to_string().contains("unsigned and chunked payloads are refused"));
}

#[test]
fn host_and_target_must_be_signed() {
    for name in ["host;", ";x-amz-target"] {
        let mut vector = first();
        vector.edit_authorization(name, "");
        assert!(vector.verify().unwrap_err().to_string().contains("not signed"), "{name}");
    }
}

#[test]
fn a_session_token_must_be_the_configured_one() {
    let at = vectors().iter().position(|vector| vector.name == "session token").unwrap();
    let with = |token: Option<&str>| {
        let mut vector = vectors().remove(at);
        vector.credentials.session_token = token.map(str::to_owned);
        vector.verify()
    };
    assert_eq!(with(Some("FwoGZXIvYXdzEXAMPLE//token==")), Ok(()));
    assert_eq!(with(Some("another")), Err(SignatureError::Unrecognized));
    assert_eq!(with(None), Err(SignatureError::Unrecognized));
}

#[test]
fn a_secret_is_not_shown() {
    assert!(!format!("{:?}", Credentials::new("AKIDEXAMPLE", SECRET)).contains("EXAMPLEKEY"));
}
