//! Intake over AWS: an alarm event, or a requested action, becomes one execution, however often it is delivered.
//!
//! Owns StartExecution under the name that is a hash of the event, and that "already exists" is success. A transition to
//! another state than ALARM starts nothing; that an OK ends the rounds that wait on the alarm is `hitl`'s, which holds the tokens.

use activities::detect::News;
use activities::shape::IntakeAnswer;
use serde_json::{Value, json};

use super::Aws;
use super::failure::{code_of, failed};
use crate::error::EdgeError;

/// Takes an event in.
///
/// `Sao.BadInput` for what is neither a CloudWatch alarm event nor a request.
pub(super) async fn intake(aws: &Aws, event: &Value) -> Result<Value, EdgeError> {
    let intake = activities::detect::intake(event)?;
    if let News::Alarm { state, .. } = &intake.news
        && !intake.starts()
    {
        return Ok(json!({"noted": state}));
    }
    let machine = aws.settings().state_machine()?;
    let call =
        aws.sfn().start_execution().state_machine_arn(machine).name(&intake.name).input(intake.input.to_string());
    let answer = match call.send().await {
        Ok(started) => IntakeAnswer { execution_arn: started.execution_arn().to_owned(), duplicate: false },
        Err(error) if code_of(&error) == "ExecutionAlreadyExists" => {
            IntakeAnswer { execution_arn: execution_arn(machine, &intake.name), duplicate: true }
        }
        Err(error) => return Err(failed("states:StartExecution", &error)),
    };
    tracing::info!(execution = answer.execution_arn, duplicate = answer.duplicate, "event taken in");
    serde_json::to_value(answer).map_err(|problem| EdgeError::new("Sao.BadAnswer", problem.to_string()))
}

/// The ARN of an execution of a machine.
fn execution_arn(machine: &str, name: &str) -> String {
    format!("{}:{name}", executions(machine))
}

/// Whether an execution is one of a machine's.
pub(super) fn is_of_machine(execution: &str, machine: &str) -> bool {
    execution.strip_prefix(&executions(machine)).is_some_and(|name| name.len() > 1 && name.starts_with(':'))
}

/// What the ARNs of a machine's executions begin with; a version or an alias of the machine is left out.
fn executions(machine: &str) -> String {
    let parts: Vec<&str> = machine.splitn(8, ':').take(7).collect();
    parts.join(":").replacen(":stateMachine:", ":execution:", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACHINE: &str = "arn:aws:states:eu-central-1:123456789012:stateMachine:sao-incident";

    fn check(execution: &str, expect: bool) {
        assert_eq!(is_of_machine(execution, MACHINE), expect, "{execution}");
        assert_eq!(is_of_machine(execution, &format!("{MACHINE}:live")), expect, "{execution}");
    }

    #[test]
    fn an_execution_tells_its_machine() {
        check("arn:aws:states:eu-central-1:123456789012:execution:sao-incident:inc-1", true);
        check(&execution_arn(MACHINE, "inc-1"), true);
        check("arn:aws:states:eu-central-1:123456789012:execution:sao-incident-2:inc-1", false);
        check("arn:aws:states:eu-central-1:999999999999:execution:sao-incident:inc-1", false);
        check("arn:aws:states:eu-central-1:123456789012:execution:sao-incident", false);
    }
}
