//! Who may approve: names, roles and the secrets of their one-time codes, in the keys bucket.
//!
//! ```text
//! keys bucket   approvers.json                      [{"name", "role", "secret"}], written by people
//! twin bucket   used-codes/<hash of the name>/<step>  a code that was used; made once
//!               attempts/<hash of the name>/<instant>-<chance>  an attempt; a right one is removed again
//! ```
//!
//! Owns authentication: a code works once, and guessing is slow. Attempts are counted before the code is looked at, and for names that
//! nobody has, too, so that neither many at once nor the count itself tells anything. The bucket's lifecycle removes attempts and used
//! codes after a day. Does not own what a role may decide.

use activities::approval::{hex, matching_step, same_person, sha256_hex};
use activities::shape::Role;
use jiff::Timestamp;
use serde::Deserialize;

use super::store::{Store, When};
use crate::approvers::{Approver, AuthenticationError};
use crate::error::EdgeError;
use crate::keys::{random, unhex};
use crate::time::{seconds_before, written};

/// The enrolled approvers.
#[derive(Debug)]
pub(super) struct Approvers {
    keys: Store,
    twin: Store,
}

#[derive(Clone, Deserialize)]
struct Enrolled {
    name: String,
    role: Role,
    secret: String,
}

/// Somebody whose code was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authenticated {
    pub(super) approver: Approver,
    step: i64,
}

impl Approvers {
    pub(super) fn new(keys: Store, twin: Store) -> Self {
        Self { keys, twin }
    }

    /// Checks a name and a code; does not use the code up.
    pub(super) async fn check(
        &self,
        name: &str,
        code: &str,
        now: Timestamp,
    ) -> Result<Authenticated, AuthenticationError> {
        let attempt = self.attempt(name, now).await?;
        let found = self.enrolled().await?.into_iter().find(|one| same_person(&one.name, name));
        let step = match &found {
            Some(one) => matching_step(&self.secret(one)?, code, now.as_second()),
            None => None,
        };
        let (Some(one), Some(step)) = (found, step) else { return Err(AuthenticationError::Wrong) };
        if self.twin.get(&used_key(&one.name, step)).await?.is_some() {
            return Err(AuthenticationError::Used);
        }
        self.twin.remove(&attempt).await?;
        Ok(Authenticated { approver: Approver { name: one.name, role: one.role }, step })
    }

    /// Uses a code up; of several callers one wins.
    pub(super) async fn use_up(&self, one: &Authenticated) -> Result<(), AuthenticationError> {
        match self.twin.put(&used_key(&one.approver.name, one.step), Vec::new(), When::Absent).await? {
            Some(_) => Ok(()),
            None => Err(AuthenticationError::Used),
        }
    }

    /// Notes an attempt; refuses when there were too many lately.
    async fn attempt(&self, name: &str, now: Timestamp) -> Result<String, AuthenticationError> {
        let folder = format!("attempts/{}/", hash(name));
        let key = format!("{folder}{}-{}", written(now), hex(&random::<4>()?));
        self.twin.put(&key, Vec::new(), When::Always).await?;
        let after = format!("{folder}{}", written(seconds_before(now, WINDOW)));
        let many = self.twin.list(&folder, Some(&after), MOST_ATTEMPTS + 1).await?.len();
        if many <= MOST_ATTEMPTS {
            return Ok(key);
        }
        // An attempt that was not looked at must not prolong the wait.
        self.twin.remove(&key).await?;
        Err(AuthenticationError::TooMany { minutes: i64::from(WINDOW / 60) })
    }

    async fn enrolled(&self) -> Result<Vec<Enrolled>, EdgeError> {
        Ok(self.keys.get_json(APPROVERS).await?.map(|found| found.value).unwrap_or_default())
    }

    fn secret(&self, one: &Enrolled) -> Result<[u8; 32], EdgeError> {
        let problem =
            || self.keys.broken(APPROVERS, format!("the secret of `{}` is not 64 hexadecimal digits", one.name));
        unhex(&one.secret).ok_or_else(problem)
    }
}

fn used_key(name: &str, step: i64) -> String {
    // A code of the neighbouring steps is another code: each is used up by itself.
    format!("used-codes/{}/{step}", hash(name))
}

fn hash(name: &str) -> String {
    sha256_hex(name.trim().to_lowercase().as_bytes())[..32].to_owned()
}

const APPROVERS: &str = "approvers.json";
/// Attempts in this many seconds count together.
const WINDOW: u32 = 15 * 60;
const MOST_ATTEMPTS: usize = 5;
