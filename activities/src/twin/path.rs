//! The way from one node to another.
//!
//! Owns which way counts: first the way along which the start needs the end, then the way along which a failure of the start
//! reaches the end, then any way that does not lead through shared infrastructure.

use std::collections::VecDeque;

use serde::Serialize;

use super::edge::{Failure, Relation};
use super::node::NodeId;
use super::radius::Reached;
use super::topology::Topology;
use super::view::Link;

/// The shortest way from one node to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Path {
    /// Where it begins.
    pub from: NodeId,
    /// What it means.
    pub meaning: PathMeaning,
    /// One step for each edge, in order; empty from a node to itself.
    pub steps: Vec<Reached>,
}

/// What a way between two nodes means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PathMeaning {
    /// The start breaks when the end breaks.
    Needs,
    /// The end breaks when the start breaks.
    Breaks,
    /// Neither breaks because of the other along this way.
    Beside,
}

impl PathMeaning {
    /// The meaning as the middle of a sentence: "a *needs* b".
    pub fn word(self) -> &'static str {
        match self {
            Self::Needs => "needs",
            Self::Breaks => "takes down",
            Self::Beside => "is connected with",
        }
    }
}

/// Whether a way may follow a link from where it has come to.
type Follow<'a> = &'a dyn Fn(u32, Link) -> bool;

impl Topology {
    /// The shortest way from one node to another; nothing where there is none, or one of them is not in the twin.
    pub fn path(&self, from: &str, to: &str) -> Option<Path> {
        let (start, end) = (self.position(from)?, self.position(to)?);
        // The same edge, seen from its other end.
        let turned = |at: u32, link: Link| Link { other: at, outgoing: !link.outgoing, ..link };
        let needs = |at: u32, link: Link| self.carries_failure(turned(at, link));
        let breaks = |_: u32, link: Link| self.carries_failure(link);
        let beside = |at: u32, link: Link| {
            let shared = at != start && self.kind(at).is_some_and(|kind| kind.shared);
            !shared && link.relation != Relation::Notifies
        };
        // What Terraform only built one after the other says least.
        let telling = |at: u32, link: Link| link.relation != Relation::DependsOn && beside(at, link);
        let ways: [(PathMeaning, Follow<'_>); 4] = [
            (PathMeaning::Needs, &needs),
            (PathMeaning::Breaks, &breaks),
            (PathMeaning::Beside, &telling),
            (PathMeaning::Beside, &beside),
        ];
        ways.into_iter().find_map(|(meaning, follow)| {
            let steps = self.shortest(start, end, follow)?;
            Some(Path { from: self.at(start).id(), meaning, steps })
        })
    }

    fn shortest(&self, start: u32, end: u32, follow: Follow<'_>) -> Option<Vec<Reached>> {
        let mut came: Vec<Option<(u32, Link)>> = vec![None; self.len()];
        let mut front = VecDeque::from([start]);
        while let Some(at) = front.pop_front() {
            if at == end {
                return Some(self.walked(start, end, &came));
            }
            for link in self.links(at).into_iter().filter(|link| follow(at, *link)) {
                if link.other != start && came[link.other as usize].is_none() {
                    came[link.other as usize] = Some((at, link));
                    front.push_back(link.other);
                }
            }
        }
        None
    }

    fn walked(&self, start: u32, end: u32, came: &[Option<(u32, Link)>]) -> Vec<Reached> {
        let mut steps = Vec::new();
        let mut at = end;
        while at != start
            && let Some((via, link)) = came[at as usize]
        {
            steps.push(self.reached(via, link, 0));
            at = via;
        }
        steps.reverse();
        (1..).zip(&mut steps).for_each(|(hops, step)| step.hops = hops);
        steps
    }

    /// Whether a failure of the node at whose end `link` stands travels along it.
    pub(super) fn carries_failure(&self, link: Link) -> bool {
        match (link.relation, link.relation.failure()) {
            // Of a type without a row nothing is known but what it was declared to need.
            (Relation::DependsOn, _) => !link.outgoing && self.kind(link.other).is_none(),
            (_, Failure::FromBreaksWithTo) => !link.outgoing,
            (_, Failure::ToBreaksWithFrom) => link.outgoing,
            (_, Failure::StaysWhereItIs) => false,
        }
    }
}
