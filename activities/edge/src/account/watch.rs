//! What the embedded account shows of metrics, logs and alarms: the recordings, and what the changes made here did to them.
//!
//! Owns which recording is visible: one whose alarm has fired here, at the moment when it arrived. What followed a change is the
//! recording's own aftermath where it has one, and the rules of `simulation` where it has none.

use activities::shape::Fields;
use jiff::{SignedDuration, Timestamp};

use super::alarm::AlarmRecord;
use super::observations::{ObservedMetric, Recording, series};
use super::resource::ResourceRecord;
use super::{ALARMS, Account, aftermath, simulation};
use crate::error::{EdgeError, FileError};
use crate::files;

/// A metric to read.
#[derive(Clone, Copy, Debug)]
pub struct MetricRequest<'a> {
    /// The namespace.
    pub namespace: &'a str,
    /// The metric's name.
    pub name: &'a str,
    /// The dimensions.
    pub dimensions: &'a Fields,
    /// The statistic.
    pub statistic: &'a str,
    /// Start of the window.
    pub from: Timestamp,
    /// End of the window.
    pub to: Timestamp,
}

/// A metric's points, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricPoints {
    /// The unit.
    pub unit: Option<String>,
    /// The start of each period with its value.
    pub points: Vec<(Timestamp, f64)>,
}

/// A recording with the moment from which its seconds count back.
#[derive(Clone, Debug)]
pub struct Visible {
    /// The recording.
    pub recording: Recording,
    /// When its alarm arrived.
    pub anchor: Timestamp,
}

impl Account {
    /// The recordings that are visible by now, the latest alarm's first.
    pub fn recordings(&self) -> Result<Vec<Visible>, FileError> {
        let Some(path) = &self.observations else { return Ok(Vec::new()) };
        let alarms = self.raw_alarms()?;
        let latest = alarms.iter().filter_map(|alarm| alarm.fired_at).max();
        let mut visible: Vec<Visible> = Recording::load(path)?
            .into_iter()
            .filter_map(|recording| {
                let fired = |name: &String| alarms.iter().find(|alarm| alarm.name == *name)?.fired_at;
                let anchor = recording.alarm.as_ref().map_or(latest, fired)?;
                Some(Visible { recording, anchor })
            })
            .collect();
        visible.sort_by_key(|visible| std::cmp::Reverse(visible.anchor));
        Ok(visible)
    }

    /// A metric's points within a window, with the effect of all changes; nothing where it was not observed.
    pub fn metric(&self, request: &MetricRequest<'_>) -> Result<Option<MetricPoints>, EdgeError> {
        for visible in self.recordings()? {
            let found = series(
                &visible.recording.metrics,
                request.namespace,
                request.name,
                request.dimensions,
                request.statistic,
            );
            if let Some(found) = found {
                let points = self.points(&visible, found, request)?;
                return Ok(Some(MetricPoints { unit: found.unit.clone(), points }));
            }
        }
        Ok(None)
    }

    /// The state of an alarm at `now`, with the transition that a cured cause brings.
    pub fn alarm(&self, name: &str, now: Timestamp) -> Result<Option<AlarmRecord>, EdgeError> {
        let record: Option<AlarmRecord> = files::read_json(&self.alarm_path(name))?;
        record.map(|record| self.settled(record, now)).transpose()
    }

    /// All alarms at `now`, in the order of their files.
    pub fn alarms(&self, now: Timestamp) -> Result<Vec<AlarmRecord>, EdgeError> {
        self.raw_alarms()?.into_iter().map(|record| self.settled(record, now)).collect()
    }

    /// The threshold of an alarm in effect at `now`.
    pub fn threshold(&self, alarm: &AlarmRecord, now: Timestamp) -> Result<Option<f64>, EdgeError> {
        match self.subject(alarm)? {
            Some((resource, visible)) if visible.recording.after.is_empty() => {
                let subject = simulation::Subject { resource: &resource, recording: &visible.recording, since: now };
                Ok(simulation::threshold(&subject, alarm, now))
            }
            _ => Ok(alarm.threshold),
        }
    }

    /// The resource that a metric's dimensions name.
    fn resource_of(&self, namespace: &str, dimensions: &Fields) -> Result<Option<ResourceRecord>, EdgeError> {
        let resource = activities::detect::resource_of(namespace, dimensions, "", "");
        let (Some(kind), Some(name)) = (resource.kind, resource.name) else { return Ok(None) };
        Ok(self.named(&kind, &name)?)
    }

    /// The resource of an alarm, and the recording of what its metric did.
    fn subject(&self, alarm: &AlarmRecord) -> Result<Option<(ResourceRecord, Visible)>, EdgeError> {
        let Some(namespace) = &alarm.namespace else { return Ok(None) };
        let Some(resource) = self.resource_of(namespace, &alarm.dimensions)? else { return Ok(None) };
        let named = |visible: &Visible| visible.recording.alarm.as_deref().is_none_or(|name| name == alarm.name);
        Ok(self.recordings()?.into_iter().find(named).map(|visible| (resource, visible)))
    }

    /// The alarm with the transition to OK that the changes since it fired have brought about by `now`.
    fn settled(&self, record: AlarmRecord, now: Timestamp) -> Result<AlarmRecord, EdgeError> {
        let (Some(fired_at), "ALARM") = (record.fired_at, record.state.as_str()) else { return Ok(record) };
        let Some((resource, visible)) = self.subject(&record)? else { return Ok(record) };
        let recording = &visible.recording;
        let (cured, reason) = if recording.after.is_empty() {
            let subject = simulation::Subject { resource: &resource, recording, since: fired_at };
            let cured = simulation::cured_at(&subject, &record, fired_at, now, self.pace);
            (cured, cured.map(|at| simulation::reason(&subject, &record, at)))
        } else {
            let stretches = aftermath::stretches(recording, &resource, fired_at);
            (aftermath::recovered_at(&stretches, now, self.pace), None)
        };
        Ok(match cured {
            Some(at) if at <= now => record.cleared(at, reason.as_deref().unwrap_or(RECOVERED)),
            _ => record,
        })
    }

    fn points(
        &self,
        visible: &Visible,
        found: &ObservedMetric,
        request: &MetricRequest<'_>,
    ) -> Result<Vec<(Timestamp, f64)>, EdgeError> {
        let window = (request.from, request.to);
        if visible.recording.after.is_empty() {
            let resource = self.resource_of(request.namespace, request.dimensions)?;
            return Ok(observed(found, visible.anchor, window, |value, at| {
                resource.as_ref().map_or(value, |resource| {
                    let subject =
                        simulation::Subject { resource, recording: &visible.recording, since: visible.anchor };
                    simulation::value(&subject, found, value, at)
                })
            }));
        }
        let mut points = observed(found, visible.anchor, window, |value, _| value);
        let name = visible.recording.alarm.as_deref().unwrap_or_default();
        let alarm = self.raw_alarms()?.into_iter().find(|alarm| alarm.name == name);
        let subject = alarm.as_ref().map(|alarm| self.subject(alarm)).transpose()?.flatten();
        let Some((resource, _)) = subject else { return Ok(points) };
        for stretch in aftermath::stretches(&visible.recording, &resource, visible.anchor) {
            let recorded =
                series(&stretch.entry.metrics, request.namespace, request.name, request.dimensions, request.statistic);
            if let Some(recorded) = recorded.filter(|_| stretch.from <= request.to) {
                points.retain(|(at, _)| *at < stretch.from);
                points.extend(aftermath::points(&stretch, recorded, request.to, self.pace));
            }
        }
        points.retain(|(at, _)| window.0 <= *at && *at <= window.1);
        Ok(points)
    }

    fn raw_alarms(&self) -> Result<Vec<AlarmRecord>, FileError> {
        let mut alarms = Vec::new();
        for path in files::list(&self.root.join(ALARMS), "json")? {
            alarms.extend(files::read_json(&path)?);
        }
        Ok(alarms)
    }
}

/// The points of a series within a window: as observed until `anchor`, then holding the last value.
///
/// A point stands at the start of its period and is there once the period is over.
fn observed(
    series: &ObservedMetric,
    anchor: Timestamp,
    window: (Timestamp, Timestamp),
    value: impl Fn(f64, Timestamp) -> f64,
) -> Vec<(Timestamp, f64)> {
    let mut recorded = series.points.clone();
    recorded.sort_by_key(|(before, _)| std::cmp::Reverse(*before));
    let Some((last_before, last)) = recorded.last().copied() else { return Vec::new() };
    let period = i64::from(series.period.max(1));
    let mut all: Vec<(Timestamp, f64)> =
        recorded.iter().filter_map(|(before, value)| Some((seconds_after(anchor, -before)?, *value))).collect();
    for turn in 1..=MOST_POINTS {
        let start = turn.saturating_mul(period).saturating_sub(last_before);
        match (seconds_after(anchor, start), seconds_after(anchor, start.saturating_add(period))) {
            (Some(at), Some(over)) if over <= window.1 => all.push((at, last)),
            _ => break,
        }
    }
    all.retain(|(at, _)| window.0 <= *at && *at <= window.1);
    all.into_iter().map(|(at, original)| (at, value(original, at))).collect()
}

fn seconds_after(moment: Timestamp, seconds: i64) -> Option<Timestamp> {
    moment.checked_add(SignedDuration::from_secs(seconds)).ok()
}

const MOST_POINTS: i64 = 1_500;
const RECOVERED: &str = "Threshold Crossed: no datapoint was beyond the threshold any more.";
