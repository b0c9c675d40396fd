//! SDK integrations of Amazon S3: one row for each action.
//!
//! Owns which parameter goes where in a REST request, and which header or element becomes which member of a result.

use axum::http::Method;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use jiff::fmt::rfc2822::DateTimeParser;
use serde_json::{Map, Value, json};

use super::members::{Times, time};
use crate::{
    client::{CallError, Request, Response, s3, xml},
    task::{
        Work,
        failure::{Failure, Sdk},
    },
};

/// An action.
struct Operation {
    action: &'static str,
    method: Method,
    /// Whether it is about an object; else it is about a bucket.
    has_key: bool,
    query: &'static [(&'static str, &'static str)],
    /// Name in a state, name on the wire; a wire name that begins with `?` is one of the query.
    parameters: &'static [(&'static str, &'static str)],
    /// What the answer brings besides the headers that every answer may have.
    brings: Brings,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Brings {
    Headers,
    /// The headers that describe an object.
    Object,
    /// An object: those, and its content.
    Content,
    /// A document whose elements are the members.
    Document,
    /// A document that is one member, by its root's name.
    Member,
}

pub(super) fn supports(action: &str) -> bool {
    find(action).is_some()
}

pub(super) async fn call(work: &Work<'_>, action: &str, parameters: Map<String, Value>) -> Result<String, Failure> {
    let operation = find(action).ok_or_else(|| work.unsupported())?;
    let (bucket, key, request) = operation.request(parameters)?;
    let client = work.client().await?;
    let failure = Sdk { service: "s3", prefix: "S3", named: "" };
    let answer = s3::send(&client, &bucket, key.as_deref(), request, work.bounds()).await;
    let answer = answer.and_then(|answer| operation.result(&answer)).map_err(|error| failure.failure(error))?;
    Ok(answer.to_string())
}

impl Operation {
    /// Bucket, key and request.
    fn request(&self, mut parameters: Map<String, Value>) -> Result<(String, Option<String>, Request), Failure> {
        let mut needed = |name: &str| match parameters.shift_remove(name) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(Failure::runtime(format!("`{name}` must be given, a string"))),
        };
        let bucket = needed("Bucket")?;
        let key = if self.has_key { Some(needed("Key")?) } else { None };
        let mut request = Request::new(self.method.clone(), "/");
        for (name, value) in self.query {
            request = request.parameter(name, *value);
        }
        for (name, value) in parameters {
            request = self.with(request, &name, value)?;
        }
        if self.method == Method::PUT && self.action == "putObject" {
            // The SDK sends this checksum with every object, and S3 answers it.
            let sum = crc32fast::hash(&request.body);
            request = request.header("x-amz-checksum-crc32", BASE64.encode(sum.to_be_bytes()));
        }
        Ok((bucket, key, request))
    }

    fn with(&self, mut request: Request, name: &str, value: Value) -> Result<Request, Failure> {
        if value.is_null() {
            return Ok(request);
        }
        match (name, self.action) {
            ("Body", "putObject") => return Ok(request.body(text(&value))),
            ("Metadata", "putObject" | "copyObject") => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    request = request.header(&format!("x-amz-meta-{}", name.to_lowercase()), text(value));
                }
                return Ok(request);
            }
            ("CreateBucketConfiguration", "createBucket") => {
                let constraint = value["LocationConstraint"].as_str().unwrap_or_default();
                return Ok(request.body(format!(
                    "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>",
                    xml::escape(constraint)
                )));
            }
            _ => {}
        }
        let row = self.parameters.iter().chain(EVERYWHERE).find(|(shown, _)| *shown == name);
        let (_, wire) = row.ok_or_else(|| Failure::unsupported_field(name))?;
        Ok(match wire.strip_prefix('?') {
            Some(query) => request.parameter(query, text(&value)),
            None => request.header(wire, text(&value)),
        })
    }

    fn result(&self, answer: &Response) -> Result<Value, CallError> {
        let mut result = Map::new();
        for (header, name, kind) in HEADERS {
            if let Some(value) = answer.header(header) {
                result.insert((*name).to_owned(), typed(value, *kind));
            }
        }
        if matches!(self.brings, Brings::Object | Brings::Content) {
            for (header, name, kind) in OBJECT_HEADERS {
                if let Some(value) = answer.header(header) {
                    result.insert((*name).to_owned(), typed(value, *kind));
                }
            }
            result.insert("Metadata".to_owned(), metadata(answer));
        }
        if self.action == "createBucket"
            && let Some(location) = answer.header("location")
        {
            result.insert("Location".to_owned(), location.into());
        }
        match self.brings {
            Brings::Document => {
                let root = s3::document(answer)?;
                result.extend(members(&root));
            }
            Brings::Member => {
                let root = s3::document(answer)?;
                result.insert(root.name.clone(), Value::Object(members(&root)));
            }
            _ => {}
        }
        result.sort_keys();
        if self.brings == Brings::Content {
            result.insert("Body".to_owned(), String::from_utf8_lossy(&answer.body).into());
        }
        Ok(Value::Object(result))
    }
}

/// A parameter on the wire: a string as it is, anything else as JSON.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn metadata(answer: &Response) -> Value {
    let own = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        let name = name.as_str().strip_prefix("x-amz-meta-")?;
        Some((name.to_owned(), Value::from(value.to_str().ok()?)))
    };
    Value::Object(answer.headers.iter().filter_map(own).collect())
}

fn members(element: &xml::Element) -> Map<String, Value> {
    let mut members: Map<String, Value> = Map::new();
    for child in &element.children {
        let value = if child.children.is_empty() {
            typed(&child.text, kind_of(&child.name))
        } else {
            Value::Object(self::members(child))
        };
        if LISTS.contains(&child.name.as_str()) {
            let list = members.entry(child.name.clone()).or_insert_with(|| json!([]));
            if let Value::Array(items) = list {
                items.push(value);
            }
        } else {
            members.insert(child.name.clone(), value);
        }
    }
    members.sort_keys();
    members
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Flag,
    /// An HTTP date, or ISO 8601.
    Time,
}

fn typed(text: &str, kind: Kind) -> Value {
    let value = match kind {
        Kind::Text => None,
        Kind::Number => text.parse::<i64>().ok().map(Value::from),
        Kind::Flag => text.parse::<bool>().ok().map(Value::from),
        Kind::Time => millis(text).map(|millis| time(millis, Times::Iso)),
    };
    value.unwrap_or_else(|| text.into())
}

fn millis(text: &str) -> Option<i64> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_millisecond());
    }
    static PARSER: DateTimeParser = DateTimeParser::new();
    PARSER.parse_timestamp(text).ok().map(|time| time.as_millisecond())
}

fn kind_of(element: &str) -> Kind {
    match element {
        "KeyCount" | "MaxKeys" | "Size" => Kind::Number,
        "IsTruncated" | "IsRestoreInProgress" => Kind::Flag,
        "LastModified" => Kind::Time,
        _ => Kind::Text,
    }
}

fn find(action: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.action == action)
}

const OPERATIONS: &[Operation] = &[
    Operation {
        action: "getObject",
        method: Method::GET,
        has_key: true,
        query: &[],
        parameters: READ,
        brings: Brings::Content,
    },
    Operation {
        action: "headObject",
        method: Method::HEAD,
        has_key: true,
        query: &[],
        parameters: READ,
        brings: Brings::Object,
    },
    Operation {
        action: "putObject",
        method: Method::PUT,
        has_key: true,
        query: &[],
        parameters: WRITE,
        brings: Brings::Headers,
    },
    Operation {
        action: "copyObject",
        method: Method::PUT,
        has_key: true,
        query: &[],
        parameters: COPY,
        brings: Brings::Member,
    },
    Operation {
        action: "deleteObject",
        method: Method::DELETE,
        has_key: true,
        query: &[],
        parameters: &[("VersionId", "?versionId"), ("IfMatch", "if-match")],
        brings: Brings::Headers,
    },
    Operation {
        action: "listObjectsV2",
        method: Method::GET,
        has_key: false,
        query: &[("list-type", "2")],
        parameters: LIST,
        brings: Brings::Document,
    },
    Operation {
        action: "createBucket",
        method: Method::PUT,
        has_key: false,
        query: &[],
        parameters: &[("Acl", "x-amz-acl"), ("ObjectOwnership", "x-amz-object-ownership")],
        brings: Brings::Headers,
    },
    Operation {
        action: "headBucket",
        method: Method::HEAD,
        has_key: false,
        query: &[],
        parameters: &[],
        brings: Brings::Headers,
    },
    Operation {
        action: "deleteBucket",
        method: Method::DELETE,
        has_key: false,
        query: &[],
        parameters: &[],
        brings: Brings::Headers,
    },
];

const EVERYWHERE: &[(&str, &str)] =
    &[("ExpectedBucketOwner", "x-amz-expected-bucket-owner"), ("RequestPayer", "x-amz-request-payer")];

const READ: &[(&str, &str)] = &[
    ("Range", "range"),
    ("IfMatch", "if-match"),
    ("IfNoneMatch", "if-none-match"),
    ("ChecksumMode", "x-amz-checksum-mode"),
    ("VersionId", "?versionId"),
    ("PartNumber", "?partNumber"),
    ("ResponseCacheControl", "?response-cache-control"),
    ("ResponseContentDisposition", "?response-content-disposition"),
    ("ResponseContentEncoding", "?response-content-encoding"),
    ("ResponseContentLanguage", "?response-content-language"),
    ("ResponseContentType", "?response-content-type"),
];

const WRITE: &[(&str, &str)] = &[
    ("Acl", "x-amz-acl"),
    ("BucketKeyEnabled", "x-amz-server-side-encryption-bucket-key-enabled"),
    ("CacheControl", "cache-control"),
    ("ContentDisposition", "content-disposition"),
    ("ContentEncoding", "content-encoding"),
    ("ContentLanguage", "content-language"),
    ("ContentType", "content-type"),
    ("IfMatch", "if-match"),
    ("IfNoneMatch", "if-none-match"),
    ("ServerSideEncryption", "x-amz-server-side-encryption"),
    ("SsekmsKeyId", "x-amz-server-side-encryption-aws-kms-key-id"),
    ("StorageClass", "x-amz-storage-class"),
    ("Tagging", "x-amz-tagging"),
    ("WebsiteRedirectLocation", "x-amz-website-redirect-location"),
];

const COPY: &[(&str, &str)] = &[
    ("Acl", "x-amz-acl"),
    ("CacheControl", "cache-control"),
    ("ContentDisposition", "content-disposition"),
    ("ContentEncoding", "content-encoding"),
    ("ContentLanguage", "content-language"),
    ("ContentType", "content-type"),
    ("CopySource", "x-amz-copy-source"),
    ("CopySourceIfMatch", "x-amz-copy-source-if-match"),
    ("CopySourceIfNoneMatch", "x-amz-copy-source-if-none-match"),
    ("MetadataDirective", "x-amz-metadata-directive"),
    ("ServerSideEncryption", "x-amz-server-side-encryption"),
    ("SsekmsKeyId", "x-amz-server-side-encryption-aws-kms-key-id"),
    ("StorageClass", "x-amz-storage-class"),
    ("Tagging", "x-amz-tagging"),
    ("TaggingDirective", "x-amz-tagging-directive"),
];

const LIST: &[(&str, &str)] = &[
    ("ContinuationToken", "?continuation-token"),
    ("Delimiter", "?delimiter"),
    ("EncodingType", "?encoding-type"),
    ("FetchOwner", "?fetch-owner"),
    ("MaxKeys", "?max-keys"),
    ("Prefix", "?prefix"),
    ("StartAfter", "?start-after"),
];

/// The elements that stand once for each item of a list.
const LISTS: &[&str] = &["Contents", "CommonPrefixes", "ChecksumAlgorithm"];

/// What any answer may have.
const HEADERS: &[(&str, &str, Kind)] = &[
    ("etag", "ETag", Kind::Text),
    ("x-amz-bucket-region", "BucketRegion", Kind::Text),
    ("x-amz-checksum-crc32", "ChecksumCRC32", Kind::Text),
    ("x-amz-checksum-crc32c", "ChecksumCRC32C", Kind::Text),
    ("x-amz-checksum-crc64nvme", "ChecksumCRC64NVME", Kind::Text),
    ("x-amz-checksum-sha1", "ChecksumSHA1", Kind::Text),
    ("x-amz-checksum-sha256", "ChecksumSHA256", Kind::Text),
    ("x-amz-checksum-type", "ChecksumType", Kind::Text),
    ("x-amz-copy-source-version-id", "CopySourceVersionId", Kind::Text),
    ("x-amz-delete-marker", "DeleteMarker", Kind::Flag),
    ("x-amz-expiration", "Expiration", Kind::Text),
    ("x-amz-request-charged", "RequestCharged", Kind::Text),
    ("x-amz-server-side-encryption", "ServerSideEncryption", Kind::Text),
    ("x-amz-server-side-encryption-aws-kms-key-id", "SsekmsKeyId", Kind::Text),
    ("x-amz-server-side-encryption-bucket-key-enabled", "BucketKeyEnabled", Kind::Flag),
    ("x-amz-version-id", "VersionId", Kind::Text),
];

/// What the answer to a read has besides.
const OBJECT_HEADERS: &[(&str, &str, Kind)] = &[
    ("accept-ranges", "AcceptRanges", Kind::Text),
    ("cache-control", "CacheControl", Kind::Text),
    ("content-disposition", "ContentDisposition", Kind::Text),
    ("content-encoding", "ContentEncoding", Kind::Text),
    ("content-language", "ContentLanguage", Kind::Text),
    ("content-length", "ContentLength", Kind::Number),
    ("content-range", "ContentRange", Kind::Text),
    ("content-type", "ContentType", Kind::Text),
    ("last-modified", "LastModified", Kind::Time),
    ("x-amz-mp-parts-count", "PartsCount", Kind::Number),
    ("x-amz-storage-class", "StorageClass", Kind::Text),
    ("x-amz-tagging-count", "TagCount", Kind::Number),
    ("x-amz-website-redirect-location", "WebsiteRedirectLocation", Kind::Text),
];

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(object) = value else { panic!("{value}") };
        object
    }

    fn answer(headers: &[(&'static str, &'static str)], body: &str) -> Response {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        Response { status: 200, headers, body: body.into() }
    }

    #[test]
    fn parameters_go_to_header_query_and_body() {
        let parameters = json!({
            "Bucket": "b", "Key": "k", "Body": {"a": 1}, "ContentType": "x/y", "Metadata": {"Owner": "me"}, "Tagging": null
        });
        let (bucket, key, request) = find("putObject").unwrap().request(object(parameters)).unwrap();
        assert_eq!(
            (bucket.as_str(), key.as_deref(), request.body.as_slice()),
            ("b", Some("k"), br#"{"a":1}"#.as_slice())
        );
        let headers: Vec<(&str, &str)> =
            request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            headers,
            [("content-type", "x/y"), ("x-amz-meta-owner", "me"), ("x-amz-checksum-crc32", "Vhusrw==")]
        );
        let parameters = json!({"Bucket": "b", "MaxKeys": 2, "Prefix": "p"});
        let (_, _, request) = find("listObjectsV2").unwrap().request(object(parameters)).unwrap();
        assert_eq!(request.canonical_query(), "list-type=2&max-keys=2&prefix=p");
    }

    #[test]
    fn a_number_is_stored_as_its_text() {
        let parameters = json!({"Bucket": "b", "Key": "k", "Body": 0});
        let (_, _, request) = find("putObject").unwrap().request(object(parameters)).unwrap();
        assert_eq!(request.body, b"0");
        assert_eq!(request.headers, [("x-amz-checksum-crc32".to_owned(), "9NvfIQ==".to_owned())]);
    }

    #[test]
    fn what_an_action_does_not_have_is_refused() {
        for parameters in [json!({"Bucket": "b"}), json!({"Key": "k"}), json!({"Bucket": "b", "Key": "k", "Nope": 1})] {
            assert!(find("getObject").unwrap().request(object(parameters)).is_err());
        }
        assert!(find("putBucketAcl").is_none());
    }

    #[test]
    fn an_object_is_shown_with_what_describes_it() {
        let headers = [
            ("accept-ranges", "bytes"),
            ("content-length", "11"),
            ("content-type", "binary/octet-stream"),
            ("etag", "\"e1a4\""),
            ("last-modified", "Fri, 02 Jan 2026 03:04:05 GMT"),
            ("x-amz-server-side-encryption", "AES256"),
        ];
        let shown = find("getObject").unwrap().result(&answer(&headers, "binary data")).unwrap();
        let expect = r#"{"AcceptRanges":"bytes","ContentLength":11,"ContentType":"binary/octet-stream","ETag":"\"e1a4\"","LastModified":"2026-01-02T03:04:05Z","Metadata":{},"ServerSideEncryption":"AES256","Body":"binary data"}"#;
        assert_eq!(shown.to_string(), expect);
    }

    #[test]
    fn a_list_is_shown_with_its_types() {
        let body = "<ListBucketResult><Name>b</Name><KeyCount>1</KeyCount><IsTruncated>false</IsTruncated><Contents><Key>7</Key><Size>7</Size><LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents></ListBucketResult>";
        let shown = find("listObjectsV2").unwrap().result(&answer(&[], body)).unwrap();
        let contents = json!([{"Key": "7", "LastModified": "2026-01-02T03:04:05Z", "Size": 7}]);
        assert_eq!(shown, json!({"Contents": contents, "IsTruncated": false, "KeyCount": 1, "Name": "b"}));
    }
}
