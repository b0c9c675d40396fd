//! Notify, embedded: asks a human by mail, and tells how it ended.
//!
//! Owns the order: first the round is written, with the sealed link, then its mail. A request that comes again finds the round
//! and writes the same mail again; a new task of the same round (a retry) gets a new link, and the former one still leads to it.

use activities::approval::outcome_mail;
use activities::shape::{AskRequest, Incident, NotifyAnswer, NotifyRequest, Outcome, RecordAnswer, Role};
use jiff::Timestamp;

use crate::embedded::World;
use crate::error::EdgeError;
use crate::mailbox::{Letter, send};
use crate::round::{Closing, RoundRecord, instant};

/// Mails what is asked or told.
pub(crate) fn notify(world: &World, request: NotifyRequest) -> Result<NotifyAnswer, EdgeError> {
    match request {
        NotifyRequest::Ask(asked) => ask(world, *asked),
        NotifyRequest::Outcome { incident, outcome, record, at } => {
            tell(world, &incident, outcome, &record, instant(&at)?)
        }
    }
}

fn ask(world: &World, asked: AskRequest) -> Result<NotifyAnswer, EdgeError> {
    let record = {
        let _guard = world.guard();
        open_round(world, asked)?
    };
    let mail = record.mail(&world.config.public_url);
    let about = format!("{} {} {} ask", record.incident.execution, record.digest, record.sequence);
    let to = world.config.addresses.of(record.round.role);
    let message_id = send(world, &Letter { about: &about, kind: "ask", to, at: record.opened_at, mail: &mail })?;
    Ok(NotifyAnswer { message_id })
}

/// The round of this request: the one that an earlier delivery opened, or a new one.
fn open_round(world: &World, asked: AskRequest) -> Result<RoundRecord, EdgeError> {
    let rounds = world.approvals.rounds(&asked.incident.execution)?;
    if let Some(known) = RoundRecord::of(&asked, &rounds) {
        return Ok(known.clone());
    }
    // What was decided under the old token of a retried task went nowhere and stays as it is.
    let retried = RoundRecord::retried(&asked, &rounds);
    let undecided =
        retried.map(|last| world.approvals.decision(last)).transpose()?.is_some_and(|decision| decision.is_none());
    let next = rounds.last().map_or(0, |last| last.sequence) + 1;
    let sequence = retried.filter(|_| undecided).map_or(next, |last| last.sequence);
    let record = RoundRecord::open(asked, sequence, world.keys.sealing())?;
    world.approvals.put_round(&record)?;
    Ok(record)
}

fn tell(
    world: &World,
    incident: &Incident,
    outcome: Outcome,
    record: &RecordAnswer,
    at: Timestamp,
) -> Result<NotifyAnswer, EdgeError> {
    let closing = Closing { outcome, told: record.summary.subject.clone() };
    world.approvals.close(&incident.execution, &closing)?;
    let mail = outcome_mail(&record.summary);
    let about = format!("{} outcome", incident.execution);
    let to = world.config.addresses.of(Role::OnCall);
    let message_id = send(world, &Letter { about: &about, kind: "outcome", to, at, mail: &mail })?;
    Ok(NotifyAnswer { message_id })
}
