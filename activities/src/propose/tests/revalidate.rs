//! The last look before execution: what was approved must still be so.

use super::*;

/// Revalidates the usual proposal against other observations; expects `valid`, `recovered_itself`, or a part of a problem.
#[track_caller]
fn again(observations: Vec<Observation>, at: &str, expect: &str) {
    let (proposal, ..) = proposed(answer("propose_action", input()), example::observed(), example::settings());
    let request = ProposeRequest::Revalidate {
        incident: Box::new(example::incident()),
        settings: Box::new(example::settings()),
        proposal: Box::new(proposal),
        observations,
        automatic: false,
        at: at.to_owned(),
    };
    let found = match propose(request).unwrap() {
        ProposeAnswer::Valid { .. } => "valid".to_owned(),
        ProposeAnswer::Invalid { verdict, problems, .. } => format!("{verdict}: {}", problems.join("; ")),
        other => panic!("{other:?}"),
    };
    assert!(found.contains(expect), "found `{found}`, expected `{expect}`");
}

const LATER: &str = "2026-11-23T10:30:00.000Z";

#[test]
fn what_is_as_it_was_approved_is_valid() {
    again(example::observed(), LATER, "valid");
}

#[test]
fn an_alarm_that_is_over_ends_the_incident() {
    again(observed_with("alarm", json!({"name": "shop-orders-duration", "state": "OK"})), LATER, "recovered_itself");
    again(
        observed_with("alarm", json!({"name": "shop-orders-duration", "state": "INSUFFICIENT_DATA"})),
        LATER,
        "INSUFFICIENT_DATA",
    );
    again(
        observed_with("alarm", json!({"error": {"type": "TimedOut", "message": "slow"}})),
        LATER,
        "alarm could not be read",
    );
}

#[test]
fn another_state_before_the_change_is_refused() {
    let changed = json!({"resource_type": "aws_lambda_function", "name": "shop-orders",
        "attributes": {"function_name": "shop-orders", "timeout": 12, "memory_size": 256}});
    again(
        observed_with("configuration", changed),
        LATER,
        r#"{"timeout":12} is the state now, {"timeout":10} was approved"#,
    );
    again(
        observed_with("configuration", json!({"error": {"type": "TimedOut", "message": "slow"}})),
        LATER,
        "could not be read",
    );
}

#[test]
fn the_kill_switch_stops_execution_also_when_it_cannot_be_read() {
    again(
        observed_with("kill_switch", json!({"engaged": true, "reason": "audit"})),
        LATER,
        "all execution is stopped: audit",
    );
    again(
        observed_with("kill_switch", json!({"error": {"type": "NotFound", "message": "gone"}})),
        LATER,
        "kill switch could not be read",
    );
}

#[test]
fn an_expired_proposal_and_an_open_window_are_refused() {
    again(example::observed(), "2026-11-23T14:00:00.000Z", "expired");
    let window = json!({"documents": [{"name": "c.json", "text":
        r#"{"maintenance_windows": [{"name": "release", "start": "2026-11-23T10:25:00Z", "end": "2026-11-23T11:00:00Z"}]}"#}], "version": "v"});
    again(observed_with("constraints", window), LATER, "window `release` is open");
}

#[test]
fn a_target_that_is_gone_is_refused() {
    again(observed_with("topology", json!({"problem": "not in the twin"})), LATER, "not in the twin");
}
