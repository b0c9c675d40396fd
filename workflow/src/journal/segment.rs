//! Segments: the files that the journal lies in.
//!
//! ```text
//!   DATA/journal/0000000000000000.log      header (16 bytes), frames, zeros up to the end of the file
//!   DATA/journal/00000000003fff9a.log      the name is the offset at which the file begins
//! ```
//!
//! Owns names, headers, the order of the files and reading frames out of them. It does not write entries (`writer`) nor decide
//! what a damaged place means (`recover`).

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use super::{
    entry::Offset,
    frame::{Found, Frame, HEADER, look},
};

/// One file of the journal.
#[derive(Debug)]
pub(crate) struct Segment {
    /// The offset of the file's first byte.
    pub(crate) first: Offset,
    pub(crate) path: PathBuf,
    pub(crate) file: File,
}

impl Segment {
    /// Opens the file that is there.
    pub(crate) fn open(path: &Path, first: Offset) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Self { first, path: path.to_owned(), file })
    }

    /// The bytes that open a segment.
    pub(crate) fn header(first: Offset) -> [u8; SEGMENT_HEADER] {
        let mut header = [0; SEGMENT_HEADER];
        header[..8].copy_from_slice(MAGIC);
        header[8..].copy_from_slice(&first.to_le_bytes());
        header
    }

    /// Whether the header is the one that this file must have; `None` when the file was never filled.
    pub(crate) fn check_header(&self) -> io::Result<Option<bool>> {
        let mut header = [0; SEGMENT_HEADER];
        match self.file.read_exact_at(&mut header, 0) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
            Ok(()) if header == [0; SEGMENT_HEADER] => Ok(None),
            Ok(()) => Ok(Some(header == Self::header(self.first))),
        }
    }

    /// Reads the frames from `from` on, in order, until something is not a frame.
    pub(crate) fn walk<E: From<io::Error>>(
        &self,
        from: Offset,
        visit: &mut dyn FnMut(Frame<'_>) -> Result<(), E>,
    ) -> Result<Stop, E> {
        let mut window = Window::new(&self.file, from - self.first, WINDOW);
        let mut stop = Stop { at: from, why: Why::Nothing, group: from };
        loop {
            let bytes = window.unread();
            let (wanted, why) = match look(bytes, stop.at) {
                Found::Frame(frame) => {
                    let taken = (frame.end() - frame.offset) as usize;
                    (stop.at, stop.group) = (frame.end(), frame.group);
                    visit(frame)?;
                    window.take(taken);
                    continue;
                }
                Found::Nothing if bytes.len() < HEADER => (HEADER, Why::Nothing),
                Found::Nothing => (usize::MAX, Why::Nothing),
                Found::Short(size) => (size, Why::Bad("a frame that is cut short")),
                Found::Bad(why) => (usize::MAX, Why::Bad(why)),
                Found::Foreign(version) => (usize::MAX, Why::Foreign(version)),
            };
            if wanted == usize::MAX || !window.read_to(wanted)? {
                return Ok(Stop { why, ..stop });
            }
        }
    }

    /// Reads the payload of the frame at this offset; the inner error says why there is none.
    pub(crate) fn read(&self, offset: Offset) -> io::Result<Result<(u32, Vec<u8>), &'static str>> {
        let mut window = Window::new(&self.file, offset - self.first, 0);
        window.read_to(FIRST_READ)?;
        loop {
            let size = match look(window.unread(), offset) {
                Found::Frame(frame) => return Ok(Ok((frame.checksum, frame.payload.to_vec()))),
                Found::Short(size) => size,
                Found::Nothing => return Ok(Err("nothing")),
                Found::Bad(why) => return Ok(Err(why)),
                Found::Foreign(_) => return Ok(Err("a frame of an unknown format version")),
            };
            if !window.read_to(size)? {
                return Ok(Err("a frame that is cut short"));
            }
        }
    }
}

/// Where the frames of a segment stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) at: Offset,
    pub(crate) why: Why,
    /// Where the group of the last frame begins.
    pub(crate) group: Offset,
}

/// Why they stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// Space that was never written follows.
    Nothing,
    /// Bytes follow that are not a frame.
    Bad(&'static str),
    /// A whole frame of an unknown version follows.
    Foreign(u8),
}

/// All segments, in order; the last one is written to.
#[derive(Debug)]
pub(crate) struct Segments {
    list: RwLock<Vec<Arc<Segment>>>,
}

impl Segments {
    pub(crate) fn new(list: Vec<Arc<Segment>>) -> Self {
        Self { list: RwLock::new(list) }
    }

    pub(crate) fn all(&self) -> Vec<Arc<Segment>> {
        self.list.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn push(&self, segment: Arc<Segment>) {
        self.list.write().unwrap_or_else(PoisonError::into_inner).push(segment);
    }

    /// The segment that holds this offset.
    pub(crate) fn holding(&self, offset: Offset) -> Option<Arc<Segment>> {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        let after = list.partition_point(|segment| segment.first <= offset);
        list.get(after.checked_sub(1)?).filter(|segment| offset >= segment.first + SEGMENT_HEADER as u64).cloned()
    }
}

/// The files of a journal folder, in order of their offsets.
pub(crate) fn list(folder: &Path) -> io::Result<Vec<(Offset, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).filter(|stem| stem.len() == 16);
        if path.extension().is_some_and(|extension| extension == "log")
            && let Some(first) = stem.and_then(|stem| Offset::from_str_radix(stem, 16).ok())
        {
            found.push((first, path));
        }
    }
    found.sort();
    Ok(found)
}

/// The name of the segment that begins at this offset.
pub(crate) fn path_of(folder: &Path, first: Offset) -> PathBuf {
    folder.join(format!("{first:016x}.log"))
}

/// Makes the folder's list of files durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The size of what is before the first frame of a segment.
pub(crate) const SEGMENT_HEADER: usize = 16;

const MAGIC: &[u8; 8] = b"SAOJRNL1";

/// How much is read at once when frames are walked.
const WINDOW: usize = 1 << 20;

/// How much is read at first when one frame is wanted; most frames fit.
const FIRST_READ: usize = 4 << 10;

/// A part of a file in memory, moving forward.
struct Window<'f> {
    file: &'f File,
    bytes: Vec<u8>,
    /// How many of the bytes were taken.
    taken: usize,
    /// Where in the file the bytes end.
    end: u64,
    /// How much is read at once, at least.
    step: usize,
}

impl<'f> Window<'f> {
    fn new(file: &'f File, position: u64, step: usize) -> Self {
        Self { file, bytes: Vec::new(), taken: 0, end: position, step }
    }

    fn unread(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    fn take(&mut self, count: usize) {
        self.taken += count;
    }

    /// Reads until at least `wanted` bytes are unread; `false` when the file has no more.
    fn read_to(&mut self, wanted: usize) -> io::Result<bool> {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        let mut filled = self.bytes.len();
        self.bytes.resize(wanted.max(self.step).max(filled), 0);
        while filled < self.bytes.len() {
            match self.file.read_at(&mut self.bytes[filled..], self.end) {
                Ok(0) => break,
                Ok(count) => {
                    filled += count;
                    self.end += count as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.bytes.truncate(filled);
        Ok(filled >= wanted)
    }
}
