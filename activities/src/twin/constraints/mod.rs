//! Constraints: when nothing may be changed, and what never may.
//!
//! Owns maintenance windows and forbidden operations, both written by people, and says in Cedar what they mean. The present
//! arrives as an argument.
//!
//! A window is a `freeze`, during which its targets are left alone, or `allow_only`, outside of which they are. Of several
//! allow-only windows about the same target one that is open suffices; a freeze wins over them. It is given by `start` and
//! `end`, `weekly`, or by `cron` with a duration; see [`CronTimes`] for what clocks that are put forward and back do to it. A
//! window that can never open breaks the layer.
//!
//! ```json
//! {
//!   "maintenance_windows": [
//!     {"name": "release", "start": "2026-12-18T17:00:00Z", "end": "2026-12-18T19:00:00Z"},
//!     {"name": "nightly", "targets": ["module.database.*"],
//!      "weekly": {"days": ["sat", "sun"], "from": "22:00", "to": "06:00", "time_zone": "Europe/Stockholm"}},
//!     {"name": "second saturday", "kind": "allow_only", "targets": ["module.ledger.*"],
//!      "cron": {"pattern": "0 22 * * SAT#2", "duration": "4h", "time_zone": "Europe/Stockholm"}}],
//!   "forbidden_operations": [{"action": "rds_reboot_instance", "target": "*", "reason": "..."}]
//! }
//! ```

mod clock;
mod schedule;
mod window;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

pub use clock::{ClockTime, Day, Instant, Length, Zone};
pub use schedule::{CronTimes, Pattern, Weekly};
pub(in crate::twin) use window::Openings;
pub use window::{MaintenanceWindow, WindowKind};

use super::layer::{Document, LayerProblem};
use super::node::Node;
use super::policy::rule::{self, Because, Draft, Effect, Rule};
use super::policy::words::{actions, any_target, quoted, scope};
use crate::action::ActionName;

/// The constraints layer, from all of its files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Constraints {
    /// The windows.
    pub maintenance_windows: Vec<MaintenanceWindow>,
    /// What may never be done.
    pub forbidden_operations: Vec<ForbiddenOperation>,
    /// By what each window is known to rules: its name, made unique.
    keys: Vec<String>,
    pub(super) rules: Vec<Rule>,
    pub(super) warnings: Vec<LayerProblem>,
}

/// The JSON form of one file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Form {
    maintenance_windows: Vec<MaintenanceWindow>,
    #[serde(alias = "forbidden_ops", deserialize_with = "forbidden_operations")]
    forbidden_operations: Vec<ForbiddenOperation>,
}

/// Something that may never be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForbiddenOperation {
    /// A pattern on the action's name.
    pub action: String,
    /// A pattern on the target; every target when left out.
    #[serde(default = "window::anything")]
    pub target: String,
    /// Why, for whoever is refused.
    #[serde(default)]
    pub reason: String,
}

impl Constraints {
    /// Reads all files of the layer and puts their rules together; all that is wrong with them at once.
    pub fn parse(documents: &[Document<'_>]) -> Result<Self, Vec<LayerProblem>> {
        let (mut whole, mut problems) = (Self::default(), Vec::new());
        let (mut of_window, mut of_operation) = (Vec::new(), Vec::new());
        for document in documents {
            let form: Form = match read(document) {
                Ok(form) => form,
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            };
            for window in &form.maintenance_windows {
                if let Err(what) = window.check() {
                    let what = format!("maintenance window `{}`: {what}", window.name);
                    problems.push(LayerProblem::new(document.name, None, what));
                }
            }
            of_window.extend(form.maintenance_windows.iter().map(|_| document.name.to_owned()));
            of_operation.extend(form.forbidden_operations.iter().map(|_| document.name.to_owned()));
            whole.maintenance_windows.extend(form.maintenance_windows);
            whole.forbidden_operations.extend(form.forbidden_operations);
        }
        whole.keys = keys(&whole.maintenance_windows);
        let drafts = whole.drafts(&of_window, &of_operation).into_iter();
        let (rules, refused): (Vec<_>, Vec<_>) = drafts.map(rule::of_draft).partition(Result::is_ok);
        problems.extend(refused.into_iter().filter_map(Result::err));
        if !problems.is_empty() {
            return Err(problems);
        }
        let checked = rule::checked(rules.into_iter().flatten().collect())?;
        Ok(Self { rules: checked.rules, warnings: checked.warnings, ..whole })
    }

    /// Which windows are open, and what that means for an action on a node.
    pub(super) fn openings(&self, action: ActionName, node: &Node, now: Timestamp) -> Openings {
        let mut openings = Openings::default();
        for (window, key) in self.maintenance_windows.iter().zip(&self.keys).filter(|(window, _)| window.is_open(now)) {
            openings.open.push(key.clone());
            if window.is_about(action, node) {
                openings.frozen |= window.kind == WindowKind::Freeze;
                openings.admitted |= window.kind == WindowKind::AllowOnly;
            }
        }
        openings
    }

    /// Windows that do not open any more.
    pub(super) fn over(&self, now: Timestamp) -> Vec<&str> {
        let over = |window: &&MaintenanceWindow| !window.is_open(now) && window.next_opening(now).is_none();
        self.maintenance_windows.iter().filter(over).map(|window| window.name.as_str()).collect()
    }

    /// What whoever is refused by a window is told.
    pub(super) fn sentence(&self, window: usize, now: Timestamp) -> String {
        let Some(window) = self.maintenance_windows.get(window) else { return String::new() };
        let because = if window.reason.is_empty() { String::new() } else { format!(": {}", window.reason) };
        match window.kind {
            WindowKind::Freeze => format!("the maintenance window `{}` is open{because}", window.name),
            WindowKind::AllowOnly => {
                let next = window.next_opening(now).map_or_else(
                    || "and does not open any more".to_owned(),
                    |next| format!("and opens next at {next}"),
                );
                format!("changes are for the maintenance window `{}`, which is closed {next}{because}", window.name)
            }
        }
    }

    /// The rules: forbidden operations, then windows.
    fn drafts(&self, of_window: &[String], of_operation: &[String]) -> Vec<Draft> {
        let operations = self.forbidden_operations.iter().zip(of_operation).enumerate();
        let operations = operations.map(|(at, (operation, file))| operation.draft(at, file));
        let windows = self.maintenance_windows.iter().zip(&self.keys).zip(of_window).enumerate();
        operations.chain(windows.map(|(at, ((window, key), file))| draft(at, window, key, file))).collect()
    }
}

fn read(document: &Document<'_>) -> Result<Form, LayerProblem> {
    if document.is_cedar() {
        let what = "constraints are written in JSON; Cedar policies belong into the governance layer";
        return Err(LayerProblem::new(document.name, None, what));
    }
    document.json()
}

/// The names of windows, each once: the second `release` is `release (2)`.
fn keys(windows: &[MaintenanceWindow]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for window in windows {
        let numbered = (2..).map(|number| format!("{} ({number})", window.name));
        let mut names = std::iter::once(window.name.clone()).chain(numbered);
        keys.extend(names.find(|name| !keys.contains(name)));
    }
    keys
}

fn draft(at: usize, window: &MaintenanceWindow, key: &str, file: &str) -> Draft {
    let about = window.actions();
    let targets = any_target(&window.targets);
    let cedar = || {
        let scope = scope("forbid", &about, None);
        let about_targets = targets.as_ref().map(|targets| format!("{targets} && ")).unwrap_or_default();
        match window.kind {
            WindowKind::Freeze => {
                format!("{scope}\nwhen {{ {about_targets}context.windows.open.contains({}) }};", quoted(key))
            }
            WindowKind::AllowOnly => {
                let when = targets.as_ref().map(|targets| format!("\nwhen {{ {targets} }}")).unwrap_or_default();
                format!("{scope}{when}\nunless {{ context.windows.admitted }};")
            }
        }
    };
    let what = format!("`{}` on `{}`", window.actions.join("`, `"), window.targets.join("`, `"));
    let says = match window.kind {
        WindowKind::Freeze => format!("denies {what} during the window `{}`: {}", window.name, window.times()),
        WindowKind::AllowOnly => format!("denies {what} outside of the window `{}`: {}", window.name, window.times()),
    };
    Draft {
        name: format!("constraints.maintenance_windows `{key}`"),
        file: file.to_owned(),
        effect: Effect::Forbid,
        says,
        because: Because::Window(at),
        cedar: (!about.is_empty() && !window.targets.is_empty()).then(cedar),
    }
}

impl ForbiddenOperation {
    fn draft(&self, at: usize, file: &str) -> Draft {
        let about = actions(None, &self.action);
        let says = format!("forbids `{}` on `{}`", self.action, self.target);
        let why = if self.reason.is_empty() { String::new() } else { format!(": {}", self.reason) };
        let because = if self.reason.is_empty() { says.clone() } else { self.reason.clone() };
        Draft {
            name: format!("constraints.forbidden_operations[{at}]"),
            file: file.to_owned(),
            effect: Effect::Forbid,
            says: format!("{says}{why}"),
            because: Because::Said(because),
            cedar: (!about.is_empty()).then(|| format!("{};", scope("forbid", &about, Some(&self.target)))),
        }
    }
}

/// Operations as objects, or as plain names for every target.
fn forbidden_operations<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ForbiddenOperation>, D::Error> {
    let operation = |value: serde_json::Value| match value {
        serde_json::Value::String(action) => {
            Ok(ForbiddenOperation { action, target: window::anything(), reason: String::new() })
        }
        other => serde_json::from_value(other)
            .map_err(|error| serde::de::Error::custom(format!("`forbidden_operations`: {error}"))),
    };
    Vec::<serde_json::Value>::deserialize(deserializer)?.into_iter().map(operation).collect()
}

#[cfg(test)]
mod tests;
