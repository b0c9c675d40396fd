//! The JSON form of governance: frameworks, mandatory tags, denied actions.
//!
//! Owns the shape alone. What it means is said in Cedar by [`super::translate`].

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// The JSON form, of one file or of several put together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GovernanceForm {
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
