//! Word that nobody waits for a job any more.
//!
//! Owns that it is heard whenever it comes, also before anybody listens.

use std::sync::Arc;

use tokio::sync::Notify;

/// Told once that a job was given up; clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct GivenUp(Arc<Notify>);

impl GivenUp {
    /// Tells the one who listens, now or later.
    pub(crate) fn give_up(&self) {
        self.0.notify_one();
    }

    /// Completes when the job was given up.
    pub(super) async fn told(&self) {
        self.0.notified().await;
    }
}
