//! What an action risks, and why.
//!
//! Owns the three levels and the rule that a level only ever rises: policy and model may raise what the catalogue says,
//! nobody lowers it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much an action risks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Risk {
    /// Small, reversible, interrupts nothing.
    Low,
    /// Interrupts or costs something, or cannot be undone.
    Medium,
    /// Interrupts production or takes capacity away.
    High,
}

impl Risk {
    fn next(self) -> Self {
        match self {
            Self::Low => Self::Medium,
            Self::Medium | Self::High => Self::High,
        }
    }
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
        })
    }
}

/// A level of risk with everything that led to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiskAssessment {
    /// The level.
    pub level: Risk,
    /// What led to it, in the order in which it was found.
    pub reasons: Vec<RiskReason>,
}

/// One thing that bears on the risk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiskReason {
    /// The level that it alone makes.
    pub level: Risk,
    /// Its name, for rules and tests.
    pub code: String,
    /// Its sentence, for people.
    pub text: String,
}

impl RiskAssessment {
    /// Starts at a level.
    pub fn at(level: Risk, code: &str, text: impl Into<String>) -> Self {
        Self { level, reasons: vec![RiskReason { level, code: code.to_owned(), text: text.into() }] }
    }

    /// Raises the level to at least `level`, and keeps the reason whether it raised it or not.
    pub fn raise(&mut self, level: Risk, code: &str, text: impl Into<String>) {
        self.level = self.level.max(level);
        self.reasons.push(RiskReason { level, code: code.to_owned(), text: text.into() });
    }

    /// Raises the level by one.
    pub fn step_up(&mut self, code: &str, text: impl Into<String>) {
        self.raise(self.level.next(), code, text);
    }
}
