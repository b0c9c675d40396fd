//! ARN patterns with `*` and `?`, as policies write them, and the nodes that they mean.
//!
//! Owns when a pattern says anything: one that means everything of a kind (`table/*`) or more nodes than a program talks to
//! names none of them.

use std::cell::OnceCell;

use super::names::{Nodes, Scene};
use crate::twin::glob;
use crate::twin::naming::arn_parts;

/// The ARNs of all nodes in order; made when the first pattern asks.
#[derive(Default)]
pub(super) struct Arns<'n> {
    sorted: OnceCell<Vec<(&'n str, u32)>>,
}

impl<'n> Arns<'n> {
    /// The nodes that a pattern means; none when it means too many.
    pub(super) fn matching<N: Nodes>(&self, scene: &Scene<'n, N>, pattern: &str) -> Vec<u32> {
        let Some(prefix) = telling_prefix(pattern) else { return Vec::new() };
        let sorted = self.sorted.get_or_init(|| sorted(scene.nodes));
        let start = sorted.partition_point(|(arn, _)| *arn < prefix);
        let near = sorted[start..].iter().take_while(|(arn, _)| arn.starts_with(prefix)).take(MOST_LOOKED_AT);
        let found: Vec<u32> =
            near.filter(|(arn, _)| means(pattern, arn)).map(|(_, at)| *at).take(MOST_MEANT + 1).collect();
        if found.len() > MOST_MEANT { Vec::new() } else { found }
    }
}

fn sorted<N: Nodes>(nodes: &N) -> Vec<(&str, u32)> {
    let mut all = Vec::new();
    nodes.each_arn(&mut |at, arn| all.push((arn, at)));
    all.sort_unstable();
    all
}

/// What a pattern begins with, if that is more than the kind of the resource: `...:table/ord` of `...:table/ord*`.
fn telling_prefix(pattern: &str) -> Option<&str> {
    let prefix = &pattern[..pattern.find(['*', '?'])?];
    let telling = !arn_parts(prefix)[5].is_empty() && !prefix.ends_with(['/', ':']);
    telling.then_some(prefix)
}

/// Whether a pattern means a resource itself, or what is inside of it: `...:bucket-a*/*` means the bucket.
fn means(pattern: &str, arn: &str) -> bool {
    glob::wildcard(pattern, arn) || pattern.strip_suffix("/*").is_some_and(|outer| glob::wildcard(outer, arn))
}

/// A program that may use more than that is an administrator's tool.
const MOST_MEANT: usize = 32;
const MOST_LOOKED_AT: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_over_everything_of_a_kind_says_nothing() {
        for (pattern, expect) in [
            ("arn:aws:dynamodb:r:1:table/ord*", Some("arn:aws:dynamodb:r:1:table/ord")),
            ("arn:aws:sns:r:1:orders-*", Some("arn:aws:sns:r:1:orders-")),
            ("arn:aws:dynamodb:r:1:table/*", None),
            ("arn:aws:sns:r:1:*", None),
            ("arn:aws:dynamodb:*:*:table/orders", None),
            ("*", None),
        ] {
            assert_eq!(telling_prefix(pattern), expect, "{pattern}");
        }
    }

    #[test]
    fn what_is_inside_of_a_resource_means_the_resource() {
        assert!(means("arn:aws:s3:::raw-*/*", "arn:aws:s3:::raw-north"));
        assert!(means("arn:aws:dynamodb:r:1:table/a*", "arn:aws:dynamodb:r:1:table/a"));
        assert!(!means("arn:aws:dynamodb:r:1:table/a?", "arn:aws:dynamodb:r:1:table/a"));
    }
}
