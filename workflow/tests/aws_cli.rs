//! The unmodified AWS CLI against the engine: from creating a machine to reading its history, signed and unsigned.
//!
//! It talks to a listener on loopback only. Where `aws` is not installed it says so and checks nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail loudly")]

use std::{
    io::ErrorKind,
    net::SocketAddr,
    process::{Command, Output},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use workflow::{
    api::{ApiConfig, Credentials, check_listen, router},
    engine::{Config, Engine},
};

/// A listener in front of an engine, and how the CLI reaches it.
struct Bench {
    data: TempDir,
    engine: Engine,
    address: SocketAddr,
    secret: &'static str,
}

impl Bench {
    async fn new(credentials: Option<Credentials>) -> Self {
        let data = tempfile::tempdir().unwrap();
        let engine = Engine::open(Config::new(data.path())).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        check_listen(address, credentials.as_ref()).unwrap();
        let routes = router(engine.clone(), ApiConfig { credentials, ..ApiConfig::default() });
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { data, engine, address, secret: SECRET }
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("aws");
        command
            .args(["stepfunctions", "--output", "json", "--endpoint-url", &format!("http://{}", self.address)])
            .args(arguments)
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", self.secret)
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_CONFIG_FILE", self.data.path().join("no-config"))
            .env("AWS_SHARED_CREDENTIALS_FILE", self.data.path().join("no-credentials"))
            .env("AWS_MAX_ATTEMPTS", "1")
            .env("NO_PROXY", "127.0.0.1")
            .env("AWS_PAGER", "");
        for other in ["AWS_REGION", "AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SFN"] {
            command.env_remove(other);
        }
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    async fn call(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments).await;
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {complaint}");
        if output.stdout.is_empty() { Value::Null } else { serde_json::from_slice(&output.stdout).unwrap() }
    }

    async fn refused(&self, arguments: &[&str], words: &str) {
        let output = self.run(arguments).await;
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && complaint.contains(words), "{arguments:?}: {complaint}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cli_drives_a_machine_from_creation_to_history() {
    if !is_installed() {
        return;
    }
    let bench = Bench::new(None).await;
    let definition = json!({ "StartAt": "Only", "States": { "Only": { "Type": "Pass", "End": true } } }).to_string();
    let created =
        bench.call(&["create-state-machine", "--name", "m", "--definition", &definition, "--role-arn", ROLE]).await;
    let machine = created["stateMachineArn"].as_str().unwrap();
    let input = r#"{"wörter": [1.50, "zwei"]}"#;
    let started =
        bench.call(&["start-execution", "--state-machine-arn", machine, "--name", "e", "--input", input]).await;
    let execution = started["executionArn"].as_str().unwrap();
    let described = bench.call(&["describe-execution", "--execution-arn", execution]).await;
    assert_eq!((&described["status"], &described["input"]), (&json!("SUCCEEDED"), &json!(input)));

    let history = bench.call(&["get-execution-history", "--execution-arn", execution]).await;
    assert_eq!(history["events"].as_array().unwrap().len(), 4);
    assert_eq!(history["events"][0]["executionStartedEventDetails"]["input"], input);
    // The CLI follows the tokens of the pages by itself.
    let paged = ["get-execution-history", "--execution-arn", execution, "--page-size", "1", "--reverse-order"];
    let ids: Vec<u64> =
        bench.call(&paged).await["events"].as_array().unwrap().iter().map(|e| e["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [4, 3, 2, 1]);

    let listed = bench.call(&["list-executions", "--state-machine-arn", machine, "--status-filter", "SUCCEEDED"]).await;
    assert_eq!(listed["executions"][0]["name"], "e");
    let validated = bench.call(&["validate-state-machine-definition", "--definition", "{}"]).await;
    assert_eq!(validated["result"], "FAIL");
    bench
        .refused(
            &["describe-state-machine", "--state-machine-arn", &format!("{machine}2")],
            "(StateMachineDoesNotExist)",
        )
        .await;
    bench.refused(&["send-task-success", "--task-token", "t", "--task-output", "{}"], "(InvalidToken)").await;
    let activities = bench.call(&["list-activities"]).await;
    assert_eq!(activities["activities"], serde_json::json!([]));
    assert_eq!(bench.call(&["delete-state-machine", "--state-machine-arn", machine]).await, Value::Null);
    bench.engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cli_signs_what_the_endpoint_verifies() {
    if !is_installed() {
        return;
    }
    let mut bench = Bench::new(Some(Credentials::new(KEY, SECRET))).await;
    assert_eq!(bench.call(&["list-state-machines"]).await, json!({ "stateMachines": [] }));
    bench.refused(&["list-state-machines", "--no-sign-request"], "(MissingAuthenticationTokenException)").await;
    bench.refused(&["list-state-machines", "--region", "eu-west-1"], "(InvalidSignatureException)").await;
    bench.secret = "another";
    bench.refused(&["list-state-machines"], "(InvalidSignatureException)").await;
    bench.engine.shutdown().await;
}

fn is_installed() -> bool {
    match Command::new("aws").arg("--version").output() {
        Ok(output) if output.status.success() => true,
        Err(error) if error.kind() != ErrorKind::NotFound => panic!("`aws` cannot be run: {error}"),
        _ => {
            eprintln!("SKIPPED: the AWS CLI (`aws`) is not installed, so nothing was checked against it");
            false
        }
    }
}

const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const ROLE: &str = "arn:aws:iam::123456789012:role/r";
