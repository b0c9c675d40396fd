//! The executor: credentials for one action on one ARN, and the one call that they are for.
//!
//! Owns the session policy, compiled from the action's own call, and the way from that call to the SDK. The role's own policy is the
//! outer bound; the session policy leaves of it the one IAM action on the one resource, for a quarter of an hour. The source identity is
//! the approver, which CloudTrail shows with the call and nobody can change within the session.

use activities::action::AwsCall;
use activities::shape::{Proposal, errors};
use aws_sdk_lambda::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_lambda::error::SdkError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::{Value, json};

use super::super::Aws;
use super::super::failure::{code_of, failed, is_transient};
use crate::error::{EdgeError, TRANSIENT};

/// One call, on whose behalf and by whose leave.
pub(super) struct Call<'a> {
    /// The proposal, whose target the credentials are for.
    pub(super) role_for: &'a Proposal,
    /// Who approved it.
    pub(super) by: &'a [String],
    /// The call.
    pub(super) call: &'a AwsCall,
    /// Lambda's revision that was checked: a function that somebody changed since is not updated.
    pub(super) revision: Option<&'a str>,
}

/// Makes the call.
///
/// `Sao.Transient` when it is not known whether the call was made or it may be made again, `Sao.Refused` when the target was changed
/// at the last moment, `Sao.ActionFailed` when AWS refused it.
pub(super) async fn execute(aws: &Aws, call: &Call<'_>) -> Result<(), EdgeError> {
    let provider = assume(aws, call).await?;
    let parameters = Parameters { call: call.call };
    match (call.call.service.as_str(), call.call.operation.as_str()) {
        ("lambda", _) => lambda(aws, provider, &parameters, call.revision).await,
        ("ecs", "UpdateService") => ecs(aws, provider, &parameters).await,
        ("rds", "RebootDBInstance") => rds(aws, provider, &parameters).await,
        (service, operation) => Err(EdgeError::refused(format!("this function does not call `{service}:{operation}`"))),
    }
}

/// Credentials for the one call.
async fn assume(aws: &Aws, call: &Call<'_>) -> Result<SharedCredentialsProvider, EdgeError> {
    let client = aws_sdk_sts::Client::new(aws.sdk());
    let assumed = client
        .assume_role()
        .role_arn(aws.settings().executor_role()?)
        .role_session_name(identity(&call.role_for.incident))
        .source_identity(identity(&call.by.join("+")))
        .policy(session_policy(call.call, &call.role_for.target.arn))
        .duration_seconds(QUARTER_OF_AN_HOUR)
        .send()
        .await
        .map_err(|error| refused_or_later("sts:AssumeRole", &error))?;
    let keys = assumed.credentials().ok_or_else(|| EdgeError::transient("STS answered without credentials"))?;
    let token = Some(keys.session_token().to_owned());
    Ok(SharedCredentialsProvider::new(Credentials::new(
        keys.access_key_id(),
        keys.secret_access_key(),
        token,
        None,
        "executor",
    )))
}

/// The one action on the one resource.
pub(super) fn session_policy(call: &AwsCall, arn: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Sid": "OneActionOnOneResource", "Effect": "Allow", "Action": call.iam_action, "Resource": arn}]
    })
    .to_string()
}

/// A name as STS takes them: 2 to 64 characters of a small alphabet.
fn identity(name: &str) -> String {
    let fits = |character: char| character.is_ascii_alphanumeric() || "_+=,.@-".contains(character);
    let name: String = name.chars().map(|character| if fits(character) { character } else { '-' }).take(64).collect();
    if name.len() < 2 { format!("{name}--") } else { name }
}

async fn lambda(
    aws: &Aws,
    provider: SharedCredentialsProvider,
    parameters: &Parameters<'_>,
    revision: Option<&str>,
) -> Result<(), EdgeError> {
    let config = aws_sdk_lambda::config::Builder::from(aws.sdk()).credentials_provider(provider).build();
    let client = aws_sdk_lambda::Client::from_conf(config);
    let function = parameters.text("FunctionName")?;
    match parameters.call.operation.as_str() {
        "UpdateFunctionConfiguration" => {
            let call = client
                .update_function_configuration()
                .function_name(function)
                .set_revision_id(revision.map(str::to_owned));
            let call =
                call.set_timeout(parameters.number("Timeout")?).set_memory_size(parameters.number("MemorySize")?);
            parameters.only(&["FunctionName", "Timeout", "MemorySize"])?;
            done("lambda:UpdateFunctionConfiguration", call.send().await)
        }
        "PutFunctionConcurrency" => {
            let reserved = parameters.number("ReservedConcurrentExecutions")?;
            parameters.only(&["FunctionName", "ReservedConcurrentExecutions"])?;
            let call =
                client.put_function_concurrency().function_name(function).set_reserved_concurrent_executions(reserved);
            done("lambda:PutFunctionConcurrency", call.send().await)
        }
        "DeleteFunctionConcurrency" => {
            parameters.only(&["FunctionName"])?;
            done(
                "lambda:DeleteFunctionConcurrency",
                client.delete_function_concurrency().function_name(function).send().await,
            )
        }
        other => Err(EdgeError::refused(format!("this function does not call `lambda:{other}`"))),
    }
}

async fn ecs(aws: &Aws, provider: SharedCredentialsProvider, parameters: &Parameters<'_>) -> Result<(), EdgeError> {
    let config = aws_sdk_ecs::config::Builder::from(aws.sdk()).credentials_provider(provider).build();
    let call = aws_sdk_ecs::Client::from_conf(config).update_service();
    let call = call.cluster(parameters.text("cluster")?).service(parameters.text("service")?);
    let call = call.set_desired_count(parameters.number("desiredCount")?);
    let call = call.set_force_new_deployment(parameters.flag("forceNewDeployment")?);
    parameters.only(&["cluster", "service", "desiredCount", "forceNewDeployment"])?;
    done("ecs:UpdateService", call.send().await)
}

async fn rds(aws: &Aws, provider: SharedCredentialsProvider, parameters: &Parameters<'_>) -> Result<(), EdgeError> {
    let config = aws_sdk_rds::config::Builder::from(aws.sdk()).credentials_provider(provider).build();
    let call = aws_sdk_rds::Client::from_conf(config).reboot_db_instance();
    let call = call.db_instance_identifier(parameters.text("DBInstanceIdentifier")?);
    let call = call.set_force_failover(parameters.flag("ForceFailover")?);
    parameters.only(&["DBInstanceIdentifier", "ForceFailover"])?;
    done("rds:RebootDBInstance", call.send().await)
}

/// What became of the call.
fn done<T, E>(call: &str, result: Result<T, SdkError<E, HttpResponse>>) -> Result<(), EdgeError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match result {
        Ok(_) => Ok(()),
        Err(error) if code_of(&error) == "PreconditionFailedException" => {
            Err(EdgeError::refused("the target was changed by somebody else at the last moment"))
        }
        Err(error) => Err(refused_or_later(call, &error)),
    }
}

fn refused_or_later<E>(call: &str, error: &SdkError<E, HttpResponse>) -> EdgeError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let message = failed(call, error).message;
    // Another update of the function, by Lambda itself, is under way.
    let busy = code_of(error) == "ResourceConflictException";
    EdgeError::new(if is_transient(error) || busy { TRANSIENT } else { errors::ACTION_FAILED }, message)
}

/// The parameters of a call, read as what the SDK wants; nothing of them is passed over.
struct Parameters<'a> {
    call: &'a AwsCall,
}

impl Parameters<'_> {
    fn text(&self, name: &str) -> Result<&str, EdgeError> {
        self.call.parameters.get(name).and_then(Value::as_str).ok_or_else(|| self.wrong(name))
    }

    fn number(&self, name: &str) -> Result<Option<i32>, EdgeError> {
        let Some(value) = self.call.parameters.get(name) else { return Ok(None) };
        let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
        number.map(Some).ok_or_else(|| self.wrong(name))
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, EdgeError> {
        let Some(value) = self.call.parameters.get(name) else { return Ok(None) };
        value.as_bool().map(Some).ok_or_else(|| self.wrong(name))
    }

    /// Refuses a parameter that would be approved and not sent.
    fn only(&self, known: &[&str]) -> Result<(), EdgeError> {
        let fields = self.call.parameters.as_object().into_iter().flat_map(|fields| fields.keys());
        fields.into_iter().find(|name| !known.contains(&name.as_str())).map_or(Ok(()), |name| Err(self.wrong(name)))
    }

    fn wrong(&self, name: &str) -> EdgeError {
        EdgeError::refused(format!(
            "the parameter `{name}` of `{}` is not as this function sends it",
            self.call.operation
        ))
    }
}

const QUARTER_OF_AN_HOUR: i32 = 900;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expect: &str) {
        assert_eq!(identity(name), expect);
        assert!((2..=64).contains(&identity(name).len()));
    }

    #[test]
    fn an_approver_becomes_a_source_identity() {
        check("ana@example.com", "ana@example.com");
        check("Ana Müller", "Ana-M-ller");
        check("x", "x--");
        check(&"a".repeat(100), &"a".repeat(64));
    }

    #[test]
    fn a_session_may_do_one_thing_to_one_resource() {
        let call = AwsCall {
            service: "rds".to_owned(),
            operation: "RebootDBInstance".to_owned(),
            iam_action: "rds:RebootDBInstance".to_owned(),
            parameters: json!({}),
        };
        let policy: Value = serde_json::from_str(&session_policy(&call, "arn:x")).unwrap();
        let expect = json!([{"Sid": "OneActionOnOneResource", "Effect": "Allow", "Action": "rds:RebootDBInstance", "Resource": "arn:x"}]);
        assert_eq!(policy["Statement"], expect);
    }
}
