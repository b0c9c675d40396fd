//! The model request and its answer.
//!
//! Owns what `reason` is asked, what crosses to `infer` and what comes back. The request to Bedrock is data: it is made
//! in [`crate::reason`] and sent by the edge unchanged.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Context, Incident, Observation, Settings, Turn};

/// What the machine asks `reason`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReasonRequest {
    /// The incident.
    pub incident: Incident,
    /// The settings.
    pub settings: Settings,
    /// The context.
    pub context: Context,
    /// What was observed; the rules read it, the model does not.
    pub observations: Vec<Observation>,
    /// The exchanges so far.
    pub conversation: Vec<Turn>,
    /// The number of this turn, from 1.
    pub turn: u32,
    /// What the model has cost so far.
    pub usage: Usage,
    /// When the state was entered.
    pub at: String,
}

/// What `reason` answers and `infer` performs.
///
/// Edge: when `model_id` is present, call Bedrock's Converse with it and with `request` as the body, unchanged. Answer
/// with the content blocks, the stop reason and the usage of the response, `cost_usd` by [`Usage::cost_usd`] and
/// `reasoner` of kind `model`. Raise a throttle or a server error as [`super::errors::TRANSIENT`]: the machine retries and
/// takes `rules` by itself when that does not help. When `model_id` is absent, or Bedrock cannot be reached or denies
/// access, answer with `rules` as it stands and put the reason into its `note`. Never touch `rules` otherwise and never
/// make an answer up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InferRequest {
    /// The Bedrock model or inference profile; absent when none is configured or its budget is spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_id: Option<String>,
    /// The body of the Converse call.
    pub request: Value,
    /// What the rules answer to the same evidence.
    pub rules: InferAnswer,
}

/// What `infer` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InferAnswer {
    /// Who reasoned.
    pub reasoner: Reasoner,
    /// The content blocks of the message, as Bedrock's Converse writes them.
    pub content: Vec<Value>,
    /// Bedrock's stop reason, for example `tool_use`.
    pub stop_reason: String,
    /// Tokens of this request.
    pub usage: Usage,
    /// US dollars of this request.
    pub cost_usd: f64,
    /// How long the model took, in milliseconds.
    #[serde(default)]
    pub latency_ms: u64,
    /// Why rules answered in place of a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Who reasoned: a model or rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reasoner {
    /// Model or rules.
    pub kind: ReasonerKind,
    /// The model's id, or the playbook's name and version.
    pub name: String,
}

impl Reasoner {
    /// Says who reasoned in the form that proposals and mails show, for example `rules: playbook v1`.
    pub fn label(&self) -> String {
        match self.kind {
            ReasonerKind::Model => format!("model: {}", self.name),
            ReasonerKind::Rules => format!("rules: {}", self.name),
            ReasonerKind::Human => format!("human: {}", self.name),
            ReasonerKind::Request => format!("request: {}", self.name),
        }
    }
}

/// The kinds of reasoner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReasonerKind {
    /// A model on Amazon Bedrock.
    Model,
    /// The deterministic playbook.
    Rules,
    /// A human who adjusted a proposal.
    Human,
    /// Nobody of the platform: the action was requested, and the name is what the requester calls themselves.
    Request,
}

/// Tokens and money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Tokens sent, without cached ones.
    pub input_tokens: u64,
    /// Tokens answered.
    pub output_tokens: u64,
    /// Tokens read from the prompt cache.
    pub cache_read_tokens: u64,
    /// Tokens written to the prompt cache.
    pub cache_write_tokens: u64,
    /// US dollars; 0 in the usage of a single answer, which has `cost_usd` beside it.
    #[serde(default)]
    pub cost_usd: f64,
}

impl Usage {
    /// Prices these tokens in US dollars.
    pub fn cost_usd(&self, prices: &Prices) -> f64 {
        let million = 1_000_000.0;
        (self.input_tokens as f64 * prices.input
            + self.output_tokens as f64 * prices.output
            + self.cache_read_tokens as f64 * prices.cache_read
            + self.cache_write_tokens as f64 * prices.cache_write)
            / million
    }
}

/// US dollars for a million tokens of one model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// Tokens sent.
    pub input: f64,
    /// Tokens answered.
    pub output: f64,
    /// Tokens read from the prompt cache.
    pub cache_read: f64,
    /// Tokens written to the prompt cache.
    pub cache_write: f64,
}
