//! What people permit, forbid and when, as far as it bears on the alarmed resource.
//!
//! Owns the words. What a rule means is the twin's, and it is asked the same question as when a proposal is judged; a layer that
//! was not read, or is broken, denies.

use jiff::Timestamp;

use super::draft::Draft;
use super::words::View;
use crate::action::ActionName;
use crate::shape::{LayerAnswer, Topic};
use crate::time::instant_or_none;
use crate::twin::{Document, MaintenanceWindow, Policy, Question, WindowKind};

/// What each action of the catalogue may be done to the resource.
pub(super) fn governance(source: &str, view: &View<'_>) -> Result<Vec<Draft>, String> {
    let governance = view.facts.governance()?;
    let (Some(node), Some(now)) = (view.node(), instant_or_none(view.at)) else { return Ok(Vec::new()) };
    let constraints = view.facts.constraints().unwrap_or_default();
    let radius = view.topology.as_ref().and_then(|topology| topology.affected);
    let policy = Policy::read(&documents(&governance), &documents(&constraints));
    let mut lines: Vec<String> =
        policy.problems().iter().map(|problem| format!("nothing may be changed: {problem}")).collect();
    let actions = ActionName::for_type(&node.resource_type);
    if lines.is_empty() {
        lines.extend(actions.iter().map(|action| {
            let verdict = policy.judge(&Question { radius, ..Question::new(*action, node, now) });
            let word = if verdict.allowed { "may be proposed" } else { "is forbidden as far as is known now" };
            let by = verdict.rule.map(|rule| format!(" by `{rule}`")).unwrap_or_default();
            format!("{} {word}{by}: {}", action.word(), verdict.reason)
        }));
    }
    if actions.is_empty() {
        lines.push(format!("the catalogue holds no action on a {}", node.resource_type));
    }
    Ok(vec![Draft::new(Topic::Governance, "What may be done to the resource now", source, lines)])
}

/// The maintenance windows that are about the resource: the open ones first, then by when they open.
pub(super) fn windows(source: &str, view: &View<'_>) -> Result<Vec<Draft>, String> {
    let constraints = view.facts.constraints()?;
    let (Some(node), Some(now)) = (view.node(), instant_or_none(view.at)) else { return Ok(Vec::new()) };
    let policy = Policy::read(&[], &documents(&constraints));
    let Ok(constraints) = policy.constraints.required("constraints") else {
        // The rules say it already.
        return Ok(Vec::new());
    };
    let about = constraints.maintenance_windows.iter().filter(|window| window.concerns(node));
    let mut about: Vec<_> = about.map(|window| (opens(window, now), window)).collect();
    about.sort_by(|(one, a), (other, b)| one.cmp(other).then_with(|| a.name.cmp(&b.name)));
    if about.is_empty() {
        return Ok(Vec::new());
    }
    let lines = about.into_iter().map(|(opens, window)| {
        let what = match window.kind {
            WindowKind::Freeze => "nothing is changed while it is open",
            WindowKind::AllowOnly => "changes only while it is open",
        };
        let when = match opens {
            Opens::Now => "open now".to_owned(),
            Opens::At(at) => format!("closed, opens at {at}"),
            Opens::Never => "does not open any more".to_owned(),
        };
        let reason = if window.reason.is_empty() { String::new() } else { format!(": {}", window.reason) };
        format!("`{}`, {when}; {what}{reason}", window.name)
    });
    Ok(vec![Draft::new(Topic::Governance, "Maintenance windows of the resource", source, lines)])
}

/// When a window opens.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Opens {
    Now,
    At(Timestamp),
    Never,
}

fn opens(window: &MaintenanceWindow, now: Timestamp) -> Opens {
    if window.is_open(now) { Opens::Now } else { window.next_opening(now).map_or(Opens::Never, Opens::At) }
}

fn documents(layer: &LayerAnswer) -> Vec<Document<'_>> {
    layer.documents.iter().map(|document| Document { name: &document.name, text: &document.text }).collect()
}
