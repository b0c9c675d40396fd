//! The ledger: what was intended, and whether it was done, one object for each change of a proposal.
//!
//! Owns that a proposal is begun once and undone once, whatever its requests are called: the object is named by the digest. It is
//! written before AWS is called and marked afterwards; between the two the account itself tells whether the call was made.

use activities::action::{Action, AwsCall, Configuration};
use activities::shape::Fields;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::Aws;
use super::super::store::{Stored, When};
use crate::error::EdgeError;

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// The action or its undo.
    pub(super) kind: Kind,
    /// The key of the request.
    pub(super) key: String,
    /// The proposal's digest.
    pub(super) digest: String,
    /// The execution on whose behalf.
    pub(super) execution: String,
    /// The action's name.
    pub(super) action: String,
    /// Its parameters.
    pub(super) parameters: Value,
    /// Who approved it.
    pub(super) by: String,
    /// The one call.
    pub(super) call: AwsCall,
    /// The configuration before.
    pub(super) before: Configuration,
    /// The configuration that is wanted.
    pub(super) after: Configuration,
    /// When it was asked for.
    pub(super) at: String,
    /// How far it is.
    pub(super) stage: Stage,
    /// Grows with each write.
    pub(super) sequence: u64,
}

/// What a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Begin,
    Undo,
}

/// How far a change is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub(super) enum Stage {
    /// AWS may have been called.
    Intended,
    /// AWS took the call.
    Begun,
    /// AWS refused the call.
    Failed {
        /// The error that was raised.
        error: String,
        /// Its message.
        message: String,
    },
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Begin => "action",
            Self::Undo => "undo",
        }
    }

    fn file(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Undo => "undo",
        }
    }
}

impl Entry {
    /// The action as the catalogue reads it.
    pub(super) fn action(&self) -> Result<Action, EdgeError> {
        serde_json::from_value(json!({"name": self.action, "parameters": self.parameters})).map_err(|problem| {
            EdgeError::new("Sao.BrokenObject", format!("the ledger's action cannot be read: {problem}"))
        })
    }

    /// What `poll` is given to find the change again.
    pub(super) fn handle(&self) -> Fields {
        Fields::from_iter([("change".to_owned(), json!(format!("{}/{}", self.digest, self.kind.file())))])
    }

    /// Whether the resource is no more as it was when the change was intended: the call was made.
    ///
    /// Under the node's lock nobody but this incident changes the resource, so that what changed it is this call.
    pub(super) fn is_taken_up(&self, now: &Configuration) -> bool {
        match (&self.before, now) {
            (Configuration::LambdaFunction(before), Configuration::LambdaFunction(now)) => {
                now.last_update_status == "InProgress"
                    || (before.timeout, before.memory_size, before.reserved_concurrent_executions)
                        != (now.timeout, now.memory_size, now.reserved_concurrent_executions)
            }
            (Configuration::EcsService(before), Configuration::EcsService(now)) => {
                (before.desired_count, before.deployment) != (now.desired_count, now.deployment)
            }
            (Configuration::RdsInstance(before), Configuration::RdsInstance(now)) => {
                (&before.db_instance_status, before.reboots) != (&now.db_instance_status, now.reboots)
            }
            _ => false,
        }
    }

    /// Whether the call sets this value, which for a restart it does not: there the number is only how one sees it.
    pub(super) fn call_sets(&self, value: &Value) -> bool {
        value.is_null()
            || self.call.parameters.as_object().is_some_and(|parameters| parameters.values().any(|set| set == value))
    }
}

/// The change of a proposal, where it was intended.
pub(super) async fn find(aws: &Aws, digest: &str, kind: Kind) -> Result<Option<Stored<Entry>>, EdgeError> {
    aws.twin()?.get_json(&key(digest, kind)?).await
}

/// Writes down what is intended; another delivery of the same request that comes at the same time tries again later.
pub(super) async fn intend(aws: &Aws, known: Option<Stored<Entry>>, entry: &Entry) -> Result<Stored<Entry>, EdgeError> {
    let store = aws.twin()?;
    let key = key(&entry.digest, entry.kind)?;
    let sequence = known.as_ref().map_or(1, |known| known.value.sequence + 1);
    let value = Entry { sequence, ..entry.clone() };
    let when = known.as_ref().map_or(When::Absent, |known| When::Unchanged(&known.tag));
    match store.put_json(&key, &value, when).await? {
        Some(tag) => Ok(Stored { value, tag }),
        None => Err(EdgeError::transient("another delivery of this request is under way")),
    }
}

/// Marks how far a change is.
pub(super) async fn mark(aws: &Aws, entry: &Stored<Entry>, stage: Stage) -> Result<(), EdgeError> {
    let key = key(&entry.value.digest, entry.value.kind)?;
    let marked = Entry { stage, sequence: entry.value.sequence + 1, ..entry.value.clone() };
    // Lost only to another delivery of the same request that marked the same.
    aws.twin()?.put_json(&key, &marked, When::Unchanged(&entry.tag)).await.map(|_| ())
}

fn key(digest: &str, kind: Kind) -> Result<String, EdgeError> {
    // The digest comes with the request, and is compared with the proposal's own only later.
    if digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(format!("actions/{digest}/{}.json", kind.file()));
    }
    Err(EdgeError::refused(format!("`{}` is no digest", digest.escape_debug())))
}
