//! `sao twin`: what the twin holds, and reading state files into it.
//!
//! Owns the choice among its commands, each in its own file, and the printing. What a state means is `activities`', where it is
//! kept is `edge`'s.

mod check;
mod collect;
mod export;
mod graph;
mod path;
mod radius;
mod show;

use std::sync::Arc;

use activities::twin::{NodeRef, Topology};
use serde_json::{Value, json};

use crate::{
    cli::{Data, Twin},
    command::{Ending, context},
    error::CommandError,
};

pub(crate) async fn run(command: Twin) -> Result<Ending, CommandError> {
    match command {
        Twin::Show(options) => show::run(&options),
        Twin::Collect(options) => collect::run(options).await,
        Twin::Check(options) => check::run(&options).await,
        Twin::Path(options) => path::run(&options),
        Twin::Radius(options) => radius::run(&options),
        Twin::Graph(options) => graph::run(&options),
        Twin::Export(options) => export::run(&options),
    }
}

/// The topology of a data directory.
fn topology(data: &Data) -> Result<Arc<Topology>, CommandError> {
    let edge = super::look_at(&data.data)?.edge_only()?;
    edge.twin().topology().map_err(|error| CommandError::Function(error.to_string()))
}

/// The node that a name means.
fn named<'a>(topology: &'a Topology, name: &str) -> Result<NodeRef<'a>, CommandError> {
    let id = context::find(topology, name)?.id;
    topology.node(id.as_str()).ok_or_else(|| CommandError::NotFound(format!("`{id}` is not in the twin")))
}

/// A node in a list.
fn brief(node: NodeRef<'_>) -> Value {
    json!({ "id": node.id(), "type": node.resource_type(), "name": node.name(), "arn": node.arn() })
}
