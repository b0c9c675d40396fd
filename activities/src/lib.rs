//! What an incident means, pure: the seven activities, the twin, the action catalogue and approval.
//!
//! Owns the thinking functions of the incident workflow and the data that crosses it. Touches nothing: no clock, file,
//! socket, environment, thread or random source; what the world said arrives in the request, and what is wanted from
//! it leaves as data for the edge functions (package `edge`). [`shape`] lists every function with its request and
//! answer; [`call()`] runs the pure ones by name.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail loudly"))]

pub mod action;
pub mod approval;
mod call;
pub mod context;
pub mod detect;
mod error;
#[cfg(test)]
mod example;
mod facts;
pub mod observe;
mod placeholders;
pub mod playbook;
pub mod propose;
pub mod reason;
pub mod record;
pub mod shape;
pub mod text;
mod time;
mod tool;
pub mod twin;
pub mod verify;

pub use call::{EDGE_FUNCTIONS, PURE_FUNCTIONS, call};
pub use error::ActivityError;
pub use placeholders::{Placeholder, PlaceholderKind, fill, placeholders};
