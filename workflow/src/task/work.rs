//! One call on its way: the task's words, and what it may use.
//!
//! Owns what all integrations ask of a call: its parameters, a client with the right credentials, the bounds of an answer.

use std::{fmt::Write as _, time::Duration};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{Call, Circumstances, Registry, Services, assume, failure::Failure, supported::unsupported};
use crate::client::{Bounds, Client};

/// A call and its surroundings.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    pub(super) functions: &'a Registry,
    pub(super) services: &'a Services,
    pub(super) call: &'a Call,
    pub(super) circumstances: &'a Circumstances,
}

impl Work<'_> {
    /// The arguments, which must be an object.
    pub(super) fn parameters(&self) -> Result<Map<String, Value>, Failure> {
        match serde_json::from_str(&self.call.arguments) {
            Ok(Value::Object(parameters)) => Ok(parameters),
            _ => Err(Failure::runtime("The Parameters or Arguments of a service integration must be a JSON object")),
        }
    }

    /// The arguments of an optimised integration, refused when one of them is not its own; those that are null are left out.
    pub(super) fn arguments(&self) -> Result<Map<String, Value>, Failure> {
        let mut arguments = self.parameters()?;
        if let Some(name) = arguments.keys().find(|name| !self.call.resource.takes(name)) {
            return Err(Failure::unsupported_field(name));
        }
        arguments.retain(|_, value| !value.is_null());
        Ok(arguments)
    }

    /// A client for the execution's region, with the credentials that the task names.
    pub(super) async fn client(&self) -> Result<Client, Failure> {
        let client = self.services.client().ok_or_else(|| {
            Failure::new(
                "States.TaskFailed",
                format!(
                    "the resource `{}` needs AWS or an emulator, and this engine was started without either; set `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, for an emulator, `AWS_ENDPOINT_URL`",
                    self.call.resource.arn
                ),
            )
        })?;
        let client = client.in_region(&self.call.region);
        match &self.circumstances.credentials {
            None => Ok(client),
            Some(credentials) => assume::role(&client, self.services, credentials).await,
        }
    }

    /// How long the call may take and how much it may bring.
    pub(super) fn bounds(&self) -> Bounds {
        let bounds = Bounds::default();
        Bounds { timeout: self.timeout().unwrap_or(bounds.timeout), ..bounds }
    }

    /// The task's time, and a little more: it is the execution that says that the time is over.
    pub(super) fn timeout(&self) -> Option<Duration> {
        self.circumstances.timeout.map(|timeout| timeout.saturating_add(PATIENCE))
    }

    /// A UUID that is the same whenever the same attempt is made again.
    pub(super) fn derived_id(&self) -> String {
        let digest = Sha256::digest(self.call.idempotency_key.as_bytes());
        let mut id = String::new();
        for (place, byte) in digest.iter().take(16).enumerate() {
            if matches!(place, 4 | 6 | 8 | 10) {
                id.push('-');
            }
            let _ = write!(id, "{byte:02x}");
        }
        id
    }

    /// Nobody waits for the job any more; nobody will read this either.
    pub(super) fn given_up(&self) -> Failure {
        Failure::new("States.TaskFailed", format!("the job of `{}` was given up", self.call.resource.arn))
    }

    /// The resource is not one that this engine calls.
    pub(super) fn unsupported(&self) -> Failure {
        Failure::new("States.TaskFailed", unsupported(&self.call.resource))
    }
}

const PATIENCE: Duration = Duration::from_secs(5);
