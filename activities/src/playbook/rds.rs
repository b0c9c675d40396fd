//! Rules for database instances: connections used up, or no answer.
//!
//! Owns when a reboot is worth proposing. It interrupts everyone, so that it is HIGH here whatever the catalogue says.

use serde_json::json;

use super::{Candidate, Case};
use crate::action::{ActionName, Configuration};
use crate::context::short_number;
use crate::shape::{NoProposal, RiskLevel, Topic};
use crate::tool::ToolInput;

/// Decides about an alarm on a database instance.
pub(super) fn decide(case: &Case<'_>) -> Option<ToolInput> {
    if !case.watches("DatabaseConnections") {
        return None;
    }
    let topics = [Topic::Metrics, Topic::Configuration];
    let Some(Configuration::RdsInstance(database)) = case.configuration() else {
        let reason = "the database's status could not be read: whether a reboot is possible cannot be told";
        return Some(case.nothing(NoProposal::Undetermined, String::new(), &topics, reason));
    };
    if database.db_instance_status != "available" {
        let cause = format!("The database is `{}`: AWS is working on it.", database.db_instance_status);
        return Some(case.nothing(NoProposal::None, cause, &topics, "wait until it is available again"));
    }
    let (Some(now), Some(usual)) =
        (case.last("watched"), case.facts.series("watched").and_then(|series| usual(&series.points)))
    else {
        return Some(case.nothing(
            NoProposal::Undetermined,
            String::new(),
            &topics,
            "no connections were measured: a reboot cannot be justified",
        ));
    };
    if now > 0.0 && now < usual * LEAKING {
        let cause =
            format!("{} connections are open, {} is usual: this may be load.", short_number(now), short_number(usual));
        return Some(case.nothing(
            NoProposal::Undetermined,
            cause,
            &topics,
            "a reboot would not help against load: look at what connects",
        ));
    }
    let cause = if now > 0.0 {
        format!(
            "{} connections are open where {} are usual: they are not given back.",
            short_number(now),
            short_number(usual)
        )
    } else {
        "The database has no connection any more although it is available: it does not answer.".to_owned()
    };
    let candidate = Candidate {
        action: ActionName::RdsRebootInstance,
        parameters: json!({}),
        rationale:
            "A reboot ends all connections; the database is away for about a minute. Look for the leak afterwards."
                .to_owned(),
    };
    Some(case.propose(&case.node, cause, &topics, RiskLevel::High, vec![candidate]))
}

/// What was open a quarter of the time at most: a leak raises everything above it first.
fn usual(points: &[crate::shape::Point]) -> Option<f64> {
    let mut values: Vec<f64> = points.iter().map(|point| point.value).filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 4).copied()
}

/// How many times the usual number of connections is a leak.
const LEAKING: f64 = 2.0;
