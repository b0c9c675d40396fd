//! Map, distributed: a map run, whose children are executions of their own.
//!
//! ```text
//!   MapStateStarted ─ MapRunStarted ─ (items are read) ─ children start and end ─ (results are written)
//!                                        └─ MapRunFailed, MapRunSucceeded ─ MapStateSucceeded
//! ```
//!
//! The limits and the reader are evaluated between the first two events, so that what is wrong with them shows after
//! `MapStateStarted`.

use serde_json::{Value, json};

use crate::{
    data::{DataError, RUNTIME, uuid_v4},
    definition::{Map, StateKind},
    execution::{Draft, Execution, MapRun, Stage, map_run_arn, named_uuid},
    items::{ITEM_READER_FAILED, RESULT_WRITER_FAILED, Reader, Writer},
    record::{Event, Failure, MapRunSettings, PayloadId, Record},
    state::{Doc, View, map},
};

pub(crate) fn begin(view: &View<'_>, map: &Map, draft: &mut Draft<'_>) -> Result<(), DataError> {
    let scope = view.scope();
    let input = view.effective_input(&scope, draft)?;
    let whole = input.value(draft);
    let concurrency = map::concurrency(view, map, &whole, &scope, draft)?;
    // What a reader reads is not counted, and `ItemsPath` is for the state's own data.
    let (items, length) = match &map.item_reader {
        Some(_) => (Doc::Made(Value::Array(Vec::new())), 0),
        None => map::items(view, map, &input, &scope, draft)?,
    };
    let items = items.payload(draft);
    let state_started = draft.event(view.id, view.path.last, Event::MapStarted { items, length, concurrency });
    let settings = map::settings::settings(view, map, concurrency, &whole, &scope, draft)?;
    let broken = broken(&settings, draft);
    let label = map.label.clone().unwrap_or_else(|| named_uuid(&[&view.state.name]));
    let map_run_arn = map_run_arn(&view.execution.identity, &label, &uuid_v4(draft.chance));
    let started = draft.event(view.id, state_started, Event::MapRunStarted { map_run_arn, items, settings });
    if let Some((error, cause)) = broken {
        let failure = Failure::new(Some(error.to_owned()), Some(draft.payload(&cause)));
        draft.event(view.id, started, Event::MapRunFailed { failure });
    }
    Ok(())
}

/// Starts the next child, or ends the map run.
pub(crate) fn go_on(view: &View<'_>, run: &MapRun, draft: &mut Draft<'_>) {
    let StateKind::Map(map) = &view.state.kind else { return };
    if run.stage == Stage::Redriving {
        let (map_run_arn, count) = (run.arn.clone(), run.redrives() + 1);
        draft.event(view.id, view.path.last, Event::MapRunRedriven { map_run_arn, count });
    } else if run.has_failed() {
        let failure = failure(EXCEEDED, "The specified tolerated failure threshold was exceeded", draft);
        close(view.execution, run, Some(failure), draft);
    } else if run.can_start()
        && let Some(index) = run.pending_redrive.first()
    {
        draft.record(Record::ChildRedriven { path: run.id.path, index: *index });
    } else if run.can_start() {
        match map::batch::next(view, map, run, draft) {
            Ok((input, items)) => {
                let (index, input) = (run.children.len() as u64, draft.payload(&input));
                draft.record(Record::ChildStarted { path: run.id.path, index, items, input });
            }
            Err(problem) => {
                let failure = view.failure(&problem, draft);
                close(view.execution, run, Some(failure), draft);
            }
        }
    } else if run.is_complete() {
        close(view.execution, run, None, draft);
    }
}

/// The map run cannot read its items or write its results.
pub(crate) fn fail(run: &MapRun, error: &'static str, cause: &str, draft: &mut Draft<'_>) {
    let failure = failure(error, cause, draft);
    draft.event(run.id.path, draft.execution.last(run.id.path), Event::MapRunFailed { failure });
}

/// The results are written: what was due happens.
pub(crate) fn written(execution: &Execution, run: &MapRun, draft: &mut Draft<'_>) {
    match &run.stage {
        Stage::Writing { failure: Some(failure) } => {
            let failure = failure.clone();
            draft.event(run.id.path, execution.last(run.id.path), Event::MapRunFailed { failure });
        }
        _ => succeed(execution, run, draft),
    }
}

/// All children have ended or are given up: the results are written if they go anywhere, else that was it.
fn close(execution: &Execution, run: &MapRun, failure: Option<Failure>, draft: &mut Draft<'_>) {
    if writer(execution, run).is_some_and(|writer| writer.destination.is_some()) {
        draft.record(Record::ResultsDue { path: run.id.path, failure });
        return;
    }
    match failure {
        Some(failure) => {
            draft.event(run.id.path, execution.last(run.id.path), Event::MapRunFailed { failure });
        }
        None => succeed(execution, run, draft),
    }
}

fn succeed(execution: &Execution, run: &MapRun, draft: &mut Draft<'_>) {
    let output = output(execution, run, draft);
    let succeeded = draft.event(run.id.path, execution.last(run.id.path), Event::MapRunSucceeded);
    draft.event(run.id.path, succeeded, Event::MapSucceeded { output });
}

/// The result of the Map state: where the results are, or the results.
fn output(execution: &Execution, run: &MapRun, draft: &mut Draft<'_>) -> PayloadId {
    let writer = writer(execution, run).unwrap_or_else(|| Writer {
        destination: None,
        transformation: Default::default(),
        output_type: Default::default(),
    });
    let text = match (&writer.destination, writer.manifest_key(&run.arn)) {
        (Some(to), Some(key)) => {
            let details = json!({ "Bucket": to.bucket, "Key": key });
            json!({ "MapRunArn": run.arn, "ResultWriterDetails": details }).to_string()
        }
        _ => {
            let machine = run.state_machine_arn();
            let children = run.children.iter().enumerate();
            writer.output(children.map(|(index, child)| execution.child_result(run, index, child, &machine)))
        }
    };
    draft.payload(&text)
}

fn writer(execution: &Execution, run: &MapRun) -> Option<Writer> {
    // INVARIANT: a writer that cannot be parsed has failed its map run as it started.
    run.settings.writer.and_then(|writer| Writer::parse(&execution.value(writer)).ok())
}

/// What is wrong with the evaluated reader or writer.
fn broken(settings: &MapRunSettings, draft: &Draft<'_>) -> Option<(&'static str, String)> {
    let value = |id: PayloadId| serde_json::from_str::<Value>(draft.text(id)).unwrap_or_default();
    if let Some(Err(problem)) = settings.reader.map(|reader| Reader::parse(&value(reader))) {
        return Some((ITEM_READER_FAILED, problem.to_string()));
    }
    if let Some(Err(name)) = settings.writer.map(|writer| Writer::parse(&value(writer))) {
        let cause = format!("The field '{name}' of the ResultWriter is missing or not a string.");
        return Some((RESULT_WRITER_FAILED, cause));
    }
    None
}

fn failure(error: &'static str, cause: &str, draft: &mut Draft<'_>) -> Failure {
    Failure { error: Some(error.to_owned()), cause: Some(draft.payload(cause)), fatal: error == RUNTIME }
}

/// The error name of a map run of which too much failed.
const EXCEEDED: &str = "States.ExceedToleratedFailureThreshold";
