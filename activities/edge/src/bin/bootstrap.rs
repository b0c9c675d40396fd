//! The one Lambda binary of the platform: the handler's name (`_HANDLER`) picks the function.
//!
//! Owns the loop with Lambda and the log. What each function does is [`edge::aws`]'s. An error reaches the state machine with its
//! own type, for example `Sao.Refused`, which Retry and Catch name.

use std::sync::Arc;

use edge::EdgeError;
use edge::aws::{Aws, Settings};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;
use tracing::Instrument as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = Settings::from_environment();
    tracing_subscriber::fmt().json().with_env_filter(settings.log_filter()).with_target(false).without_time().init();
    let function = std::env::var("_HANDLER").map_err(|_| "`_HANDLER` is not set: it names the function")?;
    // A misspelt handler fails when it is deployed and not in the middle of an incident.
    edge::aws::check(&function).map_err(|error| error.to_string())?;
    let aws = Arc::new(Aws::connect(settings).await);
    let function: Arc<str> = function.into();
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let (aws, function) = (Arc::clone(&aws), Arc::clone(&function));
        let span = tracing::info_span!("call", function = &*function, request = event.context.request_id);
        async move { aws.call(&function, event.payload).await.map_err(Failed) }.instrument(span)
    }))
    .await
}

/// An error on its way to Lambda.
#[derive(Debug)]
struct Failed(EdgeError);

impl From<Failed> for Diagnostic {
    fn from(Failed(error): Failed) -> Self {
        Self { error_type: error.error, error_message: error.message }
    }
}
