//! A double of AWS in this process: it checks each signature and gives the answers that it was told to give.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request as HttpRequest, State},
    http::HeaderMap,
    response::Response as HttpResponse,
};

use super::*;
use crate::signature::{self, Canonical, DAY, Scope};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// With the query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The service and the region in the signature's scope; panics when the signature does not fit.
    pub(crate) fn signed_for(&self) -> (String, String) {
        let authorization = self.header("authorization");
        let field = |name: &str| authorization.split_once(name).unwrap().1.split(',').next().unwrap().to_owned();
        let (credential, headers, given) = (field("Credential="), field("SignedHeaders="), field("Signature="));
        let scope: Vec<&str> = credential.split('/').collect();
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let path = if scope[3] == "s3" { path.to_owned() } else { encode_path(path) };
        let signed: Vec<&str> = headers.split(';').collect();
        assert!(signed.contains(&"host") && signed.contains(&"x-amz-date"), "{headers}");
        let digest = signature::digest(&self.body);
        let canonical =
            Canonical { method: &self.method, path: &path, query, signed_headers: &signed, digest: &digest };
        let date = self.header("x-amz-date");
        let scope = Scope { day: &date[..DAY], region: scope[2], service: scope[3] };
        assert_eq!(scope.sign(SECRET, date, &canonical.text(&self.headers).unwrap()), given, "{authorization}");
        (scope.service.to_owned(), scope.region.to_owned())
    }
}

/// What is answered next: status, headers, body.
pub(crate) type Told = (u16, Vec<(&'static str, String)>, Vec<u8>);

/// The double.
#[derive(Clone, Default)]
pub(crate) struct Double {
    pub(crate) seen: Arc<Mutex<Vec<Seen>>>,
    told: Arc<Mutex<Vec<Told>>>,
}

impl Double {
    /// Listens on a free port; answers in the order of `told`, and 500 when these are used up.
    pub(crate) async fn serve(told: Vec<Told>) -> (Self, Client) {
        let double = Self { told: Arc::new(Mutex::new(told)), ..Self::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(double.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (double, client(Some(endpoint)))
    }

    pub(crate) fn only(&self) -> Seen {
        let seen = self.seen.lock().unwrap();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }
}

async fn answer(State(double): State<Double>, request: HttpRequest) -> HttpResponse {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    let path = parts.uri.path_and_query().unwrap().to_string();
    let seen = Seen { method: parts.method.to_string(), path, headers: parts.headers, body };
    double.seen.lock().unwrap().push(seen);
    let mut told = double.told.lock().unwrap();
    let (status, headers, body) = if told.is_empty() { (500, Vec::new(), Vec::new()) } else { told.remove(0) };
    let mut response = HttpResponse::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).unwrap()
}

/// A client with credentials, for `eu-west-1`.
pub(crate) fn client(endpoint: Option<String>) -> Client {
    let credentials = Some(Credentials::new("AKIDEXAMPLE", SECRET));
    Client::new(Settings { credentials, endpoint, ..Settings::default() }, "eu-west-1")
}

/// A JSON answer with a request id.
pub(crate) fn json_answer(status: u16, body: &str) -> Told {
    let id = ("x-amzn-requestid", "11111111-2222-3333-4444-555555555555".to_owned());
    (status, vec![id, ("content-type", "application/x-amz-json-1.0".to_owned())], body.into())
}

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

#[tokio::test]
async fn a_json_call_is_signed_and_names_its_target() {
    let (double, client) = Double::serve(vec![json_answer(200, r#"{"a":1}"#)]).await;
    let service = Service { id: "SQS", endpoint: "sqs", signing: "sqs" };
    let service = json::JsonService { service, target: "AmazonSQS", version: "1.0" };
    let answer = client.call_json(&service, "SendMessage", "{}".into(), Bounds::default()).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, br#"{"a":1}"#.as_slice()));
    let seen = double.only();
    assert_eq!(seen.signed_for(), ("sqs".to_owned(), "eu-west-1".to_owned()));
    assert_eq!((seen.method.as_str(), seen.path.as_str(), seen.text()), ("POST", "/", "{}"));
    assert_eq!(seen.header("x-amz-target"), "AmazonSQS.SendMessage");
    assert_eq!(seen.header("content-type"), "application/x-amz-json-1.0");
}

#[tokio::test]
async fn an_object_is_read_listed_and_written() {
    let list = "<ListBucketResult><Contents><Key>a/b c</Key><Size>3</Size><ETag>&quot;e&quot;</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents><NextContinuationToken>n</NextContinuationToken></ListBucketResult>";
    let etag = vec![("etag", "\"e\"".to_owned())];
    let answers = vec![(200, etag.clone(), b"abc".to_vec()), (200, Vec::new(), list.into()), (200, etag, Vec::new())];
    let (double, client) = Double::serve(answers).await;
    let object = s3::get_object(&client, "bucket", "a/b c", None, 3).await.unwrap();
    assert_eq!((object.body.as_slice(), object.e_tag.as_deref()), (b"abc".as_slice(), Some("\"e\"")));
    let page = s3::list_objects_v2(&client, "bucket", Some("a/"), None).await.unwrap();
    assert_eq!((page.contents[0].key.as_str(), page.contents[0].size, page.next.as_deref()), ("a/b c", 3, Some("n")));
    let tag = s3::put_object(&client, "bucket", "k", b"x".to_vec(), "text/plain").await.unwrap();
    assert_eq!(tag, "\"e\"");
    let seen = double.seen.lock().unwrap().clone();
    let paths: Vec<&str> = seen.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(paths, ["/bucket/a/b%20c", "/bucket?list-type=2&prefix=a%2F", "/bucket/k"]);
    for seen in &seen {
        assert_eq!(seen.signed_for().0, "s3");
        assert_eq!(seen.header("x-amz-content-sha256"), signature::digest(&seen.body));
    }
}

#[tokio::test]
async fn what_cannot_be_had_says_why() {
    let (_, client) = Double::serve(vec![
        (404, Vec::new(), b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>".to_vec()),
        (200, Vec::new(), b"abcd".to_vec()),
    ])
    .await;
    let missing = s3::get_object(&client, "bucket", "k", None, 3).await.unwrap_err();
    assert!(matches!(missing, CallError::Service(error) if (error.status, error.code.as_str()) == (404, "NoSuchKey")));
    let large = s3::get_object(&client, "bucket", "k", None, 3).await.unwrap_err();
    assert_eq!(large, CallError::TooLarge(3));
    for (bucket, key) in [("a/b", "k"), ("", "k"), ("bucket", "../k")] {
        let refused = s3::get_object(&client, bucket, key, None, 3).await.unwrap_err();
        assert!(matches!(refused, CallError::Unfit(_)), "{bucket} {key}: {refused:?}");
    }
    let nobody = Client::new(Settings::default(), "eu-west-1");
    assert_eq!(s3::get_object(&nobody, "bucket", "k", None, 3).await.unwrap_err(), CallError::NoCredentials);
}

#[tokio::test]
async fn nobody_there_is_tried_again_and_then_said() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for scheme in ["http", "https"] {
        let place = format!("{scheme}://{free}");
        let error = s3::get_object(&client(Some(place.clone())), "bucket", "k", None, 3).await.unwrap_err();
        assert!(matches!(&error, CallError::Unreachable { endpoint, .. } if *endpoint == place), "{error:?}");
    }
}
