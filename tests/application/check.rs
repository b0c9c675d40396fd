//! `sao twin check` explains what people wrote, and says no where the platform would.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Said, place, sao, shop};

const CHANGE: [&str; 6] =
    ["--action", "lambda_update_timeout", "--node", "module.orders.aws_lambda_function.this", "--param", "timeout=20"];

/// A data directory with the shop's state and, as governance, one file.
fn twin(name: &str, text: &str) -> (TempDir, PathBuf) {
    let (directory, data) = place();
    let state = shop("terraform.tfstate");
    assert_eq!(sao(&["twin", "collect", state.to_str().unwrap(), "--data", data.to_str().unwrap()]).code, Some(0));
    std::fs::remove_file(data.join("twin/governance/default.cedar")).unwrap();
    std::fs::write(data.join("twin/governance").join(name), text).unwrap();
    (directory, data)
}

fn check(data: &Path, arguments: &[&str]) -> Said {
    sao(&[&["twin", "check", "--data", data.to_str().unwrap()], arguments].concat())
}

fn rules(document: &Value) -> Vec<&str> {
    document["rules"].as_array().unwrap().iter().map(|rule| rule["name"].as_str().unwrap()).collect()
}

#[test]
fn a_new_data_directory_has_the_default_policies() {
    let (_directory, data) = place();
    sao(&["twin", "collect", shop("terraform.tfstate").to_str().unwrap(), "--data", data.to_str().unwrap()]);
    let all = check(&data, &["--json"]);
    let document = all.json();
    assert_eq!((all.code, &document["governance"]["state"]), (Some(0), &json!("present")));
    assert_eq!(rules(&document), ["catalogue", "protected", "regulated", "being-replaced", "production-reboot"]);
    let allowed = check(&data, &[&CHANGE[..], &["--json"]].concat());
    assert_eq!((allowed.code, &allowed.json()["verdict"]["policies"]), (Some(0), &json!(["catalogue"])));
    let denied = check(&data, &["--action", "rds_reboot_instance", "--node", "module.database.aws_db_instance.this"]);
    assert_eq!(denied.code, Some(1));
    assert!(denied.out.contains("denied because of production-reboot"), "{denied:?}");
    assert!(denied.out.contains("when { resource.production } met"), "{denied:?}");
}

#[test]
fn the_same_rules_in_both_forms_explain_the_same() {
    for (name, text, rule) in [
        ("a.cedar", std::fs::read_to_string(shop("governance/shop.cedar")).unwrap(), "database-team"),
        ("a.json", std::fs::read_to_string(shop("governance.json")).unwrap(), "governance.denied_actions[0]"),
    ] {
        let (_directory, data) = twin(name, &text);
        let reboot = ["--action", "rds_reboot_instance", "--node", "module.database.aws_db_instance.this", "--json"];
        let denied = check(&data, &reboot);
        let document = denied.json();
        assert_eq!((denied.code, &document["verdict"]["rule"]), (Some(1), &json!(rule)));
        assert_eq!(document["verdict"]["reason"], "the production database is rebooted by the database team only");
        assert_eq!(document["known"]["risk"], "HIGH");
        assert_eq!(check(&data, &CHANGE).code, Some(0));
    }
}

#[test]
fn every_problem_is_named_with_its_line() {
    let text = "permit (principal, action, resource);\nforbid (principal, action, resource) when {\n  context.rizk };\nforbid (principal is Rulez, action, resource);\n";
    let (_directory, data) = twin("a.cedar", text);
    let said = check(&data, &[]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.out.contains("problem: `governance/a.cedar` line 3: attribute `rizk` in context not found"),
        "{said:?}"
    );
    assert!(said.out.contains("did you mean `risk`?"), "{said:?}");
    assert!(said.out.contains("problem: `governance/a.cedar` line 4: unrecognized entity type `Rulez`"), "{said:?}");
    let asked = check(&data, &[&CHANGE[..], &["--json"]].concat());
    let document = asked.json();
    assert_eq!((asked.code, &document["governance"]["state"]), (Some(1), &json!("broken")));
    assert_eq!((&document["ok"], &document["verdict"]["rule"]), (&json!(false), &json!("governance")));
}

#[test]
fn a_missing_layer_is_a_problem() {
    let (_directory, data) = twin("a.cedar", "permit (principal, action, resource);");
    std::fs::remove_file(data.join("twin/constraints.json")).unwrap();
    let said = check(&data, &["--json"]);
    let document = said.json();
    assert_eq!((said.code, &document["constraints"]["state"]), (Some(1), &json!("missing")));
    assert!(document["problems"][0]["what"].as_str().unwrap().contains("so nothing may be changed"), "{document}");
}

#[test]
fn a_file_that_is_not_read_is_pointed_at() {
    let (_directory, data) = twin("a.cedar", "permit (principal, action, resource);");
    std::fs::write(data.join("twin/governance/b.cedar.txt"), "forbid (principal, action, resource);").unwrap();
    let said = check(&data, &[]);
    assert_eq!(said.code, Some(0));
    assert!(said.out.contains("look at: `governance/b.cedar.txt`: it is not read"), "{said:?}");
}

#[test]
fn who_asks_and_when_is_taken_into_account() {
    let text = "permit (principal, action, resource);\n@id(\"models-at-night\") forbid (principal is Model, action, resource) when { context.hour >= 22 };";
    let (_directory, data) = twin("a.cedar", text);
    let asked = |who: &str, at: &str| check(&data, &[&CHANGE[..], &["--as", who, "--at", at]].concat()).code;
    assert_eq!(asked("model", "2026-11-23T22:15:00Z"), Some(1));
    assert_eq!(asked("model", "2026-11-23T21:15:00Z"), Some(0));
    assert_eq!(asked("manager", "2026-11-23T22:15:00Z"), Some(0));
    let anybody = check(&data, &[&CHANGE[..], &["--at", "2026-11-23T22:15:00Z"]].concat());
    assert!(anybody.out.contains("it is not known who asks, and Model may not"), "{anybody:?}");
}

#[test]
fn wrong_usage_says_what_is_right() {
    let (_directory, data) = twin("a.cedar", "permit (principal, action, resource);");
    check(&data, &["--action", "lambda_update_timeout"]).failed(2, "--node");
    let node = "module.orders.aws_lambda_function.this";
    check(&data, &["--action", "lambda_delete", "--node", node])
        .failed(2, "`lambda_delete` is no action of the catalogue");
    check(&data, &["--action", "lambda_update_timeout", "--node", node, "--param", "timeout=0"])
        .failed(2, "must be 1 to 900");
    check(&data, &["--at", "tonight"]).failed(2, "`--at tonight` is no instant");
    check(&data, &["--action", "lambda_update_timeout", "--node", "nobody"]).failed(1, "`nobody` is not in the twin");
}

#[test]
fn the_schema_can_be_had() {
    let (_directory, data) = place();
    let said = check(&data, &["--schema"]);
    assert_eq!(said.code, Some(0));
    assert!(said.out.contains("action lambda_update_timeout in [lambda] appliesTo {"), "{said:?}");
}
