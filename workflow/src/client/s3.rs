//! Amazon S3: objects read, listed and written.
//!
//! Owns how a bucket is addressed and what an exception of S3 looks like. A whole object is held in memory, up to a bound that
//! the caller names.

use axum::http::Method;

use super::{
    CallError, Client, Request, Response, Service, ServiceError, encode, encode_path, send::Bounds, xml::Element,
};

/// An object and what S3 says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The bytes.
    pub body: Vec<u8>,
    /// With its quotation marks.
    pub e_tag: Option<String>,
    /// As it was stored.
    pub content_type: Option<String>,
    /// As it was stored, such as `gzip`.
    pub content_encoding: Option<String>,
}

/// One page of a bucket's list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The objects, in the order of their keys.
    pub contents: Vec<Listed>,
    /// Continues the list; `None` at its end.
    pub next: Option<String>,
}

/// An object in a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// The key.
    pub key: String,
    /// In bytes.
    pub size: u64,
    /// With its quotation marks.
    pub e_tag: String,
    /// As S3 writes it, ISO 8601 with milliseconds.
    pub last_modified: String,
    /// Such as `STANDARD`.
    pub storage_class: Option<String>,
}

/// GetObject: a whole object of at most `most` bytes.
///
/// # Errors
/// `NoSuchKey`, `NoSuchBucket`, `AccessDenied` and others of S3's; [`CallError::TooLarge`] above the bound.
pub async fn get_object(
    client: &Client,
    bucket: &str,
    key: &str,
    version: Option<&str>,
    most: usize,
) -> Result<Object, CallError> {
    let mut request = Request::new(Method::GET, "/");
    if let Some(version) = version {
        request = request.parameter("versionId", version);
    }
    let bounds = Bounds { answer: most, ..Bounds::default() };
    let answer = send(client, bucket, Some(key), request, bounds).await?;
    let header = |name: &str| answer.header(name).map(str::to_owned);
    let (e_tag, content_type, content_encoding) = (header("etag"), header("content-type"), header("content-encoding"));
    Ok(Object { e_tag, content_type, content_encoding, body: answer.body })
}

/// ListObjectsV2: one page of at most 1,000 objects whose keys begin with `prefix`, after what `next` of the page before names.
///
/// # Errors
/// `NoSuchBucket`, `AccessDenied` and others of S3's.
pub async fn list_objects_v2(
    client: &Client,
    bucket: &str,
    prefix: Option<&str>,
    next: Option<&str>,
) -> Result<Listing, CallError> {
    let mut request = Request::new(Method::GET, "/").parameter("list-type", "2");
    for (name, value) in [("prefix", prefix), ("continuation-token", next)] {
        if let Some(value) = value {
            request = request.parameter(name, value);
        }
    }
    listing(&send(client, bucket, None, request, Bounds::default()).await?)
}

/// The page in an answer of ListObjectsV2.
fn listing(answer: &Response) -> Result<Listing, CallError> {
    let root = document(answer)?;
    let listed = |element: &Element| {
        let text = |name: &str| element.text_of(name).unwrap_or_default().to_owned();
        Listed {
            key: text("Key"),
            size: text("Size").parse().unwrap_or_default(),
            e_tag: text("ETag"),
            last_modified: text("LastModified"),
            storage_class: element.text_of("StorageClass").map(str::to_owned),
        }
    };
    let contents = root.children.iter().filter(|child| child.name == "Contents").map(listed).collect();
    Ok(Listing { contents, next: root.text_of("NextContinuationToken").map(str::to_owned) })
}

/// PutObject; answers the entity tag.
///
/// # Errors
/// `NoSuchBucket`, `AccessDenied` and others of S3's.
pub async fn put_object(
    client: &Client,
    bucket: &str,
    key: &str,
    body: Vec<u8>,
    content_type: &str,
) -> Result<String, CallError> {
    let request = Request::new(Method::PUT, "/").header("content-type", content_type).body(body);
    let answer = send(client, bucket, Some(key), request, Bounds::default()).await?;
    Ok(answer.header("etag").unwrap_or_default().to_owned())
}

/// Sends a request about a bucket or an object; the request's own path is not used.
pub(crate) async fn send(
    client: &Client,
    bucket: &str,
    key: Option<&str>,
    request: Request,
    bounds: Bounds,
) -> Result<Response, CallError> {
    check_bucket(bucket)?;
    let (endpoint, named) = client.settings.endpoint_of(&S3, &client.region);
    // A dot in a bucket's name does not fit the certificate of the host that would carry the name.
    let in_host = !named && bucket.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let (endpoint, bucket_path) = match endpoint.split_once("://") {
        Some((scheme, host)) if in_host => (format!("{scheme}://{bucket}.{host}"), String::new()),
        _ => (endpoint, format!("/{}", encode(bucket))),
    };
    let path = match key {
        Some("") => return Err(CallError::Unfit("the key of an object is not empty".to_owned())),
        Some(key) => format!("{bucket_path}/{}", encode_path(key)),
        None if bucket_path.is_empty() => "/".to_owned(),
        None => bucket_path,
    };
    let answer = client.send_to(&endpoint, &S3, &Request { path, ..request }, bounds).await?;
    if answer.is_success() { Ok(answer) } else { Err(exception(&answer).into()) }
}

/// The document in an answer.
pub(crate) fn document(answer: &Response) -> Result<Element, CallError> {
    Element::parse(&String::from_utf8_lossy(&answer.body))
        .map_err(|why| CallError::Unreadable { endpoint: S3.endpoint.to_owned(), why })
}

fn check_bucket(bucket: &str) -> Result<(), CallError> {
    let fits = (3..=63).contains(&bucket.len())
        && bucket.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        && bucket.starts_with(|c: char| c.is_ascii_alphanumeric());
    if fits { Ok(()) } else { Err(CallError::Unfit(format!("`{bucket}` is not the name of a bucket"))) }
}

/// The exception in an answer; an answer to HEAD has no body to say it.
fn exception(answer: &Response) -> ServiceError {
    let root = Element::parse(&String::from_utf8_lossy(&answer.body)).unwrap_or_default();
    let text = |name: &str| root.text_of(name).map(str::to_owned);
    let silent = match answer.status {
        301 => "PermanentRedirect",
        304 => "NotModified",
        403 => "Forbidden",
        404 => "NoSuchKey",
        412 => "PreconditionFailed",
        _ => "UnknownError",
    };
    ServiceError {
        status: answer.status,
        code: text("Code").unwrap_or_else(|| silent.to_owned()),
        query_code: None,
        message: text("Message").unwrap_or_default(),
        request_id: text("RequestId").unwrap_or_else(|| answer.request_id()),
        extended_request_id: answer.header("x-amz-id-2").map(str::to_owned).or_else(|| text("HostId")),
    }
}

const S3: Service<'_> = Service { id: "S3", endpoint: "s3", signing: "s3" };
