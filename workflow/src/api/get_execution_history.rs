//! GetExecutionHistory: pages of events, from either end.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Api, arn,
    constraint::Constraints,
    page::{self, LARGEST_PAGE, LONGEST_TOKEN, Pager, USUAL_PAGE},
    refusal::Refusal,
};
use crate::delivery::without_data;

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

    let size = if size == 0 { USUAL_PAGE } else { size } as u64;
    let mut next = None;
    let window = |all| {
        let (page, after) = cut(all, place, size, reverse);
        next = after;
        page
    };
    let mut events = api.engine.execution_events(&execution, window).await?;
    if reverse {
        events.reverse();
    }
    if !with_data {
        events.iter_mut().for_each(without_data);
    }
    Ok(Answer { events, next_token: next.map(|place| pager.seal(&place.to_string())) })
}

/// Which of so many events are one page, counted from 0, and where the next one begins.
///
/// A place is a number of events at the beginning of the history: those told already, or in reverse those still to be
/// told. So the events that a running execution adds meanwhile do not move it.
fn cut(all: u64, place: Option<u64>, size: u64, reverse: bool) -> (Range<u64>, Option<u64>) {
    if reverse {
        let end = place.unwrap_or(all).min(all);
        let begin = end.saturating_sub(size);
        (begin..end, Some(begin).filter(|begin| *begin > 0))
    } else {
        let begin = place.unwrap_or(0).min(all);
        let end = begin.saturating_add(size).min(all);
        (begin..end, Some(end).filter(|end| *end < all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All pages of a history of `count` events, read `size` at a time.
    fn pages(count: u64, size: u64, reverse: bool) -> Vec<Range<u64>> {
        let mut pages = Vec::new();
        let mut place = None;
        loop {
            let (page, next) = cut(count, place, size, reverse);
            pages.push(page);
            place = next;
            if place.is_none() {
                return pages;
            }
        }
    }

    #[test]
    fn pages_hold_each_event_once() {
        assert_eq!(pages(5, 2, false), [0..2, 2..4, 4..5]);
        assert_eq!(pages(5, 2, true), [3..5, 1..3, 0..1]);
        assert_eq!(pages(4, 2, false), [0..2, 2..4]);
        assert_eq!(pages(4, 2, true), [2..4, 0..2]);
        assert_eq!(pages(3, 1000, false), std::slice::from_ref(&(0..3)));
    }

    #[test]
    fn new_events_do_not_move_a_place() {
        let (_, place) = cut(3, None, 2, true);
        assert_eq!(cut(9, place, 2, true).0, 0..1);
        let (_, place) = cut(3, None, 2, false);
        assert_eq!(cut(9, place, 2, false).0, 2..4);
        assert_eq!(cut(1, Some(7), 2, false), (1..1, None));
    }
}
