//! Whole executions, driven step by step by a script, and cut after each step.
//!
//! A script says what the world does. To the oldest thing that was asked for: `ok JSON`, `fail ERROR` and `submit` (its token
//! comes later) answer a call; `child` lets a child execution really run and `fail ERROR` ends it badly; `read JSON` and
//! `unread CAUSE` answer a reader, `written` and `unwritten CAUSE` a writer. `last` lets the youngest child run. `token JSON`
//! returns the oldest open token and `heartbeat` keeps it. `tick` lets time reach the next timer, `stop` stops the execution,
//! `redrive` lets it go on.
//!
//! After each step the execution is also built anew from its records alone: it must be the same to the letter, and ask for the
//! same things.

use std::{fmt::Display, sync::Arc};

use serde_json::Value;
use statemachine::{
    Advance, Command, Definition, Execution, Identity, Millis, Record, Refused, Signal, StartChild, Status,
    history::History, items::Items,
};

pub(crate) struct Run {
    pub(crate) execution: Execution,
    /// The records of each step, and when it was.
    pub(crate) batches: Vec<(Millis, Vec<Record>)>,
    /// What was asked for and not answered.
    pub(crate) asked: Vec<Command>,
    pub(crate) now: Millis,
    draws: u64,
}

impl Run {
    pub(crate) fn start(definition: impl Display, input: &str) -> Self {
        let definition = Definition::parse(&definition.to_string()).unwrap_or_else(|error| panic!("{error}"));
        Self::begin(Execution::new(Arc::new(definition), Arc::new(identity())), input)
    }

    /// The child execution that is asked for.
    pub(crate) fn child(&self, start: &StartChild) -> Self {
        let identity = Identity {
            number: start.index + 2,
            execution_arn: start.execution_arn.clone(),
            name: start.name.clone(),
            state_machine_arn: start.state_machine_arn.clone(),
            state_machine_name: start.state_machine_name.clone(),
            role_arn: "role".to_owned(),
        };
        let definition = Arc::clone(self.execution.definition());
        Self::begin(Execution::child(definition, Arc::new(identity), start.part), &start.input)
    }

    fn begin(execution: Execution, input: &str) -> Self {
        let mut run = Self { execution, batches: Vec::new(), asked: Vec::new(), now: 1_000_000, draws: 0 };
        let mut draws = run.draws;
        let advance = run.execution.start(input, run.now, &mut || next(&mut draws));
        run.draws = draws;
        run.note(advance);
        run
    }

    pub(crate) fn signal(&mut self, signal: Option<Signal>) -> Result<(), Refused> {
        let mut draws = self.draws;
        let advance = self.execution.advance(signal, self.now, &mut || next(&mut draws))?;
        self.draws = draws;
        self.note(advance);
        Ok(())
    }

    pub(crate) fn play(&mut self, script: &str) {
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            self.now += 1;
            let signal = match word {
                "tick" => {
                    self.now = self.execution.next_due().unwrap().max(self.now);
                    None
                }
                "token" => Some(Signal::TokenSucceeded { token: self.token(), output: rest.to_owned() }),
                "heartbeat" => Some(Signal::TokenHeartbeat { token: self.token() }),
                "stop" => Some(Signal::Stop { error: None, cause: None }),
                "redrive" => {
                    self.asked.retain(|asked| !matches!(asked, Command::AbortChildren(_)));
                    Some(Signal::Redrive { client_token: None })
                }
                "last" => Some(self.answer(self.asked.len() - 1, "child", rest)),
                word => Some(self.answer(0, word, rest)),
            };
            self.signal(signal).unwrap();
        }
    }

    /// The oldest open token.
    pub(crate) fn token(&self) -> String {
        self.execution.open_tokens().remove(0)
    }

    fn answer(&mut self, place: usize, word: &str, rest: &str) -> Signal {
        let (text, because) = (rest.to_owned(), Some("because".to_owned()));
        match (self.asked.remove(place), word) {
            (Command::InvokeTask(call), "ok") => Signal::TaskSucceeded { task: call.task, output: text },
            (Command::InvokeTask(call), "fail") => {
                Signal::TaskFailed { task: call.task, error: Some(text), cause: because }
            }
            (Command::InvokeTask(call), "submit") => Signal::TaskSubmitted { task: call.task, output: "{}".to_owned() },
            (Command::ReadItems(read), "read") => {
                let items = Items { data: text, sources: vec![(0, "S3://b/k".to_owned())] };
                Signal::ItemsRead { run: read.run, items }
            }
            (Command::ReadItems(read), "unread") => Signal::ItemsFailed { run: read.run, cause: text },
            (Command::StartChild(start), "child") => {
                let mut child = self.child(&start);
                while !child.asked.is_empty() {
                    child.play("child");
                }
                Signal::ChildEnded { run: start.run, index: start.index, status: child.execution.status().clone() }
            }
            (Command::StartChild(start), "fail") => {
                let status = Status::Failed { error: Some(text), cause: because };
                Signal::ChildEnded { run: start.run, index: start.index, status }
            }
            (Command::WriteResults(write), "written") => Signal::ResultsWritten { run: write.run },
            (Command::WriteResults(write), "unwritten") => Signal::ResultsFailed { run: write.run, cause: text },
            (command, word) => panic!("`{word}` answers no {command:?}"),
        }
    }

    fn note(&mut self, advance: Advance) {
        for command in advance.commands {
            if let Command::AbortChildren(abort) = &command {
                self.asked.retain(|asked| !matches!(asked, Command::StartChild(start) if start.run == abort.run));
            }
            self.asked.push(command);
        }
        if !self.execution.is_running() {
            self.asked.retain(|asked| matches!(asked, Command::AbortChildren(_)));
        }
        // Nobody is told that a call was given up; its answer is refused when it comes.
        let outstanding = self.execution.outstanding();
        self.asked.retain(|asked| !matches!(asked, Command::InvokeTask(_)) || outstanding.contains(asked));
        self.batches.push((self.execution.latest(), advance.records));
        self.cut();
    }

    /// Recovery: the records alone make the same execution, which asks for the same things.
    fn cut(&self) {
        let mut recovered = anew(&self.execution);
        for (at, records) in &self.batches {
            records.iter().for_each(|record| recovered.apply(*at, record));
        }
        assert_eq!(format!("{recovered:?}"), format!("{:?}", self.execution));
        let sorted = |commands: &[Command]| {
            let mut shown: Vec<String> = commands.iter().map(|command| format!("{command:?}")).collect();
            shown.sort();
            shown
        };
        assert_eq!(sorted(&recovered.outstanding()), sorted(&self.asked));
    }

    /// The history as `id<previous Type`, one a line.
    pub(crate) fn rows(&self) -> Vec<String> {
        self.events()
            .iter()
            .map(|event| format!("{}<{} {}", event["id"], event["previousEventId"], event["type"].as_str().unwrap()))
            .collect()
    }

    pub(crate) fn events(&self) -> Vec<Value> {
        let mut history = History::new(Arc::clone(self.execution.definition()), "role", "eu-west-1");
        let records = self.batches.iter().flat_map(|(at, records)| records.iter().map(move |record| (*at, record)));
        records.filter_map(|(at, record)| history.push(at, record)).collect()
    }
}

/// An execution before its first record, of the same kind.
fn anew(execution: &Execution) -> Execution {
    let (definition, identity) = (Arc::clone(execution.definition()), Arc::clone(execution.identity()));
    match execution.part() {
        Some(part) => Execution::child(definition, identity, part),
        None => Execution::new(definition, identity),
    }
}

fn next(draws: &mut u64) -> u64 {
    *draws += 1;
    draws.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn identity() -> Identity {
    Identity {
        number: 1,
        execution_arn: "arn:aws:states:eu-west-1:123456789012:execution:m:e".to_owned(),
        name: "e".to_owned(),
        state_machine_arn: "arn:aws:states:eu-west-1:123456789012:stateMachine:m".to_owned(),
        state_machine_name: "m".to_owned(),
        role_arn: "role".to_owned(),
    }
}

/// Runs a script; its history, `id<previous Type` one after the other, and its end must be these.
#[track_caller]
pub(crate) fn check(definition: impl Display, input: &str, script: &str, rows: &str, status: Status) -> Run {
    let mut run = Run::start(definition, input);
    run.play(script);
    let rows: Vec<String> = rows.split_whitespace().collect::<Vec<_>>().chunks(2).map(|c| c.join(" ")).collect();
    assert_eq!(run.rows().join("\n"), rows.join("\n"));
    assert_eq!(run.execution.status(), &status);
    run
}

pub(crate) fn succeeded(output: &str) -> Status {
    Status::Succeeded { output: output.to_owned() }
}

pub(crate) fn failed(error: &str, cause: &str) -> Status {
    Status::Failed { error: Some(error.to_owned()), cause: Some(cause.to_owned()) }
}
