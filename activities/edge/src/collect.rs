//! Collect: Terraform state files become the twin's topology and the embedded account.
//!
//! Owns the rule that a bad file changes nothing: every file is read, and the whole is checked, before the first object is
//! written. An older state, or one of another lineage, is refused.

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

impl Embedded {
    /// Collects state files; a directory stands for the `.tfstate` files in it.
    pub async fn collect(&self, paths: Vec<PathBuf>) -> Result<Vec<Collected>, EdgeError> {
        let world = Arc::clone(&self.world);
        blocking(move || collect(&world, &paths)).await
    }
}

fn collect(world: &World, paths: &[PathBuf]) -> Result<Vec<Collected>, EdgeError> {
    let _guard = world.guard();
    let held = world.twin.objects()?;
    let mut objects: Vec<(TopologyObject, bool)> = Vec::new();
    for path in state_files(paths)? {
        let object = object(&path, &held)?;
        objects.push(object);
    }
    check_together(&held, &objects)?;
    for (object, changed) in &objects {
        if *changed && !world.twin.put_object(object)? {
            let source = object.source();
            return Err(EdgeError::transient(format!(
                "`{source}` was collected by another process meanwhile; collect it again"
            )));
        }
    }
    // Also for an unchanged state: a crash may have come between the topology and the account.
    for (object, _) in &objects {
        take_in(world, object)?;
    }
    Ok(objects.into_iter().map(|(object, changed)| report(&object, changed)).collect())
}

/// The object of a state file, and whether it differs from the one that is held under its name.
fn object(path: &Path, held: &[TopologyObject]) -> Result<(TopologyObject, bool), EdgeError> {
    let source = path.to_string_lossy().into_owned();
    let refuse = |problem: String| EdgeError::new("Sao.BadState", format!("`{source}`: {problem}"));
    let bytes = files::read(path)?.ok_or_else(|| refuse("there is no such file".to_owned()))?;
    let state = State::parse(&bytes).map_err(|error| refuse(error.to_string()))?;
    match held.iter().find(|object| object.source() == source) {
        None => Ok((TopologyObject::of(state, source), true)),
        Some(former) => {
            let next = former.succeed(state).map_err(|error| refuse(error.to_string()))?;
            Ok(if next.says_the_same(former) { (former.clone(), false) } else { (next, true) })
        }
    }
}

/// Checks that the new objects and those that stay are one topology.
fn check_together(held: &[TopologyObject], new: &[(TopologyObject, bool)]) -> Result<(), EdgeError> {
    let mut all: Vec<TopologyObject> = new.iter().map(|(object, _)| object.clone()).collect();
    all.extend(held.iter().filter(|object| new.iter().all(|(one, _)| one.source() != object.source())).cloned());
    Topology::merge(all).map(|_| ()).map_err(|error| EdgeError::new("Sao.BadState", error.to_string()))
}

/// Takes what actions can change into the embedded account.
fn take_in(world: &World, object: &TopologyObject) -> Result<(), EdgeError> {
    let now = world.now();
    let source = format!("{}/{}", object.lineage(), object.serial());
    let topology =
        Topology::merge(vec![object.clone()]).map_err(|error| EdgeError::new("Sao.BadState", error.to_string()))?;
    for node in topology.nodes().filter(|node| !ActionName::for_type(node.resource_type()).is_empty()) {
        world.account.take_in(&node.read()?, now, &source)?;
    }
    Ok(())
}

fn state_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, EdgeError> {
    let mut all = Vec::new();
    for path in paths {
        if path.is_dir() {
            let inside = files::list(path, "tfstate")?;
            if inside.is_empty() {
                return Err(EdgeError::new("Sao.BadState", format!("`{}` holds no `.tfstate` file", path.display())));
            }
            all.extend(inside);
        } else {
            all.push(path.clone());
        }
    }
    all.sort();
    all.dedup();
    Ok(all)
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
