//! The topology: nodes and edges of one or several Terraform states.
//!
//! Owns the merge of several [`TopologyObject`]s into one [`Topology`], and looking nodes up. Nothing is unpacked: a node
//! is a position ([`NodeRef`]) until it is read. Owns no stored form ([`super::object`]) and no walking along edges
//! ([`super::radius`]).

mod merge;
mod reference;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::edge::{Edge, Relation};
use super::kind::{Kind, kind_of};
use super::node::NodeId;
use super::object::TopologyObject;
use super::view::{Link, View};
pub use reference::{NodeRef, ReadError};

/// Where some of the nodes come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The name under which the state was collected.
    pub source: String,
    /// The id of the state.
    pub lineage: String,
    /// The version of the state.
    pub serial: u64,
    /// The version of the stored object.
    pub sequence: u64,
    /// How many nodes it brings.
    pub nodes: usize,
}

/// Why several objects cannot be one topology.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MergeError {
    /// Two objects have the same name.
    #[error("two topologies are called `{from}`; give each state its own name")]
    SameSource {
        /// The name.
        from: String,
    },
    /// The same state was collected under two names.
    #[error("`{first}` and `{second}` hold the same state (lineage `{lineage}`); remove one of them")]
    SameLineage {
        /// The lineage.
        lineage: String,
        /// One name.
        first: String,
        /// The other name.
        second: String,
    },
    /// The attributes of a node cannot be read, so that its edges to other states are not known.
    #[error("the topology of `{from}` cannot be read: {problem}")]
    Unreadable {
        /// The object's source.
        from: String,
        /// Why.
        problem: String,
    },
}

/// What a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// This node.
    Found(NodeId),
    /// No node.
    Unknown,
    /// Several nodes, in order.
    Ambiguous(Vec<NodeId>),
}

/// The nodes and edges of all states together.
///
/// ```
/// use activities::twin::{Lookup, State, Topology, TopologyObject};
///
/// let state = br#"{"version": 4, "serial": 1, "lineage": "l", "resources": [{"mode": "managed", "type": "aws_sqs_queue",
///     "name": "orders", "instances": [{"attributes": {"name": "shop-orders"}}]}]}"#;
/// let topology = Topology::merge(vec![TopologyObject::of(State::parse(state)?, "shop")])?;
/// assert!(matches!(topology.find("shop-orders"), Lookup::Found(id) if id.as_str() == "aws_sqs_queue.orders"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Topology {
    parts: Vec<Part>,
    sources: Vec<Source>,
    /// The nodes whose address another state holds, too, by position and by their names.
    renamed: HashMap<u32, NodeId>,
    by_new_name: HashMap<NodeId, u32>,
    /// The links between states.
    between: BTreeMap<u32, Vec<Link>>,
    edges: usize,
}

/// The nodes of one state among those of all.
#[derive(Clone, Debug)]
struct Part {
    object: TopologyObject,
    /// The position of its first node.
    first: u32,
    /// What is known of each of its types.
    kinds: Vec<Option<&'static Kind>>,
}

impl Topology {
    /// Merges the objects of several states.
    ///
    /// An address that two states hold names neither any more: each of the two nodes is called `address@source`, and the
    /// bare address is ambiguous. Edges between states are derived here, because no single object can know them; what the
    /// nodes of a state explain to each other stays so.
    pub fn merge(objects: Vec<TopologyObject>) -> Result<Self, MergeError> {
        merge::merge(objects)
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.parts.last().map_or(0, |part| part.first as usize + part.object.nodes())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The node with this id.
    pub fn node(&self, id: &str) -> Option<NodeRef<'_>> {
        self.position(id).map(|at| self.at(at))
    }

    /// The node that is meant by an id, an ARN or a physical name.
    pub fn find(&self, name: &str) -> Lookup {
        match self.node(name) {
            Some(node) => Lookup::Found(node.id()),
            None => self.candidates(name),
        }
    }

    /// All nodes, in the order of their states.
    pub fn nodes(&self) -> impl Iterator<Item = NodeRef<'_>> {
        (0..self.len() as u32).map(|at| self.at(at))
    }

    /// How many edges there are.
    pub fn edge_count(&self) -> usize {
        self.edges
    }

    /// All edges, in order.
    pub fn edges(&self) -> impl Iterator<Item = Edge> {
        (0..self.len() as u32).flat_map(move |at| {
            let links = self.links(at).into_iter().filter(|link| link.outgoing);
            links.map(move |link| self.edge(at, link))
        })
    }

    /// The edges of one node, in order.
    pub fn edges_of(&self, id: &str) -> Vec<Edge> {
        let Some(at) = self.position(id) else { return Vec::new() };
        self.links(at).into_iter().map(|link| self.edge(at, link)).collect()
    }

    /// The states that the nodes come from.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// What an alarm's node watches.
    pub fn watched_by(&self, alarm: &NodeId) -> Vec<NodeId> {
        self.linked(alarm, Relation::Watches, true)
    }

    /// The alarms on a node.
    pub fn alarms_on(&self, id: &NodeId) -> Vec<NodeId> {
        let alarms = self.linked(id, Relation::Watches, false);
        let is_alarm = |id: &NodeId| {
            self.node(id.as_str()).is_some_and(|node| node.resource_type() == "aws_cloudwatch_metric_alarm")
        };
        alarms.into_iter().filter(is_alarm).collect()
    }

    /// What stands at the other end of a node's edges of one relation.
    pub fn linked(&self, id: &NodeId, relation: Relation, outgoing: bool) -> Vec<NodeId> {
        let links = self.position(id.as_str()).map(|at| self.links(at)).unwrap_or_default();
        let links = links.into_iter().filter(|link| link.relation == relation && link.outgoing == outgoing);
        links.map(|link| self.at(link.other).id()).collect()
    }

    /// The nodes with this ARN or name.
    pub(super) fn candidates(&self, name: &str) -> Lookup {
        let mut ids: Vec<NodeId> = self.named(name).into_iter().map(|at| self.at(at).id()).collect();
        ids.sort();
        ids.dedup();
        match ids.len() {
            0 => Lookup::Unknown,
            1 => Lookup::Found(ids.remove(0)),
            _ => Lookup::Ambiguous(ids),
        }
    }

    /// The positions of the nodes with this ARN or name, or with this address where several states hold it.
    pub(super) fn named(&self, name: &str) -> Vec<u32> {
        let mut found = Vec::new();
        for part in &self.parts {
            part.view().named(name, &mut |called| {
                found.push(part.first + called.node);
                found.len() < MOST_OF_A_NAME
            });
        }
        if !self.renamed.is_empty() {
            let bare = self.parts.iter().filter_map(|part| Some(part.first + part.view().by_address(name)?));
            found.extend(bare.filter(|at| self.renamed.contains_key(at)));
        }
        found
    }

    pub(super) fn position(&self, id: &str) -> Option<u32> {
        if let Some(at) = self.by_new_name.get(id) {
            return Some(*at);
        }
        let found = self.parts.iter().find_map(|part| Some(part.first + part.view().by_address(id)?))?;
        // Of several with the same address none is meant.
        (!self.renamed.contains_key(&found)).then_some(found)
    }

    pub(super) fn at(&self, at: u32) -> NodeRef<'_> {
        NodeRef::new(self, at)
    }

    /// The links of a node, in order.
    pub(super) fn links(&self, at: u32) -> Vec<Link> {
        let part = self.part(at);
        let own = part.view().links(at - part.first);
        let mut links: Vec<Link> = own.map(|link| Link { other: link.other + part.first, ..link }).collect();
        if let Some(between) = self.between.get(&at) {
            links.extend(between);
            links.sort_unstable();
        }
        links
    }

    /// What is known of a node's type.
    pub(super) fn kind(&self, at: u32) -> Option<&'static Kind> {
        let part = self.part(at);
        *part.kinds.get(part.view().type_number(at - part.first))?
    }

    fn edge(&self, at: u32, link: Link) -> Edge {
        let (from, to) = if link.outgoing { (at, link.other) } else { (link.other, at) };
        Edge { from: self.at(from).id(), to: self.at(to).id(), relation: link.relation }
    }

    /// The part that holds a position.
    fn part(&self, at: u32) -> &Part {
        // INVARIANT: a position comes from the topology that it is asked of, which therefore has a part.
        &self.parts[self.part_number(at)]
    }

    fn part_number(&self, at: u32) -> usize {
        // Of parts that begin at one position all but the last are empty.
        self.parts.partition_point(|part| part.first <= at).saturating_sub(1)
    }
}

impl Part {
    fn new(object: TopologyObject, first: u32) -> Self {
        let kinds = object.view().type_names().map(kind_of).collect();
        Self { object, first, kinds }
    }

    fn view(&self) -> View<'_> {
        self.object.view()
    }

    fn attributes(&self, at: u32) -> Result<Cow<'_, str>, String> {
        self.object.attributes(at - self.first)
    }
}

impl std::borrow::Borrow<str> for NodeId {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

/// Beyond it a list of nodes with one name helps nobody.
const MOST_OF_A_NAME: usize = 10_000;
