//! The data sets that map runs read, and the results that they leave: files and listings of Amazon S3.
//!
//! Owns the way between a reader or a writer and what stores objects ([`Objects`]), decompression, and the bounds on both.
//! What the bytes mean is `statemachine`'s; it does not know map runs.

mod s3;

use std::{io::Read, sync::Arc};

use flate2::read::MultiGzDecoder;
use futures::future::BoxFuture;
use serde_json::Value;
use statemachine::items::{Compression, Fetch, Fetched, Items, MOST_BYTES, Reader, Reading, ResultObject, S3Object};

use super::Services;

/// What stores objects: Amazon S3, or what stands in for it.
pub trait Objects: Send + Sync + 'static {
    /// The bytes of an object; `arguments` are all those of the call, such as `VersionId`.
    fn get(&self, bucket: String, key: String, arguments: Value) -> BoxFuture<'_, Result<Vec<u8>, ObjectsError>>;

    /// One page of a listing; `arguments` are those of the call, with `Bucket`.
    fn list(
        &self,
        arguments: Value,
        continuation_token: Option<String>,
    ) -> BoxFuture<'_, Result<Listing, ObjectsError>>;

    /// Stores an object.
    fn put(&self, bucket: String, key: String, body: Vec<u8>) -> BoxFuture<'_, Result<(), ObjectsError>>;
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// Its objects, in order.
    pub objects: Vec<S3Object>,
    /// Leads to the next page; `None` on the last.
    pub next: Option<String>,
}

/// Why objects could not be read or written; the text is the cause that the history shows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ObjectsError(pub String);

/// Amazon S3 as services reach it, or nothing.
pub(crate) fn reached(services: &Services) -> Arc<dyn Objects> {
    match services.client() {
        Some(client) => Arc::new(s3::Buckets(client.clone())),
        None => Arc::new(NoObjects),
    }
}

/// Nothing that stores objects: every call is refused.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObjects;

impl Objects for NoObjects {
    fn get(&self, _: String, _: String, _: Value) -> BoxFuture<'_, Result<Vec<u8>, ObjectsError>> {
        Box::pin(async { Err(ObjectsError(NO_OBJECTS.to_owned())) })
    }

    fn list(&self, _: Value, _: Option<String>) -> BoxFuture<'_, Result<Listing, ObjectsError>> {
        Box::pin(async { Err(ObjectsError(NO_OBJECTS.to_owned())) })
    }

    fn put(&self, _: String, _: String, _: Vec<u8>) -> BoxFuture<'_, Result<(), ObjectsError>> {
        Box::pin(async { Err(ObjectsError(NO_OBJECTS.to_owned())) })
    }
}

/// Reads a data set; what it answers when it cannot is the cause of a `States.ItemReaderFailed`.
pub(crate) async fn read(objects: &dyn Objects, reader: Reader) -> Result<Items, String> {
    let mut reading = Reading::new(reader).map_err(|error| error.to_string())?;
    while let Some(fetch) = reading.next_fetch().cloned() {
        let compression = fetch.compression();
        let fetched = fetched(objects, fetch).await.map_err(|error| error.to_string())?;
        // Unpacking and parsing take a while for large objects, and others want to go on meanwhile.
        reading = apart(move || {
            reading.take(unpacked(fetched, compression)?).map_err(|error| error.to_string())?;
            Ok(reading)
        })
        .await?;
    }
    let items = apart(move || Ok(reading.finish())).await?;
    match items.data.len() > LARGEST_DATA {
        true => Err(format!("The data set exceeds {} MiB, the most that this engine reads.", LARGEST_DATA >> 20)),
        false => Ok(items),
    }
}

/// Writes the results of a map run, one after the other: the manifest, which comes last, names only what is there.
pub(crate) async fn write(objects: &dyn Objects, bucket: &str, results: Vec<ResultObject>) -> Result<(), String> {
    for ResultObject { key, body } in results {
        objects.put(bucket.to_owned(), key, body.into_bytes()).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

async fn fetched(objects: &dyn Objects, fetch: Fetch) -> Result<Fetched, ObjectsError> {
    match fetch {
        Fetch::GetObject { bucket, key, arguments } => objects.get(bucket, key, arguments).await.map(Fetched::Object),
        Fetch::ListObjectsV2 { arguments, continuation_token } => {
            let Listing { objects, next } = objects.list(arguments, continuation_token).await?;
            Ok(Fetched::Listing { objects, next })
        }
    }
}

fn unpacked(fetched: Fetched, compression: Option<Compression>) -> Result<Fetched, String> {
    match (fetched, compression) {
        (Fetched::Object(bytes), Some(Compression::Gzip)) => gunzip(&bytes).map(Fetched::Object),
        (Fetched::Object(_), Some(Compression::Zstd)) => {
            Err("The object is compressed with Zstandard, which is not supported by this engine.".to_owned())
        }
        (fetched, _) => Ok(fetched),
    }
}

/// A small file may hold endless data; it is read to the limit of a data set.
fn gunzip(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut plain = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(MOST_BYTES as u64 + 1).read_to_end(&mut plain);
    read.map_err(|error| format!("The object is not valid gzip: {error}"))?;
    match plain.len() > MOST_BYTES {
        true => Err(statemachine::items::ReadError::TooLarge.to_string()),
        false => Ok(plain),
    }
}

/// Runs what takes a while on a thread of its own.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T, String> + Send + 'static) -> Result<T, String> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|panic| Err(format!("the data set could not be read: {panic}")))
}

const NO_OBJECTS: &str = "no AWS client is configured, so Amazon S3 cannot be reached";

/// The largest data set, as the text that the journal keeps in one entry.
const LARGEST_DATA: usize = 192 << 20;

#[cfg(test)]
pub(crate) mod tests {
    use std::{
        collections::BTreeMap,
        io::Write,
        sync::{Arc, Mutex},
    };

    use flate2::{Compression as Level, write::GzEncoder};
    use futures::FutureExt;
    use serde_json::json;

    use super::*;

    /// Objects in memory; listings have pages of two, and a bucket named `broken` takes nothing.
    #[derive(Clone, Default)]
    pub(crate) struct Shelf {
        pub(crate) objects: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
        /// The keys that were put, in order.
        pub(crate) puts: Arc<Mutex<Vec<String>>>,
    }

    impl Shelf {
        pub(crate) fn with(objects: &[(&str, &[u8])]) -> Self {
            let shelf = Self::default();
            let owned = objects.iter().map(|(place, bytes)| ((*place).to_owned(), bytes.to_vec()));
            shelf.objects.lock().unwrap().extend(owned);
            shelf
        }
    }

    impl Objects for Shelf {
        fn get(&self, bucket: String, key: String, _: Value) -> BoxFuture<'_, Result<Vec<u8>, ObjectsError>> {
            let found = self.objects.lock().unwrap().get(&format!("{bucket}/{key}")).cloned();
            async { found.ok_or(ObjectsError("The specified key does not exist.".into())) }.boxed()
        }

        fn list(&self, arguments: Value, token: Option<String>) -> BoxFuture<'_, Result<Listing, ObjectsError>> {
            let bucket = format!("{}/", arguments["Bucket"].as_str().unwrap());
            let from = token.map_or(0, |token| token.parse().unwrap());
            let all = self.objects.lock().unwrap();
            let mut keys =
                all.iter().filter_map(|(place, bytes)| Some((place.strip_prefix(&bucket)?, bytes))).skip(from);
            let entry = |(key, bytes): (&str, &Vec<u8>)| S3Object {
                etag: "\"e\"".into(),
                key: key.into(),
                last_modified: 0,
                size: bytes.len() as u64,
                storage_class: "STANDARD".into(),
            };
            let objects = keys.by_ref().take(2).map(entry).collect();
            let next = keys.next().map(|_| (from + 2).to_string());
            async { Ok(Listing { objects, next }) }.boxed()
        }

        fn put(&self, bucket: String, key: String, body: Vec<u8>) -> BoxFuture<'_, Result<(), ObjectsError>> {
            if bucket == "broken" {
                return async { Err(ObjectsError("Access Denied".into())) }.boxed();
            }
            self.puts.lock().unwrap().push(key.clone());
            self.objects.lock().unwrap().insert(format!("{bucket}/{key}"), body);
            async { Ok(()) }.boxed()
        }
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Level::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    async fn check(action: &str, arguments: Value, config: Value, expect: Result<&str, &str>) {
        let reader = json!({ "Resource": format!("arn:aws:states:::s3:{action}"), "Parameters": arguments, "ReaderConfig": config });
        let shelf = Shelf::with(&[
            ("b/1.json", b"[1, 2]"),
            ("b/2.json.gz", &gzip("[3]")),
            ("b/3.jsonl.zst", b"?"),
            ("b/4.json.gz", b"this is no gzip at all"),
        ]);
        let read = read(&shelf, Reader::parse(&reader).unwrap()).await.map(|items| items.data);
        assert_eq!(read.as_deref().map_err(String::as_str), expect);
    }

    #[tokio::test]
    async fn an_object_is_read_and_unpacked() {
        let object = |key: &str| json!({ "Bucket": "b", "Key": key });
        let config = json!({ "InputType": "JSON" });
        check("getObject", object("1.json"), config.clone(), Ok("[1,2]")).await;
        check("getObject", object("2.json.gz"), config.clone(), Ok("[3]")).await;
        let zstd = "The object is compressed with Zstandard, which is not supported by this engine.";
        check("getObject", object("3.jsonl.zst"), config.clone(), Err(zstd)).await;
        let broken = "The object is not valid gzip: invalid gzip header";
        check("getObject", object("4.json.gz"), config.clone(), Err(broken)).await;
        check("getObject", object("5"), config, Err("The specified key does not exist.")).await;
    }

    #[tokio::test]
    async fn a_listing_is_read_to_its_last_page() {
        let shelf = Shelf::with(&[("b/1", b""), ("b/2", b""), ("b/3", b"")]);
        let reader = json!({ "Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": { "Bucket": "b" } });
        let items = read(&shelf, Reader::parse(&reader).unwrap()).await.unwrap();
        let items: Vec<Value> = serde_json::from_str(&items.data).unwrap();
        assert_eq!(items.iter().map(|item| item["Key"].as_str().unwrap()).collect::<Vec<_>>(), ["1", "2", "3"]);
    }

    #[tokio::test]
    async fn results_are_written_in_order_until_one_fails() {
        let shelf = Shelf::default();
        let results = |keys: &[&str]| {
            keys.iter().map(|key| ResultObject { key: (*key).to_owned(), body: "[]".to_owned() }).collect::<Vec<_>>()
        };
        write(&shelf, "b", results(&["SUCCEEDED_0.json", "manifest.json"])).await.unwrap();
        assert_eq!(*shelf.puts.lock().unwrap(), ["SUCCEEDED_0.json", "manifest.json"]);
        assert_eq!(write(&shelf, "broken", results(&["x"])).await, Err("Access Denied".to_owned()));
    }
}
