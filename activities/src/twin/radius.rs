//! Walking along edges: what stands near a node, and who breaks when it breaks.
//!
//! Owns the two walks. Near goes along edges either way, but not through shared infrastructure: two functions in one
//! security group are no neighbours. The blast radius follows the direction of failure only.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::edge::Relation;
use super::node::NodeId;
use super::topology::Topology;
use super::view::Link;

/// A node that was reached, and the edge over which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// The node.
    pub id: NodeId,
    /// How many edges away it stands.
    pub hops: u32,
    /// The last edge's relation.
    pub relation: Relation,
    /// The node at the other end of the last edge, one hop nearer.
    pub via: NodeId,
    /// True when the last edge reads `via` *relation* `id`, false when it reads `id` *relation* `via`.
    pub outgoing: bool,
}

impl Topology {
    /// The nodes within a number of edges, nearest first; at most [`MOST_REACHED`].
    pub fn neighbours(&self, id: &str, hops: u32) -> Vec<Reached> {
        self.walk(id, hops, |at, link, start| {
            // Shared infrastructure is shown, and left by nobody but who starts there; so is the topic of all alarms.
            let shared = self.kind(at).is_some_and(|kind| kind.shared);
            let telling = !matches!(link.relation, Relation::DependsOn | Relation::Notifies);
            at == start || (telling && !shared)
        })
    }

    /// The nodes that break when this one breaks, nearest first; at most [`MOST_REACHED`].
    pub fn blast_radius(&self, id: &str) -> Vec<Reached> {
        self.walk(id, u32::MAX, |_, link, _| self.carries_failure(link))
    }

    /// Walks breadth first along the links that `follow` allows, given the node, the link and the start.
    fn walk(&self, id: &str, most_hops: u32, follow: impl Fn(u32, Link, u32) -> bool) -> Vec<Reached> {
        let Some(start) = self.position(id) else { return Vec::new() };
        let mut seen = vec![false; self.len()];
        seen[start as usize] = true;
        let mut reached: Vec<Reached> = Vec::new();
        let mut front = VecDeque::from([(start, 0)]);
        while let Some((at, hops)) = front.pop_front() {
            if hops == most_hops {
                break;
            }
            for link in self.links(at).into_iter().filter(|link| follow(at, *link, start)) {
                if reached.len() == MOST_REACHED {
                    return reached;
                }
                if !std::mem::replace(&mut seen[link.other as usize], true) {
                    reached.push(self.reached(at, link, hops + 1));
                    front.push_back((link.other, hops + 1));
                }
            }
        }
        reached
    }

    pub(super) fn reached(&self, at: u32, link: Link, hops: u32) -> Reached {
        let (id, via) = (self.at(link.other).id(), self.at(at).id());
        Reached { id, hops, relation: link.relation, via, outgoing: link.outgoing }
    }
}

/// The most nodes that a walk reports: beyond it a list helps nobody.
pub const MOST_REACHED: usize = 10_000;
