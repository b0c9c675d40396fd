//! The pure half of `observe`: what the twin's topology and a configuration answer to a read.
//!
//! Owns the cut of the topology that crosses the state machine: the node, what stands near it and what fails with it; and
//! how a configuration is written and read back. Loading the topology and describing the resource are the edge's.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use crate::action::Configuration;
use crate::shape::{ConfigurationAnswer, Fields, Neighbour, Read, TopologyAnswer};
use crate::twin::{Failure, Lookup, Node, NodeId, NodeRef, Place, Reached, ReadError, Resolution, Topology};

/// Answers a topology read.
///
/// Any other kind of read, and a resource that the twin does not hold, answer without a node and say why.
pub fn topology(topology: &Topology, account: &str, region: &str, read: &Read) -> TopologyAnswer {
    let mut answer = TopologyAnswer {
        nodes: topology.len() as u64,
        sources: topology.sources().iter().map(|source| format!("{}/{}", source.lineage, source.serial)).collect(),
        ..TopologyAnswer::default()
    };
    let Read::Topology { namespace, dimensions, aliases, alarms, depth, limit } = read else {
        answer.problem = Some(format!("`{}` is not a read of the topology", read.kind()));
        return answer;
    };
    let place = Place { account: Some(account.to_owned()), region: Some(region.to_owned()) };
    match resolve(topology, &place, namespace, dimensions, aliases, alarms) {
        Ok((id, alias)) => match around(topology, &id, *depth, *limit as usize) {
            Ok(found) => {
                let (nodes, sources) = (answer.nodes, answer.sources);
                answer = TopologyAnswer { nodes, sources, alias: Some(alias), ..found };
            }
            Err(error) => answer.problem = Some(error.to_string()),
        },
        Err(problem) => answer.problem = Some(problem),
    }
    answer
}

/// A node, what stands near it, and how many fail with it, as they cross the state machine.
fn around(topology: &Topology, id: &NodeId, depth: u32, limit: usize) -> Result<TopologyAnswer, ReadError> {
    let node = topology.node(id.as_str()).map(|node| slim(node, LARGEST_ATTRIBUTE)).transpose()?;
    let fails = topology.blast_radius(id.as_str());
    Ok(TopologyAnswer {
        node,
        neighbours: neighbours(topology, id, &fails, depth, limit)?,
        affected: u32::try_from(fails.len()).ok(),
        ..TopologyAnswer::default()
    })
}

/// The node of a read, and what resolved to it: dimensions first, then aliases, then alarms.
fn resolve(
    topology: &Topology,
    place: &Place,
    namespace: &str,
    dimensions: &Fields,
    aliases: &[String],
    alarms: &[String],
) -> Result<(NodeId, String), String> {
    let mut problem = None;
    if !namespace.is_empty() {
        let dimensions: BTreeMap<String, String> =
            dimensions.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
        match topology.resolve_at(namespace, &dimensions, place) {
            Resolution::Node(id) => return Ok((id, "dimensions".to_owned())),
            other => problem = Some(other.to_string()),
        }
    }
    for alias in aliases {
        if let Lookup::Found(id) = topology.find(alias)
            && topology.node(id.as_str()).is_some_and(|node| place.holds(node))
        {
            return Ok((id, alias.clone()));
        }
    }
    // What the alarms of a composite one have in common says more than any of them.
    if alarms.len() > 1
        && let Resolution::Node(id) = topology.resolve_alarms(alarms)
    {
        return Ok((id, alarms.join(", ")));
    }
    for alarm in alarms {
        match topology.resolve_alarm(alarm) {
            Resolution::Node(id) => return Ok((id, alarm.clone())),
            other => problem = problem.or_else(|| Some(other.to_string())),
        }
    }
    Err(problem.unwrap_or_else(|| "the twin knows none of its names".to_owned()))
}

/// What stands near a node, nearest first, then what fails with it farther away.
fn neighbours(
    topology: &Topology,
    id: &NodeId,
    affected: &[Reached],
    depth: u32,
    limit: usize,
) -> Result<Vec<Neighbour>, ReadError> {
    let fails: HashSet<&NodeId> = affected.iter().map(|reached| &reached.id).collect();
    let near = topology.neighbours(id.as_str(), depth);
    let known: HashSet<&NodeId> = near.iter().map(|reached| &reached.id).collect();
    let far = affected.iter().filter(|reached| !known.contains(&reached.id));
    near.iter()
        .chain(far)
        .take(limit)
        .filter_map(|reached| neighbour(topology, reached, fails.contains(&reached.id)))
        .collect()
}

fn neighbour(topology: &Topology, reached: &Reached, affected: bool) -> Option<Result<Neighbour, ReadError>> {
    let node = slim(topology.node(reached.id.as_str())?, LARGEST_OF_A_NEIGHBOUR);
    Some(node.map(|node| Neighbour {
        node,
        relation: reached.relation.word().to_owned(),
        direction: direction(reached, affected).to_owned(),
        distance: reached.hops,
        affected,
    }))
}

/// Which of the two needs the other, as far as the walk shows: what is near by another's edge is only beside.
fn direction(reached: &Reached, affected: bool) -> &'static str {
    if affected {
        "depended_on_by"
    } else if reached.hops == 1 && reached.relation.failure() != Failure::StaysWhereItIs {
        "depends_on"
    } else {
        BESIDE
    }
}

/// A node with the attributes that matter and are not too large.
fn slim(node: NodeRef<'_>, largest: usize) -> Result<Node, ReadError> {
    let node = node.read()?;
    let small = |value: &Value| !value.is_null() && value.to_string().len() <= largest;
    let attributes: Fields = if node.kind().is_some() {
        node.facts().filter(|(_, value)| small(value)).map(|(name, value)| (name.to_owned(), value.clone())).collect()
    } else {
        let plain = node.attributes.iter().filter(|(_, value)| small(value) && !value.is_object() && !value.is_array());
        plain.take(MOST_OF_UNKNOWN_TYPE).map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    Ok(Node { attributes, ..node })
}

/// The name by which AWS is asked about a node; for an ECS service `cluster/service`.
pub fn physical_name(node: &Node) -> String {
    let service = node
        .names
        .iter()
        .find(|name| node.resource_type == ECS_SERVICE && name.contains('/') && !name.starts_with("arn:"));
    service.map_or_else(|| node.name(), String::as_str).to_owned()
}

/// Puts a configuration into the answer of a read.
pub fn configuration(configuration: &Configuration, arn: Option<String>) -> ConfigurationAnswer {
    let mut attributes =
        serde_json::to_value(configuration).ok().and_then(|value| value.as_object().cloned()).unwrap_or_default();
    attributes.shift_remove(KIND);
    ConfigurationAnswer {
        resource_type: configuration.resource_type().to_owned(),
        name: configuration.name(),
        arn,
        attributes,
        modified_at: None,
    }
}

/// Reads a configuration back from the answer of a read.
///
/// # Errors
///
/// One sentence, when the type is none that actions change or an attribute is missing or of another type.
pub fn configuration_of(answer: &ConfigurationAnswer) -> Result<Configuration, String> {
    let kind = match answer.resource_type.as_str() {
        "aws_lambda_function" => "lambda_function",
        ECS_SERVICE => "ecs_service",
        "aws_db_instance" => "rds_instance",
        other => return Err(format!("no action of the catalogue changes a `{other}`")),
    };
    let mut value = answer.attributes.clone();
    value.insert(KIND.to_owned(), kind.into());
    serde_json::from_value(Value::Object(value))
        .map_err(|problem| format!("the configuration of `{}` cannot be read: {problem}", answer.name))
}

/// Says whether a declared value and a live one are the same.
///
/// Legacy states write numbers and booleans as texts, and Terraform writes -1 where AWS has no reservation.
pub(crate) fn same_value(state: &Value, now: &Value) -> bool {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let unset = |value: &Value| value.is_null() || *value == -1;
    plain(state) == plain(now) || (unset(state) && unset(now))
}

/// The direction of a neighbour that neither needs the node nor is needed by it.
pub(crate) const BESIDE: &str = "beside";
const ECS_SERVICE: &str = "aws_ecs_service";
/// The tag of a configuration's JSON.
const KIND: &str = "kind";
const LARGEST_ATTRIBUTE: usize = 600;
const LARGEST_OF_A_NEIGHBOUR: usize = 120;
const MOST_OF_UNKNOWN_TYPE: usize = 20;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::twin::{State, TopologyObject};

    fn shop() -> Topology {
        let state = json!({"version": 4, "serial": 3, "lineage": "shop", "resources": [
            {"mode": "managed", "type": "aws_lambda_function", "name": "orders", "instances": [{
                "attributes": {
                    "arn": "arn:aws:lambda:eu-west-1:123456789012:function:shop-orders", "function_name": "shop-orders",
                    "timeout": 10, "memory_size": 256, "tags": null
                }
            }]},
            {"mode": "managed", "type": "aws_sqs_queue", "name": "orders", "instances": [{
                "attributes": {"arn": "arn:aws:sqs:eu-west-1:123456789012:shop-orders", "name": "shop-orders", "tags": {"team": "shop"}}
            }]},
            {"mode": "managed", "type": "aws_ecs_service", "name": "web", "instances": [{
                "attributes": {"cluster": "arn:aws:ecs:eu-west-1:123456789012:cluster/shop", "name": "web", "desired_count": 2}
            }]},
        ]});
        Topology::merge(vec![TopologyObject::of(State::parse(state.to_string().as_bytes()).unwrap(), "shop")]).unwrap()
    }

    #[track_caller]
    fn check(namespace: &str, dimensions: serde_json::Value, expect: Option<(&str, &str)>) {
        let read = Read::Topology {
            namespace: namespace.to_owned(),
            dimensions: dimensions.as_object().unwrap().clone(),
            aliases: Vec::new(),
            alarms: Vec::new(),
            depth: 2,
            limit: 10,
        };
        let answer = topology(&shop(), "123456789012", "eu-west-1", &read);
        let found = answer.node.as_ref().map(|node| (node.id.to_string(), physical_name(node)));
        assert_eq!(found, expect.map(|(id, name)| (id.to_owned(), name.to_owned())), "{:?}", answer.problem);
        assert_eq!(answer.node.is_none(), answer.problem.is_some());
    }

    #[test]
    fn a_shared_name_is_told_apart_by_its_namespace() {
        check(
            "AWS/Lambda",
            json!({"FunctionName": "shop-orders"}),
            Some(("aws_lambda_function.orders", "shop-orders")),
        );
        check("AWS/SQS", json!({"QueueName": "shop-orders"}), Some(("aws_sqs_queue.orders", "shop-orders")));
    }

    #[test]
    fn a_service_goes_by_cluster_and_name() {
        check(
            "AWS/ECS",
            json!({"ClusterName": "shop", "ServiceName": "web"}),
            Some(("aws_ecs_service.web", "shop/web")),
        );
    }

    #[test]
    fn what_the_twin_does_not_hold_says_so() {
        check("AWS/Lambda", json!({"FunctionName": "other"}), None);
    }

    #[test]
    fn a_configuration_is_read_back_as_it_was_written() {
        let value = json!({"kind": "lambda_function", "function_name": "f", "timeout": 10, "memory_size": 256,
            "reserved_concurrent_executions": null, "last_update_status": "Successful"});
        let written: Configuration = serde_json::from_value(value).unwrap();
        let mut answer = configuration(&written, None);
        assert_eq!(configuration_of(&answer).unwrap(), written);
        answer.attributes.insert("runtime".to_owned(), json!("python3.12"));
        assert_eq!(configuration_of(&answer).unwrap(), written, "more attributes do not harm");
        answer.attributes.shift_remove("timeout");
        assert!(configuration_of(&answer).unwrap_err().contains("timeout"));
    }

    #[test]
    fn attributes_that_matter_cross_and_an_untagged_resource_has_no_tags() {
        let read = Read::Topology {
            namespace: String::new(),
            dimensions: Fields::new(),
            aliases: vec!["arn:aws:lambda:eu-west-1:123456789012:function:shop-orders".to_owned()],
            alarms: Vec::new(),
            depth: 1,
            limit: 10,
        };
        let node = topology(&shop(), "123456789012", "eu-west-1", &read).node.unwrap();
        assert_eq!(node.attributes["timeout"], 10);
        assert!(node.tags.is_empty());
        assert!(
            topology(&shop(), "999999999999", "eu-west-1", &read).node.is_none(),
            "another account's resource is another"
        );
    }
}
