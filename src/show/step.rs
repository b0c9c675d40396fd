//! The words for each state of the incident workflow: what it is for, and what it found.
//!
//! Owns the sentences behind the steps. A state that is not known here (somebody changed the workflow) is shown by its name.

use activities::shape::{
    ActAnswer, Context, Decision, DecisionKind, DetectAnswer, InferAnswer, ObserveAnswer, ProposeAnswer, ReasonerKind,
};
use activities::shape::{RecordAnswer, RememberAnswer, VerifyAnswer, VerifyNext};

use crate::{
    show::{Style, elapsed, short},
    story::Step,
};

/// What a state is for, in a few words.
pub(crate) fn meaning(state: &str) -> &'static str {
    match state {
        "Detect" => "reads the alarm event",
        "Observe" => "reads the twin, the alarm, metrics, logs and configuration",
        "Context" => "ranks and redacts the evidence",
        "Reason" => "writes the model request, and what the rules would answer",
        "Infer" => "asks the model, or takes the rules",
        "Propose" => "checks the answer against catalogue, bounds and policy",
        "Propose Adjusted" => "checks the values that the human gave",
        "WaitForTaskToken" => "asks a human",
        "Lock" => "takes the lock of the resource",
        "Observe Again" => "reads the world again, just before changing it",
        "Validate Again" => "checks that what was approved still holds",
        "Execute" => "verifies the signature and begins the action",
        "Wait For Effect" => "gives the action time",
        "Poll" => "looks whether the action is in effect",
        "Settle" => "gives the change time to show",
        "Observe Effect" => "reads alarm, metrics and neighbours",
        "Verify" => "judges what the change did",
        "Undo" => "takes the change back",
        "Unlock" => "gives the lock back",
        "Record" => "writes precedent, cost and drift",
        "Remember" => "keeps the precedent for the next incident",
        "Tell The Outcome" => "mails what happened",
        _ => "",
    }
}

/// A step in one line: mark, name, time, what it found.
pub(crate) fn describe(step: &Step, style: Style) -> String {
    let (mark, said) = match &step.failure {
        Some((error, cause)) => (style.bad("✗"), short(&format!("{error}: {cause}"), WORDS)),
        None => (
            style.good("✓"),
            finding(step).map_or_else(|| meaning(&step.name).to_owned(), |found| short(&found, WORDS)),
        ),
    };
    let name = format!("{:<16}", step.name);
    let time = format!("{:>11}", elapsed(step.milliseconds()));
    format!("  {mark} {} {}  {said}", style.bold(&name), style.soft(&time))
}

/// What a step found, from its function's answer.
fn finding(step: &Step) -> Option<String> {
    match step.name.as_str() {
        "Detect" => detected(&step.answered()?),
        "Observe" | "Observe Again" | "Observe Effect" => Some(observed(&step.answered()?)),
        "Context" => Some(ranked(&step.answered()?)),
        "Infer" => Some(inferred(&step.answered()?)),
        "Propose" | "Propose Adjusted" | "Validate Again" => Some(proposed(&step.answered()?)),
        "WaitForTaskToken" => Some(decided(&step.answered()?)),
        "Lock" | "Execute" | "Undo" | "Poll" => Some(step.answered::<ActAnswer>()?.detail),
        "Verify" => Some(verified(&step.answered()?)),
        "Record" => Some(step.answered::<RecordAnswer>()?.summary.subject),
        "Remember" => Some(remembered(&step.answered()?)),
        _ => None,
    }
}

fn detected(answer: &DetectAnswer) -> Option<String> {
    Some(match answer {
        DetectAnswer::Ignore { reason } => format!("ignored: {reason}"),
        DetectAnswer::Incident { incident, .. } => {
            let what = incident
                .resource
                .name
                .as_deref()
                .or(incident.resource.kind.as_deref())
                .unwrap_or("an unnamed resource");
            match &incident.request {
                None => format!("{} is in ALARM, about {what}", incident.alarm.name),
                Some(_) => format!("{}, on {what}", incident.occasion()),
            }
        }
    })
}

fn observed(answer: &ObserveAnswer) -> String {
    let all = answer.observations.len();
    let failed: Vec<&str> =
        answer.observations.iter().filter(|one| one.error.is_some()).map(|one| one.id.as_str()).collect();
    let alarm = answer
        .observations
        .iter()
        .find(|one| one.read.kind() == "alarm")
        .and_then(|one| one.answer.as_ref()?["state"].as_str());
    let alarm = alarm.map(|state| format!(", alarm is {state}")).unwrap_or_default();
    if failed.is_empty() {
        format!("{all} reads answered{alarm}")
    } else {
        format!("{} of {all} reads answered{alarm}; not {}", all - failed.len(), failed.join(", "))
    }
}

fn ranked(context: &Context) -> String {
    let redacted =
        if context.redactions > 0 { format!(", {} secrets redacted", context.redactions) } else { String::new() };
    let dropped =
        if context.dropped.is_empty() { String::new() } else { format!(", {} left out", context.dropped.len()) };
    format!("{} pieces of evidence, about {} tokens{redacted}{dropped}", context.pieces.len(), context.tokens)
}

fn inferred(answer: &InferAnswer) -> String {
    let note = answer.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
    match answer.reasoner.kind {
        ReasonerKind::Rules => format!("rules reasoned, not a model ({}){note}", answer.reasoner.name),
        ReasonerKind::Model => format!("{} answered, ${:.4}{note}", answer.reasoner.name, answer.cost_usd),
        ReasonerKind::Human => format!("{}{note}", answer.reasoner.label()),
        ReasonerKind::Request => answer.note.clone().unwrap_or_else(|| answer.reasoner.label()),
    }
}

fn proposed(answer: &ProposeAnswer) -> String {
    match answer {
        ProposeAnswer::Proposal { proposal, .. } => format!("{} on {}", proposal.action, proposal.target.name),
        ProposeAnswer::Evidence { reads, .. } => format!("asks for more evidence: {} reads", reads.len()),
        ProposeAnswer::NoProposal { reason, .. } => format!("nothing proposed: {reason}"),
        ProposeAnswer::Valid { checks } => format!("still holds: {}", checks.join("; ")),
        ProposeAnswer::Invalid { reason, .. } => format!("no longer holds: {reason}"),
    }
}

fn decided(decision: &Decision) -> String {
    let what = match decision.kind {
        DecisionKind::Approve => "approved by",
        DecisionKind::Reject => "rejected by",
        DecisionKind::Adjust => "other values from",
        DecisionKind::Recovered => return "the alarm is over by itself".to_owned(),
        DecisionKind::Policy => "decided by",
    };
    let reason = decision.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{what} {}{reason}", decision.subject)
}

fn verified(answer: &VerifyAnswer) -> String {
    let next = match answer.next {
        VerifyNext::Again => "looks again",
        VerifyNext::Done => "final",
        VerifyNext::Undo => "undoes it",
    };
    let verdict =
        serde_json::to_value(answer.verdict).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default();
    format!("{verdict} ({next}): {}", answer.reasons.join("; "))
}

fn remembered(answer: &RememberAnswer) -> String {
    format!("{} in all, found again by {}", count(answer.total, "precedent"), answer.embedding)
}

fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

const WORDS: usize = 84;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::*;
    use crate::story::Story;

    fn line(name: &str, details: &Value) -> String {
        let events = [
            json!({"id": 1, "timestamp": 1.0, "type": "TaskStateEntered", "stateEnteredEventDetails": {"name": name}}),
            json!({"id": 2, "timestamp": 1.0, "type": "TaskScheduled", "taskScheduledEventDetails": {"parameters": "{}"}}),
            details.clone(),
            json!({"id": 4, "timestamp": 1.02, "type": "TaskStateExited", "stateExitedEventDetails": {"name": name}}),
        ];
        describe(&Story::of(&events).steps[0], Style::plain())
    }

    #[test]
    fn a_step_says_what_it_found() {
        let answer = json!({"Payload": {"id": "inc-1", "embedding": "words", "total": 2}}).to_string();
        let event = json!({"id": 3, "timestamp": 1.0, "type": "TaskSucceeded", "taskSucceededEventDetails": {"output": answer}});
        assert_eq!(
            line("Remember", &event),
            "  ✓ Remember               20 ms  2 precedents in all, found again by words"
        );
    }

    #[test]
    fn a_failed_step_says_why() {
        let event = json!({"id": 3, "timestamp": 1.0, "type": "TaskFailed", "taskFailedEventDetails": {"error": "Sao.Locked", "cause": "by inc-2"}});
        assert_eq!(line("Lock", &event), "  ✗ Lock                   20 ms  Sao.Locked: by inc-2");
    }

    #[test]
    fn every_task_of_the_workflow_has_its_words() {
        let definition: Value = serde_json::from_str(crate::embedded::DEFINITION).unwrap();
        let states = definition["States"].as_object().unwrap();
        let shown = states.iter().filter(|(_, state)| matches!(state["Type"].as_str(), Some("Task" | "Wait")));
        let without: BTreeSet<&String> = shown.map(|(name, _)| name).filter(|name| meaning(name).is_empty()).collect();
        assert!(without.is_empty(), "{without:?}");
    }
}
