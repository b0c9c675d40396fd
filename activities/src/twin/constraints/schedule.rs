//! When a maintenance window is open: by calendar, by days of the week, or by cron.
//!
//! Owns the arithmetic of clocks that are put forward and back.
//!
//! - By calendar a window is open from one instant to another; clocks do not matter.
//! - Weekly it is open while the clock on the wall shows a time within it. Of an hour that is left out nothing is open; an
//!   hour that comes twice counts twice.
//! - By cron it opens when a job of that pattern would start, and stays open for a length of time that really passes. One
//!   time of day in an hour that is left out opens at the hour's end, and in an hour that comes twice it opens once; a
//!   pattern with several times of day opens whenever the clock shows one of them.

use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::{DateTime, Time, Weekday};
use jiff::tz::AmbiguousOffset;
use jiff::{SignedDuration, Timestamp, Zoned};
use serde::{Deserialize, Serialize};

use super::clock::{ClockTime, Day, Length, Zone};

/// Times of certain days of each week, by the clock of a time zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weekly {
    /// The days on which it opens: `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`.
    pub days: Vec<Day>,
    /// When it opens, `HH:MM`.
    pub from: ClockTime,
    /// When it closes, `HH:MM` up to `24:00`; on the next day when it is not later than `from`.
    pub to: ClockTime,
    /// The IANA name of the time zone, for example `Europe/Stockholm`.
    pub time_zone: Zone,
}

/// Times by a cron pattern, by the clock of a time zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CronTimes {
    /// When it opens: minute, hour, day of the month, month, day of the week, for example `0 22 * * SAT`.
    pub pattern: Pattern,
    /// How long it stays open: `90m`, `4h 30m` or `PT4H30M`.
    pub duration: Length,
    /// The IANA name of the time zone.
    pub time_zone: Zone,
}

/// A cron pattern of five fields; `L`, `W` and `#` mean what they do elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    text: String,
    cron: croner::Cron,
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.len() > LONGEST_PATTERN {
            return Err(format!("a cron pattern of {} letters; at most {LONGEST_PATTERN} are read", text.len()));
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        match parser.parse(&text) {
            Ok(cron) => Ok(Self { text, cron }),
            Err(error) => Err(format!(
                "`{text}` is no cron pattern: {error}; write minute, hour, day of the month, month and day of the week, \
                 for example `0 22 * * SAT`"
            )),
        }
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.text
    }
}

impl Weekly {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.days.is_empty() { Err("`days` is empty, so it never opens".to_owned()) } else { Ok(()) }
    }

    pub(super) fn is_open(&self, now: Timestamp) -> bool {
        let local: Zoned = now.to_zoned(self.time_zone.zone.clone());
        let minute = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        let (from, to) = (self.from.minute, self.to.minute);
        if from < to {
            return self.opens(local.weekday()) && (from..to).contains(&minute);
        }
        // Past midnight it is the window of the day before.
        self.opens(local.weekday()) && minute >= from || self.opens(local.weekday().previous()) && minute < to
    }

    /// The first instant after `now` at which it opens.
    pub(super) fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let today = now.to_zoned(self.time_zone.zone.clone()).date();
        let minutes = SignedDuration::from_mins(i64::from(self.from.minute));
        // A week may be the one of whose hours the window's is left out.
        let days = (0..=14).filter_map(|days| today.checked_add(SignedDuration::from_hours(24 * days)).ok());
        days.filter(|day| self.opens(day.weekday()))
            .filter_map(|day| self.instant(day.to_datetime(Time::midnight()).checked_add(minutes).ok()?))
            .find(|opens| *opens > now && self.is_open(*opens))
    }

    /// The first instant at which the clock shows this or, where it is left out, something later.
    fn instant(&self, clock: DateTime) -> Option<Timestamp> {
        let zone = &self.time_zone.zone;
        let ambiguous = zone.to_ambiguous_timestamp(clock);
        match ambiguous.offset() {
            AmbiguousOffset::Gap { .. } => {
                zone.following(ambiguous.earlier().ok()?).next().map(|jump| jump.timestamp())
            }
            _ => ambiguous.earlier().ok(),
        }
    }

    fn opens(&self, day: Weekday) -> bool {
        self.days.iter().any(|open| open.0 == day)
    }
}

impl CronTimes {
    pub(super) fn check(&self) -> Result<(), String> {
        // On a clock that nobody puts forward or back; the calendar repeats itself every 28 years, give or take a century.
        let start = DateTime::constant(2000, 1, 1, 0, 0, 0, 0);
        match self.pattern.cron.find_next_occurrence(&start, true) {
            Ok(_) => Ok(()),
            Err(_) => Err(format!("no day is `{}`, so it never opens", self.pattern.text)),
        }
    }

    /// Whether it opened less than its length ago; `None` where that cannot be told.
    pub(super) fn is_open(&self, now: Timestamp) -> Option<bool> {
        let earliest = now.checked_sub(SignedDuration::from_secs(self.duration.seconds)).ok()?;
        // What opened exactly that long ago has just closed.
        Some(self.next(earliest)? <= now)
    }

    /// The first instant after `now` at which it opens.
    pub(super) fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let local = now.to_zoned(self.time_zone.zone.clone());
        self.pattern.cron.find_next_occurrence(&local, false).ok().map(|next| next.timestamp())
    }
}

const LONGEST_PATTERN: usize = 200;
