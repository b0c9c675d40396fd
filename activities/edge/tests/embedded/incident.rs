//! A whole incident, state by state as the machine would call them: the pure functions think, the edge does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use activities::shape::{Mode, Role};
use edge::{Browser, Clock as _, Embedded, Form, ManualClock, Pace, Taken};
use serde_json::{Value, json};

use crate::shop::{Engine, config, links_of};

struct Machine {
    directory: tempfile::TempDir,
    clock: Arc<ManualClock>,
    edge: Embedded,
    engine: Engine,
}

impl Machine {
    async fn open(recorded: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at("2026-11-23T09:15:34Z".parse().unwrap()));
        let mut config = config(directory.path(), Mode::Ask);
        config.observations = Some(fixtures().join("observations"));
        config.pace = Pace { effect_seconds: 2, alarm_seconds: 3 };
        let edge = Embedded::open(config, clock.clone()).unwrap();
        for layer in ["governance.json", "constraints.json"] {
            std::fs::create_dir_all(directory.path().join("data/twin")).unwrap();
            std::fs::copy(fixtures().join(layer), directory.path().join("data/twin").join(layer)).unwrap();
        }
        edge.collect(vec![fixtures().join("terraform.tfstate")]).await.unwrap();
        edge.approvers().enrol("ana", Role::OnCall).unwrap();
        let machine = Self { directory, clock, edge, engine: Engine::default() };
        let taken = machine.edge.intake(machine.event(recorded), &machine.engine, &machine.engine).await.unwrap();
        assert!(matches!(taken, Taken::Execution(answer) if !answer.duplicate));
        machine
    }

    /// The recorded event, as if it had happened just now.
    fn event(&self, recorded: &str) -> Value {
        let text = std::fs::read_to_string(fixtures().join("events").join(recorded)).unwrap();
        let mut event: Value = serde_json::from_str(&text).unwrap();
        event["detail"]["state"]["timestamp"] = json!(self.at());
        event
    }

    fn at(&self) -> String {
        self.clock.now().to_string()
    }

    fn think(&self, function: &str, payload: Value) -> Value {
        activities::call(function, payload).unwrap_or_else(|error| panic!("{function}: {error}"))
    }

    async fn call(&self, function: &str, payload: Value) -> Value {
        self.edge.call(function, payload, "k").await.unwrap_or_else(|error| panic!("{function}: {error}"))
    }

    async fn observe(&self, incident: &Value, reads: &Value) -> Value {
        let request = json!({"incident": incident["id"], "account": incident["account"], "region": incident["region"],
                             "reads": reads, "at": self.at()});
        self.call("observe", request).await["observations"].take()
    }

    /// From the event to what the rules propose: incident, settings, context, and the answer of `propose`.
    async fn reasoned(&self, recorded: &str, execution: &str) -> (Value, Value, Value, Value) {
        let event = self.event(recorded);
        let detected = self.think(
            "detect",
            json!({"event": event, "settings": settings(), "at": self.at(),
            "execution": {"arn": execution, "started_at": self.at()}}),
        );
        let (incident, settings) = (detected["incident"].clone(), detected["settings"].clone());
        let observations = self.observe(&incident, &detected["reads"]).await;
        let context = self.think(
            "context",
            json!({"incident": incident, "settings": settings, "observations": observations,
            "former": null, "turn": 1, "at": self.at()}),
        );
        let usage = json!({"input_tokens": 0, "output_tokens": 0, "cache_read_tokens": 0, "cache_write_tokens": 0, "cost_usd": 0});
        let request = self.think(
            "reason",
            json!({"incident": incident, "settings": settings, "context": context,
            "observations": observations, "conversation": [], "turn": 1, "usage": usage, "at": self.at()}),
        );
        let answer = self.call("infer", request).await;
        assert_eq!(answer["reasoner"]["kind"], "rules");
        let proposed = self.think(
            "propose",
            json!({"mode": "answer", "incident": incident, "settings": settings, "context": context,
            "observations": observations, "answer": answer, "turn": 1, "usage": usage, "at": self.at()}),
        );
        (incident, settings, context, proposed)
    }

    async fn approve(&self, token: &str) -> Value {
        let mut mails: Vec<PathBuf> = std::fs::read_dir(self.directory.path().join("data/mailbox"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        mails.sort();
        let link = links_of(&std::fs::read_to_string(mails.last().unwrap()).unwrap()).remove(0);
        let page = self.edge.approval_page(&link).await;
        assert!(page.html.contains("Approve and execute"), "{}", page.html);
        let field = |name: &str| {
            let rest = page.html.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        let form = Form {
            verb: "approve".to_owned(),
            name: "ana".to_owned(),
            code: self.edge.approvers().code("ana", self.clock.now()).unwrap().unwrap(),
            digest: field("digest"),
            form_token: field("form_token"),
            ..Form::default()
        };
        let page = self.edge.decide(&link, form, Browser::default(), &self.engine).await;
        assert_eq!(page.status, 200, "{}", page.html);
        self.engine.output(token).unwrap()
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../replay-tests/fixtures/shop")
}

fn settings() -> Value {
    json!({
        "mode": "ask", "approval_seconds": 3600, "reminder_seconds": 900, "escalation_seconds": 1800, "high_approvals": 2,
        "poll_seconds": 1, "effect_seconds": 120, "settle_seconds": 2, "verify_seconds": 300, "undo_unchanged": false, "max_turns": 4,
        "max_cost_usd": 0.25, "context_tokens": 8000, "model_id": "none", "automatic_per_hour": 3, "platform_prefix": "sao-"
    })
}

/// Runs an incident to its end; what its action sets must be in effect, and the alarm be OK.
async fn check(machine: &Machine, recorded: &str, execution: &str, action: &str) -> Value {
    let token = format!("token of {execution}");
    let (incident, settings, context, proposed) = machine.reasoned(recorded, execution).await;
    assert_eq!(proposed["outcome"], "proposal", "{proposed:#}");
    let (proposal, digest, plan) = (&proposed["proposal"], &proposed["digest"], &proposed["plan"]);
    assert_eq!(proposal["action"], action);
    machine.engine.wait(&token);
    machine
        .call("notify", json!({"kind": "ask", "token": token, "number": 1, "round": proposed["gate"]["rounds"][0], "incident": incident,
            "proposal": proposal, "digest": digest, "context": context, "approvals": [], "at": machine.at()}))
        .await;
    machine.clock.advance(30);
    let decisions = json!([machine.approve(&token).await]);
    let node = &proposal["target"]["node"];
    machine
        .call("act", json!({"operation": "lock", "node": node, "owner": execution, "seconds": plan["lock_seconds"], "at": machine.at()}))
        .await;
    let before = machine.observe(&incident, &plan["recheck"]).await;
    let again = machine.think(
        "propose",
        json!({"mode": "revalidate", "incident": incident, "settings": settings, "proposal": proposal,
        "observations": before, "automatic": false, "at": machine.at()}),
    );
    assert_eq!(again["outcome"], "valid", "{again:#}");
    let begin = json!({"operation": "begin", "proposal": proposal, "digest": digest, "decisions": decisions,
                       "idempotency_key": format!("{}:begin", digest.as_str().unwrap()), "at": machine.at()});
    let begun = machine.call("act", begin).await;
    machine.clock.advance(2);
    let poll = json!({"operation": "poll", "proposal": proposal, "undo": false, "handle": begun["handle"], "at": machine.at()});
    let act = machine.call("act", poll).await;
    assert_eq!(act["status"], "effective");
    let effective_at = machine.at();
    let verify = async || {
        let after = machine.observe(&incident, &plan["verify"]).await;
        machine.think(
            "verify",
            json!({"incident": incident, "settings": settings, "proposal": proposal, "before": before, "after": after,
            "effective_at": effective_at, "at": machine.at()}),
        )
    };
    machine.clock.advance(1);
    assert_eq!(verify().await["next"], "again", "the alarm is not over yet");
    machine.clock.advance(3);
    let verification = verify().await;
    assert_eq!(
        (&verification["verdict"], &verification["next"]),
        (&json!("recovered"), &json!("done")),
        "{verification:#}"
    );
    machine.call("act", json!({"operation": "unlock", "node": node, "owner": execution, "at": machine.at()})).await;
    let outcome = json!({"kind": "recovered", "reason": "the alarm is OK again"});
    let record = machine.think("record", json!({"incident": incident, "outcome": outcome, "proposal": proposal, "digest": digest,
        "plan": plan, "adjusted_from": null, "finding": null, "decisions": decisions, "act": act, "verification": verification,
        "usage": proposed["usage"], "at": machine.at()}));
    machine.call("remember", json!({"precedent": record["precedent"], "at": machine.at()})).await;
    machine
        .call(
            "notify",
            json!({"kind": "outcome", "incident": incident, "outcome": outcome, "record": record, "at": machine.at()}),
        )
        .await;
    record
}

fn execution(name: &str) -> String {
    format!("arn:aws:states:eu-west-1:123456789012:execution:sao-incident:{name}")
}

#[tokio::test]
async fn a_function_near_its_timeout_is_given_time() {
    let machine = Machine::open("orders-duration.json").await;
    let record = check(&machine, "orders-duration.json", &execution("one"), "lambda_update_timeout").await;
    assert_eq!(record["drift"]["attributes"][0]["name"], "timeout");
}

#[tokio::test]
async fn a_service_without_processor_time_is_given_tasks() {
    let machine = Machine::open("ecs-cpu.json").await;
    check(&machine, "ecs-cpu.json", &execution("one"), "ecs_update_desired_count").await;
}

#[tokio::test]
async fn the_second_incident_finds_the_first_ones_precedent() {
    let machine = Machine::open("orders-duration.json").await;
    check(&machine, "orders-duration.json", &execution("one"), "lambda_update_timeout").await;
    // Terraform sets the timeout back, and the same alarm goes off again an hour later.
    machine.clock.advance(3_600);
    machine.edge.apply_declared().await.unwrap();
    machine.edge.intake(machine.event("orders-duration.json"), &machine.engine, &machine.engine).await.unwrap();
    let (_, _, context, proposed) = machine.reasoned("orders-duration.json", &execution("two")).await;
    assert_eq!(proposed["outcome"], "proposal", "{proposed:#}");
    let precedents = context["pieces"].as_array().unwrap().iter().find(|piece| piece["topic"] == "precedents");
    let text = precedents.expect("a piece of evidence about precedents")["text"].as_str().unwrap();
    assert!(text.contains("lambda_update_timeout") && text.contains("recovered"), "{text}");
}

#[tokio::test]
async fn a_denied_action_is_never_asked_for() {
    let machine = Machine::open("rds-connections.json").await;
    let (_, _, _, proposed) = machine.reasoned("rds-connections.json", &execution("one")).await;
    assert_eq!(proposed["outcome"], "no_proposal", "{proposed:#}");
}
