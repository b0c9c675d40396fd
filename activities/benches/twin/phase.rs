//! The phases that are measured, each as the application goes through it.
//!
//! Owns the measuring: processor time by the process's clock, memory by its peak.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use activities::shape::Read;
use activities::twin::{State, Topology, TopologyObject};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

/// One measured value; the name ends in its unit.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) value: f64,
}

impl Figure {
    /// Reads a line that [`say`] wrote.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let (name, value) = line.split_once(' ')?;
        Some(Self { name: name.to_owned(), value: value.parse().ok()? })
    }
}

/// Runs one phase and prints its figures.
pub(crate) fn run(phase: &str, state: &Path, object: &Path) {
    match phase {
        "collect" => collect(state, object),
        "load" => load(object),
        _ => panic!("`{phase}` is no phase"),
    }
}

/// State bytes to the object's file.
fn collect(state: &Path, path: &Path) {
    let bytes = std::fs::read(state).expect("the state can be read");
    let whole = || {
        let object = TopologyObject::of(State::parse(&bytes).expect("it is a state"), "bench");
        write(path, &object);
    };
    whole();
    say("peak_mb", peak_mb());
    say("object_mb", std::fs::metadata(path).expect("it was written").len() as f64 / 1e6);
    say("object_ms", median(whole));
    say("parse_ms", median(|| drop(State::parse(&bytes))));
}

fn write(path: &Path, object: &TopologyObject) {
    let mut out = BufWriter::new(File::create(path).expect("the object can be made"));
    object.write_to(&mut out).and_then(|()| out.flush()).expect("the object can be written");
}

/// The object's file to the context of a node.
fn load(path: &Path) {
    let topology = open(path);
    let leaf = topology
        .nodes()
        .find(|node| node.name().starts_with("fn-"))
        .or(topology.nodes().next())
        .expect("it has nodes")
        .id();
    let hub = topology.nodes().max_by_key(|node| node.degree()).expect("it has nodes").id();
    drop(context(&topology, leaf.as_str()));
    say("peak_mb", peak_mb());
    say("load_ms", median(|| drop(open(path))));
    say("leaf_ms", median(|| drop(context(&topology, leaf.as_str()))));
    say("whole_ms", median(|| drop(context(&open(path), leaf.as_str()))));
    say("hub_ms", median(|| drop(context(&topology, hub.as_str()))));
}

/// Reads the index; the attributes stay in the file.
fn open(path: &Path) -> Topology {
    let object = TopologyObject::open(File::open(path).expect("the object is there")).expect("it is whole");
    Topology::merge(vec![object]).expect("one object is a topology")
}

/// What the machine's first state asks of the twin, and what the model is told of it.
fn context(topology: &Topology, node: &str) -> Value {
    let aliases = json!([node]);
    let read = json!({"kind": "topology", "namespace": "", "dimensions": {}, "aliases": aliases, "alarms": [], "depth": 2, "limit": 40});
    let asked: Read = serde_json::from_value(read.clone()).expect("it is a read");
    let answer = activities::observe::topology(topology, "123456789012", "us-east-1", &asked);
    assert!(answer.node.is_some(), "{node}: {:?}", answer.problem);
    let at = "2026-11-23T10:15:32.000Z";
    let request = json!({
        "incident": {"id": "i", "execution": "e", "account": "123456789012", "region": "us-east-1",
            "alarm": {"name": "bench", "arn": "", "kind": "metric", "reason": "", "metrics": []},
            "resource": {"namespace": "", "aliases": aliases, "dimensions": {}}, "started_at": at, "detected_at": at},
        "settings": {"mode": "ask", "approval_seconds": 3600, "reminder_seconds": 900, "escalation_seconds": 1800,
            "high_approvals": 2, "poll_seconds": 1, "effect_seconds": 120, "settle_seconds": 2, "verify_seconds": 300,
            "undo_unchanged": false, "max_turns": 4, "max_cost_usd": 0.25, "context_tokens": 8000, "model_id": "none",
            "automatic_per_hour": 3, "platform_prefix": "sao-"},
        "observations": [{"id": "topology", "read": read, "asked_at": at, "answered_at": at, "answer": answer}],
        "turn": 1, "at": at,
    });
    activities::call("context", request).expect("it has a context")
}

/// The median processor time of several runs, in milliseconds.
fn median(run: impl Fn()) -> f64 {
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = processor_ms();
            run();
            processor_ms() - start
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[RUNS / 2]
}

fn processor_ms() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

/// The largest memory that this process ever had, in megabytes.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the system tells it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the system tells the peak");
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").trim().parse().expect("it is a number");
    kilobytes * 1024.0 / 1e6
}

fn say(name: &str, value: f64) {
    println!("{name} {value}");
}

const RUNS: usize = 7;
