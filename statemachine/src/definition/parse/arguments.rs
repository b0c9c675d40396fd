//! What a Task may say to an optimised integration: the arguments that it must have and those that it may have.
//!
//! Owns the table. Which integrations there are, and in which patterns, is [`super::resource`]'s; what an argument means, its
//! service's.

use serde_json::Value;

use crate::definition::{Resource, ResourceKind};

impl Resource {
    /// Whether an argument of this name can be given: to an optimised integration one of its own, where these are known here, to
    /// an SDK integration any that does not begin with a small letter, to a function or an activity any.
    #[must_use]
    pub fn takes(&self, argument: &str) -> bool {
        if matches!(self.kind, ResourceKind::Sdk { .. }) {
            return !argument.starts_with(|c: char| c.is_ascii_lowercase());
        }
        let Some(arguments) = find(self) else { return true };
        arguments.optional.is_empty()
            || arguments.required.contains(&argument)
            || arguments.optional.contains(&argument)
    }

    /// What of evaluated arguments does not start the task, in the words of Step Functions.
    ///
    /// Nothing at all (`null`) is left to the service, and so is every argument of an SDK integration.
    pub(crate) fn misfits(&self, arguments: &Value) -> Vec<String> {
        let Some(known) = find(self) else { return Vec::new() };
        let given = arguments.as_object().into_iter().flatten();
        given
            .filter(|(name, value)| match value {
                Value::Null | Value::String(_) => false,
                // A document may be given as it is; Step Functions writes it down.
                Value::Object(_) | Value::Array(_) => known.texts.contains(&name.as_str()),
                Value::Bool(_) | Value::Number(_) => {
                    known.texts.contains(&name.as_str()) || known.documents.contains(&name.as_str())
                }
            })
            .map(|(name, _)| format!("The value for the field '{name}' must be a STRING"))
            .collect()
    }
}

/// The arguments without which a call is refused.
pub(super) fn required(resource: &Resource) -> &'static [&'static str] {
    find(resource).map_or(&[], |arguments| arguments.required)
}

fn find(resource: &Resource) -> Option<&'static Arguments> {
    let ResourceKind::Service { service, action } = &resource.kind else { return None };
    ARGUMENTS.iter().find(|arguments| arguments.of == (service.as_str(), action.as_str()))
}

/// The arguments of one action.
struct Arguments {
    /// Service and action.
    of: (&'static str, &'static str),
    required: &'static [&'static str],
    /// Empty where they are not known.
    optional: &'static [&'static str],
    /// Those that must be texts.
    texts: &'static [&'static str],
    /// Those that must be texts, or objects and lists that are written down as texts.
    documents: &'static [&'static str],
}

const ARGUMENTS: &[Arguments] = &[
    Arguments {
        of: ("bedrock", "invokeModel"),
        required: &["ModelId"],
        optional: &[
            "Accept",
            "Body",
            "ContentType",
            "GuardrailIdentifier",
            "GuardrailVersion",
            "Input",
            "Output",
            "PerformanceConfigLatency",
            "Trace",
        ],
        texts: &["ModelId"],
        documents: &[],
    },
    Arguments {
        of: ("dynamodb", "deleteItem"),
        required: &["TableName", "Key"],
        optional: &[
            "ConditionExpression",
            "ConditionalOperator",
            "Expected",
            "ExpressionAttributeNames",
            "ExpressionAttributeValues",
            "ReturnConsumedCapacity",
            "ReturnItemCollectionMetrics",
            "ReturnValues",
            "ReturnValuesOnConditionCheckFailure",
        ],
        texts: &["TableName"],
        documents: &[],
    },
    Arguments {
        of: ("dynamodb", "getItem"),
        required: &["TableName", "Key"],
        optional: &[
            "AttributesToGet",
            "ConsistentRead",
            "ExpressionAttributeNames",
            "ProjectionExpression",
            "ReturnConsumedCapacity",
        ],
        texts: &["TableName"],
        documents: &[],
    },
    Arguments {
        of: ("dynamodb", "putItem"),
        required: &["TableName", "Item"],
        optional: &[
            "ConditionExpression",
            "ConditionalOperator",
            "Expected",
            "ExpressionAttributeNames",
            "ExpressionAttributeValues",
            "ReturnConsumedCapacity",
            "ReturnItemCollectionMetrics",
            "ReturnValues",
            "ReturnValuesOnConditionCheckFailure",
        ],
        texts: &["TableName"],
        documents: &[],
    },
    Arguments {
        of: ("dynamodb", "updateItem"),
        required: &["TableName", "Key"],
        optional: &[
            "AttributeUpdates",
            "ConditionExpression",
            "ConditionalOperator",
            "Expected",
            "ExpressionAttributeNames",
            "ExpressionAttributeValues",
            "ReturnConsumedCapacity",
            "ReturnItemCollectionMetrics",
            "ReturnValues",
            "ReturnValuesOnConditionCheckFailure",
            "UpdateExpression",
        ],
        texts: &["TableName"],
        documents: &[],
    },
    Arguments {
        of: ("ecs", "runTask"),
        required: &["TaskDefinition"],
        optional: &[
            "CapacityProviderStrategy",
            "Cluster",
            "Count",
            "EnableECSManagedTags",
            "EnableExecuteCommand",
            "Group",
            "LaunchType",
            "NetworkConfiguration",
            "Overrides",
            "PlacementConstraints",
            "PlacementStrategy",
            "PlatformVersion",
            "PropagateTags",
            "ReferenceId",
            "StartedBy",
            "Tags",
            "VolumeConfigurations",
        ],
        texts: &["TaskDefinition"],
        documents: &[],
    },
    Arguments {
        of: ("events", "putEvents"),
        required: &["Entries"],
        optional: &["EndpointId"],
        texts: &[],
        documents: &[],
    },
    Arguments {
        of: ("glue", "startJobRun"),
        required: &["JobName"],
        optional: &[],
        texts: &["JobName"],
        documents: &[],
    },
    Arguments {
        of: ("lambda", "invoke"),
        required: &["FunctionName"],
        optional: &["ClientContext", "InvocationType", "LogType", "Payload", "Qualifier"],
        texts: &["FunctionName", "Qualifier"],
        documents: &["Payload"],
    },
    Arguments {
        of: ("sns", "publish"),
        required: &["Message"],
        optional: &[
            "MessageAttributes",
            "MessageDeduplicationId",
            "MessageGroupId",
            "MessageStructure",
            "PhoneNumber",
            "Subject",
            "TargetArn",
            "TopicArn",
        ],
        texts: &["TopicArn", "TargetArn"],
        documents: &["Message"],
    },
    Arguments {
        of: ("sqs", "sendMessage"),
        required: &["QueueUrl", "MessageBody"],
        optional: &[
            "DelaySeconds",
            "MessageAttributes",
            "MessageDeduplicationId",
            "MessageGroupId",
            "MessageSystemAttributes",
        ],
        texts: &["QueueUrl"],
        documents: &["MessageBody"],
    },
    Arguments {
        of: ("states", "startExecution"),
        required: &["StateMachineArn"],
        optional: &["Input", "Name", "TraceHeader"],
        texts: &["StateMachineArn", "Name"],
        documents: &["Input"],
    },
];
