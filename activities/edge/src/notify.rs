//! Notify, embedded: asks a human by mail, and tells how it ended.
//!
//! Owns the order: first the round is written, with the sealed link, then its mail. A request that comes again finds the round
//! and writes the same mail again; a new task of the same round (a retry) gets a new link, and the former one still leads to it.

use activities::approval::{AskMail, LINK_PATH, Link, ask_mail, outcome_mail, seal, sha256_hex};
use activities::shape::{
    Context, Decision, Incident, NotifyAnswer, NotifyRequest, Outcome, Proposal, RecordAnswer, Role, Round,
};
use jiff::Timestamp;

use crate::approvals::{Closing, RoundRecord};
use crate::embedded::World;
use crate::error::EdgeError;
use crate::keys::random;
use crate::mailbox::{Letter, send};
use crate::time::{seconds_after, written};

/// Mails what is asked or told.
pub(crate) fn notify(world: &World, request: NotifyRequest) -> Result<NotifyAnswer, EdgeError> {
    match request {
        NotifyRequest::Ask { token, number, round, incident, proposal, digest, context, approvals, at } => {
            let asked = Asked {
                token,
                number,
                round,
                incident: *incident,
                proposal: *proposal,
                digest,
                context: *context,
                approvals,
            };
            ask(world, asked, instant(&at)?)
        }
        NotifyRequest::Outcome { incident, outcome, record, at } => {
            tell(world, &incident, outcome, &record, instant(&at)?)
        }
    }
}

struct Asked {
    token: String,
    number: u32,
    round: Round,
    incident: Incident,
    proposal: Proposal,
    digest: String,
    context: Context,
    approvals: Vec<Decision>,
}

fn ask(world: &World, asked: Asked, at: Timestamp) -> Result<NotifyAnswer, EdgeError> {
    let record = {
        let _guard = world.guard();
        open_round(world, asked, at)?
    };
    let address = format!("{}{LINK_PATH}{}", world.config.public_url.trim_end_matches('/'), record.sealed);
    let ends_at = written(record.ends_at);
    let mail = ask_mail(&AskMail {
        incident: &record.incident,
        proposal: &record.proposal,
        digest: &record.digest,
        context: &record.context,
        number: record.number,
        round: &record.round,
        ends_at: &ends_at,
        approvals: &record.approvals,
        address: &address,
    });
    let about = format!("{} {} {} ask", record.incident.execution, record.digest, record.sequence);
    let to = world.config.addresses.of(record.round.role);
    let message_id = send(world, &Letter { about: &about, kind: "ask", to, at: record.opened_at, mail: &mail })?;
    Ok(NotifyAnswer { message_id })
}

/// The round of this request: the one that an earlier delivery opened, or a new one.
fn open_round(world: &World, asked: Asked, at: Timestamp) -> Result<RoundRecord, EdgeError> {
    let token_hash = sha256_hex(asked.token.as_bytes());
    let rounds = world.approvals.rounds(&asked.incident.execution)?;
    if let Some(known) = rounds.iter().find(|round| round.token_hash == token_hash) {
        return Ok(known.clone());
    }
    // A retry of the task asks the same under a new token. What was decided under the old one went nowhere and stays as it is.
    let retried = rounds.last().filter(|last| last.number == asked.number && last.digest == asked.digest);
    let undecided =
        retried.map(|last| world.approvals.decision(last)).transpose()?.is_some_and(|decision| decision.is_none());
    let next = rounds.last().map_or(0, |last| last.sequence) + 1;
    let sequence = retried.filter(|_| undecided).map_or(next, |last| last.sequence);
    let expires_at = instant(&asked.proposal.expires_at)?;
    let link = Link {
        token: asked.token,
        execution: asked.incident.execution.clone(),
        round: asked.number,
        digest: asked.digest.clone(),
        role: asked.round.role,
        expires_at: expires_at.as_second(),
    };
    let record = RoundRecord {
        sequence,
        number: asked.number,
        ends_at: seconds_after(at, asked.round.seconds).min(expires_at),
        opened_at: at,
        sealed: seal(world.keys.sealing(), random()?, &link).map_err(|error| EdgeError::bad_input("notify", error))?,
        round: asked.round,
        incident: asked.incident,
        proposal: asked.proposal,
        digest: asked.digest,
        context: asked.context,
        approvals: asked.approvals,
        token_hash,
    };
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

fn instant(text: &str) -> Result<Timestamp, EdgeError> {
    text.parse().map_err(|_| EdgeError::bad_input("notify", format!("`{text}` is no RFC 3339 instant")))
}
