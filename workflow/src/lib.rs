//! The durable engine: journal, index, loop, timers, tasks and the Step Functions wire protocol.
//!
//! Owns all input and output of executions: what is durable, when it happens, who performs it. It does not know what a
//! definition means (that is `statemachine`) and has never heard of incidents.
//!
//! ```text
//!   StartExecution, SendTask*, StopExecution            due timers      results of tasks
//!                 |                                         |                  |
//!                 v                                         v                  v
//!          engine  ──── statemachine: advance(signal, now) ──> records, commands
//!                 |                                              |          |
//!                 |        journal: append, fdatasync  <─────────┘          |
//!                 |              |                                          |
//!                 |              └─> index: heads, names, timers            |
//!                 └──── only then ──> task: perform the commands  <─────────┘
//! ```
//!
//! INVARIANT: an effect is visible outside (an answer, an invocation, an event told to a subscriber) only after the
//! records that imply it are durable in the journal.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail loudly"))]

pub mod api;
pub mod client;
mod delivery;
pub mod engine;
mod index;
mod journal;
mod signature;
pub mod task;
