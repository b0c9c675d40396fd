//! The context for the model: pieces of evidence within a token budget, and the conversation about them.
//!
//! Owns what `context` is asked and answers. Its wording is made in [`crate::context`].

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Incident, Observation, Settings};

/// What the machine asks `context`, once for the first context and once for each further turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextRequest {
    /// The incident.
    pub incident: Incident,
    /// The settings.
    pub settings: Settings,
    /// All observations so far; those of earlier turns are known by their pieces.
    pub observations: Vec<Observation>,
    /// The context of the turn before; null on the first.
    #[serde(default)]
    pub former: Option<Context>,
    /// 1 for the first context, then the number of the model's turn that the new evidence is for.
    pub turn: u32,
    /// When the state was entered.
    pub at: String,
}

/// The context: pieces of evidence, ranked, redacted and within a budget.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// The twin's node of the alarmed resource; absent when the twin does not hold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The pieces, in the order of their evidence ids.
    pub pieces: Vec<Piece>,
    /// What was left out for the budget, and how much of it.
    pub dropped: Vec<Dropped>,
    /// What could not be observed, one sentence each.
    pub gaps: Vec<String>,
    /// Estimated tokens of all pieces and of the notes on gaps and what was left out (a token is four characters).
    pub tokens: u32,
    /// How many secrets were replaced.
    pub redactions: u32,
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// `E1`, `E2`...: what a root cause cites.
    pub evidence: String,
    /// The model's turn that it was made for.
    pub turn: u32,
    /// What it is about.
    pub topic: Topic,
    /// A heading of a few words.
    pub title: String,
    /// The text, redacted.
    pub text: String,
    /// True when the text comes from outside (log lines, descriptions) and stands between fences.
    pub untrusted: bool,
    /// The observation that it was made from.
    pub source: String,
    /// Estimated tokens.
    pub tokens: u32,
}

/// What a piece of evidence is about, most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// The alarm and its present state.
    Alarm,
    /// The alarmed resource as the twin knows it.
    Resource,
    /// Its configuration as AWS has it now.
    Configuration,
    /// Metrics of the resource.
    Metrics,
    /// Recent changes.
    Changes,
    /// What people forbid or demand.
    Governance,
    /// What was done about similar incidents, and how it ended.
    Precedents,
    /// Log lines.
    Logs,
    /// Neighbours in the topology.
    Neighbours,
    /// Other alarms that are in ALARM.
    ActiveAlarms,
    /// The alarm's former transitions.
    AlarmHistory,
}

/// What was left out for the budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropped {
    /// The number that the piece has, or had; of several pieces the first and the last, `E9 to E12`.
    #[serde(default)]
    pub evidence: String,
    /// What it was about.
    pub topic: Topic,
    /// The heading.
    pub title: String,
    /// Estimated tokens that were saved.
    pub tokens: u32,
    /// True when nothing of it is left, false when it was shortened.
    pub whole: bool,
    /// How many lines were left out.
    #[serde(default)]
    pub lines: u32,
    /// How many lines there were.
    #[serde(default)]
    pub of: u32,
}

/// One exchange with the model after which it was given more evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// The number of the turn, 1 for the first answer.
    pub turn: u32,
    /// The content blocks of the model's message, as Bedrock wrote them.
    pub content: Vec<Value>,
    /// The id of the tool use that asked for evidence.
    pub tool_use_id: String,
    /// The reads that were refused, one sentence each.
    #[serde(default)]
    pub refused: Vec<String>,
}
