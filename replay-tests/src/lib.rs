//! Recorded histories against the current definition and functions, and cases recorded on AWS against the engine.
//!
//! Owns the harness: reading a history as `aws stepfunctions get-execution-history` writes it, taking the answers of
//! the world from it, running the current code against them, and saying where the two part. Does not own an engine:
//! it drives the pure [`statemachine::Execution`] with the history's own clock, so a replay needs no disk and no time.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail loudly"))]

pub mod answers;
pub mod conformance;
pub mod history;
pub mod replay;

pub use history::{History, HistoryError};
pub use replay::{Agreement, Divergence, Functions, check};
