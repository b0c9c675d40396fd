//! Governance and constraints together: the one question that everybody asks before something is changed.
//!
//! Owns the verdict and the policy's version. A layer that is missing or broken denies: a caller cannot ask one that is
//! not there.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::constraints::Constraints;
use super::governance::Governance;
use super::layer::{Document, Layer};
use super::node::Node;
use crate::action::ActionName;

/// Both layers that people write, with the version of their texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// What may be done.
    pub governance: Layer<Governance>,
    /// When it may be done.
    pub constraints: Layer<Constraints>,
    version: String,
}

/// Whether something is permitted, and what decided it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// Whether it is permitted.
    pub allowed: bool,
    /// The rule that denies it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Why, in a sentence.
    pub reason: String,
}

/// What one rule means for one action on one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The rule, by its place in the layer.
    pub rule: String,
    /// Whether it denies the action.
    pub denies: bool,
    /// Why, or why not.
    pub reason: String,
}

impl Finding {
    pub(super) fn denies(rule: String, reason: String) -> Self {
        Self { rule, denies: true, reason }
    }

    pub(super) fn passes(rule: String, reason: String) -> Self {
        Self { rule, denies: false, reason }
    }
}

impl Verdict {
    /// The first rule that denies, else permission.
    pub(super) fn of(findings: Vec<Finding>) -> Self {
        match findings.into_iter().find(|finding| finding.denies) {
            Some(finding) => Self { allowed: false, rule: Some(finding.rule), reason: finding.reason },
            None => Self { allowed: true, rule: None, reason: "no rule stands against it".to_owned() },
        }
    }
}

impl Policy {
    /// Reads both layers; whatever cannot be read is kept as such and denies.
    pub fn read(governance: &[Document<'_>], constraints: &[Document<'_>]) -> Self {
        Self {
            governance: Layer::read(governance, Governance::parse),
            constraints: Layer::read(constraints, Constraints::parse),
            version: version(&[governance, constraints]),
        }
    }

    /// Says whether an action may be done to a node now.
    ///
    /// Changing nothing is always permitted, also without any layer.
    pub fn permit(&self, action: ActionName, node: &Node, now: Timestamp) -> Verdict {
        Verdict::of(self.explain(action, node, now))
    }

    /// Says of every rule of both layers what it means for an action on a node now.
    pub fn explain(&self, action: ActionName, node: &Node, now: Timestamp) -> Vec<Finding> {
        if action == ActionName::None {
            return Vec::new();
        }
        let absent = |name: &str, reason: String| vec![Finding::denies(name.to_owned(), reason)];
        let governance = self.governance.required("governance");
        let constraints = self.constraints.required("constraints");
        let mut findings =
            governance.map_or_else(|reason| absent("governance", reason), |layer| layer.explain(action, node));
        findings.extend(
            constraints.map_or_else(|reason| absent("constraints", reason), |layer| layer.explain(action, node, now)),
        );
        findings
    }

    /// The hash of all texts, as `sha256:` and 64 hexadecimal digits: it changes with every change of a rule.
    pub fn version(&self) -> &str {
        &self.version
    }
}

/// Hashes names and texts with their lengths, so that no two different layers hash alike.
fn version(layers: &[&[Document<'_>]]) -> String {
    let mut hash = Sha256::new();
    let mut put = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    };
    for layer in layers {
        put(&layer.len().to_string());
        for document in *layer {
            put(document.name);
            put(document.text);
        }
    }
    let digits: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
