//! Declared dependencies: Terraform's own list of what an instance was built after.
//!
//! Owns the way from configuration addresses to instances. A state lists every dependency, the indirect ones too
//! (twenty for a function behind a network); only the direct ones become edges, because the others say nothing new.

use std::collections::{HashMap, HashSet};

use super::address::steps;
use super::edge::{Edge, Relation};
use super::node::NodeId;

/// What one instance declares.
pub(super) struct Declaration {
    /// The instance.
    pub(super) id: NodeId,
    /// Its address without instance keys.
    pub(super) config_address: String,
    /// The configuration addresses that it depends on, indirectly too.
    pub(super) dependencies: Vec<String>,
}

/// Makes an edge from each instance to each instance of what it directly depends on.
///
/// Inside of a module instance a dependency means that instance only: `module.worker["mailer"].aws_lambda_function.this`
/// depends on the role of the mailer, not on that of its siblings.
pub(super) fn declared_edges(declarations: &[Declaration]) -> Vec<Edge> {
    let mut instances: HashMap<&str, Vec<&NodeId>> = HashMap::new();
    let mut closures: HashMap<&str, HashSet<&str>> = HashMap::new();
    for declaration in declarations {
        instances.entry(&declaration.config_address).or_default().push(&declaration.id);
        closures
            .entry(&declaration.config_address)
            .or_default()
            .extend(declaration.dependencies.iter().map(String::as_str));
    }
    let mut edges = Vec::new();
    for declaration in declarations {
        for dependency in direct(declaration, &closures) {
            let targets = instances.get(dependency).map_or(&[][..], Vec::as_slice);
            let same_module = |target: &&&NodeId| in_same_module_instance(declaration.id.as_str(), target.as_str());
            let targets = targets.iter().filter(same_module).filter(|target| ***target != declaration.id);
            edges.extend(targets.map(|target| Edge {
                from: declaration.id.clone(),
                to: (*target).clone(),
                relation: Relation::DependsOn,
            }));
        }
    }
    edges
}

/// The dependencies that no other dependency already implies.
fn direct<'a>(declaration: &'a Declaration, closures: &HashMap<&str, HashSet<&'a str>>) -> Vec<&'a str> {
    let all: Vec<&str> =
        declaration.dependencies.iter().map(String::as_str).filter(|address| closures.contains_key(address)).collect();
    let work: usize = all.iter().map(|address| closures[address].len()).sum();
    if work > MOST_WORK {
        return all;
    }
    // Two that imply each other (a cycle, which only a broken state holds) are both kept.
    let implies = |one: &str, other: &str| closures[one].contains(other) && !closures[other].contains(one);
    let mut implied: HashSet<&str> = HashSet::new();
    for one in &all {
        implied
            .extend(closures[one].iter().copied().filter(|other| closures.contains_key(other) && implies(one, other)));
    }
    all.into_iter().filter(|address| !implied.contains(address)).collect()
}

/// Whether two instances agree in the keys of all modules that both stand in.
fn in_same_module_instance(one: &str, other: &str) -> bool {
    if !one.starts_with("module.") || !other.starts_with("module.") {
        return true;
    }
    let bare = |step: &str| step.split('[').next().unwrap_or_default().to_owned();
    for (a, b) in modules(one).into_iter().zip(modules(other)) {
        if bare(a) != bare(b) {
            return true;
        }
        if a != b {
            return false;
        }
    }
    true
}

/// The module steps of an address, with keys.
fn modules(address: &str) -> Vec<&str> {
    let steps = steps(address);
    let (_, modules) = steps.split_last().map_or((&"", &[][..]), |(last, rest)| (last, rest));
    modules.chunks(2).take_while(|pair| pair[0] == "module").filter_map(|pair| pair.get(1).copied()).collect()
}

/// Above this, indirect dependencies are kept rather than sought: the result is larger, not wrong.
const MOST_WORK: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::config_address;

    #[track_caller]
    fn check(declared: &[(&str, &[&str])], expect: &[(&str, &str)]) {
        let declarations: Vec<Declaration> = declared
            .iter()
            .map(|(id, dependencies)| Declaration {
                id: NodeId::new(id),
                config_address: config_address(id),
                dependencies: dependencies.iter().map(ToString::to_string).collect(),
            })
            .collect();
        let found = declared_edges(&declarations);
        let found: Vec<_> = found.iter().map(|edge| (edge.from.as_str(), edge.to.as_str())).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn a_dependency_means_all_instances() {
        check(&[("t.a", &["t.b"]), ("t.b[0]", &[]), ("t.b[1]", &[])], &[("t.a", "t.b[0]"), ("t.a", "t.b[1]")]);
    }

    #[test]
    fn inside_of_a_module_it_means_the_same_module_instance() {
        check(
            &[
                (r#"module.m["x"].t.a"#, &["module.m.t.b"]),
                (r#"module.m["x"].t.b"#, &[]),
                (r#"module.m["y"].t.b"#, &[]),
            ],
            &[(r#"module.m["x"].t.a"#, r#"module.m["x"].t.b"#)],
        );
    }

    #[test]
    fn indirect_dependencies_are_left_out() {
        check(&[("t.a", &["t.b", "t.c"]), ("t.b", &["t.c"]), ("t.c", &[])], &[("t.a", "t.b"), ("t.b", "t.c")]);
    }

    #[test]
    fn data_sources_and_unknown_addresses_are_left_out() {
        check(&[("t.a", &["data.aws_region.r", "t.gone"])], &[]);
    }

    #[test]
    fn a_cycle_is_kept_and_does_no_harm() {
        check(&[("t.a", &["t.b", "t.a"]), ("t.b", &["t.a"])], &[("t.a", "t.b"), ("t.b", "t.a")]);
    }
}
