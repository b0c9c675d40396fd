//! Each kind of observation in words: a heading and lines, most telling first.
//!
//! Owns the wording of evidence and the order of its lines: by distance in the topology, by time, by what tells most. What
//! comes from outside is marked untrusted. Rules and windows are put into words in `context/rules.rs`, precedents in
//! `context/past.rs`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::draft::Draft;
use super::fence::{clean_line, cut};
use super::{metrics, past, rules};
use crate::facts::{Facts, answer};
use crate::observe::{BESIDE, physical_name, same_value};
use crate::shape::{
    ActionRequest, ActiveAlarmsAnswer, AlarmAnswer, AlarmHistoryAnswer, Change, ChangesAnswer, ConfigurationAnswer,
    Fields, Incident, KillSwitchAnswer, LogsAnswer, MetricsAnswer, Neighbour, Observation, Read, Topic, TopologyAnswer,
};
use crate::text::{LoggedLine, cluster, redact_value};
use crate::time::instant_or_none;
use crate::twin::Node;

/// What the words are about.
pub(super) struct View<'a> {
    pub(super) incident: &'a Incident,
    pub(super) facts: Facts<'a>,
    /// The topology as it was observed; read once, because it may be large.
    pub(super) topology: Option<TopologyAnswer>,
    /// The present.
    pub(super) at: &'a str,
}

/// What an observation gives, and what it leaves open.
#[derive(Default)]
pub(super) struct Words {
    pub(super) drafts: Vec<Draft>,
    pub(super) gaps: Vec<String>,
}

impl From<Vec<Draft>> for Words {
    fn from(drafts: Vec<Draft>) -> Self {
        Self { drafts, gaps: Vec::new() }
    }
}

impl View<'_> {
    /// The node of the alarmed resource.
    pub(super) fn node(&self) -> Option<&Node> {
        self.topology.as_ref()?.node.as_ref()
    }

    /// The neighbours by all of their names, the nearest where several share one.
    fn by_name(&self) -> BTreeMap<&str, (u32, &Node)> {
        let mut names = BTreeMap::new();
        let own = self.node().map(|node| (0, node));
        let near = self.topology.iter().flat_map(|topology| &topology.neighbours);
        for (distance, node) in own.into_iter().chain(near.map(|near| (near.distance, &near.node))) {
            for name in node.names.iter().map(String::as_str).chain([node.id.as_str(), node.name()]) {
                let known = names.entry(name).or_insert((distance, node));
                if distance < known.0 {
                    *known = (distance, node);
                }
            }
        }
        names
    }
}

/// The alarm of the incident, with its present state where that was observed.
pub(super) fn alarm(view: &View<'_>) -> Draft {
    let (incident, facts) = (view.incident, view.facts);
    let alarm = &incident.alarm;
    let mut lines = vec![
        format!("alarm {} went to ALARM at {}", alarm.name, incident.started_at),
        format!("account {}, region {}", incident.account, incident.region),
        format!("CloudWatch says: {}", alarm.reason),
    ];
    if let Ok(now) = facts.alarm(&alarm.name) {
        lines.push(format!("state now: {} since {}", now.state, now.updated_at));
        if let Some(threshold) = now.threshold {
            lines.push(format!(
                "threshold: {} {}",
                now.comparison.as_deref().unwrap_or("compared with"),
                metrics::short(threshold)
            ));
        }
    }
    for metric in &alarm.metrics {
        let dimensions = fields(&metric.dimensions);
        lines.push(format!(
            "watches {} {} {} per {} s of {dimensions}",
            metric.namespace, metric.name, metric.statistic, metric.period_seconds
        ));
    }
    if !alarm.children.is_empty() {
        lines.push(format!("composite of the alarms {}", alarm.children.join(", ")));
    }
    if let Some(description) = &alarm.description {
        lines.push(format!("description: {description}"));
    }
    // Names, reasons and descriptions can be written by whoever may write alarms.
    Draft::new(Topic::Alarm, "The alarm", "alarm", lines).untrusted()
}

/// The requested action, in the place of an alarm.
pub(super) fn request(asked: &ActionRequest, incident: &Incident) -> Draft {
    let lines = [
        format!("{} requested {} at {}", asked.requester, asked.action, incident.started_at),
        format!("account {}, region {}", incident.account, incident.region),
        format!("target: {}, parameters: {}", asked.node, fields(&asked.parameters)),
        format!("reason: {}", asked.reason),
    ];
    // Everything in it, the name of the requester included, is what the requester says.
    Draft::new(Topic::Alarm, "The request", REQUEST, lines).untrusted()
}

/// The source of the piece that holds the request.
pub(crate) const REQUEST: &str = "request";

/// The gap that there is when the twin does not hold the resource.
pub(super) fn missing_node(view: &View<'_>) -> Option<String> {
    let topology = view.topology.as_ref().filter(|topology| topology.node.is_none())?;
    let resource = &view.incident.resource;
    let name = resource.name.as_deref().or(resource.aliases.first().map(String::as_str));
    let name = name.unwrap_or("the alarmed resource");
    let why = topology.problem.as_ref().map(|problem| format!(" ({problem})")).unwrap_or_default();
    Some(format!("{name} is not in the twin{why}: no action can be proposed for it"))
}

/// What an observation gives, or the gap that it leaves.
pub(super) fn of(observation: &Observation, view: &View<'_>) -> Result<Words, String> {
    let source = observation.id.as_str();
    let mut words: Words = match &observation.read {
        Read::Topology { .. } => topology(source, view, answer(observation)?).into(),
        Read::Governance {} => rules::governance(source, view)?.into(),
        Read::Constraints {} => rules::windows(source, view)?.into(),
        Read::KillSwitch {} => kill_switch(source, answer(observation)?).into(),
        Read::Precedents { .. } => past::precedents(source, answer(observation)?),
        Read::Metrics { queries, .. } => {
            let found: MetricsAnswer = answer(observation)?;
            let line = |query| Some(metrics::line(query, found.series.iter().find(|series| series.id == query.id)?));
            vec![Draft::new(Topic::Metrics, "Metrics", source, queries.iter().filter_map(line))].into()
        }
        Read::Logs { group, .. } => logs(source, group, &answer(observation)?).into(),
        Read::Configuration { name, .. } => configuration(source, name, &answer(observation)?, view).into(),
        Read::Changes { name, .. } => changes(source, name, answer(observation)?, view).into(),
        Read::AlarmHistory { .. } => alarm_history(source, &answer(observation)?).into(),
        Read::ActiveAlarms { .. } => active_alarms(source, view, answer(observation)?).into(),
        // The incident's own alarm has its piece already.
        Read::Alarm { name } if *name == view.incident.alarm.name => {
            answer::<AlarmAnswer>(observation).map(|_| Words::default())?
        }
        Read::Alarm { .. } => {
            let line = alarm_line(&answer(observation)?);
            vec![Draft::new(Topic::ActiveAlarms, "Alarm", source, [line]).untrusted()].into()
        }
        // Only the gate reads it.
        Read::RecentActions { .. } => Words::default(),
    };
    if observation.truncated {
        words.drafts = words.drafts.into_iter().map(Draft::was_cut).collect();
    }
    Ok(words)
}

fn topology(source: &str, view: &View<'_>, mut answer: TopologyAnswer) -> Vec<Draft> {
    let Some(node) = answer.node else { return Vec::new() };
    let mut lines = vec![
        format!("{}, a {} of type {}", node.id, node.noun(), node.resource_type),
        format!("name: {}", physical_name(&node)),
    ];
    lines.extend(node.arn.iter().map(|arn| format!("ARN: {arn}")));
    lines.extend(attribute_lines(&node.attributes));
    if !node.tags.is_empty() {
        let tags =
            node.tags.iter().map(|(name, value)| format!("{name}={}", clean_value(name, &value.as_str().into())));
        lines.push(format!("tags: {}", tags.collect::<Vec<_>>().join(", ")));
    }
    lines.push(format!("the twin holds {} resources of {} state files", answer.nodes, answer.sources.len()));
    answer.neighbours.sort_by(|a, b| nearness(a).cmp(&nearness(b)));
    let unread = answer.near.saturating_sub(answer.neighbours.len() as u64);
    let heading = match unread {
        0 => "Neighbours in the topology".to_owned(),
        _ => format!("Neighbours in the topology, the nearest {} of {}", answer.neighbours.len(), answer.near),
    };
    let firing = firing(view);
    let neighbours = answer.neighbours.iter().map(|neighbour| {
        let reach = if neighbour.affected { ", affected when the resource fails" } else { "" };
        let way = neighbour.direction.replace('_', " ");
        let id = neighbour.node.id.as_str();
        let alarm = firing.get(id).map(|alarm| format!(", in ALARM: {alarm}")).unwrap_or_default();
        format!("{id} ({way}: {}, {} away{reach}{alarm})", neighbour.relation, neighbour.distance)
    });
    // Attributes, tags and the keys of instances hold whatever people and programs wrote.
    vec![
        Draft::new(Topic::Resource, "The resource as Terraform declares it", source, lines).untrusted(),
        Draft::new(Topic::Neighbours, heading, source, neighbours).untrusted(),
    ]
}

/// Nearest first; then what fails with the resource, what it needs, and what is only beside it.
fn nearness(neighbour: &Neighbour) -> (u32, bool, bool, &str) {
    (neighbour.distance, !neighbour.affected, neighbour.direction == BESIDE, neighbour.node.id.as_str())
}

/// The alarms that are in ALARM, by the node that they are about.
fn firing(view: &View<'_>) -> BTreeMap<String, String> {
    let names = view.by_name();
    let alarms = view.facts.active_alarms().map(|answer| answer.alarms).unwrap_or_default();
    let found = alarms.into_iter().filter_map(|alarm| {
        let (_, node) = place_of(&alarm, &names)?;
        Some((node.id.to_string(), alarm.name))
    });
    found.collect()
}

/// The nearest node that the dimensions of an alarm name, and how far away it is.
fn place_of<'a>(alarm: &AlarmAnswer, names: &BTreeMap<&str, (u32, &'a Node)>) -> Option<(u32, &'a Node)> {
    let values = alarm.dimensions.values().filter_map(Value::as_str);
    values.filter_map(|value| names.get(value).copied()).min_by_key(|(distance, node)| (*distance, node.id.as_str()))
}

fn kill_switch(source: &str, answer: KillSwitchAnswer) -> Vec<Draft> {
    let reason = answer.reason.unwrap_or_else(|| "without a reason".to_owned());
    let line = answer.engaged.then(|| format!("all execution is stopped: {reason}"));
    line.map(|line| Draft::new(Topic::Governance, "Kill switch", source, [line])).into_iter().collect()
}

fn logs(source: &str, group: &str, answer: &LogsAnswer) -> Vec<Draft> {
    let total = answer.lines.len();
    // The lines come oldest first, and the newest tell most.
    let newest = &answer.lines[total.saturating_sub(MOST_LOG_LINES)..];
    let messages: Vec<String> = newest.iter().map(|line| cut(&clean_line(&line.message), LONGEST_MESSAGE)).collect();
    let lines = newest.iter().zip(&messages).map(|(line, message)| LoggedLine { at: &line.at, text: message });
    let lines = cluster(lines, 1).into_iter().map(|template| {
        let times = match (template.first.is_empty(), template.first == template.last) {
            (true, _) => String::new(),
            (false, true) => format!(" at {}", template.first),
            (false, false) => format!(" from {} to {}", template.first, template.last),
        };
        let sample = template.samples.first().filter(|sample| **sample != template.pattern);
        let sample = sample.map(|sample| format!("; for example: {}", cut(sample, LONGEST_SAMPLE))).unwrap_or_default();
        format!("{} times{times}: {}{sample}", template.count, cut(&template.pattern, LONGEST_PATTERN))
    });
    let of = if newest.len() < total { format!("the newest {} of {total}", newest.len()) } else { total.to_string() };
    vec![Draft::new(Topic::Logs, format!("Log lines of {group}: {of} lines by template"), source, lines).untrusted()]
}

fn configuration(source: &str, name: &str, answer: &ConfigurationAnswer, view: &View<'_>) -> Vec<Draft> {
    let declared = declared_of(view.topology.as_ref(), name);
    let mut lines: Vec<String> = answer.modified_at.iter().map(|at| format!("last changed at {at}")).collect();
    for (attribute, value) in &answer.attributes {
        let other = declared.and_then(|declared| declared.get(attribute));
        let other = other.filter(|declared| !same_value(declared, value) && !declared.is_null());
        let other = other.map(|declared| format!(" (Terraform state: {})", clean_value(attribute, declared)));
        lines.push(format!("{attribute}: {}{}", clean_value(attribute, value), other.unwrap_or_default()));
    }
    vec![Draft::new(Topic::Configuration, format!("Configuration of {name} now"), source, lines).untrusted()]
}

fn changes(source: &str, name: &str, mut answer: ChangesAnswer, view: &View<'_>) -> Vec<Draft> {
    answer.changes.sort_by(|a, b| b.at.cmp(&a.at));
    let mut lines: Vec<String> = answer
        .changes
        .iter()
        .map(|change| format!("{}{} {} by {}", change.at, since(change, view.incident), change.action, change.by))
        .collect();
    if lines.is_empty() {
        lines.push("none in the window".to_owned());
    }
    vec![Draft::new(Topic::Changes, format!("Recent changes of {name}, newest first"), source, lines).untrusted()]
}

/// How a change stands in time to the alarm.
fn since(change: &Change, incident: &Incident) -> String {
    let (Some(at), Some(alarm)) = (instant_or_none(&change.at), instant_or_none(&incident.started_at)) else {
        return String::new();
    };
    match alarm.as_second() - at.as_second() {
        seconds if seconds < 0 => ", after the alarm:".to_owned(),
        seconds if seconds < 120 => format!(", {seconds} s before the alarm:"),
        seconds if seconds < 7_200 => format!(", {} min before the alarm:", seconds / 60),
        seconds => format!(", {} h before the alarm:", seconds / 3_600),
    }
}

fn alarm_history(source: &str, answer: &AlarmHistoryAnswer) -> Vec<Draft> {
    let alarms = answer.transitions.iter().filter(|transition| transition.to == "ALARM").count();
    let head = format!("{alarms} times in ALARM in the window");
    let lines = answer.transitions.iter();
    let lines = lines.map(|transition| format!("{} {} to {}", transition.at, transition.from, transition.to));
    vec![Draft::new(Topic::AlarmHistory, "Former transitions of the alarm", source, std::iter::once(head).chain(lines))]
}

/// The other alarms: those of the nearest nodes first, those of no node near last, each newest first.
fn active_alarms(source: &str, view: &View<'_>, answer: ActiveAlarmsAnswer) -> Vec<Draft> {
    let names = view.by_name();
    let others = answer.alarms.iter().filter(|alarm| alarm.name != view.incident.alarm.name);
    let mut placed: Vec<_> = others.map(|alarm| (place_of(alarm, &names), alarm)).collect();
    placed.sort_by(|(one, a), (other, b)| {
        let distance = |place: &Option<(u32, &Node)>| place.map_or(u32::MAX, |(distance, _)| distance);
        distance(one)
            .cmp(&distance(other))
            .then_with(|| b.updated_at.cmp(&a.updated_at))
            .then_with(|| a.name.cmp(&b.name))
    });
    let lines = placed.into_iter().map(|(place, alarm)| match place {
        Some((0, _)) => format!("{} (on the same resource)", alarm_line(alarm)),
        Some((distance, node)) => format!("{} (on {}, {distance} away)", alarm_line(alarm), node.id),
        None => format!("{} (on nothing near)", alarm_line(alarm)),
    });
    vec![Draft::new(Topic::ActiveAlarms, "Other alarms in ALARM, nearest first", source, lines).untrusted()]
}

fn alarm_line(alarm: &AlarmAnswer) -> String {
    format!("{} is {} since {}: {}", alarm.name, alarm.state, alarm.updated_at, alarm.reason)
}

/// The attributes that the state gives a resource of this name: the alarmed one or a neighbour.
fn declared_of<'a>(topology: Option<&'a TopologyAnswer>, name: &str) -> Option<&'a Fields> {
    let topology = topology?;
    let nodes = topology.node.iter().chain(topology.neighbours.iter().map(|neighbour| &neighbour.node));
    nodes.into_iter().find(|node| physical_name(node) == name).map(|node| &node.attributes)
}

fn attribute_lines(attributes: &Fields) -> Vec<String> {
    let known = attributes.iter().filter(|(_, value)| !value.is_null());
    known.map(|(name, value)| format!("{name}: {}", clean_value(name, value))).collect()
}

/// `a=1, b=two` for a small object.
pub(super) fn fields(fields: &Fields) -> String {
    let shown: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", clean_value(name, value))).collect();
    shown.join(", ")
}

/// A value without the quotes of a JSON string, its secrets taken out.
fn clean_value(name: &str, value: &Value) -> String {
    let clean = redact_value(name, value);
    clean.as_str().map_or_else(|| clean.to_string(), ToOwned::to_owned)
}

const LONGEST_PATTERN: usize = 240;
const LONGEST_SAMPLE: usize = 300;
const LONGEST_MESSAGE: usize = 1_000;
/// How many lines are put into templates.
const MOST_LOG_LINES: usize = 20_000;
