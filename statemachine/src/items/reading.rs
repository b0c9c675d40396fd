//! Reading a data set, step by step: which object or listing is needed next, and what it contributed.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use super::{
    Gathered, Items, ReadError,
    csv::{self, Csv, Headers},
    json::{self, Held},
    manifest::{self, Named},
    reader::{Action, InputType, ManifestType, Reader},
};

/// A data set while it is being read.
///
/// ```
/// use serde_json::json;
/// use statemachine::items::{Fetch, Fetched, Reader, Reading};
///
/// let reader = json!({ "Resource": "arn:aws:states:::s3:getObject", "Parameters": { "Bucket": "b", "Key": "k.json" } });
/// let mut reading = Reading::new(Reader::parse(&reader)?)?;
/// while let Some(fetch) = reading.next_fetch() {
///     assert!(matches!(fetch, Fetch::GetObject { .. }));
///     reading.take(Fetched::Object(b"[1, 2]".to_vec()))?;
/// }
/// let items = reading.finish();
/// assert_eq!((items.data.as_str(), items.sources), ("[1,2]", vec![(0, "S3://b/k.json".to_owned())]));
/// # Ok::<(), statemachine::items::ReadError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reading {
    reader: Reader,
    /// What is left to fetch; the first is what is asked for now.
    queue: VecDeque<(Fetch, Purpose)>,
    items: Gathered,
    sources: Vec<(u64, String)>,
    fields: Option<Map<String, Value>>,
}

/// Something that is needed from Amazon S3.
#[derive(Debug, Clone, PartialEq)]
pub enum Fetch {
    /// The bytes of an object, decompressed where [`Fetch::compression`] says so.
    GetObject {
        /// `Bucket`
        bucket: String,
        /// `Key`
        key: String,
        /// Further arguments of the call, such as `VersionId`, an object.
        arguments: Value,
    },
    /// One page of a listing.
    ListObjectsV2 {
        /// The arguments of the call, an object with `Bucket`.
        arguments: Value,
        /// Where the page before this one ended.
        continuation_token: Option<String>,
    },
}

/// What Amazon S3 answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Fetched {
    /// The bytes of the object.
    Object(Vec<u8>),
    /// A page of a listing.
    Listing {
        /// Its objects, in order.
        objects: Vec<S3Object>,
        /// `NextContinuationToken`, when there is another page.
        next: Option<String>,
    },
}

/// An entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Object {
    /// `ETag`, with its quotes.
    pub etag: String,
    /// `Key`
    pub key: String,
    /// `LastModified`, Unix time in seconds.
    pub last_modified: i64,
    /// `Size`, in bytes.
    pub size: u64,
    /// `StorageClass`
    pub storage_class: String,
}

/// How an object is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// gzip
    Gzip,
    /// Zstandard
    Zstd,
}

/// What becomes of an object's bytes.
#[derive(Debug, Clone)]
enum Purpose {
    /// The entries of the listing are items, or name the objects that hold them.
    Listing,
    /// The object names the objects that hold the items.
    Manifest(ManifestType),
    /// The object holds items.
    Data(InputType),
}

impl Fetch {
    /// How the object is compressed, by the ending of its key.
    #[must_use]
    pub fn compression(&self) -> Option<Compression> {
        match self {
            Self::GetObject { key, .. } if key.ends_with(".gz") => Some(Compression::Gzip),
            Self::GetObject { key, .. } if key.ends_with(".zst") || key.ends_with(".zstd") => Some(Compression::Zstd),
            _ => None,
        }
    }

    fn object(named: Named, arguments: Value) -> Self {
        Self::GetObject { bucket: named.bucket, key: named.key, arguments }
    }

    /// The place, as the context object names it.
    fn source(&self) -> String {
        match self {
            Self::GetObject { bucket, key, .. } => format!("S3://{bucket}/{key}"),
            Self::ListObjectsV2 { arguments, .. } => {
                format!("S3://{}", arguments["Bucket"].as_str().unwrap_or_default())
            }
        }
    }
}

impl Reading {
    /// Begins.
    ///
    /// # Errors
    /// Arguments that do not say what to read.
    pub fn new(reader: Reader) -> Result<Self, ReadError> {
        let bucket = reader.argument("Bucket")?;
        let first = match reader.action {
            Action::ListObjectsV2 => (
                Fetch::ListObjectsV2 { arguments: reader.arguments.clone(), continuation_token: None },
                Purpose::Listing,
            ),
            Action::GetObject => {
                let named = Named { bucket, key: reader.argument("Key")? };
                let purpose = match reader.manifest {
                    Some(kind) => Purpose::Manifest(kind),
                    None => Purpose::Data(reader.input_type.clone().unwrap_or(InputType::Json)),
                };
                (Fetch::object(named, reader.arguments.clone()), purpose)
            }
        };
        let items = Gathered::up_to(reader.max_items);
        Ok(Self { reader, queue: VecDeque::from([first]), items, sources: Vec::new(), fields: None })
    }

    /// What is needed next; `None` when the data set is complete.
    #[must_use]
    pub fn next_fetch(&self) -> Option<&Fetch> {
        self.queue.front().map(|(fetch, _)| fetch).filter(|_| !self.items.is_full())
    }

    /// Takes the answer to [`Reading::next_fetch`].
    ///
    /// # Errors
    /// An object that does not hold what it should.
    pub fn take(&mut self, fetched: Fetched) -> Result<(), ReadError> {
        let Some((fetch, purpose)) = self.queue.pop_front() else { return Ok(()) };
        match (purpose, fetched) {
            (Purpose::Listing, Fetched::Listing { objects, next }) => self.listed(&fetch, objects, next),
            (Purpose::Manifest(kind), Fetched::Object(bytes)) => self.named(kind, &String::from_utf8_lossy(&bytes)),
            (Purpose::Data(input), Fetched::Object(bytes)) => {
                self.begin_source(&fetch);
                self.data(&input, &String::from_utf8_lossy(&bytes))
            }
            (_, Fetched::Listing { .. }) => Err(ReadError::InvalidManifest("a listing came for an object".to_owned())),
            (_, Fetched::Object(_)) => Err(ReadError::InvalidManifest("an object came for a listing".to_owned())),
        }
    }

    /// The items.
    #[must_use]
    pub fn finish(self) -> Items {
        let data = match self.fields {
            Some(fields) => Value::Object(fields),
            None => Value::Array(self.items.items),
        };
        Items { data: data.to_string(), sources: self.sources }
    }

    fn data(&mut self, input: &InputType, text: &str) -> Result<(), ReadError> {
        match input {
            InputType::Csv(csv) => csv::read(text, csv, &mut self.items),
            InputType::JsonLines => json::read_lines(text, &mut self.items),
            InputType::Json => {
                if let Held::Fields(fields) = json::read(text, self.reader.items_pointer.as_deref(), &mut self.items)? {
                    let most =
                        self.reader.max_items.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
                    self.fields = Some(fields.into_iter().take(most).collect());
                }
                Ok(())
            }
        }
    }

    fn listed(&mut self, fetch: &Fetch, objects: Vec<S3Object>, next: Option<String>) -> Result<(), ReadError> {
        let Fetch::ListObjectsV2 { arguments, .. } = fetch else { return Ok(()) };
        if let Some(input) = self.reader.input_type.clone().filter(|_| self.reader.load_and_flatten) {
            let bucket = self.reader.argument("Bucket")?;
            // What ends in a slash is a folder of the console, and holds nothing.
            for object in objects.into_iter().filter(|object| !object.key.ends_with('/')) {
                let named = Named { bucket: bucket.clone(), key: object.key };
                self.queue.push_back((Fetch::object(named, json!({})), Purpose::Data(input.clone())));
            }
        } else {
            self.begin_source(fetch);
            for object in &objects {
                self.items.push(entry(object), object.key.len())?;
            }
        }
        if next.is_some() {
            let page = Fetch::ListObjectsV2 { arguments: arguments.clone(), continuation_token: next };
            // The listing goes on after what it named so far, so that items keep its order.
            self.queue.push_back((page, Purpose::Listing));
        }
        Ok(())
    }

    fn named(&mut self, kind: ManifestType, text: &str) -> Result<(), ReadError> {
        let (files, input) = match kind {
            ManifestType::S3Inventory => {
                let (files, headers) = manifest::inventory(text)?;
                (files, InputType::Csv(Csv { headers, ..Csv::default() }))
            }
            ManifestType::AthenaData => {
                let input = self.reader.input_type.clone();
                (
                    manifest::athena(text)?,
                    input.unwrap_or(InputType::Csv(Csv { headers: Headers::FirstRow, ..Csv::default() })),
                )
            }
        };
        for named in files {
            self.queue.push_back((Fetch::object(named, json!({})), Purpose::Data(input.clone())));
        }
        Ok(())
    }

    fn begin_source(&mut self, fetch: &Fetch) {
        let source = fetch.source();
        if self.sources.last().is_none_or(|(_, last)| *last != source) {
            self.sources.push((self.items.items.len() as u64, source));
        }
    }
}

/// A listing's entry as an item.
fn entry(object: &S3Object) -> Value {
    json!({
        "Etag": object.etag,
        "LastModified": object.last_modified,
        "Key": object.key,
        "Size": object.size,
        "StorageClass": object.storage_class,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads with the given objects at hand; a listing has pages of two.
    #[track_caller]
    fn check(resource: &str, arguments: Value, config: Value, objects: &[(&str, &str)], expect: &str) {
        let reader = json!({ "Resource": format!("arn:aws:states:::s3:{resource}"), "Arguments": arguments, "ReaderConfig": config });
        let shown = match read(&reader, objects) {
            Ok(items) => format!("{} {:?}", items.data, items.sources),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expect);
    }

    fn read(reader: &Value, objects: &[(&str, &str)]) -> Result<Items, ReadError> {
        let mut reading = Reading::new(Reader::parse(reader)?)?;
        while let Some(fetch) = reading.next_fetch() {
            let fetched = match fetch {
                Fetch::GetObject { bucket, key, .. } => {
                    let place = format!("{bucket}/{key}");
                    let found = objects.iter().find(|(name, _)| *name == place);
                    Fetched::Object(found.map(|(_, text)| text.as_bytes().to_vec()).unwrap_or_default())
                }
                Fetch::ListObjectsV2 { continuation_token, .. } => {
                    let from: usize = continuation_token.as_ref().map_or(0, |token| token.parse().unwrap());
                    let page = objects.iter().skip(from).take(2).map(|(name, text)| S3Object {
                        etag: "\"e\"".to_owned(),
                        key: name.split_once('/').unwrap().1.to_owned(),
                        last_modified: 1,
                        size: text.len() as u64,
                        storage_class: "STANDARD".to_owned(),
                    });
                    let next = (from + 2 < objects.len()).then(|| (from + 2).to_string());
                    Fetched::Listing { objects: page.collect(), next }
                }
            };
            reading.take(fetched)?;
        }
        Ok(reading.finish())
    }

    #[test]
    fn an_object_holds_the_items() {
        let arguments = json!({ "Bucket": "b", "Key": "k" });
        check(
            "getObject",
            arguments.clone(),
            json!({ "InputType": "JSON" }),
            &[("b/k", "[1]")],
            r#"[1] [(0, "S3://b/k")]"#,
        );
        check(
            "getObject",
            arguments,
            json!({ "InputType": "JSON", "ItemsPointer": "/a" }),
            &[("b/k", r#"{"a":{"x":1,"y":2}}"#)],
            r#"{"x":1,"y":2} [(0, "S3://b/k")]"#,
        );
        check(
            "getObject",
            json!({ "Bucket": "b" }),
            json!({}),
            &[],
            "The field 'Key' of the ItemReader is missing or not a string.",
        );
    }

    #[test]
    fn a_listing_is_read_page_by_page() {
        let objects = [("b/1", "x"), ("b/2", "xx"), ("b/3", "")];
        let entry = |key: &str, size: u64| {
            format!(r#"{{"Etag":"\"e\"","LastModified":1,"Key":"{key}","Size":{size},"StorageClass":"STANDARD"}}"#)
        };
        let all = format!(r#"[{},{},{}] [(0, "S3://b")]"#, entry("1", 1), entry("2", 2), entry("3", 0));
        check("listObjectsV2", json!({ "Bucket": "b" }), json!(null), &objects, &all);
        let first = format!(r#"[{}] [(0, "S3://b")]"#, entry("1", 1));
        check("listObjectsV2", json!({ "Bucket": "b" }), json!({ "MaxItems": 1 }), &objects, &first);
    }

    #[test]
    fn listed_objects_are_loaded_and_flattened() {
        let objects = [("b/d/", ""), ("b/d/1", "[1,2]"), ("b/d/2", "[]"), ("b/d/3", "[3]")];
        let config = json!({ "InputType": "JSON", "Transformation": "LOAD_AND_FLATTEN" });
        let all = r#"[1,2,3] [(0, "S3://b/d/1"), (2, "S3://b/d/2"), (2, "S3://b/d/3")]"#;
        check("listObjectsV2", json!({ "Bucket": "b" }), config, &objects, all);
    }

    #[test]
    fn a_manifest_leads_to_its_files() {
        let inventory = r#"{"destinationBucket":"arn:aws:s3:::i","fileFormat":"CSV","fileSchema":"Bucket, Key, Size, LastModifiedDate","files":[{"key":"1"},{"key":"2"}]}"#;
        let objects = [("b/m", inventory), ("i/1", "\"s\",\"x\",\"1\",\"t\"\n"), ("i/2", "\"s\",\"y\",\"2\",\"u\"\n")];
        let item = |key: &str, size: u64, at: &str| {
            format!(r#"{{"LastModifiedDate":"{at}","Bucket":"s","Size":"{size}","Key":"{key}"}}"#)
        };
        let all = format!(r#"[{},{}] [(0, "S3://i/1"), (1, "S3://i/2")]"#, item("x", 1, "t"), item("y", 2, "u"));
        check("getObject", json!({ "Bucket": "b", "Key": "m" }), json!({ "InputType": "MANIFEST" }), &objects, &all);
        let athena = [("b/m", "s3://i/1\ns3://i/2\n"), ("i/1", "1\n2"), ("i/2", "3")];
        let config = json!({ "ManifestType": "ATHENA_DATA", "InputType": "JSONL" });
        check(
            "getObject",
            json!({ "Bucket": "b", "Key": "m" }),
            config,
            &athena,
            r#"[1,2,3] [(0, "S3://i/1"), (2, "S3://i/2")]"#,
        );
    }

    #[test]
    fn compression_shows_in_the_key() {
        let named = |key: &str| Fetch::object(Named { bucket: "b".to_owned(), key: key.to_owned() }, json!({}));
        assert_eq!(named("a.csv.gz").compression(), Some(Compression::Gzip));
        assert_eq!(named("a.csv.zstd").compression(), Some(Compression::Zstd));
        assert_eq!(named("a.csv").compression(), None);
    }
}
