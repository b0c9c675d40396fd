//! Verify: whether a change helped, from what was observed before and after it.
//!
//! Owns the verdict and what the machine does next: look again, stop, or undo. An answer of the API is no proof that a
//! change helped; the alarm, its metric and the neighbours' alarms are.

use jiff::Timestamp;

use crate::ActivityError;
use crate::context::metric_digest;
use crate::detect::resource_of;
use crate::facts::Facts;
use crate::shape::{AlarmAnswer, MetricSeries, TopologyAnswer, Verdict, VerifyAnswer, VerifyNext, VerifyRequest};
use crate::time::{instant, instant_or_none, later};

/// Judges a change.
///
/// # Errors
///
/// `Sao.BadInput` when `at` or `effective_at` is no instant.
pub fn verify(request: VerifyRequest) -> Result<VerifyAnswer, ActivityError> {
    let at = instant("at", &request.at)?;
    let effective_at = instant("effective_at", &request.effective_at)?;
    let deadline = later(effective_at, request.settings.verify_seconds);
    let (verdict, reasons) = judge(&request, effective_at);
    let next = next(&request, verdict, at >= deadline);
    Ok(VerifyAnswer { verdict, next, reasons })
}

fn judge(request: &VerifyRequest, effective_at: Timestamp) -> (Verdict, Vec<String>) {
    let after = Facts::new(&request.after);
    let broken = broken_neighbours(request, effective_at);
    if !broken.is_empty() {
        return (Verdict::Worse, broken);
    }
    if request.incident.request.is_some() {
        return requested(&after);
    }
    let alarm = match after.alarm(&request.incident.alarm.name) {
        Ok(alarm) => alarm,
        Err(problem) => return (Verdict::Unknown, vec![problem]),
    };
    let metric = Metric::of(request, &alarm, effective_at);
    match alarm.state.as_str() {
        "OK" => recovered(&alarm, &metric),
        "ALARM" => still_firing(&alarm, &metric),
        other => (Verdict::Unknown, vec![format!("alarm `{}` is {other}", alarm.name)]),
    }
}

/// Of a requested change there is no alarm that tells whether it helped: only that nothing near it broke.
fn requested(after: &Facts<'_>) -> (Verdict, Vec<String>) {
    let near = match after.active_alarms() {
        Ok(_) => "no alarm near it went off since".to_owned(),
        Err(problem) => problem,
    };
    (Verdict::Unknown, vec!["it was requested: there is no alarm by which to tell whether it helped".to_owned(), near])
}

fn recovered(alarm: &AlarmAnswer, metric: &Metric) -> (Verdict, Vec<String>) {
    let ok = format!("alarm `{}` is OK since {}", alarm.name, alarm.updated_at);
    match metric.breaches {
        Some(true) => (Verdict::Unchanged, vec![ok, "its metric is still beyond the threshold".to_owned()]),
        Some(false) => (Verdict::Recovered, vec![ok, metric.sentence(), "no alarm near it went off since".to_owned()]),
        None => (
            Verdict::Recovered,
            vec![ok, "no data point came since the change".to_owned(), "no alarm near it went off since".to_owned()],
        ),
    }
}

fn still_firing(alarm: &AlarmAnswer, metric: &Metric) -> (Verdict, Vec<String>) {
    let firing = format!("alarm `{}` is still in ALARM", alarm.name);
    if metric.is_worse() {
        return (Verdict::Worse, vec![firing, metric.sentence()]);
    }
    (Verdict::Unchanged, vec![firing, metric.sentence()])
}

fn next(request: &VerifyRequest, verdict: Verdict, overdue: bool) -> VerifyNext {
    let undo = if request.proposal.inverse.is_some() { VerifyNext::Undo } else { VerifyNext::Done };
    match verdict {
        Verdict::Recovered => VerifyNext::Done,
        Verdict::Worse => undo,
        _ if !overdue => VerifyNext::Again,
        Verdict::Unchanged if request.settings.undo_unchanged => undo,
        Verdict::Unchanged | Verdict::Unknown => VerifyNext::Done,
    }
}

/// The watched metric before and after the change.
struct Metric {
    before: Option<f64>,
    after: Option<f64>,
    points: usize,
    /// Whether the newest point since the change is beyond the threshold; unknown without a point or a threshold.
    breaches: Option<bool>,
    upwards: bool,
}

impl Metric {
    fn of(request: &VerifyRequest, alarm: &AlarmAnswer, effective_at: Timestamp) -> Self {
        let since = Facts::new(&request.after).series("watched").map(|series| points_since(series, effective_at));
        let until = Facts::new(&request.before).series("watched");
        let newest = since.as_ref().and_then(|series| series.points.last()).map(|point| point.value);
        let comparison = alarm.comparison.as_deref().unwrap_or_default();
        Self {
            // The newest points before the change are what it has to be measured against.
            before: until.and_then(|series| metric_digest(&last_points(series))).map(|digest| digest.mean),
            after: since.as_ref().and_then(metric_digest).map(|digest| digest.mean),
            points: since.map_or(0, |series| series.points.len()),
            breaches: newest.zip(alarm.threshold).and_then(|(value, threshold)| breaches(value, threshold, comparison)),
            upwards: !comparison.starts_with("LessThan"),
        }
    }

    /// Clearly worse: half as much again in the alarm's direction, over at least two points.
    fn is_worse(&self) -> bool {
        let (Some(before), Some(after)) = (self.before, self.after) else { return false };
        let (good, bad) = if self.upwards { (before, after) } else { (after, before) };
        self.points >= 2 && good >= 0.0 && bad > good * WORSE && bad - good > f64::EPSILON
    }

    fn sentence(&self) -> String {
        let number = |value: Option<f64>| value.map_or_else(|| "unknown".to_owned(), crate::context::short_number);
        format!("its metric was {} before and is {} since", number(self.before), number(self.after))
    }
}

fn breaches(value: f64, threshold: f64, comparison: &str) -> Option<bool> {
    match comparison {
        "GreaterThanThreshold" => Some(value > threshold),
        "GreaterThanOrEqualToThreshold" => Some(value >= threshold),
        "LessThanThreshold" => Some(value < threshold),
        "LessThanOrEqualToThreshold" => Some(value <= threshold),
        _ => None,
    }
}

/// Points of periods that began after the change: an earlier period mixes both.
fn points_since(mut series: MetricSeries, from: Timestamp) -> MetricSeries {
    series.points.retain(|point| instant_or_none(&point.at).is_some_and(|at| at >= from));
    series
}

fn last_points(mut series: MetricSeries) -> MetricSeries {
    let from = series.points.len().saturating_sub(COMPARED_POINTS);
    series.points.drain(..from);
    series
}

/// Alarms that went off since the change on the resource or on what fails with it.
fn broken_neighbours(request: &VerifyRequest, effective_at: Timestamp) -> Vec<String> {
    let (before, after) = (Facts::new(&request.before), Facts::new(&request.after));
    let Ok(active) = after.active_alarms() else { return Vec::new() };
    let known: Vec<String> = before
        .active_alarms()
        .map(|known| known.alarms.into_iter().map(|alarm| alarm.name).collect())
        .unwrap_or_default();
    let topology = after.topology().or_else(|_| before.topology()).unwrap_or_default();
    let new = active.alarms.iter().filter(|alarm| {
        alarm.name != request.incident.alarm.name
            && !known.contains(&alarm.name)
            && instant_or_none(&alarm.updated_at).is_some_and(|at| at >= effective_at)
    });
    new.filter_map(|alarm| {
        let node = node_of(alarm, &topology, request)?;
        Some(format!("alarm `{}` on `{node}` went off since the change", alarm.name))
    })
    .collect()
}

/// The node near the change that an alarm is about.
fn node_of(alarm: &AlarmAnswer, topology: &TopologyAnswer, request: &VerifyRequest) -> Option<String> {
    let namespace = alarm.namespace.as_deref()?;
    let resource = resource_of(namespace, &alarm.dimensions, &request.incident.account, &request.incident.region);
    let nodes = topology
        .node
        .iter()
        .chain(topology.neighbours.iter().filter(|near| near.affected || near.distance <= 1).map(|near| &near.node));
    let mut found = nodes.filter(|node| {
        resource.aliases.iter().any(|alias| Some(alias) == node.arn.as_ref() || node.names.contains(alias))
    });
    found.next().map(|node| node.id.to_string())
}

/// Half as much again counts as worse, less as noise.
const WORSE: f64 = 1.5;
const COMPARED_POINTS: usize = 5;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::example;

    /// Before: in ALARM at 9,900 ms. After: what the test says.
    fn request(after: Value, seconds: u32) -> VerifyRequest {
        let observations = |answers: Value| {
            let answers = answers.as_object().unwrap().clone();
            answers.into_iter().map(|(id, answer)| example::observation(&id, answer)).collect::<Vec<_>>()
        };
        VerifyRequest {
            incident: example::incident(),
            settings: example::settings(),
            proposal: example::proposal(),
            before: observations(json!({
                "alarm": {"name": "shop-orders-duration", "state": "ALARM", "threshold": 9000.0, "comparison": "GreaterThanThreshold"},
                "metrics": {"series": [{"id": "watched", "points": [
                    {"at": "2026-11-23T10:10:00Z", "value": 9800.0}, {"at": "2026-11-23T10:11:00Z", "value": 10000.0}
                ]}]},
                "active_alarms": {"alarms": []},
                "topology": {
                    "node": {"id": "aws_lambda_function.orders", "type": "aws_lambda_function", "names": ["shop-orders"], "attributes": {}},
                    "neighbours": [{
                        "node": {"id": "aws_lambda_function.web", "type": "aws_lambda_function", "names": ["shop-web"], "attributes": {}},
                        "relation": "calls", "direction": "depended_on_by", "distance": 1, "affected": true
                    }]
                },
            })),
            after: observations(after),
            effective_at: "2026-11-23T10:20:00.000Z".to_owned(),
            at: crate::time::written(later("2026-11-23T10:20:00Z".parse().unwrap(), seconds)),
        }
    }

    #[track_caller]
    fn check(after: Value, seconds: u32, expect: (Verdict, VerifyNext)) {
        let answer = verify(request(after, seconds)).unwrap();
        assert_eq!((answer.verdict, answer.next), expect, "{:?}", answer.reasons);
        assert!(!answer.reasons.is_empty(), "a verdict has a reason");
    }

    fn alarm(state: &str, points: &[f64]) -> Value {
        let points: Vec<Value> = points
            .iter()
            .enumerate()
            .map(|(minute, value)| json!({"at": format!("2026-11-23T10:{}:00Z", 21 + minute), "value": value}))
            .collect();
        json!({
            "alarm": {
                "name": "shop-orders-duration", "state": state, "updated_at": "2026-11-23T10:22:00Z",
                "threshold": 9000.0, "comparison": "GreaterThanThreshold"
            },
            "metrics": {"series": [{"id": "watched", "points": points}]},
            "active_alarms": {"alarms": []},
        })
    }

    #[test]
    fn an_alarm_that_is_ok_with_a_good_metric_is_recovered() {
        check(alarm("OK", &[4000.0]), 120, (Verdict::Recovered, VerifyNext::Done));
        check(alarm("OK", &[]), 120, (Verdict::Recovered, VerifyNext::Done));
    }

    #[test]
    fn an_alarm_that_is_ok_with_a_bad_metric_is_not_recovered() {
        check(alarm("OK", &[9500.0]), 20, (Verdict::Unchanged, VerifyNext::Again));
    }

    #[test]
    fn an_alarm_that_fires_is_looked_at_until_the_deadline() {
        check(alarm("ALARM", &[9800.0, 9900.0]), 20, (Verdict::Unchanged, VerifyNext::Again));
        check(alarm("ALARM", &[9800.0, 9900.0]), 600, (Verdict::Unchanged, VerifyNext::Done));
    }

    #[test]
    fn an_unchanged_alarm_is_undone_when_the_setting_says_so() {
        let mut request = request(alarm("ALARM", &[9800.0]), 600);
        request.settings.undo_unchanged = true;
        assert_eq!(verify(request).unwrap().next, VerifyNext::Undo);
    }

    #[test]
    fn a_metric_half_as_bad_again_is_worse_and_undone() {
        check(alarm("ALARM", &[15_000.0, 16_000.0]), 20, (Verdict::Worse, VerifyNext::Undo));
        check(alarm("ALARM", &[15_000.0]), 20, (Verdict::Unchanged, VerifyNext::Again));
    }

    #[test]
    fn what_is_worse_and_has_no_inverse_is_not_undone() {
        let mut request = request(alarm("ALARM", &[15_000.0, 16_000.0]), 20);
        request.proposal.inverse = None;
        assert_eq!(verify(request).unwrap().next, VerifyNext::Done);
    }

    #[test]
    fn a_new_alarm_on_an_affected_neighbour_is_worse() {
        let mut after = alarm("OK", &[4000.0]);
        after["active_alarms"]["alarms"] = json!([{
            "name": "shop-web-errors", "state": "ALARM", "updated_at": "2026-11-23T10:21:30Z",
            "namespace": "AWS/Lambda", "metric": "Errors", "dimensions": {"FunctionName": "shop-web"}
        }]);
        check(after.clone(), 120, (Verdict::Worse, VerifyNext::Undo));
        // The same alarm from before the change says nothing about it.
        after["active_alarms"]["alarms"][0]["updated_at"] = json!("2026-11-23T10:19:00Z");
        check(after, 120, (Verdict::Recovered, VerifyNext::Done));
    }

    #[test]
    fn what_cannot_be_observed_is_unknown() {
        check(json!({}), 20, (Verdict::Unknown, VerifyNext::Again));
        check(json!({}), 600, (Verdict::Unknown, VerifyNext::Done));
        check(alarm("INSUFFICIENT_DATA", &[]), 600, (Verdict::Unknown, VerifyNext::Done));
    }
}
