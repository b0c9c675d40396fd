//! Objects in a bucket, with conditional writes: what stands in for files and their locks.
//!
//! Owns reading, listing and the three ways to write: always, only if absent, only if unchanged. The entity tag is a hash of the
//! content, so that "unchanged" does not see A -> B -> A: whoever depends on it keeps a sequence number in the body. Owns no format.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use futures::StreamExt as _;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::failure::{code_of, failed, status_of};
use super::instant::timestamp;
use crate::error::EdgeError;

/// One bucket.
#[derive(Clone, Debug)]
pub(super) struct Store {
    client: aws_sdk_s3::Client,
    bucket: String,
}

/// An object with its entity tag.
#[derive(Clone, Debug)]
pub(super) struct Stored<T> {
    pub(super) value: T,
    pub(super) tag: String,
}

/// An object of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) key: String,
    pub(super) tag: String,
    pub(super) modified: Timestamp,
}

/// When an object is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum When<'a> {
    Always,
    /// Only if there is none.
    Absent,
    /// Only if it still has this entity tag.
    Unchanged(&'a str),
}

impl Store {
    pub(super) fn new(client: aws_sdk_s3::Client, bucket: &str) -> Self {
        Self { client, bucket: bucket.to_owned() }
    }

    /// Reads an object.
    pub(super) async fn get(&self, key: &str) -> Result<Option<Stored<Vec<u8>>>, EdgeError> {
        let output = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(output) => output,
            Err(error) if status_of(&error) == Some(404) && code_of(&error) != "NoSuchBucket" => return Ok(None),
            Err(error) => return Err(about(key, failed("s3:GetObject", &error))),
        };
        let tag = output.e_tag().unwrap_or_default().to_owned();
        let bytes = output.body.collect().await.map_err(|error| about(key, EdgeError::transient(error)))?;
        Ok(Some(Stored { value: bytes.to_vec(), tag }))
    }

    /// Reads an object of JSON; one that is there and cannot be read is an error.
    pub(super) async fn get_json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<Stored<T>>, EdgeError> {
        let Some(Stored { value, tag }) = self.get(key).await? else { return Ok(None) };
        let value = serde_json::from_slice(&value).map_err(|problem| self.broken(key, problem))?;
        Ok(Some(Stored { value, tag }))
    }

    /// Writes an object; answers its entity tag, or nothing when the condition did not hold.
    pub(super) async fn put(&self, key: &str, bytes: Vec<u8>, when: When<'_>) -> Result<Option<String>, EdgeError> {
        let put = self.client.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(bytes));
        let put = match when {
            When::Always => put,
            When::Absent => put.if_none_match("*"),
            When::Unchanged(tag) => put.if_match(tag),
        };
        match put.send().await {
            Ok(output) => Ok(Some(output.e_tag().unwrap_or_default().to_owned())),
            Err(error) if lost(&error, when) => Ok(None),
            Err(error) => Err(about(key, failed("s3:PutObject", &error))),
        }
    }

    /// Writes an object of JSON; answers its entity tag, or nothing when the condition did not hold.
    pub(super) async fn put_json(
        &self,
        key: &str,
        value: &impl Serialize,
        when: When<'_>,
    ) -> Result<Option<String>, EdgeError> {
        let mut bytes = serde_json::to_vec_pretty(value).map_err(|problem| self.broken(key, problem))?;
        bytes.push(b'\n');
        self.put(key, bytes, when).await
    }

    /// Removes an object; one that is not there is removed already.
    pub(super) async fn remove(&self, key: &str) -> Result<(), EdgeError> {
        match self.client.delete_object().bucket(&self.bucket).key(key).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(about(key, failed("s3:DeleteObject", &error))),
        }
    }

    /// Lists what begins with `prefix`, in the order of the keys, behind `after` where it is given; at most `most`.
    pub(super) async fn list(&self, prefix: &str, after: Option<&str>, most: usize) -> Result<Vec<Listed>, EdgeError> {
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        while all.len() < most {
            let page = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
            let page = page.set_start_after(after.map(str::to_owned)).set_continuation_token(token);
            let page = page.send().await.map_err(|error| about(prefix, failed("s3:ListBucket", &error)))?;
            all.extend(page.contents().iter().filter_map(|object| {
                Some(Listed {
                    key: object.key()?.to_owned(),
                    tag: object.e_tag().unwrap_or_default().to_owned(),
                    modified: object.last_modified().map(timestamp).unwrap_or_default(),
                })
            }));
            token = page.next_continuation_token().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        all.truncate(most);
        Ok(all)
    }

    /// Reads many objects, several at a time; what is gone since it was listed is left out. In the order of `keys`.
    pub(super) async fn get_all(&self, keys: Vec<String>) -> Result<Vec<(String, Vec<u8>)>, EdgeError> {
        let reads = keys.into_iter().map(|key| async move {
            let found = self.get(&key).await?;
            Ok::<_, EdgeError>(found.map(|found| (key, found.value)))
        });
        let mut found = futures::stream::iter(reads).buffered(AT_ONCE);
        let mut all = Vec::new();
        while let Some(one) = found.next().await {
            all.extend(one?);
        }
        Ok(all)
    }

    /// The error of an object that is there and does not hold what it should.
    pub(super) fn broken(&self, key: &str, problem: impl std::fmt::Display) -> EdgeError {
        EdgeError::new(BROKEN, format!("`s3://{}/{key}` is broken: {problem}", self.bucket))
    }
}

/// Whether a conditional write came second.
fn lost<E: aws_smithy_types::error::metadata::ProvideErrorMetadata>(
    error: &SdkError<E, aws_smithy_runtime_api::client::orchestrator::HttpResponse>,
    when: When<'_>,
) -> bool {
    match (when, status_of(error)) {
        (When::Always, _) => false,
        // 409: another conditional write of the same key is under way.
        (_, Some(412 | 409)) => true,
        // What was to be unchanged is gone.
        (When::Unchanged(_), Some(404)) => code_of(error) != "NoSuchBucket",
        _ => false,
    }
}

fn about(key: &str, error: EdgeError) -> EdgeError {
    EdgeError::new(error.error, format!("`{key}`: {}", error.message))
}

/// How many objects are read at once.
const AT_ONCE: usize = 16;
const BROKEN: &str = "Sao.BrokenObject";
