//! `sqs:sendMessage`.
//!
//! Owns its parameters: a message that is not a string is sent as its JSON.

use serde_json::{Map, Value};

use super::{
    Work,
    failure::{Failure, Optimised},
    metadata::with_metadata,
    sdk::table,
};

pub(super) async fn send_message(work: &Work<'_>) -> Result<String, Failure> {
    let mut parameters = work.arguments()?;
    as_text(&mut parameters, "MessageBody");
    let client = work.client().await?;
    let row = table::find("sqs").ok_or_else(|| work.unsupported())?;
    let request = Value::Object(row.members.to_wire(parameters)).to_string();
    let answer = client.call_json(&row.json, "SendMessage", request, work.bounds()).await;
    let answer = answer.map_err(|error| SQS.failure(error))?;
    let result: Map<String, Value> = serde_json::from_slice(&answer.body).unwrap_or_default();
    Ok(with_metadata(result, &answer))
}

/// Turns a parameter that is not a string into its JSON.
pub(super) fn as_text(parameters: &mut Map<String, Value>, name: &str) {
    if let Some(value) = parameters.get_mut(name).filter(|value| !value.is_string()) {
        *value = Value::String(value.to_string());
    }
}

const SQS: Optimised =
    Optimised { service: "sqs", prefix: "SQS", name: "AmazonSQS", general: "AmazonSQSException", named: &[] };
