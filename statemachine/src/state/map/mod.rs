//! Map, inline: runs one block for each item, at most so many at once; its result is the list of their outputs.
//!
//! A Map in distributed mode is begun in [`run`].

mod batch;
pub(crate) mod run;
mod settings;

use serde_json::{Value, json};

use crate::{
    data::{DataError, QUERY_EVALUATION_ERROR, template},
    definition::{Map, MapMode, QueryLanguage, Source, StateKind},
    execution::{Draft, Join, STATE_DATA},
    record::Event,
    state::{Doc, Scope, View, fail::unexpected, parallel::joined, runtime},
};

pub(crate) fn begin(view: &View<'_>, map: &Map, draft: &mut Draft<'_>) -> Result<(), DataError> {
    if map.mode != MapMode::Inline {
        return run::begin(view, map, draft);
    }
    if map.item_reader.is_some() || map.item_batcher.is_some() || map.result_writer.is_some() {
        return Err(runtime("ItemReader, ItemBatcher and ResultWriter need a Map in DISTRIBUTED mode."));
    }
    let scope = view.scope();
    let input = view.effective_input(&scope, draft)?;
    let concurrency = concurrency(view, map, &input.value(draft), &scope, draft)?;
    let (items, length) = items(view, map, &input, &scope, draft)?;
    let items = view.limited(&items, draft)?;
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
        Some(selector) => {
            select(view, selector, json!({ "Index": index, "Value": item, "Source": STATE_DATA }), draft)?
        }
    };
    let input = view.limited(&Doc::Made(input), draft)?;
    draft.event(
        crate::record::PathId(view.execution.next_path()),
        join.follows,
        Event::IterationStarted { parent: view.id, index, input },
    );
    Ok(())
}

/// What `ItemSelector` makes of an item, given as `Map.Item` of the context object.
fn select(view: &View<'_>, selector: &Value, item: Value, draft: &mut Draft<'_>) -> Result<Value, DataError> {
    let mut scope = view.scope();
    scope.context["Map"] = json!({ "Item": item });
    let input = view.effective_input(&scope, draft)?.value(draft);
    evaluate(view, "ItemSelector", selector, &input, &scope, draft)
}

/// The value of a template in the state's language.
fn evaluate(
    view: &View<'_>,
    field: &str,
    template: &Value,
    input: &Value,
    scope: &Scope,
    draft: &mut Draft<'_>,
) -> Result<Value, DataError> {
    match view.state.query_language {
        QueryLanguage::JsonPath => template::evaluate(template, &scope.env(input), draft.chance),
        QueryLanguage::Jsonata => {
            let bindings = scope.bindings(input, None, None);
            scope.compute(field, template, &bindings, draft.now, draft.chance)
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
        // Only a map run goes over the fields of an object.
        (Value::Object(fields), _) if map.mode != MapMode::Inline => Ok((doc, fields.len() as u64)),
        (other, Some(source @ Source::Jsonata(_))) => Err(unexpected("Items", source, "array", &other)),
        (other, _) if view.state.query_language == QueryLanguage::Jsonata => {
            Err(DataError::new(QUERY_EVALUATION_ERROR, format!("Map state input must be an array but was: {other}")))
        }
        (_, source) => {
            let path = if let Some(Source::Path(path)) = source { path } else { "$" };
            // A path into the context object is shown as it is applied there.
            let shown = path.strip_prefix('$').filter(|rest| rest.starts_with('$')).unwrap_or(path);
            Err(runtime(format!("Reference path \"{shown}\" must point to array.")))
        }
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
    settings::whole("MaxConcurrency", source, &value)
}
