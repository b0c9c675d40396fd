//! `sao twin collect`: state files become the twin.
//!
//! Owns the printing, and which account a new data directory stands for.

use std::{path::PathBuf, sync::Arc};

use edge::Progress;
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
    let screen = Arc::new(Screen::new(options.output.json));
    let states: Vec<PathBuf> = options.states.iter().map(PathBuf::from).collect();
    let mut asked = Asked::default();
    if !data.is_dir() {
        states.iter().for_each(|state| asked.or_of_state(state));
    }
    let home = Home::find(data, &asked)?;
    let edge = Setup { home: home.clone(), ..setup(data)? }.edge_only()?;
    let shown = Arc::clone(&screen);
    let collected = embedded::collect(&edge, data, states, options.force, move |at| shown.busy(&words(at))).await;
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

/// How far it is, in words.
fn words(progress: Progress<'_>) -> String {
    let megabytes = |bytes: usize| bytes as f64 / 1e6;
    match progress {
        Progress::Read { source, bytes, of } => {
            format!("{}: read {:.1} of {:.1} MB", show::clean(source), megabytes(bytes), megabytes(of))
        }
        Progress::TakenIn { source, resources } => {
            format!("{}: {resources} resources taken into the account", show::clean(source))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_says_how_much_of_what() {
        let read = Progress::Read { source: "a\u{1b}.tfstate", bytes: 4_200_000, of: 54_000_000 };
        assert!(words(read).ends_with("read 4.2 of 54.0 MB"), "{}", words(read));
        assert!(!words(read).contains('\u{1b}'));
    }
}
