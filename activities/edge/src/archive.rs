//! Archive: the history of an ended execution as a file, in a chain that shows any later change.
//!
//! ```text
//! history/<execution>.json   as `aws stepfunctions get-execution-history` writes it
//! history/chain.json         one line for each: its digest, and the digest of the line before
//! ```
//!
//! Owns the files and the chain. An execution that is archived already stays as it is.

use std::path::PathBuf;
use std::sync::Arc;

use activities::approval::sha256_hex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::embedded::{Embedded, World, blocking};
use crate::error::{EdgeError, FileError};
use crate::files::{self, Privacy};

/// One line of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainLine {
    /// The execution.
    pub execution: String,
    /// The name of its file.
    pub file: String,
    /// The SHA-256 of the file.
    pub sha256: String,
    /// The hash over this line and the one before.
    pub chain: String,
}

impl Embedded {
    /// Archives the history of an ended execution; answers the file's path.
    pub async fn archive(&self, execution: &str, history: Value) -> Result<PathBuf, EdgeError> {
        let (world, execution) = (Arc::clone(&self.world), execution.to_owned());
        blocking(move || archive(&world, &execution, &history)).await
    }

    /// Checks every archived history against the chain; answers how many there are.
    pub async fn verify_archive(&self) -> Result<usize, EdgeError> {
        let world = Arc::clone(&self.world);
        blocking(move || verify(&world)).await
    }
}

fn archive(world: &World, execution: &str, history: &Value) -> Result<PathBuf, EdgeError> {
    let _guard = world.guard();
    let file = format!("{}.json", files::name_for(execution));
    let path = world.config.path(FOLDER).join(&file);
    let mut chain = chain(world)?;
    if chain.iter().any(|line| line.execution == execution) {
        return Ok(path);
    }
    let mut bytes = serde_json::to_vec_pretty(history).map_err(|error| EdgeError::bad_input("archive", error))?;
    bytes.push(b'\n');
    files::replace(&path, &bytes, Privacy::Shared)?;
    let sha256 = sha256_hex(&bytes);
    let former = chain.last().map(|line| line.chain.clone()).unwrap_or_default();
    chain.push(ChainLine {
        chain: link(&former, execution, &file, &sha256),
        execution: execution.to_owned(),
        file,
        sha256,
    });
    files::replace_json(&world.config.path(FOLDER).join(CHAIN), &chain)?;
    Ok(path)
}

fn verify(world: &World) -> Result<usize, EdgeError> {
    let chain = chain(world)?;
    let mut former = String::new();
    for line in &chain {
        let path = world.config.path(FOLDER).join(&line.file);
        let broken = |problem: &str| FileError::Broken { path: path.clone(), problem: problem.to_owned() };
        let bytes = files::read(&path)?.ok_or_else(|| broken("it is gone"))?;
        if sha256_hex(&bytes) != line.sha256 {
            return Err(broken("it was changed since it was archived").into());
        }
        if link(&former, &line.execution, &line.file, &line.sha256) != line.chain {
            return Err(broken("its line of the chain was changed").into());
        }
        former.clone_from(&line.chain);
    }
    Ok(chain.len())
}

fn link(former: &str, execution: &str, file: &str, sha256: &str) -> String {
    sha256_hex(format!("{former}\n{execution}\n{file}\n{sha256}").as_bytes())
}

fn chain(world: &World) -> Result<Vec<ChainLine>, EdgeError> {
    Ok(files::read_json(&world.config.path(FOLDER).join(CHAIN))?.unwrap_or_default())
}

const FOLDER: &str = "history";
const CHAIN: &str = "chain.json";
