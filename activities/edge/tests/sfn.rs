//! The Rust SDK of AWS Step Functions, unmodified, against our engine: from a machine's creation to its history.
//!
//! Holds that the answers deserialize into the SDK's types, required members and all, and that its errors are the modelled
//! ones. What the answers say is held in `workflow`.
#![cfg(feature = "aws")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail loudly")]

use aws_sdk_sfn::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    types::{
        ExecutionRedriveStatus, ExecutionStatus, HistoryEventType, MapRunStatus, RoutingConfigurationListItem,
        StateMachineStatus, Tag, ValidateStateMachineDefinitionResultCode,
    },
};
use tempfile::TempDir;
use workflow::{
    api::{self, ApiConfig, router},
    engine::{Config, Engine},
};

/// An engine behind a listener that verifies signatures, and a client that signs.
struct Bench {
    _data: TempDir,
    sfn: Client,
}

impl Bench {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let engine = Engine::open(Config::new(data.path())).await.unwrap();
        let credentials = Some(api::Credentials::new(KEY, SECRET));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let routes = router(engine, ApiConfig { credentials, ..ApiConfig::default() });
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let config = aws_sdk_sfn::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new(KEY, SECRET, None, None, "test"))
            .endpoint_url(endpoint);
        Self { _data: data, sfn: Client::from_conf(config.build()) }
    }

    async fn create(&self, name: &str, definition: &str) -> String {
        let new = self.sfn.create_state_machine().name(name).definition(definition).role_arn(ROLE);
        new.send().await.unwrap().state_machine_arn
    }

    async fn start(&self, machine: &str, input: &str) -> String {
        let start = self.sfn.start_execution().state_machine_arn(machine).input(input);
        start.send().await.unwrap().execution_arn
    }

    /// Waits until an execution has ended; the service has no other way than to ask again.
    async fn ended(&self, execution: &str) -> aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput {
        loop {
            let described = self.sfn.describe_execution().execution_arn(execution).send().await.unwrap();
            if described.status != ExecutionStatus::Running {
                return described;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_is_driven_from_its_creation_to_its_history() {
    let bench = Bench::new().await;
    let machine = bench.create("m", PASS).await;
    let described = bench.sfn.describe_state_machine().state_machine_arn(&machine).send().await.unwrap();
    assert_eq!((described.definition.as_str(), described.status), (PASS, Some(StateMachineStatus::Active)));
    assert!(described.logging_configuration.is_some() && described.encryption_configuration.is_some());

    let execution = bench.start(&machine, r#"{"a": 1}"#).await;
    let ended = bench.ended(&execution).await;
    assert_eq!((ended.status, ended.output.as_deref()), (ExecutionStatus::Succeeded, Some(r#"{"a": 1}"#)));
    assert_eq!(ended.redrive_status, Some(ExecutionRedriveStatus::NotRedrivable));

    let mut pages =
        bench.sfn.get_execution_history().execution_arn(&execution).into_paginator().page_size(3).items().send();
    let mut events = Vec::new();
    while let Some(event) = pages.next().await {
        events.push(event.unwrap());
    }
    let kinds: Vec<_> = events.iter().map(|event| event.r#type.clone()).collect();
    assert_eq!(
        kinds,
        [
            HistoryEventType::ExecutionStarted,
            HistoryEventType::PassStateEntered,
            HistoryEventType::PassStateExited,
            HistoryEventType::ExecutionSucceeded,
        ]
    );
    let started = events[0].execution_started_event_details.as_ref().unwrap();
    assert_eq!(started.role_arn.as_deref(), Some(ROLE));

    let listed = bench.sfn.list_executions().state_machine_arn(&machine).send().await.unwrap();
    assert_eq!(listed.executions[0].execution_arn, execution);
    let diagnosed = bench.sfn.validate_state_machine_definition().definition("{}").send().await.unwrap();
    assert_eq!(diagnosed.result, ValidateStateMachineDefinitionResultCode::Fail);
    bench.sfn.delete_state_machine().state_machine_arn(&machine).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_aliases_tags_and_activities_have_the_types_of_the_sdk() {
    let bench = Bench::new().await;
    let machine = bench.create("m", PASS).await;
    let version = bench.sfn.publish_state_machine_version().state_machine_arn(&machine).send().await.unwrap();
    let version = version.state_machine_version_arn;
    let route =
        RoutingConfigurationListItem::builder().state_machine_version_arn(&version).weight(100).build().unwrap();
    let alias = bench.sfn.create_state_machine_alias().name("LIVE").routing_configuration(route).send().await.unwrap();
    let run = bench.ended(&bench.start(&alias.state_machine_alias_arn, "{}").await).await;
    assert_eq!(run.state_machine_version_arn.as_deref(), Some(version.as_str()));
    let held = bench.sfn.delete_state_machine_version().state_machine_version_arn(&version).send().await;
    assert!(held.unwrap_err().into_service_error().is_conflict_exception());

    let tag = Tag::builder().key("k").value("v").build();
    bench.sfn.tag_resource().resource_arn(&machine).tags(tag.clone()).send().await.unwrap();
    let tags = bench.sfn.list_tags_for_resource().resource_arn(&machine).send().await.unwrap();
    assert_eq!(tags.tags(), [tag]);

    let activity = bench.sfn.create_activity().name("a").send().await.unwrap().activity_arn;
    let work = format!(r#"{{"StartAt":"W","States":{{"W":{{"Type":"Task","Resource":"{activity}","End":true}}}}}}"#);
    let execution = bench.start(&bench.create("w", &work).await, "7").await;
    let task = bench.sfn.get_activity_task().activity_arn(&activity).send().await.unwrap();
    assert_eq!(task.input.as_deref(), Some("7"));
    let token = task.task_token.unwrap();
    bench.sfn.send_task_success().task_token(&token).output("8").send().await.unwrap();
    assert_eq!(bench.ended(&execution).await.output.as_deref(), Some("8"));
    let again = bench.sfn.send_task_heartbeat().task_token(&token).send().await;
    assert!(again.unwrap_err().into_service_error().is_task_timed_out());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_map_run_has_the_types_of_the_sdk() {
    let bench = Bench::new().await;
    let execution = bench.start(&bench.create("m", MAP).await, "[1, 2]").await;
    assert_eq!(bench.ended(&execution).await.output.as_deref(), Some("[1,2]"));
    let runs = bench.sfn.list_map_runs().execution_arn(&execution).send().await.unwrap();
    let run = bench.sfn.describe_map_run().map_run_arn(&runs.map_runs[0].map_run_arn).send().await.unwrap();
    assert_eq!((run.status, run.item_counts.unwrap().succeeded), (MapRunStatus::Succeeded, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_are_the_modelled_errors() {
    let bench = Bench::new().await;
    let unknown = "arn:aws:states:us-east-1:123456789012:stateMachine:none";
    let refused = bench.sfn.describe_state_machine().state_machine_arn(unknown).send().await.unwrap_err();
    let error = refused.into_service_error();
    assert!(error.is_state_machine_does_not_exist(), "{error:?}");
    assert_eq!(error.meta().message(), Some(format!("State Machine Does Not Exist: '{unknown}'").as_str()));
    let lost = bench.sfn.create_state_machine().name("n").definition("{}").role_arn(ROLE).send().await.unwrap_err();
    assert!(lost.into_service_error().is_invalid_definition());
    let alias = format!("{unknown}:LIVE");
    let empty = bench.sfn.update_state_machine_alias().state_machine_alias_arn(alias).send().await.unwrap_err();
    let error = empty.into_service_error();
    let aws_sdk_sfn::operation::update_state_machine_alias::UpdateStateMachineAliasError::ValidationException(error) =
        error
    else {
        panic!("{error:?}")
    };
    assert_eq!(error.reason.unwrap().as_str(), "MISSING_REQUIRED_PARAMETER");
}

const PASS: &str = r#"{"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": true}}}"#;
const MAP: &str = r#"{"StartAt": "Each", "States": {"Each": {"Type": "Map", "End": true, "ItemProcessor": {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    "StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": true}}}}}}"#;
const ROLE: &str = "arn:aws:iam::123456789012:role/r";
const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
