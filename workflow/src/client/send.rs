//! One call: endpoint, signature, connection, answer.
//!
//! Owns what is tried again: only a connection that could not be made, for then nobody has seen the request.

use std::{error::Error, time::Duration};

use jiff::Timestamp;

use super::{CallError, Client, Request, Response, Service, sign::Signer};

/// How long a call may take and how much it may bring.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) timeout: Duration,
    /// In bytes.
    pub(crate) answer: usize,
}

impl Default for Bounds {
    /// Sixteen minutes, one more than the longest call of a function, and 8 MiB, above the largest answer of one.
    fn default() -> Self {
        Self { timeout: Duration::from_secs(16 * 60), answer: 8 << 20 }
    }
}

impl Client {
    /// Sends a request to a service; an answer with any status is a response.
    pub(crate) async fn send(
        &self,
        service: &Service<'_>,
        request: &Request,
        bounds: Bounds,
    ) -> Result<Response, CallError> {
        let (endpoint, _) = self.settings.endpoint_of(service, &self.region);
        self.send_to(&endpoint, service, request, bounds).await
    }

    /// Sends a request to an endpoint.
    pub(crate) async fn send_to(
        &self,
        endpoint: &str,
        service: &Service<'_>,
        request: &Request,
        bounds: Bounds,
    ) -> Result<Response, CallError> {
        let call = async {
            let mut attempt = 0;
            loop {
                match self.attempt(endpoint, service, request, bounds.answer).await {
                    Err((CallError::Unreachable { .. }, true)) if attempt < PAUSES.len() => {
                        tokio::time::sleep(PAUSES[attempt]).await;
                        attempt += 1;
                    }
                    Err((error, _)) => return Err(error),
                    Ok(response) => return Ok(response),
                }
            }
        };
        let late = || CallError::TimedOut(endpoint.to_owned());
        tokio::time::timeout(bounds.timeout, call).await.unwrap_or_else(|_| Err(late()))
    }

    /// One attempt; of an error, whether nobody can have seen the request.
    async fn attempt(
        &self,
        endpoint: &str,
        service: &Service<'_>,
        request: &Request,
        limit: usize,
    ) -> Result<Response, (CallError, bool)> {
        let unfit = |why: String| (CallError::Unfit(why), false);
        let credentials = self.settings.credentials.as_ref().ok_or((CallError::NoCredentials, false))?;
        let url = url(endpoint, request).map_err(unfit)?;
        let host = host(&url).ok_or_else(|| unfit(format!("the endpoint `{endpoint}` has no host")))?;
        // What an endpoint brings in front of the path is part of what is signed.
        let signed = Request { path: url.path().to_owned(), ..request.clone() };
        let signer = Signer { credentials, region: &self.region, service: service.signing, now: Timestamp::now() };
        let headers = signer
            .sign(&signed, &host)
            .ok_or_else(|| unfit("a parameter has characters that a header cannot carry".to_owned()))?;
        let lost = |error: reqwest::Error| {
            let unseen = error.is_connect();
            (CallError::Unreachable { endpoint: endpoint.to_owned(), why: innermost(&error) }, unseen)
        };
        let pool = self.pool(&url).map_err(unfit)?;
        let sent = pool.request(request.method.clone(), url).headers(headers).body(request.body.clone()).send();
        let mut answer = sent.await.map_err(lost)?;
        // The words of an exception are read even where nothing large is wanted.
        let limit = if answer.status().is_success() { limit } else { limit.max(LARGEST_EXCEPTION) };
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| (lost(error).0, false))? {
            if body.len() + chunk.len() > limit {
                return Err((CallError::TooLarge(limit), false));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status: answer.status().as_u16(), headers: answer.headers().clone(), body })
    }

    /// The connections for a URL: an emulator on this machine is reached directly, whatever proxy the environment names.
    fn pool(&self, url: &reqwest::Url) -> Result<&reqwest::Client, String> {
        let direct = url.scheme() == "http";
        let pool = if direct { &self.pools.plain } else { &self.pools.secure };
        let made = pool.get_or_init(|| {
            let builder = reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(LONGEST_CONNECT)
                .user_agent(concat!("sao/", env!("CARGO_PKG_VERSION")));
            let builder = if direct { builder.no_proxy().tls_built_in_root_certs(false) } else { builder };
            builder.build().map_err(|error| format!("no connection can be made: {}", innermost(&error)))
        });
        made.as_ref().map_err(Clone::clone)
    }
}

/// The request's URL; refused when the path is not kept as it is.
fn url(endpoint: &str, request: &Request) -> Result<reqwest::Url, String> {
    let query = request.canonical_query();
    let mark = if query.is_empty() { "" } else { "?" };
    let text = format!("{endpoint}{}{mark}{query}", request.path);
    let url = reqwest::Url::parse(&text).map_err(|error| format!("`{endpoint}` is not an endpoint: {error}"))?;
    if !url.path().ends_with(&request.path) {
        return Err(format!("the path `{}` cannot be sent as it is", request.path));
    }
    Ok(url)
}

/// The host header.
fn host(url: &reqwest::Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// What the deepest cause says: "connection refused" rather than "error sending request".
fn innermost(error: &dyn Error) -> String {
    let mut deepest = error;
    while let Some(next) = deepest.source() {
        deepest = next;
    }
    deepest.to_string()
}

/// In bytes.
const LARGEST_EXCEPTION: usize = 64 << 10;

const LONGEST_CONNECT: Duration = Duration::from_secs(10);

/// Before a connection is tried again.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];
