//! TestState: one state, run once, with what it saw on the way.

use serde::Deserialize;
use statemachine::{
    definition::ResourceKind,
    test_state::{
        self, Answer, FieldValidationMode, Home, InspectionLevel, Outcome, Pending, Prepared, StateConfiguration,
        TestStateError, prepare,
    },
};

use super::{Api, arn, constraint::Constraints, refusal::Refusal, wire::Structure};
use crate::task::{self, Call};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    definition: Option<String>,
    role_arn: Option<String>,
    input: Option<String>,
    inspection_level: Option<String>,
    reveal_secrets: Option<bool>,
    variables: Option<String>,
    state_name: Option<String>,
    mock: Option<Structure<Mock>>,
    context: Option<String>,
    state_configuration: Option<Structure<Configuration>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Mock {
    result: Option<String>,
    error_output: Option<Structure<ErrorOutput>>,
    field_validation_mode: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct ErrorOutput {
    error: Option<String>,
    cause: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Configuration {
    retrier_retry_count: Option<i64>,
    error_caused_by_state: Option<String>,
    map_iteration_failure_count: Option<i64>,
    map_item_reader_data: Option<String>,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    constrain(&request)?;
    request.role_arn.as_deref().map(arn::role).transpose()?;
    let (region, account) = (api.config.region.clone(), api.config.account.clone());
    let request = test_state::Request { home: Home { region, account, ..Home::default() }, ..read(request) };
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

fn constrain(request: &Request) -> Result<(), Refusal> {
    let mut check = Constraints::default();
    check.definition(request.definition.as_deref());
    check.present("definition", request.definition.as_ref().map(|_| ()));
    check.optional("roleArn", request.role_arn.as_deref(), 1, 256);
    check.payload("input", request.input.as_deref());
    check.one_of("inspectionLevel", request.inspection_level.as_deref(), &["INFO", "DEBUG", "TRACE"]);
    check.payload("variables", request.variables.as_deref());
    check.sensitive("stateName", request.state_name.as_deref(), 1, 80);
    if let Some(Structure(mock)) = &request.mock {
        check.payload("mock.result", mock.result.as_deref());
        if let Some(Structure(output)) = &mock.error_output {
            check.sensitive("mock.errorOutput.error", output.error.as_deref(), 0, 256);
            check.sensitive("mock.errorOutput.cause", output.cause.as_deref(), 0, 32_768);
        }
        let mode = mock.field_validation_mode.as_deref();
        check.one_of("mock.fieldValidationMode", mode, &["STRICT", "PRESENT", "NONE"]);
    }
    check.payload("context", request.context.as_deref());
    if let Some(Structure(given)) = &request.state_configuration {
        for (name, value) in [
            ("retrierRetryCount", given.retrier_retry_count),
            ("mapIterationFailureCount", given.map_iteration_failure_count),
        ] {
            check.number(&format!("stateConfiguration.{name}"), value.unwrap_or(0), 0, i64::from(i32::MAX));
        }
        check.sensitive("stateConfiguration.errorCausedByState", given.error_caused_by_state.as_deref(), 1, 80);
        check.payload("stateConfiguration.mapItemReaderData", given.map_item_reader_data.as_deref());
    }
    check.done()
}

/// A request that keeps to its constraints, as the pure test takes it.
fn read(request: Request) -> test_state::Request {
    let mock = request.mock.map(|Structure(mock)| test_state::Mock {
        result: mock.result,
        error_output: mock
            .error_output
            .map(|Structure(output)| test_state::ErrorOutput { error: output.error, cause: output.cause }),
        field_validation_mode: match mock.field_validation_mode.as_deref() {
            Some("NONE") => FieldValidationMode::None,
            Some("PRESENT") => FieldValidationMode::Present,
            _ => FieldValidationMode::Strict,
        },
    });
    let given = request.state_configuration.map(|Structure(given)| given).unwrap_or_default();
    let count = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
    test_state::Request {
        definition: request.definition.unwrap_or_default(),
        role_arn: request.role_arn,
        input: request.input,
        inspection_level: match request.inspection_level.as_deref() {
            Some("DEBUG") => InspectionLevel::Debug,
            Some("TRACE") => InspectionLevel::Trace,
            _ => InspectionLevel::Info,
        },
        reveal_secrets: request.reveal_secrets.unwrap_or_default(),
        variables: request.variables,
        state_name: request.state_name,
        mock,
        context: request.context,
        state_configuration: StateConfiguration {
            retrier_retry_count: count(given.retrier_retry_count),
            error_caused_by_state: given.error_caused_by_state,
            map_iteration_failure_count: count(given.map_iteration_failure_count),
            map_item_reader_data: given.map_item_reader_data,
        },
        home: Home::default(),
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
