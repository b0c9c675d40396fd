//! Names and ARNs: what they look like, and what is refused.
//!
//! Owns the ARN shapes of the engine and the rule for names. It does not know whether anything has a name.

use super::error::ApiError;

/// The region and the account that the engine's ARNs carry.
#[derive(Debug, Clone)]
pub(super) struct Naming {
    pub(super) region: String,
    pub(super) account: String,
}

impl Naming {
    pub(super) fn state_machine(&self, machine: &str) -> String {
        format!("arn:aws:states:{}:{}:stateMachine:{machine}", self.region, self.account)
    }

    /// A version of a state machine.
    pub(super) fn version(&self, machine: &str, number: u64) -> String {
        format!("{}:{number}", self.state_machine(machine))
    }

    /// An alias of a state machine.
    pub(super) fn alias(&self, machine: &str, name: &str) -> String {
        format!("{}:{name}", self.state_machine(machine))
    }

    pub(super) fn execution(&self, machine: &str, name: &str) -> String {
        format!("arn:aws:states:{}:{}:execution:{machine}:{name}", self.region, self.account)
    }

    /// An Express execution; names may repeat, so that each has an id besides.
    pub(super) fn express(&self, machine: &str, name: &str, id: &str) -> String {
        format!("arn:aws:states:{}:{}:express:{machine}:{name}:{id}", self.region, self.account)
    }

    pub(super) fn activity(&self, name: &str) -> String {
        format!("arn:aws:states:{}:{}:activity:{name}", self.region, self.account)
    }
}

/// What follows the machine's name in a state machine ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Qualifier<'a> {
    Version(u64),
    Alias(&'a str),
}

/// The machine's name in a state machine ARN, and the version or alias behind it.
pub(super) fn target_of(arn: &str) -> Result<(&str, Option<Qualifier<'_>>), ApiError> {
    match parts(arn)? {
        ("stateMachine", name, rest) => Ok((name, rest.map(qualifier))),
        _ => Err(wrong_type(arn)),
    }
}

/// The machine's name and the number in a version's ARN.
pub(super) fn version_of(arn: &str) -> Result<(&str, u64), ApiError> {
    match target_of(arn)? {
        (name, Some(Qualifier::Version(number))) => Ok((name, number)),
        _ => Err(ApiError::InvalidArn(arn.to_owned())),
    }
}

/// The machine's name and the alias's in an alias's ARN.
pub(super) fn alias_of(arn: &str) -> Result<(&str, &str), ApiError> {
    match target_of(arn)? {
        (name, Some(Qualifier::Alias(alias))) => Ok((name, alias)),
        _ => Err(ApiError::InvalidArn(arn.to_owned())),
    }
}

/// The activity's name in an activity ARN.
pub(super) fn activity_of(arn: &str) -> Result<&str, ApiError> {
    match parts(arn)? {
        ("activity", name, None) => Ok(name),
        _ => Err(wrong_type(arn)),
    }
}

fn qualifier(text: &str) -> Qualifier<'_> {
    match text.parse() {
        Ok(number) if text.bytes().all(|byte| byte.is_ascii_digit()) => Qualifier::Version(number),
        _ => Qualifier::Alias(text),
    }
}

/// The machine's name in a state machine ARN.
pub(super) fn machine_of(arn: &str) -> Result<&str, ApiError> {
    match parts(arn)? {
        ("stateMachine", name, None) => Ok(name),
        _ => Err(wrong_type(arn)),
    }
}

/// The machine's and the execution's name in an execution ARN.
pub(super) fn execution_of(arn: &str) -> Result<(&str, &str), ApiError> {
    match parts(arn)? {
        ("execution", machine, Some(name)) => Ok((machine, name)),
        _ => Err(wrong_type(arn)),
    }
}

/// Whether a state machine, an execution or an activity may have this name.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let fits = (1..=80).contains(&name.chars().count());
    let forbidden = |c: char| r##"<>{}[]?*"#%\^|~`$&,;:/"##.contains(c) || "\u{fffe}\u{ffff}\u{10ffff}".contains(c);
    let refused = |c: char| c.is_whitespace() || c.is_control() || forbidden(c);
    if fits && !name.contains(refused) { Ok(()) } else { Err(ApiError::InvalidName(name.to_owned())) }
}

/// The resource type, its name and what follows.
fn parts(arn: &str) -> Result<(&str, &str, Option<&str>), ApiError> {
    let mut parts = arn.splitn(8, ':');
    let head: [&str; 5] = std::array::from_fn(|_| parts.next().unwrap_or_default());
    let [prefix, partition, service, region, account] = head;
    let (kind, name, rest) = (parts.next(), parts.next(), parts.next());
    match (kind, name) {
        (Some(kind), Some(name))
            if prefix == "arn"
                && !partition.is_empty()
                && service == "states"
                && !region.is_empty()
                && !account.is_empty()
                && !name.is_empty() =>
        {
            Ok((kind, name, rest.filter(|rest| !rest.is_empty())))
        }
        _ if prefix != "arn" => Err(ApiError::InvalidArn(format!("Invalid ARN prefix: {arn}"))),
        _ => Err(ApiError::InvalidArn(arn.to_owned())),
    }
}

fn wrong_type(arn: &str) -> ApiError {
    ApiError::InvalidArn(format!("Resource type not valid in this context: {arn}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_lead_back_to_their_names() {
        let naming = Naming { region: "eu-west-1".into(), account: "111111111111".into() };
        assert_eq!(machine_of(&naming.state_machine("m")).unwrap(), "m");
        assert_eq!(execution_of(&naming.execution("m", "e")).unwrap(), ("m", "e"));
        assert_eq!(activity_of(&naming.activity("a")).unwrap(), "a");
        assert_eq!(version_of(&naming.version("m", 7)).unwrap(), ("m", 7));
        assert_eq!(alias_of(&naming.alias("m", "LIVE")).unwrap(), ("m", "LIVE"));
    }

    #[test]
    fn a_qualifier_of_digits_is_a_version() {
        let target = |text: &str| format!("arn:aws:states:r:a:stateMachine:m{text}");
        for (text, expect) in [
            ("", None),
            (":", None),
            (":12", Some(Qualifier::Version(12))),
            (":v1", Some(Qualifier::Alias("v1"))),
            (":+1", Some(Qualifier::Alias("+1"))),
            (":99999999999999999999", Some(Qualifier::Alias("99999999999999999999"))),
        ] {
            assert_eq!(target_of(&target(text)).unwrap(), ("m", expect), "{text}");
        }
        assert!(version_of(&target(":LIVE")).is_err());
        assert!(alias_of(&target(":1")).is_err());
    }

    #[test]
    fn what_is_not_an_arn_of_its_kind_is_refused() {
        for arn in [
            "",
            "m",
            "arn:aws:states",
            "arn:aws:states:r:a:stateMachine:",
            "arn:aws:sqs:r:a:stateMachine:m",
            "arn:aws:states:r:a:execution:m:e",
        ] {
            assert!(matches!(machine_of(arn), Err(ApiError::InvalidArn(_))), "{arn}");
        }
        for arn in
            ["arn:aws:states:r:a:execution:m", "arn:aws:states:r:a:execution:m:", "arn:aws:states:r:a:stateMachine:m"]
        {
            assert!(matches!(execution_of(arn), Err(ApiError::InvalidArn(_))), "{arn}");
        }
    }

    #[test]
    fn a_name_has_1_to_80_harmless_characters() {
        for name in ["a", "A-b_c.1", "käse", &"x".repeat(80)] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["", "a b", "a/b", "a:b", "a\0b", "a\u{85}b", "a\u{ffff}b", "a*", "\"", &"x".repeat(81)] {
            assert_eq!(check_name(name), Err(ApiError::InvalidName(name.to_owned())), "{name}");
        }
    }
}
