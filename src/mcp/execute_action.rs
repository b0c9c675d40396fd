//! `sao_execute_action`: requests one action; an incident execution validates it and asks a human.
//!
//! Owns the request's way to a running `sao up`, and the wait until a human is asked. Executes nothing, and cannot: the platform that
//! it talks to takes a request for what it is, asks whatever its mode, and changes nothing without a signed decision.

use std::time::Duration;

use activities::{approval::role_word, shape::Fields};
use jiff::Timestamp;
use rand::{Rng as _, distr::Alphanumeric};
use serde::Deserialize;
use serde_json::json;

use super::{
    Answered, Shared,
    validate_action::{Request, Validated},
};
use crate::{error::CommandError, history, story::Story};

/// What the tool is given. There is nothing in it that approves.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    action: String,
    node: String,
    parameters: Fields,
    reason: String,
    #[serde(default)]
    request_id: Option<String>,
}

pub(super) async fn answer(shared: &Shared, input: Input, caller: &str) -> Answered {
    let now = Timestamp::now();
    let validated = Validated::of(shared, &input.action, &input.node, input.parameters.clone()).await?;
    if let Some((reason, _)) = validated.against() {
        return Err(CommandError::Refused(format!(
            "nothing was requested, because it would be refused: {reason}; sao_validate_action explains every rule"
        )));
    }
    same_place(shared).await?;
    let id = input.request_id.unwrap_or_else(fresh);
    let request = Request { id: &id, requester: caller, reason: &input.reason };
    let event = request.event(shared, validated.asked(), input.parameters, now)?;
    let (status, answer) = shared.client.start(&event).await?;
    let arn = answer["execution_arn"].as_str().filter(|_| status == 202);
    let arn = arn.ok_or_else(|| {
        let said = answer["message"].as_str().map_or_else(|| answer.to_string(), str::to_owned);
        CommandError::Refused(format!("`sao up` refused the request: {said}"))
    })?;
    let story = followed(shared, arn).await?;
    let duplicate = answer["duplicate"].as_bool().unwrap_or_default();
    document(arn, &id, duplicate, &story)
}

/// Refuses to validate against one directory and to request of another's platform.
async fn same_place(shared: &Shared) -> Result<(), CommandError> {
    let (home, health) = (&shared.setup.home, shared.client.health().await?);
    if health["account"] == home.account.as_str() && health["region"] == home.region.as_str() {
        return Ok(());
    }
    Err(CommandError::Refused(format!(
        "nothing was requested: `--endpoint` is a `sao up` of account {} in {}, and `--data` is of account {} in {}",
        health["account"].as_str().unwrap_or("?"),
        health["region"].as_str().unwrap_or("?"),
        home.account,
        home.region
    )))
}

/// Follows an execution until a human is asked or it has ended; one that takes longer goes on without being watched.
async fn followed(shared: &Shared, arn: &str) -> Result<Story, CommandError> {
    let mut looks = 0;
    loop {
        let story = shared.client.story(arn).await?;
        looks += 1;
        if story.waits_for_decision() || story.end.is_some() || looks >= MOST_LOOKS {
            return Ok(story);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn document(arn: &str, id: &str, duplicate: bool, story: &Story) -> Answered {
    let proposal = story.proposal();
    let outcome = story.outcome();
    let kind = outcome.as_ref().map(|outcome| outcome.kind.name());
    let status = match (story.end.is_some(), story.waits_for_decision(), kind) {
        (true, _, Some(kind)) => format!("ended: {}", kind.replace('_', " ")),
        (true, ..) => "ended".to_owned(),
        (false, true, _) => "waiting for approval".to_owned(),
        (false, false, _) => "being validated".to_owned(),
    };
    let next = match status.as_str() {
        "waiting for approval" => {
            let role = proposal.as_ref().map_or("on-call", |proposal| role_word(proposal.approval.role));
            format!(
                "a human was asked by mail and decides; a yes needs the role {role}. Nothing is executed until then."
            )
        }
        "being validated" => "look at it later: `sao incident show` follows it".to_owned(),
        _ => outcome.as_ref().map(|outcome| outcome.reason.clone()).unwrap_or_default(),
    };
    Ok(json!({
        "status": status,
        "next": next,
        "execution_arn": arn,
        "incident": history::name_of(arn),
        "request_id": id,
        "duplicate": duplicate,
        "digest": story.value("digest"),
        "proposal": proposal.map(|proposal| json!({
            "action": proposal.action, "node": proposal.target.node, "arn": proposal.target.arn,
            "parameters": proposal.parameters, "before": proposal.before, "risk": proposal.risk,
            "approval": proposal.approval, "requester": proposal.requester, "expires_at": proposal.expires_at,
        })),
    }))
}

fn fresh() -> String {
    rand::rng().sample_iter(Alphanumeric).take(LENGTH_OF_AN_ID).map(char::from).collect()
}

const LENGTH_OF_AN_ID: usize = 24;
const PAUSE: Duration = Duration::from_millis(150);
/// Together a good twenty seconds, less than clients wait for a tool.
const MOST_LOOKS: u32 = 150;

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn told(events: &[Value]) -> Value {
        document("arn:aws:states:r:a:execution:incident:req-1", "id", false, &Story::of(events)).unwrap()
    }

    fn entered(name: &str) -> Value {
        json!({"id": 1, "timestamp": 10.0, "type": "TaskStateEntered", "stateEnteredEventDetails": {"name": name}})
    }

    #[test]
    fn a_request_that_waits_says_who_decides() {
        let document = told(&[entered("WaitForTaskToken")]);
        assert_eq!((&document["status"], &document["incident"]), (&json!("waiting for approval"), &json!("req-1")));
        assert!(document["next"].as_str().unwrap().contains("Nothing is executed until then"), "{document}");
    }

    #[test]
    fn a_request_that_ended_says_how() {
        let output = json!({"outcome": {"kind": "shadow", "reason": "mode shadow executes nothing"}}).to_string();
        let document = told(&[
            entered("Gate"),
            json!({"id": 2, "timestamp": 11.0, "type": "ExecutionSucceeded", "executionSucceededEventDetails": {"output": output}}),
        ]);
        assert_eq!(
            (&document["status"], &document["next"]),
            (&json!("ended: shadow"), &json!("mode shadow executes nothing"))
        );
    }

    #[test]
    fn a_request_that_is_slow_is_not_waited_for() {
        assert_eq!(told(&[entered("Observe")])["status"], "being validated");
    }
}
