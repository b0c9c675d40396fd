//! Events that were dropped: counted always, told now and then.
//!
//! Owns that an operator sees every kind of loss and is not flooded.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::client::CallError;

/// The losses of one engine.
#[derive(Default)]
pub(super) struct Losses {
    total: AtomicU64,
    untold: Mutex<Untold>,
    unasked: AtomicBool,
}

#[derive(Default)]
struct Untold {
    count: u64,
    told_at: Option<Instant>,
}

impl Losses {
    /// Notes events that were dropped, and why.
    pub(super) fn count(&self, events: usize, group: &str, why: &str) {
        self.total.fetch_add(events as u64, Ordering::Relaxed);
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        untold.count += events as u64;
        if untold.told_at.is_none_or(|at| at.elapsed() >= TELL_EVERY) {
            let dropped = std::mem::take(&mut untold.count);
            untold.told_at = Some(Instant::now());
            tracing::warn!(group, dropped, "execution events are not delivered to CloudWatch Logs: {why}");
        }
    }

    /// Says, once, that nothing can be delivered at all.
    pub(super) fn nobody_to_ask(&self, error: &CallError) {
        if !self.unasked.swap(true, Ordering::Relaxed) {
            tracing::warn!("execution events are not delivered to CloudWatch Logs: {error}");
        }
    }

    /// Tells what was not told yet.
    pub(super) fn tell_all(&self) {
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        let dropped = std::mem::take(&mut untold.count);
        if dropped > 0 {
            tracing::warn!(dropped, "further execution events were not delivered to CloudWatch Logs");
        }
    }

    #[cfg(test)]
    pub(super) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }
}

/// Losses in between are added up.
const TELL_EVERY: Duration = Duration::from_secs(10);
