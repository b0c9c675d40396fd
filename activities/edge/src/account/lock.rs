//! The lock of a node: who may change it, until when.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One node's lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockRecord {
    /// The node.
    pub node: String,
    /// The execution that holds it.
    pub owner: String,
    /// Since when.
    #[serde(with = "crate::time::as_text")]
    pub since: Timestamp,
    /// When it ends by itself.
    #[serde(with = "crate::time::as_text")]
    pub until: Timestamp,
}

impl LockRecord {
    /// Whether `owner` holds it at `now`.
    pub fn is_held_by(&self, owner: &str, now: Timestamp) -> bool {
        self.owner == owner && now < self.until
    }

    /// Whether somebody else than `owner` holds it at `now`.
    pub fn is_in_the_way_of(&self, owner: &str, now: Timestamp) -> bool {
        self.owner != owner && now < self.until
    }
}
