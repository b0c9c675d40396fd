//! Hitl over AWS: the approval pages behind an HTTP API, and the events that end a round of asking.
//!
//! Owns which event means what, and the pages by what is open now. A GET shows and changes nothing, however often it is asked for; a
//! POST decides (`decide`). The events are an alarm that is OK again, an execution that ended without telling how, and a schedule, which
//! sends the decisions that did not reach the machine. How requests and pages are written for the HTTP API is `http`'s.
//!
//! ```text
//! GET  link -> open -> round that is open now -> page
//! POST link + form -> open -> round -> form, approver, role -> sign -> decide once -> SendTaskSuccess
//! ```

mod decide;
mod http;

use activities::approval::{LINK_PATH, Link, Page, expired_page, not_found_page, open, refused_page};
use activities::shape::{Outcome, OutcomeKind};
use jiff::Timestamp;
use serde_json::{Value, json};

use self::http::{Method, Request};
use super::approvals::{Approvals, Latest};
use super::approvers::Approvers;
use super::event::{self, Ended};
use super::keys::Sealing;
use super::{Aws, intake};
use crate::error::EdgeError;
use crate::hitl::page::{self, Visit};
use crate::round::{Closing, RoundRecord};
use crate::{DecideError, Form};

/// Answers a request of the HTTP API, or an event.
pub(super) async fn hitl(aws: &Aws, event: &Value) -> Result<Value, EdgeError> {
    if let Some(request) = Request::of(event)? {
        return Ok(http::response(&answer(aws, &request).await));
    }
    let desk = Desk::open(aws).await?;
    if let Some(ended) = event::ended(event) {
        return close(aws, &desk, &ended).await;
    }
    if event::is_alarm(event) {
        return decide::recovered(&desk, event).await;
    }
    if event::is_schedule(event) {
        return decide::redeliver(&desk).await;
    }
    Err(EdgeError::bad_input("hitl", "it is neither a request of an HTTP API nor an event that ends a round"))
}

/// What every page needs: rounds, keys and the present moment.
struct Desk<'a> {
    aws: &'a Aws,
    approvals: Approvals,
    sealing: Sealing,
    now: Timestamp,
}

impl<'a> Desk<'a> {
    async fn open(aws: &'a Aws) -> Result<Self, EdgeError> {
        let sealing = Sealing::open(&aws.keys()?).await?;
        Ok(Self { aws, approvals: Approvals::new(aws.twin()?), sealing, now: aws.now() })
    }

    fn approvers(&self) -> Result<Approvers, EdgeError> {
        Ok(Approvers::new(self.aws.keys()?, self.aws.twin()?))
    }

    /// What a link carries, if it is ours and not expired.
    fn link(&self, text: &str) -> Result<Link, DecideError> {
        Ok(open(self.sealing.all(), text, self.now.as_second())?)
    }

    /// The round of an execution that waits for a decision now.
    async fn current(&self, execution: &str) -> Result<RoundRecord, DecideError> {
        let latest = self.approvals.latest(execution).await?.ok_or(DecideError::Unknown)?;
        match latest.decision.as_ref() {
            Some(record) => Err(record.clone().into()),
            None if latest.is_open(self.now) => Ok(latest.round),
            None => Err(DecideError::Expired),
        }
    }
}

async fn answer(aws: &Aws, request: &Request) -> Page {
    let desk = match Desk::open(aws).await {
        Ok(desk) => desk,
        Err(error) => return page::broken(&error),
    };
    let Some(link) = request.path.split_once(LINK_PATH).map(|(_, link)| link) else {
        return not_found_page("there is no such page");
    };
    match request.method {
        Method::Get => show(&desk, link).await,
        Method::Post => {
            let form = Form::of(request.fields.clone());
            match decide::take_form(&desk, link, &form, &request.browser).await {
                Ok((round, decision)) => decide::deliver(&desk, &round, &decision).await,
                Err(error) => after(&desk, link, &form, &error).await,
            }
        }
        Method::Other => refused_page(405, "An approval page is opened, or its form is sent; nothing else."),
    }
}

/// The page of a link, by what is open now.
async fn show(desk: &Desk<'_>, text: &str) -> Page {
    match round_of(desk, text).await {
        Ok((round, link)) => page::open(&round, &link, desk.sealing.present(), desk.now, None),
        Err(error) => settled(desk, text, &error, Visit::Get).await,
    }
}

/// The page after a form that was not taken.
async fn after(desk: &Desk<'_>, text: &str, form: &Form, error: &DecideError) -> Page {
    let problem = match error {
        DecideError::Unauthorised(problem) => problem,
        other => return settled(desk, text, other, Visit::Post).await,
    };
    match round_of(desk, text).await {
        Ok((round, link)) => page::open(&round, &link, desk.sealing.present(), desk.now, Some((form, problem))),
        Err(error) => settled(desk, text, &error, Visit::Post).await,
    }
}

async fn round_of(desk: &Desk<'_>, text: &str) -> Result<(RoundRecord, Link), DecideError> {
    let link = desk.link(text)?;
    Ok((desk.current(&link.execution).await?, link))
}

/// The page that says why nothing can be decided.
async fn settled(desk: &Desk<'_>, text: &str, error: &DecideError, visit: Visit) -> Page {
    let Some(execution) = page::over(error, || desk.link(text)) else { return page::refused(error) };
    match desk.approvals.latest(&execution).await {
        Ok(Some(Latest { round, decision, closing })) => {
            page::ended(&round, decision.as_ref(), closing.as_ref(), visit)
        }
        Ok(None) => expired_page(None, None),
        Err(error) => page::broken(&error),
    }
}

/// Closes the rounds of an execution that ended; one that ended as it should was closed before.
async fn close(aws: &Aws, desk: &Desk<'_>, ended: &Ended) -> Result<Value, EdgeError> {
    if !intake::is_of_machine(&ended.execution, aws.settings().state_machine()?) {
        return Ok(json!({"closed": false}));
    }
    let told = format!("The execution ended as {} before it could tell how.", ended.status);
    let outcome = Outcome { kind: OutcomeKind::Broken, reason: told.clone(), error: None };
    desk.approvals.close(&ended.execution, &Closing { outcome, told }).await?;
    Ok(json!({"closed": true}))
}
