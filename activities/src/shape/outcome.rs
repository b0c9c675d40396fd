//! How an incident ended, what is remembered of it, and what is told.
//!
//! Owns what `record` and `remember` are asked and answer.

use serde::{Deserialize, Serialize};

use super::{ActAnswer, Cause, Decision, Fields, Incident, Plan, Proposal, Reasoner, RiskLevel, Usage, VerifyAnswer};

/// How an incident ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The kind of end.
    pub kind: OutcomeKind,
    /// One sentence for the human.
    pub reason: String,
    /// The error's type, when something broke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The kinds of end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    /// The change was executed and the alarm is OK again.
    Recovered,
    /// The change was executed and the alarm is as it was.
    Unchanged,
    /// The change was executed, made it worse, and could not be undone.
    Worse,
    /// The change was executed and its effect could not be observed.
    Unknown,
    /// The change was executed and undone.
    Undone,
    /// The action failed.
    Failed,
    /// Nobody decided in time.
    Expired,
    /// A human said no.
    Rejected,
    /// The alarm was over before anything was executed.
    RecoveredItself,
    /// The proposal no longer held when it was to be executed.
    Invalid,
    /// Another incident held the lock for too long.
    Locked,
    /// Mode `shadow`: proposed and not asked.
    Shadow,
    /// The cause is known and asks for no action.
    None,
    /// No cause, or no admissible action, could be determined.
    Undetermined,
    /// A function of the platform failed.
    Broken,
}

impl OutcomeKind {
    /// Says whether the change was executed and stayed.
    pub fn changed(self) -> bool {
        matches!(self, Self::Recovered | Self::Unchanged | Self::Worse | Self::Unknown)
    }

    /// Names the kind as it stands in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recovered => "recovered",
            Self::Unchanged => "unchanged",
            Self::Worse => "worse",
            Self::Unknown => "unknown",
            Self::Undone => "undone",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
            Self::RecoveredItself => "recovered_itself",
            Self::Invalid => "invalid",
            Self::Locked => "locked",
            Self::Shadow => "shadow",
            Self::None => "none",
            Self::Undetermined => "undetermined",
            Self::Broken => "broken",
        }
    }
}

/// What the machine asks `record`. What did not come about is null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordRequest {
    /// The incident.
    pub incident: Incident,
    /// How it ended.
    pub outcome: Outcome,
    /// The last proposal.
    #[serde(default)]
    pub proposal: Option<Proposal>,
    /// Its digest.
    #[serde(default)]
    pub digest: Option<String>,
    /// Its plan, with the attributes as the Terraform state has them.
    #[serde(default)]
    pub plan: Option<Plan>,
    /// The proposal that a human adjusted into the last one.
    #[serde(default)]
    pub adjusted_from: Option<Proposal>,
    /// What `propose` said when there was no proposal.
    #[serde(default)]
    pub finding: Option<Finding>,
    /// All decisions, in order.
    #[serde(default)]
    pub decisions: Vec<Decision>,
    /// What `act` last answered about the change.
    #[serde(default)]
    pub act: Option<ActAnswer>,
    /// The last verdict.
    #[serde(default)]
    pub verification: Option<VerifyAnswer>,
    /// What the reasoning cost.
    pub usage: Usage,
    /// When the state was entered.
    pub at: String,
}

/// What was found when nothing was proposed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// One sentence for the human.
    pub reason: String,
    /// What stood against a proposal.
    #[serde(default)]
    pub problems: Vec<String>,
    /// The cause, where one was found.
    #[serde(default)]
    pub cause: Option<Cause>,
    /// Who reasoned.
    #[serde(default)]
    pub reasoner: Option<Reasoner>,
}

/// What `record` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordAnswer {
    /// What to remember.
    pub precedent: PrecedentNote,
    /// Where Terraform and AWS differ now, and what to edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<DriftNote>,
    /// What to tell.
    pub summary: Summary,
    /// What the reasoning cost.
    pub usage: Usage,
    /// Seconds from the alarm to the end.
    pub seconds: u64,
}

/// What the twin remembers of one incident: success, failure, rejection, correction and undo alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrecedentNote {
    /// The incident's id; one precedent for each.
    pub id: String,
    /// When it ended.
    pub at: String,
    /// The alarm's name.
    pub alarm: String,
    /// The text that its embedding is made from: alarm, resource and symptom, as the next such incident will ask for it.
    pub text: String,
    /// The node, where the twin held one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The Terraform type of the alarmed resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// The root cause as proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The action, absent when none was proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The parameters of the last proposal.
    #[serde(default, skip_serializing_if = "Fields::is_empty")]
    pub parameters: Fields,
    /// The attributes before.
    #[serde(default, skip_serializing_if = "Fields::is_empty")]
    pub before: Fields,
    /// The parameters that the reasoner had proposed, when a human corrected them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected_from: Option<Fields>,
    /// The risk of the last proposal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<RiskLevel>,
    /// How it ended.
    pub outcome: OutcomeKind,
    /// One sentence on how it ended.
    pub reason: String,
    /// Who decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decided_by: Vec<String>,
    /// What the human said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// Who reasoned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoner: Option<Reasoner>,
    /// True when the platform executed it without a human.
    #[serde(default)]
    pub automatic: bool,
    /// The execution.
    pub execution: String,
    /// US dollars that the reasoning cost.
    #[serde(default)]
    pub cost_usd: f64,
    /// Seconds from the alarm to the end.
    #[serde(default)]
    pub seconds: u64,
}

/// Where Terraform and AWS differ after a change, and what to edit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriftNote {
    /// The resource's Terraform address.
    pub address: String,
    /// The attributes that differ.
    pub attributes: Vec<DriftAttribute>,
    /// What to edit, in one or two sentences.
    pub advice: String,
}

/// One attribute that differs from the Terraform state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriftAttribute {
    /// The attribute's name in Terraform.
    pub name: String,
    /// Its value in the state.
    pub state: serde_json::Value,
    /// Its value in AWS now.
    pub now: serde_json::Value,
}

/// What is told at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// At most 100 characters, one line of printable ASCII, as SNS wants a subject.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

/// What the machine asks `remember`.
///
/// Edge: write the precedent as one object named by its id, conditionally; embed its `text`, and keep the vector with
/// its model and dimension. A precedent that exists under this id already is success.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RememberRequest {
    /// The precedent.
    pub precedent: PrecedentNote,
    /// When the state was entered.
    pub at: String,
}

/// What `remember` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RememberAnswer {
    /// The precedent's id.
    pub id: String,
    /// The embedding's model.
    pub embedding: String,
    /// How many precedents there are now.
    pub total: u64,
}
