//! Names and ARNs: what they look like, and what is refused.
//!
//! Owns the two ARN shapes of the engine and the rule for names. It does not know whether anything has a name.

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

    pub(super) fn execution(&self, machine: &str, name: &str) -> String {
        format!("arn:aws:states:{}:{}:execution:{machine}:{name}", self.region, self.account)
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

/// Whether a state machine or an execution may have this name.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let fits = (1..=80).contains(&name.chars().count());
    let refused = |c: char| c.is_whitespace() || c.is_control() || r##"<>{}[]?*"#%\^|~`$&,;:/"##.contains(c);
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
        for name in ["", "a b", "a/b", "a:b", "a\0b", "a\u{85}b", "a*", "\"", &"x".repeat(81)] {
            assert_eq!(check_name(name), Err(ApiError::InvalidName(name.to_owned())), "{name}");
        }
    }
}
