//! Secrets taken out of an answer before it enters the machine, and with it every history and every fixture.
//!
//! Owns which answers hold text that others wrote. Names, identifiers and the layers that people write stay as they are: what
//! is looked up by them, or judged by them, must not change.

use serde_json::Value;

use crate::shape::Read;
use crate::text::{redact, redact_addresses, redact_value, visible};

/// Takes credentials, tokens, passwords and personal addresses out of the answer of a read.
pub fn take_secrets(read: &Read, answer: &mut Value) {
    match read {
        Read::Logs { .. } => each(answer, "lines", |line| clean(line, "message")),
        Read::Changes { .. } => each(answer, "changes", |change| clean(change, "action")),
        Read::Alarm { .. } => clean(answer, "reason"),
        Read::ActiveAlarms { .. } => each(answer, "alarms", |alarm| clean(alarm, "reason")),
        Read::Precedents { .. } => each(answer, "precedents", |found| {
            if let Some(past) = found.get_mut("precedent") {
                ["cause", "reason", "remark"].iter().for_each(|field| clean(past, field));
            }
        }),
        Read::Configuration { .. } => {
            for (name, value) in answer.get_mut("attributes").and_then(Value::as_object_mut).into_iter().flatten() {
                *value = redact_value(name, value);
            }
        }
        Read::Topology { .. }
        | Read::Governance {}
        | Read::Constraints {}
        | Read::KillSwitch {}
        | Read::RecentActions { .. }
        | Read::AlarmHistory { .. }
        | Read::Metrics { .. } => {}
    }
}

fn each(answer: &mut Value, list: &str, clean: impl Fn(&mut Value)) {
    answer.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten().for_each(clean);
}

fn clean(item: &mut Value, field: &str) {
    if let Some(Value::String(text)) = item.get_mut(field) {
        // What cannot be seen is taken out first, so that it hides no secret.
        *text = redact_addresses(&redact(&visible(text))).into_owned();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::example;

    #[track_caller]
    fn check(id: &str, mut answer: Value, expect: Value) {
        take_secrets(&example::observation(id, json!({})).read, &mut answer);
        assert_eq!(answer, expect);
    }

    #[test]
    fn what_others_wrote_is_cleaned() {
        check(
            "logs",
            json!({"group": "g", "lines": [{"at": "1", "message": "pass\u{200b}word=hunter22\nfrom 203.0.113.9"}]}),
            json!({"group": "g", "lines": [{"at": "1", "message": "password=[redacted]\nfrom [address]"}]}),
        );
        check(
            "precedents",
            json!({"precedents": [{"precedent": {"id": "i", "remark": "the token: abc123"}}]}),
            json!({"precedents": [{"precedent": {"id": "i", "remark": "the token: [redacted]"}}]}),
        );
        check(
            "configuration",
            json!({"attributes": {"timeout": 10, "environment": {"DB_PASSWORD": "hunter22"}}}),
            json!({"attributes": {"timeout": 10, "environment": {"DB_PASSWORD": "[redacted]"}}}),
        );
    }

    #[test]
    fn a_layer_that_people_wrote_stays_as_it_is_judged() {
        let layer = json!({"documents": [{"name": "a", "text": "password=hunter22"}], "version": "v"});
        check("governance", layer.clone(), layer);
    }
}
