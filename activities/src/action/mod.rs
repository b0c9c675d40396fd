//! The catalogue of actions: what the platform can change, within which bounds, at what risk and how it is undone.
//!
//! Owns a closed set: an action that is no variant of [`Action`] cannot be proposed, approved or executed. Each service
//! has its file. Owns no permission (governance decides) and touches nothing: [`AwsCall`] describes the one call that an
//! executor makes.
//!
//! ```text
//! model's answer --ActionName::validate--> Action --risk, inverse, aws_call--> proposal --approval--> executor
//! ```

mod bounded;
mod call;
mod configuration;
mod ecs;
mod effect;
mod lambda;
mod parameters;
mod problem;
mod rds;
mod risk;
mod schema;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use bounded::{Bounded, OutOfBounds};
pub use call::AwsCall;
pub use configuration::{Configuration, EcsService, LambdaFunction, RdsInstance};
pub use ecs::{RestartService, UpdateDesiredCount};
pub use effect::Effect;
pub use lambda::{UpdateMemory, UpdateReservedConcurrency, UpdateTimeout};
pub use problem::ActionProblem;
pub use rds::RebootInstance;
pub use risk::{Risk, RiskAssessment, RiskReason};
pub use schema::{action_schema, catalogue_schema};

use crate::twin::Node;
use parameters::Parameters;

/// One action of the catalogue with its parameters, all of them within bounds.
///
/// Its JSON is `{"name": "lambda_update_timeout", "parameters": {"function_name": "orders", "timeout": 20}}`; nothing
/// else parses, out of bounds or with an unknown field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", content = "parameters", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Changes how long an invocation may take.
    LambdaUpdateTimeout(UpdateTimeout),
    /// Changes a function's memory, and its processor share with it.
    LambdaUpdateMemory(UpdateMemory),
    /// Changes how many invocations a function may run at once.
    LambdaUpdateReservedConcurrency(UpdateReservedConcurrency),
    /// Replaces the tasks of a service, one after the other.
    EcsRestartService(RestartService),
    /// Changes how many tasks a service runs.
    EcsUpdateDesiredCount(UpdateDesiredCount),
    /// Reboots a database instance.
    RdsRebootInstance(RebootInstance),
    /// Changes nothing and tells a human why.
    None(NoAction),
}

/// The parameters of [`Action::None`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoAction {
    /// Why nothing is to be changed, for the human who is told.
    pub reason: String,
}

/// The name of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionName {
    /// [`Action::LambdaUpdateTimeout`]
    LambdaUpdateTimeout,
    /// [`Action::LambdaUpdateMemory`]
    LambdaUpdateMemory,
    /// [`Action::LambdaUpdateReservedConcurrency`]
    LambdaUpdateReservedConcurrency,
    /// [`Action::EcsRestartService`]
    EcsRestartService,
    /// [`Action::EcsUpdateDesiredCount`]
    EcsUpdateDesiredCount,
    /// [`Action::RdsRebootInstance`]
    RdsRebootInstance,
    /// [`Action::None`]
    None,
}

/// What the file of each service says of each of its actions.
trait Typed {
    /// The values that the action changes, as they are now.
    fn before(&self, current: &Configuration) -> Option<Value>;
    /// The action that takes this one back.
    fn inverse(&self, before: &Configuration) -> Option<Action>;
    /// Why there is no inverse, for an action that has none.
    fn irreversible(&self) -> Option<&'static str>;
    /// The configuration after the action; `None` when it is of another resource.
    fn apply(&self, current: &Configuration) -> Option<Configuration>;
    /// What has become of the action, from the configuration before it and the one now.
    fn effect(&self, before: &Configuration, now: &Configuration) -> Effect;
    /// What the action risks.
    fn risk(&self, before: &Configuration, node: &Node) -> RiskAssessment;
    /// The call that performs it.
    fn call(&self) -> Option<AwsCall>;
    /// What it does, in one sentence.
    fn summary(&self, before: &Configuration) -> String;
}

impl ActionName {
    /// Every action, in the order of the catalogue.
    pub const ALL: [Self; 7] = [
        Self::LambdaUpdateTimeout,
        Self::LambdaUpdateMemory,
        Self::LambdaUpdateReservedConcurrency,
        Self::EcsRestartService,
        Self::EcsUpdateDesiredCount,
        Self::RdsRebootInstance,
        Self::None,
    ];

    /// The actions that change a resource of this Terraform type.
    pub fn for_type(resource_type: &str) -> Vec<Self> {
        Self::ALL.into_iter().filter(|name| name.target_type() == Some(resource_type)).collect()
    }

    /// The name as it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::LambdaUpdateTimeout => "lambda_update_timeout",
            Self::LambdaUpdateMemory => "lambda_update_memory",
            Self::LambdaUpdateReservedConcurrency => "lambda_update_reserved_concurrency",
            Self::EcsRestartService => "ecs_restart_service",
            Self::EcsUpdateDesiredCount => "ecs_update_desired_count",
            Self::RdsRebootInstance => "rds_reboot_instance",
            Self::None => "none",
        }
    }

    /// The AWS service that is changed, as the first part of the name; none for [`Self::None`].
    pub fn service(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            other => other.word().split('_').next(),
        }
    }

    /// Other names under which policies may know the action, without the service in front.
    pub fn other_names(self) -> &'static [&'static str] {
        match self {
            Self::LambdaUpdateTimeout => &["update_timeout"],
            Self::LambdaUpdateMemory => &["update_memory"],
            Self::LambdaUpdateReservedConcurrency => &["update_concurrency", "update_reserved_concurrency"],
            Self::EcsRestartService => &["force_new_deployment", "restart_service"],
            Self::EcsUpdateDesiredCount => &["scale_desired", "update_desired_count"],
            Self::RdsRebootInstance => &["reboot_instance", "reboot"],
            Self::None => &[],
        }
    }

    /// The Terraform type that the action changes; none for [`Self::None`].
    pub fn target_type(self) -> Option<&'static str> {
        match self.service() {
            Some("lambda") => Some("aws_lambda_function"),
            Some("ecs") => Some("aws_ecs_service"),
            Some("rds") => Some("aws_db_instance"),
            _ => None,
        }
    }

    /// What the action does, for the model and for people who read the catalogue.
    pub fn description(self) -> &'static str {
        match self {
            Self::LambdaUpdateTimeout => "Sets the timeout of a Lambda function, in seconds.",
            Self::LambdaUpdateMemory => {
                "Sets the memory of a Lambda function in MB; its processor share grows with it."
            }
            Self::LambdaUpdateReservedConcurrency => {
                "Sets how many invocations of a Lambda function may run at once. Other functions have that much less."
            }
            Self::EcsRestartService => {
                "Replaces all tasks of an ECS service by new ones of the same task definition, in a rolling deployment. Cannot be undone."
            }
            Self::EcsUpdateDesiredCount => "Sets how many tasks an ECS service runs.",
            Self::RdsRebootInstance => {
                "Reboots a database instance; connections break and it is away for about a minute. Cannot be undone."
            }
            Self::None => {
                "Changes nothing: the evidence does not support a change, or none of the catalogue helps. A human is told the reason."
            }
        }
    }

    /// Checks untyped parameters against bounds, target and current configuration; reports all problems at once.
    ///
    /// Parameters that only repeat the target (`function_name`) may be left out, but not contradict it.
    pub fn validate(
        self,
        parameters: &Value,
        node: &Node,
        current: &Configuration,
    ) -> Result<Action, Vec<ActionProblem>> {
        let mut parameters = Parameters::of(self, parameters)?;
        if let Some(expected) = self.target_type().filter(|expected| *expected != node.resource_type) {
            let problem = ActionProblem::NotApplicable { action: self, expected, found: node.resource_type.clone() };
            return Err(vec![problem]);
        }
        let action = match self {
            Self::LambdaUpdateTimeout => {
                UpdateTimeout::read(&mut parameters, node, current).map(Action::LambdaUpdateTimeout)
            }
            Self::LambdaUpdateMemory => {
                UpdateMemory::read(&mut parameters, node, current).map(Action::LambdaUpdateMemory)
            }
            Self::LambdaUpdateReservedConcurrency => UpdateReservedConcurrency::read(&mut parameters, node, current)
                .map(Action::LambdaUpdateReservedConcurrency),
            Self::EcsRestartService => {
                RestartService::read(&mut parameters, node, current).map(Action::EcsRestartService)
            }
            Self::EcsUpdateDesiredCount => {
                UpdateDesiredCount::read(&mut parameters, node, current).map(Action::EcsUpdateDesiredCount)
            }
            Self::RdsRebootInstance => {
                RebootInstance::read(&mut parameters, node, current).map(Action::RdsRebootInstance)
            }
            Self::None => parameters.text("reason").map(|reason| Action::None(NoAction { reason })),
        };
        parameters.finish(action)
    }
}

impl fmt::Display for ActionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for ActionName {
    type Err = ActionProblem;

    fn from_str(word: &str) -> Result<Self, ActionProblem> {
        Self::ALL
            .into_iter()
            .find(|name| name.word() == word)
            .ok_or_else(|| ActionProblem::UnknownAction { action: word.to_owned() })
    }
}

impl Action {
    /// Checks an untyped name with untyped parameters; see [`ActionName::validate`].
    pub fn validate(
        name: &str,
        parameters: &Value,
        node: &Node,
        current: &Configuration,
    ) -> Result<Self, Vec<ActionProblem>> {
        name.parse::<ActionName>().map_err(|problem| vec![problem])?.validate(parameters, node, current)
    }

    /// The action's name.
    pub fn name(&self) -> ActionName {
        match self {
            Self::LambdaUpdateTimeout(_) => ActionName::LambdaUpdateTimeout,
            Self::LambdaUpdateMemory(_) => ActionName::LambdaUpdateMemory,
            Self::LambdaUpdateReservedConcurrency(_) => ActionName::LambdaUpdateReservedConcurrency,
            Self::EcsRestartService(_) => ActionName::EcsRestartService,
            Self::EcsUpdateDesiredCount(_) => ActionName::EcsUpdateDesiredCount,
            Self::RdsRebootInstance(_) => ActionName::RdsRebootInstance,
            Self::None(_) => ActionName::None,
        }
    }

    /// The parameters as JSON, without the name.
    pub fn parameters(&self) -> Value {
        let mut whole = serde_json::to_value(self).unwrap_or_default();
        whole.get_mut("parameters").map(Value::take).unwrap_or_default()
    }

    /// The values that the action changes, as they are now, for example `{"timeout": 10}`.
    ///
    /// `None` when the configuration is of another resource, or when nothing is changed that could be written down.
    pub fn before(&self, current: &Configuration) -> Option<Value> {
        self.typed().before(current)
    }

    /// The action that takes this one back, given the configuration before it; restart and reboot have none.
    pub fn inverse(&self, before: &Configuration) -> Option<Self> {
        self.typed().inverse(before)
    }

    /// Why the action has no inverse, in a sentence for the approver; `None` where it has one.
    pub fn irreversible(&self) -> Option<&'static str> {
        self.typed().irreversible()
    }

    /// The configuration after the action; `None` when the configuration is of another resource.
    pub fn apply(&self, current: &Configuration) -> Option<Configuration> {
        self.typed().apply(current)
    }

    /// What has become of the action, from the configuration before it and the one now.
    pub fn effect(&self, before: &Configuration, now: &Configuration) -> Effect {
        self.typed().effect(before, now)
    }

    /// What the action risks on this node, by the catalogue's rules.
    pub fn risk(&self, before: &Configuration, node: &Node) -> RiskAssessment {
        let mut risk = self.typed().risk(before, node);
        if node.tainted {
            risk.step_up("tainted", "Terraform will replace the resource at its next apply");
        }
        risk
    }

    /// The one AWS call that performs the action; none for [`Action::None`].
    pub fn aws_call(&self) -> Option<AwsCall> {
        self.typed().call()
    }

    /// What the action does, in one sentence with the values before and after.
    pub fn summary(&self, before: &Configuration) -> String {
        self.typed().summary(before)
    }

    fn typed(&self) -> &dyn Typed {
        match self {
            Self::LambdaUpdateTimeout(action) => action,
            Self::LambdaUpdateMemory(action) => action,
            Self::LambdaUpdateReservedConcurrency(action) => action,
            Self::EcsRestartService(action) => action,
            Self::EcsUpdateDesiredCount(action) => action,
            Self::RdsRebootInstance(action) => action,
            Self::None(action) => action,
        }
    }
}

impl Typed for NoAction {
    fn before(&self, _: &Configuration) -> Option<Value> {
        Some(json!({}))
    }

    fn inverse(&self, _: &Configuration) -> Option<Action> {
        None
    }

    fn irreversible(&self) -> Option<&'static str> {
        Some("nothing is changed, so there is nothing to undo")
    }

    fn apply(&self, current: &Configuration) -> Option<Configuration> {
        Some(current.clone())
    }

    fn effect(&self, _: &Configuration, _: &Configuration) -> Effect {
        Effect::Effective
    }

    fn risk(&self, _: &Configuration, _: &Node) -> RiskAssessment {
        RiskAssessment::at(Risk::Low, "no_change", "nothing is changed")
    }

    fn call(&self) -> Option<AwsCall> {
        None
    }

    fn summary(&self, _: &Configuration) -> String {
        format!("Change nothing: {}", self.reason)
    }
}

#[cfg(test)]
mod tests;
