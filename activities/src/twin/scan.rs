//! JSON text, walked once and strictly.
//!
//! Owns what is JSON and what is not (RFC 8259, with the depth that is safe to recurse into). Owns no meaning and makes no
//! values: a token is a piece of the text.

use std::borrow::Cow;

/// The text stops being JSON, or being what was expected; the scan stands where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stopped;

/// A position in a JSON text.
#[derive(Clone, Debug)]
pub(super) struct Scan<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

/// A string as it stands between its quotation marks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    /// The text, escapes included.
    pub(super) raw: &'a str,
    /// Whether it holds escapes, so that it is not what it says.
    pub(super) escaped: bool,
}

impl<'a> Token<'a> {
    /// What it says.
    #[inline]
    pub(super) fn text(&self) -> Result<Cow<'a, str>, Stopped> {
        if self.escaped { unescaped(self.raw).map(Cow::Owned).ok_or(Stopped) } else { Ok(Cow::Borrowed(self.raw)) }
    }
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// Where the scan stands.
    #[inline]
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Goes back to where the scan stood before.
    pub(super) fn rewind(&mut self, at: usize, depth: usize) {
        self.at = at;
        self.depth = depth;
    }

    /// How many objects and arrays are open.
    #[inline]
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// The text from a position to here.
    #[inline]
    pub(super) fn since(&self, start: usize) -> &'a str {
        self.between(start, self.at)
    }

    /// The text from a position to another.
    #[inline]
    pub(super) fn between(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// Consumes white space and says how much of it there was.
    #[inline]
    pub(super) fn space(&mut self) -> usize {
        let start = self.at;
        if self.text.as_bytes().get(start).is_some_and(|byte| *byte > b' ') {
            return 0;
        }
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.text.as_bytes().get(self.at) {
            self.at += 1;
        }
        self.at - start
    }

    /// The next byte that is no white space, which is not consumed.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<u8, Stopped> {
        match self.text.as_bytes().get(self.at) {
            Some(byte) if *byte > b' ' => Ok(*byte),
            _ => {
                self.space();
                self.text.as_bytes().get(self.at).copied().ok_or(Stopped)
            }
        }
    }

    /// Consumes one byte that must come next.
    #[inline]
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Stopped> {
        if self.peek()? == byte {
            self.at += 1;
            Ok(())
        } else {
            Err(Stopped)
        }
    }

    /// Checks that nothing but white space is left.
    pub(super) fn end(&mut self) -> Result<(), Stopped> {
        match self.peek() {
            Ok(_) => Err(Stopped),
            Err(Stopped) => Ok(()),
        }
    }

    /// Consumes these bytes, if they come next.
    #[inline]
    pub(super) fn is_next(&mut self, bytes: &[u8]) -> bool {
        let same = self.text.as_bytes()[self.at..].starts_with(bytes);
        if same {
            self.at += bytes.len();
        }
        same
    }

    /// Enters an object or array, of which `opening` is the first byte.
    #[inline]
    pub(super) fn enter(&mut self, opening: u8) -> Result<(), Stopped> {
        self.expect(opening)?;
        self.depth += 1;
        if self.depth > DEEPEST { Err(Stopped) } else { Ok(()) }
    }

    /// Steps to the next element; false when `closing` ended the object or array instead.
    #[inline]
    pub(super) fn more(&mut self, closing: u8, first: &mut bool) -> Result<bool, Stopped> {
        let next = self.peek()?;
        if next == closing {
            self.at += 1;
            self.depth = self.depth.saturating_sub(1);
            return Ok(false);
        }
        if !std::mem::replace(first, false) {
            if next != b',' {
                return Err(Stopped);
            }
            self.at += 1;
        }
        Ok(true)
    }

    /// Steps to the next field of an object and consumes its name; nothing when the object ends.
    #[inline]
    pub(super) fn field(&mut self, first: &mut bool) -> Result<Option<Token<'a>>, Stopped> {
        if !self.more(b'}', first)? {
            return Ok(None);
        }
        let name = self.string()?;
        self.expect(b':')?;
        self.peek()?;
        Ok(Some(name))
    }

    /// Consumes a string.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Token<'a>, Stopped> {
        self.expect(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at = end_of_run(self.text.as_bytes(), self.at);
            match self.text.as_bytes().get(self.at) {
                Some(b'"') => {
                    let raw = self.text.get(start..self.at).ok_or(Stopped)?;
                    self.at += 1;
                    return Ok(Token { raw, escaped });
                }
                Some(b'\\') => {
                    escaped = true;
                    self.at += 1;
                    self.escape()?;
                }
                _ => return Err(Stopped),
            }
        }
    }

    /// Consumes what follows a backslash.
    fn escape(&mut self) -> Result<(), Stopped> {
        let bytes = self.text.as_bytes();
        let digits = match bytes.get(self.at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 0,
            Some(b'u') => 4,
            _ => return Err(Stopped),
        };
        self.at += 1;
        for _ in 0..digits {
            if !bytes.get(self.at).is_some_and(u8::is_ascii_hexdigit) {
                return Err(Stopped);
            }
            self.at += 1;
        }
        Ok(())
    }

    /// Consumes a value of any kind.
    pub(super) fn skip(&mut self) -> Result<(), Stopped> {
        match self.peek()? {
            b'"' => self.string().map(|_| ()),
            b'{' => {
                self.enter(b'{')?;
                let mut first = true;
                while self.field(&mut first)?.is_some() {
                    self.skip()?;
                }
                Ok(())
            }
            b'[' => {
                self.enter(b'[')?;
                let mut first = true;
                while self.more(b']', &mut first)? {
                    self.skip()?;
                }
                Ok(())
            }
            _ => self.scalar(),
        }
    }

    /// Consumes a number, a boolean or null.
    pub(super) fn scalar(&mut self) -> Result<(), Stopped> {
        match self.peek()? {
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(Stopped),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Stopped> {
        if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            Err(Stopped)
        }
    }

    fn number(&mut self) -> Result<(), Stopped> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let at = |at: usize| bytes.get(at).copied().unwrap_or_default();
        if at(self.at) == b'-' {
            self.at += 1;
        }
        if at(self.at) == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        let mut plain = true;
        if at(self.at) == b'.' {
            plain = false;
            self.at += 1;
            self.digits()?;
        }
        if matches!(at(self.at), b'e' | b'E') {
            plain = false;
            self.at += 1;
            if matches!(at(self.at), b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        // What no number can hold would be text that nobody can read again.
        let long = !plain || self.at - start > LONGEST_PLAIN_NUMBER;
        let held = !long || self.since(start).parse::<f64>().is_ok_and(f64::is_finite);
        if held { Ok(()) } else { Err(Stopped) }
    }

    fn digits(&mut self) -> Result<(), Stopped> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(Stopped) }
    }
}

/// What the inside of a string says; nothing where an escape stands for half a letter.
pub(super) fn unescaped(raw: &str) -> Option<String> {
    let mut quoted = String::with_capacity(raw.len() + 2);
    quoted.push('"');
    quoted.push_str(raw);
    quoted.push('"');
    serde_json::from_str(&quoted).ok()
}

/// Where the next byte stands that is not simply part of a string: a quotation mark, a backslash, a control character.
#[inline]
fn end_of_run(bytes: &[u8], mut at: usize) -> usize {
    while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        // In each of eight bytes at once: the highest bit is set where a difference is zero or less. What is set by mistake
        // stands behind what is set for a reason, and only the first one counts.
        let eight = u64::from_le_bytes(*eight);
        let (quote, backslash) = (eight ^ (ONES * 0x22), eight ^ (ONES * 0x5c));
        let special = (quote.wrapping_sub(ONES) & !quote)
            | (backslash.wrapping_sub(ONES) & !backslash)
            | (eight.wrapping_sub(ONES * 0x20) & !eight);
        let special = special & (ONES * 0x80);
        if special != 0 {
            return at + special.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|byte| *byte >= 0x20 && *byte != b'"' && *byte != b'\\') {
        at += 1;
    }
    at
}

const ONES: u64 = 0x0101_0101_0101_0101;

/// As deep as the readers of what is stored go, who enter one level less.
const DEEPEST: usize = 127;

/// Digits that any number holds.
const LONGEST_PLAIN_NUMBER: usize = 300;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn is_json(text: &str) -> bool {
        let mut scan = Scan::new(text);
        scan.skip().and_then(|()| scan.end()).is_ok()
    }

    #[track_caller]
    fn check(text: &str) {
        assert_eq!(is_json(text), serde_json::from_str::<Value>(text).is_ok(), "{text}");
    }

    #[test]
    fn what_is_json_is_what_others_call_json() {
        for text in [
            "",
            " ",
            "null",
            "nul",
            "truefalse",
            "01",
            "-",
            "-0",
            "1.",
            "1.5e",
            "1e+5",
            "1e999",
            ".5",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\u{1}\"",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\":1}x",
            " [ 1 , {} ] ",
            "\"a",
        ] {
            check(text);
        }
    }

    #[test]
    fn depth_is_bounded() {
        for depth in [126, 127, 128, 100_000] {
            check(&format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
        }
    }

    #[test]
    fn a_string_tells_what_it_holds() {
        let token = Scan::new(r#""a\u0041\n""#).string().unwrap();
        assert!(token.escaped);
        assert_eq!(token.text().unwrap(), "aA\n");
        assert!(Scan::new(r#""\ud800""#).string().unwrap().text().is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_048))]

        #[test]
        fn a_string_ends_where_it_ends(text in "[ -~\\n\u{80}-\u{ff}]{0,20}[\"\\\\\u{1}a-zé]{0,12}") {
            let plain = |byte: &u8| *byte >= 0x20 && *byte != b'"' && *byte != b'\\';
            let expect = text.bytes().position(|byte| !plain(&byte)).unwrap_or(text.len());
            prop_assert_eq!(end_of_run(text.as_bytes(), 0), expect);
        }

        #[test]
        fn any_text_is_judged_alike(text in "[\\[\\]{}:,\"\\\\ntrue01.eE+\\- ]{0,24}") {
            // Half a letter is no text, but this walk only asks for its shape.
            prop_assume!(!text.contains("\\u"));
            check(&text);
        }
    }
}
