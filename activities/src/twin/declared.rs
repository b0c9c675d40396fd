//! Declared dependencies: Terraform's own list of what an instance was built after.
//!
//! Owns the way from configuration addresses to instances. A state lists every dependency, the indirect ones too
//! (twenty for a function behind a network); only the direct ones become edges, because the others say nothing new.

use std::collections::HashMap;

use super::address::{config_address, steps};

/// What the instances of a state declare. Instances are known by their position, resources and dependencies by a number.
pub(super) struct Declarations<'a> {
    /// The address of each instance.
    addresses: Vec<&'a str>,
    /// The resource of each instance; those of one resource share its number.
    resource_of: Vec<u32>,
    /// The instances of each resource.
    instances: Vec<Vec<u32>>,
    /// What the instances of each resource depend on, all together and indirectly too; in order.
    closures: Vec<Vec<u32>>,
    /// What each instance depends on, as far as the state holds it.
    dependencies: Vec<Vec<u32>>,
}

impl<'a> Declarations<'a> {
    /// Takes in the addresses of instances, and the configuration addresses that each depends on.
    pub(super) fn of<'d>(instances: impl Iterator<Item = (&'a str, &'d [u32])>, names: &[String]) -> Self {
        let mut declarations = Self {
            addresses: Vec::new(),
            resource_of: Vec::new(),
            instances: Vec::new(),
            closures: Vec::new(),
            dependencies: Vec::new(),
        };
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut lists: Vec<&[u32]> = Vec::new();
        for (address, list) in instances {
            let next = numbers.len() as u32;
            let number = *numbers.entry(config_address(address)).or_insert(next);
            if number == next {
                declarations.instances.push(Vec::new());
            }
            declarations.instances[number as usize].push(declarations.addresses.len() as u32);
            declarations.resource_of.push(number);
            declarations.addresses.push(address);
            lists.push(list);
        }
        let held: Vec<Option<u32>> = names.iter().map(|name| numbers.get(name.as_str()).copied()).collect();
        declarations.closures.resize_with(numbers.len(), Vec::new);
        for (at, list) in lists.into_iter().enumerate() {
            let known: Vec<u32> = list.iter().filter_map(|name| held[*name as usize]).collect();
            let closure = &mut declarations.closures[declarations.resource_of[at] as usize];
            if known.iter().any(|one| closure.binary_search(one).is_err()) {
                closure.extend(&known);
                closure.sort_unstable();
                closure.dedup();
            }
            declarations.dependencies.push(known);
        }
        declarations
    }

    /// An edge from each instance to each instance of what it directly depends on, in order, unless `known` says that it is
    /// known better.
    ///
    /// Inside of a module instance a dependency means that instance only: `module.worker["mailer"].aws_lambda_function.this`
    /// depends on the role of the mailer, not on that of its siblings.
    pub(super) fn edges(&self, known: impl Fn(u32, u32) -> bool, most: usize) -> Vec<(u32, u32)> {
        let mut edges = Vec::new();
        let mut former: (&[u32], Vec<u32>) = (&[], Vec::new());
        let mut work = MOST_WORK;
        for (from, list) in self.dependencies.iter().enumerate() {
            // The instances of one resource, which mostly follow each other, declare the same.
            if former.0 != list.as_slice() {
                former = (list, self.direct(list, &mut work));
            }
            for resource in &former.1 {
                let targets = &self.instances[*resource as usize];
                // Thousands that each depend on thousands: which of them is meant, nobody knows.
                if targets.len() * self.instances[self.resource_of[from] as usize].len() > MOST_BETWEEN_TWO {
                    continue;
                }
                for to in targets.iter().copied().filter(|to| *to != from as u32) {
                    let near = in_same_module_instance(self.addresses[from], self.addresses[to as usize]);
                    if near && !known(from as u32, *resource) && edges.len() < most {
                        edges.push((from as u32, to));
                    }
                }
            }
        }
        edges
    }

    /// The number of the resource that an instance belongs to.
    pub(super) fn resource_of(&self, instance: u32) -> u32 {
        self.resource_of[instance as usize]
    }

    /// The dependencies that no other dependency already implies.
    fn direct(&self, all: &[u32], work: &mut usize) -> Vec<u32> {
        let Some(rest) = work.checked_sub(all.len() * all.len()) else { return all.to_vec() };
        *work = rest;
        // Two that imply each other (a cycle, which only a broken state holds) are both kept.
        let implies = |one: u32, other: u32| {
            let (here, there) = (&self.closures[one as usize], &self.closures[other as usize]);
            here.binary_search(&other).is_ok() && there.binary_search(&one).is_err()
        };
        let implied = |other: u32| all.iter().any(|one| implies(*one, other));
        let mut direct: Vec<u32> = all.iter().copied().filter(|one| !implied(*one)).collect();
        direct.sort_unstable();
        direct.dedup();
        direct
    }
}

/// Whether two instances agree in the keys of all modules that both stand in.
fn in_same_module_instance(one: &str, other: &str) -> bool {
    // Without keys there is one instance of each module only.
    let keyed = one.contains('[') || other.contains('[');
    if !keyed || !one.starts_with("module.") || !other.starts_with("module.") {
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
const MOST_WORK: usize = 200_000_000;

/// The most edges that one declared dependency stands for.
const MOST_BETWEEN_TWO: usize = 200_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(declared: &[(&str, &[&str])], expect: &[(&str, &str)]) {
        let names: Vec<String> =
            declared.iter().flat_map(|(_, dependencies)| dependencies.iter().map(ToString::to_string)).collect();
        let mut next = 0..;
        let lists: Vec<(&str, Vec<u32>)> =
            declared.iter().map(|(id, dependencies)| (*id, next.by_ref().take(dependencies.len()).collect())).collect();
        let declarations = Declarations::of(lists.iter().map(|(id, list)| (*id, list.as_slice())), &names);
        let found = declarations.edges(|_, _| false, usize::MAX);
        let found: Vec<_> =
            found.iter().map(|(from, to)| (declared[*from as usize].0, declared[*to as usize].0)).collect();
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

    #[test]
    fn thousands_that_depend_on_thousands_mean_nobody() {
        let names = ["t.b".to_owned()];
        let addresses: Vec<String> =
            (0..1_000).map(|n| format!("t.a[{n}]")).chain((0..1_000).map(|n| format!("t.b[{n}]"))).collect();
        let lists =
            addresses.iter().map(|address| (address.as_str(), if address.starts_with("t.a") { &[0][..] } else { &[] }));
        assert!(Declarations::of(lists, &names).edges(|_, _| false, usize::MAX).is_empty());
    }
}
