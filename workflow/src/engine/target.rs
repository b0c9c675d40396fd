//! What a state machine ARN leads to: the machine, one of its versions, or the version that an alias draws.
//!
//! Owns what versions and aliases a machine has, in memory; how they come about is said in `version` and `alias`.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Inner,
    arn::{Qualifier, target_of},
    decide::chance,
    error::ApiError,
    machine::Saved,
};
use crate::{
    index::MachineRow,
    journal::{
        Journal,
        entry::{Alias, Head, Offset, Origin, Publication, Route},
    },
};

/// The versions and the aliases of a machine.
#[derive(Debug, Clone, Default)]
pub(super) struct Published {
    /// The number of the version that was published last, deleted ones too.
    pub(super) last: u64,
    pub(super) versions: BTreeMap<u64, Arc<Version>>,
    pub(super) aliases: BTreeMap<String, Arc<Alias>>,
}

/// A version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) publication: Publication,
    /// Where the entry is that holds the machine as this version has it.
    pub(super) saved_at: Offset,
}

/// What an ARN leads to.
pub(super) struct Target {
    /// The machine as it is now.
    pub(super) saved: Saved,
    /// Where the entry is that holds the machine as it is meant.
    pub(super) saved_at: Offset,
    /// The version or alias, if the ARN names one.
    pub(super) origin: Option<Origin>,
}

impl Published {
    /// Reads what the index knows.
    pub(super) fn read(journal: &Journal, row: &MachineRow) -> Result<Self, String> {
        let mut published = Self { last: row.last_version, ..Self::default() };
        for (number, at) in &row.versions {
            let version = match head_at(journal, *at)? {
                Head::MachinePublished { publication, .. } => Version { publication, saved_at: *at },
                Head::VersionPublished { publication, saved_at, .. } => Version { publication, saved_at },
                _ => return Err(format!("the journal holds no version at offset {at}")),
            };
            published.versions.insert(*number, Arc::new(version));
        }
        for (name, at) in &row.aliases {
            let Head::AliasSaved(alias) = head_at(journal, *at)? else {
                return Err(format!("the journal holds no alias at offset {at}"));
            };
            published.aliases.insert(name.clone(), Arc::new(*alias));
        }
        Ok(published)
    }

    /// The version that shows the machine as the entry at this offset has it.
    pub(super) fn version_at(&self, saved_at: Offset) -> Option<&Arc<Version>> {
        self.versions.values().find(|version| version.saved_at == saved_at)
    }
}

impl Inner {
    /// What an ARN leads to; of an alias with two versions one is drawn.
    pub(super) fn target(&self, arn: &str) -> Result<Target, ApiError> {
        let (machine, qualifier) = target_of(arn)?;
        let gone = || ApiError::StateMachineDoesNotExist(arn.to_owned());
        let saved = self.machines.get(machine).ok_or_else(gone)?;
        let (saved_at, origin) = match qualifier {
            None => (saved.saved_at, None),
            Some(Qualifier::Version(number)) => {
                let version = saved.published.versions.get(&number).ok_or_else(gone)?;
                (version.saved_at, Some(Origin::Version(number)))
            }
            Some(Qualifier::Alias(name)) => {
                let alias = saved.published.aliases.get(name).ok_or_else(gone)?;
                let version = draw(&alias.routes, chance());
                let saved_at = saved.published.versions.get(&version).ok_or_else(gone)?.saved_at;
                (saved_at, Some(Origin::Alias { name: name.to_owned(), version }))
            }
        };
        Ok(Target { saved, saved_at, origin })
    }
}

/// The version that a random number leads to.
fn draw(routes: &[Route], random: u64) -> u64 {
    let mut place = ((u128::from(random) * 100) >> 64) as u32;
    for route in routes {
        match place.checked_sub(route.weight) {
            Some(rest) => place = rest,
            None => return route.version,
        }
    }
    // INVARIANT: weights add up to a hundred.
    routes.last().map_or(0, |route| route.version)
}

fn head_at(journal: &Journal, at: Offset) -> Result<Head, String> {
    journal.read(at).map(|entry| entry.head).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(weights: [u32; 2], percent: u64, expect: u64) {
        let routes = [1, 2].map(|version| Route { version, weight: weights[version as usize - 1] });
        // The least number that is this far in.
        let random = (u128::from(percent) << 64).div_ceil(100) as u64;
        assert_eq!(draw(&routes, random), expect, "{weights:?} at {percent}");
    }

    #[test]
    fn weights_divide_the_draws() {
        for (weights, percent, expect) in [
            ([100, 0], 0, 1),
            ([100, 0], 99, 1),
            ([0, 100], 0, 2),
            ([30, 70], 29, 1),
            ([30, 70], 30, 2),
            ([30, 70], 99, 2),
        ] {
            check(weights, percent, expect);
        }
        assert_eq!(draw(&[Route { version: 3, weight: 100 }], u64::MAX), 3);
    }
}
