//! What starts an execution: the CloudWatch alarm event as EventBridge delivers it, or the event of a requested action.
//!
//! Owns the fields of both. Of the alarm's, unknown ones are kept out and not refused: AWS adds fields to this event without
//! notice, and an incident must not be lost because of one. A request is ours: it may hold nothing that is not known, and it
//! has no field that approves.

use serde::{Deserialize, Serialize};

use super::Fields;

/// An EventBridge event whose detail type is `CloudWatch Alarm State Change`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlarmEvent {
    /// EventBridge's id of this delivery; a second delivery of the same transition repeats it.
    #[serde(default)]
    pub id: String,
    /// `CloudWatch Alarm State Change` for the events that are understood here.
    #[serde(rename = "detail-type")]
    pub detail_type: String,
    /// `aws.cloudwatch` for the events that are understood here.
    pub source: String,
    /// The twelve-digit account that owns the alarm.
    pub account: String,
    /// When EventBridge received the event.
    pub time: String,
    /// The region of the alarm.
    pub region: String,
    /// The ARN of the alarm, as the only element.
    #[serde(default)]
    pub resources: Vec<String>,
    /// The transition itself.
    pub detail: AlarmDetail,
}

/// The `detail` of an alarm event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlarmDetail {
    /// The alarm's name, up to 255 characters.
    #[serde(rename = "alarmName")]
    pub alarm_name: String,
    /// The state that the alarm entered.
    pub state: AlarmEventState,
    /// The state that the alarm left.
    #[serde(rename = "previousState", default)]
    pub previous_state: Option<AlarmEventState>,
    /// How the alarm is configured.
    #[serde(default)]
    pub configuration: AlarmConfiguration,
}

/// One state of an alarm, as its event shows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlarmEventState {
    /// `ALARM`, `OK` or `INSUFFICIENT_DATA`.
    pub value: String,
    /// CloudWatch's sentence on why.
    #[serde(default)]
    pub reason: String,
    /// A JSON text with the data points behind the reason.
    #[serde(rename = "reasonData", default)]
    pub reason_data: Option<String>,
    /// When the transition happened, for example `2026-11-23T10:15:30.123+0000`.
    #[serde(default)]
    pub timestamp: String,
    /// Set when a composite alarm's actions are suppressed: by which rule.
    #[serde(rename = "actionsSuppressedBy", default)]
    pub actions_suppressed_by: Option<String>,
    /// CloudWatch's sentence on the suppression.
    #[serde(rename = "actionsSuppressedReason", default)]
    pub actions_suppressed_reason: Option<String>,
}

/// The configuration of a metric alarm, a metric-math alarm or a composite alarm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlarmConfiguration {
    /// The description that people gave the alarm.
    #[serde(default)]
    pub description: Option<String>,
    /// The metrics and expressions of a metric alarm; empty for a composite alarm.
    #[serde(default)]
    pub metrics: Vec<AlarmMetric>,
    /// The rule of a composite alarm, for example `ALARM("a") AND ALARM("b")`.
    #[serde(rename = "alarmRule", default)]
    pub alarm_rule: Option<String>,
}

/// One entry of an alarm's metrics: a metric with a statistic, or an expression over other entries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlarmMetric {
    /// The id that expressions use.
    #[serde(default)]
    pub id: String,
    /// The expression of a metric-math entry.
    #[serde(default)]
    pub expression: Option<String>,
    /// The label that people gave the entry.
    #[serde(default)]
    pub label: Option<String>,
    /// The metric and statistic of a plain entry.
    #[serde(rename = "metricStat", default)]
    pub metric_stat: Option<AlarmMetricStat>,
    /// True for the entry that the alarm watches.
    #[serde(rename = "returnData", default)]
    pub return_data: Option<bool>,
}

/// A metric with its statistic and period.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlarmMetricStat {
    /// The metric.
    #[serde(default)]
    pub metric: AlarmMetricName,
    /// The period in seconds; AWS writes it as a number.
    #[serde(default)]
    pub period: Option<f64>,
    /// The statistic, for example `Maximum` or `p99`.
    #[serde(default)]
    pub stat: Option<String>,
    /// The unit, where the alarm names one.
    #[serde(default)]
    pub unit: Option<String>,
}

/// A metric's namespace, name and dimensions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlarmMetricName {
    /// The namespace, for example `AWS/Lambda`.
    #[serde(default)]
    pub namespace: String,
    /// The metric's name, for example `Duration`.
    #[serde(default)]
    pub name: String,
    /// The dimensions by name.
    #[serde(default)]
    pub dimensions: Fields,
}

/// The event of a requested action, in the form that EventBridge gives to events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestEvent {
    /// EventBridge's version of its form, `0`.
    #[serde(default)]
    pub version: String,
    /// The requester's id of the request: the same request under the same id is one incident, however often it comes.
    pub id: String,
    /// [`REQUEST_TYPE`].
    #[serde(rename = "detail-type")]
    pub detail_type: String,
    /// [`REQUEST_SOURCE`].
    pub source: String,
    /// The twelve-digit account of the resource.
    pub account: String,
    /// When it was requested.
    pub time: String,
    /// The region of the resource.
    pub region: String,
    /// Nothing, or the resource's ARN.
    #[serde(default)]
    pub resources: Vec<String>,
    /// The request itself.
    pub detail: ActionRequest,
}

/// An action that somebody requested.
///
/// It claims nothing that is believed: action, target and parameters are validated like a model's, and a human always decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionRequest {
    /// Who requests it, as they call themselves; nobody has checked that.
    pub requester: String,
    /// The action's name in the catalogue.
    pub action: String,
    /// The node of the twin: its Terraform address.
    pub node: String,
    /// The node's Terraform type, for example `aws_lambda_function`; what is read first follows from it.
    #[serde(rename = "type")]
    pub kind: String,
    /// The node's physical name; for an ECS service `cluster/service`.
    pub name: String,
    /// The parameters.
    #[serde(default)]
    pub parameters: Fields,
    /// Why, in the requester's words; untrusted text.
    pub reason: String,
}

/// The detail type of a [`RequestEvent`].
pub const REQUEST_TYPE: &str = "SAO Action Request";
/// The source of a [`RequestEvent`].
pub const REQUEST_SOURCE: &str = "sao.request";

/// What `intake` answers after it started the execution, or found it started.
///
/// Edge: read the event with [`crate::detect::intake`], which refuses what is not an alarm event and gives the name
/// and the canonical input; call StartExecution; treat `ExecutionAlreadyExists` as success with `duplicate` true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntakeAnswer {
    /// The execution that handles this transition.
    pub execution_arn: String,
    /// True when the transition had been taken in before.
    pub duplicate: bool,
}
