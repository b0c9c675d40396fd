//! State files that nobody vouches for, and laws that hold for every state.
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::io::Cursor;

use activities::twin::{Edge, MOST_REACHED, State, StateError, Topology, TopologyObject};
use proptest::prelude::*;
use serde_json::{Value, json};

fn file(resources: &str) -> String {
    format!(
        r#"{{"version": 4, "terraform_version": "1.11.4", "serial": 3, "lineage": "l", "resources": [{resources}]}}"#
    )
}

fn resource(resource_type: &str, name: &str, instance: &str) -> String {
    format!(r#"{{"mode": "managed", "type": "{resource_type}", "name": "{name}", "instances": [{instance}]}}"#)
}

fn object(text: &str, source: &str) -> TopologyObject {
    TopologyObject::of(State::parse(text.as_bytes()).unwrap(), source)
}

fn topology(text: &str) -> Topology {
    Topology::merge(vec![object(text, "a")]).unwrap()
}

#[track_caller]
fn check_refused(text: impl AsRef<[u8]>, expect: &str) {
    let error = State::parse(text.as_ref()).unwrap_err().to_string();
    assert!(error.contains(expect), "`{expect}` is not in: {error}");
}

#[test]
fn what_is_no_state_is_refused_with_what_to_do() {
    let whole = file(&resource("aws_vpc", "a", r#"{"attributes": {"id": "vpc-1"}}"#));
    check_refused("", "terraform state pull");
    check_refused(b"\xef\xbb\xbf  ", "empty");
    check_refused(b"{\"version\": 4, \"lineage\": \"\xff\"}", "UTF-8 (byte 27)");
    check_refused(&whole[..whole.len() / 2], "ends in the middle");
    check_refused(format!("{whole}{whole}"), "line 1");
    check_refused(whole.replace("\"version\": 4", "\"version\": 5"), "version `5`");
    check_refused(r#"{"meta": {}, "encrypted_data": "eA==", "encryption_version": "v0"}"#, "tofu state pull");
    check_refused(r#"{"format_version": "1.0", "values": {}}"#, "terraform show -json");
    check_refused("[1, 2, 3]", "state file");
    check_refused("not a state", "line 1, column 2");
}

#[test]
fn a_field_that_is_there_twice_is_refused() {
    check_refused(r#"{"version": 4, "serial": 1, "lineage": "l", "serial": 2}"#, "duplicate field `serial`");
    let twice = resource("aws_vpc", "a", r#"{"attributes": {"id": "vpc-1"}, "attributes": {"id": "vpc-2"}}"#);
    check_refused(file(&twice), "duplicate field `attributes`");
}

#[test]
fn of_an_attribute_that_is_there_twice_the_later_one_counts_and_neither_leaks() {
    let text = file(&resource(
        "aws_db_instance",
        "a",
        r#"{"attributes": {"identifier": "one", "password": "hunter-2-first", "identifier": "two", "password": "hunter-2-second"}}"#,
    ));
    assert_eq!(topology(&text).nodes().next().unwrap().name(), "two");
    let mut stored = Vec::new();
    object(&text, "a").write_to(&mut stored).unwrap();
    assert!(!String::from_utf8_lossy(&stored).contains("hunter-2"));
}

#[test]
fn depth_without_end_is_refused() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    check_refused(
        file(&resource("aws_vpc", "a", &format!(r#"{{"attributes": {{"id": {deep}}}}}"#))),
        "nested too deeply",
    );
    check_refused(&deep, "state file");
}

#[test]
fn half_a_letter_is_refused() {
    check_refused(file(&resource("aws_vpc", "a", r#"{"attributes": {"id": "\ud800"}}"#)), "half a letter");
}

#[test]
fn an_address_that_is_there_twice_is_refused() {
    let one = resource("aws_vpc", "a", "{}");
    let error = State::parse(file(&format!("{one}, {one}")).as_bytes()).unwrap_err();
    assert_eq!(error, StateError::DuplicateAddress { address: "aws_vpc.a".to_owned() });
}

#[test]
fn instances_before_what_they_are_instances_of_are_read() {
    let text = file(
        r#"{"instances": [{"attributes": {"id": "vpc-1"}, "index_key": 0}], "name": "a", "type": "aws_vpc", "mode": "managed"}"#,
    );
    assert_eq!(topology(&text).nodes().next().unwrap().id().as_str(), "aws_vpc.a[0]");
}

#[test]
fn a_deposed_object_is_no_node_and_is_noted() {
    let two = r#"{"index_key": "x", "attributes": {"id": "i-2"}}, {"index_key": "x", "deposed": "0a1b2c3d", "attributes": {"id": "i-1"}}"#;
    let topology = topology(&file(&resource("aws_instance", "a", two)));
    assert_eq!(topology.len(), 1);
    let node = topology.node("aws_instance.a[\"x\"]").unwrap();
    assert!(node.has_deposed() && node.read().unwrap().deposed);
    assert_eq!(node.name(), "i-2");
}

#[test]
fn a_hundred_thousand_edges_on_one_node_are_walked_within_bounds() {
    let mut resources = vec![resource("aws_vpc", "hub", r#"{"attributes": {"id": "vpc-1"}}"#)];
    let subnets: Vec<String> = (0..100_000)
        .map(|at| format!(r#"{{"index_key": {at}, "attributes": {{"id": "subnet-{at}", "vpc_id": "vpc-1"}}}}"#))
        .collect();
    resources.push(resource("aws_subnet", "spoke", &subnets.join(",")));
    let topology = topology(&file(&resources.join(",")));
    assert_eq!(topology.node("aws_vpc.hub").unwrap().degree(), 100_000);
    assert_eq!(topology.blast_radius("aws_vpc.hub").len(), MOST_REACHED);
    assert_eq!(topology.neighbours("aws_subnet.spoke[7]", 2).len(), 1);
}

#[test]
fn a_cycle_of_dependencies_ends() {
    let with = |name: &str, on: &str| {
        resource("aws_unheard_of", name, &format!(r#"{{"dependencies": ["aws_unheard_of.{on}"]}}"#))
    };
    let topology = topology(&file(&[with("a", "b"), with("b", "c"), with("c", "a")].join(",")));
    assert_eq!(topology.edge_count(), 3);
    assert_eq!(topology.blast_radius("aws_unheard_of.a").len(), 2);
}

/// A state of functions, groups and subnets that name each other and things that are elsewhere.
fn states() -> impl Strategy<Value = Value> {
    let attributes = (0usize..6, 0usize..6, "[ -~é]{0,12}").prop_map(|(group, subnet, note)| {
        json!({"vpc_config": [{"security_group_ids": [format!("sg-{group}")], "subnet_ids": [format!("subnet-{subnet}")]}], "note": note})
    });
    let kinds =
        proptest::sample::select(vec!["aws_lambda_function", "aws_security_group", "aws_subnet", "aws_unheard_of"]);
    proptest::collection::btree_map((kinds, 0usize..6), (attributes, any::<bool>()), 0..12).prop_map(|nodes| {
        let resources: Vec<Value> = nodes
            .into_iter()
            .map(|((kind, at), (mut attributes, tainted))| {
                let id = match kind {
                    "aws_security_group" => format!("sg-{at}"),
                    "aws_subnet" => format!("subnet-{at}"),
                    _ => format!("fn-{at}"),
                };
                attributes["id"] = json!(id);
                attributes["function_name"] = json!(id);
                json!({"mode": "managed", "type": kind, "name": format!("r{at}"), "instances": [{
                    "attributes": attributes, "status": if tainted { json!("tainted") } else { Value::Null },
                    "dependencies": ["aws_unheard_of.r0"]}]})
            })
            .collect();
        json!({"version": 4, "serial": 1, "resources": resources})
    })
}

fn edges(topology: &Topology) -> Vec<Edge> {
    let mut edges: Vec<Edge> = topology.edges().collect();
    edges.sort();
    edges
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_stored_is_what_was_read(state in states(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&state).unwrap() } else { state.to_string() };
        let parsed = State::parse(text.as_bytes()).unwrap();
        let mut stored = Vec::new();
        object(&text, "a").write_to(&mut stored).unwrap();
        let opened = TopologyObject::open(Cursor::new(stored)).unwrap();
        prop_assert!(opened.says_the_same(&object(&state.to_string(), "a")) || pretty);
        let (opened, made) = (Topology::merge(vec![opened]).unwrap(), topology(&text));
        prop_assert_eq!(edges(&opened), edges(&made));
        for instance in parsed.instances() {
            let node = opened.node(&instance.address).unwrap().read().unwrap();
            prop_assert_eq!(&node.attributes, &instance.attributes);
            prop_assert_eq!(node.tainted, instance.tainted);
        }
        prop_assert_eq!(opened.len(), parsed.len());
    }

    #[test]
    fn states_merge_in_any_order(one in states(), other in states()) {
        let (one, other) = (one.to_string(), other.to_string());
        let merged = |first: (&str, &str), second: (&str, &str)| {
            Topology::merge(vec![object(first.1, first.0), object(second.1, second.0)]).unwrap()
        };
        let (here, there) = (merged(("a", &one), ("b", &other)), merged(("b", &other), ("a", &one)));
        prop_assert_eq!(edges(&here), edges(&there));
        prop_assert_eq!(here.len(), topology(&one).len() + topology(&other).len());
        prop_assert_eq!(here.edge_count(), edges(&here).len());
    }

    #[test]
    fn an_empty_state_beside_it_changes_nothing(state in states()) {
        let alone = topology(&state.to_string());
        let empty = object(r#"{"version": 4, "serial": 1, "lineage": "e"}"#, "b");
        let beside = Topology::merge(vec![object(&state.to_string(), "a"), empty]).unwrap();
        prop_assert_eq!(edges(&alone), edges(&beside));
    }
}
