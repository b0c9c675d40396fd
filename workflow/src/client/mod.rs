//! How the engine reaches AWS, or an emulator of it: one small HTTP client for the protocols that AWS speaks.
//!
//! Owns endpoints, signatures, connections, the bound on answers, and what an exception looks like in each protocol. It does
//! not know states, tasks or how a history shows an answer.
//!
//! ```text
//!   json (AWS JSON 1.0, 1.1) ─┐
//!   query (AWS Query, XML)   ─┼─> Request ── endpoint ── sign ── HTTP ──> Response, or CallError
//!   s3, rest (REST)          ─┘
//! ```

mod endpoint;
mod error;
pub(crate) mod json;
pub(crate) mod query;
mod request;
pub mod s3;
mod send;
mod sign;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod xml;

use std::sync::{Arc, OnceLock};

pub use self::{
    endpoint::Settings,
    error::{CallError, ServiceError},
};
pub use crate::signature::Credentials;

pub(crate) use self::{
    endpoint::Service,
    request::{Request, Response, encode, encode_path},
    send::Bounds,
};

/// Reaches AWS services; clones share their connections.
#[derive(Clone)]
pub struct Client {
    settings: Arc<Settings>,
    region: Arc<str>,
    pools: Arc<Pools>,
}

/// The connections.
#[derive(Default)]
struct Pools {
    plain: OnceLock<Result<reqwest::Client, String>>,
    secure: OnceLock<Result<reqwest::Client, String>>,
}

impl Client {
    /// A client for a region; nothing is connected yet.
    #[must_use]
    pub fn new(settings: Settings, region: &str) -> Self {
        Self { settings: Arc::new(settings), region: region.into(), pools: Arc::default() }
    }

    /// The same client for another region.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        Self { region: region.into(), ..self.clone() }
    }

    /// The same client with other credentials.
    pub(crate) fn with_credentials(&self, credentials: Credentials) -> Self {
        let settings = Settings { credentials: Some(credentials), ..Settings::clone(&self.settings) };
        Self { settings: Arc::new(settings), ..self.clone() }
    }

    /// The region that requests are signed for.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("settings", &self.settings).field("region", &self.region).finish_non_exhaustive()
    }
}
