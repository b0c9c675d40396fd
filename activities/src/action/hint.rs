//! How one sees what has become of an action: whether AWS has taken it up, and whether it helped.
//!
//! Owns the words of both answers. Owns no verdict on the incident: that is verify's.

use serde::{Deserialize, Serialize};

/// What has become of an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Effect {
    /// The resource is as the action wants it.
    Effective,
    /// The resource is on its way.
    InProgress {
        /// What is awaited.
        waits_for: String,
    },
    /// AWS gave up, or something else changed the resource.
    Failed {
        /// Why.
        reason: String,
    },
}

impl Effect {
    pub(super) fn in_progress(waits_for: impl Into<String>) -> Self {
        Self::InProgress { waits_for: waits_for.into() }
    }

    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Self::Failed { reason: reason.into() }
    }
}

/// How one sees that an action helped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyHint {
    /// The metrics that should move, most telling first.
    pub expectations: Vec<Expectation>,
    /// Seconds until a metric can show the change.
    pub settle_seconds: u32,
    /// Seconds after which a change that has not helped will not help any more.
    pub deadline_seconds: u32,
}

/// A metric and the direction in which it should move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The namespace.
    pub namespace: String,
    /// The metric.
    pub metric: String,
    /// The statistic.
    pub statistic: String,
    /// Where it should go.
    pub direction: Direction,
}

/// Where a metric should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Down.
    Falls,
    /// Up.
    Rises,
    /// Not up: it shows harm, not success.
    DoesNotRise,
}

/// Builds a hint from rows of metric, statistic and direction in one namespace.
pub(super) fn hint(
    namespace: &str,
    rows: &[(&str, &str, Direction)],
    settle_seconds: u32,
    deadline_seconds: u32,
) -> VerifyHint {
    let expectation = |&(metric, statistic, direction): &(&str, &str, Direction)| Expectation {
        namespace: namespace.to_owned(),
        metric: metric.to_owned(),
        statistic: statistic.to_owned(),
        direction,
    };
    VerifyHint { expectations: rows.iter().map(expectation).collect(), settle_seconds, deadline_seconds }
}
