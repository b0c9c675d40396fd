//! The incident: one transition of one alarm, or one requested action, and the resource that it is about.
//!
//! Owns what `detect` is asked and answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ActionRequest, Fields, ReadRequest, Settings};

/// What the machine asks `detect`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectRequest {
    /// The machine's input: the EventBridge event, untouched.
    pub event: Value,
    /// The settings that the definition was filled with.
    pub settings: Settings,
    /// The execution that handles the event.
    pub execution: ExecutionRef,
    /// When the state was entered.
    pub at: String,
}

/// The execution that handles an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExecutionRef {
    /// The execution's ARN.
    pub arn: String,
    /// When it started.
    pub started_at: String,
}

/// What `detect` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum DetectAnswer {
    /// The event is an incident.
    Incident {
        /// The incident.
        incident: Box<Incident>,
        /// The settings, checked.
        settings: Box<Settings>,
        /// What to observe first.
        reads: Vec<ReadRequest>,
    },
    /// The event is none; the machine ends with this reason.
    Ignore {
        /// Why.
        reason: String,
    },
}

/// One transition of one alarm into ALARM, or one action that somebody requested.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// `inc-` and 32 hexadecimal digits: a hash of account, region, alarm ARN and transition time; for a request `req-` and a
    /// hash of everything that was requested.
    pub id: String,
    /// The execution that handles it.
    pub execution: String,
    /// The account of the alarm.
    pub account: String,
    /// The region of the alarm.
    pub region: String,
    /// The alarm; of a requested action a stand-in of kind [`AlarmKind::Request`], which no read is made of.
    pub alarm: IncidentAlarm,
    /// What was requested, in place of an alarm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Box<ActionRequest>>,
    /// What the alarm is about, or the request.
    pub resource: Resource,
    /// When the alarm went off, or the request was made.
    pub started_at: String,
    /// When `detect` saw it.
    pub detected_at: String,
}

impl Incident {
    /// What happened, in half a sentence: which alarm went off, or who requests an action.
    pub fn occasion(&self) -> String {
        match &self.request {
            None => format!("{} went into ALARM", self.alarm.name),
            Some(request) => format!("{} requested {}", request.requester, request.action),
        }
    }
}

/// The alarm of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentAlarm {
    /// The alarm's name.
    pub name: String,
    /// The alarm's ARN.
    pub arn: String,
    /// Metric, metric math or composite.
    pub kind: AlarmKind,
    /// The description that people gave it; untrusted text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// CloudWatch's sentence on the transition; untrusted text.
    pub reason: String,
    /// The metrics that it watches; empty for a composite alarm.
    pub metrics: Vec<WatchedMetric>,
    /// The names of the alarms in a composite alarm's rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<String>,
}

/// How an alarm is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// One metric with one statistic.
    Metric,
    /// An expression over several metrics.
    MetricMath,
    /// A rule over other alarms.
    Composite,
    /// None: an action was requested.
    Request,
}

/// A metric that an alarm watches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchedMetric {
    /// The namespace, for example `AWS/Lambda`.
    pub namespace: String,
    /// The metric's name.
    pub name: String,
    /// The dimensions by name.
    pub dimensions: Fields,
    /// The statistic, for example `Maximum` or `p99`.
    pub statistic: String,
    /// The period in seconds.
    pub period_seconds: u32,
}

/// The resource that an alarm is about, as far as the event tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// The metric namespace that named it; empty for a composite alarm.
    pub namespace: String,
    /// The Terraform type that the namespace's dimensions mean, for example `aws_lambda_function`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The physical name, for example the function's name; for an ECS service `cluster/service`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the twin may know it by, most telling first: ARN, then names.
    pub aliases: Vec<String>,
    /// The dimensions by name.
    pub dimensions: Fields,
}
