//! The rounds of asking and what was decided in them, in the twin's bucket.
//!
//! ```text
//! approvals/<execution>/0001.round.json      what was asked, and the sealed link of the round
//! approvals/<execution>/0001.decision.json   what was decided; made once, by whoever comes first
//! approvals/<execution>/closing.json         how the incident ended
//! approvals/<execution>/<hash>.mail.json     the mail that was sent, so that it is not sent again
//! waiting/<hash of the alarm>/<execution>    an execution that asks about this alarm
//! undelivered/<execution>                    a decision that may not have reached the machine
//! ```
//!
//! Owns these objects and the rule that a round is decided once. Task tokens are in the bucket only inside of sealed links. The
//! records are those of the embedded functions.

use activities::approval::sha256_hex;
use activities::shape::Decision;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::store::{Store, When};
use crate::error::EdgeError;
use crate::files::name_for;
use crate::round::{Closing, DecisionRecord, Delivery, RoundRecord};

/// The rounds of all executions.
#[derive(Clone, Debug)]
pub(super) struct Approvals {
    store: Store,
}

/// The round of an execution that was opened last, with what became of it.
#[derive(Clone, Debug)]
pub(super) struct Latest {
    pub(super) round: RoundRecord,
    pub(super) decision: Option<DecisionRecord>,
    pub(super) closing: Option<Closing>,
}

impl Latest {
    /// Whether the round waits for a decision.
    pub(super) fn is_open(&self, now: Timestamp) -> bool {
        self.decision.is_none() && self.closing.is_none() && now < self.round.ends_at
    }
}

/// A mail that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sent {
    message_id: String,
}

impl Approvals {
    pub(super) fn new(store: Store) -> Self {
        Self { store }
    }

    /// The rounds of an execution, in order.
    pub(super) async fn rounds(&self, execution: &str) -> Result<Vec<RoundRecord>, EdgeError> {
        let keys = self.keys(execution).await?;
        let rounds = keys.into_iter().filter(|key| key.ends_with(ROUND)).collect();
        let found = self.store.get_all(rounds).await?;
        found
            .into_iter()
            .map(|(key, bytes)| serde_json::from_slice(&bytes).map_err(|problem| self.store.broken(&key, problem)))
            .collect()
    }

    /// The round of an execution that was opened last, with what became of it.
    pub(super) async fn latest(&self, execution: &str) -> Result<Option<Latest>, EdgeError> {
        // Keys are listed in their order, and a round's begins with its number in four digits.
        let Some(key) = self.keys(execution).await?.into_iter().rfind(|key| key.ends_with(ROUND)) else {
            return Ok(None);
        };
        let Some(round) = self.store.get_json::<RoundRecord>(&key).await? else { return Ok(None) };
        let (decision_key, closing_key) = (key.replace(ROUND, DECISION), format!("{}{CLOSING}", folder(execution)));
        let (decision, closing) = futures::join!(self.store.get_json(&decision_key), self.store.get_json(&closing_key));
        Ok(Some(Latest {
            round: round.value,
            decision: decision?.map(|found| found.value),
            closing: closing?.map(|found| found.value),
        }))
    }

    /// Writes a round, `Absent` for a new one; says whether it was written.
    pub(super) async fn put_round(&self, round: &RoundRecord, when: When<'_>) -> Result<bool, EdgeError> {
        let written = self.store.put_json(&key(round, ROUND), round, when).await?.is_some();
        if written {
            let waiting = waiting_key(&round.incident.alarm.arn, &round.incident.execution);
            self.store.put(&waiting, round.incident.execution.clone().into_bytes(), When::Always).await?;
        }
        Ok(written)
    }

    /// What was decided in a round.
    pub(super) async fn decision(&self, round: &RoundRecord) -> Result<Option<DecisionRecord>, EdgeError> {
        Ok(self.store.get_json(&key(round, DECISION)).await?.map(|found| found.value))
    }

    /// Records a decision unless the round has one; says whether it was recorded. Of several callers one wins.
    pub(super) async fn decide_once(&self, round: &RoundRecord, decision: &Decision) -> Result<bool, EdgeError> {
        let execution = &round.incident.execution;
        // First the note that it must be delivered: a note too many is found out, a decision too few would be lost.
        self.store.put(&undelivered_key(execution), execution.clone().into_bytes(), When::Always).await?;
        let record = DecisionRecord { decision: decision.clone(), delivery: Delivery::Pending };
        Ok(self.store.put_json(&key(round, DECISION), &record, When::Absent).await?.is_some())
    }

    /// Notes that a decision reached the machine, or came too late.
    pub(super) async fn note_delivery(
        &self,
        round: &RoundRecord,
        decision: &Decision,
        delivery: Delivery,
    ) -> Result<(), EdgeError> {
        let record = DecisionRecord { decision: decision.clone(), delivery };
        self.store.put_json(&key(round, DECISION), &record, When::Always).await?;
        self.store.remove(&undelivered_key(&round.incident.execution)).await
    }

    /// The executions whose last decision may not have reached the machine.
    pub(super) async fn undelivered(&self) -> Result<Vec<String>, EdgeError> {
        self.noted(UNDELIVERED).await
    }

    /// Forgets that a decision may not have reached the machine: there is none.
    pub(super) async fn forget_undelivered(&self, execution: &str) -> Result<(), EdgeError> {
        self.store.remove(&undelivered_key(execution)).await
    }

    /// The executions that ask about an alarm.
    pub(super) async fn waiting_on(&self, alarm_arn: &str) -> Result<Vec<String>, EdgeError> {
        self.noted(&waiting_folder(alarm_arn)).await
    }

    /// Notes how an execution's incident ended, where somebody was asked; the first to say so counts.
    pub(super) async fn close(&self, execution: &str, closing: &Closing) -> Result<(), EdgeError> {
        let Some(latest) = self.latest(execution).await? else { return Ok(()) };
        self.store.put_json(&format!("{}{CLOSING}", folder(execution)), closing, When::Absent).await?;
        self.store.remove(&waiting_key(&latest.round.incident.alarm.arn, execution)).await
    }

    /// The id of a mail that was sent about this.
    pub(super) async fn sent(&self, execution: &str, about: &str) -> Result<Option<String>, EdgeError> {
        let found = self.store.get_json::<Sent>(&mail_key(execution, about)).await?;
        Ok(found.map(|found| found.value.message_id))
    }

    /// Notes that a mail about this was sent.
    pub(super) async fn note_sent(&self, execution: &str, about: &str, message_id: &str) -> Result<(), EdgeError> {
        let sent = Sent { message_id: message_id.to_owned() };
        self.store.put_json(&mail_key(execution, about), &sent, When::Always).await.map(|_| ())
    }

    async fn keys(&self, execution: &str) -> Result<Vec<String>, EdgeError> {
        Ok(self.store.list(&folder(execution), None, MOST).await?.into_iter().map(|object| object.key).collect())
    }

    async fn noted(&self, folder: &str) -> Result<Vec<String>, EdgeError> {
        let keys = self.store.list(folder, None, MOST).await?.into_iter().map(|object| object.key).collect();
        let found = self.store.get_all(keys).await?;
        Ok(found.into_iter().map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned()).collect())
    }
}

fn folder(execution: &str) -> String {
    format!("approvals/{}/", name_for(execution))
}

fn key(round: &RoundRecord, kind: &str) -> String {
    format!("{}{:04}{kind}", folder(&round.incident.execution), round.sequence)
}

fn mail_key(execution: &str, about: &str) -> String {
    format!("{}{}.mail.json", folder(execution), &sha256_hex(about.as_bytes())[..32])
}

fn waiting_folder(alarm_arn: &str) -> String {
    format!("waiting/{}/", &sha256_hex(alarm_arn.as_bytes())[..32])
}

fn waiting_key(alarm_arn: &str, execution: &str) -> String {
    format!("{}{}", waiting_folder(alarm_arn), name_for(execution))
}

fn undelivered_key(execution: &str) -> String {
    format!("{UNDELIVERED}{}", name_for(execution))
}

const ROUND: &str = ".round.json";
const DECISION: &str = ".decision.json";
const CLOSING: &str = "closing.json";
const UNDELIVERED: &str = "undelivered/";
const MOST: usize = 1_000;
