//! sled: what must be found fast. It can be deleted at any time and is rebuilt from the journal.
//!
//! Owns the way from a name to an execution, from an execution to its last batch, the list of what runs, and the machines.
//! It is never the only copy of anything. It does not read records.

mod catalog;
mod family;
mod pending;
mod row;
#[cfg(test)]
mod tests;
mod trust;

use std::{
    collections::BTreeMap,
    fs, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};

use self::{
    catalog::Catalog,
    pending::{Change, Pending},
    row::{MARK, execution_key, execution_prefix, name_key, number_of, running_key},
};
use crate::journal::{
    Durable, Unread,
    codec::{decode, encode_into},
    entry::{ExecutionId, Offset},
};

pub(crate) use self::{
    family::{KinRow, MapRunRow},
    row::{ActivityRow, ExecutionRow, MachineRow, Mark, RunningRow},
};

/// The index.
pub(crate) struct Index {
    data: PathBuf,
    pending: Mutex<Pending>,
    /// `None` once it is closed. Held while sled is changed.
    tree: Mutex<Option<sled::Db>>,
    /// The same tree, for readers.
    reader: Mutex<Option<sled::Db>>,
    flusher: Mutex<Option<(Sender<()>, JoinHandle<()>)>>,
}

/// Why the index does not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IndexError {
    #[error("the index `{}` cannot be used: {why}", .path.display())]
    Broken { path: PathBuf, why: String },
    #[error("the engine is shutting down")]
    Closed,
}

impl Index {
    /// Opens the index of a data directory, as far as it can be believed; the journal from [`Index::mark`] on is still to be
    /// observed.
    pub(crate) fn open(data: &Path, journal: &Unread) -> Result<Self, IndexError> {
        let path = data.join("index");
        let broken = |why: String| IndexError::Broken { path: path.clone(), why };
        let io = |error: io::Error| broken(error.to_string());
        let trusted = trust::is_trusted(data);
        trust::mark_open(data).map_err(io)?;
        let found = trusted.then(|| open_sled(&path).ok()).flatten().and_then(|db| {
            let mark = read::<Mark>(&db, MARK).ok().flatten()?;
            let catalog = Catalog::read(&db).ok()?;
            fits(&mark, journal).then_some((db, mark, catalog))
        });
        let (db, mark, catalog) = match found {
            Some(found) => found,
            None => {
                if path.exists() {
                    tracing::warn!("the index cannot be trusted or does not fit the journal; it is rebuilt");
                    fs::remove_dir_all(&path).map_err(io)?;
                }
                let mark = Mark { next_execution: 1, ..Mark::default() };
                (open_sled(&path).map_err(broken)?, mark, Catalog::default())
            }
        };
        Ok(Self {
            data: data.to_owned(),
            pending: Mutex::new(Pending::from(mark, catalog)),
            reader: Mutex::new(Some(db.clone())),
            tree: Mutex::new(Some(db)),
            flusher: Mutex::new(None),
        })
    }

    /// Sees to it that the index is rebuilt when it is opened the next time.
    pub(crate) fn distrust(data: &Path) -> io::Result<()> {
        trust::mark_unknown(data)
    }

    /// Up to where the journal is applied.
    pub(crate) fn mark(&self) -> Mark {
        self.pending().mark
    }

    /// Takes entries that are durable, in the journal's order.
    pub(crate) fn observe(&self, entries: Vec<Durable>) {
        let mut pending = self.pending();
        entries.into_iter().for_each(|entry| pending.observe(entry));
    }

    /// How many executions changed since the last flush.
    pub(crate) fn unflushed(&self) -> usize {
        self.pending().executions.len()
    }

    /// Flushes now and then, until the index is closed.
    pub(crate) fn start_flusher(self: &Arc<Self>) -> io::Result<()> {
        let (stop, stopped) = channel();
        let index = Arc::downgrade(self);
        let thread = thread::Builder::new().name("index".into()).spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(FLUSH_EVERY) {
                let Some(index) = index.upgrade() else { return };
                if let Err(error) = index.flush() {
                    tracing::error!("{error}; it is tried again");
                }
            }
        })?;
        *lock(&self.flusher) = Some((stop, thread));
        Ok(())
    }

    /// Puts into sled what is pending now.
    ///
    /// In small batches: sled keeps everything that one batch replaces until the batch is done. The mark comes last, so that
    /// a flush that a crash cuts off is done again.
    pub(crate) fn flush(&self) -> Result<(), IndexError> {
        let tree = lock(&self.tree);
        let db = tree.as_ref().ok_or(IndexError::Closed)?;
        let (numbers, catalog, mark, replaying, last) = {
            let pending = self.pending();
            let numbers: Vec<ExecutionId> = pending.executions.keys().copied().collect();
            let catalog = (!pending.catalog.is_flushed()).then(|| pending.catalog.clone());
            (numbers, catalog, pending.mark, pending.replaying, pending.caught_up)
        };
        if read::<Mark>(db, MARK).map_err(|why| self.broken(why))? != Some(mark) {
            for some in numbers.chunks(BATCH) {
                self.flush_some(db, some, replaying)?;
            }
            let mut batch = sled::Batch::default();
            for (key, row) in catalog.iter().flat_map(Catalog::changes) {
                match row {
                    Some(row) => batch.insert(key, row),
                    None => batch.remove(key),
                }
            }
            let map_runs = self.pending().map_runs.clone();
            family::add_map_runs(&mut batch, &map_runs);
            batch.insert(MARK, bytes(&mark));
            db.apply_batch(batch).map_err(|error| self.broken(error.to_string()))?;
            if let Some(catalog) = &catalog {
                self.pending().catalog.flushed(catalog);
            }
            self.pending().map_runs.retain(|arn, _| !map_runs.contains_key(arn));
        }
        if last {
            self.pending().replaying = false;
        }
        Ok(())
    }

    fn flush_some(&self, db: &sled::Db, some: &[ExecutionId], replaying: bool) -> Result<(), IndexError> {
        let changes = self.pending().changes(some);
        let mut batch = sled::Batch::default();
        for (number, change) in &changes {
            add(db, &mut batch, *number, change, replaying).map_err(|why| self.broken(why))?;
        }
        db.apply_batch(batch).map_err(|error| self.broken(error.to_string()))?;
        self.pending().forget(&changes);
        Ok(())
    }

    /// Notes that the journal was read to its end; from now on entries are new.
    pub(crate) fn caught_up(&self) {
        self.pending().caught_up = true;
    }

    /// The execution of this name.
    pub(crate) fn find(&self, machine: &str, name: &str) -> Result<Option<(ExecutionId, ExecutionRow)>, IndexError> {
        let named = self.pending().named(machine, name);
        let number = match named {
            Some(number) => number,
            None => match self.read::<ExecutionId>(&name_key(machine, name))? {
                Some(number) => number,
                None => return Ok(None),
            },
        };
        // The change first, then the row: what was flushed in between is in the row.
        let change = self.pending().executions.get(&number).cloned();
        let row = self.read::<ExecutionRow>(&execution_key(machine, number))?;
        let row = match change {
            Some(change) => change.over(row),
            None => row,
        };
        Ok(row.map(|row| (number, row)))
    }

    /// Executions of a machine, the latest first: those before a number that `wanted` lets through, until it answers `None`.
    pub(crate) fn list(
        &self,
        machine: &str,
        before: ExecutionId,
        limit: usize,
        wanted: &dyn Fn(&ExecutionRow) -> Option<bool>,
    ) -> Result<Vec<(ExecutionId, ExecutionRow)>, IndexError> {
        self.flush()?;
        let db = lock(&self.reader).clone().ok_or(IndexError::Closed)?;
        let mut found = Vec::new();
        for item in db.range(execution_prefix(machine)..execution_key(machine, before)).rev() {
            let (key, value) = item.map_err(|error| self.broken(error.to_string()))?;
            let row: ExecutionRow = decode(&value).map_err(|error| self.broken(error.to_string()))?;
            match wanted(&row) {
                Some(true) => found.push((number_of(&key), row)),
                Some(false) => {}
                None => break,
            }
            if found.len() == limit {
                break;
            }
        }
        Ok(found)
    }

    /// Visits every execution that runs.
    pub(crate) fn running(&self, visit: &mut dyn FnMut(ExecutionId, RunningRow)) -> Result<(), IndexError> {
        let db = lock(&self.reader).clone().ok_or(IndexError::Closed)?;
        let pending = self.pending();
        for item in db.scan_prefix(b"r") {
            let (key, value) = item.map_err(|error| self.broken(error.to_string()))?;
            let number = number_of(&key);
            if !pending.executions.contains_key(&number) {
                visit(number, decode(&value).map_err(|error| self.broken(error.to_string()))?);
            }
        }
        for (number, change) in &pending.executions {
            if let Some(row) = change.standing.running(change.head) {
                visit(*number, row);
            }
        }
        Ok(())
    }

    /// All state machines, the deleted ones too.
    pub(crate) fn machines(&self) -> BTreeMap<String, MachineRow> {
        self.pending().catalog.machines.clone()
    }

    /// All activities.
    pub(crate) fn activities(&self) -> BTreeMap<String, ActivityRow> {
        self.pending().catalog.activities.clone()
    }

    /// The Express executions that run, with the entries that started them.
    pub(crate) fn express(&self) -> BTreeMap<ExecutionId, Offset> {
        self.pending().catalog.express.clone()
    }

    /// Flushes, closes sled and notes that the index is complete. Nothing may be observed any more.
    pub(crate) fn close(&self) {
        if let Some((stop, thread)) = lock(&self.flusher).take() {
            drop(stop);
            // A flusher that panicked has said so.
            let _ = thread.join();
        }
        let flushed = self.flush();
        let db = lock(&self.tree).take();
        lock(&self.reader).take();
        let Some(db) = db else { return };
        let closed = db.flush().map_err(|error| error.to_string());
        drop(db);
        let outcome = flushed
            .map_err(|error| error.to_string())
            .and(closed.map(drop))
            .and_then(|()| trust::mark_clean(&self.data, &self.data.join("index")).map_err(|error| error.to_string()));
        if let Err(error) = outcome {
            tracing::warn!("the index was not closed cleanly and will be rebuilt: {error}");
        }
    }

    fn read<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, IndexError> {
        let db = lock(&self.reader).clone().ok_or(IndexError::Closed)?;
        read(&db, key).map_err(|why| self.broken(why))
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        lock(&self.pending)
    }

    fn broken(&self, why: String) -> IndexError {
        IndexError::Broken { path: self.data.join("index"), why }
    }
}

/// Adds an execution's change to a batch.
fn add(
    db: &sled::Db,
    batch: &mut sled::Batch,
    number: ExecutionId,
    change: &Change,
    replaying: bool,
) -> Result<(), String> {
    let key = execution_key(&change.machine, number);
    let before = if change.born.is_none() || replaying { read::<ExecutionRow>(db, &key)? } else { None };
    let row = change.over(before).ok_or_else(|| format!("execution {number} goes on without having started"))?;
    if row.head > change.head {
        // A flush that was cut off has come further.
        return Ok(());
    }
    if change.born.is_some() {
        batch.insert(name_key(&change.machine, &row.name), bytes(&number));
    }
    batch.insert(key, bytes(&row));
    family::add(batch, number, change);
    match change.standing.running(change.head) {
        Some(row) => batch.insert(&running_key(number), bytes(&row)),
        None if change.shown => batch.remove(&running_key(number)),
        None => {}
    }
    Ok(())
}

/// Whether the mark's last entry is in the journal as it was.
fn fits(mark: &Mark, journal: &Unread) -> bool {
    mark.applied == 0 || journal.checksum_at(mark.last) == Some(mark.checksum)
}

/// sled answers damage with errors and with panics.
fn open_sled(path: &Path) -> Result<sled::Db, String> {
    let config = sled::Config::new().path(path).cache_capacity(CACHE).flush_every_ms(Some(SLED_FLUSH_MS));
    catch_unwind(AssertUnwindSafe(|| config.open()))
        .map_err(|_| "sled panicked".to_owned())?
        .map_err(|error| error.to_string())
}

fn read<T: DeserializeOwned>(db: &sled::Db, key: &[u8]) -> Result<Option<T>, String> {
    match db.get(key).map_err(|error| error.to_string())? {
        Some(value) => decode(&value).map(Some).map_err(|error| error.to_string()),
        None => Ok(None),
    }
}

fn bytes<T: Serialize>(row: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(96);
    // INVARIANT: rows hold numbers and texts, which bincode always takes.
    let encoded = encode_into(row, &mut bytes);
    debug_assert!(encoded.is_ok());
    bytes
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How much memory sled's cache may take; sled takes several times as much.
const CACHE: u64 = 8 << 20;

/// How many executions go into sled at once.
const BATCH: usize = 64;

/// How often sled writes to its file by itself.
const SLED_FLUSH_MS: u64 = 500;

/// How often what is pending goes into sled.
const FLUSH_EVERY: Duration = Duration::from_millis(250);
