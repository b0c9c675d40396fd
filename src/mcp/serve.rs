//! The two ways to talk to the server: one client on standard input and output, or any on a loopback address.
//!
//! Owns the listeners. Over HTTP `Host` and `Origin` are checked as they are for every endpoint of the loopback: a page in a browser
//! must not reach the tools.

use std::{io, net::SocketAddr};

use axum::{Router, middleware};
use rmcp::{
    ServiceExt as _,
    transport::{
        StreamableHttpServerConfig, StreamableHttpService, stdio_pipes,
        streamable_http_server::session::local::LocalSessionManager,
    },
};
use tokio::{net::TcpListener, sync::watch};

use super::Server;
use crate::{
    error::CommandError,
    http::{guard, listen},
};

/// Serves the one client that started this process, until it closes its end.
pub(crate) async fn stdio(server: Server) -> Result<(), CommandError> {
    let broken =
        |problem: &dyn std::fmt::Display| CommandError::Function(format!("the MCP client was lost: {problem}"));
    let running = match server.serve(stdio_pipes()).await {
        Ok(running) => running,
        // A client that leaves before it has said anything has asked for nothing.
        Err(error) if is_closed(&error) => return Ok(()),
        Err(error) => return Err(broken(&error)),
    };
    running.waiting().await.map(drop).map_err(|error| broken(&error))
}

/// Takes an address of the loopback.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, CommandError> {
    if !address.ip().to_canonical().is_loopback() {
        return Err(CommandError::NotLoopback { address, option: "--listen" });
    }
    listen::bind(address, "--listen").await
}

/// Serves every client of this machine, until this process is asked to stop.
pub(crate) async fn http(server: Server, listener: TcpListener) -> io::Result<()> {
    let (stop, stopped) = watch::channel(false);
    let serving = listen::serve(listener, router(server), stopped);
    tokio::pin!(serving);
    tokio::select! {
        ended = &mut serving => ended,
        () = listen::asked_to_stop() => {
            let _ = stop.send(true);
            serving.await
        }
    }
}

fn router(server: Server) -> Router {
    // The guard looks at hosts and origins, with the same words for every endpoint.
    let config = StreamableHttpServerConfig::default().disable_allowed_hosts();
    let sessions = LocalSessionManager::default().into();
    let service = StreamableHttpService::new(move || Ok(server.clone()), sessions, config);
    Router::new().nest_service(PATH, service).layer(middleware::from_fn(guard::admit))
}

fn is_closed(error: &rmcp::service::ServerInitializeError) -> bool {
    matches!(error, rmcp::service::ServerInitializeError::ConnectionClosed(_))
}

/// Where the server is, on its listener.
pub(crate) const PATH: &str = "/mcp";
