//! The edge functions over AWS: the same names, requests and answers as embedded, one file each.
//!
//! Owns the table of functions and what they share: settings, clock, SDK configuration. What an alarm, a proposal or a decision
//! means is package `activities`'; a check that both worlds make is the same pure code. Compiled with the feature `aws` only.
//!
//! | function | called by | touches |
//! |---|---|---|
//! | the pure ones | the machine | nothing |
//! | `observe` | the machine | reads: twin bucket, alarms, metrics, logs, describe calls, the embedding model |
//! | `infer` | the machine | the model on Bedrock |
//! | `notify` | the machine | topics; rounds of asking; the sealing key |
//! | `act` | the machine; EventBridge, when an execution ends | locks, ledger; the executor role, for one action on one ARN |
//! | `remember` | the machine | precedents; the embedding model |
//! | `intake` | EventBridge: an alarm's transition to ALARM | StartExecution |
//! | `collect` | S3, through EventBridge: a state file was written | the state file; topology |
//! | `hitl` | an HTTP API; EventBridge: an alarm is OK, an execution ended, a schedule | rounds, decisions, keys; SendTaskSuccess |
//! | `archive` | EventBridge, when an execution ends | the history; the audit bucket |
//!
//! The twin bucket, and who writes where:
//!
//! ```text
//! topology/  collect      governance.json constraints.json (and folders of these names), kill-switch  people
//! precedents/  remember   locks/ actions/ automatic/  act
//! approvals/ waiting/  notify, hitl      undelivered/ used-codes/ attempts/  hitl
//! ```
//!
//! What the role of each function needs, and nothing else; "reads" is `s3:GetObject` on the objects and `s3:ListBucket` on the bucket,
//! without which S3 answers "denied" where it means "not there":
//!
//! ```text
//! observe   reads twin; cloudwatch:DescribeAlarms DescribeAlarmHistory GetMetricStatistics; logs:FilterLogEvents;
//!           lambda:GetFunctionConfiguration GetFunctionConcurrency; ecs:DescribeServices; rds:DescribeDBInstances DescribeEvents;
//!           bedrock:InvokeModel on the embedding model
//! infer     bedrock:InvokeModel on the model
//! notify    reads and writes twin approvals/ waiting/, deletes waiting/; reads and writes keys sealing*; sns:Publish
//! act       reads twin, writes locks/ actions/ automatic/, deletes automatic/; reads keys signing.pub; states:DescribeExecution;
//!           cloudwatch:DescribeAlarms; the describe calls of observe; sts:AssumeRole SetSourceIdentity on the executor role
//! executor  lambda:UpdateFunctionConfiguration PutFunctionConcurrency DeleteFunctionConcurrency; ecs:UpdateService;
//!           rds:RebootDBInstance; its trust policy names act's role, for AssumeRole and SetSourceIdentity
//! remember  reads twin precedents/, writes it; bedrock:InvokeModel on the embedding model
//! intake    states:StartExecution on the machine
//! collect   reads the state files; reads twin topology/, writes it
//! hitl      reads twin approvals/ waiting/ undelivered/ used-codes/ attempts/, writes and deletes them; reads keys, writes sealing.key
//!           signing.key signing.pub; states:SendTaskSuccess on the machine
//! archive   states:GetExecutionHistory on the machine's executions; reads the audit bucket, writes it; s3:PutObjectRetention
//! ```

mod act;
mod approvals;
mod approvers;
mod archive;
mod collect;
mod describe;
mod embedding;
mod event;
mod failure;
mod hitl;
mod infer;
mod instant;
mod intake;
mod keys;
mod notify;
mod observe;
mod precedents;
mod remember;
#[cfg(test)]
mod replay;
mod settings;
#[cfg(test)]
mod shop;
mod store;
mod twin;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use activities::{EDGE_FUNCTIONS, PURE_FUNCTIONS};
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use collect::read_object;
pub use settings::Settings;

use crate::clock::{Clock, SystemClock};
use crate::embedded::Answer;
use crate::error::EdgeError;
use store::Store;
use twin::Cache;

/// The functions that stand outside of the machine.
pub const OUTSIDE_FUNCTIONS: [&str; 4] = ["intake", "collect", "hitl", "archive"];

/// Every function that the binary holds, in the order of the tables of `activities`.
pub fn functions() -> impl Iterator<Item = &'static str> {
    PURE_FUNCTIONS.into_iter().chain(EDGE_FUNCTIONS).chain(OUTSIDE_FUNCTIONS)
}

/// Checks that the binary holds a function, before it takes the first event.
///
/// # Errors
///
/// `Sao.NotAvailable` for `api`, which the application serves itself, and `Sao.UnknownFunction` for any other name that is none of
/// [`functions`].
pub fn check(name: &str) -> Result<(), EdgeError> {
    if functions().any(|one| one == name) { Ok(()) } else { Err(unknown(name)) }
}

/// The functions over AWS, for one deployment.
#[derive(Debug)]
pub struct Aws {
    settings: Settings,
    sdk: SdkConfig,
    clock: Arc<dyn Clock>,
    cache: Cache,
}

impl Aws {
    /// Reads region and credentials from where Lambda puts them; touches nothing yet.
    pub async fn connect(settings: Settings) -> Self {
        let timeouts = TimeoutConfig::builder().operation_timeout(OPERATION).operation_attempt_timeout(ATTEMPT).build();
        let sdk = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard())
            .timeout_config(timeouts)
            .load()
            .await;
        Self::new(settings, sdk, Arc::new(SystemClock))
    }

    /// The functions over a given SDK configuration and clock.
    pub fn new(settings: Settings, sdk: SdkConfig, clock: Arc<dyn Clock>) -> Self {
        Self { settings, sdk, clock, cache: Cache::default() }
    }

    /// Runs the function `name` on `event`.
    ///
    /// # Errors
    ///
    /// Those of [`check`]; else the function's own errors, which the machine's Retry and Catch name.
    pub fn call<'a>(&'a self, name: &'a str, event: Value) -> Answer<'a, Result<Value, EdgeError>> {
        Box::pin(self.dispatch(name, event))
    }

    async fn dispatch(&self, name: &str, event: Value) -> Result<Value, EdgeError> {
        if PURE_FUNCTIONS.contains(&name) {
            return Ok(activities::call(name, event)?);
        }
        match name {
            "observe" => answer(observe::observe(self, request(name, event)?).await?),
            "infer" => answer(infer::infer(self, request(name, event)?).await?),
            "notify" => answer(notify::notify(self, request(name, event)?).await?),
            "act" => match event::ended(&event) {
                Some(ended) => answer(act::release(self, &ended.execution).await?),
                None => answer(act::act(self, request(name, event)?).await?),
            },
            "remember" => answer(remember::remember(self, request(name, event)?).await?),
            "intake" => intake::intake(self, &event).await,
            "collect" => answer(collect::collect(self, &event).await?),
            "hitl" => hitl::hitl(self, &event).await,
            "archive" => answer(archive::archive(self, &event).await?),
            other => Err(unknown(other)),
        }
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn cache(&self) -> &Cache {
        &self.cache
    }

    /// The twin's bucket.
    fn twin(&self) -> Result<Store, EdgeError> {
        Ok(Store::new(self.s3(), self.settings.twin_bucket()?))
    }

    /// The bucket of keys and approvers.
    fn keys(&self) -> Result<Store, EdgeError> {
        Ok(Store::new(self.s3(), self.settings.keys_bucket()?))
    }

    // Clients are thin: connections, credentials and endpoints are shared through the configuration.
    fn s3(&self) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::new(&self.sdk)
    }

    fn bedrock(&self) -> aws_sdk_bedrockruntime::Client {
        aws_sdk_bedrockruntime::Client::new(&self.sdk)
    }

    fn cloudwatch(&self) -> aws_sdk_cloudwatch::Client {
        aws_sdk_cloudwatch::Client::new(&self.sdk)
    }

    fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        aws_sdk_cloudwatchlogs::Client::new(&self.sdk)
    }

    fn sfn(&self) -> aws_sdk_sfn::Client {
        aws_sdk_sfn::Client::new(&self.sdk)
    }
}

/// The error of a name that the binary does not hold.
fn unknown(name: &str) -> EdgeError {
    if name == "api" {
        return EdgeError::new(
            "Sao.NotAvailable",
            "`api` is not in this binary: the endpoints are served by the application",
        );
    }
    let names: Vec<&str> = functions().collect();
    EdgeError::new("Sao.UnknownFunction", format!("the handler `{name}` is not one of {}", names.join(", ")))
}

fn request<Request: DeserializeOwned>(name: &str, event: Value) -> Result<Request, EdgeError> {
    serde_json::from_value(event).map_err(|problem| EdgeError::bad_input(name, problem))
}

fn answer(answer: impl Serialize) -> Result<Value, EdgeError> {
    serde_json::to_value(answer).map_err(|problem| EdgeError::new("Sao.BadAnswer", problem.to_string()))
}

const OPERATION: Duration = Duration::from_secs(25);
const ATTEMPT: Duration = Duration::from_secs(8);

#[cfg(test)]
mod tests;
