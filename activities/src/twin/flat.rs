//! Legacy flat attributes (`subnet_ids.0 = "subnet-1"`) made nested again.
//!
//! Owns the flat form's three marks: `.#` counts a list or set, `.%` counts a map, everything else is a nested object.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Makes nested attributes from flat ones; values stay the texts that they are.
pub(super) fn unflatten(flat: Map<String, Value>) -> Map<String, Value> {
    let entries = flat.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
    object(entries, 0)
}

type Entries<'a> = Vec<(&'a str, Value)>;

fn object(entries: Entries<'_>, depth: usize) -> Map<String, Value> {
    by_first_step(entries, depth)
        .into_iter()
        .map(|(step, entries)| (step.to_owned(), value(entries, depth + 1)))
        .collect()
}

fn value(mut entries: Entries<'_>, depth: usize) -> Value {
    let is_map = entries.iter().any(|(key, _)| *key == "%");
    let is_list = entries.iter().any(|(key, _)| *key == "#");
    if is_map {
        entries.retain(|(key, _)| *key != "%");
        return Value::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect());
    }
    if is_list {
        entries.retain(|(key, _)| *key != "#");
        let mut items: Vec<_> = by_first_step(entries, depth).into_iter().collect();
        items.sort_by_key(|(step, _)| step.parse::<u64>().unwrap_or(u64::MAX));
        return Value::Array(items.into_iter().map(|(_, entries)| value(entries, depth + 1)).collect());
    }
    match entries.iter().position(|(key, _)| key.is_empty()) {
        Some(leaf) => entries.swap_remove(leaf).1,
        None => Value::Object(object(entries, depth)),
    }
}

fn by_first_step<'a>(entries: Entries<'a>, depth: usize) -> BTreeMap<&'a str, Entries<'a>> {
    let mut groups: BTreeMap<&'a str, Entries<'a>> = BTreeMap::new();
    for (key, value) in entries {
        // A key of endless dots is kept whole from some depth on, so that it cannot exhaust the stack.
        let (step, rest) = if depth < DEEPEST { key.split_once('.').unwrap_or((key, "")) } else { (key, "") };
        groups.entry(step).or_default().push((rest, value));
    }
    groups
}

const DEEPEST: usize = 32;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(flat: Value, expect: Value) {
        assert_eq!(Value::Object(unflatten(flat.as_object().unwrap().clone())), expect);
    }

    #[test]
    fn lists_sets_and_blocks() {
        check(
            json!({"vpc_config.#": "1", "vpc_config.0.subnet_ids.#": "2", "vpc_config.0.subnet_ids.9": "b", "vpc_config.0.subnet_ids.10": "c", "vpc_config.0.vpc_id": "v"}),
            json!({"vpc_config": [{"subnet_ids": ["b", "c"], "vpc_id": "v"}]}),
        );
        check(json!({"empty.#": "0", "none.%": "0"}), json!({"empty": [], "none": {}}));
    }

    #[test]
    fn map_keys_may_hold_dots() {
        check(json!({"tags.%": "1", "tags.kubernetes.io/name": "x"}), json!({"tags": {"kubernetes.io/name": "x"}}));
    }

    #[test]
    fn endless_dots_are_bounded() {
        let key = ".".repeat(200_000);
        assert_eq!(unflatten(json!({ key: "x" }).as_object().unwrap().clone()).len(), 1);
    }
}
