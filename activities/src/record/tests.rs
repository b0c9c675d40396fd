use serde_json::{Value, json};

use super::*;
use crate::example;
use crate::shape::{Outcome, OutcomeKind};

fn request(kind: OutcomeKind, more: Value) -> RecordRequest {
    let mut request = json!({
        "incident": example::incident(),
        "outcome": {"kind": kind, "reason": "because"},
        "usage": {"input_tokens": 2000, "output_tokens": 300, "cache_read_tokens": 0, "cache_write_tokens": 0, "cost_usd": 0.0105},
        "at": "2026-11-23T10:25:30.123Z",
    });
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    serde_json::from_value(request).unwrap()
}

/// A proposal that was approved and executed, with the state's timeout.
fn executed(declared: Value) -> Value {
    json!({
        "proposal": example::proposal(),
        "plan": {"recheck": [], "verify": [], "declared": declared, "lock_seconds": 600},
        "decisions": [{"kind": "approve", "execution": "x", "digest": "d", "round": 1, "role": "on-call", "subject": "ana",
            "at": "2026-11-23T10:18:00Z", "reason": "looks right"}],
        "act": {"status": "effective", "handle": {}, "detail": "timeout is 20", "after": {"timeout": 20}},
    })
}

#[track_caller]
fn check(kind: OutcomeKind, more: Value, expect: Value) {
    let answer = record(request(kind, more)).unwrap();
    let precedent = serde_json::to_value(&answer.precedent).unwrap();
    for (name, value) in expect.as_object().unwrap() {
        assert_eq!(precedent.get(name).unwrap_or(&Value::Null), value, "{name}");
    }
    assert!(answer.summary.subject.len() <= 100 && answer.summary.subject.is_ascii());
}

#[test]
fn a_success_is_remembered_with_its_parameters() {
    check(
        OutcomeKind::Recovered,
        executed(json!({"timeout": 10})),
        json!({"outcome": "recovered", "action": "lambda_update_timeout", "parameters": {"timeout": 20}, "before": {"timeout": 10},
            "decided_by": ["ana"], "remark": "looks right", "automatic": false, "seconds": 600, "node": "module.api.aws_lambda_function.orders"}),
    );
}

#[test]
fn an_incident_that_comes_again_asks_with_the_text_that_is_remembered() {
    let answer = record(request(OutcomeKind::Recovered, executed(json!({"timeout": 10})))).unwrap();
    let again = crate::detect::first_reads(&example::incident());
    let asked = again.into_iter().find_map(|read| match read.read {
        crate::shape::Read::Precedents { text, .. } => Some(text),
        _ => None,
    });
    let remembered = crate::twin::embed_local(&answer.precedent.text).unwrap();
    let similarity = remembered.cosine(&crate::twin::embed_local(&asked.unwrap()).unwrap()).unwrap();
    assert!(similarity > 0.9999 && answer.precedent.cause.is_some(), "{similarity}");
}

#[test]
fn no_proposal_is_remembered_as_none() {
    let finding = json!({"finding": {"reason": "a change broke it", "problems": ["p"],
        "cause": {"statement": "a deployment", "evidence": ["E3"]}, "reasoner": {"kind": "rules", "name": "playbook v1"}}});
    check(
        OutcomeKind::Undetermined,
        finding,
        json!({"outcome": "undetermined", "action": null, "cause": "a deployment"}),
    );
}

#[test]
fn a_rejection_is_remembered_with_its_reason() {
    let mut rejected = executed(json!({}));
    rejected["decisions"][0]["kind"] = json!("reject");
    rejected["decisions"][0]["reason"] = json!("wrong function");
    rejected["act"] = Value::Null;
    check(
        OutcomeKind::Rejected,
        rejected,
        json!({"outcome": "rejected", "remark": "wrong function", "decided_by": ["ana"]}),
    );
}

#[test]
fn a_correction_keeps_what_was_proposed_before() {
    let mut corrected = executed(json!({}));
    let mut former = example::proposal();
    former.parameters = json!({"timeout": 60}).as_object().unwrap().clone();
    corrected["adjusted_from"] = serde_json::to_value(former).unwrap();
    check(OutcomeKind::Recovered, corrected, json!({"corrected_from": {"timeout": 60}, "parameters": {"timeout": 20}}));
}

#[test]
fn an_executed_change_that_terraform_does_not_know_is_drift() {
    let answer = record(request(OutcomeKind::Recovered, executed(json!({"timeout": 10})))).unwrap();
    let drift = answer.drift.unwrap();
    assert_eq!(drift.address, "module.api.aws_lambda_function.orders");
    assert_eq!((&drift.attributes[0].state, &drift.attributes[0].now), (&json!(10), &json!(20)));
    assert!(drift.advice.contains("`timeout = 20`") && drift.advice.contains("`module.api`"), "{}", drift.advice);
    assert!(answer.summary.text.contains("Terraform differs"));
}

#[test]
fn what_terraform_says_already_is_no_drift() {
    assert_eq!(record(request(OutcomeKind::Recovered, executed(json!({"timeout": "20"})))).unwrap().drift, None);
}

#[test]
fn nothing_executed_is_no_drift() {
    let mut rejected = executed(json!({"timeout": 10}));
    rejected["act"] = Value::Null;
    assert_eq!(record(request(OutcomeKind::Rejected, rejected)).unwrap().drift, None);
}

#[test]
fn a_long_alarm_name_fits_the_subject() {
    let mut request = request(OutcomeKind::Broken, json!({}));
    request.incident.alarm.name = "é".repeat(255);
    request.outcome = Outcome {
        kind: OutcomeKind::Broken,
        reason: "Infer failed".to_owned(),
        error: Some("Sao.Transient".to_owned()),
    };
    let subject = record(request).unwrap().summary.subject;
    assert!(subject.len() == 100 && subject.is_ascii() && !subject.contains('\n'), "{subject}");
}

#[test]
fn the_policys_decision_is_remembered_as_automatic() {
    let mut automatic = executed(json!({}));
    automatic["decisions"] = json!([{"kind": "policy", "execution": "x", "digest": "d", "round": 0, "subject": "policy sha256:1",
        "at": "2026-11-23T10:18:00Z"}]);
    check(OutcomeKind::Recovered, automatic, json!({"automatic": true, "remark": null}));
}

#[test]
fn an_error_of_a_function_is_told_by_its_message() {
    #[track_caller]
    fn check(reason: &str, expect: &str) {
        assert_eq!(readable(reason), expect);
    }
    check(
        r#"the action failed: {"errorType":"Sao.ActionFailed","errorMessage":"no \"quota\"","trace":["cut of"#,
        r#"the action failed: no "quota""#,
    );
    check("nobody decided in time", "nobody decided in time");
    check(r#"odd { "errorMessage": "#, r#"odd { "errorMessage": "#);
}
