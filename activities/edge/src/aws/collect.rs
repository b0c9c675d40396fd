//! Collect over AWS: a Terraform state file in a bucket becomes the twin's topology.
//!
//! Owns the rule that a bad state changes nothing: it is read, and the whole is checked, before the object is written. An older
//! state, or one of another lineage, is refused. Called by the event of the state file, or with `{"bucket": ..., "key": ...}`.

use activities::twin::{State, Topology, TopologyObject};
use serde::Serialize;
use serde_json::Value;

use super::store::{Store, Stored, When};
use super::{Aws, Settings, event, twin};
use crate::collect::Collected;
use crate::error::EdgeError;

/// Collects the state file of an event.
pub(super) async fn collect(aws: &Aws, event: &Value) -> Result<impl Serialize, EdgeError> {
    let text = |name: &str| event.get(name).and_then(Value::as_str).map(str::to_owned);
    let by_hand = || Some((text("bucket")?, text("key")?));
    let (bucket, key) = event::written_object(event).or_else(by_hand).ok_or_else(|| {
        EdgeError::bad_input("collect", "it is no event of an object that was written, and names no `bucket` and `key`")
    })?;
    let source = format!("s3://{bucket}/{key}");
    let states = Store::new(aws.s3(), &bucket);
    let store = aws.twin()?;
    for _ in 0..ATTEMPTS {
        let bytes = states.get(&key).await?.ok_or_else(|| bad(&source, "there is no such object"))?.value;
        let state = State::parse(&bytes).map_err(|error| bad(&source, error))?;
        let held = twin::topology_object(&store, &source).await?;
        if let Some(collected) = put(&store, &source, state, held).await? {
            tracing::info!(source, nodes = collected.nodes, changed = collected.changed, "collected");
            return Ok(collected);
        }
        // Another collector wrote in between: the state is read again, and theirs may be newer.
    }
    Err(EdgeError::transient(format!("the topology of `{source}` is being written by others")))
}

/// Reads the object that `s3://BUCKET/KEY` names, with the credentials of the environment.
pub(crate) async fn read_object(source: &str) -> Result<Option<Vec<u8>>, EdgeError> {
    let parts = source.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
    let (bucket, key) = parts
        .filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
        .ok_or_else(|| bad(source, "the address of a state in a bucket is `s3://BUCKET/KEY`"))?;
    let aws = Aws::connect(Settings::default()).await;
    Ok(Store::new(aws.s3(), bucket).get(key).await?.map(|stored| stored.value))
}

/// Writes the object of a state; nothing when another collector came in between.
async fn put(
    store: &Store,
    source: &str,
    state: State,
    held: Option<Stored<TopologyObject>>,
) -> Result<Option<Collected>, EdgeError> {
    let (object, when) = match &held {
        None => (TopologyObject::of(state, source), When::Absent),
        Some(held) => (held.value.succeed(state).map_err(|error| bad(source, error))?, When::Unchanged(&held.tag)),
    };
    if held.as_ref().is_some_and(|held| object.says_the_same(&held.value)) {
        return Ok(Some(report(&object, false)));
    }
    let mut all: Vec<TopologyObject> = twin::topology_objects(store).await?;
    all.retain(|other| other.source() != source);
    all.push(object.clone());
    Topology::merge(all).map_err(|error| bad(source, error))?;
    let mut bytes = Vec::new();
    object.write_to(&mut bytes).map_err(|problem| bad(source, problem))?;
    let written = store.put(&twin::topology_key(source), bytes, when).await?;
    Ok(written.map(|_| report(&object, true)))
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

fn bad(source: &str, problem: impl std::fmt::Display) -> EdgeError {
    EdgeError::new("Sao.BadState", format!("`{source}`: {problem}"))
}

const ATTEMPTS: usize = 3;
