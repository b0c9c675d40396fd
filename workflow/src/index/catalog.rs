//! What there is besides executions: state machines with their versions and aliases, activities, and what runs as Express.
//!
//! Owns these few rows whole, in memory, and knows which of them sled does not have yet. Every entry of the journal sets what
//! it speaks of, so that entries that are observed twice, in order, change nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::row::{ActivityRow, EXPRESS, MachineRow, activity_key, machine_key};
use crate::journal::{
    codec::decode,
    entry::{Alias, ExecutionId, Head, Offset, Tagged},
};

/// The rows, and which of them changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Catalog {
    pub(crate) machines: BTreeMap<String, MachineRow>,
    pub(crate) activities: BTreeMap<String, ActivityRow>,
    /// Where the entries are that started them.
    pub(crate) express: BTreeMap<ExecutionId, Offset>,
    changed: Changed,
}

/// What is not in sled as it is here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Changed {
    machines: BTreeSet<String>,
    activities: BTreeSet<String>,
    express: bool,
}

impl Catalog {
    /// Reads what sled has.
    pub(crate) fn read(db: &sled::Db) -> Result<Self, String> {
        let mut catalog = Self::default();
        for item in db.scan_prefix(b"m") {
            let (key, value) = item.map_err(|error| error.to_string())?;
            catalog.machines.insert(name_of(&key), decode(&value).map_err(|error| error.to_string())?);
        }
        for item in db.scan_prefix(b"a") {
            let (key, value) = item.map_err(|error| error.to_string())?;
            catalog.activities.insert(name_of(&key), decode(&value).map_err(|error| error.to_string())?);
        }
        if let Some(value) = db.get(EXPRESS).map_err(|error| error.to_string())? {
            catalog.express = decode(&value).map_err(|error| error.to_string())?;
        }
        Ok(catalog)
    }

    /// Takes one entry, the next in the journal's order; batches are not for here.
    pub(crate) fn observe(&mut self, offset: Offset, head: Head) {
        match head {
            Head::MachineSaved(machine) => self.machine(machine.name, |row| row.save(offset)),
            Head::MachinePublished { machine, publication } => self.machine(machine.name, |row| {
                row.save(offset);
                row.publish(publication.number, offset);
            }),
            Head::MachineDeleted { name, at } => self.machine(name, |row| {
                *row = MachineRow { saved_at: offset, deleted: Some(at), ..MachineRow::default() };
            }),
            Head::VersionPublished { machine, publication, .. } => {
                self.machine(machine, |row| row.publish(publication.number, offset));
            }
            Head::VersionDeleted { machine, number, .. } => self.machine(machine, |row| {
                row.versions.remove(&number);
            }),
            Head::AliasSaved(alias) => {
                let Alias { machine, name, .. } = *alias;
                self.machine(machine, |row| {
                    row.aliases.insert(name, offset);
                });
            }
            Head::AliasDeleted { machine, name, .. } => self.machine(machine, |row| {
                row.aliases.remove(&name);
            }),
            Head::Tagged { resource: Tagged::Machine(name), .. } => {
                self.machine(name, |row| row.tagged_at = Some(offset));
            }
            Head::Tagged { resource: Tagged::Activity(name), .. } => {
                self.changed.activities.insert(name.clone());
                self.activities.entry(name).or_default().tagged_at = Some(offset);
            }
            Head::ActivitySaved(activity) => {
                self.changed.activities.insert(activity.name.clone());
                self.activities.insert(activity.name, ActivityRow { saved_at: offset, tagged_at: None });
            }
            Head::ActivityDeleted { name, .. } => {
                self.activities.remove(&name);
                self.changed.activities.insert(name);
            }
            Head::ExpressStarted(start) => {
                self.changed.express = true;
                self.express.insert(start.execution, offset);
            }
            Head::ExpressEnded { execution, .. } => {
                self.changed.express = true;
                self.express.remove(&execution);
            }
            // Of executions and map runs it knows nothing.
            Head::Batch(_)
            | Head::Begun { .. }
            | Head::Redriven { .. }
            | Head::ChildBegun { .. }
            | Head::MapRunStarting { .. } => {}
        }
    }

    /// Whether everything is in sled.
    pub(crate) fn is_flushed(&self) -> bool {
        self.changed == Changed::default()
    }

    /// The rows that changed, as sled takes them.
    pub(crate) fn changes(&self) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let machines = self.changed.machines.iter();
        let machines = machines.map(|name| (machine_key(name), self.machines.get(name).map(super::bytes)));
        let activities = self.changed.activities.iter();
        let activities = activities.map(|name| (activity_key(name), self.activities.get(name).map(super::bytes)));
        let express = self.changed.express.then(|| (EXPRESS.to_vec(), Some(super::bytes(&self.express))));
        machines.chain(activities).chain(express).collect()
    }

    /// Notes that the changes of `then` are in sled; what changed since is not.
    pub(crate) fn flushed(&mut self, then: &Self) {
        let Self { machines, activities, express, changed } = self;
        changed
            .machines
            .retain(|name| !then.changed.machines.contains(name) || machines.get(name) != then.machines.get(name));
        changed.activities.retain(|name| {
            !then.changed.activities.contains(name) || activities.get(name) != then.activities.get(name)
        });
        changed.express &= *express != then.express;
    }

    fn machine(&mut self, name: String, change: impl FnOnce(&mut MachineRow)) {
        self.changed.machines.insert(name.clone());
        change(self.machines.entry(name).or_default());
    }
}

impl MachineRow {
    fn save(&mut self, offset: Offset) {
        self.saved_at = offset;
        self.deleted = None;
        self.tagged_at = None;
    }

    fn publish(&mut self, number: u64, offset: Offset) {
        self.last_version = number;
        self.versions.insert(number, offset);
    }
}

/// The name behind a key's first byte.
fn name_of(key: &[u8]) -> String {
    String::from_utf8_lossy(&key[1..]).into_owned()
}
