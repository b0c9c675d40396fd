//! The kill switch: one file whose presence stops all execution.
//!
//! A person can make it with any tool (`touch DATA/kill-switch`); its text is the reason. A switch that cannot be read counts
//! as engaged.

use activities::shape::KillSwitchAnswer;

use crate::embedded::World;
use crate::error::EdgeError;
use crate::files::{self, Privacy};

/// Whether execution is stopped, and why.
pub(crate) fn read(world: &World) -> KillSwitchAnswer {
    match files::read(&world.config.path(FILE)) {
        Ok(None) => KillSwitchAnswer { engaged: false, reason: None },
        Ok(Some(text)) => {
            let reason = String::from_utf8_lossy(&text).trim().to_owned();
            KillSwitchAnswer { engaged: true, reason: Some(reason).filter(|reason| !reason.is_empty()) }
        }
        Err(error) => KillSwitchAnswer { engaged: true, reason: Some(error.to_string()) },
    }
}

/// Engages the switch with a reason, or releases it.
pub(crate) fn set(world: &World, reason: Option<&str>) -> Result<(), EdgeError> {
    let path = world.config.path(FILE);
    match reason {
        Some(reason) => Ok(files::replace(&path, format!("{reason}\n").as_bytes(), Privacy::Shared)?),
        None => Ok(files::remove(&path)?),
    }
}

const FILE: &str = "kill-switch";
