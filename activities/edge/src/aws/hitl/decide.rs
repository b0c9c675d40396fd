//! Decisions: every check before one, the one write that makes it, and its way to the machine.
//!
//! Owns that a decision is made once and delivered at least once. Of several who decide at the same moment one wins, by a write that
//! S3 lets only one of them make. A decision that was recorded and could not be delivered is found by its note and sent again.

use activities::approval::{Page, open};
use activities::detect::News;
use activities::shape::Decision;
use aws_sdk_sfn::error::SdkError;
use aws_sdk_sfn::operation::send_task_success::SendTaskSuccessError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use serde_json::{Value, json};

use super::super::failure::{code_of, failed};
use super::super::keys;
use super::Desk;
use crate::error::EdgeError;
use crate::hitl::authority::decide;
use crate::hitl::page;
use crate::round::{DecisionRecord, Delivery, RoundRecord};
use crate::{Browser, DecideError, Form};

/// Takes the decision of a posted form. All of its checks come before its one write.
pub(super) async fn take_form(
    desk: &Desk<'_>,
    text: &str,
    form: &Form,
    browser: &Browser,
) -> Result<(RoundRecord, Decision), DecideError> {
    browser.check(desk.aws.settings().public_url()?)?;
    let kind = form.kind()?;
    let link = desk.link(text)?;
    let round = desk.current(&link.execution).await?;
    form.check(desk.sealing.present(), &round)?;
    let verdict = form.verdict(kind, &round.proposal)?;
    let approvers = desk.approvers()?;
    let authenticated = approvers.check(&form.name, &form.code, desk.now).await?;
    let decision = decide(&round, &authenticated.approver, verdict, desk.now)?;
    let signed = keys::signing(&desk.aws.keys()?).await?.sign(decision).map_err(EdgeError::transient)?;
    approvers.use_up(&authenticated).await?;
    if desk.approvals.decide_once(&round, &signed).await? {
        tracing::info!(execution = signed.execution, subject = signed.subject, kind = ?signed.kind, "decided");
        return Ok((round, signed));
    }
    let first = desk.approvals.decision(&round).await?;
    first.map_or(Err(DecideError::Unknown), |first| Err(DecideError::Second(Box::new(first.decision))))
}

/// Completes the task; answers the page.
pub(super) async fn deliver(desk: &Desk<'_>, round: &RoundRecord, decision: &Decision) -> Page {
    page::decided(round, decision, complete(desk, round, decision).await)
}

/// Ends the open rounds of an alarm that is OK again.
pub(super) async fn recovered(desk: &Desk<'_>, event: &Value) -> Result<Value, EdgeError> {
    let News::Alarm { state, arn } = activities::detect::intake(event)?.news else {
        return Err(EdgeError::bad_input("hitl", "a request ends no round"));
    };
    let mut ended = 0;
    if state == "OK" {
        for execution in desk.approvals.waiting_on(&arn).await? {
            let round = match desk.current(&execution).await {
                Ok(round) => round,
                Err(DecideError::Failed(error)) => return Err(error),
                Err(_) => continue,
            };
            let decision = round.recovered(desk.now);
            if desk.approvals.decide_once(&round, &decision).await? {
                ended += 1;
                report(complete(desk, &round, &decision).await);
            }
        }
    }
    Ok(json!({"state": state, "ended_rounds": ended}))
}

/// Sends the decisions that were recorded and may not have reached the machine.
pub(super) async fn redeliver(desk: &Desk<'_>) -> Result<Value, EdgeError> {
    let mut sent = 0;
    for execution in desk.approvals.undelivered().await? {
        let latest = desk.approvals.latest(&execution).await?;
        let pending = latest.and_then(|latest| match latest.decision {
            Some(DecisionRecord { decision, delivery: Delivery::Pending }) => Some((latest.round, decision)),
            _ => None,
        });
        match pending {
            Some((round, decision)) => {
                sent += 1;
                report(complete(desk, &round, &decision).await);
            }
            None => desk.approvals.forget_undelivered(&execution).await?,
        }
    }
    Ok(json!({"sent": sent}))
}

/// Sends a decision to the machine.
async fn complete(desk: &Desk<'_>, round: &RoundRecord, decision: &Decision) -> Result<(), DecideError> {
    let token = token_of(desk, round)?;
    let output = serde_json::to_string(decision).map_err(EdgeError::transient)?;
    match desk.aws.sfn().send_task_success().task_token(token).output(output).send().await {
        Ok(_) => Ok(desk.approvals.note_delivery(round, decision, Delivery::Sent).await?),
        Err(error) if is_over(&error) => {
            desk.approvals.note_delivery(round, decision, Delivery::Late).await?;
            Err(DecideError::Expired)
        }
        Err(error) => Err(DecideError::Failed(failed("states:SendTaskSuccess", &error))),
    }
}

/// Whether the task does not wait any more.
fn is_over(error: &SdkError<SendTaskSuccessError, HttpResponse>) -> bool {
    ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"].contains(&code_of(error))
}

fn report(result: Result<(), DecideError>) {
    match result {
        Ok(()) | Err(DecideError::Expired) => {}
        Err(error) => tracing::warn!(%error, "a decision could not be delivered yet"),
    }
}

/// The task token of a round, which is nowhere but in its sealed link.
fn token_of(desk: &Desk<'_>, round: &RoundRecord) -> Result<String, EdgeError> {
    match open(desk.sealing.all(), &round.sealed, i64::MIN) {
        Ok(link) => Ok(link.token),
        Err(error) => {
            Err(EdgeError::new("Sao.BrokenObject", format!("the sealed link of a round does not open: {error}")))
        }
    }
}
