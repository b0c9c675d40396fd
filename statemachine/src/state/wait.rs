//! Wait: sleeps for a number of seconds or until a time.

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    data::DataError,
    definition::{Source, StateKind, WaitUntil},
    execution::{Draft, seconds_to_millis},
    record::{Millis, Record},
    state::{Scope, View, evaluation, fail::unexpected, negative, runtime, shown},
};

pub(crate) fn begin(view: &View<'_>, until: &WaitUntil, draft: &mut Draft<'_>) -> Result<(), DataError> {
    let scope = view.scope();
    let input = view.effective_input(&scope, draft)?.value(draft);
    let until = match until {
        WaitUntil::Seconds(source) => {
            draft.now.saturating_add(seconds_to_millis(seconds(view, source, &input, &scope, draft)?))
        }
        WaitUntil::Timestamp(source) => time(view, source, &input, &scope, draft)?,
    };
    draft.record(Record::Slept { path: view.id, until });
    Ok(())
}

/// The sleep is over.
pub(crate) fn wake(view: &View<'_>, draft: &mut Draft<'_>) {
    let StateKind::Wait { next, .. } = &view.state.kind else { return };
    let shaped = view.shape(None, draft);
    view.settle(shaped.map(|shaped| view.leave(shaped, *next, draft)), draft);
}

fn seconds(
    view: &View<'_>,
    source: &Source,
    input: &Value,
    scope: &Scope,
    draft: &mut Draft<'_>,
) -> Result<u64, DataError> {
    let value = match (source, view.source("Seconds", source, input, scope, draft)) {
        (Source::Path(path), Err(_)) => {
            return Err(runtime(format!("The SecondsPath parameter does not reference an input value: {path}")));
        }
        (_, value) => value?,
    };
    match (value.as_f64(), source) {
        (Some(seconds), Source::Path(path)) if !(0.0..=LONGEST_WAIT_SECONDS).contains(&seconds) => {
            Err(runtime(format!(
                "The SecondsPath parameter references a value that is not between 0 and {LONGEST_WAIT_SECONDS}: {path} == {value}"
            )))
        }
        (Some(seconds), _) if seconds.fract() == 0.0 && (0.0..=LONGEST_WAIT_SECONDS).contains(&seconds) => {
            Ok(seconds as u64)
        }
        (Some(_), Source::Path(path)) => {
            Err(runtime(format!("The SecondsPath parameter does not reference a whole number: {path} == {value}")))
        }
        (Some(seconds), _) if seconds < 0.0 => Err(evaluation("Seconds", negative("Seconds"))),
        (Some(_), _) => Err(evaluation(
            "Seconds",
            format!(
                "The value of the Seconds field must be a whole number between 0 and {LONGEST_WAIT_SECONDS} but was: {value}"
            ),
        )),
        (None, Source::Path(path)) => Err(runtime(format!(
            "The SecondsPath parameter does not reference a valid number: {path} == {}",
            shown(&value)
        ))),
        (None, _) => Err(unexpected("Seconds", source, "number", &value)),
    }
}

fn time(
    view: &View<'_>,
    source: &Source,
    input: &Value,
    scope: &Scope,
    draft: &mut Draft<'_>,
) -> Result<Millis, DataError> {
    let value = match (source, view.source("Timestamp", source, input, scope, draft)) {
        (Source::Path(path), Err(_)) => {
            return Err(runtime(format!("The TimestampPath parameter does not reference an input value: {path}")));
        }
        (_, value) => value?,
    };
    if matches!(source, Source::Jsonata(_)) && !value.is_string() {
        return Err(unexpected("Timestamp", source, "string", &value));
    }
    let shown = shown(&value);
    parse_time(&shown).ok_or_else(|| match source {
        Source::Path(path) => runtime(format!(
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: {path} == {shown}"
        )),
        _ => evaluation("Timestamp",
            format!("The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: {shown}"),
        ),
    })
}

/// A time as ASL takes it: ISO 8601 in its extended form, with a `T` and an offset or `Z`.
pub(crate) fn parse_time(text: &str) -> Option<Millis> {
    is_extended(text).then(|| text.parse::<Timestamp>().ok()).flatten().map(Timestamp::as_millisecond)
}

/// The parser takes more: small letters, blanks, a zone in brackets, forms without separators, a 60th second.
fn is_extended(text: &str) -> bool {
    let separated =
        [(4, '-'), (7, '-'), (10, 'T'), (13, ':')].iter().all(|&(at, mark)| text.chars().nth(at) == Some(mark));
    let zone = text
        .get(16..)
        .unwrap_or_default()
        .trim_start_matches(|letter: char| letter.is_ascii_digit() || ".:".contains(letter));
    let offset = zone.strip_prefix(['+', '-']).map(str::as_bytes).is_some_and(|offset| {
        offset.len() >= 5 && offset[2] == b':' && offset.iter().all(|byte| byte.is_ascii_digit() || *byte == b':')
    });
    separated && (zone == "Z" || offset) && text.get(17..19) != Some("60")
}

/// The longest that ASL lets a state wait.
const LONGEST_WAIT_SECONDS: f64 = 99_999_999.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<Millis>) {
        assert_eq!(parse_time(text), expect, "{text}");
    }

    #[test]
    fn times_need_a_t_and_an_offset() {
        check("2016-03-14T01:59:00Z", Some(1_457_920_740_000));
        check("2016-03-14T03:59:00+02:00", Some(1_457_920_740_000));
        check("2016-03-14 01:59:00Z", None);
        check("2016-03-14T01:59:00", None);
        check("05-12-2016T21:29:29Z", None);
        check("2016-12-05T25:29:29Z", None);
        check("", None);
        check("2016-03-14T01:59Z", Some(1_457_920_740_000));
        check("2016-03-14T01:59:00.000000001Z", Some(1_457_920_740_000));
        for loose in [
            "20160314T015900Z",
            "2016-03-14t01:59:00Z",
            "2016-03-14T01:59:00z",
            "2016-03-14T03:59:00+0200",
            "2016-03-14T03:59:00+02",
            "2016-03-14T01:59:60Z",
            "2016-03-14T01:59:00,5Z",
            "2016-03-14T01:59:00Z[UTC]",
            "2016-03-14T03:59:00+02:00[Europe/Berlin]",
        ] {
            check(loose, None);
        }
    }
}
