//! The functions together: dispatching, collecting, remembering and archiving, over a bucket and recorded answers. Asking and
//! deciding stand beside `hitl`.

use activities::shape::errors;
use activities::{EDGE_FUNCTIONS, PURE_FUNCTIONS};
use serde_json::{Value, json};

use super::replay::{Exchange, Script};
use super::shop::{ALARM, ended, event, execution_arn, incident_id, shop, state};
use super::{Aws, check, functions};

#[tokio::test]
async fn every_function_of_the_tables_is_dispatched_and_no_other() {
    let aws = Script::new([]).aws(&[]);
    for name in functions() {
        let error = aws.call(name, json!({"no": "request"})).await.unwrap_err();
        assert_ne!(error.error, "Sao.UnknownFunction", "{name}: {error}");
        check(name).unwrap();
    }
    for (name, expect) in [
        ("", "Sao.UnknownFunction"),
        ("Detect", "Sao.UnknownFunction"),
        ("act ", "Sao.UnknownFunction"),
        ("api", "Sao.NotAvailable"),
    ] {
        assert_eq!(aws.call(name, json!({})).await.unwrap_err().error, expect, "{name}");
        assert_eq!(check(name).unwrap_err().error, expect, "{name}");
    }
}

#[tokio::test]
async fn what_is_no_request_is_bad_input() {
    let aws = Script::new([]).aws(&[]);
    for name in PURE_FUNCTIONS.into_iter().chain(EDGE_FUNCTIONS) {
        let error = aws.call(name, json!({"no": "request"})).await.unwrap_err();
        assert_eq!(error.error, errors::BAD_INPUT, "{name}: {error}");
    }
}

#[tokio::test]
async fn an_alarm_event_starts_one_execution() {
    let script = shop();
    let aws = script.aws(&[]);
    let started = json!({"executionArn": execution_arn(), "startDate": 1_795_428_931.0}).to_string();
    let exists = r#"{"__type": "ExecutionAlreadyExists", "message": "it exists"}"#;
    script.add(Exchange::of(&["AWSStepFunctions.StartExecution"], 200, started).then(400, exists));
    let first = aws.call("intake", event("ALARM")).await.unwrap();
    assert_eq!(first, json!({"execution_arn": execution_arn(), "duplicate": false}));
    let second = aws.call("intake", event("ALARM")).await.unwrap();
    assert_eq!(second, json!({"execution_arn": execution_arn(), "duplicate": true}));
    let asked = script.asked(&["AWSStepFunctions.StartExecution"]);
    assert_eq!((&asked[0].json()["name"], asked[0].body == asked[1].body), (&json!(incident_id()), true));
    assert_eq!(aws.call("intake", event("OK")).await.unwrap(), json!({"noted": "OK"}));
    assert_eq!(aws.call("intake", json!({"source": "aws.s3"})).await.unwrap_err().error, errors::BAD_INPUT);
    assert_eq!(script.asked(&["AWSStepFunctions.StartExecution"]).len(), 2);
}

#[tokio::test]
async fn a_state_file_becomes_topology_and_an_older_one_does_not() {
    let script = shop();
    let aws = script.aws(&[]);
    let written = json!({"source": "aws.s3", "detail-type": "Object Created",
        "detail": {"bucket": {"name": "states"}, "object": {"key": "shop.tfstate"}}});
    let collect = async |serial, timeout| {
        script.put("states/shop.tfstate", state(serial, timeout).to_string());
        aws.call("collect", written.clone()).await
    };
    let newer = collect(4, 20).await.unwrap();
    assert_eq!((&newer["serial"], &newer["nodes"], &newer["changed"]), (&json!(4), &json!(2), &json!(true)));
    assert_eq!(collect(4, 20).await.unwrap()["changed"], false);
    let held = script.get(&script.keys("twin/topology/")[0]);
    assert_eq!(collect(3, 10).await.unwrap_err().error, "Sao.BadState");
    script.put("states/shop.tfstate", "{");
    assert_eq!(
        aws.call("collect", json!({"bucket": "states", "key": "shop.tfstate"})).await.unwrap_err().error,
        "Sao.BadState"
    );
    assert_eq!(script.get(&script.keys("twin/topology/")[0]), held);
    script.remove("states/shop.tfstate");
    assert_eq!(aws.call("collect", written.clone()).await.unwrap_err().error, "Sao.BadState");
}

fn note(id: &str) -> Value {
    json!({"precedent": {"id": id, "at": "2026-11-23T10:30:00Z", "alarm": "shop-orders-duration",
        "text": "alarm shop-orders-duration resource aws_lambda_function metric Duration", "resource_type": "aws_lambda_function",
        "action": "lambda_update_timeout", "outcome": "recovered", "reason": "the alarm is OK again", "execution": "e"},
        "at": "2026-11-23T10:30:00Z"})
}

async fn similar(aws: &Aws) -> Value {
    let read = json!({"kind": "precedents", "text": "shop-orders-duration Duration", "resource_type": "aws_lambda_function", "limit": 3});
    let request = json!({"incident": "i", "account": "123456789012", "region": "eu-central-1", "at": "2026-11-23T10:31:00Z",
        "reads": [{"id": "p", "max_bytes": 10_000, "read": read}]});
    let answer = aws.call("observe", request).await.unwrap();
    answer["observations"][0]["answer"].clone()
}

#[tokio::test]
async fn a_precedent_is_written_once_and_found_again() {
    let script = shop();
    let aws = script.aws(&[]);
    let first = aws.call("remember", note("inc-1")).await.unwrap();
    assert_eq!(first["total"], 1);
    assert_eq!(aws.call("remember", note("inc-1")).await.unwrap(), first);
    aws.call("remember", note("inc-2")).await.unwrap();
    let found = similar(&aws).await;
    assert_eq!((&found["total"], found["precedents"].as_array().unwrap().len()), (&json!(2), 2));
    assert_eq!(found["precedents"][0]["precedent"]["action"], "lambda_update_timeout");
}

#[tokio::test]
async fn lost_vectors_hide_no_precedent_and_a_record_that_is_gone_is_not_found() {
    let script = shop();
    let aws = script.aws(&[]);
    for id in ["inc-1", "inc-2"] {
        aws.call("remember", note(id)).await.unwrap();
    }
    let [vectors] = script.keys("twin/precedents/vectors/").try_into().unwrap();
    script.remove(&vectors);
    assert_eq!(similar(&aws).await["precedents"].as_array().unwrap().len(), 2);
    aws.call("remember", note("inc-2")).await.unwrap();
    assert_eq!(script.keys("twin/precedents/vectors/"), [vectors]);
    assert_eq!(similar(&aws).await["precedents"].as_array().unwrap().len(), 2);
    script.remove(&script.keys("twin/precedents/inc-2")[0]);
    assert_eq!(similar(&aws).await["precedents"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_precedent_carries_the_vector_of_the_model_that_answered() {
    const MODEL: &str = "amazon.titan-embed-text-v2:0";
    const TITAN: &[&str] = &["POST ", "/model/amazon.titan-embed-text-v2", "/invoke"];
    let script = shop();
    let aws = script.aws(&[("SAO_EMBEDDING_MODEL_ID", MODEL), ("SAO_EMBEDDING_DIMENSION", "256")]);
    let embedding = vec![0.0625; 256];
    script.add(Exchange::of(TITAN, 200, json!({"embedding": embedding, "inputTextTokenCount": 5}).to_string()));
    assert_eq!(aws.call("remember", note("inc-1")).await.unwrap()["embedding"], MODEL);
    assert_eq!(script.asked(TITAN)[0].json()["dimensions"], 256);
    assert_eq!(similar(&aws).await["embedding"], MODEL);
    script
        .add(Exchange::of(TITAN, 403, r#"{"message": "no access"}"#).with("x-amzn-errortype", "AccessDeniedException"));
    let local = aws.call("remember", note("inc-2")).await.unwrap();
    assert_ne!(local["embedding"], MODEL, "a precedent is not lost because a model does not answer");
    let found = similar(&aws).await;
    assert_eq!(
        (&found["embedding"], found["precedents"].as_array().unwrap().len()),
        (&local["embedding"], 1),
        "unlike vectors are not compared"
    );
}

fn page(ids: [u64; 2], next: Option<&str>) -> String {
    let event = |id: u64| json!({"id": id, "timestamp": 1_795_428_931.123, "type": "PassStateEntered", "of_tomorrow": {"kept": true}});
    json!({"events": ids.map(event), "nextToken": next}).to_string()
}

#[tokio::test]
async fn a_history_is_archived_whole_locked_and_in_the_chain() {
    let script = shop();
    let aws = script.aws(&[("SAO_AUDIT_DAYS", "10")]);
    script.add(
        Exchange::of(&["AWSStepFunctions.GetExecutionHistory"], 200, page([1, 2], Some("t")))
            .then(200, page([3, 4], None)),
    );
    let line = aws.call("archive", ended("SUCCEEDED")).await.unwrap();
    assert_eq!((&line["execution"], &line["chain"]), (&json!(execution_arn()), &json!("chain/00000001.json")));
    let file = format!("audit/{}", line["file"].as_str().unwrap());
    let history: Value = serde_json::from_str(&script.get(&file).unwrap()).unwrap();
    let ids: Vec<u64> =
        history["events"].as_array().unwrap().iter().map(|event| event["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [1, 2, 3, 4]);
    assert_eq!(history["events"][3]["of_tomorrow"]["kept"], true, "fields that this build does not know are kept");
    let asked = script.asked(&["PUT ", "audit.s3"]);
    let locked: Vec<_> = asked.iter().filter(|asked| asked.headers.contains_key("x-amz-object-lock-mode")).collect();
    assert_eq!(locked.len(), 2, "the history and its line");
    for asked in locked {
        assert_eq!(asked.headers["x-amz-object-lock-mode"], "GOVERNANCE");
        assert_eq!(asked.headers["x-amz-object-lock-retain-until-date"], "2026-12-03T10:16:00Z");
        assert_eq!(asked.headers["if-none-match"], "*", "nothing that is archived is written over");
    }

    let again = aws.call("archive", json!({"execution_arn": execution_arn()})).await.unwrap();
    assert_eq!((again, script.keys("audit/chain/0").len()), (line, 1));
    let other = format!("{}-other", execution_arn());
    let second = aws.call("archive", json!({"execution_arn": other})).await.unwrap();
    assert_eq!(second["chain"], "chain/00000002.json");
    let read = |key: &str| serde_json::from_str::<Value>(&script.get(key).unwrap()).unwrap();
    let (one, two) = (read("audit/chain/00000001.json"), read("audit/chain/00000002.json"));
    let text = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
    let whole = format!(
        "{}\n{}\n{}\n{}",
        text(&one, "chain"),
        text(&two, "execution"),
        text(&two, "file"),
        text(&two, "sha256")
    );
    assert_eq!(
        text(&two, "chain"),
        activities::approval::sha256_hex(whole.as_bytes()),
        "each line holds the one before"
    );
}

#[tokio::test]
async fn a_line_that_another_took_is_tried_at_the_next_place() {
    let script = shop();
    let aws = script.aws(&[]);
    script.add(Exchange::of(&["AWSStepFunctions.GetExecutionHistory"], 200, page([1, 2], None)));
    aws.call("archive", json!({"execution_arn": format!("{}-1", execution_arn())})).await.unwrap();
    // The hint is old: it stands where the chain began.
    script.remove("audit/chain/head");
    let line = aws.call("archive", json!({"execution_arn": format!("{}-2", execution_arn())})).await.unwrap();
    assert_eq!(line["chain"], "chain/00000002.json");
    let foreign = aws.call("archive", json!({"execution_arn": ALARM})).await.unwrap_err();
    assert_eq!(foreign.error, errors::BAD_INPUT);
}
