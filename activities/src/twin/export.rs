//! The whole twin as one document of linked data (JSON-LD).
//!
//! Owns the words of the document; its schema is published beside it ([`EXPORT_SCHEMA`]). Holds what the twin holds: attributes
//! as they were redacted, rules as they are evaluated, precedents without their vectors. Written piece by piece, because a
//! twin can be larger than what fits twice into memory.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::edge::Relation;
use super::layer::Layer;
use super::policy::{Policy, Rule};
use super::topology::{NodeRef, Topology};
use crate::shape::PrecedentNote;
use crate::text::redact;

/// The JSON Schema (draft 2020-12) of the document.
pub const EXPORT_SCHEMA: &str = include_str!("../../schema/twin.schema.json");

/// What is exported.
#[derive(Debug)]
pub struct Export<'a> {
    /// Nodes and edges.
    pub topology: &'a Topology,
    /// Governance and constraints.
    pub policy: &'a Policy,
    /// What came of former incidents.
    pub precedents: &'a [PrecedentNote],
}

impl Export<'_> {
    /// Writes the document, one node or rule on each line.
    ///
    /// # Errors
    ///
    /// What the writer fails with, and `InvalidData` for a node whose attributes cannot be read.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        write!(out, "{{\"@context\":{},\n\"@id\":\"{TWIN}\",\"@type\":\"Twin\",\"format\":{FORMAT},\n", context())?;
        member(out, "sources", self.topology.sources().iter())?;
        out.write_all(b",\n\"nodes\":[")?;
        for (number, node) in self.topology.nodes().enumerate() {
            out.write_all(if number == 0 { b"\n" } else { b",\n" })?;
            let document = self.node(node).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            serde_json::to_writer(&mut *out, &document)?;
        }
        out.write_all(b"],\n")?;
        let (constraints, governance): (Vec<&Rule>, Vec<&Rule>) =
            self.policy.rules().partition(|rule| rule.file.starts_with("constraints"));
        self.layer(out, "governance", state(&self.policy.governance), &governance)?;
        self.layer(out, "constraints", state(&self.policy.constraints), &constraints)?;
        member(out, "precedents", self.precedents.iter().map(precedent))?;
        out.write_all(b"}\n")
    }

    fn node(&self, node: NodeRef<'_>) -> Result<Value, super::ReadError> {
        let whole = node.read()?;
        let mut document = Map::new();
        let mut set = |name: &str, value: Value| {
            if !value.is_null() {
                document.insert(name.to_owned(), value);
            }
        };
        set("@id", iri(whole.id.as_str()).into());
        set("@type", whole.resource_type.as_str().into());
        set("id", whole.id.as_str().into());
        set("noun", whole.noun().into());
        let kind = whole.kind();
        set("service", json!(kind.map(|kind| kind.service)));
        set("cloudformation", json!(kind.map(|kind| kind.cloudformation).filter(|name| !name.is_empty())));
        set("arn", json!(whole.arn));
        set("names", json!(whole.names));
        set("region", json!(whole.region));
        set("account", json!(whole.account));
        set("tainted", whole.tainted.into());
        set("tags", json!(whole.tags));
        let mut others: BTreeMap<Relation, Vec<String>> = BTreeMap::new();
        for edge in self.topology.edges_of(whole.id.as_str()) {
            if edge.from == whole.id {
                others.entry(edge.relation).or_default().push(iri(edge.to.as_str()));
            }
        }
        others.into_iter().for_each(|(relation, ids)| set(relation.word(), json!(ids)));
        set("attributes", Value::Object(whole.attributes));
        Ok(Value::Object(document))
    }

    fn layer(&self, out: &mut impl Write, name: &str, state: &str, rules: &[&Rule]) -> io::Result<()> {
        write!(out, "\"{name}\":{{\"@type\":\"Layer\",\"state\":\"{state}\",\"version\":")?;
        serde_json::to_writer(&mut *out, &self.policy.version())?;
        out.write_all(b",")?;
        member(out, "rules", rules.iter())?;
        out.write_all(b"},\n")
    }
}

/// Writes `"name":[...]`, one item on each line.
fn member<T: Serialize>(out: &mut impl Write, name: &str, items: impl Iterator<Item = T>) -> io::Result<()> {
    write!(out, "\"{name}\":[")?;
    for (number, item) in items.enumerate() {
        out.write_all(if number == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &item)?;
    }
    out.write_all(b"]")
}

/// A precedent; what people and services wrote into it is redacted once more.
fn precedent(note: &PrecedentNote) -> Value {
    let mut document = json!(note);
    clean(&mut document);
    document["@id"] = format!("{TWIN}:precedent:{}", percent(&note.id)).into();
    document["@type"] = "Precedent".into();
    document
}

fn clean(value: &mut Value) {
    match value {
        Value::String(text) => *text = redact(text).into_owned(),
        Value::Array(items) => items.iter_mut().for_each(clean),
        Value::Object(fields) => fields.values_mut().for_each(clean),
        _ => {}
    }
}

fn state<T>(layer: &Layer<T>) -> &'static str {
    match layer {
        Layer::Present(_) => "present",
        Layer::Missing => "missing",
        Layer::Broken(_) => "broken",
    }
}

/// The relations lead to other nodes; tags and attributes are JSON of their own.
fn context() -> Value {
    let mut context = json!({
        "@vocab": format!("{TWIN}#"),
        "tags": {"@type": "@json"},
        "attributes": {"@type": "@json"},
    });
    for relation in Relation::ALL {
        context[relation.word()] = json!({"@type": "@id", "@container": "@set"});
    }
    context
}

fn iri(id: &str) -> String {
    format!("{TWIN}:node:{}", percent(id))
}

/// Leaves what a URN may hold as it is, and writes the rest as `%5B`.
fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:@/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

const TWIN: &str = "urn:sao:twin";
/// The version of the document's form.
const FORMAT: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_names_of_linked_data() {
        assert_eq!(iri(r#"module.m["x"].t.a"#), "urn:sao:twin:node:module.m%5B%22x%22%5D.t.a");
    }

    #[test]
    fn the_context_knows_every_relation() {
        let context = context();
        assert!(Relation::ALL.iter().all(|relation| context[relation.word()]["@type"] == "@id"));
    }
}
