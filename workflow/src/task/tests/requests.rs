//! Services over HTTP.

use super::*;

const ID: &str = "11111111-2222-3333-4444-555555555555";

/// A success: the body that is sent, and the result without its metadata.
async fn check(resource: &str, arguments: Value, told: &str, target: &str, sent: Value, shown: Value) {
    let (answer, seen) = perform_against(vec![json_answer(200, told)], resource, arguments).await;
    let mut output = succeeded(answer);
    assert_eq!(seen[0].header("x-amz-target"), target);
    assert_eq!(serde_json::from_str::<Value>(seen[0].text()).unwrap(), sent, "{resource}: sent");
    if !resource.starts_with("aws-sdk:") {
        assert_eq!(output["SdkResponseMetadata"]["RequestId"], ID);
        assert_eq!(output["SdkHttpMetadata"]["HttpStatusCode"], 200);
        assert_eq!(output["SdkHttpMetadata"]["HttpHeaders"]["x-amzn-RequestId"], ID);
        let members = output.as_object_mut().unwrap();
        members.remove("SdkResponseMetadata");
        members.remove("SdkHttpMetadata");
    }
    assert_eq!(output, shown, "{resource}: shown");
}

#[tokio::test]
async fn a_message_is_sent() {
    check(
        "sqs:sendMessage",
        json!({"QueueUrl": "q", "MessageBody": {"Context": {"a": 1}}, "DelaySeconds": null}),
        r#"{"MessageId":"m","MD5OfMessageBody":"5"}"#,
        "AmazonSQS.SendMessage",
        json!({"QueueUrl": "q", "MessageBody": r#"{"Context":{"a":1}}"#}),
        json!({"MD5OfMessageBody": "5", "MessageId": "m"}),
    )
    .await;
    check(
        "aws-sdk:sqs:sendMessage",
        json!({"QueueUrl": "q", "MessageBody": "b"}),
        r#"{"MessageId":"m","MD5OfMessageBody":"5"}"#,
        "AmazonSQS.SendMessage",
        json!({"QueueUrl": "q", "MessageBody": "b"}),
        json!({"Md5OfMessageBody": "5", "MessageId": "m"}),
    )
    .await;
}

#[tokio::test]
async fn an_item_is_put_and_read() {
    let item = json!({"id": {"S": "1"}, "n": {"N": 7}, "KMSKey": {"M": {"x": {"BOOL": true}}}});
    check(
        "dynamodb:putItem",
        json!({"TableName": "t", "Item": item}),
        "{}",
        "DynamoDB_20120810.PutItem",
        json!({"TableName": "t", "Item": {"id": {"S": "1"}, "n": {"N": "7"}, "KMSKey": {"M": {"x": {"BOOL": true}}}}}),
        json!({}),
    )
    .await;
    check(
        "aws-sdk:dynamodb:getItem",
        json!({"TableName": "t", "Key": {"id": {"S": "1"}}}),
        r#"{"Item":{"id":{"S":"1"},"KMSKey":{"BOOL":true},"z":{"NULL":true}}}"#,
        "DynamoDB_20120810.GetItem",
        json!({"TableName": "t", "Key": {"id": {"S": "1"}}}),
        json!({"Item": {"id": {"S": "1"}, "KMSKey": {"Bool": true}, "z": {"Nul": true}}}),
    )
    .await;
}

#[tokio::test]
async fn events_name_their_execution() {
    let resources = json!([
        "r",
        "arn:aws:states:eu-west-1:111111111111:execution:m:e",
        "arn:aws:states:eu-west-1:111111111111:stateMachine:m"
    ]);
    check(
        "events:putEvents",
        json!({"Entries": [{"Detail": {"a": 1}, "DetailType": "t", "Source": "s", "Resources": ["r"], "Time": "2026-01-02T03:04:05Z"}]}),
        r#"{"FailedEntryCount":0,"Entries":[{"EventId":"e"}]}"#,
        "AWSEvents.PutEvents",
        json!({"Entries": [{"Detail": r#"{"a":1}"#, "DetailType": "t", "Source": "s", "Resources": resources, "Time": 1_767_323_045}]}),
        json!({"Entries": [{"EventId": "e"}], "FailedEntryCount": 0}),
    )
    .await;
}

#[tokio::test]
async fn an_event_that_is_not_taken_fails_the_task() {
    let told =
        r#"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"MalformedDetail","ErrorMessage":"Detail is malformed."}]}"#;
    let entries = json!({"Entries": [{"Detail": "\"x\"", "DetailType": "t", "Source": "s"}]});
    let (answer, _) = perform_against(vec![json_answer(200, told)], "events:putEvents", entries).await;
    let cause =
        r#"{"Entries":[{"ErrorCode":"MalformedDetail","ErrorMessage":"Detail is malformed."}],"FailedEntryCount":1}"#;
    assert_eq!(failed(answer), ("EventBridge.FailedEntry".to_owned(), cause.to_owned()));
}

#[tokio::test]
async fn a_notification_is_published() {
    let told = format!(
        "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>m</MessageId></PublishResult><ResponseMetadata><RequestId>{ID}</RequestId></ResponseMetadata></PublishResponse>"
    );
    let headers = vec![("x-amzn-requestid", ID.to_owned()), ("content-type", "text/xml".to_owned())];
    let arguments = json!({
        "TopicArn": "arn", "Message": {"m": "a b"},
        "MessageAttributes": {"k": {"DataType": "String", "StringValue": "v"}}
    });
    let (answer, seen) = perform_against(vec![(200, headers, told.into_bytes())], "sns:publish", arguments).await;
    let output = succeeded(answer);
    assert_eq!((&output["MessageId"], &output["SdkResponseMetadata"]["RequestId"]), (&json!("m"), &json!(ID)));
    assert_eq!(output["SdkHttpMetadata"]["HttpHeaders"]["Content-Type"], "text/xml");
    assert_eq!(
        seen[0].text(),
        "Action=Publish&Version=2010-03-31&TopicArn=arn&Message=%7B%22m%22%3A%22a%20b%22%7D&MessageAttributes.entry.1.Name=k&MessageAttributes.entry.1.Value.DataType=String&MessageAttributes.entry.1.Value.StringValue=v"
    );
}

#[tokio::test]
async fn an_sdk_integration_spells_for_the_wire() {
    check(
        "aws-sdk:secretsmanager:getSecretValue",
        json!({"SecretId": "s"}),
        r#"{"ARN":"a","CreatedDate":1767323045.5,"SecretString":"x","VersionStages":["AWSCURRENT"]}"#,
        "secretsmanager.GetSecretValue",
        json!({"SecretId": "s"}),
        json!({"Arn": "a", "CreatedDate": "2026-01-02T03:04:05.500Z", "SecretString": "x", "VersionStages": ["AWSCURRENT"]}),
    )
    .await;
    check(
        "aws-sdk:cloudwatchlogs:describeLogGroups",
        json!({"LogGroupNamePrefix": "p"}),
        r#"{"logGroups":[{"logGroupName":"p1","creationTime":5}]}"#,
        "Logs_20140328.DescribeLogGroups",
        json!({"logGroupNamePrefix": "p"}),
        json!({"LogGroups": [{"CreationTime": 5, "LogGroupName": "p1"}]}),
    )
    .await;
}

#[tokio::test]
async fn an_exception_fails_the_task_in_the_words_of_the_integration() {
    let told = || {
        let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"Requested resource not found"}"#;
        vec![json_answer(400, body)]
    };
    let arguments = json!({"TableName": "t", "Item": {}});
    let (answer, _) = perform_against(told(), "dynamodb:putItem", arguments.clone()).await;
    let cause = format!(
        "Requested resource not found (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ResourceNotFoundException; Request ID: {ID}; Proxy: null)"
    );
    assert_eq!(failed(answer), ("DynamoDB.ResourceNotFoundException".to_owned(), cause));
    let (answer, _) = perform_against(told(), "aws-sdk:dynamodb:putItem", arguments).await;
    let cause = format!("Requested resource not found (Service: DynamoDb, Status Code: 400, Request ID: {ID})");
    assert_eq!(failed(answer), ("DynamoDb.ResourceNotFoundException".to_owned(), cause));
}

#[tokio::test]
async fn a_missing_object_is_no_such_key() {
    let told = (
        404,
        vec![("x-amz-request-id", "R".to_owned()), ("x-amz-id-2", "X".to_owned())],
        b"<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>".to_vec(),
    );
    let (answer, seen) =
        perform_against(vec![told], "aws-sdk:s3:getObject", json!({"Bucket": "bucket", "Key": "a b"})).await;
    let cause =
        "The specified key does not exist. (Service: S3, Status Code: 404, Request ID: R, Extended Request ID: X)";
    assert_eq!(failed(answer), ("S3.NoSuchKeyException".to_owned(), cause.to_owned()));
    assert_eq!((seen[0].method.as_str(), seen[0].path.as_str()), ("GET", "/bucket/a%20b"));
}

#[tokio::test]
async fn a_model_is_asked() {
    let told = json_answer(200, r#"{"content":"hi"}"#);
    let arguments = json!({"ModelId": "anthropic.x:0", "Body": {"max_tokens": 1}});
    let (answer, seen) = perform_against(vec![told], "bedrock:invokeModel", arguments).await;
    assert_eq!(succeeded(answer)["Body"], json!({"content": "hi"}));
    assert_eq!((seen[0].path.as_str(), seen[0].text()), ("/model/anthropic.x%3A0/invoke", r#"{"max_tokens":1}"#));
    assert_eq!(seen[0].signed_for().0, "bedrock");
}

#[tokio::test]
async fn a_container_is_run_and_waited_for() {
    let run = r#"{"failures":[],"tasks":[{"taskArn":"a","lastStatus":"PROVISIONING","createdAt":1767323045.5}]}"#;
    let stopped = |code: i32| {
        format!(
            r#"{{"failures":[],"tasks":[{{"taskArn":"a","lastStatus":"STOPPED","containers":[{{"exitCode":{code}}}]}}]}}"#
        )
    };
    for (code, expect) in [(0, true), (1, false)] {
        let (double, client) = Double::serve(vec![json_answer(200, run), json_answer(200, &stopped(code))]).await;
        let told = Mutex::new(Vec::new());
        let submitted = |output: String| -> BoxFuture<'_, ()> {
            told.lock().unwrap().push(output);
            Box::pin(async {})
        };
        let arguments = json!({"TaskDefinition": "d", "Cluster": "c", "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["s"]}}});
        let call = call("ecs:runTask.sync", &arguments);
        let answer = perform_with(&functions(Some(client)), call, &circumstances(), &submitted).await;
        let told: Value = serde_json::from_str(&told.lock().unwrap()[0]).unwrap();
        assert_eq!(told["Tasks"][0]["CreatedAt"], 1_767_323_045_500_i64);
        let seen = double.seen.lock().unwrap().clone();
        let sent: Value = serde_json::from_str(seen[0].text()).unwrap();
        assert_eq!(sent["networkConfiguration"]["awsvpcConfiguration"]["subnets"], json!(["s"]));
        assert_eq!(sent["startedBy"], "AWS Step Functions");
        assert_eq!(serde_json::from_str::<Value>(seen[1].text()).unwrap(), json!({"tasks": ["a"], "cluster": "c"}));
        let text = match answer {
            Answer::Succeeded(text) if expect => text,
            Answer::Failed { error, cause } if !expect && error == "States.TaskFailed" => cause,
            other => panic!("{other:?}"),
        };
        let shown: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(shown, json!({"Containers": [{"ExitCode": code}], "LastStatus": "STOPPED", "TaskArn": "a"}));
    }
}

#[tokio::test]
async fn a_container_that_cannot_be_placed_fails_only_who_waits_for_it() {
    let told = r#"{"failures":[{"arn":"a","reason":"RESOURCE:CPU"}],"tasks":[]}"#;
    let run = |resource| perform_against(vec![json_answer(200, told)], resource, json!({"TaskDefinition": "d"}));
    let shown = succeeded(run("ecs:runTask").await.0);
    assert_eq!(shown["Failures"], json!([{"Arn": "a", "Reason": "RESOURCE:CPU"}]));
    for resource in ["ecs:runTask.sync", "ecs:runTask.waitForTaskToken"] {
        let (error, cause) = failed(run(resource).await.0);
        assert_eq!(
            (error.as_str(), cause.contains("RESOURCE:CPU")),
            ("AmazonECS.Unknown", true),
            "{resource}: {cause}"
        );
    }
}

#[tokio::test]
async fn a_container_is_stopped_when_nobody_waits_for_it() {
    let task = r#"{"failures":[],"tasks":[{"taskArn":"a","lastStatus":"RUNNING"}]}"#;
    let answers = vec![json_answer(200, task), json_answer(200, task), json_answer(200, "{}")];
    let (double, client) = Double::serve(answers).await;
    let circumstances = circumstances();
    circumstances.given_up.give_up();
    let call = call("ecs:runTask.sync", &json!({"TaskDefinition": "d", "Cluster": "c"}));
    perform_with(&functions(Some(client)), call, &circumstances, &|_| Box::pin(async {})).await;
    let seen = double.seen.lock().unwrap().clone();
    let last = seen.last().unwrap();
    assert_eq!(last.header("x-amz-target"), "AmazonEC2ContainerServiceV20141113.StopTask");
    let sent: Value = serde_json::from_str(last.text()).unwrap();
    assert_eq!((&sent["task"], &sent["cluster"]), (&json!("a"), &json!("c")));
}

#[tokio::test]
async fn a_model_reads_from_an_object_and_answers_into_one() {
    let answers = vec![(200, Vec::new(), b"{\"n\":1}".to_vec()), json_answer(200, "{}"), (200, Vec::new(), Vec::new())];
    let arguments =
        json!({"ModelId": "m", "Input": {"S3Uri": "s3://bucket/in.json"}, "Output": {"S3Uri": "s3://bucket/a/out"}});
    let (answer, seen) = perform_against(answers, "bedrock:invokeModel", arguments).await;
    assert_eq!(succeeded(answer)["Body"], "s3://bucket/a/out");
    let requests: Vec<(&str, &str)> = seen.iter().map(|seen| (seen.path.as_str(), seen.text())).collect();
    assert_eq!(requests, [("/bucket/in.json", ""), ("/model/m/invoke", r#"{"n":1}"#), ("/bucket/a/out", "{}")]);
}

#[tokio::test]
async fn a_role_is_assumed_once_and_signs() {
    let told = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY</SecretAccessKey><SessionToken>T</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
    let answers = vec![(200, Vec::new(), told.into()), json_answer(200, "{}"), json_answer(200, "{}")];
    let (double, client) = Double::serve(answers).await;
    let functions = functions(Some(client));
    let credentials = Some(r#"{"RoleArn":"arn:aws:iam::222222222222:role/r"}"#.to_owned());
    let circumstances = Circumstances { credentials, ..circumstances() };
    for _ in 0..2 {
        let call = call("dynamodb:getItem", &json!({"TableName": "t", "Key": {}}));
        let answer = perform_with(&functions, call, &circumstances, &|_| Box::pin(async {})).await;
        assert!(matches!(answer, Answer::Succeeded(_)), "{answer:?}");
    }
    let seen = double.seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 3, "one AssumeRole, two calls");
    assert!(seen[0].text().contains("Action=AssumeRole") && seen[0].text().contains("role%2Fr"));
    for seen in &seen[1..] {
        assert_eq!(seen.header("x-amz-security-token"), "T");
        assert!(seen.header("authorization").contains("Credential=ASIA/"));
        seen.signed_for();
    }
}

#[tokio::test]
async fn a_task_with_a_token_is_submitted() {
    let (answer, _) = perform_against(
        vec![json_answer(200, r#"{"MessageId":"m"}"#)],
        "sqs:sendMessage.waitForTaskToken",
        json!({"QueueUrl": "q", "MessageBody": "b"}),
    )
    .await;
    assert!(matches!(answer, Answer::Submitted(_)), "{answer:?}");
}

#[tokio::test]
async fn a_large_result_is_a_data_limit() {
    let told = json!({"SecretString": "x".repeat(LARGEST_RESULT)}).to_string();
    let (answer, _) = perform_against(
        vec![json_answer(200, &told)],
        "aws-sdk:secretsmanager:getSecretValue",
        json!({"SecretId": "s"}),
    )
    .await;
    let (error, cause) = failed(answer);
    assert_eq!(error, "States.DataLimitExceeded");
    assert!(cause.starts_with("The state/task 'secretsmanager' returned a result"), "{cause}");
}

#[tokio::test]
async fn what_cannot_be_called_says_so() {
    for (resource, arguments, expect) in [
        ("glue:startJobRun", json!({}), "States.TaskFailed"),
        ("aws-sdk:ec2:describeInstances", json!({}), "States.TaskFailed"),
        ("aws-sdk:s3:putBucketAcl", json!({"Bucket": "bucket"}), "States.TaskFailed"),
        ("dynamodb:putItem.sync", json!({}), "States.TaskFailed"),
        ("sqs:sendMessage", json!({"QueueUrl": "q", "Nope": 1}), "States.Runtime"),
        ("aws-sdk:dynamodb:getItem", json!({"tableName": "t"}), "States.Runtime"),
        ("sqs:sendMessage", json!([]), "States.Runtime"),
    ] {
        let (answer, seen) = perform_against(Vec::new(), resource, arguments).await;
        let (error, cause) = failed(answer);
        assert_eq!((error.as_str(), seen.len()), (expect, 0), "{resource}: {cause}");
    }
}

#[tokio::test]
async fn without_credentials_or_an_emulator_a_task_fails_and_says_what_to_set() {
    let call = call("sqs:sendMessage", &json!({"QueueUrl": "q", "MessageBody": "b"}));
    let (error, cause) = failed(alone(&functions(None), call).await);
    assert_eq!(error, "States.TaskFailed");
    assert!(cause.contains("AWS_ENDPOINT_URL"), "{cause}");
}

#[test]
fn what_is_supported_is_known_beforehand() {
    for (resource, expect) in [
        ("arn:aws:lambda:eu-west-1:111111111111:function:f", true),
        ("lambda:invoke.waitForTaskToken", true),
        ("ecs:runTask.sync", true),
        ("states:startExecution.sync:2", true),
        ("aws-sdk:dynamodb:query", true),
        ("aws-sdk:s3:getObject", true),
        ("aws-sdk:s3:putBucketAcl", false),
        ("aws-sdk:lambda:invoke", true),
        ("aws-sdk:ec2:describeInstances", false),
        ("sqs:sendMessage.sync", false),
        ("batch:submitJob", false),
    ] {
        assert_eq!(supported(&resource_of(resource)), expect, "{resource}");
    }
}
