//! The catalogue as JSON Schema, for a model's strict tool and for people.
//!
//! Owns the schemas. They are closed (`additionalProperties: false`, everything required) and hold no numeric bounds,
//! which strict tools refuse: bounds stand in the descriptions, and validation holds them. Parameters that only repeat
//! the target are not asked for: a model that cannot name another function cannot name the wrong one.

use serde_json::{Value, json};

use super::ActionName;

/// The schema of one action: an object with its `name` and its `parameters`.
pub fn action_schema(name: ActionName) -> Value {
    let (properties, required) = match parameter(name) {
        Some((parameter, schema)) => (json!({ parameter: schema }), json!([parameter])),
        None => (json!({}), json!([])),
    };
    json!({
        "type": "object",
        "description": name.description(),
        "properties": {
            "name": { "type": "string", "enum": [name.word()] },
            "parameters": {
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": false,
            },
        },
        "required": ["name", "parameters"],
        "additionalProperties": false,
    })
}

/// The schema of a choice among actions, for example those of [`ActionName::for_type`] and [`ActionName::None`].
pub fn catalogue_schema(names: &[ActionName]) -> Value {
    let schemas: Vec<Value> = names.iter().map(|name| action_schema(*name)).collect();
    json!({ "anyOf": schemas })
}

/// The one parameter that an action asks for, beside its target.
fn parameter(name: ActionName) -> Option<(&'static str, Value)> {
    let integer = |description: &str| json!({ "type": "integer", "description": description });
    match name {
        ActionName::LambdaUpdateTimeout => Some(("timeout", integer("Seconds that an invocation may take, 1 to 900."))),
        ActionName::LambdaUpdateMemory => Some(("memory_size", integer("Memory in MB, 128 to 10240."))),
        ActionName::LambdaUpdateReservedConcurrency => Some((
            "reserved_concurrent_executions",
            integer("How many invocations may run at once, 1 to 900; never 0, which switches the function off."),
        )),
        ActionName::EcsUpdateDesiredCount => {
            let description = "How many tasks the service runs, at least 1; at most three times as many as now or ten more, and never above 100.";
            Some(("desired_count", integer(description)))
        }
        ActionName::None => Some((
            "reason",
            json!({ "type": "string", "description": "Why nothing is to be changed, for the human who is told." }),
        )),
        ActionName::EcsRestartService | ActionName::RdsRebootInstance => None,
    }
}
