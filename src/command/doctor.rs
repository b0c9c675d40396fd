//! `sao doctor`: is everything ready?
//!
//! Owns the list of checks and what to do about each that fails. It changes nothing: it opens what is there and lets it go.

use std::path::Path;

use serde_json::{Value, json};

use crate::{
    cli::Doctor,
    command::Ending,
    embedded,
    error::CommandError,
    http::listen,
    show::{self, Screen},
};

struct Check {
    name: &'static str,
    outcome: Result<String, String>,
}

pub(crate) async fn run(options: &Doctor) -> Result<Ending, CommandError> {
    let data = &options.data.data;
    let mut checks = vec![
        Check { name: "API port", outcome: port(options.listen, "--listen").await },
        Check { name: "page port", outcome: port(options.public_listen, "--public-listen").await },
        Check { name: "directory", outcome: writable(data) },
    ];
    if data.is_dir() {
        checks.push(Check { name: "lock", outcome: alone(data) });
        checks.extend(twin(data));
    }
    let good = checks.iter().all(|check| check.outcome.is_ok());
    if options.output.json {
        let document = |check: &Check| match &check.outcome {
            Ok(said) | Err(said) => json!({ "check": check.name, "ok": check.outcome.is_ok(), "detail": said }),
        };
        show::json(&json!({ "ok": good, "checks": checks.iter().map(document).collect::<Vec<Value>>() }));
        return Ok(Ending::when(good));
    }
    let screen = Screen::new(false);
    let style = screen.style();
    for check in &checks {
        let (mark, said) = match &check.outcome {
            Ok(said) => (style.good("✓"), said),
            Err(said) => (style.bad("✗"), said),
        };
        screen.line(format!("{mark} {:<12} {}", check.name, show::clean(said)));
    }
    Ok(Ending::when(good))
}

async fn port(address: std::net::SocketAddr, option: &'static str) -> Result<String, String> {
    listen::bind(address, option).await.map(|_| format!("{address} is free")).map_err(|error| error.to_string())
}

/// Whether the directory, or the one that it would be made in, can be written.
fn writable(data: &Path) -> Result<String, String> {
    let place = data.ancestors().find(|place| place.is_dir() || place.as_os_str().is_empty()).unwrap_or(data);
    let place = if place.as_os_str().is_empty() { Path::new(".") } else { place };
    let file = place.join(format!(".sao-doctor-{}", std::process::id()));
    let written = std::fs::write(&file, b"").and_then(|()| std::fs::remove_file(&file));
    match written {
        Ok(()) if data.is_dir() => Ok(format!("{} can be written", data.display())),
        Ok(()) => Ok(format!("{} does not exist yet and can be made", data.display())),
        Err(error) => Err(format!("{} cannot be written: {error}", place.display())),
    }
}

/// Whether nobody else has the directory.
fn alone(data: &Path) -> Result<String, String> {
    embedded::check_free(data).map(|()| "nobody else has it open".to_owned()).map_err(|error| error.to_string())
}

/// Whether the twin can be read, and what is written by people with it.
fn twin(data: &Path) -> Vec<Check> {
    let edge = match super::look_at(data).and_then(|setup| setup.edge_only()) {
        Ok(edge) => edge,
        Err(error) => return vec![Check { name: "keys", outcome: Err(error.to_string()) }],
    };
    let topology =
        edge.twin().topology().map_err(|error| error.to_string()).and_then(|topology| match topology.len() {
            0 => Err("it is empty: `sao twin collect terraform.tfstate` fills it".to_owned()),
            many => {
                let place = super::shown(&super::absolute(&data.join("twin")));
                Ok(format!("{many} resources of {} state(s) in {place}", topology.sources().len()))
            }
        });
    let version = |layer: Result<activities::shape::LayerAnswer, edge::EdgeError>| match layer {
        Ok(layer) => Ok(format!("{} file(s), {}", layer.documents.len(), show::short(&layer.version, 20))),
        Err(error) => Err(format!("{}; without it nothing is executed", error.message)),
    };
    vec![
        Check { name: "twin", outcome: topology },
        Check { name: "governance", outcome: version(edge.twin().governance()) },
        Check { name: "constraints", outcome: version(edge.twin().constraints()) },
    ]
}
