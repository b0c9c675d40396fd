//! What the twin makes of states that Terraform wrote: nodes, edges, radius, ways and alarms as the fixtures expect them, and no
//! secret anywhere.
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use activities::twin::{Document, Export, Policy, Resolution, State, Topology, TopologyObject, picture};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    nodes: usize,
    edges: Vec<String>,
    #[serde(default)]
    no_edges: Vec<String>,
    radius: BTreeMap<String, Vec<String>>,
    paths: Vec<Way>,
    resolves: Vec<Metric>,
    alarms: Vec<Alarms>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Way {
    from: String,
    to: String,
    meaning: String,
    relations: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metric {
    namespace: String,
    dimensions: BTreeMap<String, String>,
    node: Option<String>,
    not_in_the_twin: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Alarms {
    names: Vec<String>,
    node: Option<String>,
    several: Option<Vec<String>>,
}

/// One recorded state.
struct Recorded {
    topology: Topology,
    expect: Expect,
    secrets: Vec<String>,
}

impl Recorded {
    fn of(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/states").join(name);
        // `.ci/states` sets it, in order to check a state that was made just now.
        let made = std::env::var_os("SAO_STATES").map(|made| PathBuf::from(made).join(name).join("clean.tfstate"));
        let path = made.filter(|path| path.exists()).unwrap_or_else(|| folder.join("terraform.tfstate"));
        let state = State::parse(&fs::read(path).unwrap()).unwrap();
        let topology = Topology::merge(vec![TopologyObject::of(state, name)]).unwrap();
        let expect = serde_json::from_slice(&fs::read(folder.join("expect.json")).unwrap()).unwrap();
        let secrets = fs::read_to_string(folder.join("secrets.env")).unwrap();
        let secrets =
            secrets.lines().filter_map(|line| Some(line.strip_prefix("TF_VAR_")?.split_once('=')?.1.to_owned()));
        Self { topology, expect, secrets: secrets.collect() }
    }

    fn check(&self) {
        assert_eq!(self.topology.len(), self.expect.nodes, "nodes");
        self.check_edges();
        self.check_walks();
        self.check_alarms();
        self.check_secrets();
    }

    fn check_edges(&self) {
        let all: Vec<String> =
            self.topology.edges().map(|edge| format!("{} {} {}", edge.from, edge.relation, edge.to)).collect();
        let missing: Vec<&String> = self.expect.edges.iter().filter(|edge| !all.contains(edge)).collect();
        let wrong: Vec<&String> = self.expect.no_edges.iter().filter(|edge| all.contains(edge)).collect();
        assert!(missing.is_empty() && wrong.is_empty(), "missing: {missing:#?}\nwrong: {wrong:#?}");
    }

    fn check_walks(&self) {
        for (node, expect) in &self.expect.radius {
            let mut found: Vec<String> =
                self.topology.blast_radius(node).into_iter().map(|reached| reached.id.to_string()).collect();
            found.sort();
            assert_eq!(&found, expect, "what breaks with {node}");
        }
        for way in &self.expect.paths {
            let path = self.topology.path(&way.from, &way.to);
            let path = path.unwrap_or_else(|| panic!("no way from {} to {}", way.from, way.to));
            let relations: Vec<&str> = path.steps.iter().map(|step| step.relation.word()).collect();
            assert_eq!(
                (path.meaning.word(), relations),
                (way.meaning.as_str(), way.relations.iter().map(String::as_str).collect())
            );
        }
    }

    fn check_alarms(&self) {
        for metric in &self.expect.resolves {
            let found = self.topology.resolve(&metric.namespace, &metric.dimensions);
            match (&found, &metric.node, &metric.not_in_the_twin) {
                (Resolution::Node(id), Some(expect), None) => assert_eq!(id.as_str(), expect),
                (Resolution::NotInTwin { what }, None, Some(expect)) => assert_eq!(what, expect),
                _ => panic!("{:?} resolves to {found}", metric.dimensions),
            }
        }
        for alarms in &self.expect.alarms {
            match (self.topology.resolve_alarms(&alarms.names), &alarms.node, &alarms.several) {
                (Resolution::Node(id), Some(expect), None) => assert_eq!(id.as_str(), expect),
                (Resolution::Ambiguous { nodes, .. }, None, Some(expect)) => {
                    assert_eq!(&nodes.iter().map(ToString::to_string).collect::<Vec<_>>(), expect);
                }
                (found, _, _) => panic!("{:?} are about {found}", alarms.names),
            }
        }
    }

    fn check_secrets(&self) {
        assert!(!self.secrets.is_empty());
        let policy = Policy::read(&[] as &[Document<'_>], &[]);
        let mut all = Vec::new();
        Export { topology: &self.topology, policy: &policy, precedents: &[] }.write(&mut all).unwrap();
        let mut text = String::from_utf8(all).unwrap();
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "the export is one JSON document");
        text.extend(self.topology.nodes().filter_map(|node| picture(&self.topology, node.id().as_str())));
        for secret in &self.secrets {
            assert!(!text.contains(secret), "{secret} is in the export or in a picture");
        }
    }
}

#[test]
fn a_serverless_api() {
    Recorded::of("orders").check();
}

#[test]
fn services_behind_a_load_balancer() {
    Recorded::of("bookings").check();
}

#[test]
fn an_event_pipeline_in_nested_modules() {
    Recorded::of("telemetry").check();
}
