//! A Terraform or OpenTofu state file, version 4, read into resource instances that hold no secret.
//!
//! Owns the file format: what is refused and why, which objects count, and the order of work (parse, redact, forget
//! the rest). Sensitive values, private data and outputs never leave this file. Owns no topology: what the instances
//! are to each other is [`super::topology`]'s.

use std::collections::HashSet;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use thiserror::Error;

use super::address::{InstanceKey, instance_address};
use super::flat::unflatten;
use super::redact::{self, Secrets};

/// One state file: who wrote it, which version of the infrastructure it is, and the managed resource instances.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The version of the program that wrote the file.
    pub terraform_version: String,
    /// The id that the state keeps for its whole life.
    pub lineage: String,
    /// The number that grows with every write.
    pub serial: u64,
    /// The current objects of managed resources, in the file's order.
    pub instances: Vec<Instance>,
    /// What the file holds and the twin does not.
    pub left_out: LeftOut,
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
}

/// Counts of what a state file holds and the twin does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Data sources: read, not managed.
    pub data_sources: usize,
    /// Deposed objects: a second object at an address, waiting to be destroyed; never a target.
    pub deposed: usize,
}

/// Why a state file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StateError {
    /// The file holds no text at all.
    #[error("the state file is empty; take a copy with `terraform state pull`")]
    Empty,
    /// The file is not UTF-8.
    #[error("the state file is not text in UTF-8 (byte {valid_up_to}); a compressed copy must be unpacked first")]
    NotText {
        /// The first byte that is no text.
        valid_up_to: usize,
    },
    /// The file ends in the middle.
    #[error(
        "the state file ends in the middle (line {line}, column {column}); take a whole copy with `terraform state pull`"
    )]
    Truncated {
        /// The line of the end.
        line: usize,
        /// The column of the end.
        column: usize,
    },
    /// The file is no JSON, or not in the shape of a state.
    #[error("the state file cannot be read at line {line}, column {column}: {what}")]
    Malformed {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
        /// What is wrong, without any value of the file.
        what: String,
    },
    /// The file is JSON, but no state.
    #[error("this is not a Terraform state file: {what}")]
    NotAState {
        /// What it seems to be.
        what: String,
    },
    /// The file has another format version.
    #[error(
        "the state file has format version `{version}`, only version 4 can be read; `terraform state pull` with Terraform 0.12 or later writes it"
    )]
    UnsupportedVersion {
        /// The version found.
        version: u64,
    },
    /// Two objects claim the same address, so that neither can be a target.
    #[error("the state file holds `{address}` twice; run `terraform state list` and repair it")]
    DuplicateAddress {
        /// The address.
        address: String,
    },
    /// OpenTofu encrypted the file.
    #[error(
        "the state file is encrypted by OpenTofu (`encrypted_data`); hand over the plain state that `tofu state pull` prints"
    )]
    Encrypted,
}

/// Why a state cannot follow the one that the twin holds.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SuccessionError {
    /// The file belongs to another state.
    #[error(
        "the state has lineage `{found}`, the twin holds lineage `{held}` under this name; collect it under another name"
    )]
    OtherLineage {
        /// The lineage that the twin holds.
        held: String,
        /// The lineage of the file.
        found: String,
    },
    /// The file is older than what the twin holds.
    #[error("the state has serial `{found}`, the twin already holds serial `{held}`; an older state is not taken")]
    SerialRegress {
        /// The serial that the twin holds.
        held: u64,
        /// The serial of the file.
        found: u64,
    },
}

impl State {
    /// Reads a state file.
    pub fn parse(bytes: &[u8]) -> Result<Self, StateError> {
        let text =
            std::str::from_utf8(bytes).map_err(|error| StateError::NotText { valid_up_to: error.valid_up_to() })?;
        let text = text.trim_start_matches('\u{feff}');
        if text.trim().is_empty() {
            return Err(StateError::Empty);
        }
        match serde_json::from_str::<File>(text) {
            Ok(file) if file.version == Some(4) && file.encrypted_data.is_none() => {
                file.into_state().without_duplicates()
            }
            Ok(file) => Err(refusal(&file.head())),
            // The head says more than the error: another version has another shape, and so its own message.
            Err(error) => match serde_json::from_str::<Head>(text) {
                Ok(head) if !head.is_plain_version_4() => Err(refusal(&head)),
                _ => Err(unreadable(&error)),
            },
        }
    }

    fn without_duplicates(self) -> Result<Self, StateError> {
        let mut seen = HashSet::with_capacity(self.instances.len());
        match self.instances.iter().find(|instance| !seen.insert(instance.address.as_str())) {
            Some(instance) => Err(StateError::DuplicateAddress { address: instance.address.clone() }),
            None => Ok(self),
        }
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
}

/// The whole file, as far as it is of interest.
#[derive(Deserialize)]
struct File {
    version: Option<u64>,
    #[serde(default)]
    terraform_version: String,
    #[serde(default)]
    lineage: String,
    #[serde(default)]
    serial: u64,
    #[serde(default)]
    outputs: Option<Map<String, Value>>,
    #[serde(default)]
    resources: Option<Vec<ResourceBlock>>,
    encrypted_data: Option<IgnoredAny>,
    format_version: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct ResourceBlock {
    #[serde(default)]
    module: Option<String>,
    mode: String,
    #[serde(rename = "type")]
    resource_type: String,
    name: String,
    #[serde(default)]
    provider: Option<String>,
    #[serde(default)]
    instances: Option<Vec<InstanceBlock>>,
}

#[derive(Deserialize)]
struct InstanceBlock {
    #[serde(default)]
    index_key: Option<InstanceKey>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    deposed: Option<String>,
    #[serde(default)]
    provider: Option<String>,
    #[serde(default)]
    attributes: Option<Map<String, Value>>,
    #[serde(default)]
    attributes_flat: Option<Map<String, Value>>,
    #[serde(default)]
    sensitive_attributes: Option<Value>,
    #[serde(default)]
    dependencies: Option<Vec<String>>,
    #[serde(default)]
    depends_on: Option<Vec<String>>,
}

/// The few fields that tell what kind of file this is, whatever the rest looks like.
#[derive(Deserialize)]
struct Head {
    version: Option<Value>,
    encrypted_data: Option<IgnoredAny>,
    format_version: Option<IgnoredAny>,
}

impl Head {
    fn is_plain_version_4(&self) -> bool {
        self.version.as_ref().and_then(Value::as_u64) == Some(4) && self.encrypted_data.is_none()
    }
}

impl File {
    fn head(self) -> Head {
        Head {
            version: self.version.map(Value::from),
            encrypted_data: self.encrypted_data,
            format_version: self.format_version,
        }
    }

    fn into_state(self) -> State {
        let mut left_out = LeftOut::default();
        let mut secrets = Secrets::default();
        secrets.take_outputs(self.outputs.unwrap_or_default());
        let mut instances = Vec::new();
        for block in self.resources.unwrap_or_default() {
            let managed = block.mode == "managed";
            let module = block.module.unwrap_or_default();
            let provider = block.provider.unwrap_or_default();
            for mut instance in block.instances.unwrap_or_default() {
                // Redaction comes first: a data source or a deposed object knows secrets, too.
                let attributes = instance.redacted_attributes(&block.resource_type, &mut secrets);
                if !managed {
                    left_out.data_sources += 1;
                } else if instance.deposed.is_some() {
                    left_out.deposed += 1;
                } else {
                    instances.push(instance.into_instance(
                        &module,
                        &block.resource_type,
                        &block.name,
                        &provider,
                        attributes,
                    ));
                }
            }
        }
        secrets.scrub(&mut instances);
        State {
            terraform_version: self.terraform_version,
            lineage: self.lineage,
            serial: self.serial,
            instances,
            left_out,
        }
    }
}

impl InstanceBlock {
    fn redacted_attributes(&mut self, resource_type: &str, secrets: &mut Secrets) -> Map<String, Value> {
        let mut attributes = match (self.attributes.take(), self.attributes_flat.take()) {
            (Some(attributes), _) => attributes,
            (None, Some(flat)) => unflatten(flat),
            (None, None) => Map::new(),
        };
        redact::attributes(resource_type, &mut attributes, self.sensitive_attributes.as_ref(), secrets);
        attributes
    }

    fn into_instance(
        self,
        module: &str,
        resource_type: &str,
        name: &str,
        provider: &str,
        attributes: Map<String, Value>,
    ) -> Instance {
        let mut dependencies = self.dependencies.unwrap_or_default();
        dependencies.extend(self.depends_on.unwrap_or_default());
        Instance {
            address: instance_address(module, resource_type, name, self.index_key.as_ref()),
            config_address: super::address::config_address(&instance_address(module, resource_type, name, None)),
            resource_type: resource_type.to_owned(),
            provider: provider_name(self.provider.as_deref().unwrap_or(provider)).to_owned(),
            attributes,
            dependencies,
            tainted: self.status.as_deref() == Some("tainted"),
        }
    }
}

/// Takes the source out of `module.a.provider["registry.terraform.io/hashicorp/aws"].west`.
fn provider_name(provider: &str) -> &str {
    provider.split('"').nth(1).unwrap_or(provider)
}

/// Says what a file is that is no plain version 4.
fn refusal(head: &Head) -> StateError {
    if head.encrypted_data.is_some() {
        return StateError::Encrypted;
    }
    match (&head.version, head.format_version.is_some()) {
        (_, true) => StateError::NotAState {
            what: "it looks like the output of `terraform show -json`; hand over the state itself (`terraform state pull`)".to_owned(),
        },
        (Some(version), _) => match version.as_u64() {
            Some(version) => StateError::UnsupportedVersion { version },
            None => StateError::NotAState { what: "its `version` is no number".to_owned() },
        },
        (None, _) => StateError::NotAState { what: "it has no `version`".to_owned() },
    }
}

/// Says where a file cannot be read, without repeating a value of it: the value may be a secret.
fn unreadable(error: &serde_json::Error) -> StateError {
    let (line, column) = (error.line(), error.column());
    if error.is_eof() {
        return StateError::Truncated { line, column };
    }
    // Serde's sentence about a wrong type repeats the value; its other sentences name fields and signs only.
    let text = error.to_string();
    let telling = error.is_syntax() || text.starts_with("missing field") || text.starts_with("duplicate field");
    let what = if telling {
        text.split(" at line ").next().unwrap_or_default().to_owned()
    } else {
        "a value has another type than a state of version 4 has there".to_owned()
    };
    StateError::Malformed { line, column, what }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(file: Value, expect: Result<&[&str], StateError>) {
        let found = State::parse(file.to_string().as_bytes());
        let found = found.map(|state| state.instances.into_iter().map(|instance| instance.address).collect::<Vec<_>>());
        assert_eq!(found, expect.map(|addresses| addresses.iter().map(ToString::to_string).collect()));
    }

    fn state_of(resources: Value) -> Value {
        json!({"version": 4, "terraform_version": "1.11.4", "serial": 3, "lineage": "l", "outputs": {}, "resources": resources})
    }

    fn one(instance: Value) -> Instance {
        let file = state_of(
            json!([{"mode": "managed", "type": "aws_db_instance", "name": "a", "provider": "p", "instances": [instance]}]),
        );
        State::parse(file.to_string().as_bytes()).unwrap().instances.remove(0)
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
        assert_eq!(state.instances.len(), 1);
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
