//! What can be changed at an ECS service: its tasks replaced, their number.
//!
//! Owns the bound of a task count, which depends on the current one: a wrong number must not start a hundred tasks.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::bounded::Bounded;
use super::configuration::{Configuration, EcsService};
use super::effect::Effect;
use super::parameters::Parameters;
use super::risk::{Risk, RiskAssessment};
use super::{Action, ActionProblem, AwsCall, Typed};
use crate::twin::Node;

/// Replaces the tasks of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestartService {
    /// The cluster's name.
    pub cluster: String,
    /// The service's name.
    pub service: String,
}

/// Changes how many tasks a service runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateDesiredCount {
    /// The cluster's name.
    pub cluster: String,
    /// The service's name.
    pub service: String,
    /// The number of tasks.
    pub desired_count: DesiredCount,
}

/// Zero would switch the service off.
pub(super) type DesiredCount = Bounded<1, 100>;

impl RestartService {
    pub(super) fn read(parameters: &mut Parameters<'_>, node: &Node, current: &Configuration) -> Option<Self> {
        let service = service(parameters, node, current)?;
        Some(Self { cluster: service.cluster.clone(), service: service.service.clone() })
    }
}

impl UpdateDesiredCount {
    pub(super) fn read(parameters: &mut Parameters<'_>, node: &Node, current: &Configuration) -> Option<Self> {
        let wanted = parameters.number::<1, 100>("desired_count");
        let service = service(parameters, node, current)?;
        let (wanted, now) = (wanted?, service.desired_count);
        let most = most_tasks(now);
        parameters.refuse_if(wanted.get() > most, || ActionProblem::OutOfBounds {
            parameter: "desired_count",
            value: i64::from(wanted.get()),
            min: 1,
            max: most,
            because: format!(", because it is {now} now"),
        });
        parameters.refuse_if(wanted.get() == now, || ActionProblem::NoChange {
            parameter: "desired_count",
            value: now.to_string(),
        });
        Some(Self { cluster: service.cluster.clone(), service: service.service.clone(), desired_count: wanted })
    }
}

/// At most threefold, or ten more, and never more than a hundred.
fn most_tasks(now: u32) -> u32 {
    now.saturating_mul(3).max(now.saturating_add(10)).min(100)
}

impl Typed for RestartService {
    fn before(&self, current: &Configuration) -> Option<Value> {
        Some(json!({ "deployment": own(current, &self.cluster, &self.service)?.deployment }))
    }

    fn inverse(&self, _: &Configuration) -> Option<Action> {
        None
    }

    fn irreversible(&self) -> Option<&'static str> {
        Some("the old tasks are gone; a restart cannot be undone")
    }

    fn apply(&self, current: &Configuration) -> Option<Configuration> {
        let service = own(current, &self.cluster, &self.service)?.clone();
        Some(Configuration::EcsService(EcsService { deployment: service.deployment + 1, ..service }))
    }

    fn effect(&self, before: &Configuration, now: &Configuration) -> Effect {
        let started = own(before, &self.cluster, &self.service).map_or(0, |service| service.deployment);
        effect(now, &self.cluster, &self.service, |service| service.deployment > started)
    }

    fn risk(&self, before: &Configuration, node: &Node) -> RiskAssessment {
        let mut risk =
            RiskAssessment::at(Risk::Medium, "restart", "every task is replaced, and a restart cannot be undone");
        let tasks = own(before, &self.cluster, &self.service).map_or(0, |service| service.running_count);
        if tasks < 2 {
            risk.raise(
                Risk::Medium,
                "single_task",
                "with fewer than two running tasks nobody stands in for the one that is replaced",
            );
        }
        if tasks < 2 && node.is_production() {
            risk.raise(Risk::High, "production", "the service is tagged production and would be interrupted");
        }
        risk
    }

    fn call(&self) -> Option<AwsCall> {
        let parameters = json!({ "cluster": self.cluster, "service": self.service, "forceNewDeployment": true });
        AwsCall::new("ecs", "UpdateService", parameters)
    }

    fn summary(&self, _: &Configuration) -> String {
        format!("Replace all tasks of the service `{}/{}`.", self.cluster, self.service)
    }
}

impl Typed for UpdateDesiredCount {
    fn before(&self, current: &Configuration) -> Option<Value> {
        Some(json!({ "desired_count": own(current, &self.cluster, &self.service)?.desired_count }))
    }

    fn inverse(&self, before: &Configuration) -> Option<Action> {
        let desired_count = Bounded::new(own(before, &self.cluster, &self.service)?.desired_count).ok()?;
        Some(Action::EcsUpdateDesiredCount(Self { desired_count, ..self.clone() }))
    }

    fn irreversible(&self) -> Option<&'static str> {
        None
    }

    fn apply(&self, current: &Configuration) -> Option<Configuration> {
        let service = own(current, &self.cluster, &self.service)?.clone();
        let count = self.desired_count.get();
        Some(Configuration::EcsService(EcsService { desired_count: count, running_count: count, ..service }))
    }

    fn effect(&self, _: &Configuration, now: &Configuration) -> Effect {
        let wanted = self.desired_count.get();
        effect(now, &self.cluster, &self.service, |service| {
            service.desired_count == wanted && service.running_count == wanted
        })
    }

    fn risk(&self, before: &Configuration, node: &Node) -> RiskAssessment {
        let wanted = self.desired_count.get();
        let now = own(before, &self.cluster, &self.service).map_or(wanted, |service| service.desired_count);
        let mut risk = RiskAssessment::at(
            Risk::Low,
            "reversible",
            "the number of tasks is changed without interruption and can be set back",
        );
        if wanted < now {
            risk.raise(
                Risk::Medium,
                "less_capacity",
                format!("capacity is taken away: {wanted} tasks instead of {now}"),
            );
            if node.is_production() {
                risk.raise(Risk::High, "production", "the service is tagged production and may be short of capacity");
            }
        } else if wanted > now.saturating_mul(2) {
            risk.raise(
                Risk::Medium,
                "magnitude",
                format!("the number of tasks more than doubles, from {now} to {wanted}"),
            );
        }
        risk
    }

    fn call(&self) -> Option<AwsCall> {
        let parameters =
            json!({ "cluster": self.cluster, "service": self.service, "desiredCount": self.desired_count });
        AwsCall::new("ecs", "UpdateService", parameters)
    }

    fn summary(&self, before: &Configuration) -> String {
        let now = own(before, &self.cluster, &self.service)
            .map_or("unknown".to_owned(), |service| service.desired_count.to_string());
        format!("Set the number of tasks of `{}/{}` from {now} to {}.", self.cluster, self.service, self.desired_count)
    }
}

/// The service's configuration, after the checks that both actions share.
fn service<'a>(parameters: &mut Parameters<'_>, node: &Node, current: &'a Configuration) -> Option<&'a EcsService> {
    parameters.target("cluster", node.cluster_name().unwrap_or_default());
    parameters.target("service", node.text("name").unwrap_or_default());
    parameters.configuration(current, node);
    let Configuration::EcsService(service) = current else { return None };
    let target = format!("{}/{}", service.cluster, service.service);
    parameters.refuse_if(service.desired_count == 0, || ActionProblem::SwitchedOff {
        target: target.clone(),
        parameter: "desired_count",
    });
    parameters.refuse_if(service.rollout_state == "IN_PROGRESS", || ActionProblem::NotReady {
        target,
        status: service.rollout_state.clone(),
        wanted: "COMPLETED",
    });
    Some(service)
}

fn own<'a>(configuration: &'a Configuration, cluster: &str, name: &str) -> Option<&'a EcsService> {
    match configuration {
        Configuration::EcsService(service) if service.cluster == cluster && service.service == name => Some(service),
        _ => None,
    }
}

fn effect(now: &Configuration, cluster: &str, name: &str, is_set: impl Fn(&EcsService) -> bool) -> Effect {
    match own(now, cluster, name) {
        None => Effect::failed(format!("the configuration of `{cluster}/{name}` cannot be read")),
        Some(service) if service.rollout_state == "FAILED" => Effect::failed("the deployment failed"),
        Some(service) if service.rollout_state == "IN_PROGRESS" => {
            Effect::in_progress("the deployment is being rolled out")
        }
        Some(service) if is_set(service) => Effect::Effective,
        Some(service) => {
            Effect::in_progress(format!("{} of {} tasks run", service.running_count, service.desired_count))
        }
    }
}
