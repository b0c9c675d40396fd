//! The verdict on a change: what `verify` is asked and answers.

use serde::{Deserialize, Serialize};

use super::{Incident, Observation, Proposal, Settings};

/// What the machine asks `verify`, each time the world was observed after the change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    /// The incident.
    pub incident: Incident,
    /// The settings.
    pub settings: Settings,
    /// The proposal that was executed.
    pub proposal: Proposal,
    /// What was observed just before the change.
    pub before: Vec<Observation>,
    /// What was observed just now.
    pub after: Vec<Observation>,
    /// When the change became effective.
    pub effective_at: String,
    /// When the state was entered.
    pub at: String,
}

/// What `verify` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyAnswer {
    /// The verdict so far.
    pub verdict: Verdict,
    /// What the machine does next.
    pub next: VerifyNext,
    /// Why, one sentence each.
    pub reasons: Vec<String>,
}

/// What a change did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The alarm is OK again, and nothing near it broke.
    Recovered,
    /// The alarm is as it was.
    Unchanged,
    /// The metric is clearly worse, or a neighbour's alarm went off since.
    Worse,
    /// The world could not be observed well enough to say.
    Unknown,
}

/// What the machine does after a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VerifyNext {
    /// Look again after `settle_seconds`.
    Again,
    /// The verdict is final.
    Done,
    /// Undo the change.
    Undo,
}
