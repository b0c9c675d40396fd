//! The topology object of one state in a file, read as far as it is needed.
//!
//! Owns reading the index of a stored object and leaving the attributes in the file until a node is asked for, and the rule
//! that an object is replaced only by its successor. What the bytes mean is `activities`'.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use activities::twin::{ObjectHead, Texts, TopologyObject};

use crate::error::FileError;
use crate::files::{self, Privacy};

/// Reads the object of a file, or nothing where there is no file.
///
/// The file may be replaced meanwhile: what was opened stays what it was.
pub(crate) fn read(path: &Path) -> Result<Option<TopologyObject>, FileError> {
    let failed = |source| FileError::Io { action: "read", path: path.to_owned(), source };
    let Some(mut file) = open(path)? else { return Ok(None) };
    let head = read_head(path, &mut file)?;
    let length = file.metadata().map_err(failed)?.len();
    if head.index_bytes.checked_add(head.text_bytes) != Some(length) {
        return Err(broken(path, "it is shorter or longer than it says"));
    }
    let mut index = vec![0; usize::try_from(head.index_bytes).unwrap_or(usize::MAX)];
    file.rewind().and_then(|()| file.read_exact(&mut index)).map_err(failed)?;
    let texts = TextsOfFile { file: Mutex::new(file), start: head.index_bytes };
    TopologyObject::from_index(index, Arc::new(texts)).map(Some).map_err(|problem| broken(path, problem))
}

/// Writes an object in the place of the one that it follows; false when another one stands there by now.
pub(crate) fn write(path: &Path, object: &TopologyObject) -> Result<bool, FileError> {
    // Two processes that collect one state at once write one after the other, and the second one finds out.
    let _lock = files::lock(path)?;
    if sequence(path)? + 1 != object.sequence() {
        return Ok(false);
    }
    let text = object.text().map_err(|problem| broken(path, problem))?;
    files::replace_with(path, Privacy::Shared, |file| {
        object.each_piece_of_index(|piece| file.write_all(piece))?;
        file.write_all(text.as_bytes())
    })?;
    Ok(true)
}

/// The sequence of the object in a file; zero where there is none.
fn sequence(path: &Path) -> Result<u64, FileError> {
    match open(path)? {
        Some(mut file) => Ok(read_head(path, &mut file)?.sequence),
        None => Ok(0),
    }
}

fn open(path: &Path) -> Result<Option<File>, FileError> {
    match fs::File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(source) if source.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(FileError::Io { action: "read", path: path.to_owned(), source }),
    }
}

fn read_head(path: &Path, file: &mut File) -> Result<ObjectHead, FileError> {
    let mut head = Vec::with_capacity(ObjectHead::BYTES);
    let read = file.take(ObjectHead::BYTES as u64).read_to_end(&mut head);
    read.map_err(|source| FileError::Io { action: "read", path: path.to_owned(), source })?;
    ObjectHead::read(&head).map_err(|problem| broken(path, problem))
}

fn broken(path: &Path, problem: impl std::fmt::Display) -> FileError {
    FileError::Broken { path: path.to_owned(), problem: problem.to_string() }
}

/// The attributes of an object's nodes, which stay in the file.
#[derive(Debug)]
struct TextsOfFile {
    file: Mutex<File>,
    /// Where they begin.
    start: u64,
}

impl Texts for TextsOfFile {
    fn read(&self, start: u32, length: u32) -> Result<Cow<'_, str>, String> {
        let mut bytes = vec![0; length as usize];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let read = file.seek(SeekFrom::Start(self.start + u64::from(start))).and_then(|_| file.read_exact(&mut bytes));
        read.map_err(|error| error.to_string())?;
        String::from_utf8(bytes).map(Cow::Owned).map_err(|_| "it is not text in UTF-8".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use activities::twin::{State, Topology};

    use super::*;

    fn object(serial: u64) -> TopologyObject {
        let state = format!(
            r#"{{"version": 4, "serial": {serial}, "lineage": "l", "resources": [{{"mode": "managed", "type": "aws_sqs_queue",
            "name": "orders", "instances": [{{"attributes": {{"name": "shop-orders", "delay_seconds": 7}}}}]}}]}}"#
        );
        TopologyObject::of(State::parse(state.as_bytes()).unwrap(), "shop")
    }

    #[test]
    fn what_was_written_is_read_node_by_node() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("topology/shop.twin");
        assert!(read(&path).unwrap().is_none());
        assert!(write(&path, &object(1)).unwrap());
        let topology = Topology::merge(vec![read(&path).unwrap().unwrap()]).unwrap();
        assert_eq!(topology.node("aws_sqs_queue.orders").unwrap().read().unwrap().integer("delay_seconds"), Some(7));
    }

    #[test]
    fn only_the_successor_takes_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("shop.twin");
        assert!(write(&path, &object(1)).unwrap());
        assert!(!write(&path, &object(1)).unwrap());
        let held = read(&path).unwrap().unwrap();
        let state = State::parse(br#"{"version": 4, "serial": 2, "lineage": "l"}"#).unwrap();
        assert!(write(&path, &held.succeed(state).unwrap()).unwrap());
        assert_eq!(read(&path).unwrap().unwrap().sequence(), 2);
    }

    #[test]
    fn who_opened_the_former_object_keeps_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("shop.twin");
        write(&path, &object(1)).unwrap();
        let held = read(&path).unwrap().unwrap();
        write(&path, &held.succeed(State::parse(br#"{"version": 4, "serial": 2, "lineage": "l"}"#).unwrap()).unwrap())
            .unwrap();
        let topology = Topology::merge(vec![held]).unwrap();
        assert_eq!(topology.nodes().next().unwrap().read().unwrap().name(), "shop-orders");
    }

    #[test]
    fn a_damaged_file_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("shop.twin");
        write(&path, &object(1)).unwrap();
        let whole = fs::read(&path).unwrap();
        for bytes in [&whole[..whole.len() - 1], &whole[..40], b"", b"{}"] {
            fs::write(&path, bytes).unwrap();
            assert!(matches!(read(&path), Err(FileError::Broken { .. })), "{} bytes", bytes.len());
            assert!(matches!(write(&path, &object(1)), Ok(false) | Err(FileError::Broken { .. })));
        }
    }
}
