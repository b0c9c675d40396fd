//! `sao twin collect`: state files become the twin.
//!
//! Owns the printing, and which account a new data directory stands for.

use std::path::PathBuf;

use serde_json::json;

use crate::{
    cli::TwinCollect,
    command::{Ending, setup},
    embedded::{self, Setup},
    error::CommandError,
    home::{Asked, Home},
    show::{self, Screen},
};

pub(super) async fn run(options: TwinCollect) -> Result<Ending, CommandError> {
    let data = &options.data.data;
    // A running platform must not have its account changed under its hands.
    embedded::check_free(data)?;
    let screen = Screen::new(options.output.json);
    let states: Vec<PathBuf> = options.states.iter().map(PathBuf::from).collect();
    let mut asked = Asked::default();
    if !data.is_dir() {
        states.iter().for_each(|state| asked.or_of_state(state));
    }
    let home = Home::find(data, &asked)?;
    let edge = Setup { home: home.clone(), ..setup(data)? }.edge_only()?;
    screen.busy("reading states");
    let collected = embedded::collect(&edge, data, states, options.force).await;
    screen.idle();
    let collected = collected?;
    home.keep(data)?;
    if options.output.json {
        show::json(&json!({ "collected": collected }));
        return Ok(Ending::Good);
    }
    for one in collected {
        let news = if one.changed { "" } else { ", as before" };
        screen.line(format!(
            "{}: {} resources, {} relations (serial {}{news})",
            one.source, one.nodes, one.edges, one.serial
        ));
    }
    Ok(Ending::Good)
}
