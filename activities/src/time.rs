//! Instants as the machine and AWS write them.
//!
//! Owns the reading of both forms (`2026-11-23T10:15:30.123Z` and `2026-11-23T10:15:30.123+0000`) and the writing of one.

use jiff::{SignedDuration, Timestamp};

use crate::ActivityError;

/// Reads an instant.
pub(crate) fn instant(name: &str, text: &str) -> Result<Timestamp, ActivityError> {
    text.parse().map_err(|_| {
        ActivityError::bad_input(format!("`{name}` is `{text}` and must be an instant such as `2026-11-23T10:15:30Z`"))
    })
}

/// Reads an instant where an unreadable one only means that the time is unknown.
pub(crate) fn instant_or_none(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// Writes an instant with milliseconds, in UTC.
pub(crate) fn written(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Adds whole seconds; an instant that would leave the calendar stays.
pub(crate) fn later(at: Timestamp, seconds: u32) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(i64::from(seconds))).unwrap_or(at)
}

/// Counts the whole seconds between two instants; 0 when the second is not after the first.
pub(crate) fn seconds_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_secs()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(instant("at", text).ok().map(written).as_deref(), expect, "{text}");
    }

    #[test]
    fn both_forms_of_aws_are_read() {
        check("2026-11-23T10:15:30.123Z", Some("2026-11-23T10:15:30.123Z"));
        check("2026-11-23T10:15:30.123+0000", Some("2026-11-23T10:15:30.123Z"));
        check("2026-11-23T11:15:30+01:00", Some("2026-11-23T10:15:30.000Z"));
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        check("yesterday", None);
        check("2026-11-23T10:15:30", None);
    }
}
