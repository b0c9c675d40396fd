//! Whether people permit an action: governance, constraints, maintenance windows.
//!
//! Owns the reading of both layers from their observations, and that everything that is known of the action is told to them. A
//! layer that could not be read, or was cut, permits nothing.

use crate::action::{Action, Configuration};
use crate::facts::Facts;
use crate::shape::{LayerAnswer, Reasoner, RiskLevel, Settings, TopologyAnswer};
use crate::time::instant_or_none;
use crate::twin::{Budget, Document, Node, Policy, Principal, Question};

/// An action as the policies are asked about it.
pub(super) struct Asked<'a> {
    pub(super) action: &'a Action,
    pub(super) target: &'a Node,
    pub(super) current: &'a Configuration,
    pub(super) risk: RiskLevel,
    pub(super) reasoner: &'a Reasoner,
    pub(super) topology: &'a TopologyAnswer,
    pub(super) settings: &'a Settings,
    pub(super) at: &'a str,
}

/// The policy's version when it permits an action, else what stands against it.
pub(super) fn permit(facts: Facts<'_>, asked: &Asked<'_>) -> Result<String, Vec<String>> {
    let Some(now) = instant_or_none(asked.at) else {
        return Err(vec![format!("`{}` is no instant: no maintenance window can be judged", asked.at)]);
    };
    let (governance, constraints) = (facts.governance(), facts.constraints());
    let unread: Vec<String> =
        [&governance, &constraints].into_iter().filter_map(|layer| layer.as_ref().err().cloned()).collect();
    if !unread.is_empty() {
        return Err(unread.into_iter().map(|problem| format!("{problem}, so nothing may be changed")).collect());
    }
    let (governance, constraints) = (governance.unwrap_or_default(), constraints.unwrap_or_default());
    let policy = Policy::read(&documents(&governance), &documents(&constraints));
    let question = Question {
        principal: Principal::reasoning(asked.reasoner),
        risk: Some(asked.risk.into()),
        radius: radius(asked.topology, asked.target),
        budget: budget(facts, asked.settings),
        ..Question::new(asked.action.name(), asked.target, now).changing(asked.action, asked.current)
    };
    let denials: Vec<String> = policy
        .findings(&question)
        .into_iter()
        .filter(|finding| finding.denies)
        .map(|finding| format!("{}: {}", finding.rule, finding.reason))
        .collect();
    if denials.is_empty() { Ok(policy.version().to_owned()) } else { Err(denials) }
}

/// How many resources fail when a node fails; of a neighbour the neighbourhood of another does not show it.
pub(super) fn radius(topology: &TopologyAnswer, target: &Node) -> Option<u32> {
    topology.affected.filter(|_| topology.node.as_ref().is_some_and(|alarmed| alarmed.id == target.id))
}

fn budget(facts: Facts<'_>, settings: &Settings) -> Option<Budget> {
    let recent = facts.recent_actions().ok()?;
    Some(Budget { automatic_last_hour: recent.automatic, automatic_per_hour: settings.automatic_per_hour })
}

fn documents(layer: &LayerAnswer) -> Vec<Document<'_>> {
    layer.documents.iter().map(|document| Document { name: &document.name, text: &document.text }).collect()
}
