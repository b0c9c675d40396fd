//! Instants as this package writes them: RFC 3339 in UTC with milliseconds.

use jiff::{SignedDuration, Timestamp};

/// How records hold an instant.
pub(crate) mod as_text {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(at)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How records hold an instant that may be absent.
pub(crate) mod as_optional_text {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(crate) fn serialize<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        at.map(|at| at.to_string()).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        Option::<String>::deserialize(deserializer)?
            .map(|text| text.parse().map_err(serde::de::Error::custom))
            .transpose()
    }
}

/// The instant as text, for example `2026-11-23T10:15:30.123Z`.
pub(crate) fn written(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// The instant so many seconds before.
pub(crate) fn seconds_before(at: Timestamp, seconds: impl Into<i64>) -> Timestamp {
    at.checked_sub(SignedDuration::from_secs(seconds.into())).unwrap_or(Timestamp::MIN)
}

/// The instant so many seconds after.
pub(crate) fn seconds_after(at: Timestamp, seconds: impl Into<i64>) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds.into())).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_with_milliseconds() {
        assert_eq!(written("2026-11-23T10:15:30.123456Z".parse().unwrap()), "2026-11-23T10:15:30.123Z");
        assert_eq!(written("2026-11-23T10:15:30Z".parse().unwrap()), "2026-11-23T10:15:30.000Z");
    }
}
