//! Reading a call's text.
//!
//! Owns the grammar of calls, the functions' names and how many arguments each takes. Paths are handed to the JSONPath reader.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::{Argument, Call, Function, Path, PathSyntaxError};

/// Reads a whole call.
pub(super) fn call(text: &str) -> Result<Call, PathSyntaxError> {
    let mut reader = Reader { text: text.trim(), at: 0 };
    let mut call = reader.call(1)?;
    reader.space();
    if reader.at < reader.text.len() {
        return Err(reader.unexpected());
    }
    call.text = text.to_owned();
    Ok(call)
}

/// A literal without its escapes; only the four characters that mean something may be escaped.
pub(super) fn unescaped(raw: &str) -> Result<String, String> {
    let mut text = String::with_capacity(raw.len());
    let mut letters = raw.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.push(shielded(letters.next())?),
            letter => text.push(letter),
        }
    }
    Ok(text)
}

/// The character that follows a backslash.
pub(super) fn shielded(letter: Option<char>) -> Result<char, String> {
    letter
        .filter(|letter| matches!(letter, '\'' | '{' | '}' | '\\' | '"'))
        .ok_or_else(|| String::from("open escape '\\' found"))
}

impl Function {
    /// The function's name, as it is called.
    pub(super) fn name(self) -> &'static str {
        FUNCTIONS.iter().find(|(_, function, _)| *function == self).map_or("", |(name, ..)| name)
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn call(&mut self, level: usize) -> Result<Call, PathSyntaxError> {
        if level > MAX_LEVELS {
            return Err(fault(format!("more than {MAX_LEVELS} intrinsic functions are nested in `{}`", self.text)));
        }
        let start = self.at;
        let name = self.word();
        let Some((_, function, count)) = FUNCTIONS.iter().find(|(known, ..)| *known == name) else {
            return Err(fault(format!("there is no intrinsic function `{name}`")));
        };
        self.space();
        if !self.take('(') {
            return Err(self.unexpected());
        }
        let arguments = self.arguments(level)?;
        if !count.contains(&arguments.len()) {
            return Err(fault(format!("`{name}` does not take {} arguments", arguments.len())));
        }
        Ok(Call { text: self.text[start..self.at].to_owned(), function: *function, arguments })
    }

    fn word(&mut self) -> String {
        let rest = &self.text[self.at..];
        let end = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '.')).unwrap_or(rest.len());
        self.at += end;
        rest[..end].to_owned()
    }

    fn arguments(&mut self, level: usize) -> Result<Vec<Argument>, PathSyntaxError> {
        let mut arguments = Vec::new();
        self.space();
        if self.take(')') {
            return Ok(arguments);
        }
        loop {
            self.space();
            arguments.push(self.argument(level)?);
            self.space();
            if self.take(')') {
                return Ok(arguments);
            }
            if !self.take(',') {
                return Err(self.unexpected());
            }
        }
    }

    fn argument(&mut self, level: usize) -> Result<Argument, PathSyntaxError> {
        let rest = &self.text[self.at..];
        match rest.chars().next() {
            Some('\'') => self.literal_text(),
            Some('$') => {
                let end = path_end(rest).ok_or_else(|| self.unexpected())?;
                self.at += end;
                Path::parse(rest[..end].trim_end()).map(Argument::Path)
            }
            Some('S') => self.call(level + 1).map(Argument::Call),
            _ => {
                let end = rest
                    .find(|letter: char| !(letter.is_ascii_alphanumeric() || "+-.".contains(letter)))
                    .unwrap_or(rest.len());
                let value: Value = serde_json::from_str(&rest[..end]).map_err(|_| self.unexpected())?;
                self.at += end;
                Ok(Argument::Literal(value))
            }
        }
    }

    fn literal_text(&mut self) -> Result<Argument, PathSyntaxError> {
        self.at += 1;
        let rest = &self.text[self.at..];
        let mut escaped = false;
        for (at, letter) in rest.char_indices() {
            if letter == '\'' && !escaped {
                self.at += at + 1;
                return Ok(Argument::Text(rest[..at].to_owned()));
            }
            escaped = letter == '\\' && !escaped;
        }
        Err(fault(format!("a text is not closed by `'` in `{}`", self.text)))
    }

    fn take(&mut self, letter: char) -> bool {
        let found = self.text[self.at..].starts_with(letter);
        if found {
            self.at += letter.len_utf8();
        }
        found
    }

    fn space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn unexpected(&self) -> PathSyntaxError {
        match self.text[self.at..].chars().next() {
            Some(letter) => fault(format!("`{letter}` is not expected at position {} of `{}`", self.at, self.text)),
            None => fault(format!("`{}` ends too early", self.text)),
        }
    }
}

/// Where a path among arguments ends: at the comma or parenthesis outside its own brackets, parentheses and quotes.
fn path_end(text: &str) -> Option<usize> {
    let mut open = 0usize;
    let mut quote = None;
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match (quote, letter) {
            (_, '\\') => escaped = true,
            (Some(closing), letter) if closing == letter => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(letter),
            (None, '[' | '(') => open += 1,
            (None, ',' | ')') if open == 0 => return Some(at),
            (None, ']' | ')') => open = open.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

fn fault(reason: String) -> PathSyntaxError {
    PathSyntaxError { reason }
}

/// How many calls may stand inside one another.
const MAX_LEVELS: usize = 10;

/// As many arguments as the author likes.
const MANY: usize = usize::MAX;

/// Each function's name and how many arguments it takes.
const FUNCTIONS: [(&str, Function, RangeInclusive<usize>); 18] = [
    ("States.Array", Function::Array, 0..=MANY),
    ("States.ArrayContains", Function::ArrayContains, 2..=2),
    ("States.ArrayGetItem", Function::ArrayGetItem, 2..=2),
    ("States.ArrayLength", Function::ArrayLength, 1..=1),
    ("States.ArrayPartition", Function::ArrayPartition, 2..=2),
    ("States.ArrayRange", Function::ArrayRange, 3..=3),
    ("States.ArrayUnique", Function::ArrayUnique, 1..=1),
    ("States.Base64Decode", Function::Base64Decode, 1..=1),
    ("States.Base64Encode", Function::Base64Encode, 1..=1),
    ("States.Format", Function::Format, 1..=MANY),
    ("States.Hash", Function::Hash, 2..=2),
    ("States.JsonMerge", Function::JsonMerge, 3..=3),
    ("States.JsonToString", Function::JsonToString, 1..=1),
    ("States.MathAdd", Function::MathAdd, 2..=2),
    ("States.MathRandom", Function::MathRandom, 2..=3),
    ("States.StringSplit", Function::StringSplit, 2..=2),
    ("States.StringToJson", Function::StringToJson, 1..=1),
    ("States.UUID", Function::Uuid, 0..=0),
];
