//! How the demo ends: the summary for people, and the document for programs.
//!
//! Owns what is said at the end. All of it comes from the execution's history.

use std::path::Path;

use activities::shape::OutcomeKind;
use serde_json::{Value, json};

use crate::{
    cli::DEFAULT_DATA,
    command::shown,
    history,
    show::{self, Screen, Style},
    story::Story,
};

/// What is reported besides the story.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    /// The execution's ARN.
    pub(super) arn: &'a str,
    /// The file with the history.
    pub(super) history: &'a Path,
    /// The data directory.
    pub(super) data: &'a Path,
    /// The mails of this incident.
    pub(super) mails: &'a [String],
}

/// The document of `--json`.
pub(super) fn document(story: &Story, facts: &Facts<'_>) -> Value {
    let end = story.end.as_ref();
    json!({
        "execution_arn": facts.arn,
        "incident": history::name_of(facts.arn),
        "status": end.map_or("RUNNING", |end| end.status),
        "outcome": story.outcome_value(),
        "alarm": { "name": story.input.pointer("/detail/alarmName"), "state": alarm_now(story) },
        "proposal": story.value("proposal"),
        "digest": story.value("digest"),
        "gate": story.value("gate"),
        "decisions": story.value("decisions"),
        "verification": story.value("verification"),
        "precedent": precedent(story),
        "drift": end.map_or(Value::Null, |end| end.output["drift"].clone()),
        "usage": story.value("usage"),
        "milliseconds": story.milliseconds(),
        "steps": story.steps_json(),
        "history": shown(&super::super::absolute(facts.history)),
        "data": shown(&super::super::absolute(facts.data)),
        "mails": facts.mails,
        "error": end.and_then(|end| end.failure.as_ref()).map(|(error, cause)| json!({ "error": error, "cause": cause })),
    })
}

/// The summary.
pub(super) fn summary(story: &Story, facts: &Facts<'_>, screen: &Screen) {
    let style = screen.style();
    screen.gap();
    screen.line(format!("  {}", headline(story, style)));
    for line in show::wrapped(&reason(story), 4, show::WIDTH) {
        screen.line(line);
    }
    screen.gap();
    screen.lines(
        phases(story)
            .into_iter()
            .map(|(name, milliseconds)| format!("    {:<18}{:>12}", name, show::elapsed(milliseconds))),
    );
    screen.line(style.bold(&format!("    {:<18}{:>12}", "in all", show::elapsed(story.milliseconds()))));
    if story.last("Verify").is_some() {
        screen.line(style.soft(
            "    The embedded account takes a second to react, and so the demo waits for one; on AWS it is minutes.",
        ));
    }
    screen.gap();
    let row = |title: &str, text: &str| screen.line(format!("    {} {text}", style.soft(&format!("{title:<10}"))));
    row("Precedent", &precedent_words(story));
    if let Some(advice) = story.end.as_ref().and_then(|end| end.output.pointer("/drift/advice")?.as_str()) {
        for (place, line) in show::wrapped(advice, 0, show::WIDTH - 15).iter().enumerate() {
            row(if place == 0 { "Drift" } else { "" }, line);
        }
    }
    for (place, mail) in facts.mails.iter().enumerate() {
        row(if place == 0 { "Mails" } else { "" }, mail);
    }
    row("History", &shown(facts.history));
    screen.gap();
    let me = show::me();
    screen.line("  Next:");
    let next = |command: String, what: &str| screen.line(format!("    {}  {}", style.link(&command), style.soft(what)));
    next(format!("{me} replay {}", shown(facts.history)), "today's code against this history");
    let data =
        if facts.data == Path::new(DEFAULT_DATA) { String::new() } else { format!(" --data {}", shown(facts.data)) };
    next(format!("{me} demo{data}"), "once more: it finds this one as a precedent");
    next(format!("{me} up{data}"), "the platform, with the Step Functions API");
}

/// Whether the incident ended as somebody decided: that is what the demo is to show.
pub(super) fn is_good(story: &Story) -> bool {
    let kind = story.outcome_kind();
    let succeeded = story.end.as_ref().is_some_and(|end| end.status == "SUCCEEDED");
    succeeded && matches!(kind, Some(OutcomeKind::Recovered | OutcomeKind::Rejected | OutcomeKind::Shadow))
}

fn headline(story: &Story, style: Style) -> String {
    let words = match story.outcome_kind() {
        Some(OutcomeKind::Recovered) => return style.good("Recovered: the alarm is OK again."),
        Some(OutcomeKind::Rejected) => "Rejected: nothing was executed, and the rejection is remembered.",
        Some(OutcomeKind::Shadow) => "Shadow: proposed, asked nobody, executed nothing.",
        Some(kind) => return style.warn(&format!("Ended: {}.", kind.name().replace('_', " "))),
        None => return style.bad("The execution failed."),
    };
    style.bold(words)
}

fn reason(story: &Story) -> String {
    match (story.outcome(), story.end.as_ref().and_then(|end| end.failure.as_ref())) {
        (Some(outcome), _) => outcome.reason,
        (None, Some((error, cause))) => format!("{error}: {cause}"),
        (None, None) => String::new(),
    }
}

/// The seven phases, with the milliseconds of all their states.
fn phases(story: &Story) -> Vec<(&'static str, i64)> {
    let mut phases: Vec<(&'static str, i64)> = Vec::new();
    for step in story.steps.iter().filter(|step| step.is_shown()) {
        let phase = phase(&step.name);
        match phases.iter_mut().find(|(name, _)| *name == phase) {
            Some((_, milliseconds)) => *milliseconds += step.milliseconds(),
            None => phases.push((phase, step.milliseconds())),
        }
    }
    phases
}

fn phase(state: &str) -> &'static str {
    match state {
        "Detect" => "Detect",
        "Observe" | "Context" => "Context",
        "Reason" | "Infer" => "Reason",
        "Propose" | "Propose Adjusted" => "Propose",
        "WaitForTaskToken" => "your decision",
        "Lock" | "Observe Again" | "Validate Again" | "Execute" | "Wait For Effect" | "Poll" => "Execute",
        "Settle" | "Observe Effect" | "Verify" | "Undo" | "Unlock" => "Verify",
        _ => "Record",
    }
}

fn precedent(story: &Story) -> Value {
    story.precedent().map_or(Value::Null, |(best, count)| {
        json!({
            "id": best.precedent.id,
            "similarity": best.similarity,
            "outcome": best.precedent.outcome,
            "action": best.precedent.action,
            "at": best.precedent.at,
            "found": count,
        })
    })
}

fn precedent_words(story: &Story) -> String {
    let Some((best, count)) = story.precedent() else {
        return "none was found: this is the first incident of its kind".to_owned();
    };
    let percent = (best.similarity * 100.0).round();
    let what = best.precedent.action.as_deref().unwrap_or("no action");
    let more = if count > 1 { format!(", and {} more", count - 1) } else { String::new() };
    format!(
        "{percent} % similar to {}: {what}, {}{more}",
        best.precedent.id,
        best.precedent.outcome.name().replace('_', " ")
    )
}

/// The alarm's state as it was last observed.
fn alarm_now(story: &Story) -> Value {
    let last = ["Observe Effect", "Observe Again", "Observe"].iter().find_map(|name| story.last(name));
    let observations = last.and_then(|step| step.answer.get("observations")?.as_array());
    let alarm = observations.and_then(|all| all.iter().find(|one| one["read"]["kind"] == "alarm"));
    alarm.map_or(Value::Null, |one| one["answer"]["state"].clone())
}
