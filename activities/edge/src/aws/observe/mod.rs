//! Observe over AWS: performs a list of reads at once and changes nothing.
//!
//! Owns the answer or error of each read, in the order asked, with its times, deadline and cut to the size asked. A failed read is
//! an error in its observation and never of the function. Each source has its file: `alarms`, `metrics`, `logs` (with the changes
//! that CloudTrail writes there); the twin is read through `super::twin`, a configuration through `super::describe`.

mod alarms;
#[expect(clippy::duplicate_mod, reason = "an answer is cut as in the embedded reads, from the same source")]
#[path = "../../observe/cut.rs"]
mod cut;
mod logs;
mod metrics;

use std::time::Duration;

use activities::shape::{
    Observation, ObserveAnswer, ObserveRequest, Read, ReadError, ReadRequest, RecentActionsAnswer,
};
use futures::future::join_all;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

pub(super) use alarms::alarm;

use super::describe::describe;
use super::{Aws, remember, twin};
use crate::error::EdgeError;
use crate::time::{seconds_before, written};

/// Performs the reads.
pub(super) async fn observe(aws: &Aws, request: ObserveRequest) -> Result<ObserveAnswer, EdgeError> {
    let at: Timestamp =
        request.at.parse().map_err(|_| EdgeError::bad_input("observe", format!("`at` is `{}`", request.at)))?;
    let place = (request.account.as_str(), request.region.as_str());
    let reads = request.reads.into_iter().map(|read| observation(aws, place, at, read));
    Ok(ObserveAnswer { observations: join_all(reads).await })
}

async fn observation(aws: &Aws, place: (&str, &str), at: Timestamp, request: ReadRequest) -> Observation {
    let asked_at = written(aws.now());
    let mut result = match here(aws, place) {
        Ok(()) => within(DEADLINE, perform(aws, place, at, &request.read)).await,
        Err(error) => Err(error),
    };
    if let Ok(answer) = &mut result {
        activities::observe::take_secrets(&request.read, answer);
    }
    let answered_at = written(aws.now());
    let (answer, error, truncated) = match result {
        Ok(mut answer) => match cut::to_size(&mut answer, request.max_bytes) {
            Some(truncated) => (Some(answer), None, truncated),
            None => (None, Some(too_large(request.max_bytes)), false),
        },
        Err(error) => (None, Some(ReadError { kind: kind_of(&error), message: error.message }), false),
    };
    Observation { id: request.id, read: request.read, asked_at, answered_at, answer, error, truncated }
}

/// Another account or region is not read, rather than answered with this one's.
fn here(aws: &Aws, (account, region): (&str, &str)) -> Result<(), EdgeError> {
    let (ours, home) = (aws.settings().account()?, aws.settings().region()?);
    if account == ours && region == home {
        return Ok(());
    }
    Err(EdgeError::new(
        "Sao.AccessDenied",
        format!("this function reads `{ours}` `{home}`, not `{account}` `{region}`"),
    ))
}

async fn within<T>(deadline: Duration, read: impl Future<Output = Result<T, EdgeError>>) -> Result<T, EdgeError> {
    let late = |_| EdgeError::new("Sao.TimedOut", format!("no answer came within {} seconds", deadline.as_secs()));
    tokio::time::timeout(deadline, read).await.map_err(late)?
}

async fn perform(aws: &Aws, (account, region): (&str, &str), at: Timestamp, read: &Read) -> Result<Value, EdgeError> {
    match read {
        Read::Topology { .. } => {
            let topology = twin::topology(aws).await?;
            value(activities::observe::topology(&topology, account, region, read))
        }
        Read::Governance {} => value(twin::governance(&aws.twin()?).await?),
        Read::Constraints {} => value(twin::constraints(&aws.twin()?).await?),
        Read::KillSwitch {} => value(twin::kill_switch(&aws.twin()?).await),
        Read::RecentActions { seconds } => {
            let automatic = twin::automatic_since(&aws.twin()?, at, *seconds).await?;
            value(RecentActionsAnswer { automatic })
        }
        Read::Precedents { text, resource_type, limit } => {
            value(remember::similar(aws, text, resource_type.as_deref(), *limit).await?)
        }
        Read::Alarm { name } => value(alarms::alarm(aws, name).await?),
        Read::AlarmHistory { name, seconds, limit } => {
            value(alarms::history(aws, name, seconds_before(at, *seconds), at, *limit).await?)
        }
        Read::ActiveAlarms { limit } => value(alarms::active(aws, *limit).await?),
        Read::Metrics { queries, seconds } => {
            value(metrics::metrics(aws, queries, seconds_before(at, *seconds), at).await?)
        }
        Read::Logs { group, seconds, pattern, limit } => {
            value(logs::logs(aws, group, seconds_before(at, *seconds), at, pattern.as_deref(), *limit).await?)
        }
        Read::Configuration { resource_type, name } => value(describe(aws, resource_type, name).await?.answer),
        Read::Changes { name, seconds, limit } => {
            value(logs::changes(aws, name, seconds_before(at, *seconds), at, *limit).await?)
        }
    }
}

/// The error's kind as an observation names it.
fn kind_of(error: &EdgeError) -> String {
    error.error.strip_prefix("Sao.").unwrap_or(&error.error).to_owned()
}

fn too_large(max_bytes: u32) -> ReadError {
    ReadError { kind: "TooLarge".to_owned(), message: format!("the answer does not fit into {max_bytes} bytes") }
}

fn value(answer: impl Serialize) -> Result<Value, EdgeError> {
    serde_json::to_value(answer).map_err(|problem| EdgeError::new("Sao.BadAnswer", problem.to_string()))
}

/// The state of the machine allows a minute, for all reads at once.
const DEADLINE: Duration = Duration::from_secs(12);

#[cfg(test)]
mod tests;
