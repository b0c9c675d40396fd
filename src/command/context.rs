//! `sao context`: what a model would be told about one resource.
//!
//! Owns the printing of a context, and the words for a name that means nothing or several things.

use activities::{
    context::render_dropped,
    shape::{Context, Settings},
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
    let settings = within(setup.settings()?, options.budget.budget)?;
    let document = of(&edge, &settings, &options.node).await?;
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
    print(&screen, &context, settings.context_tokens);
    Ok(Ending::Good)
}

/// Prints the evidence, then what is missing in it and why.
fn print(screen: &Screen, context: &Context, budget: u32) {
    let style = screen.style();
    for piece in &context.pieces {
        screen.gap();
        let tokens = style.soft(&format!("{} tokens", piece.tokens));
        screen.line(format!("{} {}  {tokens}", style.bold(&piece.evidence), style.bold(&show::clean(&piece.title))));
        // Each line of what others wrote stands behind a bar, as it does for the model.
        let bar = if piece.untrusted { "| " } else { "  " };
        screen.lines(piece.text.lines().map(|line| format!("{}{}", style.soft(bar), show::clean(line))));
    }
    screen.gap();
    for line in missing(context) {
        screen.line(style.warn(&show::clean(&line)));
    }
    screen.line(style.soft(&format!(
        "about {} of {budget} tokens, {} secrets and addresses taken out",
        context.tokens, context.redactions
    )));
}

/// What is not in a context: what could not be observed, and what was left out for length, by evidence id with counts.
pub(super) fn missing(context: &Context) -> Vec<String> {
    let gaps = context.gaps.iter().map(|gap| format!("not observed: {gap}"));
    gaps.chain(context.dropped.iter().map(|dropped| format!("left out: {}", render_dropped(dropped)))).collect()
}

/// The settings with another budget, where one is given.
pub(crate) fn within(mut settings: Settings, budget: Option<u32>) -> Result<Settings, CommandError> {
    settings.context_tokens = budget.unwrap_or(settings.context_tokens);
    let problems = settings.problems();
    if problems.is_empty() { Ok(settings) } else { Err(CommandError::Usage(problems.join("; "))) }
}

/// The context of the node that a name means.
pub(crate) async fn of(
    edge: &edge::Embedded,
    settings: &Settings,
    name: &str,
) -> Result<serde_json::Value, CommandError> {
    let topology = edge.twin().topology().map_err(|error| CommandError::Function(error.to_string()))?;
    think::context(edge, settings, &find(&topology, name)?, None).await
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
