//! `sao mcp`: the MCP server for an agent.
//!
//! Owns the choice between the two transports and the words when it listens. Standard output belongs to the protocol.

use crate::{
    cli,
    client::Client,
    command::Ending,
    error::CommandError,
    http::listen,
    mcp::{Server, serve},
    show::Screen,
};

pub(crate) async fn run(options: cli::Mcp) -> Result<Ending, CommandError> {
    let setup = super::look_at(&options.data.data)?;
    let server = Server::new(setup, Client::new(&options.endpoint)?, options.name)?;
    match options.listen {
        None => serve::stdio(server).await?,
        Some(address) => {
            let listener = serve::bind(address).await?;
            let address = listen::address(&listener)?;
            Screen::new(false).line(format!("MCP server on http://{address}{}  (stop with ctrl-c)", serve::PATH));
            serve::http(server, listener).await.map_err(|error| CommandError::Function(error.to_string()))?;
        }
    }
    Ok(Ending::Good)
}
