//! `Retry` and `Catch`: which errors, and what then.

use serde_json::Value;

use super::place::Place;
use super::reader::{Field, Reader, both, expected, jsonata, jsonpath};
use super::{MOST_SECONDS, Scope, Walk, flow};
use crate::definition::{Catcher, Retrier};

/// `Retry`.
pub(super) fn retry(reader: &Reader<'_>) -> Vec<Retrier> {
    entries(reader, "Retry").filter_map(|(place, value, last)| retrier(reader, place, value, last)).collect()
}

/// `Catch`.
pub(super) fn catch<'t>(walk: &mut Walk<'t>, reader: &Reader<'t>, scope: &mut Scope<'t>) -> Vec<Catcher> {
    entries(reader, "Catch")
        .filter_map(|(place, value, last)| catcher(walk, reader, place, value, last, scope))
        .collect()
}

fn entries<'t>(reader: &Reader<'t>, field: &str) -> impl Iterator<Item = (Place, &'t Value, bool)> + use<'t> {
    let place = reader.at(field);
    let items: &'t [Value] = reader.array(field).map_or(&[], Vec::as_slice);
    items.iter().enumerate().map(move |(index, value)| (place.index(index), value, index + 1 == items.len()))
}

fn retrier(state: &Reader<'_>, place: Place, value: &Value, last: bool) -> Option<Retrier> {
    let reader = Reader::open(state.ledger, place, value, state.language, &[RETRIER])?;
    reader.text("Comment");
    let error_equals = error_equals(&reader, last);
    let interval_seconds = reader.whole("IntervalSeconds", 0, MOST_SECONDS).unwrap_or(1);
    let max_delay_seconds = reader.whole("MaxDelaySeconds", 1, MOST_DELAY);
    if max_delay_seconds.is_some_and(|most| most <= interval_seconds) {
        reader.wrong_at("MaxDelaySeconds", "MaxDelaySeconds must be greater than IntervalSeconds");
    }
    Some(Retrier {
        error_equals,
        interval_seconds,
        max_attempts: reader.whole("MaxAttempts", 0, MOST_SECONDS).unwrap_or(3),
        backoff_rate: reader.number("BackoffRate", 1.0, f64::MAX).unwrap_or(2.0),
        max_delay_seconds,
        full_jitter: reader.word("JitterStrategy", &["NONE", "FULL"]) == Some("FULL"),
    })
}

fn catcher<'t>(
    walk: &mut Walk<'t>,
    state: &Reader<'t>,
    place: Place,
    value: &'t Value,
    last: bool,
    scope: &mut Scope<'t>,
) -> Option<Catcher> {
    let reader = Reader::open(state.ledger, place, value, state.language, &[CATCHER])?;
    reader.text("Comment");
    let error_equals = error_equals(&reader, last);
    reader.require(&["Next"]);
    Some(Catcher {
        error_equals,
        result_path: flow::reach(&reader, "ResultPath", flow::result_path),
        assign: flow::assign(&reader),
        output: flow::any_template(&reader, "Output"),
        next: walk.target_field(&reader, "Next", scope),
    })
}

fn error_equals(reader: &Reader<'_>, last: bool) -> Vec<String> {
    reader.require(&["ErrorEquals"]);
    let names = reader.filled_array("ErrorEquals").map_or(&[][..], Vec::as_slice);
    let place = reader.at("ErrorEquals");
    let mut taken = Vec::new();
    for (index, name) in names.iter().enumerate() {
        match name.as_str() {
            Some(name) => taken.push(name.to_owned()),
            None => reader.ledger.schema(&place.index(index), expected("String")),
        }
        if name == "States.ALL" && (names.len() > 1 || !last) {
            reader.ledger.schema(&place.index(index), "States.ALL must appear alone and at end of list");
        }
    }
    taken
}

/// The longest `MaxDelaySeconds`: a leap year.
const MOST_DELAY: u64 = 31_622_400;

const RETRIER: &[Field] = &[
    both("Comment"),
    both("ErrorEquals"),
    both("IntervalSeconds"),
    both("MaxAttempts"),
    both("BackoffRate"),
    both("MaxDelaySeconds"),
    both("JitterStrategy"),
];

const CATCHER: &[Field] =
    &[both("Comment"), both("ErrorEquals"), both("Next"), jsonpath("ResultPath"), both("Assign"), jsonata("Output")];
