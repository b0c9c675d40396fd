//! The context object that a tested state sees: one that the request brings, or one of an execution that never was.

use serde_json::{Value, json};

use super::{
    around,
    error::{TestStateError, refuse},
    request::Request,
};
use crate::{
    data::{Chance, uuid_v4},
    definition::{Definition, Pattern, StateId, StateKind},
    execution::Identity,
    record::Millis,
    state::timestamp,
    syntax,
};

/// The context object that a test brings along.
pub(super) fn given(text: &str, kind: &StateKind) -> Result<Value, TestStateError> {
    let invalid = |why: &str| refuse(format!("Invalid Context object provided: {why}"));
    if let Err(why) = syntax::check(text) {
        return invalid(&why);
    }
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(fields)) => {
            let waits = matches!(kind, StateKind::Task(task) if task.resource.pattern != Pattern::RequestResponse);
            if fields.contains_key("Task") && !waits {
                return invalid(
                    "Context object contains 'Task' when state is not a Task state with a '.sync' or \
                     '.waitForTaskToken' service integration pattern",
                );
            }
            Ok(Value::Object(fields))
        }
        _ => invalid("Context object must be a JSON object"),
    }
}

/// A machine and an execution of it that nobody else knows.
pub(super) fn identity(request: &Request, chance: &mut dyn Chance) -> Identity {
    let (machine, name) = (uuid_v4(chance), uuid_v4(chance));
    let home = &request.home;
    let arn = format!("arn:{}:states:{}:{}", home.partition, home.region, home.account);
    Identity {
        number: 0,
        execution_arn: format!("{arn}:express:{machine}:{name}"),
        name,
        state_machine_arn: format!("{arn}:stateMachine:{machine}"),
        state_machine_name: machine,
        role_arn: request.role_arn.clone().unwrap_or_default(),
    }
}

/// The context object of a test that brings none.
pub(super) fn of_its_own(
    identity: &Identity,
    request: &Request,
    (definition, state): (&Definition, StateId),
    input: &str,
    retries: u64,
    now: Millis,
) -> Value {
    let input = serde_json::from_str::<Value>(input).unwrap_or_default();
    let mut context = json!({
        "Execution": {
            "Id": identity.execution_arn,
            "Input": input,
            "StartTime": timestamp(now),
            "Name": identity.name,
            "RoleArn": request.role_arn,
        },
        "StateMachine": { "Id": identity.state_machine_arn, "Name": identity.state_machine_name },
        "State": { "Name": STATE_NAME, "EnteredTime": timestamp(now) },
    });
    if matches!(definition.state(state).kind, StateKind::Task(_) | StateKind::Map(_) | StateKind::Parallel { .. }) {
        context["State"]["RetryCount"] = json!(retries);
    }
    if let Some(map) = around::first_iteration(definition, state, &input) {
        context["Map"] = map;
    }
    context
}

/// What the context object calls every tested state.
pub(super) const STATE_NAME: &str = "StateName";
