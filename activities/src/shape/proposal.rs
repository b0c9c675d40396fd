//! The proposal: one action on one resource, and everything that a human decides upon.
//!
//! Owns its fields, and what `propose` is asked and answers. The digest over a proposal is
//! [`crate::approval`]'s; it covers every field of [`Proposal`], so whatever a decision depends upon belongs in here and
//! whatever may change between two rounds (who is asked, until when) belongs in [`Gate`].

use serde::{Deserialize, Serialize};

use super::{
    Context, Decision, Fields, Incident, InferAnswer, Observation, ReadRequest, Reasoner, Settings, Turn, Usage,
};

/// One action on one resource, as it is shown, approved and executed.
///
/// Numbers in `parameters`, `before` and `inverse` are integers, so that its canonical JSON is the same everywhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// The version of this shape: [`PROPOSAL_SCHEMA`].
    pub schema: String,
    /// The incident's id.
    pub incident: String,
    /// The action's name in the catalogue.
    pub action: String,
    /// What it acts upon.
    pub target: Target,
    /// The typed parameters, within the catalogue's bounds.
    pub parameters: Fields,
    /// The attributes that the action changes, as they were observed; what is executed only if they still are.
    pub before: Fields,
    /// How to undo it; absent when nothing can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inverse: Option<Inverse>,
    /// Why there is no inverse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub irreversible: Option<String>,
    /// The risk and its reasons.
    pub risk: Risk,
    /// The root cause with the evidence that supports it.
    pub cause: Cause,
    /// Why this action, in a few sentences.
    pub rationale: String,
    /// What else the action may touch.
    pub blast_radius: BlastRadius,
    /// Who must approve.
    pub approval: ApprovalRule,
    /// The version of governance and constraints that permitted it.
    pub policy_version: String,
    /// Who proposes: the reasoner's label, or `human:` and the subject who adjusted it.
    pub requester: String,
    /// Who reasoned.
    pub reasoner: Reasoner,
    /// The ARN of the execution.
    pub execution: String,
    /// A value that no other proposal has.
    pub nonce: String,
    /// When it was made.
    pub created_at: String,
    /// When it expires; an approval after that is void.
    pub expires_at: String,
}

/// The version of the proposal's shape.
pub const PROPOSAL_SCHEMA: &str = "sao.proposal/1";

/// What an action acts upon: one node of the twin, and the one ARN that its credentials are for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The node's id: its Terraform address.
    pub node: String,
    /// The Terraform type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The physical name; for an ECS service `cluster/service`.
    pub name: String,
    /// The ARN.
    pub arn: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
}

/// The action that undoes another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inverse {
    /// The action's name in the catalogue.
    pub action: String,
    /// Its parameters.
    pub parameters: Fields,
}

/// A risk with its reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Risk {
    /// The level.
    pub level: RiskLevel,
    /// Why it is not lower, one sentence each.
    pub reasons: Vec<String>,
}

/// The levels of risk, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RiskLevel {
    /// Reversible and without interruption.
    Low,
    /// Reversible, may interrupt.
    Medium,
    /// Interrupts, or cannot be undone.
    High,
}

/// A root cause with the evidence that supports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// The cause in one or two sentences.
    pub statement: String,
    /// The ids of the pieces of evidence that support it.
    pub evidence: Vec<String>,
}

/// What else an action may touch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlastRadius {
    /// The nodes that a failure of the target reaches, nearest first.
    pub nodes: Vec<String>,
    /// How many there are when not all are listed.
    pub total: u32,
}

/// Who must approve a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRule {
    /// The role that at least one approver must have.
    pub role: Role,
    /// How many different people must approve.
    pub approvals: u32,
}

/// Who may approve, lowest first; a manager may do what the engineer on call may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The engineer on call.
    OnCall,
    /// A manager.
    Manager,
}

/// What the machine asks `propose`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case", deny_unknown_fields)]
pub enum ProposeRequest {
    /// Make a proposal of a reasoner's answer.
    Answer {
        /// The incident.
        incident: Box<Incident>,
        /// The settings.
        settings: Box<Settings>,
        /// The context that the reasoner saw.
        context: Box<Context>,
        /// What was observed.
        observations: Vec<Observation>,
        /// The reasoner's answer.
        answer: Box<InferAnswer>,
        /// The number of the turn, from 1.
        turn: u32,
        /// What the model cost before this answer.
        usage: Usage,
        /// When the state was entered.
        at: String,
    },
    /// Make a new proposal of a former one with the parameters that a human gave.
    Adjust {
        /// The incident.
        incident: Box<Incident>,
        /// The settings.
        settings: Box<Settings>,
        /// The context that the reasoner saw.
        context: Box<Context>,
        /// What was observed.
        observations: Vec<Observation>,
        /// The former proposal.
        proposal: Box<Proposal>,
        /// The decision with the parameters.
        decision: Box<Decision>,
        /// What the reasoning cost so far.
        usage: Usage,
        /// When the state was entered.
        at: String,
    },
    /// Check a proposal again just before it is executed.
    Revalidate {
        /// The incident.
        incident: Box<Incident>,
        /// The settings.
        settings: Box<Settings>,
        /// The proposal as approved.
        proposal: Box<Proposal>,
        /// What was observed just now, by the `recheck` reads of the proposal's plan.
        observations: Vec<Observation>,
        /// True when the policy and not a human decided.
        automatic: bool,
        /// When the state was entered.
        at: String,
    },
}

/// What `propose` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum ProposeAnswer {
    /// A validated proposal.
    Proposal {
        /// The proposal.
        proposal: Box<Proposal>,
        /// Its digest.
        digest: String,
        /// Who decides, in which rounds.
        gate: Gate,
        /// What to read before and after execution.
        plan: Plan,
        /// What the reasoning cost so far, this turn included.
        usage: Usage,
    },
    /// The reasoner asks for more evidence.
    Evidence {
        /// What to observe.
        reads: Vec<ReadRequest>,
        /// The exchange to add to the conversation.
        turn: Turn,
        /// What the reasoning cost so far, this turn included.
        usage: Usage,
    },
    /// Nothing is to be done, or nothing could be determined: no action is proposed.
    NoProposal {
        /// Which of them.
        verdict: NoProposal,
        /// One sentence for the human.
        reason: String,
        /// What stands against a proposal, one sentence each.
        problems: Vec<String>,
        /// The cause, where the reasoner found one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<Cause>,
        /// Who reasoned.
        reasoner: Reasoner,
        /// What the reasoning cost so far, this turn included.
        usage: Usage,
    },
    /// The proposal still holds.
    Valid {
        /// What was checked, one sentence each.
        checks: Vec<String>,
    },
    /// The proposal no longer holds and must not be executed.
    Invalid {
        /// Which kind of end this is: `recovered_itself` when the alarm is over, `invalid` otherwise.
        verdict: String,
        /// One sentence for the human.
        reason: String,
        /// What stands against it, one sentence each.
        problems: Vec<String>,
    },
}

/// Why there is no proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoProposal {
    /// The cause is known and asks for no action of the catalogue.
    None,
    /// No cause, or no admissible action, could be determined.
    Undetermined,
    /// The parameters that a human gave are not admissible.
    Invalid,
}

/// Who decides about a proposal, and in which rounds a human is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// True when mode `policy` may execute it by itself.
    pub automatic: bool,
    /// Why it may, or why it may not.
    pub reason: String,
    /// The rounds, in order; the machine goes on to the next when one times out.
    pub rounds: Vec<Round>,
    /// The second approver's round, for a proposal that needs two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<Round>,
}

/// One round of asking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Round {
    /// Its kind.
    pub kind: RoundKind,
    /// The role that is asked.
    pub role: Role,
    /// How long it waits, in seconds.
    pub seconds: u32,
}

/// The kinds of round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundKind {
    /// The first ask.
    Ask,
    /// The same people are reminded.
    Reminder,
    /// A manager is asked.
    Escalation,
    /// A second person is asked.
    SecondApprover,
}

/// What to read before and after execution, and how long the lock must hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Before execution: alarm, configuration, layers, kill switch.
    pub recheck: Vec<ReadRequest>,
    /// After execution, each time the change is verified.
    pub verify: Vec<ReadRequest>,
    /// The attributes that the action changes, as the Terraform state has them; those that Terraform does not know are
    /// left out.
    pub declared: Fields,
    /// Seconds after which the lock ends by itself, longer than execution, verification and undo can take.
    pub lock_seconds: u32,
}
