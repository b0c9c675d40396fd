//! Functions: of this process, of local workers, of Lambda.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use super::*;

const INVOKE: &str = "lambda:invoke";
const ECHO: &str = "arn:aws:lambda:eu-west-1:111111111111:function:echo";

async fn check(resource: &str, arguments: Value) -> Answer {
    alone(&functions(None), call(resource, &arguments)).await
}

#[tokio::test]
async fn a_bare_function_is_not_wrapped() {
    assert_eq!(check(ECHO, json!({"a": 0.0})).await, Answer::Succeeded(r#"{"a":0.0}"#.into()));
    assert_eq!(check(&format!("{ECHO}:live"), json!(1)).await, Answer::Succeeded("1".into()));
    assert_eq!(check(ECHO, json!("1")).await, Answer::Succeeded("\"1\"".into()), "a string stays one");
}

#[tokio::test]
async fn lambda_invoke_wraps_the_result() {
    let output = succeeded(check(INVOKE, json!({"FunctionName": ECHO, "Payload": {"foo": "foo-1"}})).await);
    assert_eq!(output["Payload"], json!({"foo": "foo-1"}));
    assert_eq!((&output["StatusCode"], &output["ExecutedVersion"]), (&json!(200), &json!("$LATEST")));
    let headers = &output["SdkHttpMetadata"]["HttpHeaders"];
    assert_eq!(headers["Content-Length"], "15");
    assert_eq!(headers["x-amzn-RequestId"], output["SdkResponseMetadata"]["RequestId"]);
    let all = output["SdkHttpMetadata"]["AllHttpHeaders"].as_object().unwrap();
    assert_eq!(all.len(), headers.as_object().unwrap().len());
}

#[tokio::test]
async fn the_end_of_the_log_is_there_when_it_is_asked_for() {
    let output = succeeded(check(INVOKE, json!({"FunctionName": ECHO, "LogType": "Tail"})).await);
    let log = String::from_utf8(BASE64.decode(output["LogResult"].as_str().unwrap()).unwrap()).unwrap();
    let id = output["SdkResponseMetadata"]["RequestId"].as_str().unwrap();
    assert!(log.starts_with(&format!("START RequestId: {id} Version: $LATEST\nEND RequestId: {id}\n")), "{log}");
    assert_eq!(output["SdkHttpMetadata"]["HttpHeaders"]["X-Amz-Log-Result"], output["LogResult"]);
}

#[tokio::test]
async fn an_error_without_a_name_is_unknown() {
    let payload = r#"{"errorMessage":"Process exited before completing request"}"#;
    let told = (200, vec![("x-amz-function-error", "Unhandled".to_owned())], payload.into());
    let (answer, _) = perform_against(vec![told], INVOKE, json!({"FunctionName": "elsewhere"})).await;
    let cause = format!(
        "The cause could not be determined because Lambda did not return an error type. Returned payload: {payload}"
    );
    assert_eq!(failed(answer), ("Lambda.Unknown".to_owned(), cause));
}

#[tokio::test]
async fn a_payload_that_is_the_text_of_json_is_that_json() {
    for (payload, expect) in [
        (json!("0.0"), "0.0"),
        (json!("\"HelloWorld\""), "\"HelloWorld\""),
        (json!("[]"), "[]"),
        (json!("no json"), "\"no json\""),
        (json!(true), "true"),
        (Value::Null, "{}"),
    ] {
        let answer = check(INVOKE, json!({"FunctionName": "echo", "Payload": payload})).await;
        let Answer::Succeeded(output) = answer else { panic!("{answer:?}") };
        assert!(output.contains(&format!(r#""Payload":{expect},"#)), "{payload}: {output}");
    }
    assert_eq!(succeeded(check(INVOKE, json!({"FunctionName": "echo"})).await)["Payload"], json!({}));
}

#[tokio::test]
async fn a_task_with_a_token_is_submitted() {
    let answer = check("lambda:invoke.waitForTaskToken", json!({"FunctionName": "echo", "Payload": 1})).await;
    assert!(matches!(answer, Answer::Submitted(_)), "{answer:?}");
}

#[tokio::test]
async fn an_error_carries_its_name_and_a_cause_like_lambda() {
    let cause = r#"{"errorMessage":"no luck","errorType":"Custom"}"#;
    let expect = || Answer::Failed { error: "Custom".into(), cause: cause.into() };
    assert_eq!(check(INVOKE, json!({"FunctionName": "fail"})).await, expect());
    assert_eq!(check(&ECHO.replace("echo", "fail"), json!({})).await, expect());
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
        let (error, cause) = failed(check(INVOKE, json!({"FunctionName": name})).await);
        assert_eq!(error, "Lambda.ResourceNotFoundException");
        let expect = format!(
            "Function not found: {arn} (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: "
        );
        assert!(cause.starts_with(&expect), "{cause}");
    }
}

#[tokio::test]
async fn a_result_over_256_kib_is_a_data_limit() {
    let (error, cause) = failed(check(INVOKE, json!({"FunctionName": "large"})).await);
    assert_eq!(error, "States.DataLimitExceeded");
    assert!(cause.starts_with("The state/task 'lambda' returned a result"), "{cause}");
    let (_, cause) = failed(check(&ECHO.replace("echo", "large"), json!({})).await);
    assert!(cause.contains(":function:large' returned"), "{cause}");
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_refused() {
    for arguments in
        [json!([]), json!({}), json!({"FunctionName": 1}), json!({"FunctionName": "echo", "InvocationType": "Event"})]
    {
        let answer = check(INVOKE, arguments.clone()).await;
        assert!(matches!(answer, Answer::Failed { .. }), "{arguments}: {answer:?}");
    }
}

#[tokio::test]
async fn a_function_that_is_not_here_is_called_at_lambda() {
    let headers = vec![
        ("x-amz-executed-version", "3".to_owned()),
        ("x-amz-log-result", "bG9n".to_owned()),
        ("x-amzn-requestid", "R".to_owned()),
    ];
    let arguments = json!({"FunctionName": "there:live", "Payload": {"a": 1}, "LogType": "Tail", "Qualifier": "q"});
    let (answer, seen) = perform_against(vec![(200, headers, b"{\"x\":1.0}".to_vec())], INVOKE, arguments).await;
    let Answer::Succeeded(output) = &answer else { panic!("{answer:?}") };
    assert!(
        output.starts_with(r#"{"ExecutedVersion":"3","LogResult":"bG9n","Payload":{"x":1.0},"SdkHttpMetadata":{"#),
        "{output}"
    );
    assert_eq!(succeeded(answer)["SdkHttpMetadata"]["HttpHeaders"]["X-Amz-Log-Result"], "bG9n");
    assert_eq!(
        (seen[0].path.as_str(), seen[0].text()),
        ("/2015-03-31/functions/there%3Alive/invocations?Qualifier=q", r#"{"a":1}"#)
    );
    assert_eq!((seen[0].header("x-amz-log-type"), seen[0].signed_for().0.as_str()), ("Tail", "lambda"));
}

#[tokio::test]
async fn a_function_that_fails_at_lambda_fails_with_its_error() {
    let payload = r#"{"errorMessage":"m","errorType":"Exception","requestId":"i","stackTrace":[]}"#;
    for resource in [INVOKE, "arn:aws:lambda:eu-west-1:111111111111:function:there"] {
        let headers = vec![("x-amz-function-error", "Unhandled".to_owned())];
        let arguments = json!({"FunctionName": "there"});
        let (answer, _) = perform_against(vec![(200, headers, payload.into())], resource, arguments).await;
        assert_eq!(failed(answer), ("Exception".to_owned(), payload.to_owned()), "{resource}");
    }
    let body = r#"{"Type":"User","Message":"Function not found: arn"}"#;
    let headers =
        vec![("x-amzn-errortype", "ResourceNotFoundException".to_owned()), ("x-amzn-requestid", "R".to_owned())];
    let (answer, _) =
        perform_against(vec![(404, headers, body.into())], INVOKE, json!({"FunctionName": "there"})).await;
    let cause = "Function not found: arn (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: R; Proxy: null)";
    assert_eq!(failed(answer), ("Lambda.ResourceNotFoundException".to_owned(), cause.to_owned()));
}

#[tokio::test]
async fn the_sdk_shows_a_payload_as_text_and_an_error_as_a_member() {
    let headers = vec![("x-amz-function-error", "Unhandled".to_owned())];
    let told = vec![(200, headers, br#"{"errorType":"E"}"#.to_vec())];
    let (answer, _) = perform_against(told, "aws-sdk:lambda:invoke", json!({"FunctionName": "there"})).await;
    let expect = json!({"ExecutedVersion": "$LATEST", "FunctionError": "Unhandled", "Payload": r#"{"errorType":"E"}"#, "StatusCode": 200});
    assert_eq!(succeeded(answer), expect);
}

#[tokio::test]
async fn a_local_worker_comes_before_lambda() {
    let workers = runtime_api::Workers::default();
    let mut functions = Registry::default();
    functions.reach(Services::new(None, workers.clone()));
    let call = || call(INVOKE, &json!({"FunctionName": "there", "Payload": 1}));
    assert_eq!(failed(alone(&functions, call()).await).0, "Lambda.ResourceNotFoundException");
    workers.declare("there");
    let answer = alone(&functions, call());
    tokio::pin!(answer);
    assert!(futures::poll!(&mut answer).is_pending(), "it waits for a worker");
}
