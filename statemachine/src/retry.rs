//! Retry and Catch: which rule takes a failure, how long it delays, and what follows when none does.

use serde_json::{Value, json};

use crate::{
    data::{Chance, RUNTIME, uniform},
    definition::{Catcher, Retrier, StateKind},
    execution::{Draft, Phase, ROOT, seconds_to_millis},
    record::{Event, EventId, Failure, Millis, Record},
    state::{Shaped, View},
};

/// Takes a state's failure: a retry, a catcher's state, or the end of the path.
pub(crate) fn handle(view: &View<'_>, failure: &Failure, draft: &mut Draft<'_>) {
    let (retriers, catchers) = rules(&view.state.kind);
    if !failure.fatal {
        let error = failure.error.as_deref();
        let taker = retriers.iter().position(|retrier| takes(view, &retrier.error_equals, error));
        if let Some((place, delay)) = next_attempt(retriers, taker, |place| attempts(view, place), draft.chance) {
            draft.record(Record::RetryPlanned {
                path: view.id,
                retrier: place,
                until: draft.now.saturating_add(delay),
            });
            return;
        }
        let last = shown(view, draft);
        let caught = catchers.iter().enumerate().find(|(_, catcher)| takes(view, &catcher.error_equals, error));
        if let Some((place, catcher)) = caught {
            catch(view, place, catcher, failure, last, draft);
            return;
        }
        give_up(view, failure, last, draft);
    } else {
        draft.event(ROOT, view.path.last, Event::ExecutionFailed { failure: failure.clone() });
    }
}

/// Whether one of the names takes the state's error.
///
/// A missed heartbeat is shown as `States.Timeout`; a rule may take it by its own name too.
fn takes(view: &View<'_>, names: &[String], error: Option<&str>) -> bool {
    matches(names, error) || view.visit.silent && names.iter().any(|name| name == "States.HeartbeatTimeout")
}

/// Whether one of the names takes an error.
pub(crate) fn matches(names: &[String], error: Option<&str>) -> bool {
    names.iter().any(|name| match (name.as_str(), error) {
        ("States.ALL", error) => error != Some(RUNTIME),
        ("States.TaskFailed", Some(error)) => error != "States.Timeout" && error != RUNTIME,
        ("States.Timeout", Some("States.HeartbeatTimeout")) => true,
        (name, error) => Some(name) == error,
    })
}

/// The retrier that takes an error, if it has an attempt left, and the delay that it draws.
fn next_attempt(
    retriers: &[Retrier],
    taker: Option<usize>,
    attempts: impl Fn(u32) -> u64,
    chance: &mut dyn Chance,
) -> Option<(u32, Millis)> {
    let place = taker?;
    let used = attempts(place as u32);
    let retrier = &retriers[place];
    (used < retrier.max_attempts).then(|| (place as u32, delay(retrier, used, chance)))
}

/// The delay before the next attempt, in milliseconds.
fn delay(retrier: &Retrier, used: u64, chance: &mut dyn Chance) -> Millis {
    let exponent = i32::try_from(used).unwrap_or(i32::MAX);
    let seconds = retrier.interval_seconds as f64 * retrier.backoff_rate.powi(exponent);
    let longest = retrier.max_delay_seconds.unwrap_or(LONGEST_DELAY_SECONDS) as f64;
    let seconds = seconds.min(longest);
    let seconds = if retrier.full_jitter { seconds * uniform(chance) } else { seconds };
    ((seconds * 1000.0) as Millis).min(seconds_to_millis(LONGEST_DELAY_SECONDS))
}

fn attempts(view: &View<'_>, place: u32) -> u64 {
    view.visit.attempts.get(&place).copied().unwrap_or_default()
}

/// The retriers and the catchers of a state.
pub(crate) fn rules(kind: &StateKind) -> (&[Retrier], &[Catcher]) {
    match kind {
        StateKind::Task(task) => (&task.retry, &task.catch),
        StateKind::Map(map) => (&map.retry, &map.catch),
        StateKind::Parallel { retry, catch, .. } => (retry, catch),
        _ => (&[], &[]),
    }
}

/// The event that the failure's consequence follows: a Map or a Parallel says first that it failed.
fn shown(view: &View<'_>, draft: &mut Draft<'_>) -> EventId {
    match view.failed_event() {
        Some(event) => draft.event(view.id, view.path.last, event),
        None => view.path.last,
    }
}

fn catch(view: &View<'_>, place: usize, catcher: &Catcher, failure: &Failure, last: EventId, draft: &mut Draft<'_>) {
    let caught = error_output(failure, draft);
    match view.catch(place, catcher, &caught, draft) {
        Ok(Shaped { output, assigned }) => view.exit(output, assigned, Some(catcher.next), last, draft),
        // A catcher's own failure is nobody's to catch.
        Err(problem) => {
            let failure = view.failure(&problem, draft);
            let last = view.evaluation_failed(&problem, &failure, last, draft).unwrap_or(last);
            give_up(view, &failure, last, draft);
        }
    }
}

/// `Error` and `Cause` as a catcher gets them.
fn error_output(failure: &Failure, draft: &Draft<'_>) -> Value {
    let cause = failure.cause.map_or("", |cause| draft.text(cause));
    json!({ "Error": failure.error.as_deref().unwrap_or_default(), "Cause": cause })
}

/// Nobody takes the failure: the execution fails, or the Parallel or Map state that the path belongs to.
fn give_up(view: &View<'_>, failure: &Failure, last: EventId, draft: &mut Draft<'_>) {
    let Some(parent) = view.path.parent else {
        draft.event(view.id, last, Event::ExecutionFailed { failure: failure.clone() });
        return;
    };
    if failure.fatal {
        draft.event(ROOT, last, Event::ExecutionFailed { failure: failure.clone() });
        return;
    }
    if view.path.item.is_some() {
        draft.event(view.id, last, Event::IterationFailed { index: view.path.index });
    } else if aborts(&view.state.kind) {
        draft.event(view.id, last, Event::StateAborted { state: view.visit.state });
    }
    abort_siblings(view, parent, draft);
    draft.record(Record::Fell { path: parent, last, failure: failure.clone() });
}

/// Running siblings of a failed child are taken down with it.
fn abort_siblings(view: &View<'_>, parent: crate::record::PathId, draft: &mut Draft<'_>) {
    let siblings = view.execution.paths.iter().filter(|(id, path)| path.parent == Some(parent) && **id != view.id);
    for (id, sibling) in siblings {
        let state =
            sibling.visit.as_ref().map(|visit| visit.state).filter(|_| !matches!(sibling.phase, Phase::Ready { .. }));
        if let Some(state) = state.filter(|state| aborts(&view.execution.definition.state(*state).kind)) {
            let last = match sibling.phase {
                Phase::InMapRun { .. } => draft.event(*id, sibling.last, Event::MapRunAborted),
                _ => sibling.last,
            };
            draft.event(*id, last, Event::StateAborted { state });
        }
        if sibling.item.is_some() {
            draft.event(*id, sibling.last, Event::IterationAborted { index: sibling.index });
        }
    }
}

fn aborts(kind: &StateKind) -> bool {
    matches!(kind, StateKind::Task(_) | StateKind::Wait { .. } | StateKind::Map(_) | StateKind::Parallel { .. })
}

/// The longest delay that ASL allows, about a year.
const LONGEST_DELAY_SECONDS: u64 = 31_622_400;

#[cfg(test)]
mod tests {
    use super::*;

    fn retrier(interval_seconds: u64, max_attempts: u64, backoff_rate: f64) -> Retrier {
        Retrier {
            error_equals: vec!["States.ALL".to_owned()],
            interval_seconds,
            max_attempts,
            backoff_rate,
            max_delay_seconds: None,
            full_jitter: false,
        }
    }

    #[track_caller]
    fn check(names: &[&str], error: &str, expect: bool) {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        assert_eq!(matches(&names, Some(error)), expect, "{names:?} {error}");
    }

    #[test]
    fn names_take_errors() {
        check(&["States.ALL"], "Custom", true);
        check(&["States.ALL"], "States.Runtime", false);
        // The documentation says otherwise; recorded executions show that it is caught.
        check(&["States.ALL"], "States.DataLimitExceeded", true);
        check(&["States.TaskFailed"], "Lambda.Unknown", true);
        check(&["States.TaskFailed"], "States.Timeout", false);
        check(&["States.Timeout"], "States.HeartbeatTimeout", true);
        check(&["A", "B"], "B", true);
        check(&["A"], "a", false);
    }

    #[test]
    fn delays_grow_and_stay_below_the_maximum() {
        let mut rule = retrier(2, 9, 2.0);
        let drawn: Vec<Millis> = (0..4).map(|used| delay(&rule, used, &mut || 0)).collect();
        assert_eq!(drawn, [2000, 4000, 8000, 16000]);
        rule.max_delay_seconds = Some(5);
        assert_eq!(delay(&rule, 3, &mut || 0), 5000);
        rule.full_jitter = true;
        assert_eq!(delay(&rule, 3, &mut || 1 << 63), 2500);
    }

    #[test]
    fn attempts_end() {
        let rules = [retrier(1, 1, 1.0)];
        assert_eq!(next_attempt(&rules, Some(0), |_| 0, &mut || 0), Some((0, 1000)));
        assert_eq!(next_attempt(&rules, Some(0), |_| 1, &mut || 0), None);
        assert_eq!(next_attempt(&rules, None, |_| 0, &mut || 0), None);
    }
}
