//! Maintenance windows: times outside of which, or within which, certain targets are left alone.
//!
//! Owns what a window is about and whether it is open. That it forbids is said in Cedar by [`super`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::clock::Instant;
use super::schedule::{CronTimes, Weekly};
use crate::action::ActionName;
use crate::twin::node::Node;
use crate::twin::policy::request::is_meant;
use crate::twin::policy::words::actions;

/// A time that matters to certain targets: from `start` to `end`, `weekly`, or by `cron`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaintenanceWindow {
    /// What people call it.
    pub name: String,
    /// What it does while it is open.
    #[serde(default)]
    pub kind: WindowKind,
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
    /// The times at which it is open by a cron pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<CronTimes>,
    /// Why, for whoever is refused.
    #[serde(default)]
    pub reason: String,
}

/// What a window does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowKind {
    /// While it is open its targets are left alone: somebody else works on them, or nobody should.
    #[default]
    Freeze,
    /// Its targets are left alone except while it, or another such window of theirs, is open.
    AllowOnly,
}

/// Which windows are open at an instant, and what that means for an action on a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::twin) struct Openings {
    /// The keys of the windows that are open, whatever they are about.
    pub(in crate::twin) open: Vec<String>,
    /// Whether an open freeze is about the action on the node.
    pub(in crate::twin) frozen: bool,
    /// Whether an open allow-only window is about the action on the node.
    pub(in crate::twin) admitted: bool,
}

impl MaintenanceWindow {
    /// Whether the window is open.
    ///
    /// Where that cannot be told, because the instant is at the very end of time, it is what forbids: a freeze is open, an
    /// allow-only window is closed.
    pub fn is_open(&self, now: Timestamp) -> bool {
        match (&self.cron, &self.weekly, self.start, self.end) {
            (Some(cron), ..) => cron.is_open(now).unwrap_or(self.kind == WindowKind::Freeze),
            (None, Some(weekly), ..) => weekly.is_open(now),
            (None, None, Some(start), Some(end)) => start.0 <= now && now < end.0,
            _ => self.kind == WindowKind::Freeze,
        }
    }

    /// The first instant after `now` at which it opens; `None` where it does not open any more.
    pub fn next_opening(&self, now: Timestamp) -> Option<Timestamp> {
        match (&self.cron, &self.weekly, self.start) {
            (Some(cron), ..) => cron.next(now),
            (None, Some(weekly), _) => weekly.next(now),
            (None, None, start) => start.map(|start| start.0).filter(|start| *start > now),
        }
    }

    /// Why the window can never open, or cannot be told to.
    pub(super) fn check(&self) -> Result<(), String> {
        match (&self.cron, &self.weekly, self.start, self.end) {
            (Some(cron), None, None, None) => cron.check(),
            (None, Some(weekly), None, None) => weekly.check(),
            (None, None, Some(start), Some(end)) if start < end => Ok(()),
            (None, None, Some(_), Some(_)) => Err("`end` is not after `start`, so it never opens".to_owned()),
            _ => Err("it needs either `start` and `end`, or `weekly`, or `cron`".to_owned()),
        }
    }

    /// The actions that it is about.
    pub(super) fn actions(&self) -> Vec<ActionName> {
        let about = |action: &ActionName| self.actions.iter().any(|pattern| actions(None, pattern).contains(action));
        ActionName::ALL.into_iter().filter(about).collect()
    }

    /// Whether it is about an action on a node.
    pub fn is_about(&self, action: ActionName, node: &Node) -> bool {
        self.actions().contains(&action) && self.targets.iter().any(|pattern| is_meant(pattern, node))
    }

    /// When it is open, in words.
    pub fn times(&self) -> String {
        let text = |zone: &super::clock::Zone| zone.name().to_owned();
        match (&self.cron, &self.weekly, self.start, self.end) {
            (Some(cron), ..) => format!(
                "for {} from `{}` on, {}",
                String::from(cron.duration.clone()),
                String::from(cron.pattern.clone()),
                text(&cron.time_zone)
            ),
            (None, Some(weekly), ..) => {
                let days: Vec<String> = weekly.days.iter().map(|day| String::from(*day)).collect();
                let (from, to) = (String::from(weekly.from), String::from(weekly.to));
                format!("{} {from} to {to}, {}", days.join(", "), text(&weekly.time_zone))
            }
            (None, None, Some(start), Some(end)) => format!("{} to {}", start.0, end.0),
            _ => "never".to_owned(),
        }
    }
}

pub(super) fn everything() -> Vec<String> {
    vec![anything()]
}

pub(super) fn anything() -> String {
    "*".to_owned()
}
