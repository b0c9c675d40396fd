//! The drift note: where Terraform and AWS differ after a change, and what to edit.
//!
//! Owns the comparison of the attributes that the action changed with those of the state. Edits nothing.

use serde_json::Value;

use crate::observe::same_value;
use crate::shape::{DriftAttribute, DriftNote, Fields, Proposal, RecordRequest};

/// Notes which changed attributes the next apply would set back.
pub(super) fn note(request: &RecordRequest) -> Option<DriftNote> {
    let proposal = request.proposal.as_ref()?;
    let declared = &request.plan.as_ref()?.declared;
    let now = now(request, proposal)?;
    let attributes: Vec<DriftAttribute> = now
        .iter()
        .filter_map(|(name, value)| {
            // What Terraform does not know (a deployment's number) cannot differ from it.
            let state = declared.get(name)?.clone();
            (!same_value(&state, value)).then(|| DriftAttribute { name: name.clone(), state, now: value.clone() })
        })
        .collect();
    if attributes.is_empty() {
        return None;
    }
    let advice = advice(proposal, &attributes);
    Some(DriftNote { address: proposal.target.node.clone(), attributes, advice })
}

/// The attributes as they are now: as `act` saw them, else as the proposal set them; nothing when nothing was changed.
fn now(request: &RecordRequest, proposal: &Proposal) -> Option<Fields> {
    if let Some(after) = request.act.as_ref().and_then(|act| act.after.clone()) {
        return Some(after);
    }
    let changed =
        |(name, value): (&String, &Value)| proposal.before.contains_key(name).then(|| (name.clone(), value.clone()));
    (request.outcome.kind.changed() && request.act.is_some())
        .then(|| proposal.parameters.iter().filter_map(changed).collect())
}

fn advice(proposal: &Proposal, attributes: &[DriftAttribute]) -> String {
    let edits: Vec<String> =
        attributes.iter().map(|attribute| format!("`{} = {}`", attribute.name, attribute.now)).collect();
    let place = match proposal.target.node.rsplit_once(&format!("{}.", proposal.target.kind)) {
        Some((module, _)) if !module.is_empty() => format!("in or through `{}`", module.trim_end_matches('.')),
        _ => "in the root module".to_owned(),
    };
    format!(
        "Set {} for `{}` {place}, where its value is written or passed in; until then the next `terraform apply` sets back {}.",
        edits.join(" and "),
        proposal.target.node,
        attributes
            .iter()
            .map(|attribute| format!("`{}` to `{}`", attribute.name, attribute.state))
            .collect::<Vec<_>>()
            .join(" and "),
    )
}
