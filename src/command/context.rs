//! `sao context`: what a model would be told about one resource.
//!
//! Owns the printing, and the words for a name that means nothing or several things.

use activities::{
    shape::Context,
    twin::{Lookup, Node, Topology},
};

use crate::{
    cli,
    command::Ending,
    error::CommandError,
    show::{self, Screen},
    think,
};

pub(crate) async fn run(options: cli::Context) -> Result<Ending, CommandError> {
    let setup = super::look_at(&options.data.data)?;
    let edge = setup.edge_only()?;
    let document = of(&edge, &setup, &options.node).await?;
    if options.output.json {
        show::json(&document);
        return Ok(Ending::Good);
    }
    let screen = Screen::new(false);
    let style = screen.style();
    let context: Context = serde_json::from_value(document["context"].clone())
        .map_err(|error| CommandError::Function(error.to_string()))?;
    screen.line(format!(
        "{}  {}",
        style.bold(document["node"].as_str().unwrap_or_default()),
        style.soft(document["arn"].as_str().unwrap_or_default())
    ));
    for piece in &context.pieces {
        screen.gap();
        screen.line(format!("{} {}", style.bold(&piece.evidence), style.bold(&show::clean(&piece.title))));
        screen.line(show::clean(&piece.text));
    }
    for gap in &context.gaps {
        screen.line(style.warn(&format!("not observed: {}", show::clean(gap))));
    }
    screen.gap();
    screen.line(style.soft(&format!("about {} tokens, {} secrets redacted", context.tokens, context.redactions)));
    Ok(Ending::Good)
}

/// The context of the node that a name means.
pub(crate) async fn of(
    edge: &edge::Embedded,
    setup: &crate::embedded::Setup,
    name: &str,
) -> Result<serde_json::Value, CommandError> {
    let topology = edge.twin().topology().map_err(|error| CommandError::Function(error.to_string()))?;
    think::context(edge, &setup.settings()?, &find(&topology, name)?, None).await
}

/// The node that a name means.
pub(crate) fn find(topology: &Topology, name: &str) -> Result<Node, CommandError> {
    let id = match topology.find(name) {
        Lookup::Found(id) => id,
        other => return Err(CommandError::NotFound(unknown(name, &other, topology))),
    };
    let node = topology.node(id.as_str());
    let node = node.ok_or_else(|| CommandError::NotFound(format!("`{name}` is not in the twin")))?;
    node.read().map_err(|error| CommandError::Function(error.to_string()))
}

fn unknown(name: &str, lookup: &Lookup, topology: &Topology) -> String {
    if let Lookup::Ambiguous(ids) = lookup {
        let ids: Vec<String> = ids.iter().take(8).map(|id| format!("`{}`", id.as_str())).collect();
        return format!("`{name}` means several resources: {}; use one of these addresses", ids.join(", "));
    }
    if topology.is_empty() {
        return "the twin is empty: `sao twin collect terraform.tfstate` fills it".to_owned();
    }
    let likely: Vec<String> = topology.likely(name, 3).iter().map(|known| format!("`{known}`")).collect();
    match likely.split_last() {
        Some((last, [])) => format!("`{name}` is not in the twin; did you mean {last}?"),
        Some((last, others)) => format!("`{name}` is not in the twin; did you mean {} or {last}?", others.join(", ")),
        None => format!(
            "`{name}` is not in the twin: it knows Terraform addresses, ARNs and names; `sao twin show` lists {}",
            topology.len()
        ),
    }
}
