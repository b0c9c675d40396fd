//! A node in its place in the topology, not yet read.
//!
//! Owns what is known of a node without its attributes, and reading it whole.

use serde_json::Value;
use thiserror::Error;

use super::{Part, Topology};
use crate::twin::json::Json;
use crate::twin::kind::Kind;
use crate::twin::node::{Node, NodeId, tags_of};

/// A node of a topology.
///
/// What stands in the index is at hand; [`NodeRef::read`] reads the attributes.
#[derive(Clone, Copy, Debug)]
pub struct NodeRef<'a> {
    topology: &'a Topology,
    part: &'a Part,
    at: u32,
}

/// Why the attributes of a node cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the attributes of `{node}` cannot be read: {problem}; collect the state again")]
pub struct ReadError {
    /// The node.
    pub node: NodeId,
    /// Why.
    pub problem: String,
}

impl<'a> NodeRef<'a> {
    pub(super) fn new(topology: &'a Topology, at: u32) -> Self {
        Self { topology, part: topology.part(at), at }
    }

    /// The node's name in the twin.
    pub fn id(&self) -> NodeId {
        let renamed = self.topology.renamed.get(&self.at).cloned();
        renamed.unwrap_or_else(|| NodeId::new(self.address()))
    }

    /// The Terraform address with instance keys; several states can hold the same.
    pub fn address(&self) -> &'a str {
        self.part.view().address(self.local())
    }

    /// The Terraform type.
    pub fn resource_type(&self) -> &'a str {
        let view = self.part.view();
        view.type_name(view.type_number(self.local()))
    }

    /// What is known of the node's type.
    pub fn kind(&self) -> Option<&'static Kind> {
        self.topology.kind(self.at)
    }

    /// What people call the node's type; the Terraform type where nothing better is known.
    pub fn noun(&self) -> &'a str {
        self.kind().map_or(self.resource_type(), |kind| kind.noun)
    }

    /// The ARN, where the resource has one.
    pub fn arn(&self) -> Option<&'a str> {
        self.part.view().arn(self.local())
    }

    /// Physical names and other aliases, the most usual one first.
    pub fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.part.view().names_of(self.local()).filter(|(_, is_arn)| !is_arn).map(|(name, _)| name)
    }

    /// The physical name that people use; the address where there is none.
    pub fn name(&self) -> &'a str {
        self.names().next().unwrap_or_else(|| self.address())
    }

    /// The region, where it is known.
    pub fn region(&self) -> Option<&'a str> {
        self.part.view().place(self.local()).0
    }

    /// The twelve-digit account, where it is known.
    pub fn account(&self) -> Option<&'a str> {
        self.part.view().place(self.local()).1
    }

    /// Whether the next apply replaces the resource.
    pub fn is_tainted(&self) -> bool {
        self.part.view().is_tainted(self.local())
    }

    /// Whether a former object of the resource still waits to be destroyed.
    pub fn has_deposed(&self) -> bool {
        self.part.view().has_deposed(self.local())
    }

    /// How many edges the node has.
    pub fn degree(&self) -> usize {
        self.topology.links(self.at).len()
    }

    /// One attribute; nothing where there is none of this name.
    pub fn attribute(&self, name: &str) -> Result<Option<Value>, ReadError> {
        let text = self.part.attributes(self.at).map_err(|problem| self.unreadable(problem))?;
        Ok(Json::new(&text).get(name).and_then(Json::value))
    }

    /// Reads the node with all of its attributes.
    pub fn read(&self) -> Result<Node, ReadError> {
        let text = self.part.attributes(self.at).map_err(|problem| self.unreadable(problem))?;
        let attributes =
            serde_json::from_str(&text).map_err(|_| self.unreadable("they are not what was written".to_owned()))?;
        Ok(Node {
            id: self.id(),
            resource_type: self.resource_type().to_owned(),
            arn: self.arn().map(ToOwned::to_owned),
            names: self.names().map(ToOwned::to_owned).collect(),
            region: self.region().map(ToOwned::to_owned),
            account: self.account().map(ToOwned::to_owned),
            tags: tags_of(&attributes),
            attributes,
            tainted: self.is_tainted(),
            deposed: self.has_deposed(),
        })
    }

    fn local(&self) -> u32 {
        self.at - self.part.first
    }

    fn unreadable(&self, problem: String) -> ReadError {
        ReadError { node: self.id(), problem }
    }
}
