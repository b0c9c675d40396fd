//! CreateStateMachineAlias and its kin: names that lead to one or two versions of a machine, by weight.
//!
//! Owns what routes may be and how aliases change. Which version a start gets is drawn in `target`.

use std::sync::Arc;

use super::{
    Engine, Inner,
    arn::{Qualifier, alias_of, target_of, version_of},
    error::{ApiError, ValidationReason},
    page::{self, Page, Paging},
    types::Alias,
};
use crate::journal::entry::{Alias as Kept, Head, Route};

impl Engine {
    /// CreateStateMachineAlias: `routes` are versions by ARN, and how many of a hundred starts each gets. The same alias
    /// again is the same.
    ///
    /// # Errors
    /// InvalidArn, Validation, ReferenceDoesNotExist, StateMachineDeleting, Conflict, QuotaExceeded.
    pub async fn create_state_machine_alias(
        &self,
        name: String,
        description: Option<String>,
        routes: Vec<(String, u32)>,
    ) -> Result<Alias, ApiError> {
        self.detached(|inner| async move { inner.create_alias(name, description, &routes).await }).await
    }

    /// UpdateStateMachineAlias; `None` keeps what there is.
    ///
    /// # Errors
    /// InvalidArn, Validation, ReferenceDoesNotExist, StateMachineDeleting.
    pub async fn update_state_machine_alias(
        &self,
        arn: &str,
        description: Option<String>,
        routes: Option<Vec<(String, u32)>>,
    ) -> Result<Alias, ApiError> {
        let arn = arn.to_owned();
        self.detached(|inner| async move { inner.update_alias(&arn, description, routes).await }).await
    }

    /// DescribeStateMachineAlias.
    ///
    /// # Errors
    /// InvalidArn, ReferenceDoesNotExist.
    pub async fn describe_state_machine_alias(&self, arn: &str) -> Result<Alias, ApiError> {
        let kept = self.inner.alias(arn)?;
        Ok(self.inner.shown_alias(&kept))
    }

    /// ListStateMachineAliases of a machine or of one of its versions, the latest first.
    ///
    /// # Errors
    /// InvalidArn, StateMachineDoesNotExist, StateMachineDeleting, ReferenceDoesNotExist, InvalidPage.
    pub async fn list_state_machine_aliases(&self, arn: &str, paging: Paging) -> Result<Page<Alias>, ApiError> {
        let (_, qualifier) = target_of(arn)?;
        let list = format!("aliases {arn}");
        let after = paging.after(&list)?;
        let published = self.inner.changeable(arn)?.published;
        let version = match qualifier {
            None => None,
            Some(Qualifier::Version(number)) if published.versions.contains_key(&number) => Some(number),
            Some(_) => return Err(ApiError::ReferenceDoesNotExist),
        };
        let leads = |kept: &&Arc<Kept>| version.is_none_or(|number| kept.routes.iter().any(|r| r.version == number));
        let mut found: Vec<&Arc<Kept>> = published.aliases.values().filter(leads).collect();
        found.sort_by_key(|kept| (std::cmp::Reverse(kept.created), &kept.name));
        if let Some(last) = after {
            let place = found.iter().position(|kept| kept.name == last).ok_or(ApiError::InvalidPage)?;
            found.drain(..=place);
        }
        let more = found.len() > paging.limit();
        found.truncate(paging.limit());
        let next_token = found.last().filter(|_| more).map(|kept| page::token(&list, &kept.name));
        Ok(Page { items: found.into_iter().map(|kept| self.inner.shown_alias(kept)).collect(), next_token })
    }

    /// DeleteStateMachineAlias; its versions stay, and an unknown alias of a machine is deleted already.
    ///
    /// # Errors
    /// InvalidArn; ReferenceDoesNotExist when there is no such machine.
    pub async fn delete_state_machine_alias(&self, arn: &str) -> Result<(), ApiError> {
        let arn = arn.to_owned();
        self.detached(|inner| async move { inner.delete_alias(&arn).await }).await
    }
}

impl Inner {
    async fn create_alias(
        &self,
        name: String,
        description: Option<String>,
        routes: &[(String, u32)],
    ) -> Result<Alias, ApiError> {
        let _changing = self.machines.changing.lock().await;
        let (machine, routes) = self.routes(routes)?;
        let published = self.machines.get(&machine).map(|saved| saved.published).unwrap_or_default();
        if let Some(there) = published.aliases.get(&name) {
            if there.routes == routes && there.description == description {
                return Ok(self.shown_alias(there));
            }
            let why = "Failed to create alias because an alias with the same name and a different routing configuration already exists.";
            return Err(ApiError::Conflict(why.into()));
        }
        if published.aliases.len() >= MOST_ALIASES {
            let arn = self.naming.state_machine(&machine);
            return Err(ApiError::QuotaExceeded(format!(
                "The state machine '{arn}' has the maximum number of {MOST_ALIASES} aliases; delete those that are not used"
            )));
        }
        let now = self.clock.now();
        self.save_alias(Kept { machine, name, description, routes, created: now, updated: now }).await
    }

    async fn update_alias(
        &self,
        arn: &str,
        description: Option<String>,
        routes: Option<Vec<(String, u32)>>,
    ) -> Result<Alias, ApiError> {
        let _changing = self.machines.changing.lock().await;
        let there = self.alias(arn)?;
        self.changeable(arn)?;
        let mut kept = Kept::clone(&there);
        if let Some(routes) = routes {
            let (machine, routes) = self.routes(&routes)?;
            if machine != kept.machine {
                return Err(other_machine());
            }
            kept.routes = routes;
        }
        kept.description = description.or(kept.description);
        if kept == *there {
            return Ok(self.shown_alias(&there));
        }
        kept.updated = self.clock.now();
        self.save_alias(kept).await
    }

    async fn delete_alias(&self, arn: &str) -> Result<(), ApiError> {
        let _changing = self.machines.changing.lock().await;
        let saved = self.machines.get(alias_of(arn)?.0).ok_or(ApiError::ReferenceDoesNotExist)?;
        let Some(there) = saved.published.aliases.get(alias_of(arn)?.1) else { return Ok(()) };
        let (machine, name) = (there.machine.clone(), there.name.clone());
        self.append(Head::AliasDeleted { machine, name, at: self.clock.now() }, &[]).await?;
        self.machines.change(&there.machine, |saved| {
            Arc::make_mut(&mut saved.published).aliases.remove(&there.name);
        });
        Ok(())
    }

    async fn save_alias(&self, kept: Kept) -> Result<Alias, ApiError> {
        self.append(Head::AliasSaved(Box::new(kept.clone())), &[]).await?;
        let shown = self.shown_alias(&kept);
        let machine = kept.machine.clone();
        self.machines.change(&machine, |saved| {
            Arc::make_mut(&mut saved.published).aliases.insert(kept.name.clone(), Arc::new(kept));
        });
        Ok(shown)
    }

    /// The machine and the routes that a configuration means.
    fn routes(&self, given: &[(String, u32)]) -> Result<(String, Vec<Route>), ApiError> {
        let arns: Vec<&str> = given.iter().map(|(arn, _)| arn.as_str()).collect();
        let received = arns.join(", ");
        if arns.iter().enumerate().any(|(at, arn)| arns[..at].contains(arn)) {
            return Err(unroutable(format!(
                "Routing configuration must contain distinct state machine version ARNs. Received: [{received}]"
            )));
        }
        let weights: Vec<u32> = given.iter().map(|(_, weight)| *weight).collect();
        if weights.iter().sum::<u32>() != 100 {
            return Err(unroutable(format!(
                "Sum of routing configuration weights must equal 100. Received: {weights:?}"
            )));
        }
        let mut machine = None;
        let mut routes: Vec<Route> = Vec::new();
        for (arn, weight) in given {
            target_of(arn)?;
            let Ok((name, version)) = version_of(arn) else {
                return Err(unroutable(format!(
                    "Routing configuration must contain state machine version ARNs. Received: [{received}]"
                )));
            };
            if *machine.get_or_insert(name) != name {
                return Err(other_machine());
            }
            match self.changeable(arn) {
                _ if self.naming.version(name, version) != *arn => return Err(ApiError::ReferenceDoesNotExist),
                Ok(saved) if saved.published.versions.contains_key(&version) => {}
                Ok(_) | Err(ApiError::StateMachineDoesNotExist(_)) => return Err(ApiError::ReferenceDoesNotExist),
                Err(other) => return Err(other),
            }
            routes.push(Route { version, weight: *weight });
        }
        Ok((machine.unwrap_or_default().to_owned(), routes))
    }

    /// The alias of an ARN.
    fn alias(&self, arn: &str) -> Result<Arc<Kept>, ApiError> {
        let (machine, name) = alias_of(arn)?;
        let ours = self.machines.get(machine).filter(|_| self.naming.alias(machine, name) == arn);
        let saved = ours.ok_or(ApiError::ReferenceDoesNotExist)?;
        saved.published.aliases.get(name).cloned().ok_or(ApiError::ReferenceDoesNotExist)
    }

    fn shown_alias(&self, kept: &Kept) -> Alias {
        let route = |route: &Route| (self.naming.version(&kept.machine, route.version), route.weight);
        Alias {
            arn: self.naming.alias(&kept.machine, &kept.name),
            name: kept.name.clone(),
            description: kept.description.clone(),
            routes: kept.routes.iter().map(route).collect(),
            creation_date: kept.created,
            update_date: kept.updated,
        }
    }
}

fn other_machine() -> ApiError {
    unroutable("Routing configuration must reference versions of one state machine, that of the alias".into())
}

fn unroutable(why: String) -> ApiError {
    ApiError::Invalid(ValidationReason::InvalidRoutingConfiguration, why)
}

const MOST_ALIASES: usize = 100;
