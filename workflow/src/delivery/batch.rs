//! Batches as PutLogEvents takes them.
//!
//! Owns the service's limits. The events of a batch are in the order of their times.

use statemachine::Millis;

use super::event::LogEvent;

/// Cuts events into batches.
pub(super) fn batches(mut events: Vec<LogEvent>) -> Vec<Vec<LogEvent>> {
    // Stable: what happened in the same millisecond stays in its order.
    events.sort_by_key(|event| event.timestamp);
    let mut batches: Vec<Vec<LogEvent>> = Vec::new();
    let (mut bytes, mut first) = (0, 0);
    for event in events {
        bytes += event.size();
        let fits = bytes <= LARGEST_BATCH && event.timestamp - first < LONGEST_SPAN;
        match batches.last_mut() {
            Some(batch) if fits && batch.len() < MOST_EVENTS => batch.push(event),
            _ => {
                (bytes, first) = (event.size(), event.timestamp);
                batches.push(vec![event]);
            }
        }
    }
    batches
}

/// In bytes, with what the service adds to each event.
pub(super) const LARGEST_BATCH: usize = 1 << 20;

const MOST_EVENTS: usize = 10_000;

/// A batch spans less than a day.
const LONGEST_SPAN: Millis = 24 * 60 * 60 * 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(events: Vec<(Millis, usize)>, expect: &[usize]) {
        let event = |(timestamp, size)| LogEvent { timestamp, message: "x".repeat(size) };
        let all = events.len();
        let cut = batches(events.into_iter().map(event).collect());
        assert_eq!(cut.iter().map(Vec::len).collect::<Vec<_>>(), expect);
        let times: Vec<Millis> = cut.iter().flatten().map(|event| event.timestamp).collect();
        assert!(times.is_sorted() && times.len() == all);
    }

    #[test]
    fn a_batch_keeps_to_the_limits_of_the_service() {
        check(vec![], &[]);
        check(vec![(3, 1), (1, 1), (2, 1)], &[3]);
        check(vec![(1, 1); 10_001], &[10_000, 1]);
        check(vec![(1, (256 << 10) - 26); 9], &[4, 4, 1]);
        check(vec![(1, 1), (LONGEST_SPAN, 1), (LONGEST_SPAN + 1, 1)], &[2, 1]);
    }

    #[test]
    fn events_of_one_moment_stay_in_order() {
        let event = |message: &str| LogEvent { timestamp: 5, message: message.into() };
        let events = vec![event("b"), event("a"), event("c")];
        assert_eq!(batches(events.clone()), [events]);
    }
}
