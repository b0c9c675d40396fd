//! An evaluated `ItemReader`: what is to be read, and how its bytes are to be taken.

use serde_json::Value;

use super::{
    MOST_ITEMS, ReadError,
    csv::{Csv, Delimiter, Headers},
};

/// An `ItemReader` whose expressions have been evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct Reader {
    /// What is asked of Amazon S3 first.
    pub action: Action,
    /// `Arguments` or `Parameters`: `Bucket` and `Key`, or `Bucket` and `Prefix`, and whatever else the action takes.
    pub arguments: Value,
    /// What the data objects hold; `None` for a listing whose entries are the items.
    pub input_type: Option<InputType>,
    /// What the manifest lists, if the object is one.
    pub manifest: Option<ManifestType>,
    /// `ItemsPointer`: where in a JSON file the items are.
    pub items_pointer: Option<String>,
    /// At most so many items.
    pub max_items: Option<u64>,
    /// `Transformation: LOAD_AND_FLATTEN`: the items are in the listed objects.
    pub load_and_flatten: bool,
}

/// What an `ItemReader` asks of Amazon S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// `s3:getObject`
    GetObject,
    /// `s3:listObjectsV2`
    ListObjectsV2,
}

/// `InputType`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputType {
    /// `JSON`
    Json,
    /// `JSONL`
    JsonLines,
    /// `CSV`
    Csv(Csv),
}

/// `ManifestType`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManifestType {
    /// `S3_INVENTORY`; its rows are the items.
    S3Inventory,
    /// `ATHENA_DATA`; the items are in the files that it names.
    AthenaData,
}

impl Reader {
    /// Takes an evaluated `ItemReader` apart: `Resource`, `Arguments` (or `Parameters`) and `ReaderConfig`.
    ///
    /// # Errors
    /// A configuration that this engine cannot follow.
    pub fn parse(reader: &Value) -> Result<Self, ReadError> {
        let config = &reader["ReaderConfig"];
        let listing = reader["Resource"].as_str().is_some_and(|arn| arn.ends_with(":listObjectsV2"));
        let word = |name: &str| config[name].as_str();
        let manifest = match (word("ManifestType"), word("InputType")) {
            (Some("ATHENA_DATA"), _) => Some(ManifestType::AthenaData),
            (Some(_), _) | (None, Some("MANIFEST")) => Some(ManifestType::S3Inventory),
            _ => None,
        };
        let csv = Csv {
            delimiter: word("CSVDelimiter").and_then(Delimiter::named).unwrap_or_default(),
            headers: headers(config),
        };
        let input_type = match word("InputType") {
            Some("JSONL") => Some(InputType::JsonLines),
            Some("CSV") => Some(InputType::Csv(csv)),
            Some("PARQUET") => return Err(ReadError::Unsupported("PARQUET")),
            Some("JSON") => Some(InputType::Json),
            _ if listing || manifest.is_some() => None,
            _ => Some(InputType::Json),
        };
        let arguments = if reader["Arguments"].is_object() { &reader["Arguments"] } else { &reader["Parameters"] };
        Ok(Self {
            action: if listing { Action::ListObjectsV2 } else { Action::GetObject },
            arguments: arguments.clone(),
            input_type,
            manifest,
            items_pointer: word("ItemsPointer").map(str::to_owned),
            max_items: max_items(&config["MaxItems"])?,
            load_and_flatten: word("Transformation") == Some("LOAD_AND_FLATTEN"),
        })
    }

    /// An argument that must be a text.
    pub(super) fn argument(&self, name: &'static str) -> Result<String, ReadError> {
        self.arguments[name].as_str().map(str::to_owned).ok_or(ReadError::MissingArgument(name))
    }
}

fn headers(config: &Value) -> Headers {
    match (config["CSVHeaderLocation"].as_str(), config["CSVHeaders"].as_array()) {
        (Some("GIVEN"), Some(names)) => {
            Headers::Given(names.iter().map(|name| name.as_str().unwrap_or_default().to_owned()).collect())
        }
        _ => Headers::FirstRow,
    }
}

/// 0 is no limit, and no limit is above the service's own.
fn max_items(value: &Value) -> Result<Option<u64>, ReadError> {
    match (value.as_u64(), value.as_f64()) {
        (None, Some(number)) if number < 0.0 => Err(ReadError::NegativeMaxItems),
        (most, _) => Ok(most.filter(|most| *most > 0).map(|most| most.min(MOST_ITEMS))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    type Found = (Option<InputType>, Option<ManifestType>, Option<u64>);

    #[track_caller]
    fn check(config: Value, expect: Result<Found, ReadError>) {
        let reader = json!({ "Resource": "arn:aws:states:::s3:getObject", "Parameters": {}, "ReaderConfig": config });
        let found = Reader::parse(&reader).map(|reader| (reader.input_type, reader.manifest, reader.max_items));
        assert_eq!(found, expect);
    }

    #[test]
    fn a_configuration_is_taken_apart() {
        check(json!(null), Ok((Some(InputType::Json), None, None)));
        check(json!({ "InputType": "JSONL", "MaxItems": 3 }), Ok((Some(InputType::JsonLines), None, Some(3))));
        check(json!({ "InputType": "MANIFEST" }), Ok((None, Some(ManifestType::S3Inventory), None)));
        let csv = Csv { delimiter: Delimiter::Tab, headers: Headers::Given(vec!["a".to_owned()]) };
        let config =
            json!({ "InputType": "CSV", "CSVDelimiter": "TAB", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a"] });
        check(config, Ok((Some(InputType::Csv(csv)), None, None)));
    }

    #[test]
    fn the_most_items_is_positive_and_bounded() {
        check(json!({ "MaxItems": 0 }), Ok((Some(InputType::Json), None, None)));
        check(json!({ "MaxItems": 900_000_000 }), Ok((Some(InputType::Json), None, Some(MOST_ITEMS))));
        check(json!({ "MaxItems": -1 }), Err(ReadError::NegativeMaxItems));
        assert_eq!(ReadError::NegativeMaxItems.to_string(), "field MaxItems must be positive");
    }

    #[test]
    fn parquet_is_refused() {
        check(json!({ "InputType": "PARQUET" }), Err(ReadError::Unsupported("PARQUET")));
    }
}
