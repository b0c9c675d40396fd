//! The reads that a reasoner asks for: checked, bounded, and put into the form that `observe` performs.
//!
//! Owns the bounds. A reasoner reads about the alarmed resource and its neighbours only, so that a hostile log line
//! cannot send it through the account.

use crate::context::{clean_line, cut};
use crate::detect::{log_groups, namespace_of};
use crate::facts::Facts;
use crate::observe::physical_name;
use crate::shape::{Incident, MetricQuery, Read, ReadRequest, Settings, TopologyAnswer};
use crate::tool::{AskedRead, RequestEvidence};
use crate::twin::Node;

/// The admissible reads, and why the others are not.
pub(super) fn reads(
    incident: &Incident,
    settings: &Settings,
    facts: Facts<'_>,
    asked: &RequestEvidence,
    turn: u32,
) -> (Vec<ReadRequest>, Vec<String>) {
    let topology = facts.topology().unwrap_or_default();
    let (mut reads, mut refused) = (Vec::new(), Vec::new());
    for one in &asked.reads {
        if reads.len() == MOST_READS {
            refused.push(format!("more than {MOST_READS} reads in one turn"));
            break;
        }
        match read(incident, &topology, one) {
            Ok(read) => reads.push(numbered(settings, read, turn, reads.len())),
            Err(problem) => refused.push(problem),
        }
    }
    (reads, refused)
}

/// A read with the name and the size that its turn gives it.
pub(super) fn numbered(settings: &Settings, read: Read, turn: u32, number: usize) -> ReadRequest {
    ReadRequest { id: format!("turn{turn}.{}{}", read.kind(), number + 1), max_bytes: most_bytes(settings), read }
}

/// The size of one read, so that all reads of all turns together fit into a state.
pub(super) fn most_bytes(settings: &Settings) -> u32 {
    ALL_BYTES / (settings.max_turns.saturating_sub(1).max(1) * MOST_READS as u32)
}

fn read(incident: &Incident, topology: &TopologyAnswer, asked: &AskedRead) -> Result<Read, String> {
    Ok(match asked {
        AskedRead::Logs { node, group, minutes, pattern } => {
            let node = near(topology, node)?;
            Read::Logs {
                group: group_of(topology, node, group.as_deref())?,
                seconds: bounded(*minutes, 1_440) * 60,
                pattern: pattern
                    .as_deref()
                    .map(|pattern| cut(pattern, 200))
                    .filter(|pattern| !pattern.trim().is_empty()),
                limit: 100,
            }
        }
        AskedRead::Metrics { node, metric, statistic, minutes } => {
            metrics(near(topology, node)?, metric, statistic, bounded(*minutes, 1_440))?
        }
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
    let (namespace, dimensions) = namespace_of(node)
        .ok_or_else(|| format!("the metrics of a `{}` have no known namespace", node.resource_type))?;
    let percentile = statistic
        .strip_prefix('p')
        .is_some_and(|number| number.parse::<f64>().is_ok_and(|number| (0.0..=100.0).contains(&number)));
    if !percentile && !STATISTICS.contains(&statistic) {
        return Err(format!("`{}` is no statistic", shown(statistic)));
    }
    if metric.is_empty()
        || metric.len() > 255
        || !metric.chars().all(|c| c.is_ascii_alphanumeric() || "_-.%:/ ".contains(c))
    {
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

/// The log group: one that the resource usually has, one that stands near it in the twin, or one named after it.
fn group_of(topology: &TopologyAnswer, node: &Node, asked: Option<&str>) -> Result<String, String> {
    let name = physical_name(node);
    let usual = log_groups(&node.resource_type, &name);
    let Some(group) = asked.filter(|group| !group.trim().is_empty()) else {
        return usual
            .into_iter()
            .next()
            .ok_or_else(|| format!("a `{}` has no usual log group: name one", node.resource_type));
    };
    let declared = nodes(topology).any(|near| near.resource_type == LOG_GROUP && physical_name(near) == group);
    let named_after = group.split('/').any(|part| Some(part) == name.rsplit('/').next());
    if group.len() <= 512 && (declared || named_after || usual.iter().any(|usual| usual == group)) {
        return Ok(group.to_owned());
    }
    Err(format!("log group `{}` does not belong to `{}`", shown(group), node.id))
}

/// The alarmed resource and what stands near it.
fn nodes(topology: &TopologyAnswer) -> impl Iterator<Item = &Node> {
    topology.node.iter().chain(topology.neighbours.iter().map(|neighbour| &neighbour.node))
}

fn near<'a>(topology: &'a TopologyAnswer, id: &str) -> Result<&'a Node, String> {
    nodes(topology)
        .find(|node| node.id.as_str() == id)
        .ok_or_else(|| format!("`{}` is neither the alarmed resource nor near it in the twin", shown(id)))
}

fn bounded(value: u32, most: u32) -> u32 {
    value.clamp(1, most)
}

fn shown(text: &str) -> String {
    cut(&clean_line(text), 120)
}

pub(super) const MOST_READS: usize = 3;
const LOG_GROUP: &str = "aws_cloudwatch_log_group";
/// Bytes of all reads that are asked for in one incident.
pub(super) const ALL_BYTES: u32 = 36_000;
const STATISTICS: [&str; 5] = ["Average", "Maximum", "Minimum", "Sum", "SampleCount"];
