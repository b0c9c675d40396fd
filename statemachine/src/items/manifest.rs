//! Manifests: files that name the files which hold the data.

use serde_json::Value;

use super::{ReadError, csv::Headers};

/// A file that a manifest names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) bucket: String,
    pub(super) key: String,
}

/// The files of an Amazon S3 inventory, and the names of their columns.
pub(super) fn inventory(text: &str) -> Result<(Vec<Named>, Headers), ReadError> {
    let manifest: Value = serde_json::from_str(text).map_err(|error| ReadError::InvalidManifest(error.to_string()))?;
    let field = |name: &str| {
        let missing = || ReadError::InvalidManifest(format!("the field '{name}' is missing or not a string"));
        manifest[name].as_str().ok_or_else(missing)
    };
    let format = field("fileFormat")?;
    if format != "CSV" {
        return Err(ReadError::InvalidManifest(format!("the file format '{format}' is not CSV")));
    }
    let destination = field("destinationBucket")?;
    let bucket = destination.rsplit(':').next().unwrap_or(destination).to_owned();
    let headers = field("fileSchema")?.split(',').map(|name| name.trim().to_owned()).collect();
    let files = manifest["files"]
        .as_array()
        .ok_or_else(|| ReadError::InvalidManifest("the field 'files' is missing or not an array".to_owned()))?;
    let key = |file: &Value| {
        file["key"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| ReadError::InvalidManifest("a file has no key".to_owned()))
    };
    let named =
        files.iter().map(|file| Ok(Named { bucket: bucket.clone(), key: key(file)? })).collect::<Result<_, _>>()?;
    Ok((named, Headers::Given(headers)))
}

/// The files that the manifest of an Athena `UNLOAD` names: one `s3://bucket/key` a line.
pub(super) fn athena(text: &str) -> Result<Vec<Named>, ReadError> {
    let lines = text.lines().map(|line| line.trim().trim_matches('"')).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let path = line.strip_prefix("s3://").and_then(|path| path.split_once('/'));
            let (bucket, key) =
                path.ok_or_else(|| ReadError::InvalidManifest(format!("'{line}' is no location in Amazon S3")))?;
            Ok(Named { bucket: bucket.to_owned(), key: key.to_owned() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(found: Result<Vec<Named>, ReadError>, expect: &str) {
        let shown = match found {
            Ok(files) => files.iter().map(|f| format!("{}/{}", f.bucket, f.key)).collect::<Vec<_>>().join(" "),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expect);
    }

    #[test]
    fn an_inventory_names_files_and_columns() {
        let manifest = r#"{"destinationBucket": "arn:aws:s3:::inventory", "fileFormat": "CSV",
            "fileSchema": "Bucket, Key, Size", "files": [{"key": "data/1.csv.gz"}, {"key": "data/2.csv.gz"}]}"#;
        let (files, headers) = inventory(manifest).unwrap();
        check(Ok(files), "inventory/data/1.csv.gz inventory/data/2.csv.gz");
        assert_eq!(headers, Headers::Given(vec!["Bucket".to_owned(), "Key".to_owned(), "Size".to_owned()]));
        let parquet = manifest.replace("\"CSV\"", "\"Parquet\"");
        check(
            inventory(&parquet).map(|found| found.0),
            "The manifest cannot be read: the file format 'Parquet' is not CSV",
        );
        check(
            inventory("{}").map(|found| found.0),
            "The manifest cannot be read: the field 'fileFormat' is missing or not a string",
        );
    }

    #[test]
    fn athena_names_locations() {
        check(athena("s3://b/x/1.jsonl\n\"s3://b/x/2.jsonl\"\n"), "b/x/1.jsonl b/x/2.jsonl");
        check(athena("nowhere"), "The manifest cannot be read: 'nowhere' is no location in Amazon S3");
    }
}
