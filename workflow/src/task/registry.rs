//! The local functions: what a function name means inside this process.
//!
//! Owns the table from names to handlers and the promise that a handler's panic stays its own. It does not know how a
//! state asks for a function or what the answer is wrapped in.

use std::{collections::HashMap, fmt, panic::AssertUnwindSafe, sync::Arc};

use futures::{FutureExt, future::BoxFuture};
use serde_json::Value;

use super::Services;

/// The functions that run in this process, by name; cheap to clone.
///
/// ```
/// use futures::FutureExt;
/// use workflow::task::{Invocation, Registry};
///
/// let mut functions = Registry::default();
/// functions.insert("echo", |call: Invocation| async move { Ok(call.payload) }.boxed());
/// assert!(functions.contains("echo"));
/// ```
#[derive(Clone, Default)]
pub struct Registry {
    functions: Arc<HashMap<String, Arc<Handler>>>,
    services: Services,
}

/// A function: an invocation in, a result or an error out.
pub type Handler = dyn Fn(Invocation) -> BoxFuture<'static, Result<Value, FunctionError>> + Send + Sync;

/// One call of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// The function's name.
    pub function: String,
    /// What the state passes.
    pub payload: Value,
    /// The same text whenever the same attempt is dispatched again after a crash.
    pub idempotency_key: String,
}

/// How a function failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}: {cause}")]
pub struct FunctionError {
    /// The error name that Retry and Catch match, Lambda's `errorType`.
    pub error: String,
    /// What went wrong, Lambda's `errorMessage`.
    pub cause: String,
}

impl FunctionError {
    /// Makes an error from its name and what went wrong.
    pub fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { error: error.into(), cause: cause.into() }
    }
}

impl Registry {
    /// Adds a function, or replaces the one of this name. Clones made before do not see it.
    pub fn insert<F>(&mut self, name: impl Into<String>, handler: F)
    where
        F: Fn(Invocation) -> BoxFuture<'static, Result<Value, FunctionError>> + Send + Sync + 'static,
    {
        Arc::make_mut(&mut self.functions).insert(name.into(), Arc::new(handler));
    }

    /// Names what tasks can reach besides these functions. Clones made before do not see it.
    pub fn reach(&mut self, services: Services) {
        self.services = services;
    }

    /// What tasks can reach besides these functions.
    #[must_use]
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// Whether a function of this name is here.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.functions.contains_key(name)
    }

    /// Calls a function; `None` when there is none of this name. A panic becomes the error `Runtime.HandlerPanic`.
    pub(crate) async fn call(&self, invocation: Invocation) -> Option<Result<Value, FunctionError>> {
        let handler = Arc::clone(self.functions.get(&invocation.function)?);
        // The handler may panic before it answers with a future, or inside of it.
        let call = async move { handler(invocation).await };
        Some(AssertUnwindSafe(call).catch_unwind().await.unwrap_or_else(|panic| {
            Err(FunctionError::new("Runtime.HandlerPanic", format!("the function panicked: {}", said(panic.as_ref()))))
        }))
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.functions.keys()).finish()
    }
}

fn said(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_failure_of_the_function() {
        let mut functions = Registry::default();
        functions.insert("early", |_| panic!("before the future"));
        functions.insert("late", |_| async { panic!("inside {}", "it") }.boxed());
        for (name, message) in [("early", "before the future"), ("late", "inside it")] {
            let call = Invocation { function: name.into(), payload: Value::Null, idempotency_key: String::new() };
            let error = functions.call(call).await.unwrap().unwrap_err();
            assert_eq!(error, FunctionError::new("Runtime.HandlerPanic", format!("the function panicked: {message}")));
        }
    }

    #[tokio::test]
    async fn an_unknown_function_is_not_called() {
        let call = Invocation { function: "nobody".into(), payload: Value::Null, idempotency_key: String::new() };
        assert_eq!(Registry::default().call(call).await, None);
    }
}
