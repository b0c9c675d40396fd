//! The topology: nodes and edges of one or several Terraform states.
//!
//! Owns the stored form (one [`TopologyObject`] for each state file), the merge of several into one [`Topology`], and
//! looking nodes up. Owns no reading of state files ([`super::state`]) and no walking along edges ([`super::radius`]).

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::declared::{Declaration, declared_edges};
use super::edge::{Edge, Relation};
use super::node::{Node, NodeId};
use super::relate;
use super::state::{State, SuccessionError};

/// What is stored of one state file.
///
/// `sequence` grows with every write of the object: its content alone cannot tell that it was changed and changed back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopologyObject {
    /// The version of this form.
    pub format: u32,
    /// The id of the state.
    pub lineage: String,
    /// The version of the state.
    pub serial: u64,
    /// The version of this object.
    pub sequence: u64,
    /// The name under which the state was collected, for example its path or its S3 key.
    pub source: String,
    /// The managed resource instances.
    pub nodes: Vec<Node>,
    /// The edges between them.
    pub edges: Vec<Edge>,
}

impl TopologyObject {
    /// The version of the stored form.
    pub const FORMAT: u32 = 1;

    /// Makes the first object of a state file.
    pub fn of(state: State, source: impl Into<String>) -> Self {
        let declarations: Vec<Declaration> = state
            .instances
            .iter()
            .map(|instance| Declaration {
                id: NodeId::new(&instance.address),
                config_address: instance.config_address.clone(),
                dependencies: instance.dependencies.clone(),
            })
            .collect();
        let nodes: Vec<Node> = state.instances.into_iter().map(Node::of).collect();
        let mut edges = relate::derive(&nodes);
        edges.extend(relate::explained(declared_edges(&declarations), &edges));
        Self {
            format: Self::FORMAT,
            lineage: state.lineage,
            serial: state.serial,
            sequence: 1,
            source: source.into(),
            nodes,
            edges,
        }
    }

    /// Makes the object that follows this one, unless the state is older or another.
    pub fn succeed(&self, state: State) -> Result<Self, SuccessionError> {
        state.accepts(&self.lineage, self.serial)?;
        Ok(Self { sequence: self.sequence + 1, ..Self::of(state, self.source.clone()) })
    }
}

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
    /// An object has a form that this version does not know.
    #[error("the topology of `{from}` has format `{format}`, this version reads format 1; collect the state again")]
    UnsupportedFormat {
        /// The object's source.
        from: String,
        /// The format found.
        format: u32,
    },
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
    /// An object holds an edge to a node that it does not hold.
    #[error(
        "the topology of `{from}` is broken: an edge leads to `{node}`, which it does not hold; collect the state again"
    )]
    DanglingEdge {
        /// The object's source.
        from: String,
        /// The missing node.
        node: NodeId,
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

/// The nodes and edges of all states together, with their indexes.
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
    pub(super) nodes: Vec<Node>,
    pub(super) links: Vec<Vec<Link>>,
    sources: Vec<Source>,
    by_id: HashMap<NodeId, usize>,
    by_name: HashMap<String, Vec<usize>>,
}

/// An edge, seen from one of its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link {
    pub(super) other: usize,
    pub(super) relation: Relation,
    /// True at the edge's subject.
    pub(super) outgoing: bool,
}

impl Topology {
    /// Merges the objects of several states.
    ///
    /// An address that two states hold names neither any more: each of the two nodes is called `address@source`, and the
    /// bare address is ambiguous. Edges between states are derived here, because no single object can know them.
    pub fn merge(mut objects: Vec<TopologyObject>) -> Result<Self, MergeError> {
        objects.sort_by(|a, b| a.source.cmp(&b.source));
        check_objects(&objects)?;
        let several = objects.len() > 1;
        let shared = shared_addresses(&objects);
        let mut topology = Self::default();
        let mut edges = Vec::new();
        for object in objects {
            edges.extend(topology.take(object, &shared));
        }
        if several {
            edges.extend(relate::derive(&topology.nodes));
        }
        topology.link(&edges);
        Ok(topology)
    }

    /// The node with this id.
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.position(id).map(|at| &self.nodes[at])
    }

    /// The node that is meant by an id, an ARN or a physical name.
    pub fn find(&self, name: &str) -> Lookup {
        match self.node(name) {
            Some(node) => Lookup::Found(node.id.clone()),
            None => self.candidates(name),
        }
    }

    /// All nodes, in the order of their states.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// All edges, in order.
    pub fn edges(&self) -> impl Iterator<Item = Edge> {
        self.links.iter().enumerate().flat_map(move |(at, links)| {
            links.iter().filter(|link| link.outgoing).map(move |link| self.edge(at, *link))
        })
    }

    /// The edges of one node, in order.
    pub fn edges_of(&self, id: &str) -> Vec<Edge> {
        let Some(at) = self.position(id) else { return Vec::new() };
        self.links[at].iter().map(|link| self.edge(at, *link)).collect()
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
        alarms
            .into_iter()
            .filter(|id| self.node(id.as_str()).is_some_and(|node| node.resource_type == "aws_cloudwatch_metric_alarm"))
            .collect()
    }

    /// What stands at the other end of a node's edges of one relation.
    pub fn linked(&self, id: &NodeId, relation: Relation, outgoing: bool) -> Vec<NodeId> {
        let links = self.position(id.as_str()).map_or(&[][..], |at| self.links[at].as_slice());
        let links = links.iter().filter(|link| link.relation == relation && link.outgoing == outgoing);
        links.map(|link| self.nodes[link.other].id.clone()).collect()
    }

    /// The nodes with this ARN or name.
    pub(super) fn candidates(&self, name: &str) -> Lookup {
        let mut ids: Vec<NodeId> =
            self.by_name.get(name).into_iter().flatten().map(|at| self.nodes[*at].id.clone()).collect();
        ids.sort();
        match ids.len() {
            0 => Lookup::Unknown,
            1 => Lookup::Found(ids.remove(0)),
            _ => Lookup::Ambiguous(ids),
        }
    }

    pub(super) fn position(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    fn edge(&self, at: usize, link: Link) -> Edge {
        let (from, to) = if link.outgoing { (at, link.other) } else { (link.other, at) };
        Edge { from: self.nodes[from].id.clone(), to: self.nodes[to].id.clone(), relation: link.relation }
    }

    /// Takes the nodes of one object in and hands its edges back, with the names that the nodes now have.
    fn take(&mut self, object: TopologyObject, shared: &HashSet<NodeId>) -> Vec<Edge> {
        let TopologyObject { lineage, serial, sequence, source, nodes, edges, .. } = object;
        self.sources.push(Source { source: source.clone(), lineage, serial, sequence, nodes: nodes.len() });
        let renamed = |id: NodeId| if shared.contains(&id) { NodeId::new(format!("{id}@{source}")) } else { id };
        for mut node in nodes {
            let address = node.id.clone();
            node.id = renamed(node.id);
            self.add(node, &address);
        }
        edges
            .into_iter()
            .map(|edge| Edge { from: renamed(edge.from), to: renamed(edge.to), relation: edge.relation })
            .collect()
    }

    fn add(&mut self, node: Node, address: &NodeId) {
        let at = self.nodes.len();
        let bare = (node.id != *address).then(|| address.to_string());
        for name in node.names.iter().chain(&node.arn).chain(&bare) {
            let named = self.by_name.entry(name.clone()).or_default();
            if named.last() != Some(&at) {
                named.push(at);
            }
        }
        self.by_id.insert(node.id.clone(), at);
        self.nodes.push(node);
    }

    fn link(&mut self, edges: &[Edge]) {
        self.links = vec![Vec::new(); self.nodes.len()];
        for edge in edges {
            if let (Some(from), Some(to)) = (self.position(edge.from.as_str()), self.position(edge.to.as_str())) {
                self.links[from].push(Link { other: to, relation: edge.relation, outgoing: true });
                self.links[to].push(Link { other: from, relation: edge.relation, outgoing: false });
            }
        }
        for links in &mut self.links {
            links.sort_unstable();
            links.dedup();
        }
    }
}

impl std::borrow::Borrow<str> for NodeId {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

fn check_objects(objects: &[TopologyObject]) -> Result<(), MergeError> {
    for (at, object) in objects.iter().enumerate() {
        let from = object.source.clone();
        if object.format != TopologyObject::FORMAT {
            return Err(MergeError::UnsupportedFormat { from, format: object.format });
        }
        for other in &objects[..at] {
            if other.source == object.source {
                return Err(MergeError::SameSource { from });
            }
            if !object.lineage.is_empty() && other.lineage == object.lineage {
                return Err(MergeError::SameLineage {
                    lineage: object.lineage.clone(),
                    first: other.source.clone(),
                    second: from,
                });
            }
        }
        let held: HashSet<&NodeId> = object.nodes.iter().map(|node| &node.id).collect();
        if let Some(node) = object.edges.iter().flat_map(|edge| [&edge.from, &edge.to]).find(|id| !held.contains(id)) {
            return Err(MergeError::DanglingEdge { from, node: node.clone() });
        }
    }
    Ok(())
}

/// The addresses that more than one object holds.
fn shared_addresses(objects: &[TopologyObject]) -> HashSet<NodeId> {
    if objects.len() < 2 {
        return HashSet::new();
    }
    let mut seen = HashSet::new();
    let all = objects.iter().flat_map(|object| object.nodes.iter().map(|node| &node.id));
    all.filter(|id| !seen.insert(*id)).cloned().collect()
}
