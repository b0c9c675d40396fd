//! Records -> history events, as GetExecutionHistory shows them.
//!
//! A projection: it folds just enough (payloads, which state each path is in) to give every [`Event`] its name, its
//! id, the event it follows and its details. It changes nothing and is never read back.

use std::{collections::HashMap, sync::Arc};

use serde_json::{Map, Value, json};

use crate::{
    definition::{Definition, Pattern, Resource, ResourceKind, StateId, StateKind},
    record::{Event, EventId, Failure, Millis, PathId, PayloadId, Record, Stage},
};

/// The projection of one execution's records, fed in order.
#[derive(Debug, Clone)]
pub struct History {
    definition: Arc<Definition>,
    role_arn: String,
    region: String,
    published: Option<Published>,
    payloads: Vec<String>,
    at: HashMap<PathId, StateId>,
    parents: HashMap<PathId, PathId>,
    events: EventId,
}

/// The version, and perhaps the alias, that an execution was started through.
#[derive(Debug, Clone)]
struct Published {
    version_arn: String,
    alias_arn: Option<String>,
}

impl History {
    /// A history before its first event.
    #[must_use]
    pub fn new(definition: Arc<Definition>, role_arn: &str, region: &str) -> Self {
        Self {
            definition,
            role_arn: role_arn.to_owned(),
            region: region.to_owned(),
            published: None,
            payloads: Vec::new(),
            at: HashMap::new(),
            parents: HashMap::new(),
            events: 0,
        }
    }

    /// The history of an execution that was started through a version or an alias: the first event names them.
    #[must_use]
    pub fn published(mut self, version_arn: String, alias_arn: Option<String>) -> Self {
        self.published = Some(Published { version_arn, alias_arn });
        self
    }

    /// The history event that a record shows, if any: `id`, `previousEventId`, `timestamp` (Unix seconds), `type`
    /// and the details that belong to the type.
    pub fn push(&mut self, at: Millis, record: &Record) -> Option<Value> {
        self.pass(record);
        match record {
            Record::Event { path, previous, event } => {
                let (kind, details) = self.describe(*path, event);
                let mut shown = Map::new();
                shown.insert("timestamp".to_owned(), json!(at as f64 / 1000.0));
                shown.insert("type".to_owned(), json!(kind));
                shown.insert("id".to_owned(), json!(self.events));
                shown.insert("previousEventId".to_owned(), json!(previous));
                if let Some((name, details)) = details {
                    shown.insert(name, details);
                }
                Some(Value::Object(shown))
            }
            _ => None,
        }
    }

    /// Takes a record in without showing its event.
    pub fn pass(&mut self, record: &Record) {
        match record {
            Record::Payload(text) => self.payloads.push(text.clone()),
            Record::Event { path, event, .. } => {
                self.events += 1;
                match event {
                    Event::StateEntered { state, .. } => {
                        self.at.insert(*path, *state);
                    }
                    Event::IterationStarted { parent, .. } => {
                        self.parents.insert(*path, *parent);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// How many events it has taken in.
    #[must_use]
    pub fn events(&self) -> EventId {
        self.events
    }

    fn describe(&self, path: PathId, event: &Event) -> (String, Option<(String, Value)>) {
        match event {
            Event::ExecutionStarted { input } => {
                let mut details = self.text("input", *input);
                details.insert("roleArn".to_owned(), json!(self.role_arn));
                if let Some(Published { version_arn, alias_arn }) = &self.published {
                    details.insert("stateMachineVersionArn".to_owned(), json!(version_arn));
                    details.extend(alias_arn.as_ref().map(|arn| ("stateMachineAliasArn".to_owned(), json!(arn))));
                }
                named("ExecutionStarted", details)
            }
            Event::StateEntered { state, input } => {
                let mut details = self.text("input", *input);
                details.insert("name".to_owned(), json!(self.definition.state(*state).name));
                (
                    format!("{}StateEntered", self.type_of(*state)),
                    Some(("stateEnteredEventDetails".to_owned(), Value::Object(details))),
                )
            }
            Event::StateExited { state, output, assigned, .. } => {
                let mut details = self.text("output", *output);
                details.insert("name".to_owned(), json!(self.definition.state(*state).name));
                if !assigned.is_empty() {
                    let variables: Map<String, Value> =
                        assigned.iter().map(|(name, value)| (name.clone(), json!(self.payload(*value)))).collect();
                    details.insert("assignedVariables".to_owned(), Value::Object(variables));
                    details.insert("assignedVariablesDetails".to_owned(), json!({ "truncated": false }));
                }
                (
                    format!("{}StateExited", self.type_of(*state)),
                    Some(("stateExitedEventDetails".to_owned(), Value::Object(details))),
                )
            }
            Event::TaskScheduled { .. }
            | Event::TaskStarted { .. }
            | Event::TaskSubmitted { .. }
            | Event::TaskSucceeded { .. }
            | Event::TaskFailed { .. }
            | Event::TaskTimedOut { .. } => self.task(path, event),
            Event::ParallelStarted { .. } => plain("ParallelStateStarted"),
            Event::ParallelSucceeded { .. } => plain("ParallelStateSucceeded"),
            Event::ParallelFailed => plain("ParallelStateFailed"),
            Event::MapStarted { length, .. } => named("MapStateStarted", fields([("length", json!(length))])),
            Event::IterationStarted { parent, index, .. } => self.iteration("Started", *parent, *index),
            Event::IterationSucceeded { index } => self.iteration("Succeeded", self.map_of(path), *index),
            Event::IterationFailed { index } => self.iteration("Failed", self.map_of(path), *index),
            Event::IterationAborted { index } => self.iteration("Aborted", self.map_of(path), *index),
            Event::MapSucceeded { .. } => plain("MapStateSucceeded"),
            Event::MapFailed => plain("MapStateFailed"),
            Event::StateAborted { state } => plain(&format!("{}StateAborted", self.type_of(*state))),
            Event::EvaluationFailed { state, location, failure } => {
                let mut details = self.failure(failure);
                if let Some(location) = location {
                    details.insert("location".to_owned(), json!(location));
                }
                details.insert("state".to_owned(), json!(self.definition.state(*state).name));
                named("EvaluationFailed", details)
            }
            Event::ExecutionSucceeded { output } => named("ExecutionSucceeded", self.text("output", *output)),
            Event::ExecutionFailed { failure } => named("ExecutionFailed", self.failure(failure)),
            Event::ExecutionTimedOut => named("ExecutionTimedOut", fields([("error", json!("States.Timeout"))])),
            Event::ExecutionAborted { failure } => named("ExecutionAborted", self.failure(failure)),
            Event::MapRunStarted { map_run_arn, .. } => {
                named("MapRunStarted", fields([("mapRunArn", json!(map_run_arn))]))
            }
            Event::MapRunSucceeded => plain("MapRunSucceeded"),
            Event::MapRunFailed { failure } => named("MapRunFailed", self.failure(failure)),
            Event::MapRunAborted => plain("MapRunAborted"),
            Event::ExecutionRedriven { count, .. } => {
                named("ExecutionRedriven", fields([("redriveCount", json!(count))]))
            }
            Event::MapRunRedriven { map_run_arn, count } => {
                named("MapRunRedriven", fields([("mapRunArn", json!(map_run_arn)), ("redriveCount", json!(count))]))
            }
        }
    }
}

impl History {
    fn task(&self, path: PathId, event: &Event) -> (String, Option<(String, Value)>) {
        let Some(StateKind::Task(task)) = self.at.get(&path).map(|state| &self.definition.state(*state).kind) else {
            return plain("TaskStarted");
        };
        match &task.resource.kind {
            ResourceKind::Lambda => self.called("LambdaFunction", &task.resource, event),
            ResourceKind::Activity => self.called("Activity", &task.resource, event),
            ResourceKind::Service { .. } | ResourceKind::Sdk { .. } => self.integrated(&task.resource, event),
        }
    }

    /// The events of a function that is called by its ARN, and of an activity.
    fn called(&self, kind: &str, resource: &Resource, event: &Event) -> (String, Option<(String, Value)>) {
        match event {
            Event::TaskScheduled { arguments, timeout_seconds, heartbeat_seconds, credentials, .. } => {
                let mut details = self.text("input", *arguments);
                details.insert("resource".to_owned(), json!(resource.arn));
                // Only a worker of an activity can send a heartbeat, and only a function is called with a role.
                let heartbeat_seconds = heartbeat_seconds.filter(|_| resource.kind == ResourceKind::Activity);
                limits(&mut details, *timeout_seconds, heartbeat_seconds);
                self.credentials(&mut details, *credentials);
                named(&format!("{kind}Scheduled"), details)
            }
            Event::TaskStarted { worker: Some(worker) } => {
                named(&format!("{kind}Started"), fields([("workerName", json!(worker))]))
            }
            Event::TaskSucceeded { output } => named(&format!("{kind}Succeeded"), self.text("output", *output)),
            Event::TaskFailed { failure, stage } => {
                let what = match stage {
                    Stage::Schedule => "ScheduleFailed",
                    Stage::Start => "StartFailed",
                    Stage::Submit | Stage::Run => "Failed",
                };
                named(&format!("{kind}{what}"), self.failure(failure))
            }
            Event::TaskTimedOut { failure } => named(&format!("{kind}TimedOut"), self.failure(failure)),
            _ => plain(&format!("{kind}Started")),
        }
    }

    /// The events of a service integration.
    fn integrated(&self, resource: &Resource, event: &Event) -> (String, Option<(String, Value)>) {
        let (kind, mut details) = match event {
            Event::TaskScheduled { arguments, timeout_seconds, heartbeat_seconds, credentials, .. } => {
                let mut details =
                    fields([("parameters", json!(self.payload(*arguments))), ("region", json!(self.region))]);
                limits(&mut details, *timeout_seconds, *heartbeat_seconds);
                self.credentials(&mut details, *credentials);
                ("TaskScheduled", details)
            }
            Event::TaskSubmitted { output } => ("TaskSubmitted", self.text("output", *output)),
            Event::TaskSucceeded { output } => ("TaskSucceeded", self.text("output", *output)),
            Event::TaskFailed { failure, stage } => {
                let kind = match stage {
                    Stage::Start => "TaskStartFailed",
                    Stage::Submit => "TaskSubmitFailed",
                    Stage::Schedule | Stage::Run => "TaskFailed",
                };
                (kind, self.failure(failure))
            }
            Event::TaskTimedOut { failure } => ("TaskTimedOut", self.failure(failure)),
            _ => ("TaskStarted", Map::new()),
        };
        let (action, service) = wire_names(resource);
        details.insert("resource".to_owned(), json!(action));
        details.insert("resourceType".to_owned(), json!(service));
        named(kind, details)
    }

    fn credentials(&self, details: &mut Map<String, Value>, credentials: Option<PayloadId>) {
        let Some(credentials) = credentials else { return };
        let credentials: Value = serde_json::from_str(self.payload(credentials)).unwrap_or_default();
        details.insert("taskCredentials".to_owned(), json!({ "roleArn": credentials["RoleArn"] }));
    }

    fn iteration(&self, what: &str, map: PathId, index: u64) -> (String, Option<(String, Value)>) {
        let name = self.at.get(&map).map_or("", |state| &self.definition.state(*state).name);
        named(&format!("MapIteration{what}"), fields([("index", json!(index)), ("name", json!(name))]))
    }

    fn map_of(&self, iteration: PathId) -> PathId {
        self.parents.get(&iteration).copied().unwrap_or(iteration)
    }

    fn type_of(&self, state: StateId) -> &'static str {
        match self.definition.state(state).kind {
            StateKind::Pass { .. } => "Pass",
            StateKind::Task(_) => "Task",
            StateKind::Choice { .. } => "Choice",
            StateKind::Wait { .. } => "Wait",
            StateKind::Succeed => "Succeed",
            StateKind::Fail { .. } => "Fail",
            StateKind::Parallel { .. } => "Parallel",
            StateKind::Map(_) => "Map",
        }
    }

    fn payload(&self, id: PayloadId) -> &str {
        self.payloads.get(id.0 as usize).map_or("", String::as_str)
    }

    /// A payload with the note that it is whole.
    fn text(&self, name: &str, id: PayloadId) -> Map<String, Value> {
        fields([(name, json!(self.payload(id))), (&format!("{name}Details"), json!({ "truncated": false }))])
    }

    fn failure(&self, failure: &Failure) -> Map<String, Value> {
        let mut details = Map::new();
        if let Some(error) = &failure.error {
            details.insert("error".to_owned(), json!(error));
        }
        if let Some(cause) = failure.cause {
            details.insert("cause".to_owned(), json!(self.payload(cause)));
        }
        details
    }
}

/// `resource` and `resourceType` of a service integration's events.
#[must_use]
pub fn wire_names(resource: &Resource) -> (String, String) {
    let suffix = match resource.pattern {
        Pattern::RequestResponse => "",
        Pattern::Sync => ".sync",
        Pattern::Sync2 => ".sync:2",
        Pattern::WaitForTaskToken => ".waitForTaskToken",
    };
    match &resource.kind {
        ResourceKind::Service { service, action } => (format!("{action}{suffix}"), service.clone()),
        ResourceKind::Sdk { service, action } => (format!("{action}{suffix}"), format!("aws-sdk:{service}")),
        ResourceKind::Lambda => (resource.arn.clone(), "lambda".to_owned()),
        ResourceKind::Activity => (resource.arn.clone(), "activity".to_owned()),
    }
}

fn limits(details: &mut Map<String, Value>, timeout: Option<u64>, heartbeat: Option<u64>) {
    if let Some(seconds) = timeout {
        details.insert("timeoutInSeconds".to_owned(), json!(seconds));
    }
    if let Some(seconds) = heartbeat {
        details.insert("heartbeatInSeconds".to_owned(), json!(seconds));
    }
}

fn fields<const N: usize>(entries: [(&str, Value); N]) -> Map<String, Value> {
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn plain(kind: &str) -> (String, Option<(String, Value)>) {
    (kind.to_owned(), None)
}

/// A type and its details, whose name is the type's with a small first letter.
fn named(kind: &str, details: Map<String, Value>) -> (String, Option<(String, Value)>) {
    let (first, rest) = kind.split_at(1);
    (kind.to_owned(), Some((format!("{}{rest}EventDetails", first.to_lowercase()), Value::Object(details))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(history: History, event: Event, expect: Value) {
        let mut history = history;
        history.push(0, &Record::Payload("{}".to_owned()));
        let shown = history.push(0, &Record::Event { path: PathId(0), previous: 0, event }).unwrap();
        let details = shown.as_object().unwrap().iter().find(|(name, _)| name.ends_with("EventDetails"));
        assert_eq!(details.map(|(_, details)| details), Some(&expect));
    }

    fn history(task: &Value) -> History {
        let text = json!({ "StartAt": "T", "States": { "T": task } }).to_string();
        let mut history = History::new(Arc::new(Definition::parse(&text).unwrap()), "role", "eu-west-1");
        history.at.insert(PathId(0), StateId(0));
        history
    }

    #[test]
    fn the_start_names_the_version_and_the_alias() {
        let started = Event::ExecutionStarted { input: PayloadId(0) };
        let plain = json!({ "input": "{}", "inputDetails": { "truncated": false }, "roleArn": "role" });
        let pass = json!({ "Type": "Pass", "End": true });
        check(history(&pass), started.clone(), plain.clone());
        let mut named = plain;
        named["stateMachineVersionArn"] = json!("m:2");
        check(history(&pass).published("m:2".to_owned(), None), started.clone(), named.clone());
        named["stateMachineAliasArn"] = json!("m:live");
        check(history(&pass).published("m:2".to_owned(), Some("m:live".to_owned())), started, named);
    }

    #[test]
    fn a_function_is_scheduled_with_its_role_and_without_a_heartbeat() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:f";
        let scheduled = Event::TaskScheduled {
            arguments: PayloadId(0),
            timeout_seconds: Some(9),
            heartbeat_seconds: Some(3),
            credentials: Some(PayloadId(0)),
            token: None,
        };
        check(
            history(&json!({ "Type": "Task", "Resource": arn, "End": true })),
            scheduled,
            json!({
                "input": "{}", "inputDetails": { "truncated": false }, "resource": arn, "timeoutInSeconds": 9,
                "taskCredentials": { "roleArn": null },
            }),
        );
    }
}
