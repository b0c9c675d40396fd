//! Days, times of day, instants, durations and time zones as people write them.
//!
//! Owns their spelling. Zones are from the database that is built in: no file is read.

use jiff::civil::Weekday;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// An instant, written as RFC 3339 with its offset from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Instant(pub(super) Timestamp);

impl TryFrom<String> for Instant {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| {
            format!("`{text}` is no instant; write it with its offset, `2026-12-18T17:00:00Z` or `...+01:00`")
        })
    }
}

impl From<Instant> for String {
    fn from(instant: Instant) -> Self {
        instant.0.to_string()
    }
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(pub(super) Weekday);

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        let lower = word.to_ascii_lowercase();
        let day = DAYS.iter().find(|(short, long, _)| lower == *short || lower == *long);
        day.map(|(.., day)| Self(*day))
            .ok_or_else(|| format!("`{word}` is no day; write `mon`, `tue`, `wed`, `thu`, `fri`, `sat` or `sun`"))
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        DAYS.iter().find(|(.., known)| *known == day.0).map(|(short, ..)| (*short).to_owned()).unwrap_or_default()
    }
}

const DAYS: [(&str, &str, Weekday); 7] = [
    ("mon", "monday", Weekday::Monday),
    ("tue", "tuesday", Weekday::Tuesday),
    ("wed", "wednesday", Weekday::Wednesday),
    ("thu", "thursday", Weekday::Thursday),
    ("fri", "friday", Weekday::Friday),
    ("sat", "saturday", Weekday::Saturday),
    ("sun", "sunday", Weekday::Sunday),
];

/// A time on the clock, `00:00` to `24:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClockTime {
    pub(super) minute: u16,
}

impl TryFrom<String> for ClockTime {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = |part: &str| {
            let plain = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| part.parse::<u16>().ok()).flatten()
        };
        let parts = text.split_once(':').and_then(|(hour, minute)| Some((digits(hour)?, digits(minute)?)));
        match parts {
            Some((hour, minute)) if minute < 60 && hour * 60 + minute <= 24 * 60 => {
                Ok(Self { minute: hour * 60 + minute })
            }
            _ => Err(format!("`{text}` is no time of day; write `HH:MM`, `00:00` to `24:00`")),
        }
    }
}

impl From<ClockTime> for String {
    fn from(time: ClockTime) -> Self {
        format!("{:02}:{:02}", time.minute / 60, time.minute % 60)
    }
}

/// How long a window is open, in hours, minutes and seconds that pass: `90m`, `4h 30m` or `PT4H30M`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Length {
    text: String,
    pub(super) seconds: i64,
}

impl TryFrom<String> for Length {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.parse::<SignedDuration>() {
            Ok(length) if length >= SHORTEST && length <= LONGEST => Ok(Self { seconds: length.as_secs(), text }),
            Ok(_) => Err(format!("`{text}` is no length of a window; it must be one minute to 31 days (`744h`)")),
            Err(_) => Err(format!("`{text}` is no duration; write `90m`, `4h 30m` or `PT4H30M`")),
        }
    }
}

impl From<Length> for String {
    fn from(length: Length) -> Self {
        length.text
    }
}

const SHORTEST: SignedDuration = SignedDuration::from_mins(1);
const LONGEST: SignedDuration = SignedDuration::from_hours(31 * 24);

/// A time zone by its IANA name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone {
    name: String,
    pub(super) zone: TimeZone,
}

impl TryFrom<String> for Zone {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match TimeZoneDatabase::bundled().get(&name) {
            Ok(zone) => Ok(Self { name, zone }),
            Err(_) => Err(format!("`{name}` is no time zone; write an IANA name such as `Europe/Stockholm` or `UTC`")),
        }
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name
    }
}

impl Zone {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }
}
