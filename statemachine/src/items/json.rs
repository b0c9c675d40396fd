//! JSON files and JSON Lines files.

use serde_json::{Map, Value};

use super::{Gathered, ReadError};

/// What a JSON file holds.
pub(super) enum Held {
    /// A list, which has been added to the items.
    List,
    /// An object whose fields are the items.
    Fields(Map<String, Value>),
}

/// Adds the items of a JSON file: the elements of the array that it holds, or that the pointer finds in it.
///
/// A pointer may also find an object. A file that is itself an object is refused, as recorded executions show.
pub(super) fn read(text: &str, pointer: Option<&str>, into: &mut Gathered) -> Result<Held, ReadError> {
    let whole: Value = serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text))
        .map_err(|error| ReadError::InvalidJson(error.to_string()))?;
    let pointer = pointer.filter(|pointer| !pointer.is_empty());
    let found = match pointer {
        None => whole,
        Some(pointer) => found(whole, pointer).ok_or(ReadError::NotIterable)?,
    };
    match found {
        Value::Array(items) => {
            for item in items {
                let bytes = item.to_string().len();
                into.push(item, bytes)?;
            }
            Ok(Held::List)
        }
        Value::Object(fields) if pointer.is_some() => Ok(Held::Fields(fields)),
        _ => Err(ReadError::NotIterable),
    }
}

/// Adds one item for each line.
pub(super) fn read_lines(text: &str, into: &mut Gathered) -> Result<(), ReadError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (place, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if into.is_full() {
            break;
        }
        let item = serde_json::from_str(line)
            .map_err(|error| ReadError::InvalidLine { line: place + 1, problem: error.to_string() })?;
        into.push(item, line.len())?;
    }
    Ok(())
}

/// The value at a JSON pointer (RFC 6901), taken out of the whole.
fn found(mut whole: Value, pointer: &str) -> Option<Value> {
    whole.pointer_mut(pointer).map(Value::take)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, pointer: Option<&str>, most: Option<u64>, expect: &str) {
        let mut items = Gathered::up_to(most);
        let shown = match read(text, pointer, &mut items) {
            Ok(Held::List) => Value::Array(items.items).to_string(),
            Ok(Held::Fields(fields)) => Value::Object(fields).to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expect);
    }

    #[track_caller]
    fn check_lines(text: &str, most: Option<u64>, expect: &str) {
        let mut items = Gathered::up_to(most);
        let shown = match read_lines(text, &mut items) {
            Ok(()) => Value::Array(items.items).to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expect);
    }

    #[test]
    fn a_file_holds_an_array() {
        check(r#"[1, {"b":2,"a":1}]"#, None, None, r#"[1,{"b":2,"a":1}]"#);
        check("[1,2,3]", None, Some(2), "[1,2]");
        check("[]", Some(""), None, "[]");
        check("{}", None, None, "Attempting to map over non-iterable node.");
        check("7", None, None, "Attempting to map over non-iterable node.");
        check("[1", None, None, "The file is not valid JSON: EOF while parsing a list at line 1 column 2");
    }

    #[test]
    fn a_pointer_finds_the_items() {
        let file = r#"{"a": {"b/c": [1, 2], "d": {"x": 1}, "e": 5}}"#;
        check(file, Some("/a/b~1c"), None, "[1,2]");
        check(file, Some("/a/d"), None, r#"{"x":1}"#);
        check(file, Some("/a/e"), None, "Attempting to map over non-iterable node.");
        check(file, Some("/z"), None, "Attempting to map over non-iterable node.");
    }

    #[test]
    fn every_line_is_an_item() {
        check_lines("{\"a\":1}\n\n[2]\r\n3", None, r#"[{"a":1},[2],3]"#);
        check_lines("1\n2\n", Some(1), "[1]");
        check_lines(
            "1\n{\n",
            None,
            "Line 2 of the file is not valid JSON: EOF while parsing an object at line 1 column 1",
        );
        check_lines("", None, "[]");
    }

    #[test]
    fn an_item_has_a_limit() {
        let large = format!("[\"{}\"]", "x".repeat(9 * 1024 * 1024));
        check(&large, None, None, "An item of the data set exceeds 8 MiB.");
    }
}
