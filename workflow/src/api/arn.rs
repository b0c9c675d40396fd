//! The ARNs in requests: whether they are ones, of the right kind, and of this engine.
//!
//! Owns AWS's words for ARNs that are not. What an ARN leads to is the engine's.

use super::{ApiConfig, refusal::Refusal};
use crate::engine::{ApiError, ValidationReason};

/// Refuses what cannot be a state machine's ARN, and the ARNs of other accounts, regions, versions and aliases.
pub(super) fn state_machine(config: &ApiConfig, text: &str) -> Result<(), Refusal> {
    machine(config, text, 0)
}

/// As [`state_machine`], but takes the ARNs of versions and aliases too.
pub(super) fn target(config: &ApiConfig, text: &str) -> Result<(), Refusal> {
    machine(config, text, 1)
}

fn machine(config: &ApiConfig, text: &str, most_qualifiers: usize) -> Result<(), Refusal> {
    let arn = Arn::parse(text)?;
    arn.expect("stateMachine")?;
    let qualifiers = arn.name.matches(':').count();
    if arn.name.contains('/') {
        let why =
            format!("The state machine ARN refers to a Distributed Map state, which cannot be used here: '{text}'");
        return Err(ApiError::Invalid(ValidationReason::ApiDoesNotSupportLabeledArns, why).into());
    }
    match arn.is_of(config) && qualifiers <= most_qualifiers {
        true => Ok(()),
        false => Err(ApiError::StateMachineDoesNotExist(text.to_owned()).into()),
    }
}

/// Refuses what cannot be the ARN of a version.
pub(super) fn version(text: &str) -> Result<(), Refusal> {
    let arn = Arn::parse(text)?;
    arn.expect("stateMachine")?;
    match arn.name.split_once(':') {
        Some((_, number)) if number.parse::<u64>().is_ok() => Ok(()),
        _ => Err(Refusal::invalid_arn(text)),
    }
}

/// Refuses what cannot be the ARN of an alias.
pub(super) fn alias(text: &str) -> Result<(), Refusal> {
    let arn = Arn::parse(text)?;
    arn.expect("stateMachine")?;
    match arn.name.split_once(':') {
        Some((_, name)) if !name.contains(':') && name.parse::<u64>().is_err() => Ok(()),
        _ => Err(Refusal::invalid_arn(text)),
    }
}

/// Refuses what cannot be an activity's ARN, and the ARNs of other accounts and regions.
pub(super) fn activity(config: &ApiConfig, text: &str) -> Result<(), Refusal> {
    let arn = Arn::parse(text)?;
    arn.expect("activity")?;
    match arn.is_of(config) {
        true => Ok(()),
        false => Err(ApiError::ActivityDoesNotExist(text.to_owned()).into()),
    }
}

/// Whether an ARN is of this account and region.
pub(super) fn is_ours(config: &ApiConfig, text: &str) -> bool {
    Arn::parse(text).is_ok_and(|arn| arn.is_of(config))
}

/// Refuses what cannot be an execution's ARN, and the ARNs of other accounts and regions.
pub(super) fn execution(config: &ApiConfig, text: &str) -> Result<(), Refusal> {
    let arn = Arn::parse(text)?;
    arn.expect("execution")?;
    match arn.is_of(config) {
        true => Ok(()),
        false => Err(ApiError::ExecutionDoesNotExist(text.to_owned()).into()),
    }
}

/// Refuses what cannot be a map run's ARN, and the ARNs of other accounts and regions.
pub(super) fn map_run(config: &ApiConfig, text: &str) -> Result<(), Refusal> {
    let arn = Arn::parse(text)?;
    arn.expect("mapRun")?;
    match arn.is_of(config) {
        true => Ok(()),
        false => Err(ApiError::ResourceNotFound(text.to_owned()).into()),
    }
}

/// Refuses what cannot be the ARN of something that has tags.
pub(super) fn tagged(text: &str) -> Result<(), Refusal> {
    let arn = Arn::parse(text)?;
    match arn.kind {
        "activity" => Ok(()),
        _ => arn.expect("stateMachine"),
    }
}

/// Refuses what cannot be a role's ARN.
pub(super) fn role(text: &str) -> Result<(), Refusal> {
    let mut parts = text.splitn(6, ':');
    match std::array::from_fn(|_| parts.next().unwrap_or_default()) {
        ["arn", _, "iam", _, _, resource] if resource.strip_prefix("role/").is_some_and(|name| !name.is_empty()) => {
            Ok(())
        }
        ["arn", ..] => Err(Refusal::invalid_arn(text)),
        _ => Err(Refusal::invalid_arn(&format!("Invalid ARN prefix: {text}"))),
    }
}

struct Arn<'a> {
    text: &'a str,
    partition: &'a str,
    region: &'a str,
    account: &'a str,
    kind: &'a str,
    name: &'a str,
}

impl<'a> Arn<'a> {
    fn parse(text: &'a str) -> Result<Self, Refusal> {
        let mut parts = text.splitn(7, ':');
        match std::array::from_fn(|_| parts.next().unwrap_or_default()) {
            ["arn", partition, "states", region, account, kind, name] if !kind.is_empty() => {
                Ok(Self { text, partition, region, account, kind, name })
            }
            ["arn", ..] => Err(Refusal::invalid_arn(text)),
            _ => Err(Refusal::invalid_arn(&format!("Invalid ARN prefix: {text}"))),
        }
    }

    fn expect(&self, kind: &str) -> Result<(), Refusal> {
        match self.kind == kind {
            true if self.name.is_empty() => Err(Refusal::invalid_arn(self.text)),
            true => Ok(()),
            false => Err(Refusal::invalid_arn(&format!("Resource type not valid in this context: {}", self.kind))),
        }
    }

    fn is_of(&self, config: &ApiConfig) -> bool {
        (self.partition, self.region, self.account) == ("aws", &*config.region, &*config.account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(outcome: Result<(), Refusal>) -> String {
        outcome.err().map(|refusal| format!("{}: {}", refusal.code, refusal.message)).unwrap_or_default()
    }

    #[test]
    fn only_the_arns_of_this_engine_pass() {
        let config = ApiConfig::default();
        for (arn, expect) in [
            ("arn:aws:states:us-east-1:123456789012:stateMachine:m", ""),
            ("m", "InvalidArn: Invalid Arn: 'Invalid ARN prefix: m'"),
            ("arn:aws:states", "InvalidArn: Invalid Arn: 'arn:aws:states'"),
            ("arn:aws:sqs:us-east-1:123456789012:q", "InvalidArn: Invalid Arn: 'arn:aws:sqs:us-east-1:123456789012:q'"),
            (
                "arn:aws:states:us-east-1:123456789012:stateMachine:",
                "InvalidArn: Invalid Arn: 'arn:aws:states:us-east-1:123456789012:stateMachine:'",
            ),
            (
                "arn:aws:states:us-east-1:123456789012:execution:m:e",
                "InvalidArn: Invalid Arn: 'Resource type not valid in this context: execution'",
            ),
            (
                "arn:aws:states:eu-west-1:123456789012:stateMachine:m",
                "StateMachineDoesNotExist: State Machine Does Not Exist: 'arn:aws:states:eu-west-1:123456789012:stateMachine:m'",
            ),
            (
                "arn:aws:states:us-east-1:123456789012:stateMachine:m:1",
                "StateMachineDoesNotExist: State Machine Does Not Exist: 'arn:aws:states:us-east-1:123456789012:stateMachine:m:1'",
            ),
        ] {
            assert_eq!(said(state_machine(&config, arn)), expect, "{arn}");
        }
        for (arn, expect) in [
            ("arn:aws:states:us-east-1:123456789012:stateMachine:m", ""),
            ("arn:aws:states:us-east-1:123456789012:stateMachine:m:1", ""),
            ("arn:aws:states:us-east-1:123456789012:stateMachine:m:LIVE", ""),
            (
                "arn:aws:states:us-east-1:123456789012:stateMachine:m:LIVE:1",
                "StateMachineDoesNotExist: State Machine Does Not Exist: 'arn:aws:states:us-east-1:123456789012:stateMachine:m:LIVE:1'",
            ),
            (
                "arn:aws:states:us-east-1:123456789012:stateMachine:m/each",
                "ValidationException: The state machine ARN refers to a Distributed Map state, which cannot be used here: 'arn:aws:states:us-east-1:123456789012:stateMachine:m/each'",
            ),
        ] {
            assert_eq!(said(target(&config, arn)), expect, "{arn}");
        }
        for (arn, a_version, an_alias) in [
            ("arn:aws:states:us-east-1:123456789012:stateMachine:m:1", true, false),
            ("arn:aws:states:us-east-1:123456789012:stateMachine:m:LIVE", false, true),
            ("arn:aws:states:us-east-1:123456789012:stateMachine:m", false, false),
            ("arn:aws:states:us-east-1:123456789012:activity:m:1", false, false),
        ] {
            assert_eq!((version(arn).is_ok(), alias(arn).is_ok()), (a_version, an_alias), "{arn}");
        }
        assert_eq!(said(execution(&config, "arn:aws:states:us-east-1:123456789012:execution:m:e")), "");
        assert_eq!(
            said(execution(&config, "arn:aws:states:us-east-1:999999999999:execution:m:e")),
            "ExecutionDoesNotExist: Execution Does Not Exist: 'arn:aws:states:us-east-1:999999999999:execution:m:e'"
        );
    }

    #[test]
    fn a_role_is_an_iam_role() {
        for (arn, good) in [
            ("arn:aws:iam::123456789012:role/r", true),
            ("arn:aws-cn:iam::123456789012:role/path/r", true),
            ("arn:aws:iam::123456789012:user/u", false),
            ("arn:aws:iam::123456789012:role/", false),
            ("r", false),
        ] {
            assert_eq!(role(arn).is_ok(), good, "{arn}");
        }
    }
}
