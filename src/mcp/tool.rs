//! The tools as a client sees them: names, descriptions, schemas, hints.
//!
//! Owns these words and shapes. Every schema is closed: what it does not name is refused by the tool, and never answered.

use std::sync::Arc;

use activities::action::ActionName;
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

pub(super) const LOAD_CONTEXT: &str = "sao_load_context";
pub(super) const VALIDATE_ACTION: &str = "sao_validate_action";
pub(super) const GRAPH_STATUS: &str = "sao_graph_status";
pub(super) const EXECUTE_ACTION: &str = "sao_execute_action";

/// All tools, those that only read first.
pub(super) fn all() -> Vec<Tool> {
    vec![load_context(), validate_action(), graph_status(), execute_action()]
}

fn load_context() -> Tool {
    let input = object(
        json!({
            "node": text("The resource: its Terraform address, ARN or name."),
            "alarm": text("In place of `node`: the name of a CloudWatch alarm; the context is that of what it watches."),
        }),
        &[],
    );
    let evidence = object(
        json!({
            "id": text("The id by which a cause cites it, for example E3."),
            "title": text("What it is about."),
            "untrusted": flag("Whether others wrote it; it stands then behind the fence."),
            "source": text("The read that it comes from."),
            "text": text("The evidence as a model reads it."),
        }),
        &["id", "title", "untrusted", "source", "text"],
    );
    let output = object(
        json!({
            "node": text("The Terraform address."),
            "type": text("The Terraform type."),
            "arn": optional("string", "The ARN, where it is known."),
            "alarm": optional("string", "The alarm that was asked about."),
            "evidence": list(evidence, "Ranked and redacted, within the token budget."),
            "not_observed": list(json!({ "type": "string" }), "What could not be read, and why."),
            "left_out": list(json!({ "type": "string" }), "What did not fit into the budget."),
            "tokens": integer("Tokens of the evidence, estimated."),
            "redactions": integer("How many secrets were taken out."),
        }),
        &["node", "type", "arn", "alarm", "evidence", "not_observed", "left_out", "tokens", "redactions"],
    );
    tool(
        LOAD_CONTEXT,
        "Load context",
        "What the platform's model would be told about one resource: its declared and its present configuration, neighbours and blast \
         radius, recent changes, active alarms, the rules that bear on it, and precedents. Changes nothing.",
        (input, output),
        reading(),
    )
}

fn validate_action() -> Tool {
    let input = object(
        json!({
            "action": action(),
            "node": text("The resource: its Terraform address, ARN or name."),
            "parameters": parameters(),
        }),
        &["action", "node"],
    );
    let rule = object(
        json!({
            "rule": text("Its name."),
            "effect": optional("string", "`permit` or `forbid`; null for a finding that no rule makes."),
            "file": optional("string", "The file that it stands in."),
            "line": optional("integer", "The line on which it begins."),
            "denies": flag("Whether it denies this."),
            "permits": flag("Whether it permits this, where nothing denies it."),
            "reason": text("Why, or why not."),
        }),
        &["rule", "effect", "file", "line", "denies", "permits", "reason"],
    );
    let window = object(
        json!({
            "name": text("Its name."),
            "kind": text("`freeze`: closed to changes while it is open; `allow_only`: closed to them while it is not."),
            "concerns": flag("Whether it is about this action on this resource."),
            "open": flag("Whether it is open now."),
            "times": text("When it is open, in words."),
            "next_opening": optional("string", "When it opens next; null where it does not any more."),
            "reason": text("Why it is there."),
        }),
        &["name", "kind", "concerns", "open", "times", "next_opening", "reason"],
    );
    let change = object(
        json!({
            "before": json!({ "type": "object", "description": "The values that it changes, as they are." }),
            "parameters": json!({ "type": "object", "description": "The parameters." }),
            "undo": json!({ "type": ["object", "null"], "description": "The action that takes it back." }),
            "irreversible": optional("string", "Why nothing can take it back."),
        }),
        &["before", "parameters", "undo", "irreversible"],
    );
    let output = object(
        json!({
            "allowed": flag("Whether it would be put before a human now."),
            "reason": text("Why, or why not, in a sentence."),
            "problems": list(json!({ "type": "string" }), "All that stands against it."),
            "action": text("The action."),
            "node": text("The Terraform address."),
            "type": text("The Terraform type."),
            "arn": optional("string", "The ARN, where it is known."),
            "at": text("The instant that was judged."),
            "bounds": json!({ "type": "object", "description": "The action's parameters with their bounds." }),
            "change": or_null(change),
            "risk": or_null(risk()),
            "blast_radius": optional("integer", "How many resources fail when this one fails."),
            "approval": or_null(approval()),
            "rules": list(rule, "What every rule means for it."),
            "windows": list(window, "The maintenance windows."),
            "layers": layers(),
        }),
        &[
            "allowed",
            "reason",
            "problems",
            "action",
            "node",
            "type",
            "arn",
            "at",
            "bounds",
            "change",
            "risk",
            "blast_radius",
            "approval",
            "rules",
            "windows",
            "layers",
        ],
    );
    tool(
        VALIDATE_ACTION,
        "Validate action",
        "Whether an action of the catalogue would pass the gate now: target, bounds, policies, maintenance windows, risk, and who would \
         have to approve it. Explains every rule. Starts nothing, asks nobody, and permits nothing: it is checked again when it is done.",
        (input, output),
        reading(),
    )
}

fn graph_status() -> Tool {
    let source = object(
        json!({
            "source": text("The state file."),
            "lineage": text("The id of the state."),
            "serial": integer("The version of the state."),
            "nodes": integer("How many resources it brings."),
            "collected_at": optional("string", "When it was read into the twin."),
            "age_seconds": optional("integer", "How long ago that was."),
        }),
        &["source", "lineage", "serial", "nodes", "collected_at", "age_seconds"],
    );
    let lock = object(
        json!({
            "node": text("The resource that is being changed."),
            "owner": text("The execution that changes it."),
            "since": text("Since when."),
            "until": text("When the lock ends by itself."),
        }),
        &["node", "owner", "since", "until"],
    );
    let alarms = object(
        json!({ "count": integer("How many."), "text": text("Their names, behind the fence.") }),
        &["count", "text"],
    );
    let switch = object(
        json!({ "engaged": flag("Whether all execution is stopped."), "reason": optional("string", "Why.") }),
        &["engaged", "reason"],
    );
    let output = object(
        json!({
            "account": text("The account."),
            "region": text("The region."),
            "at": text("The present instant."),
            "nodes": integer("Resources."),
            "edges": integer("Relations between them."),
            "sources": list(source, "The state files that they were read from."),
            "layers": layers(),
            "rules": integer("How many rules both layers have."),
            "active_alarms": alarms,
            "locks": list(lock, "Resources that are being changed now."),
            "precedents": integer("Incidents that are remembered."),
            "kill_switch": switch,
            "problems": list(json!({ "type": "string" }), "What is wrong with the twin; a layer that is missing or broken denies everything."),
        }),
        &[
            "account",
            "region",
            "at",
            "nodes",
            "edges",
            "sources",
            "layers",
            "rules",
            "active_alarms",
            "locks",
            "precedents",
            "kill_switch",
            "problems",
        ],
    );
    tool(
        GRAPH_STATUS,
        "Graph status",
        "What the digital twin holds: resources and relations, the state files with serial and age, governance and constraints, active \
         alarms, locks, precedents, and what is wrong. Changes nothing.",
        (object(json!({}), &[]), output),
        reading(),
    )
}

fn execute_action() -> Tool {
    let input = object(
        json!({
            "action": action(),
            "node": text("The resource: its Terraform address, ARN or name."),
            "parameters": parameters(),
            "reason": json!({ "type": "string", "minLength": 1, "maxLength": 1000, "description": "Why, for the human who decides." }),
            "request_id": json!({ "type": "string", "minLength": 1, "maxLength": 120,
                "description": "Your id of this request: the same request under the same id is one incident. A new one when left out." }),
        }),
        &["action", "node", "parameters", "reason"],
    );
    let proposal = object(
        json!({
            "action": text("The action."),
            "node": text("The Terraform address."),
            "arn": text("The one ARN that it may change."),
            "parameters": json!({ "type": "object", "description": "The parameters." }),
            "before": json!({ "type": "object", "description": "The values that it changes, as they are." }),
            "risk": risk(),
            "approval": approval(),
            "requester": text("Who requests it, as the approver sees it."),
            "expires_at": text("When an approval becomes void."),
        }),
        &["action", "node", "arn", "parameters", "before", "risk", "approval", "requester", "expires_at"],
    );
    let output = object(
        json!({
            "status": text("`waiting for approval`, `being validated`, or `ended: ` and how."),
            "next": text("What happens next, and who does it."),
            "execution_arn": text("The execution."),
            "incident": text("Its name, for `sao incident show`."),
            "request_id": text("The id of the request."),
            "duplicate": flag("Whether it had been requested before."),
            "digest": optional("string", "The digest of the proposal, which an approval is for."),
            "proposal": or_null(proposal),
        }),
        &["status", "next", "execution_arn", "incident", "request_id", "duplicate", "digest", "proposal"],
    );
    // What it leads to may change a resource, once a human has approved exactly that.
    let hints = ToolAnnotations::new().read_only(false).destructive(true).idempotent(false).open_world(true);
    tool(
        EXECUTE_ACTION,
        "Request an action",
        "Requests one action of the catalogue. It is validated like any proposal, and a human is asked by mail; the answer is the \
         execution and that it waits. Nothing is executed by this call, and nothing here can approve. Needs a running `sao up`.",
        (input, output),
        hints,
    )
}

fn tool(
    name: &'static str,
    title: &str,
    description: &'static str,
    (input, output): (Value, Value),
    hints: ToolAnnotations,
) -> Tool {
    Tool::new(name, description, fields(input))
        .with_title(title)
        .with_raw_output_schema(fields(output))
        .with_annotations(hints)
}

fn reading() -> ToolAnnotations {
    ToolAnnotations::new().read_only(true).destructive(false).idempotent(true).open_world(false)
}

fn fields(schema: Value) -> Arc<JsonObject> {
    Arc::new(schema.as_object().cloned().unwrap_or_default())
}

fn action() -> Value {
    let names: Vec<&str> =
        ActionName::ALL.into_iter().filter(|name| *name != ActionName::None).map(ActionName::word).collect();
    json!({ "type": "string", "enum": names, "description": "An action of the catalogue." })
}

/// The parameters of every action in one object; which of them an action takes, and within which bounds, its validation says.
fn parameters() -> Value {
    let mut properties = JsonObject::new();
    for name in ActionName::ALL.into_iter().filter(|name| *name != ActionName::None) {
        let bounds = crate::ask::bounds(name);
        for (parameter, schema) in bounds.as_object().into_iter().flatten() {
            let mut schema = schema.clone();
            schema["description"] =
                format!("Of `{name}`. {}", schema["description"].as_str().unwrap_or_default()).into();
            properties.insert(parameter.clone(), schema);
        }
    }
    let mut schema = object(Value::Object(properties), &[]);
    schema["description"] = "The action's own parameters; empty for an action that has none.".into();
    schema
}

fn risk() -> Value {
    object(
        json!({
            "level": json!({ "type": "string", "enum": ["LOW", "MEDIUM", "HIGH"] }),
            "reasons": list(json!({ "type": "string" }), "Why it is not lower."),
        }),
        &["level", "reasons"],
    )
}

fn approval() -> Value {
    object(
        json!({
            "role": json!({ "type": "string", "enum": ["on-call", "manager"], "description": "The role that one approver must have." }),
            "approvals": integer("How many different people must approve."),
        }),
        &["role", "approvals"],
    )
}

fn layers() -> Value {
    let layer = || {
        object(
            json!({
                "state": json!({ "type": "string", "enum": ["present", "missing", "broken"] }),
                "files": list(json!({ "type": "string" }), "Its files."),
            }),
            &["state", "files"],
        )
    };
    let problem = || {
        object(
            json!({
                "file": text("The file."),
                "line": integer("The line."),
                "what": text("What is wrong."),
                "help": text("What may have been meant."),
            }),
            &["file", "what"],
        )
    };
    object(
        json!({
            "version": text("The hash of all files of both layers."),
            "governance": layer(),
            "constraints": layer(),
            "problems": list(problem(), "What denies everything until it is put right."),
            "warnings": list(problem(), "What deserves a second look."),
        }),
        &["version", "governance", "constraints", "problems", "warnings"],
    )
}

fn object(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn list(items: Value, description: &str) -> Value {
    json!({ "type": "array", "items": items, "description": description })
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn flag(description: &str) -> Value {
    json!({ "type": "boolean", "description": description })
}

fn integer(description: &str) -> Value {
    json!({ "type": "integer", "description": description })
}

fn optional(kind: &str, description: &str) -> Value {
    json!({ "type": [kind, "null"], "description": description })
}

fn or_null(mut schema: Value) -> Value {
    schema["type"] = json!(["object", "null"]);
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every object that has fields names all that it may have, and none of them approves.
    #[track_caller]
    fn check_closed(schema: &Value) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            assert_eq!(schema["additionalProperties"], json!(false), "{schema}");
            let known = |name: &Value| properties.contains_key(name.as_str().unwrap());
            assert!(schema["required"].as_array().unwrap().iter().all(known), "{schema}");
        }
        match schema {
            Value::Object(fields) => fields.values().for_each(check_closed),
            Value::Array(items) => items.iter().for_each(check_closed),
            _ => {}
        }
    }

    #[test]
    fn every_schema_is_closed_and_no_input_approves() {
        for tool in all() {
            check_closed(&Value::Object(tool.input_schema.as_ref().clone()));
            check_closed(&Value::Object(tool.output_schema.unwrap().as_ref().clone()));
            let inputs = Value::Object(tool.input_schema.as_ref().clone()).to_string();
            assert!(!inputs.contains("approv") || tool.name == EXECUTE_ACTION, "{inputs}");
            assert!(!tool.input_schema["properties"].as_object().unwrap().keys().any(|name| name.contains("approv")));
        }
    }

    #[test]
    fn three_tools_read_and_one_requests() {
        let hints: Vec<(String, Option<bool>, Option<bool>)> = all()
            .into_iter()
            .map(|tool| (tool.name.to_string(), tool.annotations.unwrap()))
            .map(|(name, hints)| (name, hints.read_only_hint, hints.idempotent_hint))
            .collect();
        assert!(hints[..3].iter().all(|(_, reads, idempotent)| *reads == Some(true) && *idempotent == Some(true)));
        assert_eq!(hints[3], (EXECUTE_ACTION.to_owned(), Some(false), Some(false)));
    }

    #[test]
    fn the_parameters_of_every_action_are_named() {
        let schema = parameters();
        let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["timeout", "memory_size", "reserved_concurrent_executions", "desired_count"]);
    }
}
