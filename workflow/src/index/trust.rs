//! Whether the index on disk may be believed.
//!
//! Owns the file `DATA/index.trust`, which says how the last run left the index. sled writes without fsync: after a power
//! cut its files may hold anything, while after a crash of the process alone they hold what it flushed. So the index is
//! believed after a clean stop, and after a crash within the same boot of the machine; else it is rebuilt.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::journal::sync_folder;

/// Says whether the index may be believed.
pub(crate) fn is_trusted(data: &Path) -> bool {
    match fs::read_to_string(path(data)) {
        Ok(text) => text == CLEAN || boot().is_some_and(|boot| text == open_in(&boot)),
        Err(_) => false,
    }
}

/// Notes that the index is being changed.
pub(crate) fn mark_open(data: &Path) -> io::Result<()> {
    write(data, &open_in(&boot().unwrap_or_default()))
}

/// Notes that the index must not be believed.
pub(crate) fn mark_unknown(data: &Path) -> io::Result<()> {
    write(data, "unknown")
}

/// Makes sled's closed files durable, and notes that the index is complete.
pub(crate) fn mark_clean(data: &Path, index: &Path) -> io::Result<()> {
    for entry in fs::read_dir(index)? {
        let path = entry?.path();
        if path.is_file() {
            File::open(path)?.sync_all()?;
        }
    }
    sync_folder(index)?;
    write(data, CLEAN)
}

fn write(data: &Path, text: &str) -> io::Result<()> {
    let draft = data.join("index.trust.new");
    let mut file = File::create(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(draft, path(data))?;
    sync_folder(data)
}

fn path(data: &Path) -> PathBuf {
    data.join("index.trust")
}

fn open_in(boot: &str) -> String {
    format!("open {boot}")
}

/// What tells one boot of the machine from another, where the system says it.
fn boot() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(boot.trim().to_owned()).filter(|boot| !boot.is_empty())
}

const CLEAN: &str = "clean";
