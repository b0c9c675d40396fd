//! What is asked of the policy: an action on a node at an instant, and as much as is known of who asks and why.
//!
//! Owns the question, how a proposal asks it, and that what is not known is left out of it. A rule that turns on something left
//! out forbids.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::action::{Action, ActionName, Configuration, Risk};
use crate::shape::{Proposal, Reasoner, ReasonerKind, RiskLevel};
use crate::twin::node::Node;

/// May this be done to this node now?
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The action.
    pub action: ActionName,
    /// The node.
    pub node: &'a Node,
    /// The instant that is meant by now.
    pub now: Timestamp,
    /// Who wants it.
    pub principal: Option<Principal>,
    /// What it risks.
    pub risk: Option<Risk>,
    /// The values that it changes, as they are.
    pub before: Option<Map<String, Value>>,
    /// The same values, as they will be.
    pub after: Option<Map<String, Value>>,
    /// How many resources fail when the node fails.
    pub radius: Option<u32>,
    /// What was done without a human so far.
    pub budget: Option<Budget>,
}

/// Who wants to act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A language model.
    Model {
        /// The model, for example its Bedrock id.
        id: String,
    },
    /// The platform's own rules.
    Rules {
        /// The rule or playbook.
        id: String,
    },
    /// A human.
    Human {
        /// The name under which they decide.
        name: String,
        /// Their role, `on-call` or `manager`, where it is known.
        role: Option<String>,
    },
}

/// What was done without a human.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Actions that the policy decided by itself in the last hour.
    pub automatic_last_hour: u32,
    /// How many it may in an hour.
    pub automatic_per_hour: u32,
}

impl<'a> Question<'a> {
    /// Asks about an action on a node; everything else is not known.
    pub fn new(action: ActionName, node: &'a Node, now: Timestamp) -> Self {
        Self { action, node, now, principal: None, risk: None, before: None, after: None, radius: None, budget: None }
    }

    /// Says what is changed, from the action and the configuration before it.
    pub fn changing(self, action: &Action, current: &Configuration) -> Self {
        let object = |value: Option<Value>| value.and_then(|value| value.as_object().cloned());
        let after = action.apply(current).and_then(|after| action.before(&after));
        Self { before: object(action.before(current)), after: object(after), ..self }
    }

    /// Says who proposes it and what it risks, from the proposal, and how many resources fail when the node fails.
    pub fn proposed(self, proposal: &Proposal, radius: usize) -> Self {
        Self {
            principal: Principal::reasoning(&proposal.reasoner),
            risk: Some(proposal.risk.level.into()),
            radius: u32::try_from(radius).ok(),
            ..self
        }
    }

    /// What is not known, in the words of the schema.
    pub fn unknown(&self) -> Vec<&'static str> {
        let role_is_unknown = matches!(self.principal, None | Some(Principal::Human { role: None, .. }));
        let facts = [
            ("principal", self.principal.is_none()),
            ("principal.role", role_is_unknown),
            ("context.risk", self.risk.is_none()),
            ("context.before", self.before.is_none()),
            ("context.after", self.after.is_none()),
            ("context.radius", self.radius.is_none()),
            ("resource.radius", self.radius.is_none()),
            ("context.budget", self.budget.is_none()),
        ];
        facts.into_iter().filter(|(_, unknown)| *unknown).map(|(name, _)| name).collect()
    }
}

impl Principal {
    /// Reads `model`, `rules`, or a human's role.
    pub fn named(word: &str) -> Option<Self> {
        Some(match word {
            "model" => Self::Model { id: word.to_owned() },
            "rules" => Self::Rules { id: word.to_owned() },
            "on-call" | "manager" => Self::Human { name: word.to_owned(), role: Some(word.to_owned()) },
            _ => return None,
        })
    }

    /// Who reasoned, as policies know them; nobody who is known where an action was requested, because whoever requests one
    /// only says who they are.
    pub fn reasoning(reasoner: &Reasoner) -> Option<Self> {
        let name = reasoner.name.clone();
        Some(match reasoner.kind {
            ReasonerKind::Model => Self::Model { id: name },
            ReasonerKind::Rules => Self::Rules { id: name },
            ReasonerKind::Human => Self::Human { name, role: None },
            ReasonerKind::Request => return None,
        })
    }

    /// Entity type and id.
    pub(super) fn entity(&self) -> (&'static str, &str) {
        match self {
            Self::Model { id } => (MODEL, id),
            Self::Rules { id } => (RULES, id),
            Self::Human { name, .. } => (HUMAN, name),
        }
    }
}

impl From<RiskLevel> for Risk {
    fn from(level: RiskLevel) -> Self {
        match level {
            RiskLevel::Low => Self::Low,
            RiskLevel::Medium => Self::Medium,
            RiskLevel::High => Self::High,
        }
    }
}

pub(super) const MODEL: &str = "Model";
pub(super) const RULES: &str = "Rules";
pub(super) const HUMAN: &str = "Human";
