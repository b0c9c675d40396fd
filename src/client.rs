//! A client of a running `sao up`: the Step Functions API and the incident endpoints.
//!
//! Owns the requests that `sao incident` makes and what their failures are called. It speaks the same protocol as the AWS
//! command line, so that what it can do, that one can do, too; deciding alone goes another way, with the operator's secret.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{cli::Endpoint, error::CommandError, story::Story};

/// A client of one `sao up`.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    endpoint: String,
    http: reqwest::Client,
}

impl Client {
    /// A client of the endpoint that was named.
    pub(crate) fn new(endpoint: &Endpoint) -> Result<Self, CommandError> {
        let address = endpoint.endpoint.trim_end_matches('/').to_owned();
        if !address.starts_with("http://") {
            return Err(CommandError::Usage(format!(
                "`--endpoint` is `{address}` and must be an address such as `http://127.0.0.1:8083`"
            )));
        }
        // A proxy of the environment has no business between two programs of one machine.
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build();
        let http =
            http.map_err(|error| CommandError::NobodyThere { endpoint: address.clone(), problem: reason(&error) })?;
        Ok(Self { endpoint: address, http })
    }

    /// What the platform says of itself.
    pub(crate) async fn health(&self) -> Result<Value, CommandError> {
        let answer = self.sent(self.http.get(self.url("/health"))).await?;
        Ok(answer.1)
    }

    /// Hands over an event; answers the HTTP status and the document.
    pub(crate) async fn start(&self, event: &Value) -> Result<(u16, Value), CommandError> {
        self.sent(self.http.post(self.url("/incident")).json(event)).await
    }

    /// Decides, with the operator's secret.
    pub(crate) async fn decide(&self, secret: &str, decision: &Value) -> Result<(u16, Value), CommandError> {
        self.sent(self.http.post(self.url("/operator/decision")).bearer_auth(secret).json(decision)).await
    }

    /// Calls an action of the Step Functions API.
    pub(crate) async fn call(&self, action: &str, input: &Value) -> Result<Value, CommandError> {
        let request = self
            .http
            .post(self.url("/"))
            .header("x-amz-target", format!("AWSStepFunctions.{action}"))
            .header("content-type", "application/x-amz-json-1.0")
            .body(input.to_string());
        let (status, answer) = self.sent(request).await?;
        if status == 200 {
            return Ok(answer);
        }
        let word =
            |names: [&str; 2]| names.iter().find_map(|name| answer[*name].as_str()).unwrap_or_default().to_owned();
        Err(CommandError::Refused(format!(
            "{action} was refused ({}): {}",
            word(["__type", "code"]),
            word(["message", "Message"])
        )))
    }

    /// The ARN of the incident workflow.
    pub(crate) async fn machine(&self) -> Result<String, CommandError> {
        let health = self.health().await?;
        let arn = health["state_machine_arn"].as_str().map(str::to_owned);
        arn.ok_or_else(|| CommandError::NobodyThere {
            endpoint: self.endpoint.clone(),
            problem: "what answers there is not `sao up`".to_owned(),
        })
    }

    /// Incidents, the latest first.
    pub(crate) async fn list(&self, status: Option<&str>, limit: usize) -> Result<Vec<Value>, CommandError> {
        let mut input = json!({ "stateMachineArn": self.machine().await?, "maxResults": limit.clamp(1, 1_000) });
        if let Some(status) = status {
            input["statusFilter"] = json!(status.to_uppercase());
        }
        let mut answer = self.call("ListExecutions", &input).await?;
        Ok(answer["executions"].as_array_mut().map(std::mem::take).unwrap_or_default())
    }

    /// The execution's ARN for what a person types: an ARN, a name or the beginning of one.
    pub(crate) async fn find(&self, id: &str) -> Result<String, CommandError> {
        if id.starts_with("arn:") {
            return Ok(id.to_owned());
        }
        let known = self.list(None, 1_000).await?;
        let named = |one: &&Value| {
            one["name"].as_str().is_some_and(|name| name == id || name.starts_with(id) && id.len() >= SHORTEST)
        };
        let found: Vec<&Value> = known.iter().filter(named).collect();
        match found.as_slice() {
            [one] => Ok(one["executionArn"].as_str().unwrap_or_default().to_owned()),
            [] => Err(CommandError::NotFound(format!("there is no incident `{id}`: `sao incident list` shows them"))),
            many => Err(CommandError::NotFound(format!(
                "`{id}` is the beginning of {} incidents: type more of it",
                many.len()
            ))),
        }
    }

    /// An incident's history as a story.
    pub(crate) async fn story(&self, execution_arn: &str) -> Result<Story, CommandError> {
        let mut story = Story::default();
        let mut input = json!({ "executionArn": execution_arn, "maxResults": 1_000 });
        loop {
            let answer = self.call("GetExecutionHistory", &input).await?;
            for event in answer["events"].as_array().into_iter().flatten() {
                story.tell(event);
            }
            match answer.get("nextToken").filter(|token| !token.is_null()) {
                Some(token) => input["nextToken"] = token.clone(),
                None => return Ok(story),
            }
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.endpoint)
    }

    async fn sent(&self, request: reqwest::RequestBuilder) -> Result<(u16, Value), CommandError> {
        let failed = |error: reqwest::Error| CommandError::NobodyThere {
            endpoint: self.endpoint.clone(),
            problem: reason(&error),
        };
        let response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await.map_err(failed)?;
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        Ok((status, serde_json::from_slice(&bytes).unwrap_or_else(|_| text())))
    }
}

/// The innermost reason of a failed request, for example `Connection refused`.
fn reason(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

const PATIENCE: Duration = Duration::from_secs(30);

/// The shortest beginning of a name that is looked for.
const SHORTEST: usize = 4;
