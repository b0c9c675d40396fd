//! Which requests TestState takes.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    context::{self, STATE_NAME},
    error::{TestStateError, refuse},
    mock::{self, Mocked},
    request::Request,
};
use crate::{
    definition::{Definition, Pattern, ResourceKind, StateId, StateKind, Task},
    syntax,
};

/// A request that was taken, with its texts read.
pub(super) struct Admitted {
    pub(super) definition: Arc<Definition>,
    pub(super) state: StateId,
    pub(super) input: String,
    pub(super) variables: Map<String, Value>,
    pub(super) context: Option<Value>,
    pub(super) mocked: Option<Mocked>,
}

pub(super) fn admit(request: &Request) -> Result<Admitted, TestStateError> {
    let (definition, state) = find(request)?;
    let kind = &definition.state(state).kind;
    if request.mock.is_none() {
        check_without_mock(request, kind)?;
    }
    let mocked = request.mock.as_ref().map(|mock| mock::admit(mock, kind, request.reveal_secrets)).transpose()?;
    Ok(Admitted {
        context: request.context.as_deref().map(|text| context::given(text, kind)).transpose()?,
        input: input(request)?,
        variables: variables(request)?,
        mocked,
        state,
        definition: Arc::new(definition),
    })
}

fn find(request: &Request) -> Result<(Definition, StateId), TestStateError> {
    let parsed = match &request.state_name {
        Some(_) => Definition::parse(&request.definition),
        None => Definition::parse_state(STATE_NAME, &request.definition),
    };
    let definition = parsed.map_err(|invalid| TestStateError::InvalidDefinition(invalid.aws_message()))?;
    let place = match &request.state_name {
        Some(name) => definition.states.iter().position(|state| state.name == *name),
        None => Some(0),
    };
    match place.and_then(|place| u32::try_from(place).ok()) {
        Some(place) => Ok((definition, StateId(place))),
        None => refuse("State not found in definition"),
    }
}

/// What only a mock makes possible.
fn check_without_mock(request: &Request, kind: &StateKind) -> Result<(), TestStateError> {
    let configuration = &request.state_configuration;
    let given = [
        ("MapIterationFailureCount", configuration.map_iteration_failure_count.is_some()),
        ("MapItemReaderData", configuration.map_item_reader_data.is_some()),
        ("RetrierRetryCount", configuration.retrier_retry_count.is_some()),
        ("ErrorCausedByState", configuration.error_caused_by_state.is_some()),
        ("Context", request.context.is_some()),
    ];
    if let Some((member, _)) = given.iter().find(|(_, given)| *given) {
        return refuse(format!("TestState does not support {member} when a mock is not specified."));
    }
    match kind {
        StateKind::Map(_) | StateKind::Parallel { .. } => Err(TestStateError::InvalidDefinition(format!(
            "TestState API does not support Map or Parallel states. Supported state types include: [{UNMOCKED}]"
        ))),
        StateKind::Task(task) if !answers_at_once(task) => Err(TestStateError::InvalidDefinition(
            "TestState API does not support Activity tasks, '.sync' or '.waitForTaskToken' service integration \
             patterns when a mock is not specified"
                .to_owned(),
        )),
        StateKind::Task(_) if request.role_arn.is_none() => {
            refuse("RoleArn must be specified when testing a Task state")
        }
        _ => Ok(()),
    }
}

fn answers_at_once(task: &Task) -> bool {
    task.resource.pattern == Pattern::RequestResponse && task.resource.kind != ResourceKind::Activity
}

fn input(request: &Request) -> Result<String, TestStateError> {
    let text = request.input.as_deref().unwrap_or("{}");
    match syntax::check(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(why) => {
            Err(TestStateError::InvalidExecutionInput(format!("Invalid State Machine Execution Input: '{why}'")))
        }
    }
}

fn variables(request: &Request) -> Result<Map<String, Value>, TestStateError> {
    let Some(text) = &request.variables else { return Ok(Map::new()) };
    let Err(why) = syntax::check(text) else {
        return serde_json::from_str(text)
            .or_else(|_| refuse("Invalid Variables provided: Variables must be a JSON object"));
    };
    refuse(format!("Invalid Variables provided: {why}"))
}

/// The state types that need no mock.
const UNMOCKED: &str = "Task, Wait, Pass, Succeed, Fail, Choice";
