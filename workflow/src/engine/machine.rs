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
    target::{Published, Version},
    types::{Created, NewStateMachine, NewVersion, StateMachine, StateMachineChange, Updated},
};
use crate::{
    delivery::Logging,
    index::Index,
    journal::{
        Journal,
        entry::{DefinitionHash, Head, Machine, Offset, Publication},
    },
    task,
};

/// The machines that there are, and the definitions in use.
pub(super) struct Machines {
    saved: Mutex<BTreeMap<String, Saved>>,
    pinned: Mutex<HashMap<Offset, Arc<Pinned>>>,
    /// Held by whoever changes a machine, a version, an alias, an activity or tags.
    pub(super) changing: tokio::sync::Mutex<()>,
}

/// A machine as it was last saved.
#[derive(Clone)]
pub(super) struct Saved {
    /// Without the definition's text.
    pub(super) machine: Arc<Machine>,
    pub(super) saved_at: Offset,
    /// Since when it is being deleted.
    pub(super) deleted: Option<Millis>,
    pub(super) published: Arc<Published>,
}

/// What an execution is pinned to.
pub(super) struct Pinned {
    pub(super) definition: Arc<Definition>,
    pub(super) hash: DefinitionHash,
    pub(super) role_arn: String,
    /// Where its events go, if anywhere.
    pub(super) logging: Option<Arc<Logging>>,
}

impl Pinned {
    fn new(definition: Definition, machine: &Machine) -> Self {
        let logging = machine.logging.as_deref().and_then(|text| serde_json::from_str(text).ok());
        Self {
            definition: Arc::new(definition),
            hash: machine.hash,
            role_arn: machine.role_arn.clone(),
            logging: logging.and_then(|logging| Logging::parse(&logging)).map(Arc::new),
        }
    }
}

impl Machines {
    /// Reads the machines that the index knows.
    pub(super) fn read(index: &Index, journal: &Journal) -> Result<Self, String> {
        let mut saved = BTreeMap::new();
        for (name, row) in index.machines() {
            if row.deleted.is_some() {
                continue;
            }
            let mut machine = without_text(read_machine(journal, row.saved_at)?);
            if let Some(at) = row.tagged_at {
                machine.tags = super::tags::read(journal, at)?;
            }
            let published = Arc::new(Published::read(journal, &row)?);
            let machine = Arc::new(machine);
            saved.insert(name, Saved { machine, saved_at: row.saved_at, deleted: None, published });
        }
        Ok(Self { saved: Mutex::new(saved), pinned: Mutex::default(), changing: tokio::sync::Mutex::default() })
    }

    pub(super) fn get(&self, name: &str) -> Option<Saved> {
        lock(&self.saved).get(name).cloned()
    }

    /// Changes a machine that is there; what says so is durable.
    pub(super) fn change(&self, name: &str, change: impl FnOnce(&mut Saved)) {
        if let Some(saved) = lock(&self.saved).get_mut(name) {
            change(saved);
        }
    }

    /// The definition that the entry at this offset holds.
    pub(super) fn pinned(&self, journal: &Journal, saved_at: Offset) -> Result<Arc<Pinned>, String> {
        if let Some(pinned) = lock(&self.pinned).get(&saved_at) {
            return Ok(Arc::clone(pinned));
        }
        let machine = read_machine(journal, saved_at)?;
        let definition =
            Definition::parse_as(&machine.definition, kind_of(&machine)).map_err(|error| error.to_string())?;
        Ok(self.pin(saved_at, Arc::new(Pinned::new(definition, &machine))))
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
        self.create_published(new).await.map(|created| (created.state_machine_arn, created.creation_date))
    }

    /// As [`Engine::create_state_machine`]; answers the version too that was to be published.
    ///
    /// # Errors
    /// As [`Engine::create_state_machine`].
    pub async fn create_published(&self, new: NewStateMachine) -> Result<Created, ApiError> {
        self.detached(|inner| async move { inner.create_state_machine(new).await }).await
    }

    /// UpdateStateMachine: executions that run keep the definition that they started with. A change that changes nothing makes
    /// no revision.
    ///
    /// # Errors
    /// InvalidArn, StateMachineDoesNotExist, StateMachineDeleting, InvalidDefinition, MissingRequiredParameter, QuotaExceeded.
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

    /// DescribeStateMachine: of a machine, of a version, or of the version that an alias leads to.
    ///
    /// # Errors
    /// InvalidArn, StateMachineDoesNotExist.
    pub async fn describe_state_machine(&self, arn: &str) -> Result<StateMachine, ApiError> {
        let inner = &self.inner;
        let target = inner.target(arn)?;
        let machine = read_machine(&inner.journal, target.saved_at).map_err(ApiError::Unavailable)?;
        let mut shown = inner.shown(&machine, machine.definition.clone(), target.saved.deleted.is_some());
        shown.variable_references = inner.references(&machine, target.saved_at)?;
        shown.tags.clone_from(&target.saved.machine.tags);
        if let Some(version) = target.origin.and_then(|origin| target.saved.published.versions.get(&origin.version())) {
            arn.clone_into(&mut shown.arn);
            shown.creation_date = version.publication.at;
            shown.description.clone_from(&version.publication.description);
        }
        Ok(shown)
    }

    /// DescribeStateMachineForExecution: the machine as the execution pinned it; of a map run's child its ARN ends in the
    /// label of the Map state.
    ///
    /// # Errors
    /// InvalidArn, ExecutionDoesNotExist.
    pub async fn describe_state_machine_for_execution(&self, arn: &str) -> Result<StateMachine, ApiError> {
        execution_of(arn)?;
        let (number, row) = self.inner.find(arn)?;
        let chain = self.inner.chain(number, row.head).map_err(ApiError::Unavailable)?;
        let machine = read_machine(&self.inner.journal, chain.born.saved_at).map_err(ApiError::Unavailable)?;
        let variable_references = self.inner.references(&machine, chain.born.saved_at)?;
        Ok(StateMachine {
            arn: self.inner.naming.state_machine(&chain.machine),
            variable_references,
            map_run_arn: chain.kin.map(|kin| kin.map_run_arn),
            ..self.inner.shown(&machine, machine.definition.clone(), false)
        })
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
    async fn create_state_machine(&self, new: NewStateMachine) -> Result<Created, ApiError> {
        check_name(&new.name)?;
        check_size(&new.definition)?;
        let definition = accepted(&new.definition, new.kind)?;
        let state_machine_arn = self.naming.state_machine(&new.name);
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
        let name = machine.name.clone();
        let _changing = self.machines.changing.lock().await;
        let (creation_date, version) = match self.machines.get(&name) {
            Some(saved) if saved.deleted.is_some() => return Err(ApiError::StateMachineDeleting(state_machine_arn)),
            Some(saved) if is_same(&saved, &machine, new.publish.as_ref()) => {
                (saved.machine.created, new.publish.and_then(|_| saved.published.version_at(saved.saved_at).cloned()))
            }
            Some(_) => return Err(ApiError::StateMachineAlreadyExists(state_machine_arn)),
            None => {
                let first = |new: NewVersion| Publication { number: 1, description: new.description, at: now };
                (now, self.save(machine, definition, new.publish.map(first)).await?)
            }
        };
        let version_arn = version.map(|version| self.naming.version(&name, version.publication.number));
        Ok(Created { state_machine_arn, creation_date, version_arn })
    }

    async fn update_state_machine(&self, arn: &str, change: StateMachineChange) -> Result<Updated, ApiError> {
        let name = machine_of(arn)?;
        let StateMachineChange { definition, role_arn, logging, tracing, encryption, publish } = change;
        if definition.is_none() && role_arn.is_none() && logging.is_none() && tracing.is_none() && encryption.is_none()
        {
            return Err(ApiError::MissingRequiredParameter(
                "Either the definition, the role ARN, the LoggingConfiguration, the EncryptionConfiguration or the TracingConfiguration must be specified".into(),
            ));
        }
        let _changing = self.machines.changing.lock().await;
        let saved = self.changeable(arn)?;
        let before = read_machine(&self.journal, saved.saved_at).map_err(ApiError::Unavailable)?;
        let mut machine = Machine { tags: saved.machine.tags.clone(), ..before.clone() };
        if let Some(definition) = definition {
            check_size(&definition)?;
            machine.hash = hash_of(&definition);
            machine.definition = definition;
        }
        machine.role_arn = role_arn.unwrap_or(machine.role_arn);
        machine.logging = text_of(logging).or(machine.logging);
        machine.tracing = text_of(tracing).or(machine.tracing);
        machine.encryption = text_of(encryption).or(machine.encryption);
        let update_date = self.clock.now().max(machine.saved);
        let revised = Machine { tags: before.tags.clone(), ..machine.clone() } != before;
        let version = if revised {
            machine.saved = update_date;
            machine.revision_id = Some(uuid::Uuid::new_v4().to_string());
            let parsed = accepted(&machine.definition, kind_of(&machine))?;
            let publication = publish.map(|new| self.publication(name, &saved, new, update_date)).transpose()?;
            self.save(machine.clone(), parsed, publication).await?
        } else {
            match publish {
                Some(new) => Some(self.publish_saved(name, &saved, new).await?),
                None => None,
            }
        };
        let version_arn = version.map(|version| self.naming.version(name, version.publication.number));
        Ok(Updated { update_date, revision_id: machine.revision_id, version_arn })
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

    /// Makes a machine durable as it is from now on, published if so wanted; the caller holds `changing`.
    async fn save(
        &self,
        machine: Machine,
        definition: Definition,
        publication: Option<Publication>,
    ) -> Result<Option<Arc<Version>>, ApiError> {
        let boxed = Box::new(machine.clone());
        let head = match publication.clone() {
            None => Head::MachineSaved(boxed),
            Some(publication) => Head::MachinePublished { machine: boxed, publication },
        };
        let saved_at = self.append(head, &[]).await?;
        self.machines.pin(saved_at, Arc::new(Pinned::new(definition, &machine)));
        let name = machine.name.clone();
        let published = self.machines.get(&name).map(|saved| saved.published).unwrap_or_default();
        let mut saved = Saved { machine: Arc::new(without_text(machine)), saved_at, deleted: None, published };
        let version = publication.map(|publication| Arc::new(Version { publication, saved_at }));
        if let Some(version) = &version {
            saved.keep(Arc::clone(version));
        }
        lock(&self.machines.saved).insert(name, saved);
        Ok(version)
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
            description: None,
            variable_references: BTreeMap::new(),
            map_run_arn: None,
        }
    }

    /// The variables that the states of the machine read which the entry at this offset holds.
    fn references(&self, machine: &Machine, saved_at: Offset) -> Result<BTreeMap<String, Vec<String>>, ApiError> {
        let pinned = self.machines.pinned(&self.journal, saved_at).map_err(ApiError::Unavailable)?;
        Ok(pinned.definition.variable_references(&machine.definition))
    }
}

/// The machine that the entry at this offset holds.
fn read_machine(journal: &Journal, saved_at: Offset) -> Result<Machine, String> {
    match journal.read(saved_at).map_err(|error| error.to_string())?.head {
        Head::MachineSaved(machine) | Head::MachinePublished { machine, .. } => Ok(*machine),
        _ => Err(format!("the journal holds no state machine at offset {saved_at}")),
    }
}

fn kind_of(machine: &Machine) -> MachineType {
    if machine.express { MachineType::Express } else { MachineType::Standard }
}

/// Whether CreateStateMachine asks for the machine that there is, and for a version only if that is there too.
fn is_same(saved: &Saved, asked: &Machine, publish: Option<&NewVersion>) -> bool {
    let there = &saved.machine;
    let published = publish.is_none_or(|new| {
        let version = saved.published.version_at(saved.saved_at);
        version.is_some_and(|version| version.publication.description == new.description)
    });
    published
        && (there.hash, there.express, &there.logging, &there.tracing, &there.encryption)
            == (asked.hash, asked.express, &asked.logging, &asked.tracing, &asked.encryption)
}

fn without_text(machine: Machine) -> Machine {
    Machine { definition: String::new(), ..machine }
}

/// A definition that is one, and whose tasks the engine can call.
fn accepted(text: &str, kind: MachineType) -> Result<Definition, ApiError> {
    let definition = Definition::parse_as(text, kind).map_err(ApiError::InvalidDefinition)?;
    task::check(&definition).map_err(ApiError::InvalidDefinition)?;
    Ok(definition)
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
