//! The embedded edge functions as the engine and a browser meet them: whole, over a directory.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail loudly")]

mod act;
mod archive;
mod collect;
mod hitl;
mod incident;
mod intake;
mod observe;
mod shop;
mod twice;
