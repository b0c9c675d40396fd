//! The actions of versions and aliases.

use super::*;

fn version(number: u64) -> String {
    format!("{MACHINE}:{number}")
}

fn route(number: u64, weight: i64) -> Value {
    json!({ "stateMachineVersionArn": version(number), "weight": weight })
}

/// An engine with machine `m`, published twice.
async fn published() -> Bench {
    let bench = Bench::new().await;
    let new = json!({
        "name": "m", "definition": quick().to_string(), "roleArn": ROLE, "publish": true, "versionDescription": "first"
    });
    let created = bench.call("CreateStateMachine", new.clone()).await;
    assert_eq!(created["stateMachineVersionArn"], version(1));
    assert_eq!(bench.call("CreateStateMachine", new).await, created);
    bench.clock.advance(1000);
    let change = json!({ "stateMachineArn": MACHINE, "definition": asking().to_string(), "publish": true });
    assert_eq!(bench.call("UpdateStateMachine", change).await["stateMachineVersionArn"], version(2));
    bench
}

#[tokio::test]
async fn versions_are_published_described_listed_and_deleted() {
    let bench = published().await;
    let first = bench.call("DescribeStateMachine", json!({ "stateMachineArn": version(1) })).await;
    assert_eq!(
        (
            &first["stateMachineArn"],
            &first["name"],
            &first["definition"],
            &first["description"],
            first.get("revisionId")
        ),
        (&json!(version(1)), &json!("m"), &json!(quick().to_string()), &json!("first"), None)
    );
    let listed = bench.call("ListStateMachineVersions", json!({ "stateMachineArn": MACHINE })).await;
    let item = |number, date: f64| json!({ "stateMachineVersionArn": version(number), "creationDate": date });
    assert_eq!(listed, json!({ "stateMachineVersions": [item(2, 1_767_355_201.5), item(1, 1_767_355_200.5)] }));
    let page = bench.call("ListStateMachineVersions", json!({ "stateMachineArn": MACHINE, "maxResults": 1 })).await;
    let rest = json!({ "stateMachineArn": MACHINE, "nextToken": page["nextToken"] });
    let rest = bench.call("ListStateMachineVersions", rest).await;
    assert_eq!(rest, json!({ "stateMachineVersions": [item(1, 1_767_355_200.5)] }));

    let again = bench.call("PublishStateMachineVersion", json!({ "stateMachineArn": MACHINE })).await;
    assert_eq!(again, json!({ "stateMachineVersionArn": version(2), "creationDate": 1_767_355_201.5 }));
    assert_eq!(
        bench.call("DeleteStateMachineVersion", json!({ "stateMachineVersionArn": version(1) })).await,
        json!({})
    );
    let gone = format!("State Machine Does Not Exist: '{}'", version(1));
    let refused = bench.refused("StartExecution", json!({ "stateMachineArn": version(1) })).await;
    assert_eq!(refused, ("StateMachineDoesNotExist".into(), gone));
}

#[tokio::test]
async fn an_alias_is_created_updated_listed_and_deleted() {
    let bench = published().await;
    let alias = format!("{MACHINE}:LIVE");
    let new = json!({ "name": "LIVE", "description": "what runs", "routingConfiguration": [route(1, 100)] });
    let created = bench.call("CreateStateMachineAlias", new.clone()).await;
    assert_eq!(created, json!({ "stateMachineAliasArn": alias, "creationDate": 1_767_355_201.5 }));
    assert_eq!(bench.call("CreateStateMachineAlias", new).await, created);
    bench.clock.advance(1000);
    let change = json!({ "stateMachineAliasArn": alias, "routingConfiguration": [route(1, 20), route(2, 80)] });
    assert_eq!(bench.call("UpdateStateMachineAlias", change).await, json!({ "updateDate": 1_767_355_202.5 }));
    let arn = json!({ "stateMachineAliasArn": alias });
    let described = json!({
        "stateMachineAliasArn": alias, "name": "LIVE", "description": "what runs",
        "routingConfiguration": [route(1, 20), route(2, 80)],
        "creationDate": 1_767_355_201.5, "updateDate": 1_767_355_202.5
    });
    assert_eq!(bench.call("DescribeStateMachineAlias", arn.clone()).await, described);
    let item = json!({ "stateMachineAliasArn": alias, "creationDate": 1_767_355_201.5 });
    for of in [MACHINE.to_owned(), version(2)] {
        let listed = bench.call("ListStateMachineAliases", json!({ "stateMachineArn": of })).await;
        assert_eq!(listed, json!({ "stateMachineAliases": [item] }));
    }
    assert_eq!(bench.call("DeleteStateMachineAlias", arn.clone()).await, json!({}));
    let refused = bench.refused("DescribeStateMachineAlias", arn).await;
    assert_eq!(refused, ("ResourceNotFound".into(), "Request references a resource that does not exist.".into()));
}

#[tokio::test]
async fn an_execution_says_what_it_was_started_with() {
    let bench = published().await;
    let alias = format!("{MACHINE}:LIVE");
    bench.call("CreateStateMachineAlias", json!({ "name": "LIVE", "routingConfiguration": [route(1, 100)] })).await;
    let execution = bench.start(&alias, "e").await;
    assert_eq!(execution, EXECUTION);
    let described = bench.call("DescribeExecution", json!({ "executionArn": execution })).await;
    assert_eq!(
        (&described["stateMachineArn"], &described["stateMachineVersionArn"], &described["stateMachineAliasArn"]),
        (&json!(MACHINE), &json!(version(1)), &json!(alias))
    );
    let listed = bench.call("ListExecutions", json!({ "stateMachineArn": alias })).await;
    assert_eq!(listed["executions"][0]["stateMachineAliasArn"], alias);
    assert_eq!(
        bench.call("ListExecutions", json!({ "stateMachineArn": version(2) })).await,
        json!({ "executions": [] })
    );
}

#[tokio::test]
async fn what_cannot_be_is_refused_in_words() {
    let bench = published().await;
    let routes = |routes: Value| json!({ "name": "LIVE", "routingConfiguration": routes });
    let one = version(1);
    let validation = "ValidationException";
    for (action, body, code, message) in [
        (
            "CreateStateMachineAlias",
            routes(json!([route(1, 10), route(2, 20)])),
            validation,
            "Sum of routing configuration weights must equal 100. Received: [10, 20]".to_owned(),
        ),
        (
            "CreateStateMachineAlias",
            routes(json!([route(1, 50), route(1, 10)])),
            validation,
            format!("Routing configuration must contain distinct state machine version ARNs. Received: [{one}, {one}]"),
        ),
        (
            "CreateStateMachineAlias",
            json!({ "name": "", "routingConfiguration": [route(1, 100)] }),
            validation,
            r"2 validation errors detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$".to_owned(),
        ),
        (
            "CreateStateMachineAlias",
            routes(json!([route(7, 100)])),
            "ResourceNotFound",
            "Request references a resource that does not exist.".to_owned(),
        ),
        (
            "CreateStateMachineAlias",
            routes(json!([{ "stateMachineVersionArn": MACHINE, "weight": 100 }])),
            validation,
            format!("Routing configuration must contain state machine version ARNs. Received: [{MACHINE}]"),
        ),
        (
            "CreateStateMachineAlias",
            routes(json!([{ "stateMachineVersionArn": "m", "weight": 100 }])),
            "InvalidArn",
            "Invalid Arn: 'Invalid ARN prefix: m'".to_owned(),
        ),
        (
            "CreateStateMachineAlias",
            routes(json!([{ "stateMachineVersionArn": one.replace("us-east-1", "eu-west-1"), "weight": 100 }])),
            "ResourceNotFound",
            "Request references a resource that does not exist.".to_owned(),
        ),
        (
            "UpdateStateMachineAlias",
            json!({ "stateMachineAliasArn": format!("{MACHINE}:LIVE") }),
            validation,
            "Either the description or the RoutingConfiguration must be specified".to_owned(),
        ),
        (
            "DeleteStateMachineVersion",
            json!({ "stateMachineVersionArn": MACHINE }),
            "InvalidArn",
            format!("Invalid Arn: '{MACHINE}'"),
        ),
        (
            "DescribeStateMachineAlias",
            json!({ "stateMachineAliasArn": one }),
            "InvalidArn",
            format!("Invalid Arn: '{one}'"),
        ),
        (
            "UpdateStateMachine",
            json!({ "stateMachineArn": one, "roleArn": ROLE }),
            "StateMachineDoesNotExist",
            format!("State Machine Does Not Exist: '{one}'"),
        ),
    ] {
        assert_eq!(bench.refused(action, body.clone()).await, (code.to_owned(), message), "{action} {body}");
    }
    let stale = json!({ "stateMachineArn": MACHINE, "revisionId": "INITIAL" });
    let (code, message) = bench.refused("PublishStateMachineVersion", stale).await;
    assert_eq!(code, "ConflictException");
    let start =
        "Failed to publish the State Machine version for revision INITIAL. The current State Machine revision is ";
    assert!(message.starts_with(start), "{message}");
}

#[tokio::test]
async fn a_refusal_names_its_reason() {
    let bench = published().await;
    let labelled = format!("{MACHINE}/each");
    for (action, body, reason) in [
        (
            "CreateStateMachineAlias",
            json!({ "name": "LIVE", "routingConfiguration": [route(1, 99)] }),
            "INVALID_ROUTING_CONFIGURATION",
        ),
        (
            "UpdateStateMachineAlias",
            json!({ "stateMachineAliasArn": format!("{MACHINE}:LIVE") }),
            "MISSING_REQUIRED_PARAMETER",
        ),
        ("DescribeStateMachine", json!({ "stateMachineArn": labelled }), "API_DOES_NOT_SUPPORT_LABELED_ARNS"),
        ("StartExecution", json!({ "stateMachineArn": labelled }), "API_DOES_NOT_SUPPORT_LABELED_ARNS"),
        ("DeleteStateMachine", json!({ "stateMachineArn": labelled }), "API_DOES_NOT_SUPPORT_LABELED_ARNS"),
    ] {
        let reply = bench.ask(action, body).await;
        assert_eq!((&reply.body["__type"], &reply.body["reason"]), (&json!("ValidationException"), &json!(reason)));
    }
    let other = bench.ask("DescribeStateMachine", json!({ "stateMachineArn": "m" })).await;
    assert_eq!(other.body.get("reason"), None);
}

#[tokio::test]
async fn a_version_goes_when_no_alias_leads_to_it() {
    let bench = published().await;
    let (alias, other) = (format!("{MACHINE}:LIVE"), format!("{MACHINE}:BETA"));
    for name in ["LIVE", "BETA"] {
        let new = json!({ "name": name, "routingConfiguration": [route(1, 30), route(2, 70)] });
        bench.call("CreateStateMachineAlias", new).await;
    }
    let different = json!({ "name": "LIVE", "routingConfiguration": [route(1, 100)] });
    let exists = "Failed to create alias because an alias with the same name and a different routing configuration already exists.";
    let refused = bench.refused("CreateStateMachineAlias", different).await;
    assert_eq!(refused, ("ConflictException".to_owned(), exists.to_owned()));
    let delete = json!({ "stateMachineVersionArn": version(1) });
    let led_to = "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [BETA, LIVE]";
    let refused = bench.refused("DeleteStateMachineVersion", delete.clone()).await;
    assert_eq!(refused, ("ConflictException".to_owned(), led_to.to_owned()));
    for arn in [&alias, &other, &alias] {
        bench.call("DeleteStateMachineAlias", json!({ "stateMachineAliasArn": arn })).await;
    }
    assert_eq!(bench.call("DeleteStateMachineVersion", delete.clone()).await, json!({}));
    assert_eq!(bench.call("DeleteStateMachineVersion", delete).await, json!({}));
    let unknown = json!({ "stateMachineAliasArn": format!("{MACHINE}x:LIVE") });
    assert_eq!(bench.refused("DeleteStateMachineAlias", unknown).await.0, "ResourceNotFound");
}

#[tokio::test]
async fn versions_and_aliases_have_quotas() {
    let bench = published().await;
    for number in 0..100 {
        let new = json!({ "name": format!("a{number}"), "routingConfiguration": [route(1, 100)] });
        bench.call("CreateStateMachineAlias", new).await;
    }
    let one_more = |name: &str| json!({ "name": name, "routingConfiguration": [route(1, 100)] });
    let refused = bench.refused("CreateStateMachineAlias", one_more("b")).await;
    assert_eq!(refused.0, "ServiceQuotaExceededException");
    bench.call("CreateStateMachineAlias", one_more("a7")).await;
    bench.call("DeleteStateMachineAlias", json!({ "stateMachineAliasArn": format!("{MACHINE}:a7") })).await;
    bench.call("CreateStateMachineAlias", one_more("b")).await;
}
