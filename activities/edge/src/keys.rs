//! The keys in `DATA/keys`: one that seals links, one that signs decisions, and who may approve.
//!
//! Made on first use from the operating system's random source, readable by their owner alone. A key that is to retire is
//! renamed (`sealing-2026.key`): its links still open, and its decisions still count as long as its line stands in
//! `signing.pub`. Owns the files. Does not own what the keys mean.

use std::path::{Path, PathBuf};

use activities::approval::{SealingKey, SigningKey, Verifier, hex};
use rand::TryRngCore as _;
use rand::rngs::OsRng;

use crate::error::{EdgeError, FileError};
use crate::files::{self, Privacy};

/// What the approval pages hold: they seal, open and sign.
#[derive(Debug)]
pub(crate) struct Keys {
    sealing: Vec<SealingKey>,
    signing: SigningKey,
}

impl Keys {
    /// Reads the keys of `directory`, and makes those that are not there.
    pub(crate) fn open(directory: &Path) -> Result<Self, EdgeError> {
        let mut sealing = vec![SealingKey::new(read_or_make(&directory.join(SEALING))?)];
        for path in files::list(directory, "key")? {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if name.starts_with("sealing-") {
                sealing.push(SealingKey::new(read_key(&path)?.ok_or_else(|| broken(&path, "it is gone"))?));
            }
        }
        let signing = SigningKey::new(read_or_make(&directory.join(SIGNING))?);
        publish(directory, &signing)?;
        Ok(Self { sealing, signing })
    }

    /// The key that seals new links.
    pub(crate) fn sealing(&self) -> &SealingKey {
        &self.sealing[0]
    }

    /// All keys that open links, the present one first.
    pub(crate) fn opening(&self) -> &[SealingKey] {
        &self.sealing
    }

    /// The key that signs decisions.
    pub(crate) fn signing(&self) -> &SigningKey {
        &self.signing
    }
}

/// Reads the public keys whose decisions count; all that `act` ever holds.
pub(crate) fn verifier(directory: &Path) -> Result<Verifier, EdgeError> {
    let path = directory.join(PUBLIC);
    let text = files::read(&path)?.unwrap_or_default();
    let mut keys = Vec::new();
    for line in String::from_utf8_lossy(&text).lines().map(str::trim).filter(|line| !line.is_empty()) {
        keys.push(unhex(line).ok_or_else(|| broken(&path, "a line is not 64 hexadecimal digits"))?);
    }
    Verifier::new(keys).map_err(|error| broken(&path, &error.to_string()).into())
}

/// Random bytes of the operating system.
pub(crate) fn random<const SIZE: usize>() -> Result<[u8; SIZE], EdgeError> {
    let mut bytes = [0_u8; SIZE];
    OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| EdgeError::transient(format!("the system gives no random bytes: {error}")))?;
    Ok(bytes)
}

/// The bytes of an even number of hexadecimal digits.
pub(crate) fn unhex<const SIZE: usize>(text: &str) -> Option<[u8; SIZE]> {
    let digits = text.as_bytes();
    if digits.len() != SIZE * 2 {
        return None;
    }
    let mut bytes = [0_u8; SIZE];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        let digit = |place: usize| char::from(pair[place]).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(0)? << 4 | digit(1)?;
    }
    Some(bytes)
}

fn read_or_make(path: &Path) -> Result<[u8; 32], EdgeError> {
    if let Some(key) = read_key(path)? {
        return Ok(key);
    }
    // Two that start at once agree: only one of them makes the file, and both read it.
    files::create(path, format!("{}\n", hex(&random::<32>()?)).as_bytes(), Privacy::Secret)?;
    Ok(read_key(path)?.ok_or_else(|| broken(path, "it is gone"))?)
}

fn read_key(path: &Path) -> Result<Option<[u8; 32]>, FileError> {
    let Some(bytes) = files::read(path)? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes);
    unhex(text.trim()).map(Some).ok_or_else(|| broken(path, "it is not 64 hexadecimal digits"))
}

/// Adds the public half to `signing.pub`, where retired ones stay until somebody removes their line.
fn publish(directory: &Path, signing: &SigningKey) -> Result<(), FileError> {
    let path = directory.join(PUBLIC);
    let mut text = String::from_utf8_lossy(&files::read(&path)?.unwrap_or_default()).into_owned();
    let public = hex(&signing.public());
    if text.lines().any(|line| line.trim() == public) {
        return Ok(());
    }
    text.push_str(&public);
    text.push('\n');
    files::replace(&path, text.as_bytes(), Privacy::Shared)
}

fn broken(path: &Path, problem: &str) -> FileError {
    FileError::Broken { path: PathBuf::from(path), problem: problem.to_owned() }
}

const SEALING: &str = "sealing.key";
const SIGNING: &str = "signing.key";
const PUBLIC: &str = "signing.pub";

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn keys_are_made_once_and_then_read() {
        let directory = tempfile::tempdir().unwrap();
        let first = Keys::open(directory.path()).unwrap();
        let again = Keys::open(directory.path()).unwrap();
        assert_eq!(first.sealing(), again.sealing());
        assert_eq!(first.signing().id(), again.signing().id());
        let other = tempfile::tempdir().unwrap();
        assert_ne!(Keys::open(other.path()).unwrap().sealing(), first.sealing());
    }

    #[cfg(unix)]
    #[test]
    fn private_keys_are_their_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        Keys::open(directory.path()).unwrap();
        for name in [SEALING, SIGNING] {
            assert_eq!(fs::metadata(directory.path().join(name)).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_retired_key_still_opens_and_its_decisions_still_count() {
        let directory = tempfile::tempdir().unwrap();
        let old = Keys::open(directory.path()).unwrap();
        fs::rename(directory.path().join(SEALING), directory.path().join("sealing-old.key")).unwrap();
        fs::rename(directory.path().join(SIGNING), directory.path().join("old.txt")).unwrap();
        let new = Keys::open(directory.path()).unwrap();
        assert_ne!(new.sealing(), old.sealing());
        assert!(new.opening().contains(old.sealing()));
        let public = fs::read_to_string(directory.path().join(PUBLIC)).unwrap();
        assert!(public.contains(&hex(&old.signing().public())) && public.contains(&hex(&new.signing().public())));
    }

    #[test]
    fn a_broken_key_is_refused_and_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(SEALING), "short").unwrap();
        assert_eq!(Keys::open(directory.path()).unwrap_err().error, "Sao.BrokenFile");
        assert_eq!(fs::read_to_string(directory.path().join(SEALING)).unwrap(), "short");
    }
}
