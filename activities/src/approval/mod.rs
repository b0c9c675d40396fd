//! Approval: what ties a human's yes to exactly one proposal.
//!
//! Owns the proposal's digest, the sealed link that a mail carries, the signed decision, the check before execution, the
//! one-time code, and the pages and mails as values. Does not own keys, files or connections, and never decides.
//!
//! ```text
//! proposal --canonical JSON, SHA-256--> digest --sealed with the task token--> link --mail--> human
//! human --link + one-time code, POST--> decision --signed--> machine --> authorise(proposal, digest, decisions)
//! ```

mod authorise;
mod canonical;
mod code;
mod decision;
mod digest;
#[cfg(test)]
mod example;
mod link;
mod mac;
mod mail;
mod page;
mod round;

pub use authorise::{
    Authorisation, Refusal, authorise, authorise_undo, is_requester, required_role, risk_word, role_word, same_person,
};
pub use canonical::{CanonicalError, canonical_json};
pub use code::{DIGITS, PERIOD, enrolment_address, matching_step, one_time_code};
pub use decision::{DecisionError, SigningKey, Verifier};
pub use digest::{DigestError, canonical_proposal, proposal_digest};
pub use link::{Link, LinkError, MAX_TOKEN, PATH as LINK_PATH, SealError, SealingKey, open, seal};
pub use mac::{hex, hmac_sha256, same as same_bytes, sha256_hex};
pub use mail::{Mail, ask_mail, outcome_mail, subject};
pub use page::{
    Page, ProposalView, SettledView, decided_page, expired_page, not_found_page, proposal_page, refused_page,
    second_page, unknown_page,
};
pub use round::RoundView;
