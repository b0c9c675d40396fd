//! Text -> JSON, refusing what JSON readers commonly let pass: a key that an object has twice.
//!
//! Nesting is bounded by the reader itself (128 levels), size by the service's limit for a definition.

use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::place::{Ledger, Place};
use crate::definition::Code;
use crate::syntax;

/// The longest definition, in characters.
const MOST_CHARACTERS: usize = 1_048_576;

/// Reads the text; `None` when it is not JSON, with the problem recorded.
pub(super) fn read(text: &str, ledger: &Ledger) -> Option<Value> {
    let root = Place::default();
    if text.trim().is_empty() {
        ledger.error(&root, Code::MissingDescription, "The definition is empty");
        return None;
    }
    if text.len() > MOST_CHARACTERS && text.chars().count() > MOST_CHARACTERS {
        ledger.schema(&root, format!("The definition has more than {MOST_CHARACTERS} characters"));
        return None;
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let outcome =
        Strict { place: root.clone(), ledger }.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    outcome.map_err(|error| refuse(text, &error, &root, ledger)).ok()
}

fn refuse(text: &str, error: &serde_json::Error, root: &Place, ledger: &Ledger) {
    let message = error.to_string();
    if message.starts_with("recursion limit exceeded") {
        ledger.error(root, Code::TooDeeplyNested, "The states are too deeply nested");
    } else if let Some(fault) = syntax::fault(text) {
        ledger.sourced(root, Code::InvalidJsonDescription, fault);
    } else {
        ledger.error(root, Code::InvalidJsonDescription, message);
    }
}

/// Builds a value and reports each key that appears twice in one object; the later one stays.
struct Strict<'l> {
    place: Place,
    ledger: &'l Ledger,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) =
            items.next_element_seed(Strict { place: self.place.index(list.len()), ledger: self.ledger })?
        {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            let value = fields.next_value_seed(Strict { place: self.place.key(&name), ledger: self.ledger })?;
            if object.contains_key(&name) {
                self.ledger.error(&self.place, Code::InvalidJsonDescription, format!("Duplicate field '{name}'"));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}
