//! An action that somebody requests goes the way of an alarm: validated, put before a human, executed as approved.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Up, effects, place, standing, timeout_of_orders};

/// The event of a request to set the timeout of the shop's function; `change` is merged into its detail.
fn request(directory: &Path, change: &Value) -> String {
    let mut event = json!({
        "version": "0", "id": "r-1", "detail-type": "SAO Action Request", "source": "sao.request",
        "account": "123456789012", "region": "eu-west-1", "time": "2026-11-23T09:20:00Z",
        "detail": {
            "requester": "agent of ana", "action": "lambda_update_timeout", "node": "module.orders.aws_lambda_function.this",
            "type": "aws_lambda_function", "name": "shop-prod-orders", "parameters": {"timeout": 20}, "reason": "it is slow"
        }
    });
    let detail = event["detail"].as_object_mut().unwrap();
    detail.extend(change.as_object().unwrap().clone());
    let path = directory.join("request.json");
    std::fs::write(&path, event.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

const QUICK: [&str; 8] =
    ["--mode", "policy", "--set", "verify_seconds=2", "--set", "poll_seconds=1", "--set", "model_id=none"];

#[test]
fn a_request_waits_for_a_human_whatever_the_mode_and_is_executed_as_approved() {
    let (directory, data) = place();
    let up = Up::start_with(&data, &QUICK);
    let event = request(directory.path(), &json!({}));
    let incident = up.begin(&event);
    let asked = up.until_asked(&incident);
    assert_eq!(asked["proposal"]["requester"], "request: agent of ana");
    assert_eq!((effects(&data).len(), timeout_of_orders(&data)), (0, json!(10)));
    assert_eq!(up.begin(&event), incident, "a second delivery is the same incident");
    let approved = up.incident(&["approve", &incident, "--reason", "agreed"]);
    assert_eq!(approved.code, Some(0), "{approved:?}");
    let ended = up.until_ended(&incident);
    // No alarm tells whether it helped.
    assert_eq!(standing(&ended), ("SUCCEEDED", "unknown"), "{ended}");
    assert_eq!(timeout_of_orders(&data), 20);
}

#[test]
fn a_request_that_is_not_admissible_ends_without_asking() {
    let (directory, data) = place();
    let up = Up::start_with(&data, &QUICK);
    for change in [
        json!({"parameters": {"timeout": 5_000}}),
        json!({"action": "lambda_delete"}),
        json!({"node": "module.orders.aws_lambda_function.other"}),
        json!({"action": "rds_reboot_instance", "node": "module.database.aws_db_instance.this", "type": "aws_db_instance",
            "name": "shop-prod-db", "parameters": {}}),
    ] {
        let incident = up.begin(&request(directory.path(), &change));
        let ended = up.until_ended(&incident);
        assert_eq!(standing(&ended), ("SUCCEEDED", "undetermined"), "{ended}");
    }
    assert_eq!(effects(&data).len(), 0);
    let said = up.incident(&["start", &request(directory.path(), &json!({"approved": true}))]);
    said.failed(1, "unknown field `approved`");
}
