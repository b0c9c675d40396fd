//! What a Map does before its iterations: its items, what each iteration would get, and how many may run and fail.
//!
//! The Map is begun as in any execution; what it evaluated is read from the records that this leaves. Only what the
//! engine does later, iteration by iteration, is done here for all of them at once.

use serde_json::{Value, json};

use super::{answer::Inspection, reader, stages};
use crate::{
    data::{DataError, template},
    definition::{QueryLanguage, StateKind},
    execution::{Draft, Execution, STATE_DATA},
    record::{Batcher, Event, Failure, PayloadId, Record},
    state::{self, View},
};

/// A Map that has begun.
#[derive(Debug, Default)]
pub(super) struct Begun {
    items: Option<PayloadId>,
    reader: Option<PayloadId>,
    batcher: Option<Batcher>,
    concurrency: u64,
    tolerated_count: Option<u64>,
    tolerated_percentage: Option<f64>,
}

/// Begins the Map.
pub(super) fn begin(view: &View<'_>, draft: &mut Draft<'_>, seen: &mut Inspection) -> Result<(), DataError> {
    stages::report_input(view, &view.scope(), draft, seen)?;
    state::attempt(view, draft)
}

impl Begun {
    /// What the records of the beginning tell, or how the map run failed to start.
    pub(super) fn read(records: &[Record]) -> Result<Self, &Failure> {
        let mut begun = Self::default();
        for record in records {
            let Record::Event { event, .. } = record else { continue };
            match event {
                Event::MapStarted { items, concurrency, .. } => {
                    (begun.items, begun.concurrency) = (Some(*items), *concurrency);
                }
                Event::MapRunStarted { settings, .. } => {
                    begun.reader = settings.reader;
                    begun.batcher = settings.batcher.clone();
                    begun.tolerated_count = settings.tolerated_count;
                    begun.tolerated_percentage = settings.tolerated_percentage;
                }
                Event::MapRunFailed { failure } => return Err(failure),
                _ => {}
            }
        }
        Ok(begun)
    }

    /// The items, where they are known: those of the input, or of what the reader reads.
    pub(super) fn items(
        &self,
        execution: &Execution,
        data: Option<&str>,
        language: QueryLanguage,
        seen: &mut Inspection,
    ) -> Result<Option<Vec<Entry>>, DataError> {
        let found = match (self.reader.map(|reader| execution.value(reader)), data) {
            (None, _) => self.items.map(|items| execution.value(items)),
            (Some(_), None) => return Ok(None),
            (Some(reader), Some(data)) => {
                let read = reader::read(&reader, data)?;
                if reader["ReaderConfig"]["ItemsPointer"].is_string() {
                    seen.after_items_pointer = Some(listed(&read));
                }
                Some(read)
            }
        };
        if let (Some(found), QueryLanguage::JsonPath, None) = (&found, language, self.reader) {
            seen.after_items_path = Some(listed(found));
        }
        Ok(found.map(entries))
    }

    /// What each iteration gets: items as they are, selected, or in batches; answers how many iterations there are.
    pub(super) fn inputs(
        &self,
        items: Vec<Entry>,
        view: &View<'_>,
        draft: &mut Draft<'_>,
        seen: &mut Inspection,
    ) -> Result<u64, DataError> {
        let StateKind::Map(map) = &view.state.kind else { return Ok(0) };
        let mut inputs: Vec<Value> = items.iter().map(Entry::plain).collect();
        if let Some(selector) = &map.item_selector {
            inputs = selected(view, selector, &items, draft)?;
            seen.after_item_selector = Some(listed(&Value::Array(inputs.clone())));
        }
        if let Some(batcher) = &self.batcher {
            let shared = batcher.input.map(|shared| view.execution.value(shared));
            inputs = batches(batcher, shared.as_ref(), inputs);
            seen.after_item_batcher = Some(listed(&Value::Array(inputs.clone())));
        }
        Ok(inputs.len() as u64)
    }

    /// Reports the limits.
    pub(super) fn report_limits(&self, seen: &mut Inspection) {
        seen.max_concurrency = Some(self.concurrency);
        seen.tolerated_failure_count = self.tolerated_count;
        seen.tolerated_failure_percentage = self.tolerated_percentage;
    }

    /// Whether the Map outlives so many failed iterations.
    pub(super) fn tolerate(&self, failures: u64, iterations: Option<u64>) -> Result<(), DataError> {
        let share = failures as f64 * 100.0 / iterations.unwrap_or(1).max(1) as f64;
        let exceeded = match (self.tolerated_count, self.tolerated_percentage) {
            (None, None) => failures > 0,
            (count, percentage) => {
                count.is_some_and(|most| failures > most) || percentage.is_some_and(|most| share > most)
            }
        };
        match exceeded {
            true => Err(DataError::new(EXCEEDED, TOO_MANY_FAILED)),
            false => Ok(()),
        }
    }
}

/// An item, of an object the value with its key.
#[derive(Debug)]
pub(super) struct Entry {
    key: Option<String>,
    value: Value,
}

impl Entry {
    /// What an iteration gets without a selector.
    fn plain(&self) -> Value {
        match &self.key {
            Some(key) => json!({ "Key": key, "Value": self.value }),
            None => self.value.clone(),
        }
    }

    /// `Map.Item` of the context object.
    fn context(&self, index: usize) -> Value {
        match &self.key {
            Some(key) => json!({ "Index": index, "Key": key, "Value": self.value, "Source": STATE_DATA }),
            None => json!({ "Index": index, "Value": self.value, "Source": STATE_DATA }),
        }
    }
}

fn entries(items: Value) -> Vec<Entry> {
    match items {
        Value::Array(items) => items.into_iter().map(|value| Entry { key: None, value }).collect(),
        Value::Object(fields) => fields.into_iter().map(|(key, value)| Entry { key: Some(key), value }).collect(),
        _ => Vec::new(),
    }
}

/// What `ItemSelector` makes of each item. What the items share is evaluated once: there may be many.
fn selected(
    view: &View<'_>,
    selector: &Value,
    items: &[Entry],
    draft: &mut Draft<'_>,
) -> Result<Vec<Value>, DataError> {
    let mut scope = view.scope();
    let input = view.effective_input(&scope, draft)?.value(draft);
    let mut bindings = scope.bindings(&input, None, None);
    let select = |(index, item): (usize, &Entry)| {
        let map = json!({ "Item": item.context(index) });
        match view.state.query_language {
            QueryLanguage::JsonPath => {
                scope.context["Map"] = map;
                template::evaluate(selector, &scope.env(&input), draft.chance)
            }
            QueryLanguage::Jsonata => {
                bindings["states"]["context"]["Map"] = map;
                scope.compute("ItemSelector", selector, &bindings, draft.now, draft.chance)
            }
        }
    };
    items.iter().enumerate().map(select).collect()
}

/// As few batches as the limits allow, none of them empty.
fn batches(batcher: &Batcher, shared: Option<&Value>, items: Vec<Value>) -> Vec<Value> {
    let batch = |items: &[Value]| match shared {
        Some(shared) => json!({ "BatchInput": shared, "Items": items }),
        None => json!({ "Items": items }),
    };
    let (most_items, most_bytes) = (batcher.max_items.unwrap_or(u64::MAX), batcher.max_bytes.unwrap_or(u64::MAX));
    let empty = batch(&[]).to_string().len() as u64;
    let mut open: Vec<Vec<Value>> = Vec::new();
    let mut size = 0;
    for item in items {
        let bytes = item.to_string().len() as u64;
        match open.last_mut() {
            Some(last) if (last.len() as u64) < most_items && size + 1 + bytes <= most_bytes => {
                size += 1 + bytes;
                last.push(item);
            }
            _ => {
                size = empty + bytes;
                open.push(vec![item]);
            }
        }
    }
    open.iter().map(|items| batch(items)).collect()
}

/// Items as AWS shows them: in a list a blank between two items, none inside them.
fn listed(items: &Value) -> String {
    match items {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(Value::to_string).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

/// The error name of a Map with too many failed iterations.
pub(super) const EXCEEDED: &str = "States.ExceedToleratedFailureThreshold";

/// Its cause.
pub(super) const TOO_MANY_FAILED: &str = "The specified tolerated failure threshold was exceeded";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(max_items: Option<u64>, max_bytes: Option<u64>, items: &[u64], expect: &str) {
        let batcher = Batcher { max_items, max_bytes, input: None };
        let items = items.iter().map(|item| json!(item)).collect();
        assert_eq!(listed(&Value::Array(batches(&batcher, None, items))), expect);
    }

    #[test]
    fn batches_keep_to_their_limits() {
        check(Some(2), None, &[1, 2, 3], r#"[{"Items":[1,2]}, {"Items":[3]}]"#);
        check(None, Some(15), &[1, 2, 3], r#"[{"Items":[1,2]}, {"Items":[3]}]"#);
        check(None, Some(1), &[1, 2], r#"[{"Items":[1]}, {"Items":[2]}]"#);
        check(None, None, &[1, 2], r#"[{"Items":[1,2]}]"#);
        check(Some(2), None, &[], "[]");
    }
}
