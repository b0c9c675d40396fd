//! What has become of an action: whether AWS has taken it up.
//!
//! Owns the words of the answer. Whether the action helped is verify's to say.

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
