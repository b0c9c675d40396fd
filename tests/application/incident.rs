//! `sao up` and `sao incident`: the life of an incident on a running platform.

use serde_json::Value;

use crate::support::{Up, documents, effects, place, sao, shop, standing};

#[test]
fn an_incident_is_started_shown_approved_and_archived() {
    let (_directory, data) = place();
    let up = Up::start(&data);
    let incident = up.begin("events/orders-duration.json");
    let shown = up.until_asked(&incident);
    assert_eq!(shown["proposal"]["risk"]["level"], "LOW");

    let said = up.incident(&["approve", &incident[..8], "--reason", "seen it before", "--json"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(
        (said.json()["decision"].as_str(), said.json()["subject"].as_str()),
        (Some("approved"), Some("operator"))
    );
    let ended = up.until_ended(&incident);
    assert_eq!(standing(&ended), ("SUCCEEDED", "recovered"));
    assert_eq!(ended["decisions"][0]["reason"], "seen it before");
    assert!(ended["decisions"][0]["signature"].is_string());

    let list = up.incident(&["list", "--json"]).json();
    assert_eq!(list["incidents"][0]["status"], "SUCCEEDED");
    assert!(up.incident(&["show", &incident]).out.contains("recovered"));
    assert_eq!(up.stop(), Some(0));
    let archived = documents(&data.join("history"));
    assert!(archived.iter().any(|document| document["events"][0]["type"] == "ExecutionStarted"));
}

#[test]
fn a_second_delivery_is_the_same_incident_also_after_its_end() {
    let (_directory, data) = place();
    let up = Up::start(&data);
    let event = shop("events/orders-duration.json");
    let hand_over = || up.incident(&["start", event.to_str().unwrap(), "--json"]).json();
    let first = hand_over();
    assert_eq!((first["duplicate"].as_bool(), hand_over()["duplicate"].as_bool()), (Some(false), Some(true)));
    let incident = first["execution_arn"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    up.until_asked(&incident);
    assert_eq!(up.incident(&["reject", &incident, "--reason", "a deploy is under way"]).code, Some(0));
    assert_eq!(standing(&up.until_ended(&incident)), ("SUCCEEDED", "rejected"));

    let again = hand_over();
    assert_eq!((&again["execution_arn"], again["duplicate"].as_bool()), (&first["execution_arn"], Some(true)));
    assert_eq!(up.incident(&["list", "--json"]).json()["incidents"].as_array().unwrap().len(), 1);
    assert_eq!(effects(&data), Vec::<Value>::new());
}

#[test]
fn an_alarm_that_is_over_ends_the_question() {
    let (_directory, data) = place();
    let up = Up::start(&data);
    let incident = up.begin("events/orders-duration.json");
    up.until_asked(&incident);
    let said = up.incident(&["start", shop("events/orders-duration-ok.json").to_str().unwrap(), "--json"]);
    assert_eq!((said.code, said.json()["ended_approvals"].as_u64()), (Some(0), Some(1)), "{said:?}");
    assert_eq!(standing(&up.until_ended(&incident)), ("SUCCEEDED", "recovered_itself"));
    assert_eq!(effects(&data), Vec::<Value>::new());
}

#[test]
fn an_alarm_on_what_the_twin_does_not_hold_proposes_nothing_and_says_so() {
    let (_directory, data) = place();
    let up = Up::start(&data);
    let incident = up.begin("events/unknown-resource.json");
    let ended = up.until_ended(&incident);
    assert_eq!((standing(&ended), &ended["proposal"]), (("SUCCEEDED", "undetermined"), &Value::Null));
    assert!(ended["outcome"]["reason"].as_str().unwrap().contains("not in the twin"), "{}", ended["outcome"]);
}

#[test]
fn an_enrolled_approver_decides_under_their_own_name() {
    let (_directory, data) = place();
    let up = Up::start(&data);
    let enrolled = sao(&["approver", "enrol", "ana", "--data", data.to_str().unwrap()]);
    assert!(enrolled.out.contains("otpauth://totp/"), "{enrolled:?}");
    let incident = up.begin("events/orders-duration.json");
    up.until_asked(&incident);
    up.incident(&["approve", &incident, "--as", "ana", "--role", "manager"]).failed(1, "enrolled as on-call engineer");
    up.incident(&["approve", &incident, "--as", "nobody"]).failed(1, "`nobody` is not an enrolled approver");
    assert_eq!(up.incident(&["approve", &incident, "--as", "ana"]).code, Some(0));
    assert_eq!(up.until_ended(&incident)["decisions"][0]["subject"], "ana");
}

#[test]
fn what_a_model_would_see_can_be_looked_at() {
    let (_directory, data) = place();
    let data = data.to_str().unwrap();
    assert_eq!(sao(&["twin", "collect", shop("terraform.tfstate").to_str().unwrap(), "--data", data]).code, Some(0));
    let twin = sao(&["twin", "show", "lambda_function", "--data", data, "--json"]).json();
    let node =
        twin["nodes"].as_array().unwrap().iter().find(|node| node["name"] == "shop-prod-orders").unwrap().clone();

    for name in ["id", "arn"] {
        let context = sao(&["context", node[name].as_str().unwrap(), "--data", data, "--json"]).json();
        assert_eq!(
            (&context["node"], context["context"]["node"].as_str()),
            (&node["id"], node["id"].as_str()),
            "{name}"
        );
    }
    let prompt =
        sao(&["prompt", shop("events/orders-duration.json").to_str().unwrap(), "--data", data, "--json"]).json();
    assert!(prompt["request"]["messages"].to_string().contains("shop-prod-orders"));
    assert!(!prompt.to_string().contains("Tr0ub4dor-and-3-horses"), "a secret of the state is shown");
    sao(&["context", "shop-prod-orders", "--data", data]).failed(1, "`shop-prod-orders` means several resources");
    sao(&["context", "no-such-thing", "--data", data]).failed(1, "`no-such-thing` is not in the twin");
    sao(&["prompt", shop("events/orders-duration-ok.json").to_str().unwrap(), "--data", data])
        .failed(1, "only a transition to ALARM");
}
