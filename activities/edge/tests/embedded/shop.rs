//! A small shop to test with: its state, its alarm, a proposal, an engine that waits, and a person who decides.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use activities::approval::{LINK_PATH, Page, proposal_digest};
use activities::shape::{ApprovalRule, Decision, LayerAnswer, Mode, Proposal, RiskLevel, Role};
use activities::twin::{Document, Policy};
use edge::{
    Answer, Browser, CompleteError, Completer, Config, EdgeError, Embedded, Form, ManualClock, Pace, Started, Starter,
    Taken,
};
use serde_json::{Value, json};

pub(crate) const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:sao-incident:inc-1";
pub(crate) const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:shop-orders";
pub(crate) const NODE: &str = "module.api.aws_lambda_function.this[\"orders\"]";
pub(crate) const TOKEN: &str = "AQCEAAAAKgAAAAMAAAAAtask-token-of-round-one";

/// A shop in a temporary directory, with an alarm that has just gone off.
pub(crate) struct Shop {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) edge: Embedded,
    pub(crate) engine: Engine,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::with(Mode::Ask).await
    }

    pub(crate) async fn with(mode: Mode) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at("2026-11-23T10:15:32Z".parse().unwrap()));
        fs::write(directory.path().join("observations.json"), observations().to_string()).unwrap();
        let edge = Embedded::open(config(directory.path(), mode), clock.clone()).unwrap();
        edge::twin_dir::initialise(&directory.path().join("data")).unwrap();
        let shop = Self { directory, clock, edge, engine: Engine::default() };
        shop.collect(1, 10).await.unwrap();
        shop.edge.approvers().enrol("ana", Role::OnCall).unwrap();
        shop.edge.approvers().enrol("bo", Role::Manager).unwrap();
        shop.alarm("ALARM", "2026-11-23T10:15:30.123+0000").await.unwrap();
        shop
    }

    /// The same directory in a new process.
    pub(crate) fn restarted(self) -> Self {
        let edge = Embedded::open(self.edge.config().clone(), self.clock.clone()).unwrap();
        Self { edge, ..self }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub(crate) async fn collect(&self, serial: u64, timeout: u64) -> Result<Vec<edge::Collected>, EdgeError> {
        let path = self.directory.path().join("shop.tfstate");
        fs::write(&path, state(serial, timeout).to_string()).unwrap();
        self.edge.collect(vec![path]).await
    }

    pub(crate) async fn alarm(&self, state: &str, at: &str) -> Result<Taken, EdgeError> {
        self.edge.intake(event(state, at), &self.engine, &self.engine).await
    }

    pub(crate) async fn call(&self, function: &str, payload: Value) -> Result<Value, EdgeError> {
        self.edge.call(function, payload, "dispatch-1").await
    }

    /// The incident as `detect` makes it of the event.
    pub(crate) fn incident(&self) -> Value {
        json!({
            "id": incident_id(), "execution": EXECUTION, "account": "123456789012", "region": "eu-west-1",
            "alarm": {"name": "shop-orders-duration", "arn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:shop-orders-duration",
                      "kind": "metric", "reason": "Threshold Crossed", "metrics": []},
            "resource": {"namespace": "AWS/Lambda", "aliases": ["shop-orders"], "dimensions": {"FunctionName": "shop-orders"}},
            "started_at": "2026-11-23T10:15:30.123Z", "detected_at": "2026-11-23T10:15:32.000Z"
        })
    }

    /// A proposal to raise the timeout from 10 to 30 seconds.
    pub(crate) fn proposal(&self) -> Proposal {
        let (governance, constraints) =
            (self.edge.twin().governance().unwrap(), self.edge.twin().constraints().unwrap());
        let policy = Policy::read(&documents(&governance), &documents(&constraints));
        serde_json::from_value(json!({
            "schema": "sao.proposal/1", "incident": incident_id(), "action": "lambda_update_timeout",
            "target": {"node": NODE, "type": "aws_lambda_function", "name": "shop-orders", "arn": FUNCTION,
                       "account": "123456789012", "region": "eu-west-1"},
            "parameters": {"function_name": "shop-orders", "timeout": 30},
            "before": {"timeout": 10},
            "inverse": {"action": "lambda_update_timeout", "parameters": {"function_name": "shop-orders", "timeout": 10}},
            "risk": {"level": "LOW", "reasons": ["a timeout is changed without interruption"]},
            "cause": {"statement": "The function runs into its timeout.", "evidence": ["E1"]},
            "rationale": "Durations reach 9.8 s of 10 s.",
            "blast_radius": {"nodes": [], "total": 0},
            "approval": {"role": "on-call", "approvals": 1},
            "policy_version": policy.version(),
            "requester": "rules: playbook v1", "reasoner": {"kind": "rules", "name": "playbook v1"},
            "execution": EXECUTION, "nonce": "n-1",
            "created_at": "2026-11-23T10:15:33Z", "expires_at": "2026-11-23T11:20:33Z"
        }))
        .unwrap()
    }

    /// The same proposal as a HIGH one that needs so many approvals.
    pub(crate) fn high(&self, approvals: u32) -> Proposal {
        let mut proposal = self.proposal();
        proposal.risk.level = RiskLevel::High;
        proposal.approval = ApprovalRule { role: Role::Manager, approvals };
        proposal
    }

    /// Asks about a proposal in a round that waits fifteen minutes; answers the mail's id.
    pub(crate) async fn ask(&self, proposal: &Proposal, number: u32, token: &str, approvals: &[Decision]) -> String {
        self.engine.wait(token);
        let answer = self.call("notify", self.ask_payload(proposal, number, token, approvals)).await.unwrap();
        answer["message_id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn ask_payload(&self, proposal: &Proposal, number: u32, token: &str, approvals: &[Decision]) -> Value {
        let kind = if approvals.is_empty() { "ask" } else { "second_approver" };
        json!({
            "kind": "ask", "token": token, "number": number, "round": {"kind": kind, "role": "on-call", "seconds": 900},
            "incident": self.incident(), "proposal": proposal, "digest": proposal_digest(proposal).unwrap(),
            "context": {"pieces": [{"evidence": "E1", "turn": 1, "topic": "metrics", "title": "Duration", "text": "max 9800 ms",
                                    "untrusted": false, "source": "metrics", "tokens": 3}],
                        "dropped": [], "gaps": [], "tokens": 3, "redactions": 0},
            "approvals": approvals, "at": edge::Clock::now(&*self.clock).to_string()
        })
    }

    /// The mails, in the order of their files.
    pub(crate) fn mails(&self) -> Vec<String> {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(self.data().join("mailbox")).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    }

    /// The links in the last mail, as a scanner would find them.
    pub(crate) fn links(&self) -> Vec<String> {
        links_of(self.mails().last().unwrap())
    }

    /// The page behind a link.
    pub(crate) async fn get(&self, link: &str) -> Page {
        self.edge.approval_page(link).await
    }

    /// What a browser posts from the page behind a link, for a person with their present code.
    pub(crate) async fn form(&self, link: &str, verb: &str, name: &str) -> Form {
        let page = self.get(link).await;
        let field = |field: &str| {
            let mark = format!("name=\"{field}\" value=\"");
            let rest = page.html.split(&mark).nth(1).unwrap_or_default();
            rest.split('"').next().unwrap_or_default().to_owned()
        };
        let code = self.edge.approvers().code(name, edge::Clock::now(&*self.clock)).unwrap().unwrap_or_default();
        Form {
            verb: verb.to_owned(),
            name: name.to_owned(),
            code,
            form_token: field("form_token"),
            digest: field("digest"),
            ..Form::default()
        }
    }

    pub(crate) async fn post(&self, link: &str, form: Form) -> Page {
        let browser =
            Browser { origin: Some("http://127.0.0.1:8084".to_owned()), fetch_site: Some("same-origin".to_owned()) };
        self.edge.decide(link, form, browser, &self.engine).await
    }

    /// Opens the link of the last mail and decides.
    pub(crate) async fn decide(&self, verb: &str, name: &str) -> Page {
        let link = self.links().remove(0);
        let form = self.form(&link, verb, name).await;
        self.post(&link, form).await
    }

    /// A proposal, asked for and approved: the proposal, its digest, the decision as the machine got it.
    pub(crate) async fn approved(&self) -> (Proposal, String, Value) {
        let proposal = self.proposal();
        self.ask(&proposal, 1, TOKEN, &[]).await;
        assert_eq!(self.decide("approve", "ana").await.status, 200);
        let digest = proposal_digest(&proposal).unwrap();
        (proposal, digest, self.engine.output(TOKEN).unwrap())
    }

    pub(crate) async fn lock(&self) {
        let payload = json!({"operation": "lock", "node": NODE, "owner": EXECUTION, "seconds": 900, "at": self.now()});
        assert_eq!(self.call("act", payload).await.unwrap()["status"], "locked");
    }

    pub(crate) fn now(&self) -> String {
        edge::Clock::now(&*self.clock).to_string()
    }

    /// The timeout in effect.
    pub(crate) fn timeout(&self) -> Value {
        let record = self.edge.account().resource(FUNCTION).unwrap().unwrap();
        record.configuration(edge::Clock::now(&*self.clock))["timeout"].clone()
    }

    pub(crate) fn changes(&self) -> usize {
        self.edge.account().changes().unwrap().len()
    }

    pub(crate) fn alarm_state(&self) -> String {
        self.edge.account().alarm("shop-orders-duration", edge::Clock::now(&*self.clock)).unwrap().unwrap().state
    }

    /// Every file of the data directory with its content.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        gather(&self.data(), &mut files);
        files
    }
}

/// An engine that only remembers what it was told.
#[derive(Debug, Default)]
pub(crate) struct Engine {
    started: Mutex<Vec<String>>,
    waiting: Mutex<BTreeMap<String, Option<Value>>>,
    down: Mutex<bool>,
}

impl Engine {
    pub(crate) fn wait(&self, token: &str) {
        self.waiting.lock().unwrap().entry(token.to_owned()).or_insert(None);
    }

    pub(crate) fn time_out(&self, token: &str) {
        self.waiting.lock().unwrap().remove(token);
    }

    pub(crate) fn set_down(&self, down: bool) {
        *self.down.lock().unwrap() = down;
    }

    pub(crate) fn output(&self, token: &str) -> Option<Value> {
        self.waiting.lock().unwrap().get(token).cloned().flatten()
    }

    pub(crate) fn completed(&self) -> usize {
        self.waiting.lock().unwrap().values().filter(|output| output.is_some()).count()
    }

    pub(crate) fn started(&self) -> Vec<String> {
        self.started.lock().unwrap().clone()
    }
}

impl Starter for Engine {
    fn start<'a>(&'a self, name: &'a str, _input: &'a Value) -> Answer<'a, Result<Started, String>> {
        Box::pin(async move {
            let mut started = self.started.lock().unwrap();
            let existed = started.iter().any(|known| known == name);
            if !existed {
                started.push(name.to_owned());
            }
            Ok(Started {
                execution_arn: format!("arn:aws:states:eu-west-1:123456789012:execution:sao-incident:{name}"),
                existed,
            })
        })
    }
}

impl Completer for Engine {
    fn succeed<'a>(&'a self, token: &'a str, output: &'a Value) -> Answer<'a, Result<(), CompleteError>> {
        Box::pin(async move {
            if *self.down.lock().unwrap() {
                return Err(CompleteError::Unreachable("connection refused".to_owned()));
            }
            match self.waiting.lock().unwrap().get_mut(token) {
                Some(slot @ None) => {
                    *slot = Some(output.clone());
                    Ok(())
                }
                _ => Err(CompleteError::Gone("TaskTimedOut".to_owned())),
            }
        })
    }
}

fn documents(layer: &LayerAnswer) -> Vec<Document<'_>> {
    layer.documents.iter().map(|document| Document { name: &document.name, text: &document.text }).collect()
}

pub(crate) fn config(directory: &Path, mode: Mode) -> Config {
    let mut config = Config::new(directory.join("data"));
    config.region = "eu-west-1".to_owned();
    config.mode = mode;
    config.observations = Some(directory.join("observations.json"));
    config.pace = Pace { effect_seconds: 10, alarm_seconds: 60 };
    config
}

/// The links in a mail's parts, unfolded as a reader's program would.
pub(crate) fn links_of(mail: &str) -> Vec<String> {
    let whole = mail.replace("=\r\n", "").replace("=3D", "=");
    let mark = format!("http://127.0.0.1:8084{LINK_PATH}");
    whole
        .match_indices(&mark)
        .map(|(at, _)| whole[at..].split(['>', '"', '\r', '\n']).next().unwrap().to_owned())
        .collect()
}

pub(crate) fn event(state: &str, at: &str) -> Value {
    json!({
        "version": "0", "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92", "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch", "account": "123456789012", "time": "2026-11-23T10:15:31Z", "region": "eu-west-1",
        "resources": ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:shop-orders-duration"],
        "detail": {
            "alarmName": "shop-orders-duration",
            "state": {"value": state, "reason": "Threshold Crossed", "reasonData": "{}", "timestamp": at},
            "previousState": {"value": "OK", "timestamp": "2026-11-23T09:15:30.123+0000"},
            "configuration": {"metrics": [{"id": "m1", "returnData": true, "metricStat": {
                "metric": {"namespace": "AWS/Lambda", "name": "Duration", "dimensions": {"FunctionName": "shop-orders"}},
                "period": 60, "stat": "Maximum"}}]}
        }
    })
}

pub(crate) fn incident_id() -> String {
    activities::detect::intake(&event("ALARM", "2026-11-23T10:15:30.123+0000")).unwrap().name
}

fn state(serial: u64, timeout: u64) -> Value {
    json!({"version": 4, "serial": serial, "lineage": "shop-1", "terraform_version": "1.11.4", "resources": [
        {"module": "module.api", "mode": "managed", "type": "aws_lambda_function", "name": "this", "instances": [
            {"index_key": "orders", "attributes": {"arn": FUNCTION, "function_name": "shop-orders", "timeout": timeout, "memory_size": 512,
                "reserved_concurrent_executions": -1, "tags": null}}]},
        {"mode": "managed", "type": "aws_cloudwatch_metric_alarm", "name": "duration", "instances": [
            {"attributes": {"arn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:shop-orders-duration",
                "alarm_name": "shop-orders-duration", "threshold": 9000, "comparison_operator": "GreaterThanOrEqualToThreshold",
                "namespace": "AWS/Lambda", "metric_name": "Duration", "dimensions": {"FunctionName": "shop-orders"}}}]},
        {"mode": "managed", "type": "aws_ecs_service", "name": "web", "instances": [
            {"attributes": {"id": "arn:aws:ecs:eu-west-1:123456789012:service/shop/web", "name": "web", "desired_count": 2,
                "cluster": "arn:aws:ecs:eu-west-1:123456789012:cluster/shop"}}]},
        {"mode": "managed", "type": "aws_db_instance", "name": "orders", "instances": [
            {"attributes": {"arn": "arn:aws:rds:eu-west-1:123456789012:db:shop-db", "identifier": "shop-db", "status": "available",
                "multi_az": true, "password": "hunter2-secret"},
             "sensitive_attributes": [[{"type": "get_attr", "value": "password"}]]}]}
    ]})
}

fn observations() -> Value {
    let points: Vec<Value> =
        (1..=30).rev().map(|minute| json!([minute * 60, if minute > 5 { 6_000.0 } else { 9_800.0 }])).collect();
    json!({
        "alarm": "shop-orders-duration",
        "metrics": [{"namespace": "AWS/Lambda", "name": "Duration", "dimensions": {"FunctionName": "shop-orders"}, "stat": "Maximum",
                     "period": 60, "unit": "Milliseconds", "points": points}],
        "logs": [{"group": "/aws/lambda/shop-orders", "stream": "s", "secondsBefore": 90, "message": "Task timed out after 10.01 seconds"},
                 {"group": "/aws/lambda/shop-orders", "stream": "s", "secondsBefore": 30, "message": "INFO order 7 stored"}],
        "changes": [{"secondsBefore": 7200, "event": "UpdateFunctionCode20150331v2", "source": "lambda.amazonaws.com",
                     "actor": "arn:aws:sts::123456789012:assumed-role/deploy/ci", "resource": "shop-orders", "summary": "new code"}]
    })
}

fn gather(directory: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, files);
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
}
