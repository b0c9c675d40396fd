//! Amazon S3 as a store of objects.
//!
//! Owns which arguments of a reader reach S3, and the words for what S3 refuses. How S3 is called is `client`'s.

use futures::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use serde_json::Value;
use statemachine::items::{MOST_BYTES, S3Object};

use super::{Listing, Objects, ObjectsError};
use crate::client::{CallError, Client, s3};

/// The buckets that a client reaches.
pub(super) struct Buckets(pub(super) Client);

impl Objects for Buckets {
    fn get(&self, bucket: String, key: String, arguments: Value) -> BoxFuture<'_, Result<Vec<u8>, ObjectsError>> {
        async move {
            known(&arguments, &["Bucket", "Key", "VersionId"])?;
            let version = text(&arguments, "VersionId");
            let object = s3::get_object(&self.0, &bucket, &key, version, MOST_BYTES).await;
            object.map(|object| object.body).map_err(|error| refused(&error))
        }
        .boxed()
    }

    fn list(&self, arguments: Value, token: Option<String>) -> BoxFuture<'_, Result<Listing, ObjectsError>> {
        async move {
            known(&arguments, &["Bucket", "Prefix"])?;
            let bucket = text(&arguments, "Bucket").unwrap_or_default();
            let page = s3::list_objects_v2(&self.0, bucket, text(&arguments, "Prefix"), token.as_deref()).await;
            let page = page.map_err(|error| refused(&error))?;
            Ok(Listing { objects: page.contents.into_iter().map(object).collect(), next: page.next })
        }
        .boxed()
    }

    fn put(&self, bucket: String, key: String, body: Vec<u8>) -> BoxFuture<'_, Result<(), ObjectsError>> {
        async move {
            let stored = s3::put_object(&self.0, &bucket, &key, body, "application/json").await;
            stored.map(drop).map_err(|error| refused(&error))
        }
        .boxed()
    }
}

fn object(listed: s3::Listed) -> S3Object {
    S3Object {
        etag: listed.e_tag,
        key: listed.key,
        last_modified: listed.last_modified.parse::<Timestamp>().map_or(0, Timestamp::as_second),
        size: listed.size,
        storage_class: listed.storage_class.unwrap_or_else(|| "STANDARD".to_owned()),
    }
}

/// An argument that would be ignored may change what is read, so it is refused.
fn known(arguments: &Value, names: &[&str]) -> Result<(), ObjectsError> {
    let given = arguments.as_object().into_iter().flat_map(|arguments| arguments.keys());
    match given.into_iter().find(|name| !names.contains(&name.as_str())) {
        Some(name) => {
            Err(ObjectsError(format!("The argument `{name}` of an ItemReader is not supported by this engine.")))
        }
        None => Ok(()),
    }
}

fn text<'a>(arguments: &'a Value, name: &str) -> Option<&'a str> {
    arguments[name].as_str()
}

/// What S3 refused, as the optimised integrations show it.
fn refused(error: &CallError) -> ObjectsError {
    ObjectsError(match error {
        CallError::Service(error) => format!(
            "{} (Service: Amazon S3; Status Code: {}; Error Code: {}; Request ID: {}; S3 Extended Request ID: {}; Proxy: null)",
            error.message,
            error.status,
            error.code,
            error.request_id,
            error.extended_request_id.as_deref().unwrap_or("null")
        ),
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::client::ServiceError;

    #[test]
    fn a_refusal_has_the_words_of_s3() {
        let error = ServiceError {
            status: 404,
            code: "NoSuchKey".into(),
            query_code: None,
            message: "The specified key does not exist.".into(),
            request_id: "R".into(),
            extended_request_id: Some("E".into()),
        };
        let said = "The specified key does not exist. (Service: Amazon S3; Status Code: 404; Error Code: NoSuchKey; Request ID: R; S3 Extended Request ID: E; Proxy: null)";
        assert_eq!(refused(&error.into()).0, said);
        assert_eq!(refused(&CallError::TooLarge(7)).0, "the answer is larger than 7 bytes");
    }

    #[test]
    fn arguments_that_would_be_ignored_are_refused() {
        let check = |arguments: Value| known(&arguments, &["Bucket"]).map_err(|error| error.0);
        assert_eq!(check(json!({ "Bucket": "b" })), Ok(()));
        let said = "The argument `MaxKeys` of an ItemReader is not supported by this engine.";
        assert_eq!(check(json!({ "Bucket": "b", "MaxKeys": 1 })), Err(said.to_owned()));
    }

    #[test]
    fn a_listing_is_shown_as_items_show_it() {
        let listed = s3::Listed {
            key: "k".into(),
            size: 3,
            e_tag: "\"e\"".into(),
            last_modified: "2009-10-12T17:50:30.000Z".into(),
            storage_class: None,
        };
        let shown = object(listed);
        assert_eq!((shown.last_modified, shown.storage_class.as_str()), (1_255_369_830, "STANDARD"));
    }
}
