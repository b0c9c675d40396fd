//! Signed decisions: who decided what about which proposal, in a form that nobody else can make.
//!
//! The signing key is the approval pages' alone; whoever executes holds public keys only. Owns signing and verifying one
//! decision. Whether decisions suffice to execute a proposal is `authorise`'s.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use serde_json::Value;

use super::canonical::{CanonicalError, canonical_json};
use super::mac::sha256_hex;
use crate::shape::Decision;

/// A key that signs decisions.
pub struct SigningKey {
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// A key from 32 random bytes.
    pub fn new(seed: [u8; 32]) -> Self {
        Self { key: ed25519_dalek::SigningKey::from_bytes(&seed) }
    }

    /// The public half, 32 bytes.
    pub fn public(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// The id under which a decision names this key.
    pub fn id(&self) -> String {
        key_id(&self.public())
    }

    /// Signs a decision: fills in `key_id` and `signature`.
    pub fn sign(&self, decision: Decision) -> Result<Decision, DecisionError> {
        let mut signed = Decision { key_id: Some(self.id()), signature: None, ..decision };
        let signature = self.key.sign(&signed_bytes(&signed)?);
        signed.signature = Some(STANDARD.encode(signature.to_bytes()));
        Ok(signed)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SigningKey({})", self.id())
    }
}

/// The public keys whose decisions count: the present one, and former ones while their decisions are under way.
#[derive(Clone, Debug, Default)]
pub struct Verifier {
    keys: BTreeMap<String, VerifyingKey>,
}

impl Verifier {
    /// A verifier of the given public keys; bytes that are no public key are refused.
    pub fn new(public: impl IntoIterator<Item = [u8; 32]>) -> Result<Self, DecisionError> {
        let mut keys = BTreeMap::new();
        for bytes in public {
            let id = key_id(&bytes);
            let key = VerifyingKey::from_bytes(&bytes).map_err(|_| DecisionError::BadKey { key_id: id.clone() })?;
            keys.insert(id, key);
        }
        Ok(Self { keys })
    }

    /// Checks that one of the keys signed exactly this decision.
    pub fn verify(&self, decision: &Decision) -> Result<(), DecisionError> {
        let (Some(key_id), Some(signature)) = (&decision.key_id, &decision.signature) else {
            return Err(DecisionError::Unsigned);
        };
        let key = self.keys.get(key_id).ok_or_else(|| DecisionError::UnknownKey { key_id: key_id.clone() })?;
        let bytes = STANDARD.decode(signature).map_err(|_| DecisionError::BadSignature)?;
        let signature = Signature::from_slice(&bytes).map_err(|_| DecisionError::BadSignature)?;
        key.verify_strict(&signed_bytes(decision)?, &signature).map_err(|_| DecisionError::BadSignature)
    }
}

/// Why a decision cannot be signed, or does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecisionError {
    /// The decision carries no signature.
    #[error("the decision is not signed")]
    Unsigned,
    /// The decision names a key that does not count here.
    #[error("the decision names the key `{key_id}`, which is not one of ours")]
    UnknownKey {
        /// The key's id.
        key_id: String,
    },
    /// The signature is not the key's, or the decision was changed after it was signed.
    #[error("the signature does not fit the decision")]
    BadSignature,
    /// The bytes are no public key.
    #[error("the key `{key_id}` is not an ed25519 public key")]
    BadKey {
        /// The key's id.
        key_id: String,
    },
    /// The decision holds a value that has no canonical JSON.
    #[error("the decision has no canonical text: {0}")]
    Canonical(#[from] CanonicalError),
    /// The decision does not encode as JSON.
    #[error("the decision does not encode as JSON: {0}")]
    Encoding(String),
}

/// What is signed: a word that no other signature of ours begins with, and the canonical JSON of all but the signature.
fn signed_bytes(decision: &Decision) -> Result<Vec<u8>, DecisionError> {
    let unsigned = Decision { signature: None, ..decision.clone() };
    let value: Value = serde_json::to_value(unsigned).map_err(|error| DecisionError::Encoding(error.to_string()))?;
    Ok(format!("{DOMAIN}{}", canonical_json(&value)?).into_bytes())
}

fn key_id(public: &[u8; 32]) -> String {
    format!("ed25519:{}", &sha256_hex(public)[..16])
}

const DOMAIN: &str = "sao decision 1\n";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::example;
    use super::*;
    use crate::shape::{DecisionKind, Role};

    fn signer() -> SigningKey {
        SigningKey::new([5; 32])
    }

    fn check(change: impl FnOnce(&mut Decision), expect: Result<(), DecisionError>) {
        let mut decision = signer().sign(example::decision()).unwrap();
        change(&mut decision);
        assert_eq!(Verifier::new([signer().public()]).unwrap().verify(&decision), expect);
    }

    #[test]
    fn a_signed_decision_verifies_with_the_public_key_alone() {
        check(|_| {}, Ok(()));
    }

    #[test]
    fn a_decision_that_crossed_the_state_machine_verifies() {
        check(
            |decision| *decision = serde_json::from_value(serde_json::to_value(&*decision).unwrap()).unwrap(),
            Ok(()),
        );
    }

    #[test]
    fn every_field_is_signed() {
        let bad = || Err(DecisionError::BadSignature);
        check(|decision| decision.kind = DecisionKind::Reject, bad());
        check(|decision| decision.execution.push('0'), bad());
        check(|decision| decision.digest.replace_range(0..1, "z"), bad());
        check(|decision| decision.round += 1, bad());
        check(|decision| decision.role = Some(Role::Manager), bad());
        check(|decision| decision.role = None, bad());
        check(|decision| decision.subject = "mallory".to_owned(), bad());
        check(|decision| decision.at = "2027-01-01T00:00:00Z".to_owned(), bad());
        check(|decision| decision.reason = Some("because".to_owned()), bad());
        check(|decision| decision.parameters = json!({"timeout": 900}).as_object().cloned(), bad());
    }

    #[test]
    fn a_decision_without_a_signature_does_not_count() {
        check(|decision| decision.signature = None, Err(DecisionError::Unsigned));
        check(|decision| decision.key_id = None, Err(DecisionError::Unsigned));
        check(|decision| decision.signature = Some("AAAA".to_owned()), Err(DecisionError::BadSignature));
        check(|decision| decision.signature = Some("%%".to_owned()), Err(DecisionError::BadSignature));
    }

    #[test]
    fn a_foreign_key_is_named_and_refused() {
        let foreign = SigningKey::new([6; 32]);
        let decision = foreign.sign(example::decision()).unwrap();
        let ours = Verifier::new([signer().public()]).unwrap();
        assert_eq!(ours.verify(&decision), Err(DecisionError::UnknownKey { key_id: foreign.id() }));
        // Naming our key does not make it ours.
        let disguised = Decision { key_id: Some(signer().id()), ..decision };
        assert_eq!(ours.verify(&disguised), Err(DecisionError::BadSignature));
    }

    #[test]
    fn a_retired_key_counts_while_it_is_listed() {
        let decision = signer().sign(example::decision()).unwrap();
        let both = Verifier::new([SigningKey::new([6; 32]).public(), signer().public()]).unwrap();
        assert_eq!(both.verify(&decision), Ok(()));
    }

    #[test]
    fn a_signing_key_does_not_print_itself() {
        assert_eq!(format!("{:?}", signer()), format!("SigningKey({})", signer().id()));
    }
}
