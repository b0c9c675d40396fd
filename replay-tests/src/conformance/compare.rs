//! Whether what we wrote is what AWS wrote.

use std::collections::HashMap;

use regex::Regex;
use serde_json::{Map, Value};

/// Compares values, and remembers what each placeholder stands for.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    bound: HashMap<String, String>,
}

impl Matcher {
    /// The first difference between two histories, or `None` when they agree.
    pub fn histories(&mut self, expected: &[Value], observed: &[Value]) -> Option<String> {
        let expected: Vec<Value> = expected.iter().map(scrubbed).collect();
        let observed: Vec<Value> = observed.iter().map(|event| scrubbed(&normalised(event))).collect();
        if expected.iter().any(|event| event["id"].is_array()) {
            return self.unordered(&expected, &observed);
        }
        let before = self.clone();
        let strict = self.in_order(&expected, &observed)?;
        let mut causal = before;
        if causal.forests(&forest(&expected), &forest(&observed)) {
            *self = causal;
            return None;
        }
        Some(strict)
    }

    fn in_order(&mut self, expected: &[Value], observed: &[Value]) -> Option<String> {
        for (place, want) in expected.iter().enumerate() {
            let Some(got) = observed.get(place) else {
                return Some(format!("event {}: missing {}", place + 1, short(want)));
            };
            if let Some(difference) = self.difference(want, got, "") {
                return Some(format!(
                    "event {} {}: {difference}",
                    place + 1,
                    want["type"].as_str().unwrap_or_default()
                ));
            }
        }
        observed.get(expected.len()).map(|extra| format!("event {}: unexpected {}", expected.len() + 1, short(extra)))
    }

    /// A history whose order is not known: every recorded event must be there.
    fn unordered(&mut self, expected: &[Value], observed: &[Value]) -> Option<String> {
        let mut left: Vec<Value> = observed.to_vec();
        for want in expected {
            let mut want = want.clone();
            let known = want["id"].is_u64();
            let found = left.iter().position(|got| {
                let mut got = got.clone();
                if !known {
                    strip_ids(&mut want);
                    strip_ids(&mut got);
                }
                self.clone().difference(&want, &got, "").is_none()
            });
            match found {
                Some(place) => {
                    left.remove(place);
                }
                None => return Some(format!("no event like {}", short(&want))),
            }
        }
        // The recording leaves the joins of inner states out.
        left.iter()
            .find(|event| !event["type"].as_str().unwrap_or_default().starts_with("ParallelState"))
            .map(|e| format!("unexpected {}", short(e)))
    }

    fn forests(&mut self, expected: &[Tree], observed: &[Tree]) -> bool {
        if expected.len() != observed.len() {
            return false;
        }
        let mut left: Vec<&Tree> = observed.iter().collect();
        expected.iter().all(|want| {
            let found = left.iter().position(|got| {
                let mut attempt = self.clone();
                attempt.difference(&want.body, &got.body, "").is_none()
                    && attempt.forests(&want.children, &got.children)
            });
            found.is_some_and(|place| {
                let got = left.remove(place);
                self.difference(&want.body, &got.body, "").is_none() && self.forests(&want.children, &got.children)
            })
        })
    }

    /// The first difference between two values, or `None` when they agree.
    pub fn difference(&mut self, expected: &Value, observed: &Value, path: &str) -> Option<String> {
        match (expected, observed) {
            (Value::Object(want), Value::Object(got)) => {
                for (key, want) in want {
                    let path = format!("{path}/{key}");
                    match got.get(key) {
                        None => return Some(format!("{path}: missing, expected {}", short(want))),
                        Some(got) => {
                            if let Some(difference) = self.difference(want, got, &path) {
                                return Some(difference);
                            }
                        }
                    }
                }
                let extra = got.iter().find(|(key, _)| !want.contains_key(*key));
                extra.map(|(key, value)| format!("{path}/{key}: unexpected {}", short(value)))
            }
            (Value::Array(want), Value::Array(got)) if want.len() == got.len() => want
                .iter()
                .zip(got)
                .enumerate()
                .find_map(|(place, (want, got))| self.difference(want, got, &format!("{path}/{place}"))),
            (Value::String(want), Value::Number(_)) if WHATEVER.contains(&want.as_str()) => None,
            (Value::String(want), Value::String(got)) if self.texts(want, got) => None,
            (Value::String(want), Value::String(got)) if self.documents(want, got, path) => None,
            (Value::Number(want), Value::Number(got)) if want.as_f64() == got.as_f64() => None,
            (want, got) if want == got => None,
            (want, got) => Some(format!("{path}: {}, expected {}", short(got), short(want))),
        }
    }

    /// Whether two texts hold the same object: recordings do not keep how an answer's text was spaced. Nor do they
    /// where names in an array were replaced.
    fn documents(&mut self, expected: &str, observed: &str, path: &str) -> bool {
        let array = placeholder().is_match(expected);
        let parse = |text: &str| {
            serde_json::from_str::<Value>(text).ok().filter(|value| value.is_object() || array && value.is_array())
        };
        parse(expected).zip(parse(observed)).is_some_and(|(want, got)| self.difference(&want, &got, path).is_none())
    }

    /// Whether a text agrees with one that may hold placeholders; the same placeholder is the same text everywhere.
    fn texts(&mut self, expected: &str, observed: &str) -> bool {
        if expected == observed {
            return true;
        }
        let names: Vec<String> = placeholder().find_iter(expected).map(|m| m.as_str().to_owned()).collect();
        if names.is_empty() {
            return false;
        }
        let mut pattern = String::from("(?s)^");
        let mut at = 0;
        for found in placeholder().find_iter(expected) {
            pattern.push_str(&regex::escape(&expected[at..found.start()]));
            pattern.push_str("(.+?)");
            at = found.end();
        }
        pattern.push_str(&regex::escape(&expected[at..]));
        pattern.push('$');
        let Some(captures) = Regex::new(&pattern).ok().and_then(|regex| regex.captures(observed)) else { return false };
        names.iter().zip(captures.iter().skip(1)).all(|(name, text)| {
            let text = text.map_or("", |m| m.as_str());
            let free = WHATEVER.contains(&name.as_str());
            free || self.bound.entry(name.clone()).or_insert_with(|| text.to_owned()) == text
        })
    }
}

/// An event and what follows from it, without ids.
struct Tree {
    body: Value,
    children: Vec<Self>,
}

/// A history as trees along `previousEventId`; events that join branches stay at the root.
fn forest(events: &[Value]) -> Vec<Tree> {
    let joins = joins();
    let mut parents: Vec<Option<usize>> = Vec::new();
    let place_of: HashMap<u64, usize> =
        events.iter().enumerate().filter_map(|(place, e)| Some((e["id"].as_u64()?, place))).collect();
    for event in events {
        let join = joins.is_match(event["type"].as_str().unwrap_or_default());
        let previous = event["previousEventId"].as_u64().and_then(|id| place_of.get(&id).copied());
        parents.push(previous.filter(|_| !join));
    }
    fn grow(events: &[Value], parents: &[Option<usize>], parent: Option<usize>) -> Vec<Tree> {
        let places = (0..events.len()).filter(|place| parents[*place] == parent && parent != Some(*place));
        places
            .map(|place| {
                let mut body = events[place].clone();
                strip_ids(&mut body);
                Tree { body, children: grow(events, parents, Some(place)) }
            })
            .collect()
    }
    grow(events, &parents, None)
}

fn strip_ids(event: &mut Value) {
    if let Some(fields) = event.as_object_mut() {
        fields.remove("id");
        fields.remove("previousEventId");
    }
}

/// An event as recordings write it: texts that hold an object are parsed.
pub fn normalised(event: &Value) -> Value {
    match event {
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), normalised(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(normalised).collect()),
        Value::String(text) if text.starts_with('{') => serde_json::from_str(text).unwrap_or_else(|_| event.clone()),
        other => other.clone(),
    }
}

/// A value without what only another service's HTTP answer can supply.
fn scrubbed(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, _)| !BACKEND.contains(&name.as_str()));
            Value::Object(kept.map(|(name, value)| (name.clone(), scrubbed(value))).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(scrubbed).collect()),
        Value::String(text) if text.starts_with(['{', '[']) && BACKEND.iter().any(|key| text.contains(key)) => {
            serde_json::from_str::<Value>(text).map_or_else(|_| value.clone(), |inner| scrubbed(&inner))
        }
        other => other.clone(),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(300) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[expect(clippy::expect_used, reason = "the patterns are constants")]
fn placeholder() -> Regex {
    Regex::new(r"<[A-Za-z][A-Za-z0-9_:.\-]*>|\btimestamp\b|\bdate\b|snf_role_arn|\bmap_run_arn\b")
        .expect("the pattern is valid")
}

#[expect(clippy::expect_used, reason = "the patterns are constants")]
fn joins() -> Regex {
    Regex::new("^(MapState|ParallelState|MapRun|Execution)(Succeeded|Failed|Exited|Aborted|TimedOut)$")
        .expect("the pattern is valid")
}

/// What stands for any time, any random number, or any of several map runs.
const WHATEVER: [&str; 5] = ["timestamp", "date", "<date>", "RandomNumberGenerated", "map_run_arn"];
/// What only another service's HTTP answer, or a clock, can supply.
const BACKEND: [&str; 6] = [
    "SdkHttpMetadata",
    "SdkResponseMetadata",
    "X-Amzn-Trace-Id",
    "x-amzn-trace-id",
    "ResponseMetadata",
    "billedDurationInMilliseconds",
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(expected: Value, observed: Value, agree: bool) {
        assert_eq!(Matcher::default().difference(&expected, &observed, "").is_none(), agree, "{expected} {observed}");
    }

    #[test]
    fn the_same_placeholder_is_the_same_text() {
        check(json!(["<uuid:1>", "<uuid:1>"]), json!(["a", "a"]), true);
        check(json!(["<uuid:1>", "<uuid:1>"]), json!(["a", "b"]), false);
        check(json!(["<uuid:1>", "<uuid:2>"]), json!(["a", "b"]), true);
        check(json!("arn:x:<part>:y"), json!("arn:x:abc:y"), true);
        check(json!("arn:x:<part>:y"), json!("arn:z:abc:y"), false);
    }

    #[test]
    fn one_placeholder_stands_for_several_map_runs() {
        check(json!(["map_run_arn", "map_run_arn"]), json!(["a", "b"]), true);
    }

    #[test]
    fn an_array_in_which_names_were_replaced_may_be_spaced_otherwise() {
        check(json!(r#"[{"a": "<x>"}]"#), json!(r#"[{"a":"1"}]"#), true);
        check(json!(r#"[{"a": "<date>"}]"#), json!(r#"[{"a":1668699881}]"#), true);
        check(json!(r#"[{"a": "<x>"}]"#), json!(r#"[{"b":"1"}]"#), false);
        check(json!(r#"[{"a": 1}]"#), json!(r#"[{"a":1}]"#), false);
    }

    #[test]
    fn what_is_missing_or_added_is_a_difference() {
        check(json!({"a": 1}), json!({}), false);
        check(json!({}), json!({"a": 1}), false);
        check(json!([1]), json!([1, 2]), false);
        check(json!({"at": "timestamp"}), json!({"at": 12.5}), true);
    }

    #[test]
    fn another_interleaving_of_branches_agrees() {
        let event = |id: u64, previous: u64, kind: &str| json!({"id": id, "previousEventId": previous, "type": kind});
        let one = [event(1, 0, "S"), event(2, 1, "A"), event(3, 1, "B"), event(4, 2, "C")];
        let other = [event(1, 0, "S"), event(2, 1, "B"), event(3, 1, "A"), event(4, 3, "C")];
        let wrong = [event(1, 0, "S"), event(2, 1, "B"), event(3, 1, "A"), event(4, 2, "C")];
        assert_eq!(Matcher::default().histories(&one, &other), None);
        assert!(Matcher::default().histories(&one, &wrong).is_some());
    }
}
