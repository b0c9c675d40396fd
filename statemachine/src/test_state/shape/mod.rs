//! Whether a mocked result has the shape of what its action answers.
//!
//! Owns which table an integration is looked up in, and the words of a misfit. The tables are data, one file a
//! service, in the notation that [`table`] reads; an action that no table has is not checked, and neither is a field
//! that its shape does not name: services grow.

mod table;

use serde_json::Value;

use self::table::{Range, Shape, Table};
use super::request::FieldValidationMode;
use crate::definition::{Pattern, Resource, ResourceKind};

/// The first thing in a result that does not fit what the resource answers.
pub(super) fn misfit(resource: &Resource, result: &Value, mode: FieldValidationMode) -> Option<String> {
    let (service, action) = answers(resource).filter(|_| mode != FieldValidationMode::None)?;
    let table = Table::parse(text_of(service)?)?;
    let walk = Walk { table: &table, strict: mode == FieldValidationMode::Strict };
    walk.fits("", table.get(action)?, result).err()
}

/// The service and the action whose answer is the task's result, where it is one's.
fn answers(resource: &Resource) -> Option<(&str, &str)> {
    let (ResourceKind::Service { service, action } | ResourceKind::Sdk { service, action }) = &resource.kind else {
        return None;
    };
    match resource.pattern {
        Pattern::RequestResponse => Some((service, action)),
        // A job's mock is what the action answers that Step Functions polls with.
        Pattern::Sync | Pattern::Sync2 => {
            let (_, poll) = POLLS.iter().find(|(job, _)| *job == (service, action))?;
            Some((service, poll))
        }
        // Whoever holds a token returns what they like.
        Pattern::WaitForTaskToken => None,
    }
}

struct Walk<'t> {
    table: &'t Table<'t>,
    strict: bool,
}

impl Walk<'_> {
    /// Whether a value fits; `field` is the innermost name above it.
    fn fits(&self, field: &str, shape: &Shape<'_>, value: &Value) -> Result<(), String> {
        match (shape, value) {
            (Shape::Any, _) => Ok(()),
            (Shape::Named(name), value) => self.table.get(name).map_or(Ok(()), |shape| self.fits(field, shape, value)),
            (Shape::Text(range), Value::String(text)) => within(field, range, text.chars().count() as f64, "length"),
            (Shape::Text(_), _) => wrong(field, "must be a string"),
            (Shape::Number(range), Value::Number(number)) => {
                within(field, range, number.as_f64().unwrap_or_default(), "value")
            }
            (Shape::Number(_), _) => wrong(field, "must be a number"),
            (Shape::Flag, Value::Bool(_)) => Ok(()),
            (Shape::Flag, _) => wrong(field, "must be a boolean"),
            (Shape::List(item, range), Value::Array(items)) => {
                within(field, range, items.len() as f64, "length")?;
                items.iter().try_for_each(|value| self.fits(field, item, value))
            }
            (Shape::List(..), _) => wrong(field, "must be an array"),
            (Shape::Map(inner), Value::Object(entries)) => {
                entries.iter().try_for_each(|(key, value)| self.fits(key, inner, value))
            }
            (Shape::Struct(fields), Value::Object(members)) => {
                for known in fields {
                    match members.get(known.name) {
                        Some(value) if !value.is_null() => self.fits(known.name, &known.shape, value)?,
                        _ if known.required && self.strict => {
                            return Err(format!("Required field '{}' is missing", known.name));
                        }
                        _ => {}
                    }
                }
                Ok(())
            }
            (Shape::Map(_) | Shape::Struct(_), _) => wrong(field, "must be an object"),
        }
    }
}

fn within(field: &str, range: &Range, size: f64, what: &str) -> Result<(), String> {
    match range {
        Range { least: Some(least), .. } if size < *least => {
            wrong(field, &format!("is smaller than the minimum {what}"))
        }
        Range { most: Some(most), .. } if size > *most => wrong(field, &format!("exceeds the maximum {what}")),
        _ => Ok(()),
    }
}

fn wrong(field: &str, what: &str) -> Result<(), String> {
    if field.is_empty() { Err(format!("Mocked result {what}")) } else { Err(format!("Field '{field}' {what}")) }
}

/// A service's table, under each name that an ARN may give the service.
fn text_of(service: &str) -> Option<&'static str> {
    let service = match service {
        "states" => "sfn",
        "eventbridge" => "events",
        "bedrock" => "bedrockruntime",
        other => other,
    };
    TABLES.iter().find(|(name, _)| *name == service).map(|(_, text)| *text)
}

/// The actions that Step Functions polls with until a job has ended.
const POLLS: [((&str, &str), &str); 6] = [
    (("athena", "startQueryExecution"), "getQueryExecution"),
    (("batch", "submitJob"), "describeJobs"),
    (("codebuild", "startBuild"), "batchGetBuilds"),
    (("ecs", "runTask"), "describeTasks"),
    (("glue", "startJobRun"), "getJobRun"),
    (("states", "startExecution"), "describeExecution"),
];

/// Every table, by the name of its service.
const TABLES: [(&str, &str); 16] = [
    ("athena", include_str!("athena.shapes")),
    ("batch", include_str!("batch.shapes")),
    ("bedrockruntime", include_str!("bedrockruntime.shapes")),
    ("cloudwatch", include_str!("cloudwatch.shapes")),
    ("codebuild", include_str!("codebuild.shapes")),
    ("dynamodb", include_str!("dynamodb.shapes")),
    ("ecs", include_str!("ecs.shapes")),
    ("events", include_str!("events.shapes")),
    ("glue", include_str!("glue.shapes")),
    ("kms", include_str!("kms.shapes")),
    ("lambda", include_str!("lambda.shapes")),
    ("s3", include_str!("s3.shapes")),
    ("secretsmanager", include_str!("secretsmanager.shapes")),
    ("sfn", include_str!("sfn.shapes")),
    ("sns", include_str!("sns.shapes")),
    ("sqs", include_str!("sqs.shapes")),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use FieldValidationMode::{None as Nothing, Present, Strict};

    #[track_caller]
    fn check(resource: &str, mode: FieldValidationMode, result: Value, expect: Option<&str>) {
        let (service, action) = resource.rsplit_once(':').unwrap();
        let (action, pattern) = match action.strip_suffix(".sync") {
            Some(action) => (action.to_owned(), Pattern::Sync),
            None => (action.to_owned(), Pattern::RequestResponse),
        };
        let kind = match service.strip_prefix("aws-sdk:") {
            Some(service) => ResourceKind::Sdk { service: service.to_owned(), action },
            None => ResourceKind::Service { service: service.to_owned(), action },
        };
        let resource = Resource { arn: String::new(), kind, pattern };
        assert_eq!(misfit(&resource, &result, mode).as_deref(), expect, "{result}");
    }

    #[test]
    fn every_table_reads_and_names_only_shapes_that_it_has() {
        for (name, text) in TABLES {
            let table = Table::parse(text).unwrap_or_else(|| panic!("{name} does not read"));
            assert_eq!(table.unknown_names(), Vec::<&str>::new(), "{name}");
        }
    }

    #[test]
    fn types_are_checked_at_any_depth() {
        check("events:putEvents", Strict, json!({"Entries": "x"}), Some("Field 'Entries' must be an array"));
        let nested = json!({"Entries": [{"EventId": "a"}, {"EventId": ["b"]}]});
        check("events:putEvents", Present, nested.clone(), Some("Field 'EventId' must be a string"));
        check("events:putEvents", Nothing, nested, None);
        check("lambda:invoke", Strict, json!({"StatusCode": "200"}), Some("Field 'StatusCode' must be a number"));
        check("sqs:receiveMessage", Strict, json!({"Messages": [1]}), Some("Field 'Messages' must be an object"));
        let item = json!({"Item": {"a": {"M": {"b": {"BOOL": 1}}}}});
        check("dynamodb:getItem", Strict, item, Some("Field 'BOOL' must be a boolean"));
        check("sqs:sendMessage", Strict, json!([]), Some("Mocked result must be an object"));
    }

    #[test]
    fn sizes_are_checked() {
        let encrypt = "aws-sdk:kms:encrypt";
        let small = Some("Field 'CiphertextBlob' is smaller than the minimum length");
        check(encrypt, Present, json!({"CiphertextBlob": ""}), small);
        let long = json!({"CiphertextBlob": "a".repeat(6145)});
        check(encrypt, Present, long, Some("Field 'CiphertextBlob' exceeds the maximum length"));
        let memory = |size: u64| json!({"Configuration": {"MemorySize": size}});
        let get = "aws-sdk:lambda:getFunction";
        check(get, Strict, memory(10_240), None);
        check(get, Strict, memory(10_241), Some("Field 'MemorySize' exceeds the maximum value"));
        check(get, Strict, memory(127), Some("Field 'MemorySize' is smaller than the minimum value"));
    }

    #[test]
    fn only_the_strict_mode_asks_for_required_fields() {
        let started = json!({"executionArn": "a", "startDate": "b"});
        check("states:startExecution", Present, started.clone(), None);
        check("states:startExecution", Strict, started, Some("Required field 'ExecutionArn' is missing"));
        check("aws-sdk:sfn:startExecution", Strict, json!({"ExecutionArn": "a", "StartDate": "b"}), None);
    }

    #[test]
    fn a_job_is_held_against_its_description() {
        let described = json!({"ExecutionArn": "a", "Output": {}});
        check("states:startExecution.sync", Present, described, Some("Field 'Output' must be a string"));
        check("ecs:runTask.sync", Strict, json!({"Tasks": 1}), Some("Field 'Tasks' must be an array"));
        check(
            "glue:startJobRun.sync",
            Strict,
            json!({"JobRun": {"Attempt": "1"}}),
            Some("Field 'Attempt' must be a number"),
        );
        check("sagemaker:createTrainingJob.sync", Strict, json!(1), None);
    }

    #[test]
    fn what_no_table_knows_is_not_checked() {
        check("lambda:invoke", Strict, json!({"pokemon": [1]}), None);
        check("aws-sdk:lambda:noSuchAction", Strict, json!(1), None);
        check("aws-sdk:polly:listLexicons", Strict, json!(1), None);
    }
}
