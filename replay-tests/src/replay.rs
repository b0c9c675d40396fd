//! Replay: does the current code do what a history says was done?
//!
//! The definition and the pure functions are today's; the answers of everything that touches the world, every time
//! and every task token are the history's. Each event that the current code makes is compared with the recorded one;
//! the first that differs ends the replay, because from there on the history says nothing about the code.
//!
//! What a history does not show cannot be taken from it: a random number that an expression drew makes a divergence,
//! which names it.

use std::{fmt, sync::Arc};

use serde_json::{Value, json};
use statemachine::{
    Command, Definition, Execution, Identity, InvokeTask, Millis, Record, Signal, history as project, record::Event,
};

use crate::{
    answers::{Answers, details},
    conformance::normalised,
    history::History,
};

/// The functions that are run again rather than taken from the history.
pub trait Functions {
    /// What the current code answers to a call, or `None` for a function that touches the world.
    ///
    /// The error is a pair of the error type and the message.
    fn call(&self, function: &str, payload: Value) -> Option<Result<Value, (String, String)>>;
}

/// A replay that agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// How many events were compared.
    pub events: usize,
    /// How many calls were made to the current functions.
    pub calls: usize,
}

/// The first event in which code and history differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Divergence {
    /// The event's id.
    pub id: u64,
    /// Where in the event, a JSON pointer; empty for the whole event.
    pub pointer: String,
    /// What the history says; `null` when it has ended.
    pub history: Value,
    /// What the code does; `null` when it does nothing more.
    pub code: Value,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "diverges at event {}{}",
            self.id,
            if self.pointer.is_empty() { String::new() } else { format!(", {}", self.pointer) }
        )?;
        writeln!(f, "  history: {}", shown(&self.history, &self.pointer))?;
        write!(f, "  code:    {}", shown(&self.code, &self.pointer))
    }
}

/// Replays a history against a definition and functions.
///
/// # Errors
/// The first event in which they part.
pub fn check(
    history: &History,
    definition: Definition,
    functions: &dyn Functions,
) -> Result<Agreement, Box<Divergence>> {
    let definition = Arc::new(definition);
    let mut run = Run::new(history, Arc::clone(&definition));
    let mut execution = Execution::new(definition, Arc::new(identity(history)));
    let mut chance = || 0;
    let mut signals: Vec<Signal> = Vec::new();
    let mut advance = execution.start(history.input(), history.time_of(1), &mut chance);
    loop {
        for record in &advance.records {
            run.compare(execution.latest(), record)?;
        }
        for command in &advance.commands {
            if let Command::InvokeTask(call) = command {
                signals.extend(run.answer(call, functions));
            }
        }
        let now = history.time_of(run.next);
        let signal = if signals.is_empty() { None } else { Some(signals.remove(0)) };
        if signal.is_none()
            && (execution.next_due().is_none_or(|due| due > now) || run.next > history.events.len() as u64)
        {
            break;
        }
        advance = execution.advance(signal, now, &mut chance).unwrap_or_default();
    }
    run.finish(&execution)
}

struct Run<'h> {
    history: &'h History,
    ours: project::History,
    answers: Answers,
    /// The id of the event that comes next.
    next: u64,
    calls: usize,
    tokens: Vec<(String, Option<String>)>,
}

impl<'h> Run<'h> {
    fn new(history: &'h History, definition: Arc<Definition>) -> Self {
        let region = details_of(history, "region").unwrap_or_default();
        Self {
            history,
            ours: project::History::new(definition, history.role_arn(), &region),
            answers: Answers::of(&history.events),
            next: 1,
            calls: 0,
            tokens: Vec::new(),
        }
    }

    fn compare(&mut self, at: Millis, record: &Record) -> Result<(), Box<Divergence>> {
        let Some(code) = self.ours.push(at, record) else { return Ok(()) };
        if let Record::Event { event: Event::TaskScheduled { token: Some(token), .. }, .. } = record {
            self.tokens.push((token.clone(), None));
        }
        let id = self.next;
        self.next += 1;
        let Some(theirs) = self.history.events.get(id as usize - 1) else {
            return Err(Box::new(Divergence { id, pointer: String::new(), history: Value::Null, code }));
        };
        match self.difference(&normalised(theirs), &normalised(&code), "") {
            None => Ok(()),
            Some(pointer) => {
                Err(Box::new(Divergence { id, pointer, history: normalised(theirs), code: normalised(&code) }))
            }
        }
    }

    /// Where two values differ first; our task tokens stand for theirs.
    fn difference(&mut self, theirs: &Value, code: &Value, path: &str) -> Option<String> {
        match (theirs, code) {
            (Value::Object(a), Value::Object(b)) => {
                let keys = a
                    .keys()
                    .chain(b.keys().filter(|key| !a.contains_key(*key)))
                    .filter(|key| path.is_empty() <= (*key != "timestamp"));
                let keys: Vec<&String> = keys.collect();
                keys.into_iter().find_map(|key| {
                    let path = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
                    match (a.get(key), b.get(key)) {
                        (Some(a), Some(b)) => self.difference(a, b, &path),
                        _ => Some(path),
                    }
                })
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
                .iter()
                .zip(b)
                .enumerate()
                .find_map(|(place, (a, b))| self.difference(a, b, &format!("{path}/{place}"))),
            (Value::String(a), Value::String(b)) if a == b || self.token_agrees(a, b) => None,
            (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => None,
            (a, b) if a == b => None,
            _ => Some(path.to_owned()),
        }
    }

    fn token_agrees(&mut self, theirs: &str, ours: &str) -> bool {
        self.tokens.iter_mut().filter(|(token, _)| ours.contains(token.as_str())).any(|(token, known)| {
            let Some((before, after)) = ours.split_once(token.as_str()) else { return false };
            let Some(middle) = theirs.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)) else {
                return false;
            };
            known.get_or_insert_with(|| middle.to_owned()) == middle
        })
    }

    /// The signals that answer a call: the current code's where it is pure, else the history's.
    fn answer(&mut self, call: &InvokeTask, functions: &dyn Functions) -> Vec<Signal> {
        let recorded = self.answers.next_for(call);
        let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
        let name = function_name(&arguments);
        let pure = if call.token.is_none() { functions.call(name, arguments["Payload"].clone()) } else { None };
        let Some(answer) = pure else {
            return recorded.map(|answer| answer.signals(call)).unwrap_or_default();
        };
        self.calls += 1;
        let task = call.task;
        vec![match answer {
            Ok(payload) => Signal::TaskSucceeded { task, output: wrapped(recorded, payload).to_string() },
            Err((error, message)) => {
                let cause = json!({ "errorMessage": message, "errorType": error }).to_string();
                Signal::TaskFailed { task, error: Some(error), cause: Some(cause) }
            }
        }]
    }

    fn finish(self, execution: &Execution) -> Result<Agreement, Box<Divergence>> {
        let compared = self.next as usize - 1;
        match self.history.events.get(compared) {
            // StopExecution comes from outside; it says nothing about the code.
            Some(event) if execution.is_running() && event["type"] == "ExecutionAborted" => {
                Ok(Agreement { events: compared, calls: self.calls })
            }
            Some(event) => Err(Box::new(Divergence {
                id: self.next,
                pointer: String::new(),
                history: event.clone(),
                code: Value::Null,
            })),
            None => Ok(Agreement { events: compared, calls: self.calls }),
        }
    }
}

/// The current answer in the wrapping that the recorded call had.
fn wrapped(recorded: Option<crate::answers::Answer>, payload: Value) -> Value {
    let text = match recorded.map(|answer| answer.outcome) {
        Some(crate::answers::Outcome::Succeeded(text)) => text,
        _ => return json!({ "ExecutedVersion": "$LATEST", "Payload": payload, "StatusCode": 200 }),
    };
    let mut document: Value = serde_json::from_str(&text).unwrap_or_default();
    document["Payload"] = payload;
    document
}

/// The name in a function ARN, with or without a qualifier.
fn function_name(arguments: &Value) -> &str {
    let arn = arguments["FunctionName"].as_str().unwrap_or_default();
    arn.split_once(":function:").map_or(arn, |(_, rest)| rest).split(':').next().unwrap_or_default()
}

/// Who the execution was, as far as its history says.
fn identity(history: &History) -> Identity {
    let arn = find_execution_arn(&history.events).unwrap_or_default();
    let parts: Vec<&str> = arn.split(':').collect();
    let part = |place: usize| parts.get(place).copied().unwrap_or_default();
    Identity {
        number: 0,
        name: part(7).to_owned(),
        state_machine_arn: format!("arn:{}:states:{}:{}:stateMachine:{}", part(1), part(3), part(4), part(6)),
        state_machine_name: part(6).to_owned(),
        role_arn: history.role_arn().to_owned(),
        execution_arn: arn,
    }
}

/// The execution's own ARN, where some payload repeats it.
fn find_execution_arn(events: &[Value]) -> Option<String> {
    let pattern = regex::Regex::new(r"arn:[a-z-]+:states:[a-z0-9-]+:\d{12}:execution:[^:\x22\\]+:[^:\x22\\]+").ok()?;
    events.iter().find_map(|event| pattern.find(&event.to_string()).map(|found| found.as_str().to_owned()))
}

fn details_of(history: &History, name: &str) -> Option<String> {
    history.events.iter().find_map(|event| details(event)[name].as_str().map(str::to_owned))
}

fn shown(event: &Value, pointer: &str) -> String {
    let kind = event["type"].as_str().unwrap_or("nothing more");
    match event.pointer(pointer) {
        Some(value) if !pointer.is_empty() => format!("{kind} {value}"),
        Some(value) if !value.is_null() => value.to_string(),
        _ => format!("{kind}, without it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Doubler(i64);

    impl Functions for Doubler {
        fn call(&self, function: &str, payload: Value) -> Option<Result<Value, (String, String)>> {
            (function == "double").then(|| match payload.as_i64() {
                Some(number) => Ok(json!(number * self.0)),
                None => Err(("BadInput".to_owned(), "not a number".to_owned())),
            })
        }
    }

    const MACHINE: &str = r#"{"QueryLanguage": "JSONata", "StartAt": "Double", "States": {
        "Double": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": "arn:aws:lambda:us-east-1:111111111111:function:double", "Payload": "{% $states.input %}"},
            "Output": "{% $states.result.Payload %}", "Next": "Pause"},
        "Pause": {"Type": "Wait", "Seconds": 60, "Next": "Ask"},
        "Ask": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Arguments": {"FunctionName": "ask", "Payload": {"token": "{% $states.context.Task.Token %}"}}, "End": true}}}"#;

    /// A history of the machine above, as it would have been written with another engine's token.
    fn recorded() -> History {
        let definition = Arc::new(Definition::parse(MACHINE).unwrap());
        let identity = Identity {
            number: 7,
            execution_arn: String::new(),
            name: String::new(),
            state_machine_arn: String::new(),
            state_machine_name: String::new(),
            role_arn: "role".to_owned(),
        };
        let mut execution = Execution::new(Arc::clone(&definition), Arc::new(identity));
        let mut ours = project::History::new(definition, "role", "us-east-1");
        let mut events: Vec<Value> = Vec::new();
        let mut chance = || 99;
        let mut step = |advance: statemachine::Advance, at: i64| -> Option<InvokeTask> {
            events.extend(advance.records.iter().filter_map(|record| ours.push(at, record)));
            advance.commands.into_iter().find_map(|command| match command {
                Command::InvokeTask(call) => Some(call),
                _ => None,
            })
        };
        let call = step(execution.start("21", 1000, &mut chance), 1000).unwrap();
        let output = json!({ "ExecutedVersion": "1", "Payload": 42, "StatusCode": 200 }).to_string();
        step(
            execution.advance(Some(Signal::TaskSucceeded { task: call.task, output }), 2000, &mut chance).unwrap(),
            2000,
        );
        let call = step(execution.advance(None, 62_000, &mut chance).unwrap(), 62_000).unwrap();
        let submitted = Signal::TaskSubmitted { task: call.task, output: "{}".to_owned() };
        step(execution.advance(Some(submitted), 63_000, &mut chance).unwrap(), 63_000);
        let approved = Signal::TokenSucceeded { token: call.token.unwrap(), output: r#"{"approved":true}"#.to_owned() };
        step(execution.advance(Some(approved), 90_000, &mut chance).unwrap(), 90_000);
        History::parse(&json!({ "events": events }).to_string()).unwrap()
    }

    #[test]
    fn the_same_code_agrees_whatever_the_token() {
        let agreement = check(&recorded(), Definition::parse(MACHINE).unwrap(), &Doubler(2)).unwrap();
        assert_eq!(agreement, Agreement { events: recorded().events.len(), calls: 1 });
    }

    #[test]
    fn a_changed_function_diverges_where_its_answer_shows() {
        let divergence = check(&recorded(), Definition::parse(MACHINE).unwrap(), &Doubler(3)).unwrap_err();
        assert_eq!((divergence.id, divergence.pointer.as_str()), (5, "/taskSucceededEventDetails/output/Payload"));
        assert!(divergence.to_string().contains("history: TaskSucceeded 42"), "{divergence}");
        assert!(divergence.to_string().contains("code:    TaskSucceeded 63"), "{divergence}");
    }

    #[test]
    fn a_changed_definition_diverges_at_the_first_other_event() {
        let changed = MACHINE.replace(r#""Type": "Wait", "Seconds": 60"#, r#""Type": "Pass""#);
        let divergence = check(&recorded(), Definition::parse(&changed).unwrap(), &Doubler(2)).unwrap_err();
        assert_eq!(divergence.history["type"], "WaitStateEntered");
        assert_eq!(divergence.code["type"], "PassStateEntered");
    }

    #[test]
    fn a_history_that_goes_on_diverges_from_code_that_ends() {
        let (kept, _) = MACHINE.split_once(r#", "Next": "Ask""#).unwrap();
        let changed = format!(r#"{kept}, "End": true}}}}}}"#);
        let divergence = check(&recorded(), Definition::parse(&changed).unwrap(), &Doubler(2)).unwrap_err();
        assert_eq!(divergence.code["type"], "ExecutionSucceeded");
    }
}
