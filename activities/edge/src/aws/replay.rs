//! Recorded AWS for tests: a client that answers each request by a script, and a bucket in memory.
//!
//! The script is a list of hand-written exchanges in the services' own wire formats, found by what the request is and not by its
//! order, because reads run at once. Every request is kept, so that a test can look at what would have been sent. Requests to S3 go to
//! the bucket, which honours If-None-Match and If-Match as S3 does: its entity tag is a hash of the content.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use activities::approval::sha256_hex;
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use jiff::Timestamp;
use serde_json::Value;

use super::{Aws, Settings};
use crate::clock::ManualClock;

/// A request that was made.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) uri: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl Asked {
    fn of(request: &HttpRequest) -> Self {
        let headers = request.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            method: request.method().to_owned(),
            uri: request.uri().to_owned(),
            headers: headers.collect(),
            body: request.body().bytes().unwrap_or_default().to_vec(),
        }
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Everything by which an exchange is found.
    fn haystack(&self) -> String {
        let target = self.header("x-amz-target").unwrap_or_default();
        format!("{} {} {target} {}", self.method, self.uri, self.text())
    }
}

/// One recorded exchange: an answer to every request that has all the parts, in any order of coming; the last answer repeats.
#[derive(Debug)]
pub(super) struct Exchange {
    parts: Vec<&'static str>,
    answers: Vec<(u16, Vec<u8>)>,
    headers: Vec<(&'static str, String)>,
}

impl Exchange {
    /// Answers requests that have all of `parts` with a body of JSON or XML.
    pub(super) fn of(parts: &[&'static str], status: u16, body: impl Into<String>) -> Self {
        Self { parts: parts.to_vec(), answers: vec![(status, body.into().into_bytes())], headers: Vec::new() }
    }

    /// Answers the next request of the kind with this.
    pub(super) fn then(mut self, status: u16, body: impl Into<String>) -> Self {
        self.answers.push((status, body.into().into_bytes()));
        self
    }

    /// Adds a header to every answer.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Answers CloudWatch's requests for an operation, in the CBOR that it speaks.
    pub(super) fn cbor(operation: &'static str, status: u16, body: &Value) -> Self {
        let answers = vec![(status, cbor(body))];
        let headers =
            vec![("smithy-protocol", "rpc-v2-cbor".to_owned()), ("content-type", "application/cbor".to_owned())];
        Self { parts: vec!["GraniteServiceVersion20100801/operation/", operation], answers, headers }
    }

    fn fits(&self, haystack: &str) -> bool {
        self.parts.iter().all(|part| haystack.contains(part))
    }
}

/// The script, the bucket and what was asked; clones share them.
#[derive(Clone, Debug)]
pub(super) struct Script {
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    objects: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    clock: Arc<ManualClock>,
}

impl Script {
    pub(super) fn new(exchanges: impl IntoIterator<Item = Exchange>) -> Self {
        Self {
            exchanges: Arc::new(Mutex::new(exchanges.into_iter().collect())),
            objects: Arc::default(),
            asked: Arc::default(),
            clock: Arc::new(ManualClock::at("2026-11-23T10:16:00Z".parse().unwrap())),
        }
    }

    /// Adds an exchange; it goes before those that are there.
    pub(super) fn add(&self, exchange: Exchange) {
        self.exchanges.lock().unwrap().insert(0, exchange);
    }

    /// The functions over this script.
    pub(super) fn aws(&self, settings: &[(&str, &str)]) -> Aws {
        let connector = SharedHttpConnector::new(self.clone());
        let client: SharedHttpClient = http_client_fn(move |_, _| connector.clone());
        let retries = RetryConfig::standard().with_initial_backoff(std::time::Duration::from_nanos(1));
        let retries = retries.with_max_backoff(std::time::Duration::from_nanos(1));
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(retries)
            .http_client(client)
            .build();
        let all = DEFAULTS.into_iter().chain(settings.iter().copied());
        Aws::new(Settings::of(all), sdk, self.clock.clone())
    }

    pub(super) fn now(&self) -> Timestamp {
        use crate::clock::Clock as _;
        self.clock.now()
    }

    pub(super) fn advance(&self, seconds: i64) {
        self.clock.advance(seconds);
    }

    /// Puts an object, `bucket/key`.
    pub(super) fn put(&self, key: &str, bytes: impl Into<Vec<u8>>) {
        self.objects.lock().unwrap().insert(key.to_owned(), bytes.into());
    }

    /// Removes an object, `bucket/key`.
    pub(super) fn remove(&self, key: &str) {
        self.objects.lock().unwrap().remove(key);
    }

    /// The text of an object, `bucket/key`.
    pub(super) fn get(&self, key: &str) -> Option<String> {
        self.objects.lock().unwrap().get(key).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// The keys that begin with this, `bucket/key`.
    pub(super) fn keys(&self, prefix: &str) -> Vec<String> {
        self.objects.lock().unwrap().keys().filter(|key| key.starts_with(prefix)).cloned().collect()
    }

    /// The requests that have all the parts, in order.
    pub(super) fn asked(&self, parts: &[&str]) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|asked| parts.iter().all(|part| asked.haystack().contains(part))).cloned().collect()
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let asked = Asked::of(request);
        self.asked.lock().unwrap().push(asked.clone());
        let haystack = asked.haystack();
        let mut exchanges = self.exchanges.lock().unwrap();
        if let Some(exchange) = exchanges.iter_mut().find(|exchange| exchange.fits(&haystack)) {
            let (status, body) =
                if exchange.answers.len() > 1 { exchange.answers.remove(0) } else { exchange.answers[0].clone() };
            return response(status, body, &exchange.headers);
        }
        if asked.uri.contains(".s3.") {
            return self.bucket(&asked);
        }
        panic!("no exchange answers {haystack}");
    }

    /// What S3 answers; the host names the bucket.
    fn bucket(&self, asked: &Asked) -> HttpResponse {
        let rest = asked.uri.split_once("://").unwrap().1;
        let (host, path) = rest.split_once('/').unwrap();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let bucket = host.split('.').next().unwrap();
        let mut objects = self.objects.lock().unwrap();
        if path.is_empty() {
            return list(&objects, bucket, query);
        }
        let key = format!("{bucket}/{}", unescaped(path));
        let held = objects.get(&key).cloned();
        let tag = |bytes: &[u8]| format!("\"{}\"", &sha256_hex(bytes)[..32]);
        match asked.method.as_str() {
            "GET" => match held {
                Some(bytes) => response(200, bytes.clone(), &[("etag", tag(&bytes))]),
                None => error(404, "NoSuchKey"),
            },
            "PUT" => {
                if asked.header("if-none-match") == Some("*") && held.is_some() {
                    return error(412, "PreconditionFailed");
                }
                if let Some(wanted) = asked.header("if-match") {
                    match &held {
                        None => return error(404, "NoSuchKey"),
                        Some(bytes) if tag(bytes) != wanted => return error(412, "PreconditionFailed"),
                        Some(_) => {}
                    }
                }
                objects.insert(key, asked.body.clone());
                response(200, Vec::new(), &[("etag", tag(&asked.body))])
            }
            "DELETE" => {
                objects.remove(&key);
                response(204, Vec::new(), &[])
            }
            other => panic!("the bucket knows no {other}"),
        }
    }
}

impl HttpConnector for Script {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(Ok(self.answer(&request)))
    }
}

fn response(status: u16, body: Vec<u8>, headers: &[(&'static str, String)]) -> HttpResponse {
    let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.clone());
    }
    response
}

fn error(status: u16, code: &str) -> HttpResponse {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{code}</Message></Error>");
    response(status, body.into_bytes(), &[])
}

fn list(objects: &BTreeMap<String, Vec<u8>>, bucket: &str, query: &str) -> HttpResponse {
    let value = |name: &str| {
        let found = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        found.map(unescaped).unwrap_or_default()
    };
    let (prefix, after) = (value("prefix"), value("start-after"));
    let mut body = String::from("<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated>");
    for (key, bytes) in objects {
        let Some(key) = key.strip_prefix(bucket).and_then(|key| key.strip_prefix('/')) else { continue };
        if key.starts_with(&prefix) && key > after.as_str() {
            body.push_str(&format!(
                "<Contents><Key>{key}</Key><ETag>\"{}\"</ETag><LastModified>2026-11-01T00:00:00.000Z</LastModified></Contents>",
                &sha256_hex(bytes)[..32]
            ));
        }
    }
    body.push_str("</ListBucketResult>");
    response(200, body.into_bytes(), &[])
}

fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let digits = std::str::from_utf8(&tail[..2]).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// JSON in the binary form that CloudWatch speaks; `{"$time": SECONDS}` is an instant.
fn cbor(value: &Value) -> Vec<u8> {
    match value {
        Value::Null => vec![0xf6],
        Value::Bool(flag) => vec![if *flag { 0xf5 } else { 0xf4 }],
        Value::Number(number) => match number.as_u64() {
            Some(whole) => head(0, whole),
            None => [vec![0xfb], number.as_f64().unwrap().to_be_bytes().to_vec()].concat(),
        },
        Value::String(text) => [head(3, text.len() as u64), text.as_bytes().to_vec()].concat(),
        Value::Array(items) => [head(4, items.len() as u64), items.iter().flat_map(cbor).collect()].concat(),
        Value::Object(members) => match members.get("$time") {
            Some(seconds) => [vec![0xc1, 0xfb], seconds.as_f64().unwrap().to_be_bytes().to_vec()].concat(),
            None => {
                let pairs =
                    members.iter().flat_map(|(name, value)| [cbor(&Value::from(name.as_str())), cbor(value)].concat());
                [head(5, members.len() as u64), pairs.collect()].concat()
            }
        },
    }
}

fn head(major: u8, value: u64) -> Vec<u8> {
    let first = major << 5;
    match value {
        0..=23 => vec![first | u8::try_from(value).unwrap()],
        24..=0xff => vec![first | 24, u8::try_from(value).unwrap()],
        0x100..=0xffff => [vec![first | 25], u16::try_from(value).unwrap().to_be_bytes().to_vec()].concat(),
        0x1_0000..=0xffff_ffff => [vec![first | 26], u32::try_from(value).unwrap().to_be_bytes().to_vec()].concat(),
        _ => [vec![first | 27], value.to_be_bytes().to_vec()].concat(),
    }
}

const REGION: &str = "eu-central-1";
const DEFAULTS: [(&str, &str); 10] = [
    ("AWS_REGION", REGION),
    ("SAO_ACCOUNT", "123456789012"),
    ("SAO_AUDIT_BUCKET", "audit"),
    ("SAO_EXECUTOR_ROLE_ARN", "arn:aws:iam::123456789012:role/sao-executor"),
    ("SAO_KEYS_BUCKET", "keys"),
    ("SAO_ON_CALL_TOPIC_ARN", "arn:aws:sns:eu-central-1:123456789012:sao-on-call"),
    ("SAO_PUBLIC_URL", "https://sao.example.com"),
    ("SAO_STATE_MACHINE_ARN", "arn:aws:states:eu-central-1:123456789012:stateMachine:sao-incident"),
    ("SAO_TWIN_BUCKET", "twin"),
    ("SAO_MODEL_PRICES", r#"{"m": {"input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75}}"#),
];
