//! The attributes of one object, copied into the twin's text without what is secret in them.
//!
//! Owns the one walk over attributes: while they are copied, secrets are taken out by the rules of [`super::redact`], white
//! space is dropped, and what the type's [`Plan`] wants is marked. Does as [`super::redact::attributes`] does on values; a
//! test holds the two together. Sensitive paths, which are rare, are left to the other.

use std::borrow::Cow;
use std::ops::Range;

use super::names::{Name, Names, Role};
use super::plan::Plan;
use super::redact::{Secrets, redacted_document, redacted_text};
use super::scan::{Scan, Stopped, Token};
use crate::text::{REDACTED, is_secret_name, redact};

/// Where the value of a wanted attribute stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    /// Its length, and in the lowest byte which of the wanted attributes it is.
    pub(super) length_and_slot: u32,
}

impl Span {
    /// A span; nothing for a value that is too long to be of use.
    #[inline]
    pub(super) fn new(slot: u8, start: u32, end: u32) -> Option<Self> {
        let length = end.checked_sub(start).filter(|length| *length < 1 << 24)?;
        Some(Self { start, length_and_slot: length << 8 | u32::from(slot) })
    }

    #[inline]
    pub(super) fn slot(self) -> u8 {
        self.length_and_slot.to_le_bytes()[0]
    }

    #[inline]
    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..(self.start + (self.length_and_slot >> 8)) as usize
    }
}

/// The text that is written, and the secrets that were met.
#[derive(Default)]
pub(super) struct Copier {
    /// All attributes, one object after the other.
    pub(super) text: String,
    pub(super) secrets: Secrets,
    names: Names,
}

/// What was read and not yet written: everything from here on, as it stands.
struct Run {
    start: usize,
}

impl Copier {
    /// Copies the object that comes next and marks what the plan wants.
    pub(super) fn attributes(
        &mut self,
        scan: &mut Scan<'_>,
        plan: &mut Plan,
        found: &mut Vec<Span>,
    ) -> Result<(), Stopped> {
        scan.peek()?;
        let mut run = Run { start: scan.at() };
        scan.enter(b'{')?;
        self.names.begin();
        let mut first = true;
        while self.next_element(scan, &mut run, b'}', &mut first)? {
            let name = self.name(scan, &mut run)?;
            let wanted = self.names.wanted(name, plan);
            let start = self.place(&run, scan.at());
            if wanted.is_some_and(|wanted| wanted.secret) || name.secret && is_plain(scan.clone()) {
                self.hide(scan, &mut run)?;
            } else {
                self.value(scan, &mut run)?;
            }
            if let Some(wanted) = wanted {
                found.extend(Span::new(wanted.slot, start, self.place(&run, scan.at())));
            }
        }
        self.write(scan, &mut run, scan.at());
        Ok(())
    }

    fn value(&mut self, scan: &mut Scan<'_>, run: &mut Run) -> Result<(), Stopped> {
        match scan.peek()? {
            b'"' => self.string(scan, run),
            b'{' => self.object(scan, run, false),
            b'[' => {
                scan.enter(b'[')?;
                let mut first = true;
                while self.next_element(scan, run, b']', &mut first)? {
                    self.value(scan, run)?;
                }
                Ok(())
            }
            _ => scan.scalar(),
        }
    }

    /// Copies an object below the attributes. `named` says that its field `name` names a secret, which its `value` then is:
    /// so containers write their environment.
    fn object(&mut self, scan: &mut Scan<'_>, run: &mut Run, named: bool) -> Result<(), Stopped> {
        let before = (scan.at(), scan.depth(), self.text.len(), run.start);
        scan.enter(b'{')?;
        let back = self.names.enter();
        let (mut first, mut named, mut shown) = (true, named, false);
        while self.next_element(scan, run, b'}', &mut first)? {
            let name = self.name(scan, run)?;
            if name.secret && is_plain(scan.clone()) || named && name.role == Role::Value {
                self.hide(scan, run)?;
                continue;
            }
            shown |= name.role == Role::Value;
            if name.role == Role::Name && scan.peek()? == b'"' {
                named = named || is_secret_name(&scan.clone().string()?.text()?);
                if named && shown {
                    // The value stands before its name, and was copied: once more, knowing it.
                    scan.rewind(before.0, before.1);
                    self.names.leave(back);
                    self.text.truncate(before.2);
                    run.start = before.3;
                    return self.object(scan, run, true);
                }
            }
            self.value(scan, run)?;
        }
        self.names.leave(back);
        Ok(())
    }

    fn string(&mut self, scan: &mut Scan<'_>, run: &mut Run) -> Result<(), Stopped> {
        let start = scan.at();
        let token = scan.string()?;
        if let Some(other) = rewritten(&token)? {
            self.write(scan, run, start);
            push_quoted(&mut self.text, &other);
            run.start = scan.at();
        }
        Ok(())
    }

    /// Replaces the value that comes next by the mark, whatever it is, and remembers it.
    fn hide(&mut self, scan: &mut Scan<'_>, run: &mut Run) -> Result<(), Stopped> {
        scan.peek()?;
        let start = scan.at();
        scan.skip()?;
        let raw = scan.since(start);
        if raw != "null" && raw != "\"\"" {
            self.secrets.remember(&serde_json::from_str(raw).map_err(|_| Stopped)?);
            self.write(scan, run, start);
            push_quoted(&mut self.text, REDACTED);
            run.start = scan.at();
        }
        Ok(())
    }

    /// Consumes a field's name and the colon.
    #[inline]
    fn name(&mut self, scan: &mut Scan<'_>, run: &mut Run) -> Result<Name, Stopped> {
        if let Some(name) = self.names.expected(scan) {
            self.tighten(scan, run);
            return Ok(name);
        }
        let start = scan.at();
        let token = scan.string()?;
        let name = token.text()?;
        if token.escaped {
            self.write(scan, run, start);
            push_quoted(&mut self.text, &name);
            run.start = scan.at();
        }
        scan.expect(b':')?;
        self.tighten(scan, run);
        Ok(self.names.met(&name))
    }

    #[inline]
    fn next_element(&mut self, scan: &mut Scan<'_>, run: &mut Run, end: u8, first: &mut bool) -> Result<bool, Stopped> {
        self.tighten(scan, run);
        let more = scan.more(end, first)?;
        if more {
            self.tighten(scan, run);
        }
        Ok(more)
    }

    /// Drops the white space that comes next; a single blank is cheaper to keep.
    #[inline]
    fn tighten(&mut self, scan: &mut Scan<'_>, run: &mut Run) {
        let start = scan.at();
        if scan.space() > 0 && scan.since(start) != " " {
            self.write(scan, run, start);
            run.start = scan.at();
        }
    }

    /// Writes what was read up to `end`.
    fn write(&mut self, scan: &Scan<'_>, run: &mut Run, end: usize) {
        self.text.push_str(scan.between(run.start, end));
        run.start = end;
    }

    /// Where in the text a position of what is read stands or will stand.
    #[inline]
    fn place(&self, run: &Run, at: usize) -> u32 {
        // The text of a state is shorter than this counts; longer ones are refused before.
        u32::try_from(self.text.len() + (at - run.start)).unwrap_or(u32::MAX)
    }
}

/// What is written instead of a string; nothing when it is written as it stands.
///
/// A string with escapes is always written anew, so that each text is spelled in one way only and its copies can be found.
fn rewritten<'a>(token: &Token<'a>) -> Result<Option<Cow<'a, str>>, Stopped> {
    if token.escaped {
        let text = token.text()?;
        return Ok(Some(redacted_text(&text).map_or(text, Cow::Owned)));
    }
    let raw = token.raw;
    if raw.starts_with(['[', '{'])
        && let Some(document) = redacted_document(raw)
    {
        return Ok(document.map(Cow::Owned));
    }
    match redact(raw) {
        Cow::Owned(clean) => Ok(Some(Cow::Owned(clean))),
        Cow::Borrowed(_) => Ok(None),
    }
}

/// Whether the value that comes next is one that a secret name makes a secret.
fn is_plain(mut scan: Scan<'_>) -> bool {
    fn walk(scan: &mut Scan<'_>) -> Result<bool, Stopped> {
        match scan.peek()? {
            b'"' | b'-' | b'0'..=b'9' => scan.skip().map(|()| true),
            b'[' => {
                scan.enter(b'[')?;
                let mut first = true;
                while scan.more(b']', &mut first)? {
                    if !walk(scan)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }
    walk(&mut scan) == Ok(true)
}

/// Writes a text with its quotation marks, in the one spelling that copies are looked for in.
pub(super) fn push_quoted(out: &mut String, text: &str) {
    let start = out.len();
    out.push('"');
    out.push_str(text);
    if text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        out.truncate(start);
        out.push_str(&serde_json::Value::from(text).to_string());
    } else {
        out.push('"');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::twin::redact;

    /// What the copy holds, and what the walk over values makes of the same attributes.
    fn both(resource_type: &str, text: &str) -> (Value, Value, Secrets, Secrets) {
        let mut copier = Copier::default();
        let mut plan = Plan::of(resource_type);
        copier.attributes(&mut Scan::new(text), &mut plan, &mut Vec::new()).unwrap();
        let mut attributes: Map<String, Value> = serde_json::from_str(text).unwrap();
        let mut secrets = Secrets::default();
        redact::attributes(resource_type, &mut attributes, None, &mut secrets);
        (serde_json::from_str(&copier.text).unwrap(), Value::Object(attributes), copier.secrets, secrets)
    }

    #[track_caller]
    fn check(resource_type: &str, text: &str, expect: &str) {
        let mut copier = Copier::default();
        copier.attributes(&mut Scan::new(text), &mut Plan::of(resource_type), &mut Vec::new()).unwrap();
        assert_eq!(copier.text, expect);
    }

    #[test]
    fn indentation_is_dropped_and_spellings_are_unified() {
        check(
            "t",
            "{\n  \"a\" : [ 1,\n  {} ],\n  \"\\u0062\": \"x\\u0026y\\n\"\n}",
            r#"{"a" : [ 1,{} ],"b": "x&y\n"}"#,
        );
        check("t", "{}", "{}");
    }

    #[test]
    fn a_value_before_its_name_is_hidden_too() {
        let expect = r#"{"e":[{"value":"[redacted]","name":"DB_PASSWORD"},{"value":"1","name":"PORT"}]}"#;
        check("t", r#"{"e":[{"value":"x","name":"DB_PASSWORD"},{"value":"1","name":"PORT"}]}"#, expect);
    }

    #[test]
    fn what_is_wanted_is_marked() {
        let text = r#"{"runtime": "x", "role": "arn:r", "password": "p", "function_name":   "f\u0041"}"#;
        let (mut copier, mut plan, mut found) = (Copier::default(), Plan::of("aws_lambda_function"), Vec::new());
        copier.attributes(&mut Scan::new(text), &mut plan, &mut found).unwrap();
        let value = |name: &str| {
            let span = found.iter().find(|span| Some(span.slot()) == plan.slot(name)).unwrap();
            &copier.text[span.range()]
        };
        assert_eq!((value("role"), value("function_name")), ("\"arn:r\"", "\"fA\""));
    }

    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-z0-9./:-]{0,20}",
            "\\PC{0,12}",
            Just("password=hunter-2-hunter".to_owned()),
            Just("AKIAIOSFODNN7EXAMPLE".to_owned()),
            Just(json!([{"name": "API_KEY", "value": "hunter-2"}, {"x": "a&b"}]).to_string()),
            Just("{\"token\": \"abcdefgh1234\"}".to_owned()),
        ]
    }

    fn names() -> impl Strategy<Value = String> {
        prop_oneof![
            proptest::sample::select(vec![
                "name",
                "value",
                "password",
                "db_token",
                "tags",
                "arn",
                "user_data",
                "secret_string",
                "API_KEY",
                "é\""
            ])
            .prop_map(str::to_owned),
            "[a-z]{1,4}",
        ]
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            Just(json!("name")),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            texts().prop_map(Value::from),
            names().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec((names(), inner), 0..5)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_024))]

        #[test]
        fn the_copy_hides_what_the_walk_over_values_hides(fields in proptest::collection::vec((names(), values()), 0..6), pretty in any::<bool>()) {
            let attributes = Value::Object(fields.into_iter().collect());
            let text = if pretty { serde_json::to_string_pretty(&attributes).unwrap() } else { attributes.to_string() };
            let (copied, walked, mine, theirs) = both("aws_ssm_parameter", &text);
            prop_assert_eq!(copied, walked);
            prop_assert!(mine.same(&theirs));
        }
    }
}
