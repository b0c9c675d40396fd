//! An alarm event from the bus: it is an incident, ignored, or refused.
#![no_main]

use activities::{detect, shape::DetectRequest};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fuzz_target!(|text: &str| {
    let Ok(event) = serde_json::from_str::<Value>(text) else { return };
    if let Ok(intake) = detect::intake(&event) {
        assert!(!intake.name.is_empty() && intake.name.len() <= 80, "{}", intake.name);
    }
    let execution =
        json!({ "arn": "arn:aws:states:us-east-1:111111111111:execution:m:e", "started_at": "2026-01-01T00:00:00Z" });
    let request =
        json!({ "event": event, "at": "2026-01-01T00:00:00Z", "execution": execution, "settings": settings() });
    let request = serde_json::from_value::<DetectRequest>(request).expect("the request is well formed");
    let _ = detect::detect(request);
});

fn settings() -> Value {
    json!({
        "mode": "ask", "approval_seconds": 3600, "reminder_seconds": 900, "escalation_seconds": 1800, "high_approvals": 1,
        "poll_seconds": 10, "effect_seconds": 600, "settle_seconds": 60, "verify_seconds": 900, "undo_unchanged": false,
        "max_turns": 3, "max_cost_usd": 1.0, "context_tokens": 6000, "model_id": "none", "automatic_per_hour": 3,
        "platform_prefix": "sao-"
    })
}
