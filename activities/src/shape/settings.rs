//! The settings of one incident, as the machine's definition was filled with them.
//!
//! Owns their names, units and bounds. They enter the machine once, in the payload of `Detect`, so that every history
//! shows under which settings the incident ran and a replay can read them back. Owns no defaults: those stand with the
//! placeholders in [`mod@crate::placeholders`].

use serde::{Deserialize, Serialize};

/// What an incident runs under: mode, deadlines, budgets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Who decides: nobody (`shadow`), a human (`ask`), or the policy for LOW risk (`policy`).
    pub mode: Mode,
    /// Seconds from the first ask until the proposal expires.
    pub approval_seconds: u32,
    /// Seconds from the first ask until the reminder.
    pub reminder_seconds: u32,
    /// Seconds from the first ask until a manager is asked.
    pub escalation_seconds: u32,
    /// How many different people must approve a HIGH proposal: 1 or 2.
    pub high_approvals: u32,
    /// Seconds between two looks at an action that is taking effect.
    pub poll_seconds: u32,
    /// Seconds that an action may take until it is effective.
    pub effect_seconds: u32,
    /// Seconds between two observations while a change is verified.
    pub settle_seconds: u32,
    /// Seconds from the effect of a change until its verdict is final.
    pub verify_seconds: u32,
    /// True when a change that helped nothing is undone, too.
    pub undo_unchanged: bool,
    /// How many times the model may be asked in one incident.
    pub max_turns: u32,
    /// US dollars that the model may cost in one incident.
    pub max_cost_usd: f64,
    /// The budget of the context in estimated tokens.
    pub context_tokens: u32,
    /// The Bedrock model or inference profile; `none` leaves the reasoning to the rules.
    pub model_id: String,
    /// How many actions the `policy` mode may execute by itself in an hour.
    pub automatic_per_hour: u32,
    /// The prefix of the platform's own alarms, which never become incidents.
    pub platform_prefix: String,
}

impl Settings {
    /// Reports every setting that is out of bounds, in the words of its placeholder.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut within = |name: &str, value: u32, low: u32, high: u32| {
            if !(low..=high).contains(&value) {
                problems.push(format!("`{name}` is `{value}` and must be {low} to {high}"));
            }
        };
        within("approval_seconds", self.approval_seconds, 3, 30 * 86_400);
        within("reminder_seconds", self.reminder_seconds, 1, 30 * 86_400);
        within("escalation_seconds", self.escalation_seconds, 2, 30 * 86_400);
        within("high_approvals", self.high_approvals, 1, 2);
        within("poll_seconds", self.poll_seconds, 1, 3_600);
        within("effect_seconds", self.effect_seconds, 1, 86_400);
        within("settle_seconds", self.settle_seconds, 1, 3_600);
        within("verify_seconds", self.verify_seconds, 1, 86_400);
        within("max_turns", self.max_turns, 1, 6);
        within("context_tokens", self.context_tokens, 1_000, 9_000);
        within("automatic_per_hour", self.automatic_per_hour, 0, 1_000);
        if !(self.max_cost_usd.is_finite() && self.max_cost_usd >= 0.0) {
            problems.push(format!("`max_cost_usd` is `{}` and must be 0 or more", self.max_cost_usd));
        }
        if !(self.reminder_seconds < self.escalation_seconds && self.escalation_seconds < self.approval_seconds) {
            problems.push("`reminder_seconds`, `escalation_seconds` and `approval_seconds` must rise".to_owned());
        }
        if self.platform_prefix.is_empty() {
            problems.push("`platform_prefix` is empty and would make every alarm the platform's own".to_owned());
        }
        problems
    }

    /// Says whether a model is configured at all.
    pub fn has_model(&self) -> bool {
        !self.model_id.is_empty() && self.model_id != "none"
    }
}

/// Who decides about a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Nothing is executed; the proposal is recorded and told.
    Shadow,
    /// A human decides about every proposal.
    Ask,
    /// LOW proposals of a model execute by themselves within an hourly limit; a human decides about the rest.
    Policy,
}
