//! Derived edges: what the attributes of resources say about each other.
//!
//! Owns the order in which the sources of edges are asked, and which edge wins where several say the same. Each source
//! has its file: [`table`] for attributes that name another resource, [`connector`] for resources that only connect two
//! others, [`environment`] for what a program is told to talk to, [`policy`] for what it may talk to.

mod connector;
mod environment;
mod names;
mod policy;
mod table;

use std::borrow::Cow;
use std::collections::HashSet;

use names::Names;

use super::address::config_address;
use super::edge::{Edge, Relation};
use super::node::Node;

/// Derives the edges between nodes, without duplicates and in a fixed order.
pub(super) fn derive(nodes: &[Node]) -> Vec<Edge> {
    let names = Names::of(nodes);
    let mut found = Found::default();
    for (at, node) in nodes.iter().enumerate() {
        table::relate(&names, at, node, &mut found);
        connector::relate(&names, at, node, &mut found);
    }
    policy::relate(&names, &mut found);
    for (at, node) in nodes.iter().enumerate() {
        environment::relate(&names, at, node, &mut found);
    }
    found.into_edges(nodes)
}

/// Drops declared dependencies that a derived edge explains better.
///
/// A declared dependency names a resource with all of its instances. Once the attributes say which instance it is (the
/// security group `function` of four), the others were never meant.
pub(super) fn explained(declared: Vec<Edge>, derived: &[Edge]) -> Vec<Edge> {
    let mut known: HashSet<(&str, Cow<'_, str>)> = HashSet::with_capacity(derived.len() * 2);
    for edge in derived {
        known.insert((edge.from.as_str(), config(edge.to.as_str())));
        known.insert((edge.to.as_str(), config(edge.from.as_str())));
    }
    let explained = |edge: &Edge| known.contains(&(edge.from.as_str(), config(edge.to.as_str())));
    declared.iter().filter(|edge| !explained(edge)).cloned().collect()
}

fn config(address: &str) -> Cow<'_, str> {
    if address.contains('[') { Cow::Owned(config_address(address)) } else { Cow::Borrowed(address) }
}

/// The edges found so far, by the positions of their ends.
#[derive(Default)]
struct Found {
    edges: HashSet<(usize, usize, Relation)>,
}

impl Found {
    fn add(&mut self, from: usize, relation: Relation, to: usize) {
        if from != to {
            self.edges.insert((from, to, relation));
        }
    }

    fn has(&self, from: usize, relation: Relation, to: usize) -> bool {
        self.edges.contains(&(from, to, relation))
    }

    fn into_edges(self, nodes: &[Node]) -> Vec<Edge> {
        let mut edges: Vec<_> = self.edges.into_iter().collect();
        edges.sort_unstable();
        edges
            .into_iter()
            .map(|(from, to, relation)| Edge { from: nodes[from].id.clone(), to: nodes[to].id.clone(), relation })
            .collect()
    }
}
