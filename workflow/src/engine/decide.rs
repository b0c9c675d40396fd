//! What an execution does next, decided so that nothing else waits for it.
//!
//! Owns on which thread expressions are evaluated, and the time and chance that they are given. It makes nothing durable.

use rand::{TryRngCore, rngs::OsRng};
use statemachine::{Advance, Execution, Refused, Signal};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::block_in_place,
};

use super::Inner;

impl Inner {
    /// The first turn of an execution.
    pub(super) fn decide_first(&self, execution: &mut Execution, input: &str) -> Advance {
        apart(execution, |execution| execution.start(input, self.clock.now(), &mut chance))
    }

    /// A turn on a signal or, without one, on the passing of time.
    pub(super) fn decide(&self, execution: &mut Execution, signal: Option<Signal>) -> Result<Advance, Refused> {
        apart(execution, |execution| execution.advance(signal, self.clock.now(), &mut chance))
    }
}

/// A JSONata expression may take seconds before it is stopped: meanwhile another thread takes over what else waits for this one.
fn apart<T>(execution: &mut Execution, turn: impl FnOnce(&mut Execution) -> T) -> T {
    let others = Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
    if others && execution.evaluates_jsonata() { block_in_place(|| turn(execution)) } else { turn(execution) }
}

/// Random bits of the operating system.
#[expect(clippy::expect_used, reason = "without random bits no token is safe to give out")]
pub(super) fn chance() -> u64 {
    OsRng.try_next_u64().expect("the operating system has random bits")
}
