//! What an execution does next, decided so that nothing else waits long for it.
//!
//! Owns on which thread expressions are evaluated, and the time and chance that they are given. It makes nothing durable.

use std::{
    collections::HashSet,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

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
        self.slow.turn(execution, |execution| execution.start(input, self.clock.now(), &mut chance))
    }

    /// A turn on a signal or, without one, on the passing of time.
    pub(super) fn decide(&self, execution: &mut Execution, signal: Option<Signal>) -> Result<Advance, Refused> {
        self.slow.turn(execution, |execution| execution.advance(signal, self.clock.now(), &mut chance))
    }
}

/// The definitions of which a turn took long once: an expression may take seconds before it is stopped.
///
/// While a turn of theirs is decided, another thread takes over what else waits for this one. That costs as much as a short
/// turn does, so the others are spared it.
#[derive(Default)]
pub(super) struct Slow {
    any: AtomicBool,
    hashes: RwLock<HashSet<String>>,
}

impl Slow {
    fn turn<T>(&self, execution: &mut Execution, turn: impl FnOnce(&mut Execution) -> T) -> T {
        if self.has(&execution.definition().hash) && threads_abound() {
            return block_in_place(|| turn(execution));
        }
        let begun = Instant::now();
        let turned = turn(execution);
        if begun.elapsed() >= LONG {
            self.add(&execution.definition().hash);
        }
        turned
    }

    fn has(&self, hash: &str) -> bool {
        self.any.load(Ordering::Relaxed) && self.hashes.read().unwrap_or_else(PoisonError::into_inner).contains(hash)
    }

    fn add(&self, hash: &str) {
        let mut hashes = self.hashes.write().unwrap_or_else(PoisonError::into_inner);
        if hashes.len() >= MOST_REMEMBERED {
            hashes.clear();
        }
        hashes.insert(hash.to_owned());
        self.any.store(true, Ordering::Relaxed);
    }
}

fn threads_abound() -> bool {
    Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
}

/// Random bits of the operating system.
#[expect(clippy::expect_used, reason = "without random bits no token is safe to give out")]
pub(super) fn chance() -> u64 {
    OsRng.try_next_u64().expect("the operating system has random bits")
}

/// A turn is short when it takes less; a thread that has to wait for a core is not mistaken for one.
const LONG: Duration = Duration::from_millis(100);
/// Whoever makes that many slow definitions has them learnt again.
const MOST_REMEMBERED: usize = 10_000;
