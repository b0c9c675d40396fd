//! Map: one block for each item, inside the execution or as child executions of a map run.

use serde_json::Value;

use super::reader::{Field, Reader, both};
use super::{Scope, Walk, errors, flow, item};
use crate::definition::{Code, Map, MapMode, Source, StateKind};

pub(super) fn map<'t>(walk: &mut Walk<'t>, reader: &Reader<'t>, scope: &mut Scope<'t>) -> StateKind {
    let processor_field = reader.exactly_one(&["ItemProcessor", "Iterator"]).unwrap_or("ItemProcessor");
    let processor = reader.child(processor_field, &[PROCESSOR]);
    let mode = processor
        .as_ref()
        .and_then(|processor| processor.child("ProcessorConfig", &[PROCESSOR_CONFIG]))
        .map_or(MapMode::Inline, |config| mode(&config));
    let block = walk.nested(processor.as_ref());
    StateKind::Map(Box::new(Map {
        processor: block,
        mode,
        items: items(reader),
        item_selector: item_selector(reader),
        max_concurrency: flow::whole(reader, "MaxConcurrency", "MaxConcurrencyPath", (0, u64::MAX)),
        item_reader: item::reader(reader),
        item_batcher: item::batcher(reader),
        result_writer: item::writer(reader),
        tolerated_failure_count: flow::whole(
            reader,
            "ToleratedFailureCount",
            "ToleratedFailureCountPath",
            (0, u64::MAX),
        ),
        tolerated_failure_percentage: flow::number(
            reader,
            "ToleratedFailurePercentage",
            "ToleratedFailurePercentagePath",
            (0.0, 100.0),
        ),
        label: label(reader),
        legacy: processor_field == "Iterator",
        retry: errors::retry(reader),
        catch: errors::catch(walk, reader, scope),
        next: walk.next(reader, scope),
    }))
}

fn mode(config: &Reader<'_>) -> MapMode {
    let mode = config.word("Mode", &["INLINE", "DISTRIBUTED"]);
    let execution = config.word("ExecutionType", &["STANDARD", "EXPRESS"]);
    match mode {
        Some("DISTRIBUTED") => {
            config.require(&["ExecutionType"]);
            MapMode::Distributed { express: execution == Some("EXPRESS") }
        }
        Some(_) if config.has("ExecutionType") => {
            config.wrong("Field 'ExecutionType' is not supported");
            MapMode::Inline
        }
        _ => MapMode::Inline,
    }
}

/// `ItemsPath`, or in JSONata `Items`: an array or an expression that makes one.
fn items(reader: &Reader<'_>) -> Option<Source> {
    if reader.has("ItemsPath") {
        return flow::path_source(reader, "ItemsPath", flow::path);
    }
    flow::evaluated(reader, "Items", || {
        reader.array("Items")?;
        flow::any_template(reader, "Items")
    })
    .map(|source| match source {
        // An array may hold expressions, so that it is a template rather than a value.
        Source::Literal(value) => Source::Jsonata(value),
        other => other,
    })
}

/// `ItemSelector`, or `Parameters` as older definitions have it.
fn item_selector(reader: &Reader<'_>) -> Option<Value> {
    reader.at_most_one(&["ItemSelector", "Parameters"]);
    flow::payload(reader, "ItemSelector").or_else(|| reader.get("Parameters").cloned())
}

fn label(reader: &Reader<'_>) -> Option<String> {
    let label = reader.text("Label")?;
    if label.chars().count() > LONGEST_LABEL {
        reader.ledger.error(
            &reader.at("Label"),
            Code::InvalidLabelName,
            format!(
                "Invalid Label name: Label '{label}' exceeds the {LONGEST_LABEL}-character limit allowed by the service"
            ),
        );
    } else if label.is_empty() || label.chars().any(|c| c.is_whitespace() || c.is_control() || FORBIDDEN.contains(c)) {
        reader.ledger.error(
            &reader.at("Label"),
            Code::InvalidLabelName,
            format!("Invalid Label name: Label '{label}' contains invalid characters"),
        );
    }
    Some(label.to_owned())
}

/// The longest `Label`, in characters.
const LONGEST_LABEL: usize = 40;

/// What a label shares with the names of executions: it becomes part of one.
const FORBIDDEN: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";

const PROCESSOR: &[Field] = &[both("Comment"), both("ProcessorConfig"), both("StartAt"), both("States")];
const PROCESSOR_CONFIG: &[Field] = &[both("Mode"), both("ExecutionType")];
