//! Observe: each read its answer or its error, from the twin and the embedded account.

use std::path::Path;
use std::sync::Arc;

use activities::shape::Mode;
use edge::{Embedded, ManualClock};
use serde_json::{Value, json};

use crate::shop::{Engine, NODE, Shop, config};

/// Performs one read; answers its observation.
pub(crate) async fn read(shop: &Shop, read: Value) -> Value {
    let request = json!({"incident": "inc-1", "account": "123456789012", "region": "eu-west-1", "at": shop.now(),
                         "reads": [{"id": "one", "max_bytes": 20_000, "read": read}]});
    let mut answer = shop.call("observe", request).await.unwrap();
    answer["observations"][0].take()
}

async fn check(wanted: Value, pointer: &str, expect: Value) {
    let shop = Shop::open().await;
    let observation = read(&shop, wanted).await;
    assert_eq!(observation.pointer(pointer), Some(&expect), "{observation:#}");
}

#[tokio::test]
async fn reads_answer_from_the_twin_and_the_account() {
    let topology = json!({"kind": "topology", "namespace": "AWS/Lambda", "dimensions": {"FunctionName": "shop-orders"},
                          "aliases": ["shop-orders"], "depth": 2, "limit": 10});
    check(topology, "/answer/node/id", json!(NODE)).await;
    check(json!({"kind": "governance"}), "/answer/documents/0/name", json!("governance/default.cedar")).await;
    check(json!({"kind": "kill_switch"}), "/answer/engaged", json!(false)).await;
    check(json!({"kind": "recent_actions", "seconds": 3600}), "/answer/automatic", json!(0)).await;
    check(json!({"kind": "alarm", "name": "shop-orders-duration"}), "/answer/state", json!("ALARM")).await;
    check(json!({"kind": "alarm", "name": "shop-orders-duration"}), "/answer/threshold", json!(9000.0)).await;
    check(json!({"kind": "active_alarms", "limit": 5}), "/answer/alarms/0/name", json!("shop-orders-duration")).await;
    check(
        json!({"kind": "alarm_history", "name": "shop-orders-duration", "seconds": 3600, "limit": 5}),
        "/answer/transitions/0/to",
        json!("ALARM"),
    )
    .await;
}

#[tokio::test]
async fn a_configuration_is_the_one_in_effect_in_terraforms_words() {
    let of = |resource_type: &str, name: &str| json!({"kind": "configuration", "resource_type": resource_type, "name": name});
    check(of("aws_lambda_function", "shop-orders"), "/answer/attributes/timeout", json!(10)).await;
    check(of("aws_lambda_function", "shop-orders"), "/answer/attributes/last_update_status", json!("Successful")).await;
    check(of("aws_ecs_service", "shop/web"), "/answer/attributes/running_count", json!(2)).await;
    check(
        of("aws_ecs_service", "shop/web"),
        "/answer/arn",
        json!("arn:aws:ecs:eu-west-1:123456789012:service/shop/web"),
    )
    .await;
    check(of("aws_db_instance", "shop-db"), "/answer/attributes/status", json!("available")).await;
    check(of("aws_lambda_function", "other"), "/error/type", json!("NotFound")).await;
}

#[tokio::test]
async fn metrics_logs_and_changes_stand_before_the_alarm() {
    let query = json!({"id": "q", "namespace": "AWS/Lambda", "metric": "Duration", "dimensions": {"FunctionName": "shop-orders"},
                       "statistic": "Maximum", "period_seconds": 60});
    let other = json!({"id": "none", "namespace": "AWS/Lambda", "metric": "Errors", "dimensions": {"FunctionName": "shop-orders"},
                       "statistic": "Sum", "period_seconds": 60});
    let shop = Shop::open().await;
    let metrics = read(&shop, json!({"kind": "metrics", "queries": [query, other], "seconds": 3600})).await;
    let points = metrics["answer"]["series"][0]["points"].as_array().unwrap();
    assert_eq!((points.len(), &points[29]), (30, &json!({"at": "2026-11-23T10:14:32.000Z", "value": 9800.0})));
    assert_eq!(metrics["answer"]["series"][1]["points"], json!([]));
    let logs = |pattern: Value| json!({"kind": "logs", "group": "/aws/lambda/shop-orders", "seconds": 600, "limit": 10, "pattern": pattern});
    assert_eq!(read(&shop, logs(json!(null))).await["answer"]["lines"].as_array().unwrap().len(), 2);
    let timed_out = read(&shop, logs(json!("\"timed out\""))).await;
    assert_eq!(timed_out["answer"]["lines"][0]["at"], "2026-11-23T10:14:02.000Z");
    let changes = read(&shop, json!({"kind": "changes", "name": "shop-orders", "seconds": 86_400, "limit": 5})).await;
    assert_eq!(changes["answer"]["changes"][0]["action"], "UpdateFunctionCode20150331v2: new code");
}

#[tokio::test]
async fn one_failed_read_does_not_fail_the_others() {
    let shop = Shop::open().await;
    let request = json!({"incident": "inc-1", "account": "123456789012", "region": "eu-west-1", "at": shop.now(), "reads": [
        {"id": "a", "max_bytes": 1000, "read": {"kind": "alarm", "name": "nobody"}},
        {"id": "b", "max_bytes": 1000, "read": {"kind": "kill_switch"}},
        {"id": "c", "max_bytes": 10, "read": {"kind": "governance"}}
    ]});
    let answer = shop.call("observe", request).await.unwrap();
    let ids: Vec<&str> =
        answer["observations"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["a", "b", "c"]);
    assert_eq!(answer["observations"][0]["error"]["type"], "NotFound");
    assert_eq!(answer["observations"][1]["answer"]["engaged"], false);
    assert_eq!(answer["observations"][2]["error"]["type"], "TooLarge");
}

#[tokio::test]
async fn another_account_is_not_answered_with_this_one() {
    let shop = Shop::open().await;
    let request = json!({"incident": "inc-1", "account": "999999999999", "region": "eu-west-1", "at": shop.now(),
                         "reads": [{"id": "a", "max_bytes": 1000, "read": {"kind": "kill_switch"}}]});
    let answer = shop.call("observe", request).await.unwrap();
    assert_eq!(answer["observations"][0]["error"]["type"], "AccessDenied");
}

#[tokio::test]
async fn a_secret_of_the_state_is_nowhere() {
    let shop = Shop::open().await;
    for (path, bytes) in shop.files() {
        assert!(!String::from_utf8_lossy(&bytes).contains("hunter2-secret"), "{}", path.display());
    }
}

/// The recorded shop: its metrics follow what was recorded after a change, in fast motion.
#[tokio::test]
async fn a_recorded_aftermath_follows_the_change() {
    let directory = tempfile::tempdir().unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../replay-tests/fixtures/shop");
    let clock = Arc::new(ManualClock::at("2026-11-23T09:15:34Z".parse().unwrap()));
    let mut config = config(directory.path(), Mode::Ask);
    config.observations = Some(fixtures.join("observations"));
    let edge = Embedded::open(config, clock.clone()).unwrap();
    edge::twin_dir::initialise(&directory.path().join("data")).unwrap();
    edge.collect(vec![fixtures.join("terraform.tfstate")]).await.unwrap();
    let event = std::fs::read_to_string(fixtures.join("events/orders-duration.json")).unwrap();
    let engine = Engine::default();
    edge.intake(serde_json::from_str(&event).unwrap(), &engine, &engine).await.unwrap();
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:shop-prod-orders";
    let mut record = edge.account().resource(arn).unwrap().unwrap();
    let alarm = || edge.account().alarm("shop-prod-orders-duration", edge::Clock::now(&*clock)).unwrap().unwrap();
    let metric = async || {
        let query = json!({"id": "q", "namespace": "AWS/Lambda", "metric": "Duration", "dimensions": {"FunctionName": "shop-prod-orders"},
                           "statistic": "Maximum", "period_seconds": 60});
        let request = json!({"incident": "i", "account": "123456789012", "region": "eu-west-1", "at": edge::Clock::now(&*clock).to_string(),
            "reads": [{"id": "m", "max_bytes": 50_000, "read": {"kind": "metrics", "queries": [query], "seconds": 3600}}]});
        let answer = edge.call("observe", request, "k").await.unwrap();
        let points = answer["observations"][0]["answer"]["series"][0]["points"].as_array().unwrap().clone();
        points.iter().map(|point| point["value"].as_f64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(metric().await.last(), Some(&10_000.0));
    record.changes.push(
        serde_json::from_value(json!({"key": "k", "kind": "action", "action": "lambda_update_timeout", "by": "ana", "before": {"timeout": 10},
            "after": {"timeout": 20}, "begun_at": "2026-11-23T09:16:00Z", "effective_at": "2026-11-23T09:16:10Z"}))
        .unwrap(),
    );
    edge.account().put_resource(&record).unwrap();
    assert_eq!(alarm().state, "ALARM");
    clock.advance(60);
    assert_eq!(alarm().state, "ALARM", "24 seconds after the effect");
    clock.advance(60);
    assert_eq!(alarm().state, "OK");
    let points = metric().await;
    assert_eq!(points.last(), Some(&2_874.92));
    assert!(points.contains(&11_902.48), "{points:?}");
}
