//! What TestState is asked, member for member as the API names it.

use serde::Deserialize;

/// The request of TestState.
///
/// The limits on the members' lengths are the caller's to check.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Request {
    /// The state; or the whole machine, when `state_name` says which state of it.
    pub definition: String,
    /// The role that a call outside would be made with.
    pub role_arn: Option<String>,
    /// The state's input, a JSON text; an empty object when absent.
    pub input: Option<String>,
    /// How much the answer tells.
    pub inspection_level: InspectionLevel,
    /// Whether an HTTP request is shown with what its connection adds.
    pub reveal_secrets: bool,
    /// The workflow variables, a JSON object as text.
    pub variables: Option<String>,
    /// Which state of the machine, at any depth.
    pub state_name: Option<String>,
    /// What the state is told instead of doing its work.
    pub mock: Option<Mock>,
    /// The context object, a JSON object as text; only with a mock.
    pub context: Option<String>,
    /// What happened before; only with a mock.
    pub state_configuration: StateConfiguration,
    /// Where the state seems to run; not of the wire.
    #[serde(skip)]
    pub home: Home,
}

/// How much the answer tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum InspectionLevel {
    /// The outcome.
    #[default]
    Info,
    /// The outcome, and each step of the data flow.
    Debug,
    /// As `Debug`, and HTTP requests with their answers.
    Trace,
}

/// A result or an error in place of the state's work.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Mock {
    /// The result, a JSON text.
    pub result: Option<String>,
    /// The error.
    pub error_output: Option<ErrorOutput>,
    /// How strictly the result is held against what the called action answers.
    pub field_validation_mode: FieldValidationMode,
}

/// A mocked error.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct ErrorOutput {
    /// The error name.
    pub error: Option<String>,
    /// The cause.
    pub cause: Option<String>,
}

/// How strictly a mocked result is held against the shape of the action's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum FieldValidationMode {
    /// Required fields must be there, and all that are there must fit.
    #[default]
    Strict,
    /// All fields that are there must fit.
    Present,
    /// Anything goes.
    None,
}

/// What happened to the state before the moment that is tested.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StateConfiguration {
    /// How often the retrier that takes the error was used already.
    pub retrier_retry_count: Option<u64>,
    /// The inner state of a Map or Parallel in which the mocked error arose.
    pub error_caused_by_state: Option<String>,
    /// How many iterations of a Map failed.
    pub map_iteration_failure_count: Option<u64>,
    /// What a Map's `ItemReader` reads, as found at its source.
    pub map_item_reader_data: Option<String>,
}

/// The region and the account that the context object's ARNs name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Such as `aws`.
    pub partition: String,
    /// Such as `eu-west-1`.
    pub region: String,
    /// Twelve digits.
    pub account: String,
}

impl Default for Home {
    fn default() -> Self {
        Self { partition: "aws".to_owned(), region: "us-east-1".to_owned(), account: "000000000000".to_owned() }
    }
}
