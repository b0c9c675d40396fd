//! Act: what was approved is executed, once, with credentials for nothing else.

use activities::approval::proposal_digest;
use activities::shape::{Decision, Proposal, errors};
use serde_json::{Value, json};

use super::super::Aws;
use super::super::replay::{Exchange, Script};
use super::super::shop::{
    FUNCTION, NODE, alarm, approval, configuration, ended, execution, execution_arn, incident_id, proposal, shop,
};
use crate::error::EdgeError;

const AT: &str = "2026-11-23T10:16:00Z";
const UPDATE: &[&str] = &["PUT ", "/functions/shop-orders/configuration"];

async fn lock(aws: &Aws, owner: &str) -> Result<Value, EdgeError> {
    aws.call("act", json!({"operation": "lock", "node": NODE, "owner": owner, "seconds": 600, "at": AT})).await
}

async fn unlock(aws: &Aws, owner: &str) -> Value {
    aws.call("act", json!({"operation": "unlock", "node": NODE, "owner": owner, "at": AT})).await.unwrap()
}

async fn change(aws: &Aws, operation: &str, proposal: &Proposal, decisions: &[Decision]) -> Result<Value, EdgeError> {
    let digest = proposal_digest(proposal).unwrap();
    let key = format!("{digest}:{operation}");
    let event = json!({"operation": operation, "proposal": proposal, "digest": digest, "decisions": decisions, "idempotency_key": key, "at": AT});
    aws.call("act", event).await
}

async fn poll(aws: &Aws, undo: bool) -> Value {
    aws.call("act", json!({"operation": "poll", "proposal": proposal(), "undo": undo, "handle": {}, "at": AT}))
        .await
        .unwrap()
}

/// Approves, locks, lets a test spoil something, and begins: it must be refused for this reason, and nothing be called.
async fn check_refused(
    part: &str,
    settings: &[(&str, &str)],
    spoil: impl FnOnce(&Script, &mut Proposal, &mut Vec<Decision>),
) {
    let script = shop();
    let aws = script.aws(settings);
    let mut proposal = proposal();
    let mut decisions = vec![approval(&proposal)];
    lock(&aws, &execution_arn()).await.unwrap();
    spoil(&script, &mut proposal, &mut decisions);
    let error = change(&aws, "begin", &proposal, &decisions).await.unwrap_err();
    assert_eq!(error.error, errors::REFUSED, "{error}");
    assert!(error.message.contains(part), "{part} in {error}");
    assert!(script.asked(&["Action=AssumeRole"]).is_empty() && script.asked(UPDATE).is_empty());
    assert_eq!(script.keys("twin/actions/"), Vec::<String>::new());
}

#[tokio::test]
async fn what_was_approved_is_executed_with_credentials_for_nothing_else() {
    let script = shop();
    let aws = script.aws(&[]);
    lock(&aws, &execution_arn()).await.unwrap();
    let answer = change(&aws, "begin", &proposal(), &[approval(&proposal())]).await.unwrap();
    assert_eq!(answer["status"], "running", "{answer}");
    assert_eq!(answer["detail"], "lambda_update_timeout of shop-orders (timeout 10 -> 30) was begun");

    let [assumed] = script.asked(&["Action=AssumeRole"]).try_into().unwrap();
    for part in [
        "SourceIdentity=ana",
        &format!("RoleSessionName={}", incident_id()),
        "role%2Fsao-executor",
        "DurationSeconds=900",
    ] {
        assert!(assumed.text().contains(part), "{part} in {}", assumed.text());
    }
    let policy = "%22Action%22%3A%22lambda%3AUpdateFunctionConfiguration%22%2C%22Resource%22%3A%22arn%3Aaws%3Alambda";
    assert!(assumed.text().contains(policy) && !assumed.text().contains("%2A"), "{}", assumed.text());

    let [update] = script.asked(UPDATE).try_into().unwrap();
    assert_eq!(
        update.json(),
        json!({"Timeout": 30, "RevisionId": "revision-1"}),
        "what was approved, if nobody else came before"
    );
    assert_eq!(update.headers["x-amz-security-token"], "executor-token");
    assert!(update.headers["authorization"].contains("ASIAEXECUTOR"));
}

#[tokio::test]
async fn a_change_is_effective_when_the_service_says_so() {
    let script = shop();
    let aws = script.aws(&[]);
    lock(&aws, &execution_arn()).await.unwrap();
    change(&aws, "begin", &proposal(), &[approval(&proposal())]).await.unwrap();
    script.add(configuration(30, "InProgress"));
    assert_eq!(poll(&aws, false).await["status"], "running");
    script.add(configuration(30, "Successful"));
    let answer = poll(&aws, false).await;
    assert_eq!((&answer["status"], &answer["after"]), (&json!("effective"), &json!({"timeout": 30})));
    script.add(configuration(10, "Failed"));
    assert_eq!(poll(&aws, false).await["status"], "failed");
}

#[tokio::test]
async fn begin_twice_calls_once() {
    let script = shop();
    let aws = script.aws(&[]);
    lock(&aws, &execution_arn()).await.unwrap();
    let first = change(&aws, "begin", &proposal(), &[approval(&proposal())]).await.unwrap();
    // The answer was lost and time went by: the alarm is over, the proposal has expired, and the answer is the same.
    script.advance(7_200);
    script.add(alarm("OK"));
    let again = change(&aws, "begin", &proposal(), &[approval(&proposal())]).await.unwrap();
    assert_eq!((again, script.asked(UPDATE).len()), (first, 1));
}

#[tokio::test]
async fn a_call_whose_answer_was_lost_is_found_in_the_account() {
    let script = shop();
    let aws = script.aws(&[]);
    lock(&aws, &execution_arn()).await.unwrap();
    script.add(Exchange::of(UPDATE, 503, r#"{"message": "Service Unavailable"}"#));
    let error = change(&aws, "begin", &proposal(), &[approval(&proposal())]).await.unwrap_err();
    assert_eq!(error.error, errors::TRANSIENT, "{error}");
    let calls = script.asked(UPDATE).len();
    script.add(configuration(30, "InProgress"));
    let answer = change(&aws, "begin", &proposal(), &[approval(&proposal())]).await.unwrap();
    assert_eq!((&answer["status"], script.asked(UPDATE).len()), (&json!("running"), calls));
}

#[tokio::test]
async fn a_call_that_was_not_made_is_made_at_the_next_attempt() {
    let script = shop();
    let aws = script.aws(&[]);
    lock(&aws, &execution_arn()).await.unwrap();
    script.add(
        Exchange::of(UPDATE, 429, r#"{"message": "Rate exceeded"}"#)
            .with("x-amzn-errortype", "TooManyRequestsException"),
    );
    let error = change(&aws, "begin", &proposal(), &[approval(&proposal())]).await.unwrap_err();
    assert_eq!(error.error, errors::TRANSIENT, "{error}");
    script.add(Exchange::of(UPDATE, 200, "{}"));
    let answer = change(&aws, "begin", &proposal(), &[approval(&proposal())]).await.unwrap();
    assert_eq!(answer["status"], "running");
}

#[tokio::test]
async fn a_refusal_of_aws_fails_the_action_and_every_repetition_of_it() {
    let script = shop();
    let aws = script.aws(&[]);
    lock(&aws, &execution_arn()).await.unwrap();
    script.add(
        Exchange::of(UPDATE, 403, r#"{"message": "not authorized"}"#).with("x-amzn-errortype", "AccessDeniedException"),
    );
    for _ in 0..2 {
        let error = change(&aws, "begin", &proposal(), &[approval(&proposal())]).await.unwrap_err();
        assert_eq!(error.error, errors::ACTION_FAILED);
        assert!(error.message.contains("not authorized"), "{error}");
    }
    assert_eq!(script.asked(UPDATE).len(), 1);
}

#[tokio::test]
async fn somebody_else_at_the_last_moment_is_a_refusal() {
    let script = shop();
    let aws = script.aws(&[]);
    lock(&aws, &execution_arn()).await.unwrap();
    script.add(
        Exchange::of(UPDATE, 412, r#"{"message": "revision"}"#).with("x-amzn-errortype", "PreconditionFailedException"),
    );
    let error = change(&aws, "begin", &proposal(), &[approval(&proposal())]).await.unwrap_err();
    assert_eq!(error.error, errors::REFUSED);
    assert!(error.message.contains("at the last moment"), "{error}");
}

#[tokio::test]
async fn an_undo_sets_back_what_the_action_set_and_nothing_else() {
    let script = shop();
    let aws = script.aws(&[]);
    lock(&aws, &execution_arn()).await.unwrap();
    let nothing = change(&aws, "undo", &proposal(), &[approval(&proposal())]).await.unwrap_err();
    assert!(nothing.message.contains("nothing to undo"), "{nothing}");
    change(&aws, "begin", &proposal(), &[approval(&proposal())]).await.unwrap();
    script.add(configuration(60, "Successful"));
    let foreign = change(&aws, "undo", &proposal(), &[approval(&proposal())]).await.unwrap_err();
    assert!(foreign.error == errors::REFUSED && foreign.message.contains("somebody else"), "{foreign}");
    script.add(configuration(30, "Successful"));
    script.add(Exchange::of(UPDATE, 200, "{}"));
    change(&aws, "undo", &proposal(), &[approval(&proposal())]).await.unwrap();
    assert_eq!(script.asked(UPDATE).last().unwrap().json()["Timeout"], 10);
    script.add(configuration(10, "Successful"));
    assert_eq!(poll(&aws, true).await["status"], "effective");
}

#[tokio::test]
async fn what_was_not_approved_like_this_is_refused() {
    check_refused("approvals by different people", &[], |_, _, decisions| decisions.clear()).await;
    check_refused("does not count", &[], |_, _, decisions| decisions[0].subject = "mallory".to_owned()).await;
    check_refused("about another digest", &[], |_, proposal, _| {
        _ = proposal.parameters.insert("timeout".to_owned(), json!(900))
    })
    .await;
    check_refused("expired", &[], |script, _, _| script.advance(7_200)).await;
    check_refused("not one of ours", &[], |script, _, _| script.put("keys/signing.pub", "")).await;
}

#[tokio::test]
async fn the_world_must_be_as_it_was_shown() {
    check_refused("was shown when it was approved", &[], |script, _, _| script.add(configuration(20, "Successful")))
        .await;
    check_refused("does not fire any more", &[], |script, _, _| script.add(alarm("OK"))).await;
    check_refused("is ABORTED", &[], |script, _, _| script.add(execution("ABORTED"))).await;
    check_refused("kill switch is engaged: stop", &[], |script, _, _| script.put("twin/kill-switch", "stop\n")).await;
    check_refused("changed since the approval", &[], |script, _, _| script.put("twin/constraints.json", "{}")).await;
    check_refused("no governance layer", &[], |script, _, _| script.remove("twin/governance.json")).await;
    check_refused("is not held", &[], |script, _, _| {
        let [key] = script.keys("twin/locks/").try_into().unwrap();
        script.remove(&key);
    })
    .await;
}

#[tokio::test]
async fn the_policy_decides_only_where_this_functions_own_mode_lets_it() {
    let by_policy = |_: &Script, proposal: &mut Proposal, decisions: &mut Vec<Decision>| {
        let digest = proposal_digest(proposal).unwrap();
        let decision = json!({"kind": "policy", "execution": proposal.execution, "digest": digest, "round": 0, "subject": "policy", "at": AT});
        *decisions = vec![serde_json::from_value(decision).unwrap()];
    };
    check_refused("not in mode `policy`", &[], by_policy).await;
    check_refused("its limit is 0", &[("SAO_MODE", "policy"), ("SAO_AUTOMATIC_PER_HOUR", "0")], by_policy).await;

    let script = shop();
    let aws = script.aws(&[("SAO_MODE", "policy"), ("SAO_AUTOMATIC_PER_HOUR", "1")]);
    lock(&aws, &execution_arn()).await.unwrap();
    let (mut proposal, mut decisions) = (proposal(), Vec::new());
    by_policy(&script, &mut proposal, &mut decisions);
    change(&aws, "begin", &proposal, &decisions).await.unwrap();
    assert_eq!(script.keys("twin/automatic/").len(), 1);
    proposal.nonce = "n-2".to_owned();
    by_policy(&script, &mut proposal, &mut decisions);
    let error = change(&aws, "begin", &proposal, &decisions).await.unwrap_err();
    assert!(error.message.contains("executed 1 actions in the last hour"), "{error}");
    assert_eq!(script.keys("twin/automatic/").len(), 1);
}

#[tokio::test]
async fn a_lock_is_one_executions_until_it_ends() {
    let script = shop();
    let aws = script.aws(&[]);
    lock(&aws, "first").await.unwrap();
    lock(&aws, "first").await.unwrap();
    let error = lock(&aws, "second").await.unwrap_err();
    assert!(error.error == errors::LOCKED && error.message.contains("`first`"), "{error}");
    assert_eq!(unlock(&aws, "second").await["status"], "unlocked");
    assert_eq!(lock(&aws, "second").await.unwrap_err().error, errors::LOCKED, "another's lock is left alone");
    unlock(&aws, "first").await;
    lock(&aws, "second").await.unwrap();
    script.advance(600);
    lock(&aws, "first").await.unwrap();
    let written = script.asked(&["PUT ", "/locks/"]);
    assert!(written[0].headers.contains_key("if-none-match"));
    assert!(
        written[1..].iter().all(|asked| asked.headers.contains_key("if-match")),
        "a lock is written only as it was read"
    );
    let sequences: Vec<Value> = written.iter().map(|asked| asked.json()["sequence"].clone()).collect();
    assert_eq!(sequences, [1, 2, 3, 4, 5].map(Value::from));
}

#[tokio::test]
async fn of_two_who_take_a_lock_at_once_one_gets_it() {
    let script = shop();
    let aws = script.aws(&[]);
    // S3 says that another write came first; at the next look the lock is the other's.
    script.add(Exchange::of(&["PUT ", "/locks/"], 412, "<Error><Code>PreconditionFailed</Code></Error>"));
    let error = lock(&aws, "first").await.unwrap_err();
    assert_eq!(error.error, errors::TRANSIENT, "nobody holds it, and it was never ours: {error}");
    let written = script.asked(&["PUT ", "/locks/"]);
    assert!(written.len() > 1 && written.iter().all(|asked| asked.headers["if-none-match"] == "*"));
    let other = json!({"node": NODE, "owner": "second", "since": AT, "until": "2026-11-23T10:30:00Z", "sequence": 1});
    let key = format!("twin{}", written[0].uri.split_once(".com").unwrap().1.split('?').next().unwrap());
    script.put(&key, other.to_string());
    assert_eq!(lock(&aws, "first").await.unwrap_err().error, errors::LOCKED);
}

#[tokio::test]
async fn the_end_of_an_execution_gives_its_locks_back() {
    let script = shop();
    let aws = script.aws(&[]);
    lock(&aws, &execution_arn()).await.unwrap();
    let answer = aws.call("act", ended("ABORTED")).await.unwrap();
    assert_eq!(answer["released"], 1);
    lock(&aws, "second").await.unwrap();
    assert_eq!(aws.call("act", ended("ABORTED")).await.unwrap()["released"], 0);
}

#[tokio::test]
async fn another_account_is_not_changed() {
    let script = shop();
    let aws = script.aws(&[("SAO_ACCOUNT", "999999999999")]);
    let error = change(&aws, "begin", &proposal(), &[approval(&proposal())]).await.unwrap_err();
    assert!(error.error == errors::REFUSED && error.message.contains(FUNCTION), "{error}");
}
