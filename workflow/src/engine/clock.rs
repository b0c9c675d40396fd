//! The engine's clock: real time that never runs backwards, or time that a test moves by hand.
//!
//! Owns the only reading of time in this package. It does not decide what is due.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures::future::BoxFuture;
use statemachine::Millis;
use tokio::sync::watch;

/// Where the engine takes the time from.
pub trait Clock: Send + Sync + 'static {
    /// Now, never earlier than what it answered before.
    fn now(&self) -> Millis;

    /// Completes when [`Clock::now`] may have reached `time`; it may complete early, the caller looks again.
    fn sleep_until(&self, time: Millis) -> BoxFuture<'static, ()>;
}

/// The machine's clock, held still while the machine sets it back.
#[derive(Debug, Default)]
pub struct SystemClock {
    latest: AtomicI64,
}

impl Clock for SystemClock {
    fn now(&self) -> Millis {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as Millis);
        wall.max(self.latest.fetch_max(wall, Ordering::Relaxed))
    }

    fn sleep_until(&self, time: Millis) -> BoxFuture<'static, ()> {
        let wait = Duration::from_millis(time.saturating_sub(self.now()).max(0).unsigned_abs());
        Box::pin(tokio::time::sleep(wait.min(LONGEST_SLEEP)))
    }
}

/// A clock that stands still until it is moved; clones are the same clock.
#[derive(Debug, Clone)]
pub struct ManualClock {
    time: Arc<watch::Sender<Millis>>,
}

impl ManualClock {
    /// A clock that shows `time`.
    #[must_use]
    pub fn at(time: Millis) -> Self {
        Self { time: Arc::new(watch::Sender::new(time)) }
    }

    /// Moves the clock forward by so many milliseconds.
    pub fn advance(&self, millis: Millis) {
        self.time.send_modify(|time| *time += millis.max(0));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Millis {
        *self.time.borrow()
    }

    fn sleep_until(&self, time: Millis) -> BoxFuture<'static, ()> {
        let mut seen = self.time.subscribe();
        Box::pin(async move {
            // A dropped clock never moves again: sleep forever.
            if seen.wait_for(|now| *now >= time).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

/// Sleeps are cut, so that a machine whose wall clock is set forward, or that was suspended, notices within this time.
const LONGEST_SLEEP: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_never_runs_backwards() {
        let clock = SystemClock::default();
        let future = clock.now() + 1_000_000;
        clock.latest.store(future, Ordering::Relaxed);
        assert_eq!(clock.now(), future);
    }

    #[tokio::test]
    async fn a_manual_clock_wakes_its_sleepers_when_it_is_moved() {
        let clock = ManualClock::at(5);
        let sleeper = tokio::spawn(clock.sleep_until(10));
        clock.advance(4);
        assert!(!sleeper.is_finished());
        clock.advance(1);
        sleeper.await.unwrap();
        assert_eq!(clock.now(), 10);
    }
}
