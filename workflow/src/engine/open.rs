//! Opening and closing: the lock, the recovery, the return of what was in flight.
//!
//! Owns the order in which the parts come up and go down. How a journal is read back is `journal`'s, what an index is worth
//! is `index`'s.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tokio::sync::Semaphore;

use super::{
    Config, Engine, Inner,
    activity::Activities,
    arn::Naming,
    drive::DriveError,
    error::{ApiError, OpenError},
    machine::Machines,
    table::Table,
    timer,
};
use crate::{
    api::OwnService,
    delivery::Delivery,
    index::{Index, IndexError, KinRow},
    journal::{
        AppendError, Journal, JournalError, Unread,
        entry::{ExecutionId, Head, Offset},
    },
    task::items,
};

impl Engine {
    /// Opens a data directory, brings back what runs in it, and starts the loop. Needs a tokio runtime.
    ///
    /// # Errors
    /// The directory is in use, cannot be read or written, or its journal is damaged.
    pub async fn open(config: Config) -> Result<Self, OpenError> {
        let opened = tokio::task::spawn_blocking(move || Inner::open(config)).await;
        let (inner, in_flight) =
            opened.map_err(|panic| OpenError::Damaged(format!("the engine could not be opened: {panic}")))??;
        let inner = Arc::new(inner);
        let engine = Self { inner: Arc::clone(&inner) };
        let own = OwnService::new(&engine, Arc::clone(&inner.clock));
        inner.functions.services().bind(Arc::new(own));
        tokio::spawn(timer::run(Arc::downgrade(&inner), Arc::clone(&inner.table), Arc::clone(&inner.clock)));
        tokio::spawn(inner.resume(in_flight));
        Ok(engine)
    }

    /// Stops taking work, makes everything durable and leaves the mark of a clean stop. Calls in flight are made again when
    /// the directory is opened the next time.
    pub async fn shutdown(&self) {
        let inner = Arc::clone(&self.inner);
        inner.closing.store(true, Ordering::SeqCst);
        inner.table.earlier.notify_one();
        inner.delivery.close().await;
        let closed = tokio::task::spawn_blocking(move || {
            inner.journal.close();
            inner.index.close();
            inner.dismiss();
            if let Ok(mut lock) = inner.lock.lock() {
                lock.take();
            }
        });
        if let Err(panic) = closed.await {
            tracing::error!("the engine did not shut down cleanly: {panic}");
        }
    }

    /// Why the engine takes no more work, if so; what it acknowledged is safe.
    #[must_use]
    pub fn stopped(&self) -> Option<String> {
        self.inner.stopped()
    }

    /// How many executions run, and how many of them are in memory.
    #[must_use]
    pub fn running(&self) -> (usize, usize) {
        self.inner.table.count()
    }
}

impl Inner {
    /// Answers the engine and what was in flight.
    fn open(config: Config) -> Result<(Self, InFlight), OpenError> {
        let Config { data_dir, region, account, functions, objects, clock } = config;
        fs::create_dir_all(&data_dir).map_err(|source| OpenError::Io { path: data_dir.clone(), source })?;
        let lock = lock(&data_dir)?;
        let (journal, index) = match recover(&data_dir) {
            // sled may come back with less than it had; what is left is worth nothing then.
            Err(Trouble::Index(error)) => {
                tracing::warn!("the index is rebuilt: {error}");
                Index::distrust(&data_dir).map_err(|source| OpenError::Io { path: data_dir.clone(), source })?;
                recover(&data_dir)
            }
            recovered => recovered,
        }
        .map_err(|trouble| trouble.into_open_error(&data_dir))?;

        let services = functions.services().clone();
        let table = Table::new();
        let mut busy = Vec::new();
        let running = index.running(&mut |number, row| {
            table.insert(number, row.head, row.due);
            if row.busy || row.offers {
                busy.push(number);
            }
        });
        running.map_err(|error| OpenError::Damaged(error.to_string()))?;
        let children = index.running_children().map_err(|error| OpenError::Damaged(error.to_string()))?;
        let machines = Machines::read(&index, &journal).map_err(OpenError::Damaged)?;
        let activities = Activities::read(&index, &journal).map_err(OpenError::Damaged)?;
        index.start_flusher().map_err(|source| OpenError::Io { path: data_dir, source })?;
        let inner = Self {
            naming: Naming { region, account },
            functions,
            objects: objects.unwrap_or_else(|| items::reached(&services)),
            delivery: Delivery::new(services.client().cloned(), Arc::clone(&clock)),
            clock,
            next_execution: AtomicU64::new(index.mark().next_execution),
            journal,
            index,
            table: Arc::new(table),
            machines,
            activities,
            names: super::start::Names::default(),
            family: super::child::Family::default(),
            jobs: Arc::default(),
            watchers: super::watch::Watchers::default(),
            slow: super::decide::Slow::default(),
            closing: AtomicBool::new(false),
            lock: Mutex::new(Some(lock)),
        };
        Ok((inner, InFlight { busy, children }))
    }

    /// Makes calls again that were in flight, offers tasks again that nobody took, and goes on deleting what was being deleted.
    async fn resume(self: Arc<Self>, in_flight: InFlight) {
        let InFlight { busy, children } = in_flight;
        let turns = Arc::new(Semaphore::new(RESUMED_AT_ONCE));
        for number in busy {
            let Ok(turn) = Arc::clone(&turns).acquire_owned().await else { return };
            let inner = Arc::clone(&self);
            tokio::spawn(async move {
                if let Err(error) = inner.call_again(number).await {
                    tracing::error!(execution = number, "what was in flight cannot be brought back: {error}");
                }
                drop(turn);
            });
        }
        self.resume_express(self.index.express());
        self.stop_orphans(children).await;
        for (machine, row) in self.index.machines() {
            if row.deleted.is_some() {
                self.abort_all(&machine, i64::MIN).await;
            }
        }
    }

    async fn call_again(self: &Arc<Self>, number: ExecutionId) -> Result<(), DriveError> {
        let Some(live) = self.table.live(number) else { return Ok(()) };
        let mut guard = live.loaded.lock().await;
        let Some(head) = self.table.head(number) else { return Ok(()) };
        // Whoever has moved it since the start has performed only what came of that.
        let loaded = match guard.take() {
            Some(loaded) => loaded,
            None => Box::new(self.load(number, head).map_err(DriveError::Unavailable)?),
        };
        let (commands, pin) = (loaded.execution.outstanding(), loaded.pin);
        let arn = self.put_back(number, &live, &mut guard, loaded);
        self.perform(number, &arn, pin, commands);
        drop(guard);
        // A crash may have come between two entries of one batch; what would have followed is decided again.
        match self.drive(number, None).await {
            Err(DriveError::NotRunning) => Ok(()),
            outcome => outcome,
        }
    }

    /// Appends an entry; answers where it begins when it is durable.
    pub(super) async fn append(&self, head: Head, records: &[statemachine::Record]) -> Result<Offset, ApiError> {
        self.journal.append(head, records).await.map_err(|error: AppendError| ApiError::Unavailable(error.to_string()))
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    pub(super) fn stopped(&self) -> Option<String> {
        match self.journal.stopped() {
            Some(trouble) => Some(trouble.to_owned()),
            None => self.is_closing().then(|| "the engine is shutting down".to_owned()),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::SeqCst);
        self.table.earlier.notify_one();
    }
}

/// What was in flight when a data directory was closed, or a crash came.
struct InFlight {
    /// The executions whose calls were.
    busy: Vec<ExecutionId>,
    /// The children of map runs that run.
    children: Vec<(ExecutionId, KinRow)>,
}

/// What keeps a data directory closed.
enum Trouble {
    Journal(JournalError),
    Index(IndexError),
}

impl Trouble {
    fn into_open_error(self, data: &Path) -> OpenError {
        match self {
            Self::Journal(JournalError::Io { path, source }) => OpenError::Io { path, source },
            Self::Journal(damage) => OpenError::Damaged(damage.to_string()),
            Self::Index(error) => {
                OpenError::Io { path: data.to_owned(), source: std::io::Error::other(error.to_string()) }
            }
        }
    }
}

/// Opens journal and index, and brings the index up to the journal's end.
fn recover(data: &Path) -> Result<(Journal, Arc<Index>), Trouble> {
    let unread = Unread::open(&data.join("journal")).map_err(Trouble::Journal)?;
    let index = Arc::new(Index::open(data, &unread).map_err(Trouble::Index)?);
    let (from, size) = (index.mark().applied, unread.size());
    let mut failed = None;
    let (mut entries, mut told) = (0_u64, from);
    let observer = Arc::clone(&index);
    let journal = unread.replay(
        from,
        &mut |entry| {
            entries += 1;
            if entry.offset - told >= TELL_EVERY {
                told = entry.offset;
                tracing::info!(entries, megabytes = entry.offset >> 20, of = size >> 20, "reading the journal");
            }
            index.observe(vec![entry]);
            if failed.is_none() && index.unflushed() >= MOST_UNFLUSHED {
                failed = index.flush().err();
            }
        },
        Box::new(move |entries| observer.observe(entries)),
    );
    let journal = journal.map_err(Trouble::Journal)?;
    index.caught_up();
    // What was rebuilt from nothing is whole in memory and can follow into sled while the engine works; what was added to an
    // index that was there has to fit it.
    if failed.is_none() && from > 0 {
        failed = index.flush().err();
    }
    match failed {
        Some(error) => Err(Trouble::Index(error)),
        None => {
            tracing::debug!(entries, from, "the index is up to the journal's end");
            Ok((journal, index))
        }
    }
}

/// Takes the data directory for this process.
fn lock(data: &Path) -> Result<File, OpenError> {
    let path = data.join("lock");
    let io = |source| OpenError::Io { path: path.clone(), source };
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(data.to_owned())),
        Err(TryLockError::Error(source)) => Err(io(source)),
    }
}

/// How many executions may be in the index's memory, at about 300 bytes each, while the journal is read.
const MOST_UNFLUSHED: usize = 200_000;

/// How often a long reading of the journal is told, in bytes.
const TELL_EVERY: u64 = 256 << 20;

const RESUMED_AT_ONCE: usize = 256;
