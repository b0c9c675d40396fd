//! Each integration against a double of AWS: what is sent, and what of the answer a history shows.

use std::sync::Mutex;

use futures::FutureExt;
use serde_json::{Value, json};

use super::*;
use crate::client::{
    Client, ServiceError,
    tests::{Double, Seen, Told, json_answer},
};

mod functions;
mod requests;
mod started;

/// A call with this resource and these arguments.
fn call(resource: &str, arguments: &Value) -> Call {
    Call {
        resource: resource_of(resource),
        arguments: arguments.to_string(),
        idempotency_key: "key".into(),
        region: "eu-west-1".into(),
        account: "111111111111".into(),
    }
}

/// `sqs:sendMessage`, `aws-sdk:s3:getObject`, or a function's ARN, perhaps with a pattern.
fn resource_of(text: &str) -> Resource {
    if text.starts_with("arn:") {
        return Resource { arn: text.into(), kind: ResourceKind::Lambda, pattern: Pattern::RequestResponse };
    }
    let (name, pattern) = match text.split_once('.') {
        None => (text, Pattern::RequestResponse),
        Some((name, "sync")) => (name, Pattern::Sync),
        Some((name, "sync:2")) => (name, Pattern::Sync2),
        Some((name, _)) => (name, Pattern::WaitForTaskToken),
    };
    let kind = match name.strip_prefix("aws-sdk:").map(|rest| rest.split_once(':').unwrap()) {
        Some((service, action)) => ResourceKind::Sdk { service: service.into(), action: action.into() },
        None => {
            let (service, action) = name.split_once(':').unwrap();
            ResourceKind::Service { service: service.into(), action: action.into() }
        }
    };
    Resource { arn: format!("arn:aws:states:::{text}"), kind, pattern }
}

fn functions(client: Option<Client>) -> Registry {
    let mut functions = Registry::default();
    functions.insert("echo", |call: Invocation| async move { Ok(call.payload) }.boxed());
    functions.insert("fail", |_| async { Err(FunctionError::new("Custom", "no luck")) }.boxed());
    functions.insert("large", |_| async { Ok(json!("x".repeat(LARGEST_RESULT))) }.boxed());
    functions.reach(Services::new(client, runtime_api::Workers::default()));
    functions
}

fn circumstances() -> Circumstances {
    let execution_arn = "arn:aws:states:eu-west-1:111111111111:execution:m:e".to_owned();
    Circumstances { execution_arn, ..Circumstances::default() }
}

/// Performs a call without anything around it.
async fn alone(functions: &Registry, call: Call) -> Answer {
    perform_with(functions, call, &circumstances(), &|_| Box::pin(async {})).await
}

/// Performs a call against these answers; answers what came of it, and the requests.
async fn perform_against(told: Vec<Told>, resource: &str, arguments: Value) -> (Answer, Vec<Seen>) {
    let (double, client) = Double::serve(told).await;
    let answer = alone(&functions(Some(client)), call(resource, &arguments)).await;
    let seen = double.seen.lock().unwrap().clone();
    for seen in &seen {
        assert_eq!(seen.signed_for().1, "eu-west-1");
    }
    (answer, seen)
}

fn succeeded(answer: Answer) -> Value {
    let Answer::Succeeded(output) = answer else { panic!("{answer:?}") };
    serde_json::from_str(&output).unwrap()
}

fn failed(answer: Answer) -> (String, String) {
    let Answer::Failed { error, cause } = answer else { panic!("{answer:?}") };
    (error, cause)
}
