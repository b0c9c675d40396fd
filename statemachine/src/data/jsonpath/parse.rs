//! Reading a JSONPath's text.
//!
//! Owns the grammar of steps; that of conditions and literals is in `condition`. A name after a dot runs to the next `.`, `[` or `(`, and a backslash in it takes the next character as it
//! stands; in brackets, a backslash only shields the quote, all else is the name as written.

use super::{Path, PathSyntaxError, Root, Step};

/// Reads a whole path.
pub(super) fn path(text: &str) -> Result<Path, PathSyntaxError> {
    if text.len() > MAX_LENGTH {
        return Err(fault(format!("a JSONPath is at most {MAX_LENGTH} bytes long, and this one has {}", text.len())));
    }
    let mut reader = Reader { text: text.trim(), at: 0, depth: 0, in_filter: false };
    let mut path = reader.path()?;
    if let Some(stray) = reader.peek() {
        return Err(reader.unexpected(stray));
    }
    path.text = text.to_owned();
    Ok(path)
}

/// A text and how far it is read.
pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    depth: usize,
    pub(super) in_filter: bool,
}

impl Reader<'_> {
    pub(super) fn path(&mut self) -> Result<Path, PathSyntaxError> {
        let start = self.at;
        if !self.take("$") {
            return Err(fault(format!("a JSONPath starts with `$`, and `{}` does not", self.text)));
        }
        let root = self.root();
        let (steps, counts) = self.steps()?;
        Ok(Path { text: self.text[start..self.at].to_owned(), root, steps, counts })
    }

    fn root(&mut self) -> Root {
        if self.take("$") {
            return Root::Context;
        }
        let name = self.identifier();
        if name.is_empty() { Root::Input } else { Root::Variable(name) }
    }

    fn identifier(&mut self) -> String {
        let mut name = String::new();
        while let Some(letter) = self.peek().filter(|letter| letter.is_alphanumeric() || *letter == '_') {
            name.push(letter);
            self.at += letter.len_utf8();
        }
        name
    }

    /// The steps, and whether `.length()` ends them.
    pub(super) fn steps(&mut self) -> Result<(Vec<Step>, bool), PathSyntaxError> {
        let mut steps = Vec::new();
        loop {
            if self.take("..") {
                steps.push(Step::Descend);
                if self.peek() == Some('[') {
                    steps.push(self.bracket()?);
                } else if self.dotted(&mut steps)? {
                    return Err(fault(format!("a function cannot follow `..` in `{}`", self.text)));
                }
            } else if self.take(".") {
                if self.peek() == Some('[') {
                    steps.push(self.bracket()?);
                } else if self.dotted(&mut steps)? {
                    return Ok((steps, true));
                }
            } else if self.peek() == Some('[') {
                steps.push(self.bracket()?);
            } else {
                return Ok((steps, false));
            }
        }
    }

    /// What stands after a dot: a name, `*`, or `length()`, which is told.
    fn dotted(&mut self, steps: &mut Vec<Step>) -> Result<bool, PathSyntaxError> {
        if self.take("*") {
            steps.push(Step::Wildcard);
            return Ok(false);
        }
        let mut name = self.name()?;
        if self.take("()") {
            if name == "length" {
                return Ok(true);
            }
            // What looks like another function is a member of that name.
            name.push_str("()");
        }
        steps.push(Step::Names(vec![name]));
        Ok(false)
    }

    fn name(&mut self) -> Result<String, PathSyntaxError> {
        let mut name = String::new();
        while let Some(letter) = self.peek() {
            if letter == '\\' {
                self.at += 1;
                let shielded = self.peek().ok_or_else(|| self.ended())?;
                name.push(shielded);
                self.at += shielded.len_utf8();
                continue;
            }
            if matches!(letter, '.' | '[' | '(') || self.in_filter && ends_in_filter(letter) {
                break;
            }
            if letter.is_whitespace() || matches!(letter, ',' | ')' | ']' | '\'' | '"') {
                return Err(self.unexpected(letter));
            }
            name.push(letter);
            self.at += letter.len_utf8();
        }
        if name.is_empty() {
            return Err(fault(format!("a name is missing after `.` in `{}`", self.text)));
        }
        Ok(name)
    }

    fn bracket(&mut self) -> Result<Step, PathSyntaxError> {
        self.expect('[')?;
        self.space();
        let step = match self.peek() {
            Some('*') => {
                self.at += 1;
                Step::Wildcard
            }
            Some('?') => {
                self.at += 1;
                Step::Filter(self.filter()?)
            }
            Some('(') => self.end_index()?,
            Some('\'' | '"') => return self.list(']', Self::quoted_name).map(Step::Names),
            Some(letter) if letter.is_ascii_digit() || matches!(letter, '-' | ':') => return self.indices(),
            Some(letter) => return Err(self.unexpected(letter)),
            None => return Err(self.ended()),
        };
        self.space();
        self.expect(']')?;
        Ok(step)
    }

    pub(super) fn quoted_name(&mut self) -> Result<String, PathSyntaxError> {
        let quote = self.peek().filter(|quote| matches!(quote, '\'' | '"')).ok_or_else(|| self.ended())?;
        self.at += 1;
        let mut name = String::new();
        while let Some(letter) = self.peek() {
            self.at += letter.len_utf8();
            match letter {
                '\\' => match self.peek() {
                    Some(shielded) if shielded == quote => {
                        name.push(quote);
                        self.at += 1;
                    }
                    Some(shielded) => {
                        name.extend(['\\', shielded]);
                        self.at += shielded.len_utf8();
                    }
                    None => break,
                },
                letter if letter == quote => return Ok(name),
                letter => name.push(letter),
            }
        }
        Err(self.ended())
    }

    /// `(@.length-1)`: how many items before the end.
    fn end_index(&mut self) -> Result<Step, PathSyntaxError> {
        for part in ["(", "@.length", "-"] {
            self.space();
            if !self.take(part) {
                return Err(self.peek().map_or_else(|| self.ended(), |found| self.unexpected(found)));
            }
        }
        let back = self.bound()?.filter(|back| *back >= 0).ok_or_else(|| self.ended())?;
        self.expect(')')?;
        Ok(Step::FromEnd(back))
    }

    fn indices(&mut self) -> Result<Step, PathSyntaxError> {
        let first = self.bound()?;
        if self.take(":") {
            let last = self.bound()?;
            if first.is_none() && last.is_none() {
                return Err(fault(format!("a slice needs a bound in `{}`", self.text)));
            }
            self.expect(']')?;
            return Ok(Step::Slice(first, last));
        }
        let mut indices = vec![first.ok_or_else(|| self.ended())?];
        while self.take(",") {
            let Some(index) = self.bound()? else {
                return Err(fault(format!("an index is missing after `,` in `{}`", self.text)));
            };
            indices.push(index);
        }
        self.expect(']')?;
        Ok(Step::Indices(indices))
    }

    /// A whole number, or nothing, with the space around it.
    fn bound(&mut self) -> Result<Option<i64>, PathSyntaxError> {
        self.space();
        let start = self.at;
        let _sign = self.take("-");
        while self.peek().is_some_and(|letter| letter.is_ascii_digit()) {
            self.at += 1;
        }
        let digits = &self.text[start..self.at];
        self.space();
        if digits.is_empty() {
            return Ok(None);
        }
        let number = digits.parse::<i32>().map_err(|_| fault(format!("`{digits}` is not an array index")))?;
        Ok(Some(i64::from(number)))
    }

    /// Items between commas, up to the closing character; the opening one is already read.
    pub(super) fn list<T>(
        &mut self,
        close: char,
        mut item: impl FnMut(&mut Self) -> Result<T, PathSyntaxError>,
    ) -> Result<Vec<T>, PathSyntaxError> {
        let mut items = Vec::new();
        self.space();
        if close != ']' || self.depth > 0 {
            // Only the names of a step must be there; arguments and array literals may be empty.
            if self.peek() == Some(close) {
                self.at += 1;
                return Ok(items);
            }
        }
        loop {
            self.space();
            items.push(item(self)?);
            self.space();
            if self.take(",") {
                continue;
            }
            self.expect(close)?;
            return Ok(items);
        }
    }

    pub(super) fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, PathSyntaxError>,
    ) -> Result<T, PathSyntaxError> {
        if self.depth == MAX_DEPTH {
            return Err(fault(format!("conditions are nested more than {MAX_DEPTH} deep in a JSONPath")));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    pub(super) fn take(&mut self, text: &str) -> bool {
        let found = self.text[self.at..].starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    pub(super) fn space(&mut self) {
        while let Some(letter) = self.peek().filter(|letter| letter.is_whitespace()) {
            self.at += letter.len_utf8();
        }
    }

    pub(super) fn expect(&mut self, letter: char) -> Result<(), PathSyntaxError> {
        match self.peek() {
            Some(found) if found == letter => {
                self.at += letter.len_utf8();
                Ok(())
            }
            Some(found) => Err(self.unexpected(found)),
            None => Err(self.ended()),
        }
    }

    pub(super) fn unexpected(&self, letter: char) -> PathSyntaxError {
        fault(format!("`{letter}` is not expected at position {} of `{}`", self.at, self.text))
    }

    pub(super) fn stray(&self) -> String {
        format!("`{}` is not a value in `{}`", &self.text[self.at..], self.text)
    }

    pub(super) fn ended(&self) -> PathSyntaxError {
        fault(format!("`{}` ends too early", self.text))
    }
}

/// A refusal with its reason.
pub(super) fn fault(reason: String) -> PathSyntaxError {
    PathSyntaxError { reason }
}

/// The characters that end a name inside a condition, where operators follow without a space.
fn ends_in_filter(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, ')' | ',' | ']' | '=' | '!' | '<' | '>' | '&' | '|')
}

/// How deep conditions, literals and inner paths may nest.
const MAX_DEPTH: usize = 24;

/// The longest path that is read at all.
const MAX_LENGTH: usize = 16 * 1024;
