//! State machines: created, updated, deleted, described, listed; and the definitions that executions are pinned to.
//!
//! Owns the table of machines in memory (without the definitions' texts, which stay in the journal) and the parsed
//! definitions. It does not check a definition; that is `statemachine`'s.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;
use sha2::{Digest, Sha256};
use statemachine::{Definition, Millis, definition::MachineType};

use super::{
    Engine, Inner,
    arn::{check_name, execution_of, machine_of},
    error::ApiError,
    page::{self, Page, Paging},
    types::{NewStateMachine, StateMachine, StateMachineChange, Updated},
};
use crate::{
    index::Index,
    journal::{
        Journal,
        entry::{Head, Machine, Offset},
    },
};

/// The machines that there are, and the definitions in use.
pub(super) struct Machines {
    saved: Mutex<BTreeMap<String, Saved>>,
    pinned: Mutex<HashMap<Offset, Arc<Pinned>>>,
    /// Held by whoever changes a machine.
    changing: tokio::sync::Mutex<()>,
}

/// A machine as it was last saved.
#[derive(Clone)]
pub(super) struct Saved {
    /// Without the definition's text.
    pub(super) machine: Arc<Machine>,
    pub(super) saved_at: Offset,
    /// Since when it is being deleted.
    pub(super) deleted: Option<Millis>,
}

/// What an execution is pinned to.
pub(super) struct Pinned {
    pub(super) definition: Arc<Definition>,
    pub(super) role_arn: String,
}

impl Machines {
    /// Reads the machines that the index knows.
    pub(super) fn read(index: &Index, journal: &Journal) -> Result<Self, String> {
        let mut saved = BTreeMap::new();
        for (name, row) in index.machines().map_err(|error| error.to_string())? {
            if row.deleted.is_none() {
                let machine = read_machine(journal, row.saved_at)?;
                saved.insert(
                    name,
                    Saved { machine: Arc::new(without_text(machine)), saved_at: row.saved_at, deleted: None },
                );
            }
        }
        Ok(Self { saved: Mutex::new(saved), pinned: Mutex::default(), changing: tokio::sync::Mutex::default() })
    }

    pub(super) fn get(&self, name: &str) -> Option<Saved> {
        lock(&self.saved).get(name).cloned()
    }

    /// The definition that the entry at this offset holds.
    pub(super) fn pinned(&self, journal: &Journal, saved_at: Offset) -> Result<Arc<Pinned>, String> {
        if let Some(pinned) = lock(&self.pinned).get(&saved_at) {
            return Ok(Arc::clone(pinned));
        }
        let machine = read_machine(journal, saved_at)?;
        let definition =
            Definition::parse_as(&machine.definition, kind_of(&machine)).map_err(|error| error.to_string())?;
        Ok(self.pin(saved_at, Arc::new(Pinned { definition: Arc::new(definition), role_arn: machine.role_arn })))
    }

    fn pin(&self, saved_at: Offset, pinned: Arc<Pinned>) -> Arc<Pinned> {
        let mut all = lock(&self.pinned);
        if all.len() >= MOST_PINNED {
            all.retain(|_, pinned| Arc::strong_count(&pinned.definition) > 1);
        }
        Arc::clone(all.entry(saved_at).or_insert(pinned))
    }
}

impl Engine {
    /// CreateStateMachine: answers the ARN and the creation time; the same machine again answers the same. Role and tags do
    /// not count as differences, as with Step Functions.
    ///
    /// # Errors
    /// InvalidName, InvalidDefinition, StateMachineAlreadyExists, StateMachineDeleting.
    pub async fn create_state_machine(&self, new: NewStateMachine) -> Result<(String, Millis), ApiError> {
        self.detached(|inner| async move { inner.create_state_machine(new).await }).await
    }

    /// UpdateStateMachine: executions that run keep the definition that they started with.
    ///
    /// # Errors
    /// InvalidArn, StateMachineDoesNotExist, StateMachineDeleting, InvalidDefinition, MissingRequiredParameter.
    pub async fn update_state_machine(&self, arn: &str, change: StateMachineChange) -> Result<Updated, ApiError> {
        let arn = arn.to_owned();
        self.detached(|inner| async move { inner.update_state_machine(&arn, change).await }).await
    }

    /// DeleteStateMachine: no new executions, those that run are aborted; an unknown one is deleted already.
    ///
    /// # Errors
    /// InvalidArn.
    pub async fn delete_state_machine(&self, arn: &str) -> Result<(), ApiError> {
        let name = machine_of(arn)?.to_owned();
        self.detached(|inner| async move { inner.delete_state_machine(&name).await }).await
    }

    /// DescribeStateMachine.
    ///
    /// # Errors
    /// InvalidArn, StateMachineDoesNotExist.
    pub async fn describe_state_machine(&self, arn: &str) -> Result<StateMachine, ApiError> {
        let saved = self
            .inner
            .machines
            .get(machine_of(arn)?)
            .ok_or_else(|| ApiError::StateMachineDoesNotExist(arn.to_owned()))?;
        let machine = read_machine(&self.inner.journal, saved.saved_at).map_err(ApiError::Unavailable)?;
        Ok(self.inner.shown(&machine, machine.definition.clone(), saved.deleted.is_some()))
    }

    /// DescribeStateMachineForExecution: the machine as the execution pinned it.
    ///
    /// # Errors
    /// InvalidArn, ExecutionDoesNotExist.
    pub async fn describe_state_machine_for_execution(&self, arn: &str) -> Result<StateMachine, ApiError> {
        execution_of(arn)?;
        let (number, row) = self.inner.find(arn)?;
        let chain = self.inner.chain(number, row.head).map_err(ApiError::Unavailable)?;
        let machine = read_machine(&self.inner.journal, chain.born.saved_at).map_err(ApiError::Unavailable)?;
        Ok(self.inner.shown(&machine, machine.definition.clone(), false))
    }

    /// ListStateMachines, by name; definitions are left empty.
    ///
    /// # Errors
    /// InvalidPage.
    pub async fn list_state_machines(&self, paging: Paging) -> Result<Page<StateMachine>, ApiError> {
        let after = paging.after("machines")?;
        let saved = lock(&self.inner.machines.saved);
        let from = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut items: Vec<StateMachine> = saved
            .range::<str, _>((from, Bound::Unbounded))
            .take(paging.limit() + 1)
            .map(|(_, saved)| self.inner.shown(&saved.machine, String::new(), saved.deleted.is_some()))
            .collect();
        let more = items.len() > paging.limit();
        items.truncate(paging.limit());
        let next_token = items.last().filter(|_| more).map(|last| page::token("machines", &last.name));
        Ok(Page { items, next_token })
    }
}

impl Inner {
    async fn create_state_machine(&self, new: NewStateMachine) -> Result<(String, Millis), ApiError> {
        check_name(&new.name)?;
        check_size(&new.definition)?;
        let definition = Definition::parse_as(&new.definition, new.kind).map_err(ApiError::InvalidDefinition)?;
        let arn = self.naming.state_machine(&new.name);
        let now = self.clock.now();
        let machine = Machine {
            hash: hash_of(&new.definition),
            definition: new.definition,
            name: new.name,
            role_arn: new.role_arn,
            express: new.kind == MachineType::Express,
            created: now,
            saved: now,
            revision_id: None,
            logging: text_of(new.logging),
            tracing: text_of(new.tracing),
            encryption: text_of(new.encryption),
            tags: new.tags,
        };
        let _changing = self.machines.changing.lock().await;
        match self.machines.get(&machine.name) {
            Some(saved) if saved.deleted.is_some() => Err(ApiError::StateMachineDeleting(arn)),
            Some(saved) if is_same(&saved.machine, &machine) => Ok((arn, saved.machine.created)),
            Some(_) => Err(ApiError::StateMachineAlreadyExists(arn)),
            None => {
                self.save(machine, definition).await?;
                Ok((arn, now))
            }
        }
    }

    async fn update_state_machine(&self, arn: &str, change: StateMachineChange) -> Result<Updated, ApiError> {
        let name = machine_of(arn)?;
        let StateMachineChange { definition, role_arn, logging, tracing, encryption } = change;
        if definition.is_none() && role_arn.is_none() && logging.is_none() && tracing.is_none() && encryption.is_none()
        {
            return Err(ApiError::MissingRequiredParameter(
                "Either the definition, the role ARN, the LoggingConfiguration, the EncryptionConfiguration or the TracingConfiguration must be specified".into(),
            ));
        }
        let _changing = self.machines.changing.lock().await;
        let saved = self.machines.get(name).ok_or_else(|| ApiError::StateMachineDoesNotExist(arn.to_owned()))?;
        if saved.deleted.is_some() {
            return Err(ApiError::StateMachineDeleting(arn.to_owned()));
        }
        let mut machine = read_machine(&self.journal, saved.saved_at).map_err(ApiError::Unavailable)?;
        if let Some(definition) = definition {
            check_size(&definition)?;
            machine.hash = hash_of(&definition);
            machine.definition = definition;
        }
        machine.role_arn = role_arn.unwrap_or(machine.role_arn);
        machine.logging = text_of(logging).or(machine.logging);
        machine.tracing = text_of(tracing).or(machine.tracing);
        machine.encryption = text_of(encryption).or(machine.encryption);
        machine.saved = self.clock.now().max(machine.saved);
        let revision_id = uuid::Uuid::new_v4().to_string();
        machine.revision_id = Some(revision_id.clone());
        let parsed =
            Definition::parse_as(&machine.definition, kind_of(&machine)).map_err(ApiError::InvalidDefinition)?;
        let update_date = machine.saved;
        self.save(machine, parsed).await?;
        Ok(Updated { update_date, revision_id })
    }

    async fn delete_state_machine(self: Arc<Self>, name: &str) -> Result<(), ApiError> {
        let _changing = self.machines.changing.lock().await;
        let Some(saved) = self.machines.get(name).filter(|saved| saved.deleted.is_none()) else { return Ok(()) };
        let at = self.clock.now();
        self.append(Head::MachineDeleted { name: name.to_owned(), at }, &[]).await?;
        if let Some(entry) = lock(&self.machines.saved).get_mut(name) {
            entry.deleted = Some(at);
        }
        let (inner, name, created) = (Arc::clone(&self), name.to_owned(), saved.machine.created);
        tokio::spawn(async move {
            inner.abort_all(&name, created).await;
            lock(&inner.machines.saved).remove(&name);
        });
        Ok(())
    }

    /// Makes a machine durable as it is from now on.
    async fn save(&self, machine: Machine, definition: Definition) -> Result<(), ApiError> {
        let saved_at = self.append(Head::MachineSaved(Box::new(machine.clone())), &[]).await?;
        let pinned = Pinned { definition: Arc::new(definition), role_arn: machine.role_arn.clone() };
        self.machines.pin(saved_at, Arc::new(pinned));
        let name = machine.name.clone();
        let saved = Saved { machine: Arc::new(without_text(machine)), saved_at, deleted: None };
        lock(&self.machines.saved).insert(name, saved);
        Ok(())
    }

    fn shown(&self, machine: &Machine, definition: String, deleting: bool) -> StateMachine {
        let json = |text: &Option<String>| text.as_deref().and_then(|text| serde_json::from_str(text).ok());
        StateMachine {
            arn: self.naming.state_machine(&machine.name),
            name: machine.name.clone(),
            definition,
            role_arn: machine.role_arn.clone(),
            kind: kind_of(machine),
            deleting,
            creation_date: machine.created,
            update_date: machine.saved,
            revision_id: machine.revision_id.clone(),
            logging: json(&machine.logging),
            tracing: json(&machine.tracing),
            encryption: json(&machine.encryption),
            tags: machine.tags.clone(),
        }
    }
}

/// The machine that the entry at this offset holds.
fn read_machine(journal: &Journal, saved_at: Offset) -> Result<Machine, String> {
    match journal.read(saved_at).map_err(|error| error.to_string())?.head {
        Head::MachineSaved(machine) => Ok(*machine),
        _ => Err(format!("the journal holds no state machine at offset {saved_at}")),
    }
}

fn kind_of(machine: &Machine) -> MachineType {
    if machine.express { MachineType::Express } else { MachineType::Standard }
}

/// Whether CreateStateMachine asks for the machine that there is.
fn is_same(there: &Machine, asked: &Machine) -> bool {
    (there.hash, there.express, &there.logging, &there.tracing, &there.encryption)
        == (asked.hash, asked.express, &asked.logging, &asked.tracing, &asked.encryption)
}

fn without_text(machine: Machine) -> Machine {
    Machine { definition: String::new(), ..machine }
}

fn check_size(definition: &str) -> Result<(), ApiError> {
    if definition.len() <= LARGEST_DEFINITION {
        return Ok(());
    }
    let why = "1 validation error detected: Value at 'definition' failed to satisfy constraint: Member must have length less than or equal to 1048576";
    Err(ApiError::Validation(why.into()))
}

fn hash_of(definition: &str) -> [u8; 32] {
    Sha256::digest(definition).into()
}

fn text_of(value: Option<Value>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Parsed definitions beyond this number are kept only while an execution uses them.
const MOST_PINNED: usize = 256;

const LARGEST_DEFINITION: usize = 1 << 20;
