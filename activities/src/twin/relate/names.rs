//! From a value of an attribute to the node that it names.
//!
//! Owns how ARNs that say more than a resource (a version, an index, a stream, everything below) are cut back to it, and
//! when a name is too common to be believed.

use std::cell::Cell;

use crate::twin::attributes::Attributes;
use crate::twin::naming::arn_parts;
use crate::twin::plan::Plan;
use crate::twin::view::Called;

/// Nodes among which edges are derived.
pub(in crate::twin) trait Nodes {
    /// The Terraform type of a node.
    fn resource_type(&self, at: u32) -> &str;

    /// What is known of a node's type.
    fn plan(&self, at: u32) -> &Plan;

    /// A number that two nodes share when they stand in the same account and region.
    fn place(&self, at: u32) -> u32;

    /// Whether a node has an ARN of its own.
    fn has_arn(&self, at: u32) -> bool;

    /// Calls `each` with every node that has an ARN, and the ARN.
    fn each_arn<'a>(&'a self, each: &mut dyn FnMut(u32, &'a str));

    /// The wanted attributes of a node.
    fn attributes(&self, at: u32) -> Attributes<'_>;

    /// Calls `each` with the nodes that go by this name, in order, until it says no.
    fn named(&self, name: &str, each: &mut dyn FnMut(Called) -> bool);

    /// The Terraform type of a node that was found by name.
    fn type_name(&self, called: Called) -> &str;
}

/// The nodes, and what can be asked of them.
pub(in crate::twin) struct Scene<'a, N> {
    pub(super) nodes: &'a N,
    /// How many nodes were looked at in order to find the one that is meant.
    looked_at: Cell<usize>,
}

/// What a value names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Nothing,
    One(u32),
    Several,
}

impl<'a, N: Nodes> Scene<'a, N> {
    pub(in crate::twin) fn new(nodes: &'a N) -> Self {
        Self { nodes, looked_at: Cell::new(0) }
    }

    /// The one node of the given types (any, if none are given) that `value` names, seen from `from`.
    pub(super) fn find(&self, from: u32, value: &str, types: &[&str]) -> Option<u32> {
        if value.starts_with("arn:") {
            return self
                .by_arn(value)
                .filter(|at| self.fits(*at, types))
                .or_else(|| self.by_last_part(from, value, types));
        }
        self.by_name(from, value, types)
    }

    /// The one node with this ARN, or with the ARN that remains when what follows the resource is cut off.
    pub(super) fn by_arn(&self, value: &str) -> Option<u32> {
        let mut parts = arn_parts(value);
        let mut arn = value;
        // The ARN by which API Gateway invokes a function wraps the function's own.
        if parts[2] == "apigateway"
            && let Some((_, inner)) = parts[5].split_once("/functions/")
        {
            arn = inner.trim_end_matches("/invocations");
            parts = arn_parts(arn);
        }
        let resource = arn.len() - parts[5].len();
        for _ in 0..MOST_CUTS {
            match self.only(arn, |called| called.is_arn) {
                Named::One(at) => return Some(at),
                Named::Several => return None,
                Named::Nothing => {}
            }
            // What is left of partition, service, region and account names nothing.
            let cut = arn.bytes().rposition(|byte| byte == b':' || byte == b'/').filter(|cut| *cut > resource)?;
            arn = &arn[..cut];
        }
        None
    }

    /// The one node of the given types with this name, in the place of `from` where several have it.
    pub(super) fn by_name(&self, from: u32, name: &str, types: &[&str]) -> Option<u32> {
        let fits =
            |called: Called| !called.is_arn && (types.is_empty() || types.contains(&self.nodes.type_name(called)));
        match self.only(name, fits) {
            Named::One(at) => Some(at),
            Named::Nothing => None,
            Named::Several => {
                let place = self.nodes.place(from);
                match self.only(name, |called| fits(called) && self.nodes.place(called.node) == place) {
                    Named::One(at) => Some(at),
                    Named::Nothing | Named::Several => None,
                }
            }
        }
    }

    /// Some attributes hold an ARN where the node is known by name only (`cluster`, `role`).
    fn by_last_part(&self, from: u32, arn: &str, types: &[&str]) -> Option<u32> {
        let last = arn.rsplit(['/', ':']).next()?;
        if types.is_empty() { None } else { self.by_name(from, last, types).filter(|at| !self.nodes.has_arn(*at)) }
    }

    fn only(&self, name: &str, counts: impl Fn(Called) -> bool) -> Named {
        let (mut found, mut seen) = (Named::Nothing, 0);
        let most = if self.looked_at.get() < PATIENCE { MOST_OF_A_NAME } else { MOST_WITHOUT_PATIENCE };
        self.nodes.named(name, &mut |called| {
            seen += 1;
            if seen > most {
                found = Named::Several;
            } else if counts(called) {
                found = if found == Named::Nothing { Named::One(called.node) } else { Named::Several };
            }
            found != Named::Several
        });
        self.looked_at.set(self.looked_at.get() + seen);
        found
    }

    fn fits(&self, at: u32, types: &[&str]) -> bool {
        types.is_empty() || types.contains(&self.nodes.resource_type(at))
    }
}

/// How many parts may follow the resource in an ARN: `table/x/stream/2026-11-23T10:15:30.123` has five.
const MOST_CUTS: usize = 6;

/// A name that more nodes have means none of them.
const MOST_OF_A_NAME: usize = 10_000;

/// The same, once so many nodes were looked at that the state must be an odd one.
const MOST_WITHOUT_PATIENCE: usize = 16;
const PATIENCE: usize = 100_000_000;
