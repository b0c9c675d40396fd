//! Intake: one incident for one transition, and nothing for what is no alarm.

use edge::Taken;
use serde_json::json;

use crate::shop::{Shop, event};

const AT: &str = "2026-11-23T10:15:30.123+0000";

#[tokio::test]
async fn a_transition_that_is_delivered_twice_is_one_incident() {
    let shop = Shop::open().await;
    let before = shop.files();
    shop.clock.advance(3_600);
    let taken = shop.alarm("ALARM", AT).await.unwrap();
    assert!(matches!(taken, Taken::Execution(answer) if answer.duplicate));
    assert_eq!(shop.engine.started().len(), 1);
    assert_eq!(shop.files(), before, "a second delivery does not make the alarm younger");
}

#[tokio::test]
async fn a_new_transition_is_a_new_incident() {
    let shop = Shop::open().await;
    let taken = shop.alarm("ALARM", "2026-11-23T12:15:30.123+0000").await.unwrap();
    assert!(matches!(taken, Taken::Execution(answer) if !answer.duplicate));
    assert_eq!(shop.engine.started().len(), 2);
    assert!(shop.engine.started().iter().all(|name| name.len() <= 80));
}

#[tokio::test]
async fn an_ok_event_starts_nothing_and_is_noted() {
    let shop = Shop::open().await;
    let taken = shop.alarm("OK", "2026-11-23T10:20:00.000+0000").await.unwrap();
    assert_eq!(taken, Taken::Noted { state: "OK".to_owned(), ended_rounds: 0 });
    assert_eq!((shop.alarm_state(), shop.engine.started().len()), ("OK".to_owned(), 1));
}

#[tokio::test]
async fn what_is_no_alarm_event_of_this_account_changes_nothing() {
    let shop = Shop::open().await;
    let before = shop.files();
    let mut foreign = event("ALARM", AT);
    foreign["account"] = json!("999999999999");
    foreign["resources"] = json!(["arn:aws:cloudwatch:eu-west-1:999999999999:alarm:shop-orders-duration"]);
    for bad in [json!({}), json!([]), json!({"source": "aws.s3", "detail-type": "Object Created"}), foreign] {
        let error = shop.edge.intake(bad, &shop.engine, &shop.engine).await.unwrap_err();
        assert_eq!(error.error, "Sao.BadInput");
    }
    assert_eq!(shop.files(), before);
    assert_eq!(shop.engine.started().len(), 1);
}
