//! What can be changed at a Lambda function: timeout, memory and reserved concurrency.
//!
//! Owns their bounds, which are those of the Lambda API where it has any, and the risk of each change.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::bounded::Bounded;
use super::configuration::{Configuration, LambdaFunction};
use super::effect::Effect;
use super::parameters::Parameters;
use super::risk::{Risk, RiskAssessment};
use super::{Action, ActionProblem, AwsCall, Typed};
use crate::twin::Node;

/// Changes how long an invocation may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateTimeout {
    /// The function.
    pub function_name: String,
    /// Seconds.
    pub timeout: Timeout,
}

/// Changes a function's memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateMemory {
    /// The function.
    pub function_name: String,
    /// MB.
    pub memory_size: MemorySize,
}

/// Changes how many invocations may run at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateReservedConcurrency {
    /// The function.
    pub function_name: String,
    /// The number reserved; `null` takes the reservation away, which is how one is undone and is never proposed.
    // A missing field must not mean "take it away", hence no default.
    #[serde(deserialize_with = "present")]
    pub reserved_concurrent_executions: Option<ReservedConcurrency>,
}

pub(super) type Timeout = Bounded<1, 900>;
pub(super) type MemorySize = Bounded<128, 10_240>;
/// Zero would switch the function off. An account has 1,000 by default, of which AWS keeps 100 unreserved.
pub(super) type ReservedConcurrency = Bounded<1, 900>;

impl UpdateTimeout {
    pub(super) fn read(parameters: &mut Parameters<'_>, node: &Node, current: &Configuration) -> Option<Self> {
        let timeout = parameters.number::<1, 900>("timeout");
        let function = function(parameters, node, current)?;
        let timeout = timeout?;
        parameters.refuse_if(timeout.get() == function.timeout, || no_change("timeout", timeout.get()));
        Some(Self { function_name: function.function_name.clone(), timeout })
    }
}

impl UpdateMemory {
    pub(super) fn read(parameters: &mut Parameters<'_>, node: &Node, current: &Configuration) -> Option<Self> {
        let memory_size = parameters.number::<128, 10_240>("memory_size");
        let function = function(parameters, node, current)?;
        let memory_size = memory_size?;
        parameters.refuse_if(memory_size.get() == function.memory_size, || no_change("memory_size", memory_size.get()));
        Some(Self { function_name: function.function_name.clone(), memory_size })
    }
}

impl UpdateReservedConcurrency {
    pub(super) fn read(parameters: &mut Parameters<'_>, node: &Node, current: &Configuration) -> Option<Self> {
        let wanted = parameters.number::<1, 900>(RESERVED);
        let function = function(parameters, node, current)?;
        let wanted = wanted?;
        let now = function.reserved_concurrent_executions;
        parameters.refuse_if(now == Some(0), || ActionProblem::SwitchedOff {
            target: function.function_name.clone(),
            parameter: RESERVED,
        });
        parameters.refuse_if(now == Some(wanted.get()), || no_change(RESERVED, wanted.get()));
        Some(Self { function_name: function.function_name.clone(), reserved_concurrent_executions: Some(wanted) })
    }
}

impl Typed for UpdateTimeout {
    fn before(&self, current: &Configuration) -> Option<Value> {
        Some(json!({ "timeout": own(current, &self.function_name)?.timeout }))
    }

    fn inverse(&self, before: &Configuration) -> Option<Action> {
        let timeout = Bounded::new(own(before, &self.function_name)?.timeout).ok()?;
        Some(Action::LambdaUpdateTimeout(Self { function_name: self.function_name.clone(), timeout }))
    }

    fn irreversible(&self) -> Option<&'static str> {
        None
    }

    fn apply(&self, current: &Configuration) -> Option<Configuration> {
        let function = own(current, &self.function_name)?.clone();
        Some(Configuration::LambdaFunction(LambdaFunction { timeout: self.timeout.get(), ..function }))
    }

    fn effect(&self, _: &Configuration, now: &Configuration) -> Effect {
        effect(now, &self.function_name, |function| function.timeout == self.timeout.get())
    }

    fn risk(&self, before: &Configuration, _: &Node) -> RiskAssessment {
        let now = own(before, &self.function_name).map_or(self.timeout.get(), |function| function.timeout);
        let wanted = self.timeout.get();
        let mut risk = RiskAssessment::at(
            Risk::Low,
            "reversible",
            "a timeout is changed without interruption and can be set back",
        );
        if wanted < now {
            risk.raise(
                Risk::Medium,
                "shorter",
                format!("invocations that take between {wanted} and {now} s will now be cut off"),
            );
        } else if wanted > now.saturating_mul(3) {
            risk.raise(
                Risk::Medium,
                "magnitude",
                format!("the timeout grows more than threefold, from {now} to {wanted} s"),
            );
        }
        if wanted > LONG_TIMEOUT {
            risk.raise(Risk::Medium, "long", format!("an invocation that hangs is paid for up to {wanted} s"));
        }
        risk
    }

    fn call(&self) -> Option<AwsCall> {
        let parameters = json!({ "FunctionName": self.function_name, "Timeout": self.timeout });
        AwsCall::new("lambda", "UpdateFunctionConfiguration", parameters)
    }

    fn summary(&self, before: &Configuration) -> String {
        let now = own(before, &self.function_name).map(|function| function.timeout);
        change("the timeout", &self.function_name, now, self.timeout.get(), "s")
    }
}

impl Typed for UpdateMemory {
    fn before(&self, current: &Configuration) -> Option<Value> {
        Some(json!({ "memory_size": own(current, &self.function_name)?.memory_size }))
    }

    fn inverse(&self, before: &Configuration) -> Option<Action> {
        let memory_size = Bounded::new(own(before, &self.function_name)?.memory_size).ok()?;
        Some(Action::LambdaUpdateMemory(Self { function_name: self.function_name.clone(), memory_size }))
    }

    fn irreversible(&self) -> Option<&'static str> {
        None
    }

    fn apply(&self, current: &Configuration) -> Option<Configuration> {
        let function = own(current, &self.function_name)?.clone();
        Some(Configuration::LambdaFunction(LambdaFunction { memory_size: self.memory_size.get(), ..function }))
    }

    fn effect(&self, _: &Configuration, now: &Configuration) -> Effect {
        effect(now, &self.function_name, |function| function.memory_size == self.memory_size.get())
    }

    fn risk(&self, before: &Configuration, _: &Node) -> RiskAssessment {
        let now = own(before, &self.function_name).map_or(self.memory_size.get(), |function| function.memory_size);
        let wanted = self.memory_size.get();
        let mut risk =
            RiskAssessment::at(Risk::Low, "reversible", "memory is changed without interruption and can be set back");
        if wanted < now {
            risk.raise(
                Risk::Medium,
                "smaller",
                format!("with {wanted} instead of {now} MB invocations run slower and may run out of memory"),
            );
        } else if wanted > now.saturating_mul(2) {
            risk.raise(
                Risk::Medium,
                "magnitude",
                format!("memory, and with it the price of a second, more than doubles from {now} to {wanted} MB"),
            );
        }
        risk
    }

    fn call(&self) -> Option<AwsCall> {
        let parameters = json!({ "FunctionName": self.function_name, "MemorySize": self.memory_size });
        AwsCall::new("lambda", "UpdateFunctionConfiguration", parameters)
    }

    fn summary(&self, before: &Configuration) -> String {
        let now = own(before, &self.function_name).map(|function| function.memory_size);
        change("the memory", &self.function_name, now, self.memory_size.get(), "MB")
    }
}

impl Typed for UpdateReservedConcurrency {
    fn before(&self, current: &Configuration) -> Option<Value> {
        Some(json!({ RESERVED: own(current, &self.function_name)?.reserved_concurrent_executions }))
    }

    fn inverse(&self, before: &Configuration) -> Option<Action> {
        let before = own(before, &self.function_name)?.reserved_concurrent_executions;
        let reserved_concurrent_executions = before.map(Bounded::new).transpose().ok()?;
        Some(Action::LambdaUpdateReservedConcurrency(Self {
            function_name: self.function_name.clone(),
            reserved_concurrent_executions,
        }))
    }

    fn irreversible(&self) -> Option<&'static str> {
        None
    }

    fn apply(&self, current: &Configuration) -> Option<Configuration> {
        let function = own(current, &self.function_name)?.clone();
        let reserved_concurrent_executions = self.reserved_concurrent_executions.map(Bounded::get);
        Some(Configuration::LambdaFunction(LambdaFunction { reserved_concurrent_executions, ..function }))
    }

    fn effect(&self, _: &Configuration, now: &Configuration) -> Effect {
        effect(now, &self.function_name, |function| {
            function.reserved_concurrent_executions == self.reserved_concurrent_executions.map(Bounded::get)
        })
    }

    fn risk(&self, before: &Configuration, node: &Node) -> RiskAssessment {
        let now = own(before, &self.function_name).and_then(|function| function.reserved_concurrent_executions);
        let mut risk = RiskAssessment::at(
            Risk::Medium,
            "shared_limit",
            "what is reserved here is missing to the account's other functions",
        );
        match (now, self.reserved_concurrent_executions.map(Bounded::get)) {
            (Some(now), Some(wanted)) if wanted < now => {
                risk.raise(Risk::High, "less", format!("invocations beyond {wanted} (now {now}) will be throttled"));
            }
            (None, Some(wanted)) => {
                risk.raise(
                    Risk::Medium,
                    "new_limit",
                    format!("the function had no limit of its own; beyond {wanted} it will be throttled"),
                );
                if node.is_production() {
                    risk.raise(Risk::High, "production", "a new limit on a production function can refuse its load");
                }
            }
            (Some(now), Some(wanted)) if wanted > now.saturating_mul(3) => {
                risk.raise(
                    Risk::High,
                    "magnitude",
                    format!("the reservation grows more than threefold, from {now} to {wanted}"),
                );
            }
            _ => {}
        }
        risk
    }

    fn call(&self) -> Option<AwsCall> {
        match self.reserved_concurrent_executions {
            Some(reserved) => {
                let parameters =
                    json!({ "FunctionName": self.function_name, "ReservedConcurrentExecutions": reserved });
                AwsCall::new("lambda", "PutFunctionConcurrency", parameters)
            }
            None => AwsCall::new("lambda", "DeleteFunctionConcurrency", json!({ "FunctionName": self.function_name })),
        }
    }

    fn summary(&self, before: &Configuration) -> String {
        let word = |reserved: Option<u32>| reserved.map_or("none".to_owned(), |reserved| reserved.to_string());
        let now = own(before, &self.function_name)
            .map_or("unknown".to_owned(), |function| word(function.reserved_concurrent_executions));
        let wanted = word(self.reserved_concurrent_executions.map(Bounded::get));
        format!("Set the reserved concurrency of `{}` from {now} to {wanted}.", self.function_name)
    }
}

/// The function's configuration, after the checks that all three actions share.
fn function<'a>(
    parameters: &mut Parameters<'_>,
    node: &Node,
    current: &'a Configuration,
) -> Option<&'a LambdaFunction> {
    parameters.target("function_name", node.text("function_name").unwrap_or_default());
    parameters.configuration(current, node);
    let Configuration::LambdaFunction(function) = current else { return None };
    parameters.refuse_if(function.last_update_status == "InProgress", || ActionProblem::NotReady {
        target: function.function_name.clone(),
        status: function.last_update_status.clone(),
        wanted: "Successful",
    });
    Some(function)
}

fn own<'a>(configuration: &'a Configuration, function_name: &str) -> Option<&'a LambdaFunction> {
    match configuration {
        Configuration::LambdaFunction(function) if function.function_name == function_name => Some(function),
        _ => None,
    }
}

fn effect(now: &Configuration, function_name: &str, is_set: impl Fn(&LambdaFunction) -> bool) -> Effect {
    match own(now, function_name) {
        None => Effect::failed(format!("the configuration of `{function_name}` cannot be read")),
        Some(function) if function.last_update_status == "Failed" => {
            Effect::failed("Lambda could not apply the update")
        }
        Some(function) if function.last_update_status == "InProgress" => {
            Effect::in_progress("Lambda applies the update")
        }
        Some(function) if is_set(function) => Effect::Effective,
        Some(_) => Effect::in_progress("the new value is not there yet"),
    }
}

fn change(what: &str, name: &str, now: Option<u32>, wanted: u32, unit: &str) -> String {
    let now = now.map_or("unknown".to_owned(), |now| now.to_string());
    format!("Set {what} of `{name}` from {now} to {wanted} {unit}.")
}

fn no_change(parameter: &'static str, value: u32) -> ActionProblem {
    ActionProblem::NoChange { parameter, value: value.to_string() }
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ReservedConcurrency>, D::Error> {
    Option::deserialize(deserializer)
}

const RESERVED: &str = "reserved_concurrent_executions";

/// Seconds from which on a timeout is long, whatever it was before.
const LONG_TIMEOUT: u32 = 300;
