//! `sao twin graph`: what stands around a resource, as a list or as a picture.
//!
//! Owns the printing and the file. What is drawn is `activities`'.

use std::path::Path;

use activities::twin::{Reached, Topology, picture};
use serde_json::{Value, json};

use super::{brief, named, path::sentence, topology};
use crate::{
    cli::TwinGraph,
    command::{Ending, shown},
    error::CommandError,
    show::{self, Screen},
};

pub(super) fn run(options: &TwinGraph) -> Result<Ending, CommandError> {
    let topology = topology(&options.data)?;
    let node = named(&topology, &options.node)?;
    let id = node.id();
    if let Some(file) = &options.svg {
        return draw(&topology, id.as_str(), file, options.output.json);
    }
    let near = topology.neighbours(id.as_str(), options.hops);
    let listed = &near[..near.len().min(MOST_LISTED)];
    if options.output.json {
        let nodes: Vec<Value> = listed.iter().filter_map(|one| topology.node(one.id.as_str())).map(brief).collect();
        let document = json!({ "node": brief(node), "near": listed, "nodes": nodes, "total": near.len() });
        show::json(&document);
        return Ok(Ending::Good);
    }
    let screen = Screen::new(false);
    let style = screen.style();
    screen.line(format!("{} {}", style.bold(&show::clean(id.as_str())), style.soft(node.noun())));
    listed.iter().for_each(|one| screen.line(line(one)));
    if near.len() > listed.len() {
        screen.line(style.soft(&format!("and {} more", near.len() - listed.len())));
    }
    Ok(Ending::Good)
}

fn line(one: &Reached) -> String {
    let place = if one.hops > 1 { format!("{} ", one.via) } else { String::new() };
    let indent = "  ".repeat(one.hops as usize);
    format!("{indent}{}", show::clean(&format!("{place}{}", sentence(one))))
}

fn draw(topology: &Topology, id: &str, file: &Path, json: bool) -> Result<Ending, CommandError> {
    let svg = picture(topology, id).ok_or_else(|| CommandError::NotFound(format!("`{id}` is not in the twin")))?;
    if file == Path::new("-") {
        print!("{svg}");
        return Ok(Ending::Good);
    }
    std::fs::write(file, &svg).map_err(|source| CommandError::Write { path: file.to_owned(), source })?;
    if json {
        show::json(&json!({ "node": id, "svg": shown(file), "bytes": svg.len() }));
    } else {
        Screen::new(false).line(format!("{} shows what stands around {}", shown(file), show::clean(id)));
    }
    Ok(Ending::Good)
}

const MOST_LISTED: usize = 200;
