//! Every function called twice, with a new process in between: the same answer, and not one file more or less.

use serde_json::{Value, json};

use crate::shop::{EXECUTION, Shop, TOKEN};

async fn check(shop: Shop, function: &str, payload: Value) -> Shop {
    let first = shop.edge.call(function, payload.clone(), "key-1").await.unwrap();
    let before = shop.files();
    let shop = shop.restarted();
    let second = shop.edge.call(function, payload, "key-1").await.unwrap();
    assert_eq!(second, first, "{function}");
    assert_eq!(shop.files(), before, "{function}");
    shop
}

fn precedent() -> Value {
    json!({"id": "inc-1", "at": "2026-11-23T10:20:00Z", "alarm": "shop-orders-duration",
           "text": "alarm shop-orders-duration resource aws_lambda_function timeout", "resource_type": "aws_lambda_function",
           "action": "lambda_update_timeout", "outcome": "recovered", "reason": "the alarm is OK", "execution": "e"})
}

fn outcome(shop: &Shop) -> Value {
    json!({
        "kind": "outcome", "incident": shop.incident(), "outcome": {"kind": "recovered", "reason": "the alarm is OK"},
        "record": {"precedent": precedent(), "summary": {"subject": "[SAO] recovered", "text": "It is over."},
                   "usage": {"input_tokens": 0, "output_tokens": 0, "cache_read_tokens": 0, "cache_write_tokens": 0}, "seconds": 12},
        "at": shop.now()
    })
}

#[tokio::test]
async fn a_mail_is_sent_once() {
    let shop = Shop::open().await;
    let payload = shop.ask_payload(&shop.proposal(), 1, TOKEN, &[]);
    let shop = check(shop, "notify", payload).await;
    assert_eq!(shop.mails().len(), 1);
}

#[tokio::test]
async fn a_mail_that_was_not_written_before_a_crash_is_the_same_mail_after_it() {
    let shop = Shop::open().await;
    let payload = shop.ask_payload(&shop.proposal(), 1, TOKEN, &[]);
    shop.call("notify", payload.clone()).await.unwrap();
    let mails = shop.mails();
    std::fs::remove_dir_all(shop.data().join("mailbox")).unwrap();
    let shop = shop.restarted();
    shop.call("notify", payload).await.unwrap();
    assert_eq!(shop.mails(), mails);
}

#[tokio::test]
async fn a_retried_ask_has_a_new_link_and_stays_one_round() {
    let shop = Shop::open().await;
    shop.ask(&shop.proposal(), 1, TOKEN, &[]).await;
    let old = shop.links().remove(0);
    shop.engine.time_out(TOKEN);
    shop.ask(&shop.proposal(), 1, "token-of-the-retry", &[]).await;
    assert_eq!(shop.mails().len(), 1);
    assert_ne!(shop.links()[0], old);
    let form = shop.form(&old, "approve", "ana").await;
    assert_eq!(shop.post(&old, form).await.status, 200, "the former link leads to the round");
    assert!(shop.engine.output("token-of-the-retry").is_some());
}

#[tokio::test]
async fn an_ask_that_comes_again_after_its_decision_does_not_ask_again() {
    let shop = Shop::open().await;
    let payload = shop.ask_payload(&shop.proposal(), 1, TOKEN, &[]);
    shop.engine.wait(TOKEN);
    shop.call("notify", payload.clone()).await.unwrap();
    shop.decide("reject", "ana").await;
    check(shop, "notify", payload).await;
}

#[tokio::test]
async fn an_outcome_is_told_once_and_closes_the_pages() {
    let shop = Shop::open().await;
    shop.ask(&shop.proposal(), 1, TOKEN, &[]).await;
    let link = shop.links().remove(0);
    shop.decide("approve", "ana").await;
    let payload = outcome(&shop);
    let shop = check(shop, "notify", payload).await;
    assert_eq!(shop.mails().len(), 2);
    assert!(shop.get(&link).await.html.contains("[SAO] recovered"));
}

#[tokio::test]
async fn an_expired_round_says_how_it_ended() {
    let shop = Shop::open().await;
    shop.ask(&shop.proposal(), 1, TOKEN, &[]).await;
    let link = shop.links().remove(0);
    shop.clock.advance(1_000);
    let told = outcome(&shop);
    shop.call("notify", told).await.unwrap();
    let page = shop.get(&link).await;
    assert!(page.status == 410 && page.html.contains("[SAO] recovered"));
}

#[tokio::test]
async fn a_precedent_is_written_once_and_found_by_likeness() {
    let shop = Shop::open().await;
    let shop = check(shop, "remember", json!({"precedent": precedent(), "at": "2026-11-23T10:20:00Z"})).await;
    let read = json!({"kind": "precedents", "text": "alarm shop-orders-duration resource aws_lambda_function timeout",
                      "resource_type": "aws_lambda_function", "limit": 5});
    let answer = crate::observe::read(&shop, read).await;
    assert_eq!(answer["answer"]["total"], 1);
    assert!(answer["answer"]["precedents"][0]["similarity"].as_f64().unwrap() > 0.99);
    assert_eq!(answer["answer"]["precedents"][0]["precedent"]["action"], "lambda_update_timeout");
}

#[tokio::test]
async fn a_lock_is_taken_and_given_back_once() {
    let shop = Shop::open().await;
    let lock = json!({"operation": "lock", "node": "n", "owner": "e", "seconds": 60, "at": shop.now()});
    let shop = check(shop, "act", lock).await;
    let unlock = json!({"operation": "unlock", "node": "n", "owner": "e", "at": shop.now()});
    check(shop, "act", unlock).await;
}

#[tokio::test]
async fn a_stopped_execution_leaves_no_lock_and_no_open_round() {
    let shop = Shop::open().await;
    shop.ask(&shop.proposal(), 1, TOKEN, &[]).await;
    shop.lock().await;
    let link = shop.links().remove(0);
    assert_eq!(shop.edge.release(EXECUTION, "ABORTED").await.unwrap(), 1);
    assert_eq!(shop.edge.release(EXECUTION, "ABORTED").await.unwrap(), 0);
    assert!(shop.edge.account().locks().unwrap().is_empty());
    let page = shop.get(&link).await;
    assert!(page.status == 410 && page.html.contains("ABORTED"), "{}", page.html);
    let other = shop.edge.release("arn:another", "ABORTED").await.unwrap();
    assert_eq!(other, 0);
}

#[tokio::test]
async fn infer_answers_the_rules_twice_the_same() {
    let shop = Shop::open().await;
    let rules = json!({"reasoner": {"kind": "rules", "name": "playbook v1"}, "content": [], "stop_reason": "tool_use", "cost_usd": 0.0,
                       "usage": {"input_tokens": 0, "output_tokens": 0, "cache_read_tokens": 0, "cache_write_tokens": 0, "cost_usd": 0.0}});
    check(shop, "infer", json!({"request": {}, "rules": rules})).await;
}
