//! Takes the fields of one object by name, and records what is wrong with them.
//!
//! Owns the wording of field problems: unknown, of the other query language, missing, of the wrong type, out of range.
//! What a field means is its caller's business.

use serde_json::{Map, Value};

use super::place::{Ledger, Place};
use crate::definition::QueryLanguage;

/// A field that an object may have, and the query language that it belongs to (`None`: both).
pub(super) type Field = (&'static str, Option<QueryLanguage>);

/// A field of both query languages.
pub(super) const fn both(name: &'static str) -> Field {
    (name, None)
}

/// A field that only JSONPath states have.
pub(super) const fn jsonpath(name: &'static str) -> Field {
    (name, Some(QueryLanguage::JsonPath))
}

/// A field that only JSONata states have.
pub(super) const fn jsonata(name: &'static str) -> Field {
    (name, Some(QueryLanguage::Jsonata))
}

/// One object of the definition.
#[derive(Clone)]
pub(super) struct Reader<'t> {
    /// Where problems go.
    pub(super) ledger: &'t Ledger,
    /// Where the object is.
    pub(super) place: Place,
    /// The query language in force.
    pub(super) language: QueryLanguage,
    object: &'t Map<String, Value>,
    known: &'static [&'static [Field]],
}

impl<'t> Reader<'t> {
    /// Opens an object and reports the fields that do not belong in it; `None` when the value is no object.
    pub(super) fn open(
        ledger: &'t Ledger,
        place: Place,
        value: &'t Value,
        language: QueryLanguage,
        known: &'static [&'static [Field]],
    ) -> Option<Self> {
        let Value::Object(object) = value else {
            ledger.schema(&place, expected("Object"));
            return None;
        };
        let reader = Self { ledger, place, language, object, known };
        reader.refuse_strangers();
        Some(reader)
    }

    /// Opens the object in a field of this one.
    pub(super) fn child(&self, name: &str, known: &'static [&'static [Field]]) -> Option<Self> {
        let value = self.get(name)?;
        Self::open(self.ledger, self.place.key(name), value, self.language, known)
    }

    /// The field's value, if the object has the field and may have it.
    pub(super) fn get(&self, name: &str) -> Option<&'t Value> {
        self.object.get(name).filter(|_| self.allows(name))
    }

    /// Whether the object has the field, rightly.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The object's fields in the order of the text.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'t String, &'t Value)> + use<'t> {
        self.object.iter()
    }

    /// The place of a field.
    pub(super) fn at(&self, name: &str) -> Place {
        self.place.key(name)
    }

    /// Whether expressions are JSONata.
    pub(super) fn is_jsonata(&self) -> bool {
        self.language == QueryLanguage::Jsonata
    }

    /// Records a problem with the object.
    pub(super) fn wrong(&self, message: impl Into<String>) {
        self.ledger.schema(&self.place, message);
    }

    /// Records a problem with a field.
    pub(super) fn wrong_at(&self, name: &str, message: impl Into<String>) {
        self.ledger.schema(&self.at(name), message);
    }

    /// Reports those of the fields that are missing; `true` when none is.
    pub(super) fn require(&self, names: &[&str]) -> bool {
        let missing: Vec<&str> = names.iter().copied().filter(|name| !self.object.contains_key(*name)).collect();
        if !missing.is_empty() {
            self.wrong(format!("These fields are required: [{}]", missing.join(", ")));
        }
        missing.is_empty()
    }

    /// Which of some fields that exclude each other is there; more than one is reported.
    pub(super) fn at_most_one(&self, names: &[&'static str]) -> Option<&'static str> {
        let mut there = names.iter().copied().filter(|name| self.has(name));
        let first = there.next();
        if there.next().is_some() {
            self.wrong(format!("There should only be one of the following fields: [{}]", names.join(", ")));
        }
        first
    }

    /// Which of some fields that exclude each other is there; none and more than one are reported.
    pub(super) fn exactly_one(&self, names: &[&'static str]) -> Option<&'static str> {
        let found = self.at_most_one(names);
        if found.is_none() && !names.iter().any(|name| self.object.contains_key(*name)) {
            let allowed: Vec<&str> = names.iter().copied().filter(|name| self.allows(name)).collect();
            self.wrong(format!("This object should have only one of the following fields: [{}]", allowed.join(", ")));
        }
        found
    }

    /// A field that must be text.
    pub(super) fn text(&self, name: &str) -> Option<&'t str> {
        self.typed(name, "String", Value::as_str)
    }

    /// A field that must be a boolean.
    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        self.typed(name, "Boolean", Value::as_bool)
    }

    /// A field that must be an array.
    pub(super) fn array(&self, name: &str) -> Option<&'t Vec<Value>> {
        self.typed(name, "Array", Value::as_array)
    }

    /// A field that must be an array with something in it.
    pub(super) fn filled_array(&self, name: &str) -> Option<&'t Vec<Value>> {
        let items = self.array(name)?;
        if items.is_empty() {
            self.wrong_at(name, "Value cannot be empty");
        }
        Some(items)
    }

    /// A field that must be one of some words.
    pub(super) fn word(&self, name: &str, words: &[&'static str]) -> Option<&'static str> {
        let text = self.text(name)?;
        let found = words.iter().copied().find(|word| *word == text);
        if found.is_none() {
            self.wrong_at(name, format!("Value should be one of the following: [{}]", words.join(", ")));
        }
        found
    }

    /// A field that must be a whole number of a range.
    pub(super) fn whole(&self, name: &str, least: u64, most: u64) -> Option<u64> {
        let number =
            self.typed(name, "Integer", |value| value.as_i64().map(i128::from).or(value.as_u64().map(i128::from)))?;
        if number < i128::from(least) {
            self.wrong_at(name, format!("Minimum value is {least}"));
        } else if number > i128::from(most) {
            self.wrong_at(name, format!("Maximum value is {most}"));
        }
        u64::try_from(number).ok().filter(|number| (least..=most).contains(number))
    }

    /// A field that must be a number of a range.
    pub(super) fn number(&self, name: &str, least: f64, most: f64) -> Option<f64> {
        let number = self.typed(name, "Number", Value::as_f64)?;
        if number < least {
            self.wrong_at(name, format!("Minimum value is {least:?}"));
        } else if number > most {
            self.wrong_at(name, format!("Maximum value is {most:?}"));
        }
        Some(number)
    }

    fn typed<T>(&self, name: &str, kind: &str, take: impl Fn(&'t Value) -> Option<T>) -> Option<T> {
        let value = self.get(name)?;
        let taken = take(value);
        if taken.is_none() {
            self.wrong_at(name, expected(kind));
        }
        taken
    }

    fn allows(&self, name: &str) -> bool {
        self.field(name).is_some_and(|(_, language)| language.is_none_or(|language| language == self.language))
    }

    fn field(&self, name: &str) -> Option<&'static Field> {
        self.known.iter().flat_map(|group| group.iter()).find(|(known, _)| *known == name)
    }

    fn refuse_strangers(&self) {
        for name in self.object.keys() {
            match self.field(name) {
                None => self.wrong(format!("Field '{name}' is not supported")),
                Some((_, Some(language))) if *language != self.language => self.wrong(format!(
                    "The QueryLanguage is set to '{}', but field '{name}' is only supported for the '{}' QueryLanguage",
                    self.language.as_str(),
                    language.as_str()
                )),
                Some(_) => {}
            }
        }
    }
}

/// The words for a value of the wrong type.
pub(super) fn expected(kind: &str) -> String {
    format!("Expected value of type {kind}")
}
