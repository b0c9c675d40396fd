//! The engine's own service, as its tasks call it: `states:startExecution` and `aws-sdk:sfn` end here.
//!
//! Owns the way from a task to an action without a socket; requests are checked as those of any caller. It keeps no engine
//! alive: a task that outlives the engine is told so.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};

use super::{Api, ApiConfig, refusal::Refusal, unbroken};
use crate::{
    client::ServiceError,
    engine::{Clock, Engine, WeakEngine},
    task::Executions,
};

/// The service of an engine that may be gone.
pub(crate) struct OwnService {
    engine: WeakEngine,
    config: Arc<ApiConfig>,
}

impl OwnService {
    pub(crate) fn new(engine: &Engine, clock: Arc<dyn Clock>) -> Self {
        let (region, account) = (engine.region().to_owned(), engine.account().to_owned());
        let config = ApiConfig { region, account, clock, ..ApiConfig::default() };
        Self { engine: engine.downgrade(), config: Arc::new(config) }
    }
}

impl Executions for OwnService {
    fn call(&self, action: &str, request: String) -> BoxFuture<'static, Result<String, ServiceError>> {
        let (engine, config, action) = (self.engine.upgrade(), Arc::clone(&self.config), action.to_owned());
        async move {
            let gone = || Refusal::internal("the engine is gone");
            let outcome = match engine {
                Some(engine) => {
                    let api = Api::local(engine, config);
                    unbroken(async move { api.dispatch(&action, request.as_bytes()).await }).await
                }
                None => Err(gone()),
            };
            outcome.map_err(exception)
        }
        .boxed()
    }

    fn ended(&self, execution_arn: &str) -> BoxFuture<'static, ()> {
        let (engine, execution_arn) = (self.engine.upgrade(), execution_arn.to_owned());
        async move {
            if let Some(engine) = engine {
                // What cannot be followed is told when it is described.
                let _ = engine.wait_until_ended(&execution_arn).await;
            }
        }
        .boxed()
    }
}

fn exception(refusal: Refusal) -> ServiceError {
    let request_id = uuid::Uuid::new_v4().to_string();
    refusal.log(&request_id);
    ServiceError {
        status: refusal.status.as_u16(),
        code: refusal.code.into_owned(),
        query_code: None,
        message: refusal.message,
        request_id,
        extended_request_id: None,
    }
}
