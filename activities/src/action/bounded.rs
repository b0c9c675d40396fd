//! Whole numbers that cannot leave their bounds.
//!
//! Owns the check at the only two ways in, [`Bounded::new`] and reading JSON, so that an action that exists is within
//! bounds: also one that was stored, approved and read again.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "u32")]
pub struct Bounded<const MIN: u32, const MAX: u32>(u32);

/// A number that is out of bounds.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{value}` is out of bounds: it must be {min} to {max}")]
pub struct OutOfBounds {
    /// The number.
    pub value: i64,
    /// The least that is allowed.
    pub min: u32,
    /// The most that is allowed.
    pub max: u32,
}

impl<const MIN: u32, const MAX: u32> Bounded<MIN, MAX> {
    /// Takes a number that is within bounds.
    pub fn new(value: impl Into<i64>) -> Result<Self, OutOfBounds> {
        let value = value.into();
        let within = u32::try_from(value).ok().filter(|value| (MIN..=MAX).contains(value));
        within.map(Self).ok_or(OutOfBounds { value, min: MIN, max: MAX })
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl<const MIN: u32, const MAX: u32> TryFrom<i64> for Bounded<MIN, MAX> {
    type Error = OutOfBounds;

    fn try_from(value: i64) -> Result<Self, OutOfBounds> {
        Self::new(value)
    }
}

impl<const MIN: u32, const MAX: u32> From<Bounded<MIN, MAX>> for u32 {
    fn from(bounded: Bounded<MIN, MAX>) -> Self {
        bounded.0
    }
}

impl<const MIN: u32, const MAX: u32> fmt::Display for Bounded<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
