//! The embedded account: a small AWS in a directory, taken from Terraform state and changed by `act`.
//!
//! Owns `DATA/account`: one file for each resource with its configuration and changes, one for each alarm, one for each lock.
//! Owns no opinion on what may be changed: that is `act`'s. What a change does to metrics and alarms is `simulation`'s.

mod aftermath;
mod alarm;
mod lock;
mod observations;
mod reading;
mod resource;
mod simulation;
mod watch;

pub use alarm::AlarmRecord;
pub use lock::LockRecord;
pub use observations::{Aftermath, AftermathOutcome, ObservedChange, ObservedLog, ObservedMetric, Recording, When};
pub(crate) use reading::difference;
pub use resource::{ChangeKind, ChangeRecord, ResourceRecord};
pub use watch::{MetricPoints, MetricRequest, Visible};

use std::path::PathBuf;

use activities::twin::Node;
use jiff::Timestamp;

use crate::config::Pace;
use crate::error::{EdgeError, FileError};
use crate::files;

/// The embedded account in its directory.
#[derive(Debug)]
pub struct Account {
    root: PathBuf,
    observations: Option<PathBuf>,
    pace: Pace,
}

impl Account {
    /// The account in `root`.
    pub fn new(root: PathBuf, observations: Option<PathBuf>, pace: Pace) -> Self {
        Self { root, observations, pace }
    }

    /// How fast it reacts.
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// All resources, in the order of their files.
    pub fn resources(&self) -> Result<Vec<ResourceRecord>, FileError> {
        files::list(&self.root.join(RESOURCES), "json")?
            .iter()
            .map(|path| files::read_json(path).map(|record| record.into_iter()))
            .try_fold(Vec::new(), |mut all, record| {
                all.extend(record?);
                Ok(all)
            })
    }

    /// The resource with this ARN.
    pub fn resource(&self, arn: &str) -> Result<Option<ResourceRecord>, FileError> {
        files::read_json(&self.resource_path(arn))
    }

    /// The resource of this type with this physical name.
    pub fn named(&self, resource_type: &str, name: &str) -> Result<Option<ResourceRecord>, FileError> {
        let named = |record: &ResourceRecord| {
            record.resource_type == resource_type
                && (record.name == name || record.names.iter().any(|known| known == name))
        };
        Ok(self.resources()?.into_iter().find(named))
    }

    /// Writes a resource.
    pub fn put_resource(&self, record: &ResourceRecord) -> Result<(), FileError> {
        files::replace_json(&self.resource_path(&record.arn), record)
    }

    /// Takes a node of the topology into the account: makes its resource, or changes what Terraform changed since.
    pub fn take_in(&self, node: &Node, at: Timestamp, source: &str) -> Result<(), EdgeError> {
        // Some providers write the ARN of a service as its id only.
        let named = node.names.iter().find(|name| name.starts_with("arn:"));
        let Some(arn) = node.arn.as_ref().or(named) else { return Ok(()) };
        let record = match self.resource(arn)? {
            None => ResourceRecord::of(node, arn, at),
            Some(mut record) => {
                if !record.redeclare(node, at, source) {
                    return Ok(());
                }
                record
            }
        };
        Ok(self.put_resource(&record)?)
    }

    /// Sets every resource back to what Terraform declares, as an apply would; answers how many had drifted.
    pub fn apply_declared(&self, at: Timestamp) -> Result<usize, EdgeError> {
        let mut drifted = 0;
        for mut record in self.resources()? {
            if record.reapply(at) {
                self.put_resource(&record)?;
                drifted += 1;
            }
        }
        Ok(drifted)
    }

    /// Writes an alarm.
    pub fn put_alarm(&self, record: &AlarmRecord) -> Result<(), FileError> {
        files::replace_json(&self.alarm_path(&record.name), record)
    }

    /// The lock of a node.
    pub fn lock(&self, node: &str) -> Result<Option<LockRecord>, FileError> {
        files::read_json(&self.lock_path(node))
    }

    /// All locks, in the order of their files.
    pub fn locks(&self) -> Result<Vec<LockRecord>, FileError> {
        let mut locks = Vec::new();
        for path in files::list(&self.root.join(LOCKS), "json")? {
            locks.extend(files::read_json(&path)?);
        }
        Ok(locks)
    }

    /// Writes the lock of a node.
    pub fn put_lock(&self, record: &LockRecord) -> Result<(), FileError> {
        files::replace_json(&self.lock_path(&record.node), record)
    }

    /// Removes the lock of a node.
    pub fn remove_lock(&self, node: &str) -> Result<(), FileError> {
        files::remove(&self.lock_path(node))
    }

    /// All changes of all resources, oldest first.
    pub fn changes(&self) -> Result<Vec<(ResourceRecord, ChangeRecord)>, FileError> {
        let mut changes = Vec::new();
        for record in self.resources()? {
            changes.extend(record.changes.iter().map(|change| (record.clone(), change.clone())));
        }
        changes.sort_by_key(|(_, change)| change.begun_at);
        Ok(changes)
    }

    fn resource_path(&self, arn: &str) -> PathBuf {
        self.root.join(RESOURCES).join(format!("{}.json", files::name_for(arn)))
    }

    fn alarm_path(&self, name: &str) -> PathBuf {
        self.root.join(ALARMS).join(format!("{}.json", files::name_for(name)))
    }

    fn lock_path(&self, node: &str) -> PathBuf {
        self.root.join(LOCKS).join(format!("{}.json", files::name_for(node)))
    }
}

const RESOURCES: &str = "resources";
const ALARMS: &str = "alarms";
const LOCKS: &str = "locks";
