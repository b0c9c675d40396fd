//! What TestState answers, member for member as the API names it.

use serde::Serialize;

/// The answer of TestState.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The state's output, a JSON text; of a caught error the catcher's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// The error name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The data flow; absent at level `INFO`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inspection_data: Option<Inspection>,
    /// Where the execution would go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_state: Option<String>,
    /// What came of the state.
    pub status: TestStatus,
}

/// What came of a tested state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TestStatus {
    /// It has an output.
    #[default]
    Succeeded,
    /// It failed, and nothing takes the error.
    Failed,
    /// It failed, and a retrier takes the error.
    Retriable,
    /// It failed, and a catcher takes the error.
    CaughtError,
}

/// The data flow of a tested state, as far as it got; every text is JSON.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// The raw input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The input after `InputPath` (JSONPath).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_input_path: Option<String>,
    /// What `Parameters` made of it (JSONPath).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_parameters: Option<String>,
    /// What `Arguments` made (JSONata).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_arguments: Option<String>,
    /// The items that `ItemsPath` found (JSONPath).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_items_path: Option<String>,
    /// The items that `ItemsPointer` found in what was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_items_pointer: Option<String>,
    /// What `ItemSelector` made of each item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_item_selector: Option<String>,
    /// The batches that `ItemBatcher` made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_item_batcher: Option<String>,
    /// How many iterations may run at once; 0 is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<u64>,
    /// How many iterations may fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerated_failure_count: Option<u64>,
    /// Which part of the iterations may fail, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerated_failure_percentage: Option<f64>,
    /// The raw result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// The result after `ResultSelector` (JSONPath).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_result_selector: Option<String>,
    /// The result in its place in the input (JSONPath).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_result_path: Option<String>,
    /// The variables after the state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variables: Option<String>,
    /// Which rule took the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_details: Option<ErrorDetails>,
}

/// Which retrier or catcher took an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorDetails {
    /// The place in `Catch`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catch_index: Option<u64>,
    /// The place in `Retry`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_index: Option<u64>,
    /// How long the retry would wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_backoff_interval_seconds: Option<u64>,
}
