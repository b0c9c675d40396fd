//! Governance: what may be done to which resource, written by people.
//!
//! Owns the JSON form and its meaning. Owns no times ([`super::constraints`]) and no risk (the catalogue's).
//!
//! ```json
//! {
//!   "frameworks": ["SOC2"],
//!   "mandatory_tags": {"Environment": ["production", "dev"], "Owner": "*"},
//!   "denied_actions": [{"tool": "rds", "action": "*", "target": "module.database.*",
//!                       "condition": {"tag": "Environment", "equals": "production"}, "reason": "..."}]
//! }
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::glob;
use super::layer::{Document, LayerError};
use super::node::Node;
use super::policy::{Finding, Verdict};
use crate::action::ActionName;

/// The governance layer, from all of its files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Governance {
    /// The frameworks that are followed, for the record.
    pub frameworks: Vec<String>,
    /// What the frameworks cover, for the record.
    pub compliance_scope: Vec<String>,
    /// The tags that a resource must have to be changed, with the patterns that their values may follow.
    #[serde(deserialize_with = "mandatory_tags")]
    pub mandatory_tags: BTreeMap<String, Vec<String>>,
    /// What may not be done.
    pub denied_actions: Vec<DeniedAction>,
}

/// One thing that may not be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeniedAction {
    /// A pattern on the action's service: `lambda`, `ecs`, `rds`; every service when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// A pattern on the action's name, with or without the service in front.
    pub action: String,
    /// A pattern on the target's address, ARN or physical name.
    pub target: String,
    /// Why, for whoever is refused.
    #[serde(default)]
    pub reason: String,
    /// When the rule applies; always when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
}

/// When a rule applies.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Condition {
    /// When a tag has this value.
    Tag(TagCondition),
    /// A sentence. Nobody can evaluate it, so it holds always: a rule is never weaker than it was meant.
    Text(String),
}

/// A condition on a tag of the target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagCondition {
    /// The tag.
    pub tag: String,
    /// A pattern on its value. A target without the tag meets the condition: what is unknown is not permitted.
    pub equals: String,
}

impl Governance {
    /// Reads all files of the layer and puts their rules together.
    pub fn parse(documents: &[Document<'_>]) -> Result<Self, LayerError> {
        let mut whole = Self::default();
        for document in documents {
            let part: Self = serde_json::from_str(document.text)
                .map_err(|error| LayerError { file: document.name.to_owned(), what: error.to_string() })?;
            whole.frameworks.extend(part.frameworks);
            whole.compliance_scope.extend(part.compliance_scope);
            whole.denied_actions.extend(part.denied_actions);
            for (tag, values) in part.mandatory_tags {
                whole.mandatory_tags.entry(tag).or_default().extend(values);
            }
        }
        Ok(whole)
    }

    /// Says whether an action is permitted on a node: the first rule that denies it, else that none does.
    pub fn permits(&self, action: ActionName, node: &Node) -> Verdict {
        Verdict::of(self.explain(action, node))
    }

    /// Says of every rule what it means for an action on a node.
    pub fn explain(&self, action: ActionName, node: &Node) -> Vec<Finding> {
        if action == ActionName::None {
            return Vec::new();
        }
        let tags = self.mandatory_tags.iter().map(|(tag, values)| tag_finding(tag, values, node));
        let denied = self.denied_actions.iter().enumerate().map(|(at, rule)| rule.finding(at, action, node));
        denied.chain(tags).collect()
    }

    /// Rules that can never apply, because they name no action of the catalogue.
    pub fn warnings(&self) -> Vec<String> {
        let idle = |rule: &&DeniedAction| !ActionName::ALL.into_iter().any(|action| rule.is_about(action));
        let text = |rule: &DeniedAction| {
            format!(
                "denied action `{}` of tool `{}` is none of the catalogue's, so the rule never applies",
                rule.action,
                rule.tool.as_deref().unwrap_or("*")
            )
        };
        self.denied_actions.iter().filter(idle).map(text).collect()
    }
}

impl DeniedAction {
    fn finding(&self, at: usize, action: ActionName, node: &Node) -> Finding {
        let rule = format!("governance.denied_actions[{at}]");
        if !self.is_about(action) {
            return Finding::passes(rule, format!("is about `{}`", self.action));
        }
        if !is_target(&self.target, node) {
            return Finding::passes(rule, format!("is about `{}`", self.target));
        }
        let reason = if self.reason.is_empty() {
            format!("`{action}` is denied on `{}`", self.target)
        } else {
            self.reason.clone()
        };
        match &self.condition {
            None => Finding::denies(rule, reason),
            Some(Condition::Text(text)) => Finding::denies(
                rule,
                format!(
                    "{reason} (its condition `{text}` is a sentence that cannot be evaluated, so it applies always)"
                ),
            ),
            Some(Condition::Tag(condition)) => match node.tags.get(&condition.tag) {
                None => {
                    Finding::denies(rule, format!("{reason} (the tag `{}` of the target is not known)", condition.tag))
                }
                Some(value) if glob::matches(&condition.equals, value) => Finding::denies(rule, reason),
                Some(value) => Finding::passes(
                    rule,
                    format!("applies to `{}={}`, the target has `{value}`", condition.tag, condition.equals),
                ),
            },
        }
    }

    fn is_about(&self, action: ActionName) -> bool {
        let Some(service) = action.service() else { return false };
        is_action(self.tool.as_deref().unwrap_or("*"), service, &self.action, action)
    }
}

/// Whether patterns on service and name mean an action.
pub(super) fn is_action(tool: &str, service: &str, pattern: &str, action: ActionName) -> bool {
    glob::matches(tool, service)
        && std::iter::once(&action.word()).chain(action.other_names()).any(|name| glob::matches(pattern, name))
}

/// Whether a pattern means a node: by address, with or without the state's name behind it, by ARN or by physical name.
pub(super) fn is_target(pattern: &str, node: &Node) -> bool {
    let id = node.id.as_str();
    let address = id.rsplit_once('@').map(|(address, _)| address);
    let names = node.names.iter().map(String::as_str).chain(node.arn.as_deref()).chain(address);
    std::iter::once(id).chain(names).any(|name| glob::matches(pattern, name))
}

fn tag_finding(tag: &str, values: &[String], node: &Node) -> Finding {
    let rule = format!("governance.mandatory_tags.{tag}");
    match node.tags.get(tag) {
        None => Finding::denies(rule, format!("the target lacks the mandatory tag `{tag}`, so nobody answers for it")),
        Some(value) if values.iter().any(|pattern| glob::matches(pattern, value)) => {
            Finding::passes(rule, format!("the target has `{tag}={value}`"))
        }
        Some(value) => {
            Finding::denies(rule, format!("the target has `{tag}={value}`, allowed is `{}`", values.join("`, `")))
        }
    }
}

/// A list of tags, or a map from tags to one pattern or several; an empty pattern allows every value.
fn mandatory_tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Tags {
        List(Vec<String>),
        Map(BTreeMap<String, Patterns>),
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Patterns {
        One(String),
        Several(Vec<String>),
    }
    let patterns = |patterns: Patterns| match patterns {
        Patterns::One(pattern) if pattern.is_empty() => vec!["*".to_owned()],
        Patterns::One(pattern) => vec![pattern],
        Patterns::Several(several) => several,
    };
    let shape = "`mandatory_tags` must be a list of tags, or a map from tags to a pattern or a list of patterns";
    match Tags::deserialize(deserializer).map_err(|_| serde::de::Error::custom(shape))? {
        Tags::List(tags) => Ok(tags.into_iter().map(|tag| (tag, vec!["*".to_owned()])).collect()),
        Tags::Map(tags) => Ok(tags.into_iter().map(|(tag, values)| (tag, patterns(values))).collect()),
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self::Text(text)),
            other => serde_json::from_value(other)
                .map(Self::Tag)
                .map_err(|error| serde::de::Error::custom(format!("`condition`: {error}"))),
        }
    }
}
