//! What the embedded edge functions are configured with.
//!
//! Owns the names and defaults of their settings. These are the functions' own: no request can change them.

use std::path::{Path, PathBuf};

use activities::shape::{Mode, Role};

/// The configuration of [`crate::Embedded`].
#[derive(Clone, Debug)]
pub struct Config {
    /// The data directory; it is used by one process at a time.
    pub data_dir: PathBuf,
    /// The region of the embedded account.
    pub region: String,
    /// The twelve-digit id of the embedded account.
    pub account: String,
    /// Where people reach the approval pages, without a slash at the end.
    pub public_url: String,
    /// The mode in which `act` itself runs; it accepts the policy's decisions in mode `policy` only.
    pub mode: Mode,
    /// How many actions mode `policy` may execute by itself in an hour.
    pub automatic_per_hour: u32,
    /// Who is mailed.
    pub addresses: Addresses,
    /// The approver that is enrolled on first use.
    pub operator: String,
    /// The file of metrics, logs and changes; absent, there are none to read.
    pub observations: Option<PathBuf>,
    /// How fast the embedded account reacts.
    pub pace: Pace,
}

impl Config {
    /// A configuration for a data directory, with the defaults of the demonstration.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            region: "eu-central-1".to_owned(),
            account: "123456789012".to_owned(),
            public_url: "http://127.0.0.1:8084".to_owned(),
            mode: Mode::Ask,
            automatic_per_hour: 3,
            addresses: Addresses::default(),
            operator: "operator".to_owned(),
            observations: None,
            pace: Pace::default(),
        }
    }

    pub(crate) fn path(&self, inside: impl AsRef<Path>) -> PathBuf {
        self.data_dir.join(inside)
    }
}

/// Who is mailed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// The sender.
    pub from: String,
    /// The engineer on call.
    pub on_call: String,
    /// The manager.
    pub manager: String,
}

impl Addresses {
    /// The address of a role.
    pub fn of(&self, role: Role) -> &str {
        match role {
            Role::OnCall => &self.on_call,
            Role::Manager => &self.manager,
        }
    }
}

impl Default for Addresses {
    fn default() -> Self {
        Self {
            from: "SAO <sao@example.com>".to_owned(),
            on_call: "on-call@example.com".to_owned(),
            manager: "manager@example.com".to_owned(),
        }
    }
}

/// How fast the embedded account reacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Seconds from the beginning of a change until it is in effect.
    pub effect_seconds: u32,
    /// Seconds from the effect of a change until an alarm that it cures is OK.
    pub alarm_seconds: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self { effect_seconds: 1, alarm_seconds: 1 }
    }
}
