//! `sao twin path`: the shortest way from one resource to another.
//!
//! Owns the printing. Which way counts is the topology's.

use activities::twin::Reached;
use serde_json::json;

use super::{named, topology};
use crate::{
    cli::TwinPath,
    command::Ending,
    error::CommandError,
    show::{self, Screen},
};

pub(super) fn run(options: &TwinPath) -> Result<Ending, CommandError> {
    let topology = topology(&options.data)?;
    let (from, to) = (named(&topology, &options.from)?.id(), named(&topology, &options.to)?.id());
    let path = topology.path(from.as_str(), to.as_str());
    if options.output.json {
        show::json(&json!({ "from": from, "to": to, "path": path }));
        return Ok(Ending::when(path.is_some()));
    }
    let screen = Screen::new(false);
    let style = screen.style();
    let Some(path) = path else {
        screen.line(format!("nothing leads from `{}` to `{}`", show::clean(from.as_str()), show::clean(to.as_str())));
        return Ok(Ending::Bad);
    };
    let said = format!("{} {} {}", from, path.meaning.word(), to);
    screen.line(style.bold(&show::clean(&said)));
    screen.line(format!("  {}", show::clean(from.as_str())));
    path.steps.iter().for_each(|step| screen.line(format!("  {}", show::clean(&sentence(step)))));
    Ok(Ending::Good)
}

/// One step: `-- reads -> b`, or `<- triggers -- b` where the sentence begins with b.
pub(super) fn sentence(step: &Reached) -> String {
    let verb = step.relation.word().replace('_', " ");
    if step.outgoing { format!("-- {verb} -> {}", step.id) } else { format!("<- {verb} -- {}", step.id) }
}
