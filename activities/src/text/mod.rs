//! Untrusted text made safe to store and to show: secrets taken out, log lines reduced to templates.
//!
//! Owns what counts as a secret in free text and what two log lines have in common. Owns no budget and no ranking:
//! those are the context's.

mod glance;
mod redact;
mod template;

pub use redact::{REDACTED, is_secret_name, redact};
pub use template::{Template, cluster, template};
