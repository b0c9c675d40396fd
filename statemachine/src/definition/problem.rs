//! What can be wrong with a definition, and where.
//!
//! Owns the words and codes of ValidateStateMachineDefinition and the one line that CreateStateMachine answers with.
//! Does not find problems: the walk and the checks do.

use std::fmt;

/// One thing wrong with a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Whether it refuses the definition.
    pub severity: Severity,
    /// The diagnostic's code, as ValidateStateMachineDefinition names it.
    pub code: Code,
    /// JSON pointer to the place; empty for the whole text.
    pub pointer: String,
    /// The place as the service writes it (`/States/A/Catch[0]/Next`), `/` for the whole text; `None` where it gives none.
    pub location: Option<String>,
    /// What is wrong and what would be right, without the place.
    pub message: String,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The definition cannot be used.
    Error,
    /// It can, but likely not as meant.
    Warning,
}

impl Severity {
    /// The name on the wire, `ERROR` or `WARNING`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Warning => "WARNING",
        }
    }
}

/// The codes of ValidateStateMachineDefinition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// `MISSING_DESCRIPTION`: the text is empty.
    MissingDescription,
    /// `INVALID_JSON_DESCRIPTION`: the text is not JSON, or an object has a key twice.
    InvalidJsonDescription,
    /// `SCHEMA_VALIDATION_FAILED`: a field is missing, unknown, of the wrong type or out of range.
    SchemaValidationFailed,
    /// `INVALID_JSONATA_EXPRESSION`: a JSONata expression does not parse.
    InvalidJsonataExpression,
    /// `UNSUPPORTED_JSONATA_EXPRESSION`: it parses, but asks for what a state does not have.
    UnsupportedJsonataExpression,
    /// `INVALID_RESOURCE`: the value of a Task's `Resource` is invalid.
    InvalidResource,
    /// `MISSING_TRANSITION_TARGET`: a transition names no state of its block, or no transition names a state.
    MissingTransitionTarget,
    /// `UNREACHABLE_STATE`, kept for callers; the service reports these as `MISSING_TRANSITION_TARGET`.
    UnreachableState,
    /// `MISSING_END_STATE`: a block has no state that ends it.
    MissingEndState,
    /// `DUPLICATE_STATE_NAME`: two states of the machine have the same name.
    DuplicateStateName,
    /// `INVALID_STATE_NAME`: a state's name is too long or empty.
    InvalidStateName,
    /// `DUPLICATE_LABEL_NAME`: two Map states have the same label.
    DuplicateLabelName,
    /// `INVALID_LABEL_NAME`: a Map's label is too long or has forbidden characters.
    InvalidLabelName,
    /// `TOO_DEEPLY_NESTED`: objects inside objects beyond what is read.
    TooDeeplyNested,
    /// `RESERVED_VARIABLE_NAME`: a variable is to be called `states`.
    ReservedVariableName,
    /// `INVALID_VARIABLE_NAME`: a variable's name is not one.
    InvalidVariableName,
    /// `DUPLICATE_VARIABLE_NAME`: a block assigns a variable of the block around it.
    DuplicateVariableName,
    /// `NO_DOLLAR`, a warning: the value looks like a path but the field's name lacks `.$`.
    NoDollar,
    /// `NO_PATH`, a warning: the value looks like a path but the field's name does not end in `Path`.
    NoPath,
    /// `PASS_RESULT_IS_STATIC`, a warning: a path in a Pass state's `Result` stays text.
    PassResultIsStatic,
}

impl Code {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingDescription => "MISSING_DESCRIPTION",
            Self::InvalidJsonDescription => "INVALID_JSON_DESCRIPTION",
            Self::SchemaValidationFailed => "SCHEMA_VALIDATION_FAILED",
            Self::InvalidJsonataExpression => "INVALID_JSONATA_EXPRESSION",
            Self::UnsupportedJsonataExpression => "UNSUPPORTED_JSONATA_EXPRESSION",
            Self::InvalidResource => "INVALID_RESOURCE",
            Self::MissingTransitionTarget => "MISSING_TRANSITION_TARGET",
            Self::UnreachableState => "UNREACHABLE_STATE",
            Self::MissingEndState => "MISSING_END_STATE",
            Self::DuplicateStateName => "DUPLICATE_STATE_NAME",
            Self::InvalidStateName => "INVALID_STATE_NAME",
            Self::DuplicateLabelName => "DUPLICATE_LABEL_NAME",
            Self::InvalidLabelName => "INVALID_LABEL_NAME",
            Self::TooDeeplyNested => "TOO_DEEPLY_NESTED",
            Self::ReservedVariableName => "RESERVED_VARIABLE_NAME",
            Self::InvalidVariableName => "INVALID_VARIABLE_NAME",
            Self::DuplicateVariableName => "DUPLICATE_VARIABLE_NAME",
            Self::NoDollar => "NO_DOLLAR",
            Self::NoPath => "NO_PATH",
            Self::PassResultIsStatic => "PASS_RESULT_IS_STATIC",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A definition that was refused, with all its problems.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid state machine definition: {}", summary(.problems))]
pub struct InvalidDefinition {
    /// Every problem found, warnings among them, in the order of the text; whole-block problems come last.
    pub problems: Vec<Problem>,
}

impl InvalidDefinition {
    /// The message of the service's `InvalidDefinition` answer: all errors on one line, warnings left out.
    #[must_use]
    pub fn aws_message(&self) -> String {
        let errors: Vec<String> = self
            .problems
            .iter()
            .filter(|p| p.severity == Severity::Error)
            .map(|p| format!("{}: {} at {}", p.code, p.message, p.location.as_deref().unwrap_or("null")))
            .collect();
        format!("Invalid State Machine Definition: '{}'", errors.join(", "))
    }
}

fn summary(problems: &[Problem]) -> String {
    let all: Vec<String> = problems
        .iter()
        .filter(|p| p.severity == Severity::Error)
        .map(|p| format!("{} at `{}`", p.message, if p.pointer.is_empty() { "/" } else { &p.pointer }))
        .collect();
    all.join("; ")
}
