//! Logging, tracing and encryption configuration of a state machine: read, checked, shown.
//!
//! Owns their shapes and defaults on the wire, and what AWS refuses of them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{constraint::Constraints, refusal::Refusal, wire::Structure};
use crate::{
    delivery::group_of,
    engine::{ApiError, Engine},
};

/// The three configurations of CreateStateMachine and UpdateStateMachine.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Configurations {
    logging_configuration: Option<Structure<Logging>>,
    tracing_configuration: Option<Structure<Tracing>>,
    encryption_configuration: Option<Structure<Encryption>>,
}

/// The configurations in full, as the engine keeps them.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Kept {
    pub(super) logging: Option<Value>,
    pub(super) tracing: Option<Value>,
    pub(super) encryption: Option<Value>,
}

impl Configurations {
    pub(super) fn constrain(&self, check: &mut Constraints) {
        if let Some(Structure(logging)) = &self.logging_configuration {
            check.one_of("loggingConfiguration.level", logging.level.as_deref(), &["ALL", "ERROR", "FATAL", "OFF"]);
            for (at, Structure(destination)) in logging.destinations.iter().flatten().enumerate() {
                let at =
                    format!("loggingConfiguration.destinations.{}.member.cloudWatchLogsLogGroup.logGroupArn", at + 1);
                check.optional(&at, destination.arn(), 1, 256);
            }
        }
        if let Some(Structure(encryption)) = &self.encryption_configuration {
            check.one_of(
                "encryptionConfiguration.type",
                encryption.kind.as_deref(),
                &[OWNED_KEY, "CUSTOMER_MANAGED_KMS_KEY"],
            );
            check.present("encryptionConfiguration.type", encryption.kind.clone());
            check.optional("encryptionConfiguration.kmsKeyId", encryption.kms_key_id.as_deref(), 1, 2048);
            if let Some(seconds) = encryption.kms_data_key_reuse_period_seconds {
                check.number("encryptionConfiguration.kmsDataKeyReusePeriodSeconds", seconds, 60, 900);
            }
        }
    }

    /// What there is of them for an activity.
    pub(super) fn encryption_only(self) -> Self {
        Self { encryption_configuration: self.encryption_configuration, ..Self::default() }
    }

    /// What the engine is to keep.
    pub(super) fn read(self) -> Result<Kept, Refusal> {
        Ok(Kept {
            logging: self.logging_configuration.map(|Structure(logging)| logging.read()).transpose()?,
            tracing: self
                .tracing_configuration
                .map(|Structure(tracing)| json!({ "enabled": tracing.enabled.unwrap_or_default() })),
            encryption: self.encryption_configuration.map(|Structure(encryption)| encryption.read()).transpose()?,
        })
    }
}

impl Kept {
    /// Refuses to log to where nothing can be logged to.
    pub(super) async fn check_logging(&self, engine: &Engine) -> Result<(), Refusal> {
        match &self.logging {
            Some(logging) => Ok(engine.check_logging(logging).await?),
            None => Ok(()),
        }
    }

    /// Drops what says no more than the default, so that CreateStateMachine sees the same machine with it and without.
    pub(super) fn without_defaults(self) -> Self {
        Self {
            logging: self.logging.filter(|given| *given != show_logging(None)),
            tracing: self.tracing.filter(|given| *given != show_tracing(None)),
            encryption: self.encryption.filter(|given| *given != show_encryption(None)),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Logging {
    level: Option<String>,
    include_execution_data: Option<bool>,
    destinations: Option<Vec<Structure<Destination>>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Destination {
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud_watch_logs_log_group: Option<Structure<LogGroup>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogGroup {
    #[serde(skip_serializing_if = "Option::is_none")]
    log_group_arn: Option<String>,
}

impl Destination {
    fn arn(&self) -> Option<&str> {
        self.cloud_watch_logs_log_group.as_ref().and_then(|Structure(group)| group.log_group_arn.as_deref())
    }

    /// Why nothing can be logged there.
    fn problem(&self) -> Option<&'static str> {
        let Some(arn) = self.arn() else { return Some("Must specify exactly one Log Destination.") };
        match arn.starts_with("arn:") && arn.contains(":log-group:") {
            true if !arn.ends_with(":*") => Some("Log Group ARN must be provided with '*' qualifier."),
            true if group_of(arn).is_some() => None,
            _ => Some("Log Destination is not a log group."),
        }
    }
}

impl Logging {
    fn read(self) -> Result<Value, Refusal> {
        let level = self.level.unwrap_or_else(|| "OFF".into());
        let destinations = self.destinations.unwrap_or_default();
        // A destination is checked at level OFF too.
        let why = match &destinations[..] {
            [] if level == "OFF" => None,
            [Structure(destination)] => destination.problem(),
            _ => Some("Must specify exactly one Log Destination."),
        };
        if let Some(why) = why {
            return Err(ApiError::InvalidLoggingConfiguration(why.to_owned()).into());
        }
        let mut logging =
            json!({ "level": level, "includeExecutionData": self.include_execution_data.unwrap_or_default() });
        if !destinations.is_empty() {
            logging["destinations"] = json!(destinations);
        }
        Ok(logging)
    }
}

#[derive(Debug, Deserialize)]
struct Tracing {
    enabled: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Encryption {
    #[serde(rename = "type")]
    kind: Option<String>,
    kms_key_id: Option<String>,
    kms_data_key_reuse_period_seconds: Option<i64>,
}

impl Encryption {
    fn read(self) -> Result<Value, Refusal> {
        match self.kind.as_deref() {
            Some(OWNED_KEY) => Ok(json!({ "type": OWNED_KEY })),
            // Keeping the setting and not encrypting would be a lie.
            _ => Err(Refusal::new(
                "InvalidEncryptionConfiguration",
                "Invalid Encryption Configuration: customer managed keys are not supported",
            )),
        }
    }
}

/// `loggingConfiguration` as an answer shows it.
pub(super) fn show_logging(kept: Option<Value>) -> Value {
    kept.unwrap_or_else(|| json!({ "level": "OFF", "includeExecutionData": false }))
}

/// `tracingConfiguration` as an answer shows it.
pub(super) fn show_tracing(kept: Option<Value>) -> Value {
    kept.unwrap_or_else(|| json!({ "enabled": false }))
}

/// `encryptionConfiguration` as an answer shows it.
pub(super) fn show_encryption(kept: Option<Value>) -> Value {
    kept.unwrap_or_else(|| json!({ "type": OWNED_KEY }))
}

const OWNED_KEY: &str = "AWS_OWNED_KEY";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: Value) -> Result<Kept, Refusal> {
        let given: Configurations = serde_json::from_value(text).unwrap();
        let mut check = Constraints::default();
        given.constrain(&mut check);
        check.done()?;
        given.read()
    }

    #[test]
    fn defaults_are_filled_in_and_dropped_again() {
        let given = json!({ "loggingConfiguration": {}, "tracingConfiguration": {}, "encryptionConfiguration": { "type": "AWS_OWNED_KEY" } });
        let kept = read(given).unwrap();
        assert_eq!(kept.logging, Some(json!({ "level": "OFF", "includeExecutionData": false })));
        assert_eq!(kept.without_defaults(), Kept::default());
    }

    #[test]
    fn a_logging_configuration_comes_back_as_it_was_given() {
        let logging = json!({
            "level": "ALL", "includeExecutionData": true,
            "destinations": [{ "cloudWatchLogsLogGroup": { "logGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:g:*" } }]
        });
        let kept = read(json!({ "loggingConfiguration": logging })).unwrap().without_defaults();
        assert_eq!(kept.logging, Some(logging));
    }

    #[test]
    fn a_destination_is_one_log_group() {
        let arn = "arn:aws:logs:us-east-1:123456789012:log-group:g";
        for (groups, expect) in [
            (vec![format!("{arn}:*")], ""),
            (vec![], "Must specify exactly one Log Destination."),
            (vec![format!("{arn}:*"), format!("{arn}:*")], "Must specify exactly one Log Destination."),
            (vec![arn.to_owned()], "Log Group ARN must be provided with '*' qualifier."),
            (vec!["arn:aws:s3:::bucket".to_owned()], "Log Destination is not a log group."),
            (
                vec!["arn:aws:logs:us-east-1:123456789012:log-group::*".to_owned()],
                "Log Destination is not a log group.",
            ),
        ] {
            let destinations: Vec<Value> =
                groups.iter().map(|arn| json!({ "cloudWatchLogsLogGroup": { "logGroupArn": arn } })).collect();
            let read = read(json!({ "loggingConfiguration": { "level": "ALL", "destinations": destinations } }));
            let said = read.err().map(|refusal| refusal.message).unwrap_or_default();
            assert_eq!(said.strip_prefix("Invalid Logging Configuration: ").unwrap_or(&said), expect, "{groups:?}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (given, code) in [
            (json!({ "loggingConfiguration": { "level": "LOUD" } }), "ValidationException"),
            (
                json!({ "loggingConfiguration": { "destinations": [{ "cloudWatchLogsLogGroup": { "logGroupArn": "" } }] } }),
                "ValidationException",
            ),
            (json!({ "loggingConfiguration": { "level": "ALL" } }), "InvalidLoggingConfiguration"),
            (
                json!({ "loggingConfiguration": { "level": "OFF", "destinations": [{}, {}] } }),
                "InvalidLoggingConfiguration",
            ),
            (json!({ "encryptionConfiguration": {} }), "ValidationException"),
            (
                json!({ "encryptionConfiguration": { "type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k" } }),
                "InvalidEncryptionConfiguration",
            ),
        ] {
            assert_eq!(read(given.clone()).unwrap_err().code, code, "{given}");
        }
    }
}
