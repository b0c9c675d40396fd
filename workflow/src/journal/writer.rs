//! The one thread that writes: it takes what has gathered, writes it at once, makes it durable, and acknowledges it.
//!
//! Owns the end of the journal, the filling of segments with zeros ahead of the entries (a write into filled space changes no
//! file size, so that making it durable costs one disk write and not two) and the change to a new segment. After the first
//! failure it writes nothing more: what a failed fsync left behind cannot be known.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::PathBuf,
    sync::{Arc, OnceLock, mpsc::Receiver},
};

use tokio::sync::oneshot;

use super::{
    AppendError, Durable,
    entry::{Head, Offset},
    frame::{self, HEADER},
    segment::{SEGMENT_HEADER, Segment, Segments, path_of, sync_folder},
};

/// What the writer is asked.
pub(crate) enum Message {
    /// Write this and acknowledge it.
    Append(Submission),
    /// Write what came before, and end.
    Stop,
}

/// An entry on its way.
pub(crate) struct Submission {
    pub(crate) head: Head,
    pub(crate) payload: Vec<u8>,
    pub(crate) acknowledge: oneshot::Sender<Result<Offset, AppendError>>,
}

/// The file operations that can fail while the journal grows; a test puts a full disk in their place.
pub(crate) trait Disk: Send {
    /// Writes all bytes at a position.
    fn write(&mut self, file: &File, bytes: &[u8], position: u64) -> io::Result<()>;
    /// Makes a file's bytes durable.
    fn sync(&mut self, file: &File) -> io::Result<()>;
}

/// The disk that is there.
pub(crate) struct RealDisk;

impl Disk for RealDisk {
    fn write(&mut self, file: &File, bytes: &[u8], position: u64) -> io::Result<()> {
        file.write_all_at(bytes, position)
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        file.sync_data()
    }
}

/// Told of every group, in order, when it is durable and before it is acknowledged.
pub(crate) type Observer = Box<dyn FnMut(Vec<Durable>) + Send>;

/// The writer's own things.
pub(crate) struct Writer {
    pub(crate) folder: PathBuf,
    pub(crate) disk: Box<dyn Disk>,
    pub(crate) segments: Arc<Segments>,
    pub(crate) current: Arc<Segment>,
    /// Where in the current file the next frame goes.
    pub(crate) position: u64,
    /// How much of the current file is written or filled with zeros.
    pub(crate) filled: u64,
    pub(crate) observer: Observer,
    /// Why nothing is written any more.
    pub(crate) trouble: Arc<OnceLock<String>>,
    /// The size at which a new segment begins.
    pub(crate) segment_size: u64,
}

impl Writer {
    /// Works until it is told to stop, or nobody is left who could tell it anything.
    pub(crate) fn run(mut self, inbox: &Receiver<Message>) {
        let mut group = Vec::new();
        let mut stopping = false;
        while !stopping && let Ok(message) = inbox.recv() {
            let mut size = 0;
            let mut next = Some(message);
            while let Some(message) = next.take() {
                match message {
                    Message::Stop => {
                        stopping = true;
                        break;
                    }
                    Message::Append(submission) => {
                        size += submission.payload.len();
                        group.push(submission);
                    }
                }
                if size < LARGEST_GROUP {
                    next = inbox.try_recv().ok();
                }
            }
            self.commit_and_acknowledge(&mut group);
        }
    }

    fn commit_and_acknowledge(&mut self, group: &mut Vec<Submission>) {
        if group.is_empty() {
            return;
        }
        let outcome = match self.trouble.get() {
            Some(trouble) => Err(trouble.clone()),
            None => self.commit(group).map_err(|error| {
                let trouble = format!("the journal `{}` cannot be written: {error}", self.folder.display());
                tracing::error!("{trouble}; no more work is accepted");
                self.trouble.get_or_init(|| trouble).clone()
            }),
        };
        match outcome {
            Ok(offsets) => {
                let (heads, waiting): (Vec<_>, Vec<_>) =
                    group.drain(..).map(|sent| (sent.head, sent.acknowledge)).unzip();
                let durable: Vec<Durable> = heads
                    .into_iter()
                    .zip(&offsets)
                    .map(|(head, place)| Durable { offset: place.0, end: place.1, checksum: place.2, head })
                    .collect();
                (self.observer)(durable);
                for (acknowledge, place) in waiting.into_iter().zip(offsets) {
                    // Whoever does not wait any more does not need the answer.
                    let _ = acknowledge.send(Ok(place.0));
                }
            }
            Err(trouble) => {
                for sent in group.drain(..) {
                    let _ = sent.acknowledge.send(Err(AppendError::Stopped(trouble.clone())));
                }
            }
        }
    }

    /// Writes a group and makes it durable; answers offset, end and checksum of each frame.
    fn commit(&mut self, group: &[Submission]) -> io::Result<Vec<(Offset, Offset, u32)>> {
        let size: usize = group.iter().map(|sent| HEADER + sent.payload.len()).sum();
        if self.position > SEGMENT_HEADER as u64 && self.position + size as u64 > self.segment_size {
            self.begin_segment()?;
        }
        let start = self.current.first + self.position;
        let mut bytes = Vec::with_capacity(size);
        let mut places = Vec::with_capacity(group.len());
        for sent in group {
            let offset = start + bytes.len() as u64;
            let checksum = frame::append(&mut bytes, &sent.payload, offset, start);
            places.push((offset, start + bytes.len() as u64, checksum));
        }
        self.fill(self.position + size as u64)?;
        self.disk.write(&self.current.file, &bytes, self.position)?;
        self.disk.sync(&self.current.file)?;
        self.position += size as u64;
        Ok(places)
    }

    /// Sees to it that the file is filled with zeros beyond `end`.
    fn fill(&mut self, end: u64) -> io::Result<()> {
        if end <= self.filled {
            return Ok(());
        }
        // The first step is small, so that an idle data directory is.
        let step = if self.current.first == 0 && end <= FIRST_STEP { FIRST_STEP } else { STEP };
        let target = end.next_multiple_of(step).min(self.segment_size).max(end);
        // Page by page: the page cache keeps what was written at once as one piece, and later writes all of it again for
        // every small entry in it.
        while self.filled < target {
            let count = (target - self.filled).min(PAGE - self.filled % PAGE);
            self.disk.write(&self.current.file, &ZEROS[..count as usize], self.filled)?;
            self.filled += count;
        }
        self.disk.sync(&self.current.file)
    }

    fn begin_segment(&mut self) -> io::Result<()> {
        let first = self.current.first + self.position;
        let segment = Arc::new(create(&self.folder, first, &mut *self.disk)?);
        self.segments.push(Arc::clone(&segment));
        self.current = segment;
        self.position = SEGMENT_HEADER as u64;
        self.filled = SEGMENT_HEADER as u64;
        Ok(())
    }
}

/// Makes a new segment, durable with its name.
pub(crate) fn create(folder: &std::path::Path, first: Offset, disk: &mut dyn Disk) -> io::Result<Segment> {
    let path = path_of(folder, first);
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
    disk.write(&file, &Segment::header(first), 0)?;
    disk.sync(&file)?;
    sync_folder(folder)?;
    Ok(Segment { first, path, file })
}

/// The usual size of a segment.
pub(crate) const SEGMENT_SIZE: u64 = 64 << 20;

/// A group takes what has gathered, up to about this size.
const LARGEST_GROUP: usize = 8 << 20;

/// How far ahead a segment is filled with zeros.
const STEP: u64 = 4 << 20;
const FIRST_STEP: u64 = 256 << 10;

const PAGE: u64 = 4 << 10;

static ZEROS: [u8; PAGE as usize] = [0; PAGE as usize];
