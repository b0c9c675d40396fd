//! What each kind of read answers.
//!
//! Owns the shapes that `observe` fills and the thinking functions read. They are lenient about unknown fields, so that
//! an older function reads what a newer one wrote.

use serde::{Deserialize, Serialize};

use super::Fields;
use crate::twin::Node;

/// The node that an alias means, and what stands around it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TopologyAnswer {
    /// The node with the attributes that matter; absent when the twin holds no such resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<Node>,
    /// What resolved: `dimensions`, an alias or an alarm's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Why nothing resolved, or why the resolution is doubtful (several nodes share the alias).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The neighbours, nearest first.
    #[serde(default)]
    pub neighbours: Vec<Neighbour>,
    /// How many nodes fail when the node fails, also those that are not among the neighbours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affected: Option<u32>,
    /// How many nodes the whole twin holds.
    #[serde(default)]
    pub nodes: u64,
    /// The state files that the twin was made from, as `lineage/serial`.
    #[serde(default)]
    pub sources: Vec<String>,
}

/// A node near the alarmed one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Neighbour {
    /// The node, with few attributes.
    pub node: Node,
    /// The edge's word, for example `runs_in` or `calls`, of the first edge on the way to it.
    pub relation: String,
    /// `depends_on` when the alarmed node needs it, `depended_on_by` when it needs the alarmed node, `beside` when neither
    /// is known to need the other; nothing is changed beside.
    pub direction: String,
    /// How many edges away.
    pub distance: u32,
    /// True when a failure of the alarmed node reaches it.
    #[serde(default)]
    pub affected: bool,
}

/// A layer of the twin that people write: its text and its version.
///
/// Edge: read the layer's files in the order of their names; a layer that does not exist or cannot be read is the
/// read's error, never an empty answer, so that what depends on it fails closed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerAnswer {
    /// The files, in the order of their names.
    pub documents: Vec<LayerDocument>,
    /// `sha256:` and the hash over the names and texts of all files.
    pub version: String,
}

/// One file of a layer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerDocument {
    /// The file's name.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Whether people have stopped all execution.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KillSwitchAnswer {
    /// True when nothing may be executed.
    pub engaged: bool,
    /// Who says so and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How many actions the platform executed without a human lately.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RecentActionsAnswer {
    /// How many.
    pub automatic: u32,
}

/// Precedents like the present incident, most similar first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PrecedentsAnswer {
    /// The precedents.
    pub precedents: Vec<SimilarPrecedent>,
    /// The embedding that compared them.
    #[serde(default)]
    pub embedding: String,
    /// How many precedents there are in all.
    #[serde(default)]
    pub total: u64,
}

/// A precedent with its similarity to the present incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SimilarPrecedent {
    /// Cosine similarity, 0 to 1.
    pub similarity: f64,
    /// The precedent.
    pub precedent: super::PrecedentNote,
}

/// One alarm's present state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlarmAnswer {
    /// The alarm's name.
    pub name: String,
    /// The alarm's ARN.
    #[serde(default)]
    pub arn: String,
    /// `ALARM`, `OK` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// CloudWatch's sentence on why.
    #[serde(default)]
    pub reason: String,
    /// When it entered this state.
    #[serde(default)]
    pub updated_at: String,
    /// The threshold of a metric alarm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// The comparison, for example `GreaterThanThreshold`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<String>,
    /// The metric's namespace; absent for metric math and composite alarms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The metric's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// The metric's dimensions.
    #[serde(default)]
    pub dimensions: Fields,
}

/// One alarm's former transitions, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlarmHistoryAnswer {
    /// The transitions.
    pub transitions: Vec<Transition>,
}

/// One transition of an alarm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    /// When.
    pub at: String,
    /// From which state.
    pub from: String,
    /// To which state.
    pub to: String,
}

/// The alarms that are in ALARM.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActiveAlarmsAnswer {
    /// The alarms, newest transition first.
    pub alarms: Vec<AlarmAnswer>,
}

/// Metric series, in the order of the queries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricsAnswer {
    /// The series; a metric without data has a series without points.
    pub series: Vec<MetricSeries>,
}

/// One metric's data points.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricSeries {
    /// The query's id.
    pub id: String,
    /// The unit that CloudWatch gives, for example `Milliseconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The points, oldest first.
    pub points: Vec<Point>,
}

/// One data point.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The start of the period.
    pub at: String,
    /// The value, in the series' unit.
    pub value: f64,
}

/// Log lines, oldest first; untrusted text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogsAnswer {
    /// The group that was read.
    pub group: String,
    /// The lines.
    pub lines: Vec<LogLine>,
}

/// One log line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// When it was written.
    pub at: String,
    /// Its text.
    pub message: String,
}

/// One resource's configuration as AWS has it now.
///
/// Edge: `attributes` holds the fields of [`crate::action::Configuration`] for the types that actions change (make it
/// with [`crate::observe::configuration`]), and for any other type what the service describes, in the names of the
/// Terraform resource. More attributes may stand beside them (`runtime`, `code_sha256`...). Sensitive values are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConfigurationAnswer {
    /// The Terraform type.
    pub resource_type: String,
    /// The physical name.
    pub name: String,
    /// The ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// The attributes.
    pub attributes: Fields,
    /// When the configuration was last changed, where the service tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified_at: Option<String>,
}

/// Changes of one resource, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChangesAnswer {
    /// The changes.
    pub changes: Vec<Change>,
}

/// One change of a resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// When.
    pub at: String,
    /// The API action, for example `UpdateFunctionCode20150331v2`.
    pub action: String,
    /// Who, as CloudTrail names them.
    #[serde(default)]
    pub by: String,
}
