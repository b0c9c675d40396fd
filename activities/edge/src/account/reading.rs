//! What the embedded account tells of a resource: its configuration, and how far a change is.
//!
//! Owns the words that a service would use while a change is under way (`InProgress`, `IN_PROGRESS`, `rebooting`).

use activities::action::{Configuration, EcsService, LambdaFunction, RdsInstance};
use activities::shape::Fields;
use activities::twin::{Kind, kind_of};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::resource::ResourceRecord;

impl ResourceRecord {
    /// The configuration that actions are checked against; nothing for a type that no action changes.
    pub fn typed(&self, now: Timestamp) -> Option<Configuration> {
        let fields = self.configuration(now);
        let busy = self.in_progress(now).is_some();
        match self.resource_type.as_str() {
            "aws_lambda_function" => Some(Configuration::LambdaFunction(LambdaFunction {
                function_name: text(&fields, "function_name")?,
                timeout: number(&fields, "timeout").unwrap_or(3),
                memory_size: number(&fields, "memory_size").unwrap_or(128),
                reserved_concurrent_executions: number(&fields, "reserved_concurrent_executions"),
                last_update_status: if busy { "InProgress" } else { "Successful" }.to_owned(),
            })),
            "aws_ecs_service" => Some(Configuration::EcsService(EcsService {
                cluster: self.name.split_once('/')?.0.to_owned(),
                service: text(&fields, "name")?,
                desired_count: number(&fields, "desired_count").unwrap_or(0),
                running_count: number(&fields, "desired_count").unwrap_or(0),
                deployment: self.count("ecs_restart_service", Timestamp::MAX),
                rollout_state: if busy { "IN_PROGRESS" } else { "COMPLETED" }.to_owned(),
            })),
            "aws_db_instance" => Some(Configuration::RdsInstance(RdsInstance {
                db_instance_identifier: text(&fields, "identifier")?,
                db_instance_status: if busy { "rebooting".to_owned() } else { available(&fields) },
                multi_az: fields.get("multi_az").and_then(Value::as_bool).unwrap_or(false),
                engine: text(&fields, "engine").unwrap_or_default(),
                db_instance_class: text(&fields, "instance_class").unwrap_or_default(),
                reboots: self.count("rds_reboot_instance", now),
            })),
            _ => None,
        }
    }

    /// The attributes that matter, in Terraform's words, with the service's own on how far a change is.
    pub fn facts(&self, now: Timestamp) -> Fields {
        let all = self.configuration(now);
        let known: Vec<&str> = kind_of(&self.resource_type).into_iter().flat_map(Kind::facts).collect();
        let mut facts: Fields = if known.is_empty() {
            all.iter()
                .filter(|(_, value)| !value.is_null() && !value.is_object() && !value.is_array())
                .map(owned)
                .collect()
        } else {
            known
                .iter()
                .filter_map(|name| all.get_key_value(*name))
                .filter(|(_, value)| !value.is_null())
                .map(owned)
                .collect()
        };
        if let Some(Value::Object(typed)) = self.typed(now).and_then(|typed| serde_json::to_value(typed).ok()) {
            facts.extend(typed.into_iter().filter(|(name, _)| name != "kind"));
        }
        if let Some(status) = facts.get("db_instance_status").cloned() {
            facts.insert("status".to_owned(), status);
        }
        facts
    }

    fn count(&self, action: &str, until: Timestamp) -> u64 {
        let changes = self.changes.iter().filter(|change| change.action == action && change.effective_at <= until);
        u64::try_from(changes.count()).unwrap_or(u64::MAX)
    }
}

/// What an action changes in the attributes: the difference of the configurations before and after it, in Terraform's words.
pub(crate) fn difference(before: &Configuration, after: &Configuration) -> Fields {
    let value = |configuration: &Configuration| serde_json::to_value(configuration).unwrap_or_default();
    let (before, after) = (value(before), value(after));
    let changed = after.as_object().into_iter().flatten().filter(|(name, now)| before.get(name.as_str()) != Some(*now));
    let declared = changed.filter(|(name, _)| !COUNTED.contains(&name.as_str()));
    declared
        .map(|(name, now)| {
            // Terraform writes -1 for "not reserved".
            let unset = name == "reserved_concurrent_executions" && now.is_null();
            (name.clone(), if unset { json!(-1) } else { now.clone() })
        })
        .collect()
}

fn owned((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

fn text(fields: &Fields, name: &str) -> Option<String> {
    fields.get(name)?.as_str().map(str::to_owned)
}

fn number(fields: &Fields, name: &str) -> Option<u32> {
    let value = fields.get(name)?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok()).and_then(|number| u32::try_from(number).ok())
}

fn available(fields: &Fields) -> String {
    text(fields, "status").unwrap_or_else(|| "available".to_owned())
}

/// What follows from the changes themselves and is no attribute.
const COUNTED: [&str; 6] =
    ["deployment", "running_count", "rollout_state", "last_update_status", "db_instance_status", "reboots"];
