//! The approval pages: a GET shows, a POST decides.
//!
//! Owns the way from a link to the round that is open now, every check before a decision, and the one atomic write that makes
//! a decision. What is shown on the pages is `activities::approval`'s. A request that fails any check changes nothing.
//!
//! ```text
//! GET  link -> open -> current round -> page
//! POST link + form -> open -> current round -> form, approver, role -> sign -> decide once -> complete the task
//! ```

pub(crate) mod authority;
pub(crate) mod form;
pub(crate) mod page;
mod take;
mod visit;

use std::sync::Arc;

use activities::approval::{LinkError, Page, open};
use activities::shape::{Decision, DecisionKind};
use serde_json::Value;

pub use form::{Browser, Form};

use crate::approvers::AuthenticationError;
use crate::embedded::{CompleteError, Completer, Embedded, World, blocking};
use crate::error::EdgeError;
use crate::round::{DecisionRecord, Delivery, RoundRecord, Verdict};
use take::{Proof, current, take, take_form};

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

impl From<DecisionRecord> for DecideError {
    /// Why a round that has a decision takes no other.
    fn from(record: DecisionRecord) -> Self {
        match record.delivery {
            Delivery::Late => Self::Expired,
            Delivery::Pending | Delivery::Sent => Self::Second(Box::new(record.decision)),
        }
    }
}

impl From<AuthenticationError> for DecideError {
    fn from(error: AuthenticationError) -> Self {
        match error {
            AuthenticationError::Storage(error) => error.into(),
            problem => Self::Unauthorised(problem.to_string()),
        }
    }
}

impl Embedded {
    /// The page behind a link. Changes nothing, however often it is asked for.
    pub async fn approval_page(&self, link: &str) -> Page {
        let (world, link) = (Arc::clone(&self.world), link.to_owned());
        let shown = blocking(move || Ok(visit::show(&world, &link))).await;
        shown.unwrap_or_else(|error| page::broken(&error))
    }

    /// Decides by the form of the page; answers the page that says what became of it.
    pub async fn decide(&self, link: &str, form: Form, browser: Browser, completer: &dyn Completer) -> Page {
        let (world, text) = (Arc::clone(&self.world), link.to_owned());
        let taken = tokio::task::spawn_blocking(move || {
            let result = take_form(&world, &text, &form, &browser);
            result.map_err(|error| visit::after(&world, &text, &form, &error))
        });
        match taken.await {
            Ok(Ok((round, decision))) => self.deliver(&round, &decision, completer).await,
            Ok(Err(page)) => page,
            Err(error) => page::broken(&EdgeError::transient(error)),
        }
    }

    /// Decides the open round of an execution for an approver at the terminal of this very process.
    ///
    /// The caller vouches that it is this person, because they hold the data directory; no other proof is asked for.
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
            Ok::<_, DecideError>(round.address(&world.config.public_url))
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
                Err(CompleteError::Unreachable(error)) => {
                    tracing::warn!(error, "a decision could not be delivered yet")
                }
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
                let decision = round.recovered(world.now());
                if world
                    .approvals
                    .decide_once(&round, &DecisionRecord { decision: decision.clone(), delivery: Delivery::Pending })?
                {
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
        page::decided(round, decision, self.complete(round, decision, completer).await)
    }

    async fn complete(
        &self,
        round: &RoundRecord,
        decision: &Decision,
        completer: &dyn Completer,
    ) -> Result<(), DecideError> {
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

/// The task token of a round, which is nowhere but in its sealed link.
fn token_of(world: &World, round: &RoundRecord) -> Result<String, EdgeError> {
    match open(world.keys.opening(), &round.sealed, i64::MIN) {
        Ok(link) => Ok(link.token),
        Err(error) => {
            Err(EdgeError::new("Sao.BrokenFile", format!("the sealed link of a round does not open: {error}")))
        }
    }
}

fn json_of(decision: &Decision) -> Result<Value, EdgeError> {
    serde_json::to_value(decision).map_err(EdgeError::transient)
}
