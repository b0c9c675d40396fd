//! TagResource and its kin: keys and values on state machines and activities.
//!
//! Owns how tags change: the journal holds all tags of a resource after each change. They are no part of a revision.

use std::sync::Arc;

use super::{
    Engine, Inner,
    arn::{activity_of, machine_of},
    error::ApiError,
};
use crate::journal::{
    Journal,
    entry::{Head, Offset, Tagged},
};

impl Engine {
    /// TagResource: adds tags, and replaces those whose keys are there.
    ///
    /// # Errors
    /// InvalidArn, ResourceNotFound, TooManyTags.
    pub async fn tag_resource(&self, arn: &str, tags: Vec<(String, String)>) -> Result<(), ApiError> {
        let arn = arn.to_owned();
        self.detached(|inner| async move {
            inner
                .change_tags(&arn, |there| {
                    there.retain(|(key, _)| tags.iter().all(|(new, _)| new != key));
                    there.extend(tags);
                })
                .await
        })
        .await
    }

    /// UntagResource; keys that are not there are gone already.
    ///
    /// # Errors
    /// InvalidArn, ResourceNotFound.
    pub async fn untag_resource(&self, arn: &str, keys: Vec<String>) -> Result<(), ApiError> {
        let arn = arn.to_owned();
        self.detached(|inner| async move {
            inner.change_tags(&arn, |there| there.retain(|(key, _)| !keys.contains(key))).await
        })
        .await
    }

    /// ListTagsForResource.
    ///
    /// # Errors
    /// InvalidArn, ResourceNotFound.
    pub async fn list_tags_for_resource(&self, arn: &str) -> Result<Vec<(String, String)>, ApiError> {
        self.inner.tagged(arn).map(|(_, tags)| tags)
    }
}

impl Inner {
    async fn change_tags(&self, arn: &str, change: impl FnOnce(&mut Vec<(String, String)>)) -> Result<(), ApiError> {
        // Both kinds wait here: tags change rarely.
        let _changing = self.machines.changing.lock().await;
        let (resource, before) = self.tagged(arn)?;
        let mut tags = before.clone();
        change(&mut tags);
        if tags.len() > MOST_TAGS {
            return Err(ApiError::TooManyTags(format!(
                "Too Many Tags: a resource has at most {MOST_TAGS} tags, not {}",
                tags.len()
            )));
        }
        if tags == before {
            return Ok(());
        }
        self.append(Head::Tagged { resource: resource.clone(), tags: tags.clone() }, &[]).await?;
        match resource {
            Tagged::Machine(name) => {
                self.machines.change(&name, |saved| Arc::make_mut(&mut saved.machine).tags = tags);
            }
            Tagged::Activity(name) => self.activities.retag(&name, tags),
        }
        Ok(())
    }

    /// What an ARN names, with its tags.
    fn tagged(&self, arn: &str) -> Result<(Tagged, Vec<(String, String)>), ApiError> {
        let gone = || ApiError::ResourceNotFound(arn.to_owned());
        if let Ok(name) = activity_of(arn) {
            let activity = self.activities.get(name).ok_or_else(gone)?;
            return Ok((Tagged::Activity(name.to_owned()), activity.tags));
        }
        let name = machine_of(arn)?;
        let saved = self.machines.get(name).ok_or_else(gone)?;
        Ok((Tagged::Machine(name.to_owned()), saved.machine.tags.clone()))
    }
}

/// The tags that the entry at this offset holds.
pub(super) fn read(journal: &Journal, at: Offset) -> Result<Vec<(String, String)>, String> {
    match journal.read(at).map_err(|error| error.to_string())?.head {
        Head::Tagged { tags, .. } => Ok(tags),
        _ => Err(format!("the journal holds no tags at offset {at}")),
    }
}

const MOST_TAGS: usize = 50;
