//! Release: what an ended execution must not leave behind.
//!
//! Owns the end of locks and rounds of an execution that was stopped, timed out or broke before it could give them back. An
//! execution that ended as it should has left nothing to release.

use std::sync::Arc;

use activities::shape::{Outcome, OutcomeKind};

use crate::embedded::{Embedded, World, blocking};
use crate::error::EdgeError;
use crate::round::Closing;

impl Embedded {
    /// Gives back every lock of an ended execution and closes its rounds; answers how many locks there were.
    ///
    /// `status` is how the engine names the end, for example `ABORTED`.
    pub async fn release(&self, execution: &str, status: &str) -> Result<usize, EdgeError> {
        let (world, execution, status) = (Arc::clone(&self.world), execution.to_owned(), status.to_owned());
        blocking(move || release(&world, &execution, &status)).await
    }
}

fn release(world: &World, execution: &str, status: &str) -> Result<usize, EdgeError> {
    let _guard = world.guard();
    let mut released = 0;
    for lock in world.account.locks()?.into_iter().filter(|lock| lock.owner == execution) {
        world.account.remove_lock(&lock.node)?;
        released += 1;
    }
    let told = format!("The execution ended as {status} before it could tell how.");
    let outcome = Outcome { kind: OutcomeKind::Broken, reason: told.clone(), error: None };
    world.approvals.close(execution, &Closing { outcome, told })?;
    Ok(released)
}
