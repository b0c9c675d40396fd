//! Opening a journal: which frames are there, where it ends, and what is damaged.
//!
//! Owns the difference between a torn tail (written, never acknowledged: cut) and damage (once durable: an error, nothing is
//! changed). It reads heads only.

use std::{
    fs, io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Durable,
    entry::{Head, Offset},
    frame::{Frame, proves_durable},
    segment::{SEGMENT_HEADER, Segment, Stop, Why, list, sync_folder},
    writer::{Disk, create},
};

/// Why a journal cannot be opened or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    #[error("cannot use the journal `{}`: {source}", .path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error(
        "the journal is damaged: `{}` holds {what} at byte {position}; it was not changed. Restore the file from a backup",
        .path.display()
    )]
    Damaged { path: PathBuf, position: u64, what: String },
    #[error("the journal `{}` was written by a newer version of this program (format version {version})", .path.display())]
    Newer { path: PathBuf, version: u8 },
}

/// A journal that was found sound.
pub(crate) struct Recovered {
    pub(crate) segments: Vec<Arc<Segment>>,
    /// Where in the last file the next frame goes.
    pub(crate) position: u64,
    /// How much of the last file is written or filled with zeros.
    pub(crate) filled: u64,
}

/// Opens the segments of a folder, or makes the first one.
pub(crate) fn open_segments(folder: &Path, disk: &mut dyn Disk) -> Result<Vec<Arc<Segment>>, JournalError> {
    let at_folder = |source| JournalError::Io { path: folder.to_owned(), source };
    fs::create_dir_all(folder).map_err(at_folder)?;
    let mut segments: Vec<Arc<Segment>> = Vec::new();
    for (first, path) in list(folder).map_err(at_folder)? {
        let at_file = |source| JournalError::Io { path: path.clone(), source };
        segments.push(Arc::new(Segment::open(&path, first).map_err(at_file)?));
    }
    if let Some(last) = segments.last()
        && is_unborn(last).map_err(|source| JournalError::Io { path: last.path.clone(), source })?
    {
        // The program ended while it made this file; nothing was ever acknowledged in it.
        fs::remove_file(&last.path).map_err(at_folder)?;
        segments.pop();
    }
    for (index, segment) in segments.iter().enumerate() {
        check_order(segment, index.checked_sub(1).map(|before| &*segments[before]))?;
    }
    if segments.is_empty() {
        segments.push(Arc::new(create(folder, 0, disk).map_err(at_folder)?));
    }
    sync_folder(folder).map_err(at_folder)?;
    Ok(segments)
}

/// Visits the head of every frame from `from` on (a frame's beginning, or 0), then cuts a torn tail.
pub(crate) fn recover(
    segments: Vec<Arc<Segment>>,
    from: Offset,
    disk: &mut dyn Disk,
    visit: &mut dyn FnMut(Durable),
) -> Result<Recovered, JournalError> {
    let mut stop = Stop { at: from, why: Why::Nothing, group: from };
    for (index, segment) in segments.iter().enumerate() {
        let next = segments.get(index + 1).map(|next| next.first);
        if next.is_some_and(|next| next <= from) {
            continue;
        }
        let begin = from.max(segment.first + SEGMENT_HEADER as u64);
        stop = walk_heads(segment, begin, visit)?;
        if let Why::Foreign(version) = stop.why {
            return Err(JournalError::Newer { path: segment.path.clone(), version });
        }
        if let Some(next) = next
            && next != stop.at
        {
            let what = format!(
                "{} where the next file says that frames go on to byte {}",
                said(stop.why),
                next - segment.first
            );
            return Err(damaged(segment, stop.at, what));
        }
    }
    let Some(last) = segments.last() else {
        return Err(JournalError::Io { path: PathBuf::new(), source: io::Error::other("a journal without files") });
    };
    let filled = settle_tail(last, stop, disk)?;
    Ok(Recovered { position: stop.at - last.first, filled, segments })
}

fn walk_heads(segment: &Segment, begin: Offset, visit: &mut dyn FnMut(Durable)) -> Result<Stop, JournalError> {
    segment
        .walk::<WalkError>(begin, &mut |frame: Frame<'_>| {
            let head =
                Head::decode(frame.payload).map_err(|error| WalkError::Entry(frame.offset, error.to_string()))?;
            visit(Durable { offset: frame.offset, end: frame.end(), checksum: frame.checksum, head });
            Ok(())
        })
        .map_err(|error| match error {
            WalkError::Io(source) => JournalError::Io { path: segment.path.clone(), source },
            WalkError::Entry(offset, why) => damaged(segment, offset, format!("an entry that cannot be read ({why})")),
        })
}

/// Tells a torn tail from damage, makes the end clean and durable, and answers the size of the file.
fn settle_tail(last: &Segment, stop: Stop, disk: &mut dyn Disk) -> Result<u64, JournalError> {
    let at_file = |source| JournalError::Io { path: last.path.clone(), source };
    let size = last.file.metadata().map_err(at_file)?.len();
    let position = stop.at - last.first;
    let mut rest = vec![0; size.saturating_sub(position) as usize];
    last.file.read_exact_at(&mut rest, position).map_err(at_file)?;
    if proves_durable(&rest, stop.at, stop.at) {
        return Err(damaged(last, stop.at, format!("{} before entries that were written later", said(stop.why))));
    }
    let torn = rest.iter().rposition(|byte| *byte != 0).map_or(0, |end| end + 1);
    if torn > 0 {
        tracing::warn!(bytes = torn, offset = stop.at, "cutting the torn, never acknowledged end of the journal");
    }
    // What the last run wrote may still be on its way to the disk, and a failed fsync may have dropped it silently: the last
    // group is written once more before anything is built on it. Everything before it was durable before it was written.
    let group = stop.group.max(last.first + SEGMENT_HEADER as u64);
    let mut again = vec![0; (stop.at - group) as usize + torn];
    last.file.read_exact_at(&mut again[..(stop.at - group) as usize], group - last.first).map_err(at_file)?;
    disk.write(&last.file, &again, group - last.first).map_err(at_file)?;
    disk.sync(&last.file).map_err(at_file)?;
    Ok(size.max(position))
}

/// A last file whose header was never written.
fn is_unborn(segment: &Segment) -> io::Result<bool> {
    if segment.check_header()?.is_some() {
        return Ok(false);
    }
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut &segment.file, &mut bytes)?;
    Ok(bytes.iter().all(|byte| *byte == 0))
}

fn check_order(segment: &Segment, before: Option<&Segment>) -> Result<(), JournalError> {
    let at = |source| JournalError::Io { path: segment.path.clone(), source };
    if segment.check_header().map_err(at)? != Some(true) {
        return Err(damaged(segment, segment.first, "a header that does not fit its name".into()));
    }
    match before {
        None if segment.first != 0 => {
            Err(damaged(segment, segment.first, "the first file that is left, others are missing".into()))
        }
        None => Ok(()),
        Some(before) => {
            let size = before.file.metadata().map_err(at)?.len();
            if before.first + size < segment.first {
                return Err(damaged(
                    before,
                    before.first + size,
                    "the end of the file, too early for the file that follows".into(),
                ));
            }
            Ok(())
        }
    }
}

fn damaged(segment: &Segment, offset: Offset, what: String) -> JournalError {
    JournalError::Damaged { path: segment.path.clone(), position: offset - segment.first, what }
}

fn said(why: Why) -> String {
    match why {
        Why::Nothing => "nothing".into(),
        Why::Bad(why) => why.into(),
        Why::Foreign(version) => format!("a frame of format version {version}"),
    }
}

/// What can stop a walk.
enum WalkError {
    Io(io::Error),
    Entry(Offset, String),
}

impl From<io::Error> for WalkError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
