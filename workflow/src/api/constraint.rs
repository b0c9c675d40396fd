//! The constraints on a request's members, and what AWS says when they do not hold.
//!
//! Owns the words of `ValidationException`. All violations are told at once. What a member means is the action's.

use super::refusal::Refusal;
use crate::engine::StateMachineType;

/// Collects what is wrong with a request.
#[derive(Debug, Default)]
pub(super) struct Constraints {
    violations: Vec<String>,
}

impl Constraints {
    /// A member that must be there, between `least` and `most` characters.
    pub(super) fn text(&mut self, at: &str, value: Option<String>, least: usize, most: usize) -> String {
        self.optional(at, value.as_deref(), least, most);
        self.present(at, value)
    }

    /// A member that, if it is there, has between `least` and `most` characters.
    pub(super) fn optional(&mut self, at: &str, value: Option<&str>, least: usize, most: usize) {
        if let Some(value) = value {
            self.measure(&format!("Value '{value}' at '{at}'"), value.chars().count(), least, most);
        }
    }

    /// What people say about a version or an alias.
    pub(super) fn description(&mut self, at: &str, value: Option<&str>) {
        self.sensitive(at, value, 0, LONGEST_DESCRIPTION);
    }

    /// As [`Constraints::optional`] for a member whose value is never repeated in a message.
    pub(super) fn sensitive(&mut self, at: &str, value: Option<&str>, least: usize, most: usize) {
        if let Some(value) = value {
            self.measure(&format!("Value at '{at}'"), value.chars().count(), least, most);
        }
    }

    /// An input or an output: at most 256 KiB of UTF-8.
    pub(super) fn payload(&mut self, at: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.measure(&format!("Value at '{at}'"), value.len(), 0, LARGEST_PAYLOAD);
        }
    }

    /// A definition that is there: at most 1 MiB of UTF-8.
    pub(super) fn definition(&mut self, value: Option<&str>) {
        if let Some(value) = value {
            self.measure("Value at 'definition'", value.len(), 1, LARGEST_DEFINITION);
        }
    }

    /// An ARN that must be there.
    pub(super) fn arn(&mut self, at: &str, value: Option<String>) -> String {
        self.text(at, value, 1, LONGEST_ARN)
    }

    /// The ARN of a map run, which must be there.
    pub(super) fn map_run_arn(&mut self, value: Option<String>) -> String {
        self.text("mapRunArn", value, 1, LONGEST_MAP_RUN_ARN)
    }

    /// A task token, which must be there.
    pub(super) fn task_token(&mut self, value: Option<String>) -> String {
        self.sensitive("taskToken", value.as_deref(), 1, LONGEST_TASK_TOKEN);
        self.present("taskToken", value)
    }

    /// The error and the cause of a task or an execution that is ended.
    pub(super) fn failure(&mut self, error: Option<&str>, cause: Option<&str>) {
        self.sensitive("error", error, 0, LONGEST_ERROR);
        self.sensitive("cause", cause, 0, LONGEST_CAUSE);
    }

    /// `maxResults` between 0 and `most`.
    pub(super) fn max_results(&mut self, value: Option<i64>, most: i64) -> usize {
        usize::try_from(self.number("maxResults", value.unwrap_or(0), 0, most)).unwrap_or(0)
    }

    /// A number between `least` and `most`.
    pub(super) fn number(&mut self, at: &str, value: i64, least: i64, most: i64) -> i64 {
        let what = format!("Value '{value}' at '{at}'");
        if value > most {
            self.violate(&what, &format!("Member must have value less than or equal to {most}"));
        }
        if value < least {
            self.violate(&what, &format!("Member must have value greater than or equal to {least}"));
        }
        value
    }

    /// A list that has between `least` and `most` members, and how a message shows it.
    pub(super) fn counted(&mut self, at: &str, shown: impl Fn() -> String, members: usize, least: usize, most: usize) {
        if !(least..=most).contains(&members) {
            self.measure(&format!("Value '{}' at '{at}'", shown()), members, least, most);
        }
    }

    /// A member that, if it is there, is one of `choices`.
    pub(super) fn one_of(&mut self, at: &str, value: Option<&str>, choices: &[&str]) {
        if let Some(value) = value.filter(|value| !choices.contains(value)) {
            self.violate(
                &format!("Value '{value}' at '{at}'"),
                &format!("Member must satisfy enum value set: [{}]", choices.join(", ")),
            );
        }
    }

    /// `type`: Standard when it is absent.
    pub(super) fn machine_type(&mut self, value: Option<&str>) -> StateMachineType {
        self.one_of("type", value, &["STANDARD", "EXPRESS"]);
        if value == Some("EXPRESS") { StateMachineType::Express } else { StateMachineType::Standard }
    }

    /// `includedData`: whether the data is left out.
    pub(super) fn metadata_only(&mut self, value: Option<&str>) -> bool {
        self.one_of("includedData", value, &["ALL_DATA", "METADATA_ONLY"]);
        value == Some("METADATA_ONLY")
    }

    /// A member that must be there.
    pub(super) fn present<T: Default>(&mut self, at: &str, value: Option<T>) -> T {
        value.unwrap_or_else(|| {
            self.violate(&format!("Value null at '{at}'"), "Member must not be null");
            T::default()
        })
    }

    pub(super) fn violate(&mut self, what: &str, constraint: &str) {
        self.violations.push(format!("{what} failed to satisfy constraint: {constraint}"));
    }

    /// Refuses the request if anything was wrong.
    pub(super) fn done(self) -> Result<(), Refusal> {
        let count = self.violations.len();
        match count {
            0 => Ok(()),
            _ => {
                let errors = if count == 1 { "error" } else { "errors" };
                Err(Refusal::validation(format!(
                    "{count} validation {errors} detected: {}",
                    self.violations.join("; ")
                )))
            }
        }
    }

    fn measure(&mut self, what: &str, length: usize, least: usize, most: usize) {
        if length < least {
            self.violate(what, &format!("Member must have length greater than or equal to {least}"));
        }
        if length > most {
            self.violate(what, &format!("Member must have length less than or equal to {most}"));
        }
    }
}

/// Inputs and outputs, in bytes of UTF-8.
pub(super) const LARGEST_PAYLOAD: usize = 256 * 1024;

const LARGEST_DEFINITION: usize = 1 << 20;
const LONGEST_ARN: usize = 256;
const LONGEST_DESCRIPTION: usize = 256;
const LONGEST_MAP_RUN_ARN: usize = 2000;
const LONGEST_ERROR: usize = 256;
const LONGEST_CAUSE: usize = 32_768;
const LONGEST_TASK_TOKEN: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(constrain: impl FnOnce(&mut Constraints), expect: &str) {
        let mut constraints = Constraints::default();
        constrain(&mut constraints);
        let said = constraints.done().err().map(|refusal| refusal.message).unwrap_or_default();
        assert_eq!(said, expect);
    }

    #[test]
    fn violations_are_said_in_the_words_of_aws() {
        check(
            |all| drop(all.arn("executionArn", None)),
            "1 validation error detected: Value null at 'executionArn' failed to satisfy constraint: Member must not be null",
        );
        check(
            |all| drop(all.text("name", Some(String::new()), 1, 80)),
            "1 validation error detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1",
        );
        check(
            |all| all.sensitive("error", Some(&"x".repeat(257)), 0, 256),
            "1 validation error detected: Value at 'error' failed to satisfy constraint: Member must have length less than or equal to 256",
        );
        check(
            |all| _ = all.max_results(Some(1001), 1000),
            "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000",
        );
        check(
            |all| _ = all.max_results(Some(-1), 1000),
            "1 validation error detected: Value '-1' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 0",
        );
        check(
            |all| _ = all.machine_type(Some("FAST")),
            "1 validation error detected: Value 'FAST' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [STANDARD, EXPRESS]",
        );
        let token = "t".repeat(2049);
        check(
            |all| drop(all.task_token(Some(token.clone()))),
            "1 validation error detected: Value at 'taskToken' failed to satisfy constraint: Member must have length less than or equal to 2048",
        );
    }

    #[test]
    fn all_violations_are_told_at_once() {
        check(
            |all| {
                all.arn("roleArn", None);
                all.one_of("level", Some("LOUD"), &["ALL", "OFF"]);
            },
            "2 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; \
             Value 'LOUD' at 'level' failed to satisfy constraint: Member must satisfy enum value set: [ALL, OFF]",
        );
    }

    #[test]
    fn lengths_count_characters_but_payloads_count_bytes() {
        check(|all| drop(all.text("name", Some("ü".repeat(80)), 1, 80)), "");
        check(|all| all.payload("input", Some(&"x".repeat(LARGEST_PAYLOAD))), "");
        check(
            |all| all.payload("input", Some(&"ü".repeat(LARGEST_PAYLOAD / 2 + 1))),
            "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to 262144",
        );
    }
}
