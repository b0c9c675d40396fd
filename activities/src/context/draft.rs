//! Each kind of observation in words: a heading and lines, most telling first.
//!
//! Owns the wording of evidence. Every line goes through [`super::clean_line`]; lines that come from outside are marked
//! untrusted. Shortening takes lines from the end.

use serde_json::Value;

use super::fence::{clean_line, cut, render, tokens_of};
use super::metrics;
use crate::facts::{Facts, answer};
use crate::observe::{physical_name, same_value};
use crate::shape::{
    ActionRequest, ActiveAlarmsAnswer, AlarmAnswer, AlarmHistoryAnswer, ChangesAnswer, ConfigurationAnswer, Dropped,
    Fields, Incident, KillSwitchAnswer, LayerAnswer, LogsAnswer, MetricsAnswer, Observation, Piece, PrecedentsAnswer,
    Read, Topic, TopologyAnswer,
};
use crate::text::{REDACTED, cluster, is_secret_name};

/// A piece of evidence before it has a number.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) topic: Topic,
    title: String,
    lines: Vec<String>,
    untrusted: bool,
    source: String,
    /// Tokens before anything was dropped.
    whole: u32,
    pub(super) redactions: u32,
}

impl Draft {
    fn new(topic: Topic, title: impl Into<String>, source: &str, lines: impl IntoIterator<Item = String>) -> Self {
        let mut draft = Self {
            topic,
            title: clean_line(&title.into()),
            lines: Vec::new(),
            untrusted: false,
            source: source.to_owned(),
            whole: 0,
            redactions: 0,
        };
        for line in lines {
            let clean = cut(&clean_line(&line), LONGEST_LINE);
            draft.redactions += u32::try_from(clean.matches(REDACTED).count()).unwrap_or(0);
            draft.lines.push(clean);
        }
        draft.whole = draft.tokens();
        draft
    }

    fn untrusted(mut self) -> Self {
        self.untrusted = true;
        self.whole = self.tokens();
        self
    }

    /// How much of the budget a draft may take, in percent.
    pub(super) fn share(&self) -> u32 {
        match self.topic {
            Topic::Alarm | Topic::Configuration => 15,
            Topic::Resource | Topic::Metrics | Topic::Governance | Topic::Neighbours => 20,
            Topic::Logs => 35,
            Topic::Precedents => 20,
            Topic::Changes | Topic::ActiveAlarms | Topic::AlarmHistory => 10,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Tokens of the piece as the model reads it, with the blank line after it.
    pub(super) fn tokens(&self) -> u32 {
        if self.is_empty() { 0 } else { tokens_of(&render(&self.as_piece(999, 0, 0))) + 1 }
    }

    /// Takes lines from the end until the draft is within `budget`.
    pub(super) fn cap(&mut self, budget: u32) {
        while !self.is_empty() && self.tokens() > budget {
            self.lines.pop();
        }
    }

    /// Takes lines from the end until the draft has at most `tokens`; for what is least useful this may be all of it.
    pub(super) fn shorten(&mut self, tokens: u32) {
        self.cap(tokens);
    }

    /// What was dropped of it, if anything.
    pub(super) fn dropped(&self) -> Option<Dropped> {
        let saved = self.whole.saturating_sub(self.tokens());
        (saved > 0).then(|| Dropped {
            topic: self.topic,
            title: cut(&self.title, 60),
            tokens: saved,
            whole: self.is_empty(),
        })
    }

    pub(super) fn piece(&self, number: usize, turn: u32) -> Piece {
        self.as_piece(number, turn, self.tokens())
    }

    fn as_piece(&self, number: usize, turn: u32, tokens: u32) -> Piece {
        Piece {
            evidence: format!("E{number}"),
            turn,
            topic: self.topic,
            title: self.title.clone(),
            text: self.lines.join("\n"),
            untrusted: self.untrusted,
            source: self.source.clone(),
            tokens,
        }
    }
}

/// The alarm of the incident, with its present state where that was observed.
pub(super) fn alarm(incident: &Incident, facts: Facts<'_>) -> Draft {
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
pub(super) fn missing_node(incident: &Incident, facts: Facts<'_>) -> Option<String> {
    let topology = facts.topology().ok()?;
    if topology.node.is_some() {
        return None;
    }
    let name = incident
        .resource
        .name
        .as_deref()
        .or(incident.resource.aliases.first().map(String::as_str))
        .unwrap_or("the alarmed resource");
    let why = topology.problem.map(|problem| format!(" ({problem})")).unwrap_or_default();
    Some(format!("{name} is not in the twin{why}: no action can be proposed for it"))
}

/// The drafts that an observation gives, or the gap that it leaves.
pub(super) fn of(observation: &Observation, incident: &Incident, facts: Facts<'_>) -> Result<Vec<Draft>, String> {
    let source = observation.id.as_str();
    let mut drafts = match &observation.read {
        Read::Topology { .. } => topology(source, answer(observation)?),
        Read::Governance {} => layer(source, "Governance", answer(observation)?),
        Read::Constraints {} => layer(source, "Constraints", answer(observation)?),
        Read::KillSwitch {} => kill_switch(source, answer(observation)?),
        Read::Precedents { .. } => precedents(source, answer(observation)?),
        Read::Metrics { queries, .. } => {
            let found: MetricsAnswer = answer(observation)?;
            let line = |query| Some(metrics::line(query, found.series.iter().find(|series| series.id == query.id)?));
            vec![Draft::new(Topic::Metrics, "Metrics", source, queries.iter().filter_map(line))]
        }
        Read::Logs { group, .. } => logs(source, group, answer(observation)?),
        Read::Configuration { name, .. } => configuration(source, name, answer(observation)?, facts),
        Read::Changes { name, .. } => changes(source, name, answer(observation)?),
        Read::AlarmHistory { .. } => alarm_history(source, answer(observation)?),
        Read::ActiveAlarms { .. } => active_alarms(source, incident, answer(observation)?),
        // The incident's own alarm has its piece already.
        Read::Alarm { name } if *name == incident.alarm.name => {
            answer::<AlarmAnswer>(observation).map(|_| Vec::new())?
        }
        Read::Alarm { .. } => {
            vec![Draft::new(Topic::ActiveAlarms, "Alarm", source, [alarm_line(&answer(observation)?)]).untrusted()]
        }
        // Only the gate reads it.
        Read::RecentActions { .. } => Vec::new(),
    };
    if observation.truncated {
        drafts.iter_mut().for_each(|draft| draft.title.push_str(" (cut when it was read)"));
    }
    Ok(drafts)
}

fn topology(source: &str, answer: TopologyAnswer) -> Vec<Draft> {
    let Some(node) = answer.node else { return Vec::new() };
    let mut lines = vec![
        format!("{}, a {} of type {}", node.id, node.noun(), node.resource_type),
        format!("name: {}", physical_name(&node)),
    ];
    lines.extend(node.arn.iter().map(|arn| format!("ARN: {arn}")));
    lines.extend(attribute_lines(&node.attributes));
    if !node.tags.is_empty() {
        let tags: Vec<String> = node.tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
        lines.push(format!("tags: {}", tags.join(", ")));
    }
    lines.push(format!("the twin holds {} resources of {} state files", answer.nodes, answer.sources.len()));
    let neighbours = answer.neighbours.into_iter().map(|neighbour| {
        let reach = if neighbour.affected { ", affected when the resource fails" } else { "" };
        let way = neighbour.direction.replace('_', " ");
        format!("{} ({way}: {}, {} away{reach})", neighbour.node.id, neighbour.relation, neighbour.distance)
    });
    vec![
        Draft::new(Topic::Resource, "The resource as Terraform declares it", source, lines),
        Draft::new(Topic::Neighbours, "Neighbours in the topology", source, neighbours),
    ]
}

fn layer(source: &str, title: &str, answer: LayerAnswer) -> Vec<Draft> {
    let lines = answer.documents.iter().flat_map(|document| {
        let lines = document.text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty());
        lines.map(|line| format!("{}: {line}", document.name)).collect::<Vec<_>>()
    });
    vec![Draft::new(Topic::Governance, title, source, lines)]
}

fn kill_switch(source: &str, answer: KillSwitchAnswer) -> Vec<Draft> {
    let reason = answer.reason.unwrap_or_else(|| "without a reason".to_owned());
    let line = answer.engaged.then(|| format!("all execution is stopped: {reason}"));
    line.map(|line| Draft::new(Topic::Governance, "Kill switch", source, [line])).into_iter().collect()
}

fn precedents(source: &str, answer: PrecedentsAnswer) -> Vec<Draft> {
    let lines = answer.precedents.iter().map(|found| {
        let past = &found.precedent;
        let did = past
            .action
            .as_ref()
            .map_or_else(|| "no action".to_owned(), |action| format!("{action} {}", fields(&past.parameters)));
        let corrected = past
            .corrected_from
            .as_ref()
            .map(|from| format!(" (a human corrected it from {})", fields(from)))
            .unwrap_or_default();
        let cause = past.cause.as_deref().map(|cause| format!("; cause: {cause}")).unwrap_or_default();
        let remark = past.remark.as_deref().map(|remark| format!("; a human said: {remark}")).unwrap_or_default();
        let node = past.node.as_deref().unwrap_or("an unknown resource");
        format!(
            "{}% similar, {}: alarm {} on {node}: {did}{corrected}, outcome {}{cause}{remark}",
            percent(found.similarity),
            past.at,
            past.alarm,
            past.outcome.name(),
        )
    });
    // Causes and remarks were written by models and people.
    vec![Draft::new(Topic::Precedents, "What was done about similar incidents", source, lines).untrusted()]
}

fn logs(source: &str, group: &str, answer: LogsAnswer) -> Vec<Draft> {
    let total = answer.lines.len();
    let messages: Vec<String> = answer.lines.iter().map(|line| clean_line(&line.message)).collect();
    let lines = cluster(messages.iter().map(String::as_str), 1).into_iter().map(|template| {
        let sample = template.samples.first().filter(|sample| **sample != template.pattern);
        let sample = sample.map(|sample| format!("  for example: {}", cut(sample, LONGEST_SAMPLE))).unwrap_or_default();
        format!("{} times: {}{sample}", template.count, cut(&template.pattern, LONGEST_PATTERN))
    });
    vec![Draft::new(Topic::Logs, format!("Log lines of {group}: {total} lines by template"), source, lines).untrusted()]
}

fn configuration(source: &str, name: &str, answer: ConfigurationAnswer, facts: Facts<'_>) -> Vec<Draft> {
    let declared = facts.topology().ok().and_then(|topology| declared_of(topology, name)).unwrap_or_default();
    let mut lines: Vec<String> = answer.modified_at.iter().map(|at| format!("last changed at {at}")).collect();
    for (attribute, value) in &answer.attributes {
        if is_secret_name(attribute) {
            continue;
        }
        let other = declared.get(attribute).filter(|declared| !same_value(declared, value) && !declared.is_null());
        let other = other.map(|declared| format!(" (Terraform state: {})", plain(declared))).unwrap_or_default();
        lines.push(format!("{attribute}: {}{other}", plain(value)));
    }
    vec![Draft::new(Topic::Configuration, format!("Configuration of {name} now"), source, lines)]
}

fn changes(source: &str, name: &str, answer: ChangesAnswer) -> Vec<Draft> {
    let mut lines: Vec<String> =
        answer.changes.iter().map(|change| format!("{} {} by {}", change.at, change.action, change.by)).collect();
    if lines.is_empty() {
        lines.push("none in the window".to_owned());
    }
    vec![Draft::new(Topic::Changes, format!("Recent changes of {name}"), source, lines).untrusted()]
}

fn alarm_history(source: &str, answer: AlarmHistoryAnswer) -> Vec<Draft> {
    let alarms = answer.transitions.iter().filter(|transition| transition.to == "ALARM").count();
    let mut lines = vec![format!("{alarms} times in ALARM in the window")];
    lines.extend(
        answer
            .transitions
            .iter()
            .map(|transition| format!("{} {} to {}", transition.at, transition.from, transition.to)),
    );
    vec![Draft::new(Topic::AlarmHistory, "Former transitions of the alarm", source, lines)]
}

fn active_alarms(source: &str, incident: &Incident, answer: ActiveAlarmsAnswer) -> Vec<Draft> {
    let others = answer.alarms.iter().filter(|alarm| alarm.name != incident.alarm.name);
    vec![Draft::new(Topic::ActiveAlarms, "Other alarms in ALARM", source, others.map(alarm_line)).untrusted()]
}

fn alarm_line(alarm: &AlarmAnswer) -> String {
    format!("{} is {} since {}: {}", alarm.name, alarm.state, alarm.updated_at, alarm.reason)
}

/// The attributes that the state gives a resource of this name: the alarmed one or a neighbour.
fn declared_of(topology: TopologyAnswer, name: &str) -> Option<Fields> {
    let nodes = topology.node.into_iter().chain(topology.neighbours.into_iter().map(|neighbour| neighbour.node));
    nodes.into_iter().find(|node| physical_name(node) == name).map(|node| node.attributes)
}

fn attribute_lines(attributes: &Fields) -> Vec<String> {
    attributes
        .iter()
        .filter(|(name, value)| !value.is_null() && !is_secret_name(name))
        .map(|(name, value)| format!("{name}: {}", plain(value)))
        .collect()
}

/// `a=1, b=two` for a small object; values whose name says that they are secret are left out.
pub(super) fn fields(fields: &Fields) -> String {
    let shown: Vec<String> = fields
        .iter()
        .filter(|(name, _)| !is_secret_name(name))
        .map(|(name, value)| format!("{name}={}", plain(value)))
        .collect();
    shown.join(", ")
}

/// A value without the quotes of a JSON string.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn percent(similarity: f64) -> i64 {
    (similarity.clamp(0.0, 1.0) * 100.0).round() as i64
}

const LONGEST_LINE: usize = 600;
const LONGEST_PATTERN: usize = 240;
const LONGEST_SAMPLE: usize = 300;
