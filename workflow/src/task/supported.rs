//! Which resources the engine can call, and the refusal of a definition that asks for another.
//!
//! Owns the one table of integrations. Which patterns and arguments an integration has is the language's, and a parsed resource
//! has no others.

use statemachine::{
    Definition,
    definition::{Code, InvalidDefinition, Pattern, Problem, Resource, ResourceKind, Severity, StateKind},
};

use super::sdk;

/// Whether the engine can call a resource.
///
/// ```
/// use statemachine::Definition;
/// use statemachine::definition::StateKind;
///
/// let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true,
///     "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {"QueueUrl": "q", "MessageBody": "b"}}}}"#;
/// let definition = Definition::parse(text).unwrap();
/// let StateKind::Task(task) = &definition.states[0].kind else { unreachable!() };
/// assert!(workflow::task::supported(&task.resource));
/// ```
#[must_use]
pub fn supported(resource: &Resource) -> bool {
    match &resource.kind {
        ResourceKind::Lambda | ResourceKind::Activity => true,
        ResourceKind::Service { service, action } => INTEGRATIONS.iter().any(|(name, actions, patterns)| {
            name == service && actions.contains(&action.as_str()) && patterns.contains(&resource.pattern)
        }),
        ResourceKind::Sdk { service, action } => sdk::supports(service, action),
    }
}

/// Refuses a definition with a task that the engine cannot call.
///
/// # Errors
/// Every such task, each with the place of its `Resource`.
pub(crate) fn check(definition: &Definition) -> Result<(), InvalidDefinition> {
    let problem = |state: &statemachine::definition::State| match &state.kind {
        StateKind::Task(task) if !supported(&task.resource) => Some(Problem {
            severity: Severity::Error,
            code: Code::SchemaValidationFailed,
            pointer: format!("{}/Resource", state.pointer),
            location: Some(format!("{}/Resource", state.location())),
            message: unsupported(&task.resource),
        }),
        _ => None,
    };
    let mut problems: Vec<Problem> = definition.states.iter().filter_map(problem).collect();
    problems.sort_by(|one, other| one.pointer.cmp(&other.pointer));
    if problems.is_empty() { Ok(()) } else { Err(InvalidDefinition { problems }) }
}

/// What is said of a resource that the engine cannot call.
pub(super) fn unsupported(resource: &Resource) -> String {
    format!("The resource provided {} is not supported by this engine", resource.arn)
}

const CALL: &[Pattern] = &[Pattern::RequestResponse];
const TOKEN: &[Pattern] = &[Pattern::RequestResponse, Pattern::WaitForTaskToken];
const RUN: &[Pattern] = &[Pattern::RequestResponse, Pattern::Sync, Pattern::WaitForTaskToken];
const MACHINE: &[Pattern] = &[Pattern::RequestResponse, Pattern::Sync, Pattern::Sync2, Pattern::WaitForTaskToken];

/// The optimised integrations: service, actions, patterns.
const INTEGRATIONS: &[(&str, &[&str], &[Pattern])] = &[
    ("bedrock", &["invokeModel"], TOKEN),
    ("dynamodb", &["deleteItem", "getItem", "putItem", "updateItem"], CALL),
    ("ecs", &["runTask"], RUN),
    ("events", &["putEvents"], TOKEN),
    ("lambda", &["invoke"], TOKEN),
    ("sns", &["publish"], TOKEN),
    ("sqs", &["sendMessage"], TOKEN),
    ("states", &["startExecution"], MACHINE),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn task(resource: &str) -> String {
        format!(
            r#"{{"Type":"Task","Resource":"arn:aws:states:::{resource}","Parameters":{{"JobName":"j"}},"End":true}}"#
        )
    }

    #[test]
    fn a_definition_that_asks_for_more_is_refused_at_each_place() {
        let inner = format!(r#"{{"StartAt":"a/b","States":{{"a/b":{}}}}}"#, task("glue:startJobRun.sync"));
        let text = format!(
            r#"{{"StartAt":"P","States":{{"P":{{"Type":"Parallel","Branches":[{inner}],"Next":"Q"}},"Q":{}}}}}"#,
            task("aws-sdk:ec2:describeInstances")
        );
        let refused = check(&Definition::parse(&text).unwrap()).unwrap_err();
        let pointers: Vec<&str> = refused.problems.iter().map(|problem| problem.pointer.as_str()).collect();
        assert_eq!(pointers, ["/States/P/Branches/0/States/a~1b/Resource", "/States/Q/Resource"]);
        assert_eq!(
            refused.aws_message(),
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::glue:startJobRun.sync is not supported by this engine at /States/P/Branches[0]/States/a/b/Resource, SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::aws-sdk:ec2:describeInstances is not supported by this engine at /States/Q/Resource'"
        );
    }

    #[test]
    fn a_definition_of_known_tasks_is_accepted() {
        let text = format!(r#"{{"StartAt":"A","States":{{"A":{}}}}}"#, task("aws-sdk:glue:startJobRun"));
        assert_eq!(check(&Definition::parse(&text).unwrap()), Ok(()));
    }
}
