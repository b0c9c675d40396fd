//! `sao demo`: the whole incident in one command.

use std::{io::Write as _, path::Path, process::Stdio};

use serde_json::Value;

use crate::support::{command, demo, effects, files, place, sao, standing, timeout_of_orders};

fn names(document: &Value) -> Vec<&str> {
    document["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap()).collect()
}

#[test]
fn a_demo_recovers_and_the_second_one_finds_the_first() {
    let (_directory, data) = place();
    let said = demo(&data, &["--yes", "--json"]);
    let first = said.json();
    assert_eq!((said.code, standing(&first)), (Some(0), ("SUCCEEDED", "recovered")), "{said:?}");
    for name in ["Detect", "Context", "Reason", "Propose", "WaitForTaskToken", "Execute", "Record"] {
        assert!(names(&first).contains(&name), "{name}");
    }
    assert!(first["steps"].as_array().unwrap().iter().all(|step| step["milliseconds"].is_u64()));
    assert_eq!((first["alarm"]["state"].as_str(), &first["precedent"]), (Some("OK"), &Value::Null));
    assert_eq!(first["proposal"]["reasoner"]["kind"], "rules");
    assert_eq!(
        (effects(&data).len(), timeout_of_orders(&data)),
        (1, first["proposal"]["parameters"]["timeout"].clone())
    );
    assert_eq!(files(&data.join("mailbox")).len(), 2);

    let second = demo(&data, &["--yes", "--json"]).json();
    assert_eq!(standing(&second), ("SUCCEEDED", "recovered"));
    assert_ne!(second["execution_arn"], first["execution_arn"]);
    assert_eq!(second["precedent"]["id"], first["incident"]);
    assert!(second["precedent"]["similarity"].as_f64().unwrap() > 0.5, "{}", second["precedent"]);

    for document in [&first, &second] {
        let said = sao(&["replay", document["history"].as_str().unwrap(), "--json"]);
        assert_eq!((said.code, said.json()["agrees"].as_bool()), (Some(0), Some(true)), "{said:?}");
    }
    a_changed_history_diverges(Path::new(first["history"].as_str().unwrap()));
}

/// What the history says of the proposal is changed: today's code proposes something else.
fn a_changed_history_diverges(history: &Path) {
    let text = std::fs::read_to_string(history).unwrap();
    let changed = history.with_file_name("changed.json");
    std::fs::write(&changed, text.replace("lambda_update_timeout", "lambda_update_memory")).unwrap();
    let said = sao(&["replay", changed.to_str().unwrap(), "--json"]);
    assert_eq!((said.code, said.json()["agrees"].as_bool()), (Some(1), Some(false)));
    assert!(said.json()["divergence"]["event"].as_u64().is_some_and(|event| event > 1), "{said:?}");
}

#[test]
fn a_rejection_executes_nothing_and_is_remembered() {
    let (_directory, data) = place();
    let said = demo(&data, &["--reject", "--json"]);
    assert_eq!((said.code, standing(&said.json())), (Some(0), ("SUCCEEDED", "rejected")), "{said:?}");
    assert_eq!((effects(&data), timeout_of_orders(&data)), (Vec::new(), Value::from(10)));
    let next = demo(&data, &["--reject", "--json"]).json();
    assert_eq!(next["precedent"]["outcome"], "rejected");
}

#[test]
fn a_shadow_proposes_and_asks_nobody() {
    let (_directory, data) = place();
    let said = demo(&data, &["--mode", "shadow", "--json"]);
    assert_eq!((said.code, standing(&said.json())), (Some(0), ("SUCCEEDED", "shadow")), "{said:?}");
    assert!(said.json()["proposal"].is_object() && !names(&said.json()).contains(&"WaitForTaskToken"));
    assert_eq!(effects(&data), Vec::<Value>::new());
}

#[test]
fn rules_are_asked_for_also_when_the_policy_may_decide() {
    let (_directory, data) = place();
    let document = demo(&data, &["--mode", "policy", "--yes", "--json"]).json();
    assert_eq!((document["gate"]["automatic"].as_bool(), standing(&document).1), (Some(false), "recovered"));
    assert_eq!(document["decisions"][0]["kind"], "approve");
}

#[test]
fn what_people_read_names_each_step_and_the_next_command() {
    let (_directory, data) = place();
    let said = demo(&data, &["--yes"]);
    for words in [
        "Detect",
        "Proposal",
        "timeout: 10 → 20",
        "rules, not by a model",
        "/hitl/",
        "Recovered",
        "replay",
        "Precedent",
    ] {
        assert!(said.out.contains(words), "`{words}` is missing: {}", said.out);
    }
    assert!(!said.out.contains('\u{1b}'), "colours without a terminal");
}

/// The incident is decided on the page while the demo waits; its standard input is a pipe and says nothing.
#[test]
fn without_a_terminal_the_demo_waits_for_the_page() {
    let (_directory, data) = place();
    let arguments = ["demo", "--json", "--public-listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    let mut child =
        command(&arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"approve\n").unwrap();
    let address = crate::page::address_in(child.stderr.take().unwrap());
    let page = crate::page::get(&address);
    let code = sao(&["approver", "code", "--data", data.to_str().unwrap()]).out;
    let answer = crate::page::post(&address, &page.1, "approve", "operator", code.trim());
    assert_eq!(answer.0, 200, "{}", answer.1);
    let output = child.wait_with_output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), standing(&document)), (Some(0), ("SUCCEEDED", "recovered")));
}
