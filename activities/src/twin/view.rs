//! The stored nodes and edges of one state, as they lie in memory.
//!
//! Owns the reading of the sections of a topology object, one word at a time; nothing is unpacked. What the sections mean
//! in the file is [`super::object`]'s. On a damaged object it reads less and never fails.

use super::edge::Relation;
use super::lookup::{Table, Words, hash_of};

/// The sections of an object.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct View<'a> {
    /// Addresses, places and types, as UTF-8.
    pub(super) strings: &'a [u8],
    /// Two words for each type: where its name stands.
    pub(super) types: Words<'a>,
    /// [`RECORD`] words for each node.
    pub(super) records: Words<'a>,
    /// Four words for each place: where its region and its account stand.
    pub(super) places: Words<'a>,
    /// Each name after the other, those of a node together: [`NAME`] words, then the name itself, filled up to whole words.
    pub(super) names: &'a [u8],
    pub(super) by_name: Words<'a>,
    pub(super) by_address: Words<'a>,
    /// For each node where its links begin, and where those of the last one end.
    pub(super) starts: Words<'a>,
    /// The node at the other end of each link.
    pub(super) others: Words<'a>,
    /// The relation of each link, and its direction.
    pub(super) kinds: &'a [u8],
    /// The nodes that name what is not in this state.
    pub(super) open: Words<'a>,
    pub(super) seed: u64,
}

/// An edge, seen from one of its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link {
    pub(super) other: u32,
    pub(super) relation: Relation,
    /// True at the edge's subject.
    pub(super) outgoing: bool,
}

impl Link {
    /// The byte that stores relation and direction.
    pub(super) fn kind(self) -> u8 {
        self.relation.code() << 1 | u8::from(self.outgoing)
    }
}

/// Where the attributes of a node stand in the text, and what their sum was when they were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) start: u32,
    pub(super) length: u32,
    pub(super) sum: u32,
}

/// A node that goes by a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Called {
    pub(super) node: u32,
    /// The name is its ARN.
    pub(super) is_arn: bool,
    /// The number of its type.
    pub(super) type_number: u32,
}

/// A stored name.
#[derive(Clone, Copy, Debug)]
struct Name<'a> {
    bytes: &'a [u8],
    is_arn: bool,
    node: u32,
    next: u32,
    type_number: u32,
}

/// Words of a node's record: address (2), attributes (2), the word where its names begin, place, type and marks, the sum of
/// the attributes.
pub(super) const RECORD: usize = 8;
/// Words before a name: its length, the node, the word where the next of the same name begins plus one, the node's type.
pub(super) const NAME: usize = 4;
/// In the length of a name: it is the node's ARN.
pub(super) const IS_ARN: u32 = 1 << 31;
/// In the word of the type: the next apply replaces the node.
pub(super) const TAINTED: u32 = 1 << 31;
/// In the word of the type: a former object of the node still waits to be destroyed.
pub(super) const DEPOSED: u32 = 1 << 30;
/// The length of what is not known.
pub(super) const UNKNOWN: u32 = u32::MAX;

impl<'a> View<'a> {
    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        (self.records.len() / RECORD).min(self.starts.len().saturating_sub(1))
    }

    /// The address of a node.
    pub(super) fn address(&self, at: u32) -> &'a str {
        let record = at as usize * RECORD;
        self.string(self.records.at(record), self.records.at(record + 1))
    }

    /// Where the attributes of a node stand in the text.
    pub(super) fn attributes(&self, at: u32) -> Stored {
        let word = |word: usize| self.records.at(at as usize * RECORD + word);
        Stored { start: word(2), length: word(3), sum: word(7) }
    }

    /// The number of a node's place.
    pub(super) fn place_number(&self, at: u32) -> u32 {
        self.records.at(at as usize * RECORD + 5)
    }

    /// The region and the account of a node.
    pub(super) fn place(&self, at: u32) -> (Option<&'a str>, Option<&'a str>) {
        self.place_of_number(self.place_number(at) as usize)
    }

    /// All places, in the order of their numbers.
    pub(super) fn all_places(&self) -> impl Iterator<Item = (Option<&'a str>, Option<&'a str>)> {
        (0..self.places.len() / 4).map(|number| self.place_of_number(number))
    }

    fn place_of_number(&self, number: usize) -> (Option<&'a str>, Option<&'a str>) {
        let place = number * 4;
        let part = |word: usize| {
            let length = self.places.at(place + word + 1);
            (length != UNKNOWN).then(|| self.string(self.places.at(place + word), length))
        };
        (part(0), part(2))
    }

    /// The number of a node's type.
    pub(super) fn type_number(&self, at: u32) -> usize {
        (self.records.at(at as usize * RECORD + 6) & !(TAINTED | DEPOSED)) as usize
    }

    /// The types of all nodes.
    pub(super) fn type_names(&self) -> impl Iterator<Item = &'a str> {
        (0..self.types.len() / 2).map(|number| self.type_name(number))
    }

    /// The type of this number.
    pub(super) fn type_name(&self, number: usize) -> &'a str {
        self.string(self.types.at(number * 2), self.types.at(number * 2 + 1))
    }

    /// Whether the next apply replaces a node.
    pub(super) fn is_tainted(&self, at: u32) -> bool {
        self.records.at(at as usize * RECORD + 6) & TAINTED != 0
    }

    /// Whether a former object of a node still waits to be destroyed.
    pub(super) fn has_deposed(&self, at: u32) -> bool {
        self.records.at(at as usize * RECORD + 6) & DEPOSED != 0
    }

    /// The ARN of a node.
    pub(super) fn arn(&self, at: u32) -> Option<&'a str> {
        self.names_of(at).next().filter(|(_, is_arn)| *is_arn).map(|(arn, _)| arn)
    }

    /// Whether a node has an ARN, which is the first of its names.
    pub(super) fn has_arn(&self, at: u32) -> bool {
        self.name(self.first_name(at)).is_some_and(|name| name.node == at && name.is_arn)
    }

    /// The ARN and the names of a node, in order; of each whether it is the ARN.
    pub(super) fn names_of(&self, at: u32) -> impl Iterator<Item = (&'a str, bool)> + use<'a> {
        let view = *self;
        let mut next = self.first_name(at);
        std::iter::from_fn(move || {
            let name = view.name(next).filter(|name| name.node == at)?;
            next += NAME + name.bytes.len().div_ceil(4);
            Some((std::str::from_utf8(name.bytes).unwrap_or_default(), name.is_arn))
        })
    }

    fn first_name(&self, at: u32) -> usize {
        self.records.at(at as usize * RECORD + 4) as usize
    }

    /// The name that begins at a word.
    fn name(&self, at: usize) -> Option<Name<'a>> {
        let head = Words(self.names.get(at * 4..)?.get(..NAME * 4)?);
        let length = (head.at(0) & !IS_ARN) as usize;
        let bytes = self.names.get((at + NAME) * 4..)?.get(..length)?;
        Some(Name {
            bytes,
            is_arn: head.at(0) & IS_ARN != 0,
            node: head.at(1),
            next: head.at(2),
            type_number: head.at(3),
        })
    }

    /// The node with this address.
    pub(super) fn by_address(&self, address: &str) -> Option<u32> {
        let is = |at: usize| {
            self.bytes(self.records.at(at * RECORD), self.records.at(at * RECORD + 1)) == address.as_bytes()
        };
        let found = Table(self.by_address).find(hash_of(self.seed, address), is)?;
        u32::try_from(found).ok().filter(|at| (*at as usize) < self.len())
    }

    /// Calls `each` with the nodes that go by this name, in order, until it says no.
    pub(super) fn named(&self, name: &str, each: &mut dyn FnMut(Called) -> bool) {
        let is = |at: usize| self.name(at).is_some_and(|known| known.bytes == name.as_bytes());
        let mut next = Table(self.by_name).find(hash_of(self.seed, name), is);
        while let Some((at, name)) = next.and_then(|at| Some((at, self.name(at)?))) {
            let called = Called { node: name.node, is_arn: name.is_arn, type_number: name.type_number };
            if (name.node as usize) >= self.len() || !each(called) {
                return;
            }
            // Those of one name stand in order, so that a damaged list ends, too.
            next = (name.next as usize).checked_sub(1).filter(|next| *next > at);
        }
    }

    /// The links of a node, in order.
    pub(super) fn links(&self, at: u32) -> impl Iterator<Item = Link> + use<'a> {
        let (start, end) = (self.starts.at(at as usize) as usize, self.starts.at(at as usize + 1) as usize);
        let view = *self;
        (start..end.min(self.kinds.len())).filter_map(move |link| {
            let kind = view.kinds[link];
            let other = view.others.at(link);
            let relation = Relation::of_code(kind >> 1).filter(|_| (other as usize) < view.len())?;
            Some(Link { other, relation, outgoing: kind & 1 == 1 })
        })
    }

    fn string(&self, start: u32, length: u32) -> &'a str {
        std::str::from_utf8(self.bytes(start, length)).unwrap_or_default()
    }

    fn bytes(&self, start: u32, length: u32) -> &'a [u8] {
        self.strings.get(start as usize..).and_then(|rest| rest.get(..length as usize)).unwrap_or_default()
    }
}
