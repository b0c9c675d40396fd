//! `sao_validate_action`: whether an action would pass the gate now, and what every rule says about it.
//!
//! Owns the answer's shape. The verdict is not reckoned here: the request is thought through by the functions of the workflow, from
//! Detect to Propose, on the world as it is, and nothing is started. Beside it stands what each rule means for it.

use activities::{
    observe::physical_name,
    shape::{ActionRequest, Fields, ProposeAnswer, REQUEST_SOURCE, REQUEST_TYPE, RequestEvent},
    twin::{Layer, Node, WindowKind},
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answered, Shared};
use crate::{
    ask::{Asked, Layers, Wish, bounds},
    error::CommandError,
    think,
};

/// What the tool is given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    action: String,
    node: String,
    #[serde(default)]
    parameters: Fields,
}

pub(super) async fn answer(shared: &Shared, input: Input) -> Answered {
    Ok(Validated::of(shared, &input.action, &input.node, input.parameters).await?.document())
}

/// An action as it was validated.
pub(super) struct Validated {
    layers: Layers,
    asked: Asked,
    thought: ProposeAnswer,
}

impl Validated {
    /// Thinks an action through.
    pub(super) async fn of(
        shared: &Shared,
        action: &str,
        node: &str,
        parameters: Fields,
    ) -> Result<Self, CommandError> {
        let now = Timestamp::now();
        let settings = shared.setup.settings()?;
        let topology = shared.edge.twin().topology().map_err(|error| CommandError::Function(error.to_string()))?;
        let layers = Layers::read(&shared.edge, &shared.setup.data, now);
        let wish = Wish { action, node, parameters: Some(parameters.clone()), at: now, principal: None };
        let asked = Asked::of(&shared.edge, &settings, &layers.policy, &topology, wish).await?;
        let request = Request { id: "none", requester: "agent", reason: "to see whether it would be allowed" };
        let event = request.event(shared, &asked, parameters, now)?;
        let thought = think::proposal(&shared.edge, &settings, &event).await?;
        Ok(Self { layers, asked, thought })
    }

    /// What stands against it; nothing where it would be put before a human.
    pub(super) fn against(&self) -> Option<(&str, &[String])> {
        match &self.thought {
            ProposeAnswer::NoProposal { reason, problems, .. } => Some((reason, problems)),
            ProposeAnswer::Proposal { .. } => None,
            _ => Some(("the target's configuration was not observed", &[])),
        }
    }

    /// The node that is meant.
    pub(super) fn asked(&self) -> &Asked {
        &self.asked
    }

    fn document(&self) -> Value {
        let (asked, policy) = (&self.asked, &self.layers.policy);
        let (reason, problems) = self.against().unwrap_or((ALLOWED, &[]));
        let proposal = match &self.thought {
            ProposeAnswer::Proposal { proposal, .. } => Some(proposal),
            _ => None,
        };
        let rules = asked.findings.iter().map(|finding| {
            let rule = policy.rules().find(|rule| rule.name == finding.rule);
            json!({
                "rule": finding.rule, "effect": rule.map(|rule| rule.effect), "file": rule.map(|rule| rule.file.clone()),
                "line": rule.and_then(|rule| rule.line), "denies": finding.denies, "permits": finding.permits,
                "reason": finding.reason,
            })
        });
        json!({
            "allowed": proposal.is_some(),
            "reason": reason,
            "problems": problems,
            "action": asked.action.word(),
            "node": asked.node.id.as_str(),
            "type": asked.node.resource_type,
            "arn": asked.node.arn,
            "at": asked.at.to_string(),
            "bounds": bounds(asked.action),
            "change": proposal.map(|proposal| json!({
                "before": proposal.before, "parameters": proposal.parameters,
                "undo": proposal.inverse.as_ref().map(|inverse| json!({ "action": inverse.action, "parameters": inverse.parameters })),
                "irreversible": proposal.irreversible,
            })),
            "risk": proposal.map(|proposal| json!(proposal.risk)),
            "blast_radius": proposal.map(|proposal| proposal.blast_radius.total),
            "approval": proposal.map(|proposal| json!(proposal.approval)),
            "rules": rules.collect::<Vec<_>>(),
            "windows": self.windows(),
            "layers": self.layers.document(),
        })
    }

    /// The maintenance windows, open or not.
    fn windows(&self) -> Vec<Value> {
        let Layer::Present(constraints) = &self.layers.policy.constraints else { return Vec::new() };
        let now = self.asked.at;
        let one = |window: &activities::twin::MaintenanceWindow| {
            json!({
                "name": window.name,
                "kind": if window.kind == WindowKind::Freeze { "freeze" } else { "allow_only" },
                "concerns": window.is_about(self.asked.action, &self.asked.node),
                "open": window.is_open(now),
                "times": window.times(),
                "next_opening": window.next_opening(now).map(|at| at.to_string()),
                "reason": window.reason,
            })
        };
        constraints.maintenance_windows.iter().map(one).collect()
    }
}

/// A request, but for what is asked about.
pub(super) struct Request<'a> {
    pub(super) id: &'a str,
    pub(super) requester: &'a str,
    pub(super) reason: &'a str,
}

impl Request<'_> {
    /// The event that requests an action.
    pub(super) fn event(
        &self,
        shared: &Shared,
        asked: &Asked,
        parameters: Fields,
        now: Timestamp,
    ) -> Result<Value, CommandError> {
        let (home, node): (_, &Node) = (&shared.setup.home, &asked.node);
        let event = RequestEvent {
            version: "0".to_owned(),
            id: self.id.to_owned(),
            detail_type: REQUEST_TYPE.to_owned(),
            source: REQUEST_SOURCE.to_owned(),
            account: home.account.clone(),
            time: now.to_string(),
            region: home.region.clone(),
            resources: node.arn.iter().cloned().collect(),
            detail: ActionRequest {
                requester: self.requester.to_owned(),
                action: asked.action.word().to_owned(),
                node: node.id.to_string(),
                kind: node.resource_type.clone(),
                name: physical_name(node),
                parameters,
                reason: self.reason.to_owned(),
            },
        };
        serde_json::to_value(event).map_err(|error| CommandError::Function(error.to_string()))
    }
}

const ALLOWED: &str = "no rule stands against it now; a human must still approve it, and everything is checked again before it is executed";
