//! What followed a change, where the recording tells: the metrics after it, and whether the alarm recovered.
//!
//! It happens in fast motion: the recorded minutes after a change pass within the time that the account takes to clear an alarm,
//! so that nobody waits a quarter of an hour for a demonstration. Owns which entry applies at a moment, and its points.

use activities::shape::Fields;
use jiff::{SignedDuration, Timestamp};

use super::observations::{Aftermath, AftermathOutcome, ObservedMetric, Recording, When};
use super::resource::ResourceRecord;
use crate::config::Pace;

/// A stretch of time after a change, until the next change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch<'a> {
    /// When the change came into effect.
    pub(super) from: Timestamp,
    /// When the next one did.
    pub(super) until: Timestamp,
    /// What is seen meanwhile.
    pub(super) entry: &'a Aftermath,
}

/// The stretches since the alarm fired, in order.
pub(super) fn stretches<'a>(
    recording: &'a Recording,
    resource: &ResourceRecord,
    fired_at: Timestamp,
) -> Vec<Stretch<'a>> {
    let mut moments: Vec<Timestamp> =
        resource.changes.iter().map(|change| change.effective_at).filter(|moment| *moment >= fired_at).collect();
    moments.sort_unstable();
    moments.dedup();
    let ends = moments.iter().skip(1).copied().chain([Timestamp::MAX]);
    moments
        .iter()
        .zip(ends)
        .filter_map(|(from, until)| {
            let entry = recording.after.iter().find(|entry| entry.when.holds(resource, fired_at, *from))?;
            Some(Stretch { from: *from, until, entry })
        })
        .collect()
}

/// Since when the alarm is OK, by the changes in effect at `now`; nothing while it is not.
pub(super) fn recovered_at(stretches: &[Stretch<'_>], now: Timestamp, pace: Pace) -> Option<Timestamp> {
    let mut since = None;
    for stretch in stretches.iter().filter(|stretch| stretch.from <= now) {
        since = match stretch.entry.outcome {
            AftermathOutcome::Recovered => since.or(Some(stretch.from)),
            AftermathOutcome::Unchanged => None,
        };
    }
    after(since?, f64::from(pace.alarm_seconds))
}

/// The points of one of the entry's series, in fast motion, then holding its last value.
pub(super) fn points(
    stretch: &Stretch<'_>,
    series: &ObservedMetric,
    until: Timestamp,
    pace: Pace,
) -> Vec<(Timestamp, f64)> {
    let mut recorded = series.points.clone();
    recorded.sort_by_key(|(seconds, _)| *seconds);
    let Some((longest, last)) = recorded.last().copied() else { return Vec::new() };
    let scale = f64::from(pace.alarm_seconds.max(1)) / (longest.max(1) as f64);
    let end = until.min(stretch.until);
    let mut points: Vec<(Timestamp, f64)> = recorded
        .iter()
        .filter_map(|(seconds, value)| Some((after(stretch.from, *seconds as f64 * scale)?, *value)))
        .filter(|(at, _)| *at < end || *at == until)
        .collect();
    let held_from = after(stretch.from, f64::from(pace.alarm_seconds.max(1)));
    let period = f64::from(series.period.max(1));
    for turn in 1..=MOST_HELD {
        match held_from.and_then(|from| after(from, f64::from(turn) * period)) {
            Some(at) if at <= end => points.push((at, last)),
            _ => break,
        }
    }
    points
}

impl When {
    fn holds(&self, resource: &ResourceRecord, fired_at: Timestamp, at: Timestamp) -> bool {
        match self {
            Self::Parameter { parameter, at_least, at_most } => number(&resource.configuration(at), parameter)
                .is_some_and(|value| {
                    at_least.is_none_or(|least| value >= least) && at_most.is_none_or(|most| value <= most)
                }),
            Self::Action { action } => resource
                .changes
                .iter()
                .any(|change| change.action == *action && fired_at <= change.effective_at && change.effective_at <= at),
            Self::Otherwise { otherwise } => *otherwise,
        }
    }
}

fn number(fields: &Fields, name: &str) -> Option<f64> {
    let value = fields.get(name)?;
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

fn after(moment: Timestamp, seconds: f64) -> Option<Timestamp> {
    moment.checked_add(SignedDuration::try_from_secs_f64(seconds).ok()?).ok()
}

/// The most points for which the last value is held.
const MOST_HELD: u32 = 1_500;
