//! Whole executions, cut and restarted in every way.

mod actions;
mod activity;
mod catalog;
mod crash;
mod express;
mod jobs;
mod life;
mod logging;
mod map_run;
mod redrive;

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use futures::FutureExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::{Config, Engine, ExecutionStatus, ManualClock, NewStateMachine, StartExecution};
use crate::task::{FunctionError, Invocation, Objects, Registry};

/// A data directory, a clock that stands still, and functions that say what they were asked.
struct Bench {
    data: TempDir,
    clock: ManualClock,
    /// Every call, in order: the function and the idempotency key.
    calls: Arc<Mutex<Vec<(String, String)>>>,
    tokens: Mutex<mpsc::UnboundedReceiver<String>>,
    functions: Registry,
    objects: Option<Arc<dyn Objects>>,
}

impl Bench {
    fn new() -> Self {
        Self::at(tempfile::tempdir().unwrap(), NOON)
    }

    fn at(data: TempDir, now: i64) -> Self {
        let (sender, tokens) = mpsc::unbounded_channel();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let mut functions = Registry::default();
        let said = Arc::clone(&calls);
        let note =
            move |call: &Invocation| said.lock().unwrap().push((call.function.clone(), call.idempotency_key.clone()));
        let noted = note.clone();
        functions.insert("double", move |call| {
            noted(&call);
            async move {
                call.payload
                    .as_i64()
                    .map(|n| json!(n * 2))
                    .ok_or(FunctionError::new("NotANumber", call.payload.to_string()))
            }
            .boxed()
        });
        functions.insert("ask", move |call| {
            note(&call);
            sender.send(call.payload["token"].as_str().unwrap().to_owned()).unwrap();
            async { Ok(json!("asked")) }.boxed()
        });
        Self { data, clock: ManualClock::at(now), calls, tokens: Mutex::new(tokens), functions, objects: None }
    }

    async fn open(&self) -> Engine {
        let clock = Arc::new(self.clock.clone());
        let objects = self.objects.clone();
        let config = Config { functions: self.functions.clone(), objects, clock, ..Config::new(self.data.path()) };
        Engine::open(config).await.unwrap()
    }

    /// The next token that a person was asked with.
    #[expect(clippy::await_holding_lock, reason = "one test at a time uses its bench")]
    async fn token(&self) -> String {
        self.tokens.lock().unwrap().recv().await.unwrap()
    }

    /// What a killed process would leave.
    fn killed(&self) -> Self {
        let left = tempfile::tempdir().unwrap();
        copy(self.data.path(), left.path());
        Self::at(left, self.clock_now())
    }

    fn clock_now(&self) -> i64 {
        super::Clock::now(&self.clock)
    }
}

/// A state that asks and waits for the answer.
fn asking(next: &str) -> Value {
    json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "Next": next,
        "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}}
    })
}

fn definition(start: &str, states: &Value) -> String {
    json!({"StartAt": start, "States": states}).to_string()
}

/// Seven Pass states.
fn passes() -> String {
    let mut states = json!({});
    for n in 1..7 {
        states[format!("P{n}")] = json!({"Type": "Pass", "Next": format!("P{}", n + 1)});
    }
    states["P7"] = json!({"Type": "Pass", "End": true});
    definition("P1", &states)
}

/// One question.
fn question() -> String {
    definition("Ask", &json!({"Ask": asking("Done"), "Done": {"Type": "Succeed"}}))
}

/// A wait of ten seconds.
fn nap() -> String {
    definition("Nap", &json!({"Nap": {"Type": "Wait", "Seconds": 10, "End": true}}))
}

/// Work, a question, a pause, work.
fn errand() -> String {
    let double = |next: &str| json!({"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:double", "InputPath": "$.n", "ResultPath": "$.n", "Next": next});
    let mut ask = asking("Pause");
    ask["ResultPath"] = json!("$.answer");
    let states = json!({
        "First": double("Ask"), "Ask": ask,
        "Pause": {"Type": "Wait", "Seconds": 10, "Next": "Second"},
        "Second": double("Done"), "Done": {"Type": "Succeed"}
    });
    definition("First", &states)
}

async fn create(engine: &Engine, name: &str, definition: String) -> String {
    let new = NewStateMachine {
        name: name.into(),
        definition,
        role_arn: "arn:aws:iam::123456789012:role/r".into(),
        ..NewStateMachine::default()
    };
    engine.create_state_machine(new).await.unwrap().0
}

async fn start(engine: &Engine, machine: &str, name: &str, input: &Value) -> String {
    let start = StartExecution { name: Some(name.into()), input: Some(input.to_string()), ..of(machine) };
    engine.start_execution(start).await.unwrap().execution_arn
}

fn of(machine: &str) -> StartExecution {
    StartExecution { state_machine_arn: machine.into(), ..StartExecution::default() }
}

async fn status(engine: &Engine, arn: &str) -> ExecutionStatus {
    engine.describe_execution(arn).await.unwrap().item.status
}

async fn types(engine: &Engine, arn: &str) -> Vec<String> {
    let events = engine.get_execution_history(arn).await.unwrap();
    events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

/// The journal's only file, and where its frames end.
fn journal_of(data: &Path) -> (Vec<u8>, Vec<usize>) {
    let mut bytes = fs::read(data.join("journal").join(FIRST)).unwrap();
    let mut ends = vec![16];
    loop {
        let at = *ends.last().unwrap();
        match u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) {
            0 => break,
            length => ends.push(at + 13 + length as usize),
        }
    }
    bytes.truncate(*ends.last().unwrap());
    (bytes, ends)
}

/// A data directory that holds this much of a journal, and no index.
fn data_of(journal: &[u8]) -> TempDir {
    let data = tempfile::tempdir().unwrap();
    fs::create_dir(data.path().join("journal")).unwrap();
    fs::write(data.path().join("journal").join(FIRST), journal).unwrap();
    data
}

/// The journal's first file.
const FIRST: &str = "0000000000000000.log";

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

const NOON: i64 = 1_790_000_000_000;
