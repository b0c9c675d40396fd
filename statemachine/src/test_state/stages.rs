//! The stages of a state's data flow, each reported as it is passed.
//!
//! The stages are the engine's own; only where several lie between a state's beginning and its end are they taken one
//! by one here, so that what went in and what came out is seen on the way. What AWS does not report of a state type
//! is not reported here either: a Pass with a `Result` shows nothing of its input, a Parallel nothing before its
//! results.

use serde_json::Value;

use super::answer::Inspection;
use crate::{
    data::DataError,
    definition::{Next, QueryLanguage, StateKind},
    execution::Draft,
    state::{self, Doc, Scope, View},
};

/// A state that ends by itself.
pub(super) fn whole(view: &View<'_>, draft: &mut Draft<'_>, seen: &mut Inspection) -> Result<(), DataError> {
    match &view.state.kind {
        StateKind::Pass { result, next } if view.state.query_language == QueryLanguage::JsonPath => {
            return pass(view, result.as_ref(), *next, draft, seen);
        }
        StateKind::Pass { .. } | StateKind::Fail { .. } => {}
        _ => report_input(view, &view.scope(), draft, seen)?,
    }
    state::attempt(view, draft)?;
    if let StateKind::Wait { next, .. } = &view.state.kind {
        let shaped = view.shape(None, draft)?;
        view.leave(shaped, *next, draft);
    }
    Ok(())
}

fn pass(
    view: &View<'_>,
    result: Option<&Value>,
    next: Next,
    draft: &mut Draft<'_>,
    seen: &mut Inspection,
) -> Result<(), DataError> {
    let scope = view.scope();
    let result = match result {
        Some(result) => {
            seen.result = Some(result.to_string());
            Doc::Made(result.clone())
        }
        None => {
            report_input(view, &scope, draft, seen)?;
            let arguments = view.arguments(&scope, draft)?;
            seen.after_parameters = Some(arguments.text(draft));
            arguments
        }
    };
    conclude(view, result, &scope, next, draft, seen)
}

/// A Task up to its call.
pub(super) fn begin_task(view: &View<'_>, draft: &mut Draft<'_>, seen: &mut Inspection) -> Result<(), DataError> {
    report_input(view, &view.scope(), draft, seen)?;
    state::attempt(view, draft)
}

/// A Task, Map or Parallel that has its result.
pub(super) fn finish(
    view: &View<'_>,
    result: &str,
    draft: &mut Draft<'_>,
    seen: &mut Inspection,
) -> Result<(), DataError> {
    let next = match &view.state.kind {
        StateKind::Task(task) => {
            seen.result = Some(result.to_owned());
            task.next
        }
        StateKind::Map(map) => map.next,
        StateKind::Parallel { next, .. } => *next,
        _ => return Ok(()),
    };
    let result = Doc::Kept(draft.payload(result));
    match view.state.query_language {
        QueryLanguage::JsonPath => conclude(view, result, &view.scope(), next, draft, seen),
        QueryLanguage::Jsonata => {
            let shaped = view.shape(Some(result), draft)?;
            view.leave(shaped, next, draft);
            Ok(())
        }
    }
}

fn conclude(
    view: &View<'_>,
    result: Doc,
    scope: &Scope,
    next: Next,
    draft: &mut Draft<'_>,
    seen: &mut Inspection,
) -> Result<(), DataError> {
    let selected = view.selected(result, scope, draft)?;
    seen.after_result_selector = Some(selected.text(draft));
    let combined = view.combined(selected.clone(), draft)?;
    seen.after_result_path = Some(combined.text(draft));
    let shaped = view.concluded(&selected, combined, view.state.flow.assign.as_ref(), scope, draft)?;
    view.leave(shaped, next, draft);
    Ok(())
}

/// Reports the input after `InputPath`, which only JSONPath knows.
pub(super) fn report_input(
    view: &View<'_>,
    scope: &Scope,
    draft: &mut Draft<'_>,
    seen: &mut Inspection,
) -> Result<(), DataError> {
    if view.state.query_language == QueryLanguage::JsonPath {
        seen.after_input_path = Some(view.effective_input(scope, draft)?.text(draft));
    }
    Ok(())
}
