//! The operator's secret: what lets this machine's user decide from the command line.
//!
//! Owns `DATA/keys/operator.secret`: 256 random bits in a file that only its owner reads. Whoever can read it can also read the
//! signing key beside it, so it gives nobody more than they have; a program that merely reaches the port has nothing.

use std::{
    fs::OpenOptions,
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use activities::approval::hex;
use rand::{TryRngCore as _, rngs::OsRng};

use crate::error::CommandError;

/// Reads the secret of a data directory, and makes it when there is none.
pub(crate) fn open(data: &Path) -> Result<String, CommandError> {
    let path = path(data);
    let failed = |problem: String| CommandError::Secret { path: path.clone(), problem };
    let mut bytes = [0_u8; 32];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| failed(error.to_string()))?;
    match create(&path, &hex(&bytes)) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed(error.to_string())),
        _ => read(data),
    }
}

/// Reads it, for a command.
pub(crate) fn read(data: &Path) -> Result<String, CommandError> {
    let path = path(data);
    let failed = |problem: String| CommandError::Secret { path: path.clone(), problem };
    let text = std::fs::read_to_string(&path).map_err(|error| failed(error.to_string()))?;
    match text.trim() {
        secret if secret.len() == 64 => Ok(secret.to_owned()),
        _ => Err(failed("it is broken: remove the file and start `sao up` again".to_owned())),
    }
}

fn path(data: &Path) -> PathBuf {
    data.join("keys").join("operator.secret")
}

fn create(path: &Path, secret: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    writeln!(file, "{secret}").and_then(|()| file.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_and_is_its_owners_alone() {
        let data = tempfile::tempdir().unwrap();
        let secret = open(data.path()).unwrap();
        assert_eq!((secret.len(), open(data.path()).unwrap()), (64, secret.clone()));
        assert_eq!(read(data.path()).unwrap(), secret);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(path(data.path())).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn half_a_secret_is_none() {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(data.path().join("keys")).unwrap();
        std::fs::write(path(data.path()), "abc").unwrap();
        assert!(open(data.path()).unwrap_err().to_string().contains("broken"));
    }
}
