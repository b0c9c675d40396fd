//! The notation of the shape tables.
//!
//! ```text
//!   # what the action sendMessage answers; `!` marks a required field
//!   sendMessage { MessageId! string(1..100), Attributes <Attribute>, Sizes [number(0..)](..10) }
//!   Attribute { Value string, Raw blob, Hidden boolean, At time, Else any }
//! ```
//!
//! Actions begin with a small letter, other shapes with a capital; `[x]` is a list, `<x>` a map from texts, and a
//! range stands for lengths or values. A `blob` is text in base64 and a `time` text as well. Commas are for the eye.

use std::collections::BTreeMap;

/// What a value may be.
#[derive(Debug, PartialEq)]
pub(super) enum Shape<'t> {
    Any,
    Text(Range),
    Number(Range),
    Flag,
    List(Box<Self>, Range),
    Map(Box<Self>),
    Struct(Vec<Field<'t>>),
    Named(&'t str),
}

/// A field of an object.
#[derive(Debug, PartialEq)]
pub(super) struct Field<'t> {
    pub(super) name: &'t str,
    pub(super) required: bool,
    pub(super) shape: Shape<'t>,
}

/// A least and a most, both included.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Range {
    pub(super) least: Option<f64>,
    pub(super) most: Option<f64>,
}

/// The shapes of a service, by name.
#[derive(Debug, PartialEq)]
pub(super) struct Table<'t>(BTreeMap<&'t str, Shape<'t>>);

impl<'t> Table<'t> {
    /// Reads a table; `None` when the text is not one.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let mut reader = Reader { rest: text };
        let mut shapes = BTreeMap::new();
        while !reader.at_end() {
            let name = reader.name()?;
            shapes.insert(name, reader.shape()?);
        }
        Some(Self(shapes))
    }

    /// The shape of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Shape<'t>> {
        self.0.get(name)
    }

    /// Names that shapes use and the table does not have.
    #[cfg(test)]
    pub(super) fn unknown_names(&self) -> Vec<&'t str> {
        fn names<'t>(shape: &Shape<'t>, found: &mut Vec<&'t str>) {
            match shape {
                Shape::Named(name) => found.push(name),
                Shape::List(inner, _) | Shape::Map(inner) => names(inner, found),
                Shape::Struct(fields) => fields.iter().for_each(|field| names(&field.shape, found)),
                _ => {}
            }
        }
        let mut found = Vec::new();
        self.0.values().for_each(|shape| names(shape, &mut found));
        found.retain(|name| !self.0.contains_key(name));
        found
    }
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn shape(&mut self) -> Option<Shape<'t>> {
        if self.eat('{') {
            let mut fields = Vec::new();
            while !self.eat('}') {
                fields.push(Field { name: self.name()?, required: self.eat('!'), shape: self.shape()? });
            }
            return Some(Shape::Struct(fields));
        }
        if self.eat('[') {
            let item = Box::new(self.shape()?);
            return if self.eat(']') { Some(Shape::List(item, self.range()?)) } else { None };
        }
        if self.eat('<') {
            let value = Box::new(self.shape()?);
            return self.eat('>').then_some(Shape::Map(value));
        }
        Some(match self.name()? {
            "any" => Shape::Any,
            "boolean" => Shape::Flag,
            "number" => Shape::Number(self.range()?),
            "string" | "blob" | "time" => Shape::Text(self.range()?),
            name => Shape::Named(name),
        })
    }

    /// A range, which may be left out.
    fn range(&mut self) -> Option<Range> {
        if !self.eat('(') {
            return Some(Range::default());
        }
        let (range, rest) = self.rest.split_once(')')?;
        self.rest = rest;
        let (least, most) = range.split_once("..")?;
        let bound = |text: &str| if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) };
        Some(Range { least: bound(least)?, most: bound(most)? })
    }

    fn name(&mut self) -> Option<&'t str> {
        self.skip();
        let end =
            self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!name.is_empty()).then_some(name)
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.skip();
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn at_end(&mut self) -> bool {
        self.skip();
        self.rest.is_empty()
    }

    /// Passes over blanks, commas and comments.
    fn skip(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            if !self.rest.starts_with('#') {
                return;
            }
            self.rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<Shape<'_>>) {
        let table = Table::parse(text);
        assert_eq!(table.as_ref().and_then(|table| table.get("a")), expect.as_ref(), "{text}");
    }

    fn range(least: impl Into<Option<f64>>, most: impl Into<Option<f64>>) -> Range {
        Range { least: least.into(), most: most.into() }
    }

    #[test]
    fn shapes_nest() {
        let text = Field { name: "T", required: true, shape: Shape::Text(range(1.0, 5.0)) };
        let list = Shape::List(Box::new(Shape::Named("B")), range(None, 3.0));
        let list = Field { name: "L", required: false, shape: Shape::Map(Box::new(list)) };
        check("# about a\na { T! string(1..5), L <[B](..3)> }", Some(Shape::Struct(vec![text, list])));
        check("a {}", Some(Shape::Struct(Vec::new())));
        check("b time\na number(0..)", Some(Shape::Number(range(0.0, None))));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["a", "a {", "a { T }", "a [string", "a <string]", "a string(1)", "a string(x..)", "a }", "{ }"] {
            check(text, None);
        }
    }
}
