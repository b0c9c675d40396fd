//! One alarm of the embedded account: its state by the events that arrived.
//!
//! Owns the reading of an event into a state and the alarm's memory of transitions. An event that is older than what is known,
//! or that came before, changes nothing.

use activities::shape::{AlarmEvent, Fields, Transition};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One alarm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlarmRecord {
    /// The alarm's name.
    pub name: String,
    /// The alarm's ARN.
    pub arn: String,
    /// `ALARM`, `OK` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// CloudWatch's sentence on why.
    pub reason: String,
    /// When it entered this state, as the event says.
    #[serde(with = "crate::time::as_text")]
    pub updated_at: Timestamp,
    /// When the event that put it into ALARM arrived here; absent before the first.
    #[serde(default, with = "crate::time::as_optional_text")]
    pub fired_at: Option<Timestamp>,
    /// The incident that this transition is, as its execution is named.
    pub incident: String,
    /// The threshold of a metric alarm.
    #[serde(default)]
    pub threshold: Option<f64>,
    /// The comparison, for example `GreaterThanThreshold`.
    #[serde(default)]
    pub comparison: Option<String>,
    /// The metric's namespace.
    #[serde(default)]
    pub namespace: Option<String>,
    /// The metric's name.
    #[serde(default)]
    pub metric: Option<String>,
    /// The metric's statistic.
    #[serde(default)]
    pub statistic: Option<String>,
    /// The metric's dimensions.
    #[serde(default)]
    pub dimensions: Fields,
    /// The transitions, newest first.
    #[serde(default)]
    pub transitions: Vec<Transition>,
}

impl AlarmRecord {
    /// The alarm as an event shows it, after `former`; nothing when the event is not news.
    pub(crate) fn of(
        event: &AlarmEvent,
        arn: &str,
        incident: &str,
        former: Option<Self>,
        now: Timestamp,
    ) -> Option<Self> {
        let at = instant(&event.detail.state.timestamp)?;
        if former.as_ref().is_some_and(|former| former.updated_at >= at) {
            return None;
        }
        let stat = event.detail.configuration.metrics.iter().find_map(|metric| metric.metric_stat.as_ref());
        let data: Value =
            serde_json::from_str(event.detail.state.reason_data.as_deref().unwrap_or("null")).unwrap_or_default();
        let known = former.as_ref().map(|former| former.state.clone());
        let previous = known.or_else(|| event.detail.previous_state.as_ref().map(|state| state.value.clone()));
        let state = event.detail.state.value.clone();
        let mut transitions = former.as_ref().map(|former| former.transitions.clone()).unwrap_or_default();
        transitions.insert(
            0,
            Transition {
                at: at.to_string(),
                from: previous.unwrap_or_else(|| "INSUFFICIENT_DATA".to_owned()),
                to: state.clone(),
            },
        );
        transitions.truncate(MOST_TRANSITIONS);
        let fires = state == "ALARM";
        // The way back to OK belongs to the incident that the way to ALARM began.
        let before = former.filter(|_| !fires);
        let fired_at = if fires { Some(now) } else { before.as_ref().and_then(|former| former.fired_at) };
        Some(Self {
            name: event.detail.alarm_name.clone(),
            arn: arn.to_owned(),
            reason: event.detail.state.reason.clone(),
            updated_at: at,
            fired_at,
            incident: before.map_or_else(|| incident.to_owned(), |former| former.incident),
            threshold: data.get("threshold").and_then(Value::as_f64),
            comparison: None,
            namespace: stat.map(|stat| stat.metric.namespace.clone()),
            metric: stat.map(|stat| stat.metric.name.clone()),
            statistic: stat.and_then(|stat| stat.stat.clone()),
            dimensions: stat.map(|stat| stat.metric.dimensions.clone()).unwrap_or_default(),
            state,
            transitions,
        })
    }

    /// The alarm after it went OK at `at`.
    pub(super) fn cleared(mut self, at: Timestamp, reason: &str) -> Self {
        self.transitions.insert(0, Transition { at: at.to_string(), from: self.state.clone(), to: "OK".to_owned() });
        self.state = "OK".to_owned();
        self.updated_at = at;
        reason.clone_into(&mut self.reason);
        self
    }
}

/// An instant as CloudWatch writes it, `2026-11-23T10:15:30.123+0000`, or RFC 3339.
fn instant(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text).ok()?.to_timestamp().ok())
}

const MOST_TRANSITIONS: usize = 100;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(state: &str, at: &str) -> AlarmEvent {
        serde_json::from_value(json!({
            "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch", "account": "123456789012",
            "time": "2026-11-23T10:15:31Z", "region": "eu-central-1",
            "detail": {"alarmName": "a", "state": {"value": state, "timestamp": at, "reason": "r", "reasonData": "{\"threshold\": 9000.0}"}}
        }))
        .unwrap()
    }

    fn check(former: Option<&AlarmRecord>, state: &str, at: &str, now: &str) -> Option<AlarmRecord> {
        AlarmRecord::of(&event(state, at), "arn", "inc-1", former.cloned(), now.parse().unwrap())
    }

    #[test]
    fn an_event_sets_the_state_and_its_arrival() {
        let record = check(None, "ALARM", "2026-11-23T10:15:30.123+0000", "2026-11-23T10:15:32Z").unwrap();
        assert_eq!((record.state.as_str(), record.threshold), ("ALARM", Some(9000.0)));
        assert_eq!(record.updated_at.to_string(), "2026-11-23T10:15:30.123Z");
        assert_eq!(record.fired_at.unwrap().to_string(), "2026-11-23T10:15:32Z");
        let ok = check(Some(&record), "OK", "2026-11-23T10:20:00Z", "2026-11-23T10:20:01Z").unwrap();
        assert_eq!((ok.state.as_str(), ok.fired_at), ("OK", record.fired_at));
        assert_eq!(ok.transitions[0].from, "ALARM");
    }

    #[test]
    fn a_second_delivery_and_an_older_event_change_nothing() {
        let record = check(None, "ALARM", "2026-11-23T10:15:30.123+0000", "2026-11-23T10:15:32Z").unwrap();
        assert_eq!(check(Some(&record), "ALARM", "2026-11-23T10:15:30.123+0000", "2026-11-23T11:00:00Z"), None);
        assert_eq!(check(Some(&record), "OK", "2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z"), None);
    }
}
