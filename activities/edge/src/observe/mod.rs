//! Observe, embedded: performs a list of reads over the twin and the embedded account.
//!
//! Owns the answer or error of each read, in the order asked, and its cut to the size asked. A failed read is an error in its
//! observation and never of the function. Changes nothing.

mod cut;
mod filter;

use activities::shape::{
    ActiveAlarmsAnswer, AlarmAnswer, AlarmHistoryAnswer, Change, ChangesAnswer, ConfigurationAnswer, LogLine,
    LogsAnswer, MetricQuery, MetricSeries, MetricsAnswer, Observation, ObserveAnswer, ObserveRequest, Point, Read,
    ReadError, ReadRequest, RecentActionsAnswer,
};
use activities::twin::Lookup;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::account::{AlarmRecord, MetricRequest, Visible};
use crate::embedded::World;
use crate::error::EdgeError;
use crate::time::{seconds_before, written};
use crate::{kill_switch, policy, remember};

/// Performs the reads.
pub(crate) fn observe(world: &World, request: ObserveRequest) -> Result<ObserveAnswer, EdgeError> {
    let at: Timestamp =
        request.at.parse().map_err(|_| EdgeError::bad_input("observe", format!("`at` is `{}`", request.at)))?;
    let place = (request.account.as_str(), request.region.as_str());
    let observations = request.reads.into_iter().map(|read| observation(world, place, at, read)).collect();
    Ok(ObserveAnswer { observations })
}

fn observation(world: &World, place: (&str, &str), at: Timestamp, request: ReadRequest) -> Observation {
    let asked_at = written(world.now());
    let mut result = here(world, place).and_then(|()| perform(world, place, at, &request.read));
    if let Ok(answer) = &mut result {
        activities::observe::take_secrets(&request.read, answer);
    }
    let answered_at = written(world.now());
    let (answer, error, truncated) = match result {
        Ok(mut answer) => match cut::to_size(&mut answer, request.max_bytes) {
            Some(truncated) => (Some(answer), None, truncated),
            None => (None, Some(too_large(request.max_bytes)), false),
        },
        Err(error) => (None, Some(ReadError { kind: read_error(&error), message: error.message }), false),
    };
    Observation { id: request.id, read: request.read, asked_at, answered_at, answer, error, truncated }
}

/// Another account or region is not read, rather than answered with this one's.
fn here(world: &World, (account, region): (&str, &str)) -> Result<(), EdgeError> {
    if account == world.config.account && region == world.config.region {
        return Ok(());
    }
    let message = format!(
        "the embedded account is `{}` `{}`, not `{account}` `{region}`",
        world.config.account, world.config.region
    );
    Err(EdgeError::new("AccessDenied", message))
}

fn perform(world: &World, (account, region): (&str, &str), at: Timestamp, read: &Read) -> Result<Value, EdgeError> {
    match read {
        Read::Topology { .. } => {
            let topology = world.twin.topology()?;
            value(activities::observe::topology(&topology, account, region, read))
        }
        Read::Governance {} => value(world.twin.governance()?),
        Read::Constraints {} => value(world.twin.constraints()?),
        Read::KillSwitch {} => value(kill_switch::read(world)),
        Read::RecentActions { seconds } => {
            value(RecentActionsAnswer { automatic: policy::automatic_since(world, at, *seconds)? })
        }
        Read::Precedents { text, resource_type, limit } => {
            value(remember::similar(world, text, resource_type.as_deref(), *limit)?)
        }
        Read::Alarm { name } => value(alarm(world, name)?),
        Read::AlarmHistory { name, seconds, limit } => {
            value(alarm_history(world, name, seconds_before(at, *seconds), *limit)?)
        }
        Read::ActiveAlarms { limit } => value(active_alarms(world, *limit)?),
        Read::Metrics { queries, seconds } => value(metrics(world, queries, seconds_before(at, *seconds), at)?),
        Read::Logs { group, seconds, pattern, limit } => {
            value(logs(world, group, seconds_before(at, *seconds), at, pattern.as_deref(), *limit)?)
        }
        Read::Configuration { resource_type, name } => value(configuration(world, resource_type, name)?),
        Read::Changes { name, seconds, limit } => {
            value(changes(world, name, seconds_before(at, *seconds), at, *limit)?)
        }
    }
}

fn alarm(world: &World, name: &str) -> Result<AlarmAnswer, EdgeError> {
    let now = world.now();
    let record = world.account.alarm(name, now)?.ok_or_else(|| not_found(format!("no alarm `{name}` is known")))?;
    alarm_answer(world, record, now)
}

fn alarm_answer(world: &World, record: AlarmRecord, now: Timestamp) -> Result<AlarmAnswer, EdgeError> {
    let threshold = world.account.threshold(&record, now)?;
    Ok(AlarmAnswer {
        threshold,
        updated_at: written(record.updated_at),
        name: record.name,
        arn: record.arn,
        state: record.state,
        reason: record.reason,
        comparison: record.comparison,
        namespace: record.namespace,
        metric: record.metric,
        dimensions: record.dimensions,
    })
}

fn alarm_history(world: &World, name: &str, from: Timestamp, limit: u32) -> Result<AlarmHistoryAnswer, EdgeError> {
    let record =
        world.account.alarm(name, world.now())?.ok_or_else(|| not_found(format!("no alarm `{name}` is known")))?;
    let within = |at: &str| at.parse::<Timestamp>().is_ok_and(|at| at >= from);
    let transitions =
        record.transitions.into_iter().filter(|transition| within(&transition.at)).take(count(limit)).collect();
    Ok(AlarmHistoryAnswer { transitions })
}

fn active_alarms(world: &World, limit: u32) -> Result<ActiveAlarmsAnswer, EdgeError> {
    let now = world.now();
    let mut firing: Vec<AlarmRecord> =
        world.account.alarms(now)?.into_iter().filter(|alarm| alarm.state == "ALARM").collect();
    firing.sort_by_key(|alarm| std::cmp::Reverse(alarm.updated_at));
    let alarms =
        firing.into_iter().take(count(limit)).map(|alarm| alarm_answer(world, alarm, now)).collect::<Result<_, _>>()?;
    Ok(ActiveAlarmsAnswer { alarms })
}

fn metrics(world: &World, queries: &[MetricQuery], from: Timestamp, to: Timestamp) -> Result<MetricsAnswer, EdgeError> {
    let series = queries.iter().map(|query| {
        let request = MetricRequest {
            namespace: &query.namespace,
            name: &query.metric,
            dimensions: &query.dimensions,
            statistic: &query.statistic,
            from,
            to,
        };
        let found = world.account.metric(&request)?;
        let (unit, points) = found.map_or((None, Vec::new()), |found| (found.unit, found.points));
        let points = points.into_iter().map(|(at, value)| Point { at: written(at), value }).collect();
        Ok(MetricSeries { id: query.id.clone(), unit, points })
    });
    Ok(MetricsAnswer { series: series.collect::<Result<_, EdgeError>>()? })
}

fn logs(
    world: &World,
    group: &str,
    from: Timestamp,
    to: Timestamp,
    pattern: Option<&str>,
    limit: u32,
) -> Result<LogsAnswer, EdgeError> {
    let mut lines: Vec<(Timestamp, String)> = Vec::new();
    for Visible { recording, anchor } in world.account.recordings()? {
        let of_group = recording.logs.into_iter().filter(|line| line.group == group);
        lines.extend(of_group.map(|line| (seconds_before(anchor, line.seconds_before), line.message)));
    }
    if lines.is_empty() {
        return Err(not_found(format!("the log group `{group}` does not exist")));
    }
    lines.retain(|(at, message)| {
        from <= *at && *at <= to && pattern.is_none_or(|pattern| filter::matches(pattern, message))
    });
    lines.sort_by_key(|(at, _)| *at);
    let skip = lines.len().saturating_sub(count(limit));
    let lines = lines.into_iter().skip(skip).map(|(at, message)| LogLine { at: written(at), message }).collect();
    Ok(LogsAnswer { group: group.to_owned(), lines })
}

/// The configuration in effect; of a resource that no action changes, what Terraform declared.
fn configuration(world: &World, resource_type: &str, name: &str) -> Result<ConfigurationAnswer, EdgeError> {
    let now = world.now();
    let topology = world.twin.topology()?;
    let of_type = |id: &str| topology.node(id).filter(|node| node.resource_type() == resource_type);
    let node = match topology.find(name) {
        Lookup::Found(id) => of_type(id.as_str()),
        Lookup::Ambiguous(ids) => ids.iter().find_map(|id| of_type(id.as_str())),
        Lookup::Unknown => None,
    };
    // The twin knows which of many files it is.
    let arn = node.and_then(|node| node.arn().or_else(|| node.names().find(|name| name.starts_with("arn:"))));
    let record = match (node, arn) {
        (_, Some(arn)) => world.account.resource(arn)?,
        (Some(_), None) => None,
        (None, None) => world.account.named(resource_type, name)?,
    };
    if let Some(record) = record {
        return Ok(ConfigurationAnswer {
            resource_type: record.resource_type.clone(),
            name: record.name.clone(),
            arn: Some(record.arn.clone()),
            attributes: record.facts(now),
            modified_at: Some(written(record.modified_at(now))),
        });
    }
    let node = node.ok_or_else(|| not_found(format!("the account holds no {resource_type} `{name}`")))?.read()?;
    Ok(ConfigurationAnswer {
        resource_type: resource_type.to_owned(),
        name: name.to_owned(),
        arn: node.arn.clone(),
        attributes: node.facts().map(|(name, value)| (name.to_owned(), value.clone())).collect(),
        modified_at: None,
    })
}

fn changes(world: &World, name: &str, from: Timestamp, to: Timestamp, limit: u32) -> Result<ChangesAnswer, EdgeError> {
    let mut all: Vec<(Timestamp, Change)> = Vec::new();
    for Visible { recording, anchor } in world.account.recordings()? {
        for change in recording.changes.into_iter().filter(|change| change.is_of(name)) {
            let at = seconds_before(anchor, change.seconds_before);
            let action =
                if change.summary.is_empty() { change.event } else { format!("{}: {}", change.event, change.summary) };
            all.push((at, Change { at: written(at), action, by: change.actor }));
        }
    }
    for (resource, change) in world.account.changes()? {
        let named = resource.name == name
            || resource.name.rsplit('/').next() == Some(name)
            || resource.names.iter().any(|one| one == name);
        if named {
            let action = with_values(&change.action, &change.after);
            all.push((change.begun_at, Change { at: written(change.begun_at), action, by: change.by }));
        }
    }
    all.retain(|(at, _)| from <= *at && *at <= to);
    all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    Ok(ChangesAnswer { changes: all.into_iter().take(count(limit)).map(|(_, change)| change).collect() })
}

/// The change as the audit trail shows it: the action with what it set.
fn with_values(action: &str, after: &activities::shape::Fields) -> String {
    if after.is_empty() || after.len() > 5 {
        return action.to_owned();
    }
    format!("{action} {}", json!(after))
}

fn read_error(error: &EdgeError) -> String {
    error.error.strip_prefix("Sao.").unwrap_or(&error.error).to_owned()
}

fn not_found(message: String) -> EdgeError {
    EdgeError::new("NotFound", message)
}

fn too_large(max_bytes: u32) -> ReadError {
    ReadError { kind: "TooLarge".to_owned(), message: format!("the answer does not fit into {max_bytes} bytes") }
}

fn value(answer: impl Serialize) -> Result<Value, EdgeError> {
    serde_json::to_value(answer).map_err(EdgeError::transient)
}

fn count(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
