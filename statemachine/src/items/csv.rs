//! Delimited text, as the item reader takes it: RFC 4180 quotes, and a backslash that escapes.
//!
//! Every field is a text. A row that is too short is filled with empty texts, one that is too long is cut, an empty
//! line is no row.

use serde_json::{Map, Value};

use super::{Gathered, ReadError};
use crate::data::order::by_bucket;

/// How delimited text is written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Csv {
    /// What stands between two fields.
    pub delimiter: Delimiter,
    /// Where the names of the columns are.
    pub headers: Headers,
}

/// `CSVDelimiter`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delimiter {
    /// `COMMA`
    #[default]
    Comma,
    /// `PIPE`
    Pipe,
    /// `SEMICOLON`
    Semicolon,
    /// `SPACE`
    Space,
    /// `TAB`
    Tab,
}

/// `CSVHeaderLocation` with `CSVHeaders`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Headers {
    /// `FIRST_ROW`
    #[default]
    FirstRow,
    /// `GIVEN`
    Given(Vec<String>),
}

impl Delimiter {
    /// The delimiter of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "COMMA" => Self::Comma,
            "PIPE" => Self::Pipe,
            "SEMICOLON" => Self::Semicolon,
            "SPACE" => Self::Space,
            "TAB" => Self::Tab,
            _ => return None,
        })
    }

    fn character(self) -> char {
        match self {
            Self::Comma => ',',
            Self::Pipe => '|',
            Self::Semicolon => ';',
            Self::Space => ' ',
            Self::Tab => '\t',
        }
    }
}

/// Adds one item for each row: an object with a field for each column.
pub(super) fn read(text: &str, csv: &Csv, into: &mut Gathered) -> Result<(), ReadError> {
    let mut rows = Rows { rest: text.strip_prefix('\u{feff}').unwrap_or(text), delimiter: csv.delimiter.character() };
    let headers = match &csv.headers {
        Headers::Given(names) => names.clone(),
        Headers::FirstRow => match rows.next() {
            Some(names) => names,
            None => return Ok(()),
        },
    };
    let columns = columns(&headers)?;
    while !into.is_full() {
        let Some(row) = rows.next() else { break };
        let bytes = row.iter().map(String::len).sum();
        into.push(object(&columns, &row), bytes)?;
    }
    Ok(())
}

/// The columns, each with its place in a row, in the order in which an item shows them.
fn columns(headers: &[String]) -> Result<Vec<(usize, String)>, ReadError> {
    if headers.iter().map(String::len).sum::<usize>() > LARGEST_HEADERS {
        return Err(ReadError::HeadersTooLarge);
    }
    let mut sorted: Vec<&String> = headers.iter().collect();
    sorted.sort();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(ReadError::DuplicateHeaders);
    }
    Ok(by_bucket(headers.iter().cloned().enumerate().collect(), |(_, name)| name))
}

fn object(columns: &[(usize, String)], row: &[String]) -> Value {
    let field =
        |(place, name): &(usize, String)| (name.clone(), Value::String(row.get(*place).cloned().unwrap_or_default()));
    Value::Object(columns.iter().map(field).collect::<Map<_, _>>())
}

/// The rows of a text.
struct Rows<'t> {
    rest: &'t str,
    delimiter: char,
}

impl Iterator for Rows<'_> {
    type Item = Vec<String>;

    fn next(&mut self) -> Option<Vec<String>> {
        while let Some(rest) = line_end(self.rest) {
            self.rest = rest;
        }
        if self.rest.is_empty() {
            return None;
        }
        let mut row = Vec::new();
        loop {
            let (field, more) = self.field();
            row.push(field);
            if !more {
                return Some(row);
            }
        }
    }
}

impl Rows<'_> {
    /// The next field, and whether another follows in the row.
    fn field(&mut self) -> (String, bool) {
        let mut field = String::new();
        let mut quoted = false;
        if let Some(rest) = self.rest.strip_prefix('"') {
            (self.rest, quoted) = (rest, true);
        }
        while let Some(next) = self.rest.chars().next() {
            if !quoted {
                if let Some(rest) = line_end(self.rest) {
                    self.rest = rest;
                    return (field, false);
                }
                if next == self.delimiter {
                    self.rest = &self.rest[next.len_utf8()..];
                    return (field, true);
                }
            }
            self.rest = &self.rest[next.len_utf8()..];
            match next {
                '\\' => field.extend(self.escaped()),
                '"' if quoted => match self.rest.strip_prefix('"') {
                    Some(rest) => {
                        field.push('"');
                        self.rest = rest;
                    }
                    None => quoted = false,
                },
                other => field.push(other),
            }
        }
        (field, false)
    }

    /// What a backslash lets through: itself, a quote or the delimiter; before anything else it is dropped.
    fn escaped(&mut self) -> Option<char> {
        let next = self.rest.chars().next().filter(|next| *next == '\\' || *next == '"' || *next == self.delimiter)?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }
}

/// What follows the end of a line, if the text begins with one.
fn line_end(text: &str) -> Option<&str> {
    text.strip_prefix("\r\n").or_else(|| text.strip_prefix(['\n', '\r']))
}

/// The most bytes that the names of the columns may have together.
const LARGEST_HEADERS: usize = 10 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, delimiter: &str, headers: &[&str], most: Option<u64>, expect: &str) {
        let headers = match headers {
            [] => Headers::FirstRow,
            names => Headers::Given(names.iter().map(|name| (*name).to_owned()).collect()),
        };
        let csv = Csv { delimiter: Delimiter::named(delimiter).unwrap(), headers };
        let mut items = Gathered::up_to(most);
        let shown = match read(text, &csv, &mut items) {
            Ok(()) => Value::Array(items.items).to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expect);
    }

    #[test]
    fn the_first_row_names_the_columns() {
        check("a,b\n1,2\n3,4\n", "COMMA", &[], None, r#"[{"a":"1","b":"2"},{"a":"3","b":"4"}]"#);
        check("\u{feff}a\r\n1\r\n\r\n2", "COMMA", &[], None, r#"[{"a":"1"},{"a":"2"}]"#);
        check("", "COMMA", &[], None, "[]");
        check("a,b\n", "COMMA", &[], None, "[]");
    }

    #[test]
    fn a_row_is_filled_or_cut() {
        check(
            "1\n1,2,3\n   \n,\n",
            "COMMA",
            &["a", "b"],
            None,
            r#"[{"a":"1","b":""},{"a":"1","b":"2"},{"a":"   ","b":""},{"a":"","b":""}]"#,
        );
    }

    #[test]
    fn quotes_hide_delimiters_line_ends_and_quotes() {
        check("a,b\n\"x,\"\"y\"\"\n\",'z'\n", "COMMA", &[], None, r#"[{"a":"x,\"y\"\n","b":"'z'"}]"#);
        check("a\n\"never closed\n", "COMMA", &[], None, r#"[{"a":"never closed\n"}]"#);
        check("a\nx\"y\"\n", "COMMA", &[], None, r#"[{"a":"x\"y\""}]"#);
    }

    #[test]
    fn a_backslash_escapes() {
        check(
            "path,size\nC:\\\\Program Files\\\\App.exe,6534512",
            "COMMA",
            &[],
            None,
            r#"[{"path":"C:\\Program Files\\App.exe","size":"6534512"}]"#,
        );
        check("a|b\nx\\|y|\\n", "PIPE", &[], None, r#"[{"a":"x|y","b":"n"}]"#);
    }

    #[test]
    fn every_delimiter_separates() {
        for (name, character) in [("COMMA", ','), ("PIPE", '|'), ("SEMICOLON", ';'), ("SPACE", ' '), ("TAB", '\t')] {
            check(&format!("a{character}b\n1{character}2"), name, &[], None, r#"[{"a":"1","b":"2"}]"#);
        }
    }

    #[test]
    fn names_come_once() {
        check("a,a\n1,2", "COMMA", &[], None, "CSV headers cannot contain duplicates.");
        check("a,,\n1,2,3", "COMMA", &[], None, "CSV headers cannot contain duplicates.");
        check("a,\n1,2,3", "COMMA", &[], None, r#"[{"":"2","a":"1"}]"#);
        check("", "COMMA", &["a", "b", "a"], None, "CSV headers cannot contain duplicates.");
        check(&"a".repeat(20_000), "COMMA", &[], None, "CSV headers cannot exceed 10 KiB.");
    }

    #[test]
    fn columns_have_the_order_that_step_functions_gives_them() {
        let row = "1,307,3.5,1256677221";
        let shown = r#"[{"rating":"3.5","movieId":"307","userId":"1","timestamp":"1256677221"}]"#;
        check(row, "COMMA", &["userId", "movieId", "rating", "timestamp"], None, shown);
        check("0,True,{}\nx,y,z", "COMMA", &[], None, r#"[{"0":"x","{}":"z","True":"y"}]"#);
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_quoted_is_read_back(rows in proptest::collection::vec(proptest::array::uniform3(".*"), 0..6)) {
            let quoted = |field: &String| format!("\"{}\"", field.replace('\\', "\\\\").replace('"', "\"\""));
            let line = |row: &[String; 3]| row.iter().map(quoted).collect::<Vec<_>>().join(",");
            let text = rows.iter().map(line).collect::<Vec<_>>().join("\r\n");
            let columns = ["a", "b", "c"].map(str::to_owned);
            let csv = Csv { headers: Headers::Given(columns.to_vec()), ..Csv::default() };
            let mut items = Gathered::default();
            read(&text, &csv, &mut items).unwrap();
            let back: Vec<[String; 3]> =
                items.items.iter().map(|item| columns.clone().map(|name| item[&name].as_str().unwrap().to_owned())).collect();
            proptest::prop_assert_eq!(back, rows);
        }

        #[test]
        fn any_text_is_read(text in "[a,\"\\\\\r\n ]{0,40}") {
            let _ = read(&text, &Csv::default(), &mut Gathered::default());
        }
    }

    #[test]
    fn reading_stops_at_the_most_items() {
        check("a\n1\n2\n3", "COMMA", &[], Some(2), r#"[{"a":"1"},{"a":"2"}]"#);
    }
}
