//! One case, as a file holds it.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// A recorded case.
#[derive(Debug, Clone, Deserialize)]
pub struct Case {
    /// The case's name.
    pub id: String,
    /// The area it belongs to.
    #[serde(default)]
    pub category: String,
    /// What is compared.
    pub kind: Kind,
    /// What it calls besides the engine itself.
    #[serde(default)]
    pub services: Vec<String>,
    /// The definition, where all runs share one.
    #[serde(default)]
    pub definition: Value,
    /// The executions.
    #[serde(default)]
    pub runs: Vec<Run>,
    /// The request of a case that is one call.
    #[serde(default)]
    pub request: Value,
    /// The answer of a case that is one call.
    #[serde(default)]
    pub expected: Value,
}

/// What a case compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Histories.
    Execution,
    /// Final outputs.
    Outputs,
    /// The answer of TestState.
    TestState,
    /// The answer of ValidateStateMachineDefinition.
    ValidateDefinition,
}

/// One execution.
#[derive(Debug, Clone, Deserialize)]
pub struct Run {
    /// Its own definition, if the case has none.
    #[serde(default)]
    pub definition: Value,
    /// The input; a string is JSON text where it parses, else a string.
    #[serde(default)]
    pub input: Value,
    /// The history that AWS wrote.
    #[serde(default)]
    pub expected_history: Vec<Value>,
    /// The final output.
    #[serde(default)]
    pub expected_output: Value,
}

impl Case {
    /// Reads a case, with the partition and the region filled in.
    ///
    /// # Errors
    /// A file that cannot be read or is no case.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let text = text.replace("<partition>", "aws").replace("<region>", REGION);
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// The region that cases run in.
pub(crate) const REGION: &str = "us-east-1";
/// The account that cases run in.
pub(crate) const ACCOUNT: &str = "111111111111";
