//! ValidateStateMachineDefinition: what is wrong with a definition, without creating anything.

use serde::{Deserialize, Serialize};
use statemachine::definition::{Definition, Problem, Severity};

use super::{Api, constraint::Constraints, refusal::Refusal};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    definition: Option<String>,
    r#type: Option<String>,
    severity: Option<String>,
    max_results: Option<i64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Answer {
    result: &'static str,
    diagnostics: Vec<Diagnostic>,
    truncated: bool,
}

#[derive(Debug, Serialize)]
struct Diagnostic {
    severity: &'static str,
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
}

pub(super) async fn call(_: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    check.definition(request.definition.as_deref());
    let definition = check.present("definition", request.definition);
    let kind = check.machine_type(request.r#type.as_deref());
    check.one_of("severity", request.severity.as_deref(), &["ERROR", "WARNING"]);
    let size = check.max_results(request.max_results, MOST_DIAGNOSTICS);
    check.done()?;
    let with_warnings = request.severity.as_deref() == Some("WARNING");
    Ok(show(Definition::diagnose_as(&definition, kind), with_warnings, size))
}

fn show(mut problems: Vec<Problem>, with_warnings: bool, size: usize) -> Answer {
    let failed = problems.iter().any(|problem| problem.severity == Severity::Error);
    problems.retain(|problem| with_warnings || problem.severity == Severity::Error);
    let size = if size == 0 { MOST_DIAGNOSTICS as usize } else { size };
    let truncated = problems.len() > size;
    problems.truncate(size);
    let diagnostic = |problem: Problem| Diagnostic {
        severity: problem.severity.as_str(),
        code: problem.code.as_str(),
        message: problem.message,
        location: problem.location,
    };
    Answer {
        result: if failed { "FAIL" } else { "OK" },
        diagnostics: problems.into_iter().map(diagnostic).collect(),
        truncated,
    }
}

const MOST_DIAGNOSTICS: i64 = 100;
