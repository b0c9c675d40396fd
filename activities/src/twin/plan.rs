//! What is wanted of the attributes of each type: names, place, secrets, and what edges are derived from.
//!
//! Owns one list for each type, put together from the tables of [`super::kind`], [`super::redact`] and [`super::relate`], and
//! finding an attribute in it by name while a state is read. So the attributes are walked once, and never again; and what
//! depends on the type alone is found out once for each type, not once for each of its instances.

use super::hash::hash;
use super::kind::{Kind, kind_of};
use super::naming::Composed;
use super::redact::secret_attributes;
use super::relate::{self, Row, rows_of};

/// The attributes of one type that are wanted.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// What is known of the type.
    pub(super) kind: Option<&'static Kind>,
    /// The names by which it is known, the most usual one first: the place of the attribute, and the path inside of it.
    pub(super) names: Vec<(u8, &'static str)>,
    /// The rows of the table of edges, each with the place of the attribute that it reads.
    pub(super) rows: Vec<(u8, &'static Row)>,
    /// Which of its names is put together from parts.
    pub(super) composed: Composed,
    /// Whether it says more of other resources than the rows do.
    pub(super) relates: bool,
    entries: Vec<Entry>,
    /// For each number of a name its place, or one of the two below.
    known: Vec<u8>,
    /// Positions in `entries` plus one, found by hash and then step by step.
    table: [u8; TABLE],
}

/// One attribute.
#[derive(Clone, Copy, Debug)]
struct Entry {
    name: &'static str,
    wanted: Wanted,
}

/// What an attribute is wanted for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Its place among the type's wanted attributes.
    pub(super) slot: u8,
    /// It holds a secret, whatever its name says.
    pub(super) secret: bool,
}

impl Plan {
    pub(super) fn of(resource_type: &str) -> Self {
        let kind = kind_of(resource_type);
        let mut plan = Self {
            kind,
            names: Vec::new(),
            rows: Vec::new(),
            composed: Composed::of(resource_type),
            relates: !relate::attributes_of(resource_type).is_empty(),
            entries: Vec::new(),
            known: vec![NOT_ASKED; KNOWN],
            table: [0; TABLE],
        };
        // INVARIANT: these come first, so that their places are the constants below.
        for name in EVERYWHERE {
            plan.want(name);
        }
        let names = kind.map_or(UNKNOWN_NAMES, |kind| kind.names);
        let parts = names.iter().map(|name| name.split_once('.').unwrap_or((name, "")));
        plan.names = parts.map(|(name, rest)| (plan.want(name).slot, rest)).collect();
        plan.rows = rows_of(resource_type).iter().map(|row| (plan.want(row.attribute()).slot, row)).collect();
        secret_attributes(resource_type).for_each(|name| plan.want(name).secret = true);
        relate::attributes_of(resource_type).iter().for_each(|name| {
            plan.want(name);
        });
        plan
    }

    /// What an attribute is wanted for, if at all.
    pub(super) fn find(&self, name: &str) -> Option<Wanted> {
        self.place(name).ok().map(|at| self.entries[at].wanted)
    }

    /// The same for a name that has a number.
    #[inline]
    pub(super) fn find_known<'n>(&mut self, number: usize, name: impl FnOnce() -> &'n str) -> Option<Wanted> {
        match self.known.get(number) {
            Some(&NOT_WANTED) => None,
            Some(&NOT_ASKED) | None => {
                let wanted = self.find(name());
                if let Some(known) = self.known.get_mut(number) {
                    *known = wanted.map_or(NOT_WANTED, |wanted| wanted.slot);
                }
                wanted
            }
            Some(slot) => self.entries.get(usize::from(*slot)).map(|entry| entry.wanted),
        }
    }

    /// The place of an attribute among the wanted ones.
    pub(super) fn slot(&self, name: &str) -> Option<u8> {
        self.find(name).map(|wanted| wanted.slot)
    }

    fn want(&mut self, name: &'static str) -> &mut Wanted {
        let at = self.place(name).unwrap_or_else(|free| {
            // INVARIANT: no type wants as many attributes as the table has places; a test holds it.
            let slot = self.entries.len() as u8;
            self.entries.push(Entry { name, wanted: Wanted { slot, secret: false } });
            self.table[free] = slot + 1;
            usize::from(slot)
        });
        &mut self.entries[at].wanted
    }

    /// The position of an attribute in `entries`, or the free place in the table where it would be found.
    fn place(&self, name: &str) -> Result<usize, usize> {
        let mut place = hash(0, name.as_bytes()) as usize % TABLE;
        while let Some(at) = usize::from(self.table[place]).checked_sub(1) {
            if self.entries[at].name == name {
                return Ok(at);
            }
            place = (place + 1) % TABLE;
        }
        Err(place)
    }
}

const NOT_ASKED: u8 = u8::MAX;
const NOT_WANTED: u8 = u8::MAX - 1;
/// Names with higher numbers are looked for each time.
const KNOWN: usize = 2_048;

/// Twice and more what any type wants.
const TABLE: usize = 128;

/// The attributes by which a type without a row is known.
const UNKNOWN_NAMES: &[&str] = &["name"];

/// What every type may say of its names and its place.
const EVERYWHERE: [&str; 7] = ["arn", "id", "name", "cluster", "region", "availability_zone", "owner_id"];
pub(super) const ARN: u8 = 0;
pub(super) const ID: u8 = 1;
pub(super) const NAME: u8 = 2;
pub(super) const CLUSTER: u8 = 3;
pub(super) const REGION: u8 = 4;
pub(super) const ZONE: u8 = 5;
pub(super) const OWNER: u8 = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::kinds;

    #[test]
    fn no_type_wants_too_much() {
        let most = kinds().map(|kind| Plan::of(kind.terraform).entries.len()).max();
        assert!(most.is_some_and(|most| most <= TABLE / 2), "{most:?}");
    }

    #[test]
    fn what_is_wanted_is_found_by_name() {
        let plan = Plan::of("aws_lambda_function");
        for name in ["arn", "function_name", "role", "environment", "vpc_config"] {
            assert!(plan.slot(name).is_some(), "{name}");
        }
        assert_eq!(plan.slot("runtime"), None);
        assert_eq!((plan.slot("arn"), plan.slot("owner_id")), (Some(ARN), Some(OWNER)));
        assert!(Plan::of("aws_ssm_parameter").find("value").unwrap().secret);
    }
}
