//! Task: one unit of work outside.

use serde_json::Value;

use super::reader::Reader;
use super::{MOST_SECONDS, Scope, Walk, arguments, errors, flow, resource};
use crate::definition::{Pattern, Resource, ResourceKind, Source, StateKind, Task};

pub(super) fn task<'t>(walk: &mut Walk<'t>, reader: &Reader<'t>, scope: &mut Scope<'t>) -> StateKind {
    reader.require(&["Resource"]);
    let resource = reader.text("Resource").and_then(|arn| {
        let taken = resource::parse(arn);
        taken.map_err(|message| reader.wrong_at("Resource", message)).ok()
    });
    let timeout = flow::whole(reader, "TimeoutSeconds", "TimeoutSecondsPath", (1, MOST_SECONDS));
    let heartbeat = flow::whole(reader, "HeartbeatSeconds", "HeartbeatSecondsPath", (1, MOST_SECONDS));
    if let (Some(timeout), Some(heartbeat)) = (literal(timeout.as_ref()), literal(heartbeat.as_ref()))
        && heartbeat >= timeout
    {
        reader.wrong_at("HeartbeatSeconds", "HeartbeatSeconds must be smaller than TimeoutSeconds");
    }
    if let Some(resource) = &resource {
        check_arguments(reader, resource);
    }
    StateKind::Task(Box::new(Task {
        credentials: credentials(reader, resource.as_ref()),
        resource: resource.unwrap_or_else(nothing),
        timeout,
        heartbeat,
        retry: errors::retry(reader),
        catch: errors::catch(walk, reader, scope),
        next: walk.next(reader, scope),
    }))
}

/// The arguments of an integration: those that it needs are there, and none that it does not have.
fn check_arguments(reader: &Reader<'_>, resource: &Resource) {
    let field = if reader.is_jsonata() { "Arguments" } else { "Parameters" };
    let Some(given) = reader.get(field) else {
        if matches!(resource.kind, ResourceKind::Service { .. }) {
            reader.wrong(format!("{field} field is required for resource ARN: {}", resource.arn));
        }
        return;
    };
    for name in arguments::required(resource).iter().filter(|name| !has(given, name)) {
        reader.wrong_at(field, format!("The field '{name}' is required but was missing"));
    }
    // What an expression makes is looked at when the task is called.
    for name in given.as_object().into_iter().flat_map(|given| given.keys()).map(|name| plain(name)) {
        if !resource.takes(name) {
            reader.wrong_at(field, format!("The field \"{name}\" is not supported by Step Functions"));
        }
    }
}

fn credentials(reader: &Reader<'_>, resource: Option<&Resource>) -> Option<Value> {
    let value = flow::payload(reader, "Credentials")?;
    if resource.is_some_and(|resource| resource.kind == ResourceKind::Activity) {
        reader.wrong_at("Credentials", "The field 'Credentials' is not supported for activities");
    }
    if !has(&value, "RoleArn") {
        reader.wrong_at("Credentials", "The field 'RoleArn' is required but was missing");
    }
    Some(value)
}

/// Whether a template has a field, written or found by a path; an expression may make any field.
fn has(template: &Value, field: &str) -> bool {
    let Value::Object(fields) = template else {
        return true;
    };
    fields.keys().any(|name| plain(name) == field)
}

/// A template's key without the mark that says that its value is evaluated.
fn plain(name: &str) -> &str {
    name.strip_suffix(".$").unwrap_or(name)
}

fn literal(source: Option<&Source>) -> Option<u64> {
    match source? {
        Source::Literal(value) => value.as_u64(),
        Source::Path(_) | Source::Jsonata(_) => None,
    }
}

fn nothing() -> Resource {
    Resource { arn: String::new(), kind: ResourceKind::Lambda, pattern: Pattern::RequestResponse }
}
