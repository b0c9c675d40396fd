//! Dependencies run one way, and the pure packages depend on nothing that could touch the world.
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::{collections::BTreeSet, process::Command};

use serde_json::Value;

/// Which packages of the workspace each of them may depend on.
const ALLOWED: [(&str, &[&str]); 6] = [
    ("statemachine", &[]),
    ("activities", &[]),
    ("workflow", &["statemachine"]),
    ("edge", &["activities"]),
    ("replay", &["statemachine", "workflow", "activities", "edge"]),
    ("sao", &["statemachine", "workflow", "activities", "edge", "replay"]),
];

/// All that a pure package may depend on; tests are free.
const PURE: &[&str] = &[
    "base64",
    "cedar-policy",
    "chacha20poly1305",
    "croner",
    "ed25519-dalek",
    "jiff",
    "jsonata-core",
    "maud",
    "regex",
    "serde",
    "serde_json",
    "sha2",
    "stacker",
    "thiserror",
];

fn packages() -> Vec<Value> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let arguments = ["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path", manifest];
    let output = Command::new(env!("CARGO")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn dependencies(package: &Value) -> BTreeSet<String> {
    let all = package["dependencies"].as_array().unwrap().iter();
    all.filter(|d| d["kind"] != "dev").map(|d| d["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn dependencies_run_one_way() {
    let packages = packages();
    let names: BTreeSet<&str> = packages.iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(names, ALLOWED.iter().map(|(name, _)| *name).collect(), "every package has its place");
    for package in &packages {
        let name = package["name"].as_str().unwrap();
        let allowed = ALLOWED.iter().find(|(n, _)| *n == name).unwrap().1;
        for dependency in dependencies(package).iter().filter(|d| names.contains(d.as_str())) {
            assert!(allowed.contains(&dependency.as_str()), "`{name}` may not depend on `{dependency}`");
        }
    }
}

#[test]
fn pure_packages_depend_on_nothing_that_touches_the_world() {
    for package in packages().iter().filter(|p| p["name"] == "statemachine" || p["name"] == "activities") {
        for dependency in dependencies(package) {
            assert!(PURE.contains(&dependency.as_str()), "`{}` may not depend on `{dependency}`", package["name"]);
        }
    }
}
