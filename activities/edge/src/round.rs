//! A round of asking: what is kept of it, and what follows from that alone.
//!
//! Owns the record, the decision that is made of a verdict, and the address under which it is decided. Where rounds are kept is
//! `approvals`'s, here and over AWS; who may decide is `hitl`'s.

use activities::approval::{LINK_PATH, Link, Mail, RoundView, SealingKey, ask_mail, required_role, seal, sha256_hex};
use activities::shape::{
    AskRequest, Context, Decision, DecisionKind, Fields, Incident, Outcome, Proposal, Role, Round,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::EdgeError;
use crate::keys::random;
use crate::time::{seconds_after, written};

/// One round of asking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoundRecord {
    /// The rounds of one execution in their order, from 1; a new proposal goes on counting.
    pub sequence: u32,
    /// The number of the round for this proposal, from 1.
    pub number: u32,
    /// The round.
    pub round: Round,
    /// The incident.
    pub incident: Incident,
    /// The proposal.
    pub proposal: Proposal,
    /// Its digest.
    pub digest: String,
    /// The context, for the evidence.
    pub context: Context,
    /// The approvals of earlier rounds.
    pub approvals: Vec<Decision>,
    /// When the round was opened.
    #[serde(with = "crate::time::as_text")]
    pub opened_at: Timestamp,
    /// When the round ends.
    #[serde(with = "crate::time::as_text")]
    pub ends_at: Timestamp,
    /// The sealed link.
    pub sealed: String,
    /// The SHA-256 of the task token, to tell a repeated request from a new task.
    pub token_hash: String,
}

impl RoundRecord {
    /// The round of a request, its link sealed with this key.
    pub(crate) fn open(asked: AskRequest, sequence: u32, key: &SealingKey) -> Result<Self, EdgeError> {
        let (opened_at, expires_at) = (instant(&asked.at)?, instant(&asked.proposal.expires_at)?);
        let link = Link {
            token: asked.token,
            execution: asked.incident.execution.clone(),
            round: asked.number,
            digest: asked.digest.clone(),
            role: asked.round.role,
            expires_at: expires_at.as_second(),
        };
        Ok(Self {
            sequence,
            number: asked.number,
            ends_at: seconds_after(opened_at, asked.round.seconds).min(expires_at),
            opened_at,
            sealed: seal(key, random()?, &link).map_err(|error| EdgeError::bad_input("notify", error))?,
            token_hash: sha256_hex(link.token.as_bytes()),
            round: asked.round,
            incident: asked.incident,
            proposal: asked.proposal,
            digest: asked.digest,
            context: asked.context,
            approvals: asked.approvals,
        })
    }

    /// The round among these that an earlier delivery of this request opened.
    pub(crate) fn of<'a>(asked: &AskRequest, rounds: &'a [Self]) -> Option<&'a Self> {
        let token_hash = sha256_hex(asked.token.as_bytes());
        rounds.iter().find(|round| round.token_hash == token_hash)
    }

    /// The last of these rounds, when a request asks the same under a new token, as a retry of the task does.
    pub(crate) fn retried<'a>(asked: &AskRequest, rounds: &'a [Self]) -> Option<&'a Self> {
        rounds.last().filter(|last| last.number == asked.number && last.digest == asked.digest)
    }

    /// What the mail and the page show.
    pub(crate) fn view(&self) -> RoundView<'_> {
        RoundView {
            incident: &self.incident,
            proposal: &self.proposal,
            digest: &self.digest,
            context: &self.context,
            number: self.number,
            round: &self.round,
            ends_at: self.ends_at,
            approvals: &self.approvals,
        }
    }

    /// The mail that asks.
    pub(crate) fn mail(&self, public_url: &str) -> Mail {
        ask_mail(&self.view(), &self.address(public_url))
    }

    /// The address of the page on which it is decided.
    pub(crate) fn address(&self, public_url: &str) -> String {
        format!("{}{LINK_PATH}{}", public_url.trim_end_matches('/'), self.sealed)
    }

    /// The role that a yes needs now.
    pub(crate) fn required_role(&self) -> Role {
        required_role(&self.proposal, &self.approvals)
    }

    /// A decision about this round, not yet signed.
    pub(crate) fn decision(&self, verdict: Verdict, role: Option<Role>, subject: &str, now: Timestamp) -> Decision {
        Decision {
            kind: verdict.kind,
            execution: self.incident.execution.clone(),
            digest: self.digest.clone(),
            round: self.number,
            role,
            subject: subject.to_owned(),
            at: written(now),
            reason: verdict.reason,
            parameters: verdict.parameters,
            key_id: None,
            signature: None,
        }
    }

    /// What ends the round when the alarm is OK again; nobody signs it.
    pub(crate) fn recovered(&self, now: Timestamp) -> Decision {
        let reason = Some("the alarm is OK again".to_owned());
        let verdict = Verdict { kind: DecisionKind::Recovered, reason, parameters: None };
        self.decision(verdict, None, "CloudWatch", now)
    }
}

/// What somebody decides.
pub(crate) struct Verdict {
    pub(crate) kind: DecisionKind,
    pub(crate) reason: Option<String>,
    pub(crate) parameters: Option<Fields>,
}

/// What was decided in a round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DecisionRecord {
    /// The decision.
    pub(crate) decision: Decision,
    /// Whether it reached the machine.
    pub(crate) delivery: Delivery,
}

/// Whether a decision reached the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Delivery {
    /// Not yet known.
    Pending,
    /// It completed the task.
    Sent,
    /// The task had timed out.
    Late,
}

/// How an incident ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Closing {
    /// The outcome.
    pub(crate) outcome: Outcome,
    /// The line that was told.
    pub(crate) told: String,
}

/// The instant of a request's field.
pub(crate) fn instant(text: &str) -> Result<Timestamp, EdgeError> {
    text.parse().map_err(|_| EdgeError::bad_input("notify", format!("`{text}` is no RFC 3339 instant")))
}
