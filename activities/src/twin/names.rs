//! The names of fields, known again.
//!
//! Owns one thing: a state repeats a few hundred names a million times, mostly in the same order. So after each name the one
//! is expected that stood beside it before, and inside of it the one that stood there; what is known of a name is found
//! out once.

use std::collections::HashMap;

use super::plan::{Plan, Wanted};
use super::scan::Scan;
use crate::text::is_secret_name;

/// A name that has been met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// Its number among the known ones; [`UNKNOWN`] when there are too many.
    pub(super) number: usize,
    /// It says that its value is a secret.
    pub(super) secret: bool,
    pub(super) role: Role,
}

/// What a name is to the names beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// `name`: its value may say that `value` is a secret.
    Name,
    /// `value`
    Value,
    Other,
}

/// The names that have been met.
#[derive(Default)]
pub(super) struct Names {
    known: Vec<Known>,
    numbers: HashMap<String, usize>,
    /// The name that was met last, and whether the next one stands inside of it rather than beside it.
    last: usize,
    inside: bool,
    /// The name that stood first of all the last time.
    first: usize,
    /// The last name that has no number.
    unknown: String,
}

struct Known {
    /// With its quotation marks and a colon.
    spelled: Vec<u8>,
    name: Name,
    /// The name that stood beside it the last time.
    beside: usize,
    /// The name that stood first inside of it the last time.
    inside: usize,
}

impl Names {
    /// Names of which the first ones have the numbers of their places.
    pub(super) fn with(names: &[&str]) -> Self {
        let mut all = Self::default();
        names.iter().for_each(|name| {
            all.learn(name);
        });
        all
    }

    /// Begins anew, with an object that stands under no name.
    #[inline]
    pub(super) fn begin(&mut self) {
        self.leave(UNKNOWN);
    }

    /// Steps into the object under the name that was met last; the answer leads back.
    #[inline]
    pub(super) fn enter(&mut self) -> usize {
        self.inside = true;
        self.last
    }

    /// Steps back out of an object.
    #[inline]
    pub(super) fn leave(&mut self, back: usize) {
        self.last = back;
        self.inside = false;
    }

    /// Consumes the name and the colon that come next, if they are the expected ones.
    #[inline]
    pub(super) fn expected(&mut self, scan: &mut Scan<'_>) -> Option<Name> {
        let next = match self.known.get(self.last) {
            Some(last) if self.inside => last.inside,
            Some(last) => last.beside,
            None => self.first,
        };
        let known = self.known.get(next)?;
        if !scan.is_next(&known.spelled) {
            return None;
        }
        self.last = next;
        self.inside = false;
        Some(known.name)
    }

    /// What is known of a name that was not expected.
    pub(super) fn met(&mut self, text: &str) -> Name {
        let number = match self.numbers.get(text) {
            Some(number) => *number,
            None if self.known.len() < MOST_KNOWN && text.len() <= LONGEST_KNOWN && is_spelled_alike(text) => {
                self.learn(text)
            }
            None => {
                text.clone_into(&mut self.unknown);
                return Name { number: UNKNOWN, secret: is_secret_name(text), role: Role::of(text) };
            }
        };
        match self.known.get_mut(self.last) {
            Some(last) if self.inside => last.inside = number,
            Some(last) => last.beside = number,
            None => self.first = number,
        }
        self.last = number;
        self.inside = false;
        self.known[number].name
    }

    /// What a plan wants of the attribute whose name was met last.
    #[inline]
    pub(super) fn wanted(&self, name: Name, plan: &mut Plan) -> Option<Wanted> {
        plan.find_known(name.number, || match self.known.get(name.number) {
            Some(known) => std::str::from_utf8(&known.spelled[1..known.spelled.len() - 2]).unwrap_or_default(),
            None => &self.unknown,
        })
    }

    fn learn(&mut self, text: &str) -> usize {
        let number = self.known.len();
        let name = Name { number, secret: is_secret_name(text), role: Role::of(text) };
        self.known.push(Known { spelled: format!("\"{text}\":").into_bytes(), name, beside: UNKNOWN, inside: UNKNOWN });
        self.numbers.insert(text.to_owned(), number);
        number
    }
}

impl Role {
    fn of(name: &str) -> Self {
        match name {
            "name" => Self::Name,
            "value" => Self::Value,
            _ => Self::Other,
        }
    }
}

/// Whether a name stands in JSON text as it is.
fn is_spelled_alike(name: &str) -> bool {
    !name.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
}

/// The number of a name that has none.
pub(super) const UNKNOWN: usize = usize::MAX;

/// Beyond it, names are made up, as those of tags can be.
const MOST_KNOWN: usize = 8_192;
const LONGEST_KNOWN: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stood_there_before_is_expected() {
        let mut names = Names::with(&["a", "b"]);
        assert_eq!((names.met("a").number, names.met("b").number), (0, 1));
        assert_eq!(names.met("password"), Name { number: 2, secret: true, role: Role::Other });
        names.met("a");
        let mut scan = Scan::new("\"b\":1");
        assert_eq!(names.expected(&mut scan).map(|name| name.number), Some(1));
        assert_eq!(scan.at(), 4);
        let back = names.enter();
        assert_eq!(names.expected(&mut Scan::new("\"c\":1")), None);
        names.met("c");
        names.leave(back);
        names.enter();
        assert_eq!(names.expected(&mut Scan::new("\"c\":1")), Some(names.met("c")));
        names.leave(back);
        assert_eq!(names.expected(&mut Scan::new("\"passwords\":1")), None);
        assert_eq!(names.expected(&mut Scan::new("")), None);
    }

    #[test]
    fn names_beyond_all_measure_have_no_number() {
        let mut names = Names::default();
        (0..MOST_KNOWN).for_each(|number| assert_eq!(names.met(&format!("n{number}")).number, number));
        assert_eq!(names.met("db_password"), Name { number: UNKNOWN, secret: true, role: Role::Other });
        let name = names.met("user_data");
        assert!(names.wanted(name, &mut Plan::of("aws_instance")).unwrap().secret);
    }
}
