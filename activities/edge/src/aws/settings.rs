//! The settings of the AWS functions: environment variables, all in one place.
//!
//! | variable | read by | meaning |
//! |---|---|---|
//! | `AWS_REGION` | all | the region; Lambda sets it |
//! | `SAO_ACCOUNT` | observe, act | the twelve-digit account that is observed and changed |
//! | `SAO_TWIN_BUCKET` | observe, act, notify, remember, collect, hitl | the bucket of the twin, the locks, the rounds of asking and the kill switch |
//! | `SAO_KEYS_BUCKET` | notify, act, hitl | the bucket of the keys and approvers; its default encryption is a KMS key of its own |
//! | `SAO_AUDIT_BUCKET` | archive | the bucket of the histories; versioned, with object lock |
//! | `SAO_AUDIT_DAYS` | archive | days that a history cannot be deleted; 400 unless set |
//! | `SAO_AUDIT_MODE` | archive | `GOVERNANCE` (unless set) or `COMPLIANCE` |
//! | `SAO_STATE_MACHINE_ARN` | intake, act, archive, hitl | the ARN of the incident machine |
//! | `SAO_EXECUTOR_ROLE_ARN` | act | the role that is assumed for one action on one ARN |
//! | `SAO_MODE` | act | `shadow`, `ask` (unless set) or `policy`: the mode that `act` itself is in |
//! | `SAO_AUTOMATIC_PER_HOUR` | act | how many actions the policy may execute in an hour; 3 unless set |
//! | `SAO_PUBLIC_URL` | notify, hitl | where people reach the approval pages, without a slash at the end |
//! | `SAO_ON_CALL_TOPIC_ARN` | notify | the topic of the engineer on call |
//! | `SAO_MANAGER_TOPIC_ARN` | notify | the topic of the manager; the one on call unless set |
//! | `SAO_MODEL_PRICES` | infer | JSON, US dollars for a million tokens by model: `{"MODEL": {"input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75}}` |
//! | `SAO_EMBEDDING_MODEL_ID` | observe, remember | the Titan model that embeds precedents; the local embedding unless set |
//! | `SAO_EMBEDDING_DIMENSION` | observe, remember | 256, 512 or 1024 of Titan v2, 1024 unless set; any other model has 1536 |
//! | `SAO_TRAIL_LOG_GROUP` | observe | the log group to which CloudTrail writes; without it changes cannot be read |
//! | `SAO_LOG` | all | a filter for the log such as `edge=debug`; `info` unless set |
//!
//! Owns names, defaults and the errors of what is missing. The functions' own settings never come from a request.

use std::collections::BTreeMap;

use activities::shape::{Mode, Prices, Role};

use crate::error::EdgeError;

/// The settings of one deployment, read once.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    values: BTreeMap<String, String>,
}

impl Settings {
    /// Reads the environment.
    pub fn from_environment() -> Self {
        Self::of(std::env::vars())
    }

    /// Settings of given names and values; names that are none of ours are left out, empty values count as unset.
    pub fn of<Name: Into<String>, Text: Into<String>>(values: impl IntoIterator<Item = (Name, Text)>) -> Self {
        let values = values.into_iter().map(|(name, value)| (name.into(), value.into()));
        let ours = |(name, value): &(String, String)| NAMES.contains(&name.as_str()) && !value.trim().is_empty();
        Self { values: values.filter(ours).collect() }
    }

    /// The account that is observed and changed.
    pub(super) fn account(&self) -> Result<&str, EdgeError> {
        self.needed("SAO_ACCOUNT")
    }

    /// The region that is observed and changed.
    pub(super) fn region(&self) -> Result<&str, EdgeError> {
        self.needed("AWS_REGION")
    }

    pub(super) fn twin_bucket(&self) -> Result<&str, EdgeError> {
        self.needed("SAO_TWIN_BUCKET")
    }

    pub(super) fn keys_bucket(&self) -> Result<&str, EdgeError> {
        self.needed("SAO_KEYS_BUCKET")
    }

    pub(super) fn audit_bucket(&self) -> Result<&str, EdgeError> {
        self.needed("SAO_AUDIT_BUCKET")
    }

    /// Days that an archived history cannot be deleted.
    pub(super) fn audit_days(&self) -> Result<u32, EdgeError> {
        self.number("SAO_AUDIT_DAYS", 400)
    }

    /// Whether not even an administrator may shorten the retention.
    pub(super) fn audit_compliance(&self) -> Result<bool, EdgeError> {
        match self.get("SAO_AUDIT_MODE") {
            None | Some("GOVERNANCE") => Ok(false),
            Some("COMPLIANCE") => Ok(true),
            Some(other) => Err(wrong("SAO_AUDIT_MODE", other, "`GOVERNANCE` or `COMPLIANCE`")),
        }
    }

    pub(super) fn state_machine(&self) -> Result<&str, EdgeError> {
        self.needed("SAO_STATE_MACHINE_ARN")
    }

    pub(super) fn executor_role(&self) -> Result<&str, EdgeError> {
        self.needed("SAO_EXECUTOR_ROLE_ARN")
    }

    /// The mode that `act` itself is in.
    pub(super) fn mode(&self) -> Result<Mode, EdgeError> {
        match self.get("SAO_MODE") {
            None | Some("ask") => Ok(Mode::Ask),
            Some("shadow") => Ok(Mode::Shadow),
            Some("policy") => Ok(Mode::Policy),
            Some(other) => Err(wrong("SAO_MODE", other, "`shadow`, `ask` or `policy`")),
        }
    }

    /// How many actions the policy may execute in an hour.
    pub(super) fn automatic_per_hour(&self) -> Result<u32, EdgeError> {
        self.number("SAO_AUTOMATIC_PER_HOUR", 3)
    }

    /// Where people reach the approval pages, without a slash at the end.
    pub(super) fn public_url(&self) -> Result<&str, EdgeError> {
        Ok(self.needed("SAO_PUBLIC_URL")?.trim_end_matches('/'))
    }

    /// The topic of a role.
    pub(super) fn topic(&self, role: Role) -> Result<&str, EdgeError> {
        let manager = if role == Role::Manager { self.get("SAO_MANAGER_TOPIC_ARN") } else { None };
        manager.map_or_else(|| self.needed("SAO_ON_CALL_TOPIC_ARN"), Ok)
    }

    /// The prices of a model; none when it is not listed.
    pub(super) fn prices(&self, model: &str) -> Result<Option<Prices>, EdgeError> {
        let Some(text) = self.get("SAO_MODEL_PRICES") else { return Ok(None) };
        let mut all: BTreeMap<String, Prices> = serde_json::from_str(text)
            .map_err(|problem| wrong("SAO_MODEL_PRICES", text, &format!("prices by model ({problem})")))?;
        Ok(all.remove(model))
    }

    /// What embeds precedents, if a model is configured.
    pub(super) fn embedding(&self) -> Result<Option<Embedding>, EdgeError> {
        let Some(model) = self.get("SAO_EMBEDDING_MODEL_ID") else { return Ok(None) };
        let (many, usual): (&[u32], u32) =
            if model.contains(TITAN_V2) { (&[256, 512, 1_024], 1_024) } else { (&[1_536], 1_536) };
        let dimension = self.number(EMBEDDING_DIMENSION, usual)?;
        if !many.contains(&dimension) {
            let many: Vec<String> = many.iter().map(u32::to_string).collect();
            let text = dimension.to_string();
            return Err(wrong(EMBEDDING_DIMENSION, &text, &format!("{} for `{model}`", many.join(", "))));
        }
        Ok(Some(Embedding { model: model.to_owned(), dimension: dimension as usize }))
    }

    /// The log group to which CloudTrail writes, if there is one.
    pub(super) fn trail_log_group(&self) -> Option<&str> {
        self.get("SAO_TRAIL_LOG_GROUP")
    }

    /// The filter of the log.
    pub fn log_filter(&self) -> &str {
        self.get("SAO_LOG").unwrap_or("info")
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.trim())
    }

    fn needed(&self, name: &str) -> Result<&str, EdgeError> {
        self.get(name)
            .ok_or_else(|| EdgeError::new(NOT_CONFIGURED, format!("the environment variable `{name}` is not set")))
    }

    fn number(&self, name: &str, default: u32) -> Result<u32, EdgeError> {
        let Some(text) = self.get(name) else { return Ok(default) };
        text.parse().map_err(|_| wrong(name, text, "a whole number"))
    }
}

fn wrong(name: &str, value: &str, wanted: &str) -> EdgeError {
    EdgeError::new(NOT_CONFIGURED, format!("the environment variable `{name}` is `{value}` and must be {wanted}"))
}

/// The model that embeds precedents, and how many dimensions its vectors have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Embedding {
    pub(super) model: String,
    pub(super) dimension: usize,
}

impl Embedding {
    /// Whether the request names the dimensions; the first Titan has no choice, and refuses the field.
    pub(super) fn is_asked_for_dimensions(&self) -> bool {
        self.model.contains(TITAN_V2)
    }
}

const TITAN_V2: &str = "titan-embed-text-v2";
const EMBEDDING_DIMENSION: &str = "SAO_EMBEDDING_DIMENSION";

/// Every variable that is read.
const NAMES: [&str; 19] = [
    "AWS_REGION",
    "SAO_ACCOUNT",
    "SAO_AUDIT_BUCKET",
    "SAO_AUDIT_DAYS",
    "SAO_AUDIT_MODE",
    "SAO_AUTOMATIC_PER_HOUR",
    EMBEDDING_DIMENSION,
    "SAO_EMBEDDING_MODEL_ID",
    "SAO_EXECUTOR_ROLE_ARN",
    "SAO_KEYS_BUCKET",
    "SAO_LOG",
    "SAO_MANAGER_TOPIC_ARN",
    "SAO_MODE",
    "SAO_MODEL_PRICES",
    "SAO_ON_CALL_TOPIC_ARN",
    "SAO_PUBLIC_URL",
    "SAO_STATE_MACHINE_ARN",
    "SAO_TRAIL_LOG_GROUP",
    "SAO_TWIN_BUCKET",
];

/// The error of a function whose environment lacks something.
const NOT_CONFIGURED: &str = "Sao.NotConfigured";

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[(&str, &str)], expect: Result<Mode, &str>) {
        let found = Settings::of(values.iter().copied()).mode().map_err(|error| error.message);
        match (found, expect) {
            (Err(message), Err(part)) => assert!(message.contains(part), "{message}"),
            (found, expect) => assert_eq!(found, expect.map_err(str::to_owned)),
        }
    }

    #[test]
    fn a_human_decides_unless_it_is_set_otherwise() {
        check(&[], Ok(Mode::Ask));
        check(&[("SAO_MODE", " ")], Ok(Mode::Ask));
        check(&[("SAO_MODE", "policy")], Ok(Mode::Policy));
        check(&[("SAO_MODE", "yolo")], Err("`SAO_MODE` is `yolo`"));
    }

    #[test]
    fn a_model_has_the_dimensions_that_its_version_has() {
        #[track_caller]
        fn check(model: &str, dimension: &str, expect: Option<usize>) {
            let found = Settings::of([("SAO_EMBEDDING_MODEL_ID", model), (EMBEDDING_DIMENSION, dimension)]).embedding();
            assert_eq!(found.ok().flatten().map(|embedding| embedding.dimension), expect, "{model} {dimension}");
        }
        check("amazon.titan-embed-text-v1", "", Some(1_536));
        check("amazon.titan-embed-text-v1", "512", None);
        check("amazon.titan-embed-text-v2:0", "", Some(1_024));
        check("amazon.titan-embed-text-v2:0", "256", Some(256));
        check("amazon.titan-embed-text-v2:0", "1536", None);
        check("", "512", None);
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = Settings::default().twin_bucket().unwrap_err();
        assert_eq!(error.error, "Sao.NotConfigured");
        assert!(error.message.contains("`SAO_TWIN_BUCKET`"));
    }

    #[test]
    fn a_manager_without_a_topic_is_reached_where_the_engineer_is() {
        let one = Settings::of([("SAO_ON_CALL_TOPIC_ARN", "a")]);
        assert_eq!(one.topic(Role::Manager).unwrap(), "a");
        let two = Settings::of([("SAO_ON_CALL_TOPIC_ARN", "a"), ("SAO_MANAGER_TOPIC_ARN", "b")]);
        assert_eq!((two.topic(Role::Manager).unwrap(), two.topic(Role::OnCall).unwrap()), ("b", "a"));
    }

    #[test]
    fn a_model_without_prices_has_none() {
        let text = r#"{"m": {"input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75}}"#;
        let settings = Settings::of([("SAO_MODEL_PRICES", text)]);
        assert_eq!(settings.prices("m").unwrap().unwrap().output, 15.0);
        assert_eq!(settings.prices("other").unwrap(), None);
        assert!(Settings::of([("SAO_MODEL_PRICES", "3")]).prices("m").is_err());
    }

    #[test]
    fn every_variable_is_in_the_table_above() {
        let table = include_str!("settings.rs").lines().take_while(|line| line.starts_with("//!")).collect::<String>();
        for name in NAMES {
            assert!(table.contains(&format!("| `{name}` |")), "{name}");
        }
    }
}
