//! One proposal and one decision for the tests of this room.

use serde_json::json;

use crate::shape::{Context, Decision, Incident, Proposal, Round};

/// A proposal as `propose` makes them.
pub(super) fn proposal() -> Proposal {
    serde_json::from_value(json!({
        "schema": "sao.proposal/1",
        "incident": "inc-0123456789abcdef0123456789abcdef",
        "action": "lambda_update_timeout",
        "target": {
            "node": "module.api.aws_lambda_function.this[\"orders\"]",
            "type": "aws_lambda_function",
            "name": "shop-orders",
            "arn": "arn:aws:lambda:eu-central-1:123456789012:function:shop-orders",
            "account": "123456789012",
            "region": "eu-central-1"
        },
        "parameters": {"function_name": "shop-orders", "timeout": 30},
        "before": {"timeout": 10},
        "inverse": {"action": "lambda_update_timeout", "parameters": {"function_name": "shop-orders", "timeout": 10}},
        "risk": {"level": "LOW", "reasons": ["the change is reversible and interrupts nothing"]},
        "cause": {"statement": "The function runs into its timeout of 10 s.", "evidence": ["E1", "E3"]},
        "rationale": "Durations reach 9.8 s of 10 s.",
        "blast_radius": {"nodes": ["aws_lb.shop"], "total": 1},
        "approval": {"role": "on-call", "approvals": 1},
        "policy_version": "sha256:77",
        "requester": "rules: playbook v1",
        "reasoner": {"kind": "rules", "name": "playbook v1"},
        "execution": "arn:aws:states:eu-central-1:123456789012:execution:incident:7f3a",
        "nonce": "n-1",
        "created_at": "2026-11-23T10:15:30Z",
        "expires_at": "2026-11-23T11:15:00Z"
    }))
    .unwrap()
}

/// An approval of it, unsigned and without its digest.
pub(super) fn decision() -> Decision {
    serde_json::from_value(json!({
        "kind": "approve",
        "execution": "arn:aws:states:eu-central-1:123456789012:execution:incident:7f3a",
        "digest": "00",
        "round": 1,
        "role": "on-call",
        "subject": "ana",
        "at": "2026-11-23T10:18:00Z"
    }))
    .unwrap()
}

/// The incident that it is about.
pub(super) fn incident() -> Incident {
    serde_json::from_value(json!({
        "id": "inc-0123456789abcdef0123456789abcdef",
        "execution": "arn:aws:states:eu-central-1:123456789012:execution:incident:7f3a",
        "account": "123456789012",
        "region": "eu-central-1",
        "alarm": {
            "name": "shop-orders-duration",
            "arn": "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:shop-orders-duration",
            "kind": "metric",
            "reason": "Threshold Crossed",
            "metrics": []
        },
        "resource": {"namespace": "AWS/Lambda", "aliases": ["shop-orders"], "dimensions": {"FunctionName": "shop-orders"}},
        "started_at": "2026-11-23T10:15:00Z",
        "detected_at": "2026-11-23T10:15:02Z"
    }))
    .unwrap()
}

/// The context whose evidence it cites.
pub(super) fn context() -> Context {
    let piece = |evidence: &str, topic: &str, title: &str, text: &str, untrusted: bool| {
        json!({"evidence": evidence, "turn": 1, "topic": topic, "title": title, "text": text, "untrusted": untrusted,
               "source": "first", "tokens": 10})
    };
    serde_json::from_value(json!({
        "node": "module.api.aws_lambda_function.this[\"orders\"]",
        "pieces": [
            piece("E1", "metrics", "Durations of the function", "max 9800 ms of 10000 ms", false),
            piece("E2", "configuration", "Configuration", "timeout 10", false),
            piece("E3", "logs", "Log lines", "Task timed out after 10.01 seconds", true)
        ],
        "dropped": [], "gaps": [], "tokens": 30, "redactions": 0
    }))
    .unwrap()
}

/// The first ask.
pub(super) fn round() -> Round {
    serde_json::from_value(json!({"kind": "ask", "role": "on-call", "seconds": 900})).unwrap()
}
