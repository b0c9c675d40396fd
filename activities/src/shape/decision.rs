//! The decision about a proposal, and what `notify` is asked to mail.
//!
//! Owns their fields. Signing and verifying a decision is [`crate::approval`]'s.

use serde::{Deserialize, Serialize};

use super::{Context, Fields, Incident, Outcome, Proposal, RecordAnswer, Role, Round};

/// What completes the token of `WaitForTaskToken`.
///
/// `hitl` sends it with SendTaskSuccess for `approve`, `reject` and `adjust`; intake sends it for `recovered` when the
/// alarm's OK event comes while the machine waits. The machine trusts only its kind: an approval counts when `act` has
/// verified the signature over execution, digest, role, subject and time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// What was decided.
    pub kind: DecisionKind,
    /// The ARN of the execution.
    pub execution: String,
    /// The digest of the proposal that was shown.
    pub digest: String,
    /// The number of the round, from 1.
    pub round: u32,
    /// The role in which the subject decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Who decided: an authenticated name, never one that the form supplied.
    pub subject: String,
    /// When.
    pub at: String,
    /// Why, in the human's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The parameters that the human wants in place of the proposed ones; only with `adjust`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Fields>,
    /// Which key signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// The signature, base64; absent for `recovered` and `policy`, which approve nothing by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// What can be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DecisionKind {
    /// Execute exactly what was shown.
    Approve,
    /// Execute nothing.
    Reject,
    /// Make a new proposal with other parameters.
    Adjust,
    /// The alarm is over by itself; nothing is executed.
    Recovered,
    /// The machine's own decision in mode `policy`; `act` accepts it only when its own configuration is in that mode.
    Policy,
}

/// What the machine asks `notify`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum NotifyRequest {
    /// Ask a human; the task waits for its token.
    ///
    /// Edge: seal token, execution, round, digest, role and expiry into a link, mail it with the whole proposal to the
    /// role's address, keep the round so that an older link finds it, and return. A mail that cannot be sent is an
    /// error of the function, never a quiet success: [`super::errors::TRANSIENT`] while trying again may help, else
    /// [`super::errors::MAIL_FAILED`]. Subjects hold at most 100 characters.
    Ask(Box<AskRequest>),
    /// Tell how it ended.
    ///
    /// Edge: mail `record.summary` to the on-call address, and close the rounds of the execution so that their links say
    /// what happened.
    Outcome {
        /// The incident.
        incident: Box<Incident>,
        /// How it ended.
        outcome: Outcome,
        /// What `record` made of it.
        record: Box<RecordAnswer>,
        /// When the state was entered.
        at: String,
    },
}

/// What a round asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskRequest {
    /// The task token.
    pub token: String,
    /// The number of the round, from 1.
    pub number: u32,
    /// The round.
    pub round: Round,
    /// The incident.
    pub incident: Incident,
    /// The proposal.
    pub proposal: Proposal,
    /// Its digest.
    pub digest: String,
    /// The context, for the evidence that the proposal cites.
    pub context: Context,
    /// The approvals so far, when this is the second approver's round.
    pub approvals: Vec<Decision>,
    /// When the state was entered; the round ends `round.seconds` later.
    pub at: String,
}

/// What `notify` answers when it has mailed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotifyAnswer {
    /// The mail's id, as SNS or the mailbox gives it.
    pub message_id: String,
}
