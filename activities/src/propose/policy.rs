//! Whether people permit an action: governance, constraints, maintenance windows.
//!
//! Owns the reading of both layers from their observations. A layer that could not be read, or was cut, permits nothing.

use crate::action::Action;
use crate::facts::Facts;
use crate::shape::LayerAnswer;
use crate::time::instant_or_none;
use crate::twin::{Document, Node, Policy};

/// The policy's version when it permits an action, else what stands against it.
pub(super) fn permit(facts: Facts<'_>, action: &Action, target: &Node, at: &str) -> Result<String, Vec<String>> {
    let Some(now) = instant_or_none(at) else {
        return Err(vec![format!("`{at}` is no instant: no maintenance window can be judged")]);
    };
    let (governance, constraints) = (facts.governance(), facts.constraints());
    let unread: Vec<String> =
        [&governance, &constraints].into_iter().filter_map(|layer| layer.as_ref().err().cloned()).collect();
    if !unread.is_empty() {
        return Err(unread.into_iter().map(|problem| format!("{problem}, so nothing may be changed")).collect());
    }
    let (governance, constraints) = (governance.unwrap_or_default(), constraints.unwrap_or_default());
    let policy = Policy::read(&documents(&governance), &documents(&constraints));
    let denials: Vec<String> = policy
        .explain(action.name(), target, now)
        .into_iter()
        .filter(|finding| finding.denies)
        .map(|finding| format!("{}: {}", finding.rule, finding.reason))
        .collect();
    if denials.is_empty() { Ok(policy.version().to_owned()) } else { Err(denials) }
}

fn documents(layer: &LayerAnswer) -> Vec<Document<'_>> {
    layer.documents.iter().map(|document| Document { name: &document.name, text: &document.text }).collect()
}
