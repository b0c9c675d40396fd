//! `sao_load_context`: what a model would be told about a resource, or about what an alarm watches.
//!
//! Owns the answer's shape. Text that others wrote stays behind the fence that a model sees around it.

use activities::{
    context::render,
    shape::Context,
    twin::{Node, Resolution, Topology},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answered, Shared};
use crate::{command::context, error::CommandError, think};

/// What the tool is given: one of the two.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    #[serde(default)]
    node: Option<String>,
    #[serde(default)]
    alarm: Option<String>,
}

pub(super) async fn answer(shared: &Shared, input: Input) -> Answered {
    let topology = shared.edge.twin().topology().map_err(|error| CommandError::Function(error.to_string()))?;
    let node = match (&input.node, &input.alarm) {
        (Some(node), None) => context::find(&topology, node)?,
        (None, Some(alarm)) => watched(&topology, alarm)?,
        _ => return Err(CommandError::Usage("give either `node` or `alarm`, and not both".to_owned())),
    };
    let settings = shared.setup.settings()?;
    let document = think::context(&shared.edge, &settings, &node, input.alarm.as_deref()).await?;
    let context: Context = serde_json::from_value(document["context"].clone())
        .map_err(|error| CommandError::Function(error.to_string()))?;
    Ok(json!({
        "node": node.id.as_str(),
        "type": node.resource_type,
        "arn": node.arn,
        "alarm": input.alarm,
        "evidence": context.pieces.iter().map(piece).collect::<Vec<_>>(),
        "not_observed": context.gaps,
        "left_out": context.dropped.iter().map(|dropped| dropped.title.clone()).collect::<Vec<_>>(),
        "tokens": context.tokens,
        "redactions": context.redactions,
    }))
}

fn piece(piece: &activities::shape::Piece) -> Value {
    json!({
        "id": piece.evidence, "title": piece.title, "untrusted": piece.untrusted, "source": piece.source,
        "text": render(piece),
    })
}

/// The node that an alarm watches.
fn watched(topology: &Topology, alarm: &str) -> Result<Node, CommandError> {
    let refuse = |why: String| {
        CommandError::NotFound(format!(
            "{why}: name an alarm of the Terraform state, or the resource itself with `node`; sao_graph_status lists the active alarms"
        ))
    };
    match topology.resolve_alarm(alarm) {
        Resolution::Node(id) => context::find(topology, id.as_str()),
        other => Err(refuse(other.to_string())),
    }
}
