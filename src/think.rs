//! Thinking without acting: what a model would be told and asked, outside of any execution.
//!
//! Owns the order of the calls behind `sao prompt`, `sao context`, the `/debug` endpoints and the MCP tools: the same functions as the
//! workflow's, with the same settings, reading the same world. Nothing is started, decided or written.

use activities::{
    detect::resource_of,
    shape::{
        AlarmKind, DetectAnswer, Fields, Incident, IncidentAlarm, InferRequest, ProposeAnswer, Read, ReadRequest,
        Resource, Settings, Usage,
    },
    twin::Node,
};
use edge::Embedded;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::CommandError;

/// What an event would lead to.
pub(crate) enum Thought {
    /// Nothing, for this reason.
    Ignored(String),
    /// A request to a model.
    Request(Box<Request>),
}

/// A request to a model, with what it is made of.
pub(crate) struct Request {
    /// The incident.
    pub(crate) incident: Value,
    /// The context: evidence, gaps, what was left out.
    pub(crate) context: Value,
    /// The request to Bedrock, and what the rules answer to the same evidence.
    pub(crate) infer: InferRequest,
}

impl Request {
    /// The document that `sao prompt --json` and `POST /debug/prompt` show.
    pub(crate) fn document(&self) -> Value {
        let characters = self.infer.request.to_string().chars().count();
        json!({
            "incident": self.incident,
            "model_id": self.infer.model_id,
            "prompt_chars": characters,
            "prompt_tokens_estimate": characters.div_ceil(4),
            "request": self.infer.request,
            "rules": self.infer.rules,
            "context": self.context,
        })
    }
}

/// Thinks about an event.
pub(crate) async fn prompt(edge: &Embedded, settings: &Settings, event: &Value) -> Result<Thought, CommandError> {
    Ok(match reasoned(edge, settings, event).await? {
        Err(reason) => Thought::Ignored(reason),
        Ok(Reasoned { incident, context, infer, .. }) => {
            Thought::Request(Box::new(Request { incident: json!(incident), context, infer }))
        }
    })
}

/// What the workflow would propose upon a request as the world is now, or why it would not.
///
/// The answer is the rules', which for a request is the request itself; no model is asked.
pub(crate) async fn proposal(
    edge: &Embedded,
    settings: &Settings,
    event: &Value,
) -> Result<ProposeAnswer, CommandError> {
    let Reasoned { incident, context, observations, infer, at } =
        reasoned(edge, settings, event).await?.map_err(CommandError::BadEvent)?;
    pure(
        "propose",
        json!({
            "mode": "answer", "incident": incident, "settings": settings, "context": context, "observations": observations,
            "answer": infer.rules, "turn": 1, "usage": Usage::default(), "at": at,
        }),
    )
}

/// What is known when an event has been reasoned about.
struct Reasoned {
    incident: Box<Incident>,
    context: Value,
    observations: Value,
    infer: InferRequest,
    at: String,
}

/// Goes from Detect to Reason; a sentence where the event is no incident.
async fn reasoned(
    edge: &Embedded,
    settings: &Settings,
    event: &Value,
) -> Result<Result<Reasoned, String>, CommandError> {
    let at = now();
    let execution = json!({ "arn": "none", "started_at": at });
    let answer: DetectAnswer =
        pure("detect", json!({ "event": event, "settings": settings, "execution": execution, "at": at }))?;
    let (incident, reads) = match answer {
        DetectAnswer::Ignore { reason } => return Ok(Err(reason)),
        DetectAnswer::Incident { incident, reads, .. } => (incident, reads),
    };
    let (context, observations) = contextual(edge, settings, &incident, &reads, &at).await?;
    let infer = pure(
        "reason",
        json!({
            "incident": incident, "settings": settings, "context": context, "observations": observations,
            "conversation": [], "turn": 1, "usage": Usage::default(), "at": at,
        }),
    )?;
    Ok(Ok(Reasoned { incident, context, observations, infer, at }))
}

/// What a model would be told about a node of the twin, were there an alarm on it: this one, where it is named.
pub(crate) async fn context(
    edge: &Embedded,
    settings: &Settings,
    node: &Node,
    alarm: Option<&str>,
) -> Result<Value, CommandError> {
    let at = now();
    let mut incident = quiet(edge, node, &at);
    let mut reads = reads(node, &incident);
    if let Some(name) = alarm {
        incident.alarm.name = name.to_owned();
        incident.alarm.reason = "It was asked about: its present state stands below.".to_owned();
        let read = |id: &str, read: Read| ReadRequest { id: id.to_owned(), max_bytes: 3_000, read };
        reads.push(read("alarm", Read::Alarm { name: name.to_owned() }));
        let history = Read::AlarmHistory { name: name.to_owned(), seconds: 7 * 86_400, limit: 20 };
        reads.push(read("alarm_history", history));
    }
    let (context, _) = contextual(edge, settings, &incident, &reads, &at).await?;
    Ok(json!({ "node": node.id.as_str(), "type": node.resource_type, "arn": node.arn, "context": context }))
}

async fn contextual(
    edge: &Embedded,
    settings: &Settings,
    incident: &Incident,
    reads: &[ReadRequest],
    at: &str,
) -> Result<(Value, Value), CommandError> {
    let request = json!({ "incident": incident.id, "account": incident.account, "region": incident.region, "reads": reads, "at": at });
    let observed =
        edge.call("observe", request, "none").await.map_err(|error| CommandError::Function(error.to_string()))?;
    let observations = observed["observations"].clone();
    let context = pure(
        "context",
        json!({ "incident": incident, "settings": settings, "observations": observations, "former": null, "turn": 1, "at": at }),
    )?;
    Ok((context, observations))
}

/// An incident without an alarm.
fn quiet(edge: &Embedded, node: &Node, at: &str) -> Incident {
    let config = edge.config();
    Incident {
        id: "none".to_owned(),
        execution: "none".to_owned(),
        account: config.account.clone(),
        region: config.region.clone(),
        alarm: IncidentAlarm {
            name: "none".to_owned(),
            arn: String::new(),
            kind: AlarmKind::Metric,
            description: None,
            reason: "No alarm: this is what is known about the resource.".to_owned(),
            metrics: Vec::new(),
            children: Vec::new(),
        },
        request: None,
        resource: Resource {
            kind: Some(node.resource_type.clone()),
            name: Some(node.name().to_owned()),
            aliases: vec![node.id.as_str().to_owned()],
            ..resource_of("", &Fields::new(), &config.account, &config.region)
        },
        started_at: at.to_owned(),
        detected_at: at.to_owned(),
    }
}

fn reads(node: &Node, incident: &Incident) -> Vec<ReadRequest> {
    let name = incident.resource.name.clone().unwrap_or_default();
    let kind = node.resource_type.clone();
    let text = format!("resource {kind} {name}");
    let all = [
        (
            "topology",
            20_000,
            Read::Topology {
                namespace: String::new(),
                dimensions: Fields::new(),
                aliases: incident.resource.aliases.clone(),
                alarms: Vec::new(),
                depth: 2,
                limit: 40,
            },
        ),
        ("governance", 16_000, Read::Governance {}),
        ("constraints", 8_000, Read::Constraints {}),
        ("precedents", 10_000, Read::Precedents { text, resource_type: Some(kind.clone()), limit: 5 }),
        ("active_alarms", 8_000, Read::ActiveAlarms { limit: 20 }),
        ("configuration", 6_000, Read::Configuration { resource_type: kind, name: name.clone() }),
        ("changes", 4_000, Read::Changes { name, seconds: 86_400, limit: 10 }),
    ];
    all.into_iter().map(|(id, max_bytes, read)| ReadRequest { id: id.to_owned(), max_bytes, read }).collect()
}

fn pure<T: DeserializeOwned>(function: &str, payload: Value) -> Result<T, CommandError> {
    let answer = activities::call(function, payload).map_err(|error| match error.kind() {
        "Sao.BadInput" => CommandError::BadEvent(error.message().to_owned()),
        _ => CommandError::Function(error.to_string()),
    })?;
    serde_json::from_value(answer)
        .map_err(|error| CommandError::Function(format!("`{function}` answered what cannot be read: {error}")))
}

/// The present moment as the workflow's context object writes it.
fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
