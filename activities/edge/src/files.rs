//! Files that survive a crash: written beside their place, made durable, then moved there.
//!
//! Owns the only writes of this package. A reader sees a file whole or not at all. Owns no format and no place.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::FileError;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Privacy {
    /// Whoever the umask lets.
    Shared,
    /// Its owner alone (0600).
    Secret,
}

/// Replaces `path` by `bytes`, durably; the directories above it are made.
pub(crate) fn replace(path: &Path, bytes: &[u8], privacy: Privacy) -> Result<(), FileError> {
    replace_with(path, privacy, |file| file.write_all(bytes))
}

/// Replaces `path` by what `write` writes, durably; the directories above it are made.
pub(crate) fn replace_with(
    path: &Path,
    privacy: Privacy,
    write: impl FnOnce(&mut File) -> std::io::Result<()>,
) -> Result<(), FileError> {
    let temporary = write_beside(path, privacy, write)?;
    fs::rename(&temporary, path).map_err(|source| failed("write", path, source))?;
    sync_directory(path)
}

/// Makes `path` with `bytes`, durably, unless it exists; says whether it was made. Only one of several callers makes it.
pub(crate) fn create(path: &Path, bytes: &[u8], privacy: Privacy) -> Result<bool, FileError> {
    if path.exists() {
        return Ok(false);
    }
    let temporary = write_beside(path, privacy, |file| file.write_all(bytes))?;
    // A hard link fails where the name is taken, and appears with its whole content.
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary).map_err(|source| failed("remove", &temporary, source))?;
    match linked {
        Ok(()) => sync_directory(path).map(|()| true),
        Err(source) if source.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(source) => Err(failed("write", path, source)),
    }
}

/// Writes `bytes` into a file that exists, at `offset`, durably. A reader may see half of them: what they mean is for the
/// file's form to tell.
pub(crate) fn write_at(path: &Path, offset: u64, bytes: &[u8]) -> Result<(), FileError> {
    let written = OpenOptions::new().write(true).open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)?;
        file.sync_data()
    });
    written.map_err(|source| failed("write", path, source))
}

/// Replaces `path` by `value` as indented JSON.
pub(crate) fn replace_json<T: Serialize + ?Sized>(path: &Path, value: &T) -> Result<(), FileError> {
    replace(path, &json(path, value)?, Privacy::Shared)
}

/// Makes `path` with `value` as indented JSON unless it exists; says whether it was made.
pub(crate) fn create_json<T: Serialize + ?Sized>(path: &Path, value: &T) -> Result<bool, FileError> {
    create(path, &json(path, value)?, Privacy::Shared)
}

/// The bytes of `path`, or nothing where it does not exist.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(source) if source.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed("read", path, source)),
    }
}

/// The JSON value in `path`, or nothing where it does not exist.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, FileError> {
    let Some(bytes) = read(path)? else { return Ok(None) };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| FileError::Broken { path: path.to_owned(), problem: error.to_string() })
}

/// Holds off every other process that locks `path`, until the lock is dropped; the directories above it are made.
pub(crate) fn lock(path: &Path) -> Result<File, FileError> {
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    make_directory(directory)?;
    // A file of its own: the one that is replaced is another file afterwards.
    let lock = directory.join(".lock");
    let file = open_new(&lock, Privacy::Shared).and_then(|file| file.lock().map(|()| file));
    file.map_err(|source| failed("write", &lock, source))
}

/// Removes `path`; it is no error when it does not exist.
pub(crate) fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Ok(()) => sync_directory(path),
        Err(source) if source.kind() == ErrorKind::NotFound => Ok(()),
        Err(source) => Err(failed("remove", path, source)),
    }
}

/// The files of `directory` that end in `.extension`, by name; none where the directory does not exist.
pub(crate) fn list(directory: &Path, extension: &str) -> Result<Vec<PathBuf>, FileError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(source) if source.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(failed("list", directory, source)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|source| failed("list", directory, source))?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && path.extension().is_some_and(|found| found == extension) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The directories in a directory, in order; hidden ones and links are left out.
pub(crate) fn directories(directory: &Path) -> Result<Vec<PathBuf>, FileError> {
    let entries = fs::read_dir(directory).map_err(|source| failed("list", directory, source))?;
    let mut paths = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| failed("list", directory, source))?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !hidden && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

/// A file name for `text`: readable where the text is, and never the same for two texts.
pub(crate) fn name_for(text: &str) -> String {
    // Of an ARN, what follows partition, service, region and account says which one it is.
    let telling = text.strip_prefix("arn:").and_then(|rest| rest.splitn(5, ':').nth(4)).unwrap_or(text);
    let readable: String = telling
        .chars()
        .map(|character| if character.is_ascii_alphanumeric() || "-_.".contains(character) { character } else { '-' })
        .collect();
    let tail = readable.len().saturating_sub(READABLE);
    let digest = activities::approval::sha256_hex(text.as_bytes());
    format!("{}-{}", readable[tail..].trim_start_matches(['.', '-']), &digest[..16])
}

fn json<T: Serialize + ?Sized>(path: &Path, value: &T) -> Result<Vec<u8>, FileError> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| FileError::Broken { path: path.to_owned(), problem: error.to_string() })?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn write_beside(
    path: &Path,
    privacy: Privacy,
    write: impl FnOnce(&mut File) -> std::io::Result<()>,
) -> Result<PathBuf, FileError> {
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    make_directory(directory)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let turn = TURN.fetch_add(1, Ordering::Relaxed);
    let temporary = directory.join(format!(".{name}.{}.{turn}.tmp", std::process::id()));
    let mut file = open_new(&temporary, privacy).map_err(|source| failed("write", &temporary, source))?;
    let written = write(&mut file).and_then(|()| file.sync_all());
    if let Err(source) = written {
        // Half a file helps nobody, least of all on a full disk.
        let _ = fs::remove_file(&temporary);
        return Err(failed("write", path, source));
    }
    Ok(temporary)
}

/// Makes a directory and those above it, each made durable in the one above it.
fn make_directory(directory: &Path) -> Result<(), FileError> {
    if directory.as_os_str().is_empty() || directory.is_dir() {
        return Ok(());
    }
    if let Some(above) = directory.parent() {
        make_directory(above)?;
    }
    match fs::create_dir(directory) {
        Ok(()) => sync_directory(directory),
        Err(source) if source.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(failed("write", directory, source)),
    }
}

fn open_new(path: &Path, privacy: Privacy) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if privacy == Privacy::Secret {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = privacy;
    options.open(path)
}

/// Makes a rename or a removal in the directory of `path` durable.
fn sync_directory(path: &Path) -> Result<(), FileError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(directory).and_then(|handle| handle.sync_all()).map_err(|source| failed("write", directory, source))
}

fn failed(action: &'static str, path: &Path, source: std::io::Error) -> FileError {
    FileError::Io { action, path: path.to_owned(), source }
}

static TURN: AtomicU64 = AtomicU64::new(0);

/// The readable characters of a file name; the digest makes it unique.
const READABLE: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_file_holds_the_new_content_and_leaves_nothing_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b/value.json");
        replace(&path, b"one", Privacy::Shared).unwrap();
        replace(&path, b"two", Privacy::Shared).unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn only_one_of_many_makes_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("won.json");
        let winners: usize = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..8)
                .map(|place| {
                    let path = &path;
                    scope.spawn(move || create(path, format!("{place}").as_bytes(), Privacy::Shared).unwrap())
                })
                .collect();
            tries.into_iter().map(|one| usize::from(one.join().unwrap())).sum()
        });
        assert_eq!(winners, 1);
        assert_eq!(list(directory.path(), "json").unwrap(), vec![path]);
    }

    #[test]
    fn unlike_texts_have_unlike_names_without_separators() {
        let names = ["arn:a/b", "arn:a-b", "arn:a:b", "../../etc/passwd", &"x".repeat(500)].map(name_for);
        for (place, name) in names.iter().enumerate() {
            assert!(!name.contains('/') && !name.starts_with('.') && name.len() < 100, "{name}");
            assert!(names[place + 1..].iter().all(|other| other != name));
        }
    }

    #[test]
    fn a_broken_file_is_told_apart_from_a_missing_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.json");
        assert!(read_json::<serde_json::Value>(&path).unwrap().is_none());
        fs::write(&path, "{").unwrap();
        assert!(matches!(read_json::<serde_json::Value>(&path), Err(FileError::Broken { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        create(&path, b"k", Privacy::Secret).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
