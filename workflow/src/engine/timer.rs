//! Timers: wakes the executions that are due.
//!
//! Owns when the clock is looked at and how many executions are woken at once. What is due is the table's knowledge.

use std::sync::{Arc, Weak};

use tokio::sync::Semaphore;

use super::{Clock, Inner, drive::DriveError, table::Table};

/// Wakes what is due until the engine closes.
pub(super) async fn run(engine: Weak<Inner>, table: Arc<Table>, clock: Arc<dyn Clock>) {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        for number in table.take_due(clock.now(), AT_ONCE) {
            // INVARIANT: the semaphore is never closed.
            let Ok(turn) = Arc::clone(&turns).acquire_owned().await else { return };
            let Some(inner) = open(&engine) else { return };
            tokio::spawn(async move {
                match inner.drive(number, None).await {
                    Ok(()) | Err(DriveError::NotRunning) => {}
                    Err(error) => tracing::error!(
                        execution = number,
                        "a timer was lost, it is due again after a restart: {error}"
                    ),
                }
                drop(turn);
            });
        }
        let Some(due) = table.next_due() else {
            table.earlier.notified().await;
            if open(&engine).is_none() {
                return;
            }
            continue;
        };
        if due > clock.now() {
            tokio::select! {
                () = clock.sleep_until(due) => {}
                () = table.earlier.notified() => {}
            }
        }
        if open(&engine).is_none() {
            return;
        }
    }
}

/// The engine, unless it closes.
fn open(engine: &Weak<Inner>) -> Option<Arc<Inner>> {
    engine.upgrade().filter(|inner| !inner.is_closing())
}

/// How many executions are woken at once.
const AT_ONCE: usize = 256;
