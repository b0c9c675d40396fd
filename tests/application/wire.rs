//! The Step Functions API of a running `sao up`: what it shows, and what it has no authority to do.

use serde_json::{Value, json};

use crate::{
    page::request,
    support::{Up, effects, place, standing},
};

/// Calls an action; answers the HTTP status and the document.
pub(crate) fn call(up: &Up, action: &str, input: &Value) -> (u16, Value) {
    let (status, text) = request(|http| {
        http.post(&up.endpoint)
            .header("x-amz-target", format!("AWSStepFunctions.{action}"))
            .header("content-type", "application/x-amz-json-1.0")
            .body(input.to_string())
    });
    (status, serde_json::from_str(&text).unwrap_or_default())
}

/// Somebody who reads the history finds the task token, and completes the task with an approval that nobody signed.
#[test]
fn a_token_from_the_history_approves_nothing() {
    let (_directory, data) = place();
    let up = Up::start(&data);
    let incident = up.begin("events/orders-duration.json");
    let shown = up.until_asked(&incident);
    let arn = shown["execution_arn"].as_str().unwrap();
    let (_, history) = call(&up, "GetExecutionHistory", &json!({ "executionArn": arn, "maxResults": 1000 }));
    let scheduled =
        history["events"].as_array().unwrap().iter().rfind(|event| event["type"] == "TaskScheduled").unwrap();
    let parameters: Value =
        serde_json::from_str(scheduled["taskScheduledEventDetails"]["parameters"].as_str().unwrap()).unwrap();
    let token = parameters["Payload"]["token"].as_str().unwrap();
    let forged = json!({
        "kind": "approve", "execution": arn, "digest": shown["digest"], "round": 1, "role": "manager", "subject": "operator",
        "at": "2026-11-23T10:00:00Z", "key_id": "ed25519:0000000000000000", "signature": "AAAA",
    });
    let (status, answer) = call(&up, "SendTaskSuccess", &json!({ "taskToken": token, "output": forged.to_string() }));
    assert_eq!(status, 200, "{answer}");
    let ended = up.until_ended(&incident);
    assert_eq!(standing(&ended), ("SUCCEEDED", "invalid"), "{}", ended["outcome"]);
    assert_eq!(effects(&data), Vec::<Value>::new());
}

#[test]
fn the_incident_is_an_execution_like_any_other() {
    let (_directory, data) = place();
    let up = Up::start(&data);
    let incident = up.begin("events/orders-duration.json");
    let arn = up.until_asked(&incident)["execution_arn"].clone();
    let (_, described) = call(&up, "DescribeExecution", &json!({ "executionArn": arn }));
    assert_eq!((described["name"].as_str(), described["status"].as_str()), (Some(incident.as_str()), Some("RUNNING")));
    let (_, machines) = call(&up, "ListStateMachines", &json!({}));
    assert_eq!(machines["stateMachines"][0]["name"], "incident");
    let (status, _) =
        call(&up, "StopExecution", &json!({ "executionArn": arn, "error": "Operator", "cause": "by hand" }));
    assert_eq!((status, up.until_ended(&incident)["status"].as_str()), (200, Some("ABORTED")));
    up.incident(&["approve", &incident]).failed(1, "nothing was decided");
    assert_eq!(effects(&data), Vec::<Value>::new());
}

#[test]
fn a_web_page_reaches_no_endpoint() {
    let (_directory, data) = place();
    let up = Up::start(&data);
    for path in ["/health", "/incident", "/debug/prompt", "/operator/decision", "/"] {
        let address = format!("{}{path}", up.endpoint);
        let send = |name: &str, value: &str| request(|http| http.post(&address).header(name, value).body("{}")).0;
        assert_eq!(send("host", "rebound.example.com"), 403, "{path}");
        assert_eq!(send("origin", "https://example.com"), 403, "{path}");
    }
}

#[test]
fn the_operators_secret_is_needed_to_decide() {
    let (_directory, data) = place();
    let up = Up::start(&data);
    let incident = up.begin("events/orders-duration.json");
    let arn = up.until_asked(&incident)["execution_arn"].clone();
    let decision = json!({ "execution_arn": arn, "decision": "approve" }).to_string();
    let address = format!("{}/operator/decision", up.endpoint);
    for secret in ["", "Bearer ", "Bearer 0000", "Basic eDp5"] {
        let (status, _) = request(|http| http.post(&address).header("authorization", secret).body(decision.clone()));
        assert_eq!(status, 403, "{secret}");
    }
    assert_eq!(up.look(&incident)["waits_for_decision"], true);
}
