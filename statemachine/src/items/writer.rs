//! What a map run hands over: the entries of its result, and the files of an export.

use serde_json::{Map, Value, json};

use crate::{execution::Status, record::Millis};

/// An evaluated `ResultWriter`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writer {
    /// Where the files go; `None` only shapes the state's output.
    pub destination: Option<Destination>,
    /// How each result is shown.
    pub transformation: Transformation,
    /// How a file holds its results.
    pub output_type: OutputType,
}

/// A bucket and what the keys in it begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// `Bucket`
    pub bucket: String,
    /// `Prefix`, empty or with a slash at its end.
    pub prefix: String,
}

/// `WriterConfig.Transformation`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transformation {
    /// `NONE`: the output with what is known about its execution.
    None,
    /// `COMPACT`: the output.
    #[default]
    Compact,
    /// `FLATTEN`: the output; of one that is an array, its elements.
    Flatten,
}

/// `WriterConfig.OutputType`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutputType {
    /// `JSON`: an array.
    #[default]
    Json,
    /// `JSONL`: one result a line.
    JsonLines,
}

/// A child execution of a map run, as its results show it.
#[derive(Debug, Clone, PartialEq)]
pub struct ChildResult<'a> {
    /// Its name; `None` for one that was never started.
    pub name: Option<String>,
    /// Its ARN; `None` for one that was never started.
    pub execution_arn: Option<String>,
    /// The ARN of the machine that it runs.
    pub state_machine_arn: &'a str,
    /// Its input, a JSON text.
    pub input: &'a str,
    /// How it ended; running is "not started".
    pub status: Status,
    /// When it started.
    pub started_at: Millis,
    /// When it ended.
    pub ended_at: Millis,
    /// Whether a map run's redrive would start it again.
    pub express: bool,
    /// How often it was redriven.
    pub redrives: u32,
}

/// An object of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultObject {
    /// `Key`
    pub key: String,
    /// `Body`
    pub body: String,
}

impl Writer {
    /// Takes an evaluated `ResultWriter` apart: `Resource`, `Arguments` (or `Parameters`) and `WriterConfig`.
    ///
    /// # Errors
    /// The name of an argument that is missing or not a string.
    pub fn parse(writer: &Value) -> Result<Self, &'static str> {
        let arguments = if writer["Arguments"].is_object() { &writer["Arguments"] } else { &writer["Parameters"] };
        let destination = match writer["Resource"].is_string() {
            false => None,
            true => Some(Destination {
                bucket: arguments["Bucket"].as_str().ok_or("Bucket")?.to_owned(),
                prefix: prefix(&arguments["Prefix"])?,
            }),
        };
        let transformation = match writer["WriterConfig"]["Transformation"].as_str() {
            Some("NONE") => Transformation::None,
            Some("COMPACT") => Transformation::Compact,
            Some("FLATTEN") => Transformation::Flatten,
            _ if destination.is_some() => Transformation::None,
            _ => Transformation::Compact,
        };
        let output_type = match writer["WriterConfig"]["OutputType"].as_str() {
            Some("JSONL") => OutputType::JsonLines,
            _ => OutputType::Json,
        };
        Ok(Self { destination, transformation, output_type })
    }

    /// The results of the children as one JSON array.
    #[must_use]
    pub fn output<'a>(&self, children: impl IntoIterator<Item = ChildResult<'a>>) -> String {
        let entries: Vec<String> = children.into_iter().flat_map(|child| self.entries(&child)).collect();
        format!("[{}]", entries.join(","))
    }

    /// The key of the manifest of an export, below the folder of its map run.
    #[must_use]
    pub fn manifest_key(&self, map_run_arn: &str) -> Option<String> {
        self.destination.as_ref().map(|to| format!("{}{}/manifest.json", to.prefix, run_name(map_run_arn)))
    }

    /// The objects of an export; the manifest is the last.
    #[must_use]
    pub fn objects<'a>(&self, map_run_arn: &str, children: Vec<ChildResult<'a>>) -> Vec<ResultObject> {
        let (Some(to), Some(manifest_key)) = (&self.destination, self.manifest_key(map_run_arn)) else {
            return Vec::new();
        };
        let mut objects = Vec::new();
        let mut files = Map::new();
        for outcome in ["FAILED", "PENDING", "SUCCEEDED"] {
            let entries: Vec<String> = children
                .iter()
                .filter(|child| file_of(&child.status) == outcome)
                .flat_map(|child| self.entries(child))
                .collect();
            let mut listed = Vec::new();
            if !entries.is_empty() {
                let (body, ending) = match self.output_type {
                    OutputType::Json => (format!("[{}]", entries.join(",")), "json"),
                    OutputType::JsonLines => (entries.join("\n"), "jsonl"),
                };
                let key = format!("{}{}/{outcome}_0.{ending}", to.prefix, run_name(map_run_arn));
                listed.push(json!({ "Key": key, "Size": body.len() }));
                objects.push(ResultObject { key, body });
            }
            files.insert(outcome.to_owned(), Value::Array(listed));
        }
        let manifest = json!({ "DestinationBucket": to.bucket, "MapRunArn": map_run_arn, "ResultFiles": files });
        objects.push(ResultObject { key: manifest_key, body: manifest.to_string() });
        objects
    }

    /// What a child contributes. What did not succeed is shown with what is known about it.
    fn entries(&self, child: &ChildResult<'_>) -> Vec<String> {
        match (&child.status, self.transformation) {
            (Status::Succeeded { output }, Transformation::Compact) => vec![output.clone()],
            (Status::Succeeded { output }, Transformation::Flatten) => {
                match serde_json::from_str::<Vec<Value>>(output) {
                    Ok(items) => items.iter().map(Value::to_string).collect(),
                    Err(_) => vec![output.clone()],
                }
            }
            _ => vec![described(child).to_string()],
        }
    }
}

/// A child with its metadata; the fields are in alphabetical order.
fn described(child: &ChildResult<'_>) -> Value {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    let (status, error, cause, output) = match &child.status {
        Status::Succeeded { output } => ("SUCCEEDED", &None, &None, Some(output)),
        Status::Failed { error, cause } => ("FAILED", error, cause, None),
        Status::TimedOut { error, cause } => ("TIMED_OUT", error, cause, None),
        Status::Aborted { error, cause } => ("ABORTED", error, cause, None),
        Status::Running => ("PENDING", &None, &None, None),
    };
    cause.iter().for_each(|cause| drop(put("Cause", json!(cause))));
    error.iter().for_each(|error| drop(put("Error", json!(error))));
    child.execution_arn.iter().for_each(|arn| drop(put("ExecutionArn", json!(arn))));
    put("Input", json!(child.input));
    put("InputDetails", json!({ "Included": true }));
    child.name.iter().for_each(|name| drop(put("Name", json!(name))));
    if let Some(output) = output {
        put("Output", json!(output));
        put("OutputDetails", json!({ "Included": true }));
    }
    if status == "PENDING" {
        put("StateMachineArn", json!(child.state_machine_arn));
        put("Status", json!(status));
        return Value::Object(fields);
    }
    put("RedriveCount", json!(child.redrives));
    if output.is_some() {
        put("RedriveStatus", json!("NOT_REDRIVABLE"));
        put("RedriveStatusReason", json!("Execution is SUCCEEDED and cannot be redriven"));
    } else if child.express {
        put("RedriveStatus", json!("NOT_REDRIVABLE"));
    } else {
        put("RedriveStatus", json!("REDRIVABLE_BY_MAP_RUN"));
    }
    put("StartDate", json!(date(child.started_at)));
    put("StateMachineArn", json!(child.state_machine_arn));
    put("Status", json!(status));
    put("StopDate", json!(date(child.ended_at)));
    Value::Object(fields)
}

/// The file that a child's result goes to.
fn file_of(status: &Status) -> &'static str {
    match status {
        Status::Succeeded { .. } => "SUCCEEDED",
        Status::Failed { .. } | Status::TimedOut { .. } | Status::Aborted { .. } => "FAILED",
        Status::Running => "PENDING",
    }
}

fn prefix(value: &Value) -> Result<String, &'static str> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) if text.is_empty() || text.ends_with('/') => Ok(text.clone()),
        Value::String(text) => Ok(format!("{text}/")),
        _ => Err("Prefix"),
    }
}

/// The last part of a map run's ARN.
fn run_name(map_run_arn: &str) -> &str {
    map_run_arn.rsplit(':').next().unwrap_or(map_run_arn)
}

fn date(at: Millis) -> String {
    format!("{:.3}", jiff::Timestamp::from_millisecond(at).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "arn:aws:states:eu-west-1:1:mapRun:m/l:run";

    fn child(index: u32, status: Status) -> ChildResult<'static> {
        let started = !matches!(status, Status::Running);
        ChildResult {
            name: started.then(|| format!("c{index}")),
            execution_arn: started.then(|| format!("arn:aws:states:eu-west-1:1:execution:m/l:c{index}")),
            state_machine_arn: "arn:aws:states:eu-west-1:1:stateMachine:m/l",
            input: "7",
            status,
            started_at: 0,
            ended_at: 1_500,
            express: false,
            redrives: 0,
        }
    }

    fn children() -> Vec<ChildResult<'static>> {
        vec![
            child(0, Status::Succeeded { output: "[1, {}]".to_owned() }),
            child(1, Status::Failed { error: Some("E".to_owned()), cause: Some("why".to_owned()) }),
            child(2, Status::Succeeded { output: "2".to_owned() }),
            child(3, Status::Running),
        ]
    }

    const FAILED: &str = r#"{"Cause":"why","Error":"E","ExecutionArn":"arn:aws:states:eu-west-1:1:execution:m/l:c1","Input":"7","InputDetails":{"Included":true},"Name":"c1","RedriveCount":0,"RedriveStatus":"REDRIVABLE_BY_MAP_RUN","StartDate":"1970-01-01T00:00:00.000Z","StateMachineArn":"arn:aws:states:eu-west-1:1:stateMachine:m/l","Status":"FAILED","StopDate":"1970-01-01T00:00:01.500Z"}"#;

    #[track_caller]
    fn check(writer: Value, take: usize, expect: &str) {
        let writer = Writer::parse(&writer).unwrap();
        assert_eq!(writer.output(children().into_iter().take(take)), expect);
    }

    #[test]
    fn results_are_shown_as_the_writer_says() {
        check(json!(null), 3, &format!("[[1, {{}}],{FAILED},2]"));
        check(json!({ "WriterConfig": { "Transformation": "COMPACT" } }), 1, "[[1, {}]]");
        check(json!({ "WriterConfig": { "Transformation": "FLATTEN" } }), 3, &format!("[1,{{}},{FAILED},2]"));
        check(
            json!({ "WriterConfig": { "Transformation": "NONE" } }),
            1,
            r#"[{"ExecutionArn":"arn:aws:states:eu-west-1:1:execution:m/l:c0","Input":"7","InputDetails":{"Included":true},"Name":"c0","Output":"[1, {}]","OutputDetails":{"Included":true},"RedriveCount":0,"RedriveStatus":"NOT_REDRIVABLE","RedriveStatusReason":"Execution is SUCCEEDED and cannot be redriven","StartDate":"1970-01-01T00:00:00.000Z","StateMachineArn":"arn:aws:states:eu-west-1:1:stateMachine:m/l","Status":"SUCCEEDED","StopDate":"1970-01-01T00:00:01.500Z"}]"#,
        );
    }

    #[test]
    fn an_export_sorts_results_into_files() {
        let writer = json!({ "Resource": "arn:aws:states:::s3:putObject", "Parameters": { "Bucket": "b", "Prefix": "p" },
            "WriterConfig": { "Transformation": "COMPACT", "OutputType": "JSONL" } });
        let objects = Writer::parse(&writer).unwrap().objects(RUN, children());
        let keys: Vec<&str> = objects.iter().map(|object| object.key.as_str()).collect();
        assert_eq!(
            keys,
            ["p/run/FAILED_0.jsonl", "p/run/PENDING_0.jsonl", "p/run/SUCCEEDED_0.jsonl", "p/run/manifest.json"]
        );
        assert_eq!(objects[0].body, FAILED);
        assert_eq!(objects[2].body, "[1, {}]\n2");
        let manifest: Value = serde_json::from_str(&objects[3].body).unwrap();
        assert_eq!(manifest["ResultFiles"]["SUCCEEDED"], json!([{ "Key": "p/run/SUCCEEDED_0.jsonl", "Size": 9 }]));
        assert_eq!((&manifest["DestinationBucket"], &manifest["MapRunArn"]), (&json!("b"), &json!(RUN)));
    }

    #[test]
    fn an_export_shows_metadata_unless_told_otherwise() {
        let writer = json!({ "Resource": "arn:aws:states:::s3:putObject", "Arguments": { "Bucket": "b" } });
        let writer = Writer::parse(&writer).unwrap();
        assert_eq!(writer.transformation, Transformation::None);
        assert_eq!(writer.manifest_key(RUN).unwrap(), "run/manifest.json");
        assert_eq!(Writer::parse(&json!({ "Resource": "x", "Parameters": {} })), Err("Bucket"));
    }
}
