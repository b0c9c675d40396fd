//! Why a state file is not taken: what it is instead, or where it breaks, and what to do.
//!
//! Owns the sentences. None repeats a value of the file, because the value may be a secret.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use thiserror::Error;

use super::State;
use crate::twin::address::InstanceKey;

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
    /// The file is larger than any that can be read.
    #[error("the state file has {bytes} bytes, at most {} can be read; split the state", State::MOST_BYTES)]
    TooLarge {
        /// How many bytes it has, or what it holds would have.
        bytes: usize,
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

/// Says why a text that could not be read is no state, or no longer one.
///
/// Reads it once more, slowly, for the sake of a good sentence; `at` is where the first reading stopped.
pub(super) fn diagnosis(text: &str, at: usize) -> StateError {
    match serde_json::from_str::<File>(text) {
        Ok(file) if file.version == Some(4) && file.encrypted_data.is_none() => {
            // JSON in shape, and nothing that could be stored.
            let before = text.get(..at).unwrap_or(text);
            let column = before.len() - before.rfind('\n').map_or(0, |end| end + 1) + 1;
            let line = before.matches('\n').count() + 1;
            StateError::Malformed { line, column, what: NOT_STORABLE.to_owned() }
        }
        Ok(file) => refusal(&file.head()),
        // The head says more than the error: another version has another shape, and so its own message.
        Err(error) => match serde_json::from_str::<Head>(text) {
            Ok(head) if !head.is_plain_version_4() => refusal(&head),
            _ => unreadable(&error),
        },
    }
}

/// The whole file, as far as its shape matters; nothing of it is kept.
#[derive(Deserialize)]
struct File {
    version: Option<u64>,
    #[serde(default, rename = "terraform_version")]
    _terraform_version: String,
    #[serde(default, rename = "lineage")]
    _lineage: String,
    #[serde(default, rename = "serial")]
    _serial: u64,
    #[serde(default, rename = "outputs")]
    _outputs: Option<Object>,
    #[serde(default, rename = "resources")]
    _resources: Option<Each<ResourceBlock>>,
    encrypted_data: Option<IgnoredAny>,
    format_version: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct ResourceBlock {
    #[serde(default, rename = "module")]
    _module: Option<String>,
    #[serde(rename = "mode")]
    _mode: String,
    #[serde(rename = "type")]
    _resource_type: String,
    #[serde(rename = "name")]
    _name: String,
    #[serde(default, rename = "provider")]
    _provider: Option<String>,
    #[serde(default, rename = "instances")]
    _instances: Option<Each<InstanceBlock>>,
}

#[derive(Deserialize)]
struct InstanceBlock {
    #[serde(default, rename = "index_key")]
    _index_key: Option<InstanceKey>,
    #[serde(default, rename = "status")]
    _status: Option<String>,
    #[serde(default, rename = "deposed")]
    _deposed: Option<String>,
    #[serde(default, rename = "provider")]
    _provider: Option<String>,
    #[serde(default, rename = "attributes")]
    _attributes: Option<Object>,
    #[serde(default, rename = "attributes_flat")]
    _attributes_flat: Option<Object>,
    #[serde(default, rename = "sensitive_attributes")]
    _sensitive_attributes: Option<IgnoredAny>,
    #[serde(default, rename = "dependencies")]
    _dependencies: Option<Each<String>>,
    #[serde(default, rename = "depends_on")]
    _depends_on: Option<Each<String>>,
}

/// An object, whatever it holds.
struct Object;

/// A list, each item of which is a `T`.
struct Each<T>(PhantomData<T>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self)
    }
}

impl<'de> Visitor<'de> for Object {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self, M::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Each<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Self(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Each<T> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<Self, S::Error> {
        while items.next_element::<T>()?.is_some() {}
        Ok(self)
    }
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
    let what =
        if telling { text.split(" at line ").next().unwrap_or_default().to_owned() } else { OTHER_TYPE.to_owned() };
    StateError::Malformed { line, column, what }
}

const OTHER_TYPE: &str = "a value has another type than a state of version 4 has there";
const NOT_STORABLE: &str =
    "what stands there is nested too deeply, is half a letter (`\\ud800`), or a number beyond all bounds";
