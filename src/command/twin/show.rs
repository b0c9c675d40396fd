//! `sao twin show`: everything in a list, or one resource with all that is known of it.
//!
//! Owns the printing.

use activities::twin::{Edge, Lookup, NodeRef, Topology};
use serde_json::{Value, json};

use super::{brief, named, topology};
use crate::{
    cli::TwinShow,
    command::Ending,
    error::CommandError,
    show::{self, Screen, Style},
};

pub(super) fn run(options: &TwinShow) -> Result<Ending, CommandError> {
    let topology = topology(&options.data)?;
    let json = options.output.json;
    let Some(name) = options.node.as_deref() else { return Ok(list(&topology, topology.nodes().collect(), json)) };
    if matches!(topology.find(name), Lookup::Found(_)) {
        return one(&topology, named(&topology, name)?, json);
    }
    let parts: Vec<NodeRef<'_>> = topology.nodes().filter(|node| holds(*node, name)).collect();
    if parts.is_empty() {
        // The look-up says best why there is nothing.
        named(&topology, name)?;
    }
    Ok(list(&topology, parts, json))
}

fn list(topology: &Topology, nodes: Vec<NodeRef<'_>>, json: bool) -> Ending {
    if json {
        let sources = topology
            .sources()
            .iter()
            .map(|source| json!({ "source": source.source, "lineage": source.lineage, "serial": source.serial }));
        show::json(&json!({
            "nodes": nodes.into_iter().map(brief).collect::<Vec<Value>>(),
            "relations": topology.edge_count(),
            "sources": sources.collect::<Vec<_>>(),
        }));
        return Ending::Good;
    }
    let screen = Screen::new(false);
    let style = screen.style();
    for node in &nodes {
        screen.line(format!("{:<70} {}", show::clean(node.id().as_str()), style.soft(&show::clean(node.name()))));
    }
    let counts = format!("{} of {} resources, {} relations", nodes.len(), topology.len(), topology.edge_count());
    screen.line(style.soft(&counts));
    for source in topology.sources() {
        screen.line(style.soft(&format!("from {} (serial {})", show::clean(&source.source), source.serial)));
    }
    Ending::Good
}

fn one(topology: &Topology, node: NodeRef<'_>, json: bool) -> Result<Ending, CommandError> {
    let whole = node.read().map_err(|error| CommandError::Function(error.to_string()))?;
    let edges = topology.edges_of(whole.id.as_str());
    let shown = edges.len().min(MOST_EDGES);
    if json {
        let mut document = json!(whole);
        document["noun"] = whole.noun().into();
        document["cloudformation"] = json!(whole.kind().map(|kind| kind.cloudformation));
        document["facts"] = whole.facts().map(|(name, value)| (name.to_owned(), value.clone())).collect();
        document["relations"] = json!(edges[..shown]);
        document["relations_in_all"] = edges.len().into();
        show::json(&document);
        return Ok(Ending::Good);
    }
    let screen = Screen::new(false);
    let style = screen.style();
    screen.line(style.bold(&show::clean(whole.id.as_str())));
    let line = |name: &str, value: &str| {
        screen.line(format!("  {} {}", style.soft(&format!("{name:<12}")), show::clean(value)))
    };
    line("what", &format!("{} ({})", whole.noun(), whole.resource_type));
    whole.arn.iter().for_each(|arn| line("ARN", arn));
    line("names", &whole.names.join(", "));
    line(
        "place",
        &[whole.account.as_deref(), whole.region.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" "),
    );
    let tags: Vec<String> = whole.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    line("tags", &tags.join(", "));
    if whole.tainted {
        line("tainted", "the next apply replaces it");
    }
    for (name, value) in whole.facts() {
        let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        screen.line(format!("  {name} = {}", show::clean(&show::short(&value, LONGEST_VALUE))));
    }
    edges[..shown].iter().for_each(|edge| screen.line(relation(edge, whole.id.as_str(), style)));
    if edges.len() > shown {
        screen.line(style.soft(&format!("  and {} more relations", edges.len() - shown)));
    }
    Ok(Ending::Good)
}

/// An edge as it is read from one of its ends.
pub(super) fn relation(edge: &Edge, from: &str, style: Style) -> String {
    let verb = edge.relation.word().replace('_', " ");
    if edge.from.as_str() == from {
        format!("  {verb} {}", show::clean(edge.to.as_str()))
    } else {
        format!("  {} {verb} {}", show::clean(edge.from.as_str()), style.soft("it"))
    }
}

fn holds(node: NodeRef<'_>, filter: &str) -> bool {
    let filter = filter.to_lowercase();
    [node.id().as_str(), node.resource_type(), node.name()].iter().any(|text| text.to_lowercase().contains(&filter))
}

const MOST_EDGES: usize = 100;
const LONGEST_VALUE: usize = 160;
