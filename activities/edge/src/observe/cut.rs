//! Cutting an answer to the size that was asked: oldest points and lines first, farthest nodes first.
//!
//! Owns which end of which list is dispensable. A layer that people wrote is never cut: half a policy is none.

use serde_json::Value;

/// Cuts `answer` to at most `max_bytes` of JSON; says whether anything was cut, or nothing when it cannot be made to fit.
pub(super) fn to_size(answer: &mut Value, max_bytes: u32) -> Option<bool> {
    let most = usize::try_from(max_bytes).unwrap_or(usize::MAX);
    let mut truncated = false;
    while size(answer) > most {
        let before = size(answer);
        if !shorten(answer) || size(answer) >= before {
            return None;
        }
        truncated = true;
    }
    Some(truncated)
}

/// Takes about a tenth of the longest dispensable list away.
fn shorten(answer: &mut Value) -> bool {
    if let Some(series) = answer.get_mut("series").and_then(Value::as_array_mut) {
        let longest =
            series.iter_mut().filter_map(|one| one.get_mut("points")?.as_array_mut()).max_by_key(|points| points.len());
        return longest.is_some_and(drop_first);
    }
    if let Some(lines) = answer.get_mut("lines").and_then(Value::as_array_mut) {
        return drop_first(lines);
    }
    for list in ["neighbours", "precedents", "alarms", "transitions", "changes"] {
        if let Some(items) = answer.get_mut(list).and_then(Value::as_array_mut) {
            return drop_last(items);
        }
    }
    if let Some(Value::Object(attributes)) = answer.get_mut("attributes") {
        let largest = attributes.iter().max_by_key(|(_, value)| size(value)).map(|(name, _)| name.clone());
        return largest.is_some_and(|name| attributes.remove(&name).is_some());
    }
    false
}

fn drop_first(items: &mut Vec<Value>) -> bool {
    let many = portion(items.len());
    items.drain(..many);
    many > 0
}

fn drop_last(items: &mut Vec<Value>) -> bool {
    let many = portion(items.len());
    items.truncate(items.len() - many);
    many > 0
}

fn portion(length: usize) -> usize {
    length.div_ceil(10)
}

fn size(value: &Value) -> usize {
    value.to_string().len()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(mut answer: Value, max_bytes: u32, expect: Option<bool>) -> Value {
        assert_eq!(to_size(&mut answer, max_bytes), expect);
        assert!(expect.is_none() || size(&answer) <= usize::try_from(max_bytes).unwrap());
        answer
    }

    #[test]
    fn what_fits_stays() {
        assert_eq!(check(json!({"lines": [1, 2]}), 100, Some(false)), json!({"lines": [1, 2]}));
    }

    #[test]
    fn the_oldest_lines_and_points_go_first() {
        let lines: Vec<u32> = (100..200).collect();
        let cut = check(json!({"group": "g", "lines": lines}), 100, Some(true));
        assert_eq!(cut["lines"].as_array().unwrap().last(), Some(&json!(199)));
        let cut =
            check(json!({"series": [{"points": [1]}, {"points": (0..100).collect::<Vec<_>>()}]}), 100, Some(true));
        assert_eq!(cut["series"][0]["points"], json!([1]));
        assert_eq!(cut["series"][1]["points"].as_array().unwrap().last(), Some(&json!(99)));
    }

    #[test]
    fn the_farthest_nodes_go_first() {
        let cut = check(json!({"node": {"id": "a"}, "neighbours": (0..50).collect::<Vec<_>>()}), 80, Some(true));
        assert_eq!(cut["neighbours"][0], json!(0));
        assert_eq!(cut["node"]["id"], "a");
    }

    #[test]
    fn half_a_policy_is_none() {
        check(json!({"documents": [{"name": "a", "text": "x".repeat(200)}], "version": "v"}), 100, None);
    }
}
