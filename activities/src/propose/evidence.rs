//! The reads that a reasoner asks for: checked, bounded, and put into the form that `observe` performs.
//!
//! Owns the bounds. A reasoner reads about the alarmed resource and its neighbours only, so that a hostile log line
//! cannot send it through the account.

use crate::context::{clean_line, cut};
use crate::detect::{log_group, namespace_of};
use crate::facts::Facts;
use crate::observe::physical_name;
use crate::shape::{Incident, MetricQuery, Read, ReadRequest, TopologyAnswer};
use crate::tool::{AskedRead, RequestEvidence};
use crate::twin::Node;

/// The admissible reads, and why the others are not.
pub(super) fn reads(incident: &Incident, facts: Facts<'_>, asked: &RequestEvidence, turn: u32) -> (Vec<ReadRequest>, Vec<String>) {
    let topology = facts.topology().unwrap_or_default();
    let (mut reads, mut refused) = (Vec::new(), Vec::new());
    for one in &asked.reads {
        if reads.len() == MOST_READS {
            refused.push(format!("more than {MOST_READS} reads in one turn"));
            break;
        }
        match read(incident, &topology, one) {
            Ok(read) => reads.push(numbered(read, turn, reads.len())),
            Err(problem) => refused.push(problem),
        }
    }
    (reads, refused)
}

/// A read with the name that its turn gives it.
pub(super) fn numbered(read: Read, turn: u32, number: usize) -> ReadRequest {
    ReadRequest { id: format!("turn{turn}.{}{}", read.kind(), number + 1), max_bytes: MOST_BYTES, read }
}

fn read(incident: &Incident, topology: &TopologyAnswer, asked: &AskedRead) -> Result<Read, String> {
    Ok(match asked {
        AskedRead::Logs { node, group, minutes, pattern } => {
            let node = near(topology, node)?;
            Read::Logs {
                group: group_of(node, group.as_deref())?,
                seconds: bounded(*minutes, 1_440) * 60,
                pattern: pattern.as_deref().map(|pattern| cut(pattern, 200)).filter(|pattern| !pattern.trim().is_empty()),
                limit: 100,
            }
        }
        AskedRead::Metrics { node, metric, statistic, minutes } => metrics(near(topology, node)?, metric, statistic, bounded(*minutes, 1_440))?,
        AskedRead::Configuration { node } => {
            let node = near(topology, node)?;
            Read::Configuration { resource_type: node.resource_type.clone(), name: physical_name(node) }
        }
        AskedRead::Changes { node, hours } => {
            let name = physical_name(near(topology, node)?);
            let name = name.rsplit('/').next().unwrap_or(&name).to_owned();
            Read::Changes { name, seconds: bounded(*hours, 168) * 3_600, limit: 20 }
        }
        AskedRead::AlarmHistory { alarm, days } => {
            let known = *alarm == incident.alarm.name || incident.alarm.children.contains(alarm);
            if !known {
                return Err(format!("`{}` is not the alarm of the incident nor one of its children", shown(alarm)));
            }
            Read::AlarmHistory { name: alarm.clone(), seconds: bounded(*days, 14) * 86_400, limit: 50 }
        }
    })
}

fn metrics(node: &Node, metric: &str, statistic: &str, minutes: u32) -> Result<Read, String> {
    let (namespace, dimensions) =
        namespace_of(node).ok_or_else(|| format!("the metrics of a `{}` have no known namespace", node.resource_type))?;
    let percentile = statistic.strip_prefix('p').is_some_and(|number| number.parse::<f64>().is_ok_and(|number| (0.0..=100.0).contains(&number)));
    if !percentile && !STATISTICS.contains(&statistic) {
        return Err(format!("`{}` is no statistic", shown(statistic)));
    }
    if metric.is_empty() || metric.len() > 255 || !metric.chars().all(|c| c.is_ascii_alphanumeric() || "_-.%:/ ".contains(c)) {
        return Err(format!("`{}` is no metric name", shown(metric)));
    }
    // At most some sixty points, in whole minutes.
    let period_seconds = minutes.div_ceil(60).max(1) * 60;
    let query = MetricQuery {
        id: "asked".to_owned(),
        namespace: namespace.to_owned(),
        metric: metric.to_owned(),
        dimensions,
        statistic: statistic.to_owned(),
        period_seconds,
    };
    Ok(Read::Metrics { queries: vec![query], seconds: minutes.max(5) * 60 })
}

/// The log group: the resource's usual one, or another whose name names the resource.
fn group_of(node: &Node, asked: Option<&str>) -> Result<String, String> {
    let name = physical_name(node);
    let usual = log_group(&node.resource_type, &name);
    match asked.filter(|group| !group.trim().is_empty()) {
        None => usual.ok_or_else(|| format!("a `{}` has no usual log group: name one", node.resource_type)),
        Some(group) if Some(group) == usual.as_deref() => Ok(group.to_owned()),
        Some(group) if node.resource_type == "aws_cloudwatch_log_group" && group == name => Ok(group.to_owned()),
        Some(group) if group.len() <= 512 && group.split('/').any(|part| Some(part) == name.rsplit('/').next()) => Ok(group.to_owned()),
        Some(group) => Err(format!("log group `{}` does not belong to `{}`", shown(group), node.id)),
    }
}

fn near<'a>(topology: &'a TopologyAnswer, id: &str) -> Result<&'a Node, String> {
    let mut nodes = topology.node.iter().chain(topology.neighbours.iter().map(|neighbour| &neighbour.node));
    nodes.find(|node| node.id.as_str() == id).ok_or_else(|| format!("`{}` is neither the alarmed resource nor near it in the twin", shown(id)))
}

fn bounded(value: u32, most: u32) -> u32 {
    value.clamp(1, most)
}

fn shown(text: &str) -> String {
    cut(&clean_line(text), 120)
}

const MOST_READS: usize = 3;
const MOST_BYTES: u32 = 6_000;
const STATISTICS: [&str; 5] = ["Average", "Maximum", "Minimum", "Sum", "SampleCount"];
