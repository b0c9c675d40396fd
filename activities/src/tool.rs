//! The three tools that a reasoner answers with: their names, schemas and typed inputs.
//!
//! Owns the form of an answer, for model and rules alike. The schemas are closed, so that Bedrock can hold a model to them
//! strictly; the inputs are checked again when they come back. There is no tool that approves.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::action::{ActionName, catalogue_schema};
use crate::shape::{InferAnswer, NoProposal, RiskLevel};

/// What a reasoner answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ToolInput {
    Propose(ProposeAction),
    Evidence(RequestEvidence),
    Undetermined(Undetermined),
}

/// The input of `propose_action`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProposeAction {
    pub(crate) cause: String,
    pub(crate) evidence: Vec<String>,
    pub(crate) rationale: String,
    /// The id of the node to act upon.
    pub(crate) target: String,
    pub(crate) action: ActionChoice,
    /// The reasoner's opinion, which can only raise the risk.
    pub(crate) risk: RiskLevel,
}

/// An action of the catalogue, not yet checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActionChoice {
    pub(crate) name: String,
    pub(crate) parameters: Value,
}

/// The input of `request_evidence`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestEvidence {
    pub(crate) why: String,
    pub(crate) reads: Vec<AskedRead>,
}

/// A read that a reasoner asks for, in its words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum AskedRead {
    Logs { node: String, group: Option<String>, minutes: u32, pattern: Option<String> },
    Metrics { node: String, metric: String, statistic: String, minutes: u32 },
    Configuration { node: String },
    Changes { node: String, hours: u32 },
    AlarmHistory { alarm: String, days: u32 },
}

/// The input of `undetermined`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Undetermined {
    /// `none`: the cause is known and asks for no action; `undetermined`: it is not.
    pub(crate) verdict: NoProposal,
    /// Empty when it is not known.
    pub(crate) cause: String,
    pub(crate) evidence: Vec<String>,
    pub(crate) reason: String,
}

/// A tool use with its id.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ToolUse {
    pub(crate) id: String,
    pub(crate) input: ToolInput,
}

/// Reads the one tool use of an answer. Everything else fails closed.
pub(crate) fn read(answer: &InferAnswer) -> Result<ToolUse, String> {
    if answer.stop_reason != STOP_REASON {
        return Err(format!("the answer ended with `{}` in place of a tool use", answer.stop_reason));
    }
    let uses: Vec<&Value> = answer.content.iter().filter_map(|block| block.get("toolUse")).collect();
    let [tool_use] = uses.as_slice() else {
        return Err(format!("the answer has {} tool uses, and must have one", uses.len()));
    };
    let text = |name: &str| tool_use.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let id = text("toolUseId").ok_or("the tool use has no id")?.to_owned();
    let input = tool_use.get("input").cloned().unwrap_or_default();
    let name = text("name").ok_or("the tool use has no name")?;
    let bad = |problem: serde_json::Error| format!("the input of `{name}` cannot be read: {problem}");
    let input = match name {
        PROPOSE_ACTION => ToolInput::Propose(serde_json::from_value(input).map_err(bad)?),
        REQUEST_EVIDENCE => ToolInput::Evidence(serde_json::from_value(input).map_err(bad)?),
        UNDETERMINED => ToolInput::Undetermined(serde_json::from_value(input).map_err(bad)?),
        other => return Err(format!("there is no tool `{other}`")),
    };
    Ok(ToolUse { id, input })
}

/// The content blocks of an answer that uses one tool.
pub(crate) fn content(id: &str, input: &ToolInput) -> Vec<Value> {
    let (name, input) = match input {
        ToolInput::Propose(input) => (PROPOSE_ACTION, json!(input)),
        ToolInput::Evidence(input) => (REQUEST_EVIDENCE, json!(input)),
        ToolInput::Undetermined(input) => (UNDETERMINED, json!(input)),
    };
    vec![json!({"toolUse": {"toolUseId": id, "name": name, "input": input}})]
}

/// Bedrock's `toolConfig`: the strict tools, a cache point behind them, and the duty to use one.
pub(crate) fn tool_config() -> Value {
    let tools = [
        tool(
            PROPOSE_ACTION,
            "Proposes one action of the catalogue on one resource. A human decides about it.",
            propose_schema(),
        ),
        tool(
            REQUEST_EVIDENCE,
            "Asks for further evidence before anything is decided. The answer comes as the tool's result.",
            evidence_schema(),
        ),
        tool(
            UNDETERMINED,
            "Proposes nothing: either the cause is known and asks for no action of the catalogue (none), or the evidence does not suffice \
             (undetermined). Better than a guess.",
            undetermined_schema(),
        ),
    ];
    let mut tools = tools.to_vec();
    tools.push(json!({"cachePoint": {"type": "default"}}));
    json!({"tools": tools, "toolChoice": {"any": {}}})
}

fn tool(name: &str, description: &str, schema: Value) -> Value {
    json!({"toolSpec": {"name": name, "description": description, "strict": true, "inputSchema": {"json": schema}}})
}

fn propose_schema() -> Value {
    let actions: Vec<ActionName> = ActionName::ALL.into_iter().filter(|name| *name != ActionName::None).collect();
    object(json!({
        "cause": text("The root cause in one or two sentences; say only what the cited evidence shows."),
        "evidence": evidence(),
        "rationale": text("Why this action and these values, with the numbers they follow from."),
        "target": text("The Terraform address of the resource to act upon, exactly as the evidence writes it."),
        "action": catalogue_schema(&actions),
        "risk": {"type": "string", "enum": ["LOW", "MEDIUM", "HIGH"], "description": "Your opinion; it can raise the risk and never lower it."},
    }))
}

fn evidence_schema() -> Value {
    let node =
        || text("The Terraform address of the alarmed resource or of a neighbour, exactly as the evidence writes it.");
    let whole = |description: &str| json!({"type": "integer", "description": description});
    let optional = |description: &str| json!({"type": ["string", "null"], "description": description});
    let kind = |kind: &str| json!({"type": "string", "enum": [kind]});
    let reads = json!({"anyOf": [
        object(json!({"kind": kind("logs"), "node": node(), "group": optional("The log group, where it is not the usual one of the resource."),
            "minutes": whole("How far back, 1 to 1440."), "pattern": optional("A CloudWatch Logs filter pattern.")})),
        object(json!({"kind": kind("metrics"), "node": node(), "metric": text("The metric's name in the resource's own namespace."),
            "statistic": text("Average, Maximum, Minimum, Sum, SampleCount or a percentile such as p99."), "minutes": whole("How far back, 5 to 1440.")})),
        object(json!({"kind": kind("configuration"), "node": node()})),
        object(json!({"kind": kind("changes"), "node": node(), "hours": whole("How far back, 1 to 168.")})),
        object(json!({"kind": kind("alarm_history"), "alarm": text("An alarm's name."), "days": whole("How far back, 1 to 14.")})),
    ]});
    object(json!({
        "why": text("What the evidence would decide."),
        "reads": {"type": "array", "items": reads, "description": "At most three reads."},
    }))
}

fn undetermined_schema() -> Value {
    object(json!({
        "verdict": {"type": "string", "enum": ["none", "undetermined"]},
        "cause": text("The root cause, or an empty text when it is not known."),
        "evidence": evidence(),
        "reason": text("Why no action is proposed, and what a human should look at."),
    }))
}

/// A closed object whose every property is required, as strict tools want it.
fn object(properties: Value) -> Value {
    let required: Vec<String> =
        properties.as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn evidence() -> Value {
    json!({"type": "array", "items": {"type": "string"}, "description": "The ids of the evidence that supports the cause, for example E3."})
}

const PROPOSE_ACTION: &str = "propose_action";
const REQUEST_EVIDENCE: &str = "request_evidence";
const UNDETERMINED: &str = "undetermined";
/// Bedrock's stop reason for a tool use, the only one that is an answer.
pub(crate) const STOP_REASON: &str = "tool_use";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Reasoner, ReasonerKind, Usage};

    fn answer(stop_reason: &str, content: Value) -> InferAnswer {
        InferAnswer {
            reasoner: Reasoner { kind: ReasonerKind::Model, name: "m".to_owned() },
            content: content.as_array().unwrap().clone(),
            stop_reason: stop_reason.to_owned(),
            usage: Usage::default(),
            cost_usd: 0.0,
            latency_ms: 0,
            note: None,
        }
    }

    fn undetermined() -> Value {
        json!({"toolUse": {"toolUseId": "t1", "name": "undetermined",
            "input": {"verdict": "undetermined", "cause": "", "evidence": [], "reason": "no data"}}})
    }

    #[track_caller]
    fn check(stop_reason: &str, content: Value, expect: Option<&str>) {
        let problem = read(&answer(stop_reason, content)).err();
        match expect {
            None => assert_eq!(problem, None),
            Some(part) => assert!(problem.as_deref().is_some_and(|problem| problem.contains(part)), "{problem:?}"),
        }
    }

    #[test]
    fn one_tool_use_is_an_answer() {
        check("tool_use", json!([{"text": "I think"}, undetermined()]), None);
    }

    #[test]
    fn every_other_stop_reason_fails_closed() {
        for reason in ["end_turn", "max_tokens", "guardrail_intervened", "content_filtered", "malformed_tool_use", ""] {
            check(reason, json!([undetermined()]), Some("in place of a tool use"));
        }
    }

    #[test]
    fn several_tool_uses_or_none_fail_closed() {
        check("tool_use", json!([undetermined(), undetermined()]), Some("2 tool uses"));
        check("tool_use", json!([{"text": "ACTION: reboot"}]), Some("0 tool uses"));
    }

    #[test]
    fn unknown_tools_fields_and_values_fail_closed() {
        let with = |pointer: &str, value: Value| {
            let mut block = undetermined();
            *block.pointer_mut(pointer).unwrap() = value;
            json!([block])
        };
        check("tool_use", with("/toolUse/name", json!("approve")), Some("no tool `approve`"));
        check("tool_use", with("/toolUse/input/verdict", json!("invalid!")), Some("cannot be read"));
        check(
            "tool_use",
            with(
                "/toolUse/input",
                json!({"verdict": "none", "cause": "", "evidence": [], "reason": "", "approved": true}),
            ),
            Some("approved"),
        );
        check("tool_use", with("/toolUse/input", json!("text")), Some("cannot be read"));
    }

    #[test]
    fn content_is_read_back() {
        let input = ToolInput::Undetermined(Undetermined {
            verdict: NoProposal::None,
            cause: "c".to_owned(),
            evidence: vec!["E1".to_owned()],
            reason: "r".to_owned(),
        });
        let read = read(&answer("tool_use", Value::Array(content("t", &input)))).unwrap();
        assert_eq!(read.input, input);
    }

    #[test]
    fn every_schema_is_closed_and_whole() {
        #[track_caller]
        fn check(schema: &Value) {
            if schema.get("type").and_then(Value::as_str) == Some("object") {
                assert_eq!(schema["additionalProperties"], json!(false), "{schema}");
                let properties = schema["properties"].as_object().unwrap();
                assert_eq!(schema["required"].as_array().unwrap().len(), properties.len(), "{schema}");
            }
            match schema {
                Value::Object(fields) => fields.values().for_each(check),
                Value::Array(items) => items.iter().for_each(check),
                _ => {}
            }
        }
        for tool in tool_config()["tools"].as_array().unwrap().iter().filter_map(|tool| tool.get("toolSpec")) {
            assert_eq!(tool["strict"], json!(true));
            check(&tool["inputSchema"]["json"]);
        }
    }
}
