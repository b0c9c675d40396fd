//! A small shop to test with: its twin in a bucket, its alarm, a proposal, and what AWS answers about its one function.

use activities::approval::{SigningKey, hex, proposal_digest};
use activities::shape::{Decision, DecisionKind, Proposal, Role};
use activities::twin::{Document, Policy, State, TopologyObject};
use serde_json::{Value, json};

use super::replay::{Exchange, Script};
use super::twin;
use crate::time::written;

pub(super) const NODE: &str = "aws_lambda_function.orders";
pub(super) const FUNCTION: &str = "arn:aws:lambda:eu-central-1:123456789012:function:shop-orders";
pub(super) const ALARM: &str = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:shop-orders-duration";
pub(super) const TOKEN: &str = "AQCEAAAAKgAAAAMAAAAAtask-token-of-round-one";
const LAYERS: [(&str, &str); 2] = [
    ("governance.json", r#"{"frameworks": [], "denied_actions": [], "mandatory_tags": {}, "compliance_scope": []}"#),
    ("constraints.json", r#"{"maintenance_windows": [], "forbidden_operations": []}"#),
];

/// The shop: its twin is collected, its alarm fires, its function is as Terraform declares it.
pub(super) fn shop() -> Script {
    let script = Script::new([
        configuration(10, "Successful"),
        Exchange::of(&["GET ", "/functions/shop-orders/concurrency"], 200, "{}"),
        Exchange::of(&["PUT ", "/functions/shop-orders/configuration"], 200, function(30, "InProgress").to_string()),
        assume_role(),
        execution("RUNNING"),
        alarm("ALARM"),
        Exchange::of(&["AWSStepFunctions.SendTaskSuccess"], 200, "{}"),
        Exchange::of(&["Action=Publish"], 200, PUBLISHED),
    ]);
    let state = State::parse(state(3, 10).to_string().as_bytes()).unwrap();
    let object = TopologyObject::of(state, "s3://states/shop.tfstate");
    let mut stored = Vec::new();
    object.write_to(&mut stored).unwrap();
    script.put(&format!("twin/{}", twin::topology_key(object.source())), stored);
    for (name, text) in LAYERS {
        script.put(&format!("twin/{name}"), text);
    }
    script.put("keys/signing.key", hex(&[5; 32]));
    script.put("keys/signing.pub", format!("{}\n", hex(&signing().public())));
    let approvers = json!([
        {"name": "ana", "role": "on-call", "secret": hex(&[7; 32])},
        {"name": "bo", "role": "manager", "secret": hex(&[8; 32])},
    ]);
    script.put("keys/approvers.json", approvers.to_string());
    script
}

/// What DescribeAlarms answers.
pub(super) fn alarm(state: &str) -> Exchange {
    let alarm = json!({"AlarmName": "shop-orders-duration", "AlarmArn": ALARM, "StateValue": state, "StateReason": "Threshold Crossed",
        "StateTransitionedTimestamp": {"$time": 1_795_428_930.125}, "Threshold": 8000.0, "ComparisonOperator": "GreaterThanThreshold",
        "Namespace": "AWS/Lambda", "MetricName": "Duration", "Dimensions": [{"Name": "FunctionName", "Value": "shop-orders"}]});
    Exchange::cbor("DescribeAlarms", 200, &json!({"MetricAlarms": [alarm], "CompositeAlarms": []}))
}

/// What GetFunctionConfiguration answers.
pub(super) fn configuration(timeout: u32, status: &str) -> Exchange {
    Exchange::of(&["GET ", "/functions/shop-orders/configuration"], 200, function(timeout, status).to_string())
}

/// What DescribeExecution answers.
pub(super) fn execution(status: &str) -> Exchange {
    let answer = json!({"executionArn": execution_arn(), "name": incident_id(), "status": status, "startDate": 1_795_428_931.0,
        "stateMachineArn": "arn:aws:states:eu-central-1:123456789012:stateMachine:sao-incident", "input": event("ALARM").to_string()});
    Exchange::of(&["AWSStepFunctions.DescribeExecution"], 200, answer.to_string())
}

fn assume_role() -> Exchange {
    let body = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
        <AccessKeyId>ASIAEXECUTOR</AccessKeyId><SecretAccessKey>executor-secret</SecretAccessKey><SessionToken>executor-token</SessionToken>\
        <Expiration>2026-11-23T10:31:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
    Exchange::of(&["Action=AssumeRole"], 200, body)
}

fn function(timeout: u32, status: &str) -> Value {
    json!({"FunctionName": "shop-orders", "FunctionArn": FUNCTION, "Runtime": "python3.12", "Handler": "app.handler", "Timeout": timeout,
        "MemorySize": 256, "LastModified": "2026-11-20T08:00:00.000+0000", "Version": "$LATEST", "RevisionId": "revision-1",
        "State": "Active", "LastUpdateStatus": status, "Environment": {"Variables": {"PASSWORD": "hunter2"}}})
}

/// The Terraform state of the shop.
pub(super) fn state(serial: u64, timeout: u64) -> Value {
    json!({"version": 4, "serial": serial, "lineage": "shop", "resources": [
        {"mode": "managed", "type": "aws_lambda_function", "name": "orders", "instances": [{"attributes": {
            "arn": FUNCTION, "function_name": "shop-orders", "timeout": timeout, "memory_size": 256, "tags": {"team": "shop"}}}]},
        {"mode": "managed", "type": "aws_cloudwatch_metric_alarm", "name": "duration", "instances": [{"attributes": {
            "arn": ALARM, "alarm_name": "shop-orders-duration", "namespace": "AWS/Lambda", "metric_name": "Duration",
            "dimensions": {"FunctionName": "shop-orders"}, "threshold": 8000}}]},
    ]})
}

/// The alarm's event.
pub(super) fn event(state: &str) -> Value {
    json!({"version": "0", "id": "event-1", "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch",
        "account": "123456789012", "time": "2026-11-23T10:15:31Z", "region": "eu-central-1", "resources": [ALARM],
        "detail": {"alarmName": "shop-orders-duration", "state": {"value": state, "reason": "Threshold Crossed",
            "timestamp": "2026-11-23T10:15:30.123+0000"}, "previousState": {"value": "OK", "timestamp": "2026-11-23T09:00:00.000+0000"},
            "configuration": {"metrics": []}}})
}

/// The event of the execution's end.
pub(super) fn ended(status: &str) -> Value {
    json!({"source": "aws.states", "detail-type": "Step Functions Execution Status Change", "detail": {"executionArn": execution_arn(),
        "stateMachineArn": "arn:aws:states:eu-central-1:123456789012:stateMachine:sao-incident", "status": status}})
}

pub(super) fn incident_id() -> String {
    activities::detect::intake(&event("ALARM")).unwrap().name
}

pub(super) fn execution_arn() -> String {
    format!("arn:aws:states:eu-central-1:123456789012:execution:sao-incident:{}", incident_id())
}

pub(super) fn incident() -> Value {
    json!({"id": incident_id(), "execution": execution_arn(), "account": "123456789012", "region": "eu-central-1",
        "alarm": {"name": "shop-orders-duration", "arn": ALARM, "kind": "metric", "reason": "Threshold Crossed", "metrics": []},
        "resource": {"namespace": "AWS/Lambda", "aliases": ["shop-orders"], "dimensions": {"FunctionName": "shop-orders"}},
        "started_at": "2026-11-23T10:15:30.123Z", "detected_at": "2026-11-23T10:15:32.000Z"})
}

/// A proposal to raise the timeout from 10 to 30 seconds.
pub(super) fn proposal() -> Proposal {
    let [governance, constraints] = LAYERS.map(|(name, text)| Document { name, text });
    serde_json::from_value(json!({
        "schema": "sao.proposal/1", "incident": incident_id(), "action": "lambda_update_timeout",
        "target": {"node": NODE, "type": "aws_lambda_function", "name": "shop-orders", "arn": FUNCTION,
                   "account": "123456789012", "region": "eu-central-1"},
        "parameters": {"function_name": "shop-orders", "timeout": 30},
        "before": {"timeout": 10},
        "inverse": {"action": "lambda_update_timeout", "parameters": {"function_name": "shop-orders", "timeout": 10}},
        "risk": {"level": "LOW", "reasons": ["a timeout is changed without interruption"]},
        "cause": {"statement": "The function runs into its timeout.", "evidence": ["E1"]},
        "rationale": "Durations reach 9.8 s of 10 s.",
        "blast_radius": {"nodes": [], "total": 0},
        "approval": {"role": "on-call", "approvals": 1},
        "policy_version": Policy::read(&[governance], &[constraints]).version(),
        "requester": "model: m", "reasoner": {"kind": "model", "name": "m"},
        "execution": execution_arn(), "nonce": "n-1",
        "created_at": "2026-11-23T10:15:33Z", "expires_at": "2026-11-23T11:20:33Z"
    }))
    .unwrap()
}

/// A yes of ana's to a proposal, signed.
pub(super) fn approval(proposal: &Proposal) -> Decision {
    let decision = Decision {
        kind: DecisionKind::Approve,
        execution: proposal.execution.clone(),
        digest: proposal_digest(proposal).unwrap(),
        round: 1,
        role: Some(Role::OnCall),
        subject: "ana".to_owned(),
        at: written("2026-11-23T10:15:50Z".parse().unwrap()),
        reason: None,
        parameters: None,
        key_id: None,
        signature: None,
    };
    signing().sign(decision).unwrap()
}

fn signing() -> SigningKey {
    SigningKey::new([5; 32])
}

const PUBLISHED: &str = "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>\
    <MessageId>mail-1</MessageId></PublishResult></PublishResponse>";
