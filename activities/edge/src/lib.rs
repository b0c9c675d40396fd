//! The functions that touch the world: embedded in one process, or AWS.
//!
//! Owns every file, clock and random number of the incident platform outside of the engine. What an alarm, a proposal or a
//! decision means is package `activities`'; how an execution runs is `workflow`'s: they meet here only as JSON and as the two
//! traits [`Starter`] and [`Completer`], which the application implements over the engine.
//!
//! | function | embedded |
//! |---|---|
//! | `intake` | [`Embedded::intake`]: alarm event to execution |
//! | `observe`, `infer`, `notify`, `act`, `remember` | [`Embedded::call`]: the machine's tasks |
//! | `collect` | [`Embedded::collect`]: state files to topology and account |
//! | `hitl` | [`Embedded::approval_page`], [`Embedded::decide`] |
//! | `archive` | [`Embedded::archive`] |
//! | (end of an execution) | [`Embedded::release`]: locks and rounds that it left |
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail loudly"))]

pub mod account;
mod act;
mod approvals;
pub mod approvers;
mod archive;
#[cfg(feature = "aws")]
pub mod aws;
mod clock;
mod collect;
mod config;
mod embedded;
mod error;
mod files;
mod hitl;
mod infer;
mod intake;
mod keys;
mod kill_switch;
mod mailbox;
mod notify;
mod observe;
mod policy;
mod precedents;
mod release;
mod remember;
mod round;
mod time;
mod topology_file;
pub mod twin_dir;

pub use archive::ChainLine;
pub use clock::{Clock, ManualClock, SystemClock};
pub use collect::{Collected, Progress, is_remote};
pub use config::{Addresses, Config, Pace};
pub use embedded::{Answer, CompleteError, Completer, Embedded, Started, Starter};
pub use error::{EdgeError, FileError};
pub use hitl::{Browser, DecideError, Form};
pub use intake::Taken;
pub use round::RoundRecord;
