//! `sao twin radius`: what breaks when a resource breaks.
//!
//! Owns the printing. How a failure travels is the topology's.

use activities::twin::MOST_REACHED;
use serde_json::json;

use super::{named, topology};
use crate::{
    cli::TwinRadius,
    command::Ending,
    error::CommandError,
    show::{self, Screen},
};

pub(super) fn run(options: &TwinRadius) -> Result<Ending, CommandError> {
    let topology = topology(&options.data)?;
    let id = named(&topology, &options.node)?.id();
    let reached = topology.blast_radius(id.as_str());
    let shown = &reached[..reached.len().min(options.most)];
    // The walk ends at its bound: there may be more than were counted.
    let all = reached.len() < MOST_REACHED;
    if options.output.json {
        show::json(&json!({ "node": id, "total": reached.len(), "complete": all, "nodes": shown }));
        return Ok(Ending::Good);
    }
    let screen = Screen::new(false);
    let style = screen.style();
    for one in shown {
        let verb = one.relation.word().replace('_', " ");
        let (from, to) = if one.outgoing { (&one.via, &one.id) } else { (&one.id, &one.via) };
        let because = format!("{from} {verb} {to}");
        screen.line(format!(
            "{:>3}  {:<60} {}",
            one.hops,
            show::clean(one.id.as_str()),
            style.soft(&show::clean(&because))
        ));
    }
    if reached.len() > shown.len() {
        screen.line(style.soft(&format!("and {} more; `--most` shows them", reached.len() - shown.len())));
    }
    let more = if all { "" } else { "at least " };
    screen.line(match reached.len() {
        0 => format!("nothing else breaks with `{}`", show::clean(id.as_str())),
        many => format!("{more}{many} resources break with `{}`", show::clean(id.as_str())),
    });
    Ok(Ending::Good)
}
