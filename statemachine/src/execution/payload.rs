//! The texts of an execution, each kept once.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use crate::record::PayloadId;

/// Every payload of an execution, in the order of its records.
#[derive(Debug, Clone, Default)]
pub(crate) struct Payloads {
    texts: Vec<Arc<str>>,
    by_hash: BTreeMap<u64, PayloadId>,
}

impl Payloads {
    /// Adds the next payload.
    pub(crate) fn push(&mut self, text: &str) -> PayloadId {
        let id = PayloadId(self.len());
        self.texts.push(text.into());
        self.by_hash.entry(hash(text)).or_insert(id);
        id
    }

    /// How many there are; also the number of the next one.
    pub(crate) fn len(&self) -> u32 {
        self.texts.len() as u32
    }

    /// The payload with this text, if there is one.
    pub(crate) fn find(&self, text: &str) -> Option<PayloadId> {
        self.by_hash.get(&hash(text)).copied().filter(|id| self.get(*id) == text)
    }

    /// The text of a payload.
    pub(crate) fn get(&self, id: PayloadId) -> &str {
        &self.texts[id.0 as usize]
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
