//! Bad input gets a clear error and changes nothing.

use std::path::Path;

use serde_json::Value;

use crate::support::{Up, effects, files, place, sao, shop, standing};

/// A changed copy of the shop's state.
fn state(directory: &Path, change: impl FnOnce(String) -> String) -> String {
    let path = directory.join("changed.tfstate");
    std::fs::write(&path, change(std::fs::read_to_string(shop("terraform.tfstate")).unwrap())).unwrap();
    path.to_str().unwrap().to_owned()
}

#[track_caller]
fn refuses_state(change: impl FnOnce(String) -> String, words: &str) {
    let (directory, data) = place();
    let good = shop("terraform.tfstate");
    let data_text = data.to_str().unwrap();
    assert_eq!(sao(&["twin", "collect", good.to_str().unwrap(), "--data", data_text]).code, Some(0));
    let before = files(&data.join("twin/topology"));
    let bad = state(directory.path(), change);
    sao(&["twin", "collect", &bad, "--data", data_text]).failed(1, words);
    let listen = ["--listen", "127.0.0.1:0", "--public-listen", "127.0.0.1:0", "--data", data_text];
    sao(&[&["up", "--state", &bad], &listen[..]].concat()).failed(1, words);
    assert_eq!(files(&data.join("twin/topology")), before);
    assert!(sao(&["twin", "show", "--data", data_text]).out.contains("module.orders.aws_lambda_function.this"));
}

#[test]
fn a_state_of_another_version_is_refused() {
    refuses_state(|text| text.replacen("\"version\": 4", "\"version\": 3", 1), "version");
}

#[test]
fn a_truncated_state_is_refused() {
    refuses_state(|text| text[..text.len() / 2].to_owned(), "changed.tfstate");
}

#[test]
fn an_encrypted_state_is_refused() {
    let encrypted = r#"{"serial": 1, "lineage": "x", "meta": {"key_provider.pbkdf2.k": "e30="}, "encrypted_data": "AAAA", "encryption_version": "v0"}"#;
    refuses_state(|_| encrypted.to_owned(), "encrypted");
}

#[test]
fn what_is_no_incident_starts_none() {
    let (directory, data) = place();
    let up = Up::start(&data);
    let file = |text: &str| {
        let path = directory.path().join("event.json");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let alarm = std::fs::read_to_string(shop("events/orders-duration.json")).unwrap();
    up.incident(&["start", shop("events/s3-object-created.json").to_str().unwrap()])
        .failed(1, "not a CloudWatch alarm event");
    up.incident(&["start", &file("{")]).failed(1, "is not JSON");
    up.incident(&["start", &file("[]")]).failed(1, "not a CloudWatch alarm event");
    up.incident(&["start", &file(&alarm.replace("123456789012", "999999999999"))]).failed(1, "`999999999999`");
    up.incident(&["start", &file(&alarm.replace("\"ALARM\"", "\"SHOUTING\""))]).failed(1, "`SHOUTING`");
    up.incident(&["start", "/no/such/file.json"]).failed(1, "cannot read `/no/such/file.json`");
    for quiet in ["events/orders-duration-ok.json", "events/insufficient.json"] {
        let said = up.incident(&["start", shop(quiet).to_str().unwrap()]);
        assert!(said.code == Some(0) && said.out.contains("Nothing was started"), "{said:?}");
    }
    assert_eq!(up.incident(&["list", "--json"]).json()["incidents"], Value::Array(Vec::new()));
}

#[test]
fn a_decision_about_nothing_is_refused() {
    let (_directory, data) = place();
    let up = Up::start(&data);
    up.incident(&["approve", "inc-0000"]).failed(1, "there is no incident `inc-0000`");
    let arn = up.ready["state_machine_arn"].as_str().unwrap().replace(":stateMachine:", ":execution:") + ":inc-0000";
    up.incident(&["approve", &arn]).failed(1, "no approval is known");
    let incident = up.begin("events/orders-duration.json");
    up.until_asked(&incident);
    assert_eq!(up.incident(&["reject", &incident]).code, Some(0));
    up.incident(&["approve", &incident]).failed(1, "decided already, by `operator`");
    assert_eq!(standing(&up.until_ended(&incident)), ("SUCCEEDED", "rejected"));
    assert_eq!(effects(&data), Vec::<Value>::new());
}

#[test]
fn a_decision_that_comes_too_late_is_refused() {
    let (_directory, data) = place();
    let short = ["--set", "approval_seconds=3", "--set", "reminder_seconds=1", "--set", "escalation_seconds=2"];
    let up = Up::start_with(&data, &short);
    let incident = up.begin("events/orders-duration.json");
    assert_eq!(standing(&up.until_ended(&incident)), ("SUCCEEDED", "expired"));
    up.incident(&["approve", &incident]).failed(1, "expired");
    assert_eq!(effects(&data), Vec::<Value>::new());
}

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    let (_directory, data) = place();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = data.to_str().unwrap();
    for (option, other) in [("--listen", "--public-listen"), ("--public-listen", "--listen")] {
        let said = sao(&["up", option, &address, other, "127.0.0.1:0", "--data", data]);
        said.failed(1, &format!("{address} is in use"));
        assert!(said.err.contains(&format!("`{option} ")), "{said:?}");
    }
    assert!(!Path::new(data).exists(), "nothing was made");
    let said =
        crate::support::command(&["demo", "--yes", "--data", data, "--public-listen", &address]).output().unwrap();
    assert!(said.status.success(), "a demo takes another port");
}

#[test]
fn a_data_directory_in_use_is_left_alone() {
    let (_directory, data) = place();
    let up = Up::start(&data);
    let before = files(&data);
    let text = data.to_str().unwrap();
    sao(&["up", "--listen", "127.0.0.1:0", "--public-listen", "127.0.0.1:0", "--data", text])
        .failed(1, "in use by another process");
    sao(&["demo", "--yes", "--public-listen", "127.0.0.1:0", "--data", text]).failed(1, "in use by another process");
    sao(&["twin", "collect", shop("terraform.tfstate").to_str().unwrap(), "--data", text])
        .failed(1, "in use by another process");
    assert_eq!(files(&data), before);
    assert_eq!(
        sao(&["doctor", "--data", text, "--listen", "127.0.0.1:0", "--public-listen", "127.0.0.1:0"]).code,
        Some(1)
    );
    assert_eq!(up.stop(), Some(0));
    let said = sao(&["doctor", "--data", text, "--listen", "127.0.0.1:0", "--public-listen", "127.0.0.1:0", "--json"]);
    assert_eq!((said.code, said.json()["ok"].as_bool()), (Some(0), Some(true)), "{said:?}");
}

#[test]
fn a_directory_keeps_its_account() {
    let (_directory, data) = place();
    Up::start(&data).kill();
    let listen = ["--listen", "127.0.0.1:0", "--public-listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    sao(&[&["up", "--region", "us-west-2"], &listen[..]].concat())
        .failed(1, "belongs to account 123456789012 in eu-west-1");
}

#[test]
fn what_is_typed_wrong_is_wrong_usage() {
    let check = |arguments: &[&str], words: &str| sao(arguments).failed(2, words);
    check(&["demo", "--yes", "--reject"], "cannot be used with");
    check(&["up", "--listen", "0.0.0.0:8083"], "not a loopback address");
    check(
        &[
            "up",
            "--listen",
            "127.0.0.1:0",
            "--public-listen",
            "127.0.0.1:0",
            "--data",
            "/nowhere/x",
            "--set",
            "colour=red",
        ],
        "`colour` is not a setting",
    );
    check(&["incident", "approve", "inc-1", "--role", "king"], "king");
    check(&["fly"], "unrecognized subcommand");
}

#[test]
fn all_problems_of_a_definition_are_told_at_once() {
    let (directory, _data) = place();
    let path = directory.path().join("machine.json");
    std::fs::write(
        &path,
        r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "C": {"Type": "Task", "End": true}}}"#,
    )
    .unwrap();
    let said = sao(&["validate", path.to_str().unwrap(), "--json"]);
    let diagnostics = said.json()["diagnostics"].as_array().unwrap().clone();
    assert!(said.code == Some(1) && diagnostics.len() >= 2, "{said:?}");
    assert!(diagnostics.iter().any(|one| one["pointer"] == "/States/A/Next"), "{diagnostics:?}");
    let incident = Path::new(env!("CARGO_MANIFEST_DIR")).join("statemachine/incident.asl.json");
    assert_eq!(sao(&["validate", incident.to_str().unwrap()]).code, Some(0));
}

#[test]
fn nobody_at_the_endpoint_is_said_with_what_to_do() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    sao(&["incident", "list", "--endpoint", &format!("http://{free}")]).failed(1, "no `sao up` answers");
}
