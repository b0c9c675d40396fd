//! Alarms: one, its former transitions, and all that fire.

use activities::shape::{ActiveAlarmsAnswer, AlarmAnswer, AlarmHistoryAnswer, Transition};
use aws_sdk_cloudwatch::types::{AlarmType, CompositeAlarm, HistoryItemType, MetricAlarm, ScanBy, StateValue};
use jiff::Timestamp;
use serde_json::Value;

use super::super::Aws;
use super::super::failure::failed;
use super::super::instant::{date_time, text};
use crate::error::EdgeError;

/// One alarm's present state, be it of a metric or composite.
pub(in crate::aws) async fn alarm(aws: &Aws, name: &str) -> Result<AlarmAnswer, EdgeError> {
    let call = aws.cloudwatch().describe_alarms().alarm_names(name);
    let call = call.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
    let found = call.send().await.map_err(|error| failed("cloudwatch:DescribeAlarms", &error))?;
    let metric = found.metric_alarms().first().map(of_metric);
    let composite = || found.composite_alarms().first().map(of_composite);
    metric.or_else(composite).ok_or_else(|| EdgeError::new("Sao.NotFound", format!("no alarm `{name}` is known")))
}

/// One alarm's former transitions, newest first.
pub(super) async fn history(
    aws: &Aws,
    name: &str,
    from: Timestamp,
    to: Timestamp,
    limit: u32,
) -> Result<AlarmHistoryAnswer, EdgeError> {
    let call =
        aws.cloudwatch().describe_alarm_history().alarm_name(name).history_item_type(HistoryItemType::StateUpdate);
    let call = call.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
    let call = call.start_date(date_time(from)).end_date(date_time(to)).scan_by(ScanBy::TimestampDescending);
    let most = i32::try_from(limit.clamp(1, PAGE)).unwrap_or(1);
    let found =
        call.max_records(most).send().await.map_err(|error| failed("cloudwatch:DescribeAlarmHistory", &error))?;
    let transitions = found.alarm_history_items().iter().filter_map(|item| {
        let data: Value = serde_json::from_str(item.history_data()?).ok()?;
        let state = |name: &str| {
            data.pointer(&format!("/{name}/stateValue")).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        Some(Transition { at: text(item.timestamp()), from: state("oldState"), to: state("newState") })
    });
    Ok(AlarmHistoryAnswer { transitions: transitions.collect() })
}

/// The alarms that are in ALARM, newest transition first.
pub(super) async fn active(aws: &Aws, limit: u32) -> Result<ActiveAlarmsAnswer, EdgeError> {
    let mut alarms = Vec::new();
    let mut token: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let call = aws.cloudwatch().describe_alarms().state_value(StateValue::Alarm).set_next_token(token);
        let call = call.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
        let found = call.send().await.map_err(|error| failed("cloudwatch:DescribeAlarms", &error))?;
        alarms.extend(found.metric_alarms().iter().map(of_metric));
        alarms.extend(found.composite_alarms().iter().map(of_composite));
        token = found.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    // Instants are written alike, so that the order of the texts is that of time.
    alarms.sort_by(|one: &AlarmAnswer, other| other.updated_at.cmp(&one.updated_at));
    alarms.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(ActiveAlarmsAnswer { alarms })
}

fn of_metric(alarm: &MetricAlarm) -> AlarmAnswer {
    let dimensions = alarm.dimensions().iter();
    AlarmAnswer {
        name: alarm.alarm_name().unwrap_or_default().to_owned(),
        arn: alarm.alarm_arn().unwrap_or_default().to_owned(),
        state: alarm.state_value().map_or("INSUFFICIENT_DATA", |state| state.as_str()).to_owned(),
        reason: alarm.state_reason().unwrap_or_default().to_owned(),
        updated_at: text(alarm.state_transitioned_timestamp().or(alarm.state_updated_timestamp())),
        threshold: alarm.threshold(),
        comparison: alarm.comparison_operator().map(|operator| operator.as_str().to_owned()),
        namespace: alarm.namespace().map(str::to_owned),
        metric: alarm.metric_name().map(str::to_owned),
        dimensions: dimensions.filter_map(|one| Some((one.name()?.to_owned(), one.value()?.into()))).collect(),
    }
}

fn of_composite(alarm: &CompositeAlarm) -> AlarmAnswer {
    AlarmAnswer {
        name: alarm.alarm_name().unwrap_or_default().to_owned(),
        arn: alarm.alarm_arn().unwrap_or_default().to_owned(),
        state: alarm.state_value().map_or("INSUFFICIENT_DATA", |state| state.as_str()).to_owned(),
        reason: alarm.state_reason().unwrap_or_default().to_owned(),
        updated_at: text(alarm.state_transitioned_timestamp().or(alarm.state_updated_timestamp())),
        ..AlarmAnswer::default()
    }
}

/// What DescribeAlarmHistory gives at once.
const PAGE: u32 = 100;
/// A storm of more alarms is told by its newest pages.
const MOST_PAGES: usize = 5;
