//! Act: what was approved is executed, once, and nothing else ever is.

use activities::approval::proposal_digest;
use activities::shape::{Mode, Proposal, ReasonerKind};
use serde_json::{Value, json};

use crate::shop::{EXECUTION, NODE, Shop, TOKEN};

fn change(operation: &str, proposal: &Proposal, digest: &str, decisions: &[Value], at: &str) -> Value {
    json!({"operation": operation, "proposal": proposal, "digest": digest, "decisions": decisions,
           "idempotency_key": format!("{digest}:{operation}"), "at": at})
}

fn poll(proposal: &Proposal, undo: bool, handle: &Value, at: &str) -> Value {
    json!({"operation": "poll", "proposal": proposal, "undo": undo, "handle": handle, "at": at})
}

/// Approves, locks, lets a test spoil something, and begins: it must be refused for this reason, and nothing be changed.
async fn check_refused(part: &str, spoil: impl AsyncFnOnce(&Shop, &mut Proposal, &mut String, &mut Vec<Value>)) {
    let shop = Shop::open().await;
    let (mut proposal, mut digest, decision) = shop.approved().await;
    shop.lock().await;
    let mut decisions = vec![decision];
    spoil(&shop, &mut proposal, &mut digest, &mut decisions).await;
    let before = shop.changes();
    let error = shop.call("act", change("begin", &proposal, &digest, &decisions, &shop.now())).await.unwrap_err();
    assert_eq!(error.error, "Sao.Refused", "{error}");
    assert!(error.message.contains(part), "{part} in {error}");
    assert_eq!(shop.changes(), before);
}

/// Approves, locks and begins; answers what `begin` answered.
async fn begun() -> (Shop, Proposal, String, Vec<Value>, Value) {
    let shop = Shop::open().await;
    let (proposal, digest, decision) = shop.approved().await;
    shop.lock().await;
    let decisions = vec![decision];
    let answer = shop.call("act", change("begin", &proposal, &digest, &decisions, &shop.now())).await.unwrap();
    (shop, proposal, digest, decisions, answer)
}

#[tokio::test]
async fn what_was_approved_is_executed_and_the_alarm_clears() {
    let (shop, proposal, _, _, begun) = begun().await;
    assert_eq!((&begun["status"], &shop.timeout()), (&json!("running"), &json!(10)));
    let look = async || shop.call("act", poll(&proposal, false, &begun["handle"], &shop.now())).await.unwrap();
    assert_eq!(look().await["status"], "running");
    shop.clock.advance(10);
    let effective = look().await;
    assert_eq!((&effective["status"], &effective["after"]), (&json!("effective"), &json!({"timeout": 30})));
    assert_eq!(shop.timeout(), 30);
    assert_eq!(shop.alarm_state(), "ALARM");
    shop.clock.advance(60);
    assert_eq!(shop.alarm_state(), "OK");
}

#[tokio::test]
async fn begin_twice_changes_once_also_in_another_process() {
    let (shop, proposal, digest, decisions, first) = begun().await;
    let before = shop.files();
    let again = shop.call("act", change("begin", &proposal, &digest, &decisions, &shop.now())).await.unwrap();
    assert_eq!(again, first);
    // The answer was lost, the process died, and time went by: still one change and the same answer.
    shop.clock.advance(7_200);
    let shop = shop.restarted();
    let later = shop.call("act", change("begin", &proposal, &digest, &decisions, &shop.now())).await.unwrap();
    assert_eq!(later, first);
    assert_eq!(shop.files(), before);
    assert_eq!(shop.changes(), 1);
}

#[tokio::test]
async fn undo_sets_back_what_was_approved_with_the_action() {
    let (shop, proposal, digest, decisions, _) = begun().await;
    shop.clock.advance(20);
    let undo = change("undo", &proposal, &digest, &decisions, &shop.now());
    let first = shop.call("act", undo.clone()).await.unwrap();
    assert_eq!(shop.call("act", undo).await.unwrap(), first);
    shop.clock.advance(10);
    let look = shop.call("act", poll(&proposal, true, &first["handle"], &shop.now())).await.unwrap();
    assert_eq!((&look["status"], &look["after"]), (&json!("effective"), &json!({"timeout": 10})));
    assert_eq!((shop.timeout(), shop.changes()), (json!(10), 2));
}

#[tokio::test]
async fn undo_does_not_overwrite_what_somebody_else_changed_since() {
    let (shop, proposal, digest, decisions, _) = begun().await;
    shop.clock.advance(20);
    shop.collect(2, 45).await.unwrap();
    let error = shop.call("act", change("undo", &proposal, &digest, &decisions, &shop.now())).await.unwrap_err();
    assert!(error.error == "Sao.Refused" && error.message.contains("somebody else changed it since"), "{error}");
    assert_eq!(shop.timeout(), 45);
}

#[tokio::test]
async fn nothing_is_undone_that_was_not_begun() {
    let shop = Shop::open().await;
    let (proposal, digest, decision) = shop.approved().await;
    shop.lock().await;
    let error = shop.call("act", change("undo", &proposal, &digest, &[decision], &shop.now())).await.unwrap_err();
    assert!(error.message.contains("was not begun"), "{error}");
}

#[tokio::test]
async fn a_changed_proposal_is_refused() {
    check_refused("digest", async |_, proposal, _, _| {
        proposal.parameters.insert("timeout".to_owned(), 900.into());
    })
    .await;
    check_refused("another digest", async |_, proposal, digest, _| {
        proposal.parameters.insert("timeout".to_owned(), 900.into());
        *digest = proposal_digest(proposal).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_decision_that_nobody_signed_is_refused() {
    check_refused("not signed", async |_, _, _, decisions| {
        decisions[0].as_object_mut().unwrap().remove("signature");
    })
    .await;
    check_refused("does not fit", async |_, _, _, decisions| decisions[0]["role"] = json!("manager")).await;
    check_refused("0 of 1", async |_, _, _, decisions| decisions.clear()).await;
}

#[tokio::test]
async fn a_decision_of_a_foreign_key_is_refused() {
    check_refused("not one of ours", async |_, _, _, decisions| {
        let decision = serde_json::from_value(decisions[0].clone()).unwrap();
        let foreign = activities::approval::SigningKey::new([7; 32]).sign(decision).unwrap();
        decisions[0] = serde_json::to_value(foreign).unwrap();
    })
    .await;
}

#[tokio::test]
async fn the_machine_cannot_decide_for_itself_in_mode_ask() {
    check_refused("not in mode `policy`", async |shop, _, digest, decisions| {
        *decisions = vec![policy_decision(shop, digest)];
    })
    .await;
}

#[tokio::test]
async fn in_mode_policy_a_models_low_proposal_executes_and_no_other_does() {
    for (kind, expect) in [(ReasonerKind::Model, Ok("running")), (ReasonerKind::Rules, Err("Sao.Refused"))] {
        let shop = Shop::with(Mode::Policy).await;
        let mut proposal = shop.proposal();
        proposal.reasoner.kind = kind;
        let digest = proposal_digest(&proposal).unwrap();
        shop.lock().await;
        let result = shop
            .call("act", change("begin", &proposal, &digest, &[policy_decision(&shop, &digest)], &shop.now()))
            .await;
        assert_eq!(
            result.as_ref().map(|answer| answer["status"].as_str().unwrap()).map_err(|error| error.error.as_str()),
            expect
        );
    }
}

fn policy_decision(shop: &Shop, digest: &str) -> Value {
    json!({"kind": "policy", "execution": EXECUTION, "digest": digest, "round": 0, "subject": "policy", "at": shop.now()})
}

#[tokio::test]
async fn without_the_lock_nothing_is_executed() {
    check_refused("is not held", async |shop, _, _, _| {
        shop.call("act", json!({"operation": "unlock", "node": NODE, "owner": EXECUTION, "at": shop.now()}))
            .await
            .unwrap();
    })
    .await;
    check_refused("is not this incident's", async |shop, _, _, _| shop.clock.advance(900)).await;
}

#[tokio::test]
async fn the_kill_switch_stops_execution() {
    check_refused("the kill switch is engaged: game day", async |shop, _, _, _| {
        shop.edge.set_kill_switch(Some("game day".to_owned())).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_alarm_that_is_over_is_not_acted_upon() {
    check_refused("does not fire any more", async |shop, _, _, _| {
        shop.alarm("OK", "2026-11-23T10:15:40.000+0000").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_target_that_changed_since_the_approval_is_refused() {
    check_refused("was shown when it was approved", async |shop, _, _, _| {
        shop.collect(2, 12).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_expired_proposal_is_refused() {
    check_refused("expired", async |shop, _, _, _| {
        shop.clock.advance(3_600 + 600);
        shop.lock().await;
    })
    .await;
}

#[tokio::test]
async fn a_policy_that_changed_since_the_approval_is_refused() {
    check_refused("changed since the approval", async |shop, _, _, _| {
        std::fs::write(shop.data().join("twin/governance.json"), "{\"frameworks\": [\"SOC2\"]}").unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_missing_layer_fails_closed() {
    check_refused("no constraints layer", async |shop, _, _, _| {
        std::fs::remove_file(shop.data().join("twin/constraints.json")).unwrap();
    })
    .await;
}

#[tokio::test]
async fn another_accounts_resource_is_refused() {
    check_refused("this account is", async |_, proposal, digest, _| {
        proposal.target.account = "999999999999".to_owned();
        *digest = proposal_digest(proposal).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_maintenance_window_that_opens_before_execution_refuses() {
    let shop = Shop::open().await;
    let window =
        json!({"maintenance_windows": [{"name": "w", "start": "2026-11-23T10:30:00Z", "end": "2026-11-23T11:30:00Z"}]});
    std::fs::write(shop.data().join("twin/constraints.json"), window.to_string()).unwrap();
    let (proposal, digest, decision) = shop.approved().await;
    shop.clock.advance(1_200);
    shop.lock().await;
    let error = shop.call("act", change("begin", &proposal, &digest, &[decision], &shop.now())).await.unwrap_err();
    assert!(error.error == "Sao.Refused" && error.message.contains("denies"), "{error}");
    assert_eq!(shop.changes(), 0);
}

#[tokio::test]
async fn an_action_outside_of_the_catalogue_is_refused_although_it_was_approved() {
    for (parameter, value) in [("timeout", json!(901)), ("timeout", json!(-1)), ("shell", json!("rm"))] {
        let shop = Shop::open().await;
        let mut proposal = shop.proposal();
        proposal.parameters.insert(parameter.to_owned(), value);
        let digest = proposal_digest(&proposal).unwrap();
        shop.ask(&proposal, 1, TOKEN, &[]).await;
        shop.decide("approve", "ana").await;
        shop.lock().await;
        let decisions = [shop.engine.output(TOKEN).unwrap()];
        let error = shop.call("act", change("begin", &proposal, &digest, &decisions, &shop.now())).await.unwrap_err();
        assert!(error.error == "Sao.Refused" && error.message.contains("not in the catalogue"), "{error}");
    }
}

#[tokio::test]
async fn a_lock_is_its_owners_until_it_ends() {
    let shop = Shop::open().await;
    let lock =
        |owner: &str| json!({"operation": "lock", "node": NODE, "owner": owner, "seconds": 60, "at": shop.now()});
    let first = shop.call("act", lock("one")).await.unwrap();
    assert_eq!(shop.call("act", lock("one")).await.unwrap(), first);
    let error = shop.call("act", lock("two")).await.unwrap_err();
    assert!(error.error == "Sao.Locked" && error.message.contains("`one`"), "{error}");
    // Giving back what is not one's own succeeds and changes nothing.
    shop.call("act", json!({"operation": "unlock", "node": NODE, "owner": "two", "at": shop.now()})).await.unwrap();
    assert_eq!(shop.call("act", lock("two")).await.unwrap_err().error, "Sao.Locked");
    shop.clock.advance(60);
    assert!(shop.call("act", lock("two")).await.is_ok(), "a lock whose owner died ends by itself");
}

#[tokio::test]
async fn what_act_does_not_read_is_bad_input() {
    let shop = Shop::open().await;
    let error = shop.call("act", json!({"operation": "execute_anything"})).await.unwrap_err();
    assert_eq!(error.error, "Sao.BadInput");
    assert_eq!(shop.call("shell", json!({})).await.unwrap_err().error, "Sao.UnknownFunction");
}
