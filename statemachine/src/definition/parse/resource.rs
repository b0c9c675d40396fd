//! A Task's `Resource`, taken apart: function, activity, optimised integration or SDK integration.
//!
//! Knows every optimised integration of Step Functions and its patterns. Whether the engine can perform one is said where it
//! is performed.

use crate::definition::{Pattern, Resource, ResourceKind};

/// Takes the ARN apart; the error is the message for the field.
pub(super) fn parse(arn: &str) -> Result<Resource, String> {
    if !arn.starts_with("arn:") {
        return Err("Value is not a valid resource ARN".to_owned());
    }
    let (kind, pattern) = kind_of(arn).ok_or_else(|| unknown(arn))?;
    if let ResourceKind::Service { service, action } = &kind
        && !patterns(service, action).is_some_and(|patterns| patterns.contains(&pattern))
    {
        return Err(unknown(arn));
    }
    Ok(Resource { arn: arn.to_owned(), kind, pattern })
}

fn unknown(arn: &str) -> String {
    format!(
        "The resource provided {arn} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region."
    )
}

fn kind_of(arn: &str) -> Option<(ResourceKind, Pattern)> {
    let mut parts = arn.splitn(6, ':');
    let (scheme, partition, service, region, account, rest) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if scheme != "arn" || !is_partition(partition) || arn.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return None;
    }
    match service {
        "lambda" => is_function(rest).then_some((ResourceKind::Lambda, Pattern::RequestResponse)),
        "states" if account.is_empty() && region.is_empty() => integration(rest),
        "states" => {
            let name = rest.strip_prefix("activity:")?;
            (!name.is_empty()).then_some((ResourceKind::Activity, Pattern::RequestResponse))
        }
        _ => None,
    }
}

fn is_partition(text: &str) -> bool {
    text.strip_prefix("aws")
        .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'))
}

fn is_function(rest: &str) -> bool {
    let mut parts = rest.split(':');
    let named = parts.next() == Some("function") && parts.next().is_some_and(|name| !name.is_empty());
    let qualified = parts.next().is_none_or(|qualifier| !qualifier.is_empty());
    named && qualified && parts.next().is_none()
}

fn integration(rest: &str) -> Option<(ResourceKind, Pattern)> {
    let sdk = rest.strip_prefix("aws-sdk:");
    let (service, call) = sdk.unwrap_or(rest).split_once(':')?;
    let (action, pattern) = match call.split_once('.') {
        None => (call, Pattern::RequestResponse),
        Some((action, "sync")) => (action, Pattern::Sync),
        Some((action, "sync:2")) => (action, Pattern::Sync2),
        Some((action, "waitForTaskToken")) => (action, Pattern::WaitForTaskToken),
        Some(_) => return None,
    };
    if !is_word(service) || !is_word(action) {
        return None;
    }
    let (service, action) = (service.to_owned(), action.to_owned());
    match sdk {
        Some(_) if matches!(pattern, Pattern::Sync | Pattern::Sync2) => None,
        Some(_) => Some((ResourceKind::Sdk { service, action }, pattern)),
        None => Some((ResourceKind::Service { service, action }, pattern)),
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// The patterns of an optimised integration; `None` where there is no such integration.
fn patterns(service: &str, action: &str) -> Option<&'static [Pattern]> {
    let known = |actions: &[&str]| actions.is_empty() || actions.contains(&action);
    let found = INTEGRATIONS.iter().find(|(name, actions, _)| *name == service && known(actions));
    found.map(|(.., patterns)| *patterns)
}

const CALL: &[Pattern] = &[Pattern::RequestResponse];
const JOB: &[Pattern] = &[Pattern::RequestResponse, Pattern::Sync];
const TOKEN: &[Pattern] = &[Pattern::RequestResponse, Pattern::WaitForTaskToken];
const RUN: &[Pattern] = &[Pattern::RequestResponse, Pattern::Sync, Pattern::WaitForTaskToken];
const MACHINE: &[Pattern] = &[Pattern::RequestResponse, Pattern::Sync, Pattern::Sync2, Pattern::WaitForTaskToken];

/// Service, actions (none where they are not known here), and the patterns that these actions have.
const INTEGRATIONS: &[(&str, &[&str], &[Pattern])] = &[
    ("apigateway", &["invoke"], TOKEN),
    ("athena", &["startQueryExecution"], JOB),
    ("athena", &["stopQueryExecution", "getQueryExecution", "getQueryResults"], CALL),
    ("batch", &["submitJob"], RUN),
    ("bedrock", &["createModelCustomizationJob"], JOB),
    ("bedrock", &["invokeModel"], TOKEN),
    ("bedrock-agentcore", &[], CALL),
    ("codebuild", &["startBuild", "startBuildBatch", "retryBuildBatch"], JOB),
    ("codebuild", &["stopBuild", "stopBuildBatch", "deleteBuildBatch", "batchDeleteBuilds", "batchGetReports"], CALL),
    ("databrew", &["startJobRun"], JOB),
    ("dynamodb", &["getItem", "putItem", "deleteItem", "updateItem"], CALL),
    ("ecs", &["runTask"], RUN),
    (
        "eks",
        &[
            "createCluster",
            "deleteCluster",
            "createFargateProfile",
            "deleteFargateProfile",
            "createNodegroup",
            "deleteNodegroup",
            "runJob",
        ],
        JOB,
    ),
    ("eks", &["call"], CALL),
    ("elasticmapreduce", &["createCluster", "terminateCluster", "addStep"], JOB),
    (
        "elasticmapreduce",
        &["setClusterTerminationProtection", "cancelStep", "modifyInstanceFleetByName", "modifyInstanceGroupByName"],
        CALL,
    ),
    ("emr-containers", &["deleteVirtualCluster", "startJobRun"], JOB),
    (
        "emr-containers",
        &["createVirtualCluster", "createManagedEndpoint", "deleteManagedEndpoint", "cancelJobRun"],
        CALL,
    ),
    (
        "emr-serverless",
        &[
            "createApplication",
            "startApplication",
            "stopApplication",
            "deleteApplication",
            "startJobRun",
            "cancelJobRun",
        ],
        JOB,
    ),
    ("events", &["putEvents"], TOKEN),
    ("glue", &["startJobRun"], JOB),
    ("http", &["invoke"], CALL),
    ("lambda", &["invoke"], TOKEN),
    ("mediaconvert", &["createJob"], JOB),
    (
        "sagemaker",
        &[
            "createHyperParameterTuningJob",
            "createLabelingJob",
            "createProcessingJob",
            "createTrainingJob",
            "createTransformJob",
        ],
        JOB,
    ),
    ("sagemaker", &["createEndpoint", "createEndpointConfig", "createModel", "updateEndpoint"], CALL),
    ("sns", &["publish"], TOKEN),
    ("sqs", &["sendMessage"], TOKEN),
    ("states", &["startExecution"], MACHINE),
];
