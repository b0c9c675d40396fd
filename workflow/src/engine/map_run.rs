//! Map runs: reading their items, writing their results, and what there is to know and to change about them.
//!
//! Owns the actions on map runs. How a map run goes is `statemachine`'s; its children are [`super::child`]'s; what stores
//! items and results is `task`'s.

use std::{collections::HashSet, sync::Arc};

use statemachine::{Execution, MapRunReport, ReadItems, Record, Refused, Signal, WriteResults, record::Event};

use super::{
    Engine, Inner,
    arn::execution_of,
    drive::DriveError,
    error::{ApiError, ValidationReason},
    page::{self, Page, Paging},
    told::Told,
    types::{ExecutionItem, ExecutionStatus},
};
use crate::{
    index::{ExecutionRow, MapRunRow},
    journal::entry::{ExecutionId, Head, Offset},
    task::items,
};

/// A map run as DescribeMapRun shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct MapRunDescription {
    /// The execution that it belongs to.
    pub execution_arn: String,
    /// What its children run: the machine of that execution, a slash and the label of the Map state.
    pub state_machine_arn: String,
    /// How it is.
    pub report: MapRunReport,
}

/// What UpdateMapRun is given; `None` keeps what there is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MapRunChange {
    /// How many children may run at once; 0 is no limit.
    pub max_concurrency: Option<u64>,
    /// How many items may fail.
    pub tolerated_failure_count: Option<u64>,
    /// How many items of a hundred may fail.
    pub tolerated_failure_percentage: Option<f64>,
}

/// A child execution as ListExecutions of a map run shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildItem {
    /// What the list of any machine shows.
    pub item: ExecutionItem,
    /// How many items it has.
    pub item_count: u64,
    /// Whether it waits for its map run to redrive it.
    pub pending_redrive: bool,
}

/// Which children of a map run are wanted; the default is all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WantedChildren {
    /// Those that stand so.
    pub status: Option<ExecutionStatus>,
    /// Those that wait to be redriven.
    pub pending_redrive: bool,
    /// Those that were redriven, or those that were not.
    pub redriven: Option<bool>,
}

impl WantedChildren {
    fn fits(&self, status: ExecutionStatus, pending: bool, redrives: u32) -> bool {
        let stands = self.status.is_none_or(|wanted| wanted == status && !pending);
        stands && (pending || !self.pending_redrive) && self.redriven.is_none_or(|wanted| wanted == (redrives > 0))
    }
}

impl Engine {
    /// DescribeMapRun.
    ///
    /// # Errors
    /// ResourceNotFound.
    pub async fn describe_map_run(&self, arn: &str) -> Result<MapRunDescription, ApiError> {
        let (run, row, report) = self.inner.map_run(arn).await?;
        Ok(self.inner.described(&run.machine, &row.name, report))
    }

    /// ListMapRuns of an execution, the latest start first.
    ///
    /// # Errors
    /// InvalidArn, ExecutionDoesNotExist, InvalidPage.
    pub async fn list_map_runs(
        &self,
        execution_arn: &str,
        paging: Paging,
    ) -> Result<Page<MapRunDescription>, ApiError> {
        let (machine, name) = execution_of(execution_arn)?;
        let list = format!("map runs {execution_arn}");
        let before: u64 = match paging.after(&list)? {
            Some(key) => key.parse().map_err(|_| ApiError::InvalidPage)?,
            None => u64::MAX,
        };
        let (number, row) = self.inner.find(execution_arn)?;
        let mut runs = self.inner.map_runs(number, row.head).await?;
        runs.retain(|run| run.id.started < before);
        runs.reverse();
        let more = runs.len() > paging.limit();
        runs.truncate(paging.limit());
        let next_token = runs.last().filter(|_| more).map(|last| page::token(&list, &last.id.started.to_string()));
        let items = runs.into_iter().map(|report| self.inner.described(machine, name, report)).collect();
        Ok(Page { items, next_token })
    }

    /// UpdateMapRun.
    ///
    /// # Errors
    /// ResourceNotFound; Validation when it has ended.
    pub async fn update_map_run(&self, arn: &str, change: MapRunChange) -> Result<(), ApiError> {
        let arn = arn.to_owned();
        self.detached(|inner| async move { inner.update_map_run(&arn, change).await }).await
    }

    /// ListExecutions of a map run, the latest start first.
    ///
    /// # Errors
    /// ResourceNotFound, InvalidPage.
    pub async fn list_child_executions(
        &self,
        map_run_arn: &str,
        wanted: WantedChildren,
        paging: Paging,
    ) -> Result<Page<ChildItem>, ApiError> {
        let inner = &self.inner;
        let (run, row, report) = inner.map_run(map_run_arn).await?;
        let list = format!("children {map_run_arn} {wanted:?}");
        let before = match paging.after(&list)? {
            Some(key) => key.parse().map_err(|_| ApiError::InvalidPage)?,
            None => ExecutionId::MAX,
        };
        let limit = paging.limit();
        let mut found = match report.express {
            true => inner.express_children(run.execution, row.head, &report, &wanted, before)?,
            false => {
                let pending = inner.pending_redrive(run.execution, row.head, &report).await?;
                inner.standard_children(map_run_arn, &pending, &wanted, before, limit + 1)?
            }
        };
        let more = found.len() > limit;
        found.truncate(limit);
        let next_token = found.last().filter(|_| more).map(|(key, _)| page::token(&list, &key.to_string()));
        Ok(Page { items: found.into_iter().map(|(_, child)| child).collect(), next_token })
    }
}

impl Inner {
    /// Reads the items of a map run and signals what came of it.
    pub(super) async fn read_items(self: Arc<Self>, number: ExecutionId, read: ReadItems) {
        let ReadItems { run, reader } = read;
        let signal = match items::read(&*self.objects, reader).await {
            Ok(items) => Signal::ItemsRead { run, items },
            Err(cause) => Signal::ItemsFailed { run, cause },
        };
        self.answer(number, signal).await;
    }

    /// Writes the results of a map run and signals what came of it.
    pub(super) async fn write_results(self: Arc<Self>, number: ExecutionId, write: WriteResults) {
        let WriteResults { run, bucket, objects } = write;
        let signal = match items::write(&*self.objects, &bucket, objects).await {
            Ok(()) => Signal::ResultsWritten { run },
            Err(cause) => Signal::ResultsFailed { run, cause },
        };
        self.answer(number, signal).await;
    }

    /// Appends what leads from the map runs that begin in a batch to their execution, before the batch: after a crash in
    /// between it leads to an execution that does not know the map run, which is as good as nowhere.
    pub(super) async fn announce_map_runs(
        &self,
        number: ExecutionId,
        machine: &str,
        records: &[Record],
    ) -> Result<(), ApiError> {
        let begun = records.iter().filter_map(|record| match record {
            Record::Event { event: Event::MapRunStarted { map_run_arn, .. }, .. } => Some(map_run_arn.clone()),
            _ => None,
        });
        let heads = begun.map(|arn| Head::MapRunStarting { arn, execution: number, machine: machine.to_owned() });
        futures::future::try_join_all(heads.map(|head| self.append(head, &[]))).await.map(drop)
    }

    /// The map runs of an execution, in the order of their start.
    pub(super) async fn map_runs(&self, number: ExecutionId, head: Offset) -> Result<Vec<MapRunReport>, ApiError> {
        self.seen(number, head, |execution| execution.map_runs().collect()).await
    }

    /// What there is to see of an execution as it is durable, in memory or in the journal.
    async fn seen<T>(
        &self,
        number: ExecutionId,
        head: Offset,
        look: impl FnOnce(&Execution) -> T,
    ) -> Result<T, ApiError> {
        if let Some(live) = self.table.at_work(number)
            // Nobody holds the lock while memory is ahead of the journal.
            && let Some(loaded) = &*live.loaded.lock().await
        {
            return Ok(look(&loaded.execution));
        }
        let head = self.table.head(number).unwrap_or(head);
        let loaded = self.load(number, head).map_err(ApiError::Unavailable)?;
        Ok(look(&loaded.execution))
    }

    async fn map_run(&self, arn: &str) -> Result<(MapRunRow, ExecutionRow, MapRunReport), ApiError> {
        let unknown = || ApiError::ResourceNotFound(arn.to_owned());
        let found = self.index.map_run(arn).map_err(|error| ApiError::Unavailable(error.to_string()))?;
        let (run, row) = found.ok_or_else(unknown)?;
        let reports = self.map_runs(run.execution, row.head).await?;
        let report = reports.into_iter().find(|report| report.map_run_arn == arn).ok_or_else(unknown)?;
        Ok((run, row, report))
    }

    async fn update_map_run(self: Arc<Self>, arn: &str, change: MapRunChange) -> Result<(), ApiError> {
        let (run, _, report) = self.map_run(arn).await?;
        let signal = Signal::UpdateMapRun {
            run: report.id,
            concurrency: change.max_concurrency,
            tolerated_count: change.tolerated_failure_count,
            tolerated_percentage: change.tolerated_failure_percentage,
        };
        match self.drive(run.execution, Some(signal)).await {
            Ok(()) => Ok(()),
            Err(DriveError::NotRunning | DriveError::Refused(Refused::Ended | Refused::MapRunDoesNotExist)) => {
                let why = format!("Map Run is not in progress: '{arn}'");
                Err(ApiError::Invalid(ValidationReason::CannotUpdateCompletedMapRun, why))
            }
            Err(other) => Err(ApiError::Unavailable(other.to_string())),
        }
    }

    fn described(&self, machine: &str, name: &str, report: MapRunReport) -> MapRunDescription {
        let labelled = report.map_run_arn.split(':').nth(6).unwrap_or(machine);
        MapRunDescription {
            execution_arn: self.naming.execution(machine, name),
            state_machine_arn: self.naming.state_machine(labelled),
            report,
        }
    }

    fn standard_children(
        &self,
        map_run_arn: &str,
        pending: &HashSet<String>,
        wanted: &WantedChildren,
        before: ExecutionId,
        limit: usize,
    ) -> Result<Vec<(u64, ChildItem)>, ApiError> {
        let machine = map_run_arn.split(':').nth(6).unwrap_or_default();
        let fits = |row: &ExecutionRow| wanted.fits(row.status, pending.contains(&row.name), row.redrives);
        let found = self.index.children(map_run_arn, machine, before, limit, &fits);
        let found = found.map_err(|error| ApiError::Unavailable(error.to_string()))?;
        let shown = |(number, row, item_count): (u64, ExecutionRow, u64)| {
            let pending_redrive = pending.contains(&row.name);
            (number, ChildItem { item: self.item(machine, row), item_count, pending_redrive })
        };
        Ok(found.into_iter().map(shown).collect())
    }

    /// The names of the children that wait to be redriven.
    async fn pending_redrive(
        &self,
        number: ExecutionId,
        head: Offset,
        report: &MapRunReport,
    ) -> Result<HashSet<String>, ApiError> {
        if report.executions.pending_redrive == 0 {
            return Ok(HashSet::new());
        }
        self.seen(number, head, |execution| execution.pending_redrive(report.id).collect()).await
    }

    /// Only the parent's records know Express children.
    fn express_children(
        &self,
        number: ExecutionId,
        head: Offset,
        report: &MapRunReport,
        wanted: &WantedChildren,
        before: u64,
    ) -> Result<Vec<(u64, ChildItem)>, ApiError> {
        let chain = self.chain(number, head).map_err(ApiError::Unavailable)?;
        let loaded = self.load(number, head).map_err(ApiError::Unavailable)?;
        let machine = report.map_run_arn.split(':').nth(6).unwrap_or_default();
        let mut told = Told::of(&chain, report.id);
        if let Some(ended) = report.ended_at {
            told.give_up(ended);
        }
        let shown = told
            .children
            .into_iter()
            .rev()
            .filter(|(index, child)| *index < before && wanted.fits(child.status, child.pending, child.redrives));
        let shown = shown.filter_map(|(index, child)| {
            let (name, execution_arn) = loaded.execution.map_run_child(report.id, index, child.redrives)?;
            let item = ExecutionItem {
                execution_arn,
                state_machine_arn: self.naming.state_machine(machine),
                name,
                status: child.status,
                start_date: child.started,
                stop_date: child.stopped,
                version_arn: None,
                alias_arn: None,
                redrive_count: child.redrives,
                // As with Step Functions: each redrive of an Express child is a new execution.
                redrive_date: None,
            };
            Some((index, ChildItem { item, item_count: child.items, pending_redrive: child.pending }))
        });
        Ok(shown.collect())
    }
}
