//! The members of a service's requests and answers: as the wire has them and as a state has them.
//!
//! Owns spelling (a state writes every member with a capital), maps (whose keys are data and stay), times (numbers on the wire,
//! ISO 8601 in a state) and blobs (base64 on the wire, text in a state).

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::task::names;

/// What is not plain about the members of a service.
#[derive(Debug, Default)]
pub(in crate::task) struct Members {
    /// Whether members begin with a small letter on the wire.
    is_small: bool,
    /// By the name on the wire: `l` list, `m` map, then `t` time, `b` blob, `d` document.
    kinds: HashMap<&'static str, &'static str>,
    /// From the name in a state to the one on the wire, where the rule does not lead there.
    spelled: HashMap<String, &'static str>,
}

/// How a state shows a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::task) enum Times {
    /// ISO 8601, as SDK integrations do.
    Iso,
    /// A number of milliseconds, as optimised integrations do.
    Millis,
}

impl Members {
    /// Reads `name:marks` pairs with spaces between.
    pub(super) fn read(is_small: bool, text: &'static str) -> Self {
        let mut members = Self { is_small, ..Self::default() };
        for (name, marks) in text.split(' ').filter_map(|pair| pair.split_once(':')) {
            let kind = marks.trim_end_matches('s');
            if kind.len() < marks.len() {
                members.spelled.insert(shown(name), name);
            }
            if !kind.is_empty() {
                members.kinds.insert(name, kind);
            }
        }
        members
    }

    /// A request, as the wire has it; members that are null are left out.
    pub(in crate::task) fn to_wire(&self, parameters: Map<String, Value>) -> Map<String, Value> {
        let member = |(name, value): (String, Value)| {
            let name = self.wire_name(&name);
            let kind = self.kind(&name);
            (!value.is_null()).then(|| (name, self.written(value, kind)))
        };
        parameters.into_iter().filter_map(member).collect()
    }

    /// An answer, as a state has it, its members sorted.
    pub(in crate::task) fn to_state(&self, answer: Map<String, Value>, times: Times) -> Map<String, Value> {
        let member = |(name, value): (String, Value)| {
            let value = self.shown(value, self.kind(&name), times);
            (!value.is_null()).then(|| (shown(&name), value))
        };
        let mut members: Map<String, Value> = answer.into_iter().filter_map(member).collect();
        members.sort_keys();
        members
    }

    fn wire_name(&self, name: &str) -> String {
        match self.spelled.get(name) {
            Some(wire) => (*wire).to_owned(),
            None if self.is_small => names::uncapitalised(name),
            None => name.to_owned(),
        }
    }

    fn kind(&self, wire_name: &str) -> &'static str {
        self.kinds.get(wire_name).copied().unwrap_or_default()
    }

    fn written(&self, value: Value, kind: &str) -> Value {
        match (kind.chars().next(), value) {
            (Some('d'), value) => value,
            (Some('l'), Value::Array(items)) => items.into_iter().map(|item| self.written(item, &kind[1..])).collect(),
            (Some('m'), Value::Object(entries)) => {
                let entry = |(key, value)| (key, self.written(value, &kind[1..]));
                Value::Object(entries.into_iter().map(entry).collect())
            }
            (Some('t'), Value::String(text)) => seconds(&text).unwrap_or(Value::String(text)),
            (Some('b'), Value::String(text)) => BASE64.encode(text).into(),
            (Some('b'), value) => BASE64.encode(value.to_string()).into(),
            (_, Value::Array(items)) => items.into_iter().map(|item| self.written(item, "")).collect(),
            (_, Value::Object(members)) => Value::Object(self.to_wire(members)),
            (_, value) => value,
        }
    }

    fn shown(&self, value: Value, kind: &str, times: Times) -> Value {
        match (kind.chars().next(), value) {
            (Some('d'), value) => value,
            (Some('l'), Value::Array(items)) => {
                items.into_iter().map(|item| self.shown(item, &kind[1..], times)).collect()
            }
            (Some('m'), Value::Object(entries)) => {
                let entry = |(key, value)| (key, self.shown(value, &kind[1..], times));
                Value::Object(entries.into_iter().map(entry).collect())
            }
            (Some('t'), Value::Number(seconds)) => {
                let millis = seconds.as_f64().map(|seconds| (seconds * 1000.0).round() as i64);
                millis.map_or(Value::Null, |millis| time(millis, times))
            }
            (Some('b'), Value::String(text)) => {
                let bytes = BASE64.decode(&text).ok();
                bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or(text).into()
            }
            (_, Value::Array(items)) => items.into_iter().map(|item| self.shown(item, "", times)).collect(),
            (_, Value::Object(members)) => Value::Object(self.to_state(members, times)),
            (_, value) => value,
        }
    }
}

/// How a state spells a member; the SDK's language has a word `null` of its own.
fn shown(name: &str) -> String {
    if name == "NULL" { "Nul".to_owned() } else { names::shown(name) }
}

/// A time of a request, as the wire has it.
fn seconds(text: &str) -> Option<Value> {
    let time: Timestamp = text.parse().ok()?;
    let millis = time.as_millisecond();
    Some(if millis % 1000 == 0 { json!(millis / 1000) } else { json!(millis as f64 / 1000.0) })
}

/// A time as a state shows it: without a fraction, or with three digits.
pub(in crate::task) fn time(millis: i64, times: Times) -> Value {
    if times == Times::Millis {
        return json!(millis);
    }
    let Ok(time) = Timestamp::from_millisecond(millis) else { return Value::Null };
    let whole = time.strftime("%Y-%m-%dT%H:%M:%S");
    match millis.rem_euclid(1000) {
        0 => format!("{whole}Z").into(),
        fraction => format!("{whole}.{fraction:03}Z").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::sdk::table;

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(object) = value else { panic!("{value}") };
        object
    }

    fn check(service: &str, state: Value, wire: Value) {
        let members = &table::find(service).unwrap().members;
        assert_eq!(Value::Object(members.to_wire(object(state.clone()))), wire, "to the wire");
        assert_eq!(Value::Object(members.to_state(object(wire), Times::Iso)), state, "to the state");
    }

    #[test]
    fn keys_of_maps_stay_as_they_are() {
        let item = json!({"SSN": {"S": "x"}, "id": {"M": {"INner": {"N": "1"}}}});
        check("dynamodb", json!({"Item": item, "TableName": "t"}), json!({"Item": item, "TableName": "t"}));
        let tags = json!({"teamName": "x"});
        check("cloudwatchlogs", json!({"LogGroupName": "g", "Tags": tags}), json!({"logGroupName": "g", "tags": tags}));
    }

    #[test]
    fn members_are_spelled_as_the_sdk_does() {
        check(
            "dynamodb",
            json!({"Item": {"a": {"Bool": true}, "b": {"Nul": true}, "c": {"Ss": ["x"]}}}),
            json!({"Item": {"a": {"BOOL": true}, "b": {"NULL": true}, "c": {"SS": ["x"]}}}),
        );
        check("sfn", json!({"StateMachineArn": "a"}), json!({"stateMachineArn": "a"}));
        check("secretsmanager", json!({"Arn": "a"}), json!({"ARN": "a"}));
    }

    #[test]
    fn times_are_numbers_on_the_wire_only() {
        check("sfn", json!({"StartDate": "2026-01-02T03:04:05.120Z"}), json!({"startDate": 1_767_323_045.12}));
        let wire = object(json!({"startDate": 1_767_323_045.0}));
        let members = &table::find("sfn").unwrap().members;
        let shown = |times| Value::Object(members.to_state(wire.clone(), times));
        assert_eq!(shown(Times::Iso), json!({"StartDate": "2026-01-02T03:04:05Z"}));
        assert_eq!(shown(Times::Millis), json!({"StartDate": 1_767_323_045_000_i64}));
    }

    #[test]
    fn blobs_are_base64_on_the_wire_only() {
        check("kinesis", json!({"Data": "text"}), json!({"Data": "dGV4dA=="}));
        let members = &table::find("kinesis").unwrap().members;
        let wire = members.to_wire(object(json!({"Data": {"a": 1}, "StreamName": null})));
        assert_eq!(Value::Object(wire), json!({"Data": BASE64.encode(r#"{"a":1}"#)}));
        let binary = object(json!({"Data": "//8="}));
        assert_eq!(members.to_state(binary.clone(), Times::Iso), binary, "what is not text stays base64");
    }
}
