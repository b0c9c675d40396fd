//! A Terraform or OpenTofu state file, version 4, read into resource instances that hold no secret.
//!
//! Owns what a state is once it is read, and what is refused. How the file is walked is [`reader`]'s, why it is not taken is
//! [`error`]'s. Sensitive values, private data and outputs never leave this file. Owns no topology: what the instances are
//! to each other is [`super::topology`]'s.

mod error;
mod reader;

use std::borrow::Cow;
use std::ops::Range;

use serde_json::{Map, Value};

use self::reader::Reader;
use super::address::config_address;
use super::attributes::Attributes;
use super::copy::{Copier, Span};
use super::hash::{hash, short_sum};
use super::lookup::{Table, TableBuilder, Words, hash_of};
use super::plan::{ARN, ID, Plan};
use super::redact;
use super::scan::Scan;
pub use error::{StateError, SuccessionError};

/// One state file: who wrote it, which version of the infrastructure it is, and the managed resource instances.
///
/// The attributes of all instances stand in one text, as compact JSON; [`State::instances`] makes values of them.
#[derive(Clone, Debug)]
pub struct State {
    /// The version of the program that wrote the file.
    pub terraform_version: String,
    /// The id that the state keeps for its whole life.
    pub lineage: String,
    /// The number that grows with every write.
    pub serial: u64,
    /// What the file holds and the twin does not.
    pub left_out: LeftOut,
    pub(super) text: String,
    pub(super) addresses: String,
    pub(super) types: Vec<Type>,
    pub(super) records: Vec<Record>,
    pub(super) spans: Vec<Span>,
    pub(super) dependencies: Vec<String>,
    pub(super) declared: Vec<u32>,
    /// The table by which an address is found, and its seed.
    pub(super) by_address: Vec<u8>,
    pub(super) seed: u64,
    /// The addresses at which deposed objects wait to be destroyed.
    deposed: Vec<String>,
    providers: Vec<String>,
}

/// A type of resource that the state holds.
#[derive(Clone, Debug)]
pub(super) struct Type {
    pub(super) name: String,
    pub(super) plan: Plan,
}

/// One managed resource instance, as ranges of what the state holds together.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// The address, in `addresses`.
    pub(super) address: Range<u32>,
    /// The attributes, in `text`.
    pub(super) attributes: Range<u32>,
    /// The wanted attributes, in `spans`.
    pub(super) spans: Range<u32>,
    /// The dependencies, in `declared`.
    pub(super) declared: Range<u32>,
    /// The type, in `types`.
    pub(super) resource_type: u32,
    /// The sum of the attributes.
    pub(super) sum: u32,
    provider: u32,
    pub(super) tainted: bool,
    pub(super) deposed: bool,
}

/// One managed resource instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// The address with instance keys.
    pub address: String,
    /// The address without instance keys, as `dependencies` name it.
    pub config_address: String,
    /// The Terraform type, for example `aws_lambda_function`.
    pub resource_type: String,
    /// The provider, for example `registry.terraform.io/hashicorp/aws`.
    pub provider: String,
    /// The attributes, secrets replaced.
    pub attributes: Map<String, Value>,
    /// The configuration addresses that this instance depends on.
    pub dependencies: Vec<String>,
    /// True when the next apply replaces the object.
    pub tainted: bool,
    /// True when a former object of this instance still waits to be destroyed.
    pub deposed: bool,
}

/// Counts of what a state file holds and the twin does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Data sources: read, not managed.
    pub data_sources: usize,
    /// Deposed objects: a second object at an address, waiting to be destroyed; never a target.
    pub deposed: usize,
}

impl State {
    /// The largest file that is read.
    pub const MOST_BYTES: usize = 1 << 30;

    /// Reads a state file.
    pub fn parse(bytes: &[u8]) -> Result<Self, StateError> {
        Self::parse_with(bytes, &mut |_| {})
    }

    /// Reads a state file and tells from time to time how many of its bytes have been read.
    pub fn parse_with(bytes: &[u8], progress: &mut dyn FnMut(usize)) -> Result<Self, StateError> {
        if bytes.len() > Self::MOST_BYTES {
            return Err(StateError::TooLarge { bytes: bytes.len() });
        }
        let text =
            std::str::from_utf8(bytes).map_err(|error| StateError::NotText { valid_up_to: error.valid_up_to() })?;
        let text = text.trim_start_matches('\u{feff}');
        if text.trim_start().is_empty() {
            return Err(StateError::Empty);
        }
        let state = Reader::new(text, progress).state()?;
        progress(bytes.len());
        Ok(state)
    }

    /// How many managed resource instances it holds.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The current objects of managed resources, in the file's order.
    pub fn instances(&self) -> impl Iterator<Item = Instance> {
        self.records.iter().map(|record| self.instance(record))
    }

    /// Refuses a state of another lineage, or an older one, in place of the one with `lineage` and `serial`.
    pub fn accepts(&self, lineage: &str, serial: u64) -> Result<(), SuccessionError> {
        if self.lineage != lineage {
            return Err(SuccessionError::OtherLineage { held: lineage.to_owned(), found: self.lineage.clone() });
        }
        if self.serial < serial {
            return Err(SuccessionError::SerialRegress { held: serial, found: self.serial });
        }
        Ok(())
    }

    /// The wanted attributes of an instance.
    pub(super) fn attributes(&self, record: &Record) -> Attributes<'_> {
        let plan = &self.types[record.resource_type as usize].plan;
        Attributes::new(&self.text, plan, Cow::Borrowed(&self.spans[range(&record.spans)]))
    }

    fn instance(&self, record: &Record) -> Instance {
        let address = &self.addresses[range(&record.address)];
        Instance {
            address: address.to_owned(),
            config_address: config_address(address),
            resource_type: self.types[record.resource_type as usize].name.clone(),
            provider: self.providers[record.provider as usize].clone(),
            attributes: serde_json::from_str(&self.text[range(&record.attributes)]).unwrap_or_default(),
            dependencies: self.declared[range(&record.declared)]
                .iter()
                .map(|at| self.dependencies[*at as usize].clone())
                .collect(),
            tainted: record.tainted,
            deposed: record.deposed,
        }
    }

    /// Makes the table of addresses, unless one of them is there twice.
    fn index_addresses(&mut self) -> Result<(), StateError> {
        // Whoever writes the state does not choose what the tables make of it.
        self.seed = hash(0, self.addresses.as_bytes());
        for record in &mut self.records {
            record.sum = short_sum(self.text[range(&record.attributes)].as_bytes());
            self.seed = self.seed.rotate_left(1) ^ u64::from(record.sum);
        }
        let mut table = TableBuilder::new(self.records.len());
        let address = |at: u32| &self.addresses[range(&self.records[at as usize].address)];
        for at in 0..self.records.len() as u32 {
            let hash = hash_of(self.seed, address(at));
            if table.put(hash, at, false, |other| address(other) == address(at)).is_some() {
                return Err(StateError::DuplicateAddress { address: address(at).to_owned() });
            }
        }
        self.by_address = table.stored();
        for former in std::mem::take(&mut self.deposed) {
            let address = |at: usize| &self.addresses[range(&self.records[at].address)];
            let found = Table(Words(&self.by_address)).find(hash_of(self.seed, &former), |at| address(at) == former);
            if let Some(at) = found {
                self.records[at].deposed = true;
            }
        }
        Ok(())
    }

    /// Takes the copies of secrets out, wherever they stand.
    fn scrub(&mut self, mut copier: Copier) {
        if copier.secrets.is_empty() {
            return;
        }
        for record in &self.records {
            for name in names_of(&self.attributes(record), &self.types[record.resource_type as usize]) {
                copier.secrets.forget(&name);
            }
        }
        let quoted = copier.secrets.quoted_copies();
        let hit = |record: &Record| quoted.occur_in(&self.text[range(&record.attributes)]);
        if !self.records.iter().any(hit) {
            return;
        }
        let hits: Vec<bool> = self.records.iter().map(hit).collect();
        let copies = copier.secrets.copies();
        let (text, old_spans) = (std::mem::take(&mut self.text), std::mem::take(&mut self.spans));
        copier.text = String::with_capacity(text.len());
        for (record, hit) in self.records.iter_mut().zip(hits) {
            let attributes = &text[range(&record.attributes)];
            let (start, first) = (end_of(&copier.text), self.spans.len() as u32);
            if hit {
                let mut value: Value = serde_json::from_str(attributes).unwrap_or_default();
                redact::scrub(&copies, &mut value);
                let plan = &mut self.types[record.resource_type as usize].plan;
                // What was JSON is JSON again.
                let _ = copier.attributes(&mut Scan::new(&value.to_string()), plan, &mut self.spans);
            } else {
                copier.text.push_str(attributes);
                let moved = |span: &Span| Span { start: span.start - record.attributes.start + start, ..*span };
                self.spans.extend(old_spans[range(&record.spans)].iter().map(moved));
            }
            record.attributes = start..end_of(&copier.text);
            record.spans = first..self.spans.len() as u32;
        }
        self.text = copier.text;
    }
}

/// What a resource is called in AWS.
fn names_of<'a>(attributes: &Attributes<'a>, resource_type: &Type) -> Vec<Cow<'a, str>> {
    let own: &[u8] = if resource_type.name.starts_with("aws_") { &[ID, ARN] } else { &[] };
    let known = if resource_type.plan.kind.is_some() { resource_type.plan.names.as_slice() } else { &[] };
    let mut names = Vec::new();
    for (slot, rest) in known.iter().copied().chain(own.iter().map(|slot| (*slot, ""))) {
        if let Some(value) = attributes.at(slot) {
            value.each_text(rest, &mut |name| names.push(name));
        }
    }
    names
}

/// A range of what is shorter than four gigabytes.
pub(super) fn range(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

fn end_of(text: &str) -> u32 {
    // INVARIANT: what is stored of a file is little longer than the file, whose length is bounded.
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(file: Value, expect: Result<&[&str], StateError>) {
        let found = State::parse(file.to_string().as_bytes());
        let found = found.map(|state| state.instances().map(|instance| instance.address).collect::<Vec<_>>());
        assert_eq!(found, expect.map(|addresses| addresses.iter().map(ToString::to_string).collect()));
    }

    fn state_of(resources: Value) -> Value {
        json!({"version": 4, "terraform_version": "1.11.4", "serial": 3, "lineage": "l", "outputs": {}, "resources": resources})
    }

    fn one(instance: Value) -> Instance {
        let file = state_of(
            json!([{"mode": "managed", "type": "aws_db_instance", "name": "a", "provider": "p", "instances": [instance]}]),
        );
        State::parse(file.to_string().as_bytes()).unwrap().instances().next().unwrap()
    }

    #[test]
    fn instances_keep_their_keys() {
        let resources = json!([
            {"mode": "managed", "type": "aws_subnet", "name": "a", "provider": "p", "instances": [{"index_key": 0}, {"index_key": 1}]},
            {"module": "module.m[\"x\"]", "mode": "managed", "type": "aws_vpc", "name": "b", "each": "map", "instances": [{"index_key": "k"}]},
        ]);
        check(state_of(resources), Ok(&["aws_subnet.a[0]", "aws_subnet.a[1]", r#"module.m["x"].aws_vpc.b["k"]"#]));
    }

    #[test]
    fn data_sources_and_deposed_objects_are_left_out() {
        let resources = json!([
            {"mode": "data", "type": "aws_region", "name": "r", "instances": [{"attributes": {}}]},
            {"mode": "managed", "type": "aws_instance", "name": "a", "instances": [{"attributes": {}}, {"deposed": "0a1b2c3d", "attributes": {}}]},
        ]);
        let state = State::parse(state_of(resources).to_string().as_bytes()).unwrap();
        assert_eq!(state.len(), 1);
        assert_eq!(state.left_out, LeftOut { data_sources: 1, deposed: 1 });
    }

    #[test]
    fn tainted_is_kept() {
        assert!(one(json!({"status": "tainted"})).tainted);
        assert!(!one(json!({})).tainted);
    }

    #[test]
    fn sensitive_paths_are_redacted() {
        let path = json!([[{"type": "get_attr", "value": "blob"}, {"type": "index", "value": {"value": 0, "type": "number"}}]]);
        let found = one(json!({"attributes": {"blob": ["hunter-2-hunter", "plain"]}, "sensitive_attributes": path}));
        assert_eq!(found.attributes["blob"], json!(["[redacted]", "plain"]));
    }

    #[test]
    fn legacy_flat_attributes_are_read() {
        let found = one(
            json!({"attributes_flat": {"id": "db-1", "tags.%": "1", "tags.a.b": "c", "sg.#": "1", "sg.123": "sg-1"}}),
        );
        assert_eq!(Value::Object(found.attributes), json!({"id": "db-1", "tags": {"a.b": "c"}, "sg": ["sg-1"]}));
    }

    #[test]
    fn opentofu_writes_provider_and_depends_on_at_the_instance() {
        let found = one(
            json!({"provider": "provider[\"registry.opentofu.org/hashicorp/aws\"].west", "depends_on": ["aws_vpc.a"]}),
        );
        assert_eq!(found.provider, "registry.opentofu.org/hashicorp/aws");
        assert_eq!(found.dependencies, ["aws_vpc.a"]);
    }

    #[test]
    fn other_files_are_refused_with_their_reason() {
        check(json!({"version": 3, "modules": []}), Err(StateError::UnsupportedVersion { version: 3 }));
        check(
            json!({"version": 5, "resources": {"other": "shape"}}),
            Err(StateError::UnsupportedVersion { version: 5 }),
        );
        check(json!({"meta": {}, "encrypted_data": "eA==", "encryption_version": "v0"}), Err(StateError::Encrypted));
        check(json!({"serial": 1}), Err(StateError::NotAState { what: "it has no `version`".into() }));
        assert!(matches!(State::parse(br#"{"format_version":"1.0","values":{}}"#), Err(StateError::NotAState { .. })));
        assert!(matches!(State::parse(b" \n"), Err(StateError::Empty)));
        assert!(matches!(State::parse(b"\xff\xfe"), Err(StateError::NotText { valid_up_to: 0 })));
    }

    #[test]
    fn a_truncated_file_is_told_from_a_broken_one() {
        let text = state_of(json!([{"mode": "managed", "type": "t", "name": "n", "instances": []}])).to_string();
        assert!(matches!(State::parse(&text.as_bytes()[..text.len() - 5]), Err(StateError::Truncated { .. })));
        assert!(matches!(State::parse(b"{\"version\": 4,,}"), Err(StateError::Malformed { .. })));
    }

    #[test]
    fn an_error_repeats_no_value() {
        let file = json!({"version": 4, "serial": "hunter-2-hunter", "resources": []}).to_string();
        let error = State::parse(file.as_bytes()).unwrap_err();
        assert!(!error.to_string().contains("hunter"), "{error}");
    }

    #[test]
    fn an_older_or_foreign_state_is_not_taken() {
        let state = State::parse(state_of(json!([])).to_string().as_bytes()).unwrap();
        assert_eq!(state.accepts("l", 3), Ok(()));
        assert_eq!(state.accepts("l", 4), Err(SuccessionError::SerialRegress { held: 4, found: 3 }));
        assert!(matches!(state.accepts("m", 1), Err(SuccessionError::OtherLineage { .. })));
    }

    proptest! {
        #[test]
        fn parsing_never_panics_on_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = State::parse(&bytes);
        }

        #[test]
        fn parsing_never_panics_on_a_cut_or_changed_state(cut in 0usize..600, at in 0usize..600, letter in any::<u8>()) {
            let resources = json!([{"module": "module.m", "mode": "managed", "type": "aws_lambda_function", "name": "a", "instances": [
                {"index_key": "k", "attributes": {"arn": "arn:aws:lambda:eu-west-1:1:function:f", "vpc_config": [{"subnet_ids": ["s"]}]},
                 "sensitive_attributes": [[{"type": "get_attr", "value": "arn"}]], "dependencies": ["aws_vpc.a"]}]}]);
            let mut bytes = state_of(resources).to_string().into_bytes();
            if let Some(byte) = bytes.get_mut(at) { *byte = letter; }
            bytes.truncate(bytes.len().min(cut));
            let _ = State::parse(&bytes);
        }
    }
}
