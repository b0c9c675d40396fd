//! `sao context`: what a model would be told about one resource.
//!
//! Owns the printing, and the words for a name that means nothing or several things.

use activities::{
    shape::Context,
    twin::{Lookup, Node, NodeRef, Topology},
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
        other => return Err(CommandError::NotFound(unknown(topology, name, &other))),
    };
    let node = topology.node(id.as_str());
    let node = node.ok_or_else(|| CommandError::NotFound(format!("`{name}` is not in the twin")))?;
    node.read().map_err(|error| CommandError::Function(error.to_string()))
}

fn unknown(topology: &Topology, name: &str, lookup: &Lookup) -> String {
    let nodes = topology.len();
    match lookup {
        Lookup::Ambiguous(ids) => {
            let ids: Vec<String> = ids.iter().take(8).map(|id| format!("`{}`", id.as_str())).collect();
            format!("`{name}` means several resources: {}; use one of these addresses", ids.join(", "))
        }
        _ if nodes == 0 => "the twin is empty: `sao twin collect terraform.tfstate` fills it".to_owned(),
        _ => {
            let alike = alike(topology, name);
            let guess =
                if alike.is_empty() { String::new() } else { format!("; did you mean `{}`?", alike.join("` or `")) };
            format!(
                "`{name}` is not in the twin: it knows Terraform addresses, ARNs and names; `sao twin show` lists {nodes}{guess}"
            )
        }
    }
}

/// The addresses of resources whose address or name is most like this, the most alike first.
fn alike(topology: &Topology, name: &str) -> Vec<String> {
    let wanted = name.to_lowercase();
    let far = wanted.chars().count() / 3;
    let distance = |node: NodeRef<'_>| {
        let names = node.names().chain([node.address()]);
        let one = |known: &str| {
            let known = known.to_lowercase();
            if wanted.len() >= SHORTEST && (known.contains(&wanted) || wanted.contains(&known)) {
                return Some(0);
            }
            (known.len().abs_diff(wanted.len()) <= far).then(|| edits(&known, &wanted)).filter(|edits| *edits <= far)
        };
        names.filter_map(one).min()
    };
    let mut found: Vec<(usize, String)> =
        topology.nodes().filter_map(|node| Some((distance(node)?, node.id().to_string()))).collect();
    found.sort_unstable();
    found.into_iter().take(MOST_GUESSES).map(|(_, id)| id).collect()
}

/// How many letters must be put in, left out or changed to make one text of another.
fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (column, wanted) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *wanted);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

const MOST_GUESSES: usize = 3;
/// Of fewer letters too many names are a part.
const SHORTEST: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        let check = |one, other, expect| assert_eq!(edits(one, other), expect, "{one} {other}");
        check("orders", "orders", 0);
        check("orders", "order", 1);
        check("", "abc", 3);
        check("kitten", "sitting", 3);
    }
}
