//! `sao twin`: what the twin holds, and reading state files into it.
//!
//! Owns the printing. What a state means is `activities`', where it is kept is `edge`'s.

mod check;

use activities::twin::NodeRef;
use serde_json::{Value, json};

use crate::{
    cli::{Twin, TwinCollect, TwinPath, TwinShow},
    command::{Ending, shown},
    embedded::{self, Setup},
    error::CommandError,
    home::{Asked, Home},
    show::{self, Screen},
};

pub(crate) async fn run(command: Twin) -> Result<Ending, CommandError> {
    match command {
        Twin::Show(options) => look(&options),
        Twin::Collect(options) => collect(options).await,
        Twin::Check(options) => check::run(&options).await,
        Twin::Path(options) => path(&options),
    }
}

fn look(options: &TwinShow) -> Result<Ending, CommandError> {
    let edge = super::look_at(&options.data.data)?.edge_only()?;
    let topology = edge.twin().topology().map_err(|error| CommandError::Function(error.to_string()))?;
    let wanted = |node: &NodeRef<'_>| options.filter.as_deref().is_none_or(|filter| holds(*node, filter));
    let nodes: Vec<NodeRef<'_>> = topology.nodes().filter(wanted).collect();
    if options.output.json {
        let document = |node: &NodeRef<'_>| json!({ "id": node.id(), "type": node.resource_type(), "name": node.name(), "arn": node.arn() });
        let sources = topology
            .sources()
            .iter()
            .map(|source| json!({ "source": source.source, "lineage": source.lineage, "serial": source.serial }));
        show::json(
            &json!({ "nodes": nodes.iter().map(document).collect::<Vec<Value>>(), "relations": topology.edge_count(), "sources": sources.collect::<Vec<_>>() }),
        );
        return Ok(Ending::Good);
    }
    let screen = Screen::new(false);
    let style = screen.style();
    for node in &nodes {
        screen.line(format!("{:<70} {}", show::clean(node.id().as_str()), style.soft(&show::clean(node.name()))));
    }
    screen.line(style.soft(&format!(
        "{} of {} resources, {} relations",
        nodes.len(),
        topology.len(),
        topology.edge_count()
    )));
    for source in topology.sources() {
        screen.line(style.soft(&format!("from {} (serial {})", show::clean(&source.source), source.serial)));
    }
    Ok(Ending::Good)
}

fn holds(node: NodeRef<'_>, filter: &str) -> bool {
    let filter = filter.to_lowercase();
    [node.id().as_str(), node.resource_type(), node.name()].iter().any(|text| text.to_lowercase().contains(&filter))
}

async fn collect(options: TwinCollect) -> Result<Ending, CommandError> {
    let data = &options.data.data;
    // A running platform must not have its account changed under its hands.
    embedded::check_free(data)?;
    let mut asked = Asked::default();
    if !data.is_dir() {
        options.files.iter().for_each(|file| asked.or_of_state(file));
    }
    let home = Home::find(data, &asked)?;
    let edge = Setup { home: home.clone(), ..super::setup(data)? }.edge_only()?;
    let collected = embedded::collect(&edge, data, options.files).await?;
    home.keep(data)?;
    if options.output.json {
        show::json(&json!({ "collected": collected }));
        return Ok(Ending::Good);
    }
    let screen = Screen::new(false);
    for one in collected {
        let news = if one.changed { "" } else { ", as before" };
        screen.line(format!(
            "{}: {} resources, {} relations (serial {}{news})",
            one.source, one.nodes, one.edges, one.serial
        ));
    }
    Ok(Ending::Good)
}

fn path(options: &TwinPath) -> Result<Ending, CommandError> {
    Screen::new(false).line(shown(&super::absolute(&options.data.data.join("twin"))));
    Ok(Ending::Good)
}
