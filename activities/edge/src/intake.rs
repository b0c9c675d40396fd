//! Intake: an alarm event, or a requested action, becomes one execution, however often it is delivered.
//!
//! Owns the order: the alarm's state first, then the execution, so that what observes the alarm finds it. A transition to ALARM
//! starts an execution under a name that is a hash of the transition, a request under a hash of all that is requested; an OK
//! ends the rounds of asking that wait on the alarm.

use std::sync::Arc;

use activities::ActivityError;
use activities::detect::{Intake, News};
use activities::shape::{AlarmEvent, IntakeAnswer};
use activities::twin::Topology;
use serde_json::Value;

use crate::account::AlarmRecord;
use crate::embedded::{Completer, Embedded, Starter, World, blocking};
use crate::error::EdgeError;

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is the business of this execution.
    Execution(IntakeAnswer),
    /// It starts nothing.
    Noted {
        /// The state that the alarm entered.
        state: String,
        /// How many rounds of asking it ended.
        ended_rounds: usize,
    },
}

impl Embedded {
    /// Takes an event in.
    ///
    /// `Sao.BadInput` for what is neither a CloudWatch alarm event nor a request of this account and region; then nothing is
    /// changed.
    pub async fn intake(
        &self,
        event: Value,
        starter: &dyn Starter,
        completer: &dyn Completer,
    ) -> Result<Taken, EdgeError> {
        let world = Arc::clone(&self.world);
        let intake = blocking(move || note(&world, &event)).await?;
        let starts = intake.starts();
        if let News::Alarm { state, arn } = intake.news
            && !starts
        {
            let ended_rounds = if state == "OK" { self.recovered(&arn, completer).await? } else { 0 };
            return Ok(Taken::Noted { state, ended_rounds });
        }
        let started = starter.start(&intake.name, &intake.input).await.map_err(EdgeError::transient)?;
        tracing::info!(execution = started.execution_arn, duplicate = started.existed, "event taken in");
        Ok(Taken::Execution(IntakeAnswer { execution_arn: started.execution_arn, duplicate: started.existed }))
    }
}

/// Checks whose event it is, and notes an alarm's state in the account.
fn note(world: &World, event: &Value) -> Result<Intake, EdgeError> {
    let intake = activities::detect::intake(event)?;
    let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    let (account, region) = (text("account"), text("region"));
    if account != world.config.account || region != world.config.region {
        return Err(EdgeError::bad_input(
            "intake",
            format!(
                "the event is of `{account}` `{region}`, this account is `{}` `{}`",
                world.config.account, world.config.region
            ),
        ));
    }
    let News::Alarm { arn, .. } = &intake.news else { return Ok(intake) };
    let parsed: AlarmEvent =
        serde_json::from_value(event.clone()).map_err(|problem| EdgeError::bad_input("intake", problem))?;
    let _guard = world.guard();
    let former = world.account.alarm(&parsed.detail.alarm_name, world.now())?;
    let record = AlarmRecord::of(&parsed, arn, &intake.name, former, world.now());
    if let Some(record) = record {
        let topology = world.twin.topology()?;
        world.account.put_alarm(&declared(record, &topology)?)?;
    }
    Ok(intake)
}

/// The alarm with what Terraform declares of it, which its event does not tell.
fn declared(mut record: AlarmRecord, topology: &Topology) -> Result<AlarmRecord, EdgeError> {
    let node = topology.nodes().find(|node| {
        node.resource_type() == "aws_cloudwatch_metric_alarm" && node.names().any(|name| name == record.name)
    });
    if let Some(node) = node {
        let node = node.read()?;
        let declared = node.attributes.get("threshold").and_then(Value::as_f64);
        record.threshold = declared.or(record.threshold);
        record.comparison = node.text("comparison_operator").map(str::to_owned);
    }
    Ok(record)
}

impl From<ActivityError> for EdgeError {
    fn from(error: ActivityError) -> Self {
        Self::new(error.kind(), error.message())
    }
}
