//! PublishStateMachineVersion and its kin: snapshots of a machine, numbered and unchanging.
//!
//! Owns what is published when, and what may be deleted. A version is the entry that saved the machine; nothing is copied.

use std::sync::Arc;

use statemachine::Millis;

use super::{
    Engine, Inner,
    arn::{machine_of, target_of, version_of},
    error::ApiError,
    machine::Saved,
    page::{self, Page, Paging},
    target::Version as Kept,
    types::{NewVersion, Version},
};
use crate::journal::entry::{Head, Publication};

impl Engine {
    /// PublishStateMachineVersion: the machine as it is now; a revision that was published already answers its version.
    ///
    /// With a `revision` the machine must be at that one (`INITIAL` is the one before the first update).
    ///
    /// # Errors
    /// InvalidArn, StateMachineDoesNotExist, StateMachineDeleting, Conflict, QuotaExceeded.
    pub async fn publish_state_machine_version(
        &self,
        arn: &str,
        revision: Option<String>,
        new: NewVersion,
    ) -> Result<Version, ApiError> {
        let arn = arn.to_owned();
        self.detached(|inner| async move { inner.publish_version(&arn, revision, new).await }).await
    }

    /// ListStateMachineVersions, the latest first; an unknown machine has none.
    ///
    /// # Errors
    /// InvalidArn, InvalidPage.
    pub async fn list_state_machine_versions(&self, arn: &str, paging: Paging) -> Result<Page<Version>, ApiError> {
        let machine = machine_of(arn)?;
        let list = format!("versions {machine}");
        let before = match paging.after(&list)? {
            Some(key) => key.parse().map_err(|_| ApiError::InvalidPage)?,
            None => u64::MAX,
        };
        let published = self.inner.machines.get(machine).map(|saved| saved.published).unwrap_or_default();
        let found = published.versions.range(..before).rev().take(paging.limit() + 1);
        let mut items: Vec<(u64, Version)> =
            found.map(|(number, kept)| (*number, self.inner.version(machine, kept))).collect();
        let more = items.len() > paging.limit();
        items.truncate(paging.limit());
        let next_token = items.last().filter(|_| more).map(|(number, _)| page::token(&list, &number.to_string()));
        Ok(Page { items: items.into_iter().map(|(_, version)| version).collect(), next_token })
    }

    /// DeleteStateMachineVersion: executions that run it go on; an unknown one is deleted already.
    ///
    /// # Errors
    /// InvalidArn; Conflict while an alias leads to it.
    pub async fn delete_state_machine_version(&self, arn: &str) -> Result<(), ApiError> {
        let (machine, number) = version_of(arn)?;
        let machine = machine.to_owned();
        self.detached(move |inner| async move { inner.delete_version(machine, number).await }).await
    }
}

impl Inner {
    async fn publish_version(&self, arn: &str, revision: Option<String>, new: NewVersion) -> Result<Version, ApiError> {
        let name = machine_of(arn)?;
        let _changing = self.machines.changing.lock().await;
        let saved = self.changeable(arn)?;
        let current = saved.machine.revision_id.as_deref().unwrap_or(INITIAL);
        if let Some(revision) = revision.filter(|revision| revision != current) {
            return Err(ApiError::Conflict(format!(
                "Failed to publish the State Machine version for revision {revision}. The current State Machine revision is {current}."
            )));
        }
        let kept = self.publish_saved(name, &saved, new).await?;
        Ok(self.version(name, &kept))
    }

    /// Publishes a machine as it is; the caller holds `changing`.
    pub(super) async fn publish_saved(
        &self,
        name: &str,
        saved: &Saved,
        new: NewVersion,
    ) -> Result<Arc<Kept>, ApiError> {
        if let Some(there) = saved.published.version_at(saved.saved_at) {
            return Ok(Arc::clone(there));
        }
        let publication = self.publication(name, saved, new, self.clock.now())?;
        let head = Head::VersionPublished {
            machine: name.to_owned(),
            saved_at: saved.saved_at,
            publication: publication.clone(),
        };
        self.append(head, &[]).await?;
        let kept = Arc::new(Kept { publication, saved_at: saved.saved_at });
        self.machines.change(name, |saved| saved.keep(Arc::clone(&kept)));
        Ok(kept)
    }

    /// The next version of a machine.
    pub(super) fn publication(
        &self,
        name: &str,
        saved: &Saved,
        new: NewVersion,
        at: Millis,
    ) -> Result<Publication, ApiError> {
        if saved.published.versions.len() >= MOST_VERSIONS {
            let arn = self.naming.state_machine(name);
            return Err(ApiError::QuotaExceeded(format!(
                "The state machine '{arn}' has the maximum number of {MOST_VERSIONS} versions; delete those that are not used"
            )));
        }
        Ok(Publication { number: saved.published.last + 1, description: new.description, at })
    }

    async fn delete_version(&self, machine: String, number: u64) -> Result<(), ApiError> {
        let _changing = self.machines.changing.lock().await;
        let Some(saved) = self.machines.get(&machine).filter(|saved| saved.published.versions.contains_key(&number))
        else {
            return Ok(());
        };
        let leads = saved.published.aliases.values().filter(|alias| alias.routes.iter().any(|r| r.version == number));
        let leads: Vec<&str> = leads.map(|alias| alias.name.as_str()).collect();
        if !leads.is_empty() {
            return Err(ApiError::Conflict(format!(
                "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [{}]",
                leads.join(", ")
            )));
        }
        self.append(Head::VersionDeleted { machine: machine.clone(), number, at: self.clock.now() }, &[]).await?;
        self.machines.change(&machine, |saved| {
            Arc::make_mut(&mut saved.published).versions.remove(&number);
        });
        Ok(())
    }

    /// The machine of an ARN, unless it is being deleted.
    pub(super) fn changeable(&self, arn: &str) -> Result<Saved, ApiError> {
        let (name, _) = target_of(arn)?;
        match self.machines.get(name) {
            None => Err(ApiError::StateMachineDoesNotExist(arn.to_owned())),
            Some(saved) if saved.deleted.is_some() => Err(ApiError::StateMachineDeleting(arn.to_owned())),
            Some(saved) => Ok(saved),
        }
    }

    fn version(&self, machine: &str, kept: &Kept) -> Version {
        Version { arn: self.naming.version(machine, kept.publication.number), creation_date: kept.publication.at }
    }
}

impl Saved {
    /// Takes in a version.
    pub(super) fn keep(&mut self, version: Arc<Kept>) {
        let published = Arc::make_mut(&mut self.published);
        published.last = version.publication.number;
        published.versions.insert(version.publication.number, version);
    }
}

/// What a caller calls the revision before the first update.
const INITIAL: &str = "INITIAL";

const MOST_VERSIONS: usize = 1000;
