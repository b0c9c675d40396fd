//! The way from tasks to what is outside of this process, and to the engine's own service.
//!
//! Owns what was configured once, at the start: a client or none, the local workers, the engine as a service.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use futures::future::BoxFuture;

use super::runtime_api::Workers;
use crate::client::{Client, Credentials, ServiceError};

/// What tasks can reach besides the functions of this process; clones are the same.
#[derive(Clone, Default)]
pub struct Services {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    client: Option<Client>,
    workers: Workers,
    executions: OnceLock<Arc<dyn Executions>>,
    assumed: Mutex<HashMap<String, Assumed>>,
}

/// Credentials of a role, and when they end, in seconds.
#[derive(Clone)]
pub(super) struct Assumed {
    pub(super) credentials: Credentials,
    pub(super) until: i64,
}

/// The engine's own Step Functions, as its tasks call it.
pub trait Executions: Send + Sync {
    /// Performs an action of the API, such as `StartExecution`: a JSON text in, a JSON text or an exception out.
    fn call(&self, action: &str, request: String) -> BoxFuture<'static, Result<String, ServiceError>>;

    /// Completes when an execution has ended, or cannot be followed.
    fn ended(&self, execution_arn: &str) -> BoxFuture<'static, ()>;
}

impl Services {
    /// Services that reach AWS with a client, and local binaries through their workers.
    #[must_use]
    pub fn new(client: Option<Client>, workers: Workers) -> Self {
        Self { inner: Arc::new(Inner { client, workers, ..Inner::default() }) }
    }

    /// Makes the engine itself the one that `states:startExecution` and `aws-sdk:sfn` reach. Only the first call counts.
    pub fn bind(&self, executions: Arc<dyn Executions>) {
        let _ = self.inner.executions.set(executions);
    }

    /// The client, if there is one.
    pub(crate) fn client(&self) -> Option<&Client> {
        self.inner.client.as_ref()
    }

    pub(super) fn workers(&self) -> &Workers {
        &self.inner.workers
    }

    pub(super) fn executions(&self) -> Option<&Arc<dyn Executions>> {
        self.inner.executions.get()
    }

    /// The credentials of a role that are good until after `now`.
    pub(super) fn assumed(&self, role: &str, now: i64) -> Option<Credentials> {
        let assumed = self.inner.assumed.lock().unwrap_or_else(PoisonError::into_inner);
        assumed.get(role).filter(|assumed| assumed.until > now).map(|assumed| assumed.credentials.clone())
    }

    pub(super) fn keep(&self, role: &str, assumed: Assumed) {
        self.inner.assumed.lock().unwrap_or_else(PoisonError::into_inner).insert(role.to_owned(), assumed);
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").field("client", &self.inner.client).finish_non_exhaustive()
    }
}
