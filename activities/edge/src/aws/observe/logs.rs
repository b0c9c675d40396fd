//! Log lines of a group, newest first and in bounded pages; and the changes that CloudTrail writes into one.
//!
//! Changes are read from the trail's log group rather than from CloudTrail's own event history, which answers two requests a second
//! for a whole account: an incident storm would starve. Where no trail writes to a group, changes cannot be read, and that is said.

use activities::shape::{Change, ChangesAnswer, LogLine, LogsAnswer};
use jiff::Timestamp;
use serde_json::Value;

use super::super::Aws;
use super::super::failure::{code_of, failed};
use super::super::instant::of_text;
use crate::error::EdgeError;
use crate::time::written;

/// The newest lines of a group, oldest first.
pub(super) async fn logs(
    aws: &Aws,
    group: &str,
    from: Timestamp,
    to: Timestamp,
    pattern: Option<&str>,
    limit: u32,
) -> Result<LogsAnswer, EdgeError> {
    let mut found =
        newest(aws, group, from, to, pattern, usize::try_from(limit).unwrap_or(usize::MAX), |_| true).await?;
    found.sort_by_key(|(at, _)| *at);
    let lines =
        found.into_iter().map(|(at, message)| LogLine { at: written(at), message: message.trim_end().to_owned() });
    Ok(LogsAnswer { group: group.to_owned(), lines: lines.collect() })
}

/// Who changed a resource lately, newest first.
pub(super) async fn changes(
    aws: &Aws,
    name: &str,
    from: Timestamp,
    to: Timestamp,
    limit: u32,
) -> Result<ChangesAnswer, EdgeError> {
    let Some(group) = aws.settings().trail_log_group() else {
        return Err(EdgeError::new(
            "Sao.NotSupported",
            "no log group of CloudTrail is configured (`SAO_TRAIL_LOG_GROUP`)",
        ));
    };
    // CloudTrail knows an ECS service by its own name.
    let word = name.rsplit('/').next().unwrap_or(name);
    let pattern = format!("\"{}\" \"readOnly\" \"false\"", word.replace(['"', '\\'], ""));
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let found = newest(aws, group, from, to, Some(&pattern), most, |message| change(message, word).is_some()).await?;
    let mut changes: Vec<Change> = found.iter().filter_map(|(_, message)| change(message, word)).collect();
    changes.sort_by(|one, other| other.at.cmp(&one.at));
    Ok(ChangesAnswer { changes })
}

/// The newest events of a group that are wanted, in bounded pages.
async fn newest(
    aws: &Aws,
    group: &str,
    from: Timestamp,
    to: Timestamp,
    pattern: Option<&str>,
    most: usize,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<(Timestamp, String)>, EdgeError> {
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let call = aws.logs().filter_log_events().log_group_name(group).start_from_head(false);
        let call = call.start_time(from.as_millisecond()).end_time(to.as_millisecond());
        let page = call.set_filter_pattern(pattern.map(str::to_owned)).set_next_token(token).send().await;
        let page = page.map_err(|error| {
            let problem = failed("logs:FilterLogEvents", &error);
            let unknown = code_of(&error) == "ResourceNotFoundException";
            if unknown {
                EdgeError::new("Sao.NotFound", format!("the log group `{group}` does not exist"))
            } else {
                problem
            }
        })?;
        found.extend(page.events().iter().filter_map(|event| {
            let message = event.message().filter(|message| wanted(message))?;
            Some((Timestamp::from_millisecond(event.timestamp()?).ok()?, message.to_owned()))
        }));
        token = page.next_token().map(str::to_owned);
        // A page may be empty while the search goes on.
        if found.len() >= most || token.is_none() {
            break;
        }
    }
    found.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    found.truncate(most);
    Ok(found)
}

/// A record of CloudTrail as a change of the resource `name`; nothing when it only reads or is about another.
fn change(record: &str, name: &str) -> Option<Change> {
    let record: Value = serde_json::from_str(record).ok()?;
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
    if record.get("readOnly").and_then(Value::as_bool) != Some(false) || !names(&record, name) {
        return None;
    }
    let action = text("/eventName")?;
    let action = text("/errorCode").map_or_else(|| action.to_owned(), |code| format!("{action} ({code})"));
    let by = [
        text("/userIdentity/sessionContext/sourceIdentity"),
        text("/userIdentity/arn"),
        text("/userIdentity/invokedBy"),
    ];
    let by = by.into_iter().flatten().next().or_else(|| text("/userIdentity/type")).unwrap_or("unknown").to_owned();
    Some(Change { at: of_text(text("/eventTime")?).map(written)?, action, by })
}

/// Whether the request's parameters or the resources name the resource: whole, or as the end of an ARN.
fn names(record: &Value, name: &str) -> bool {
    let places = [record.get("requestParameters"), record.get("resources")];
    places.into_iter().flatten().any(|place| holds(place, name))
}

fn holds(value: &Value, name: &str) -> bool {
    match value {
        Value::String(text) => text.rsplit([':', '/']).next() == Some(name),
        Value::Array(items) => items.iter().any(|item| holds(item, name)),
        Value::Object(members) => members.values().any(|member| holds(member, name)),
        _ => false,
    }
}

const MOST_PAGES: usize = 10;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(read_only: bool, parameters: Value, expect: Option<&str>) {
        let record = json!({"eventTime": "2026-11-23T09:00:00Z", "eventName": "UpdateFunctionCode20150331v2", "readOnly": read_only,
            "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/deploy/ci"}, "requestParameters": parameters});
        let found = change(&record.to_string(), "shop-orders");
        assert_eq!(found.as_ref().map(|change| change.by.as_str()), expect);
    }

    #[test]
    fn a_change_of_the_resource_is_told_with_its_author() {
        check(false, json!({"functionName": "shop-orders"}), Some("arn:aws:sts::1:assumed-role/deploy/ci"));
        let arn = "arn:aws:lambda:eu-central-1:1:function:shop-orders";
        check(false, json!({"functionName": arn}), Some("arn:aws:sts::1:assumed-role/deploy/ci"));
    }

    #[test]
    fn reads_and_changes_of_others_are_none() {
        check(true, json!({"functionName": "shop-orders"}), None);
        check(false, json!({"functionName": "shop-orders-2"}), None);
        check(false, json!({"description": "like shop-orders it is slow"}), None);
    }
}
