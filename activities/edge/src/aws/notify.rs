//! Notify over AWS: asks a human through a topic, and tells how it ended.
//!
//! Owns the order: first the round is written, with the sealed link, then the mail is published, then that it was. A request that
//! comes again finds the note and publishes nothing; only a crash between publishing and noting sends the same mail twice (a topic that
//! removes duplicates cannot send mail). A new task of the same round gets a new link, and the former one still leads to it.

use activities::approval::{AskMail, LINK_PATH, Link, Mail, ask_mail, outcome_mail, seal, sha256_hex};
use activities::shape::{
    Context, Decision, Incident, NotifyAnswer, NotifyRequest, Outcome, Proposal, RecordAnswer, Role, Round, errors,
};
use jiff::Timestamp;

use super::Aws;
use super::approvals::Approvals;
use super::failure::{failed, is_transient};
use super::keys::Sealing;
use super::store::When;
use crate::approvals::{Closing, RoundRecord};
use crate::error::EdgeError;
use crate::keys::random;
use crate::time::{seconds_after, written};

/// Mails what is asked or told.
pub(super) async fn notify(aws: &Aws, request: NotifyRequest) -> Result<NotifyAnswer, EdgeError> {
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
            ask(aws, asked, instant(&at)?).await
        }
        NotifyRequest::Outcome { incident, outcome, record, at: _ } => tell(aws, &incident, outcome, &record).await,
    }
}

#[derive(Clone)]
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

async fn ask(aws: &Aws, asked: Asked, at: Timestamp) -> Result<NotifyAnswer, EdgeError> {
    let approvals = Approvals::new(aws.twin()?);
    let record = open_round(aws, &approvals, asked, at).await?;
    let address = format!("{}{LINK_PATH}{}", aws.settings().public_url()?, record.sealed);
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
    let about = format!("{} {} {} ask", record.digest, record.sequence, record.token_hash);
    send(aws, &approvals, &record.incident.execution, &about, record.round.role, &mail).await
}

/// The round of this request: the one that an earlier delivery opened, or a new one.
async fn open_round(aws: &Aws, approvals: &Approvals, asked: Asked, at: Timestamp) -> Result<RoundRecord, EdgeError> {
    let sealing = Sealing::open(&aws.keys()?).await?;
    let token_hash = sha256_hex(asked.token.as_bytes());
    for _ in 0..ATTEMPTS {
        let rounds = approvals.rounds(&asked.incident.execution).await?;
        if let Some(known) = rounds.iter().find(|round| round.token_hash == token_hash) {
            return Ok(known.clone());
        }
        // A retry of the task asks the same under a new token. What was decided under the old one went nowhere and stays as it is.
        let retried = rounds.last().filter(|last| last.number == asked.number && last.digest == asked.digest);
        let undecided = match retried {
            Some(last) => approvals.decision(last).await?.is_none(),
            None => false,
        };
        let next = rounds.last().map_or(0, |last| last.sequence) + 1;
        let (sequence, when) = match retried.filter(|_| undecided) {
            Some(last) => (last.sequence, When::Always),
            None => (next, When::Absent),
        };
        let record = record(&sealing, asked.clone(), &token_hash, sequence, at)?;
        if approvals.put_round(&record, when).await? {
            return Ok(record);
        }
        // Another delivery opened this round just now; it is found at the next look.
    }
    Err(EdgeError::transient("the round is being opened by others"))
}

fn record(
    sealing: &Sealing,
    asked: Asked,
    token_hash: &str,
    sequence: u32,
    at: Timestamp,
) -> Result<RoundRecord, EdgeError> {
    let expires_at = instant(&asked.proposal.expires_at)?;
    let link = Link {
        token: asked.token,
        execution: asked.incident.execution.clone(),
        round: asked.number,
        digest: asked.digest.clone(),
        role: asked.round.role,
        expires_at: expires_at.as_second(),
    };
    Ok(RoundRecord {
        sequence,
        number: asked.number,
        ends_at: seconds_after(at, asked.round.seconds).min(expires_at),
        opened_at: at,
        sealed: seal(sealing.present(), random()?, &link).map_err(|error| EdgeError::bad_input("notify", error))?,
        round: asked.round,
        incident: asked.incident,
        proposal: asked.proposal,
        digest: asked.digest,
        context: asked.context,
        approvals: asked.approvals,
        token_hash: token_hash.to_owned(),
    })
}

async fn tell(
    aws: &Aws,
    incident: &Incident,
    outcome: Outcome,
    record: &RecordAnswer,
) -> Result<NotifyAnswer, EdgeError> {
    let approvals = Approvals::new(aws.twin()?);
    let closing = Closing { outcome, told: record.summary.subject.clone() };
    approvals.close(&incident.execution, &closing).await?;
    let mail = outcome_mail(&record.summary);
    send(aws, &approvals, &incident.execution, "outcome", Role::OnCall, &mail).await
}

/// Publishes a mail unless it was published before; answers its id.
async fn send(
    aws: &Aws,
    approvals: &Approvals,
    execution: &str,
    about: &str,
    role: Role,
    mail: &Mail,
) -> Result<NotifyAnswer, EdgeError> {
    if let Some(message_id) = approvals.sent(execution, about).await? {
        return Ok(NotifyAnswer { message_id });
    }
    let client = aws_sdk_sns::Client::new(aws.sdk());
    let call = client.publish().topic_arn(aws.settings().topic(role)?).subject(&mail.subject).message(&mail.text);
    let published = call.send().await.map_err(|error| {
        let problem = failed("sns:Publish", &error);
        if is_transient(&error) { problem } else { EdgeError::new(errors::MAIL_FAILED, problem.message) }
    })?;
    let message_id = published.message_id().unwrap_or_default().to_owned();
    approvals.note_sent(execution, about, &message_id).await?;
    tracing::info!(execution, about, message_id, "mailed");
    Ok(NotifyAnswer { message_id })
}

fn instant(text: &str) -> Result<Timestamp, EdgeError> {
    text.parse().map_err(|_| EdgeError::bad_input("notify", format!("`{text}` is no RFC 3339 instant")))
}

const ATTEMPTS: usize = 3;
