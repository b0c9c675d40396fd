//! What goes in and comes out of the engine's actions, in the words of the Step Functions API.
//!
//! Owns the shapes only. JSON texts (inputs, outputs, definitions) stay texts, verbatim.

use std::collections::BTreeMap;

use serde_json::Value;
use statemachine::Millis;

pub use statemachine::definition::MachineType as StateMachineType;

/// What CreateStateMachine is given.
#[derive(Debug, Clone, Default)]
pub struct NewStateMachine {
    /// The name.
    pub name: String,
    /// The definition, Amazon States Language.
    pub definition: String,
    /// The role's ARN; kept and shown, not used.
    pub role_arn: String,
    /// Standard or Express.
    pub kind: StateMachineType,
    /// `loggingConfiguration`, as given.
    pub logging: Option<Value>,
    /// `tracingConfiguration`, as given.
    pub tracing: Option<Value>,
    /// `encryptionConfiguration`, as given.
    pub encryption: Option<Value>,
    /// Keys and values.
    pub tags: Vec<(String, String)>,
    /// The version that it is published as at once.
    pub publish: Option<NewVersion>,
}

/// What CreateStateMachine answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The machine's ARN.
    pub state_machine_arn: String,
    /// When it was created.
    pub creation_date: Millis,
    /// The version's ARN, when one was to be published.
    pub version_arn: Option<String>,
}

/// A version to be published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewVersion {
    /// What people say about it.
    pub description: Option<String>,
}

/// A version of a state machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The machine's ARN, a colon, the number.
    pub arn: String,
    /// When it was published.
    pub creation_date: Millis,
}

/// An alias of a state machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The machine's ARN, a colon, the name.
    pub arn: String,
    /// The name.
    pub name: String,
    /// What people say about it.
    pub description: Option<String>,
    /// The versions that it leads to, by ARN, and how many of a hundred starts each gets.
    pub routes: Vec<(String, u32)>,
    /// When it was created.
    pub creation_date: Millis,
    /// When it was last changed.
    pub update_date: Millis,
}

/// An activity.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// `arn:aws:states:REGION:ACCOUNT:activity:NAME`
    pub arn: String,
    /// The name.
    pub name: String,
    /// When it was created.
    pub creation_date: Millis,
    /// `encryptionConfiguration`, as given.
    pub encryption: Option<Value>,
}

/// What UpdateStateMachine is given; `None` keeps what there is.
#[derive(Debug, Clone, Default)]
pub struct StateMachineChange {
    /// A new definition.
    pub definition: Option<String>,
    /// A new role.
    pub role_arn: Option<String>,
    /// A new `loggingConfiguration`.
    pub logging: Option<Value>,
    /// A new `tracingConfiguration`.
    pub tracing: Option<Value>,
    /// A new `encryptionConfiguration`.
    pub encryption: Option<Value>,
    /// The version that the outcome is published as.
    pub publish: Option<NewVersion>,
}

/// What UpdateStateMachine answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated {
    /// When.
    pub update_date: Millis,
    /// The revision; `None` when nothing was ever changed.
    pub revision_id: Option<String>,
    /// The version's ARN, when one was to be published.
    pub version_arn: Option<String>,
}

/// A state machine as DescribeStateMachine shows it; the list leaves `definition` empty.
#[derive(Debug, Clone, PartialEq)]
pub struct StateMachine {
    /// `arn:aws:states:REGION:ACCOUNT:stateMachine:NAME`, with `:NUMBER` behind it for a version.
    pub arn: String,
    /// The name.
    pub name: String,
    /// The definition as it was given.
    pub definition: String,
    /// The role's ARN.
    pub role_arn: String,
    /// Standard or Express.
    pub kind: StateMachineType,
    /// `ACTIVE`, or `DELETING` while executions still end.
    pub deleting: bool,
    /// When it was created.
    pub creation_date: Millis,
    /// When it was last created or updated.
    pub update_date: Millis,
    /// The revision; `None` until the first update.
    pub revision_id: Option<String>,
    /// `loggingConfiguration`, as given.
    pub logging: Option<Value>,
    /// `tracingConfiguration`, as given.
    pub tracing: Option<Value>,
    /// `encryptionConfiguration`, as given.
    pub encryption: Option<Value>,
    /// Keys and values.
    pub tags: Vec<(String, String)>,
    /// What people say about it, for a version.
    pub description: Option<String>,
    /// The workflow variables that each state reads, by the state's name; the list leaves it empty.
    pub variable_references: BTreeMap<String, Vec<String>>,
    /// The map run of the execution that was asked about, if it is a child of one.
    pub map_run_arn: Option<String>,
}

/// What StartExecution is given.
#[derive(Debug, Clone, Default)]
pub struct StartExecution {
    /// Which machine, version or alias.
    pub state_machine_arn: String,
    /// The execution's name; `None` draws a UUID.
    pub name: Option<String>,
    /// The input, a JSON text; `None` is `{}`.
    pub input: Option<String>,
    /// `traceHeader`; kept in the answer of DescribeExecution.
    pub trace_header: Option<String>,
}

/// What StartExecution answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// `arn:aws:states:REGION:ACCOUNT:execution:MACHINE:NAME`
    pub execution_arn: String,
    /// When it started.
    pub start_date: Millis,
}

/// What StartSyncExecution answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncExecution {
    /// `arn:aws:states:REGION:ACCOUNT:express:MACHINE:NAME:ID`
    pub execution_arn: String,
    /// Its machine's ARN.
    pub state_machine_arn: String,
    /// Its name.
    pub name: String,
    /// How it ended.
    pub status: ExecutionStatus,
    /// When it started.
    pub start_date: Millis,
    /// When it ended.
    pub stop_date: Millis,
    /// The input, as it was given.
    pub input: String,
    /// The output of one that succeeded.
    pub output: Option<String>,
    /// The error name of one that did not.
    pub error: Option<String>,
    /// The cause of one that did not.
    pub cause: Option<String>,
    /// `traceHeader`, when one was given.
    pub trace_header: Option<String>,
    /// The duration that would be billed, in milliseconds.
    pub billed_millis: u64,
    /// The memory that would be billed, in megabytes.
    pub billed_megabytes: u64,
}

/// How an execution stands, as the API names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum ExecutionStatus {
    /// `RUNNING`
    Running,
    /// `SUCCEEDED`
    Succeeded,
    /// `FAILED`
    Failed,
    /// `TIMED_OUT`
    TimedOut,
    /// `ABORTED`
    Aborted,
}

impl ExecutionStatus {
    /// The name on the wire, such as `TIMED_OUT`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
        }
    }
}

/// An execution as ListExecutions shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionItem {
    /// The execution's ARN.
    pub execution_arn: String,
    /// Its machine's ARN.
    pub state_machine_arn: String,
    /// Its name.
    pub name: String,
    /// How it stands.
    pub status: ExecutionStatus,
    /// When it started.
    pub start_date: Millis,
    /// When it ended.
    pub stop_date: Option<Millis>,
    /// The version that it runs, if it was started with one or with an alias.
    pub version_arn: Option<String>,
    /// The alias that it was started with.
    pub alias_arn: Option<String>,
    /// How often it was redriven.
    pub redrive_count: u32,
    /// When it was last redriven.
    pub redrive_date: Option<Millis>,
}

/// An execution as DescribeExecution shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionDescription {
    /// What the list shows.
    pub item: ExecutionItem,
    /// The input, as it was given.
    pub input: String,
    /// The output of one that succeeded.
    pub output: Option<String>,
    /// The error name of one that did not.
    pub error: Option<String>,
    /// The cause of one that did not.
    pub cause: Option<String>,
    /// The role that its machine had.
    pub role_arn: String,
    /// `traceHeader`, when one was given.
    pub trace_header: Option<String>,
    /// Why it cannot be redriven; `None` when it can.
    pub not_redrivable: Option<&'static str>,
    /// The map run whose child it is, if it is one.
    pub map_run_arn: Option<String>,
}

/// New history events of an execution, told when they are durable.
#[derive(Debug, Clone)]
pub struct Progress {
    /// Whose.
    pub execution_arn: String,
    /// The events as GetExecutionHistory shows them, in order.
    pub events: Vec<Value>,
    /// How the execution stands after them.
    pub status: ExecutionStatus,
}
