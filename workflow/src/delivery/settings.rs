//! What a machine's `loggingConfiguration` asks for.
//!
//! Owns the levels. Whether a configuration may be is the wire's to check; here what was accepted is read.

use serde_json::Value;

/// Where a machine's events go, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Logging {
    level: Level,
    /// Whether inputs and outputs go with them.
    pub(super) with_data: bool,
    /// As it was given, with `:*` at its end.
    pub(super) group_arn: String,
    pub(super) region: String,
    /// The log group's name.
    pub(super) group: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    All,
    Error,
    Fatal,
}

impl Logging {
    /// Reads a configuration; `None` when it asks for nothing.
    pub(crate) fn parse(configuration: &Value) -> Option<Self> {
        let level = match configuration["level"].as_str()? {
            "ALL" => Level::All,
            "ERROR" => Level::Error,
            "FATAL" => Level::Fatal,
            _ => return None,
        };
        let group_arn = configuration["destinations"][0]["cloudWatchLogsLogGroup"]["logGroupArn"].as_str()?;
        let (region, group) = group_of(group_arn)?;
        Some(Self {
            level,
            with_data: configuration["includeExecutionData"].as_bool().unwrap_or_default(),
            group_arn: group_arn.to_owned(),
            region: region.to_owned(),
            group: group.to_owned(),
        })
    }

    /// Whether events of this type are delivered.
    pub(super) fn takes(&self, kind: &str) -> bool {
        let bad = ["Failed", "TimedOut", "Aborted"].iter().any(|end| kind.ends_with(end));
        match self.level {
            Level::All => true,
            Level::Error => bad || kind == "FailStateEntered",
            Level::Fatal => bad && kind.starts_with("Execution"),
        }
    }
}

/// The region and the name in the ARN of a log group, `arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*`.
pub(crate) fn group_of(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(7, ':');
    match std::array::from_fn(|_| parts.next().unwrap_or_default()) {
        ["arn", _, "logs", region, _, "log-group", rest] => {
            let name = rest.strip_suffix(":*")?;
            (!region.is_empty() && !name.is_empty() && !name.contains(':')).then_some((region, name))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/vendedlogs/g:*";

    fn at(level: &str) -> Option<Logging> {
        let destinations = json!([{ "cloudWatchLogsLogGroup": { "logGroupArn": ARN } }]);
        Logging::parse(&json!({ "level": level, "includeExecutionData": true, "destinations": destinations }))
    }

    #[test]
    fn each_level_takes_its_types() {
        for (kind, expect) in [
            ("ExecutionFailed", "ALL ERROR FATAL"),
            ("ExecutionTimedOut", "ALL ERROR FATAL"),
            ("ExecutionAborted", "ALL ERROR FATAL"),
            ("FailStateEntered", "ALL ERROR"),
            ("TaskFailed", "ALL ERROR"),
            ("TaskSubmitFailed", "ALL ERROR"),
            ("LambdaFunctionScheduleFailed", "ALL ERROR"),
            ("ActivityTimedOut", "ALL ERROR"),
            ("MapIterationAborted", "ALL ERROR"),
            ("MapRunFailed", "ALL ERROR"),
            ("ParallelStateFailed", "ALL ERROR"),
            ("WaitStateAborted", "ALL ERROR"),
            ("EvaluationFailed", "ALL ERROR"),
            ("ExecutionStarted", "ALL"),
            ("ExecutionSucceeded", "ALL"),
            ("ExecutionRedriven", "ALL"),
            ("TaskScheduled", "ALL"),
            ("PassStateExited", "ALL"),
        ] {
            let taken = ["ALL", "ERROR", "FATAL"].into_iter().filter(|level| at(level).unwrap().takes(kind));
            assert_eq!(taken.collect::<Vec<_>>().join(" "), expect, "{kind}");
        }
    }

    #[test]
    fn a_configuration_names_a_log_group_and_its_region() {
        let logging = at("ALL").unwrap();
        assert_eq!((logging.region.as_str(), logging.group.as_str()), ("eu-west-1", "/aws/vendedlogs/g"));
        assert_eq!(at("OFF"), None);
        assert_eq!(Logging::parse(&json!({ "level": "ALL" })), None);
        for arn in
            ["", "g:*", "arn:aws:logs:r:a:log-group:g", "arn:aws:logs:r:a:log-group::*", "arn:aws:s3:r:a:log-group:g:*"]
        {
            assert_eq!(group_of(arn), None, "{arn}");
        }
    }
}
