//! The recorded shop, thought through: real events, a state that Terraform wrote, metrics, logs and rules of people.
//!
//! Builds what `observe` would answer from the fixtures and runs the pure functions by name, as the machine does.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail loudly")]

use std::path::PathBuf;

use activities::action::Configuration;
use activities::shape::{ObserveRequest, Read, ReadRequest};
use activities::twin::{NodeRef, State, Topology, TopologyObject};
use activities::{call, observe};
use serde_json::{Value, json};

const ACCOUNT: &str = "123456789012";
const REGION: &str = "eu-west-1";

#[expect(clippy::disallowed_methods, reason = "a test reads its fixtures")]
fn text(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../replay-tests/fixtures/shop").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()))
}

fn parsed(path: &str) -> Value {
    serde_json::from_str(&text(path)).unwrap()
}

fn topology() -> Topology {
    let state = State::parse(text("terraform.tfstate").as_bytes()).unwrap();
    Topology::merge(vec![TopologyObject::of(state, "shop")]).unwrap()
}

/// The recorded account around one alarm.
struct Shop {
    event: Value,
    recorded: Value,
    topology: Topology,
}

impl Shop {
    fn of(name: &str) -> Self {
        let path = format!("observations/{name}.json");
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../replay-tests/fixtures/shop");
        let recorded = if root.join(&path).exists() { parsed(&path) } else { json!({}) };
        Self { event: parsed(&format!("events/{name}.json")), recorded, topology: topology() }
    }

    fn alarmed_at(&self) -> jiff::Timestamp {
        let at = self.event["detail"]["state"]["timestamp"].as_str().or(self.event["time"].as_str());
        at.unwrap().parse().unwrap()
    }

    fn before(&self, seconds: &Value) -> String {
        let seconds = jiff::SignedDuration::from_secs(seconds.as_i64().unwrap());
        self.alarmed_at().checked_sub(seconds).unwrap().to_string()
    }

    fn settings(&self) -> Value {
        let number = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let plain = |placeholder: &activities::Placeholder| match placeholder.kind {
            activities::PlaceholderKind::Word => Value::from(placeholder.embedded),
            _ => number(placeholder.embedded),
        };
        let settings = activities::placeholders().iter().filter(|placeholder| !placeholder.embedded.is_empty());
        Value::Object(settings.map(|placeholder| (placeholder.name.to_owned(), plain(placeholder))).collect())
    }

    fn detect(&self) -> Result<Value, activities::ActivityError> {
        let execution = json!({"arn": "arn:aws:states:eu-west-1:123456789012:execution:sao:x", "started_at": "2026-11-23T09:15:33Z"});
        call(
            "detect",
            json!({"event": self.event, "settings": self.settings(), "execution": execution, "at": self.at()}),
        )
    }

    /// Two seconds after the alarm.
    fn at(&self) -> String {
        self.before(&json!(-2))
    }

    fn observe(&self, request: &Value) -> Value {
        let request: ObserveRequest = serde_json::from_value(request.clone()).unwrap();
        request.reads.iter().map(|read| self.observation(read)).collect()
    }

    fn observation(&self, read: &ReadRequest) -> Value {
        let mut observation =
            json!({"id": read.id, "read": read.read, "asked_at": self.at(), "answered_at": self.at()});
        match self.answer(&read.read) {
            Some(answer) => observation["answer"] = answer,
            None => observation["error"] = json!({"type": "NotFound", "message": "nothing was recorded"}),
        }
        observation
    }

    fn answer(&self, read: &Read) -> Option<Value> {
        let layer =
            |file: &str| json!({"documents": [{"name": file, "text": text(file)}], "version": "sha256:recorded"});
        Some(match read {
            Read::Topology { .. } => json!(observe::topology(&self.topology, ACCOUNT, REGION, read)),
            Read::Governance {} => layer("governance.json"),
            Read::Constraints {} => layer("constraints.json"),
            Read::KillSwitch {} => json!({"engaged": false}),
            Read::RecentActions { .. } => json!({"automatic": 0}),
            Read::Precedents { .. } => json!({"precedents": []}),
            Read::Alarm { name } => json!({"name": name, "state": "ALARM", "updated_at": self.before(&json!(0))}),
            Read::AlarmHistory { .. } => json!({"transitions": []}),
            Read::ActiveAlarms { .. } => json!({"alarms": []}),
            Read::Metrics { queries, .. } => {
                json!({"series": queries.iter().map(|query| self.series(&json!(query))).collect::<Vec<_>>()})
            }
            Read::Logs { group, .. } => self.lines(group)?,
            Read::Configuration { resource_type, name } => {
                let of_type = |node: &NodeRef<'_>| {
                    node.resource_type() == resource_type && node.names().any(|known| known == name)
                };
                let node = self.topology.nodes().find(of_type)?.read().unwrap();
                json!(observe::configuration(&Configuration::of(&node)?, node.arn.clone()))
            }
            Read::Changes { name, .. } => self.changes(name),
        })
    }

    fn series(&self, query: &Value) -> Value {
        let same = |metric: &&Value| {
            metric["name"] == query["metric"]
                && metric["stat"] == query["statistic"]
                && metric["dimensions"] == query["dimensions"]
        };
        let found = self.recorded["metrics"].as_array().and_then(|metrics| metrics.iter().find(same));
        let points = found.and_then(|metric| metric["points"].as_array()).cloned().unwrap_or_default();
        let points: Vec<Value> =
            points.iter().map(|point| json!({"at": self.before(&point[0]), "value": point[1]})).collect();
        json!({"id": query["id"], "points": points, "unit": found.map(|metric| metric["unit"].clone())})
    }

    fn lines(&self, group: &str) -> Option<Value> {
        let lines = self.recorded["logs"].as_array()?.iter().filter(|line| line["group"] == group);
        let lines: Vec<Value> =
            lines.map(|line| json!({"at": self.before(&line["secondsBefore"]), "message": line["message"]})).collect();
        (!lines.is_empty()).then(|| json!({"group": group, "lines": lines}))
    }

    fn changes(&self, name: &str) -> Value {
        let changes = self.recorded["changes"].as_array().cloned().unwrap_or_default();
        let own = changes.iter().filter(|change| {
            change["resource"].as_str().is_some_and(|resource| resource.rsplit('/').next() == Some(name))
        });
        let change = |change: &Value| json!({"at": self.before(&change["secondsBefore"]), "action": change["event"], "by": change["actor"]});
        json!({"changes": own.map(change).collect::<Vec<_>>()})
    }

    /// Goes from the event to what `propose` says of the rules' answer.
    fn think(&self) -> Thought {
        let detected = self.detect().unwrap();
        let (incident, settings) = (detected["incident"].clone(), detected["settings"].clone());
        let reads = detected["reads"].clone();
        let request =
            json!({"incident": incident["id"], "account": ACCOUNT, "region": REGION, "reads": reads, "at": self.at()});
        let observations = self.observe(&request);
        let common = json!({"incident": incident, "settings": settings, "observations": observations, "turn": 1, "at": self.at()});
        let with = |more: Value| {
            let mut request = common.clone();
            more.as_object().unwrap().iter().for_each(|(name, value)| request[name] = value.clone());
            request
        };
        let context = call("context", with(json!({"former": null}))).unwrap();
        let usage = json!({"input_tokens": 0, "output_tokens": 0, "cache_read_tokens": 0, "cache_write_tokens": 0, "cost_usd": 0.0});
        let inference = call("reason", with(json!({"context": context, "conversation": [], "usage": usage}))).unwrap();
        let request = with(json!({"mode": "answer", "context": context, "answer": inference["rules"], "usage": usage}));
        let largest = request.to_string().len();
        let answer = call("propose", request).unwrap();
        Thought { context, inference, answer, largest }
    }
}

struct Thought {
    context: Value,
    inference: Value,
    answer: Value,
    largest: usize,
}

/// Expects `action parameters risk`, or `verdict: part of the reason`.
#[track_caller]
fn check(name: &str, expect: &str) {
    let answer = Shop::of(name).think().answer;
    let found = match answer["outcome"].as_str().unwrap() {
        "proposal" => {
            let proposal = &answer["proposal"];
            format!(
                "{} {} {}",
                proposal["action"].as_str().unwrap(),
                proposal["parameters"],
                proposal["risk"]["level"].as_str().unwrap()
            )
        }
        _ => format!("{}: {}", answer["verdict"].as_str().unwrap_or("?"), answer["reason"].as_str().unwrap_or("?")),
    };
    let (kind, part) = expect.split_once(": ").unwrap_or((expect, ""));
    assert!(found.starts_with(kind) && found.contains(part), "found `{found}`, expected `{expect}`\n{answer:#}");
}

#[test]
fn the_orders_function_gets_a_longer_timeout() {
    check("orders-duration", r#"lambda_update_timeout {"function_name":"shop-prod-orders","timeout":20} LOW"#);
}

#[test]
fn the_storefront_gets_tasks() {
    check("ecs-cpu", r#"ecs_update_desired_count {"cluster":"shop-prod","service":"web","desired_count":"#);
}

#[test]
fn the_production_database_is_not_rebooted_against_its_team() {
    check("rds-connections", "undetermined: rebooted by the database team only");
}

#[test]
fn a_resource_that_no_state_manages_gets_no_proposal() {
    check("unknown-resource", "undetermined: not in the twin");
}

#[test]
fn a_composite_alarm_is_thought_about() {
    check("composite", "undetermined: ");
    let context = Shop::of("composite").think().context;
    assert!(context["node"].as_str().is_some_and(|node| node.contains("aws_lambda_function")), "{}", context["node"]);
}

#[test]
fn what_is_no_incident_is_ignored_or_refused() {
    for (name, part) in [("orders-duration-ok", "is OK"), ("insufficient", "is INSUFFICIENT_DATA")] {
        let answer = Shop::of(name).detect().unwrap();
        assert_eq!(answer["outcome"], "ignore");
        assert!(answer["reason"].as_str().unwrap().contains(part));
    }
    let refused = Shop::of("s3-object-created").detect().unwrap_err();
    assert_eq!(refused.kind(), "Sao.BadInput");
}

#[test]
fn no_secret_of_state_or_log_is_thought_with() {
    let state = text("terraform.tfstate");
    for secret in ["Tr0ub4dor-and-3-horses", "shop-pay-9f8e7d6c5b4a39281706"] {
        assert!(state.contains(secret), "the fixture holds `{secret}`");
    }
    for name in ["orders-duration", "ecs-cpu", "rds-connections", "composite"] {
        let thought = Shop::of(name).think();
        let all = format!("{} {} {}", thought.context, thought.inference, thought.answer);
        let secrets = [
            "Tr0ub4dor-and-3-horses",
            "shop-pay-9f8e7d6c5b4a39281706",
            "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI",
            "jane.doe@",
        ];
        for secret in secrets {
            assert!(!all.contains(secret), "`{secret}` of {name}");
        }
    }
}

#[test]
fn instructions_in_a_log_line_stay_behind_the_fence() {
    let thought = Shop::of("orders-duration").think();
    let prompt = thought.inference["request"]["messages"][0]["content"][0]["text"].as_str().unwrap().to_owned();
    let line =
        prompt.lines().find(|line| line.contains("Instructions to the assistant")).expect("the line is evidence");
    assert!(line.starts_with("| "), "{line}");
    assert_eq!(prompt.matches("\n<untrusted-data>\n").count(), prompt.matches("\n</untrusted-data>").count());
}

#[test]
fn numbers_and_names_of_the_evidence_stay_readable() {
    let thought = Shop::of("orders-duration").think();
    let pieces = thought.context["pieces"].as_array().unwrap();
    let text = |topic: &str| {
        pieces
            .iter()
            .filter(|piece| piece["topic"] == topic)
            .map(|piece| piece["text"].as_str().unwrap())
            .collect::<String>()
    };
    let metrics = text("metrics");
    assert!(!metrics.contains("[redacted]") && metrics.contains("8847, 9413, 9987, 10000"), "{metrics}");
    assert_eq!(metrics.matches("Duration Maximum").count(), 1);
    let waited = text("logs").lines().any(|line| {
        line.starts_with("8 times from ") && line.contains(": WARN payment provider has not answered after <n> ms")
    });
    assert!(waited, "{}", text("logs"));
    assert!(text("configuration").contains("timeout: 10"));
}

#[test]
fn the_context_keeps_its_budget_and_the_state_its_size() {
    for name in ["orders-duration", "ecs-cpu", "rds-connections", "composite", "unknown-resource"] {
        let thought = Shop::of(name).think();
        assert!(thought.context["tokens"].as_u64().unwrap() <= 8_000, "{name}");
        assert!(thought.largest < 200_000, "{name}: {} bytes", thought.largest);
    }
}
