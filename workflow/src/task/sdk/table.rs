//! The services that SDK integrations reach over AWS JSON: one line of `services.txt` each.
//!
//! Owns how a line is read and found. What the members' marks do is `members`'.

use std::{collections::HashMap, sync::OnceLock};

use super::members::Members;
use crate::{
    client::{Service, json::JsonService},
    task::names,
};

/// A service.
#[derive(Debug)]
pub(in crate::task) struct Row {
    /// How the endpoint, the signature and the target name it.
    pub(in crate::task) json: JsonService<'static>,
    /// As the SDK names its client: what stands before the dot of an error name.
    pub(in crate::task) prefix: String,
    /// How its members are spelled and what they hold.
    pub(in crate::task) members: Members,
    /// The errors that its model names although most leave them out, with spaces between.
    pub(in crate::task) errors: &'static str,
}

/// The service that a resource's ARN names, such as `dynamodb`.
pub(in crate::task) fn find(service: &str) -> Option<&'static Row> {
    static ROWS: OnceLock<HashMap<String, Row>> = OnceLock::new();
    let rows = ROWS.get_or_init(|| {
        let rows = TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(read);
        rows.map(|row| (row.prefix.to_ascii_lowercase(), row)).collect()
    });
    rows.get(service)
}

fn read(line: &'static str) -> Option<Row> {
    let mut columns = line.split('|');
    let mut next = || columns.next();
    let service = Service { id: next()?, endpoint: next()?, signing: next()? };
    let json = JsonService { service, target: next()?, version: next()? };
    let is_small = next()? == "c";
    let members = Members::read(is_small, next()?);
    Some(Row { json, prefix: names::service(service.id), members, errors: next()? })
}

const TABLE: &str = include_str!("services.txt");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_service_of_its_own() {
        let lines: Vec<&str> = TABLE.lines().filter(|line| !line.starts_with('#')).collect();
        let names: std::collections::HashSet<String> =
            lines.iter().map(|line| read(line).unwrap_or_else(|| panic!("{line}")).prefix).collect();
        assert_eq!(names.len(), lines.len());
        assert!(lines.len() > 100);
    }

    #[test]
    fn a_service_is_found_by_the_name_in_a_resource() {
        for (name, prefix, target, version) in [
            ("dynamodb", "DynamoDb", "DynamoDB_20120810", "1.0"),
            ("sfn", "Sfn", "AWSStepFunctions", "1.0"),
            ("secretsmanager", "SecretsManager", "secretsmanager", "1.1"),
            ("sqs", "Sqs", "AmazonSQS", "1.0"),
            ("eventbridge", "EventBridge", "AWSEvents", "1.1"),
            ("cloudwatchlogs", "CloudWatchLogs", "Logs_20140328", "1.1"),
        ] {
            let row = find(name).unwrap();
            assert_eq!((row.prefix.as_str(), row.json.target, row.json.version), (prefix, target, version));
        }
        assert!(find("ec2").is_none() && find("").is_none() && find("DynamoDb").is_none());
    }
}
