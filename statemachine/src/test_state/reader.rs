//! The items in the data that a test says a Map's `ItemReader` reads.

use serde_json::{Value, json};

use crate::{
    data::DataError,
    items::{Action, Fetched, ITEM_READER_FAILED, ReadError, Reader, Reading},
};

/// Reads data as the evaluated reader would; of a listing or a manifest the data is the list of what is listed.
pub(super) fn read(reader: &Value, data: &str) -> Result<Value, DataError> {
    items(reader, data).map_err(|error| DataError::new(ITEM_READER_FAILED, error.to_string()))
}

fn items(reader: &Value, data: &str) -> Result<Value, ReadError> {
    let invalid = |error: serde_json::Error| ReadError::InvalidJson(error.to_string());
    let reader = Reader::parse(reader)?;
    if reader.action == Action::ListObjectsV2 || reader.manifest.is_some() {
        return serde_json::from_str(data).map_err(invalid);
    }
    // Nothing is fetched, so that the place does not matter.
    let mut reading = Reading::new(Reader { arguments: json!({ "Bucket": "", "Key": "" }), ..reader })?;
    reading.take(Fetched::Object(data.as_bytes().to_vec()))?;
    serde_json::from_str(&reading.finish().data).map_err(invalid)
}
