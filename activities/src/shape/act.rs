//! What `act` is asked: lock, begin, poll, undo, unlock.
//!
//! Owns the fields of each operation. Which API call an action means is [`crate::action`]'s; performing it is the
//! edge's.

use serde::{Deserialize, Serialize};

use super::{Decision, Fields, Proposal};

/// What the machine asks `act`.
///
/// Edge, for every operation: it may come twice, because a task whose answer was lost is sent again; the second must
/// answer as the first did. `begin` and `undo` carry an `idempotency_key` for this: keep key and answer before the
/// effect is made known, and repeat the answer for a key that is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case", deny_unknown_fields)]
pub enum ActRequest {
    /// Take the node's lock by a conditional write.
    ///
    /// Edge: succeed when the lock is free, expired, or already `owner`'s (then extend it); raise [`errors::LOCKED`]
    /// when another execution holds it, naming it.
    Lock {
        /// The node's id.
        node: String,
        /// The ARN of the execution that takes it.
        owner: String,
        /// Seconds from `at` until it ends by itself.
        seconds: u32,
        /// When the state was entered.
        at: String,
    },
    /// Begin the action.
    ///
    /// Edge: before anything else recompute the proposal's digest and compare it with `digest`; check that `at` is
    /// before `expires_at`; verify for each decision its signature over execution, digest, role, subject and time; check
    /// that `proposal.approval` is met (the role, and as many different subjects as it wants, the requester not among
    /// them), or that the only decision is `policy`, this function's own configuration is in that mode, the risk is LOW
    /// and a model reasoned; check that `owner` holds the lock of the target's node. Any failure raises
    /// [`errors::REFUSED`] and changes nothing. Then assume the executor role for this one action on this one ARN,
    /// source identity = approver, and call AWS. An error of the call raises [`errors::ACTION_FAILED`].
    Begin {
        /// The proposal as approved.
        proposal: Box<Proposal>,
        /// Its digest.
        digest: String,
        /// The decisions that approve it.
        decisions: Vec<Decision>,
        /// The same for every dispatch of this one effect.
        idempotency_key: String,
        /// When the state was entered.
        at: String,
    },
    /// Look whether an action is effective.
    ///
    /// Edge: read only; `running` while the service reports the change in progress.
    Poll {
        /// The proposal as approved.
        proposal: Box<Proposal>,
        /// True when it is the undo that is looked at.
        undo: bool,
        /// What `begin` or `undo` answered.
        handle: Fields,
        /// When the state was entered.
        at: String,
    },
    /// Begin the approved inverse of an action that `begin` began.
    ///
    /// Edge: the checks of `begin`, expiry excepted: the undo was approved with the action. The current value must
    /// still be the one that the action set, else raise [`errors::REFUSED`]: somebody else changed it since.
    Undo {
        /// The proposal as approved.
        proposal: Box<Proposal>,
        /// Its digest.
        digest: String,
        /// The decisions that approve it.
        decisions: Vec<Decision>,
        /// The same for every dispatch of this one effect.
        idempotency_key: String,
        /// When the state was entered.
        at: String,
    },
    /// Give the node's lock back.
    ///
    /// Edge: succeed when the lock is `owner`'s, expired or absent; leave another owner's lock alone and succeed.
    Unlock {
        /// The node's id.
        node: String,
        /// The ARN of the execution that took it.
        owner: String,
        /// When the state was entered.
        at: String,
    },
}

/// What `act` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActAnswer {
    /// How far it is.
    pub status: ActStatus,
    /// What `poll` needs to find the change again, for example a revision or a deployment id.
    #[serde(default)]
    pub handle: Fields,
    /// One sentence for the human, without secrets.
    pub detail: String,
    /// The attributes that were changed, as they are now; for `effective`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Fields>,
}

/// How far an operation of `act` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActStatus {
    /// The lock is held.
    Locked,
    /// The lock is free.
    Unlocked,
    /// The change is in progress.
    Running,
    /// The change is in effect.
    Effective,
    /// The service reports that the change failed.
    Failed,
}

/// The error types that edge functions raise and the machine knows.
pub mod errors {
    /// Another execution holds the lock; the machine waits and tries again.
    pub const LOCKED: &str = "Sao.Locked";
    /// A digest, signature, role, expiry or pre-state does not hold; nothing was changed.
    pub const REFUSED: &str = "Sao.Refused";
    /// The service refused or failed the action.
    pub const ACTION_FAILED: &str = "Sao.ActionFailed";
    /// The request is not what the function reads.
    pub const BAD_INPUT: &str = "Sao.BadInput";
    /// A throttle, a timeout or a server error that may pass: the machine tries again, five times.
    pub const TRANSIENT: &str = "Sao.Transient";
    /// A mail could not be sent, and trying again would not help.
    pub const MAIL_FAILED: &str = "Sao.MailFailed";
}
