//! What is refused, in which words.

use super::*;

/// Sends a request to an engine that has machine `m`, and compares the refusal.
async fn check(action: &str, body: Value, code: &str, message: &str) {
    let bench = Bench::new().await;
    bench.create("m", &asking()).await;
    let said = bench.refused(action, body).await;
    assert_eq!((said.0.as_str(), said.1.as_str()), (code, message), "{action}");
}

fn violated(what: &str, constraint: &str) -> String {
    format!("1 validation error detected: {what} failed to satisfy constraint: {constraint}")
}

#[tokio::test]
async fn members_that_are_missing_or_out_of_bounds_are_named() {
    let null = |at: &str| violated(&format!("Value null at '{at}'"), "Member must not be null");
    let longest =
        |what: &str, most: usize| violated(what, &format!("Member must have length less than or equal to {most}"));
    let validation = "ValidationException";
    check("StartExecution", json!({}), validation, &null("stateMachineArn")).await;
    check("SendTaskSuccess", json!({ "taskToken": "t" }), validation, &null("output")).await;
    let long = "x".repeat(262_145);
    let start = json!({ "stateMachineArn": MACHINE, "input": long });
    check("StartExecution", start, validation, &longest("Value at 'input'", 262_144)).await;
    let success = json!({ "taskToken": "t", "output": long });
    check("SendTaskSuccess", success, validation, &longest("Value at 'output'", 262_144)).await;
    let token = "t".repeat(2049);
    let text = longest("Value at 'taskToken'", 2048);
    check("SendTaskHeartbeat", json!({ "taskToken": token }), validation, &text).await;
    let name = "n".repeat(81);
    let new = json!({ "name": name, "definition": quick().to_string(), "roleArn": ROLE });
    check("CreateStateMachine", new, validation, &longest(&format!("Value '{name}' at 'name'"), 80)).await;
    let list = json!({ "stateMachineArn": MACHINE, "statusFilter": "DONE" });
    let set = "Member must satisfy enum value set: [RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED, PENDING_REDRIVE]";
    check("ListExecutions", list, validation, &violated("Value 'DONE' at 'statusFilter'", set)).await;
    let history = json!({ "executionArn": EXECUTION, "maxResults": 1001 });
    let text = violated("Value '1001' at 'maxResults'", "Member must have value less than or equal to 1000");
    check("GetExecutionHistory", history, validation, &text).await;
    let traced = json!({ "stateMachineArn": MACHINE, "traceHeader": "é" });
    let text = violated("Value 'é' at 'traceHeader'", r"Member must satisfy regular expression pattern: \p{ASCII}*");
    check("StartExecution", traced, validation, &text).await;
}

#[tokio::test]
async fn arns_that_lead_nowhere_are_refused() {
    let prefix = "Invalid Arn: 'Invalid ARN prefix: m'";
    for action in [
        "DescribeStateMachine",
        "StartExecution",
        "ListExecutions",
        "UpdateStateMachine",
        "DeleteStateMachine",
        "ListStateMachineVersions",
    ] {
        check(action, json!({ "stateMachineArn": "m" }), "InvalidArn", prefix).await;
    }
    for action in ["DescribeExecution", "StopExecution", "GetExecutionHistory", "DescribeStateMachineForExecution"] {
        check(action, json!({ "executionArn": "m" }), "InvalidArn", prefix).await;
        let kind = "Invalid Arn: 'Resource type not valid in this context: stateMachine'";
        check(action, json!({ "executionArn": MACHINE }), "InvalidArn", kind).await;
        let gone = format!("Execution Does Not Exist: '{EXECUTION}'");
        check(action, json!({ "executionArn": EXECUTION }), "ExecutionDoesNotExist", &gone).await;
    }
    let other = format!("{MACHINE}2");
    let gone = format!("State Machine Does Not Exist: '{other}'");
    for action in ["DescribeStateMachine", "StartExecution", "ListExecutions"] {
        check(action, json!({ "stateMachineArn": other }), "StateMachineDoesNotExist", &gone).await;
    }
    let gone = format!("Resource not found: '{other}'");
    check("ListTagsForResource", json!({ "resourceArn": other }), "ResourceNotFound", &gone).await;
    let new = json!({ "name": "n", "definition": quick().to_string(), "roleArn": "r" });
    check("CreateStateMachine", new, "InvalidArn", "Invalid Arn: 'Invalid ARN prefix: r'").await;
}

#[tokio::test]
async fn the_engines_refusals_keep_their_names() {
    let new =
        |name: &str, definition: Value| json!({ "name": name, "definition": definition.to_string(), "roleArn": ROLE });
    check("CreateStateMachine", new("a b", quick()), "InvalidName", "Invalid Name: 'a b'").await;
    let exists = format!("State Machine Already Exists: '{MACHINE}'");
    check("CreateStateMachine", new("m", quick()), "StateMachineAlreadyExists", &exists).await;
    let definition = "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /'";
    check("CreateStateMachine", new("n", json!({})), "InvalidDefinition", definition).await;
    check("SendTaskHeartbeat", json!({ "taskToken": "t" }), "InvalidToken", "Invalid Token: 'Invalid token'").await;

    let bench = Bench::new().await;
    bench.create("m", &asking()).await;
    let start = |input: &str| json!({ "stateMachineArn": MACHINE, "name": "e", "input": input });
    let (code, message) = bench.refused("StartExecution", start("{")).await;
    assert_eq!(code, "InvalidExecutionInput");
    let marker = r#"(start marker at [Source: (String)"{"; line: 1, column: 1])"#;
    let why = format!("Unexpected end-of-input: expected close marker for Object {marker}");
    let place = r#"[Source: (String)"{"; line: 1, column: 2]"#;
    assert_eq!(message, format!("Invalid State Machine Execution Input: '{why} at {place}'"));
    bench.call("StartExecution", start("{}")).await;
    bench.call("StartExecution", start("{}")).await;
    let (code, message) = bench.refused("StartExecution", start("[]")).await;
    assert_eq!((code, message), ("ExecutionAlreadyExists".into(), format!("Execution Already Exists: '{EXECUTION}'")));
    let (code, _) = bench.refused("UpdateStateMachine", json!({ "stateMachineArn": MACHINE })).await;
    assert_eq!(code, "MissingRequiredParameter");
}

#[tokio::test]
async fn every_action_of_the_service_is_here() {
    let bench = Bench::new().await;
    for action in ACTIONS {
        let reply = bench.ask(action, json!({ "definition": quick().to_string() })).await;
        assert_ne!(reply.body["__type"], "UnknownOperationException", "{action}");
        assert!(reply.status < 500, "{action}: {}", reply.body);
    }
    check("Fly", json!({}), "UnknownOperationException", "Step Functions has no action `Fly`").await;
}

#[tokio::test]
async fn combinations_that_contradict_are_refused() {
    let one = "Must specify exactly one of the following: State machine ARN, Map Run ARN";
    check("ListExecutions", json!({}), "ValidationException", one).await;
    check("ListExecutions", json!({ "stateMachineArn": MACHINE, "mapRunArn": "r" }), "ValidationException", one).await;
    for more in [json!({ "statusFilter": "PENDING_REDRIVE" }), json!({ "redriveFilter": "REDRIVEN" })] {
        let mut list = json!({ "stateMachineArn": MACHINE });
        list.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(Bench::new().await.refused("ListExecutions", list).await.0, "ValidationException");
    }
    let change = json!({ "stateMachineArn": MACHINE, "roleArn": ROLE, "versionDescription": "v" });
    let text = "Version description can only be set when publish is true";
    check("UpdateStateMachine", change, "ValidationException", text).await;
    let new = json!({ "name": "n", "definition": quick().to_string(), "roleArn": ROLE, "versionDescription": "v" });
    check("CreateStateMachine", new, "ValidationException", text).await;
}

#[tokio::test]
async fn an_altered_or_foreign_paging_token_is_invalid() {
    let bench = Bench::new().await;
    bench.create("m", &quick()).await;
    bench.start(MACHINE, "e").await;
    bench.start(MACHINE, "f").await;
    let page = |execution: &str, token: &str| json!({ "executionArn": execution, "maxResults": 1, "nextToken": token });
    let first = bench.call("GetExecutionHistory", json!({ "executionArn": EXECUTION, "maxResults": 1 })).await;
    let token = first["nextToken"].as_str().unwrap();
    bench.call("GetExecutionHistory", page(EXECUTION, token)).await;
    let other = EXECUTION.replace(":m:e", ":m:f");
    let reversed = json!({ "executionArn": EXECUTION, "reverseOrder": true, "nextToken": token });
    for body in [page(&other, token), page(EXECUTION, &token.replace('A', "B")), page(EXECUTION, "?"), reversed] {
        assert_eq!(bench.refused("GetExecutionHistory", body).await.0, "InvalidToken");
    }
    assert_eq!(bench.refused("ListStateMachines", json!({ "nextToken": token })).await.0, "InvalidToken");
    let versions = json!({ "stateMachineArn": MACHINE, "nextToken": token });
    assert_eq!(bench.refused("ListStateMachineVersions", versions).await.0, "InvalidToken");
}

#[tokio::test]
async fn bodies_that_are_not_requests_are_refused() {
    let bench = Bench::new().await;
    for body in ["{", "[]", "5", "\u{0}", r#"{"maxResults": "5"}"#] {
        let reply = bench.send(request("ListStateMachines", body)).await;
        assert_eq!((reply.status, &reply.body["__type"]), (400, &json!("SerializationException")), "{body}");
    }
    let reply = bench.send(request("ListStateMachines", " ".repeat(wire::LARGEST_REQUEST + 1))).await;
    assert_eq!((reply.status, &reply.body["__type"]), (413, &json!("RequestEntityTooLargeException")));
}

#[tokio::test]
async fn a_page_of_another_site_gets_nothing() {
    let bench = Bench::new().await;
    for (name, value) in [("host", "evil.example"), ("origin", "http://evil.example"), ("origin", "null")] {
        let mut forged = request("ListStateMachines", "{}");
        forged.headers_mut().insert(name, value.parse().unwrap());
        let reply = bench.send(forged).await;
        assert_eq!((reply.status, &reply.body["__type"]), (403, &json!("AccessDeniedException")), "{name}: {value}");
    }
}

#[tokio::test]
async fn with_credentials_every_request_must_be_signed() {
    let credentials = Some(Credentials::new("AKIDEXAMPLE", "secret"));
    let bench = Bench::with(ApiConfig { credentials, ..ApiConfig::default() }).await;
    let reply = bench.ask("ListStateMachines", json!({})).await;
    assert_eq!((reply.status, &reply.body["__type"]), (403, &json!("MissingAuthenticationTokenException")));
}

#[tokio::test]
async fn a_panic_tells_the_caller_nothing() {
    let outcome = unbroken(async { panic!("at {}", "/secret") }).await;
    let response = wire::respond("id", outcome);
    assert_eq!(response.status(), 500);
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert!(!String::from_utf8_lossy(&body).contains("secret"));
}

/// The actions that the service's model names.
pub(super) const ACTIONS: [&str; 37] = [
    "CreateActivity",
    "CreateStateMachine",
    "CreateStateMachineAlias",
    "DeleteActivity",
    "DeleteStateMachine",
    "DeleteStateMachineAlias",
    "DeleteStateMachineVersion",
    "DescribeActivity",
    "DescribeExecution",
    "DescribeMapRun",
    "DescribeStateMachine",
    "DescribeStateMachineAlias",
    "DescribeStateMachineForExecution",
    "GetActivityTask",
    "GetExecutionHistory",
    "ListActivities",
    "ListExecutions",
    "ListMapRuns",
    "ListStateMachineAliases",
    "ListStateMachineVersions",
    "ListStateMachines",
    "ListTagsForResource",
    "PublishStateMachineVersion",
    "RedriveExecution",
    "SendTaskFailure",
    "SendTaskHeartbeat",
    "SendTaskSuccess",
    "StartExecution",
    "StartSyncExecution",
    "StopExecution",
    "TagResource",
    "TestState",
    "UntagResource",
    "UpdateMapRun",
    "UpdateStateMachine",
    "UpdateStateMachineAlias",
    "ValidateStateMachineDefinition",
];
