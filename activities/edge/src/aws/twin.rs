//! The digital twin in a bucket.
//!
//! ```text
//! topology/<state>.twin    one object for each state file; written by `collect`
//! governance/*.cedar       what people permit and forbid; governance.json and governance/*.json likewise
//! constraints.json         maintenance windows, forbidden operations; further objects in constraints/
//! precedents/              one record for each incident, and their vectors; written by `remember`
//! kill-switch              its presence stops all execution; its text is the reason
//! automatic/<at>-...       one object for each action that the policy decided; written by `act`
//! ```
//!
//! Owns where the layers are, that a layer of people's which is missing or unreadable is an error, never empty, and the memory of
//! what did not change since the function's last call. Does not own what the layers mean.

use std::io::Cursor;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use activities::shape::{KillSwitchAnswer, LayerAnswer, LayerDocument};
use activities::twin::{Topology, TopologyObject};
use jiff::Timestamp;

use super::Aws;
use super::precedents::Memory;
use super::store::{Listed, Store, Stored};
use crate::error::EdgeError;
use crate::files::name_for;
use crate::time::{seconds_before, written};
use crate::twin_dir::version;

/// What a warm function remembers of the bucket, by entity tags.
#[derive(Debug, Default)]
pub(super) struct Cache {
    topology: Mutex<Option<(Signature, Arc<Topology>)>>,
    pub(super) vectors: Memory,
}

/// What tells that objects are the same: their keys and entity tags.
type Signature = Vec<(String, String)>;

/// The topology of all states together.
pub(super) async fn topology(aws: &Aws) -> Result<Arc<Topology>, EdgeError> {
    let store = aws.twin()?;
    let listed = store.list(TOPOLOGY, None, MOST_STATES).await?;
    let signature: Signature = listed.iter().map(|object| (object.key.clone(), object.tag.clone())).collect();
    if let Some((known, topology)) = guard(&aws.cache().topology).as_ref()
        && *known == signature
    {
        return Ok(Arc::clone(topology));
    }
    let objects = objects(&store, listed).await?;
    let merged = Topology::merge(objects).map_err(|problem| store.broken(TOPOLOGY, problem))?;
    let topology = Arc::new(merged);
    *guard(&aws.cache().topology) = Some((signature, Arc::clone(&topology)));
    Ok(topology)
}

/// The stored objects, one for each state.
pub(super) async fn topology_objects(store: &Store) -> Result<Vec<TopologyObject>, EdgeError> {
    let listed = store.list(TOPOLOGY, None, MOST_STATES).await?;
    objects(store, listed).await
}

async fn objects(store: &Store, listed: Vec<Listed>) -> Result<Vec<TopologyObject>, EdgeError> {
    let found = store.get_all(listed.into_iter().map(|object| object.key).collect()).await?;
    let read = |(key, bytes): (String, Vec<u8>)| {
        TopologyObject::open(Cursor::new(bytes)).map_err(|problem| store.broken(&key, problem))
    };
    found.into_iter().map(read).collect()
}

/// The stored object of a state.
pub(super) async fn topology_object(store: &Store, source: &str) -> Result<Option<Stored<TopologyObject>>, EdgeError> {
    let key = topology_key(source);
    let Some(Stored { value, tag }) = store.get(&key).await? else { return Ok(None) };
    let value = TopologyObject::open(Cursor::new(value)).map_err(|problem| store.broken(&key, problem))?;
    Ok(Some(Stored { value, tag }))
}

/// The key of a state's object.
pub(super) fn topology_key(source: &str) -> String {
    format!("{TOPOLOGY}{}.twin", name_for(source))
}

/// The governance layer as people wrote it.
pub(super) async fn governance(store: &Store) -> Result<LayerAnswer, EdgeError> {
    layer(store, "governance").await
}

/// The constraints layer as people wrote it.
pub(super) async fn constraints(store: &Store) -> Result<LayerAnswer, EdgeError> {
    layer(store, "constraints").await
}

async fn layer(store: &Store, layer: &str) -> Result<LayerAnswer, EdgeError> {
    let mut keys = vec![format!("{layer}.json")];
    let inside = store.list(&format!("{layer}/"), None, MOST_DOCUMENTS + 1).await?;
    if inside.len() > MOST_DOCUMENTS {
        // Half a policy is none.
        return Err(store.broken(layer, format!("it holds more than {MOST_DOCUMENTS} objects")));
    }
    let is_read = |key: &String| key.ends_with(".json") || key.ends_with(".cedar");
    keys.extend(inside.into_iter().map(|object| object.key).filter(is_read));
    keys.sort();
    let mut documents = Vec::new();
    for (name, bytes) in store.get_all(keys).await? {
        let text = String::from_utf8(bytes).map_err(|_| store.broken(&name, "it is not text in UTF-8"))?;
        documents.push(LayerDocument { name, text });
    }
    if documents.is_empty() {
        return Err(EdgeError::new(
            "Sao.NotFound",
            format!("the twin has no {layer} layer: there is no `{layer}.json`"),
        ));
    }
    Ok(LayerAnswer { version: version(&documents), documents })
}

/// Whether execution is stopped, and why; a switch that cannot be read counts as engaged.
pub(super) async fn kill_switch(store: &Store) -> KillSwitchAnswer {
    match store.get(KILL_SWITCH).await {
        Ok(None) => KillSwitchAnswer { engaged: false, reason: None },
        Ok(Some(Stored { value, .. })) => {
            let reason = String::from_utf8_lossy(&value).trim().to_owned();
            KillSwitchAnswer { engaged: true, reason: Some(reason).filter(|reason| !reason.is_empty()) }
        }
        Err(error) => KillSwitchAnswer { engaged: true, reason: Some(error.to_string()) },
    }
}

/// The key that notes an action which the policy decided.
pub(super) fn automatic_key(at: Timestamp, digest: &str) -> String {
    format!("{AUTOMATIC}{}-{}", written(at), digest.chars().take(16).collect::<String>())
}

/// How many actions the policy decided in the seconds before `at`.
pub(super) async fn automatic_since(store: &Store, at: Timestamp, seconds: u32) -> Result<u32, EdgeError> {
    // Keys begin with the instant, so that their order is that of time.
    let after = format!("{AUTOMATIC}{}", written(seconds_before(at, seconds)));
    let found = store.list(AUTOMATIC, Some(&after), MOST_AUTOMATIC).await?;
    Ok(u32::try_from(found.len()).unwrap_or(u32::MAX))
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is remembered is whole at any moment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const TOPOLOGY: &str = "topology/";
const AUTOMATIC: &str = "automatic/";
const KILL_SWITCH: &str = "kill-switch";
const MOST_STATES: usize = 1_000;
const MOST_DOCUMENTS: usize = 200;
const MOST_AUTOMATIC: usize = 1_000;
