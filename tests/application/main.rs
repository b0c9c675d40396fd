//! The built binary, as people and programs use it: commands, listeners, crashes.
//!
//! Owns the tests that need the whole: each starts `sao` as a process of its own, over a directory of its own, on ports that
//! the system chooses, and looks only at what a user could see. What one package does is tested in that package.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail loudly")]

mod check;
mod crash;
mod demo;
mod incident;
mod page;
mod refusal;
mod request;
mod support;
mod wire;
