//! TestState: one state, run once, with what it saw on the way.

use statemachine::{
    definition::ResourceKind,
    test_state::{Answer, Home, Outcome, Pending, Prepared, Request, TestStateError, prepare},
};

use super::{Api, refusal::Refusal};
use crate::task::{self, Call};

pub(super) async fn call(api: Api, mut request: Request) -> Result<Answer, Refusal> {
    let (region, account) = (api.config.region.clone(), api.config.account.clone());
    request.home = Home { region, account, ..Home::default() };
    let now = api.now();
    // A state may evaluate for long; the threads that serve others stay free.
    let prepared = tokio::task::spawn_blocking(move || prepare(&request, now, &mut rand::random::<u64>)).await;
    match prepared.map_err(|error| Refusal::internal(error.to_string()))?? {
        Prepared::Done(answer) => Ok(*answer),
        Prepared::Call(pending) => {
            let outcome = perform(&api, &pending).await;
            Ok(pending.complete(outcome, api.now(), &mut rand::random::<u64>))
        }
    }
}

/// Makes the call of a state without a mock.
async fn perform(api: &Api, pending: &Pending) -> Outcome {
    let call = pending.call();
    if call.resource.kind == ResourceKind::Activity {
        return failed("States.Runtime", "An activity has no worker under test: give a mock.");
    }
    let call = Call {
        resource: call.resource.clone(),
        arguments: call.arguments.clone(),
        idempotency_key: uuid::Uuid::new_v4().to_string(),
        region: api.config.region.clone(),
        account: api.config.account.clone(),
    };
    match task::perform(&api.engine.functions(), call).await {
        task::Answer::Succeeded(output) | task::Answer::Submitted(output) => Outcome::Succeeded(output),
        task::Answer::Failed { error, cause } => failed(&error, &cause),
    }
}

fn failed(error: &str, cause: &str) -> Outcome {
    Outcome::Failed { error: Some(error.to_owned()), cause: Some(cause.to_owned()) }
}

impl From<TestStateError> for Refusal {
    fn from(error: TestStateError) -> Self {
        Self::new(error.code(), error.message())
    }
}
