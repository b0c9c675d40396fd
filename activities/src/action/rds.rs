//! What can be changed at a database instance: it can be rebooted.
//!
//! Owns the risk of it, which is never low.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::configuration::{Configuration, RdsInstance};
use super::effect::Effect;
use super::parameters::Parameters;
use super::risk::{Risk, RiskAssessment};
use super::{Action, ActionProblem, AwsCall, Typed};
use crate::twin::Node;

/// Reboots a database instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RebootInstance {
    /// The identifier.
    pub db_instance_identifier: String,
}

impl RebootInstance {
    pub(super) fn read(parameters: &mut Parameters<'_>, node: &Node, current: &Configuration) -> Option<Self> {
        parameters.target("db_instance_identifier", node.text("identifier").unwrap_or_default());
        parameters.configuration(current, node);
        let Configuration::RdsInstance(database) = current else { return None };
        parameters.refuse_if(database.db_instance_status != AVAILABLE, || ActionProblem::NotReady {
            target: database.db_instance_identifier.clone(),
            status: database.db_instance_status.clone(),
            wanted: AVAILABLE,
        });
        Some(Self { db_instance_identifier: database.db_instance_identifier.clone() })
    }
}

impl Typed for RebootInstance {
    fn before(&self, current: &Configuration) -> Option<Value> {
        Some(json!({ "db_instance_status": own(current, &self.db_instance_identifier)?.db_instance_status }))
    }

    fn inverse(&self, _: &Configuration) -> Option<Action> {
        None
    }

    fn irreversible(&self) -> Option<&'static str> {
        Some("connections and caches are gone; a reboot cannot be undone")
    }

    fn apply(&self, current: &Configuration) -> Option<Configuration> {
        let database = own(current, &self.db_instance_identifier)?.clone();
        Some(Configuration::RdsInstance(RdsInstance { reboots: database.reboots + 1, ..database }))
    }

    fn effect(&self, before: &Configuration, now: &Configuration) -> Effect {
        let before = own(before, &self.db_instance_identifier).map_or(0, |database| database.reboots);
        match own(now, &self.db_instance_identifier) {
            None => Effect::failed(format!("the status of `{}` cannot be read", self.db_instance_identifier)),
            Some(database) if database.db_instance_status == "failed" => {
                Effect::failed("the database did not come back")
            }
            Some(database) if database.db_instance_status == AVAILABLE && database.reboots > before => {
                Effect::Effective
            }
            Some(database) => Effect::in_progress(format!("the database is `{}`", database.db_instance_status)),
        }
    }

    fn risk(&self, before: &Configuration, node: &Node) -> RiskAssessment {
        let mut risk =
            RiskAssessment::at(Risk::Medium, "reboot", "every connection breaks, and a reboot cannot be undone");
        if !own(before, &self.db_instance_identifier).is_some_and(|database| database.multi_az) {
            risk.raise(Risk::High, "single_az", "no standby takes over: the database is away until it is up again");
        }
        if node.is_production() {
            risk.raise(Risk::High, "production", "the database is tagged production");
        }
        risk
    }

    fn call(&self) -> Option<AwsCall> {
        AwsCall::new(
            "rds",
            "RebootDBInstance",
            json!({ "DBInstanceIdentifier": self.db_instance_identifier, "ForceFailover": false }),
        )
    }

    fn summary(&self, _: &Configuration) -> String {
        format!("Reboot the database instance `{}`.", self.db_instance_identifier)
    }
}

fn own<'a>(configuration: &'a Configuration, identifier: &str) -> Option<&'a RdsInstance> {
    match configuration {
        Configuration::RdsInstance(database) if database.db_instance_identifier == identifier => Some(database),
        _ => None,
    }
}

const AVAILABLE: &str = "available";
