//! Payload templates of JSONPath states: `Parameters`, `ResultSelector`, `ItemSelector`, `Assign` and their like.
//!
//! Owns what a field whose name ends in `.$` means: its value is a path or a call of an intrinsic function, and the field is
//! written without the ending. Everything else in a template stands for itself. Within an object, the plain fields come first, in
//! their order, then the computed ones in the order in which Step Functions writes them.

use serde_json::{Map, Value};

use super::{
    Chance, DataError, Env, RUNTIME,
    intrinsic::{self, Call},
    jsonpath::{NO_INPUT, Path, PathError, select},
    order,
};

/// Evaluates a payload template.
///
/// ```
/// use serde_json::{Map, json};
/// use statemachine::data::{Env, template};
///
/// let (input, context, variables) = (json!({ "n": 2 }), json!({}), Map::new());
/// let env = Env { input: &input, context: &context, variables: &variables };
/// let template = json!({ "twice.$": "States.MathAdd($.n, $.n)", "unit": "ms" });
/// assert_eq!(template::evaluate(&template, &env, &mut || 0).unwrap(), json!({ "unit": "ms", "twice": 4 }));
/// ```
pub fn evaluate(template: &Value, env: &Env<'_>, chance: &mut dyn Chance) -> Result<Value, DataError> {
    match template {
        Value::Object(members) => object(members, env, chance),
        Value::Array(items) => items.iter().map(|item| evaluate(item, env, chance)).collect(),
        plain => Ok(plain.clone()),
    }
}

/// Evaluates a text that is a path or a call of an intrinsic function, as fields such as `CausePath` hold it.
///
/// `field` is the field's name, for the wording of a failure.
pub fn evaluate_text(text: &str, field: &str, env: &Env<'_>, chance: &mut dyn Chance) -> Result<Value, DataError> {
    if Call::is_call(text) {
        let call = Call::parse(text).map_err(|_| malformed(field))?;
        return intrinsic::evaluate(&call, env, chance);
    }
    let path = Path::parse(text).map_err(|_| malformed(field))?;
    if path.root(env).is_some_and(Value::is_null) && path.is_input() {
        return Err(DataError::new(RUNTIME, NO_INPUT));
    }
    match select(&path, env) {
        // Of all that may be missing, Step Functions lets an index past the end of an array be null.
        Err(PathError::Missing { past_end: true, .. }) => Ok(Value::Null),
        selected => selected.map_err(|error| not_found(&path, field, &error, env)),
    }
}

/// The problems that a template has whatever its input: each the JSON pointer of the object it is in, and a message.
pub fn check(template: &Value) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    find_problems(template, String::new(), &mut problems);
    problems
}

/// The names of the variables that a template reads, without `$`, in order of appearance.
pub fn variables(template: &Value) -> Vec<String> {
    let mut names = Vec::new();
    find_variables(template, &mut names);
    names
}

/// The names of the variables that a path or a call reads.
pub fn text_variables(text: &str) -> Vec<String> {
    let named = |path: &Path| path.variable().map(str::to_owned);
    match Call::parse(text) {
        Ok(call) => call.paths().into_iter().filter_map(named).collect(),
        Err(_) => Path::parse(text).ok().as_ref().and_then(named).into_iter().collect(),
    }
}

fn object(members: &Map<String, Value>, env: &Env<'_>, chance: &mut dyn Chance) -> Result<Value, DataError> {
    let mut out = Map::new();
    let mut computed = Vec::new();
    for (name, value) in members {
        match (name.strip_suffix(ENDING), value) {
            (Some(stripped), Value::String(text)) => computed.push((stripped, evaluate_text(text, name, env, chance)?)),
            (Some(_), _) => return Err(malformed(name)),
            (None, value) => {
                out.insert(name.clone(), evaluate(value, env, chance)?);
            }
        }
    }
    for (name, value) in order::by_bucket(computed, |(name, _)| name) {
        out.insert(name.to_owned(), value);
    }
    Ok(Value::Object(out))
}

/// The value shown is the one that the path was applied to.
fn not_found(path: &Path, field: &str, error: &PathError, env: &Env<'_>) -> DataError {
    let reason = error.to_string();
    if reason.starts_with("Filter: ") {
        return DataError::new(RUNTIME, reason);
    }
    let input = path.root(env).unwrap_or(env.input);
    let text = path.text();
    DataError::new(
        RUNTIME,
        format!("The JSONPath '{text}' specified for the field '{field}' could not be found in the input '{input}'"),
    )
}

fn malformed(field: &str) -> DataError {
    DataError::new(RUNTIME, message(field))
}

fn message(field: &str) -> String {
    format!("The value for the field '{field}' must be a valid JSONPath or a valid intrinsic function call")
}

fn find_problems(template: &Value, pointer: String, problems: &mut Vec<(String, String)>) {
    match template {
        Value::Object(members) => {
            for (name, value) in members {
                if !name.ends_with(ENDING) {
                    find_problems(value, format!("{pointer}/{}", escaped(name)), problems);
                } else if let Value::String(text) = value {
                    if Call::parse(text).is_err() && Path::parse(text).is_err() {
                        problems.push((pointer.clone(), message(name)));
                    }
                } else {
                    let kind = kind(value);
                    let text = format!(
                        "The value for the field '{name}' must be a STRING that contains a JSONPath but was an {kind}"
                    );
                    problems.push((pointer.clone(), text));
                }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                find_problems(item, format!("{pointer}/{at}"), problems);
            }
        }
        _ => {}
    }
}

fn find_variables(template: &Value, names: &mut Vec<String>) {
    match template {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if name.ends_with(ENDING) => {
                        for variable in text_variables(text) {
                            if !names.contains(&variable) {
                                names.push(variable);
                            }
                        }
                    }
                    value => find_variables(value, names),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| find_variables(item, names)),
        _ => {}
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "NULL",
        Value::Bool(_) => "BOOLEAN",
        Value::Number(_) => "NUMBER",
        Value::String(_) => "STRING",
        Value::Array(_) => "ARRAY",
        Value::Object(_) => "OBJECT",
    }
}

/// A name as it stands in a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// What the name of a computed field ends in.
const ENDING: &str = ".$";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(template: Value, input: Value) -> Result<Value, DataError> {
        let context = json!({ "Execution": { "Input": { "int-literal": 0 } } });
        let Value::Object(variables) = json!({ "answer": 42, "obj": { "a": [1] } }) else { unreachable!() };
        evaluate(&template, &Env { input: &input, context: &context, variables: &variables }, &mut || 0)
    }

    /// Compares texts, so that the order of the fields counts.
    #[track_caller]
    fn check_text(template: Value, input: Value, expect: &str) {
        assert_eq!(run(template, input).unwrap().to_string(), expect);
    }

    #[track_caller]
    fn check_failure(template: Value, input: Value, cause: &str) {
        assert_eq!(run(template, input), Err(DataError::new("States.Runtime", cause)));
    }

    #[test]
    fn plain_values_stand_for_themselves() {
        let template = json!({ "a": "$.x", "b": [null, 1, 1.5, "States.UUID()", { "c": "$answer" }], "d": {} });
        assert_eq!(run(template.clone(), json!({})), Ok(template));
        assert_eq!(run(json!("$.x"), json!({})), Ok(json!("$.x")));
    }

    #[test]
    fn computed_fields_lose_their_ending_at_any_depth() {
        check_text(
            json!({ "list": [{ "x.$": "$.n" }, "plain"], "deep": { "y.$": "States.Format('{}!', $.n)" } }),
            json!({ "n": 1 }),
            r#"{"list":[{"x":1},"plain"],"deep":{"y":"1!"}}"#,
        );
        check_text(
            json!({ "a.$": "$answer", "b.$": "$obj.a[0]", "c.$": "$$.Execution.Input", "d.$": "$" }),
            json!([]),
            r#"{"a":42,"b":1,"c":{"int-literal":0},"d":[]}"#,
        );
    }

    #[test]
    fn plain_fields_come_first_then_computed_ones_by_bucket() {
        check_text(
            json!({ "TableName.$": "$.t", "Key.$": "$.k", "UpdateExpression.$": "$.u", "ExpressionAttributeValues.$": "$.e", "ReturnValues": "NEW" }),
            json!({ "t": 1, "k": 2, "u": 3, "e": 4 }),
            r#"{"ReturnValues":"NEW","TableName":1,"UpdateExpression":3,"Key":2,"ExpressionAttributeValues":4}"#,
        );
    }

    #[test]
    fn a_path_that_finds_nothing_names_its_field_and_what_it_was_applied_to() {
        check_failure(
            json!({ "missing.$": "$.nope.deep" }),
            json!({ "other": 1 }),
            r#"The JSONPath '$.nope.deep' specified for the field 'missing.$' could not be found in the input '{"other":1}'"#,
        );
        check_failure(
            json!({ "value.$": "$$.Execution.Input.no_such_jsonpath" }),
            json!({}),
            r#"The JSONPath '$$.Execution.Input.no_such_jsonpath' specified for the field 'value.$' could not be found in the input '{"Execution":{"Input":{"int-literal":0}}}'"#,
        );
        check_failure(
            json!({ "a": { "b.$": "$obj.c" } }),
            json!({}),
            r#"The JSONPath '$obj.c' specified for the field 'b.$' could not be found in the input '{"a":[1]}'"#,
        );
    }

    #[test]
    fn no_path_applies_to_an_input_that_is_null() {
        for path in ["$", "$.x", "$[*]"] {
            check_failure(json!({ "a.$": path }), json!(null), NO_INPUT);
        }
        assert_eq!(run(json!({ "a.$": "$answer" }), json!(null)), Ok(json!({ "a": 42 })));
    }

    #[test]
    fn an_index_past_the_end_is_null() {
        check_text(json!({ "a.$": "$.items[5]" }), json!({ "items": [1] }), r#"{"a":null}"#);
        assert!(run(json!({ "a.$": "$.items[5].x" }), json!({ "items": [1] })).is_err());
    }

    #[test]
    fn a_path_that_may_find_several_may_find_none() {
        check_text(json!({ "item.$": "$.item.items[1:5].itemValue" }), json!({}), r#"{"item":[]}"#);
    }

    #[test]
    fn problems_are_found_without_an_input_and_all_at_once() {
        let template = json!({ "a.$": "$.ok", "b.$": "States.format('x')", "c": { "d~/": [{ "e.$": 1 }] }, "f": "$.", "g.$": "nope" });
        assert_eq!(
            check(&template),
            [
                (
                    String::new(),
                    "The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call"
                        .to_owned()
                ),
                (
                    "/c/d~0~1/0".to_owned(),
                    "The value for the field 'e.$' must be a STRING that contains a JSONPath but was an NUMBER"
                        .to_owned()
                ),
                (
                    String::new(),
                    "The value for the field 'g.$' must be a valid JSONPath or a valid intrinsic function call"
                        .to_owned()
                ),
            ]
        );
    }

    #[test]
    fn the_variables_that_a_template_reads_are_known() {
        let template =
            json!({ "a.$": "$x.y", "b": [{ "c.$": "States.Array($z, $.q, States.Array($x))" }], "d": "$plain" });
        assert_eq!(variables(&template), ["x", "z"]);
    }
}
