//! What the service says of a text that is not JSON: its reader's words, and where it stood.
//!
//! Owns a second reading of texts that were refused already, for the sake of the message alone. It decides nothing: a text
//! in which it finds no fault keeps the words of serde, which refused it.

use std::fmt;

use serde::de::IgnoredAny;

/// Where a text stops being JSON, and why.
///
/// ```
/// use statemachine::syntax::fault;
///
/// let fault = fault("not a definition").unwrap();
/// assert!(fault.message.starts_with("Unrecognized token 'not': was expecting"));
/// assert_eq!(fault.location, r#"[Source: (String)"not a definition"; line: 1, column: 4]"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What was found, and what was expected.
    pub message: String,
    /// The beginning of the text, with the line and the column, counted from 1.
    pub location: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.message, self.location)
    }
}

/// Checks that a text is JSON; the error says what is wrong and where, in the words of the service.
///
/// # Errors
/// What follows the value, too.
pub fn check(text: &str) -> Result<(), String> {
    let told = |error: serde_json::Error| fault(text).map_or_else(|| error.to_string(), |fault| fault.to_string());
    serde_json::from_str::<IgnoredAny>(text).map(|_| ()).map_err(told)
}

/// The first fault of a text; `None` where there is none before its first value ends.
#[must_use]
pub fn fault(text: &str) -> Option<Fault> {
    let mut reader = Reader { text, rest: text, open: Vec::new() };
    let message = reader.value().err()?;
    Some(Fault { message, location: reader.location(reader.text.len() - reader.rest.len()) })
}

struct Reader<'t> {
    text: &'t str,
    /// What has not been read yet.
    rest: &'t str,
    /// The objects and arrays that are open: their brackets, and where they begin.
    open: Vec<(char, usize)>,
}

/// What may come next.
enum Expect {
    Value,
    /// A value, or the end of an array that has just begun.
    FirstItem,
    Name,
    /// A name, or the end of an object that has just begun.
    FirstName,
    Colon,
    /// A comma, or the end of what is open.
    Comma,
}

impl Reader<'_> {
    /// Reads one value, without recursion: the text may be of anybody.
    fn value(&mut self) -> Result<(), String> {
        let mut expect = Expect::Value;
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
            let Some(next) = self.take() else { return Err(self.ended()) };
            expect = match (expect, next) {
                (Expect::FirstItem, ']') | (Expect::FirstName, '}') => self.close(),
                (Expect::Value | Expect::FirstItem, _) => self.begin(next)?,
                (Expect::Name | Expect::FirstName, '"') => {
                    self.string()?;
                    Expect::Colon
                }
                (Expect::Name | Expect::FirstName, _) => {
                    return Err(unexpected(next, "was expecting double-quote to start field name"));
                }
                (Expect::Colon, ':') => Expect::Value,
                (Expect::Colon, _) => {
                    return Err(unexpected(next, "was expecting a colon to separate field name and value"));
                }
                (Expect::Comma, _) => match (self.open.last(), next) {
                    (Some(('{', _)), ',') => Expect::Name,
                    (Some(('[', _)), ',') => Expect::Value,
                    (Some(('{', _)), '}') | (Some(('[', _)), ']') => self.close(),
                    (Some(('{', _)), _) => {
                        return Err(unexpected(next, "was expecting comma to separate Object entries"));
                    }
                    _ => return Err(unexpected(next, "was expecting comma to separate Array entries")),
                },
            };
            if self.open.is_empty() {
                return Ok(());
            }
        }
    }

    /// Reads a value's beginning, and all of it if it is not an object or an array.
    fn begin(&mut self, first: char) -> Result<Expect, String> {
        match first {
            '{' | '[' => {
                self.open.push((first, self.text.len() - self.rest.len() - 1));
                return Ok(if first == '{' { Expect::FirstName } else { Expect::FirstItem });
            }
            '"' => self.string()?,
            '-' | '0'..='9' => self.rest = self.rest.trim_start_matches(|c: char| "0123456789.eE+-".contains(c)),
            _ if first.is_alphabetic() || first == '_' || first == '$' => {
                let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
                let (tail, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
                self.rest = rest;
                let token = format!("{first}{tail}");
                let more = if token.chars().count() > LONGEST_TOKEN { "..." } else { "" };
                let token: String = token.chars().take(LONGEST_TOKEN).collect();
                if !["null", "true", "false"].contains(&token.as_str()) {
                    return Err(format!("Unrecognized token '{token}{more}': was expecting {VALUES}"));
                }
            }
            _ => return Err(unexpected(first, &format!("expected a valid value {VALUES}"))),
        }
        Ok(Expect::Comma)
    }

    /// Reads a text up to its closing quote.
    fn string(&mut self) -> Result<(), String> {
        loop {
            match self.take() {
                None => return Err("Unexpected end-of-input: was expecting closing quote for a string value".into()),
                Some('"') => return Ok(()),
                Some('\\') => match self.take() {
                    Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' | 'u') => {}
                    Some(other) => return Err(format!("Unrecognized character escape {}", shown(other))),
                    None => return Err("Unexpected end-of-input in character escape sequence".into()),
                },
                Some(control) if control < ' ' => {
                    return Err(format!(
                        "Illegal unquoted character ({}): has to be escaped using backslash to be included in string value",
                        shown(control)
                    ));
                }
                Some(_) => {}
            }
        }
    }

    fn close(&mut self) -> Expect {
        self.open.pop();
        Expect::Comma
    }

    fn take(&mut self) -> Option<char> {
        let mut letters = self.rest.chars();
        let next = letters.next();
        self.rest = letters.as_str();
        next
    }

    fn ended(&self) -> String {
        match self.open.last() {
            None => "No content to map due to end-of-input".to_owned(),
            Some((bracket, at)) => {
                let kind = if *bracket == '{' { "Object" } else { "Array" };
                let start = self.location(*at);
                format!("Unexpected end-of-input: expected close marker for {kind} (start marker at {start})")
            }
        }
    }

    /// The place after so many bytes.
    fn location(&self, bytes: usize) -> String {
        let before = &self.text[..bytes];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().encode_utf16().count() + 1;
        let cut = self.text.char_indices().nth(SHOWN).map_or(self.text.len(), |(at, _)| at);
        let (head, tail) = self.text.split_at(cut);
        let more = if tail.is_empty() { String::new() } else { format!("[truncated {} chars]", tail.chars().count()) };
        format!("[Source: (String)\"{head}\"{more}; line: {line}, column: {column}]")
    }
}

fn unexpected(found: char, why: &str) -> String {
    format!("Unexpected character ({}): {why}", shown(found))
}

fn shown(letter: char) -> String {
    let code = u32::from(letter);
    if letter < ' ' { format!("(CTRL-CHAR, code {code})") } else { format!("'{letter}' (code {code})") }
}

const VALUES: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

/// How much of a word that is none is repeated, in characters.
const LONGEST_TOKEN: usize = 256;

/// How much of the text a location shows, in characters.
const SHOWN: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, message: &str, line: usize, column: usize) {
        let fault = fault(text).unwrap();
        assert_eq!(fault.message, message, "{text}");
        assert!(fault.location.ends_with(&format!("; line: {line}, column: {column}]")), "{}", fault.location);
    }

    #[test]
    fn a_fault_is_named_where_the_reader_stood() {
        let values = format!("expected a valid value {VALUES}");
        check("oh", &format!("Unrecognized token 'oh': was expecting {VALUES}"), 1, 3);
        check("{a:1}", "Unexpected character ('a' (code 97)): was expecting double-quote to start field name", 1, 3);
        check(
            "{\"a\":1,}",
            "Unexpected character ('}' (code 125)): was expecting double-quote to start field name",
            1,
            9,
        );
        check(
            "{\"a\" 1}",
            "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value",
            1,
            7,
        );
        check(
            "{\n \"a\":1 \"b\":2}",
            "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries",
            2,
            9,
        );
        check("[1 2]", "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries", 1, 5);
        check("[1,]", &format!("Unexpected character (']' (code 93)): {values}"), 1, 5);
        check("'a'", &format!("Unexpected character (''' (code 39)): {values}"), 1, 2);
    }

    #[test]
    fn an_end_in_the_middle_is_named() {
        check("", "No content to map due to end-of-input", 1, 1);
        check("\"a", "Unexpected end-of-input: was expecting closing quote for a string value", 1, 3);
        let marker = r#"(start marker at [Source: (String)"{"a": ["; line: 1, column: 7])"#;
        check("{\"a\": [", &format!("Unexpected end-of-input: expected close marker for Array {marker}"), 1, 8);
        check("\"a\\x\"", "Unrecognized character escape 'x' (code 120)", 1, 5);
        let control = "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be included in string value";
        check("\"a\n\"", control, 2, 1);
    }

    #[test]
    fn a_sound_value_has_no_fault_and_a_long_text_is_cut() {
        for sound in ["{}", "[1, -2.5e3, true, null, {\"a\\u00e9\": []}]", " 7 ", "\"ü\""] {
            assert_eq!(fault(sound), None, "{sound}");
        }
        let long = format!("[{}", "ü".repeat(600));
        assert!(fault(&long).unwrap().location.contains("ü\"[truncated 101 chars]; line: 1"));
        assert!(fault(&"[".repeat(1 << 20)).is_some());
        assert!(fault(&"x".repeat(1 << 20)).unwrap().message.len() < 400);
    }
}
