//! Constraints: when nothing may be changed, and what never may.
//!
//! Owns maintenance windows and forbidden operations, both written by people. While a window is open somebody else works
//! on its targets, so the platform does not. The present arrives as an argument.
//!
//! ```json
//! {
//!   "maintenance_windows": [
//!     {"name": "release", "start": "2026-12-18T17:00:00Z", "end": "2026-12-18T19:00:00Z"},
//!     {"name": "nightly", "targets": ["module.database.*"],
//!      "weekly": {"days": ["sat", "sun"], "from": "22:00", "to": "06:00", "time_zone": "Europe/Stockholm"}}],
//!   "forbidden_operations": [{"action": "rds_reboot_instance", "target": "*", "reason": "..."}]
//! }
//! ```

use jiff::civil::Weekday;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Deserializer, Serialize};

use super::governance::{is_action, is_target};
use super::layer::{Document, LayerError};
use super::node::Node;
use super::policy::{Finding, Verdict};
use crate::action::ActionName;

/// The constraints layer, from all of its files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Constraints {
    /// When nothing may be changed.
    pub maintenance_windows: Vec<MaintenanceWindow>,
    /// What may never be done.
    #[serde(alias = "forbidden_ops", deserialize_with = "forbidden_operations")]
    pub forbidden_operations: Vec<ForbiddenOperation>,
}

/// A time in which certain targets may not be changed: either from `start` to `end`, or `weekly`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaintenanceWindow {
    /// What people call it.
    pub name: String,
    /// Patterns on the targets' addresses, ARNs or physical names; every target when left out.
    #[serde(default = "everything")]
    pub targets: Vec<String>,
    /// Patterns on the actions' names; every action when left out.
    #[serde(default = "everything")]
    pub actions: Vec<String>,
    /// The instant at which it opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Instant>,
    /// The instant at which it closes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Instant>,
    /// The weekly times at which it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekly: Option<Weekly>,
    /// Why, for whoever is refused.
    #[serde(default)]
    pub reason: String,
}

/// Times of certain days of each week, by the clock of a time zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weekly {
    /// The days on which it opens: `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`.
    pub days: Vec<Day>,
    /// When it opens, `HH:MM`.
    pub from: ClockTime,
    /// When it closes, `HH:MM` up to `24:00`; on the next day when it is not later than `from`.
    pub to: ClockTime,
    /// The IANA name of the time zone, for example `Europe/Stockholm`.
    pub time_zone: Zone,
}

/// Something that may never be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForbiddenOperation {
    /// A pattern on the action's name.
    pub action: String,
    /// A pattern on the target; every target when left out.
    #[serde(default = "anything")]
    pub target: String,
    /// Why, for whoever is refused.
    #[serde(default)]
    pub reason: String,
}

impl Constraints {
    /// Reads all files of the layer and puts their rules together.
    pub fn parse(documents: &[Document<'_>]) -> Result<Self, LayerError> {
        let mut whole = Self::default();
        for document in documents {
            let fail = |what: String| LayerError { file: document.name.to_owned(), what };
            let part: Self = serde_json::from_str(document.text).map_err(|error| fail(error.to_string()))?;
            for window in &part.maintenance_windows {
                window.check().map_err(|what| fail(format!("maintenance window `{}`: {what}", window.name)))?;
            }
            whole.maintenance_windows.extend(part.maintenance_windows);
            whole.forbidden_operations.extend(part.forbidden_operations);
        }
        Ok(whole)
    }

    /// Says whether an action is permitted on a node now: the first rule that stands against it, else that none does.
    pub fn permits(&self, action: ActionName, node: &Node, now: Timestamp) -> Verdict {
        Verdict::of(self.explain(action, node, now))
    }

    /// Says of every rule what it means for an action on a node now.
    pub fn explain(&self, action: ActionName, node: &Node, now: Timestamp) -> Vec<Finding> {
        let Some(service) = action.service() else { return Vec::new() };
        let windows = self.maintenance_windows.iter().map(|window| window.finding(service, action, node, now));
        let forbidden =
            self.forbidden_operations.iter().enumerate().map(|(at, rule)| rule.finding(at, service, action, node));
        forbidden.chain(windows).collect()
    }
}

impl MaintenanceWindow {
    /// Whether the window is open.
    pub fn is_open(&self, now: Timestamp) -> bool {
        match (&self.weekly, self.start, self.end) {
            (Some(weekly), ..) => weekly.is_open(now),
            (None, Some(start), Some(end)) => start.0 <= now && now < end.0,
            _ => false,
        }
    }

    fn check(&self) -> Result<(), String> {
        match (&self.weekly, self.start, self.end) {
            (Some(weekly), None, None) if weekly.days.is_empty() => {
                Err("`days` is empty, so it never opens".to_owned())
            }
            (Some(_), None, None) => Ok(()),
            (None, Some(start), Some(end)) if start < end => Ok(()),
            (None, Some(_), Some(_)) => Err("`end` is not after `start`, so it never opens".to_owned()),
            _ => Err("it needs either `start` and `end`, or `weekly`".to_owned()),
        }
    }

    fn finding(&self, service: &str, action: ActionName, node: &Node, now: Timestamp) -> Finding {
        let rule = format!("constraints.maintenance_windows `{}`", self.name);
        if !self.actions.iter().any(|pattern| is_action("*", service, pattern, action)) {
            return Finding::passes(rule, "is about other actions".to_owned());
        }
        if !self.targets.iter().any(|pattern| is_target(pattern, node)) {
            return Finding::passes(rule, "is about other targets".to_owned());
        }
        if !self.is_open(now) {
            return Finding::passes(rule, format!("is closed at {now}"));
        }
        let because = if self.reason.is_empty() { String::new() } else { format!(": {}", self.reason) };
        Finding::denies(rule, format!("the maintenance window `{}` is open{because}", self.name))
    }
}

impl Weekly {
    fn is_open(&self, now: Timestamp) -> bool {
        let local: Zoned = now.to_zoned(self.time_zone.zone.clone());
        let minute = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        let (from, to) = (self.from.minute, self.to.minute);
        let opens = |day: Weekday| self.days.iter().any(|open| open.0 == day);
        if from < to {
            return opens(local.weekday()) && (from..to).contains(&minute);
        }
        // Past midnight it is the window of the day before.
        opens(local.weekday()) && minute >= from || opens(local.weekday().previous()) && minute < to
    }
}

impl ForbiddenOperation {
    fn finding(&self, at: usize, service: &str, action: ActionName, node: &Node) -> Finding {
        let rule = format!("constraints.forbidden_operations[{at}]");
        if !is_action("*", service, &self.action, action) {
            return Finding::passes(rule, format!("is about `{}`", self.action));
        }
        if !is_target(&self.target, node) {
            return Finding::passes(rule, format!("is about `{}`", self.target));
        }
        let reason = if self.reason.is_empty() {
            format!("`{action}` is forbidden on `{}`", self.target)
        } else {
            self.reason.clone()
        };
        Finding::denies(rule, reason)
    }
}

/// An instant, written as RFC 3339 with its offset from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Instant(Timestamp);

impl TryFrom<String> for Instant {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| {
            format!("`{text}` is no instant; write it with its offset, `2026-12-18T17:00:00Z` or `...+01:00`")
        })
    }
}

impl From<Instant> for String {
    fn from(instant: Instant) -> Self {
        instant.0.to_string()
    }
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(Weekday);

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        let lower = word.to_ascii_lowercase();
        let day = DAYS.iter().find(|(short, long, _)| lower == *short || lower == *long);
        day.map(|(.., day)| Self(*day))
            .ok_or_else(|| format!("`{word}` is no day; write `mon`, `tue`, `wed`, `thu`, `fri`, `sat` or `sun`"))
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        DAYS.iter().find(|(.., known)| *known == day.0).map(|(short, ..)| (*short).to_owned()).unwrap_or_default()
    }
}

const DAYS: [(&str, &str, Weekday); 7] = [
    ("mon", "monday", Weekday::Monday),
    ("tue", "tuesday", Weekday::Tuesday),
    ("wed", "wednesday", Weekday::Wednesday),
    ("thu", "thursday", Weekday::Thursday),
    ("fri", "friday", Weekday::Friday),
    ("sat", "saturday", Weekday::Saturday),
    ("sun", "sunday", Weekday::Sunday),
];

/// A time on the clock, `00:00` to `24:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClockTime {
    minute: u16,
}

impl TryFrom<String> for ClockTime {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = |part: &str| (part.len() == 2).then(|| part.parse::<u16>().ok()).flatten();
        let parts = text.split_once(':').and_then(|(hour, minute)| Some((digits(hour)?, digits(minute)?)));
        match parts {
            Some((hour, minute)) if minute < 60 && hour * 60 + minute <= 24 * 60 => {
                Ok(Self { minute: hour * 60 + minute })
            }
            _ => Err(format!("`{text}` is no time of day; write `HH:MM`, `00:00` to `24:00`")),
        }
    }
}

impl From<ClockTime> for String {
    fn from(time: ClockTime) -> Self {
        format!("{:02}:{:02}", time.minute / 60, time.minute % 60)
    }
}

/// A time zone by its IANA name, from the database that is built in: no file is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

impl TryFrom<String> for Zone {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match TimeZoneDatabase::bundled().get(&name) {
            Ok(zone) => Ok(Self { name, zone }),
            Err(_) => Err(format!("`{name}` is no time zone; write an IANA name such as `Europe/Stockholm` or `UTC`")),
        }
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name
    }
}

/// Operations as objects, or as plain names for every target.
fn forbidden_operations<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ForbiddenOperation>, D::Error> {
    let operation = |value: serde_json::Value| match value {
        serde_json::Value::String(action) => {
            Ok(ForbiddenOperation { action, target: anything(), reason: String::new() })
        }
        other => serde_json::from_value(other)
            .map_err(|error| serde::de::Error::custom(format!("`forbidden_operations`: {error}"))),
    };
    Vec::<serde_json::Value>::deserialize(deserializer)?.into_iter().map(operation).collect()
}

fn everything() -> Vec<String> {
    vec![anything()]
}

fn anything() -> String {
    "*".to_owned()
}
