//! Cases that are one call: TestState and ValidateStateMachineDefinition.
//!
//! The recordings leave two things out of a request. The role is given, unless the recorded answer shows that there
//! was none. A call of a task without a mock answers what the recorded answer says it answered.

use serde_json::{Map, Value, json};
use statemachine::{
    Definition, Millis,
    definition::{MachineType, Severity},
    test_state::{Answer, Home, Outcome, Prepared, Request, TestStateError, prepare},
};

use super::{
    case::{ACCOUNT, Case, Kind, REGION},
    compare::{Matcher, normalised},
};

/// The first difference between the recorded answer and ours.
pub(super) fn run(case: &Case) -> Option<String> {
    let observed = match case.kind {
        Kind::ValidateDefinition => validate(case),
        _ => match test(case) {
            Ok(answer) => json!(answer),
            Err(error) => json!({ "code": error.code(), "message": error.message() }),
        },
    };
    Matcher::default().difference(&expected(case), &normalised(&observed), "")
}

/// The recorded answer without its HTTP metadata; a recorded exception in one form, whichever it has.
fn expected(case: &Case) -> Value {
    let recorded = &case.expected;
    if let Some(error) = recorded.get("Error") {
        return json!({ "code": error["Code"], "message": error["Message"] });
    }
    if let (Some(code), Some(text)) = (recorded["exception_typename"].as_str(), recorded["exception_value"].as_str()) {
        let message = text.split_once("operation: ").map_or(text, |(_, message)| message);
        return json!({ "code": code, "message": message });
    }
    let fields = recorded.as_object().into_iter().flatten().filter(|(name, _)| *name != "ResponseMetadata");
    Value::Object(fields.map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn validate(case: &Case) -> Value {
    let machine = match case.request["type"].as_str() {
        Some("EXPRESS") => MachineType::Express,
        _ => MachineType::Standard,
    };
    let with_warnings = case.request["severity"] == "WARNING";
    let mut problems = Definition::diagnose_as(&text(&case.definition), machine);
    let failed = problems.iter().any(|problem| problem.severity == Severity::Error);
    problems.retain(|problem| with_warnings || problem.severity == Severity::Error);
    let diagnostics = problems.into_iter().map(|problem| {
        let mut diagnostic = Map::new();
        diagnostic.insert("severity".to_owned(), json!(problem.severity.as_str()));
        diagnostic.insert("code".to_owned(), json!(problem.code.as_str()));
        diagnostic.insert("message".to_owned(), json!(problem.message));
        diagnostic.extend(problem.location.map(|location| ("location".to_owned(), json!(location))));
        Value::Object(diagnostic)
    });
    json!({
        "result": if failed { "FAIL" } else { "OK" },
        "diagnostics": diagnostics.collect::<Vec<_>>(),
        "truncated": false,
    })
}

fn test(case: &Case) -> Result<Answer, TestStateError> {
    let mut wire = case.request.clone();
    wire["definition"] = json!(text(&case.definition));
    for member in ["input", "variables", "context"] {
        if let Some(value) = wire.get_mut(member).filter(|value| !value.is_null()) {
            *value = json!(text(value));
        }
    }
    if wire["roleArn"].is_null() && !without_role(&case.expected) {
        wire["roleArn"] = json!(format!("arn:aws:iam::{ACCOUNT}:role/machine"));
    }
    let mut request: Request =
        serde_json::from_value(wire).map_err(|error| TestStateError::Validation(error.to_string()))?;
    request.home = Home { region: REGION.to_owned(), account: ACCOUNT.to_owned(), ..Home::default() };
    let mut seed = 0x5eed_u64;
    let mut chance = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed ^ (seed >> 33)
    };
    Ok(match prepare(&request, NOW, &mut chance)? {
        Prepared::Done(answer) => *answer,
        Prepared::Call(pending) => pending.complete(answered(&case.expected), NOW, &mut chance),
    })
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| spaced(value), str::to_owned)
}

/// JSON as the recordings' requests were written: a blank after each comma and colon.
fn spaced(value: &Value) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match value {
        Value::Array(items) => format!("[{}]", list(items.iter().map(spaced).collect())),
        Value::Object(fields) => {
            format!(
                "{{{}}}",
                list(fields.iter().map(|(name, value)| format!("{}: {}", json!(name), spaced(value))).collect())
            )
        }
        plain => plain.to_string(),
    }
}

/// Whether the recorded answer shows that the request named no role.
fn without_role(expected: &Value) -> bool {
    let text = expected.to_string();
    text.contains("RoleArn must be specified") || text.contains("\"RoleArn\":null")
}

fn answered(expected: &Value) -> Outcome {
    if let Some(error) = expected["error"].as_str() {
        return Outcome::Failed { error: Some(error.to_owned()), cause: expected["cause"].as_str().map(str::to_owned) };
    }
    let result = expected["inspectionData"].get("result").unwrap_or(&expected["output"]);
    Outcome::Succeeded(text(result))
}

/// The time of every test.
const NOW: Millis = 1_700_000_000_000;
