//! Reads of the world as data: what is asked, and each answer or its error with times.
//!
//! Owns the catalogue of reads. What each read answers stands in [`super::answer`](crate::shape). Performing them is
//! the edge's.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Fields;

/// What the machine asks `observe`.
///
/// Edge: perform all reads at once, each with its own deadline of a few seconds, in the account and region given.
/// Answer every read exactly once, in the order asked, with its answer or its error: one failed read is an error in its
/// [`Observation`] and never an error of the function. Cut an answer that exceeds `max_bytes` (oldest data points and
/// log lines first, farthest nodes first) and say so in `truncated`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObserveRequest {
    /// The incident's id, for the reader's log.
    pub incident: String,
    /// The account to read in.
    pub account: String,
    /// The region to read in.
    pub region: String,
    /// The reads.
    pub reads: Vec<ReadRequest>,
    /// When the state was entered: the end of every window.
    pub at: String,
}

/// What `observe` answers: one observation for each read, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObserveAnswer {
    /// The observations.
    pub observations: Vec<Observation>,
}

/// One read with the name by which its answer is found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadRequest {
    /// A name that is unique in the incident, for example `logs` or `turn2.metrics`.
    pub id: String,
    /// The largest answer, in bytes of JSON.
    pub max_bytes: u32,
    /// What to read.
    pub read: Read,
}

/// What can be read. Which kinds a model may ask for, within which bounds, is `tool`'s to say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Read {
    /// The node that an alarm is about and what stands around it; answers [`super::TopologyAnswer`].
    ///
    /// Edge: load the topology and answer with [`crate::observe::topology`].
    Topology {
        /// The metric namespace that names it; empty where none does.
        namespace: String,
        /// The dimensions that name it in the namespace.
        dimensions: Fields,
        /// ARNs and names by which it goes, most telling first; for what the namespace's dimensions do not resolve.
        aliases: Vec<String>,
        /// Names of alarms, for a composite alarm: for what no alias resolves.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        alarms: Vec<String>,
        /// How many edges away a neighbour may stand.
        depth: u32,
        /// The most neighbours to answer, nearest first.
        limit: u32,
    },
    /// The governance layer as people wrote it; answers [`super::LayerAnswer`].
    Governance {},
    /// The constraints layer as people wrote it; answers [`super::LayerAnswer`].
    Constraints {},
    /// Whether people have stopped all execution; answers [`super::KillSwitchAnswer`].
    KillSwitch {},
    /// How many actions the platform executed without a human lately; answers [`super::RecentActionsAnswer`].
    RecentActions {
        /// How far back, in seconds before `at`.
        seconds: u32,
    },
    /// Precedents like this text; answers [`super::PrecedentsAnswer`].
    Precedents {
        /// What to compare: alarm, resource type and symptom in words.
        text: String,
        /// The alarmed resource's Terraform type, where known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resource_type: Option<String>,
        /// The most precedents to answer, most similar first.
        limit: u32,
    },
    /// One alarm's present state; answers [`super::AlarmAnswer`].
    Alarm {
        /// The alarm's name.
        name: String,
    },
    /// One alarm's former transitions; answers [`super::AlarmHistoryAnswer`].
    AlarmHistory {
        /// The alarm's name.
        name: String,
        /// How far back, in seconds before `at`.
        seconds: u32,
        /// The most transitions to answer, newest first.
        limit: u32,
    },
    /// All alarms of the account and region that are in ALARM; answers [`super::ActiveAlarmsAnswer`].
    ActiveAlarms {
        /// The most alarms to answer, newest transition first.
        limit: u32,
    },
    /// Metric series; answers [`super::MetricsAnswer`].
    Metrics {
        /// The series.
        queries: Vec<MetricQuery>,
        /// How far back, in seconds before `at`.
        seconds: u32,
    },
    /// Log lines of a group; answers [`super::LogsAnswer`].
    Logs {
        /// The log group's name.
        group: String,
        /// How far back, in seconds before `at`.
        seconds: u32,
        /// A CloudWatch Logs filter pattern.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pattern: Option<String>,
        /// The most lines to answer: the newest.
        limit: u32,
    },
    /// One resource's configuration as AWS has it now; answers [`super::ConfigurationAnswer`].
    Configuration {
        /// The Terraform type, for example `aws_lambda_function`.
        resource_type: String,
        /// The physical name; for an ECS service `cluster/service`.
        name: String,
    },
    /// Who changed one resource lately; answers [`super::ChangesAnswer`].
    Changes {
        /// The physical name, as CloudTrail knows the resource.
        name: String,
        /// How far back, in seconds before `at`.
        seconds: u32,
        /// The most changes to answer, newest first.
        limit: u32,
    },
}

impl Read {
    /// Names the kind as it stands in JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Topology { .. } => "topology",
            Self::Governance {} => "governance",
            Self::Constraints {} => "constraints",
            Self::KillSwitch {} => "kill_switch",
            Self::RecentActions { .. } => "recent_actions",
            Self::Precedents { .. } => "precedents",
            Self::Alarm { .. } => "alarm",
            Self::AlarmHistory { .. } => "alarm_history",
            Self::ActiveAlarms { .. } => "active_alarms",
            Self::Metrics { .. } => "metrics",
            Self::Logs { .. } => "logs",
            Self::Configuration { .. } => "configuration",
            Self::Changes { .. } => "changes",
        }
    }
}

/// One metric series to read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricQuery {
    /// A name that is unique in the read, for example `duration_max`.
    pub id: String,
    /// The namespace, for example `AWS/Lambda`.
    pub namespace: String,
    /// The metric's name.
    pub metric: String,
    /// The dimensions by name.
    pub dimensions: Fields,
    /// The statistic: `Average`, `Maximum`, `Minimum`, `Sum`, `SampleCount` or a percentile such as `p99`.
    pub statistic: String,
    /// The period in seconds.
    pub period_seconds: u32,
}

/// One read that was performed: its answer or its error, with times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// The read's name.
    pub id: String,
    /// What was read.
    pub read: Read,
    /// When the read was begun.
    pub asked_at: String,
    /// When its answer or error came.
    pub answered_at: String,
    /// The answer, in the shape that the kind of read names; absent when the read failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Value>,
    /// Why the read failed; absent when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ReadError>,
    /// True when the answer was cut to its largest size.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

/// Why a read failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadError {
    /// The service's error code, for example `AccessDenied`, or `NotFound`, `TimedOut`, `NotSupported`.
    #[serde(rename = "type")]
    pub kind: String,
    /// One sentence without secrets.
    pub message: String,
}
