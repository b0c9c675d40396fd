//! The keys in the keys bucket: one that seals links, one that signs decisions, and the public halves.
//!
//! ```text
//! sealing.key      seals new links; notify and hitl read it
//! sealing-*.key    retired: their links still open
//! signing.key      signs decisions; hitl alone reads it
//! signing.pub      the public keys whose decisions count, one on a line; all that act reads
//! approvers.json   who may approve, with the secrets of their one-time codes; hitl alone reads it
//! ```
//!
//! Objects rather than environment variables: whoever may describe a function sees its environment, while a bucket whose default
//! encryption is a KMS key of its own gives each role just the objects that its policy names, logs every read, and lets a key be
//! changed without a deployment. A key is made on first use, by a write that only one of several callers wins. Owns the objects.
//! Does not own what the keys mean.

use activities::approval::{SealingKey, SigningKey, Verifier, hex};

use super::store::{Store, Stored, When};
use crate::error::EdgeError;
use crate::keys::{random, unhex};

/// The keys that seal and open links, the present one first.
#[derive(Debug)]
pub(super) struct Sealing(Vec<SealingKey>);

impl Sealing {
    /// Reads the keys; makes the present one when there is none.
    pub(super) async fn open(store: &Store) -> Result<Self, EdgeError> {
        let mut keys = vec![SealingKey::new(read_or_make(store, SEALING).await?)];
        let retired = store.list("sealing-", None, MOST_RETIRED).await?;
        let retired = retired.into_iter().map(|object| object.key).filter(|key| key.ends_with(".key")).collect();
        for (name, bytes) in store.get_all(retired).await? {
            keys.push(SealingKey::new(key(store, &name, &bytes)?));
        }
        Ok(Self(keys))
    }

    /// The key that seals new links.
    pub(super) fn present(&self) -> &SealingKey {
        &self.0[0]
    }

    /// All keys that open links.
    pub(super) fn all(&self) -> &[SealingKey] {
        &self.0
    }
}

/// The key that signs decisions; its public half is published before it signs anything.
pub(super) async fn signing(store: &Store) -> Result<SigningKey, EdgeError> {
    let signing = SigningKey::new(read_or_make(store, SIGNING).await?);
    let public = hex(&signing.public());
    for _ in 0..ATTEMPTS {
        let held = store.get(PUBLIC).await?;
        let mut text = held.as_ref().map(|held| String::from_utf8_lossy(&held.value).into_owned()).unwrap_or_default();
        if text.lines().any(|line| line.trim() == public) {
            return Ok(signing);
        }
        text.push_str(&public);
        text.push('\n');
        let when = held.as_ref().map_or(When::Absent, |held| When::Unchanged(&held.tag));
        if store.put(PUBLIC, text.into_bytes(), when).await?.is_some() {
            return Ok(signing);
        }
    }
    Err(EdgeError::transient(format!("`{PUBLIC}` is being written by others")))
}

/// Reads the public keys whose decisions count; without any, none does.
pub(super) async fn verifier(store: &Store) -> Result<Verifier, EdgeError> {
    let held = store.get(PUBLIC).await?.map(|held| held.value).unwrap_or_default();
    let mut keys = Vec::new();
    for line in String::from_utf8_lossy(&held).lines().map(str::trim).filter(|line| !line.is_empty()) {
        keys.push(unhex(line).ok_or_else(|| store.broken(PUBLIC, "a line is not 64 hexadecimal digits"))?);
    }
    Verifier::new(keys).map_err(|problem| store.broken(PUBLIC, problem))
}

async fn read_or_make(store: &Store, name: &str) -> Result<[u8; 32], EdgeError> {
    if let Some(Stored { value, .. }) = store.get(name).await? {
        return key(store, name, &value);
    }
    // Two that start at once agree: only one of them makes the object, and both read it.
    store.put(name, format!("{}\n", hex(&random::<32>()?)).into_bytes(), When::Absent).await?;
    let made = store.get(name).await?.ok_or_else(|| store.broken(name, "it is gone"))?;
    key(store, name, &made.value)
}

fn key(store: &Store, name: &str, bytes: &[u8]) -> Result<[u8; 32], EdgeError> {
    let text = String::from_utf8_lossy(bytes);
    unhex(text.trim()).ok_or_else(|| store.broken(name, "it is not 64 hexadecimal digits"))
}

const SEALING: &str = "sealing.key";
const SIGNING: &str = "signing.key";
const PUBLIC: &str = "signing.pub";
const MOST_RETIRED: usize = 100;
const ATTEMPTS: usize = 3;
