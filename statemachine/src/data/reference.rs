//! Reference Paths: paths that name exactly one place, and so can be written to.
//!
//! Owns [`ReferencePath`], which `ResultPath` uses to put a result into the input. It does not read `$$` or variables: a reference
//! path stands for a place in the value at hand.

use serde_json::{Map, Value};

use super::{
    DataError, RESULT_PATH_MATCH_FAILURE,
    jsonpath::{Path, PathSyntaxError, ReferenceStep},
};

/// A path made of names and indices only, such as `$.report['pages'][0]`.
///
/// ```
/// use serde_json::json;
/// use statemachine::data::reference::ReferencePath;
///
/// let path = ReferencePath::parse("$.report.total").unwrap();
/// assert_eq!(path.set(json!({ "id": 7 }), json!(42)).unwrap(), json!({ "id": 7, "report": { "total": 42 } }));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferencePath {
    text: String,
    steps: Vec<ReferenceStep>,
}

impl ReferencePath {
    /// Reads a reference path; refuses wildcards, slices, filters, `..`, functions, negative indices, `$$` and variables.
    pub fn parse(text: &str) -> Result<Self, PathSyntaxError> {
        let refused = || PathSyntaxError {
            reason: format!("`{text}` is not a Reference Path: it may only name members and items"),
        };
        let steps = Path::parse(text)?.reference_steps().ok_or_else(refused)?;
        Ok(Self { text: text.to_owned(), steps })
    }

    /// The path as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the path is `$`, the value as a whole.
    pub fn is_root(&self) -> bool {
        self.steps.is_empty()
    }

    /// The value at this place, if there is one.
    pub fn get<'v>(&self, base: &'v Value) -> Option<&'v Value> {
        self.steps.iter().try_fold(base, |value, step| match step {
            ReferenceStep::Name(name) => value.as_object()?.get(name),
            ReferenceStep::Index(index) => value.as_array()?.get(*index),
        })
    }

    /// Puts a value at this place.
    ///
    /// Objects on the way that are missing, or null, are made. An item of an array must be there already. Anything else on the way
    /// is a `States.ResultPathMatchFailure`.
    pub fn set(&self, mut base: Value, value: Value) -> Result<Value, DataError> {
        match place(&mut base, &self.steps) {
            Some(place) => {
                *place = value;
                Ok(base)
            }
            None => Err(self.mismatch(&base)),
        }
    }

    fn mismatch(&self, base: &Value) -> DataError {
        DataError::new(
            RESULT_PATH_MATCH_FAILURE,
            format!("Unable to apply ReferencePath {} to input {base}", self.text),
        )
    }
}

fn place<'v>(value: &'v mut Value, steps: &[ReferenceStep]) -> Option<&'v mut Value> {
    let Some((step, rest)) = steps.split_first() else {
        return Some(value);
    };
    let next = match step {
        ReferenceStep::Name(name) => {
            if value.is_null() {
                *value = Value::Object(Map::new());
            }
            value.as_object_mut()?.entry(name.clone()).or_insert(Value::Null)
        }
        ReferenceStep::Index(index) => value.as_array_mut()?.get_mut(*index)?,
    };
    place(next, rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(path: &str, base: Value, expect: Value) {
        let path = ReferencePath::parse(path).unwrap();
        let set = path.set(base, json!("new")).unwrap();
        assert_eq!(set, expect);
        assert_eq!(path.get(&set), Some(&json!("new")));
    }

    #[test]
    fn a_member_is_added_or_replaced() {
        check("$.a", json!({}), json!({ "a": "new" }));
        check("$.a", json!({ "a": 1, "b": 2 }), json!({ "a": "new", "b": 2 }));
        check("$['a b']", json!({}), json!({ "a b": "new" }));
        check(r"$.a\.b", json!({}), json!({ "a.b": "new" }));
    }

    #[test]
    fn the_root_is_replaced_as_a_whole() {
        check("$", json!([1, 2]), json!("new"));
        assert!(ReferencePath::parse("$").unwrap().is_root());
    }

    #[test]
    fn objects_on_the_way_are_made() {
        check("$.a.b.c", json!({}), json!({ "a": { "b": { "c": "new" } } }));
        check("$.a.b", json!({ "a": null }), json!({ "a": { "b": "new" } }));
        check("$.a", json!(null), json!({ "a": "new" }));
    }

    #[test]
    fn an_item_that_is_there_is_replaced() {
        check("$.a[1]", json!({ "a": [1, 2] }), json!({ "a": [1, "new"] }));
        check("$[0].b", json!([{}]), json!([{ "b": "new" }]));
    }

    #[test]
    fn a_place_that_does_not_fit_is_refused_in_the_words_of_step_functions() {
        let cases = [
            ("$.a", json!("input1")),
            ("$.a.b", json!({ "a": 1 })),
            ("$.a[2]", json!({ "a": [1] })),
            ("$[0]", json!({})),
        ];
        for (path, base) in cases {
            let error = ReferencePath::parse(path).unwrap().set(base.clone(), json!(1)).unwrap_err();
            assert_eq!(error.error, "States.ResultPathMatchFailure");
            assert!(
                error.cause.starts_with(&format!("Unable to apply ReferencePath {path} to input ")),
                "{}",
                error.cause
            );
        }
    }

    #[test]
    fn a_refused_set_shows_the_input_it_met() {
        let error = ReferencePath::parse("$.someTaskResult").unwrap().set(json!("input1"), json!(1)).unwrap_err();
        assert_eq!(error.cause, r#"Unable to apply ReferencePath $.someTaskResult to input "input1""#);
    }

    #[test]
    fn what_names_several_places_or_none_is_not_a_reference_path() {
        for text in [
            "$.a[*]",
            "$..a",
            "$.a[0:1]",
            "$.a[-1]",
            "$['a','b']",
            "$.a.length()",
            "$$.a",
            "$v.a",
            "a",
            "",
            "$.",
            "$.a[?(@.b)]",
        ] {
            assert!(ReferencePath::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_was_set_is_read_back(names in prop::collection::vec("[a-z]{1,4}", 0..5), value in 0..100i64) {
            let text = names.iter().fold(String::from("$"), |text, name| format!("{text}['{name}']"));
            let path = ReferencePath::parse(&text).unwrap();
            let set = path.set(json!({}), json!(value)).unwrap();
            prop_assert_eq!(path.get(&set), Some(&json!(value)));
        }
    }
}
