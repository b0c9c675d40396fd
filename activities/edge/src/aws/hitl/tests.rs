//! Asking and deciding together: from the mail's link to the decision that `act` believes.

use activities::approval::{LINK_PATH, one_time_code};
use activities::shape::{Decision, errors};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::Aws;
use super::super::replay::{Exchange, Script};
use super::super::shop::{TOKEN, ended, event, execution_arn, incident, proposal, shop};

/// Asks about the proposal; answers the path of the link in the mail.
async fn ask(script: &Script, aws: &Aws, token: &str) -> String {
    assert_eq!(aws.call("notify", question(token)).await.unwrap(), json!({"message_id": "mail-1"}));
    let mail = script.asked(&["Action=Publish"]).pop().unwrap().text();
    let start = mail.find("%2Fhitl%2F").unwrap() + "%2Fhitl%2F".len();
    let sealed: String =
        mail[start..].chars().take_while(|one| one.is_ascii_alphanumeric() || "-_".contains(*one)).collect();
    format!("{LINK_PATH}{sealed}")
}

fn question(token: &str) -> Value {
    let proposal = proposal();
    let digest = activities::approval::proposal_digest(&proposal).unwrap();
    let piece = json!({"evidence": "E1", "turn": 1, "topic": "metrics", "title": "Duration", "text": "9.8 s", "untrusted": false,
        "source": "metrics", "tokens": 3});
    json!({"kind": "ask", "token": token, "number": 1, "round": {"kind": "ask", "role": "on-call", "seconds": 900}, "incident": incident(),
        "proposal": proposal, "digest": digest, "approvals": [], "at": "2026-11-23T10:16:00Z",
        "context": {"pieces": [piece], "dropped": [], "gaps": [], "tokens": 3, "redactions": 0}})
}

fn get(path: &str) -> Value {
    json!({"version": "2.0", "rawPath": path, "headers": {}, "requestContext": {"http": {"method": "GET"}}})
}

fn post(path: &str, fields: &[(&str, &str)]) -> Value {
    let escape = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    json!({"version": "2.0", "rawPath": path, "isBase64Encoded": true, "body": STANDARD.encode(body.join("&")),
        "headers": {"content-type": "application/x-www-form-urlencoded", "origin": "https://sao.example.com", "sec-fetch-site": "same-origin"},
        "requestContext": {"http": {"method": "POST"}}})
}

/// Sends the form of the page that stands behind the link; answers status and page.
async fn decide(script: &Script, aws: &Aws, path: &str, verb: &str, name: &str, secret: u8) -> (u64, String) {
    let page = aws.call("hitl", get(path)).await.unwrap()["body"].as_str().unwrap().to_owned();
    let field = |name: &str| {
        let at = page.find(&format!("name=\"{name}\"")).unwrap();
        page[at..].split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let code = one_time_code(&[secret; 32], script.now().as_second());
    let (digest, token) = (field("digest"), field("form_token"));
    let fields = [
        ("verb", verb),
        ("name", name),
        ("code", &code),
        ("digest", &digest),
        ("form_token", &token),
        ("reason", "fine"),
    ];
    let answer = aws.call("hitl", post(path, &fields)).await.unwrap();
    (answer["statusCode"].as_u64().unwrap(), answer["body"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_yes_on_the_page_completes_the_task_and_act_believes_it() {
    let script = shop();
    let aws = script.aws(&[]);
    let path = ask(&script, &aws, TOKEN).await;
    let (status, page) = decide(&script, &aws, &path, "approve", "ana", 7).await;
    assert_eq!(status, 200, "{page}");
    let [sent] = script.asked(&["AWSStepFunctions.SendTaskSuccess"]).try_into().unwrap();
    assert_eq!(sent.json()["taskToken"], TOKEN);
    let decision: Decision = serde_json::from_str(sent.json()["output"].as_str().unwrap()).unwrap();
    assert_eq!((decision.subject.as_str(), decision.reason.as_deref()), ("ana", Some("fine")));
    assert!(script.keys("twin/undelivered/").is_empty());

    let lock = json!({"operation": "lock", "node": proposal().target.node, "owner": execution_arn(), "seconds": 600, "at": "2026-11-23T10:16:00Z"});
    aws.call("act", lock).await.unwrap();
    let begin = json!({"operation": "begin", "proposal": proposal(), "digest": decision.digest, "decisions": [decision],
        "idempotency_key": "k", "at": "2026-11-23T10:16:00Z"});
    assert_eq!(aws.call("act", begin).await.unwrap()["status"], "running");
}

#[tokio::test]
async fn opening_the_page_changes_nothing() {
    let script = shop();
    let aws = script.aws(&[]);
    let path = ask(&script, &aws, TOKEN).await;
    let before: Vec<(String, Option<String>)> =
        script.keys("").into_iter().map(|key| (key.clone(), script.get(&key))).collect();
    let answer = aws.call("hitl", get(&path)).await.unwrap();
    assert_eq!((&answer["statusCode"], &answer["headers"]["referrer-policy"]), (&json!(200), &json!("no-referrer")));
    assert!(answer["body"].as_str().unwrap().contains("lambda_update_timeout"));
    let after: Vec<(String, Option<String>)> =
        script.keys("").into_iter().map(|key| (key.clone(), script.get(&key))).collect();
    assert_eq!(after, before);
    assert!(
        !before.iter().any(|(_, text)| text.as_deref().is_some_and(|text| text.contains(TOKEN))),
        "the token is sealed"
    );
}

#[tokio::test]
async fn the_second_decision_changes_nothing() {
    let script = shop();
    let aws = script.aws(&[]);
    let path = ask(&script, &aws, TOKEN).await;
    let page = aws.call("hitl", get(&path)).await.unwrap();
    assert_eq!(page["statusCode"], 200);
    decide(&script, &aws, &path, "reject", "bo", 8).await;
    let second = aws.call("hitl", post(&path, &[("verb", "approve")])).await.unwrap();
    assert_eq!(second["statusCode"], 409);
    assert_eq!(script.asked(&["AWSStepFunctions.SendTaskSuccess"]).len(), 1);
    assert!(aws.call("hitl", get(&path)).await.unwrap()["body"].as_str().unwrap().contains("Rejected"));
}

#[tokio::test]
async fn whoever_is_not_who_they_say_decides_nothing_and_cannot_guess() {
    let script = shop();
    let aws = script.aws(&[]);
    let path = ask(&script, &aws, TOKEN).await;
    for _ in 0..5 {
        let (_, page) = decide(&script, &aws, &path, "approve", "ana", 9).await;
        assert!(page.contains("The name or the one-time code is wrong."), "{page}");
    }
    let (_, page) = decide(&script, &aws, &path, "approve", "ana", 7).await;
    assert!(page.contains("too many wrong codes"), "{page}");
    assert!(script.asked(&["AWSStepFunctions.SendTaskSuccess"]).is_empty());
    script.advance(14 * 60 + 59);
    let (status, _) = decide(&script, &aws, &path, "approve", "bo", 8).await;
    assert_eq!(status, 200, "another person's codes are their own");
}

#[tokio::test]
async fn a_code_works_once() {
    let script = shop();
    let aws = script.aws(&[]);
    let path = ask(&script, &aws, TOKEN).await;
    assert_eq!(decide(&script, &aws, &path, "approve", "ana", 7).await.0, 200);
    // Another round, within the life of the same code.
    let [decision] = script
        .keys("twin/approvals/")
        .into_iter()
        .filter(|key| key.contains("decision"))
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    script.remove(&decision);
    let (_, page) = decide(&script, &aws, &path, "approve", "ana", 7).await;
    assert!(page.contains("This one-time code was used already"), "{page}");
    assert_eq!(script.asked(&["AWSStepFunctions.SendTaskSuccess"]).len(), 1);
    script.advance(60);
    assert_eq!(decide(&script, &aws, &path, "approve", "ana", 7).await.0, 200, "the next code");
}

#[tokio::test]
async fn a_decision_that_did_not_arrive_is_sent_again() {
    let script = shop();
    let aws = script.aws(&[]);
    let path = ask(&script, &aws, TOKEN).await;
    script.add(Exchange::of(&["AWSStepFunctions.SendTaskSuccess"], 500, "{}"));
    let (status, page) = decide(&script, &aws, &path, "approve", "ana", 7).await;
    assert!(status == 200 && page.contains("It is recorded."), "{page}");
    assert_eq!(script.keys("twin/undelivered/").len(), 1);
    script.add(Exchange::of(&["AWSStepFunctions.SendTaskSuccess"], 200, "{}"));
    let schedule = json!({"source": "aws.events", "detail-type": "Scheduled Event"});
    assert_eq!(aws.call("hitl", schedule.clone()).await.unwrap(), json!({"sent": 1}));
    assert_eq!(aws.call("hitl", schedule).await.unwrap(), json!({"sent": 0}));
}

#[tokio::test]
async fn a_decision_after_the_round_is_too_late() {
    let script = shop();
    let aws = script.aws(&[]);
    let path = ask(&script, &aws, TOKEN).await;
    let late = r#"{"__type": "TaskTimedOut", "message": "Task Timed Out"}"#;
    script.add(Exchange::of(&["AWSStepFunctions.SendTaskSuccess"], 400, late));
    let (status, page) = decide(&script, &aws, &path, "approve", "ana", 7).await;
    assert!(status == 410 && page.contains("after the round had ended"), "{page}");
    assert!(script.keys("twin/undelivered/").is_empty());
}

#[tokio::test]
async fn an_alarm_that_is_ok_again_ends_the_round() {
    let script = shop();
    let aws = script.aws(&[]);
    ask(&script, &aws, TOKEN).await;
    assert_eq!(aws.call("hitl", event("OK")).await.unwrap(), json!({"state": "OK", "ended_rounds": 1}));
    let [sent] = script.asked(&["AWSStepFunctions.SendTaskSuccess"]).try_into().unwrap();
    let decision: Value = serde_json::from_str(sent.json()["output"].as_str().unwrap()).unwrap();
    assert_eq!((&decision["kind"], decision.get("signature")), (&json!("recovered"), None));
    assert_eq!(aws.call("hitl", event("OK")).await.unwrap()["ended_rounds"], 0);
}

#[tokio::test]
async fn a_stopped_execution_closes_its_page() {
    let script = shop();
    let aws = script.aws(&[]);
    let path = ask(&script, &aws, TOKEN).await;
    aws.call("hitl", ended("ABORTED")).await.unwrap();
    let answer = aws.call("hitl", get(&path)).await.unwrap();
    assert_eq!(answer["statusCode"], 410);
    assert!(answer["body"].as_str().unwrap().contains("ended as ABORTED"));
}

#[tokio::test]
async fn a_request_that_comes_twice_is_mailed_once_and_a_retry_leads_to_the_same_round() {
    let script = shop();
    let aws = script.aws(&[]);
    let first = ask(&script, &aws, TOKEN).await;
    aws.call("notify", question(TOKEN)).await.unwrap();
    assert_eq!((script.asked(&["Action=Publish"]).len(), script.keys("twin/approvals/").len()), (1, 2));
    let second = ask(&script, &aws, "another-token").await;
    assert_eq!(script.asked(&["Action=Publish"]).len(), 2);
    for path in [&first, &second] {
        assert_eq!(aws.call("hitl", get(path)).await.unwrap()["statusCode"], 200);
    }
    decide(&script, &aws, &first, "approve", "ana", 7).await;
    let [sent] = script.asked(&["AWSStepFunctions.SendTaskSuccess"]).try_into().unwrap();
    assert_eq!(sent.json()["taskToken"], "another-token", "the task that waits now");
}

#[tokio::test]
async fn a_mail_that_cannot_be_sent_is_an_error() {
    let script = shop();
    let aws = script.aws(&[]);
    let refused = "<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code><Message>Topic does not exist</Message></Error></ErrorResponse>";
    script.add(Exchange::of(&["Action=Publish"], 404, refused));
    let error = aws.call("notify", question(TOKEN)).await.unwrap_err();
    assert!(error.error == errors::MAIL_FAILED && error.message.contains("Topic does not exist"), "{error}");
    let later = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttled</Code><Message>Rate exceeded</Message></Error></ErrorResponse>";
    script.add(Exchange::of(&["Action=Publish"], 429, later));
    assert_eq!(aws.call("notify", question(TOKEN)).await.unwrap_err().error, errors::TRANSIENT);
}

#[tokio::test]
async fn what_is_no_link_of_ours_is_no_page() {
    let script = shop();
    let aws = script.aws(&[]);
    let path = ask(&script, &aws, TOKEN).await;
    let altered = format!("{}AAAA", &path[..path.len() - 4]);
    for path in [altered.as_str(), "/hitl/", "/", "/hitl/%3Cscript%3E"] {
        let answer = aws.call("hitl", get(path)).await.unwrap();
        assert_eq!(answer["statusCode"], 404, "{path}");
        assert!(!answer["body"].as_str().unwrap().contains("<script>"));
    }
}
