//! The append-only log: the truth.
//!
//! Owns everything durable: state machines and the batches of records of every execution. An append is acknowledged when it
//! would survive a power cut. It does not know what records mean, nor who reads what how often (`index`).
//!
//! ```text
//!   append ──> channel ──> writer thread: gather, write, fdatasync ──> observer (index) ──> acknowledge
//! ```

pub(crate) mod codec;
pub(crate) mod entry;
mod frame;
mod recover;
mod segment;
#[cfg(test)]
mod tests;
mod writer;

use std::{
    path::Path,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        mpsc::{Sender, channel},
    },
    thread::{self, JoinHandle},
};

use statemachine::record::Record;
use tokio::sync::oneshot;

use self::{
    entry::{Entry, Head, Offset, encode},
    segment::{Segment, Segments},
    writer::{Disk, Message, RealDisk, SEGMENT_SIZE, Submission, Writer},
};

pub(crate) use self::{recover::JournalError, segment::sync_folder, writer::Observer};

/// The journal, open for appending and reading.
pub(crate) struct Journal {
    segments: Arc<Segments>,
    submissions: Sender<Message>,
    writer: Mutex<Option<JoinHandle<()>>>,
    trouble: Arc<OnceLock<String>>,
}

/// An entry that is durable.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Durable {
    pub(crate) offset: Offset,
    /// Where the next one begins, unless a new segment does.
    pub(crate) end: Offset,
    pub(crate) checksum: u32,
    pub(crate) head: Head,
}

/// Why an append was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AppendError {
    #[error("{0}")]
    Stopped(String),
    #[error("an entry of {0} bytes is too large for the journal")]
    TooLarge(usize),
    #[error("an entry cannot be encoded: {0}")]
    Encoding(String),
}

/// A journal whose files are open and in order, before its frames were read.
pub(crate) struct Unread {
    folder: std::path::PathBuf,
    segments: Vec<Arc<Segment>>,
    disk: Box<dyn Disk>,
    segment_size: u64,
}

impl Unread {
    /// Opens the files of a folder, or makes the first one.
    pub(crate) fn open(folder: &Path) -> Result<Self, JournalError> {
        Self::open_on(folder, Box::new(RealDisk), SEGMENT_SIZE)
    }

    fn open_on(folder: &Path, mut disk: Box<dyn Disk>, segment_size: u64) -> Result<Self, JournalError> {
        let segments = recover::open_segments(folder, &mut *disk)?;
        Ok(Self { folder: folder.to_owned(), segments, disk, segment_size })
    }

    /// The checksum of the frame at this offset, if a whole frame is there.
    pub(crate) fn checksum_at(&self, offset: Offset) -> Option<u32> {
        let segment = Segments::new(self.segments.clone()).holding(offset)?;
        segment.read(offset).ok()?.ok().map(|(checksum, _)| checksum)
    }

    /// How many bytes the files hold, zeros and all; only good for telling how far a scan has come.
    pub(crate) fn size(&self) -> u64 {
        self.segments.last().map_or(0, |last| last.first + last.file.metadata().map_or(0, |meta| meta.len()))
    }

    /// Visits every entry's head from `from` on, where a frame begins or an earlier one ended, cuts a torn end, and starts the writer.
    pub(crate) fn replay(
        mut self,
        from: Offset,
        visit: &mut dyn FnMut(Durable),
        observer: Observer,
    ) -> Result<Journal, JournalError> {
        let recovered = recover::recover(self.segments, from, &mut *self.disk, visit)?;
        let segments = Arc::new(Segments::new(recovered.segments));
        let trouble = Arc::new(OnceLock::new());
        let (submissions, inbox) = channel();
        let io = |source| JournalError::Io { path: self.folder.clone(), source };
        let current = segments.all().pop().ok_or_else(|| io(std::io::Error::other("a journal without files")))?;
        let writer = Writer {
            folder: self.folder.clone(),
            disk: self.disk,
            segments: Arc::clone(&segments),
            current,
            position: recovered.position,
            filled: recovered.filled,
            observer,
            trouble: Arc::clone(&trouble),
            segment_size: self.segment_size,
        };
        let thread = thread::Builder::new().name("journal".into()).spawn(move || writer.run(&inbox)).map_err(io)?;
        Ok(Journal { segments, submissions, writer: Mutex::new(Some(thread)), trouble })
    }
}

impl Journal {
    /// Appends an entry; answers where it begins when it is durable.
    pub(crate) async fn append(&self, head: Head, records: &[Record]) -> Result<Offset, AppendError> {
        let payload = encode(&head, records).map_err(|error| AppendError::Encoding(error.to_string()))?;
        if payload.len() > frame::MAX_PAYLOAD {
            return Err(AppendError::TooLarge(payload.len()));
        }
        let (acknowledge, acknowledged) = oneshot::channel();
        self.submissions
            .send(Message::Append(Submission { head, payload, acknowledge }))
            .map_err(|_| AppendError::Stopped(self.trouble()))?;
        acknowledged.await.unwrap_or_else(|_| Err(AppendError::Stopped(self.trouble())))
    }

    /// Reads the entry that begins at this offset.
    pub(crate) fn read(&self, offset: Offset) -> Result<Entry, JournalError> {
        let damaged = |segment: &Segment, what: String| JournalError::Damaged {
            path: segment.path.clone(),
            position: offset - segment.first,
            what,
        };
        let Some(segment) = self.segments.holding(offset) else {
            let path = Path::new("journal").to_owned();
            return Err(JournalError::Damaged { path, position: offset, what: "no file".into() });
        };
        let io = |source| JournalError::Io { path: segment.path.clone(), source };
        let (_, payload) = segment.read(offset).map_err(io)?.map_err(|what| damaged(&segment, what.into()))?;
        Entry::decode(&payload).map_err(|error| damaged(&segment, format!("an entry that cannot be read ({error})")))
    }

    /// Why nothing can be appended any more, if so.
    pub(crate) fn stopped(&self) -> Option<&str> {
        self.trouble.get().map(String::as_str)
    }

    /// Makes everything durable that was submitted, and ends the writer; later appends are refused.
    pub(crate) fn close(&self) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // An error here means that the writer has ended already.
            let _ = self.submissions.send(Message::Stop);
            if writer.join().is_err() {
                let _ = self.trouble.set("the journal's writer panicked".into());
            }
        }
    }

    fn trouble(&self) -> String {
        self.stopped().unwrap_or("the engine is shutting down").to_owned()
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.close();
    }
}
