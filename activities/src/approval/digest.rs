//! The digest of a proposal: what is shown, approved, signed and executed is one and the same text.
//!
//! Owns the rule that the digest covers every field of a proposal. Does not own what the fields mean.

use serde_json::Value;

use super::canonical::{CanonicalError, canonical_json};
use super::mac::sha256_hex;
use crate::shape::Proposal;

/// Why a proposal has no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// The proposal holds a value that has no canonical JSON.
    #[error("the proposal has no digest: {0}")]
    Canonical(#[from] CanonicalError),
    /// The proposal does not encode as JSON.
    #[error("the proposal does not encode as JSON: {0}")]
    Encoding(String),
}

/// The SHA-256 of the proposal's canonical JSON, 64 lower-case hexadecimal digits.
pub fn proposal_digest(proposal: &Proposal) -> Result<String, DigestError> {
    Ok(sha256_hex(canonical_proposal(proposal)?.as_bytes()))
}

/// The canonical JSON of the whole proposal: the very bytes that the digest covers.
pub fn canonical_proposal(proposal: &Proposal) -> Result<String, DigestError> {
    let value: Value = serde_json::to_value(proposal).map_err(|error| DigestError::Encoding(error.to_string()))?;
    Ok(canonical_json(&value)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::example;
    use super::*;

    fn digest_of(value: Value) -> String {
        proposal_digest(&serde_json::from_value(value).unwrap()).unwrap()
    }

    /// The pointers to every scalar of a value.
    fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    leaves(member, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
                }
            }
            Value::Array(items) => {
                for (place, item) in items.iter().enumerate() {
                    leaves(item, &format!("{at}/{place}"), found);
                }
            }
            _ => found.push(at.to_owned()),
        }
    }

    /// Another value of the same kind that the field accepts.
    fn changed(value: &Value, with: u32) -> Value {
        match value {
            Value::String(text) => match text.as_str() {
                "LOW" | "MEDIUM" => json!("HIGH"),
                "HIGH" => json!("LOW"),
                "rules" => json!("model"),
                "on-call" => json!("manager"),
                "manager" => json!("on-call"),
                other => json!(format!("{other}{with}")),
            },
            Value::Number(number) => {
                json!(number.as_u64().unwrap_or(0) + 1 + u64::from(with % 1_000))
            }
            Value::Bool(flag) => json!(!flag),
            other => other.clone(),
        }
    }

    #[test]
    fn the_digest_is_sixty_four_hexadecimal_digits_and_repeats() {
        let digest = proposal_digest(&example::proposal()).unwrap();
        assert_eq!(digest.len(), 64);
        assert!(digest.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)));
        assert_eq!(digest, proposal_digest(&example::proposal()).unwrap());
    }

    #[test]
    fn a_proposal_that_crossed_the_state_machine_keeps_its_digest() {
        let proposal = example::proposal();
        let text = serde_json::to_string_pretty(&proposal).unwrap();
        let back: Proposal = serde_json::from_str(&text).unwrap();
        assert_eq!(proposal_digest(&back).unwrap(), proposal_digest(&proposal).unwrap());
    }

    #[test]
    fn every_field_counts() {
        let value = serde_json::to_value(example::proposal()).unwrap();
        let mut places = Vec::new();
        leaves(&value, "", &mut places);
        assert!(places.len() > 25, "{places:?}");
        for place in places {
            let mut other = value.clone();
            let leaf = other.pointer_mut(&place).unwrap();
            *leaf = changed(leaf, 7);
            assert_ne!(digest_of(other), digest_of(value.clone()), "{place}");
        }
    }

    #[test]
    fn leaving_the_inverse_out_changes_the_digest() {
        let proposal = example::proposal();
        let without = Proposal { inverse: None, irreversible: Some("a reboot".to_owned()), ..proposal.clone() };
        assert_ne!(proposal_digest(&without).unwrap(), proposal_digest(&proposal).unwrap());
    }

    proptest! {
        #[test]
        fn any_change_changes_the_digest(choice in any::<prop::sample::Index>(), with in any::<u32>()) {
            let value = serde_json::to_value(example::proposal()).unwrap();
            let mut places = Vec::new();
            leaves(&value, "", &mut places);
            let mut other = value.clone();
            let leaf = other.pointer_mut(choice.get(&places).as_str()).unwrap();
            *leaf = changed(leaf, with);
            prop_assume!(other != value);
            prop_assert_ne!(digest_of(other), digest_of(value));
        }

        #[test]
        fn unlike_parameters_have_unlike_digests(left in any::<i32>(), right in any::<i32>(), name in "[a-z_]{1,12}") {
            let with = |number: i32| {
                let mut proposal = example::proposal();
                proposal.parameters.insert(name.clone(), json!(number));
                proposal_digest(&proposal).unwrap()
            };
            prop_assert_eq!(with(left) == with(right), left == right);
        }
    }
}
