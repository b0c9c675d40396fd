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
#[expect(
    clippy::duplicate_mod,
    unreachable_pub,
    reason = "a form is read and checked as in the embedded pages, from the same source, which keeps its checks to itself"
)]
#[path = "../../hitl/form.rs"]
mod form;
mod http;

use activities::approval::{
    LINK_PATH, Link, LinkError, Page, ProposalView, SettledView, decided_page, expired_page, not_found_page, open,
    proposal_page, refused_page, second_page, unknown_page,
};
use activities::shape::{Outcome, OutcomeKind};
use jiff::Timestamp;
use serde_json::{Value, json};

use self::form::Form;
use self::http::{Method, Request};
use super::approvals::{Approvals, Latest};
use super::approvers::Approvers;
use super::event::{self, Ended};
use super::keys::Sealing;
use super::{Aws, intake};
use crate::DecideError;
use crate::approvals::{Closing, Delivery, RoundRecord};
use crate::error::EdgeError;
use crate::time::written;

/// Answers a request of the HTTP API, or an event.
pub(super) async fn hitl(aws: &Aws, event: &Value) -> Result<Value, EdgeError> {
    if let Some(request) = Request::of(event)? {
        return Ok(http::response(&page(aws, &request).await));
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
            Some(record) if record.delivery == Delivery::Late => Err(DecideError::Expired),
            Some(record) => Err(DecideError::Second(Box::new(record.decision.clone()))),
            None if latest.is_open(self.now) => Ok(latest.round),
            None => Err(DecideError::Expired),
        }
    }
}

async fn page(aws: &Aws, request: &Request) -> Page {
    let desk = match Desk::open(aws).await {
        Ok(desk) => desk,
        Err(error) => return broken(&error),
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
        Ok((round, link)) => shown(desk, &round, &link, None, ""),
        Err(error) => settled(desk, text, &error, Method::Get).await,
    }
}

/// The page after a form that was not taken.
async fn after(desk: &Desk<'_>, text: &str, form: &Form, error: &DecideError) -> Page {
    let problem = match error {
        DecideError::Unauthorised(problem) => problem,
        other => return settled(desk, text, other, Method::Post).await,
    };
    match round_of(desk, text).await {
        Ok((round, link)) => shown(desk, &round, &link, Some(problem), &form.name),
        Err(error) => settled(desk, text, &error, Method::Post).await,
    }
}

async fn round_of(desk: &Desk<'_>, text: &str) -> Result<(RoundRecord, Link), DecideError> {
    let link = desk.link(text)?;
    Ok((desk.current(&link.execution).await?, link))
}

/// The approval page of an open round.
fn shown(desk: &Desk<'_>, round: &RoundRecord, link: &Link, problem: Option<&str>, name: &str) -> Page {
    let ends_at = written(round.ends_at);
    let form_token = form::token(desk.sealing.present(), &round.incident.execution, &round.digest);
    proposal_page(&ProposalView {
        form_token: &form_token,
        ends_at: &ends_at,
        earlier_link: link.round != round.number || link.digest != round.digest,
        problem,
        name,
        ..view(round, desk.now)
    })
}

fn view(round: &RoundRecord, now: Timestamp) -> ProposalView<'_> {
    ProposalView {
        incident: &round.incident,
        proposal: &round.proposal,
        digest: &round.digest,
        context: &round.context,
        number: round.number,
        round: &round.round,
        ends_at: "",
        approvals: &round.approvals,
        form_token: "",
        earlier_link: false,
        problem: None,
        name: "",
        now,
    }
}

/// The page that says why nothing can be decided.
async fn settled(desk: &Desk<'_>, text: &str, error: &DecideError, method: Method) -> Page {
    match error {
        DecideError::Link(LinkError::Expired { link }) => ended(desk, &link.execution, method).await,
        DecideError::Link(problem) => not_found_page(&problem.to_string()),
        DecideError::Unknown => unknown_page(),
        DecideError::Expired | DecideError::Second(_) => match desk.link(text) {
            Ok(link) => ended(desk, &link.execution, method).await,
            Err(_) => expired_page(None, None),
        },
        DecideError::Refused { status, problem } => refused_page(*status, problem),
        DecideError::Unauthorised(problem) => refused_page(403, problem),
        DecideError::Failed(error) => broken(error),
    }
}

/// The page of an execution that waits for nothing any more: decided, or expired.
async fn ended(desk: &Desk<'_>, execution: &str, method: Method) -> Page {
    let Latest { round, decision, closing } = match desk.approvals.latest(execution).await {
        Ok(Some(latest)) => latest,
        Ok(None) => return expired_page(None, None),
        Err(error) => return broken(&error),
    };
    let ending = closing.as_ref().map(|closing| closing.told.as_str());
    match decision.filter(|record| record.delivery != Delivery::Late) {
        Some(record) => {
            let view = SettledView { proposal: &round.proposal, decision: &record.decision, ending };
            if method == Method::Post { second_page(&view) } else { decided_page(&view) }
        }
        None => expired_page(Some(&round.proposal), ending),
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

fn broken(error: &EdgeError) -> Page {
    tracing::error!(%error, "an approval page failed");
    refused_page(503, "The approval cannot be read now. Try again; if it stays so, look at the log of the platform.")
}
