//! Derived edges: what the attributes of resources say about each other.
//!
//! Owns the order in which the sources of edges are asked, and which edge wins where several say the same. Each source
//! has its file: [`table`] for attributes that name another resource, [`connector`] for resources that only connect two
//! others, [`environment`] for what a program is told to talk to, [`policy`] for what it may talk to.

mod connector;
mod environment;
mod names;
mod pattern;
mod policy;
mod table;

pub(super) use names::Nodes;
pub(super) use policy::bears_on_roles;
pub(super) use table::{Row, rows_of};

use self::names::Scene;
use super::edge::Relation;

/// What was derived from the attributes of some nodes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Derived {
    /// The edges, in order and without duplicates.
    pub(super) edges: Vec<Triple>,
    /// The nodes that name something which is not among these nodes, in order.
    pub(super) open: Vec<u32>,
}

/// Derives the edges that the attributes of the `examined` nodes tell of.
pub(super) fn derive<N: Nodes>(nodes: &N, examined: &[u32]) -> Derived {
    let scene = Scene::new(nodes);
    let mut found = Found::default();
    for at in examined {
        table::relate(&scene, *at, &nodes.attributes(*at), &mut found);
    }
    let telling: Vec<u32> = examined.iter().copied().filter(|at| nodes.plan(*at).relates).collect();
    for at in &telling {
        connector::relate(&scene, *at, &nodes.attributes(*at), &mut found);
    }
    found.settle();
    policy::relate(&scene, &telling, &mut found);
    found.settle();
    for at in telling {
        environment::relate(&scene, at, &mut found);
    }
    found.settle();
    found.open.sort_unstable();
    found.open.dedup();
    Derived { edges: found.edges, open: found.open }
}

/// The attributes of a type that the sources of edges read, those of [`table`] aside.
pub(super) fn attributes_of(resource_type: &str) -> &'static [&'static str] {
    let read = READ.binary_search_by(|(known, _)| (*known).cmp(resource_type)).ok();
    read.map_or(&[], |at| READ[at].1)
}

/// An edge by the positions of its ends, in one number: in the order of subject, object and relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Triple(u64);

impl Triple {
    pub(super) fn new(from: u32, relation: Relation, to: u32) -> Self {
        // INVARIANT: a state of the largest size that is read has less than 2^28 instances.
        Self(u64::from(from) << 36 | u64::from(to) << 8 | u64::from(relation.code()))
    }

    pub(super) fn from(self) -> u32 {
        (self.0 >> 36) as u32
    }

    pub(super) fn to(self) -> u32 {
        (self.0 >> 8) as u32 & 0x0fff_ffff
    }

    pub(super) fn relation(self) -> Relation {
        Relation::of_code(self.0 as u8).unwrap_or(Relation::DependsOn)
    }
}

/// The edges found so far.
#[derive(Default)]
struct Found {
    edges: Vec<Triple>,
    /// How many of the edges are in order.
    settled: usize,
    open: Vec<u32>,
}

impl Found {
    fn add(&mut self, from: u32, relation: Relation, to: u32) {
        if from != to && self.edges.len() < MOST_EDGES {
            self.edges.push(Triple::new(from, relation, to));
        }
    }

    /// Notes that a node names what was not found.
    fn miss(&mut self, at: u32) {
        if self.open.last() != Some(&at) {
            self.open.push(at);
        }
    }

    /// Whether an edge was found by a source before this one.
    fn has(&self, from: u32, relation: Relation, to: u32) -> bool {
        self.edges[..self.settled].binary_search(&Triple::new(from, relation, to)).is_ok()
    }

    fn settle(&mut self) {
        if self.settled == self.edges.len() {
            return;
        }
        self.edges.sort_unstable();
        self.edges.dedup();
        self.settled = self.edges.len();
    }
}

/// More edges than any infrastructure has: a state that has them is an odd one, and gets no further ones.
pub(super) const MOST_EDGES: usize = 4_000_000;

/// Sorted by type; a test holds it.
const READ: &[(&str, &[&str])] = &[
    ("aws_api_gateway_integration", &["rest_api_id", "uri"]),
    ("aws_apigatewayv2_integration", &["api_id", "integration_uri"]),
    ("aws_apigatewayv2_route", &["target"]),
    ("aws_appautoscaling_policy", &["resource_id"]),
    ("aws_appautoscaling_target", &["resource_id"]),
    ("aws_cloudwatch_composite_alarm", &["alarm_rule"]),
    ("aws_cloudwatch_event_rule", &["event_pattern"]),
    ("aws_cloudwatch_event_target", &["rule", "arn"]),
    ("aws_cloudwatch_log_group", &["name"]),
    ("aws_cloudwatch_log_subscription_filter", &["log_group_name", "destination_arn"]),
    ("aws_cloudwatch_metric_alarm", &["namespace", "dimensions", "metric_query"]),
    ("aws_ecs_task_definition", &["task_role_arn", "container_definitions"]),
    ("aws_iam_policy", &["policy"]),
    ("aws_iam_role", &["inline_policy", "managed_policy_arns"]),
    ("aws_iam_role_policy", &["role", "policy"]),
    ("aws_iam_role_policy_attachment", &["role", "policy_arn"]),
    ("aws_lambda_event_source_mapping", &["event_source_arn", "function_arn"]),
    ("aws_lambda_function", &["role", "environment"]),
    ("aws_lambda_permission", &["source_arn", "function_name"]),
    ("aws_lb_listener", &["load_balancer_arn", "default_action", "action"]),
    ("aws_lb_listener_rule", &["listener_arn", "default_action", "action"]),
    ("aws_lb_target_group_attachment", &["target_group_arn", "target_id"]),
    ("aws_pipes_pipe", &["source", "target", "role_arn"]),
    ("aws_s3_bucket_notification", &["bucket", "lambda_function", "queue", "topic"]),
    ("aws_security_group_rule", &["security_group_id", "source_security_group_id"]),
    ("aws_sfn_state_machine", &["role_arn", "definition"]),
    ("aws_sns_topic_subscription", &["topic_arn", "endpoint"]),
    ("aws_sqs_queue", &["redrive_policy"]),
    ("aws_vpc_security_group_ingress_rule", &["security_group_id", "referenced_security_group_id"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_by_type() {
        assert!(READ.windows(2).all(|two| two[0].0 < two[1].0));
        assert_eq!(attributes_of("aws_sqs_queue"), ["redrive_policy"]);
        assert!(attributes_of("aws_vpc").is_empty());
    }
}
