//! From a value of an attribute to the node that it names.
//!
//! Owns how ARNs that say more than a resource (a version, an index, a stream, everything below) are cut back to it, and
//! when a name is too common to be believed.

use std::collections::HashMap;

use crate::twin::node::Node;

/// The nodes by ARN and by name.
pub(super) struct Names<'a> {
    pub(super) nodes: &'a [Node],
    by_arn: HashMap<&'a str, Vec<usize>>,
    by_name: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Names<'a> {
    pub(super) fn of(nodes: &'a [Node]) -> Self {
        let mut by_arn: HashMap<&str, Vec<usize>> = HashMap::with_capacity(nodes.len());
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::with_capacity(nodes.len());
        for (at, node) in nodes.iter().enumerate() {
            if let Some(arn) = &node.arn {
                by_arn.entry(arn).or_default().push(at);
            }
            for name in &node.names {
                by_name.entry(name).or_default().push(at);
            }
        }
        Self { nodes, by_arn, by_name }
    }

    /// The one node of the given types (any, if none are given) that `value` names, seen from `from`.
    pub(super) fn find(&self, from: &Node, value: &str, types: &[&str]) -> Option<usize> {
        if value.starts_with("arn:") {
            return self
                .by_arn(value)
                .filter(|at| fits(&self.nodes[*at], types))
                .or_else(|| self.by_last_part(from, value, types));
        }
        self.by_name(from, value, types)
    }

    /// The one node with this ARN, or with the ARN that remains when what follows the resource is cut off.
    pub(super) fn by_arn(&self, value: &str) -> Option<usize> {
        // The ARN by which API Gateway invokes a function wraps the function's own.
        let inner = value.split_once("/functions/").map_or(value, |(_, inner)| inner.trim_end_matches("/invocations"));
        let mut arn = inner;
        for _ in 0..MOST_CUTS {
            if let Some(found) = self.by_arn.get(arn) {
                return only(found);
            }
            let cut = arn.rfind([':', '/'])?;
            arn = &arn[..cut];
        }
        None
    }

    /// The one node of the given types with this name, in the place of `from` where several have it.
    pub(super) fn by_name(&self, from: &Node, name: &str, types: &[&str]) -> Option<usize> {
        let found: Vec<usize> =
            self.by_name.get(name)?.iter().copied().filter(|at| fits(&self.nodes[*at], types)).collect();
        only(&found).or_else(|| {
            let near: Vec<usize> = found
                .into_iter()
                .filter(|at| self.nodes[*at].region == from.region && self.nodes[*at].account == from.account)
                .collect();
            only(&near)
        })
    }

    /// Some attributes hold an ARN where the node is known by name only (`cluster`, `role`).
    fn by_last_part(&self, from: &Node, arn: &str, types: &[&str]) -> Option<usize> {
        let last = arn.rsplit(['/', ':']).next()?;
        if types.is_empty() { None } else { self.by_name(from, last, types).filter(|at| self.nodes[*at].arn.is_none()) }
    }
}

fn fits(node: &Node, types: &[&str]) -> bool {
    types.is_empty() || types.contains(&node.resource_type.as_str())
}

fn only(found: &[usize]) -> Option<usize> {
    match found {
        [one] => Some(*one),
        _ => None,
    }
}

/// How many parts may follow the resource in an ARN: `table/x/stream/2026-11-23T10:15:30.123` has five.
const MOST_CUTS: usize = 6;
