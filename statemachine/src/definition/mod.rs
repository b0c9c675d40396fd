//! A checked state machine definition: what an execution walks.
//!
//! Owns the shape of a definition after parsing. States and blocks (a `States` object with its `StartAt`: the
//! machine itself, a Parallel branch, a Map's processor) live in two flat lists, so that a record can name a state
//! by a small number; an execution pins its definition by hash, which keeps those numbers meaningful for ever.
//! Does not evaluate anything: expressions stay text, templates stay JSON.

mod check;
mod describe;
mod graph;
mod parse;
mod problem;
mod references;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use graph::{Edge, Graph, Node};
pub use problem::{Code, InvalidDefinition, Problem, Severity};

/// The place of a state in [`Definition::states`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StateId(pub u32);

/// The place of a block in [`Definition::blocks`]; the machine itself is block 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BlockId(pub u32);

/// A state machine that has been parsed and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// SHA-256 over the definition's text, in hex: what an execution pins.
    pub hash: String,
    /// The top-level `TimeoutSeconds`.
    pub timeout_seconds: Option<u64>,
    /// Every `States` object; block 0 is the machine.
    pub blocks: Vec<Block>,
    /// Every state of every block.
    pub states: Vec<State>,
}

/// One `States` object with its `StartAt`.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Where the block begins.
    pub start_at: StateId,
    /// The states of the block, in the order of the text.
    pub states: Vec<StateId>,
}

/// One state: what all types share, and its type.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The state's name.
    pub name: String,
    /// The block that holds it.
    pub block: BlockId,
    /// JSON pointer to the state in the definition's text.
    pub pointer: String,
    /// The query language in force for it.
    pub query_language: QueryLanguage,
    /// How data enters, is shaped and leaves.
    pub flow: Flow,
    /// What the state does.
    pub kind: StateKind,
}

/// The two kinds of machine, as CreateStateMachine names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum MachineType {
    /// `STANDARD`: durable, up to a year.
    #[default]
    Standard,
    /// `EXPRESS`: up to five minutes; no callbacks, jobs, activities or map runs.
    Express,
}

/// The language of a state's expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QueryLanguage {
    /// `InputPath`, `Parameters`, `$.path` and intrinsic functions.
    #[default]
    JsonPath,
    /// `Arguments`, `Output` and `{% expressions %}`.
    Jsonata,
}

/// The data fields of a state; a field that the state's language or type does not know is `None` or its default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Flow {
    /// `InputPath`: which part of the input the state works on.
    pub input_path: Reach,
    /// `Parameters`, a JSONPath payload template.
    pub parameters: Option<Value>,
    /// `ResultSelector`, a JSONPath payload template over the result.
    pub result_selector: Option<Value>,
    /// `ResultPath`: where the result goes in the input.
    pub result_path: Reach,
    /// `OutputPath`: which part goes on.
    pub output_path: Reach,
    /// `Arguments`, a JSONata template.
    pub arguments: Option<Value>,
    /// `Output`, a JSONata template.
    pub output: Option<Value>,
    /// `Assign`, a template in the state's language.
    pub assign: Option<Value>,
}

/// A path field that may also be absent or `null`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Reach {
    /// Not given: `$`.
    #[default]
    Whole,
    /// `null`: nothing (an empty object), or for `ResultPath` discard the result.
    Nothing,
    /// A path, as written.
    Path(String),
}

/// The eight state types.
#[derive(Debug, Clone, PartialEq)]
pub enum StateKind {
    /// Passes its input, or a fixed result, on.
    Pass {
        /// `Result` (JSONPath only).
        result: Option<Value>,
        /// Where it goes.
        next: Next,
    },
    /// One unit of work outside.
    Task(Box<Task>),
    /// Branches on conditions.
    Choice {
        /// The rules, first match wins.
        rules: Vec<ChoiceRule>,
        /// `Default`.
        default: Option<StateId>,
    },
    /// Waits for a time.
    Wait {
        /// Until when.
        until: WaitUntil,
        /// Where it goes.
        next: Next,
    },
    /// Ends the block well.
    Succeed,
    /// Ends the execution badly.
    Fail {
        /// `Error` or `ErrorPath`.
        error: Option<Source>,
        /// `Cause` or `CausePath`.
        cause: Option<Source>,
    },
    /// Runs branches at once.
    Parallel {
        /// One block a branch.
        branches: Vec<BlockId>,
        /// `Retry`.
        retry: Vec<Retrier>,
        /// `Catch`.
        catch: Vec<Catcher>,
        /// Where it goes.
        next: Next,
    },
    /// Runs one block for each item.
    Map(Box<Map>),
}

/// A Task state.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// What is called.
    pub resource: Resource,
    /// `TimeoutSeconds` or `TimeoutSecondsPath`.
    pub timeout: Option<Source>,
    /// `HeartbeatSeconds` or `HeartbeatSecondsPath`.
    pub heartbeat: Option<Source>,
    /// `Credentials`, a template.
    pub credentials: Option<Value>,
    /// `Retry`.
    pub retry: Vec<Retrier>,
    /// `Catch`.
    pub catch: Vec<Catcher>,
    /// Where it goes.
    pub next: Next,
}

/// A Map state, inline or distributed.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// The block run for each item (`ItemProcessor` or the older `Iterator`).
    pub processor: BlockId,
    /// `ProcessorConfig`, when given.
    pub mode: MapMode,
    /// `ItemsPath`, or `Items` in JSONata; `None` is the whole input.
    pub items: Option<Source>,
    /// `ItemSelector` (or the older `Parameters`), a template in the state's language.
    pub item_selector: Option<Value>,
    /// `MaxConcurrency` or `MaxConcurrencyPath`.
    pub max_concurrency: Option<Source>,
    /// `ItemReader`, as written.
    pub item_reader: Option<Value>,
    /// `ItemBatcher`, as written.
    pub item_batcher: Option<Value>,
    /// `ResultWriter`, as written.
    pub result_writer: Option<Value>,
    /// `ToleratedFailureCount` or `ToleratedFailureCountPath`.
    pub tolerated_failure_count: Option<Source>,
    /// `ToleratedFailurePercentage` or `ToleratedFailurePercentagePath`.
    pub tolerated_failure_percentage: Option<Source>,
    /// `Label`.
    pub label: Option<String>,
    /// `true` when the definition used the older `Iterator` and `Parameters`.
    pub legacy: bool,
    /// `Retry`.
    pub retry: Vec<Retrier>,
    /// `Catch`.
    pub catch: Vec<Catcher>,
    /// Where it goes.
    pub next: Next,
}

/// How a Map state runs its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MapMode {
    /// Inside the execution.
    #[default]
    Inline,
    /// As child executions of a map run.
    Distributed {
        /// `ExecutionType: EXPRESS`.
        express: bool,
    },
}

/// Where a state goes when it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// To another state of the same block.
    To(StateId),
    /// The block ends here.
    End,
}

/// A value that is written down or found at run time.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// As written (no JSONata expression inside).
    Literal(Value),
    /// A JSONPath, or where ASL allows it an intrinsic function call, as written.
    Path(String),
    /// A JSONata expression with its delimiters, or a JSON template holding such.
    Jsonata(Value),
}

/// What a Wait state waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum WaitUntil {
    /// `Seconds` or `SecondsPath`.
    Seconds(Source),
    /// `Timestamp` or `TimestampPath`.
    Timestamp(Source),
}

/// One `Choices` entry.
#[derive(Debug, Clone, PartialEq)]
pub struct ChoiceRule {
    /// When it matches.
    pub condition: Condition,
    /// Where it goes.
    pub next: StateId,
    /// `Assign` of the rule.
    pub assign: Option<Value>,
    /// `Output` of the rule (JSONata).
    pub output: Option<Value>,
}

/// A choice condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// A JSONata `Condition`: an expression, or a literal boolean.
    Jsonata(Value),
    /// All of them.
    And(Vec<Self>),
    /// Any of them.
    Or(Vec<Self>),
    /// Not it.
    Not(Box<Self>),
    /// A comparison of a variable.
    Compare {
        /// `Variable`, a path as written.
        variable: String,
        /// How it is compared.
        test: Test,
    },
}

/// A comparison operator with its operand.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// `IsNull`, `IsPresent`, ... with the boolean wanted.
    Is(IsKind, bool),
    /// `StringMatches` with its pattern.
    StringMatches(String),
    /// An ordered comparison.
    Ordered(Domain, Order, Operand),
}

/// The `Is...` operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IsKind {
    /// `IsNull`
    Null,
    /// `IsPresent`
    Present,
    /// `IsNumeric`
    Numeric,
    /// `IsString`
    String,
    /// `IsBoolean`
    Boolean,
    /// `IsTimestamp`
    Timestamp,
}

/// The type that an ordered comparison compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// `String...`
    String,
    /// `Numeric...`
    Numeric,
    /// `Boolean...` (only `Equals`)
    Boolean,
    /// `Timestamp...`
    Timestamp,
}

/// The order that a comparison wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `...Equals`
    Equals,
    /// `...LessThan`
    LessThan,
    /// `...GreaterThan`
    GreaterThan,
    /// `...LessThanEquals`
    LessThanEquals,
    /// `...GreaterThanEquals`
    GreaterThanEquals,
}

/// What a variable is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A value as written.
    Literal(Value),
    /// The operator's `...Path` form.
    Path(String),
}

/// One `Retry` entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Retrier {
    /// `ErrorEquals`.
    pub error_equals: Vec<String>,
    /// `IntervalSeconds`, 1 when absent.
    pub interval_seconds: u64,
    /// `MaxAttempts`, 3 when absent.
    pub max_attempts: u64,
    /// `BackoffRate`, 2.0 when absent.
    pub backoff_rate: f64,
    /// `MaxDelaySeconds`.
    pub max_delay_seconds: Option<u64>,
    /// `JitterStrategy: FULL`.
    pub full_jitter: bool,
}

/// One `Catch` entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Catcher {
    /// `ErrorEquals`.
    pub error_equals: Vec<String>,
    /// `ResultPath` (JSONPath).
    pub result_path: Reach,
    /// `Assign`.
    pub assign: Option<Value>,
    /// `Output` (JSONata).
    pub output: Option<Value>,
    /// Where it goes.
    pub next: StateId,
}

/// A Task's `Resource`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Resource {
    /// The ARN as written.
    pub arn: String,
    /// What it names.
    pub kind: ResourceKind,
    /// How the state waits for it.
    pub pattern: Pattern,
}

/// What a resource ARN names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ResourceKind {
    /// A function ARN, called directly: the result is not wrapped.
    Lambda,
    /// An activity, polled by workers.
    Activity,
    /// An optimised integration, `arn:aws:states:::SERVICE:ACTION`.
    Service {
        /// Such as `lambda`, `sqs`, `states`.
        service: String,
        /// Such as `invoke`, `sendMessage`, `startExecution`.
        action: String,
    },
    /// An SDK integration, `arn:aws:states:::aws-sdk:SERVICE:ACTION`.
    Sdk {
        /// The service as the ARN writes it.
        service: String,
        /// The action in camel case.
        action: String,
    },
}

/// How a Task waits for what it called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Pattern {
    /// Until the call answers.
    RequestResponse,
    /// `.sync`: until the job ends.
    Sync,
    /// `.sync:2`: the same, with parsed output.
    Sync2,
    /// `.waitForTaskToken`: until someone returns the token.
    WaitForTaskToken,
}

impl Definition {
    /// Parses and checks a definition's text.
    ///
    /// # Errors
    /// All problems at once, each with its JSON pointer; warnings alone do not refuse a definition.
    pub fn parse(text: &str) -> Result<Self, InvalidDefinition> {
        parse::parse(text, MachineType::Standard)
    }

    /// Parses and checks a definition's text for a machine of this type: an Express machine has fewer integrations.
    ///
    /// # Errors
    /// As [`Definition::parse`].
    pub fn parse_as(text: &str, machine: MachineType) -> Result<Self, InvalidDefinition> {
        parse::parse(text, machine)
    }

    /// Parses one state on its own, as TestState takes it: state 0 of the definition, under the given name.
    ///
    /// Transitions are not checked; the states that they name stand in the definition as Succeed states.
    ///
    /// # Errors
    /// As [`Definition::parse`], with pointers into the state.
    pub fn parse_state(name: &str, text: &str) -> Result<Self, InvalidDefinition> {
        parse::parse_state(name, text)
    }

    /// All problems and warnings of a definition's text, in the order of the text.
    #[must_use]
    pub fn diagnose(text: &str) -> Vec<Problem> {
        parse::diagnose(text, MachineType::Standard)
    }

    /// All problems and warnings of a definition's text for a machine of this type.
    #[must_use]
    pub fn diagnose_as(text: &str, machine: MachineType) -> Vec<Problem> {
        parse::diagnose(text, machine)
    }

    /// The state with this id.
    #[must_use]
    pub fn state(&self, id: StateId) -> &State {
        &self.states[id.0 as usize]
    }

    /// The block with this id.
    #[must_use]
    pub fn block(&self, id: BlockId) -> &Block {
        &self.blocks[id.0 as usize]
    }
}
