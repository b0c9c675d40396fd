//! Several states made one topology.
//!
//! Owns which states fit together, the names of nodes whose address several states hold, and the edges between states. Of
//! the nodes only those are looked at that name something outside of their own state.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::{MergeError, Part, Source, Topology};
use crate::twin::attributes::Attributes;
use crate::twin::edge::Relation;
use crate::twin::node::NodeId;
use crate::twin::object::TopologyObject;
use crate::twin::plan::Plan;
use crate::twin::relate::{self, Nodes, bears_on_roles};
use crate::twin::view::{Called, Link};

/// Merges the objects of several states.
pub(super) fn merge(mut objects: Vec<TopologyObject>) -> Result<Topology, MergeError> {
    objects.sort_by(|a, b| a.source().cmp(b.source()));
    check(&objects)?;
    let mut topology = Topology::default();
    for object in objects {
        topology.sources.push(Source {
            source: object.source().to_owned(),
            lineage: object.lineage().to_owned(),
            serial: object.serial(),
            sequence: object.sequence(),
            nodes: object.nodes(),
        });
        topology.edges += object.edges();
        let first = topology.len() as u32;
        topology.parts.push(Part::new(object, first));
    }
    if topology.parts.len() > 1 {
        rename(&mut topology);
        connect(&mut topology)?;
    }
    Ok(topology)
}

fn check(objects: &[TopologyObject]) -> Result<(), MergeError> {
    for (at, object) in objects.iter().enumerate() {
        for other in &objects[..at] {
            if other.source() == object.source() {
                return Err(MergeError::SameSource { from: object.source().to_owned() });
            }
            if !object.lineage().is_empty() && other.lineage() == object.lineage() {
                return Err(MergeError::SameLineage {
                    lineage: object.lineage().to_owned(),
                    first: other.source().to_owned(),
                    second: object.source().to_owned(),
                });
            }
        }
    }
    Ok(())
}

/// Gives the nodes whose address another state holds a name of their own.
fn rename(topology: &mut Topology) {
    let mut shared: HashMap<&str, bool> = HashMap::with_capacity(topology.len());
    for at in 0..topology.len() as u32 {
        let known = shared.entry(topology.at(at).address());
        known.and_modify(|several| *several = true).or_insert(false);
    }
    let mut renamed: HashMap<u32, NodeId> = HashMap::new();
    if shared.values().any(|several| *several) {
        for part in &topology.parts {
            for at in 0..part.object.nodes() as u32 {
                let address = part.view().address(at);
                if shared.get(address).is_some_and(|several| *several) {
                    renamed.insert(part.first + at, NodeId::new(format!("{address}@{}", part.object.source())));
                }
            }
        }
    }
    topology.by_new_name = renamed.iter().map(|(at, id)| (id.clone(), *at)).collect();
    topology.renamed = renamed;
}

/// Derives the edges between states.
fn connect(topology: &mut Topology) -> Result<(), MergeError> {
    let mut examined: Vec<u32> = Vec::new();
    for part in &topology.parts {
        let open = part.view().open;
        examined.extend(
            (0..open.len())
                .map(|at| part.first + open.at(at))
                .filter(|at| at - part.first < part.object.nodes() as u32),
        );
    }
    let type_of = |at: &u32| topology.at(*at).resource_type();
    // What a role may do is said in one place, who uses it in another, and what it is used on in a third.
    if examined.iter().any(|at| bears_on_roles(type_of(at))) {
        let all = 0..topology.len() as u32;
        examined.extend(all.filter(|at| bears_on_roles(type_of(at))));
    }
    examined.sort_unstable();
    examined.dedup();
    let reading = Reading::of(topology, &examined)?;
    let derived = relate::derive(&reading, &examined);
    let mut between: BTreeMap<u32, Vec<Link>> = BTreeMap::new();
    for edge in derived.edges {
        let (from, to, relation) = (edge.from(), edge.to(), edge.relation());
        if !is_known(topology, from, to, relation) {
            between.entry(from).or_default().push(Link { other: to, relation, outgoing: true });
            between.entry(to).or_default().push(Link { other: from, relation, outgoing: false });
            topology.edges += 1;
        }
    }
    topology.between = between;
    Ok(())
}

/// Whether an edge stands in the object of the state that holds both of its ends.
fn is_known(topology: &Topology, from: u32, to: u32, relation: Relation) -> bool {
    let part = topology.part(from);
    let last = part.first + part.object.nodes() as u32;
    let wanted = Link { other: to.wrapping_sub(part.first), relation, outgoing: true };
    (part.first..last).contains(&to) && part.view().links(from - part.first).any(|link| link == wanted)
}

/// The nodes of several states, and the attributes of some of them.
struct Reading<'a> {
    topology: &'a Topology,
    plans: HashMap<&'a str, Plan>,
    none: Plan,
    attributes: HashMap<u32, Cow<'a, str>>,
    /// For each state the numbers of its places among those of all.
    places: Vec<Vec<u32>>,
}

impl<'a> Reading<'a> {
    fn of(topology: &'a Topology, examined: &[u32]) -> Result<Self, MergeError> {
        let mut reading = Self {
            topology,
            plans: HashMap::new(),
            none: Plan::of(""),
            attributes: HashMap::with_capacity(examined.len()),
            places: places_of(topology),
        };
        let type_of = |at: u32| topology.at(at).resource_type();
        for at in examined.iter().copied() {
            reading.take(at)?;
        }
        // A listener's rule names the load balancer only by its listener.
        if examined.iter().any(|at| type_of(*at) == "aws_lb_listener_rule") {
            for at in (0..topology.len() as u32).filter(|at| type_of(*at) == "aws_lb_listener") {
                reading.take(at)?;
            }
        }
        Ok(reading)
    }

    fn take(&mut self, at: u32) -> Result<(), MergeError> {
        let part = self.topology.part(at);
        let unreadable = |problem| MergeError::Unreadable { from: part.object.source().to_owned(), problem };
        self.attributes.insert(at, part.attributes(at).map_err(unreadable)?);
        let resource_type = self.topology.at(at).resource_type();
        self.plans.entry(resource_type).or_insert_with(|| Plan::of(resource_type));
        Ok(())
    }
}

fn places_of(topology: &Topology) -> Vec<Vec<u32>> {
    let mut numbers: HashMap<(Option<&str>, Option<&str>), u32> = HashMap::new();
    let mut all = Vec::new();
    for part in &topology.parts {
        let mut of_part = Vec::new();
        for place in part.view().all_places() {
            let next = numbers.len() as u32;
            of_part.push(*numbers.entry(place).or_insert(next));
        }
        all.push(of_part);
    }
    all
}

impl Nodes for Reading<'_> {
    fn resource_type(&self, at: u32) -> &str {
        self.topology.at(at).resource_type()
    }

    fn plan(&self, at: u32) -> &Plan {
        self.plans.get(self.resource_type(at)).unwrap_or(&self.none)
    }

    fn place(&self, at: u32) -> u32 {
        let number = self.topology.part_number(at);
        let part = &self.topology.parts[number];
        let place = part.view().place_number(at - part.first) as usize;
        self.places[number].get(place).copied().unwrap_or(u32::MAX)
    }

    fn has_arn(&self, at: u32) -> bool {
        self.topology.at(at).arn().is_some()
    }

    fn each_arn<'a>(&'a self, each: &mut dyn FnMut(u32, &'a str)) {
        let all = (0..self.topology.len() as u32).filter_map(|at| Some((at, self.topology.at(at).arn()?)));
        all.for_each(|(at, arn)| each(at, arn));
    }

    fn attributes(&self, at: u32) -> Attributes<'_> {
        Attributes::sought(self.attributes.get(&at).map_or("", |text| text), self.plan(at))
    }

    fn named(&self, name: &str, each: &mut dyn FnMut(Called) -> bool) {
        let mut going = true;
        for part in &self.topology.parts {
            if going {
                part.view().named(name, &mut |called| {
                    going = each(Called { node: part.first + called.node, ..called });
                    going
                });
            }
        }
    }

    fn type_name(&self, called: Called) -> &str {
        self.resource_type(called.node)
    }
}
