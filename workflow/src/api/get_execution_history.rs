//! GetExecutionHistory: pages of events, from either end.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Api, arn,
    constraint::Constraints,
    page::{self, LARGEST_PAGE, LONGEST_TOKEN, Pager, USUAL_PAGE},
    refusal::Refusal,
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    execution_arn: Option<String>,
    max_results: Option<i64>,
    reverse_order: Option<bool>,
    next_token: Option<String>,
    include_execution_data: Option<bool>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    events: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let execution = check.arn("executionArn", request.execution_arn);
    let size = check.max_results(request.max_results, LARGEST_PAGE);
    page::constrain(&mut check, request.next_token.as_deref(), LONGEST_TOKEN);
    check.done()?;
    arn::execution(&api.config, &execution)?;

    let reverse = request.reverse_order.unwrap_or(false);
    let with_data = request.include_execution_data.unwrap_or(true);
    let arguments = [&*execution, if reverse { "reverse" } else { "" }, if with_data { "data" } else { "" }];
    let pager = Pager::new("GetExecutionHistory", &arguments, api.now());
    let place = request.next_token.as_deref().map(|token| pager.open(token)).transpose()?;
    let place = place.map(|place| place.parse().map_err(|_| Refusal::invalid_page())).transpose()?;

    let events = api.engine.get_execution_history(&execution).await?;
    let size = if size == 0 { USUAL_PAGE } else { size };
    let (mut events, next) = cut(events, place, size, reverse);
    if !with_data {
        events.iter_mut().for_each(without_data);
    }
    Ok(Answer { events, next_token: next.map(|place| pager.seal(&place.to_string())) })
}

/// One page, and where the next one begins.
///
/// A place is a number of events at the beginning of the history: those told already, or in reverse those still to be
/// told. So the events that a running execution adds meanwhile do not move it.
fn cut(mut events: Vec<Value>, place: Option<usize>, size: usize, reverse: bool) -> (Vec<Value>, Option<usize>) {
    let all = events.len();
    if reverse {
        let end = place.unwrap_or(all).min(all);
        let begin = end.saturating_sub(size);
        events.truncate(end);
        let page = events.drain(begin..).rev().collect();
        (page, Some(begin).filter(|begin| *begin > 0))
    } else {
        let begin = place.unwrap_or(0).min(all);
        let end = begin.saturating_add(size).min(all);
        events.truncate(end);
        (events.split_off(begin), Some(end).filter(|end| *end < all))
    }
}

/// Takes the inputs and outputs out of an event's details.
fn without_data(event: &mut Value) {
    for details in event.as_object_mut().into_iter().flat_map(|event| event.values_mut()) {
        if let Some(details) = details.as_object_mut() {
            details.retain(|name, _| !DATA.contains(&name.as_str()));
        }
    }
}

const DATA: [&str; 6] =
    ["input", "inputDetails", "output", "outputDetails", "assignedVariables", "assignedVariablesDetails"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// All pages of a history of `count` events, read `size` at a time.
    fn pages(count: u64, size: usize, reverse: bool) -> Vec<Vec<u64>> {
        let mut pages = Vec::new();
        let mut place = None;
        loop {
            let events = (1..=count).map(|id| json!(id)).collect();
            let (page, next) = cut(events, place, size, reverse);
            pages.push(page.iter().map(|event| event.as_u64().unwrap()).collect());
            place = next;
            if place.is_none() {
                return pages;
            }
        }
    }

    #[test]
    fn pages_hold_each_event_once() {
        assert_eq!(pages(5, 2, false), [vec![1, 2], vec![3, 4], vec![5]]);
        assert_eq!(pages(5, 2, true), [vec![5, 4], vec![3, 2], vec![1]]);
        assert_eq!(pages(4, 2, false), [[1, 2], [3, 4]]);
        assert_eq!(pages(4, 2, true), [[4, 3], [2, 1]]);
        assert_eq!(pages(3, 1000, false), [[1, 2, 3]]);
    }

    #[test]
    fn new_events_do_not_move_a_place() {
        let events = |count: u64| (1..=count).map(|id| json!(id)).collect::<Vec<_>>();
        let (_, place) = cut(events(3), None, 2, true);
        assert_eq!(cut(events(9), place, 2, true).0, [json!(1)]);
        let (_, place) = cut(events(3), None, 2, false);
        assert_eq!(cut(events(9), place, 2, false).0, [json!(3), json!(4)]);
        assert_eq!(cut(events(1), Some(7), 2, false), (vec![], None));
    }

    #[test]
    fn data_can_be_left_out() {
        let mut event = json!({
            "id": 2, "type": "PassStateEntered",
            "stateEnteredEventDetails": { "name": "A", "input": "{}", "inputDetails": { "truncated": false } }
        });
        without_data(&mut event);
        assert_eq!(event, json!({ "id": 2, "type": "PassStateEntered", "stateEnteredEventDetails": { "name": "A" } }));
    }
}
