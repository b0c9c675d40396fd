//! The configuration of a resource that an action can change, as far as actions and their checks need it.
//!
//! Owns one struct for each kind of target, and how it is read from Terraform state. What stands in the state is what
//! was declared; before an action the configuration is read again from AWS, into the same struct.

use serde::{Deserialize, Serialize};

use crate::twin::Node;

/// The configuration of one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Configuration {
    /// A Lambda function.
    LambdaFunction(LambdaFunction),
    /// An ECS service.
    EcsService(EcsService),
    /// A database instance of RDS.
    RdsInstance(RdsInstance),
}

/// The configuration of a Lambda function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LambdaFunction {
    /// The name.
    pub function_name: String,
    /// Seconds that an invocation may take.
    pub timeout: u32,
    /// Memory in MB.
    pub memory_size: u32,
    /// How many invocations may run at once; `None` when the function shares the account's limit.
    #[serde(default)]
    pub reserved_concurrent_executions: Option<u32>,
    /// `Successful`, `InProgress` or `Failed`, as `GetFunctionConfiguration` says.
    #[serde(default = "successful")]
    pub last_update_status: String,
}

/// The configuration of an ECS service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EcsService {
    /// The cluster's name.
    pub cluster: String,
    /// The service's name.
    pub service: String,
    /// How many tasks are wanted.
    pub desired_count: u32,
    /// How many tasks run.
    #[serde(default)]
    pub running_count: u32,
    /// A number that grows with each deployment, for example the creation time of the primary one.
    #[serde(default)]
    pub deployment: u64,
    /// `COMPLETED`, `IN_PROGRESS` or `FAILED`, as `DescribeServices` says of the primary deployment.
    #[serde(default = "completed")]
    pub rollout_state: String,
}

/// The configuration of a database instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RdsInstance {
    /// The identifier.
    pub db_instance_identifier: String,
    /// `available`, `rebooting`, `modifying` and others, as `DescribeDBInstances` says.
    #[serde(default = "available")]
    pub db_instance_status: String,
    /// Whether a standby in another zone takes over.
    #[serde(default)]
    pub multi_az: bool,
    /// The engine, for example `postgres`.
    #[serde(default)]
    pub engine: String,
    /// The class, for example `db.t4g.medium`.
    #[serde(default)]
    pub db_instance_class: String,
    /// A number that grows with each reboot, for example the time of the last one.
    #[serde(default)]
    pub reboots: u64,
}

impl Configuration {
    /// Reads what Terraform state says of a node; `None` for a type that no action changes, or one that says too little.
    pub fn of(node: &Node) -> Option<Self> {
        match node.resource_type.as_str() {
            "aws_lambda_function" => LambdaFunction::of(node).map(Self::LambdaFunction),
            "aws_ecs_service" => EcsService::of(node).map(Self::EcsService),
            "aws_db_instance" => RdsInstance::of(node).map(Self::RdsInstance),
            _ => None,
        }
    }

    /// The physical name; `cluster/service` for an ECS service.
    pub fn name(&self) -> String {
        match self {
            Self::LambdaFunction(function) => function.function_name.clone(),
            Self::EcsService(service) => format!("{}/{}", service.cluster, service.service),
            Self::RdsInstance(database) => database.db_instance_identifier.clone(),
        }
    }

    /// The Terraform type of the resource.
    pub fn resource_type(&self) -> &'static str {
        match self {
            Self::LambdaFunction(_) => "aws_lambda_function",
            Self::EcsService(_) => "aws_ecs_service",
            Self::RdsInstance(_) => "aws_db_instance",
        }
    }

    /// Whether this is the configuration of the node.
    pub fn is_of(&self, node: &Node) -> bool {
        self.resource_type() == node.resource_type && node.names.contains(&self.name())
    }
}

impl LambdaFunction {
    fn of(node: &Node) -> Option<Self> {
        let number = |name| node.integer(name).and_then(|number| u32::try_from(number).ok());
        Some(Self {
            function_name: node.text("function_name")?.to_owned(),
            // What the provider writes when nothing was declared.
            timeout: number("timeout").unwrap_or(3),
            memory_size: number("memory_size").unwrap_or(128),
            // Terraform writes -1 for "not reserved".
            reserved_concurrent_executions: number("reserved_concurrent_executions"),
            last_update_status: successful(),
        })
    }
}

impl EcsService {
    fn of(node: &Node) -> Option<Self> {
        let desired_count = node.integer("desired_count").and_then(|count| u32::try_from(count).ok()).unwrap_or(0);
        Some(Self {
            cluster: node.cluster_name()?.to_owned(),
            service: node.text("name")?.to_owned(),
            desired_count,
            running_count: desired_count,
            deployment: 0,
            rollout_state: completed(),
        })
    }
}

impl RdsInstance {
    fn of(node: &Node) -> Option<Self> {
        let text = |name| node.text(name).unwrap_or_default().to_owned();
        Some(Self {
            db_instance_identifier: node.text("identifier")?.to_owned(),
            db_instance_status: node.text("status").unwrap_or("available").to_owned(),
            multi_az: node.boolean("multi_az").unwrap_or(false),
            engine: text("engine"),
            db_instance_class: text("instance_class"),
            reboots: 0,
        })
    }
}

fn successful() -> String {
    "Successful".to_owned()
}

fn completed() -> String {
    "COMPLETED".to_owned()
}

fn available() -> String {
    "available".to_owned()
}
