//! Amazon States Language, pure: definitions, executions, records and the history they project to.
//!
//! ```text
//!   text ─ definition ─► Definition ─┐
//!                                    ├─ Execution ─► records ─ history ─► events of the Step Functions API
//!   signals, time, chance ───────────┘          └──► commands
//! ```
//!
//! Owns the language and what an execution is. Does not own disks, sockets, clocks or random sources: time and chance
//! arrive as arguments, records and commands leave as values.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail loudly"))]

pub mod command;
pub mod data;
pub mod definition;
pub mod execution;
pub mod history;
pub mod items;
pub mod record;
mod retry;
mod state;
pub mod syntax;
pub mod test_state;
pub mod token;

pub use command::{
    AbortChildren, Command, InvokeTask, MapRunId, Part, ReadItems, Refused, Signal, StartChild, TaskId, WriteResults,
};
pub use definition::Definition;
pub use execution::{
    Advance, Assignment, Execution, Identity, MapRunCounts, MapRunReport, MapRunStatus, Offer, Redrive, Status,
};
pub use record::{EventId, Millis, Record};
