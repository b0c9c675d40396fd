//! `dynamodb:getItem`, `putItem`, `updateItem` and `deleteItem`.
//!
//! Owns nothing but their names: parameters and results are those of the service.

use serde_json::{Map, Value};

use super::{
    Work,
    failure::{Failure, Optimised},
    metadata::with_metadata,
    names,
    sdk::table,
};

pub(super) async fn call(work: &Work<'_>, action: &str) -> Result<String, Failure> {
    let mut parameters = work.arguments()?;
    numbers_as_text(&mut parameters);
    let client = work.client().await?;
    let row = table::find("dynamodb").ok_or_else(|| work.unsupported())?;
    let request = Value::Object(parameters).to_string();
    let answer = client.call_json(&row.json, &names::capitalised(action), request, work.bounds()).await;
    let answer = answer.map_err(|error| DYNAMODB.failure(error))?;
    let result: Map<String, Value> = serde_json::from_slice(&answer.body).unwrap_or_default();
    Ok(with_metadata(result, &answer))
}

/// A number in an attribute's value is sent as its text, which is what the service takes.
fn numbers_as_text(members: &mut Map<String, Value>) {
    let is_value = members.len() == 1;
    for (name, value) in members {
        match value {
            Value::Number(number) if is_value && name == "N" => *value = number.to_string().into(),
            Value::Object(members) => numbers_as_text(members),
            Value::Array(items) => items.iter_mut().filter_map(Value::as_object_mut).for_each(numbers_as_text),
            _ => {}
        }
    }
}

const DYNAMODB: Optimised = Optimised {
    service: "dynamodb",
    prefix: "DynamoDB",
    name: "AmazonDynamoDBv2",
    general: "AmazonDynamoDBException",
    named: &[],
};
