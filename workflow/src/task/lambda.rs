//! `lambda:invoke` and bare function ARNs, over the functions of this process.
//!
//! Owns how a function is named, what its answer is wrapped in and what its error looks like, as Lambda and Step Functions
//! have it. `lambda:invoke` wraps (`Payload`, `StatusCode`, ...), a bare function ARN does not.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use statemachine::definition::{Pattern, ResourceKind};

use super::{Answer, Call, FunctionError, Invocation, Registry};

/// Calls a function for a task whose resource is one.
pub(super) async fn invoke(functions: &Registry, call: Call) -> Answer {
    let Call { resource, arguments, idempotency_key, region, account } = call;
    let arguments: Value = serde_json::from_str(&arguments).unwrap_or_default();
    let wrapped = resource.kind != ResourceKind::Lambda;
    let (name, payload) = match if wrapped { taken_apart(arguments) } else { Ok((resource.arn.clone(), arguments)) } {
        Ok(parts) => parts,
        Err(cause) => return Answer::Failed { error: "Lambda.InvalidParameterValueException".into(), cause },
    };
    let function = function_of(&name).to_owned();
    let Some(answer) = functions.call(Invocation { function: function.clone(), payload, idempotency_key }).await else {
        return not_found(&name, &function, &region, &account);
    };
    match answer {
        Err(error) => failed(&error),
        Ok(result) => {
            let result = result.to_string();
            if result.len() > LARGEST_RESULT {
                return too_large(if wrapped { "lambda" } else { &resource.arn });
            }
            match (wrapped, resource.pattern) {
                (false, _) => Answer::Succeeded(result),
                (true, Pattern::WaitForTaskToken) => Answer::Submitted(wrap(&result)),
                (true, _) => Answer::Succeeded(wrap(&result)),
            }
        }
    }
}

/// The function's name and payload in the arguments of `lambda:invoke`.
fn taken_apart(arguments: Value) -> Result<(String, Value), String> {
    let Value::Object(mut arguments) = arguments else {
        return Err("the arguments of lambda:invoke must be an object".into());
    };
    let Some(Value::String(name)) = arguments.remove("FunctionName") else {
        return Err("the arguments of lambda:invoke must have a `FunctionName`, a string".into());
    };
    match arguments.get("InvocationType").map_or(Some("RequestResponse"), Value::as_str) {
        Some("RequestResponse") => {}
        other => {
            return Err(format!(
                "the `InvocationType` `{}` is not supported, only `RequestResponse` is",
                other.unwrap_or("?")
            ));
        }
    }
    // Without a payload a function gets an empty object.
    Ok((name, arguments.remove("Payload").unwrap_or_else(|| Value::Object(Map::new()))))
}

/// The name in a name, a partial ARN or an ARN, without a qualifier.
fn function_of(name: &str) -> &str {
    let parts: Vec<&str> = name.split(':').collect();
    match parts.iter().position(|part| *part == "function") {
        Some(place) => parts.get(place + 1).copied().unwrap_or(name),
        None => parts.first().copied().unwrap_or(name),
    }
}

fn not_found(name: &str, function: &str, region: &str, account: &str) -> Answer {
    let arn = if name.starts_with("arn:") {
        name.to_owned()
    } else {
        format!("arn:aws:lambda:{region}:{account}:function:{function}")
    };
    let qualified = if arn.split(':').count() > 7 { arn } else { format!("{arn}:$LATEST") };
    let cause = format!(
        "Function not found: {qualified} (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: {}; Proxy: null)",
        uuid::Uuid::new_v4()
    );
    Answer::Failed { error: "Lambda.ResourceNotFoundException".into(), cause }
}

fn failed(error: &FunctionError) -> Answer {
    let cause = json!({"errorMessage": error.cause, "errorType": error.error}).to_string();
    Answer::Failed { error: error.error.clone(), cause }
}

fn too_large(task: &str) -> Answer {
    let cause = format!(
        "The state/task '{task}' returned a result with a size exceeding the maximum number of bytes service limit."
    );
    Answer::Failed { error: "States.DataLimitExceeded".into(), cause }
}

/// The answer of the Lambda API around a function's result, a JSON text.
fn wrap(result: &str) -> String {
    let request = uuid::Uuid::new_v4().to_string();
    let now = Timestamp::now();
    let trace = uuid::Uuid::new_v4().simple().to_string();
    let headers = [
        ("X-Amz-Executed-Version", "$LATEST".to_owned()),
        ("x-amzn-Remapped-Content-Length", "0".to_owned()),
        ("Connection", "keep-alive".to_owned()),
        ("x-amzn-RequestId", request.clone()),
        ("Content-Length", result.len().to_string()),
        ("Date", now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()),
        ("X-Amzn-Trace-Id", format!("Root=1-{:08x}-{};Sampled=0", now.as_second(), &trace[..24])),
        ("Content-Type", "application/json".to_owned()),
    ];
    let all: Map<String, Value> = headers.iter().map(|(name, value)| ((*name).to_owned(), json!([value]))).collect();
    let mut each: Vec<&(&str, String)> = headers.iter().collect();
    each.sort_by_key(|(name, _)| name.to_lowercase());
    let each: Map<String, Value> = each.into_iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let metadata = json!({"AllHttpHeaders": all, "HttpHeaders": each, "HttpStatusCode": 200});
    // The result goes in as the text that it is.
    format!(
        r#"{{"ExecutedVersion":"$LATEST","Payload":{result},"SdkHttpMetadata":{metadata},"SdkResponseMetadata":{},"StatusCode":200}}"#,
        json!({"RequestId": request})
    )
}

/// The largest result that a state takes, in bytes.
const LARGEST_RESULT: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use statemachine::definition::Resource;

    use super::*;

    fn functions() -> Registry {
        let mut functions = Registry::default();
        functions.insert("echo", |call: Invocation| async move { Ok(call.payload) }.boxed());
        functions.insert("fail", |_| async { Err(FunctionError::new("Custom", "no luck")) }.boxed());
        functions.insert("large", |_| async { Ok(json!("x".repeat(LARGEST_RESULT))) }.boxed());
        functions
    }

    async fn check(arn: &str, wait: bool, arguments: Value) -> Answer {
        let service = || ResourceKind::Service { service: "lambda".into(), action: "invoke".into() };
        let kind =
            if arn.contains(":lambda:::") || arn.contains("states:::") { service() } else { ResourceKind::Lambda };
        let pattern = if wait { Pattern::WaitForTaskToken } else { Pattern::RequestResponse };
        let call = Call {
            resource: Resource { arn: arn.into(), kind, pattern },
            arguments: arguments.to_string(),
            idempotency_key: "key".into(),
            region: "eu-west-1".into(),
            account: "111111111111".into(),
        };
        invoke(&functions(), call).await
    }

    const INVOKE: &str = "arn:aws:states:::lambda:invoke";

    #[tokio::test]
    async fn a_bare_function_is_not_wrapped() {
        let arn = "arn:aws:lambda:eu-west-1:111111111111:function:echo";
        assert_eq!(check(arn, false, json!({"a": 0.0})).await, Answer::Succeeded(r#"{"a":0.0}"#.into()));
        assert_eq!(check(&format!("{arn}:live"), false, json!(1)).await, Answer::Succeeded("1".into()));
    }

    #[tokio::test]
    async fn lambda_invoke_wraps_the_result() {
        let arguments =
            json!({"FunctionName": "arn:aws:lambda:eu-west-1:111111111111:function:echo", "Payload": {"foo": "foo-1"}});
        let Answer::Succeeded(output) = check(INVOKE, false, arguments).await else { panic!("no success") };
        let output: Value = serde_json::from_str(&output).unwrap();
        assert_eq!(output["Payload"], json!({"foo": "foo-1"}));
        assert_eq!((&output["StatusCode"], &output["ExecutedVersion"]), (&json!(200), &json!("$LATEST")));
        let headers = &output["SdkHttpMetadata"]["HttpHeaders"];
        assert_eq!(headers["Content-Length"], "15");
        assert_eq!(headers["x-amzn-RequestId"], output["SdkResponseMetadata"]["RequestId"]);
        assert_eq!(
            output["SdkHttpMetadata"]["AllHttpHeaders"].as_object().unwrap().len(),
            headers.as_object().unwrap().len()
        );
    }

    #[tokio::test]
    async fn a_task_with_a_token_is_submitted() {
        let answer = check(INVOKE, true, json!({"FunctionName": "echo", "Payload": 1})).await;
        assert!(matches!(answer, Answer::Submitted(_)), "{answer:?}");
    }

    #[tokio::test]
    async fn an_error_carries_its_name_and_a_cause_like_lambda() {
        let cause = r#"{"errorMessage":"no luck","errorType":"Custom"}"#;
        let answer = check(INVOKE, false, json!({"FunctionName": "fail"})).await;
        assert_eq!(answer, Answer::Failed { error: "Custom".into(), cause: cause.into() });
    }

    #[tokio::test]
    async fn an_unknown_function_is_not_found() {
        for (name, arn) in [
            ("nobody", "arn:aws:lambda:eu-west-1:111111111111:function:nobody:$LATEST"),
            (
                "arn:aws:lambda:us-east-1:222222222222:function:nobody:3",
                "arn:aws:lambda:us-east-1:222222222222:function:nobody:3",
            ),
        ] {
            let Answer::Failed { error, cause } = check(INVOKE, false, json!({"FunctionName": name})).await else {
                panic!("no failure")
            };
            assert_eq!(error, "Lambda.ResourceNotFoundException");
            assert!(
                cause.starts_with(&format!("Function not found: {arn} (Service: AWSLambda; Status Code: 404;")),
                "{cause}"
            );
        }
    }

    #[tokio::test]
    async fn a_result_over_256_kib_is_a_data_limit() {
        let Answer::Failed { error, cause } = check(INVOKE, false, json!({"FunctionName": "large"})).await else {
            panic!("no failure")
        };
        assert_eq!(error, "States.DataLimitExceeded");
        assert!(cause.starts_with("The state/task 'lambda' returned a result"), "{cause}");
    }

    #[tokio::test]
    async fn arguments_that_do_not_fit_are_refused() {
        for arguments in [
            json!([]),
            json!({}),
            json!({"FunctionName": 1}),
            json!({"FunctionName": "echo", "InvocationType": "Event"}),
        ] {
            let answer = check(INVOKE, false, arguments.clone()).await;
            assert!(matches!(answer, Answer::Failed { .. }), "{arguments}: {answer:?}");
        }
    }
}
