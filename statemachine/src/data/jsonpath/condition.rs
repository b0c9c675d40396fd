//! Reading the conditions and literals in a JSONPath's text.
//!
//! Owns the grammar inside `[?(...)]`: `||` binds less than `&&`, `!` and parentheses bind most, and an operator may follow its
//! operand without a space.

use regex::RegexBuilder;
use serde_json::Value;

use super::{
    PathSyntaxError,
    filter::{Filter, OPERATORS, Operand, Operator, Pattern},
    parse::{Reader, fault},
};

impl Reader<'_> {
    /// `(...)` after `?`.
    pub(super) fn filter(&mut self) -> Result<Filter, PathSyntaxError> {
        self.space();
        self.expect('(')?;
        let in_filter = std::mem::replace(&mut self.in_filter, true);
        let filter = self.deeper(Self::any)?;
        self.in_filter = in_filter;
        self.expect(')')?;
        Ok(filter)
    }

    fn any(&mut self) -> Result<Filter, PathSyntaxError> {
        let mut conditions = vec![self.all()?];
        while self.take("||") {
            conditions.push(self.all()?);
        }
        Ok(if conditions.len() == 1 { conditions.remove(0) } else { Filter::Any(conditions) })
    }

    fn all(&mut self) -> Result<Filter, PathSyntaxError> {
        let mut conditions = vec![self.condition()?];
        while self.take("&&") {
            conditions.push(self.condition()?);
        }
        Ok(if conditions.len() == 1 { conditions.remove(0) } else { Filter::All(conditions) })
    }

    fn condition(&mut self) -> Result<Filter, PathSyntaxError> {
        self.space();
        if self.take("!") {
            return self.deeper(Self::condition).map(|condition| Filter::Not(Box::new(condition)));
        }
        if self.take("(") {
            let inner = self.deeper(Self::any)?;
            self.expect(')')?;
            self.space();
            return Ok(inner);
        }
        let left = self.operand()?;
        self.space();
        let Some(operator) = self.operator() else {
            return match left {
                Operand::Item(_) | Operand::Path(_) => Ok(Filter::Exists(left)),
                Operand::Literal(_) | Operand::Pattern(_) => {
                    Err(fault(format!("a condition is missing in `{}`", self.text)))
                }
            };
        };
        self.space();
        let right = self.operand()?;
        self.space();
        if operator == Operator::Matches
            && !matches!((&left, &right), (Operand::Pattern(_), _) | (_, Operand::Pattern(_)))
        {
            return Err(fault(format!("`=~` needs a `/regular expression/` in `{}`", self.text)));
        }
        Ok(Filter::Compare(left, operator, right))
    }

    fn operator(&mut self) -> Option<Operator> {
        let rest = &self.text[self.at..];
        let (text, operator) = OPERATORS.iter().find(|(text, _)| {
            let follows = rest.strip_prefix(text).map(|rest| rest.chars().next());
            let worded = text.starts_with(char::is_alphabetic);
            follows.is_some_and(|next| !(worded && next.is_some_and(char::is_alphanumeric)))
        })?;
        self.at += text.len();
        Some(*operator)
    }

    fn operand(&mut self) -> Result<Operand, PathSyntaxError> {
        match self.peek() {
            Some('@') => {
                self.at += 1;
                match self.deeper(Self::steps)? {
                    (steps, false) => Ok(Operand::Item(steps)),
                    _ => Err(fault(format!("`.length()` cannot stand in the condition of `{}`", self.text))),
                }
            }
            Some('$') => self.deeper(Self::path).map(|path| Operand::Path(Box::new(path))),
            Some('/') => self.pattern().map(Operand::Pattern),
            _ => self.literal().map(Operand::Literal),
        }
    }

    fn pattern(&mut self) -> Result<Pattern, PathSyntaxError> {
        let start = self.at;
        self.expect('/')?;
        let mut escaped = false;
        let mut expression = String::new();
        loop {
            let letter = self.peek().ok_or_else(|| self.ended())?;
            self.at += letter.len_utf8();
            match letter {
                '/' if !escaped => break,
                '/' => {
                    expression.pop();
                    expression.push('/');
                }
                letter => expression.push(letter),
            }
            escaped = letter == '\\' && !escaped;
        }
        let mut builder = RegexBuilder::new(&format!(r"\A(?:{expression})\z"));
        builder.size_limit(MAX_PATTERN_SIZE);
        while let Some(flag) = self.peek().filter(char::is_ascii_alphabetic) {
            match flag {
                'i' => builder.case_insensitive(true),
                'm' => builder.multi_line(true),
                's' => builder.dot_matches_new_line(true),
                'x' => builder.ignore_whitespace(true),
                'u' | 'U' => builder.unicode(true),
                other => return Err(self.unexpected(other)),
            };
            self.at += 1;
        }
        let text = self.text[start..self.at].to_owned();
        let regex = builder.build().map_err(|_| fault(format!("`{text}` is not a regular expression")))?;
        Ok(Pattern { text, regex })
    }

    /// A text, number, boolean, null, array or object.
    pub(super) fn literal(&mut self) -> Result<Value, PathSyntaxError> {
        match self.peek() {
            Some('\'' | '"') => self.text_literal().map(Value::String),
            Some('[') => {
                self.at += 1;
                self.deeper(|reader| reader.list(']', Self::literal)).map(Value::Array)
            }
            Some('{') => {
                let mut values = serde_json::Deserializer::from_str(&self.text[self.at..]).into_iter::<Value>();
                let value = values.next().and_then(Result::ok).ok_or_else(|| fault(self.stray()))?;
                self.at += values.byte_offset();
                Ok(value)
            }
            Some(_) => {
                let rest = &self.text[self.at..];
                let end = rest
                    .find(|letter: char| !(letter.is_ascii_alphanumeric() || "+-.".contains(letter)))
                    .unwrap_or(rest.len());
                let value = serde_json::from_str(&rest[..end]).map_err(|_| fault(self.stray()))?;
                self.at += end;
                Ok(value)
            }
            None => Err(self.ended()),
        }
    }

    fn text_literal(&mut self) -> Result<String, PathSyntaxError> {
        let raw = self.quoted_name()?;
        let mut text = String::new();
        let mut letters = raw.chars();
        while let Some(letter) = letters.next() {
            match (letter, letter == '\\') {
                (_, true) => match letters.next() {
                    Some('n') => text.push('\n'),
                    Some('r') => text.push('\r'),
                    Some('t') => text.push('\t'),
                    Some(other) => text.push(other),
                    None => text.push('\\'),
                },
                (letter, false) => text.push(letter),
            }
        }
        Ok(text)
    }
}

/// The largest compiled regular expression, in bytes.
const MAX_PATTERN_SIZE: usize = 1 << 20;
