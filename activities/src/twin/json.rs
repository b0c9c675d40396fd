//! JSON text that was checked when it was stored, read in place.
//!
//! Owns reading a value without making one: a text, the items of a list, the fields of an object. On text that is no JSON,
//! which only a damaged file holds, it reads less and never fails.

use std::borrow::Cow;

use serde_json::Value;

use super::scan::{Scan, Token, unescaped};

/// A value as it stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// The value that `text` is.
    pub(super) fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// The value as it stands.
    pub(super) fn raw(self) -> &'a str {
        self.0
    }

    /// The text of a string.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        let raw = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if raw.contains('\\') { unescaped(raw).map(Cow::Owned) } else { Some(Cow::Borrowed(raw)) }
    }

    /// The text of a string that is not empty.
    pub(super) fn filled(self) -> Option<Cow<'a, str>> {
        self.text().filter(|text| !text.is_empty())
    }

    /// The items of a list; none of anything else.
    pub(super) fn items(self) -> Items<'a> {
        let mut scan = Scan::new(self.0);
        let open = self.0.starts_with('[') && scan.enter(b'[').is_ok();
        Items { scan, open, first: true }
    }

    /// The fields of an object; none of anything else.
    pub(super) fn fields(self) -> Fields<'a> {
        let mut scan = Scan::new(self.0);
        let open = self.0.starts_with('{') && scan.enter(b'{').is_ok();
        Fields { scan, open, first: true }
    }

    /// The field of this name.
    pub(super) fn get(self, name: &str) -> Option<Self> {
        self.fields().find(|(field, _)| is(field, name)).map(|(_, value)| value)
    }

    /// The filled text of the field of this name.
    pub(super) fn filled_of(self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name)?.filled()
    }

    /// The objects of a block: of a list, or the one that stands for a list of one.
    pub(super) fn blocks(self) -> impl Iterator<Item = Self> {
        self.items().filter(|item| item.0.starts_with('{'))
    }

    /// Calls `each` with every filled text that a path reaches; its steps enter lists by themselves.
    pub(super) fn each_text(self, path: &str, each: &mut impl FnMut(Cow<'a, str>)) {
        match self.0.as_bytes().first() {
            Some(b'[') => self.items().for_each(|item| item.each_text(path, each)),
            Some(b'{') if !path.is_empty() => {
                let (step, rest) = path.split_once('.').unwrap_or((path, ""));
                if let Some(field) = self.get(step) {
                    field.each_text(rest, each);
                }
            }
            Some(b'"') if path.is_empty() => {
                if let Some(text) = self.filled() {
                    each(text);
                }
            }
            _ => {}
        }
    }

    /// The value, made.
    pub(super) fn value(self) -> Option<Value> {
        serde_json::from_str(self.0).ok()
    }
}

/// Whether a name in the text is this one.
fn is(token: &Token<'_>, name: &str) -> bool {
    if token.escaped { token.text().is_ok_and(|text| text == name) } else { token.raw == name }
}

/// The items of a list.
pub(super) struct Items<'a> {
    scan: Scan<'a>,
    open: bool,
    first: bool,
}

impl<'a> Iterator for Items<'a> {
    type Item = Json<'a>;

    fn next(&mut self) -> Option<Json<'a>> {
        self.open = self.open && self.scan.more(b']', &mut self.first) == Ok(true);
        let value = if self.open { value(&mut self.scan) } else { None };
        self.open = value.is_some();
        value
    }
}

/// The fields of an object.
pub(super) struct Fields<'a> {
    scan: Scan<'a>,
    open: bool,
    first: bool,
}

impl<'a> Iterator for Fields<'a> {
    type Item = (Token<'a>, Json<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if !self.open {
            return None;
        }
        let field =
            self.scan.field(&mut self.first).ok().flatten().and_then(|name| Some((name, value(&mut self.scan)?)));
        self.open = field.is_some();
        field
    }
}

fn value<'a>(scan: &mut Scan<'a>) -> Option<Json<'a>> {
    scan.peek().ok()?;
    let start = scan.at();
    scan.skip().ok()?;
    Some(Json(scan.since(start)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = r#"{"a": [ {"b": "x"}, null, {"b": ["y", "", "z\n"]} ], "c": "\u0041", "d": 1}"#;

    #[track_caller]
    fn check(path: &str, expect: &[&str]) {
        let mut found = Vec::new();
        Json::new(TEXT).each_text(path, &mut |text| found.push(text.into_owned()));
        assert_eq!(found, expect);
    }

    #[test]
    fn a_path_enters_lists_by_itself() {
        check("a.b", &["x", "y", "z\n"]);
        check("c", &["A"]);
        check("d", &[]);
        check("a", &[]);
        check("a.b.c", &[]);
    }

    #[test]
    fn blocks_are_the_objects_of_a_list() {
        assert_eq!(Json::new(TEXT).get("a").unwrap().blocks().count(), 2);
        assert_eq!(Json::new(TEXT).blocks().count(), 0);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail(text in "[\\[\\]{}:,\"\\\\a1 ]{0,30}") {
            let json = Json::new(&text);
            let _ = (json.text(), json.items().count(), json.fields().count(), json.value());
            json.each_text("a.a", &mut |_| {});
        }
    }
}
