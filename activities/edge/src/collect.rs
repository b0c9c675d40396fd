//! Collect: Terraform state files become the twin's topology and the embedded account.
//!
//! Owns the rule that a bad file changes nothing: every file is read, and the whole is checked, before the first object is
//! written. An older state, or one of another lineage, is refused, unless it is taken knowingly ([`Embedded::collect_with`]).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use activities::action::ActionName;
use activities::twin::{State, Topology, TopologyObject};
use serde::Serialize;

use crate::embedded::{Embedded, World, blocking};
use crate::error::EdgeError;
use crate::files;

/// What was collected of one state file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Collected {
    /// The name under which the state was collected.
    pub source: String,
    /// The state's lineage.
    pub lineage: String,
    /// The state's serial.
    pub serial: u64,
    /// How many nodes it brings.
    pub nodes: usize,
    /// How many edges it brings.
    pub edges: usize,
    /// False when the twin held just this before.
    pub changed: bool,
}

/// How far a collection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// So many bytes of a state have been read.
    Read {
        /// The name of the state.
        source: &'a str,
        /// Bytes read.
        bytes: usize,
        /// Bytes in all.
        of: usize,
    },
    /// So many resources of a state have been taken into the embedded account.
    TakenIn {
        /// The name of the state.
        source: &'a str,
        /// Resources taken in.
        resources: usize,
    },
}

impl Embedded {
    /// Collects state files; a directory stands for the `.tfstate` files in it at any depth, `s3://BUCKET/KEY` for an object.
    pub async fn collect(&self, paths: Vec<PathBuf>) -> Result<Vec<Collected>, EdgeError> {
        self.collect_with(paths, false, |_| {}).await
    }

    /// Collects state files, `anyway` also where they are older than what the twin holds under their name or of another
    /// lineage, and tells `progress` from time to time how far it is.
    pub async fn collect_with(
        &self,
        paths: Vec<PathBuf>,
        anyway: bool,
        progress: impl Fn(Progress<'_>) + Send + 'static,
    ) -> Result<Vec<Collected>, EdgeError> {
        let (remote, local): (Vec<PathBuf>, Vec<PathBuf>) = paths.into_iter().partition(|path| is_remote(path));
        let mut texts = Vec::new();
        for path in remote {
            let source = path.to_string_lossy().into_owned();
            texts.push((source.clone(), remote::read(&source).await?));
        }
        let world = Arc::clone(&self.world);
        blocking(move || Collecting { world: &world, anyway, progress: &progress }.collect(&local, texts)).await
    }
}

/// Whether a path is the address of an object in a bucket.
pub fn is_remote(path: &Path) -> bool {
    path.to_str().is_some_and(|path| path.starts_with("s3://"))
}

/// One collection.
struct Collecting<'a> {
    world: &'a World,
    anyway: bool,
    progress: &'a dyn Fn(Progress<'_>),
}

impl Collecting<'_> {
    fn collect(&self, paths: &[PathBuf], texts: Vec<(String, Vec<u8>)>) -> Result<Vec<Collected>, EdgeError> {
        let _guard = self.world.guard();
        let held = self.world.twin.objects()?;
        let mut objects: Vec<(TopologyObject, bool)> = Vec::new();
        for (source, bytes) in texts {
            objects.push(self.object(&source, &bytes, &held)?);
        }
        for path in state_files(paths)? {
            let source = path.to_string_lossy().into_owned();
            let bytes = files::read(&path)?.ok_or_else(|| refused(&source, "there is no such file"))?;
            objects.push(self.object(&source, &bytes, &held)?);
        }
        check_together(&held, &objects)?;
        for (object, changed) in &objects {
            if *changed && !self.world.twin.put_object(object)? {
                let source = object.source();
                return Err(EdgeError::transient(format!(
                    "`{source}` was collected by another process meanwhile; collect it again"
                )));
            }
        }
        // Also for an unchanged state: a crash may have come between the topology and the account.
        for (object, _) in &objects {
            self.take_in(object)?;
        }
        Ok(objects.into_iter().map(|(object, changed)| report(&object, changed)).collect())
    }

    /// The object of a state, and whether it differs from the one that is held under its name.
    fn object(&self, source: &str, bytes: &[u8], held: &[TopologyObject]) -> Result<(TopologyObject, bool), EdgeError> {
        let of = bytes.len();
        let mut tell = |bytes: usize| (self.progress)(Progress::Read { source, bytes, of });
        let state = State::parse_with(bytes, &mut tell).map_err(|error| refused(source, error))?;
        let Some(former) = held.iter().find(|object| object.source() == source) else {
            return Ok((TopologyObject::of(state, source), true));
        };
        let next = match (self.anyway, state.accepts(former.lineage(), former.serial())) {
            (false, Err(error)) => return Err(refused(source, format!("{error}; `--force` takes it all the same"))),
            _ => former.replaced_by(state),
        };
        Ok(if next.says_the_same(former) { (former.clone(), false) } else { (next, true) })
    }

    /// Takes what actions can change into the embedded account.
    fn take_in(&self, object: &TopologyObject) -> Result<(), EdgeError> {
        let now = self.world.now();
        let source = format!("{}/{}", object.lineage(), object.serial());
        let topology =
            Topology::merge(vec![object.clone()]).map_err(|error| EdgeError::new("Sao.BadState", error.to_string()))?;
        let changeable = topology.nodes().filter(|node| !ActionName::for_type(node.resource_type()).is_empty());
        for (resources, node) in changeable.enumerate() {
            if resources % BETWEEN_REPORTS == 0 {
                (self.progress)(Progress::TakenIn { source: object.source(), resources });
            }
            self.world.account.take_in(&node.read()?, now, &source)?;
        }
        Ok(())
    }
}

fn refused(source: &str, problem: impl std::fmt::Display) -> EdgeError {
    EdgeError::new("Sao.BadState", format!("`{source}`: {problem}"))
}

/// Checks that the new objects and those that stay are one topology.
fn check_together(held: &[TopologyObject], new: &[(TopologyObject, bool)]) -> Result<(), EdgeError> {
    let mut all: Vec<TopologyObject> = new.iter().map(|(object, _)| object.clone()).collect();
    all.extend(held.iter().filter(|object| new.iter().all(|(one, _)| one.source() != object.source())).cloned());
    Topology::merge(all).map(|_| ()).map_err(|error| EdgeError::new("Sao.BadState", error.to_string()))
}

fn state_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, EdgeError> {
    let mut all = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = all.len();
            states_below(path, DEEPEST, &mut all)?;
            if all.len() == before {
                return Err(EdgeError::new("Sao.BadState", format!("`{}` holds no `.tfstate` file", path.display())));
            }
        } else {
            all.push(path.clone());
        }
    }
    all.sort();
    all.dedup();
    Ok(all)
}

/// The states in a directory and in those within it; hidden ones (`.terraform`) and links to directories are left out.
fn states_below(directory: &Path, depth: usize, all: &mut Vec<PathBuf>) -> Result<(), EdgeError> {
    all.extend(files::list(directory, "tfstate")?);
    for inner in files::directories(directory)? {
        if depth > 0 {
            states_below(&inner, depth - 1, all)?;
        }
    }
    Ok(())
}

/// States in buckets.
mod remote {
    use crate::error::EdgeError;

    #[cfg(feature = "aws")]
    pub(super) async fn read(source: &str) -> Result<Vec<u8>, EdgeError> {
        crate::aws::read_object(source).await?.ok_or_else(|| super::refused(source, "there is no such object"))
    }

    #[cfg(not(feature = "aws"))]
    pub(super) async fn read(source: &str) -> Result<Vec<u8>, EdgeError> {
        Err(super::refused(
            source,
            "this build reads no buckets; build it with `--features aws`, or take a copy with `aws s3 cp`",
        ))
    }
}

fn report(object: &TopologyObject, changed: bool) -> Collected {
    Collected {
        source: object.source().to_owned(),
        lineage: object.lineage().to_owned(),
        serial: object.serial(),
        nodes: object.nodes(),
        edges: object.edges(),
        changed,
    }
}

/// Deeper than any layout of states.
const DEEPEST: usize = 16;
/// Resources between two reports of progress.
const BETWEEN_REPORTS: usize = 256;
