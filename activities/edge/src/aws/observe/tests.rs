//! Observe: every read is answered once, in order, with its answer or its error.

use serde_json::{Value, json};

use super::super::replay::{Exchange, Script};
use super::super::shop::{FUNCTION, shop};

async fn observe(script: &Script, settings: &[(&str, &str)], reads: Value) -> Vec<Value> {
    let reads: Vec<Value> = reads
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .map(|(place, read)| json!({"id": format!("r{place}"), "max_bytes": 10_000, "read": read}))
        .collect();
    let request = json!({"incident": "inc-1", "account": "123456789012", "region": "eu-central-1", "reads": reads, "at": "2026-11-23T10:16:00Z"});
    let answer = script.aws(settings).call("observe", request).await.unwrap();
    answer["observations"].as_array().unwrap().clone()
}

/// Performs one read; answers its answer or the kind of its error.
async fn check(script: &Script, read: Value, expect: Result<Value, &str>) {
    let [one] = observe(script, &[], json!([read])).await.try_into().unwrap();
    match expect {
        Ok(expect) => assert_eq!(one["answer"], expect, "{one}"),
        Err(kind) => assert_eq!(one["error"]["type"], kind, "{one}"),
    }
}

fn logs() -> Value {
    json!({"kind": "logs", "group": "/aws/lambda/shop-orders", "seconds": 900, "pattern": "Task timed out", "limit": 3})
}

#[tokio::test]
async fn one_failed_read_fails_no_other() {
    let script = shop();
    script.add(Exchange::of(
        &["Logs_20140328.FilterLogEvents"],
        400,
        r#"{"__type": "AccessDeniedException", "message": "not authorized"}"#,
    ));
    let found = observe(
        &script,
        &[],
        json!([
            {"kind": "governance"},
            logs(),
            {"kind": "alarm", "name": "shop-orders-duration"},
            {"kind": "configuration", "resource_type": "aws_sqs_queue", "name": "orders"},
            {"kind": "kill_switch"},
        ]),
    )
    .await;
    let ids: Vec<&str> = found.iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["r0", "r1", "r2", "r3", "r4"]);
    assert_eq!(found[0]["answer"]["documents"][0]["name"], "governance.json");
    assert_eq!(found[1]["error"]["type"], "AccessDeniedException");
    assert!(found[1]["error"]["message"].as_str().unwrap().contains("not authorized"));
    assert_eq!(found[2]["answer"]["state"], "ALARM");
    assert_eq!(found[3]["error"]["type"], "NotSupported");
    assert_eq!(found[4]["answer"], json!({"engaged": false}));
    for one in &found {
        assert_eq!(one["asked_at"], "2026-11-23T10:16:00.000Z");
        assert!(one.get("answer").is_some() != one.get("error").is_some(), "{one}");
    }
}

#[tokio::test]
async fn an_alarm_is_told_as_cloudwatch_knows_it() {
    let expect = json!({"name": "shop-orders-duration", "arn": "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:shop-orders-duration",
        "state": "ALARM", "reason": "Threshold Crossed", "updated_at": "2026-11-23T10:15:30.125Z", "threshold": 8000.0,
        "comparison": "GreaterThanThreshold", "namespace": "AWS/Lambda", "metric": "Duration", "dimensions": {"FunctionName": "shop-orders"}});
    check(&shop(), json!({"kind": "alarm", "name": "shop-orders-duration"}), Ok(expect)).await;
    let script = shop();
    script.add(Exchange::cbor("DescribeAlarms", 200, &json!({"MetricAlarms": [], "CompositeAlarms": []})));
    check(&script, json!({"kind": "alarm", "name": "other"}), Err("NotFound")).await;
}

#[tokio::test]
async fn former_transitions_are_read_out_of_their_history() {
    let data =
        json!({"version": "1.0", "oldState": {"stateValue": "OK"}, "newState": {"stateValue": "ALARM"}}).to_string();
    let item = json!({"AlarmName": "a", "Timestamp": {"$time": 1_795_428_930.125}, "HistoryItemType": "StateUpdate", "HistoryData": data});
    let script = shop();
    script.add(Exchange::cbor("DescribeAlarmHistory", 200, &json!({"AlarmHistoryItems": [item]})));
    let expect = json!({"transitions": [{"at": "2026-11-23T10:15:30.125Z", "from": "OK", "to": "ALARM"}]});
    check(&script, json!({"kind": "alarm_history", "name": "a", "seconds": 86400, "limit": 5}), Ok(expect)).await;
}

#[tokio::test]
async fn points_are_told_in_the_order_of_time_with_their_unit() {
    let point = |at: f64, value: f64| json!({"Timestamp": {"$time": at}, "Maximum": value, "Unit": "Milliseconds"});
    let script = shop();
    let points =
        json!({"Label": "Duration", "Datapoints": [point(1_795_428_900.0, 9800.5), point(1_795_428_840.0, 9100.5)]});
    script.add(Exchange::cbor("GetMetricStatistics", 200, &points));
    let query = json!({"id": "d", "namespace": "AWS/Lambda", "metric": "Duration", "dimensions": {"FunctionName": "shop-orders"},
        "statistic": "Maximum", "period_seconds": 60});
    let expect = json!({"series": [{"id": "d", "unit": "Milliseconds", "points": [
        {"at": "2026-11-23T10:14:00.000Z", "value": 9100.5}, {"at": "2026-11-23T10:15:00.000Z", "value": 9800.5}]}]});
    check(&script, json!({"kind": "metrics", "queries": [query], "seconds": 3600}), Ok(expect)).await;
}

#[tokio::test]
async fn log_lines_are_the_newest_in_bounded_pages() {
    let event = |at: u64, message: &str| json!({"timestamp": at, "message": message});
    let first =
        json!({"events": [event(1_795_428_929_000, "c\n"), event(1_795_428_928_000, "b\n")], "nextToken": "t1"});
    let second =
        json!({"events": [event(1_795_428_927_000, "a\n"), event(1_795_428_926_000, "z\n")], "nextToken": "t2"});
    let script = shop();
    script.add(Exchange::of(&["Logs_20140328.FilterLogEvents"], 200, first.to_string()).then(200, second.to_string()));
    let expect = json!({"group": "/aws/lambda/shop-orders", "lines": [
        {"at": "2026-11-23T10:15:27.000Z", "message": "a"},
        {"at": "2026-11-23T10:15:28.000Z", "message": "b"},
        {"at": "2026-11-23T10:15:29.000Z", "message": "c"}]});
    check(&script, logs(), Ok(expect)).await;
    let asked = script.asked(&["FilterLogEvents"]);
    assert_eq!(asked.len(), 2);
    assert_eq!((&asked[0].json()["startFromHead"], &asked[1].json()["nextToken"]), (&json!(false), &json!("t1")));

    let empty = json!({"events": [], "nextToken": "more"}).to_string();
    script.add(Exchange::of(&["Logs_20140328.FilterLogEvents"], 200, empty));
    check(&script, logs(), Ok(json!({"group": "/aws/lambda/shop-orders", "lines": []}))).await;
    assert_eq!(script.asked(&["FilterLogEvents"]).len(), 12, "a search without an end ends");
}

#[tokio::test]
async fn changes_need_a_trail() {
    let script = shop();
    let read = json!({"kind": "changes", "name": "shop-orders", "seconds": 86400, "limit": 5});
    check(&script, read.clone(), Err("NotSupported")).await;
    let record = json!({"eventTime": "2026-11-23T09:00:00Z", "eventName": "UpdateFunctionCode20150331v2", "readOnly": false,
        "userIdentity": {"arn": "arn:aws:sts::1:assumed-role/deploy/ci"}, "requestParameters": {"functionName": "shop-orders"}});
    let events = json!({"events": [{"timestamp": 1_795_424_400_000_u64, "message": record.to_string()}]});
    script.add(Exchange::of(&["Logs_20140328.FilterLogEvents"], 200, events.to_string()));
    let [one] = observe(&script, &[("SAO_TRAIL_LOG_GROUP", "trail")], json!([read])).await.try_into().unwrap();
    let expect = json!([{"at": "2026-11-23T09:00:00.000Z", "action": "UpdateFunctionCode20150331v2", "by": "arn:aws:sts::1:assumed-role/deploy/ci"}]);
    assert_eq!(one["answer"]["changes"], expect);
}

#[tokio::test]
async fn a_function_is_described_without_its_secrets() {
    let [one] = observe(
        &shop(),
        &[],
        json!([{"kind": "configuration", "resource_type": "aws_lambda_function", "name": "shop-orders"}]),
    )
    .await
    .try_into()
    .unwrap();
    let answer = &one["answer"];
    assert_eq!((&answer["arn"], &answer["modified_at"]), (&json!(FUNCTION), &json!("2026-11-20T08:00:00.000Z")));
    assert_eq!(
        (&answer["attributes"]["timeout"], &answer["attributes"]["runtime"]),
        (&json!(10), &json!("python3.12"))
    );
    assert!(!one.to_string().contains("hunter2"));
}

#[tokio::test]
async fn a_service_is_described_with_its_newest_deployment() {
    let service = json!({"serviceName": "web", "serviceArn": "arn:aws:ecs:eu-central-1:123456789012:service/shop/web", "status": "ACTIVE",
        "desiredCount": 2, "runningCount": 1, "pendingCount": 1, "taskDefinition": "web:7",
        "deployments": [{"status": "PRIMARY", "createdAt": 1_795_428_000.5, "rolloutState": "IN_PROGRESS"}, {"status": "ACTIVE", "createdAt": 1.0}],
        "events": [{"createdAt": 1_795_428_900.0, "message": "(service web) was unable to place a task"}]});
    let script = shop();
    script.add(Exchange::of(
        &["AmazonEC2ContainerServiceV20141113.DescribeServices"],
        200,
        json!({"services": [service]}).to_string(),
    ));
    let [one] = observe(
        &script,
        &[],
        json!([{"kind": "configuration", "resource_type": "aws_ecs_service", "name": "shop/web"}]),
    )
    .await
    .try_into()
    .unwrap();
    let attributes = &one["answer"]["attributes"];
    assert_eq!(
        (&attributes["deployment"], &attributes["rollout_state"]),
        (&json!(1_795_428_000_500_u64), &json!("IN_PROGRESS"))
    );
    assert_eq!(attributes["events"][0]["message"], "(service web) was unable to place a task");
}

#[tokio::test]
async fn a_database_counts_its_restarts_by_their_events() {
    let script = shop();
    script.add(Exchange::of(&["Action=DescribeDBInstances"], 200, "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances>\
        <DBInstance><DBInstanceIdentifier>orders</DBInstanceIdentifier><DBInstanceStatus>available</DBInstanceStatus><Engine>postgres</Engine>\
        <MultiAZ>true</MultiAZ><DBInstanceClass>db.t4g.medium</DBInstanceClass></DBInstance></DBInstances></DescribeDBInstancesResult>\
        </DescribeDBInstancesResponse>"));
    script.add(Exchange::of(
        &["Action=DescribeEvents"],
        200,
        "<DescribeEventsResponse><DescribeEventsResult><Events>\
        <Event><Message>DB instance shutdown</Message><Date>2026-11-23T09:00:00Z</Date></Event>\
        <Event><Message>DB instance restarted</Message><Date>2026-11-23T09:01:00Z</Date></Event>\
        </Events></DescribeEventsResult></DescribeEventsResponse>",
    ));
    let [one] =
        observe(&script, &[], json!([{"kind": "configuration", "resource_type": "aws_db_instance", "name": "orders"}]))
            .await
            .try_into()
            .unwrap();
    let attributes = &one["answer"]["attributes"];
    assert_eq!((&attributes["reboots"], &attributes["multi_az"]), (&json!(1_795_424_460), &json!(true)), "{one}");
}

#[tokio::test]
async fn what_the_service_does_not_know_is_not_found() {
    let script = shop();
    script.add(
        Exchange::of(&["GET ", "/configuration"], 404, r#"{"Type": "User", "Message": "Function not found"}"#)
            .with("x-amzn-errortype", "ResourceNotFoundException"),
    );
    check(
        &script,
        json!({"kind": "configuration", "resource_type": "aws_lambda_function", "name": "shop-orders"}),
        Err("NotFound"),
    )
    .await;
}

#[tokio::test]
async fn the_topology_is_read_again_only_when_it_changed() {
    let script = shop();
    let read = json!({"kind": "topology", "namespace": "AWS/Lambda", "dimensions": {"FunctionName": "shop-orders"}, "aliases": [], "depth": 2, "limit": 5});
    let aws = script.aws(&[]);
    let request = json!({"incident": "inc-1", "account": "123456789012", "region": "eu-central-1", "at": "2026-11-23T10:16:00Z",
        "reads": [{"id": "t", "max_bytes": 10_000, "read": read}]});
    for _ in 0..2 {
        let answer = aws.call("observe", request.clone()).await.unwrap();
        assert_eq!(answer["observations"][0]["answer"]["node"]["id"], "aws_lambda_function.orders");
    }
    assert_eq!(script.asked(&["GET ", "/topology/"]).len(), 1);
}

#[tokio::test]
async fn a_broken_layer_is_an_error_and_an_unreadable_switch_is_engaged() {
    let script = shop();
    script.remove("twin/constraints.json");
    check(&script, json!({"kind": "constraints"}), Err("NotFound")).await;
    script.add(Exchange::of(
        &["GET ", "/kill-switch"],
        403,
        "<Error><Code>AccessDenied</Code><Message>no</Message></Error>",
    ));
    let [one] = observe(&script, &[], json!([{"kind": "kill_switch"}])).await.try_into().unwrap();
    assert_eq!(one["answer"]["engaged"], true);
}

#[tokio::test]
async fn another_account_is_not_read() {
    let script = shop();
    let aws = script.aws(&[("SAO_ACCOUNT", "999999999999")]);
    let request = json!({"incident": "i", "account": "123456789012", "region": "eu-central-1", "at": "2026-11-23T10:16:00Z",
        "reads": [{"id": "k", "max_bytes": 100, "read": {"kind": "kill_switch"}}]});
    let answer = aws.call("observe", request).await.unwrap();
    assert_eq!(answer["observations"][0]["error"]["type"], "AccessDenied");
}
