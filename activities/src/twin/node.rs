//! A node of the topology: one managed resource instance with the names by which AWS knows it.
//!
//! Owns the node that stands by itself, as it crosses the state machine, and the typed reading of its attributes. Owns no
//! edges and no storage: a node of the twin is read from there by [`super::NodeRef::read`]. What it holds was redacted.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::kind::{Kind, kind_of};

/// The name of a node: a Terraform address with its instance keys.
///
/// When two states hold the same address, each of the two nodes is called `address@source` (see [`super::Topology`]).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(Arc<str>);

impl NodeId {
    /// Takes an address as a node's name.
    pub fn new(address: impl AsRef<str>) -> Self {
        Self(Arc::from(address.as_ref()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for NodeId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// One managed resource instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// The Terraform address with instance keys.
    pub id: NodeId,
    /// The Terraform type, for example `aws_lambda_function`.
    #[serde(rename = "type")]
    pub resource_type: String,
    /// The ARN, where the resource has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// Physical names and other aliases, the most usual one first; `cluster/service` for an ECS service.
    #[serde(default)]
    pub names: Vec<String>,
    /// The region, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The twelve-digit account, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The attributes, secrets replaced by `[redacted]`.
    pub attributes: Map<String, Value>,
    /// The tags, those that the provider adds by default included.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// True when the next apply replaces the resource.
    #[serde(default)]
    pub tainted: bool,
    /// True when a former object of the resource still waits to be destroyed; that one is no node and no target.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deposed: bool,
}

impl Node {
    /// What is known of the node's type.
    pub fn kind(&self) -> Option<&'static Kind> {
        kind_of(&self.resource_type)
    }

    /// What people call the node's type; the Terraform type where nothing better is known.
    pub fn noun(&self) -> &str {
        self.kind().map_or(self.resource_type.as_str(), |kind| kind.noun)
    }

    /// The physical name that people use; the address where there is none.
    pub fn name(&self) -> &str {
        self.names.first().map_or(self.id.as_str(), String::as_str)
    }

    /// The attributes that matter in an incident, as far as they are set.
    pub fn facts(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        let facts = self.kind().into_iter().flat_map(Kind::facts);
        facts.filter_map(|fact| Some((fact, self.attributes.get(fact).filter(|value| !is_unset(value))?)))
    }

    /// A text attribute that is set.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// A whole-number attribute; legacy states write numbers as texts.
    pub fn integer(&self, name: &str) -> Option<i64> {
        let value = self.attributes.get(name)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }

    /// A boolean attribute; legacy states write `"true"`.
    pub fn boolean(&self, name: &str) -> Option<bool> {
        let value = self.attributes.get(name)?;
        value.as_bool().or_else(|| value.as_str()?.parse().ok())
    }

    /// The texts of a list or set attribute; nothing where it is null or absent.
    pub fn texts<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        texts_of(self.attributes.get(name))
    }

    /// The objects of a block attribute; nothing where it is null or absent.
    pub fn blocks<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Map<String, Value>> + use<'a> {
        blocks_of(self.attributes.get(name))
    }

    /// Whether the node's tags call it production.
    pub fn is_production(&self) -> bool {
        let is = |key: &str| ["environment", "env", "stage"].contains(&key.to_ascii_lowercase().as_str());
        let production =
            |value: &str| ["production", "prod", "prd", "live"].contains(&value.to_ascii_lowercase().as_str());
        self.tags.iter().any(|(key, value)| is(key) && production(value))
    }

    /// The name of an ECS service's cluster, which the state gives as an ARN or as a name.
    pub fn cluster_name(&self) -> Option<&str> {
        if self.resource_type != "aws_ecs_service" {
            return None;
        }
        self.text("cluster").and_then(|cluster| cluster.rsplit('/').next())
    }
}

/// The texts of a list, or nothing.
pub(super) fn texts_of(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let items = value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    items.iter().filter_map(Value::as_str).filter(|text| !text.is_empty())
}

/// The objects of a block, or nothing.
pub(super) fn blocks_of(value: Option<&Value>) -> impl Iterator<Item = &Map<String, Value>> {
    let items = value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    items.iter().filter_map(Value::as_object)
}

fn is_unset(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The tags: `tags` wins over `tags_all`; either may be null, and so may each value.
pub(super) fn tags_of(attributes: &Map<String, Value>) -> BTreeMap<String, String> {
    let of = |name: &str| attributes.get(name).and_then(Value::as_object).into_iter().flatten();
    let all = of("tags_all").chain(of("tags"));
    all.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// The first node of a state.
#[cfg(test)]
pub(crate) fn only_node(state: &Value) -> Node {
    let state = super::State::parse(state.to_string().as_bytes()).unwrap();
    let topology = super::Topology::merge(vec![super::TopologyObject::of(state, "test")]).unwrap();
    topology.nodes().next().unwrap().read().unwrap()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(resource_type: &str, attributes: Value) -> Node {
        let file = json!({"version": 4, "serial": 1, "lineage": "l", "resources": [
            {"mode": "managed", "type": resource_type, "name": "a", "instances": [{"attributes": attributes}]}]});
        only_node(&file)
    }

    #[track_caller]
    fn check(resource_type: &str, attributes: Value, names: &[&str], place: (Option<&str>, Option<&str>)) {
        let node = node(resource_type, attributes);
        assert_eq!(node.names, names);
        assert_eq!((node.region.as_deref(), node.account.as_deref()), place);
    }

    #[test]
    fn an_arn_gives_region_and_account() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:f";
        check(
            "aws_lambda_function",
            json!({"arn": arn, "function_name": "f", "id": "f"}),
            &["f"],
            (Some("eu-west-1"), Some("123456789012")),
        );
        check(
            "aws_iam_role",
            json!({"arn": "arn:aws:iam::123456789012:role/r", "name": "r"}),
            &["r"],
            (None, Some("123456789012")),
        );
        check(
            "aws_subnet",
            json!({"id": "subnet-1", "availability_zone": "eu-west-1b", "owner_id": "1"}),
            &["subnet-1"],
            (Some("eu-west-1"), Some("1")),
        );
    }

    #[test]
    fn a_service_is_also_known_with_its_cluster() {
        check(
            "aws_ecs_service",
            json!({"name": "web", "cluster": "arn:aws:ecs:r:1:cluster/shop"}),
            &["web", "shop/web"],
            (None, None),
        );
    }

    #[test]
    fn an_instance_is_known_by_its_id() {
        check("aws_instance", json!({"id": "i-1", "private_ip": "10.0.0.1"}), &["10.0.0.1", "i-1"], (None, None));
    }

    #[test]
    fn the_arn_of_another_resource_is_none_of_its_own() {
        assert_eq!(node("aws_cloudwatch_event_target", json!({"arn": "arn:aws:lambda:r:1:function:f"})).arn, None);
    }

    #[test]
    fn null_tags_are_no_tags() {
        assert!(node("aws_vpc", json!({"tags": null, "tags_all": {"a": null}})).tags.is_empty());
        assert_eq!(node("t", json!({"tags": {"a": "1"}, "tags_all": {"a": "2", "b": "3"}})).tags["a"], "1");
    }

    #[test]
    fn numbers_of_legacy_states_are_texts() {
        assert_eq!(node("t", json!({"timeout": "10"})).integer("timeout"), Some(10));
        assert_eq!(node("t", json!({"multi_az": "true"})).boolean("multi_az"), Some(true));
    }

    #[test]
    fn production_is_told_by_tags() {
        assert!(node("t", json!({"tags": {"Environment": "Production"}})).is_production());
        assert!(!node("t", json!({"tags": {"Environment": "staging", "Name": "prod"}})).is_production());
    }
}
