//! `sao up`: the platform, until it is asked to stop.
//!
//! Owns the order of its start (everything that can be refused is refused before anything is changed) and of its end, and what
//! is said about both. What the listeners answer is `http`'s.

use std::net::SocketAddr;

use axum::Router;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};
use workflow::task::runtime_api::{self, Workers};

use crate::{
    cli,
    command::{Ending, shown},
    embedded::{self, Platform, Setup},
    error::CommandError,
    history,
    home::{Asked, Home},
    http::{self, listen, pages, secret},
    shop,
    show::{self, Screen},
    story::Story,
};

pub(crate) async fn run(options: cli::Up) -> Result<Ending, CommandError> {
    let screen = Screen::new(options.output.json);
    if !options.listen.ip().to_canonical().is_loopback() {
        return Err(CommandError::NotLoopback { address: options.listen, option: "--listen" });
    }
    let api = listen::bind(options.listen, "--listen").await?;
    let public = listen::bind(options.public_listen, "--public-listen").await?;
    let runtime = runtime(&options).await?;
    let workers = Workers::default();
    options.functions.iter().for_each(|function| workers.declare(function));
    let (setup, reach) = setup(&options, &public, workers.clone())?;
    let platform = Platform::open(setup).await?;
    let secret = secret::open(&options.data.data)?;
    collect(&platform, &options, &screen).await?;
    let archiving = platform.keep_archiving().await?;
    let address = listen::address(&api)?;
    let workers_at = runtime.as_ref().map(listen::address).transpose()?;
    announce(&platform, address, workers_at, &reach, &screen, options.output).await?;
    let runtime = runtime.map(|listener| (listener, runtime_api::router(workers)));
    serve(&platform, api, public, runtime, secret, &screen).await;
    archiving.abort();
    platform.close().await;
    screen.line("Stopped. What waits goes on with the next `sao up` on this data directory.");
    Ok(Ending::Good)
}

/// The listener of the Lambda Runtime API, if it was asked for.
async fn runtime(options: &cli::Up) -> Result<Option<TcpListener>, CommandError> {
    let Some(address) = options.runtime_listen else { return Ok(None) };
    if !address.ip().to_canonical().is_loopback() {
        return Err(CommandError::NotLoopback { address, option: "--runtime-listen" });
    }
    listen::bind(address, "--runtime-listen").await.map(Some)
}

/// The setup, and a line that says what tasks reach.
fn setup(options: &cli::Up, public: &TcpListener, workers: Workers) -> Result<(Setup, String), CommandError> {
    let data = &options.data.data;
    let mut asked = Asked { account: options.account.clone(), region: options.region.clone() };
    for state in &options.states {
        asked.or_of_state(state);
    }
    let address = listen::address(public)?;
    let home = Home::find(data, &asked)?;
    let (services, reach) = embedded::services(&home.region, workers);
    let setup = Setup {
        data: data.clone(),
        services,
        home,
        mode: options.mode,
        settings: options.settings.iter().map(|text| setting(text)).collect::<Result<_, _>>()?,
        public_url: options.public_url.clone().unwrap_or_else(|| format!("http://{address}")),
        observations: options
            .observations
            .clone()
            .map(|path| super::absolute(&path))
            .or_else(|| shop::observations_of(data)),
    };
    Ok((setup, reach))
}

/// `NAME=VALUE`, taken apart.
fn setting(text: &str) -> Result<(String, String), CommandError> {
    let parts = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = parts.ok_or_else(|| {
        CommandError::Usage(format!("`--set {text}` must be NAME=VALUE, for example `settle_seconds=30`"))
    })?;
    match name {
        "mode" => Err(CommandError::Usage("the mode has an option of its own: `--mode`".to_owned())),
        _ => Ok((name.to_owned(), value.to_owned())),
    }
}

async fn collect(platform: &Platform, options: &cli::Up, screen: &Screen) -> Result<(), CommandError> {
    for one in platform.collect(options.states.clone()).await? {
        let news = if one.changed { "" } else { ", as before" };
        screen.line(format!(
            "Twin: {} resources and {} relations of {} (serial {}{news})",
            one.nodes, one.edges, one.source, one.serial
        ));
    }
    let known = platform.edge.twin().topology().map_err(|error| CommandError::Function(error.to_string()))?.len();
    if known == 0 {
        screen.line("The twin is empty: give it a state with `--state terraform.tfstate`; until then no incident finds its resource.");
    }
    Ok(())
}

/// Says where everything is, and what was resumed.
async fn announce(
    platform: &Platform,
    address: SocketAddr,
    runtime: Option<SocketAddr>,
    reach: &str,
    screen: &Screen,
    output: cli::Output,
) -> Result<(), CommandError> {
    let resumed = resumed(platform).await?;
    let style = screen.style();
    if output.json {
        let mut document = embedded::health(platform);
        document["listen"] = json!(format!("http://{address}"));
        if let Some(address) = runtime {
            document["runtime"] = json!(address);
        }
        document["data"] = json!(shown(&super::absolute(&platform.setup.data)));
        document["resumed"] =
            resumed.iter().map(|(name, state)| json!({ "incident": name, "state": state })).collect::<Value>();
        show::json(&document);
    }
    let row = |title: &str, text: &str| screen.line(format!("  {} {text}", style.soft(&format!("{title:<10}"))));
    screen.line(style.bold("SAO is up"));
    row(
        "API",
        &format!(
            "{}  (aws stepfunctions --endpoint-url http://{address} ...)",
            style.link(&format!("http://{address}"))
        ),
    );
    if let Some(address) = runtime {
        row(
            "Runtime",
            &format!("{address}  (AWS_LAMBDA_RUNTIME_API={address}/FUNCTION; in Rust http://{address}/FUNCTION)"),
        );
    }
    row("Tasks", reach);
    row("Incidents", &format!("POST http://{address}/incident, or `{} incident start EVENT.json`", show::me()));
    row("Pages", &style.link(&platform.setup.public_url));
    row(
        "Decide",
        &format!(
            "on the page of the mail, with a code of `{0} approver code`; or `{0} incident approve ID`",
            show::me()
        ),
    );
    row("Workflow", &platform.machine);
    row("Mode", platform.setup.mode.word());
    row("Data", &shown(&platform.setup.data));
    if !resumed.is_empty() {
        row("Resumed", &format!("{} incident(s) of the former run:", resumed.len()));
        for (name, state) in &resumed {
            row("", &format!("{name} {state}"));
        }
    }
    screen.line(style.soft("  Stop with ctrl-c."));
    Ok(())
}

/// The incidents that go on, and where they are.
async fn resumed(platform: &Platform) -> Result<Vec<(String, String)>, CommandError> {
    let mut resumed = Vec::new();
    for item in platform.running().await? {
        let story = Story::of(&platform.engine.get_execution_history(&item.execution_arn).await?);
        let state = match story.current() {
            Some(_) if story.waits_for_decision() => "waits for a decision".to_owned(),
            Some(step) => format!("in {}", step.name),
            None => "goes on".to_owned(),
        };
        resumed.push((history::name_of(&item.execution_arn).to_owned(), state));
    }
    Ok(resumed)
}

/// Serves both listeners until this process is asked to stop, or one of them breaks.
async fn serve(
    platform: &Platform,
    api: TcpListener,
    public: TcpListener,
    runtime: Option<(TcpListener, Router)>,
    secret: String,
    screen: &Screen,
) {
    let (stop, stopped) = watch::channel(false);
    if let Some((listener, router)) = runtime {
        tokio::spawn(listen::serve(listener, router, stopped.clone()));
    }
    let mut api = tokio::spawn(listen::serve(api, http::api(platform.clone(), secret), stopped.clone()));
    let mut public = tokio::spawn(listen::serve(public, pages::router(platform.clone()), stopped));
    tokio::select! {
        () = listen::asked_to_stop() => screen.line("Stopping ..."),
        _ = &mut api => tracing::error!("the API listener ended by itself"),
        _ = &mut public => tracing::error!("the page listener ended by itself"),
    }
    let _ = stop.send(true);
    for listener in [api, public] {
        // One that ended by itself is not waited for again.
        if !listener.is_finished() {
            let _ = listener.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_a_name_and_a_value() {
        assert_eq!(setting("settle_seconds=5").unwrap(), ("settle_seconds".to_owned(), "5".to_owned()));
        for text in ["settle_seconds", "=5", "mode=policy"] {
            assert_eq!(setting(text).unwrap_err().exit_code(), 2, "{text}");
        }
    }
}
