//! Map, inline: runs one block for each item, at most so many at once; its result is the list of their outputs.

use serde_json::{Value, json};

use crate::{
    data::{DataError, QUERY_EVALUATION_ERROR, template},
    definition::{Map, MapMode, QueryLanguage, Source, StateKind},
    execution::{Draft, Join},
    record::Event,
    state::{Doc, Scope, View, fail::unexpected, parallel::joined, runtime},
};

pub(crate) fn begin(view: &View<'_>, map: &Map, draft: &mut Draft<'_>) -> Result<(), DataError> {
    if map.mode != MapMode::Inline
        || map.item_reader.is_some()
        || map.item_batcher.is_some()
        || map.result_writer.is_some()
    {
        return Err(runtime(
            "A Map in DISTRIBUTED mode, ItemReader, ItemBatcher and ResultWriter are not supported by this engine.",
        ));
    }
    let scope = view.scope();
    let input = view.effective_input(&scope, draft)?;
    let concurrency = concurrency(view, map, &input.value(draft), &scope, draft)?;
    let (items, length) = items(view, map, &input, &scope, draft)?;
    let items = items.payload(draft);
    draft.event(view.id, view.path.last, Event::MapStarted { items, length, concurrency });
    Ok(())
}

/// Starts the next iteration, or ends the state when all have ended.
pub(crate) fn go_on(view: &View<'_>, join: &Join, draft: &mut Draft<'_>) {
    match &view.state.kind {
        StateKind::Map(map) if join.can_start() => {
            let started = start_next(view, map, join, draft);
            view.settle(started, draft);
        }
        StateKind::Map(_) => {
            let output = joined(join, draft);
            draft.event(view.id, view.path.last, Event::MapSucceeded { output });
        }
        _ => {
            let output = joined(join, draft);
            draft.event(view.id, view.path.last, Event::ParallelSucceeded { output });
        }
    }
}

fn start_next(view: &View<'_>, map: &Map, join: &Join, draft: &mut Draft<'_>) -> Result<(), DataError> {
    let index = join.next;
    let item = join.items.as_ref().and_then(|items| items.get(index as usize)).cloned().unwrap_or_default();
    let input = match &map.item_selector {
        None => item,
        Some(selector) => select(view, selector, index, &item, draft)?,
    };
    let input = Doc::Made(input).payload(draft);
    draft.event(
        crate::record::PathId(view.execution.next_path()),
        join.follows,
        Event::IterationStarted { parent: view.id, index, input },
    );
    Ok(())
}

fn select(
    view: &View<'_>,
    selector: &Value,
    index: u64,
    item: &Value,
    draft: &mut Draft<'_>,
) -> Result<Value, DataError> {
    let mut scope = view.scope();
    scope.context["Map"] = json!({ "Item": { "Index": index, "Value": item } });
    let input = view.effective_input(&scope, draft)?.value(draft);
    match view.state.query_language {
        QueryLanguage::JsonPath => Ok(template::evaluate(selector, &scope.env(&input), draft.chance)?),
        QueryLanguage::Jsonata => {
            let bindings = scope.bindings(&input, None, None);
            scope.compute("ItemSelector", selector, &bindings, draft.now, draft.chance)
        }
    }
}

/// The items and how many they are.
fn items(
    view: &View<'_>,
    map: &Map,
    input: &Doc,
    scope: &Scope,
    draft: &mut Draft<'_>,
) -> Result<(Doc, u64), DataError> {
    let whole = input.value(draft);
    let (doc, value) = match &map.items {
        None => (input.clone(), whole),
        Some(source) => {
            let value = view.source("Items", source, &whole, scope, draft)?;
            (Doc::Made(value.clone()), value)
        }
    };
    match (value, &map.items) {
        (Value::Array(items), _) => Ok((doc, items.len() as u64)),
        (other, Some(source @ Source::Jsonata(_))) => Err(unexpected("Items", source, "array", &other)),
        (other, Some(Source::Path(path))) => {
            Err(runtime(format!("Reference path \"{path}\" must point to array. but was: {other}")))
        }
        (other, _) if view.state.query_language == QueryLanguage::Jsonata => {
            Err(DataError::new(QUERY_EVALUATION_ERROR, format!("Map state input must be an array but was: {other}")))
        }
        (other, _) => Err(runtime(format!("Map state input must be an array but was: {other}"))),
    }
}

fn concurrency(
    view: &View<'_>,
    map: &Map,
    input: &Value,
    scope: &Scope,
    draft: &mut Draft<'_>,
) -> Result<u64, DataError> {
    let Some(source) = &map.max_concurrency else { return Ok(0) };
    let value = view.source("MaxConcurrency", source, input, scope, draft)?;
    match (value.as_u64(), source) {
        (Some(limit), _) => Ok(limit),
        (None, Source::Path(path)) if value.as_i64().is_none() => {
            let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Err(runtime(format!(
                "The MaxConcurrencyPath field refers to value \"{shown}\" which is not a valid integer: {path}"
            )))
        }
        (None, Source::Jsonata(_)) if !value.is_number() => Err(unexpected("MaxConcurrency", source, "number", &value)),
        (None, _) => Err(runtime("MaxConcurrency cannot be negative.")),
    }
}
