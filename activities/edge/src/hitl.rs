//! The approval pages: a GET shows, a POST decides.
//!
//! Owns the way from a link to the round that is open now, every check before a decision, and the one atomic write that makes
//! a decision. What is shown on the pages is `activities::approval`'s. A request that fails any check changes nothing.
//!
//! ```text
//! GET  link -> open -> current round -> page
//! POST link + form -> open -> current round -> form, approver, role -> sign -> decide once -> complete the task
//! ```

mod form;

use std::sync::Arc;

use activities::approval::{
    Link, LinkError, Page, ProposalView, SettledView, decided_page, expired_page, is_requester, not_found_page, open, proposal_page,
    refused_page, required_role, role_word, same_person, second_page, unknown_page,
};
use activities::shape::{Decision, DecisionKind, Fields, Role};
use jiff::Timestamp;
use serde_json::Value;

pub use form::{Browser, Form};

use crate::approvals::{DecisionRecord, Delivery, RoundRecord};
use crate::approvers::{Approver, AuthenticationError};
use crate::embedded::{CompleteError, Completer, Embedded, World, blocking};
use crate::error::EdgeError;
use crate::time::written;

/// Why a decision was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// The link does not open.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// No round of asking is kept for the execution.
    #[error("no approval is known for this execution")]
    Unknown,
    /// The round, or the proposal, is over.
    #[error("this approval expired: nobody decided in time")]
    Expired,
    /// Somebody decided before.
    #[error("this was decided already, by `{}`", .0.subject)]
    Second(Box<Decision>),
    /// The request is not one that decides.
    #[error("{problem}")]
    Refused {
        /// The HTTP status that says so.
        status: u16,
        /// What is wrong with it.
        problem: String,
    },
    /// Whoever asks may not decide this.
    #[error("{0}")]
    Unauthorised(String),
    /// Something of ours failed.
    #[error(transparent)]
    Failed(#[from] EdgeError),
}

/// Who decides, by which proof.
enum Proof<'a> {
    /// A name with a one-time code.
    Code { name: &'a str, code: &'a str },
    /// The approver at the terminal of the process that owns the data directory.
    Terminal { name: &'a str },
}

/// What is decided.
struct Verdict {
    kind: DecisionKind,
    reason: Option<String>,
    parameters: Option<Fields>,
}

impl Embedded {
    /// The page behind a link. Changes nothing, however often it is asked for.
    pub async fn approval_page(&self, link: &str) -> Page {
        let (world, link) = (Arc::clone(&self.world), link.to_owned());
        let shown = blocking(move || Ok(show(&world, &link))).await;
        shown.unwrap_or_else(|error| broken(&error))
    }

    /// Decides by the form of the page; answers the page that says what became of it.
    pub async fn decide(&self, link: &str, form: Form, browser: Browser, completer: &dyn Completer) -> Page {
        let (world, text) = (Arc::clone(&self.world), link.to_owned());
        let taken = tokio::task::spawn_blocking(move || {
            let result = take_form(&world, &text, &form, &browser);
            result.map_err(|error| page_of(&world, &text, &form, &error))
        });
        match taken.await {
            Ok(Ok((round, decision))) => self.deliver(&round, &decision, completer).await,
            Ok(Err(page)) => page,
            Err(error) => broken(&EdgeError::transient(error)),
        }
    }

    /// Decides the open round of an execution for an approver at the terminal of this very process.
    ///
    /// The caller vouches that the person holds the data directory; it must not be reachable from the network.
    pub async fn decide_at_terminal(
        &self,
        execution: &str,
        kind: DecisionKind,
        approver: &str,
        reason: Option<String>,
        completer: &dyn Completer,
    ) -> Result<Decision, DecideError> {
        let (world, execution, approver) = (Arc::clone(&self.world), execution.to_owned(), approver.to_owned());
        let taken = tokio::task::spawn_blocking(move || {
            let round = current(&world, &execution)?;
            let verdict = Verdict { kind, reason, parameters: None };
            let decision = take(&world, &round, &Proof::Terminal { name: &approver }, verdict)?;
            Ok::<_, DecideError>((round, decision))
        });
        let (round, decision) = taken.await.map_err(EdgeError::transient)??;
        self.complete(&round, &decision, completer).await?;
        Ok(decision)
    }

    /// The rounds that wait for a decision now, oldest first.
    pub async fn open_rounds(&self) -> Result<Vec<RoundRecord>, EdgeError> {
        let world = Arc::clone(&self.world);
        blocking(move || open_rounds(&world)).await
    }

    /// The address of the page on which an execution's open round is decided.
    pub async fn page_address(&self, execution: &str) -> Result<String, DecideError> {
        let (world, execution) = (Arc::clone(&self.world), execution.to_owned());
        let found = tokio::task::spawn_blocking(move || {
            let round = current(&world, &execution)?;
            let base = world.config.public_url.trim_end_matches('/');
            Ok::<_, DecideError>(format!("{base}{}{}", activities::approval::LINK_PATH, round.sealed))
        });
        found.await.map_err(EdgeError::transient)?
    }

    /// Sends the decisions that were recorded and may not have reached the machine, as after a crash; answers how many.
    pub async fn redeliver(&self, completer: &dyn Completer) -> Result<usize, EdgeError> {
        let world = Arc::clone(&self.world);
        let pending = blocking(move || pending(&world)).await?;
        let many = pending.len();
        for (round, decision) in pending {
            let token = token_of(&self.world, &round)?;
            match completer.succeed(&token, &json_of(&decision)?).await {
                // A task that does not wait any more may have been completed just before the crash.
                Ok(()) | Err(CompleteError::Gone(_)) => self.note(&round, &decision, Delivery::Sent).await?,
                Err(CompleteError::Unreachable(error)) => tracing::warn!(error, "a decision could not be delivered yet"),
            }
        }
        Ok(many)
    }

    /// Ends the open rounds of an alarm that is OK again; answers how many.
    pub(crate) async fn recovered(&self, alarm_arn: &str, completer: &dyn Completer) -> Result<usize, EdgeError> {
        let (world, arn) = (Arc::clone(&self.world), alarm_arn.to_owned());
        let ended = blocking(move || {
            let _guard = world.guard();
            let mut ended = Vec::new();
            for round in open_rounds(&world)?.into_iter().filter(|round| round.incident.alarm.arn == arn) {
                let decision = recovered_decision(&world, &round);
                if world.approvals.decide_once(&round, &DecisionRecord { decision: decision.clone(), delivery: Delivery::Pending })? {
                    ended.push((round, decision));
                }
            }
            Ok(ended)
        })
        .await?;
        let many = ended.len();
        for (round, decision) in ended {
            match self.complete(&round, &decision, completer).await {
                Ok(()) | Err(DecideError::Expired) => {}
                Err(error) => tracing::warn!(%error, "an open round could not be ended"),
            }
        }
        Ok(many)
    }

    /// Completes the task; answers the page.
    async fn deliver(&self, round: &RoundRecord, decision: &Decision, completer: &dyn Completer) -> Page {
        match self.complete(round, decision, completer).await {
            Ok(()) => decided_page(&SettledView { proposal: &round.proposal, decision, ending: None }),
            Err(DecideError::Expired) => expired_page(Some(&round.proposal), Some("Your answer came after the round had ended.")),
            Err(error) => {
                tracing::warn!(%error, "a decision is recorded and could not be delivered yet");
                let ending = Some("It is recorded. The engine does not answer now and will get it as soon as it does.");
                decided_page(&SettledView { proposal: &round.proposal, decision, ending })
            }
        }
    }

    async fn complete(&self, round: &RoundRecord, decision: &Decision, completer: &dyn Completer) -> Result<(), DecideError> {
        let token = token_of(&self.world, round)?;
        match completer.succeed(&token, &json_of(decision)?).await {
            Ok(()) => Ok(self.note(round, decision, Delivery::Sent).await?),
            Err(CompleteError::Gone(_)) => {
                self.note(round, decision, Delivery::Late).await?;
                Err(DecideError::Expired)
            }
            Err(error @ CompleteError::Unreachable(_)) => Err(DecideError::Failed(EdgeError::transient(error))),
        }
    }

    async fn note(&self, round: &RoundRecord, decision: &Decision, delivery: Delivery) -> Result<(), EdgeError> {
        let (world, round, decision) = (Arc::clone(&self.world), round.clone(), decision.clone());
        blocking(move || Ok(world.approvals.note_delivery(&round, &decision, delivery)?)).await
    }
}

/// The page of a link, by what is open now.
fn show(world: &World, text: &str) -> Page {
    match opened(world, text).and_then(|link| Ok((current(world, &link.execution)?, link))) {
        Ok((round, link)) => shown(world, &round, &link, None, ""),
        Err(error) => settled_page(world, text, &error, Visit::Get),
    }
}

/// How a page is asked for: whoever posts a second decision is told that it came second.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    Get,
    Post,
}

/// The approval page of an open round.
fn shown(world: &World, round: &RoundRecord, link: &Link, problem: Option<&str>, name: &str) -> Page {
    let ends_at = written(round.ends_at);
    let form_token = form::token(world.keys.sealing(), &round.incident.execution, &round.digest);
    proposal_page(&ProposalView {
        form_token: &form_token,
        ends_at: &ends_at,
        earlier_link: link.round != round.number || link.digest != round.digest,
        problem,
        name,
        ..view(round, world.now())
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
fn settled_page(world: &World, text: &str, error: &DecideError, visit: Visit) -> Page {
    match error {
        DecideError::Link(LinkError::Expired { link }) => ended_page(world, &link.execution, visit),
        DecideError::Link(problem) => not_found_page(&problem.to_string()),
        DecideError::Unknown => unknown_page(),
        DecideError::Expired | DecideError::Second(_) => match opened(world, text) {
            Ok(link) => ended_page(world, &link.execution, visit),
            Err(_) => expired_page(None, None),
        },
        DecideError::Refused { status, problem } => refused_page(*status, problem),
        DecideError::Unauthorised(problem) => refused_page(403, problem),
        DecideError::Failed(error) => broken(error),
    }
}

/// The page of an execution that waits for nothing any more: decided, or expired.
fn ended_page(world: &World, execution: &str, visit: Visit) -> Page {
    let found = world.approvals.latest(execution).ok().flatten();
    let Some(round) = found else { return expired_page(None, None) };
    let closing = world.approvals.closing(execution).ok().flatten();
    let ending = closing.as_ref().map(|closing| closing.told.as_str());
    match world.approvals.decision(&round) {
        Ok(Some(DecisionRecord { decision, delivery })) if delivery != Delivery::Late => {
            let view = SettledView { proposal: &round.proposal, decision: &decision, ending };
            if visit == Visit::Post { second_page(&view) } else { decided_page(&view) }
        }
        Ok(_) => expired_page(Some(&round.proposal), ending),
        Err(error) => broken(&error.into()),
    }
}

/// The page after a form that was not taken.
fn page_of(world: &World, text: &str, form: &Form, error: &DecideError) -> Page {
    let problem = match error {
        DecideError::Unauthorised(problem) => problem,
        other => return settled_page(world, text, other, Visit::Post),
    };
    match opened(world, text).and_then(|link| Ok((current(world, &link.execution)?, link))) {
        Ok((round, link)) => shown(world, &round, &link, Some(problem), &form.name),
        Err(error) => settled_page(world, text, &error, Visit::Post),
    }
}

fn broken(error: &EdgeError) -> Page {
    tracing::error!(%error, "an approval page failed");
    refused_page(503, "The approval cannot be read now. Try again; if it stays so, look at the log of the platform.")
}

fn opened(world: &World, text: &str) -> Result<Link, DecideError> {
    Ok(open(world.keys.opening(), text, world.now().as_second())?)
}

/// The round of an execution that waits for a decision now.
fn current(world: &World, execution: &str) -> Result<RoundRecord, DecideError> {
    let round = world.approvals.latest(execution).map_err(EdgeError::from)?.ok_or(DecideError::Unknown)?;
    match world.approvals.decision(&round).map_err(EdgeError::from)? {
        Some(record) if record.delivery == Delivery::Late => return Err(DecideError::Expired),
        Some(record) => return Err(DecideError::Second(Box::new(record.decision))),
        None => {}
    }
    let over = world.approvals.closing(execution).map_err(EdgeError::from)?.is_some();
    if over || world.now() >= round.ends_at { Err(DecideError::Expired) } else { Ok(round) }
}

fn take_form(world: &World, text: &str, form: &Form, browser: &Browser) -> Result<(RoundRecord, Decision), DecideError> {
    browser.check(&world.config.public_url)?;
    let kind = form.kind()?;
    let link = opened(world, text)?;
    let round = current(world, &link.execution)?;
    form.check(world.keys.sealing(), &round)?;
    let parameters = if kind == DecisionKind::Adjust { Some(form.adjusted(&round.proposal)?) } else { None };
    let verdict = Verdict { kind, reason: form.reason(), parameters };
    let decision = take(world, &round, &Proof::Code { name: &form.name, code: &form.code }, verdict)?;
    Ok((round, decision))
}

/// Takes a decision: the only place where one is made. All of its checks come before its one write.
fn take(world: &World, round: &RoundRecord, proof: &Proof<'_>, verdict: Verdict) -> Result<Decision, DecideError> {
    let _guard = world.guard();
    let now = world.now();
    let (approver, step) = authenticate(world, proof, now)?;
    check_authority(round, &approver, verdict.kind)?;
    if verdict.kind != DecisionKind::Reject
        && let Some(missing) = view(round, now).incomplete()
    {
        return Err(DecideError::Unauthorised(format!("This can only be rejected. {missing}")));
    }
    let decision = Decision {
        kind: verdict.kind,
        execution: round.incident.execution.clone(),
        digest: round.digest.clone(),
        round: round.number,
        role: Some(approver.role),
        subject: approver.name.clone(),
        at: written(now),
        reason: verdict.reason,
        parameters: verdict.parameters,
        key_id: None,
        signature: None,
    };
    let signed = world.keys.signing().sign(decision).map_err(EdgeError::transient)?;
    if let Some(step) = step {
        world.approvers.use_up(&approver, step)?;
    }
    let record = DecisionRecord { decision: signed.clone(), delivery: Delivery::Pending };
    if world.approvals.decide_once(round, &record).map_err(EdgeError::from)? {
        tracing::info!(execution = signed.execution, subject = signed.subject, kind = ?signed.kind, "decided");
        return Ok(signed);
    }
    let first = world.approvals.decision(round).map_err(EdgeError::from)?;
    first.map_or(Err(DecideError::Unknown), |first| Err(DecideError::Second(Box::new(first.decision))))
}

fn authenticate(world: &World, proof: &Proof<'_>, now: Timestamp) -> Result<(Approver, Option<i64>), DecideError> {
    match proof {
        Proof::Code { name, code } => match world.approvers.check(name, code, now) {
            Ok((approver, step)) => Ok((approver, Some(step))),
            Err(AuthenticationError::Storage(error)) => Err(error.into()),
            Err(problem) => Err(DecideError::Unauthorised(problem.to_string())),
        },
        Proof::Terminal { name } => {
            let found = world.approvers.find(name)?;
            let approver = found.ok_or_else(|| DecideError::Unauthorised(format!("`{name}` is not an enrolled approver")))?;
            Ok((approver, None))
        }
    }
}

/// Whether this person may decide this. A no is always permitted to whoever may decide anything.
fn check_authority(round: &RoundRecord, approver: &Approver, kind: DecisionKind) -> Result<(), DecideError> {
    let refuse = |problem: String| Err(DecideError::Unauthorised(problem));
    if kind != DecisionKind::Approve {
        return Ok(());
    }
    let needed = required_role(&round.proposal, &round.approvals);
    if approver.role < needed {
        return refuse(format!("This needs the role {}; {} has the role {}.", role_word(needed), approver.name, role_word(approver.role)));
    }
    if is_requester(&round.proposal, &approver.name) {
        return refuse("Whoever proposed these values must not approve them.".to_owned());
    }
    if round.approvals.iter().any(|given| same_person(&given.subject, &approver.name)) {
        return refuse("You approved this already; another person must, too.".to_owned());
    }
    Ok(())
}

fn open_rounds(world: &World) -> Result<Vec<RoundRecord>, EdgeError> {
    let mut open = Vec::new();
    for round in world.approvals.all_latest()? {
        match current(world, &round.incident.execution) {
            Ok(round) => open.push(round),
            Err(DecideError::Failed(error)) => return Err(error),
            Err(_) => {}
        }
    }
    Ok(open)
}

fn pending(world: &World) -> Result<Vec<(RoundRecord, Decision)>, EdgeError> {
    let mut pending = Vec::new();
    for round in world.approvals.all_latest()? {
        if let Some(DecisionRecord { decision, delivery: Delivery::Pending }) = world.approvals.decision(&round)? {
            pending.push((round, decision));
        }
    }
    Ok(pending)
}

fn recovered_decision(world: &World, round: &RoundRecord) -> Decision {
    Decision {
        kind: DecisionKind::Recovered,
        execution: round.incident.execution.clone(),
        digest: round.digest.clone(),
        round: round.number,
        role: None,
        subject: "CloudWatch".to_owned(),
        at: written(world.now()),
        reason: Some("the alarm is OK again".to_owned()),
        parameters: None,
        key_id: None,
        signature: None,
    }
}

/// The task token of a round, which is nowhere but in its sealed link.
fn token_of(world: &World, round: &RoundRecord) -> Result<String, EdgeError> {
    match open(world.keys.opening(), &round.sealed, i64::MIN) {
        Ok(link) => Ok(link.token),
        Err(error) => Err(EdgeError::new("Sao.BrokenFile", format!("the sealed link of a round does not open: {error}"))),
    }
}

fn json_of(decision: &Decision) -> Result<Value, EdgeError> {
    serde_json::to_value(decision).map_err(EdgeError::transient)
}

impl RoundRecord {
    /// The role that a yes needs now.
    pub fn required_role(&self) -> Role {
        required_role(&self.proposal, &self.approvals)
    }
}
