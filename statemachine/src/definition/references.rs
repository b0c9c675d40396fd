//! Which variables each state reads: what DescribeStateMachine shows as `variableReferences`.
//!
//! Reads the definition's text again, for a checked definition keeps no text of what it does not run. What a block inside a
//! state reads counts for the states of that block only.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Definition, QueryLanguage, State, check};
use crate::data::{jsonata, template};

impl Definition {
    /// The names of the workflow variables that each state reads, without `$` and in the order of `text`, by the name of the
    /// state; states that read none are left out.
    ///
    /// `text` is what the definition was parsed from.
    ///
    /// ```
    /// use statemachine::Definition;
    ///
    /// let text = r#"{"StartAt": "A", "States": {
    ///     "A": {"Type": "Pass", "Assign": {"total.$": "$.sum"}, "Next": "B"},
    ///     "B": {"Type": "Wait", "SecondsPath": "$total", "End": true}}}"#;
    /// let references = Definition::parse(text).unwrap().variable_references(text);
    /// assert_eq!(references["B"], ["total"]);
    /// assert!(!references.contains_key("A"));
    /// ```
    #[must_use]
    pub fn variable_references(&self, text: &str) -> BTreeMap<String, Vec<String>> {
        let Ok(whole) = serde_json::from_str::<Value>(text) else { return BTreeMap::new() };
        let assigned: BTreeSet<&str> = self.states.iter().flat_map(check::assigned).collect();
        let read = self.states.iter().filter_map(|state| {
            let names = references(state, whole.pointer(&state.pointer)?, &assigned);
            (!names.is_empty()).then(|| (state.name.clone(), names))
        });
        read.collect()
    }
}

fn references(state: &State, text: &Value, assigned: &BTreeSet<&str>) -> Vec<String> {
    let mut found = Vec::new();
    for (field, value) in text.as_object().into_iter().flatten().filter(|(field, _)| !INSIDE.contains(&field.as_str()))
    {
        match state.query_language {
            QueryLanguage::JsonPath => paths(field, value, &mut found),
            // Functions and the names of an expression's own are variables of JSONata, but not of the workflow.
            QueryLanguage::Jsonata => {
                found.extend(jsonata::variables(value).into_iter().filter(|name| assigned.contains(name.as_str())));
            }
        }
    }
    let mut seen = BTreeSet::new();
    found.retain(|name| seen.insert(name.clone()));
    found
}

/// The variables in a field of a JSONPath state, at any depth.
fn paths(field: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        _ if TEMPLATES.contains(&field) => found.extend(template::variables(value)),
        Value::String(text) if field == "Variable" || field.ends_with("Path") => {
            found.extend(template::text_variables(text));
        }
        Value::Array(items) => items.iter().for_each(|item| paths("", item, found)),
        Value::Object(fields) => fields.iter().for_each(|(field, value)| paths(field, value, found)),
        _ => {}
    }
}

/// The fields that hold templates, in which only a name with `.$` makes a path of its text.
const TEMPLATES: [&str; 6] = ["Parameters", "ResultSelector", "Assign", "ItemSelector", "BatchInput", "Credentials"];

/// The fields that hold blocks, and the one whose text is never read.
const INSIDE: [&str; 4] = ["Branches", "ItemProcessor", "Iterator", "Result"];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(states: &str, expect: &[(&str, &[&str])]) {
        let text = format!(r#"{{"StartAt":"A","States":{states}}}"#);
        let found = Definition::parse(&text).unwrap().variable_references(&text);
        let found: Vec<(&str, Vec<&str>)> =
            found.iter().map(|(state, names)| (state.as_str(), names.iter().map(String::as_str).collect())).collect();
        assert_eq!(found, expect.iter().map(|(state, names)| (*state, names.to_vec())).collect::<Vec<_>>(), "{text}");
    }

    #[test]
    fn paths_and_calls_read_variables() {
        check(
            r#"{"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","InputPath":"$in.part","Parameters":
                {"FunctionName.$":"$b[0]","Payload":{"d.$":"States.Format('{} {}', $e.f, $b)","SomePath":"$text"}},"TimeoutSecondsPath":"$t",
                "ResultSelector":{"r.$":"$.r"},"Catch":[{"ErrorEquals":["States.ALL"],"Assign":{"x.$":"$y"},"Next":"B"}],
                "Next":"B"},"B":{"Type":"Succeed"}}"#,
            &[("A", &["in", "b", "e", "t", "y"])],
        );
    }

    #[test]
    fn a_choice_reads_what_its_rules_compare() {
        check(
            r#"{"A":{"Type":"Choice","Choices":[{"And":[{"Variable":"$a","NumericEqualsPath":"$b.c"},
                {"Not":{"Variable":"$$.State.Name","StringEquals":"$text"}}],"Next":"B"}],"Default":"B"},
                "B":{"Type":"Fail","ErrorPath":"$e","CausePath":"States.Format('{}', $c)"}}"#,
            &[("A", &["a", "b"]), ("B", &["e", "c"])],
        );
    }

    #[test]
    fn an_expression_reads_only_what_the_workflow_assigns() {
        check(
            r#"{"A":{"Type":"Pass","QueryLanguage":"JSONata","Assign":{"x":1,"f":2},"Next":"B"},
                "B":{"Type":"Pass","QueryLanguage":"JSONata","End":true,
                    "Output":["{% ($z := $x; $sum([$z, $x, $states.input.n])) %}",{"o":"{% $map([1], function($i) { $i + $f }) %}"}]}}"#,
            &[("B", &["x", "f"])],
        );
    }

    #[test]
    fn a_block_reads_for_itself() {
        check(
            r#"{"A":{"Type":"Map","ItemsPath":"$list","ItemProcessor":{"StartAt":"I","States":{
                "I":{"Type":"Pass","Parameters":{"v.$":"$inner"},"End":true}}},"End":true}}"#,
            &[("A", &["list"]), ("I", &["inner"])],
        );
    }
}
