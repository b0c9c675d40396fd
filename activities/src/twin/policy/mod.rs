//! Governance and constraints together: the one question that everybody asks before something is changed.
//!
//! Owns the verdict, what led to it, and the policy's version. Every rule of both layers is a Cedar policy, and all of them are
//! evaluated together: what no rule permits is denied, and one rule that forbids wins over all that permit. A layer that is missing
//! or broken denies: a caller cannot ask one that is not there. So does a rule that forbids and whose evaluation fails.
//!
//! ```text
//! *.cedar ────────────────────────────┐
//! *.json ──governance, constraints──> Cedar ──> rules ──┐
//! catalogue of actions ──> schema ──────┘               ├──> verdict, findings
//! action, node, instant, who, risk, ... ──> question ───┘
//! ```
//!
//! The version is a hash over the bytes of all files and their names, in the order of their names. It changes with every change of
//! a file, a mere change of its layout included: whoever approved has approved what stood there.

mod evaluate;
mod explain;
mod question;
pub(super) mod request;
pub(super) mod rule;
mod schema;
mod split;
pub(super) mod words;

use cedar_policy::PolicySet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use explain::{Finding, Step};
pub use question::{Budget, Principal, Question};
pub use rule::{Effect, Rule};
pub use schema::policy_schema;

use super::constraints::Constraints;
use super::governance::Governance;
use super::layer::{Document, Layer, LayerProblem};
use super::node::Node;
use crate::action::ActionName;
use request::Named;

/// Both layers that people write, with the version of their texts.
#[derive(Clone, Debug)]
pub struct Policy {
    /// What may be done.
    pub governance: Layer<Governance>,
    /// When it may be done.
    pub constraints: Layer<Constraints>,
    version: String,
    /// The policies of all rules, put together once.
    set: PolicySet,
    named: Named,
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
    /// The names of all policies that decided: those that forbid, or, where none does, those that permit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
}

impl Policy {
    /// Reads both layers; whatever cannot be read is kept as such and denies.
    pub fn read(governance: &[Document<'_>], constraints: &[Document<'_>]) -> Self {
        deep(|| Self::read_here(&by_name(governance), &by_name(constraints)))
    }

    fn read_here(governance: &[Document<'_>], constraints: &[Document<'_>]) -> Self {
        let version = version(&[governance, constraints]);
        let governance = Layer::read(governance, Governance::parse);
        let constraints = Layer::read(constraints, Constraints::parse);
        let mut whole = Self { governance, constraints, version, set: PolicySet::new(), named: Named::default() };
        let policies: Vec<_> = whole.rules().filter_map(|rule| rule.policy.clone()).collect();
        policies.iter().for_each(|policy| whole.named.add(policy));
        match PolicySet::from_policies(policies) {
            Ok(set) => whole.set = set,
            // One name in both layers, which only people's `@id` can bring about.
            Err(error) => {
                let problem =
                    LayerProblem::new("governance", None, format!("a name of the constraints is taken: {error}"));
                whole.governance = Layer::Broken(vec![problem]);
            }
        }
        whole
    }

    /// Says whether an action may be done to a node now, knowing nothing more about it.
    ///
    /// Changing nothing is always permitted, also without any layer.
    pub fn permit(&self, action: ActionName, node: &Node, now: Timestamp) -> Verdict {
        self.judge(&Question::new(action, node, now))
    }

    /// Says whether what is asked is permitted.
    pub fn judge(&self, question: &Question<'_>) -> Verdict {
        deep(|| evaluate::verdict(self, question))
    }

    /// Says of every rule of both layers what it means for an action on a node now.
    pub fn explain(&self, action: ActionName, node: &Node, now: Timestamp) -> Vec<Finding> {
        self.findings(&Question::new(action, node, now))
    }

    /// Says of every rule of both layers what it means for what is asked.
    pub fn findings(&self, question: &Question<'_>) -> Vec<Finding> {
        deep(|| explain::findings(self, question))
    }

    /// Says of every rule, step by step, which of its conditions hold for what is asked.
    pub fn steps(&self, question: &Question<'_>) -> Vec<(&Rule, Vec<Step>)> {
        deep(|| explain::steps(self, question))
    }

    /// The rules of both layers, in the order in which a verdict cites them.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        let governance = self.governance.required("").map(|layer| layer.rules.as_slice()).unwrap_or_default();
        let constraints = self.constraints.required("").map(|layer| layer.rules.as_slice()).unwrap_or_default();
        governance.iter().chain(constraints)
    }

    /// What is wrong with the layers, one sentence for a layer that is missing included; nothing where both can be asked.
    pub fn problems(&self) -> Vec<LayerProblem> {
        let missing = |name: &str, is: bool, sentence: Option<String>| {
            is.then(|| LayerProblem::new(name, None, sentence.unwrap_or_default()))
        };
        let governance =
            missing("governance", self.governance == Layer::Missing, self.governance.required("governance").err());
        let constraints =
            missing("constraints", self.constraints == Layer::Missing, self.constraints.required("constraints").err());
        let broken = self.governance.problems().iter().chain(self.constraints.problems()).cloned();
        governance.into_iter().chain(constraints).chain(broken).collect()
    }

    /// What is odd about the layers, though they can be read: rules that never apply, windows that do not open any more.
    pub fn warnings(&self, now: Timestamp) -> Vec<LayerProblem> {
        let mut warnings = Vec::new();
        if let Layer::Present(governance) = &self.governance {
            warnings.extend_from_slice(&governance.warnings);
        }
        if let Layer::Present(constraints) = &self.constraints {
            warnings.extend_from_slice(&constraints.warnings);
            let over = constraints.over(now).into_iter();
            warnings.extend(over.map(|window| {
                LayerProblem::new("constraints", None, format!("maintenance window `{window}` does not open any more"))
            }));
        }
        warnings
    }

    /// The hash of all texts, as `sha256:` and 64 hexadecimal digits: it changes with every change of a file.
    pub fn version(&self) -> &str {
        &self.version
    }
}

fn by_name<'a>(documents: &[Document<'a>]) -> Vec<Document<'a>> {
    let mut documents = documents.to_vec();
    documents.sort_by_key(|document| document.name);
    documents
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

/// Does something on a stack that is large enough for the deepest policy that is read.
///
/// Cedar refuses to evaluate what would not fit on the stack that is left, so that without a stack of its own a verdict would
/// turn on who asked for it.
fn deep<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(ROOM, STACK, work)
}

/// Address space, of which only what is used costs memory. The deepest policy takes less than a quarter of it without optimisation.
const STACK: usize = 64 * 1024 * 1024;
/// What must be left of it by who is on it already.
const ROOM: usize = STACK - 1024 * 1024;

#[cfg(test)]
mod same;
#[cfg(test)]
mod tests;
