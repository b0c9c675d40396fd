//! The small shop of the demo: its Terraform state, one alarm event and what was observed before it.
//!
//! Owns the files as they were recorded, and the one thing that is changed about them: the event's instants are moved to the
//! present, so that every run is an incident of its own. Owns no answer: what is made of it is the platform's work.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp, civil};
use serde_json::{Value, json};

use crate::error::CommandError;

const STATE: &str = include_str!("../replay-tests/fixtures/shop/terraform.tfstate");
const EVENT: &str = include_str!("../replay-tests/fixtures/shop/events/orders-duration.json");
const OBSERVATIONS: &str = include_str!("../replay-tests/fixtures/shop/observations/orders-duration.json");
const OBSERVED: &str = "observations.json";

/// The alarm event as EventBridge delivers it, as if the alarm had gone off at `at`.
pub(crate) fn event(at: Timestamp) -> Result<Value, CommandError> {
    let recorded: Value = serde_json::from_str(EVENT).map_err(|error| CommandError::BadEvent(error.to_string()))?;
    let then = recorded.pointer("/detail/state/timestamp").and_then(Value::as_str).and_then(instant);
    let then = then.ok_or_else(|| CommandError::BadEvent("`detail.state.timestamp` is not an instant".to_owned()))?;
    let mut event = moved(recorded, at.duration_since(then));
    // EventBridge gives every event its own id; a transition that is new has a new one.
    let digest = activities::approval::sha256_hex(format!("{EVENT}{at}").as_bytes());
    event["id"] = json!(format!(
        "{}-{}-4{}-8{}-{}",
        &digest[..8],
        &digest[8..12],
        &digest[12..15],
        &digest[15..18],
        &digest[18..30]
    ));
    Ok(event)
}

/// Writes state and observations where the platform reads them; answers the two files.
pub(crate) fn lay_out(data: &Path) -> Result<(PathBuf, PathBuf), CommandError> {
    let directory = data.join("shop");
    std::fs::create_dir_all(&directory).map_err(|source| CommandError::Write { path: directory.clone(), source })?;
    let write = |name: &str, text: &str| -> Result<PathBuf, CommandError> {
        let path = directory.join(name);
        std::fs::write(&path, text).map_err(|source| CommandError::Write { path: path.clone(), source })?;
        Ok(path)
    };
    Ok((write("terraform.tfstate", STATE)?, write(OBSERVED, OBSERVATIONS)?))
}

/// The observations that a demo left in a data directory.
pub(crate) fn observations_of(data: &Path) -> Option<PathBuf> {
    Some(data.join("shop").join(OBSERVED)).filter(|path| path.is_file())
}

/// A document with every instant in it moved.
fn moved(value: Value, by: SignedDuration) -> Value {
    match value {
        Value::String(text) => Value::String(moved_text(&text, by)),
        Value::Array(items) => items.into_iter().map(|item| moved(item, by)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, moved(value, by))).collect())
        }
        other => other,
    }
}

/// A text with every instant in it moved: `2026-11-23T09:15:32.418+0000`, `2026-11-23T09:15:33Z` and, as CloudWatch's reasons
/// have them, `23/11/26 09:14:00`.
fn moved_text(text: &str, by: SignedDuration) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let found = LONG.iter().find_map(|form| form.read(rest));
        match found {
            Some((at, length, form)) => {
                out.push_str(&form.write(shifted(at, by)));
                rest = &rest[length..];
            }
            None => {
                out.push(character);
                rest = &rest[character.len_utf8()..];
            }
        }
    }
    out
}

/// Periods begin at whole minutes, before and after.
fn shifted(at: Timestamp, by: SignedDuration) -> Timestamp {
    let on_the_minute = at.as_millisecond() % 60_000 == 0;
    let by = if on_the_minute { SignedDuration::from_mins(by.as_secs().div_euclid(60)) } else { by };
    at.checked_add(by).unwrap_or(at)
}

fn instant(text: &str) -> Option<Timestamp> {
    LONG.iter().find_map(|form| form.read(text)).map(|(at, ..)| at)
}

/// A form in which AWS writes an instant.
struct Form {
    pattern: &'static str,
    length: usize,
    millis: bool,
}

impl Form {
    fn read(&self, text: &str) -> Option<(Timestamp, usize, &Self)> {
        let head = text.get(..self.length)?;
        let at = civil::DateTime::strptime(self.pattern, head).ok()?;
        Some((at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp(), self.length, self))
    }

    fn write(&self, at: Timestamp) -> String {
        at.strftime(if self.millis { MILLIS } else { self.pattern }).to_string()
    }
}

const MILLIS: &str = "%Y-%m-%dT%H:%M:%S.%3f+0000";

/// Longest first, so that a shorter form does not cut a longer one.
const LONG: [Form; 3] = [
    Form { pattern: "%Y-%m-%dT%H:%M:%S.%f+0000", length: 28, millis: true },
    Form { pattern: "%Y-%m-%dT%H:%M:%SZ", length: 20, millis: false },
    Form { pattern: "%d/%m/%y %H:%M:%S", length: 17, millis: false },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, seconds: i64, expect: &str) {
        assert_eq!(moved_text(text, SignedDuration::from_secs(seconds)), expect);
    }

    #[test]
    fn instants_move_in_each_form_and_nothing_else_does() {
        check("2026-11-23T09:15:32.418+0000", 3_607, "2026-11-23T10:15:39.418+0000");
        check("2026-11-23T09:15:33Z", -60, "2026-11-23T09:14:33Z");
        check("[10000.0 (23/11/26 09:14:00), 9987.21]", 95, "[10000.0 (23/11/26 09:15:00), 9987.21]");
        check(
            "arn:aws:lambda:eu-west-1:123456789012:function:f → 30",
            60,
            "arn:aws:lambda:eu-west-1:123456789012:function:f → 30",
        );
    }

    #[test]
    fn the_event_is_an_incident_at_the_given_moment() {
        let at: Timestamp = "2027-01-02T03:04:05.678Z".parse().unwrap();
        let event = event(at).unwrap();
        assert_eq!(event["detail"]["state"]["timestamp"], "2027-01-02T03:04:05.678+0000");
        assert!(activities::detect::intake(&event).unwrap().starts());
        assert!(event["detail"]["state"]["reasonData"].as_str().unwrap().contains("2027-01-02T03:0"));
    }

    #[test]
    fn two_moments_are_two_incidents() {
        let name = |at: &str| activities::detect::intake(&event(at.parse().unwrap()).unwrap()).unwrap().name;
        assert_ne!(name("2027-01-02T03:04:05.678Z"), name("2027-01-02T03:04:05.679Z"));
    }
}
