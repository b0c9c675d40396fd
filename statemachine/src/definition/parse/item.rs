//! What a distributed Map reads, batches and writes: `ItemReader`, `ItemBatcher`, `ResultWriter`.
//!
//! Checks them and hands them on as written; the engine takes them apart when it runs them.

use serde_json::Value;

use super::flow;
use super::reader::{Field, Reader, both, expected, jsonata, jsonpath};

/// `ItemReader`.
pub(super) fn reader(map: &Reader<'_>) -> Option<Value> {
    let reader = map.child("ItemReader", &[ITEM_READER])?;
    reader.require(&["Resource"]);
    s3(&reader, &["getObject", "listObjectsV2"]);
    arguments(&reader);
    if let Some(config) = reader.child("ReaderConfig", &[READER_CONFIG]) {
        reader_config(&config);
    }
    map.get("ItemReader").cloned()
}

/// `ItemBatcher`.
pub(super) fn batcher(map: &Reader<'_>) -> Option<Value> {
    let reader = map.child("ItemBatcher", &[ITEM_BATCHER])?;
    flow::payload(&reader, "BatchInput");
    let items = flow::whole(&reader, "MaxItemsPerBatch", "MaxItemsPerBatchPath", (0, MOST_ITEMS));
    let bytes = flow::whole(&reader, "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath", (0, MOST_BYTES));
    let given = ["MaxItemsPerBatch", "MaxItemsPerBatchPath", "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"];
    if items.is_none() && bytes.is_none() && !given.iter().any(|field| reader.has(field)) {
        reader.wrong(
            "This object should have at least one of the following fields: [MaxItemsPerBatch, MaxInputBytesPerBatch]",
        );
    }
    map.get("ItemBatcher").cloned()
}

/// `ResultWriter`.
pub(super) fn writer(map: &Reader<'_>) -> Option<Value> {
    let reader = map.child("ResultWriter", &[RESULT_WRITER])?;
    s3(&reader, &["putObject"]);
    arguments(&reader);
    if let Some(config) = reader.child("WriterConfig", &[WRITER_CONFIG]) {
        config.word("OutputType", &["JSON", "JSONL"]);
        config.word("Transformation", &["NONE", "COMPACT", "FLATTEN"]);
    }
    map.get("ResultWriter").cloned()
}

fn s3(reader: &Reader<'_>, actions: &[&str]) {
    let Some(arn) = reader.text("Resource") else {
        return;
    };
    let action = arn
        .split_once(":states:::s3:")
        .filter(|(partition, _)| partition.starts_with("arn:aws"))
        .map(|(_, action)| action);
    if !action.is_some_and(|action| actions.contains(&action)) {
        reader.wrong_at("Resource", "The field 'Resource' does not match any of the allowed values");
    }
}

fn arguments(reader: &Reader<'_>) {
    flow::payload(reader, "Parameters");
    flow::payload(reader, "Arguments");
}

fn reader_config(config: &Reader<'_>) {
    let input = config.word("InputType", &["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"]);
    config.word("CSVDelimiter", &["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"]);
    config.word("ManifestType", &["S3_INVENTORY", "ATHENA_DATA"]);
    config.word("Transformation", &["NONE", "LOAD_AND_FLATTEN"]);
    config.text("ItemsPointer");
    let headers = config.word("CSVHeaderLocation", &["FIRST_ROW", "GIVEN"]);
    match input {
        Some("CSV") if !config.has("CSVHeaderLocation") => config.wrong("The field 'CSVHeaderLocation' is required"),
        Some("JSON") if config.has("CSVHeaderLocation") => config.wrong("Field 'CSVHeaderLocation' is not supported"),
        _ => {}
    }
    if headers == Some("GIVEN") {
        config.require(&["CSVHeaders"]);
    }
    let place = config.at("CSVHeaders");
    for (index, header) in config.array("CSVHeaders").into_iter().flatten().enumerate() {
        if !header.is_string() {
            config.ledger.schema(&place.index(index), expected("String"));
        }
    }
    flow::whole(config, "MaxItems", "MaxItemsPath", (0, MOST_ITEMS));
}

/// The most items that a reader may be told to read.
const MOST_ITEMS: u64 = 100_000_000;

/// The most bytes in a batch: the payload limit.
const MOST_BYTES: u64 = 262_144;

const ITEM_READER: &[Field] = &[both("Resource"), jsonpath("Parameters"), jsonata("Arguments"), both("ReaderConfig")];

const READER_CONFIG: &[Field] = &[
    both("InputType"),
    both("CSVDelimiter"),
    both("CSVHeaderLocation"),
    both("CSVHeaders"),
    both("ManifestType"),
    both("Transformation"),
    both("ItemsPointer"),
    both("MaxItems"),
    jsonpath("MaxItemsPath"),
];

const ITEM_BATCHER: &[Field] = &[
    both("BatchInput"),
    both("MaxItemsPerBatch"),
    jsonpath("MaxItemsPerBatchPath"),
    both("MaxInputBytesPerBatch"),
    jsonpath("MaxInputBytesPerBatchPath"),
];

const RESULT_WRITER: &[Field] = &[both("Resource"), jsonpath("Parameters"), jsonata("Arguments"), both("WriterConfig")];
const WRITER_CONFIG: &[Field] = &[both("OutputType"), both("Transformation")];
