//! `sns:publish`, and Amazon SNS for SDK integrations: it speaks AWS Query.
//!
//! Owns its parameters: a message that is not a string is sent as its JSON.

use serde_json::{Map, Value};

use super::{
    Work,
    failure::{Failure, Optimised, Sdk},
    metadata::{sorted, with_metadata},
    names,
    sqs::as_text,
};
use crate::client::{Service, query::QueryService};

pub(super) async fn publish(work: &Work<'_>) -> Result<String, Failure> {
    let mut parameters = work.arguments()?;
    as_text(&mut parameters, "Message");
    let client = work.client().await?;
    let answer = client.call_query(&SNS, "Publish", &parameters, work.bounds()).await;
    let (response, result) = answer.map_err(|error| FAILURES.failure(error))?;
    let Value::Object(result) = result else { return Ok(with_metadata(Map::new(), &response)) };
    Ok(with_metadata(result, &response))
}

/// Any action, in the SDK's spelling.
pub(super) async fn call_sdk(work: &Work<'_>, action: &str, parameters: Map<String, Value>) -> Result<String, Failure> {
    let failure = Sdk { service: "sns", prefix: "Sns", named: "" };
    let client = work.client().await?;
    let answer = client.call_query(&SNS, &names::capitalised(action), &parameters, work.bounds()).await;
    let (_, result) = answer.map_err(|error| failure.failure(error))?;
    let Value::Object(result) = result else { return Ok("{}".to_owned()) };
    Ok(sorted(result).to_string())
}

const FAILURES: Optimised = Optimised {
    service: "sns",
    prefix: "SNS",
    name: "AmazonSNS",
    general: "AmazonSNSException",
    named: &["ValidationException"],
};

const SNS: QueryService<'_> = QueryService {
    service: Service { id: "SNS", endpoint: "sns", signing: "sns" },
    version: "2010-03-31",
    maps: &[("MessageAttributes", "Name", "Value"), ("Attributes", "key", "value")],
};
