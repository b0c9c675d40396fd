//! What the world answered to each task of a recorded history.

use std::collections::HashMap;

use serde_json::Value;
use statemachine::{InvokeTask, Signal, history::wire_names, token::Token};

/// How one scheduled task went.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// The id of the scheduled event; 0 where the history does not say.
    pub scheduled: u64,
    /// `resource` of the scheduled event.
    pub resource: String,
    /// The arguments, where the history shows them.
    pub arguments: Value,
    /// What the service answered to the submission.
    pub submitted: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Outcome {
    /// With a result, a JSON text.
    Succeeded(String),
    /// With an error and a cause.
    Failed(Option<String>, Option<String>),
    /// Not at all, or by the clock.
    #[default]
    Silent,
}

/// The answers that are not used up.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    left: Vec<Answer>,
}

impl Answers {
    /// Takes the answers out of a history.
    #[must_use]
    pub fn of(events: &[Value]) -> Self {
        let mut answers: Vec<Answer> = Vec::new();
        let mut task_of: HashMap<u64, usize> = HashMap::new();
        for event in events.iter().filter(|event| kind(event).ends_with("Scheduled")) {
            let details = details(event);
            let arguments = if details["parameters"].is_null() { &details["input"] } else { &details["parameters"] };
            let scheduled = event["id"].as_u64().unwrap_or_default();
            task_of.insert(scheduled, answers.len());
            answers.push(Answer {
                scheduled,
                resource: details["resource"].as_str().unwrap_or_default().to_owned(),
                arguments: parsed(arguments),
                ..Answer::default()
            });
        }
        for event in events.iter().filter(|event| is_task_event(kind(event))) {
            let id = event["id"].as_u64();
            let place = match id {
                Some(_) => event["previousEventId"].as_u64().and_then(|previous| task_of.get(&previous).copied()),
                // In a history whose order is not known, an outcome belongs to the first task that has none.
                None => answers.iter().position(|answer| answer.outcome == Outcome::Silent),
            };
            let Some(place) = place else { continue };
            if let Some(id) = id {
                task_of.insert(id, place);
            }
            answers[place].take(kind(event), details(event));
        }
        Self { left: answers }
    }

    /// The answer to a call: the one for the same event, else for the same arguments, else the next for the same
    /// resource, else the next.
    pub fn next_for(&mut self, call: &InvokeTask) -> Option<Answer> {
        let (resource, _) = wire_names(&call.resource);
        let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
        let exact = self.left.iter().position(|a| a.scheduled == call.task.scheduled && a.resource == resource);
        let same = || self.left.iter().position(|a| a.resource == resource && a.arguments == arguments);
        let alike = || self.left.iter().position(|a| a.resource == resource);
        let place = exact.or_else(same).or_else(alike).or(if self.left.is_empty() { None } else { Some(0) })?;
        Some(self.left.remove(place))
    }
}

impl Answer {
    /// The signals that tell the execution; a task completed by token is submitted first.
    #[must_use]
    pub fn signals(self, call: &InvokeTask) -> Vec<Signal> {
        let task = call.task;
        let mut signals = Vec::new();
        let by_token = call.token.as_ref().filter(|token| Token::parse(token).is_some());
        let submitted = self.submitted.is_some();
        if let Some(output) = self.submitted {
            signals.push(Signal::TaskSubmitted { task, output });
        }
        match (self.outcome, by_token.filter(|_| submitted).cloned()) {
            (Outcome::Succeeded(output), Some(token)) => signals.push(Signal::TokenSucceeded { token, output }),
            (Outcome::Failed(error, cause), Some(token)) => signals.push(Signal::TokenFailed { token, error, cause }),
            (Outcome::Succeeded(output), None) => signals.push(Signal::TaskSucceeded { task, output }),
            (Outcome::Failed(error, cause), None) => signals.push(Signal::TaskFailed { task, error, cause }),
            (Outcome::Silent, _) => {}
        }
        signals
    }

    fn take(&mut self, kind: &str, details: &Value) {
        let text = |name: &str| {
            details[name]
                .as_str()
                .map(str::to_owned)
                .or_else(|| (!details[name].is_null()).then(|| details[name].to_string()))
        };
        if kind.ends_with("Submitted") {
            self.submitted = text("output");
        } else if kind.ends_with("Succeeded") {
            self.outcome = Outcome::Succeeded(text("output").unwrap_or_else(|| "null".to_owned()));
        } else if kind.ends_with("Failed") {
            self.outcome = Outcome::Failed(text("error"), text("cause"));
        }
    }
}

/// The details of an event, whatever their name.
#[must_use]
pub fn details(event: &Value) -> &Value {
    let fields = event.as_object();
    fields
        .and_then(|f| f.iter().find(|(name, _)| name.ends_with("EventDetails")))
        .map_or(&Value::Null, |(_, details)| details)
}

fn kind(event: &Value) -> &str {
    event["type"].as_str().unwrap_or_default()
}

fn is_task_event(kind: &str) -> bool {
    ["Task", "LambdaFunction", "Activity"].iter().any(|family| {
        kind.strip_prefix(family).is_some_and(|rest| {
            ["Started", "Submitted", "Succeeded", "Failed", "StartFailed", "SubmitFailed", "TimedOut"].contains(&rest)
        })
    })
}

fn parsed(value: &Value) -> Value {
    value.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| value.clone())
}
