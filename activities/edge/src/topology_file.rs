//! The topology object of one state in a file, read as far as it is needed.
//!
//! Owns reading the index of a stored object and leaving the attributes in the file until a node is asked for, and the rule
//! that an object is replaced only by its successor. What the bytes mean is `activities`'.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write as _};
use std::path::Path;

use activities::twin::TopologyObject;

use crate::error::FileError;
use crate::files::{self, Privacy};

/// Reads the object of a file, or nothing where there is no file.
///
/// The file may be replaced meanwhile: what was opened stays what it was.
pub(crate) fn read(path: &Path) -> Result<Option<TopologyObject>, FileError> {
    match File::open(path) {
        Ok(file) => TopologyObject::open(file)
            .map(Some)
            .map_err(|problem| FileError::Broken { path: path.to_owned(), problem: problem.to_string() }),
        Err(source) if source.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(FileError::Io { action: "read", path: path.to_owned(), source }),
    }
}

/// Writes an object in the place of the one that it follows; false when another one stands there by now.
pub(crate) fn write(path: &Path, object: &TopologyObject) -> Result<bool, FileError> {
    // Two processes that collect one state at once write one after the other, and the second one finds out.
    let _lock = files::lock(path)?;
    let held = read(path)?.map_or(0, |held| held.sequence());
    if held + 1 != object.sequence() {
        return Ok(false);
    }
    files::replace_with(path, Privacy::Shared, |file| {
        let mut out = BufWriter::new(file);
        object.write_to(&mut out)?;
        out.flush()
    })?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::fs;

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
