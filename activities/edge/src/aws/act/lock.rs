//! The lock of a node: one object, written conditionally, with an owner and an end.
//!
//! Owns who holds a node. The body carries a sequence number that grows with each write, because the entity tag is a hash of the
//! content and does not see a lock that was released and taken in between. A lock that is given back stays as an object, ended.

use activities::shape::errors;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::Aws;
use super::super::store::{Store, Stored, When};
use crate::error::EdgeError;
use crate::files::name_for;

/// The lock of one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lock {
    /// The node's id.
    pub(super) node: String,
    /// The ARN of the execution that took it last.
    pub(super) owner: String,
    /// When it was taken.
    #[serde(with = "crate::time::as_text")]
    pub(super) since: Timestamp,
    /// When it ends by itself, or was given back.
    #[serde(with = "crate::time::as_text")]
    pub(super) until: Timestamp,
    /// Grows with each write.
    pub(super) sequence: u64,
}

impl Lock {
    /// Whether this execution holds it now.
    pub(super) fn is_held_by(&self, execution: &str, now: Timestamp) -> bool {
        self.owner == execution && now < self.until
    }

    /// Whether another execution holds it now.
    fn is_in_the_way_of(&self, execution: &str, now: Timestamp) -> bool {
        self.owner != execution && now < self.until
    }
}

/// Takes the lock, or extends it where it is this owner's.
pub(super) async fn take(aws: &Aws, node: &str, owner: &str, seconds: u32) -> Result<(), EdgeError> {
    let store = aws.twin()?;
    for _ in 0..ATTEMPTS {
        let now = aws.now();
        let held = store.get_json::<Lock>(&key(node)).await?;
        if let Some(lock) = held.as_ref().map(|held| &held.value).filter(|lock| lock.is_in_the_way_of(owner, now)) {
            let message = format!("`{node}` is locked by `{}` until {}", lock.owner, lock.until);
            return Err(EdgeError::new(errors::LOCKED, message));
        }
        let since = held.as_ref().filter(|held| held.value.is_held_by(owner, now)).map_or(now, |held| held.value.since);
        let until = now.checked_add(SignedDuration::from_secs(i64::from(seconds))).map_err(EdgeError::refused)?;
        let sequence = held.as_ref().map_or(0, |held| held.value.sequence) + 1;
        let lock = Lock { node: node.to_owned(), owner: owner.to_owned(), since, until, sequence };
        if write(&store, &lock, held.as_ref()).await? {
            return Ok(());
        }
        // Somebody else wrote in between; who holds it now is read again.
    }
    Err(EdgeError::transient(format!("the lock of `{node}` is being written by others")))
}

/// Gives the lock back where it is this owner's; another's is left alone.
pub(super) async fn release(aws: &Aws, node: &str, owner: &str) -> Result<bool, EdgeError> {
    let store = aws.twin()?;
    for _ in 0..ATTEMPTS {
        let now = aws.now();
        let Some(held) = store.get_json::<Lock>(&key(node)).await? else { return Ok(false) };
        if !held.value.is_held_by(owner, now) {
            return Ok(false);
        }
        let ended = Lock { until: now, sequence: held.value.sequence + 1, ..held.value.clone() };
        if write(&store, &ended, Some(&held)).await? {
            return Ok(true);
        }
    }
    Err(EdgeError::transient(format!("the lock of `{node}` is being written by others")))
}

/// Gives back every lock of an execution; answers how many it held.
pub(super) async fn release_all(aws: &Aws, owner: &str) -> Result<u32, EdgeError> {
    let store = aws.twin()?;
    let keys = store.list(FOLDER, None, usize::MAX).await?.into_iter().map(|object| object.key).collect();
    let mut released = 0;
    for (key, bytes) in store.get_all(keys).await? {
        let lock: Lock = serde_json::from_slice(&bytes).map_err(|problem| store.broken(&key, problem))?;
        if lock.owner == owner && release(aws, &lock.node, owner).await? {
            released += 1;
        }
    }
    Ok(released)
}

/// The lock of a node, as it is now.
pub(super) async fn held(aws: &Aws, node: &str) -> Result<Option<Lock>, EdgeError> {
    Ok(aws.twin()?.get_json::<Lock>(&key(node)).await?.map(|held| held.value))
}

async fn write(store: &Store, lock: &Lock, held: Option<&Stored<Lock>>) -> Result<bool, EdgeError> {
    let when = held.map_or(When::Absent, |held| When::Unchanged(&held.tag));
    Ok(store.put_json(&key(&lock.node), lock, when).await?.is_some())
}

fn key(node: &str) -> String {
    format!("{FOLDER}{}.json", name_for(node))
}

const FOLDER: &str = "locks/";
const ATTEMPTS: usize = 3;
