//! `Credentials` of a Task: the role that a call is made as.
//!
//! Owns the one action of STS that this takes, and for how long what it answers is used again.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Services, failure::Failure, services::Assumed};
use crate::client::{Bounds, CallError, Client, Credentials, Service, query::QueryService};

/// The client as the role that `credentials`, a JSON text, name.
pub(super) async fn role(client: &Client, services: &Services, credentials: &str) -> Result<Client, Failure> {
    let credentials: Value = serde_json::from_str(credentials).unwrap_or_default();
    let role = credentials["RoleArn"].as_str().ok_or_else(|| Failure::runtime("Credentials must have a `RoleArn`"))?;
    let now = Timestamp::now().as_second();
    if let Some(credentials) = services.assumed(role, now) {
        return Ok(client.with_credentials(credentials));
    }
    let assumed = assume(client, role).await.map_err(|error| {
        let cause = format!("The role defined for the task, `{role}`, cannot be assumed: {error}");
        Failure::new("States.TaskFailed", cause)
    })?;
    services.keep(role, assumed.clone());
    Ok(client.with_credentials(assumed.credentials))
}

async fn assume(client: &Client, role: &str) -> Result<Assumed, CallError> {
    let Value::Object(parameters) = json!({"RoleArn": role, "RoleSessionName": "sao"}) else {
        return Err(CallError::Unfit("no role".to_owned()));
    };
    let (_, answer) = client.call_query(&STS, "AssumeRole", &parameters, Bounds::default()).await?;
    read(&answer).ok_or_else(|| CallError::Unreadable {
        endpoint: STS.service.endpoint.to_owned(),
        why: "it has no credentials".to_owned(),
    })
}

fn read(answer: &Value) -> Option<Assumed> {
    let given: &Map<String, Value> = answer["Credentials"].as_object()?;
    let text = |name: &str| given.get(name)?.as_str().map(str::to_owned);
    let until = text("Expiration").and_then(|time| time.parse::<Timestamp>().ok()).map(Timestamp::as_second);
    let credentials = Credentials {
        session_token: text("SessionToken"),
        ..Credentials::new(text("AccessKeyId")?, text("SecretAccessKey")?)
    };
    Some(Assumed { credentials, until: until.unwrap_or_default() - EARLIER })
}

/// How long before their end credentials are not used any more, in seconds.
const EARLIER: i64 = 5 * 60;

const STS: QueryService<'_> =
    QueryService { service: Service { id: "STS", endpoint: "sts", signing: "sts" }, version: "2011-06-15", maps: &[] };
