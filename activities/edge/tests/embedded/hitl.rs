//! The approval pages: what a link, a scanner, a browser and two people at once can and cannot do.

use activities::approval::proposal_digest;
use activities::shape::{Decision, DecisionKind, Role};
use edge::{Browser, DecideError, Form};
use serde_json::json;

use crate::shop::{EXECUTION, Shop, TOKEN, links_of};

/// A shop that has asked about its proposal.
async fn asked() -> Shop {
    let shop = Shop::open().await;
    shop.ask(&shop.proposal(), 1, TOKEN, &[]).await;
    shop
}

/// Posts a form that a test has spoilt: nothing must be decided, and nothing but a page may come of it.
async fn check_refused(status: u16, part: &str, spoil: impl FnOnce(&mut Form)) {
    let shop = asked().await;
    let link = shop.links().remove(0);
    let mut form = shop.form(&link, "approve", "ana").await;
    spoil(&mut form);
    let before = shop.files();
    let page = shop.post(&link, form).await;
    assert_eq!(page.status, status, "{}", page.html);
    assert!(page.html.contains(part), "{part} in {}", page.html);
    assert_eq!(shop.files(), before);
    assert_eq!(shop.engine.completed(), 0);
}

#[tokio::test]
async fn get_changes_nothing() {
    let shop = asked().await;
    let before = shop.files();
    let link = shop.links().remove(0);
    for _ in 0..3 {
        let page = shop.get(&link).await;
        assert_eq!(page.status, 200);
        assert!(page.html.contains("Approve and execute"));
    }
    assert_eq!(shop.files(), before);
    assert_eq!(shop.engine.completed(), 0);
}

#[tokio::test]
async fn scanner_opens_all_links_and_nothing_moves() {
    let shop = asked().await;
    let before = shop.files();
    let links: Vec<String> = shop.mails().iter().flat_map(|mail| links_of(mail)).collect();
    assert_eq!(links.len(), 2, "one in the text, one in the HTML");
    for link in &links {
        for variant in [link.clone(), format!("{link}?utm_source=scanner"), link.replace("http://", "https://")] {
            assert_eq!(shop.get(&variant).await.status, 200);
        }
    }
    assert_eq!(shop.files(), before);
    assert_eq!(shop.engine.completed(), 0);
    assert_eq!(shop.decide("approve", "ana").await.status, 200, "and the approver can still decide");
}

#[tokio::test]
async fn a_post_with_a_code_decides_and_the_machine_gets_a_signed_decision() {
    let shop = asked().await;
    let page = shop.decide("approve", "ana").await;
    assert!(page.html.contains("Approved") && page.html.contains("ana"));
    let decision: Decision = serde_json::from_value(shop.engine.output(TOKEN).unwrap()).unwrap();
    assert_eq!(
        (decision.kind, decision.subject.as_str(), decision.role),
        (DecisionKind::Approve, "ana", Some(Role::OnCall))
    );
    assert_eq!(decision.digest, proposal_digest(&shop.proposal()).unwrap());
    assert!(decision.signature.is_some() && decision.key_id.is_some());
    // Whoever opens the link later sees what was decided, and not a form.
    let later = shop.get(&shop.links()[0]).await;
    assert!(later.status == 200 && later.html.contains("Approved") && !later.html.contains("<form"));
}

#[tokio::test]
async fn second_decision_is_told_it_came_second() {
    let shop = asked().await;
    let link = shop.links().remove(0);
    let reject = shop.form(&link, "reject", "bo").await;
    assert_eq!(shop.decide("approve", "ana").await.status, 200);
    let page = shop.post(&link, reject).await;
    assert_eq!(page.status, 409);
    assert!(page.html.contains("came second") && page.html.contains("ana"));
    assert_eq!(shop.engine.output(TOKEN).unwrap()["kind"], "approve");
}

#[tokio::test]
async fn of_many_decisions_at_once_one_counts() {
    let shop = asked().await;
    for name in ["c", "d", "e", "f"] {
        shop.edge.approvers().enrol(name, Role::OnCall).unwrap();
    }
    let link = shop.links().remove(0);
    let mut forms = Vec::new();
    for (name, verb) in
        [("ana", "approve"), ("bo", "reject"), ("c", "approve"), ("d", "reject"), ("e", "approve"), ("f", "reject")]
    {
        forms.push(shop.form(&link, verb, name).await);
    }
    let mut posts = forms.into_iter().map(|form| Box::pin(shop.post(&link, form))).collect::<Vec<_>>();
    let (a, b, c, d, e, f) = tokio::join!(
        posts.remove(0),
        posts.remove(0),
        posts.remove(0),
        posts.remove(0),
        posts.remove(0),
        posts.remove(0)
    );
    let statuses: Vec<u16> = [a, b, c, d, e, f].iter().map(|page| page.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 5, "{statuses:?}");
    assert_eq!(shop.engine.completed(), 1);
}

#[tokio::test]
async fn expired_link_shows_the_expiry_and_decides_nothing() {
    let shop = asked().await;
    let link = shop.links().remove(0);
    let form = shop.form(&link, "approve", "ana").await;
    shop.clock.advance(2 * 3_600);
    let form = Form { code: shop.form(&link, "approve", "ana").await.code, ..form };
    for page in [shop.get(&link).await, shop.post(&link, form).await] {
        assert_eq!(page.status, 410);
        assert!(page.html.contains("expired") && !page.html.contains("<form"));
    }
    assert_eq!(shop.engine.completed(), 0);
}

#[tokio::test]
async fn the_end_of_a_round_is_a_no() {
    let shop = asked().await;
    let link = shop.links().remove(0);
    let form = shop.form(&link, "approve", "ana").await;
    shop.clock.advance(900);
    let form = Form { code: shop.form(&link, "approve", "ana").await.code, ..form };
    assert_eq!(shop.post(&link, form).await.status, 410);
    assert_eq!(shop.engine.completed(), 0);
}

#[tokio::test]
async fn an_old_link_leads_to_the_round_that_is_open() {
    let shop = asked().await;
    let old = shop.links().remove(0);
    shop.clock.advance(900);
    shop.engine.time_out(TOKEN);
    shop.ask(&shop.proposal(), 2, "token-two", &[]).await;
    let page = shop.get(&old).await;
    assert!(page.status == 200 && page.html.contains("Round 2") && page.html.contains("earlier round"));
    let form = shop.form(&old, "approve", "ana").await;
    assert_eq!(shop.post(&old, form).await.status, 200);
    assert_eq!(shop.engine.output("token-two").unwrap()["round"], 2);
}

#[tokio::test]
async fn a_new_proposal_voids_the_form_of_the_former_one() {
    let shop = asked().await;
    let link = shop.links().remove(0);
    let form = shop.form(&link, "approve", "ana").await;
    let mut adjusted = shop.proposal();
    adjusted.parameters.insert("timeout".to_owned(), 20.into());
    shop.ask(&adjusted, 1, "token-of-the-adjusted", &[]).await;
    let page = shop.post(&link, form).await;
    assert_eq!(page.status, 409);
    assert!(page.html.contains("changed since"));
    assert_eq!(shop.engine.completed(), 0);
    assert_eq!(shop.decide("approve", "ana").await.status, 200);
    assert_eq!(shop.engine.output("token-of-the-adjusted").unwrap()["digest"], proposal_digest(&adjusted).unwrap());
}

#[tokio::test]
async fn high_needs_a_manager() {
    let shop = Shop::open().await;
    shop.ask(&shop.high(1), 1, TOKEN, &[]).await;
    let page = shop.decide("approve", "ana").await;
    assert_eq!(page.status, 403);
    assert!(page.html.contains("needs the role manager"));
    assert_eq!(shop.engine.completed(), 0);
    assert_eq!(shop.decide("approve", "bo").await.status, 200);
    assert_eq!(shop.engine.output(TOKEN).unwrap()["role"], "manager");
}

#[tokio::test]
async fn a_no_needs_no_manager() {
    let shop = Shop::open().await;
    shop.ask(&shop.high(1), 1, TOKEN, &[]).await;
    assert_eq!(shop.decide("reject", "ana").await.status, 200);
    assert_eq!(shop.engine.output(TOKEN).unwrap()["kind"], "reject");
}

#[tokio::test]
async fn two_approvals_are_of_two_people() {
    let shop = Shop::open().await;
    shop.ask(&shop.high(2), 1, TOKEN, &[]).await;
    assert_eq!(shop.decide("approve", "bo").await.status, 200);
    let first: Decision = serde_json::from_value(shop.engine.output(TOKEN).unwrap()).unwrap();
    shop.clock.advance(60);
    shop.ask(&shop.high(2), 2, "token-two", &[first]).await;
    let again = shop.decide("approve", "bo").await;
    assert!(again.status == 403 && again.html.contains("another person must"));
    assert_eq!(shop.decide("approve", "ana").await.status, 200);
    assert_eq!(shop.engine.output("token-two").unwrap()["subject"], "ana");
}

#[tokio::test]
async fn whoever_adjusted_a_proposal_does_not_approve_it() {
    let shop = Shop::open().await;
    let mut own = shop.proposal();
    own.requester = "human: ana".to_owned();
    shop.ask(&own, 1, TOKEN, &[]).await;
    let page = shop.decide("approve", "ana").await;
    assert!(page.status == 403 && page.html.contains("must not approve"));
    assert_eq!(shop.decide("approve", "bo").await.status, 200);
}

#[tokio::test]
async fn a_wrong_code_decides_nothing() {
    check_refused(403, "name or the one-time code is wrong", |form| form.code = "000000x".to_owned()).await;
}

#[tokio::test]
async fn a_name_without_its_code_is_nobody() {
    check_refused(403, "name or the one-time code is wrong", |form| form.name = "bo".to_owned()).await;
    check_refused(403, "name or the one-time code is wrong", |form| form.name = "nobody".to_owned()).await;
}

#[tokio::test]
async fn an_unknown_verb_decides_nothing() {
    check_refused(400, "neither approve nor reject", |form| form.verb = "execute".to_owned()).await;
    check_refused(400, "no verb", |form| form.verb.clear()).await;
}

#[tokio::test]
async fn a_form_that_is_not_of_our_page_decides_nothing() {
    check_refused(403, "not of our page", |form| form.form_token.clear()).await;
    check_refused(403, "not of our page", |form| form.form_token = "0".repeat(64)).await;
    check_refused(409, "changed since", |form| form.digest = "0".repeat(64)).await;
}

#[tokio::test]
async fn an_adjustment_must_be_a_number_and_a_change() {
    let spoil = |name: &'static str, value: &'static str| {
        move |form: &mut Form| {
            form.verb = "adjust".to_owned();
            form.parameters = vec![(name.to_owned(), value.to_owned())];
        }
    };
    check_refused(400, "not a whole number", spoil("timeout", "many")).await;
    check_refused(400, "No value was changed", spoil("timeout", "30")).await;
    check_refused(400, "is not a parameter", spoil("memory_size", "1024")).await;
    check_refused(400, "cannot be changed here", spoil("function_name", "other")).await;
}

#[tokio::test]
async fn an_adjustment_goes_back_with_its_values() {
    let shop = asked().await;
    let link = shop.links().remove(0);
    let form = shop.form(&link, "adjust", "ana").await;
    let form = Form { parameters: vec![("timeout".to_owned(), "20".to_owned())], reason: " less ".to_owned(), ..form };
    assert_eq!(shop.post(&link, form).await.status, 200);
    let decision = shop.engine.output(TOKEN).unwrap();
    assert_eq!(decision["parameters"], json!({"function_name": "shop-orders", "timeout": 20}));
    assert_eq!((&decision["kind"], &decision["reason"]), (&json!("adjust"), &json!("less")));
}

#[tokio::test]
async fn another_site_cannot_post() {
    let shop = asked().await;
    let link = shop.links().remove(0);
    let form = shop.form(&link, "approve", "ana").await;
    let browser =
        Browser { origin: Some("https://evil.example".to_owned()), fetch_site: Some("cross-site".to_owned()) };
    let page = shop.edge.decide(&link, form, browser, &shop.engine).await;
    assert_eq!(page.status, 403);
    assert_eq!(shop.engine.completed(), 0);
}

#[tokio::test]
async fn a_code_decides_once() {
    let shop = asked().await;
    let used = shop.form(&shop.links()[0], "approve", "ana").await.code;
    assert_eq!(shop.decide("approve", "ana").await.status, 200);
    let mut other = shop.proposal();
    other.parameters.insert("timeout".to_owned(), 25.into());
    shop.ask(&other, 1, "token-two", &[]).await;
    let link = shop.links().remove(0);
    let form = Form { code: used, ..shop.form(&link, "approve", "ana").await };
    let page = shop.post(&link, form).await;
    assert!(page.status == 403 && page.html.contains("used already"));
}

#[tokio::test]
async fn a_proposal_that_was_changed_on_disk_can_only_be_rejected() {
    let shop = asked().await;
    let (path, text) =
        shop.files().into_iter().find(|(path, _)| path.to_string_lossy().ends_with(".round.json")).unwrap();
    let changed = String::from_utf8(text).unwrap().replace("\"timeout\": 30", "\"timeout\": 900");
    std::fs::write(path, changed).unwrap();
    let link = shop.links().remove(0);
    let page = shop.get(&link).await;
    assert!(page.html.contains("can only be rejected") && !page.html.contains("Approve and execute"));
    let form = shop.form(&link, "approve", "ana").await;
    assert_eq!(shop.post(&link, form).await.status, 403);
    assert_eq!(shop.engine.completed(), 0);
    assert_eq!(shop.decide("reject", "ana").await.status, 200);
}

#[tokio::test]
async fn what_is_no_link_is_told_so() {
    let shop = asked().await;
    for text in ["", "hello", "http://127.0.0.1:8084/hitl/AAAA", "<script>alert(1)</script>"] {
        let page = shop.get(text).await;
        assert_eq!(page.status, 404, "{text}");
        assert!(!page.html.contains("<script"));
    }
    let cut = shop.links()[0][..200].to_owned();
    assert_eq!(shop.get(&cut).await.status, 404);
}

#[tokio::test]
async fn a_link_of_an_approval_that_is_not_kept_is_unknown() {
    let shop = asked().await;
    let link = shop.links().remove(0);
    std::fs::remove_dir_all(shop.data().join("approvals")).unwrap();
    let page = shop.get(&link).await;
    assert_eq!(page.status, 404);
    assert!(page.html.contains("Unknown approval"));
}

#[tokio::test]
async fn the_task_token_is_nowhere_to_be_read() {
    let shop = asked().await;
    shop.decide("approve", "ana").await;
    for (path, bytes) in shop.files() {
        assert!(!String::from_utf8_lossy(&bytes).contains(TOKEN), "{}", path.display());
    }
    assert!(!shop.get(&shop.links()[0]).await.html.contains(TOKEN));
}

#[tokio::test]
async fn an_ok_event_ends_the_wait_and_whoever_decides_then_came_second() {
    let shop = asked().await;
    let link = shop.links().remove(0);
    let form = shop.form(&link, "approve", "ana").await;
    shop.clock.advance(60);
    let taken = shop.alarm("OK", "2026-11-23T10:16:30.000+0000").await.unwrap();
    assert_eq!(taken, edge::Taken::Noted { state: "OK".to_owned(), ended_rounds: 1 });
    assert_eq!(shop.engine.output(TOKEN).unwrap()["kind"], "recovered");
    let form = Form { code: shop.form(&link, "approve", "ana").await.code, ..form };
    let page = shop.post(&link, form).await;
    assert_eq!(page.status, 409);
}

#[tokio::test]
async fn a_decision_after_the_timeout_of_the_task_is_late_and_void() {
    let shop = asked().await;
    shop.engine.time_out(TOKEN);
    let page = shop.decide("approve", "ana").await;
    assert_eq!(page.status, 410);
    assert!(page.html.contains("after the round had ended"));
}

#[tokio::test]
async fn a_decision_that_was_recorded_before_a_crash_is_delivered_after_it() {
    let shop = asked().await;
    shop.engine.set_down(true);
    let page = shop.decide("approve", "ana").await;
    assert!(page.status == 200 && page.html.contains("It is recorded"));
    assert_eq!(shop.engine.completed(), 0);
    let shop = shop.restarted();
    shop.engine.set_down(false);
    assert_eq!(shop.edge.redeliver(&shop.engine).await.unwrap(), 1);
    assert_eq!(shop.engine.output(TOKEN).unwrap()["subject"], "ana");
    assert_eq!(shop.edge.redeliver(&shop.engine).await.unwrap(), 0);
}

#[tokio::test]
async fn the_terminal_decides_by_the_same_rules() {
    let shop = Shop::open().await;
    shop.ask(&shop.high(1), 1, TOKEN, &[]).await;
    let decide = async |name: &str| {
        shop.edge
            .decide_at_terminal(EXECUTION, DecisionKind::Approve, name, Some("fine".to_owned()), &shop.engine)
            .await
    };
    assert!(matches!(decide("ana").await, Err(DecideError::Unauthorised(_))));
    assert!(matches!(decide("nobody").await, Err(DecideError::Unauthorised(_))));
    assert_eq!(decide("bo").await.unwrap().reason.as_deref(), Some("fine"));
    assert!(matches!(decide("operator").await, Err(DecideError::Second(first)) if first.subject == "bo"));
    let unknown = shop.edge.decide_at_terminal("arn:none", DecisionKind::Approve, "bo", None, &shop.engine).await;
    assert!(matches!(unknown, Err(DecideError::Unknown)));
}

#[tokio::test]
async fn open_rounds_are_those_that_wait() {
    let shop = asked().await;
    let open = shop.edge.open_rounds().await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(shop.edge.page_address(EXECUTION).await.unwrap(), shop.links()[0]);
    shop.decide("reject", "ana").await;
    assert!(shop.edge.open_rounds().await.unwrap().is_empty());
}
