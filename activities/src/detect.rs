//! Detect: an alarm event becomes an incident, or is ignored with a reason; so does the event of a requested action.
//!
//! Owns the reading of the event, the incident's identity, and which events are none of ours. Which resource an alarm's
//! dimensions mean stands in `detect/resource.rs`, what is read first in `detect/reads.rs`, the requested action in
//! `detect/request.rs`. Does not look anything up: whether the twin holds the resource is seen later.

mod reads;
mod request;
mod resource;

use serde_json::Value;

pub(crate) use reads::{first as first_reads, log_groups, precedent_text};
pub(crate) use resource::namespace_of;
pub use resource::resource_of;

use crate::ActivityError;
use crate::approval::sha256_hex;
use crate::shape::{
    ActionRequest, AlarmConfiguration, AlarmEvent, AlarmKind, AlarmMetric, DetectAnswer, DetectRequest, Incident,
    IncidentAlarm, Resource, WatchedMetric,
};
use crate::time::{instant, written};
use crate::twin::{alarm_names, partition};

/// Makes an incident of an alarm event, or of a requested action.
///
/// # Errors
///
/// `Sao.BadInput` for what is neither, and for settings that are out of bounds.
pub fn detect(request: DetectRequest) -> Result<DetectAnswer, ActivityError> {
    let problems = request.settings.problems();
    if !problems.is_empty() {
        return Err(ActivityError::bad_input(problems.join("; ")));
    }
    instant("at", &request.at)?;
    if request::is_request(&request.event) {
        let incident = request::incident(&request)?;
        let reads = reads::first(&incident);
        return Ok(DetectAnswer::Incident {
            incident: Box::new(incident),
            settings: Box::new(request.settings),
            reads,
        });
    }
    let event = read(&request.event)?;
    if let Some(reason) = ignored(&event, &request.settings.platform_prefix) {
        return Ok(DetectAnswer::Ignore { reason });
    }
    let incident = incident(&event, &request)?;
    let reads = reads::first(&incident);
    Ok(DetectAnswer::Incident { incident: Box::new(incident), settings: Box::new(request.settings), reads })
}

/// How an event starts its execution.
#[derive(Clone, Debug, PartialEq)]
pub struct Intake {
    /// The execution's name, at most 80 characters: the same for every delivery of one transition.
    pub name: String,
    /// The execution's input: the event with its keys in one order.
    pub input: Value,
    /// What it tells of.
    pub news: News,
}

/// What an event tells of.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// An alarm's transition.
    Alarm {
        /// `ALARM`, which starts an execution; `OK`, which may complete the token of one that waits; or `INSUFFICIENT_DATA`.
        state: String,
        /// The alarm's ARN.
        arn: String,
    },
    /// A requested action, which starts an execution.
    Request(Box<ActionRequest>),
}

impl Intake {
    /// Whether the event starts an execution.
    pub fn starts(&self) -> bool {
        match &self.news {
            News::Alarm { state, .. } => state == "ALARM",
            News::Request(_) => true,
        }
    }
}

/// Reads an event for `intake`: the name and the canonical input of its execution.
///
/// # Errors
///
/// `Sao.BadInput` for what is neither a CloudWatch alarm event nor a request, with what is missing.
pub fn intake(event: &Value) -> Result<Intake, ActivityError> {
    if request::is_request(event) {
        let parsed = request::read(event)?;
        let name = request::identity(&parsed)?;
        return Ok(Intake { name, input: sorted(event), news: News::Request(Box::new(parsed.detail)) });
    }
    let parsed = read(event)?;
    let news = News::Alarm { state: parsed.detail.state.value.clone(), arn: alarm_arn(&parsed) };
    Ok(Intake { name: identity(&parsed)?, input: sorted(event), news })
}

/// Reads and checks the event's envelope.
fn read(event: &Value) -> Result<AlarmEvent, ActivityError> {
    let field = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    if !event.is_object() || field("detail-type") != DETAIL_TYPE || field("source") != SOURCE {
        return Err(ActivityError::bad_input(format!(
            "the event is not a CloudWatch alarm event: `source` is `{}` and `detail-type` is `{}`, and must be `{SOURCE}` and `{DETAIL_TYPE}`",
            short(field("source")),
            short(field("detail-type")),
        )));
    }
    let event: AlarmEvent = serde_json::from_value(event.clone())
        .map_err(|problem| ActivityError::bad_input(format!("the alarm event cannot be read: {problem}")))?;
    check_envelope(&event)?;
    Ok(event)
}

fn check_place(account: &str, region: &str) -> Result<(), ActivityError> {
    if account.len() != 12 || !account.chars().all(|digit| digit.is_ascii_digit()) {
        return Err(ActivityError::bad_input(format!("`account` is `{}` and must have twelve digits", short(account))));
    }
    if region.is_empty() || !region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Err(ActivityError::bad_input(format!(
            "`region` is `{}` and must be a region such as `eu-west-1`",
            short(region)
        )));
    }
    Ok(())
}

fn check_envelope(event: &AlarmEvent) -> Result<(), ActivityError> {
    check_place(&event.account, &event.region)?;
    if event.detail.alarm_name.is_empty() {
        return Err(ActivityError::bad_input("`detail.alarmName` is empty"));
    }
    if !STATES.contains(&event.detail.state.value.as_str()) {
        let value = short(&event.detail.state.value);
        return Err(ActivityError::bad_input(format!(
            "`detail.state.value` is `{value}` and must be one of {}",
            STATES.join(", ")
        )));
    }
    if let Some(arn) = event.resources.first()
        && arn.split(':').nth(3).zip(arn.split(':').nth(4)) != Some((&event.region, &event.account))
    {
        return Err(ActivityError::bad_input(format!(
            "the alarm `{}` is not of the event's account and region",
            short(arn)
        )));
    }
    instant("detail.state.timestamp", &event.detail.state.timestamp).map(|_| ())
}

/// Says why an event is no incident.
fn ignored(event: &AlarmEvent, platform_prefix: &str) -> Option<String> {
    let name = &event.detail.alarm_name;
    let state = &event.detail.state;
    if state.value != "ALARM" {
        return Some(format!("alarm `{name}` is {}: only a transition to ALARM is an incident", state.value));
    }
    if event.detail.previous_state.as_ref().is_some_and(|previous| previous.value == "ALARM") {
        return Some(format!("alarm `{name}` was in ALARM before: this is no transition"));
    }
    if let Some(suppressor) = &state.actions_suppressed_by {
        return Some(format!("the actions of alarm `{name}` are suppressed by {suppressor}"));
    }
    name.starts_with(platform_prefix).then(|| format!("alarm `{name}` is one of the platform's own"))
}

fn incident(event: &AlarmEvent, request: &DetectRequest) -> Result<Incident, ActivityError> {
    let configuration = &event.detail.configuration;
    let metrics = watched(configuration);
    let children = configuration.alarm_rule.as_deref().map(children).unwrap_or_default();
    Ok(Incident {
        id: identity(event)?,
        execution: request.execution.arn.clone(),
        account: event.account.clone(),
        region: event.region.clone(),
        resource: resource_of_all(&metrics, &event.account, &event.region),
        alarm: IncidentAlarm {
            name: event.detail.alarm_name.clone(),
            arn: alarm_arn(event),
            kind: kind_of(configuration),
            description: configuration
                .description
                .as_deref()
                .filter(|text| !text.trim().is_empty())
                .map(|text| cut(text, LONGEST_TEXT)),
            reason: cut(&event.detail.state.reason, LONGEST_TEXT),
            metrics,
            children,
        },
        request: None,
        started_at: written(instant("detail.state.timestamp", &event.detail.state.timestamp)?),
        detected_at: request.at.clone(),
    })
}

/// The incident's id and the execution's name: a hash of account, region, alarm ARN and transition time.
fn identity(event: &AlarmEvent) -> Result<String, ActivityError> {
    let at = written(instant("detail.state.timestamp", &event.detail.state.timestamp)?);
    let parts = [event.account.as_str(), &event.region, &alarm_arn(event), &at].join("\n");
    Ok(format!("inc-{}", &sha256_hex(parts.as_bytes())[..32]))
}

fn alarm_arn(event: &AlarmEvent) -> String {
    event.resources.first().filter(|arn| arn.starts_with("arn:")).cloned().unwrap_or_else(|| {
        let partition = partition(&event.region);
        format!("arn:{partition}:cloudwatch:{}:{}:alarm:{}", event.region, event.account, event.detail.alarm_name)
    })
}

fn kind_of(configuration: &AlarmConfiguration) -> AlarmKind {
    if configuration.alarm_rule.is_some() {
        AlarmKind::Composite
    } else if configuration.metrics.iter().any(|metric| metric.expression.is_some()) {
        AlarmKind::MetricMath
    } else {
        AlarmKind::Metric
    }
}

/// The metrics behind an alarm, the one that it watches first.
fn watched(configuration: &AlarmConfiguration) -> Vec<WatchedMetric> {
    let mut metrics: Vec<&AlarmMetric> =
        configuration.metrics.iter().filter(|metric| metric.metric_stat.is_some()).collect();
    metrics.sort_by_key(|metric| metric.return_data != Some(true));
    metrics.into_iter().filter_map(watched_metric).take(MOST_METRICS).collect()
}

fn watched_metric(metric: &AlarmMetric) -> Option<WatchedMetric> {
    let stat = metric.metric_stat.as_ref()?;
    Some(WatchedMetric {
        namespace: stat.metric.namespace.clone(),
        name: stat.metric.name.clone(),
        dimensions: stat.metric.dimensions.clone(),
        statistic: stat.stat.clone().unwrap_or_else(|| "Average".to_owned()),
        period_seconds: stat
            .period
            .filter(|period| (1.0..=86_400.0).contains(period))
            .map_or(60, |period| period as u32),
    })
}

/// The resource that most of the metrics name; the first of equals.
fn resource_of_all(metrics: &[WatchedMetric], account: &str, region: &str) -> Resource {
    let resources: Vec<Resource> =
        metrics.iter().map(|metric| resource_of(&metric.namespace, &metric.dimensions, account, region)).collect();
    let votes = |resource: &Resource| {
        resources.iter().filter(|other| other.name == resource.name && other.kind == resource.kind).count()
    };
    let mut best: Option<&Resource> = None;
    for resource in resources.iter().filter(|resource| resource.kind.is_some()) {
        if best.is_none_or(|best| votes(resource) > votes(best)) {
            best = Some(resource);
        }
    }
    best.or(resources.first()).cloned().unwrap_or_else(|| resource_of("", &Default::default(), account, region))
}

/// The names of the alarms in a composite alarm's rule, each once, in order.
fn children(rule: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in alarm_names(rule) {
        if !names.contains(&name) && names.len() < MOST_CHILDREN {
            names.push(name);
        }
    }
    names
}

/// The same JSON with the keys of every object in one order.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut keys: Vec<&String> = members.keys().collect();
            keys.sort();
            Value::Object(keys.into_iter().map(|key| (key.clone(), sorted(&members[key]))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// The first `length` characters, with an ellipsis when there are more.
fn cut(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn short(text: &str) -> String {
    cut(text, 80)
}

const DETAIL_TYPE: &str = "CloudWatch Alarm State Change";
const SOURCE: &str = "aws.cloudwatch";
const STATES: [&str; 3] = ["ALARM", "OK", "INSUFFICIENT_DATA"];
const LONGEST_TEXT: usize = 1_000;
const MOST_METRICS: usize = 10;
const MOST_CHILDREN: usize = 10;

#[cfg(test)]
mod tests;
