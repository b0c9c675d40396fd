//! Map runs of a recorded case: what their data sets held, and their children, which run here.
//!
//! A history does not show what lay in the bucket, only what the Map state made of it. Where its children hand their
//! items on unchanged, the result is the data set: it is laid down as the file or the listing that the reader asks
//! for, and read from there. Where it is not, the result will differ and the case says so. Children's own histories
//! are not recorded either, so that their tasks have no answers.

use std::sync::Arc;

use serde_json::Value;
use statemachine::{
    Command, Definition, Execution, Identity, ReadItems, Signal, StartChild, Status,
    items::{Fetch, Fetched, Headers, InputType, Items, ReadError, Reader, Reading, S3Object},
};

use super::run::play;
use crate::answers::{Answers, details};

/// The map runs of one execution.
pub(super) struct MapRuns<'h> {
    /// The recorded history, empty for a child.
    pub(super) history: &'h [Value],
    pub(super) definition: Arc<Definition>,
    pub(super) role: String,
}

impl MapRuns<'_> {
    /// What comes of a command of a map run.
    pub(super) fn answer(&self, command: &Command) -> Option<Signal> {
        match command {
            Command::ReadItems(read) => Some(self.read(read)),
            Command::StartChild(start) => self.child(start),
            Command::WriteResults(write) => Some(Signal::ResultsWritten { run: write.run }),
            Command::InvokeTask(_) | Command::AbortChildren(_) => None,
        }
    }

    fn child(&self, start: &StartChild) -> Option<Signal> {
        let identity = Identity {
            number: start.index + 2,
            execution_arn: start.execution_arn.clone(),
            name: start.name.clone(),
            state_machine_arn: start.state_machine_arn.clone(),
            state_machine_name: start.state_machine_name.clone(),
            role_arn: self.role.clone(),
        };
        let execution = Execution::child(Arc::clone(&self.definition), Arc::new(identity), start.part);
        let runs = MapRuns { history: &[], definition: Arc::clone(&self.definition), role: self.role.clone() };
        match play(execution, &start.input, &mut Answers::default(), &runs).1 {
            Status::Running => None,
            status => Some(Signal::ChildEnded { run: start.run, index: start.index, status }),
        }
    }

    fn read(&self, command: &ReadItems) -> Signal {
        let run = command.run;
        let (kind, details) = self.outcome(run.started);
        let recorded = parsed(&details["output"]);
        let items = match (kind, &recorded) {
            ("MapStateExited", Value::Array(items)) => items.as_slice(),
            _ => &[],
        };
        match read(&command.reader, items) {
            Ok(items) if kind == "MapRunFailed" => {
                let cause = details["cause"].as_str().unwrap_or(&items.data).to_owned();
                Signal::ItemsFailed { run, cause }
            }
            Ok(items) => Signal::ItemsRead { run, items },
            Err(problem) => Signal::ItemsFailed { run, cause: problem.to_string() },
        }
    }

    /// How the map run that this event started ended: the event that shows its result or its failure.
    fn outcome(&self, started: u64) -> (&str, &Value) {
        let ends = |event: &&Value| matches!(event["type"].as_str(), Some("MapStateExited" | "MapRunFailed"));
        let after = self.history.iter().filter(|event| event["id"].as_u64().is_some_and(|id| id > started));
        let end = after.clone().find(ends);
        end.map_or(("", &Value::Null), |event| (event["type"].as_str().unwrap_or_default(), details(event)))
    }
}

/// Reads a data set that holds these items.
fn read(reader: &Reader, items: &[Value]) -> Result<Items, ReadError> {
    let mut reading = Reading::new(reader.clone())?;
    while let Some(fetch) = reading.next_fetch() {
        let fetched = match fetch {
            Fetch::GetObject { .. } => Fetched::Object(file(reader, items).into_bytes()),
            Fetch::ListObjectsV2 { .. } => Fetched::Listing { objects: items.iter().map(object).collect(), next: None },
        };
        reading.take(fetched)?;
    }
    Ok(reading.finish())
}

/// The file whose first items are these: where the reader is to stop at some number, there are more.
fn file(reader: &Reader, items: &[Value]) -> String {
    let mut items = items.to_vec();
    if reader.max_items == Some(items.len() as u64) {
        items.extend(items.last().cloned());
    }
    match &reader.input_type {
        Some(InputType::Csv(csv)) => {
            let named = items.first().and_then(Value::as_object);
            let first: Vec<String> = named.map(|fields| fields.keys().cloned().collect()).unwrap_or_default();
            let (columns, header) = match &csv.headers {
                Headers::Given(names) => (names.clone(), None),
                Headers::FirstRow => (first.clone(), Some(row(first.iter().map(String::as_str)))),
            };
            let text = |item: &Value| row(columns.iter().map(|name| item[name].as_str().unwrap_or_default()));
            header.into_iter().chain(items.iter().map(text)).collect::<Vec<_>>().join("\n")
        }
        Some(InputType::JsonLines) => items.iter().map(Value::to_string).collect::<Vec<_>>().join("\n"),
        _ => Value::Array(items).to_string(),
    }
}

fn row<'t>(fields: impl Iterator<Item = &'t str>) -> String {
    let quoted = |field: &str| format!("\"{}\"", field.replace('\\', "\\\\").replace('"', "\"\""));
    fields.map(quoted).collect::<Vec<_>>().join(",")
}

/// An entry of a listing that was recorded as an item.
fn object(item: &Value) -> S3Object {
    let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
    S3Object {
        etag: text("Etag"),
        key: text("Key"),
        last_modified: item["LastModified"].as_i64().unwrap_or_default(),
        size: item["Size"].as_u64().unwrap_or_default(),
        storage_class: text("StorageClass"),
    }
}

fn parsed(value: &Value) -> Value {
    value.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| value.clone())
}
