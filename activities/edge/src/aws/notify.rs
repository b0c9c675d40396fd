//! Notify over AWS: asks a human through a topic, and tells how it ended.
//!
//! Owns the order: first the round is written, with the sealed link, then the mail is published, then that it was. A request that
//! comes again finds the note and publishes nothing; only a crash between publishing and noting sends the same mail twice (a topic that
//! removes duplicates cannot send mail). A new task of the same round gets a new link, and the former one still leads to it.

use activities::approval::{Mail, outcome_mail};
use activities::shape::{AskRequest, Incident, NotifyAnswer, NotifyRequest, Outcome, RecordAnswer, Role, errors};

use super::Aws;
use super::approvals::Approvals;
use super::failure::{failed, is_transient};
use super::keys::Sealing;
use super::store::When;
use crate::error::EdgeError;
use crate::round::{Closing, RoundRecord};

/// Mails what is asked or told.
pub(super) async fn notify(aws: &Aws, request: NotifyRequest) -> Result<NotifyAnswer, EdgeError> {
    match request {
        NotifyRequest::Ask(asked) => ask(aws, *asked).await,
        NotifyRequest::Outcome { incident, outcome, record, at: _ } => tell(aws, &incident, outcome, &record).await,
    }
}

async fn ask(aws: &Aws, asked: AskRequest) -> Result<NotifyAnswer, EdgeError> {
    let approvals = Approvals::new(aws.twin()?);
    let record = open_round(aws, &approvals, asked).await?;
    let mail = record.mail(aws.settings().public_url()?);
    let about = format!("{} {} {} ask", record.digest, record.sequence, record.token_hash);
    send(aws, &approvals, &record.incident.execution, &about, record.round.role, &mail).await
}

/// The round of this request: the one that an earlier delivery opened, or a new one.
async fn open_round(aws: &Aws, approvals: &Approvals, asked: AskRequest) -> Result<RoundRecord, EdgeError> {
    let sealing = Sealing::open(&aws.keys()?).await?;
    for _ in 0..ATTEMPTS {
        let rounds = approvals.rounds(&asked.incident.execution).await?;
        if let Some(known) = RoundRecord::of(&asked, &rounds) {
            return Ok(known.clone());
        }
        // What was decided under the old token of a retried task went nowhere and stays as it is.
        let retried = RoundRecord::retried(&asked, &rounds);
        let undecided = match retried {
            Some(last) => approvals.decision(last).await?.is_none(),
            None => false,
        };
        let next = rounds.last().map_or(0, |last| last.sequence) + 1;
        let (sequence, when) = match retried.filter(|_| undecided) {
            Some(last) => (last.sequence, When::Always),
            None => (next, When::Absent),
        };
        let record = RoundRecord::open(asked.clone(), sequence, sealing.present())?;
        if approvals.put_round(&record, when).await? {
            return Ok(record);
        }
        // Another delivery opened this round just now; it is found at the next look.
    }
    Err(EdgeError::transient("the round is being opened by others"))
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

const ATTEMPTS: usize = 3;
