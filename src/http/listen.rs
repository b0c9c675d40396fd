//! Listening: taking an address, serving until asked to stop.
//!
//! Owns the words for an address that cannot be had, and the signals that stop a server.

use std::{io, net::SocketAddr, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, sync::watch};

use crate::error::CommandError;

/// Takes an address; `option` is what chooses another.
pub(crate) async fn bind(address: SocketAddr, option: &'static str) -> Result<TcpListener, CommandError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => CommandError::PortInUse { address, option },
        _ => CommandError::Listen { address, option, source },
    })
}

/// The address that a listener has.
pub(crate) fn address(listener: &TcpListener) -> Result<SocketAddr, CommandError> {
    listener.local_addr().map_err(|source| CommandError::Listen {
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        option: "--listen",
        source,
    })
}

/// Serves until `stop` says so, and lets what is being answered end.
pub(crate) async fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) -> io::Result<()> {
    let mut asked = stop.clone();
    let told = async move {
        // A sender that is gone asks for the same.
        let _ = asked.wait_for(|stop| *stop).await;
    };
    let serving = axum::serve(listener, router).with_graceful_shutdown(told);
    let patience = async move {
        let _ = stop.wait_for(|stop| *stop).await;
        tokio::time::sleep(PATIENCE).await;
    };
    tokio::select! {
        ended = serving => ended,
        () = patience => Ok(()),
    }
}

/// Completes when this process is asked to stop: ctrl-c, or SIGTERM.
pub(crate) async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a handler there is nothing to wait for but the default: the process ends.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// How long an answer that is under way may take once the server is asked to stop.
const PATIENCE: Duration = Duration::from_secs(5);
