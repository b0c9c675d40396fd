//! Untrusted text made safe to store and to show: secrets taken out, log lines reduced to templates.
//!
//! Owns what counts as a secret in free text and what two log lines have in common. Owns no budget and no ranking:
//! those are the context's.

mod glance;
mod plain;
mod redact;
mod template;

pub use plain::{plain, visible};
pub use redact::{REDACTED, is_secret_name, redact, redact_addresses, redact_value};
pub use template::{LoggedLine, Template, cluster, template};
