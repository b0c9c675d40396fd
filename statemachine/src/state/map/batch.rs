//! What the next child execution of a map run gets: one item, or a batch of them.

use serde_json::{Value, json};

use crate::{
    data::DataError,
    definition::Map,
    execution::{Draft, Entry, MapRun},
    record::Batcher,
    state::{DATA_LIMIT_EXCEEDED, LARGEST_PAYLOAD, View, map::select},
};

/// The input of the next child, a JSON text, and how many items it takes.
pub(super) fn next(
    view: &View<'_>,
    map: &Map,
    run: &MapRun,
    draft: &mut Draft<'_>,
) -> Result<(String, u64), DataError> {
    let item = |place: u64, draft: &mut Draft<'_>| item(view, map, run, place, draft);
    let Some(batcher) = &run.settings.batcher else {
        let text = item(run.next_item, draft)?;
        return if text.len() > LARGEST_PAYLOAD { Err(too_large(LARGEST_PAYLOAD)) } else { Ok((text, 1)) };
    };
    let left = run.entries.len() as u64 - run.next_item;
    let shared = batcher.input.map(|input| draft.text(input).to_owned());
    batch(batcher, shared.as_deref(), left, |place| item(run.next_item + place, draft))
}

/// As many items as the batcher allows, at least one, with what all batches share.
fn batch(
    batcher: &Batcher,
    shared: Option<&str>,
    left: u64,
    mut item: impl FnMut(u64) -> Result<String, DataError>,
) -> Result<(String, u64), DataError> {
    let opening = shared.map_or_else(|| "{".to_owned(), |shared| format!("{{\"BatchInput\":{shared},"));
    let most_bytes = batcher.max_bytes.map_or(LARGEST_PAYLOAD, |most| most.min(LARGEST_PAYLOAD as u64) as usize);
    let most_items = batcher.max_items.unwrap_or(u64::MAX).min(left);
    let mut text = format!("{opening}\"Items\":[");
    let mut taken = 0;
    while taken < most_items {
        let item = item(taken)?;
        let comma = usize::from(taken > 0);
        // The end of the text is `]}`.
        if text.len() + comma + item.len() + 2 > most_bytes {
            break;
        }
        if taken > 0 {
            text.push(',');
        }
        text.push_str(&item);
        taken += 1;
    }
    if taken == 0 {
        return Err(too_large(most_bytes));
    }
    text.push_str("]}");
    Ok((text, taken))
}

/// An item as a child gets it: what `ItemSelector` makes of it, else the item itself.
fn item(view: &View<'_>, map: &Map, run: &MapRun, place: u64, draft: &mut Draft<'_>) -> Result<String, DataError> {
    let Some(entry) = run.entries.get(place as usize) else { return Ok(Value::Null.to_string()) };
    match &map.item_selector {
        Some(selector) => {
            select(view, selector, context(entry, place, run.source(place)), draft).map(|v| v.to_string())
        }
        None => Ok(match &entry.key {
            Some(key) => json!({ "Key": key, "Value": entry.value }).to_string(),
            None => entry.value.to_string(),
        }),
    }
}

/// `Map.Item` of the context object.
fn context(entry: &Entry, place: u64, source: &str) -> Value {
    match &entry.key {
        Some(key) => json!({ "Index": place, "Key": key, "Value": entry.value, "Source": source }),
        None => json!({ "Index": place, "Value": entry.value, "Source": source }),
    }
}

fn too_large(most: usize) -> DataError {
    DataError::new(DATA_LIMIT_EXCEEDED, format!("The input of a child execution exceeds {most} bytes."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(max_items: Option<u64>, max_bytes: Option<u64>, shared: Option<&str>, items: &[&str], expect: &str) {
        let batcher = Batcher { max_items, max_bytes, input: None };
        let mut batches = Vec::new();
        let mut from = 0;
        while from < items.len() {
            let rest = &items[from..];
            match batch(&batcher, shared, rest.len() as u64, |place| Ok(rest[place as usize].to_owned())) {
                Ok((text, taken)) => {
                    batches.push(text);
                    from += taken as usize;
                }
                Err(error) => {
                    batches.push(error.cause);
                    break;
                }
            }
        }
        assert_eq!(batches.join(" "), expect);
    }

    #[test]
    fn a_batch_has_a_most_of_items() {
        check(Some(2), None, None, &["1", "2", "3"], r#"{"Items":[1,2]} {"Items":[3]}"#);
        check(Some(9), None, Some(r#"{"a":1}"#), &["1"], r#"{"BatchInput":{"a":1},"Items":[1]}"#);
    }

    #[test]
    fn a_batch_has_a_most_of_bytes() {
        check(None, Some(15), None, &["1", "2", "3"], r#"{"Items":[1,2]} {"Items":[3]}"#);
        check(Some(1), Some(15), None, &["1", "2"], r#"{"Items":[1]} {"Items":[2]}"#);
        check(None, None, None, &["1", "2", "3"], r#"{"Items":[1,2,3]}"#);
    }

    #[test]
    fn an_item_that_fits_no_batch_is_refused() {
        check(
            None,
            Some(14),
            None,
            &["1", "\"long\""],
            r#"{"Items":[1]} The input of a child execution exceeds 14 bytes."#,
        );
    }
}
