//! From a state to the sections of a topology object: names, tables, edges.
//!
//! Owns the order of work: names first, then the tables by which they are found, then the edges, which are found by them.
//! The sections themselves are described by [`super::view`].

use std::borrow::Cow;
use std::collections::HashMap;

use super::attributes::Attributes;
use super::declared::Declarations;
use super::edge::Relation;
use super::hash::hash;
use super::lookup::{TableBuilder, Words, push};
use super::naming::{arn_of, each_name, place_of};
use super::plan::Plan;
use super::relate::{self, MOST_EDGES, Nodes, Triple};
use super::state::{Record, State, range};
use super::view::{Called, DEPOSED, IS_ARN, Link, NAME, RECORD, TAINTED, UNKNOWN, View};

/// The sections of an object that is being made.
#[derive(Default)]
pub(super) struct Sections {
    pub(super) strings: Vec<u8>,
    pub(super) types: Vec<u8>,
    pub(super) records: Vec<u8>,
    pub(super) places: Vec<u8>,
    pub(super) names: Vec<u8>,
    pub(super) by_name: Vec<u8>,
    pub(super) by_address: Vec<u8>,
    pub(super) starts: Vec<u8>,
    pub(super) others: Vec<u8>,
    pub(super) kinds: Vec<u8>,
    pub(super) open: Vec<u8>,
    pub(super) seed: u64,
    pub(super) edges: usize,
    /// The word where each name begins, until they are indexed.
    first_names: Vec<u32>,
}

impl Sections {
    /// Makes the sections of a state, and takes its addresses into them.
    pub(super) fn of(state: &mut State) -> Self {
        let mut sections = Self {
            strings: std::mem::take(&mut state.addresses).into_bytes(),
            by_address: std::mem::take(&mut state.by_address),
            seed: state.seed,
            ..Self::default()
        };
        let state = &*state;
        sections.take_types(state);
        sections.take_records(state);
        sections.index_names();
        // Links come last; until then there are none.
        sections.starts = vec![0; (state.records.len() + 1) * 4];
        let edges = sections.edges(state);
        sections.link(state.records.len(), &edges);
        sections
    }

    /// The sections, to read.
    pub(super) fn view(&self) -> View<'_> {
        View {
            strings: &self.strings,
            types: Words(&self.types),
            records: Words(&self.records),
            places: Words(&self.places),
            names: &self.names,
            by_name: Words(&self.by_name),
            by_address: Words(&self.by_address),
            starts: Words(&self.starts),
            others: Words(&self.others),
            kinds: &self.kinds,
            open: Words(&self.open),
            seed: self.seed,
        }
    }

    fn take_types(&mut self, state: &State) {
        for resource_type in &state.types {
            let start = word(self.strings.len());
            self.strings.extend_from_slice(resource_type.name.as_bytes());
            push(&mut self.types, &[start, word(resource_type.name.len())]);
        }
    }

    fn take_records(&mut self, state: &State) {
        self.records.reserve_exact(state.records.len() * RECORD * 4);
        self.names.reserve(state.records.len() * 96);
        let mut places = Places::default();
        for (at, record) in state.records.iter().enumerate() {
            let attributes = state.attributes(record);
            let first = word(self.names.len() / 4);
            let arn = arn_of(&attributes);
            let place = self.place(&attributes, arn.as_deref(), &mut places);
            self.take_names(word(at), record.resource_type, &attributes, arn.as_deref());
            let mark = |marked: bool, mark: u32| if marked { mark } else { 0 };
            let marks = mark(record.tainted, TAINTED) | mark(record.deposed, DEPOSED);
            push(
                &mut self.records,
                &[
                    record.address.start,
                    record.address.end - record.address.start,
                    record.attributes.start,
                    record.attributes.end - record.attributes.start,
                    first,
                    place,
                    record.resource_type | marks,
                    record.sum,
                ],
            );
        }
    }

    fn take_names(&mut self, at: u32, type_number: u32, attributes: &Attributes<'_>, arn: Option<&str>) {
        let first = self.first_names.len();
        let (names, starts) = (&mut self.names, &mut self.first_names);
        let mut add = |name: &str, mark: u32| {
            let known = |start: &u32| {
                let start = *start as usize * 4;
                let length = (Words(&names[start..]).at(0) & !IS_ARN) as usize;
                names[start + NAME * 4..][..length] == *name.as_bytes()
            };
            // Of thousands of aliases the first few are names that somebody looks for.
            if starts.len() - first >= MOST_NAMES || starts[first..].iter().any(known) {
                return;
            }
            starts.push(word(names.len() / 4));
            push(names, &[word(name.len()) | mark, at, 0, type_number]);
            names.extend_from_slice(name.as_bytes());
            names.resize(names.len().next_multiple_of(4), 0);
        };
        if let Some(arn) = arn {
            add(arn, IS_ARN);
        }
        each_name(attributes, arn, &mut |name| add(name, 0));
    }

    fn place(&mut self, attributes: &Attributes<'_>, arn: Option<&str>, places: &mut Places) -> u32 {
        let (region, account) = place_of(attributes, arn);
        if let Some(place) = places.number(&region, &account) {
            return place;
        }
        for part in [&region, &account] {
            let start = word(self.strings.len());
            let length = part.as_ref().map_or(UNKNOWN, |part| word(part.len()));
            self.strings.extend_from_slice(part.as_deref().unwrap_or_default().as_bytes());
            push(&mut self.places, &[start, length]);
        }
        places.add(region, account)
    }

    /// Makes the table of names. Names are taken from the last to the first, so that each list is in order.
    fn index_names(&mut self) {
        let mut table = TableBuilder::new(self.first_names.len());
        for at in std::mem::take(&mut self.first_names).into_iter().rev() {
            let names = &self.names;
            let text = |at: u32| {
                let start = at as usize * 4;
                &names[start + NAME * 4..][..(Words(&names[start..]).at(0) & !IS_ARN) as usize]
            };
            let later = table.put(hash(self.seed, text(at)), at, true, |other| text(other) == text(at));
            if let Some(later) = later {
                let start = (at as usize + 2) * 4;
                self.names[start..start + 4].copy_from_slice(&(later + 1).to_le_bytes());
            }
        }
        self.by_name = table.stored();
    }

    fn edges(&mut self, state: &State) -> Vec<Triple> {
        let all: Vec<u32> = (0..word(state.records.len())).collect();
        let derived = relate::derive(&Building { state, view: self.view() }, &all);
        push(&mut self.open, &derived.open);
        let mut edges = derived.edges;
        if !state.declared.is_empty() {
            declare(state, &self.view(), &mut edges);
        }
        edges
    }

    fn link(&mut self, nodes: usize, edges: &[Triple]) {
        let mut starts = vec![0_u32; nodes + 1];
        for edge in edges {
            starts[edge.from() as usize + 1] += 1;
            starts[edge.to() as usize + 1] += 1;
        }
        for at in 0..nodes {
            starts[at + 1] += starts[at];
        }
        let none = Link { other: 0, relation: Relation::DependsOn, outgoing: false };
        let mut links = vec![none; edges.len() * 2];
        let mut filled = starts.clone();
        let mut put = |at: u32, link: Link| {
            let place = &mut filled[at as usize];
            links[*place as usize] = link;
            *place += 1;
        };
        for edge in edges {
            let (from, to, relation) = (edge.from(), edge.to(), edge.relation());
            put(from, Link { other: to, relation, outgoing: true });
            put(to, Link { other: from, relation, outgoing: false });
        }
        for at in 0..nodes {
            links[starts[at] as usize..starts[at + 1] as usize].sort_unstable();
        }
        self.edges = edges.len();
        self.starts.clear();
        push(&mut self.starts, &starts);
        self.others.reserve_exact(links.len() * 4);
        links.iter().for_each(|link| push(&mut self.others, &[link.other]));
        self.kinds = links.iter().map(|link| link.kind()).collect();
    }
}

/// The places that were met; most nodes stand where the one before them stands.
#[derive(Default)]
struct Places {
    numbers: HashMap<Place, u32>,
    last: Option<(Place, u32)>,
}

/// A region and an account, as far as they are known.
type Place = (Option<String>, Option<String>);

impl Places {
    fn number(&mut self, region: &Option<Cow<'_, str>>, account: &Option<Cow<'_, str>>) -> Option<u32> {
        if let Some((place, number)) = &self.last
            && place.0.as_deref() == region.as_deref()
            && place.1.as_deref() == account.as_deref()
        {
            return Some(*number);
        }
        let owned = |part: &Option<Cow<'_, str>>| part.as_deref().map(ToOwned::to_owned);
        let place = (owned(region), owned(account));
        let number = *self.numbers.get(&place)?;
        self.last = Some((place, number));
        Some(number)
    }

    fn add(&mut self, region: Option<Cow<'_, str>>, account: Option<Cow<'_, str>>) -> u32 {
        let place = (region.map(Cow::into_owned), account.map(Cow::into_owned));
        let number = word(self.numbers.len());
        self.numbers.insert(place.clone(), number);
        self.last = Some((place, number));
        number
    }
}

/// Adds the declared dependencies that no derived edge explains better.
///
/// A declared dependency names a resource with all of its instances. Once the attributes say which instance it is (the
/// security group `function` of four), the others were never meant.
fn declare(state: &State, view: &View<'_>, edges: &mut Vec<Triple>) {
    let instances = state
        .records
        .iter()
        .enumerate()
        .map(|(at, record)| (view.address(word(at)), &state.declared[range(&record.declared)]));
    let declarations = Declarations::of(instances, &state.dependencies);
    let mut known: Vec<(u32, u32)> = Vec::with_capacity(edges.len() * 2);
    for edge in &*edges {
        known.push((edge.from(), declarations.resource_of(edge.to())));
        known.push((edge.to(), declarations.resource_of(edge.from())));
    }
    known.sort_unstable();
    let is_known = |from: u32, resource: u32| known.binary_search(&(from, resource)).is_ok();
    let declared = declarations.edges(is_known, MOST_EDGES.saturating_sub(edges.len()));
    edges.extend(declared.into_iter().map(|(from, to)| Triple::new(from, Relation::DependsOn, to)));
    edges.sort_unstable();
    edges.dedup();
}

/// A state whose names are indexed, and whose edges are not yet known.
struct Building<'a> {
    state: &'a State,
    view: View<'a>,
}

impl Building<'_> {
    fn record(&self, at: u32) -> &Record {
        &self.state.records[at as usize]
    }
}

impl Nodes for Building<'_> {
    fn resource_type(&self, at: u32) -> &str {
        &self.state.types[self.record(at).resource_type as usize].name
    }

    fn plan(&self, at: u32) -> &Plan {
        &self.state.types[self.record(at).resource_type as usize].plan
    }

    fn place(&self, at: u32) -> u32 {
        self.view.place_number(at)
    }

    fn has_arn(&self, at: u32) -> bool {
        self.view.has_arn(at)
    }

    fn each_arn<'a>(&'a self, each: &mut dyn FnMut(u32, &'a str)) {
        let all = (0..word(self.view.len())).filter_map(|at| Some((at, self.view.arn(at)?)));
        all.for_each(|(at, arn)| each(at, arn));
    }

    fn attributes(&self, at: u32) -> Attributes<'_> {
        self.state.attributes(self.record(at))
    }

    fn named(&self, name: &str, each: &mut dyn FnMut(Called) -> bool) {
        self.view.named(name, each);
    }

    fn type_name(&self, called: Called) -> &str {
        &self.state.types[called.type_number as usize].name
    }
}

/// A word of a section; the size of a state's file is bounded so that none is larger.
fn word(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The most names that a node is found by.
const MOST_NAMES: usize = 64;
