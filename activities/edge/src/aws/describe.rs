//! The configuration of one resource as AWS has it now: a Lambda function, an ECS service or a database instance.
//!
//! Owns how each service's answer becomes the typed configuration that actions are checked against, and the further attributes, in
//! the words of Terraform, that a reader needs. What may be a secret (environment variables, endpoints) is left out. Both `observe`
//! and `act` describe through this file, so that what was approved and what is compared before execution are the same.

use activities::action::{Configuration, EcsService, LambdaFunction, RdsInstance};
use activities::shape::{ConfigurationAnswer, Fields};
use aws_sdk_ecs::types::Service;
use aws_sdk_lambda::error::SdkError;
use aws_sdk_rds::types::{DbInstance, SourceType};
use serde_json::{Value, json};

use super::Aws;
use super::failure::{code_of, failed};
use super::instant::{of_text, text, timestamp};
use crate::error::EdgeError;
use crate::time::written;

/// A resource as AWS has it.
#[derive(Clone, Debug)]
pub(super) struct Described {
    /// What actions are checked against.
    pub(super) configuration: Configuration,
    /// What is answered to a read.
    pub(super) answer: ConfigurationAnswer,
    /// Lambda's revision, by which an update takes effect only if nobody else came before.
    pub(super) revision: Option<String>,
}

/// Describes a resource by its Terraform type and physical name.
pub(super) async fn describe(aws: &Aws, resource_type: &str, name: &str) -> Result<Described, EdgeError> {
    match resource_type {
        "aws_lambda_function" => function(aws, name).await,
        "aws_ecs_service" => service(aws, name).await,
        "aws_db_instance" => database(aws, name).await,
        other => Err(EdgeError::new("Sao.NotSupported", format!("a `{other}` is not described by this function"))),
    }
}

async fn function(aws: &Aws, name: &str) -> Result<Described, EdgeError> {
    let client = aws_sdk_lambda::Client::new(aws.sdk());
    let (found, reserved) = futures::join!(
        client.get_function_configuration().function_name(name).send(),
        client.get_function_concurrency().function_name(name).send(),
    );
    let found =
        found.map_err(|error| missing(&error, "lambda:GetFunctionConfiguration", "ResourceNotFoundException"))?;
    let reserved = reserved.map_err(|error| failed("lambda:GetFunctionConcurrency", &error))?;
    let configuration = Configuration::LambdaFunction(LambdaFunction {
        function_name: found.function_name().unwrap_or(name).to_owned(),
        timeout: count(found.timeout().unwrap_or_default()),
        memory_size: count(found.memory_size().unwrap_or_default()),
        reserved_concurrent_executions: reserved.reserved_concurrent_executions().map(count),
        last_update_status: found.last_update_status().map_or("Successful", |status| status.as_str()).to_owned(),
    });
    let mut answer = activities::observe::configuration(&configuration, found.function_arn().map(str::to_owned));
    answer.modified_at = found.last_modified().and_then(of_text).map(written);
    let architectures: Vec<&str> = found.architectures().iter().map(|one| one.as_str()).collect();
    let more = [
        ("runtime", json!(found.runtime().map(|runtime| runtime.as_str()))),
        ("handler", json!(found.handler())),
        ("architectures", json!(architectures)),
        ("package_type", json!(found.package_type().map(|kind| kind.as_str()))),
        ("version", json!(found.version())),
        ("code_sha256", json!(found.code_sha256())),
        ("ephemeral_storage", json!(found.ephemeral_storage().map(|storage| storage.size()))),
        ("state", json!(found.state().map(|state| state.as_str()))),
        ("state_reason", json!(found.state_reason())),
        ("last_update_status_reason", json!(found.last_update_status_reason())),
        ("log_group", json!(found.logging_config().and_then(|logging| logging.log_group()))),
        ("vpc_id", json!(found.vpc_config().and_then(|vpc| vpc.vpc_id()).filter(|id| !id.is_empty()))),
    ];
    add(&mut answer.attributes, more);
    Ok(Described { configuration, answer, revision: found.revision_id().map(str::to_owned) })
}

async fn service(aws: &Aws, name: &str) -> Result<Described, EdgeError> {
    let (cluster, service) = name.split_once('/').ok_or_else(|| {
        EdgeError::new("Sao.NotFound", format!("`{name}` is no ECS service: it is named by `cluster/service`"))
    })?;
    let client = aws_sdk_ecs::Client::new(aws.sdk());
    let found = client.describe_services().cluster(cluster).services(service).send().await;
    let found = found.map_err(|error| missing(&error, "ecs:DescribeServices", "ClusterNotFoundException"))?;
    let one = found.services().iter().find(|found| found.status() != Some("INACTIVE"));
    let one = one
        .ok_or_else(|| EdgeError::new("Sao.NotFound", format!("the cluster `{cluster}` has no service `{service}`")))?;
    Ok(described_service(cluster, service, one))
}

fn described_service(cluster: &str, name: &str, found: &Service) -> Described {
    let primary = found.deployments().iter().find(|deployment| deployment.status() == Some("PRIMARY"));
    let created = primary.and_then(|deployment| deployment.created_at());
    let configuration = Configuration::EcsService(EcsService {
        cluster: cluster.to_owned(),
        service: name.to_owned(),
        desired_count: count(found.desired_count()),
        running_count: count(found.running_count()),
        // In milliseconds the creation of a deployment is a number that grows with each.
        deployment: created.map_or(0, |at| u64::try_from(timestamp(at).as_millisecond()).unwrap_or(0)),
        rollout_state: primary
            .and_then(|deployment| deployment.rollout_state())
            .map_or("COMPLETED", |state| state.as_str())
            .to_owned(),
    });
    let mut answer = activities::observe::configuration(&configuration, found.service_arn().map(str::to_owned));
    answer.modified_at = created.map(|at| text(Some(at)));
    let events: Vec<Value> = found
        .events()
        .iter()
        .take(MOST_EVENTS)
        .map(|event| json!({"at": text(event.created_at()), "message": event.message()}))
        .collect();
    let more = [
        ("pending_count", json!(found.pending_count())),
        ("task_definition", json!(found.task_definition())),
        ("launch_type", json!(found.launch_type().map(|kind| kind.as_str()))),
        ("status", json!(found.status())),
        ("failed_tasks", json!(primary.map(|deployment| deployment.failed_tasks()))),
        ("rollout_state_reason", json!(primary.and_then(|deployment| deployment.rollout_state_reason()))),
        ("events", json!(events)),
    ];
    add(&mut answer.attributes, more);
    Described { configuration, answer, revision: None }
}

async fn database(aws: &Aws, name: &str) -> Result<Described, EdgeError> {
    let client = aws_sdk_rds::Client::new(aws.sdk());
    let (found, reboots) = futures::join!(
        client.describe_db_instances().db_instance_identifier(name).send(),
        client
            .describe_events()
            .source_identifier(name)
            .source_type(SourceType::DbInstance)
            .event_categories("availability")
            .duration(FOURTEEN_DAYS)
            .send(),
    );
    let found = found.map_err(|error| missing(&error, "rds:DescribeDBInstances", "DBInstanceNotFound"))?;
    let reboots = reboots.map_err(|error| failed("rds:DescribeEvents", &error))?;
    let one = found.db_instances().first();
    let one = one.ok_or_else(|| EdgeError::new("Sao.NotFound", format!("there is no database instance `{name}`")))?;
    let restarted =
        reboots.events().iter().filter(|event| event.message().is_some_and(|message| message.contains("restarted")));
    let last = restarted.filter_map(|event| event.date()).map(timestamp).max();
    Ok(described_database(name, one, last.map_or(0, |at| u64::try_from(at.as_second()).unwrap_or(0))))
}

/// `reboots` is the instant of the last restart in seconds: a number that grows with each.
fn described_database(name: &str, found: &DbInstance, reboots: u64) -> Described {
    let configuration = Configuration::RdsInstance(RdsInstance {
        db_instance_identifier: name.to_owned(),
        db_instance_status: found.db_instance_status().unwrap_or("unknown").to_owned(),
        multi_az: found.multi_az().unwrap_or(false),
        engine: found.engine().unwrap_or_default().to_owned(),
        db_instance_class: found.db_instance_class().unwrap_or_default().to_owned(),
        reboots,
    });
    let mut answer = activities::observe::configuration(&configuration, found.db_instance_arn().map(str::to_owned));
    let more = [
        ("engine_version", json!(found.engine_version())),
        ("allocated_storage", json!(found.allocated_storage())),
        ("max_allocated_storage", json!(found.max_allocated_storage())),
        ("storage_type", json!(found.storage_type())),
        ("iops", json!(found.iops())),
        ("availability_zone", json!(found.availability_zone())),
        ("maintenance_window", json!(found.preferred_maintenance_window())),
        ("backup_window", json!(found.preferred_backup_window())),
    ];
    add(&mut answer.attributes, more);
    Described { configuration, answer, revision: None }
}

/// The error of a describe call; what the service does not know is not found.
fn missing<E>(
    error: &SdkError<E, aws_smithy_runtime_api::client::orchestrator::HttpResponse>,
    call: &str,
    code: &str,
) -> EdgeError
where
    E: aws_smithy_types::error::metadata::ProvideErrorMetadata + std::error::Error + 'static,
{
    let problem = failed(call, error);
    if code_of(error) == code { EdgeError::new("Sao.NotFound", problem.message) } else { problem }
}

/// Adds attributes that are there.
fn add<const MANY: usize>(attributes: &mut Fields, more: [(&str, Value); MANY]) {
    let there = |value: &Value| !value.is_null() && *value != json!([]) && *value != json!("");
    attributes.extend(more.into_iter().filter(|(_, value)| there(value)).map(|(name, value)| (name.to_owned(), value)));
}

fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// The newest events of a service say why tasks do not start.
const MOST_EVENTS: usize = 5;
/// Minutes; RDS keeps events for as long.
const FOURTEEN_DAYS: i32 = 20_160;
