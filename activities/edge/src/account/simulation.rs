//! What a change does to the metrics of its resource, and so to its alarms.
//!
//! A simple and honest model, not a promise. It knows only the observations that were made before the change, and these rules:
//!
//! - a function runs as long as it did, in inverse proportion to its memory, and no longer than its timeout. Where it was
//!   observed at its timeout, it would have needed 15 % more than was seen.
//! - an alarm on the duration whose threshold is a share of the timeout keeps that share, as a module that derives one from the
//!   other would have it.
//! - errors that the log explains by the timeout or by memory end when the new value suffices; others stay.
//! - throttles end when the reserved concurrency exceeds the highest concurrency seen.
//! - the processor load of a service is shared by its tasks; a restart halves the memory that it has gathered.
//! - a reboot of a database drops nine of ten connections.
//! - everything else stays as it was.

use activities::shape::Fields;
use jiff::{SignedDuration, Timestamp};

use super::alarm::AlarmRecord;
use super::observations::{ObservedMetric, Recording, series};
use super::resource::ResourceRecord;
use crate::config::Pace;

/// A resource with what was observed of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) resource: &'a ResourceRecord,
    pub(super) recording: &'a Recording,
    /// Since when restarts count: what an earlier one freed has been gathered again.
    pub(super) since: Timestamp,
}

/// What an observed value would have been at `at`, under the configuration in effect then.
pub(super) fn value(subject: &Subject<'_>, series: &ObservedMetric, observed: f64, at: Timestamp) -> f64 {
    let change = Change::of(subject.resource, at);
    match (subject.resource.resource_type.as_str(), series.name.as_str()) {
        ("aws_lambda_function", "Duration") => duration(&change, observed),
        ("aws_lambda_function", "Errors") if errors_cured(subject, &change) => 0.0,
        ("aws_lambda_function", "Throttles") => throttles(subject, &change, observed),
        ("aws_lambda_function", "memory_utilization") => observed / change.ratio("memory_size"),
        ("aws_ecs_service", "CPUUtilization") => (observed / change.ratio("desired_count")).min(100.0),
        ("aws_ecs_service", "MemoryUtilization") if restarted(subject, "ecs_restart_service", at) => observed / 2.0,
        ("aws_db_instance", "DatabaseConnections") if restarted(subject, "rds_reboot_instance", at) => {
            (observed / 10.0).floor()
        }
        _ => observed,
    }
}

/// When the alarm is OK again by the changes since it fired that are in effect by `now`, if it is.
pub(super) fn cured_at(
    subject: &Subject<'_>,
    alarm: &AlarmRecord,
    fired_at: Timestamp,
    now: Timestamp,
    pace: Pace,
) -> Option<Timestamp> {
    let mut moments: Vec<Timestamp> = subject
        .resource
        .changes
        .iter()
        .map(|change| change.effective_at)
        .filter(|at| *at >= fired_at && *at <= now)
        .collect();
    moments.sort_unstable();
    let mut cured = None;
    for at in moments {
        // A later change can bring the breach back.
        cured = if breaches(subject, alarm, at)? { None } else { cured.or(Some(at)) };
    }
    seconds_after(cured?, i64::from(pace.alarm_seconds))
}

/// CloudWatch's sentence on the way back to OK.
pub(super) fn reason(subject: &Subject<'_>, alarm: &AlarmRecord, at: Timestamp) -> String {
    let value = latest(subject, alarm, at).and_then(|values| values.into_iter().reduce(f64::max)).unwrap_or_default();
    let threshold = threshold(subject, alarm, at).unwrap_or_default();
    format!("Threshold Crossed: the datapoint {value} was no longer beyond the threshold ({threshold}).")
}

/// The threshold in effect at `at`.
pub(super) fn threshold(subject: &Subject<'_>, alarm: &AlarmRecord, at: Timestamp) -> Option<f64> {
    let threshold = alarm.threshold?;
    let change = Change::of(subject.resource, at);
    let is_duration =
        alarm.metric.as_deref() == Some("Duration") && subject.resource.resource_type == "aws_lambda_function";
    let (Some(before), Some(_)) = (number(&change.before, "timeout"), number(&change.after, "timeout")) else {
        return Some(threshold);
    };
    let share = threshold / (before * 1_000.0);
    Some(if is_duration && (0.5..=1.0).contains(&share) { threshold * change.ratio("timeout") } else { threshold })
}

/// Whether the alarm's metric is beyond its threshold at `at`; nothing where it was not observed.
fn breaches(subject: &Subject<'_>, alarm: &AlarmRecord, at: Timestamp) -> Option<bool> {
    let threshold = threshold(subject, alarm, at)?;
    let values = latest(subject, alarm, at)?;
    let comparison = alarm.comparison.as_deref().unwrap_or("GreaterThanOrEqualToThreshold");
    Some(values.iter().any(|value| match comparison {
        "GreaterThanThreshold" => *value > threshold,
        "LessThanThreshold" => *value < threshold,
        "LessThanOrEqualToThreshold" => *value <= threshold,
        _ => *value >= threshold,
    }))
}

/// The last values that the alarm saw, as they would be at `at`.
fn latest(subject: &Subject<'_>, alarm: &AlarmRecord, at: Timestamp) -> Option<Vec<f64>> {
    let (namespace, name) = (alarm.namespace.as_deref()?, alarm.metric.as_deref()?);
    let statistic = alarm.statistic.as_deref().unwrap_or("Average");
    let found = series(&subject.recording.metrics, namespace, name, &alarm.dimensions, statistic)?;
    let mut points = found.points.clone();
    points.sort_by_key(|(before, _)| *before);
    let values: Vec<f64> = points.iter().take(TAIL).map(|(_, observed)| value(subject, found, *observed, at)).collect();
    if values.is_empty() { None } else { Some(values) }
}

/// A configuration before all changes and at a moment.
struct Change {
    before: Fields,
    after: Fields,
}

impl Change {
    fn of(resource: &ResourceRecord, at: Timestamp) -> Self {
        Self { before: resource.base.clone(), after: resource.configuration(at) }
    }

    /// By how much a number was multiplied; 1 where it is not known or not positive.
    fn ratio(&self, name: &str) -> f64 {
        match (number(&self.before, name), number(&self.after, name)) {
            (Some(before), Some(after)) if before > 0.0 && after > 0.0 => after / before,
            _ => 1.0,
        }
    }
}

fn duration(change: &Change, observed: f64) -> f64 {
    if change.ratio("timeout") == 1.0 && change.ratio("memory_size") == 1.0 {
        return observed;
    }
    let needed = needed_duration(change, observed);
    number(&change.after, "timeout").map_or(needed, |timeout| needed.min(timeout * 1_000.0))
}

/// The milliseconds that an invocation would need, were there no timeout.
fn needed_duration(change: &Change, observed: f64) -> f64 {
    let was_cut = number(&change.before, "timeout").is_some_and(|timeout| observed >= timeout * 1_000.0 * AT_TIMEOUT);
    (if was_cut { observed * BEYOND_TIMEOUT } else { observed }) / change.ratio("memory_size")
}

fn errors_cured(subject: &Subject<'_>, change: &Change) -> bool {
    let group = format!("/aws/lambda/{}", subject.resource.name);
    let timeouts = subject.recording.logged(&group, &["Task timed out", "timed out after"]);
    let memory = subject.recording.logged(&group, &["OutOfMemory", "signal: killed", "out of memory"]);
    let longest = subject.recording.highest("Duration", "FunctionName", &subject.resource.name);
    let in_time = longest
        .zip(number(&change.after, "timeout"))
        .is_some_and(|(longest, timeout)| needed_duration(change, longest) < timeout * 1_000.0);
    let grown = change.ratio("memory_size") > 1.0;
    (timeouts || memory) && (!timeouts || in_time) && (!memory || grown)
}

fn throttles(subject: &Subject<'_>, change: &Change, observed: f64) -> f64 {
    let reserved = number(&change.after, "reserved_concurrent_executions");
    if reserved == number(&change.before, "reserved_concurrent_executions") {
        return observed;
    }
    let highest = subject.recording.highest("ConcurrentExecutions", "FunctionName", &subject.resource.name);
    match (reserved, highest) {
        (Some(reserved), Some(highest)) if reserved < 0.0 || reserved > highest => 0.0,
        _ => observed / change.ratio("reserved_concurrent_executions"),
    }
}

/// Whether this action took effect since the alarm and until `at`.
fn restarted(subject: &Subject<'_>, action: &str, at: Timestamp) -> bool {
    let changes = &subject.resource.changes;
    changes
        .iter()
        .any(|change| change.action == action && subject.since <= change.effective_at && change.effective_at <= at)
}

fn number(fields: &Fields, name: &str) -> Option<f64> {
    let value = fields.get(name)?;
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

fn seconds_after(moment: Timestamp, seconds: i64) -> Option<Timestamp> {
    moment.checked_add(SignedDuration::from_secs(seconds)).ok()
}

/// The share of the timeout from which an invocation counts as cut by it.
const AT_TIMEOUT: f64 = 0.97;
/// How much longer than seen such an invocation would have taken.
const BEYOND_TIMEOUT: f64 = 1.15;
/// How many of the last points stand for the present.
const TAIL: usize = 5;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::resource::{ChangeKind, ChangeRecord};
    use super::*;

    const FIRED: &str = "2026-11-23T10:15:00Z";

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn fields(value: Value) -> Fields {
        value.as_object().cloned().unwrap()
    }

    struct Case {
        kind: &'static str,
        base: Value,
        action: &'static str,
        after: Value,
        metric: (&'static str, &'static str, &'static str),
        dimensions: Value,
        points: Vec<(i64, f64)>,
        more: Value,
        threshold: f64,
    }

    /// Whether the alarm is cured, and the last value after the change.
    fn check(case: Case, cured: bool, last: f64) {
        let resource = ResourceRecord {
            arn: "arn".to_owned(),
            node: "n".to_owned(),
            resource_type: case.kind.to_owned(),
            name: "f".to_owned(),
            names: Vec::new(),
            created_at: time("2026-11-01T00:00:00Z"),
            base: fields(case.base.clone()),
            declared: fields(case.base),
            changes: vec![ChangeRecord {
                key: "k".to_owned(),
                kind: ChangeKind::Action,
                action: case.action.to_owned(),
                by: "ana".to_owned(),
                execution: None,
                before: Fields::new(),
                after: fields(case.after),
                begun_at: time("2026-11-23T10:20:00Z"),
                effective_at: time("2026-11-23T10:20:10Z"),
            }],
        };
        let (namespace, name, stat) = case.metric;
        let mut recording: Recording = serde_json::from_value(case.more).unwrap();
        let dimensions = fields(case.dimensions);
        recording.metrics.insert(
            0,
            ObservedMetric {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
                dimensions: dimensions.clone(),
                stat: stat.to_owned(),
                period: 60,
                unit: None,
                points: case.points,
            },
        );
        let alarm = AlarmRecord {
            name: "a".to_owned(),
            arn: "arn".to_owned(),
            state: "ALARM".to_owned(),
            reason: String::new(),
            updated_at: time(FIRED),
            fired_at: Some(time(FIRED)),
            incident: "inc".to_owned(),
            threshold: Some(case.threshold),
            comparison: Some("GreaterThanThreshold".to_owned()),
            namespace: Some(namespace.to_owned()),
            metric: Some(name.to_owned()),
            statistic: Some(stat.to_owned()),
            dimensions,
            transitions: Vec::new(),
        };
        let subject = Subject { resource: &resource, recording: &recording, since: time(FIRED) };
        let pace = Pace { effect_seconds: 10, alarm_seconds: 60 };
        let at = |now| cured_at(&subject, &alarm, time(FIRED), time(now), pace);
        assert_eq!(at("2026-11-23T10:20:09Z"), None, "before the effect");
        assert_eq!(at("2026-11-23T11:00:00Z"), cured.then(|| time("2026-11-23T10:21:10Z")));
        let series = &recording.metrics[0];
        let at = |now| value(&subject, series, series.points[0].1, time(now));
        assert_eq!(at("2026-11-23T10:19:00Z"), series.points[0].1, "before the change");
        let after = at("2026-11-23T10:40:00Z");
        assert!((after - last).abs() < 0.01, "{after} instead of {last}");
    }

    fn lambda(
        action: &'static str,
        after: Value,
        metric: (&'static str, &'static str, &'static str),
        observed: f64,
        threshold: f64,
    ) -> Case {
        Case {
            kind: "aws_lambda_function",
            base: json!({"timeout": 10, "memory_size": 512, "reserved_concurrent_executions": 5}),
            action,
            after,
            metric,
            dimensions: json!({"FunctionName": "f"}),
            points: (1..=10).rev().map(|minute| (minute * 60, observed)).collect(),
            more: json!({"metrics": [{"namespace": "AWS/Lambda", "name": "ConcurrentExecutions", "stat": "Maximum", "period": 60,
                "dimensions": {"FunctionName": "f"}, "points": [[60, 8.0]]}]}),
            threshold,
        }
    }

    const DURATION: (&str, &str, &str) = ("AWS/Lambda", "Duration", "Maximum");

    #[test]
    fn a_timeout_well_above_the_longest_run_cures_the_duration_alarm() {
        check(lambda("lambda_update_timeout", json!({"timeout": 30}), DURATION, 9_400.0, 9_000.0), true, 9_400.0);
    }

    #[test]
    fn a_timeout_without_margin_does_not() {
        check(lambda("lambda_update_timeout", json!({"timeout": 11}), DURATION, 9_990.0, 9_000.0), false, 11_000.0);
    }

    #[test]
    fn more_memory_shortens_a_run() {
        check(lambda("lambda_update_memory", json!({"memory_size": 1024}), DURATION, 9_400.0, 9_000.0), true, 4_700.0);
    }

    #[test]
    fn a_fixed_threshold_far_from_the_timeout_stays() {
        check(lambda("lambda_update_timeout", json!({"timeout": 30}), DURATION, 3_000.0, 2_000.0), false, 3_000.0);
    }

    #[test]
    fn errors_end_when_the_log_explains_them_by_the_timeout() {
        let errors = ("AWS/Lambda", "Errors", "Sum");
        let case = lambda("lambda_update_timeout", json!({"timeout": 30}), errors, 7.0, 0.0);
        let more = json!({
            "metrics": [{"namespace": "AWS/Lambda", "name": "Duration", "stat": "Maximum", "period": 60,
                "dimensions": {"FunctionName": "f"}, "points": [[60, 10_000.0]]}],
            "logs": [{"group": "/aws/lambda/f", "stream": "s", "secondsBefore": 5, "message": "Task timed out after 10.01 seconds"}]
        });
        check(Case { more, ..case }, true, 0.0);
        let unexplained = lambda("lambda_update_timeout", json!({"timeout": 30}), errors, 7.0, 0.0);
        check(unexplained, false, 7.0);
    }

    #[test]
    fn throttles_end_when_the_reservation_exceeds_what_was_needed() {
        let throttles = ("AWS/Lambda", "Throttles", "Sum");
        let with = |reserved: i64| {
            lambda(
                "lambda_update_reserved_concurrency",
                json!({"reserved_concurrent_executions": reserved}),
                throttles,
                40.0,
                1.0,
            )
        };
        check(with(20), true, 0.0);
        check(with(8), false, 25.0);
    }

    fn service(action: &'static str, after: Value, metric: &'static str) -> Case {
        Case {
            kind: "aws_ecs_service",
            base: json!({"desired_count": 2}),
            action,
            after,
            metric: ("AWS/ECS", metric, "Average"),
            dimensions: json!({"ClusterName": "c", "ServiceName": "f"}),
            points: vec![(120, 90.0), (60, 90.0)],
            more: json!({}),
            threshold: 80.0,
        }
    }

    #[test]
    fn load_is_shared_by_the_tasks() {
        check(service("ecs_update_desired_count", json!({"desired_count": 4}), "CPUUtilization"), true, 45.0);
        check(service("ecs_update_desired_count", json!({"desired_count": 1}), "CPUUtilization"), false, 100.0);
    }

    #[test]
    fn a_restart_frees_memory_and_not_the_processor() {
        check(service("ecs_restart_service", json!({}), "MemoryUtilization"), true, 45.0);
        check(service("ecs_restart_service", json!({}), "CPUUtilization"), false, 90.0);
    }

    #[test]
    fn a_reboot_drops_connections() {
        let case = Case {
            kind: "aws_db_instance",
            metric: ("AWS/RDS", "DatabaseConnections", "Maximum"),
            dimensions: json!({"DBInstanceIdentifier": "f"}),
            points: vec![(60, 95.0)],
            ..service("rds_reboot_instance", json!({}), "")
        };
        check(case, true, 9.0);
    }

    #[test]
    fn what_was_not_observed_stays() {
        let mut case = service("ecs_update_desired_count", json!({"desired_count": 4}), "CPUUtilization");
        case.metric.1 = "SomethingElse";
        check(case, false, 90.0);
    }
}
