//! Task: one call of a resource, until it answers, is answered by token, or is late.

use serde_json::Value;

use crate::{
    command::TaskId,
    data::DataError,
    definition::{QueryLanguage, ResourceKind, Source, Task},
    execution::{Draft, TaskRun, completed_by_token},
    record::{Event, Failure},
    state::{Scope, View, evaluation, fail::unexpected, negative, not_a, runtime},
    token::Token,
};

pub(crate) fn begin(view: &View<'_>, task: &Task, draft: &mut Draft<'_>) -> Result<(), DataError> {
    let mut scope = view.scope();
    let id = TaskId { path: view.id, scheduled: draft.next_event() };
    let token = completed_by_token(&task.resource.kind, task.resource.pattern)
        .then(|| Token::draw(view.execution.identity.number, id, draft.chance).to_string());
    let shows_token = task.resource.kind != ResourceKind::Activity && scope.context.get("Task").is_none();
    if let Some(token) = token.as_ref().filter(|_| shows_token) {
        scope.context["Task"] = serde_json::json!({ "Token": token });
    }
    let input = view.effective_input(&scope, draft)?.value(draft);
    let timeout_seconds = seconds(view, "TimeoutSeconds", task.timeout.as_ref(), &input, &scope, draft)?;
    let heartbeat_seconds = seconds(view, "HeartbeatSeconds", task.heartbeat.as_ref(), &input, &scope, draft)?;
    let arguments = view.arguments(&scope, draft)?;
    let arguments = view.limited(&arguments, draft)?;
    startable(view, task, draft.text(arguments))?;
    let credentials = match &task.credentials {
        None => None,
        Some(template) => Some(draft_template(view, template, &input, &scope, draft)?),
    };
    let scheduled = draft.event(
        view.id,
        view.path.last,
        Event::TaskScheduled { arguments, timeout_seconds, heartbeat_seconds, credentials, token },
    );
    // An activity starts when a worker takes it.
    if task.resource.kind != ResourceKind::Activity {
        draft.event(view.id, scheduled, Event::TaskStarted { worker: None });
    }
    Ok(())
}

/// A task whose `Parameters` are of the wrong types is not scheduled.
fn startable(view: &View<'_>, task: &Task, arguments: &str) -> Result<(), DataError> {
    if view.state.query_language == QueryLanguage::Jsonata {
        return Ok(());
    }
    let misfits = task.resource.misfits(&serde_json::from_str(arguments).unwrap_or_default());
    if misfits.is_empty() {
        return Ok(());
    }
    let problems = misfits.join(", ");
    Err(runtime(format!("The Parameters '{arguments}' could not be used to start the Task: [{problems}]")))
}

/// The attempt is late, or its worker was silent for too long.
pub(crate) fn time_out(view: &View<'_>, run: &TaskRun, draft: &mut Draft<'_>) {
    debug_assert!(run.due().is_some_and(|due| due <= draft.now));
    let failure = Failure::new(Some("States.Timeout".to_owned()), None);
    draft.event(view.id, view.path.last, Event::TaskTimedOut { failure });
}

fn draft_template(
    view: &View<'_>,
    template: &Value,
    input: &Value,
    scope: &Scope,
    draft: &mut Draft<'_>,
) -> Result<crate::record::PayloadId, DataError> {
    let value = match view.state.query_language {
        QueryLanguage::Jsonata => {
            let bindings = scope.bindings(input, None, None);
            scope.compute("Credentials", template, &bindings, draft.now, draft.chance)?
        }
        QueryLanguage::JsonPath => crate::data::template::evaluate(template, &scope.env(input), draft.chance)?,
    };
    Ok(draft.payload(&value.to_string()))
}

fn seconds(
    view: &View<'_>,
    field: &str,
    source: Option<&Source>,
    input: &Value,
    scope: &Scope,
    draft: &mut Draft<'_>,
) -> Result<Option<u64>, DataError> {
    let Some(source) = source else { return Ok(None) };
    let value = view.source(field, source, input, scope, draft)?;
    match value.as_u64().or_else(|| value.as_f64().filter(|s| s.fract() == 0.0 && *s > 0.0).map(|s| s as u64)) {
        Some(seconds) if (1..=LONGEST_SECONDS).contains(&seconds) => Ok(Some(seconds)),
        _ => Err(match source {
            Source::Path(_) if value.as_i64().is_some_and(|seconds| seconds < 0) => runtime(negative(field)),
            Source::Path(path) => not_a(field, "integer", path, &value),
            _ if !value.is_number() => unexpected(field, source, "number", &value),
            _ if value.as_f64().is_some_and(|seconds| seconds < 0.0) => evaluation(field, negative(field)),
            _ => {
                evaluation(field, format!("The value of the {field} field must be a positive integer but was: {value}"))
            }
        }),
    }
}

/// The longest timeout that ASL allows.
const LONGEST_SECONDS: u64 = 99_999_999;
