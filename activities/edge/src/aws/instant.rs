//! Instants between the SDK, Lambda's own notation and this package.

use aws_smithy_types::DateTime;
use jiff::{Timestamp, Unit};

use crate::time::written;

/// An instant of the SDK, to the nearest millisecond.
///
/// Services write instants as fractions of a second in floating point: cut off, `30.123` would become `30.122`. What the SDK itself
/// cuts off, as it does for CloudWatch, is lost: there an instant may be a millisecond early, and is never compared for equality.
pub(super) fn timestamp(at: &DateTime) -> Timestamp {
    let nanos = i32::try_from(at.subsec_nanos()).unwrap_or(0);
    let exact = Timestamp::new(at.secs(), nanos).unwrap_or(Timestamp::MIN);
    exact.round(Unit::Millisecond).unwrap_or(exact)
}

/// An instant of the SDK as this package writes it; nothing where there is none.
pub(super) fn text(at: Option<&DateTime>) -> String {
    at.map(|at| written(timestamp(at))).unwrap_or_default()
}

/// An instant for the SDK, in whole milliseconds.
pub(super) fn date_time(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.as_millisecond())
}

/// An instant in the notation with a zone without a colon, as Lambda and alarms write it: `2026-11-23T10:15:30.123+0000`.
pub(super) fn of_text(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_notations_are_read() {
        let expect: Timestamp = "2026-11-23T10:15:30.123Z".parse().unwrap();
        assert_eq!(of_text("2026-11-23T10:15:30.123+0000"), Some(expect));
        assert_eq!(of_text("2026-11-23T10:15:30.123Z"), Some(expect));
        assert_eq!(of_text("yesterday"), None);
    }

    #[test]
    fn floating_point_does_not_cost_a_millisecond() {
        assert_eq!(text(Some(&DateTime::from_secs_f64(1_795_428_930.123))), "2026-11-23T10:15:30.123Z");
    }

    #[test]
    fn an_instant_survives_the_way_to_the_sdk_and_back() {
        let at: Timestamp = "2026-11-23T10:15:30.123Z".parse().unwrap();
        assert_eq!(timestamp(&date_time(at)), at);
        assert_eq!(text(Some(&date_time(at))), "2026-11-23T10:15:30.123Z");
    }
}
