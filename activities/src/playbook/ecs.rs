//! Rules for ECS services: too much load, unhealthy targets.
//!
//! Owns the thresholds. More tasks help against load; a restart helps against tasks that hang.

use serde_json::json;

use super::{Candidate, Case};
use crate::action::{ActionName, Configuration};
use crate::context::short_number;
use crate::shape::{NoProposal, RiskLevel, Topic};
use crate::tool::ToolInput;
use crate::twin::Node;

/// Decides about an alarm on a service, or on the target group in front of one.
pub(super) fn decide(case: &Case<'_>) -> Option<ToolInput> {
    let load = ["CPUUtilization", "MemoryUtilization"].into_iter().find(|metric| case.watches(metric));
    if case.node.resource_type == SERVICE {
        return load
            .map(|metric| loaded(case, metric))
            .or_else(|| case.watches("RunningTaskCount").then(|| restart(case, &case.node)));
    }
    let unhealthy = case.watches("UnHealthyHostCount") || case.watches("HealthyHostCount");
    unhealthy.then(|| behind_target_group(case))
}

/// CPU or memory high: more tasks.
fn loaded(case: &Case<'_>, metric: &str) -> ToolInput {
    let topics = [Topic::Metrics, Topic::Configuration];
    let Some(Configuration::EcsService(service)) = case.configuration() else {
        let reason = "the service's configuration could not be read: without it no number of tasks can be justified";
        return case.nothing(NoProposal::Undetermined, String::new(), &topics, reason);
    };
    let Some(now) = case.last("watched") else {
        return case.nothing(
            NoProposal::Undetermined,
            String::new(),
            &topics,
            "no utilisation was measured: no number of tasks can be justified",
        );
    };
    if now < HIGH {
        let cause = format!("{metric} is {}%, which is not high any more.", short_number(now));
        return case.nothing(
            NoProposal::Undetermined,
            cause,
            &topics,
            "the load may have passed: look again when the alarm stays",
        );
    }
    let needed = (f64::from(service.desired_count) * now / WANTED).ceil() as u32;
    let count = needed.max(service.desired_count + 1).min(service.desired_count.saturating_mul(2)).min(MOST_TASKS);
    let cause = format!(
        "The service's {} tasks are at {}% {metric}: there are too few for the load.",
        service.desired_count,
        short_number(now)
    );
    let candidates = (count > service.desired_count).then(|| Candidate {
        action: ActionName::EcsUpdateDesiredCount,
        parameters: json!({"desired_count": count}),
        rationale: format!(
            "{count} tasks bring {} tasks' {}% towards {WANTED}%.",
            service.desired_count,
            short_number(now)
        ),
    });
    case.propose(&case.node, cause, &topics, RiskLevel::Low, candidates.into_iter().collect())
}

/// Unhealthy targets: restart the one service behind the target group.
fn behind_target_group(case: &Case<'_>) -> ToolInput {
    let services: Vec<&Node> =
        case.topology.neighbours.iter().map(|near| &near.node).filter(|node| node.resource_type == SERVICE).collect();
    match services.as_slice() {
        [service] => restart(case, service),
        _ => {
            let reason = format!(
                "{} services stand behind the target group: which one to restart cannot be told",
                services.len()
            );
            case.nothing(NoProposal::Undetermined, String::new(), &[Topic::Neighbours], &reason)
        }
    }
}

fn restart(case: &Case<'_>, service: &Node) -> ToolInput {
    let cause = format!("Tasks of `{}` do not answer their health checks.", service.id);
    let candidate = Candidate {
        action: ActionName::EcsRestartService,
        parameters: json!({}),
        rationale: "A rolling restart replaces tasks that hang by new ones of the same task definition.".to_owned(),
    };
    case.propose(
        service,
        cause,
        &[Topic::Metrics, Topic::Neighbours, Topic::Resource],
        RiskLevel::Medium,
        vec![candidate],
    )
}

const SERVICE: &str = "aws_ecs_service";
/// Percent from which on utilisation is high, and what it should come down to.
const HIGH: f64 = 75.0;
const WANTED: f64 = 60.0;
const MOST_TASKS: u32 = 100;
