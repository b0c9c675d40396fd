//! Archive over AWS: the history of an ended execution under object lock, in a chain that shows any later change.
//!
//! ```text
//! history/<execution>.json        as the service showed it, all pages; locked
//! history/<execution>.line.json   that it stands in the chain, and where
//! chain/00000001.json             one line for each: its digest, and the hash over the line before; locked, made once
//! chain/head                      a hint where the chain ends; nothing depends on it
//! ```
//!
//! Owns the objects and the chain. A line is made by a write that only one of several callers wins, so that the chain has no forks. An
//! execution that is archived already stays as it is. Called by the event of an execution's end, or with `{"execution_arn": ...}`.

use activities::approval::sha256_hex;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ObjectLockMode;
use serde_json::{Value, json};

use super::failure::{failed, status_of};
use super::instant::date_time;
use super::store::{Store, When};
use super::wire::Wire;
use super::{Aws, event, intake};
use crate::archive::ChainLine;
use crate::error::EdgeError;
use crate::files::name_for;
use crate::time::seconds_after;

/// Archives the history of an ended execution.
pub(super) async fn archive(aws: &Aws, event: &Value) -> Result<Value, EdgeError> {
    let by_hand = || event.get("execution_arn").and_then(Value::as_str).map(str::to_owned);
    let execution = event::ended(event).map(|ended| ended.execution).or_else(by_hand).ok_or_else(|| {
        EdgeError::bad_input("archive", "it is no event of an execution that ended, and names no `execution_arn`")
    })?;
    let machine = aws.settings().state_machine()?;
    if !intake::is_of_machine(&execution, machine) {
        return Err(EdgeError::bad_input("archive", format!("`{execution}` is no execution of `{machine}`")));
    }
    let store = Store::new(aws.s3(), aws.settings().audit_bucket()?);
    let name = name_for(&execution);
    let (file, line_key) = (format!("history/{name}.json"), format!("history/{name}.line.json"));
    if let Some(known) = store.get_json::<Value>(&line_key).await? {
        return Ok(known.value);
    }
    let bytes = match store.get(&file).await? {
        Some(kept) => kept.value,
        None => {
            let bytes = whole_history(aws, &execution).await?;
            if put_locked(aws, &file, bytes.clone()).await? { bytes } else { kept(&store, &file).await? }
        }
    };
    let at = append(aws, &store, &execution, &file, &sha256_hex(&bytes)).await?;
    let line = json!({"execution": execution, "file": file, "chain": at});
    store.put_json(&line_key, &line, When::Absent).await?;
    Ok(line)
}

async fn kept(store: &Store, file: &str) -> Result<Vec<u8>, EdgeError> {
    Ok(store.get(file).await?.ok_or_else(|| store.broken(file, "it is gone"))?.value)
}

/// The history as the service shows it: all pages in one document, nothing left out that this build does not know.
async fn whole_history(aws: &Aws, execution: &str) -> Result<Vec<u8>, EdgeError> {
    let mut events: Vec<Value> = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let wire = Wire::default();
        let call =
            aws.sfn().get_execution_history().execution_arn(execution).include_execution_data(true).max_results(PAGE);
        let page = call.set_next_token(token).customize().interceptor(wire.clone()).send().await;
        let page = page.map_err(|error| failed("states:GetExecutionHistory", &error))?;
        let answer = wire.answer().ok_or_else(|| EdgeError::transient("the history's page was not kept"))?;
        events.extend(answer.get("events").and_then(Value::as_array).cloned().unwrap_or_default());
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    let mut bytes = serde_json::to_vec_pretty(&json!({"events": events}))
        .map_err(|error| EdgeError::bad_input("archive", error))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Adds a line to the chain; answers its key. A line of this execution that is there already is found.
async fn append(aws: &Aws, store: &Store, execution: &str, file: &str, sha256: &str) -> Result<String, EdgeError> {
    for _ in 0..ATTEMPTS {
        let hint = store.get(HEAD).await?.map(|head| String::from_utf8_lossy(&head.value).trim().to_owned());
        let hint = hint.filter(|hint| hint.starts_with(CHAIN));
        // The hint's own line, and what came behind it.
        let mut keys: Vec<String> = hint.clone().into_iter().collect();
        keys.extend(store.list(CHAIN, hint.as_deref(), usize::MAX).await?.into_iter().map(|object| object.key));
        keys.retain(|key| key.ends_with(".json"));
        let lines = store.get_all(keys.clone()).await?;
        let mut former = String::new();
        for (key, bytes) in &lines {
            let line: ChainLine = serde_json::from_slice(bytes).map_err(|problem| store.broken(key, problem))?;
            if line.execution == execution {
                return Ok(key.clone());
            }
            former = line.chain;
        }
        let number = keys
            .last()
            .map_or(Ok(0), |key| number_of(key).ok_or_else(|| store.broken(key, "its name is no number")))?
            + 1;
        let key = format!("{CHAIN}{number:08}.json");
        let chain = sha256_hex(format!("{former}\n{execution}\n{file}\n{sha256}").as_bytes());
        let line =
            ChainLine { execution: execution.to_owned(), file: file.to_owned(), sha256: sha256.to_owned(), chain };
        let bytes = serde_json::to_vec_pretty(&line).map_err(|error| EdgeError::bad_input("archive", error))?;
        if put_locked(aws, &key, bytes).await? {
            store.put(HEAD, key.clone().into_bytes(), When::Always).await?;
            return Ok(key);
        }
        // Another execution ended at the same moment and took this place.
    }
    Err(EdgeError::transient("the chain is being written by others"))
}

fn number_of(key: &str) -> Option<u64> {
    key.strip_prefix(CHAIN)?.strip_suffix(".json")?.parse().ok()
}

/// Writes an object that nobody can delete for a while, unless it is there; says whether it was written.
async fn put_locked(aws: &Aws, key: &str, bytes: Vec<u8>) -> Result<bool, EdgeError> {
    let settings = aws.settings();
    let mode = if settings.audit_compliance()? { ObjectLockMode::Compliance } else { ObjectLockMode::Governance };
    let until = seconds_after(aws.now(), i64::from(settings.audit_days()?) * 86_400);
    let call = aws
        .s3()
        .put_object()
        .bucket(settings.audit_bucket()?)
        .key(key)
        .if_none_match("*")
        .content_type("application/json");
    let call =
        call.object_lock_mode(mode).object_lock_retain_until_date(date_time(until)).body(ByteStream::from(bytes));
    match call.send().await {
        Ok(_) => Ok(true),
        Err(error) if matches!(status_of(&error), Some(412 | 409)) => Ok(false),
        Err(error) => Err(failed("s3:PutObject", &error)),
    }
}

const CHAIN: &str = "chain/";
const HEAD: &str = "chain/head";
const PAGE: i32 = 1_000;
const ATTEMPTS: usize = 8;
