//! What was observed of the world around an alarm: metrics, log lines, changes, and what followed a fix, as files tell them.
//!
//! Times are seconds before the alarm, or after a change, so that a recorded incident can happen at any time. Owns the files'
//! form. Does not own what became of an incident here: that is `aftermath`'s and `simulation`'s.

use std::path::Path;

use activities::shape::Fields;
use serde::Deserialize;
use serde_json::Value;

use crate::error::FileError;
use crate::files;

/// The observations around one alarm.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recording {
    /// The alarm's name; without one, the times count from the latest alarm.
    #[serde(default)]
    pub alarm: Option<String>,
    /// Metric series.
    #[serde(default)]
    pub metrics: Vec<ObservedMetric>,
    /// Log lines.
    #[serde(default)]
    pub logs: Vec<ObservedLog>,
    /// Changes of resources.
    #[serde(default)]
    pub changes: Vec<ObservedChange>,
    /// What follows a change of the alarmed resource; the first entry that applies counts.
    #[serde(default)]
    pub after: Vec<Aftermath>,
}

/// One metric series.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ObservedMetric {
    /// The namespace.
    pub namespace: String,
    /// The metric's name.
    pub name: String,
    /// The dimensions by name.
    #[serde(default)]
    pub dimensions: Fields,
    /// The statistic, for example `Maximum` or `p99`.
    pub stat: String,
    /// The period in seconds.
    pub period: u32,
    /// The unit.
    #[serde(default)]
    pub unit: Option<String>,
    /// Seconds before the alarm, or after the change, and the value.
    pub points: Vec<(i64, f64)>,
}

/// One log line.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObservedLog {
    /// The log group.
    pub group: String,
    /// Seconds before the alarm.
    pub seconds_before: i64,
    /// The text.
    pub message: String,
}

/// One change of a resource.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObservedChange {
    /// The physical name of the resource; `cluster/service` for an ECS service.
    pub resource: String,
    /// Seconds before the alarm.
    pub seconds_before: i64,
    /// The API action.
    pub event: String,
    /// Who.
    #[serde(default)]
    pub actor: String,
    /// What was changed, in a few words.
    #[serde(default)]
    pub summary: String,
}

/// What follows a change once it is in effect.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Aftermath {
    /// When this entry applies.
    pub when: When,
    /// Whether the alarm recovers.
    pub outcome: AftermathOutcome,
    /// The metrics; points count seconds after the change.
    #[serde(default)]
    pub metrics: Vec<ObservedMetric>,
}

/// When an aftermath applies.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum When {
    /// A setting of the target is at least, or at most, a number.
    Parameter {
        /// The setting's name.
        parameter: String,
        /// The least value.
        #[serde(default, rename = "atLeast")]
        at_least: Option<f64>,
        /// The greatest value.
        #[serde(default, rename = "atMost")]
        at_most: Option<f64>,
    },
    /// An action was executed.
    Action {
        /// The action's name.
        action: String,
    },
    /// Always.
    Otherwise {
        /// Always true.
        otherwise: bool,
    },
}

/// What becomes of the alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AftermathOutcome {
    /// It is OK again.
    Recovered,
    /// It stays.
    Unchanged,
}

impl Recording {
    /// Reads the recordings of a file, or of every `.json` file in a directory.
    pub(super) fn load(path: &Path) -> Result<Vec<Self>, FileError> {
        let paths = if path.is_dir() { files::list(path, "json")? } else { vec![path.to_owned()] };
        let missing =
            |path: &Path| FileError::Broken { path: path.to_owned(), problem: "it does not exist".to_owned() };
        paths.iter().map(|path| files::read_json(path)?.ok_or_else(|| missing(path))).collect()
    }

    /// The highest value of a metric in any of its maximum series for a resource of these dimensions.
    pub(super) fn highest(&self, name: &str, dimension: &str, resource: &str) -> Option<f64> {
        self.metrics
            .iter()
            .filter(|series| series.name == name && series.stat.eq_ignore_ascii_case("maximum"))
            .filter(|series| series.dimensions.get(dimension).and_then(Value::as_str) == Some(resource))
            .flat_map(|series| series.points.iter().map(|(_, value)| *value))
            .reduce(f64::max)
    }

    /// Whether a log line of the group holds one of the words.
    pub(super) fn logged(&self, group: &str, words: &[&str]) -> bool {
        self.logs.iter().any(|line| line.group == group && words.iter().any(|word| line.message.contains(word)))
    }
}

impl ObservedChange {
    /// Whether it is a change of the resource of this name, with or without its cluster.
    pub fn is_of(&self, name: &str) -> bool {
        self.resource == name || self.resource.rsplit('/').next() == Some(name)
    }
}

/// The series of a metric with this statistic.
pub(super) fn series<'a>(
    all: &'a [ObservedMetric],
    namespace: &str,
    name: &str,
    dimensions: &Fields,
    statistic: &str,
) -> Option<&'a ObservedMetric> {
    all.iter().find(|series| {
        series.namespace == namespace
            && series.name == name
            && series.stat.eq_ignore_ascii_case(statistic)
            && series.dimensions.len() == dimensions.len()
            && dimensions.iter().all(|(key, value)| series.dimensions.get(key) == Some(value))
    })
}
