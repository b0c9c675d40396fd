//! An incident as a story: what its execution's history says, step by step.
//!
//! Owns the reading of history events into steps and into the values that the workflow holds (proposal, context, outcome).
//! The events come from the engine of this process, from the wire, or from a file: all three have the API's shape. Owns no
//! words for people: those are `show`'s.

use activities::shape::{Context, Observation, Outcome, OutcomeKind, PrecedentsAnswer, Proposal, SimilarPrecedent};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// A story, told event by event.
#[derive(Debug, Default, Clone)]
pub(crate) struct Story {
    /// The states that were entered, in order.
    pub(crate) steps: Vec<Step>,
    /// The workflow's variables, as last assigned.
    variables: Map<String, Value>,
    /// The id of the last event that was told.
    pub(crate) last_event: u64,
    /// The input.
    pub(crate) input: Value,
    /// How it ended; `None` while it runs.
    pub(crate) end: Option<End>,
}

/// One state that was entered.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// The state's name.
    pub(crate) name: String,
    /// The state's type, for example `Task`.
    pub(crate) kind: String,
    /// When it was entered, in Unix milliseconds.
    pub(crate) entered: i64,
    /// When it was left.
    pub(crate) exited: Option<i64>,
    /// What the state passed to its function.
    pub(crate) request: Value,
    /// What the function answered.
    pub(crate) answer: Value,
    /// The last failure, as error and cause.
    pub(crate) failure: Option<(String, String)>,
    /// How many attempts were made.
    pub(crate) attempts: u32,
}

/// How an execution ended.
#[derive(Debug, Clone)]
pub(crate) struct End {
    /// The status as the API names it.
    pub(crate) status: &'static str,
    /// The output of one that succeeded.
    pub(crate) output: Value,
    /// Error and cause of one that did not.
    pub(crate) failure: Option<(String, String)>,
    /// When, in Unix milliseconds.
    pub(crate) at: i64,
}

/// What an event meant for the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// A state was entered: the place of its step.
    Entered(usize),
    /// A task was handed over and waits for its token: the place of its step.
    Waits(usize),
    /// A state was left: the place of its step.
    Left(usize),
    /// The execution ended.
    Ended,
}

impl Story {
    /// Reads all events.
    pub(crate) fn of(events: &[Value]) -> Self {
        let mut story = Self::default();
        for event in events {
            story.tell(event);
        }
        story
    }

    /// Takes the next event; one that was told before is ignored.
    pub(crate) fn tell(&mut self, event: &Value) -> Option<Moment> {
        let id = event["id"].as_u64().unwrap_or_default();
        if id <= self.last_event {
            return None;
        }
        self.last_event = id;
        let kind = event["type"].as_str().unwrap_or_default();
        let at = millis(&event["timestamp"]);
        if let Some(state_type) = kind.strip_suffix("StateEntered") {
            let name = text(event, "/stateEnteredEventDetails/name");
            self.steps.push(Step::entered(name, state_type, at));
            return Some(Moment::Entered(self.steps.len() - 1));
        }
        if kind.ends_with("StateExited") {
            return self.exited(event, at);
        }
        if kind == "ExecutionStarted" {
            self.input = parsed(event.pointer("/executionStartedEventDetails/input"));
            return None;
        }
        if let Some(end) = End::of(kind, event, at) {
            self.end = Some(end);
            return Some(Moment::Ended);
        }
        let step = self.steps.last_mut()?;
        step.tell(kind, event);
        (kind == "TaskSubmitted").then(|| Moment::Waits(self.steps.len() - 1))
    }

    fn exited(&mut self, event: &Value, at: i64) -> Option<Moment> {
        let name = text(event, "/stateExitedEventDetails/name");
        if let Some(assigned) = event.pointer("/stateExitedEventDetails/assignedVariables").and_then(Value::as_object) {
            for (name, value) in assigned {
                self.variables.insert(name.clone(), parsed(Some(value)));
            }
        }
        let place = self.steps.iter().rposition(|step| step.name == name && step.exited.is_none())?;
        self.steps[place].exited = Some(at);
        Some(Moment::Left(place))
    }

    /// A variable of the workflow, read as what it is.
    pub(crate) fn variable<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_value(self.variables.get(name)?.clone()).ok()
    }

    /// A variable of the workflow as JSON; null where it is not assigned.
    pub(crate) fn value(&self, name: &str) -> Value {
        self.variables.get(name).cloned().unwrap_or_default()
    }

    /// The last proposal.
    pub(crate) fn proposal(&self) -> Option<Proposal> {
        self.variable("proposal")
    }

    /// The last context.
    pub(crate) fn context(&self) -> Option<Context> {
        self.variable("context")
    }

    /// How the incident ended: from the output, or from the variables where the execution failed.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        let of_output =
            self.end.as_ref().and_then(|end| serde_json::from_value(end.output.get("outcome")?.clone()).ok());
        of_output.or_else(|| self.variable("outcome"))
    }

    /// How the incident ended as JSON, `ignored` included; null while it runs.
    pub(crate) fn outcome_value(&self) -> Value {
        let of_output = self.end.as_ref().and_then(|end| end.output.get("outcome").cloned());
        of_output.unwrap_or_else(|| self.value("outcome"))
    }

    /// The kind of the outcome.
    pub(crate) fn outcome_kind(&self) -> Option<OutcomeKind> {
        self.outcome().map(|outcome| outcome.kind)
    }

    /// The most similar precedent that was found, and how many there were.
    pub(crate) fn precedent(&self) -> Option<(SimilarPrecedent, usize)> {
        let observations: Vec<Observation> = self.variable("observations")?;
        let answer = observations.into_iter().rev().find(|one| one.read.kind() == "precedents")?.answer?;
        let found: PrecedentsAnswer = serde_json::from_value(answer).ok()?;
        let count = found.precedents.len();
        let best = found.precedents.into_iter().max_by(|a, b| a.similarity.total_cmp(&b.similarity))?;
        Some((best, count))
    }

    /// The last step of a name.
    pub(crate) fn last(&self, name: &str) -> Option<&Step> {
        self.steps.iter().rev().find(|step| step.name == name)
    }

    /// The step that the execution is in; `None` when it has ended.
    pub(crate) fn current(&self) -> Option<&Step> {
        self.steps.last().filter(|step| step.exited.is_none() && self.end.is_none())
    }

    /// Whether a human is asked right now.
    pub(crate) fn waits_for_decision(&self) -> bool {
        self.current().is_some_and(|step| step.name == ASK)
    }

    /// Milliseconds from the first state to the end, or to the last state that was left.
    pub(crate) fn milliseconds(&self) -> i64 {
        let Some(first) = self.steps.first() else { return 0 };
        let last =
            self.end.as_ref().map(|end| end.at).or_else(|| self.steps.iter().filter_map(|step| step.exited).max());
        last.map_or(0, |last| last - first.entered)
    }

    /// The steps as `--json` shows them.
    pub(crate) fn steps_json(&self) -> Value {
        let step = |step: &Step| json!({ "name": step.name, "type": step.kind, "milliseconds": step.milliseconds(), "attempts": step.attempts.max(1) });
        self.steps.iter().map(step).collect()
    }
}

impl Step {
    fn entered(name: String, kind: &str, at: i64) -> Self {
        Self {
            name,
            kind: kind.to_owned(),
            entered: at,
            exited: None,
            request: Value::Null,
            answer: Value::Null,
            failure: None,
            attempts: 0,
        }
    }

    fn tell(&mut self, kind: &str, event: &Value) {
        let details = |name: &str| {
            event.pointer(&format!("/{}{}EventDetails", kind[..1].to_lowercase(), &kind[1..])).and_then(|d| d.get(name))
        };
        if kind.ends_with("Scheduled") {
            self.attempts += 1;
            let passed = parsed(details("parameters").or_else(|| details("input")));
            self.request = passed.get("Payload").cloned().unwrap_or(passed);
        } else if kind.ends_with("Succeeded") {
            let output = parsed(details("output"));
            self.answer = output.get("Payload").cloned().unwrap_or(output);
            self.failure = None;
        } else if kind.ends_with("Failed") || kind.ends_with("TimedOut") {
            let word = |name: &str| details(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            self.failure = Some((word("error"), word("cause")));
        }
    }

    /// How long it took, or 0 while it lasts.
    pub(crate) fn milliseconds(&self) -> i64 {
        self.exited.map_or(0, |exited| exited - self.entered)
    }

    /// What the function answered, read as what it is.
    pub(crate) fn answered<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_value(self.answer.clone()).ok()
    }

    /// Whether people see it: what is done or waited for, not how the workflow branches.
    pub(crate) fn is_shown(&self) -> bool {
        matches!(self.kind.as_str(), "Task" | "Wait")
    }
}

impl End {
    fn of(kind: &str, event: &Value, at: i64) -> Option<Self> {
        let status = match kind {
            "ExecutionSucceeded" => "SUCCEEDED",
            "ExecutionFailed" => "FAILED",
            "ExecutionTimedOut" => "TIMED_OUT",
            "ExecutionAborted" => "ABORTED",
            _ => return None,
        };
        let details = format!("/execution{}EventDetails", &kind["Execution".len()..]);
        let failure = (status != "SUCCEEDED")
            .then(|| (text(event, &format!("{details}/error")), text(event, &format!("{details}/cause"))));
        Some(Self { status, output: parsed(event.pointer(&format!("{details}/output"))), failure, at })
    }
}

fn text(event: &Value, pointer: &str) -> String {
    event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A JSON text as what it holds; what is no JSON text stays as it is.
fn parsed(value: Option<&Value>) -> Value {
    let Some(value) = value else { return Value::Null };
    value.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| value.clone())
}

/// An instant as Unix seconds (the wire) or as text (the AWS command line), in milliseconds.
fn millis(value: &Value) -> i64 {
    match value {
        Value::Number(seconds) => (seconds.as_f64().unwrap_or_default() * 1000.0).round() as i64,
        Value::String(text) => text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_millisecond).unwrap_or_default(),
        _ => 0,
    }
}

/// The state in which a human is asked.
const ASK: &str = "WaitForTaskToken";

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> Vec<Value> {
        vec![
            json!({"id": 1, "timestamp": 10.0, "type": "ExecutionStarted", "executionStartedEventDetails": {"input": "{\"a\":1}"}}),
            json!({"id": 2, "timestamp": 10.0, "type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "Detect"}}),
            json!({"id": 3, "timestamp": 10.0, "type": "TaskScheduled", "taskScheduledEventDetails": {"parameters": "{\"Payload\":{\"x\":1}}"}}),
            json!({"id": 4, "timestamp": 10.1, "type": "TaskFailed", "taskFailedEventDetails": {"error": "E", "cause": "c"}}),
            json!({"id": 5, "timestamp": 10.1, "type": "TaskScheduled", "taskScheduledEventDetails": {"parameters": "{\"Payload\":{\"x\":1}}"}}),
            json!({"id": 6, "timestamp": 10.2, "type": "TaskSucceeded", "taskSucceededEventDetails": {"output": "{\"Payload\":{\"y\":2}}"}}),
            json!({"id": 7, "timestamp": 10.25, "type": "TaskStateExited", "stateExitedEventDetails": {"name": "Detect", "assignedVariables": {"turn": "3", "outcome": "{\"kind\":\"rejected\",\"reason\":\"no\"}"}}}),
            json!({"id": 8, "timestamp": 10.3, "type": "ExecutionSucceeded", "executionSucceededEventDetails": {"output": "{\"outcome\":{\"kind\":\"recovered\",\"reason\":\"ok\"}}"}}),
        ]
    }

    #[test]
    fn a_history_becomes_steps_with_requests_answers_and_times() {
        let story = Story::of(&events());
        let step = &story.steps[0];
        assert_eq!(
            (step.name.as_str(), step.kind.as_str(), step.milliseconds(), step.attempts),
            ("Detect", "Task", 250, 2)
        );
        assert_eq!((&step.request["x"], &step.answer["y"]), (&json!(1), &json!(2)));
        assert_eq!(step.failure, None);
        assert_eq!((story.value("turn"), story.milliseconds()), (json!(3), 300));
    }

    #[test]
    fn the_outcome_is_the_outputs_or_the_last_one_assigned() {
        let all = events();
        assert_eq!(Story::of(&all).outcome_kind(), Some(OutcomeKind::Recovered));
        assert_eq!(Story::of(&all[..7]).outcome_kind(), Some(OutcomeKind::Rejected));
    }

    #[test]
    fn an_event_counts_once() {
        let mut story = Story::default();
        for event in events().iter().chain(&events()) {
            story.tell(event);
        }
        assert_eq!((story.steps.len(), story.steps[0].attempts), (1, 2));
        assert_eq!(story.end.map(|end| end.status), Some("SUCCEEDED"));
    }

    #[test]
    fn the_file_of_the_aws_command_line_reads_the_same() {
        let document = crate::history::document(&events());
        let story = Story::of(document["events"].as_array().unwrap());
        assert_eq!(story.steps[0].milliseconds(), 250);
    }
}
